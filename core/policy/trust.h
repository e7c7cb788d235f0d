/* SPDX-License-Identifier: Apache-2.0 */
/*
 * trust.h - how far a clock may be believed.  Pure.
 *
 * The wall clock may be set to anything; the boot clock only counts.  A mark remembers both.
 * From mark to mark the trusted time follows the wall clock as long as that agrees with the
 * boot clock; it never runs ahead of what has passed.  What deletes by age asks for the trusted
 * time.
 */
#ifndef CORE_POLICY_TRUST_H
#define CORE_POLICY_TRUST_H

#include <stdbool.h>
#include <stdint.h>

/* How far the wall clock may differ from what has passed before it is in doubt. */
#define TRUST_SLACK_NS (INT64_C(15) * 60 * 1000000000)
/* How long a machine may have been off, as far as that is believed without being told. */
#define TRUST_OFF_NS (INT64_C(14) * 86400 * 1000000000)

struct trust_mark {
    int64_t trusted_ns;       /* 0 = there is no mark yet */
    int64_t wall_ns, boot_ns; /* when it was made */
    char boot_id[40];
};

enum trust_verdict {
    TRUST_FIRST,  /* there was no mark: the wall clock is taken as it is */
    TRUST_GOOD,   /* the clocks agree */
    TRUST_AHEAD,  /* the wall clock is ahead of what has passed: deletions wait */
    TRUST_BEHIND, /* it is behind the trusted time */
    TRUST_WAS_OFF /* another boot, and off for longer than is believed: deletions wait */
};
const char *trust_verdict_name(enum trust_verdict verdict);

/* The next mark, from the last one and the clocks now.  `strict`: time that no boot clock has
 * seen does not count at all (for locks), else up to TRUST_OFF_NS of it. */
enum trust_verdict trust_advance(const struct trust_mark *last, int64_t wall_ns,
                                 int64_t boot_ns, const char *boot_id, bool strict,
                                 struct trust_mark *next);

#endif
