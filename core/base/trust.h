/* SPDX-License-Identifier: Apache-2.0 */
/*
 * trust.h - how far a clock may be believed.  Pure.
 *
 * The wall clock may be set to anything; the boot clock only counts.  A mark remembers both.
 * From mark to mark the trusted time goes on by what the boot clock has counted, whatever the
 * wall clock says, and it never goes back; the verdict tells whether the wall clock agrees.
 * What deletes by age takes the smaller of wall clock and trusted time for "now", so that
 * neither a clock that was ahead when the first mark was made nor one that is ahead now lets
 * anything go early.
 */
#ifndef CORE_BASE_TRUST_H
#define CORE_BASE_TRUST_H

#include <stdbool.h>
#include <stdint.h>

/* How far the wall clock may differ from what has passed before it is in doubt. */
#define TRUST_SLACK_NS (INT64_C(15) * 60 * 1000000000)
/* How long a machine may have been off, as far as that is believed without being told. */
#define TRUST_OFF_NS (INT64_C(14) * 86400 * 1000000000)

enum { TRUST_BOOT_ID_SIZE = 40 }; /* 36 characters and the terminator, with room */

struct trust_mark {
    int64_t trusted_ns;       /* 0 = there is no mark yet */
    int64_t wall_ns, boot_ns; /* when it was made */
    char boot_id[TRUST_BOOT_ID_SIZE];
};

/* X(symbol, name) */
#define TRUST_VERDICTS(X)                                                                      \
    X(FIRST, "first")     /* there was no mark: the wall clock is taken as it is */            \
    X(GOOD, "good")       /* the clocks agree */                                               \
    X(AHEAD, "ahead")     /* the wall clock is ahead of what has passed: deletions wait */     \
    X(BEHIND, "behind")   /* it is behind the trusted time */                                  \
    X(WAS_OFF, "was-off") /* another boot, and off for longer than is believed: they wait */
enum trust_verdict {
#define X(symbol, name) TRUST_##symbol,
    TRUST_VERDICTS(X)
#undef X
};
/* Static; "unknown" for what is none. */
const char *trust_verdict_name(enum trust_verdict verdict);

/*
 * The next mark, from the last one (may be the same object) and the clocks now: `wall_ns` since
 * 1970, `boot_ns` of CLOCK_BOOTTIME in the boot called `boot_id`.
 *
 * Within one boot the trusted time advances by what the boot clock counted.  In another boot
 * nobody has counted: `strict` (for locks): nothing counts; else what the wall clock says
 * does, up to TRUST_OFF_NS of it.
 */
enum trust_verdict trust_advance(const struct trust_mark *last, int64_t wall_ns,
                                 int64_t boot_ns, const char *boot_id, bool strict,
                                 struct trust_mark *next);

#endif
