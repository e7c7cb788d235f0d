/* SPDX-License-Identifier: Apache-2.0 */
/* program_private.h - what program.c and program_call.c share. */
#ifndef PLUGINS_COMMON_PROGRAM_PRIVATE_H
#define PLUGINS_COMMON_PROGRAM_PRIVATE_H

#include "common/program.h"

/* A process, or the place for one.  Whoever has set `busy` has all of it; `busy`, `life`,
 * `marked` and whether `talk` is open are looked at under the lock of the program. */
struct program_process {
    struct exec_process exec;
    int talk;      /* our end of the socket pair; -1 = it does not run */
    uint64_t life; /* counts its starts */
    bool busy;
    bool marked;
    char *in; /* what came and was not taken */
    size_t in_size;
    size_t in_at;
    size_t in_room;
    size_t searched; /* behind in_at: no newline */
};

struct program {
    const struct program_settings *settings;
    pthread_mutex_t lock;
    pthread_cond_t freed;
    bool started;    /* the first process was */
    bool lost_marks; /* a marked process has ended */
    struct program_process processes[PROGRAM_PROCESS_LIMIT];
};

int64_t program_now_ns(void);
/* Sends all of it. */
uint32_t program_send_bytes(struct program_call *c, const void *data, size_t size);

#endif
