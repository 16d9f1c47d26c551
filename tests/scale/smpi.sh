# For scripts of this folder: smpi_schedule and smpi_sum, built by SimGrid's compiler from the
# sources of fgf itself, on simulated clusters.
#
#   smpi_build FOLDER              programs in FOLDER
#   smpi_platform RANKS            prints a cluster of so many hosts: 1.5 us, 12.5 GB/s a link
#   smpi_run RANKS FOLDER cmd...   runs a program of FOLDER on such a cluster; options of smpirun
#                                  may come first
scale=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

smpi_build() {
    local folder=$1 root=$scale/../.. program
    local core="status memory log text random hash tree share group_serial"
    local par="message group_mpi ordered_sum share queue server simulate stop watch"
    for program in smpi_schedule smpi_sum; do
        # shellcheck disable=SC2046
        smpicc -O2 -std=gnu11 -w -I"$root/include" -I"$root/src/par" -I"$scale" \
            -o "$folder/$program" "$scale/$program.c" "$scale/trials.c" \
            "$scale/smpi_yield.c" -Dsched_yield=smpi_yield \
            $(printf "$root/src/core/%s.c " $core) $(printf "$root/src/par/%s.c " $par) \
            -lxxhash -lpthread -lm || return 1
    done
}

smpi_platform() {
    cat <<END
<?xml version='1.0'?>
<!DOCTYPE platform SYSTEM "https://simgrid.org/simgrid.dtd">
<platform version="4.1">
  <cluster id="cluster" prefix="node-" suffix="" radical="0-$(($1 - 1))" speed="1Gf"
           bw="12.5GBps" lat="0.75us"/>
</platform>
END
}

smpi_run() {
    local ranks=$1 folder=$2
    shift 2
    smpi_platform "$ranks" >"$folder/platform-$ranks.xml"
    smpirun -np "$ranks" -platform "$folder/platform-$ranks.xml" --log=root.thresh:error \
        --cfg=smpi/privatization:no --cfg=smpi/host-speed:1Gf --cfg=contexts/stack-size:64 \
        --cfg=smpi/simulate-computation:no --cfg=smpi/test:0 "$@"
}
