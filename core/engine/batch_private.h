/* SPDX-License-Identifier: Apache-2.0 */
/*
 * batch_private.h - the parts of batch jobs.
 *
 *     batch.c          what work comes next, by state
 *     batch_manage.c   made, confirmed, paused, resumed, cancelled
 *     batch_prepare.c  the manifest becomes rows
 *     batch_copy.c     rows become copies
 *     batch_row.c      one of them
 *     batch_finish.c   the report goes where it is wanted
 */
#ifndef CORE_ENGINE_BATCH_PRIVATE_H
#define CORE_ENGINE_BATCH_PRIVATE_H

#include "base/buffer.h"
#include "engine/batch.h"
#include "engine/batch_report.h"
#include "engine/object_copy.h"

#include <stdatomic.h>

/* A job at work. */
struct batch_at_work {
    struct setup *setup;
    struct catalog *catalog;
    struct catalog_batch *job;
    struct batch_plan *plan;
    char *folder;
    struct catalog_source *from, *to;
    struct object_ends *ends;
    char bucket[SOURCE_PLACE_SIZE]; /* of the source */
    const struct job_reporter *reporter;
};

/* Opens both ends, and fills in the bucket. */
int batch_open_ends(struct batch_at_work *w, struct error *e);
void batch_close_ends(struct batch_at_work *w);
/* State PREPARING: to READY or SUSPENDED. */
int batch_prepare(struct batch_at_work *w, struct error *e);
/* State ACTIVE: to COMPLETE, PAUSED, CANCELLING; what makes it fail is the error. */
int batch_copy(struct batch_at_work *w, struct error *e);
/* Writes the report to where the plan says. */
int batch_finish(struct batch_at_work *w, struct error *e);

/* The key that the source knows an object by: its name with slashes and its version, "" = the
 * current one.  INVALID. */
int batch_source_key(const struct source *from, const void *name, size_t size,
                     const char *version, struct buffer *key, struct error *e);

/* One row, copied by a thread. */
struct batch_copying {
    struct batch_at_work *work;
    struct batch_rows *rows;
    struct object_copy_options options;
    struct pace *pace;
    atomic_uint_fast64_t looked_bytes; /* of originals whose copy has begun or is made */
    bool careful;                      /* it is noted when a row is begun */
};
struct batch_todo {
    uint64_t number;
    struct buffer key; /* with slashes */
    char *version;
    bool begun;
};
/* 0 when the row has its line in the report, whatever became of it; -1 when the job cannot go
 * on: then the row is as it was. */
int batch_row_copy(struct batch_copying *c, const struct batch_todo *todo, struct error *e);

#endif
