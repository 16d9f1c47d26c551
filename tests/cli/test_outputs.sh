#!/usr/bin/env bash
# Names of outputs that are no names of files: pipes, devices, folders, links. HDF5 files are refused
# there before any work, text is written to what is there, and nothing is ever replaced by a file but
# a file. No real device is named here: a program that fails this test must do no harm.
. "$(dirname "$0")/../import.sh"
. "$(dirname "$0")/../sweep.sh"
cd "$work" || exit 1
fgf=$FGF_PROGRAM

make_cohort good 4 png
small_cohort cohort.h5
small_sweep sweep.yaml "train.seed: [1]"
expect_status 0 "$fgf" run sweep.yaml -q -o trained.h5
mkdir places
cd places || exit 1
mkfifo pipe
mkdir folder
echo text >file
ln -s pipe to-pipe
ln -s /proc/self/fd/1 to-stdout # as /dev/stdout is
devices=
mknod full c 1 7 2>/dev/null && devices=full
cd ..
there() { # each name, what it is, where it leads, its mode
    find places -printf '%p %y %l %m\n' | sort
}
before=$(there)

# unchanged WHAT: nothing was made, removed or replaced.
unchanged() {
    [ "$(there)" = "$before" ] || { there; fail "$1 changes what is there"; }
}

# refused STATUS REGEX command...: with one line, and nothing is changed.
refused() {
    local status=$1 regex=$2
    shift 2
    [ "$(type -t "$1")" = function ] || set -- timeout 30 "$@"
    expect_status "$status" "$@"
    expect_text err "^fgf: error: $regex"
    [ "$(grep -c '^fgf: error: ' err)" = 1 ] || { cat err; fail "more than one line: $*"; }
    unchanged "$*"
}

# Each of the commands that write HDF5, on names that are none of a file. What they would read is
# absent, so whoever looked at it first would say so.
for kind in phantom import run merge score; do
    case $kind in
    phantom) command=("$fgf" phantom cases=4 size=16 -o) after=() ;;
    import) command=("$fgf" import absent.yaml -o) after=() ;;
    run) command=("$fgf" run absent.yaml -o) after=() ;;
    merge) command=("$fgf" merge) after=(absent.h5) ;;
    score) command=("$fgf" score absent.h5 --trial 0 --data absent.h5 -o) after=() ;;
    esac
    refused 2 'places/pipe: found a pipe, expected the name of a file' \
        "${command[@]}" places/pipe "${after[@]}"
    refused 2 'places/to-pipe: found a pipe' "${command[@]}" places/to-pipe "${after[@]}"
    refused 2 'places/to-stdout: found a file that is open already' \
        "${command[@]}" places/to-stdout "${after[@]}"
    refused 2 'places/folder: found a folder, expected the name of a file' \
        "${command[@]}" places/folder "${after[@]}"
    refused 2 'places/new/: found the name of a folder, expected that of a file' \
        "${command[@]}" places/new/ "${after[@]}"
    refused 4 'places/none/x\.h5: cannot be written: the folder places/none/: No such file' \
        "${command[@]}" places/none/x.h5 "${after[@]}"
    refused 4 'places/file/x\.h5: cannot be written: the folder places/file/: Not a directory' \
        "${command[@]}" places/file/x.h5 "${after[@]}"
    [ -z "$devices" ] || refused 2 'places/full: found a device, expected the name of a file' \
        "${command[@]}" places/full "${after[@]}"
    refused 2 'places/pipe: found a pipe' mpi 2 "${command[@]}" places/pipe "${after[@]}"
done

# A folder in which nothing may be made, which root learns from the file system alone.
mkdir closed
ro=
if mount --bind closed closed 2>/dev/null; then
    trap 'umount "$work/closed"; rm -rf "$work"' EXIT
    mount -o remount,ro,bind closed 2>/dev/null && ro=1
elif [ "$(id -u)" != 0 ]; then
    chmod 555 closed
    ro=1
fi
if [ -n "$ro" ]; then
    for name in phantom import run; do
        case $name in
        phantom) command=("$fgf" phantom) ;;
        *) command=("$fgf" $name absent.yaml) ;;
        esac
        refused 4 'closed/x\.h5: cannot be written: .*(Read-only|Permission denied)' \
            "${command[@]}" -o closed/x.h5
    done
else
    echo "no folder can be closed here: skipped"
fi

