/* SPDX-License-Identifier: Apache-2.0 */
/* trust.c - the trusted time, from mark to mark. */
#include "base/trust.h"

#include <stdio.h>
#include <string.h>

const char *trust_verdict_name(enum trust_verdict verdict)
{
    switch (verdict) {
#define X(symbol, name)                                                                        \
    case TRUST_##symbol:                                                                       \
        return name;
        TRUST_VERDICTS(X)
#undef X
    }
    return "unknown";
}

static int64_t add(int64_t a, int64_t b)
{
    int64_t sum;

    if (__builtin_add_overflow(a, b, &sum))
        return b > 0 ? INT64_MAX : INT64_MIN;
    return sum;
}

/* One boot clock has counted since the mark.  A clock that went back is that of another machine
 * or of a copy of one, whatever its id says. */
static bool is_counted(const struct trust_mark *last, int64_t boot_ns, const char *boot_id)
{
    return boot_id[0] != '\0' && strcmp(last->boot_id, boot_id) == 0 &&
           boot_ns >= last->boot_ns;
}

/* How much of the time while nobody counted is believed. */
static int64_t believed(const struct trust_mark *last, int64_t wall_ns, bool strict)
{
    int64_t off;

    if (strict || wall_ns <= last->trusted_ns)
        return 0;
    if (__builtin_sub_overflow(wall_ns, last->trusted_ns, &off) || off > TRUST_OFF_NS)
        return TRUST_OFF_NS;
    return off;
}

static enum trust_verdict judge(int64_t trusted_ns, int64_t wall_ns, bool counted)
{
    if (wall_ns > add(trusted_ns, TRUST_SLACK_NS))
        return counted ? TRUST_AHEAD : TRUST_WAS_OFF;
    return wall_ns < add(trusted_ns, -TRUST_SLACK_NS) ? TRUST_BEHIND : TRUST_GOOD;
}

enum trust_verdict trust_advance(const struct trust_mark *last, int64_t wall_ns,
                                 int64_t boot_ns, const char *boot_id, bool strict,
                                 struct trust_mark *next)
{
    bool first = last->trusted_ns == 0, counted = is_counted(last, boot_ns, boot_id);
    struct trust_mark made = {.trusted_ns = wall_ns, .wall_ns = wall_ns, .boot_ns = boot_ns};

    if (!first)
        made.trusted_ns = add(last->trusted_ns, counted ? boot_ns - last->boot_ns
                                                        : believed(last, wall_ns, strict));
    snprintf(made.boot_id, sizeof(made.boot_id), "%s", boot_id);
    *next = made;
    return first ? TRUST_FIRST : judge(made.trusted_ns, wall_ns, counted);
}
