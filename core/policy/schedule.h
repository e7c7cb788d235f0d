/* SPDX-License-Identifier: Apache-2.0 */
/*
 * schedule.h - from a schedule's text to its times.  Pure: no clock, no files.
 *
 * Forms (words may be in any case; lists without spaces):
 *
 *     daily 02:00[,14:30]              every day at these times
 *     every 3 days 02:00               every n-th day (1 to 30), counted from the anchor's day
 *     weekly mon,thu 22:00             on these days of the week
 *     calendar Mon..Fri *-*-1..7 06:00 a calendar expression of systemd.time(7)
 *     cron 30 2 * * 1-5                five fields as in crontab(5), names and @daily too
 *     interval 6h                      every so long, 1 s to 3660 d, counted from the anchor
 *     I|1700000000|PT6H                the same with its own anchor, ISO 8601 without years
 *                                      and months
 *     C|1700000000|30 2 * * *          cron, beginning at that time
 *
 * Calendar expressions have no zone at their end (the setting `zone` has) and whole seconds.
 * Cron: when both days of month and days of week are restricted (neither begins with `*`), one
 * that fits is enough.
 *
 * daily, every and weekly have at most 24 times a day, at least an hour apart, also across
 * midnight (SCH-05).
 *
 * Summer time: a time that a day does not have is taken at the first moment behind the gap.  A
 * time that a day has twice counts once, the first time - but cron and calendar forms that have
 * a `*`, a `/` or a range in their hours, minutes or seconds follow the time that passes, and
 * run in both.  Intervals know no zones.  Two times that fall on one moment are one slot.
 */
#ifndef CORE_POLICY_SCHEDULE_H
#define CORE_POLICY_SCHEDULE_H

#include "base/timezone.h"

#include <stdbool.h>

/* Immutable once made. */
struct schedule;

/* Parses a text of at most 10,240 bytes.  `anchor_ns`: what days and intervals are counted
 * from, by custom the policy's creation.  SCHEDULE: the message quotes the text and says at
 * which character (from 1) what was expected. */
int schedule_parse(const char *text, int64_t anchor_ns, struct schedule **schedule,
                   struct error *e);
/* NULL is fine. */
void schedule_free(struct schedule *schedule);
/* The canonical text; belongs to the schedule. */
const char *schedule_text(const struct schedule *schedule);

/* The first slot strictly after `after_ns`, in nanoseconds since 1970: true, or false when
 * there is none (from 1970 to 2261: the nanoseconds of later years do not fit).  What it costs
 * does not grow with the time until then. */
bool schedule_next(const struct schedule *schedule, const struct timezone *zone,
                   int64_t after_ns, int64_t *slot_ns);
/* The last slot in (after, until]; false when there is none.  A few dozen times the cost of
 * schedule_next, however many there are. */
bool schedule_last(const struct schedule *schedule, const struct timezone *zone,
                   int64_t after_ns, int64_t until_ns, int64_t *slot_ns);
/* The number of slots in (after, until], counting at most `limit`. */
uint64_t schedule_count(const struct schedule *schedule, const struct timezone *zone,
                        int64_t after_ns, int64_t until_ns, uint64_t limit);

#endif
