/* SPDX-License-Identifier: Apache-2.0 */
/*
 * isolate_sandbox.h - what the process of an isolated driver may do.  Private to this room.
 *
 * In two steps, since a driver's paths are known only once it is configured: before the module
 * is loaded nothing may be gained any more (no new privileges, no debugging, no core files),
 * most capabilities go and a filter refuses system calls that no driver needs; before the
 * driver's `start` and `open` the remaining capabilities are cut down to those of the kind and
 * the mode, and files are limited to the driver's own paths, its libraries and what all
 * programs read.
 *
 * What the kernel lacks is left out, with a line for the log.  Each step holds for the calling
 * thread and those that it makes: both are taken before there are others.
 */
#ifndef CORE_DRIVER_ISOLATE_SANDBOX_H
#define CORE_DRIVER_ISOLATE_SANDBOX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Something that was left out, and why; one line. */
typedef void sandbox_say_function(const char *line);

/* The first step, for a driver of `kind` (enum lagan_kind). */
void sandbox_begin(uint32_t kind, sandbox_say_function *say);

/* The second: `paths` are the driver's parameters of type path; `flags`: LAGAN_OPEN_... of the
 * first open. */
void sandbox_seal(uint32_t kind, uint64_t flags, const char *const *paths, size_t count,
                  sandbox_say_function *say);

/* The capabilities (bits) that a driver of `kind` keeps when it is opened with `flags`. */
uint64_t sandbox_capabilities(uint32_t kind, uint64_t flags);

#endif
