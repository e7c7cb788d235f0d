/* SPDX-License-Identifier: Apache-2.0 */
/*
 * clock_shift.c - a module to be preloaded: moves the wall clock of a program by CLOCK_SHIFT
 * seconds, and what counts boot time by BOOT_SHIFT.  With CLOCK_RATE both run so many times as
 * fast, from CLOCK_BASE on (seconds since boot), in all processes alike.  What counts the
 * processor's time, and the clock that waits are measured by, stay.
 *
 * A program that drops LD_PRELOAD for what it starts keeps it, so that these have the same
 * time.
 */
#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static const char *shift_of(clockid_t clock)
{
    return clock == CLOCK_REALTIME   ? getenv("CLOCK_SHIFT")
           : clock == CLOCK_BOOTTIME ? getenv("BOOT_SHIFT")
                                     : NULL;
}

/* What the faster clocks are ahead by now. */
static double gained_s(void)
{
    const char *rate = getenv("CLOCK_RATE"), *base = getenv("CLOCK_BASE");
    struct timespec boot = {0};

    if (rate == NULL || base == NULL)
        return 0;
    syscall(SYS_clock_gettime, CLOCK_BOOTTIME, &boot);
    double passed = (double)boot.tv_sec + (double)boot.tv_nsec / 1e9 - strtod(base, NULL);
    return passed > 0 ? passed * (strtod(rate, NULL) - 1) : 0;
}

static void add(struct timespec *now, double seconds)
{
    time_t whole = (time_t)seconds;
    long ns = now->tv_nsec + (long)((seconds - (double)whole) * 1e9);

    now->tv_sec += whole + ns / 1000000000;
    now->tv_nsec = ns % 1000000000;
}

__attribute__((visibility("default"))) int clock_gettime(clockid_t clock, struct timespec *now)
{
    const char *shift = shift_of(clock);
    int result = (int)syscall(SYS_clock_gettime, clock, now);

    if (result != 0)
        return result;
    if (shift != NULL)
        now->tv_sec += strtol(shift, NULL, 10);
    if (clock == CLOCK_REALTIME || clock == CLOCK_BOOTTIME)
        add(now, gained_s());
    return 0;
}

__attribute__((visibility("default"))) int unsetenv(const char *name)
{
    int (*next)(const char *) = (int (*)(const char *))dlsym(RTLD_NEXT, "unsetenv");

    return strcmp(name, "LD_PRELOAD") == 0 ? 0 : next(name);
}
