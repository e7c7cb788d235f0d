/* SPDX-License-Identifier: Apache-2.0 */
/* policy_private.h - one setting of a policy, read. */
#ifndef CORE_POLICY_POLICY_PRIVATE_H
#define CORE_POLICY_POLICY_PRIVATE_H

#include "policy/policy.h"

/* What the form of the setting fills in; the caller owns the objects. */
struct policy_value {
    int64_t number; /* spans: nanoseconds; choices: which word, from 0 */
    int64_t months; /* of keep-time, when it was said in months or years */
    struct schedule *schedule;
    struct timezone *zone;
};

/* The setting of that name for policies of `kind`; -1 with POLICY_SETTING. */
int policy_setting_of(unsigned kind, const char *name, struct error *e);
int policy_value_read(enum policy_setting setting, const char *text, int64_t anchor_ns,
                      struct policy_value *value, struct error *e);

#endif
