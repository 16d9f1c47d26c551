/* What an import would do, without doing it. */
#include "case_files.h"
#include "fgf/memory.h"
#include "import_private.h"

#include <stdio.h>
#include <string.h>

static void describe_table_row(const fgf_candidate *candidate, fgf_buffer *out)
{
    const fgf_case *known = &candidate->known;
    fgf_buffer_add(out, "%s: ", known->id);
    if (candidate->out_because) {
        fgf_buffer_add(out, "out, %s\n", candidate->out_because);
        return;
    }
    fgf_buffer_add(out, "in");
    if (known->label >= 0)
        fgf_buffer_add(out, ", label %d", known->label);
    else
        fgf_buffer_add(out, ", no label");
    if (*known->centre)
        fgf_buffer_add(out, ", %s", known->centre);
    if (strcmp(known->patient, known->id) != 0)
        fgf_buffer_add(out, ", patient %s", known->patient);
    fgf_buffer_add(out, "\n");
}

/* Every line of `lines`, indented, without names where they are to be hidden. */
static fgf_status add_lines(const import *im, const fgf_candidate *candidate, const char *lines,
                            fgf_buffer *out)
{
    fgf_status status = FGF_OK;
    fgf_case_files files = {0};
    fgf_names names = {0};
    fgf_buffer told = {0};
    if (im->manifest.hides_names) {
        status = fgf_case_files_list(&im->manifest, candidate, &files);
        if (status == FGF_ENVIRONMENT) { /* what the names are is not known: nothing is told */
            lines = "fault: " FGF_UNREADABLE;
            status = FGF_OK;
        }
        FGF_TRY(status);
        for (size_t k = 0; k < files.count; k++)
            FGF_TRY(fgf_names_add_path(&names, files.file[k].path));
        fgf_hide(&im->candidates.secrets, &names, lines, &told);
        FGF_TRY(told.status);
        lines = told.text ? told.text : "";
    }
    while (*lines) {
        const size_t length = strcspn(lines, "\n");
        fgf_buffer_add(out, "    %.*s\n", (int)length, lines);
        lines += length + (lines[length] == '\n');
    }
done:
    fgf_buffer_clear(&told);
    fgf_names_clear(&names);
    fgf_case_files_clear(&files);
    return status;
}

static fgf_status describe(const import *im, const fgf_candidate *candidate, fgf_buffer *out)
{
    fgf_status status = FGF_OK;
    fgf_buffer lines = {0};
    describe_table_row(candidate, out);
    if (!candidate->out_because) {
        FGF_TRY(fgf_case_describe(&im->manifest, candidate, &lines));
        FGF_TRY(lines.status);
        FGF_TRY(add_lines(im, candidate, lines.text ? lines.text : "", out));
    }
    FGF_TRY(out->status);
done:
    fgf_buffer_clear(&lines);
    return status;
}

/* The ranks' texts, which are the parts that lengths [count] says, as one in the candidates' order.
 */
static fgf_status join(const import *im, char *const *mine, fgf_buffer *out)
{
    fgf_status status = FGF_OK;
    const size_t count = im->candidates.count;
    size_t *length = NULL, whole = 0, at = 0;
    char *text = NULL;
    status = FGF_ALLOCATE(count, &length);
    FGF_TRY(fgf_group_agree(im->group, status));
    for (size_t i = 0; i < count; i++)
        length[i] = mine[i] ? strlen(mine[i]) : 0;
    FGF_TRY(fgf_group_merge(im->group, length, count * sizeof *length));
    for (size_t i = 0; i < count; i++)
        whole += length[i];
    status = FGF_ALLOCATE(whole, &text);
    FGF_TRY(fgf_group_agree(im->group, status));
    for (size_t i = 0; i < count; at += length[i++])
        if (mine[i])
            memcpy(text + at, mine[i], length[i]);
    FGF_TRY(fgf_group_merge(im->group, text, whole));
    fgf_buffer_add_bytes(out, text, whole);
    FGF_TRY(fgf_group_agree(im->group, out->status));
done:
    fgf_free(text);
    fgf_free(length);
    return status;
}

/* Each rank looks at every size-th candidate. */
static fgf_status describe_mine(import *im, char **mine)
{
    fgf_status status = FGF_OK;
    fgf_buffer text = {0};
    for (size_t i = (size_t)im->group->rank; i < im->candidates.count;
         i += (size_t)im->group->size) {
        if (im->options.stop && im->options.stop(im->options.state))
            FGF_FAIL(FGF_STOPPED, "stopped on request");
        im->progress.done = i;
        import_show(im, "list");
        text.length = 0;
        FGF_TRY(describe(im, &im->candidates.list[i], &text));
        FGF_TRY(fgf_copy_text(text.text, &mine[i]));
    }
done:
    fgf_buffer_clear(&text);
    return status;
}

fgf_status fgf_import_list(const char *manifest, const fgf_import_options *options,
                           fgf_group *group, fgf_buffer *out)
{
    fgf_status status = FGF_OK;
    char **mine = NULL;
import im;
    memset(&im, 0, sizeof im);
    im.group = group ? group : fgf_group_serial();
    if (options)
        im.options = *options;
    FGF_TRY(import_prepare(&im, manifest));
    status = FGF_ALLOCATE(im.candidates.count, &mine);
    if (status == FGF_OK)
        status = describe_mine(&im, mine);
    FGF_TRY(fgf_group_agree(im.group, status));
    FGF_TRY(join(&im, mine, out));
done:
    for (size_t i = 0; mine && i < im.candidates.count; i++)
        fgf_free(mine[i]);
    fgf_free(mine);
    import_clear(&im);
    return status;
}
