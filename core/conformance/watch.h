/* SPDX-License-Identifier: Apache-2.0 */
/*
 * watch.h - looks from outside at what a process asks the kernel for, to see whether bytes that
 * are said to be durable were ever handed to the device.
 *
 * The process and all that it starts run under a filter (seccomp user notification) that
 * reports writes and syncs of files to this process and lets them go on.  After a flush every
 * file below the place that was written meanwhile must have been synced since (fsync,
 * fdatasync, syncfs, sync, or O_SYNC/O_DSYNC), and so must each folder in which its name, or
 * one above it, is new.  Only drivers whose place is a folder of this machine can be seen so.
 */
#ifndef CORE_CONFORMANCE_WATCH_H
#define CORE_CONFORMANCE_WATCH_H

#include "conformance/case.h"

/*
 * Runs `function` in a child under watch; it calls watch_mark when what it did before must be
 * durable.  The marks are judged against the folder `place`; a lie fails the case.  Skips the
 * case where watching is not allowed.
 */
void watch_run(struct trial *t, const char *place,
               void (*function)(struct trial *t, void *context), void *context);
/* In the child: all before this is said to be durable. */
void watch_mark(struct trial *t);

#endif
