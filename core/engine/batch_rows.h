/* SPDX-License-Identifier: Apache-2.0 */
/*
 * batch_rows.h - the rows of a batch job and what became of each, in the job's folder: cheap
 * for ten million rows, and right whenever the process is killed.
 *
 *     rows         all rows, written once: "lagan batch rows 1\n" padded to 32 bytes, then
 *                  number of rows and sum of bytes (u64 each, 48 bytes in all); for each row
 *                  its length (u32), its bytes (u64), key and version (counted)
 *     marks        64 bytes of head, then one byte for each row: enum batch_mark
 *     report.csv   a line for each operation, appended when it has ended
 *
 * The report is written first and is what counts: the head of the marks says up to which byte
 * of it they are true, and what comes behind is taken from the report when a process begins.
 * Thus an operation has one line, however often its job was killed.
 */
#ifndef CORE_ENGINE_BATCH_ROWS_H
#define CORE_ENGINE_BATCH_ROWS_H

#include "base/buffer.h"

#include <stdbool.h>

/* What became of a row; X(symbol, byte, word in the report). */
#define BATCH_MARKS(X)                                                                         \
    X(OPEN, 0, "")                                                                             \
    X(BEGUN, 1, "")                                                                            \
    X(SUCCEEDED, 2, "succeeded")                                                               \
    X(SKIPPED, 3, "skipped")                                                                   \
    X(FAILED, 4, "failed")
enum batch_mark {
#define X(symbol, byte, word) BATCH_MARK_##symbol = byte,
    BATCH_MARKS(X)
#undef X
        BATCH_MARK_COUNT
};
const char *batch_mark_word(enum batch_mark mark);

enum { BATCH_UNSORTED_MOST = 4 * 1024 * 1024 };

/* ---- writing the rows ---- */

struct batch_rows_writer;
/* Starts `rows` in the folder (made when absent, mode 0700). */
struct batch_rows_writer *batch_rows_create(const char *folder, struct error *e);
/* BAT-14: MANIFEST when the key was there already.  Rows in the order of their keys cost no
 * memory; others up to 64 MiB, and more than BATCH_UNSORTED_MOST of them are refused. `where`
 * and `line` for the message. */
int batch_rows_add(struct batch_rows_writer *w, const void *key, size_t key_size,
                   const char *version, uint64_t bytes, const char *where, uint64_t line,
                   struct error *e);
uint64_t batch_rows_bytes(const struct batch_rows_writer *w);
/* Makes them durable and gives them their name; with fresh marks and an empty report. Frees
 * `w`, also on failure. */
int batch_rows_commit(struct batch_rows_writer *w, uint64_t *count, uint64_t *bytes,
                      struct error *e);
void batch_rows_abort(struct batch_rows_writer *w);
/* BAT-27: the rows of another job's folder, whose open and failed ones are open now; those that
 * it has done are done.  `*open` and `*open_bytes` are what is left. */
int batch_rows_inherit(const char *folder, const char *from, uint64_t *open,
                       uint64_t *open_bytes, struct error *e);

/* ---- working on them ---- */

struct batch_counts {
    uint64_t succeeded, failed, skipped, bytes;
};
struct batch_row {
    uint64_t number; /* from 0 */
    uint64_t bytes;  /* as the manifest says; 0 = it does not */
    const void *key;
    size_t key_size;
    const char *version; /* terminated; "" = the current one */
    bool begun;          /* an earlier process has begun it, and nobody knows what came of it */
};
struct batch_rows;
/* Opens the folder; what an earlier process left is put right.  One process at a time. */
struct batch_rows *batch_rows_open(const char *folder, struct error *e);
void batch_rows_close(struct batch_rows *r);
struct batch_counts batch_rows_counts(const struct batch_rows *r);
uint64_t batch_rows_total(const struct batch_rows *r);
/* The next row that is open, in the order of the manifest: 1, 0 at the end, -1.  `*row` is
 * valid until the next call.  One thread; the others may be called from any. */
int batch_rows_next(struct batch_rows *r, struct batch_row *row, struct error *e);
/* Notes that the row is begun. */
int batch_rows_begin(struct batch_rows *r, uint64_t number, struct error *e);
/* Appends `line` (a whole line of CSV whose last three cells are the word of the mark's row
 * number, mark and bytes as batch_report.h has them) and sets the mark. */
int batch_rows_end(struct batch_rows *r, uint64_t number, enum batch_mark mark, uint64_t bytes,
                   const struct buffer *line, struct error *e);
/* Makes durable what has ended so far.  Called by batch_rows_end about once a second. */
int batch_rows_sync(struct batch_rows *r, struct error *e);

#endif
