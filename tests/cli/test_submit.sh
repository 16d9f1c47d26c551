#!/usr/bin/env bash
# The scripts that `fgf submit` writes, without a Slurm: what stands in them, that they are the
# templates below their settings, that they name nothing of this machine, and what is refused. A
# stand-in for sbatch shows what --go does.
. "$(dirname "$0")/../sweep.sh"
cd "$work" || exit 1
fgf=$FGF_PROGRAM
small_cohort cohort.h5
small_sweep sweep.yaml

# written ARGUMENTS: fgf submit, sizes given so that nothing needs to be timed
written() {
    expect_status 0 "$fgf" submit sweep.yaml -n 4 -t 2:00:00 --force "$@"
    for script in *.sbatch *.sh; do
        [ -e "$script" ] || continue
        bash -n "$script" || fail "$script is no shell script"
        ! command -v shellcheck >/dev/null || shellcheck "$script" || fail "shellcheck: $script"
        awk 'length > 110' "$script" | grep -vE '^#     |^options=' && fail "$script: long lines"
    done
    return 0
}

# same_body SCRIPT TEMPLATE
same_body() {
    diff <(sed -n '/^# ---- Nothing below/,$p' "$1") \
        <(sed -n '/^# ---- Nothing below/,$p' "$FGF_SOURCE/slurm/$2") ||
        fail "$1 does something else than slurm/$2"
}

# The settings that a head gives, in order.
settings() {
    sed '/^# ---- Nothing below/,$d' "$1" | grep -oE '^[a-z]+=' | sort -u
}

# One job.
written
same_body sweep.sbatch fgf.sbatch
[ "$(settings sweep.sbatch)" = "$(settings "$FGF_SOURCE/slurm/fgf.sbatch")" ] ||
    fail "the script and its template have other settings"
for line in '#SBATCH --job-name=sweep' '#SBATCH --ntasks=4' '#SBATCH --cpus-per-task=1' \
    '#SBATCH --time=02:00:00' '#SBATCH --signal=USR1@60' '#SBATCH --requeue' \
    '#SBATCH --open-mode=append' '#SBATCH --output=%x-%j.log' 'sweep=sweep.yaml' \
    'results=sweep.results.h5' 'tasks=1' 'launch=(srun --mpi=pmix --cpu-bind=cores --wait=60)' 'again=stop' \
    'fgf=${FGF:-fgf}'; do
    grep -qxF -- "$line" sweep.sbatch || fail "the script has no line: $line"
done
expect_text sweep.sbatch '^#SBATCH --mem-per-cpu=[0-9]+00M$'
expect_text sweep.sbatch '^# Planned: 4 of 4 trials, '
expect_text out '^submit with: sbatch sweep\.sbatch$'
! grep -qE -- '--(nodes|partition|account|qos|constraint|mail|array)' sweep.sbatch ||
    fail "the script asks for what nobody asked for"

# No trace of who wrote it, where the user has given none.
for trace in "$work" "$FGF_BUILD" "$FGF_SOURCE" "$(hostname)" "$FGF_PROGRAM"; do
    [ "$trace" = localhost ] || ! grep -qF -- "$trace" sweep.sbatch ||
        fail "the script names $trace"
done

# What the user asks for, word for word.
cp cohort.h5 "it's here.h5"
written -N 2 -d "it's here.h5" -r "$work/r.h5" -p fast -A heart -q high -C 'amd|intel' \
    --mail me@example.org --requeue --memory 3G --signal 300 -g 2 'train.epochs=3' \
    'model.layers=[flatten, dense: {units: 1}]' -o 'my job.sbatch'
for line in '#SBATCH --nodes=2' '#SBATCH --partition=fast' '#SBATCH --account=heart' \
    '#SBATCH --qos=high' '#SBATCH --constraint=amd|intel' '#SBATCH --mail-user=me@example.org' \
    '#SBATCH --mail-type=END,FAIL,REQUEUE' '#SBATCH --mem-per-cpu=3G' \
    '#SBATCH --signal=USR1@300' 'again=requeue' "results=$work/r.h5"; do
    grep -qxF -- "$line" 'my job.sbatch' || fail "the script has no line: $line"
