/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hold.h - the hooks of one backup: which there are, what they are told, and how consistent the
 * backup is because of them.
 */
#ifndef CORE_ENGINE_HOLD_H
#define CORE_ENGINE_HOLD_H

#include "engine/hooks.h"
#include "vault/seal.h"

/* Tags of seals: what was reached, what was wanted, and why less was reached. */
#define HOLD_TAG_REACHED "lagan.consistency"
#define HOLD_TAG_WANTED "lagan.consistency-wanted"
#define HOLD_TAG_WHY "lagan.consistency-why"

struct hold_request {
    struct catalog *catalog;
    const uint8_t *source;          /* its id: whose settings name hooks */
    const struct hook_set *policy;  /* those of the policy; NULL = none */
    enum policy_consistency wanted; /* by the policy; the source may want more */
    struct hook_facts facts;        /* source, vault, policy, path; live until hold_free */
};

/* `{0}` is none. */
struct hold {
    struct hook_facts facts;
    struct catalog_pairs settings;
    struct hook_set sets[2];
    struct hooks *hooks;
    bool released;
    enum policy_consistency wanted, reached;
    struct error why;     /* why less was reached than was wanted; class OK = it was not */
    struct error warning; /* the first hook that failed and did not end the backup */
};

/* Runs before and freeze.  HOOK_FAILED, HOOK_TIMEOUT, POLICY_SETTING.  hold_end and hold_free
 * follow, also on failure. */
int hold_begin(struct hold *h, const struct hold_request *request, struct error *e);
/* Where the source is to be read instead; NULL = where it is. */
const char *hold_path(const struct hold *h);
/* Nothing of the source itself is needed any more: thaws it; `reached` is known. When it is
 * called again, something was read without being held. */
void hold_release(struct hold *h);
/* Tells the seal what was reached. */
int hold_tag(const struct hold *h, struct seal *seal, struct error *e);
/* Runs after or, with `why`, failed; and finally.  `backup` (an id) and `status` may be NULL.
 */
void hold_end(struct hold *h, const char *backup, const char *status, const struct error *why);
void hold_free(struct hold *h);

/* Whether a backup is of less consistency than was wanted of it. */
bool hold_is_less(const struct catalog_backup *row);

#endif
