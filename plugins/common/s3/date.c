/* SPDX-License-Identifier: Apache-2.0 */
/*
 * date.c - dates of HTTP and of XML.  No locale and no time zone of the process has a part in
 * it.
 *
 * Source: RFC 9110, section 5.6.7; ISO 8601 as S3 writes it.
 */
#include "common/s3/s3_private.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

enum { YEAR_LEAST = 1970, YEAR_MOST = 2261 }; /* what nanoseconds in 64 bits can hold */

#define SECOND_NS INT64_C(1000000000)

static bool time_of(int year, int month, int day, int hour, int minute, int second, int64_t *ns)
{
    static const int days[] = {31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    struct tm parts = {.tm_year = year - 1900,
                       .tm_mon = month - 1,
                       .tm_mday = day,
                       .tm_hour = hour,
                       .tm_min = minute,
                       .tm_sec = second};
    if (year < YEAR_LEAST || year > YEAR_MOST || month < 1 || month > 12 || day < 1 ||
        day > days[month - 1] || hour < 0 || hour > 23 || minute < 0 || minute > 59 ||
        second < 0 || second > 60)
        return false;
    *ns = (int64_t)timegm(&parts) * SECOND_NS;
    return true;
}

/* 1 to 12, or 0. */
static int month_of(const char *name)
{
    static const char names[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    for (int i = 0; i < 12; i++)
        if (strncmp(names + 3 * i, name, 3) == 0)
            return i + 1;
    return 0;
}

bool s3_http_date(const char *text, int64_t *ns)
{
    const char *comma = strchr(text, ',');
    char month[4] = "";
    int year = 0;
    int day = 0;
    int hour = 0;
    int minute = 0;
    int second = 0;
    if (comma && sscanf(comma + 1, " %2d %3s %4d %2d:%2d:%2d", &day, month, &year, &hour,
                        &minute, &second) == 6)
        return time_of(year, month_of(month), day, hour, minute, second, ns);
    if (comma && sscanf(comma + 1, " %2d-%3[A-Za-z]-%4d %2d:%2d:%2d", &day, month, &year, &hour,
                        &minute, &second) == 6)
        return time_of(year < 70    ? year + 2000
                       : year < 100 ? year + 1900
                                    : year,
                       month_of(month), day, hour, minute, second, ns);
    if (!comma && sscanf(text, "%*3s %3s %2d %2d:%2d:%2d %4d", month, &day, &hour, &minute,
                         &second, &year) == 6)
        return time_of(year, month_of(month), day, hour, minute, second, ns);
    return false;
}

/* Nanoseconds of ".123": `*end` behind it. */
static int64_t take_fraction(const char *text, const char **end)
{
    int64_t ns = 0;
    int64_t unit = SECOND_NS;
    if (*text == '.')
        for (text++; *text >= '0' && *text <= '9'; text++) {
            unit /= 10;
            ns += (*text - '0') * unit;
        }
    *end = text;
    return ns;
}

bool s3_iso_date(const char *text, int64_t *ns)
{
    int year;
    int month;
    int day;
    int hour;
    int minute;
    int second;
    int used = 0;
    int64_t whole;
    if (sscanf(text, "%4d-%2d-%2dT%2d:%2d:%2d%n", &year, &month, &day, &hour, &minute, &second,
               &used) != 6 ||
        used == 0 || !time_of(year, month, day, hour, minute, second, &whole))
        return false;
    const char *end;
    int64_t fraction = take_fraction(text + used, &end);
    if (strcmp(end, "Z") != 0 && strcmp(end, "+00:00") != 0)
        return false;
    *ns = whole + fraction;
    return true;
}

static struct tm parts_of(int64_t ns)
{
    time_t seconds = (time_t)(ns / SECOND_NS);
    struct tm parts = {0};
    gmtime_r(&seconds, &parts);
    return parts;
}

void s3_iso_write(char text[21], int64_t ns)
{
    struct tm parts = parts_of(ns);
    if (strftime(text, 21, "%Y-%m-%dT%H:%M:%SZ", &parts) == 0)
        text[0] = '\0';
}

void s3_basic_write(char text[17], int64_t ns)
{
    struct tm parts = parts_of(ns);
    if (strftime(text, 17, "%Y%m%dT%H%M%SZ", &parts) == 0)
        text[0] = '\0';
}
