/* SPDX-License-Identifier: Apache-2.0 */
/* batch_rows_mend.c - what an earlier process has left of a batch job; see batch_rows.h. */
#include "base/csv.h"
#include "base/file.h"
#include "base/text.h"
#include "engine/batch_report.h"
#include "engine/batch_rows_private.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PART_SIZE = 64 * 1024 };

/* ---- the report behind what the marks know ---- */

static int damaged(const struct batch_rows *r, struct error *e)
{
    return error_set(e, LAGAN_CORRUPT, ERROR_INTEGRITY,
                     "%s/report.csv is not as it was written: cancel the job and make another "
                     "one",
                     r->folder);
}

static int mark_parse(const char *word)
{
    for (int i = BATCH_MARK_SUCCEEDED; i < BATCH_MARK_COUNT; i++)
        if (strcmp(word, batch_mark_word((enum batch_mark)i)) == 0)
            return i;
    return -1;
}

static int on_row(void *context, const struct csv_cell *cells, size_t count, uint64_t line,
                  struct error *e)
{
    struct batch_rows *r = context;
    uint64_t number, bytes;

    (void)line;
    if (count != BATCH_REPORT_CELLS)
        return damaged(r, e);
    int mark = mark_parse(cells[BATCH_REPORT_STATUS].text);
    if (mark < 0 || text_parse_u64(cells[BATCH_REPORT_ROW].text, &number) != 0 || number == 0 ||
        text_parse_u64(cells[BATCH_REPORT_BYTES].text, &bytes) != 0)
        return damaged(r, e);
    return batch_rows_note(r, number - 1, (enum batch_mark)mark, bytes) == 0 ? 0
                                                                             : damaged(r, e);
}

/* Takes all whole lines from `offset` on; `*end` is where they end. */
static int take_lines(struct batch_rows *r, uint64_t offset, uint64_t *end, struct error *e)
{
    struct csv_reader csv = {.name = "report.csv", .lines = 1};
    char *part = malloc(PART_SIZE);
    int result = part != NULL ? 0 : error_no_memory(e, "a part of a report");
    size_t got = 0;

    *end = offset;
    do {
        if (result == 0)
            result = file_read_at(r->report_fd, offset, part, PART_SIZE, &got, "the report", e);
        size_t whole = result == 0 ? got : 0;
        while (whole > 0 && part[whole - 1] != '\n')
            whole--;
        if (whole > 0) {
            /* What is flushed is true up to here; a part never has more lines than are left. */
            r->report_bytes = *end;
            if (r->pending_count > BATCH_PENDING_MOST / 4)
                result = batch_rows_flush(r, e);
            if (result == 0)
                result = csv_reader_take(&csv, part, whole, on_row, r, e);
            offset += whole;
            *end = offset;
        } else if (got == PART_SIZE) {
            result = damaged(r, e);
        } else {
            got = 0;
        }
    } while (result == 0 && got > 0);
    csv_reader_free(&csv);
    free(part);
    return result;
}

static int write_heading(struct batch_rows *r, struct error *e)
{
    if (ftruncate(r->report_fd, 0) != 0)
        return error_errno(e, errno, "cannot write the report");
    r->report_bytes = sizeof(BATCH_REPORT_HEADING) - 1;
    return file_write_all(r->report_fd, BATCH_REPORT_HEADING, r->report_bytes, "the report", e);
}

int batch_rows_mend(struct batch_rows *r, struct error *e)
{
    struct stat status;
    uint64_t end;

    if (fstat(r->report_fd, &status) != 0)
        return error_errno(e, errno, "cannot look at the report");
    if (r->head.report_bytes == 0 &&
        (uint64_t)status.st_size < sizeof(BATCH_REPORT_HEADING) - 1)
        return write_heading(r, e) == 0 ? batch_rows_flush(r, e) : -1;
    if ((uint64_t)status.st_size < r->head.report_bytes)
        return damaged(r, e);
    uint64_t begin =
        r->head.report_bytes != 0 ? r->head.report_bytes : sizeof(BATCH_REPORT_HEADING) - 1;
    if (take_lines(r, begin, &end, e) != 0)
        return -1;
    if (end < (uint64_t)status.st_size && ftruncate(r->report_fd, (off_t)end) != 0)
        return error_errno(e, errno, "cannot write the report");
    r->report_bytes = end;
    return batch_rows_flush(r, e);
}

/* ---- the rows of another job (BAT-27) ---- */

static int copy_file(const char *from, const char *to, struct error *e)
{
    int in CLEANUP_FD = open(from, O_RDONLY | O_CLOEXEC);
    int out CLEANUP_FD = open(to, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    char part[16 * 1024];
    uint64_t offset = 0;
    size_t got = 0;

    if (in < 0 || out < 0)
        return error_errno(e, errno, "cannot copy %s", from);
    do {
        if (file_read_at(in, offset, part, sizeof(part), &got, from, e) != 0 ||
            file_write_all(out, part, got, to, e) != 0)
            return -1;
        offset += got;
    } while (got > 0);
    return fsync(out) == 0 ? 0 : error_errno(e, errno, "cannot write %s", to);
}

static int take_rows(const char *folder, const char *from, struct error *e)
{
    char *mine CLEANUP_TEXT = batch_path(folder, "rows", e);
    char *theirs CLEANUP_TEXT = batch_path(from, "rows", e);

    if (mine == NULL || theirs == NULL)
        return -1;
    unlink(mine);
    return link(theirs, mine) == 0 ? 0 : copy_file(theirs, mine, e);
}

/* The marks of the other job, of which those that failed are open again. */
static int take_marks(struct batch_rows *r, const struct batch_rows *theirs, struct error *e)
{
    uint8_t part[16 * 1024];
    uint64_t offset = BATCH_MARKS_HEAD;
    size_t got = 0;

    do {
        if (file_read_at(theirs->marks_fd, offset, part, sizeof(part), &got, "marks", e) != 0)
            return -1;
        for (size_t i = 0; i < got; i++)
            if (part[i] != BATCH_MARK_SUCCEEDED && part[i] != BATCH_MARK_SKIPPED)
                part[i] = BATCH_MARK_OPEN;
        if (got > 0 && pwrite(r->marks_fd, part, got, (off_t)offset) != (ssize_t)got)
            return error_errno(e, errno, "cannot write the marks of the job");
        offset += got;
    } while (got > 0);
    return fsync(r->marks_fd) == 0 ? 0 : error_errno(e, errno, "cannot write marks");
}

static int count_open(struct batch_rows *r, uint64_t *open, uint64_t *open_bytes,
                      struct error *e)
{
    struct batch_row row;
    int found;

    *open = *open_bytes = 0;
    while ((found = batch_rows_next(r, &row, e)) > 0) {
        (*open)++;
        *open_bytes += row.bytes;
    }
    return found;
}

int batch_rows_inherit(const char *folder, const char *from, uint64_t *open,
                       uint64_t *open_bytes, struct error *e)
{
    struct batch_rows *theirs = batch_rows_open(from, e), *mine = NULL;
    int result = theirs != NULL ? file_make_directories(folder, 0700, e) : -1;

    if (result == 0)
        result = take_rows(folder, from, e);
    if (result == 0)
        result = batch_marks_create(folder, batch_rows_total(theirs), e);
    if (result == 0) {
        mine = batch_rows_open(folder, e);
        result = mine != NULL ? take_marks(mine, theirs, e) : -1;
    }
    if (result == 0)
        result = count_open(mine, open, open_bytes, e);
    batch_rows_close(mine);
    batch_rows_close(theirs);
    return result;
}
