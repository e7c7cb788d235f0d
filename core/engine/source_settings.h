/* SPDX-License-Identifier: Apache-2.0 */
/* source_settings.h - the settings of a source beside its parameters: its own hooks
 * (engine/hooks.h) and the consistency that its backups are to have. */
#ifndef CORE_ENGINE_SOURCE_SETTINGS_H
#define CORE_ENGINE_SOURCE_SETTINGS_H

#include "engine/setup.h"
#include "policy/policy.h"

/* X(symbol): those settings of policies that sources have too, with the same names, values and
 * meaning (policy/policy.h). */
#define SOURCE_SETTINGS(X)                                                                     \
    X(CONSISTENCY)                                                                             \
    X(BEFORE)                                                                                  \
    X(AFTER_HOOK)                                                                              \
    X(FAILED)                                                                                  \
    X(FINALLY)                                                                                 \
    X(FREEZE)                                                                                  \
    X(THAW)                                                                                    \
    X(HOOK_TIMEOUT)

bool source_setting_is(enum policy_setting setting);

/*
 * Changes the settings of a source by `words`: names and values, where an empty value takes the
 * setting away.  With its audit line, in one transaction.  POLICY_SETTING for a name that is no
 * setting of sources, with those that are, and for a wrong value.
 */
int source_settings_change(struct setup *s, const struct catalog_source *source,
                           const struct catalog_pairs *words, struct error *e);

#endif
