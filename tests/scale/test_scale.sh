# The scheduler on thousands of ranks: simulated figures, which are the same on every machine.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/smpi.sh"
programs=$FGF_BUILD/tests/scale trials=$scale/trials.txt
[ -x "$programs/scale_model" ] || skip "$programs/scale_model is not built"

# 4096 ranks, 20,000 trials: at 95 % of max(longest trial, mean load) or better.
expect_status 0 "$programs/scale_model" "$trials" 15e-6 check
cat "$work/out"

# Real ranks do what the simulation says. Jobs sleep, but a busy machine may wake them late.
for ranks in 2 4; do
    for groups in 0 2; do
        expect_status 0 mpi $ranks "$programs/scale_real" 40 0.2 $groups
        awk -F'[:,]' '{ for (k = 1; k < NF; k += 2) value[$k] = $(k + 1)
                simulated = value[" \"simulated\""]; real = value[" \"real\""]
                exit !(real > 0.97 * simulated && real < 1.25 * simulated + 0.5) }' "$work/out" ||
            fail "real and simulated makespan differ: $(cat "$work/out")"
        cat "$work/out"
    done
done

command -v smpicc >/dev/null || { echo "without SimGrid: no simulated network"; exit 0; }
smpi_build "$work" || fail "smpicc cannot build the scheduler"

# 64 ranks with the scheduler's own messages on a simulated network.
for law in uniform:exact measured:believed; do
    expect_status 0 smpi_run 65 "$work" "$work/smpi_schedule" "$trials" $law 312 0
    cat "$work/out"
    awk -F'"efficiency": ' '{ exit !($2 + 0 >= 0.95) }' "$work/out" || fail "below 95 % of the bound"
done
expect_status 0 smpi_run 16 "$work" "$work/smpi_sum" 1000 16
expect_text "$work/out" '"ordered": [0-9.e-]+'
exit 0
