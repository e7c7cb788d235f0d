/* SPDX-License-Identifier: Apache-2.0 */
/* batch_rows.c - rows, marks and report of a batch job at work; see batch_rows.h. */
#include "base/clock.h"
#include "base/file.h"
#include "base/object.h"
#include "engine/batch_report.h"
#include "engine/batch_rows_private.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

enum { ROWS_MAGIC = 0x62617277, FILE_MODE = 0600 };

static const int64_t SYNC_NS = INT64_C(1000000000);

const char *batch_mark_word(enum batch_mark mark)
{
    static const char *const words[BATCH_MARK_COUNT] = {
#define X(symbol, byte, word) [byte] = word,
        BATCH_MARKS(X)
#undef X
    };

    ASSERT((unsigned)mark < BATCH_MARK_COUNT);
    return words[mark];
}

/* ---- marks ---- */

void batch_head_encode(const struct batch_marks_head *head, uint8_t bytes[BATCH_MARKS_HEAD])
{
    uint64_t numbers[] = {head->rows,          head->report_bytes,   head->counts.succeeded,
                          head->counts.failed, head->counts.skipped, head->counts.bytes};

    memset(bytes, 0, BATCH_MARKS_HEAD);
    memcpy(bytes, BATCH_MARKS_MAGIC, sizeof(BATCH_MARKS_MAGIC) - 1);
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
        store_u64(bytes + BATCH_MARKS_MAGIC_ROOM + 8 * i, numbers[i]);
}

static int decode_head(const uint8_t bytes[BATCH_MARKS_HEAD], struct batch_marks_head *head)
{
    const uint8_t *at = bytes + BATCH_MARKS_MAGIC_ROOM;

    if (memcmp(bytes, BATCH_MARKS_MAGIC, sizeof(BATCH_MARKS_MAGIC) - 1) != 0)
        return -1;
    *head = (struct batch_marks_head){
        load_u64(at),
        load_u64(at + 8),
        {load_u64(at + 16), load_u64(at + 24), load_u64(at + 32), load_u64(at + 40)}};
    return 0;
}

static int write_at(int fd, const void *data, size_t size, uint64_t offset, struct error *e)
{
    const uint8_t *bytes = data;

    while (size > 0) {
        ssize_t count = pwrite(fd, bytes, size, (off_t)offset);
        if (count < 0 && errno != EINTR)
            return error_errno(e, errno, "cannot write the marks of the job");
        if (count > 0) {
            bytes += count;
            offset += (uint64_t)count;
            size -= (size_t)count;
        }
    }
    return 0;
}

int batch_marks_create(const char *folder, uint64_t rows, struct error *e)
{
    char *path CLEANUP_TEXT = batch_path(folder, "marks", e);
    char *report CLEANUP_TEXT = batch_path(folder, "report.csv", e);
    const struct batch_marks_head head = {.rows = rows};
    uint8_t bytes[BATCH_MARKS_HEAD];
    int fd CLEANUP_FD = -1;

    if (path == NULL || report == NULL)
        return -1;
    if (unlink(report) != 0 && errno != ENOENT)
        return error_errno(e, errno, "cannot remove %s", report);
    fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, FILE_MODE);
    if (fd < 0)
        return error_errno(e, errno, "cannot make %s", path);
    batch_head_encode(&head, bytes);
    if (write_at(fd, bytes, sizeof(bytes), 0, e) != 0)
        return -1;
    /* A hole reads as marks of open rows. */
    if (ftruncate(fd, (off_t)(BATCH_MARKS_HEAD + rows)) != 0 || fsync(fd) != 0)
        return error_errno(e, errno, "cannot write %s", path);
    return 0;
}

int batch_rows_note(struct batch_rows *r, uint64_t number, enum batch_mark mark, uint64_t bytes)
{
    if (number >= r->head.rows || r->pending_count == BATCH_PENDING_MOST)
        return -1;
    r->pending[r->pending_count].number = number;
    r->pending[r->pending_count++].mark = (uint8_t)mark;
    r->head.counts.succeeded += mark == BATCH_MARK_SUCCEEDED;
    r->head.counts.skipped += mark == BATCH_MARK_SKIPPED;
    r->head.counts.failed += mark == BATCH_MARK_FAILED;
    r->head.counts.bytes += mark == BATCH_MARK_SUCCEEDED ? bytes : 0;
    return 0;
}

