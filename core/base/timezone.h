/* SPDX-License-Identifier: Apache-2.0 */
/*
 * timezone.h - times of clocks on walls, in any zone, without touching the process's own zone
 * (TZ and localtime are not thread-safe and serve one zone at a time).
 *
 * Zones are read from the system's compiled files (RFC 9636, versions 1 to 4), whose footer
 * gives the rule for all later years.  See doc/decisions/0009-time-zones.md.
 */
#ifndef CORE_BASE_TIMEZONE_H
#define CORE_BASE_TIMEZONE_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Immutable once loaded: any thread may read. */
struct timezone;

/* A reading of a clock on the wall. */
struct timezone_local {
    int year;       /* 1 to 9999 */
    int month, day; /* from 1 */
    int hour, minute, second;
    int weekday;        /* 0 = Sunday; set by timezone_local_of and timezone_weekday */
    int offset_seconds; /* east of UTC; set by timezone_local_of */
};

/*
 * Loads a zone by its IANA name ("Europe/Berlin"), "UTC", a fixed offset of less than a day
 * ("UTC+01:00", "UTC-3"; plus is east), or "local" (what /etc/localtime says; UTC without it).
 * TIME_ZONE when there is no such zone, or its file is damaged or counts leap seconds; names
 * never lead out of the zones' folder.  The caller frees it.
 */
int timezone_load(const char *name, struct timezone **zone, struct error *e);
/* The same from the bytes of a compiled file, for tests. */
int timezone_decode(const char *name, const void *data, size_t size, struct timezone **zone,
                    struct error *e);
/* NULL is fine. */
void timezone_free(struct timezone *zone);
/* As it was asked for. */
const char *timezone_name(const struct timezone *zone);

/* What the clock on the wall shows at `utc_s` seconds since 1970; beyond the years 1 to 9999,
 * what it shows at their end. */
struct timezone_local timezone_local_of(const struct timezone *zone, int64_t utc_s);

enum timezone_fit {
    TIMEZONE_ONCE,  /* the wall clock shows it once: `first` */
    TIMEZONE_TWICE, /* at `first`, and again at `second` */
    TIMEZONE_NEVER  /* it is skipped; `first` is the first moment behind the gap */
};
/* When the clock on the wall shows `local` (weekday and offset are not looked at). */
enum timezone_fit timezone_utc_of(const struct timezone *zone,
                                  const struct timezone_local *local, int64_t *first,
                                  int64_t *second);

/* A stretch of time in which the clocks on the wall run on without a jump. */
struct timezone_stretch {
    int64_t from_s, to_s;  /* from <= t < to; INT64_MIN and INT64_MAX: without end */
    int32_t offset_s;      /* in it */
    int32_t offset_before; /* just before from_s; neighbours may have the same */
};
/* The one that `utc_s` is in. */
struct timezone_stretch timezone_stretch_of(const struct timezone *zone, int64_t utc_s);

/* Days since 1970-01-01 of a date (month 1 to 12), and back (proleptic Gregorian).  The weekday
 * of a day is from 0 = Sunday. */
int64_t timezone_days_of(int year, int month, int day);
void timezone_date_of(int64_t days, int *year, int *month, int *day);
int timezone_weekday(int64_t days);

#endif
