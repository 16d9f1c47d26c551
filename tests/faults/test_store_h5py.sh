#!/usr/bin/env bash
# A results file is read by another program than ours, without a manual: types, fill values,
# dimension scales, units; and by h5dump.
set -u
driver=$FGF_BUILD/tests/faults/store_driver
[ -x "$driver" ] || { echo "skipped: built without tests"; exit 77; }
/usr/bin/python3 -c 'import h5py' 2>/dev/null || { echo "skipped: /usr/bin/python3 has no h5py"; exit 77; }
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
"$driver" run r.h5 0 5 >/dev/null && "$driver" run r.h5 2 5 4 >/dev/null || exit 1
! command -v h5dump >/dev/null || h5dump r.h5 >/dev/null || { echo "FAIL: h5dump"; exit 1; }
/usr/bin/python3 - <<'PYTHON'
import h5py, numpy as np
with h5py.File("r.h5", "r") as f:
    assert f.attrs["schema_version"] == b"1"
    assert f.attrs["fgf_version"].decode() == "0.0 \u00e9"
    status = f["trial/status"][:]
    assert status.tolist() == [2, 2, 3, 2, 2, 4, 4], status
    assert f["trial/checksum"].dtype == np.uint64 and f["trial/status"].dtype == np.int8
    assert f["trial/error"][2] == b"loss is infinite" and f["trial/error"][0] == b""
    assert np.isnan(f["alignment/cosine_input"][2]).all()
    # Row 0 is trial 2, whose scores were made for the features 2, 1, 0; the fourth came later.
    names = [n.decode() for n in f["feature/name"]]
    assert sorted(names) == ["feature%d" % i for i in range(4)], names
    for i, name in enumerate(names):
        found = f["alignment/cosine_input"][0, 1, i]
        assert np.isnan(found) if name == "feature3" else found == 2 + 500 + 1 / 8 + int(name[7:]) / 64
    cosine = f["alignment/cosine_input"]
    assert [list(d.keys()) for d in cosine.dims] == [["trial"], ["case"], ["feature"]]
    assert cosine.dims[0][0] == f["trial/id"] and cosine.dims[2][0] == f["feature/name"]
    assert cosine.attrs["long_name"] == b"cosine at x" and cosine.attrs["units"] == b"1"
    assert f["run/ranks"][:].tolist() == [1, 1, -1, -1]
    rows, architecture = f["trial/weights_row"][:], f["trial/architecture"][:]
    for t in np.flatnonzero(rows >= 0):
        block = f["model/" + architecture[t].decode()]
        assert block["trial"][rows[t]] == f["trial/id"][t]
        assert not np.isnan(block["weights"][rows[t]]).any()
    bare = []
    def visit(name, item):
        if isinstance(item, h5py.Dataset):
            assert "units" in item.attrs and "long_name" in item.attrs, name
            assert item.chunks is None and not h5py.check_string_dtype(item.dtype) \
                or h5py.check_string_dtype(item.dtype).length, name
            if item.ndim and item.attrs.get("CLASS") != b"DIMENSION_SCALE" and not all(len(d) for d in item.dims):
                bare.append(name)
    f.visititems(visit)
    assert bare == ["layout/axes", "layout/axis_length"], bare
PYTHON