int batch_rows_flush(struct batch_rows *r, struct error *e)
{
    uint8_t bytes[BATCH_MARKS_HEAD];

    r->synced_ns = clock_boot_ns();
    if (r->pending_count == 0 && r->head.report_bytes == r->report_bytes)
        return 0;
    if (fdatasync(r->report_fd) != 0)
        return error_errno(e, errno, "cannot write the report of the job");
    for (size_t i = 0; i < r->pending_count; i++)
        if (write_at(r->marks_fd, &r->pending[i].mark, 1,
                     BATCH_MARKS_HEAD + r->pending[i].number, e) != 0)
            return -1;
    if (fdatasync(r->marks_fd) != 0)
        return error_errno(e, errno, "cannot write the marks of the job");
    r->pending_count = 0;
    r->head.report_bytes = r->report_bytes;
    batch_head_encode(&r->head, bytes);
    return write_at(r->marks_fd, bytes, sizeof(bytes), 0, e);
}

/* ---- opening ---- */

static int open_file(const struct batch_rows *r, const char *name, int flags, int *fd,
                     struct error *e)
{
    char *path CLEANUP_TEXT = batch_path(r->folder, name, e);

    if (path == NULL)
        return -1;
    *fd = open(path, flags | O_CLOEXEC, FILE_MODE);
    return *fd >= 0 ? 0 : error_errno(e, errno, "cannot open %s", path);
}

static int damaged(const struct batch_rows *r, const char *name, struct error *e)
{
    return error_set(e, LAGAN_CORRUPT, ERROR_INTEGRITY,
                     "%s/%s is damaged: cancel the job and make another one", r->folder, name);
}

static int open_rows(struct batch_rows *r, struct error *e)
{
    uint8_t head[BATCH_ROWS_HEAD];
    int fd = -1;

    if (open_file(r, "rows", O_RDONLY, &fd, e) != 0)
        return -1;
    r->rows = fdopen(fd, "r");
    if (r->rows == NULL) {
        file_close(&fd);
        return error_no_memory(e, "rows");
    }
    if (fread(head, 1, sizeof(head), r->rows) != sizeof(head) ||
        memcmp(head, BATCH_ROWS_MAGIC, sizeof(BATCH_ROWS_MAGIC) - 1) != 0 ||
        load_u64(head + BATCH_ROWS_MAGIC_ROOM) != r->head.rows)
        return damaged(r, "rows", e);
    return 0;
}

static int open_marks(struct batch_rows *r, struct error *e)
{
    uint8_t head[BATCH_MARKS_HEAD];
    size_t got = 0;

    if (open_file(r, "marks", O_RDWR, &r->marks_fd, e) != 0 ||
        file_read_at(r->marks_fd, 0, head, sizeof(head), &got, "marks", e) != 0)
        return -1;
    if (flock(r->marks_fd, LOCK_EX | LOCK_NB) != 0)
        return error_set(e, LAGAN_BUSY, ERROR_LOCKED, "another process works on the job");
    if (got != sizeof(head) || decode_head(head, &r->head) != 0)
        return damaged(r, "marks", e);
    return 0;
}

struct batch_rows *batch_rows_open(const char *folder, struct error *e)
{
    struct batch_rows *r = calloc(1, sizeof(*r));

    if (r == NULL) {
        error_no_memory(e, "rows");
        return NULL;
    }
    r->magic = ROWS_MAGIC;
    r->marks_fd = r->report_fd = -1;
    pthread_mutex_init(&r->lock, NULL);
    r->folder = strdup(folder);
    if (r->folder == NULL)
        error_no_memory(e, "rows");
    else if (open_marks(r, e) == 0 && open_rows(r, e) == 0 &&
             open_file(r, "report.csv", O_RDWR | O_CREAT | O_APPEND, &r->report_fd, e) == 0 &&
             batch_rows_mend(r, e) == 0)
        return r;
    batch_rows_close(r);
    return NULL;
}

void batch_rows_close(struct batch_rows *r)
{
    if (r == NULL)
        return;
    OBJECT_CHECK(r, ROWS_MAGIC);
    if (r->rows != NULL)
        fclose(r->rows);
    buffer_free(&r->row);
    file_close(&r->report_fd);
    file_close(&r->marks_fd);
    pthread_mutex_destroy(&r->lock);
    free(r->folder);
    r->magic = 0;
    free(r);
}

