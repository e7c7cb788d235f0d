/* SPDX-License-Identifier: Apache-2.0 */
/* trial_private.h - the seam between the process that runs the suite and those of the cases. */
#ifndef CORE_CONFORMANCE_TRIAL_PRIVATE_H
#define CORE_CONFORMANCE_TRIAL_PRIVATE_H

#include "conformance/case.h"

#include <stdatomic.h>

enum {
    TRIAL_ASKED_SIZE = 512,
    TRIAL_LOOK_SIZE = 128,
    TRIAL_CAME_SIZE = 1600,
    /* One message fits into one atomic write to a pipe. */
    TRIAL_MESSAGE_SIZE = 4096
};

/* Messages of a case: a byte that says which, then texts, each with its terminator. */
enum trial_message {
    TRIAL_DONE = 'D', /* the function returned */
    TRIAL_FAIL = 'F', /* asked, look, came */
    TRIAL_SKIP = 'S', /* why */
    TRIAL_NOTE = 'N'  /* a line */
};

/* Statuses of processes that have given their verdict. */
enum { TRIAL_STATUS_FAILED = 71, TRIAL_STATUS_SKIPPED = 77 };

struct trial_verdict {
    char asked[TRIAL_ASKED_SIZE];
    char look[TRIAL_LOOK_SIZE];
    char came[TRIAL_CAME_SIZE];
};

struct trial_shared {
    atomic_ulong ticks;
    atomic_flag writing;          /* of `asked` */
    char asked[TRIAL_ASKED_SIZE]; /* what was asked last, on some thread */
    struct trial_verdict attempt; /* of the last trial_attempt that failed */
};

/* What the parent learns. */
struct trial_end {
    bool done, failed, skipped;
    struct trial_verdict verdict; /* of a skipped case: `came` */
    char notes[2048];
    char output[2048]; /* what went to standard output and error */
    double seconds;
};

/* Runs `t` (request, row, kind, prefix and suffix are set) in a child to its end.  -1 when
 * there can be no child, or the run was interrupted. */
int trial_run(struct trial *t, struct trial_end *end, struct error *e);

/* In children. */

/* Makes this process one of the case: signals, the way to cancel, what a death of the parent
 * means. */
void trial_become_child(struct trial *t, pid_t parent);
/* What was asked on this thread. */
const char *trial_last_asked(void);
/* Notes the error of a call that went through the host's functions. */
void call_note_error(const struct error *e);

#endif