# A link stays a link, and what it leads to is the file, there already or not.
mkdir far
ln -s far/x.h5 link.h5
expect_status 0 "$fgf" import good/import.yaml -o direct.h5
for round in new old; do
    expect_status 0 mpi 2 "$fgf" import good/import.yaml -o link.h5
    [ -L link.h5 ] || fail "a $round file: the link is replaced"
    cmp direct.h5 far/x.h5 || fail "a $round file: other bytes behind the link"
done
expect_status 0 "$fgf" phantom cases=30 size=16 -o link.h5
cmp cohort.h5 far/x.h5 || fail "another phantom behind the link"
ln -s far/r.h5 results.h5
expect_status 0 "$fgf" run sweep.yaml -q -o results.h5
same_rows trained.h5 far/r.h5 "results behind a link"
expect_status 0 "$fgf" run sweep.yaml -q -o results.h5 train.epochs=3 # laid out anew
expect_status 0 "$fgf" run sweep.yaml -q -o far/r.h5 train.epochs=3
expect_text err '^fgf: far/r\.h5: 1 of 1 trials are done$'
[ -L results.h5 ] || fail "the link to results is replaced"
[ "$(ls far | tr '\n' ' ')" = "r.h5 x.h5 " ] || fail "beside the files: $(ls far)"
[ -z "$(ls -d link.h5.* results.h5.* 2>/dev/null)" ] || fail "beside the links: $(ls -d ./*.h5.*)"

# Text goes to a pipe, to a device of one's own and to standard output; they stay what they are.
cat places/pipe >table &
expect_status 0 timeout 60 "$fgf" features cohort.h5 -o places/pipe
wait $!
expect_status 0 "$fgf" features cohort.h5 -o table.csv
cmp table table.csv || fail "another table through a pipe"
"$fgf" features cohort.h5 -o places/to-stdout 2>err | cmp - table.csv || fail "through standard output"
echo before >through
"$fgf" features cohort.h5 -o places/to-stdout >>through 2>err || { cat err; fail "into a file"; }
cat <(echo before) table.csv | cmp - through || fail "not behind what stood in standard output's file"
cat places/to-pipe >split &
expect_status 0 timeout 60 "$fgf" split cohort.h5 -o places/to-pipe
wait $!
expect_status 0 "$fgf" split cohort.h5 -o split.csv
cmp split split.csv || fail "another split through a pipe"
cp out counts
"$fgf" split cohort.h5 -o places/to-stdout >both 2>err || { cat err; fail "into a file"; }
cat counts split.csv | cmp - both || fail "a split's counts and its lines write over each other"
unchanged "text"
if [ -n "$devices" ] && (: >>places/full) 2>/dev/null; then
    refused 4 'places/full: cannot be written: No space left' "$fgf" features cohort.h5 -o places/full
    refused 4 'places/full: cannot be written: No space left' "$fgf" split cohort.h5 -o places/full
fi
for name in folder new/; do
    refused 2 "places/$name: found " "$fgf" features absent.h5 -o places/$name
    refused 2 "places/$name: found " "$fgf" split cohort.h5 -o places/$name
done
refused 4 'places/none/x: cannot be written: ' "$fgf" features absent.h5 -o places/none/x
long=$(printf 'n%.0s' {1..252}) # of 255 letters at most, 5 of which the name has more at first
refused 4 "$long: cannot be written: .*: File name too long" "$fgf" features absent.h5 -o "$long"
refused 2 'places/folder: found ' "$fgf" bench --json places/folder
refused 4 'places/none/x: cannot be written: ' "$fgf" bench --json places/none/x
ln -s far/table.csv link.csv
expect_status 0 "$fgf" features cohort.h5 -o link.csv
[ -L link.csv ] || fail "the link to a table is replaced"
cmp far/table.csv table.csv || fail "another table behind a link"

# Scripts are files: a pipe that nobody writes into is not waited for, and on a full disk an older one
# stays as it is.
for extra in "" --force "--array 2"; do
    script() {
        timeout 30 "$fgf" submit sweep.yaml --ranks 1 --time 10 $extra -o "$1"
    }
    refused 2 'places/pipe: found a pipe, expected the name of a file' script places/pipe
    refused 2 'places/to-stdout: found a ' script places/to-stdout
    refused 2 'places/folder: found a folder, expected the name of a file' script places/folder
    refused 4 'places/none/x: cannot be written: ' script places/none/x
