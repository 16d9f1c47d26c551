#!/usr/bin/env bash
# Trainings that are interrupted at any moment, by a signal, a deadline or a kill, and go on from
# what they saved, on any number of ranks: the rows have the bits of an undisturbed run.
#
#   FGF_FAULT_SEED=N   of the moments (1)
. "$(dirname "$0")/../sweep.sh"
RANDOM=${FGF_FAULT_SEED:-1}
cd "$work" || exit 1
ranks_most=1
command -v mpirun >/dev/null && ranks_most=3

# Everything that has a memory: momentum and Adam, schedules, both warmups, augmentation, dropout,
# and early stopping.
small_cohort cohort.h5
cat >sweep.yaml <<'YAML'
data: {path: cohort.h5}
split: {kind: kfold, folds: 3, validation: 0.25}
model:
  layers:
    - conv: {channels: 3, kernel: 3, padding: 1}
    - prelu
    - max_pool: {size: 2}
    - flatten
    - dropout: {p: 0.2}
    - dense: {units: 1}
train:
  epochs: 400
  batch: 7
  microbatch: 3
  augment: {flip_row: true, rotation_degrees: 10, noise: 0.01}
features: [size, mean, centroid_row]
align: {warmup_epochs: 250}
flow: {greatest_length: 0.3, step: 0.001}
noise: {draws: 199, smooth: [1]}
score: {cases: all, resamples: 9}
sweep:
  grid:
    align.lambda: [0, 0.5]
  list:
    - {train.optimizer: {method: sgd, schedule: cosine, warmup_epochs: 200}}
    - {train.optimizer: {method: adam, learning_rate: 0.01, schedule: step, step_epochs: 150}}
    - {train.optimizer: {method: adamw, learning_rate: 0.01}, train.patience: 100}
YAML
program=("$FGF_PROGRAM" run sweep.yaml -q -o r.h5)
now() { echo $((${EPOCHREALTIME/[.,]/} / 1000)); } # milliseconds

begin=$(now)
expect_status 0 "$FGF_PROGRAM" run sweep.yaml -q -o undisturbed.h5
seconds=$((($(now) - begin) / 1000 + 1))
rows undisturbed.h5 >expected
[ "$(grep -c ' done ' expected)" = 6 ] || fail "6 trials should be done: $(cat expected)"
[ "$("$FGF_PROGRAM" export undisturbed.h5 --column /trial/epochs | grep -c ',400$')" = 4 ] ||
    fail "two trials should stop early"

# start RANKS [options]: a run in the background; sets $launcher and, once there are, $ranks
start() {
    local count=$1
    shift
    rm -f err # not to be taken for the new run's
    if [ "$count" = 1 ]; then
        "${program[@]}" "$@" </dev/null >out 2>err &
    else
        mpirun --oversubscribe --bind-to none -n "$count" "${program[@]}" "$@" </dev/null >out 2>err &
    fi
    launcher=$!
    trap 'kill -KILL $launcher $(pgrep -P $launcher) 2>/dev/null; rm -rf "$work"' EXIT
    for ((tries = 0; tries < 500; tries++)); do
        ! grep -qs 'to run on' err && kill -0 $launcher 2>/dev/null || break
        sleep 0.02
    done
    ranks=($launcher)
    [ "$count" = 1 ] || mapfile -t ranks < <(pgrep -P $launcher)
}

pause() { sleep "$(($1 / 1000)).$(printf %03d $(($1 % 1000)))"; } # of so many milliseconds

finished() { # finished WHAT
    rows r.h5 | cmp -s - expected ||
        { same_rows undisturbed.h5 r.h5 "$1"; fail "$1: other rows"; }
    [ ! -e r.h5.checkpoints ] || fail "$1: checkpoints are left behind"
    [ "$resumed" -gt 0 ] || fail "$1: no training has gone on, so nothing was tried"
    rm -rf r.h5*
}

count_resumed() {
    resumed=$((resumed + $(grep -cE '^fgf: trial [0-9]+ goes on (at epoch [0-9]+ of 400|with the scoring)$' err)))
    ! grep -q 'trained from the start' err || { cat err; fail "a checkpoint is not used"; }
}

# Signals at random moments; most of the time a checkpoint is made at the stop alone.
for ((count = 1; count <= ranks_most; count++)); do
    resumed=0
    for ((attempt = 0; ; attempt++)); do
        [ "$attempt" -lt 60 ] || fail "$count ranks: not through after $attempt signals"
        signal=$(printf '%s\n' USR1 TERM INT | sed -n "$((1 + attempt % 3))p")
        # Ever longer, so that it ends on slow machines too.
        options=(--checkpoint 0 --group-size $((attempt % (count + 1))))
        start $count "${options[@]}"
        pause $((RANDOM * seconds * (100 + 90 * attempt) / 32768))
        kill -$signal "${ranks[@]}" 2>/dev/null
        wait $launcher
        status=$?
        count_resumed
        [ $status != 0 ] || break
        [ $status = 75 ] || { cat err; fail "$count ranks, $signal: status $status"; }
        expect_text err 'stopped on request with [0-9]+ of [0-9]+ trials left, [0-9]+ of them with a checkpoint: run the same command again'
    done
    finished "$count ranks, $attempt signals"
    echo "$count ranks: $attempt signals, $resumed trainings went on"
