#!/usr/bin/env bash
# A sweep in parts: the tasks of a job array, each with a results file of its own, merged into what
# an ordinary run gives.
. "$(dirname "$0")/../sweep.sh"
cd "$work" || exit 1
small_cohort cohort.h5
small_sweep sweep.yaml "align.lambda: [0, 0.5]" "train.seed: [1, 2, 3]" "train.epochs: [1, 2]"
run() { "$FGF_PROGRAM" run "$@"; }

expect_status 0 run sweep.yaml -q -o once.h5
for k in 1 2 3; do
    expect_status 0 run sweep.yaml -q -o r.h5 --task $k/3
    [ -e r.task-$k-of-3.h5 ] || fail "task $k wrote no part"
    [ "$(status_count r.task-$k-of-3.h5 done)" = 4 ] || fail "task $k has not a third of the trials"
done
[ -e r.h5 ] && fail "a task touched the whole file"
parts=(r.task-1-of-3.h5 r.task-2-of-3.h5 r.task-3-of-3.h5)

# Under MPI the same: tasks of two ranks, merged on two.
expect_status 0 mpi 2 "$FGF_PROGRAM" run sweep.yaml -q -o m.h5 --task 1/2
expect_status 0 mpi 2 "$FGF_PROGRAM" run sweep.yaml -q -o m.h5 --task 2/2
expect_status 0 mpi 2 "$FGF_PROGRAM" merge m.h5 m.task-1-of-2.h5 m.task-2-of-2.h5
same_rows m.h5 once.h5 "tasks of two ranks, merged on two"

# Each trial is one task's, and the dealing does not depend on the machine.
cat <(rows ${parts[0]}) <(rows ${parts[1]}) <(rows ${parts[2]}) | sort | cmp -s - <(rows once.h5) ||
    fail "the tasks' rows are not those of an ordinary run"
FGF_INSTRUCTION_SET=portable run sweep.yaml -q -o other.h5 --task 2/3 2>/dev/null
[ "$(rows other.task-2-of-3.h5 | cut -d' ' -f1)" = "$(rows ${parts[1]} | cut -d' ' -f1)" ] ||
    fail "another instruction set deals other trials"

# Shares are balanced by cost: no task has both all short and all long trials.
for part in "${parts[@]}"; do
    [ "$("$FGF_PROGRAM" export "$part" --column /trial/epochs | grep -c ',2$')" = 2 ] ||
        fail "$part: long trials are not dealt evenly"
done

# Two of three parts: what is missing is named, with the command that runs it; status 75.
expect_status 75 "$FGF_PROGRAM" merge r.h5 ${parts[0]} ${parts[2]}
expect_text err 'of 12 trials 8 are done, 0 failed, 4 are missing'
expect_text err 'task 2/3: 4 of 4 trials are missing, no part of it is here'
expect_text err 'trial [0-9]+ \([0-9a-f]{32}\) is in no part'
expect_text err 'fgf run sweep.yaml -o r.h5'
# The third later, the others again: rows are taken once.
cp r.h5 two.h5
expect_status 0 "$FGF_PROGRAM" merge r.h5 "${parts[@]}"
expect_text err '4 rows merged from 3 parts; of 12 trials 12 are done'
same_rows r.h5 once.h5 "merged and in one run"
expect_status 0 "$FGF_PROGRAM" merge r.h5 "${parts[@]}"
expect_text err ' 0 rows merged'
# Or an ordinary run goes on, without laying the file out anew.
expect_status 0 run sweep.yaml -q -o two.h5
expect_text err '4 trials to run'
expect_text err '8 of 12 trials are done$'
same_rows two.h5 once.h5 "merged, then run"

# The starts come along: each row points to that of its own task.
"$FGF_PROGRAM" status --check r.h5 >/dev/null || fail "a merged row is not whole"
if /usr/bin/python3 -c 'import h5py' 2>/dev/null; then
    /usr/bin/python3 - <<'PY' || fail "what stands beside the rows differs"
import h5py, sys
once, merged, part = (h5py.File(f, "r") for f in ("once.h5", "r.h5", "r.task-2-of-3.h5"))
lines = [merged["run/command_line"][i].decode() for i in merged["trial/run"][:]]
tasks = {t.decode(): k + 1 for k in range(3)
         for t in h5py.File(f"r.task-{k + 1}-of-3.h5", "r")["trial/id"][:]}
for trial, line in zip(merged["trial/id"][:], lines):
    assert line.endswith(f"--task {tasks[trial.decode()]}/3"), (trial, line)
own = {"/trial/run", "/trial/committed", "/trial/checksum", "/trial/seal", "/trial/seconds",
       "/trial/seconds_training", "/trial/ranks"}
def compare(name, thing):
    name = "/" + name
    if not isinstance(thing, h5py.Dataset) or name in own or name.startswith("/run/"):
        return
    a, b = thing[()], merged[name][()]
    assert getattr(a, "tobytes", lambda: a)() == getattr(b, "tobytes", lambda: b)(), name
once.visititems(compare)
assert dict(once.attrs).keys() == dict(merged.attrs).keys()
assert once.attrs["layout_hash"] == merged.attrs["layout_hash"]
assert "task" not in merged["sweep"] and part["sweep/task"][()].decode() == "2/3"
PY
fi

# A task that is run again leaves out what the whole file has, and its part stays as it is.
rm ${parts[1]}
expect_status 0 run sweep.yaml -q -o r.h5 --task 2/3
expect_text err 'r.h5 has 4 of these trials'
grep -q 'to run on' err && fail "what is done is run again"
rm ${parts[1]}