done
expect_text out "^submit with: sbatch 'my job\.sbatch'$"
(
    eval "$(grep '^options=' 'my job.sbatch')"
    [ "${#options[@]}" = 6 ] && [ "${options[1]}" = "it's here.h5" ] &&
        [ "${options[3]}" = 2 ] && [ "${options[4]}" = train.epochs=3 ] &&
        [ "${options[5]}" = 'model.layers=[flatten, dense: {units: 1}]' ]
) || fail "the shell reads other words: $(grep '^options=' 'my job.sbatch')"
rm 'my job.sbatch'

# mpirun is sent no signal by Slurm: the script is.
written --launcher mpirun
grep -qxF 'launch=(mpirun)' sweep.sbatch || fail "no mpirun"
grep -qxF '#SBATCH --signal=B:USR1@60' sweep.sbatch || fail "the signal passes the script by"

# An array and its merge.
written --array 3
same_body sweep.sbatch fgf.sbatch
same_body sweep.merge.sbatch merge.sbatch
[ "$(settings sweep.merge.sbatch)" = "$(settings "$FGF_SOURCE/slurm/merge.sbatch")" ] ||
    fail "the merge and its template have other settings"
for line in '#SBATCH --array=1-3' 'tasks=3' '#SBATCH --output=%x-%A_%a.log'; do
    grep -qxF -- "$line" sweep.sbatch || fail "the script has no line: $line"
done
for line in 'tasks=3' '#SBATCH --job-name=sweep-merge' '#SBATCH --ntasks=1' \
    '#SBATCH --time=00:10:00' 'results=sweep.results.h5'; do
    grep -qxF -- "$line" sweep.merge.sbatch || fail "the merge has no line: $line"
done
expect_text out '^submit with: sbatch --dependency=afterany:\$\(sbatch --parsable sweep\.sbatch\) sweep\.merge\.sbatch$'

# A chain, as asked for, or as the longest time of a job demands.
written --chain 4
same_body sweep.chain.sh chain.sh
[ "$(settings sweep.chain.sh)" = "$(settings "$FGF_SOURCE/slurm/chain.sh")" ] ||
    fail "the chain and its template have other settings"
grep -qxF 'links=4' sweep.chain.sh || fail "not 4 links"
expect_text out '^submit with: bash sweep\.chain\.sh$'
rm sweep.chain.sh
small_sweep long.yaml 'align.lambda: [0, 0.5]' "train.seed: [$(seq -s, 500)]"
long=(long.yaml --force train.epochs=1000000 -o sweep.sbatch --seconds 1)
expect_status 0 "$fgf" submit "${long[@]}" -n 1 --max-time 1:00:00
grep -qxF '#SBATCH --time=01:00:00' sweep.sbatch || fail "--max-time is passed over"
links=$(sed -n 's/^links=//p' sweep.chain.sh)
[ "$links" -gt 2 ] || fail "a sweep of days in $links jobs of an hour"
expect_text out "^More than one job's time: a chain of $links jobs\.$"
rm sweep.chain.sh
expect_status 0 "$fgf" submit "${long[@]}" -n 1 --max-time 1:00:00 --requeue
[ ! -e sweep.chain.sh ] || fail "a job that requeues itself needs no chain"
expect_text out 'it is requeued until all is done'
# More ranks need less time, and fewer are not chosen where the time is short.
expect_status 0 "$fgf" submit "${long[@]}" --max-time 4:00:00
ranks=$(sed -n 's/^#SBATCH --ntasks=//p' sweep.sbatch)
[ "$ranks" -gt 1 ] || fail "one rank for a sweep of days"
# A short one: one rank, the shortest time.
expect_status 0 "$fgf" submit sweep.yaml --force --seconds 5
grep -qxF '#SBATCH --ntasks=1' sweep.sbatch && grep -qxF '#SBATCH --time=00:10:00' sweep.sbatch ||
    fail "a sweep of a second: $(grep SBATCH sweep.sbatch)"

# A script that was edited is not overwritten; the same one may be written again.
size=(-n 4 -t 1:00:00)
expect_status 0 "$fgf" submit sweep.yaml "${size[@]}" --force
sed -i 's/=sweep$/=mine/' sweep.sbatch
cp sweep.sbatch mine
expect_status 2 "$fgf" submit sweep.yaml "${size[@]}"
expect_text err 'sweep\.sbatch is there and differs from what would be written; --force'
cmp -s mine sweep.sbatch || fail "an edited script was overwritten"

