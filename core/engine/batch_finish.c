/* SPDX-License-Identifier: Apache-2.0 */
/* batch_finish.c - the report of a batch job goes where it is wanted (BAT-21). */
#include "base/file.h"
#include "engine/batch_private.h"
#include "engine/place_file.h"

#include <stdio.h>
#include <string.h>

struct writing {
    int fd;
    uint64_t bytes;
};

static int on_part(void *context, const void *data, size_t size, struct error *e)
{
    struct writing *writing = context;

    writing->bytes += size;
    return file_write_all(writing->fd, data, size, "a scratch file", e);
}

/* Failing or cancelled before there were rows, it has a heading and nothing else. */
int batch_finish(struct batch_at_work *w, struct error *e)
{
    const char *text = w->plan->texts[BATCH_SETTING_REPORT];
    struct writing writing = {.fd = -1};

    if (text == NULL)
        return 0;
    writing.fd = place_scratch(w->setup, e);
    if (writing.fd < 0)
        return -1;
    int result = batch_report_read(w->folder, w->plan->failed_only, on_part, &writing, e);
    if (result == 0)
        result = place_file_put(w->setup, text, "text/csv", writing.fd, writing.bytes, e);
    file_close(&writing.fd);
    if (result == 0)
        snprintf(w->job->report, sizeof(w->job->report), "%s", text);
    return result;
}
