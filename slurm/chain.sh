#!/usr/bin/env bash
# Submits jobs that run one after another, each going on where the one before it stopped, for a
# sweep that takes longer than a job may; to be edited by hand. `fgf submit SWEEP.yaml --chain N`
# writes the same script.
#
#     bash chain.sh
#
# A link begins when the one before it has ended, however it did, so a chain survives a lost node.
# A link that finds everything done ends at once, with status 0: what is to follow the whole chain
# waits for its last link (--dependency=afterok). Links that are too many may be cancelled.
script=fgf.sbatch
links=3

# ---- Nothing below depends on the sweep. ----

job=
for ((link = 1; link <= links; link++)); do
    job=$(sbatch --parsable ${job:+"--dependency=afterany:$job"} "$script" "$@") || exit
    job=${job%%;*}
    echo "link $link of $links: job $job"
done
