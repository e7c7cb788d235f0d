/* SPDX-License-Identifier: Apache-2.0 */
/*
 * clock.h - the one seam through which the core reads time and sleeps.
 *
 * Wall-clock time is for names and people; deadlines and intervals use the boot clock.  Tests
 * replace the functions with clock_override.
 */
#ifndef CORE_BASE_CLOCK_H
#define CORE_BASE_CLOCK_H

#include <pthread.h>
#include <stdint.h>

/* Nanoseconds since 1970-01-01 UTC. */
int64_t clock_wall_ns(void);
/* Nanoseconds of CLOCK_BOOTTIME. */
int64_t clock_boot_ns(void);

/* Waits on the condition, as pthread_cond_wait does, for at most `wait_ns`, which no change of
 * the wall clock stretches. */
void clock_wait(pthread_cond_t *condition, pthread_mutex_t *lock, int64_t wait_ns);

enum { CLOCK_BOOT_ID_SIZE = 40 };
/* The name of the present boot of this machine, as random(4) gives it; empty when it cannot be
 * told. */
void clock_boot_id(char id[CLOCK_BOOT_ID_SIZE]);

/* Replaces the wall clock for tests; NULL restores the real one.  Call before threads exist. */
void clock_override(int64_t (*wall_ns)(void));
/* The same for the boot clock and the name of the boot (not copied). */
void clock_override_boot(int64_t (*boot_ns)(void), const char *boot_id);

enum { CLOCK_TEXT_SIZE = 32 };
/* "2026-11-21T07:56:58Z" of `wall_ns` into `text`. */
void clock_format_utc(int64_t wall_ns, char text[CLOCK_TEXT_SIZE]);
/* "20261121t075658z": lower case, for object names. */
void clock_format_name(int64_t wall_ns, char text[CLOCK_TEXT_SIZE]);
/* "2026-11-21 08:56:58" in the local time zone, for tables. */
void clock_format_local(int64_t wall_ns, char text[CLOCK_TEXT_SIZE]);

#endif
