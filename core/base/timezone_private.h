/* SPDX-License-Identifier: Apache-2.0 */
/* timezone_private.h - what the two halves of the time zones share: looking up, and decoding.
 */
#ifndef CORE_BASE_TIMEZONE_PRIVATE_H
#define CORE_BASE_TIMEZONE_PRIVATE_H

#include "base/timezone.h"

enum {
    TIMEZONE_DAY_SECONDS = 86400,
    TIMEZONE_OFFSET_LIMIT = 26 * 3600, /* no offset is further from UTC (RFC 9636, 3.2) */
    TIMEZONE_STEP_LIMIT = 65536
};

/* From a moment on another offset holds. */
struct timezone_step {
    int64_t at_s;
    int32_t offset_s;
};

/* When in a year summer time begins, or ends. */
struct timezone_date {
    char form; /* 'J': the day-th of 365, never Feb 29; 'N': from 0, with it; 'M': as follows */
    int month, week, day; /* 'M': the week-th such weekday of the month, 5 = the last */
    int32_t time_s;       /* of that day, on the clock that was valid until then */
};

/* The rule for all years to come. */
struct timezone_rule {
    int32_t standard_s, summer_s; /* offsets */
    bool has_summer;
    struct timezone_date begin, end; /* of summer time */
};

struct timezone {
    uint32_t magic;
    char *name;
    int32_t first_offset_s; /* before the first step */
    struct timezone_step *steps;
    size_t step_count;
    bool has_rule;
    int64_t rule_from_s; /* the rule holds from here on */
    struct timezone_rule rule;
};

/* An empty zone, always UTC. */
struct timezone *timezone_new(const char *name, struct error *e);
/* Reads "CET-1CEST,M3.5.0,M10.5.0/3": 0, or -1 when it is none. */
int timezone_rule_parse(const char *text, struct timezone_rule *rule);

#endif
