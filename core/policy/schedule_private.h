/* SPDX-License-Identifier: Apache-2.0 */
/* schedule_private.h - what the files of the schedules share: the rule that all forms with
 * times of day become, and the parser. */
#ifndef CORE_POLICY_SCHEDULE_PRIVATE_H
#define CORE_POLICY_SCHEDULE_PRIVATE_H

#include "base/buffer.h"
#include "policy/schedule.h"

enum {
    SCHEDULE_FIRST_YEAR = 1970,
    SCHEDULE_YEARS = 292, /* so that nanoseconds fit in 64 bits */
    SCHEDULE_YEAR_WORDS = (SCHEDULE_YEARS + 63) / 64,
    SCHEDULE_TIMES_LIMIT = 24, /* a day (SCH-05) */
    SCHEDULE_TEXT_LIMIT = 10240,
    SCHEDULE_DAY_SECONDS = 86400
};

/* Dates and times of day.  Sets are bits: bit n stands for n. */
struct schedule_rule {
    uint64_t years[SCHEDULE_YEAR_WORDS]; /* bit 0 = SCHEDULE_FIRST_YEAR */
    uint64_t months;                     /* 1 to 12 */
    uint64_t days;                       /* 1 to 31 */
    uint64_t weekdays;                   /* 0 = Sunday */
    bool from_end;                       /* days count from the end of the month, 1 = last */
    bool either;                         /* one of days and weekdays is enough */
    unsigned every;                      /* only each n-th day from the anchor's on; 0 = all */
    /* Times of day: a list of seconds since midnight, or, when that is empty, sets. */
    int times[SCHEDULE_TIMES_LIMIT];
    size_t time_count;
    uint64_t hours, minutes, seconds;
    bool repeats; /* runs in both when the clock shows a time twice */
};

/* All dates, no time. */
void schedule_rule_init(struct schedule_rule *rule);
/* The first second on the clock on the wall (since 1970, as if in UTC) at or after `low` that
 * fits; false when there is none.  `anchor_day`: days since 1970, for `every`. */
bool schedule_rule_next(const struct schedule_rule *rule, int64_t anchor_day, int64_t low,
                        int64_t *wall);

struct schedule {
    uint32_t magic;
    char *text;
    int64_t anchor_ns;
    int64_t begin_ns;    /* no slot before it */
    int64_t interval_ns; /* 0 = the rule counts */
    struct schedule_rule rule;
};

/* A text being read: lower case, every white space a space. */
struct schedule_parser {
    const char *whole;       /* as given, for messages */
    const char *text;        /* with the same positions */
    size_t at;               /* from 0 */
    struct buffer canonical; /* what was read, in canonical form */
    struct error *e;
};
/* The character at hand; 0 at the end. */
char schedule_peek(const struct schedule_parser *p);
/* SCHEDULE: "at character N: expected ...".  Returns -1. */
int schedule_expected(struct schedule_parser *p, const char *what);
/* The same at another place. */
int schedule_expected_at(struct schedule_parser *p, size_t at, const char *what);
/* Goes over one `c`; false when there is another character. */
bool schedule_take(struct schedule_parser *p, char c);
bool schedule_take_word(struct schedule_parser *p, const char *word);
void schedule_skip_spaces(struct schedule_parser *p);
/* A number in digits within the range; `what` is expected otherwise. */
int schedule_take_number(struct schedule_parser *p, int low, int high, const char *what,
                         int *number);
/* The end of the text, behind spaces. */
int schedule_take_end(struct schedule_parser *p);
/* One of `count` names, whole or its first three letters: its index, or -1. */
int schedule_take_name(struct schedule_parser *p, const char *const *long_names, size_t count);
extern const char *const schedule_weekdays[7]; /* long, lower case, from sunday */
extern const char *const schedule_months[12];
/* "mon,wed..fri" up to a space or the end; canonical with a space in front. */
int schedule_take_weekdays(struct schedule_parser *p, uint64_t *days);
/* The set of low to high, 0 to 63. */
uint64_t schedule_bits(int low, int high);

/* One item of a list: `*`, a number or a name, a range, each with `/` and a step behind it. */
struct schedule_item {
    int first, last, step;
    bool one;  /* only first, which is last too */
    bool wild; /* has a `*`, a `/` or a range */
};
/* What items of a list may be. */
struct schedule_field {
    int low, high;
    const char *range;        /* between the ends of a range: "-" or ".." */
    const char *what;         /* is expected */
    const char *const *names; /* the first one stands for `low`; NULL = none */
    size_t name_count;
};
/* The order of first and last is not looked at. */
int schedule_take_item(struct schedule_parser *p, const struct schedule_field *field,
                       struct schedule_item *item);
/* A list of items, joined by commas, as a set; `*wild` becomes true when an item is. */
int schedule_take_set(struct schedule_parser *p, const struct schedule_field *field,
                      uint64_t *set, bool *wild);

/* The forms, behind their first word. */
int schedule_parse_calendar(struct schedule_parser *p, struct schedule_rule *rule);
int schedule_parse_cron(struct schedule_parser *p, struct schedule_rule *rule);

#endif
