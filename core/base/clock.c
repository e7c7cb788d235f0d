/* SPDX-License-Identifier: Apache-2.0 */
/* clock.c - reading the clocks and writing times for people and for object names. */
#include "base/clock.h"
#include "base/object.h"

#include <stddef.h>
#include <time.h>

static const int64_t NS_PER_SECOND = 1000000000;

static int64_t (*overriding_wall_ns)(void);

static int64_t read_clock(clockid_t clock)
{
    struct timespec now;

    ASSERT(clock_gettime(clock, &now) == 0);
    return now.tv_sec * NS_PER_SECOND + now.tv_nsec;
}

int64_t clock_wall_ns(void)
{
    return overriding_wall_ns != NULL ? overriding_wall_ns() : read_clock(CLOCK_REALTIME);
}

int64_t clock_boot_ns(void)
{
    return read_clock(CLOCK_BOOTTIME);
}

void clock_wait(pthread_cond_t *condition, pthread_mutex_t *lock, int64_t wait_ns)
{
    int64_t until_ns = read_clock(CLOCK_MONOTONIC) + wait_ns;
    struct timespec until = {.tv_sec = until_ns / NS_PER_SECOND,
                             .tv_nsec = until_ns % NS_PER_SECOND};

    pthread_cond_clockwait(condition, lock, CLOCK_MONOTONIC, &until);
}

void clock_override(int64_t (*wall_ns)(void))
{
    overriding_wall_ns = wall_ns;
}

/* Whole seconds, rounded down before 1970 as well. */
static time_t seconds_of(int64_t wall_ns)
{
    int64_t seconds = wall_ns / NS_PER_SECOND;

    return wall_ns % NS_PER_SECOND < 0 ? seconds - 1 : seconds;
}

void clock_format_utc(int64_t wall_ns, char text[CLOCK_TEXT_SIZE])
{
    time_t seconds = seconds_of(wall_ns);
    struct tm t;

    ASSERT(gmtime_r(&seconds, &t) != NULL);
    strftime(text, CLOCK_TEXT_SIZE, "%Y-%m-%dT%H:%M:%SZ", &t);
}

void clock_format_name(int64_t wall_ns, char text[CLOCK_TEXT_SIZE])
{
    time_t seconds = seconds_of(wall_ns);
    struct tm t;

    ASSERT(gmtime_r(&seconds, &t) != NULL);
    strftime(text, CLOCK_TEXT_SIZE, "%Y%m%dt%H%M%Sz", &t);
}

void clock_format_local(int64_t wall_ns, char text[CLOCK_TEXT_SIZE])
{
    time_t seconds = seconds_of(wall_ns);
    struct tm t;

    ASSERT(localtime_r(&seconds, &t) != NULL);
    strftime(text, CLOCK_TEXT_SIZE, "%Y-%m-%d %H:%M:%S", &t);
}