# Killed inside any of its writes, a merge goes on.
expect_status 0 run sweep.yaml -q -o q.h5 --task 1/2
expect_status 0 run sweep.yaml -q -o q.h5 --task 2/2
halves=(q.task-1-of-2.h5 q.task-2-of-2.h5)
shim=$FGF_BUILD/tests/faults/write_faults.so
if [ -e "$shim" ]; then
    export ASAN_OPTIONS="verify_asan_link_order=0:${ASAN_OPTIONS:-}"
    LD_PRELOAD=$shim FGF_FAULT_COUNT=$work/count "$FGF_PROGRAM" merge killed.h5 "${halves[@]}" 2>err ||
        fail "the undisturbed merge fails: $(cat err)"
    same_rows killed.h5 once.h5 "merged from halves"
    events=$(head -n 1 count)
    [ "$events" -gt 100 ] || fail "only $events events of a merge were seen"
    for ((event = 1 + RANDOM % 37; event <= events; event += events / 14)); do
        rm -f killed.h5*
        { LD_PRELOAD=$shim FGF_FAULT=half:$event "$FGF_PROGRAM" merge killed.h5 "${halves[@]}"; } \
            >/dev/null 2>&1 && fail "a merge was not killed at event $event"
        expect_status 0 "$FGF_PROGRAM" merge killed.h5 "${halves[@]}"
        same_rows killed.h5 once.h5 "merged after a kill at event $event"
    done
fi

# Parts are removed when all they have is in the file, and only then.
expect_status 75 "$FGF_PROGRAM" merge one.h5 q.task-1-of-2.h5 --remove-parts
[ -e q.task-1-of-2.h5 ] && fail "a part that was merged is still there"
expect_status 0 "$FGF_PROGRAM" merge one.h5 q.task-2-of-2.h5 --remove-parts
same_rows one.h5 once.h5 "merged with --remove-parts"

# Failed trials are merged too, and give way to what is done.
failing=(train.optimizer.clip_norm=0)
small_sweep failing.yaml 'train.optimizer.learning_rate: [0.02, 1e6]' 'train.seed: [1, 2]'
expect_status 1 run failing.yaml -q -o fails.h5 "${failing[@]}"
run failing.yaml -q -o f.h5 --task 1/2 "${failing[@]}" 2>/dev/null
run failing.yaml -q -o f.h5 --task 2/2 "${failing[@]}" 2>/dev/null
expect_status 1 "$FGF_PROGRAM" merge f.h5 f.task-1-of-2.h5 f.task-2-of-2.h5
expect_text err '2 are done, 2 failed, 0 are missing'
same_rows f.h5 fails.h5 "failed trials merged"

# What does not belong together is refused, and nothing is written.
small_cohort second.h5 seed=2
expect_status 0 run sweep.yaml -q -o d.h5 --task 1/3 --data second.h5
expect_status 0 run sweep.yaml -q -o e.h5 --task 1/3 train.batch=8
expect_status 0 run sweep.yaml -q -o x.h5 --task 2/3
expect_status 2 "$FGF_PROGRAM" merge new.h5 x.task-2-of-3.h5 d.task-1-of-3.h5
expect_text err 'd\.task-1-of-3\.h5 is of another dataset than x\.task-2-of-3\.h5'
expect_status 2 "$FGF_PROGRAM" merge new.h5 x.task-2-of-3.h5 e.task-1-of-3.h5
expect_text err 'e\.task-1-of-3\.h5 is of another sweep than x\.task-2-of-3\.h5'
expect_status 2 "$FGF_PROGRAM" merge x.task-2-of-3.h5 ./x.task-2-of-3.h5
expect_text err 'is the file to merge into'
expect_status 2 "$FGF_PROGRAM" merge once.h5 d.task-1-of-3.h5
expect_text err 'once\.h5 holds results of another dataset'
[ -e new.h5 ] && fail "a refused merge wrote a file"
expect_status 2 "$FGF_PROGRAM" merge once.h5
expect_status 4 "$FGF_PROGRAM" merge new.h5 absent.h5
expect_text err 'absent\.h5'

# So are tasks that are none.
for task in 0/3 4/3 3 1/0 a/b 1/2/3; do
    expect_status 2 run sweep.yaml -q -o t.h5 --task $task
    expect_text err "^fgf: error: --task: found '$task', expected K/N"
done
expect_status 2 run sweep.yaml -q -o t.h5 --task 1/13
expect_text err '13 tasks for 12 trials'

# A part that a task is still writing is refused by name.
"$FGF_PROGRAM" run sweep.yaml -q -o slow.h5 --task 1/1 train.epochs=4000 >/dev/null 2>&1 &
job=$!
for ((i = 0; i < 100; i++)); do [ -e slow.task-1-of-1.h5 ] && break; sleep 0.1; done
expect_status 4 "$FGF_PROGRAM" merge slow.h5 slow.task-1-of-1.h5
expect_text err 'slow\.task-1-of-1\.h5 is being written by another job: fgf run sweep.yaml'
sleep 0.5
kill -TERM $job
wait $job
[ $? = 75 ] || fail "a task that is stopped does not end with 75"
# Its checkpoint comes along, and an ordinary run goes on from it.
expect_status 75 "$FGF_PROGRAM" merge slow.h5 slow.task-1-of-1.h5
cmp slow.task-1-of-1.h5.checkpoints/*.checkpoint slow.h5.checkpoints/*.checkpoint ||
    fail "the checkpoint of a part is not in the merged file's folder"
exit 0
