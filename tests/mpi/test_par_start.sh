# Start, end, and ends by an error, with and without mpirun.
. "$(dirname "$0")/../lib.sh"
program=$FGF_BUILD/src/par/test_par_start
[ -x "$program" ] || skip "$program is not built"

expect_status 0 "$program"
expect_text "$work/out" '^1 ranks on .* x 1, io romio321$'
expect_status 0 env OMPI_MCA_io=ompio "$program"
expect_text "$work/out" 'io ompio$' # the user's choice comes first

expect_status 4 "$program" abort
expect_text "$work/err" '^fgf: error: the disk is gone$'

for ranks in 1 2 3 4; do
    expect_status 0 mpi $ranks "$program"
    expect_text "$work/out" "^$ranks ranks on .* x $ranks,"
    expect_status 4 mpi $ranks "$program" abort
    expect_text "$work/err" '^fgf: error: the disk is gone$'
done

# What MPI reports from inside a call ends the job and says where.
expect_status 4 mpi 3 "$program" long
expect_text "$work/err" 'fgf: error: MPI_ERR_TRUNCATE.* at .*message\.c:[0-9]+'
expect_status 4 mpi 3 "$program" short
expect_text "$work/err" 'fgf: error: rank 0 sent 8 bytes where 32 were due'

expect_status 4 mpi 1 "$program" : -n 1 "${program}_f64"
expect_text "$work/err" 'the version of fgf differs between ranks: .* \(rank 0\), .*double precision'

# srun without an MPI plug-in: processes that do not know of each other.
expect_status 4 env SLURM_STEP_NUM_TASKS=4 "$program"
expect_text "$work/err" 'srun --mpi=pmix'
exit 0
