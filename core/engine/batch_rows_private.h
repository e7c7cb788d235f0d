/* SPDX-License-Identifier: Apache-2.0 */
/*
 * batch_rows_private.h - the parts of a batch job's folder.
 *
 *     batch_rows_write.c  rows, written once
 *     batch_rows.c        rows, marks and report while the job is at work
 *     batch_rows_mend.c   what an earlier process has left
 */
#ifndef CORE_ENGINE_BATCH_ROWS_PRIVATE_H
#define CORE_ENGINE_BATCH_ROWS_PRIVATE_H

#include "engine/batch_rows.h"

#include <pthread.h>
#include <stdio.h>

#define BATCH_ROWS_MAGIC "lagan batch rows 1\n"
#define BATCH_MARKS_MAGIC "lagan marks 1\n"
enum {
    BATCH_ROWS_HEAD = 48,
    BATCH_ROWS_MAGIC_ROOM = 32,
    BATCH_MARKS_HEAD = 64,
    BATCH_MARKS_MAGIC_ROOM = 16,
    BATCH_ROW_MOST = 128 * 1024,
    BATCH_PENDING_MOST = 4096
};

/* The head of the marks. */
struct batch_marks_head {
    uint64_t rows;
    uint64_t report_bytes; /* of the report, that the marks and these counts are true for */
    struct batch_counts counts;
};

struct batch_rows {
    uint32_t magic;
    char *folder;
    FILE *rows;
    uint64_t next; /* number of the row to be read next */
    struct buffer row;
    uint8_t marks[4096]; /* of rows from `marks_first` on */
    uint64_t marks_first;
    size_t marks_count;
    int marks_fd, report_fd, lock_fd;
    pthread_mutex_t lock; /* guards what follows */
    struct batch_marks_head head;
    uint64_t report_bytes; /* written */
    int64_t synced_ns;
    size_t pending_count;
    struct {
        uint64_t number;
        uint8_t mark;
    } pending[BATCH_PENDING_MOST]; /* ended, and not noted among the marks yet */
};

/* The path of a file in the folder; allocated. */
char *batch_path(const char *folder, const char *name, struct error *e);
void batch_head_encode(const struct batch_marks_head *head, uint8_t bytes[BATCH_MARKS_HEAD]);
/* Makes fresh marks for `rows` rows and takes the report away. */
int batch_marks_create(const char *folder, uint64_t rows, struct error *e);
/* Reads what the report tells behind what the marks know, and cuts a line that is not whole. */
int batch_rows_mend(struct batch_rows *r, struct error *e);
/* With the lock. */
int batch_rows_note(struct batch_rows *r, uint64_t number, enum batch_mark mark,
                    uint64_t bytes);
int batch_rows_flush(struct batch_rows *r, struct error *e);

#endif
