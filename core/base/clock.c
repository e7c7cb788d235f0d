/* SPDX-License-Identifier: Apache-2.0 */
/* clock.c - reading the clocks and writing times for people and for object names. */
#include "base/clock.h"
#include "base/file.h"
#include "base/object.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

static const int64_t NS_PER_SECOND = 1000000000;

static int64_t (*overriding_wall_ns)(void);
static int64_t (*overriding_boot_ns)(void);
static const char *overriding_boot_id;

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
    return overriding_boot_ns != NULL ? overriding_boot_ns() : read_clock(CLOCK_BOOTTIME);
}

void clock_boot_id(char id[CLOCK_BOOT_ID_SIZE])
{
    CLEANUP_BUFFER struct buffer text = BUFFER_INIT;
    struct error ignored = ERROR_INIT;
    size_t size = 0;

    id[0] = '\0';
    if (overriding_boot_id != NULL) {
        snprintf(id, CLOCK_BOOT_ID_SIZE, "%s", overriding_boot_id);
        return;
    }
    if (file_read("/proc/sys/kernel/random/boot_id", 64, &text, &ignored) != 0)
        return;
    while (size < text.size && size < CLOCK_BOOT_ID_SIZE - 1 && text.data[size] > ' ')
        size++;
    if (size > 0)
        memcpy(id, text.data, size);
    id[size] = '\0';
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

void clock_override_boot(int64_t (*boot_ns)(void), const char *boot_id)
{
    overriding_boot_ns = boot_ns;
    overriding_boot_id = boot_id;
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
