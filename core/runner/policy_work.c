/* SPDX-License-Identifier: Apache-2.0 */
/* policy_work.c - see policy_work.h. */
#include "runner/policy_work.h"

#include "base/text.h"
#include "catalog/audit.h"
#include "policy/policy.h"
#include "runner/dispatch.h"

#include <string.h>

/* ---- mirrors ---- */

static const char *mirror_to(const struct catalog_policy *policy)
{
    return catalog_pairs_find(&policy->settings, policy_setting_name(POLICY_SETTING_MIRROR_TO));
}

/* Whether the vault has its mirror in the region: 1, 0 none anywhere, -1. */
static int has_mirror(struct setup *s, const struct catalog_vault *vault, const char *region,
                      struct error *e)
{
    struct catalog *c = setup_catalog(s);
    struct catalog_mirror mirror;
    int found = catalog_mirror_of(c, vault->uuid, &mirror, e);

    if (found <= 0)
        return found;
    struct catalog_vault *row = catalog_vault_get(c, mirror.vault, e);
    if (row == NULL)
        return -1;
    bool same = strcmp(row->region, region) == 0;
    if (!same)
        error_set(
            e, LAGAN_EXISTS, ERROR_MIRROR_EXISTS,
            "the vault %s has the mirror %s in region %s, and may have one; `lagan mirror "
            "stop` or `lagan mirror delete` makes room for one in region %s",
            vault->name, row->name, row->region, region);
    catalog_vault_free(row);
    return same ? 1 : -1;
}

/* The id tells the vault from those of its name; `id` has room for it. */
static struct mirror_request request_of(const struct catalog_vault *vault, const char *region,
                                        char id[2 * CATALOG_ID_SIZE + 1])
{
    text_hex(vault->uuid, CATALOG_ID_SIZE, id);
    return (struct mirror_request){
        .vault = id, .source_region = vault->region, .region = region, .way = MIRROR_BY_POLICY};
}

int policy_mirror_check(struct setup *s, const struct catalog_policy *policy,
                        const struct catalog_vault *vault, struct error *e)
{
    const char *region = mirror_to(policy);
    char id[2 * CATALOG_ID_SIZE + 1];

    if (region == NULL)
        return 0;
    int there = has_mirror(s, vault, region, e);
    if (there != 0)
        return there < 0 ? -1 : 0;
    struct mirror_request request = request_of(vault, region, id);
    return mirror_check(s, &request, e);
}

int policy_mirror_make(struct setup *s, const struct catalog_policy *policy,
                       const struct catalog_vault *vault, enum policy_mirror *what,
                       struct mirror_made *made, struct error *e)
{
    const char *region = mirror_to(policy);
    char id[2 * CATALOG_ID_SIZE + 1];

    *what = POLICY_MIRROR_NONE;
    if (region == NULL)
        return 0;
    int there = has_mirror(s, vault, region, e);
    *what = POLICY_MIRROR_THERE;
    if (there != 0)
        return there < 0 ? -1 : 0;
    struct mirror_request request = request_of(vault, region, id);
    if (mirror_create(s, &request, made, e) != 0)
        return -1;
    *what = POLICY_MIRROR_MADE;
    return 0;
}

/* ---- runs by hand ---- */

static int begin_and_note(struct setup *s, const struct catalog_policy *policy,
                          struct catalog_run *run, struct error *e)
{
    char id[2 * CATALOG_ID_SIZE + 1];

    text_hex(policy->id, CATALOG_ID_SIZE, id);
    if (dispatch_by_hand(s, policy, run, e) != 0)
        return -1;
    return catalog_audit_add(setup_catalog(s), CATALOG_EVENT_POLICY_RUN, id, e,
                             "%s: run %lld by hand", policy->name, (long long)run->id);
}

static int cancel_and_note(struct setup *s, const struct catalog_policy *policy,
                           struct catalog_run *run, struct error *e)
{
    struct catalog *c = setup_catalog(s);
    char id[2 * CATALOG_ID_SIZE + 1];
    int open = catalog_run_open(c, policy->id, run, e);

    if (open == 0)
        error_set(e, LAGAN_PRECONDITION, ERROR_CONFLICT,
                  "no run of the policy %s is under way; `lagan policy runs %s` shows those "
                  "that were",
                  policy->name, policy->name);
    if (open <= 0 || catalog_run_cancel(c, run->id, "cancelled by hand", e) != 0)
        return -1;
    text_hex(policy->id, CATALOG_ID_SIZE, id);
    return catalog_audit_add(c, CATALOG_EVENT_TASK_CANCEL, id, e, "%s: run %lld", policy->name,
                             (long long)run->id);
}

int policy_run_cancel(struct setup *s, const struct catalog_policy *policy,
                      struct catalog_run *run, struct error *e)
{
    struct catalog *c = setup_catalog(s);

    if (catalog_begin(c, e) != 0)
        return -1;
    if (cancel_and_note(s, policy, run, e) == 0)
        return catalog_commit(c, e);
    catalog_rollback(c);
    return -1;
}

int policy_run_by_hand(struct setup *s, const struct catalog_policy *policy,
                       struct catalog_run *run, struct error *e)
{
    struct catalog *c = setup_catalog(s);

    if (catalog_begin(c, e) != 0)
        return -1;
    if (begin_and_note(s, policy, run, e) == 0)
        return catalog_commit(c, e);
    catalog_rollback(c);
    return -1;
}
