# A private Slurm for one test, on top of sweep.sh: `. "$(dirname "$0")/cluster.sh"`.
#
# One controller and two virtual nodes, n1 and n2, of four scheduled processors each (cluster_cpus),
# on free ports, with everything in $work. A node is a set of name spaces of its own: processes, host
# name, shared memory. So two nodes on one machine do not meet, and ending a node ends whatever ran
# on it.
# Skips the test where Slurm or munge is not installed, or where this may not be done (no root).
#
#   cluster_up               starts it and sets SLURM_CONF for sbatch, squeue and scontrol; the end of
#                            the test takes it down
#   submit_go ARGUMENTS      fgf submit --go; prints the number of the last job
#   job_wait ID SECONDS      until the job has ended; fails after so long
#   job_ends ID CODE         waits for it and fails unless it ends with this exit status
#   job_at_work ID FILE N    until N trials of the results file are done, with the job running
#   node_ranks NODE          the processes of fgf on n1 or n2
#   node_lost NODE           ends everything there, as a power failure would
#   job_field ID NAME        a field of `scontrol show job`: JobState, ExitCode, Restarts
. "$(dirname "${BASH_SOURCE[0]}")/../sweep.sh"

for program in munged munge slurmctld slurmd sbatch srun unshare setpriv; do
    command -v "$program" >/dev/null || skip "$program is not installed (slurm-wlm, munge)"
done
[ "$(id -u)" = 0 ] || skip "a private Slurm needs root"
unshare --uts --mount --pid --fork true 2>/dev/null ||
    skip "no name spaces of one's own may be made here (CAP_SYS_ADMIN)"

cluster=$work/cluster
cluster_pids=()
# What is started so dies with this shell, even where that is killed.
dies_with_us=(setpriv --pdeathsig KILL)