done

# Kills: from the last checkpoint that was due, on another number of ranks each time.
resumed=0
for ((attempt = 0; attempt < 3; attempt++)); do
    start $((1 + attempt % ranks_most)) --checkpoint 0.02
    for ((tries = 0; tries < 500; tries++)); do
        [ ! -e r.h5.checkpoints ] || [ -z "$(ls r.h5.checkpoints)" ] || break
        sleep 0.02
    done
    pause $((RANDOM * 100 / 32768))
    kill -KILL "${ranks[@]}" 2>/dev/null
    wait $launcher 2>/dev/null
    count_resumed
done
expect_status 0 "${program[@]}"
count_resumed
finished "kills"
echo "kills: $resumed trainings went on"

# later: puts the deadline off by a fifth; the first one no machine keeps
later() {
    hundredths=$((hundredths * 6 / 5))
    deadline=(--margin 0.1 --deadline "$((hundredths / 100)).$(printf %02d $((hundredths % 100)))s")
}

# Deadlines, ever later; then a job's own end.
resumed=0
hundredths=15
for ((attempt = 1; ; attempt++)); do
    [ "$attempt" -lt 30 ] || fail "not through after $attempt deadlines"
    later
    start $((1 + attempt % ranks_most)) "${deadline[@]}"
    wait $launcher
    status=$?
    count_resumed
    [ $status != 0 ] || break
    [ $status = 75 ] || { cat err; fail "deadline: status $status"; }
    expect_text err 'stopped at the deadline with '
done
finished "deadlines"
begin=$(now)
SLURM_JOB_END_TIME=$(($(date +%s) + 3)) expect_status 75 "${program[@]}" train.epochs=1000000
[ $(($(now) - begin)) -lt 15000 ] || fail "a run outlives the end of its job"
expect_text err 'stopped at the deadline with 6 of 6 trials left, [01] of them with a checkpoint'

# What does not fit is not used: torn, of another trial. One line, and the same bits.
hundredths=15
kept=(none)
while [ ! -e "${kept[0]}" ]; do
    later
    rm -rf r.h5*
    expect_status 75 "${program[@]}" "${deadline[@]}" score.lanes=1
    kept=(r.h5.checkpoints/*)
done
truncate -s -9 "${kept[0]}"
expect_status 0 "${program[@]}"
expect_text err '^fgf: warning: trial [0-9]+ is trained from the start: its checkpoint is torn$'
resumed=1
finished "a torn checkpoint"

# Leftovers of trials that are done, or that nobody asks for, go; a full disk costs no trial.
mkdir r.h5.checkpoints
touch r.h5.checkpoints/0123.checkpoint r.h5.checkpoints/0123.checkpoint.part
expect_status 0 "${program[@]}"
[ ! -e r.h5.checkpoints ] || fail "leftovers stay"
rm -rf r.h5*
touch r.h5.checkpoints # a file in the folder's place
expect_status 0 "${program[@]}" --checkpoint 0.01
[ "$(grep -c 'goes on without a checkpoint' err)" = 1 ] || { cat err; fail "not one warning"; }
rows r.h5 | cmp -s - expected || fail "without checkpoints: other bits"
rm -rf r.h5*

# What cannot be read as a deadline.
refused() { # refused TEXT options: one line, status 2
    local text=$1
    shift
    expect_status 2 "${program[@]}" "$@"
    [ "$(wc -l <err)" = 1 ] || { cat err; fail "not one line: $*"; }
    expect_text err "$text"
}
for when in soon 90 5x 3m2h 1h1h -5m 2026-13-01T00:00:00Z 2026-02-31T00:00:00Z 2026-01-31 1e400s ''; do
    refused "^fgf: error: --deadline: found '$when', expected a time" "--deadline=$when"
done
refused '^fgf: error: --deadline 2001-01-31T12:00:00Z has passed$' --deadline 2001-01-31T12:00:00Z
refused '^fgf: error: --margin: found' --margin=-1
refused '^fgf: error: --margin 60 leaves nothing of the 30 s' --margin 60 --deadline 30s
refused '^fgf: error: --checkpoint: found' --checkpoint often
SLURM_JOB_END_TIME=soon refused '^fgf: error: SLURM_JOB_END_TIME: found'
[ ! -e r.h5 ] || fail "a refused run leaves a file"
exit 0