struct batch_counts batch_rows_counts(const struct batch_rows *r)
{
    struct batch_rows *open = (struct batch_rows *)(uintptr_t)r;

    OBJECT_CHECK(r, ROWS_MAGIC);
    pthread_mutex_lock(&open->lock);
    struct batch_counts counts = r->head.counts;
    pthread_mutex_unlock(&open->lock);
    return counts;
}

uint64_t batch_rows_total(const struct batch_rows *r)
{
    OBJECT_CHECK(r, ROWS_MAGIC);
    return r->head.rows;
}

/* ---- one row after the other ---- */

/* The mark of the row that comes next; -1. */
static int mark_of_next(struct batch_rows *r, uint8_t *mark, struct error *e)
{
    size_t got = 0;

    if (r->next < r->marks_first || r->next >= r->marks_first + r->marks_count) {
        if (file_read_at(r->marks_fd, BATCH_MARKS_HEAD + r->next, r->marks, sizeof(r->marks),
                         &got, "marks", e) != 0)
            return -1;
        if (got == 0)
            return damaged(r, "marks", e);
        r->marks_first = r->next;
        r->marks_count = got;
    }
    *mark = r->marks[r->next - r->marks_first];
    return 0;
}

static int read_row(struct batch_rows *r, struct error *e)
{
    uint8_t size_bytes[4];

    if (fread(size_bytes, 1, sizeof(size_bytes), r->rows) != sizeof(size_bytes))
        return damaged(r, "rows", e);
    uint32_t size = load_u32(size_bytes);
    buffer_clear(&r->row);
    uint8_t *room = size <= BATCH_ROW_MOST ? buffer_reserve(&r->row, size) : NULL;
    if (room == NULL || fread(room, 1, size, r->rows) != size)
        return damaged(r, "rows", e);
    r->row.size = size;
    return 0;
}

static int decode_row(struct batch_rows *r, struct batch_row *row, struct error *e)
{
    struct reader reader = reader_of(r->row.data, r->row.size);
    size_t version_size = 0;

    row->bytes = reader_u64(&reader);
    row->key = reader_counted(&reader, &row->key_size);
    row->version = (const char *)reader_counted(&reader, &version_size);
    if (!reader_done(&reader) || version_size == 0 || row->version[version_size - 1] != '\0')
        return damaged(r, "rows", e);
    return 0;
}

int batch_rows_next(struct batch_rows *r, struct batch_row *row, struct error *e)
{
    uint8_t mark = BATCH_MARK_OPEN;

    OBJECT_CHECK(r, ROWS_MAGIC);
    while (r->next < r->head.rows) {
        if (mark_of_next(r, &mark, e) != 0 || read_row(r, e) != 0)
            return -1;
        uint64_t number = r->next++;
        if (mark > BATCH_MARK_BEGUN)
            continue;
        row->number = number;
        row->begun = mark == BATCH_MARK_BEGUN;
        return decode_row(r, row, e) == 0 ? 1 : -1;
    }
    return 0;
}

int batch_rows_begin(struct batch_rows *r, uint64_t number, struct error *e)
{
    static const uint8_t begun = BATCH_MARK_BEGUN;

    OBJECT_CHECK(r, ROWS_MAGIC);
    return write_at(r->marks_fd, &begun, 1, BATCH_MARKS_HEAD + number, e);
}

int batch_rows_end(struct batch_rows *r, uint64_t number, enum batch_mark mark, uint64_t bytes,
                   const struct buffer *line, struct error *e)
{
    OBJECT_CHECK(r, ROWS_MAGIC);
    if (buffer_check(line, e) != 0)
        return -1;
    pthread_mutex_lock(&r->lock);
    int result = file_write_all(r->report_fd, line->data, line->size, "the report", e);
    if (result == 0) {
        r->report_bytes += line->size;
        batch_rows_note(r, number, mark, bytes);
        if (r->pending_count == BATCH_PENDING_MOST || clock_boot_ns() - r->synced_ns > SYNC_NS)
            result = batch_rows_flush(r, e);
    }
    pthread_mutex_unlock(&r->lock);
    return result;
}

int batch_rows_sync(struct batch_rows *r, struct error *e)
{
    OBJECT_CHECK(r, ROWS_MAGIC);
    pthread_mutex_lock(&r->lock);
    int result = batch_rows_flush(r, e);
    pthread_mutex_unlock(&r->lock);
    return result;
}