cluster_down() {
    [ ! -e "$cluster/slurm.conf" ] || timeout 10 scancel -f -u root 2>/dev/null
    [ ${#cluster_pids[@]} = 0 ] || kill -KILL "${cluster_pids[@]}" 2>/dev/null
    wait "${cluster_pids[@]}" 2>/dev/null
}
trap 'cluster_down; rm -rf "$work"' EXIT

port_in_use() {
    (: <"/dev/tcp/127.0.0.1/$1") 2>/dev/null
}

# A controller's port, the nodes' next to it.
free_ports() {
    local first tries
    for ((tries = 0; tries < 100; tries++)); do
        first=$((20000 + (RANDOM * 7 + $$) % 12000))
        port_in_use $first || port_in_use $((first + 1)) || port_in_use $((first + 2)) ||
            { echo $first; return; }
    done
    fail "no free ports"
}

# No accounting, no cgroups, no binding: what works in a container. A requeued job may start after
# the life of a credential, which is two minutes by default.
cluster_configure() {
    local port=$1
    cat >"$cluster/slurm.conf" <<CONF
ClusterName=fgf
SlurmctldHost=$(hostname -s)(127.0.0.1)
SlurmctldPort=$port
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket=$cluster/munge/socket,cred_expire=5
CredType=cred/munge
StateSaveLocation=$cluster/state
SlurmdSpoolDir=$cluster/spool-%n
SlurmctldPidFile=$cluster/slurmctld.pid
SlurmdPidFile=$cluster/slurmd-%n.pid
SlurmctldLogFile=$cluster/slurmctld.log
SlurmdLogFile=$cluster/slurmd-%n.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
SwitchType=switch/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
SlurmdParameters=config_overrides
SchedulerParameters=sched_interval=1,sched_min_interval=100000,bf_interval=1
PriorityType=priority/basic
ReturnToService=2
KillWait=5
NodeName=n1 NodeAddr=127.0.0.1 Port=$((port + 1)) CPUs=${cluster_cpus:-4} RealMemory=8000
NodeName=n2 NodeAddr=127.0.0.1 Port=$((port + 2)) CPUs=${cluster_cpus:-4} RealMemory=8000
PartitionName=main Nodes=n1,n2 Default=YES MaxTime=INFINITE State=UP
CONF
    echo "PMIxCliTmpDirBase=$cluster/node" >"$cluster/mpi.conf"
    # A name that nobody resolves costs ten seconds at every start of MPI.
    printf '127.0.0.1 localhost %s n1 n2\n' "$(hostname -s)" >"$cluster/hosts"
}

# A node; its first process is a shell that takes in what others leave behind.
cluster_node() {
    "${dies_with_us[@]}" unshare --uts --mount --propagation slave --pid --fork --kill-child \
        --mount-proc bash -c '
        hostname "$1" && mount -t tmpfs node "$2/node" && mount -t tmpfs memory /dev/shm &&
        mount --bind "$2/hosts" /etc/hosts || exit 4
        slurmd -D -N "$1" -f "$2/slurm.conf" & wait' _ "$1" "$cluster" \
        >"$cluster/node-$1.log" 2>&1 </dev/null &
    cluster_pids+=($!)
}

node_ranks() {
    local first process
    first=$(pgrep -P "${cluster_pids[1 + ${1#n}]}")
    for process in $(pgrep -x "$(basename "$FGF_PROGRAM")"); do
        [ "$(readlink "/proc/$process/ns/pid")" != "$(readlink "/proc/$first/ns/pid")" ] ||
            echo "$process"
    done
}

# The controller would notice it after some minutes by itself.
node_lost() {
    { kill -KILL "${cluster_pids[1 + ${1#n}]}" && wait "${cluster_pids[1 + ${1#n}]}"; } 2>/dev/null
    scontrol update NodeName="$1" State=DOWN Reason=lost
}

cluster_ready() {
    [ "$(timeout 5 sinfo -h -N -o %T 2>/dev/null | grep -c '^idle$')" = 2 ]
}

cluster_up() {
    local port tries
    port=$(free_ports) || exit 1
    # Jobs run the program under test, more ranks than cores, on nodes that share an address.
    export FGF=$FGF_PROGRAM OMPI_MCA_rmaps_base_oversubscribe=1
    export OMPI_MCA_hwloc_base_binding_policy=none OMPI_MCA_btl=self,vader,tcp OMPI_MCA_pml=ob1
    export OMPI_MCA_btl_tcp_if_include=lo OMPI_MCA_oob_tcp_if_include=lo
    # Munge wants its folders to be closed to writers and open to readers.
    chmod 755 "$work"
    mkdir -p "$cluster"/{munge,state,spool-n1,spool-n2,node}
    chmod 755 "$cluster" "$cluster/munge"
    cluster_configure "$port"
    export SLURM_CONF=$cluster/slurm.conf
    (umask 077 && head -c 128 /dev/urandom >"$cluster/munge/key")
    "${dies_with_us[@]}" munged --foreground --force --num-threads=2 --key-file="$cluster/munge/key" \
        --socket="$cluster/munge/socket" --pid-file="$cluster/munge/pid" \
        --seed-file="$cluster/munge/seed" --log-file="$cluster/munge/log" \
        >"$cluster/munged.log" 2>&1 </dev/null &
    cluster_pids+=($!)
    for ((tries = 0; tries < 50; tries++)); do
        munge -S "$cluster/munge/socket" -n >/dev/null 2>&1 && break
        sleep 0.1
    done
    "${dies_with_us[@]}" slurmctld -D -f "$SLURM_CONF" >"$cluster/controller.log" 2>&1 </dev/null &
    cluster_pids+=($!)
    cluster_node n1
    cluster_node n2
    for ((tries = 0; tries < 150; tries++)); do
        if cluster_ready; then
            srun --mpi=list 2>&1 | grep -q pmix || skip "this Slurm has no PMIx"
            return 0
        fi
        sleep 0.2
    done
    tail -n 20 "$cluster"/*.log >&2
    fail "the private Slurm does not come up"
}

job_field() {
    scontrol show job "$1" 2>/dev/null | grep -o "\b$2=[^ ]*" | head -n 1 | cut -d= -f2
}

job_log() { # what the job has written, for a failure's sake
    tail -n 40 ./*-"$1"*.log >&2 2>/dev/null
}

job_wait() {
    local tries
    for ((tries = 0; tries < 5 * $2; tries++)); do
        [ -n "$(squeue -h -j "$1" 2>/dev/null)" ] || return 0
        sleep 0.2
    done
    scontrol show job "$1" >&2
    job_log "$1"
    fail "job $1 does not end within $2 s"
}

# job_ends ID CODE: the job has ended so; waits for it.
job_ends() {
    local code
    job_wait "$1" "${3:-90}"
    code=$(job_field "$1" ExitCode)
    [ "${code%:*}" = "$2" ] && return 0
    scontrol show job "$1" >&2
    job_log "$1"
    fail "job $1 ends with $code where $2:0 was expected"
}

# job_at_work ID RESULTS N: waits until the job has finished N trials and goes on.
job_at_work() {
    local tries
    for ((tries = 0; tries < 300; tries++)); do
        if [ -e "$2" ] && [ "$("$results_rows" "$2" 2>/dev/null | wc -l)" -ge "$3" ]; then
            [ "$(job_field "$1" JobState)" = RUNNING ] || fail "job $1 has ended too early"
            return 0
        fi
        sleep 0.1
    done
    job_log "$1"
    fail "job $1 has not finished $3 trials within 30 s"
}

# submit_go ...: fgf submit --go; prints the number of the last job
submit_go() {
    "$FGF_PROGRAM" submit "$@" --go >"$work/submitted" 2>"$work/err" ||
        { cat "$work/submitted" "$work/err" >&2; fail "fgf submit $*"; }
    grep -oE 'job [0-9]+$' "$work/submitted" | tail -n 1 | grep -oE '[0-9]+'
}
