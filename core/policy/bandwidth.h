/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bandwidth.h - how fast copying between regions, and the backups of policies, may be by time
 * of day.  Pure; any threads.
 *
 *     8:18:5120|18:22:20480     from 8 to 18 h 5 MiB/s, from 18 to 22 h 20 MiB/s, else no limit
 *
 * Ranges `start:end:rate`, joined by `|`: whole hours with 0 <= start < end <= 24, rates of 1
 * to 4294967295 KiB per second, in any order, none over another (SCH-12).
 */
#ifndef CORE_POLICY_BANDWIDTH_H
#define CORE_POLICY_BANDWIDTH_H

#include "base/error.h"

#include <stddef.h>
#include <stdint.h>

enum { BANDWIDTH_HOURS = 24 };

/* `{0}` has no limit. */
struct bandwidth {
    uint64_t bytes_per_second[BANDWIDTH_HOURS]; /* in the hour that starts then; 0 = no limit */
};

/* From the text above.  INVALID, code PARAMETER, with the range that is wrong. */
int bandwidth_parse(const char *text, struct bandwidth *bandwidth, struct error *e);
/* Bytes per second at a time of day in seconds since local midnight (a leap second or an hour
 * that daylight saving repeats counts as the last one); 0 = no limit. */
uint64_t bandwidth_rate(const struct bandwidth *bandwidth, unsigned second_of_day);
/* Seconds from that time of day until the rate may be another one, 1 to 3600. */
unsigned bandwidth_holds_s(unsigned second_of_day);

#endif
