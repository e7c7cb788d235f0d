/* SPDX-License-Identifier: Apache-2.0 */
/* expire_window.c - the hours of the day in which backups are let go. */
#include "engine/expire.h"

#include <stdio.h>
#include <string.h>

enum { DAY_SECONDS = 86400 };
#define SECOND_NS INT64_C(1000000000)

/* Seconds of the day; an end before the start lies behind midnight. */
struct hours {
    int start, end;
};

static bool parse_time(const char *text, int *seconds)
{
    unsigned hour = 0, minute = 0;
    int length = 0;
    if (sscanf(text, "%2u:%2u%n", &hour, &minute, &length) != 2 || text[length] != '\0' ||
        minute > 59 || hour > 24 || (hour == 24 && minute != 0))
        return false;
    *seconds = (int)(hour * 3600 + minute * 60);
    return true;
}

static bool parse(const char *window, struct hours *hours)
{
    char text[16];
    snprintf(text, sizeof(text), "%s", window);
    char *dash = strchr(text, '-');
    if (!dash || strlen(window) >= sizeof(text))
        return false;
    *dash = '\0';
    return parse_time(text, &hours->start) && parse_time(dash + 1, &hours->end) &&
           hours->start != hours->end && hours->start < DAY_SECONDS;
}

int expire_window_check(const char *window, struct error *e)
{
    struct hours hours;
    if (!window || parse(window, &hours))
        return 0;
    return error_set(e, LAGAN_INVALID, ERROR_CONFIG,
                     "the window '%.40s' is not like 08:00-20:00", window);
}

bool expire_window_open(const char *window, int64_t wall_ns, int64_t *opens_ns)
{
    struct hours hours;
    struct timezone *zone = NULL;
    struct error ignored = ERROR_INIT;
    int64_t opens = wall_ns;
    bool open = true;
    if (window && parse(window, &hours) && timezone_load("local", &zone, &ignored) == 0) {
        struct timezone_local local = timezone_local_of(zone, wall_ns / SECOND_NS);
        int now = local.hour * 3600 + local.minute * 60 + local.second;
        open = hours.start < hours.end ? now >= hours.start && now < hours.end
                                       : now >= hours.start || now < hours.end;
        if (!open)
            opens += (hours.start - now + (hours.start < now ? DAY_SECONDS : 0)) * SECOND_NS;
    }
    timezone_free(zone);
    if (opens_ns)
        *opens_ns = opens;
    return open;
}
