/* SPDX-License-Identifier: Apache-2.0 */
/*
 * guardian.h - a small process that lets go what was frozen when nobody else does.
 *
 * It is forked before the first freeze and runs the thaw commands when its parent has died, or
 * has let a time limit pass.  It has a session of its own and minds no TERM, INT or HUP, so
 * that what ends its parent does not end it.
 *
 * Levels are numbered from the outermost in; they are thawed from the innermost out.
 */
#ifndef CORE_ENGINE_GUARDIAN_H
#define CORE_ENGINE_GUARDIAN_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct guardian;

/* How one level is thawed. */
struct guardian_thaw {
    const char *line;   /* for /bin/sh; NULL = nothing to be done */
    char **environment; /* all of it; ends with NULL */
    int64_t limit_ns;   /* then TERM, and KILL a second later; 0 = none */
};

/* Starts it.  `thaws` and all they point to are needed until this returns.  The caller ends it
 * with guardian_end. */
struct guardian *guardian_start(const struct guardian_thaw *thaws, size_t count,
                                struct error *e);
/* `level` is about to be frozen: from now on it is thawed when its parent dies, or says nothing
 * more for `limit_ns`. */
void guardian_begin(struct guardian *g, size_t level, int64_t limit_ns);
/* A freeze is at work in this process group (0 = not any more): the guardian ends it before it
 * thaws, so that nothing is frozen behind a thaw. */
void guardian_watch(struct guardian *g, pid_t group);
/* All is frozen; it may stay so for `limit_ns`. */
void guardian_hold(struct guardian *g, int64_t limit_ns);
/* The caller thaws now, within `limit_ns`: true; or false when the guardian has done it, or is
 * about to, because the limit has passed. */
bool guardian_take(struct guardian *g, int64_t limit_ns);
/* The caller has thawed `level`. */
void guardian_thawed(struct guardian *g, size_t level);
/* Its work is over; waits for its end and frees it.  0, or -1 when one of its own thaws failed.
 * NULL is fine. */
int guardian_end(struct guardian *g);

#endif