done
mkdir small
if mount -t tmpfs -o size=16k none small 2>/dev/null; then
    trap 'umount "$work/small"; umount "$work/closed" 2>/dev/null; rm -rf "$work"' EXIT
    extra=
    expect_status 0 script small/x.sbatch
    cp small/x.sbatch first.sbatch
    head -c 16k /dev/zero >small/fill 2>/dev/null
    extra="--force --group-size 1"
    refused 4 'small/x\.sbatch: cannot be written: No space left' script small/x.sbatch
    cmp first.sbatch small/x.sbatch || fail "a script is lost on a full disk"
    [ "$(ls small | tr '\n' ' ')" = "fill x.sbatch " ] || fail "left: $(ls small)"
else
    echo "no disk can be filled here: skipped"
fi

# What is read is not replaced by what is made of it.
kept() { # FILE command...
    cp "$1" kept.copy
    refused 2 "[^ ]*: is (the|a) [a-z ]+ too, expected a file of its own" "${@:2}"
    cmp "$1" kept.copy || fail "$1 is replaced: ${*:2}"
}
ln -s ../cohort.h5 far/same.h5
kept cohort.h5 "$fgf" features cohort.h5 -o cohort.h5
kept cohort.h5 mpi 2 "$fgf" features cohort.h5 -o far/../cohort.h5
kept cohort.h5 "$fgf" split cohort.h5 -o far/same.h5
kept sweep.yaml "$fgf" features cohort.h5 --sweep sweep.yaml -o ./sweep.yaml
echo 'cases: 8' >phantom.yaml
kept phantom.yaml "$fgf" phantom phantom.yaml -o phantom.yaml
kept good/import.yaml "$fgf" import good/import.yaml -o good/import.yaml
table=$(ls good/*.csv)
kept "$table" "$fgf" import good/import.yaml -o "$table"
kept "$table" mpi 2 "$fgf" import good/import.yaml -o "$table"
expect_status 0 "$fgf" import good/import.yaml -o private.h5 --pseudonymize own.key
rm private.h5
kept own.key "$fgf" import good/import.yaml -o own.key --pseudonymize own.key
kept own.key "$fgf" import good/import.yaml -o x.h5 --pseudonymize own.key --mapping own.key
kept "$table" "$fgf" import good/import.yaml -o x.h5 --pseudonymize own.key --mapping "$table"
refused 2 'new\.h5: is the key file too' "$fgf" import good/import.yaml -o new.h5 --pseudonymize new.h5
refused 2 '\./new\.h5: is the dataset that is written too' \
    "$fgf" import good/import.yaml -o new.h5 --pseudonymize own.key --mapping ./new.h5
kept sweep.yaml "$fgf" submit sweep.yaml --ranks 1 --time 10 --force -o sweep.yaml
refused 2 '\./x\.h5: is the results file too' \
    "$fgf" submit sweep.yaml --ranks 1 --time 10 --force -r x.h5 -o ./x.h5
[ ! -e new.h5 ] && [ ! -e x.h5 ] || fail "made all the same: $(ls ./*.h5)"

# The key of pseudonyms is a file; its table of ids is for the owner, or goes where it is asked to.
private() {
    timeout 60 "$fgf" import good/import.yaml -o private.h5 --pseudonymize "$@"
}
refused 2 'places/pipe: found no file, expected a key file' private places/pipe
refused 2 'places/folder: found no file, expected a key file' private places/folder
refused 2 'places/new/: found the name of a folder' private places/new/
refused 4 'places/none/key: cannot be written: the folder places/none/: ' private places/none/key
ln -s far/key link.key
expect_status 0 private link.key --mapping map.csv
[ -L link.key ] && [ "$(stat -c %a far/key)" = 600 ] || fail "the key is not behind its link"
[ "$(stat -c %a map.csv)" = 600 ] || fail "a table of ids for everyone"
chmod 644 map.csv
expect_status 0 private link.key --mapping map.csv
[ "$(stat -c %a map.csv)" = 600 ] || fail "a table of ids that stays open for everyone"
cat places/pipe >map &
expect_status 0 private link.key --mapping places/pipe
wait $!
cmp map map.csv || fail "another mapping through a pipe"
refused 2 'places/folder: found a folder' private link.key --mapping places/folder
refused 4 'places/none/map: cannot be written' private link.key --mapping places/none/map
[ -z "$(ls -d ./*.part ./*.cases ./*.lock 2>/dev/null)" ] || fail "left: $(ls -d ./*.h5.*)"
exit 0
