/* SPDX-License-Identifier: Apache-2.0 */
/* progress.h - the bar of a job: share done, bytes, files, rate, time left. */
#ifndef CORE_CLI_PROGRESS_H
#define CORE_CLI_PROGRESS_H

#include "base/text.h"
#include "engine/job.h"

struct progress {
    const char *title;  /* "backup" */
    const char *unit;   /* what is counted: "files" */
    int64_t started_ns; /* boot clock */
    int64_t drawn_ns;   /* 0 = never */
    uint64_t drawn_bytes;
    double rate; /* bytes a second, smoothed */
};

/* `title` and `unit` must last. */
void progress_begin(struct progress *p, const char *title, const char *unit);
/* Redraws at most ten times a second. */
void progress_update(struct progress *p, const struct job_progress *done);
void progress_end(struct progress *p);

/* The line of the bar, as it would be drawn `elapsed_ns` after the start. */
enum { PROGRESS_LINE_SIZE = 512 };
void progress_format(const struct progress *p, const struct job_progress *done,
                     int64_t elapsed_ns, char line[PROGRESS_LINE_SIZE]);

#endif
