#!/bin/bash
# The parameter gradient of the regularized loss against PyTorch's double backward.
. "$(dirname "$0")/../lib.sh"
/usr/bin/python3 -c 'import torch' 2>/dev/null || skip "needs /usr/bin/python3 with torch"
float=$(find "$FGF_BUILD" -name oracle_dump_gradient -type f | head -n 1)
double=$(find "$FGF_BUILD" -name oracle_dump_gradient_f64 -type f | head -n 1)
[ -x "$float" ] && [ -x "$double" ] || fail "oracle_dump_gradient is not built in $FGF_BUILD"
/usr/bin/python3 "$(dirname "$0")/gradient.py" "$float" "$double" || fail "gradients differ"
