/* SPDX-License-Identifier: Apache-2.0 */
/* retention_check.c - rules that cannot be, and deletions that are asked about first. */
#include "policy/retention.h"

#include <inttypes.h>
#include <stdio.h>

static const int64_t DAY_NS = INT64_C(86400000000000);

enum { MONTHS_MAX = 999 * 12 };

/* ---- rules ---- */

static int out_of_range(struct error *e, const char *name, int64_t value, int64_t most)
{
    return error_set(e, LAGAN_INVALID, ERROR_RETENTION,
                     "%s is 0 (no such rule) to %" PRId64 ", not %" PRId64, name, most, value);
}

static int check_ranges(const struct retention_rules *rules, struct error *e)
{
    const int64_t longest = INT64_MAX; /* 292 years; what is longer is given in years */
    const struct {
        const char *name;
        int64_t value, most, unit;
    } ranges[] = {{"keep-count", rules->count, RETENTION_COUNT_MAX, 1},
                  {"keep-time in days", rules->time_ns, longest, DAY_NS},
                  {"keep-time in months", rules->calendar_months, MONTHS_MAX, 1},
                  {"keep-min in days", rules->least_ns, longest, DAY_NS},
                  {"keep-failed", rules->failed, RETENTION_COUNT_MAX, 1},
#define X(member, name, period) {name, rules->member, RETENTION_PERIOD_MAX, 1},
                  RETENTION_PERIODS(X)
#undef X
    };
    for (size_t i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++) {
        if (ranges[i].value < 0 || ranges[i].value > ranges[i].most)
            return out_of_range(e, ranges[i].name, ranges[i].value / ranges[i].unit,
                                ranges[i].most / ranges[i].unit);
    }
    return 0;
}

int retention_check(const struct retention_rules *rules, struct error *e)
{
    bool time = rules->time_ns != 0 || rules->calendar_months != 0;
    if (check_ranges(rules, e) != 0)
        return -1;
    const struct {
        const char *name;
        bool given;
    } counts[] = {{"keep-count", rules->count > 0},
#define X(member, name, period) {name, rules->member > 0},
                  RETENTION_PERIODS(X)
#undef X
    };
    for (size_t i = 0; time && i < sizeof(counts) / sizeof(counts[0]); i++) {
        if (counts[i].given)
            return error_set(e, LAGAN_INVALID, ERROR_RETENTION,
                             "keep-time and %s exclude each other: backups go either when "
                             "their time has come, or when others have taken their place; "
                             "take one of the two away",
                             counts[i].name);
    }
    return 0;
}

bool retention_warns(const struct retention_rules *rules, char *text, size_t size)
{
    uint32_t periods = 0;
#define X(member, name, period) periods += rules->member;
    RETENTION_PERIODS(X)
#undef X
    if (rules->count + periods != 1)
        return false;
    snprintf(text, size,
             "only one backup is kept: when that one turns out to be bad, there is no other");
    return true;
}

/* ---- the brake ---- */

/* Fewer are never asked about. */
enum { BRAKE_BACKUPS = 10, BRAKE_ENTRIES = 100 };
static const uint64_t BRAKE_BYTES = 1 << 20;

/* More than half of what there was a day ago, new ones taken off. */
static bool is_burst(const struct retention_brake *f)
{
    uint64_t gone = f->going + f->went_lately;
    uint64_t loss = gone > f->came_lately ? gone - f->came_lately : 0;
    uint64_t before = f->backups + f->went_lately;
    before = before > f->came_lately ? before - f->came_lately : 0;
    return f->going > 0 && loss >= BRAKE_BACKUPS && loss > before / 2;
}

static bool is_drop(uint64_t newest, uint64_t typical, uint64_t least)
{
    return typical >= least && newest < typical / 2;
}

bool retention_brakes(const struct retention_brake *facts, char *reason, size_t size)
{
    if (is_burst(facts)) {
        snprintf(reason, size,
                 "%" PRIu64 " of %" PRIu64 " backups would go now, and %" PRIu64
                 " went within the last day",
                 facts->going, facts->backups, facts->went_lately);
        return true;
    }
    if (facts->going > 0 &&
        is_drop(facts->newest_entries, facts->typical_entries, BRAKE_ENTRIES)) {
        snprintf(reason, size,
                 "the newest backup has %" PRIu64 " entries, those before had %" PRIu64,
                 facts->newest_entries, facts->typical_entries);
        return true;
    }
    if (facts->going > 0 && is_drop(facts->newest_bytes, facts->typical_bytes, BRAKE_BYTES)) {
        snprintf(reason, size,
                 "the newest backup has %" PRIu64 " bytes, those before had %" PRIu64,
                 facts->newest_bytes, facts->typical_bytes);
        return true;
    }
    return false;
}
