#!/usr/bin/env bash
# Every command explains itself, and the reference pages are what the program prints.
. "$(dirname "$0")/../sweep.sh"
fgf=$FGF_PROGRAM

expect_status 0 "$fgf"
cp "$work/out" "$work/overview"
expect_status 0 "$fgf" --help
cmp -s "$work/out" "$work/overview" || fail "fgf --help is not fgf help"
expect_text "$work/overview" '^usage: fgf COMMAND'
expect_text "$work/overview" '^Exit status: 0 done, 1 .* 2 .* 3 data,$'
expect_status 0 "$fgf" --version
expect_text "$work/out" '^fgf [0-9]+\.[0-9]+\.[0-9]+$'

commands=$(sed -n 's/^  \([a-z]*\) .*/\1/p' "$work/overview")
[ "$(wc -w <<<"$commands")" -ge 10 ] || fail "few commands: $commands"
for command in $commands; do
    expect_status 0 "$fgf" "$command" --help
    expect_text "$work/out" "^usage: fgf $command "
    [ ! -s "$work/err" ] || fail "fgf $command --help speaks on stderr: $(cat "$work/err")"
    cp "$work/out" "$work/long"
    expect_status 0 "$fgf" help "$command"
    cmp -s "$work/out" "$work/long" || fail "fgf help $command is not fgf $command --help"
    # Options that are described are taken: an unknown one is told from them.
    for option in $(sed -n 's/^  .*\(--[a-z-]*\) .*/\1/p' "$work/long"); do
        expect_status 2 "$fgf" "$command" "${option}x"
        expect_text "$work/err" "did you mean $option\?"
    done
done

# One key, one section, all.
expect_status 0 "$fgf" help spec align.lambda
[ "$(grep -c 'align\.lambda$' "$work/out")" = 1 ] || fail "help spec align.lambda: $(cat "$work/out")"
! grep -q 'align\.form' "$work/out" || fail "help spec align.lambda tells of align.form"

# docs/: a title, a line that says whence, and what the program prints.
for page in keys:spec import-keys:import-spec phantom-keys:phantom-spec; do
    file=$FGF_SOURCE/docs/${page%:*}.md
    [ -e "$file" ] || fail "docs/${page%:*}.md is not there; docs/generate makes it"
    "$fgf" help "${page#*:}" --markdown >"$work/printed"
    tail -n +5 "$file" | diff - "$work/printed" >&2 ||
        fail "docs/${page%:*}.md is not what \`fgf help ${page#*:} --markdown\` prints; run docs/generate"
done
exit 0
