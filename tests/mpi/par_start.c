/* Start and end; with an argument, rank 0 ends the job by an error (abort), or ranks disagree about
 * the length of a message (long, short). */
#include "check.h"
#include "fgf/log.h"

#include <string.h>

int main(int argc, char **argv)
{
    fgf_par *par = NULL;
    fgf_status status = fgf_par_start(&argc, &argv, &par);
    if (status != FGF_OK) {
        fgf_log_error(true);
        return fgf_status_exit(status);
    }
    if (argc > 1 && strcmp(argv[1], "abort") != 0) {
        char data[64] = "";
        size_t first = strcmp(argv[1], "long") == 0 ? 64 : 8;
        fgf_par_broadcast(par, data, fgf_par_rank(par) == 0 ? first : 32, 0);
        status = fgf_par_agree(par, FGF_OK);
    } else if (argc > 1) {
        if (fgf_par_rank(par) == 0) {
            (void)fgf_fail(FGF_ENVIRONMENT, __FILE__, __LINE__, "the disk is gone");
            fgf_par_abort(par, 4);
        }
        fgf_par_broadcast(par, &status, sizeof status,
                          0); /* the others wait in a collective call */
    }
    if (fgf_par_rank(par) == 0)
        printf("%d ranks on %s, io %s\n", fgf_par_size(par), fgf_par_hosts(par),
               getenv("OMPI_MCA_io"));
    fgf_par_finish(&par);
    return 0;
}