# refused REGEX arguments...: with one line, and nothing is written
rm -f ./*.sbatch
refused() {
    local regex=$1
    shift
    expect_status 2 "$fgf" submit "$@"
    expect_text err "^fgf: error: $regex"
    [ "$(wc -l <err)" = 1 ] || { cat err; fail "more than one line: $*"; }
    [ -z "$(find . -name '*.sbatch')" ] || fail "a script was written: $*"
}
refused 'fgf submit needs one sweep file'
refused "--launcher: found 'mpiexec', expected srun or mpirun" sweep.yaml --launcher mpiexec
refused "--nodes: found '0', expected a whole number" sweep.yaml --nodes 0
refused "--ranks: found 'many', expected a whole number" sweep.yaml -n many
refused "--array: found '0'" sweep.yaml --array 0
refused '--nodes 3 is more than --ranks 2' sweep.yaml -N 3 -n 2
for bad in 1h 1:2:3:4 -5 1- 0 0:00 '' 1-2-3 :30 1::2 99999999; do
    refused "--time: found '$bad', expected a time as Slurm writes it" sweep.yaml --time="$bad"
done
refused '--time 3:00:00 is more than --max-time 2:00:00' sweep.yaml -t 3:00:00 --max-time 2:00:00
refused '--signal 600 is no less than' sweep.yaml -n 2 -t 10 --signal 600
refused '--array 5 is more than the sweep has trials: 4' sweep.yaml --array 5 -n 1 -t 10
refused '--array and --chain exclude each other' sweep.yaml --array 2 --chain 2
for bad in '' 'a b' "a'b"; do
    refused "--partition: found '" sweep.yaml -p "$bad"
done
expect_status 2 "$fgf" submit sweep.yaml -p $'a\n#SBATCH --exclusive'
for bad in 0 G 1P 1.5G 100MB -1; do
    refused "--memory: found '$bad', expected a size" sweep.yaml --memory="$bad"
done

# times: what Slurm's forms come to
for form in 90=01:30:00 2:30=00:02:30 1:02:03=01:02:03 1-12=1-12:00:00 1-2:3=1-02:03:00 \
    10-00:00:01=10-00:00:01; do
    expect_status 0 "$fgf" submit sweep.yaml -n 1 --force --signal 1 -t "${form%=*}"
    grep -qxF -- "#SBATCH --time=${form#*=}" sweep.sbatch || fail "$form: $(grep time= sweep.sbatch)"
done

# --go runs the line that is printed, in the environment that it was called in: what MPI adds to
# that of fgf itself would break the MPI of the job.
mkdir bin
cat >bin/sbatch <<'SH'
#!/bin/sh
env | grep -E '^(OMPI_MCA_ess|PMIX_|OMPI_COMM)' >>environment
echo "sbatch $*" >>called
case "$*" in *--parsable*) echo 7 ;; *) echo "Submitted batch job 8" ;; esac
SH
printf '#!/bin/sh\necho "no such partition" >&2\nexit 1\n' >bin/refusing
chmod +x bin/*
export PATH=$PWD/bin:$PATH
written --array 2 --go
[ "$(cat called)" = "sbatch --parsable sweep.sbatch
sbatch --dependency=afterany:7 sweep.merge.sbatch" ] || fail "--go: $(cat called)"
expect_text out '^Submitted batch job 8$'
[ ! -s environment ] || fail "the job gets the environment of an MPI program: $(cat environment)"
rm called
written --chain 3 --go
[ "$(cat called)" = "sbatch --parsable sweep.sbatch
sbatch --parsable --dependency=afterany:7 sweep.sbatch
sbatch --parsable --dependency=afterany:7 sweep.sbatch" ] || fail "--go: $(cat called)"
mv bin/refusing bin/sbatch
expect_status 4 "$fgf" submit sweep.yaml -n 1 -t 10 --force --go
expect_text err 'no such partition'
expect_text err 'Slurm did not take the job'
exit 0
