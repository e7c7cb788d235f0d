/* SPDX-License-Identifier: Apache-2.0 */
/* bandwidth.c - ranges of hours with a rate. */
#include "policy/bandwidth.h"

#include "base/text.h"

#include <stdio.h>
#include <string.h>

enum { RANGE_SIZE = 32, HOUR_SECONDS = 3600 };

static int refuse(struct error *e, const char *range, const char *why)
{
    return error_set(e, LAGAN_INVALID, ERROR_PARAMETER,
                     "bandwidth '%s': %s; it is start:end:KiB/s with whole hours from 0 to 24, "
                     "such as 8:18:5120, several joined by '|'",
                     range, why);
}

/* Cuts `range` at its colons into three numbers. */
static int split(char *range, uint64_t numbers[3])
{
    char *rest = range;

    for (unsigned i = 0; i < 3; i++) {
        char *word = strsep(&rest, ":");
        if (!word || text_parse_u64(word, &numbers[i]) != 0)
            return -1;
    }
    return rest ? -1 : 0;
}

static int take_range(const char *text, size_t size, struct bandwidth *b, struct error *e)
{
    char range[RANGE_SIZE], words[RANGE_SIZE];
    uint64_t n[3];

    snprintf(range, sizeof(range), "%.*s", (int)(size < RANGE_SIZE ? size : RANGE_SIZE - 1),
             text);
    memcpy(words, range, sizeof(words));
    if (size >= RANGE_SIZE || split(words, n) != 0)
        return refuse(e, range, "not three numbers");
    if (n[0] >= n[1] || n[1] > BANDWIDTH_HOURS)
        return refuse(e, range, "the end must be behind the start, and 24 at most");
    if (n[2] < 1 || n[2] > UINT32_MAX)
        return refuse(e, range, "the rate must be from 1 to 4294967295");
    for (uint64_t hour = n[0]; hour < n[1]; hour++) {
        if (b->bytes_per_second[hour] != 0)
            return refuse(e, range, "it lies over another range");
        b->bytes_per_second[hour] = n[2] * 1024;
    }
    return 0;
}

int bandwidth_parse(const char *text, struct bandwidth *bandwidth, struct error *e)
{
    struct bandwidth made = {0};

    for (const char *at = text;; at++) {
        size_t size = strcspn(at, "|");
        if (take_range(at, size, &made, e) != 0)
            return -1;
        at += size;
        if (*at == '\0')
            break;
    }
    *bandwidth = made;
    return 0;
}

uint64_t bandwidth_rate(const struct bandwidth *bandwidth, unsigned second_of_day)
{
    unsigned hour = second_of_day / HOUR_SECONDS;
    return bandwidth->bytes_per_second[hour < BANDWIDTH_HOURS ? hour : BANDWIDTH_HOURS - 1];
}

unsigned bandwidth_holds_s(unsigned second_of_day)
{
    return HOUR_SECONDS - second_of_day % HOUR_SECONDS;
}
