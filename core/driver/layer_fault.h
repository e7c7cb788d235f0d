/* SPDX-License-Identifier: Apache-2.0 */
/*
 * layer_fault.h - rules for calls that fail on purpose, as people write them:
 *
 *     [source:|target:|DRIVER:]VERB:CLASS[:WHEN][:EFFECT][:seed:N]
 *
 * VERB is the name of a slot, or "any"; CLASS that of an error.  WHEN: after:N (all but the
 * first N), every:N (each Nth), at:N (only the Nth), rate:P% (so many of them, the same ones in
 * each run; seed:N gives others); without it each call fails.  EFFECT: without it nothing
 * happens and the outcome is not-done; unknown: nothing happens and the outcome is unknown;
 * done: the call takes effect and its outcome says so; effect: it takes effect and the outcome
 * is unknown.
 */
#ifndef CORE_DRIVER_LAYER_FAULT_H
#define CORE_DRIVER_LAYER_FAULT_H

#include "driver/call.h"

enum fault_when { FAULT_ALWAYS, FAULT_AFTER, FAULT_EVERY, FAULT_AT, FAULT_RATE };

struct fault_rule {
    char driver[DRIVER_NAME_LIMIT + 1]; /* "" = any */
    enum lagan_kind kind;               /* 0 = any */
    char verb[32];                      /* "any" = each */
    uint32_t error_class;
    enum fault_when when;
    uint64_t number; /* of `when`; with FAULT_RATE: out of a million */
    bool takes_effect;
    uint32_t outcome; /* enum lagan_outcome */
    uint64_t seed;
};

/* Reads one rule.  Errors: CONFIG with what is allowed in the place that is wrong. */
int fault_rule_parse(const char *text, struct fault_rule *rule, struct error *e);
/* True when the rule is about this verb of this driver. */
bool fault_rule_fits(const struct fault_rule *rule, const char *driver, enum call_verb verb);
/* True when the call with this number, from 1, is to fail. */
bool fault_rule_strikes(const struct fault_rule *rule, uint64_t number);

#endif
