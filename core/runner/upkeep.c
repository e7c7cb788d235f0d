/* SPDX-License-Identifier: Apache-2.0 */
/* upkeep.c - what is to be done again and again, for the whole and for each vault. */
#include "base/clock.h"
#include "engine/policy_row.h"
#include "runner/dispatch.h"

#include <stdlib.h>
#include <string.h>

/* The vaults that there are. */
struct vaults {
    struct {
        uint8_t id[CATALOG_ID_SIZE];
        bool opens; /* without somebody there */
        bool mirror;
    } * items;
    size_t count;
};

static int add_vault(void *context, const struct catalog_vault *row, struct error *e)
{
    struct vaults *all = context;

    if (row->state == CATALOG_VAULT_CREATING || row->state == CATALOG_VAULT_DELETING ||
        row->state == CATALOG_VAULT_DELETED)
        return 0;
    void *grown = reallocarray(all->items, all->count + 1, sizeof(*all->items));
    if (grown == NULL)
        return error_no_memory(e, "the vaults");
    all->items = grown;
    memcpy(all->items[all->count].id, row->uuid, CATALOG_ID_SIZE);
    all->items[all->count].opens = row->key_driver[0] != '\0';
    all->items[all->count++].mirror = row->role == CATALOG_ROLE_MIRROR;
    return 0;
}

/* How often the policy of the vault wants a drill; 0 = never. */
static int drill_every(struct catalog *c, const uint8_t *vault, int64_t *every_ns,
                       struct error *e)
{
    struct error why = ERROR_INIT;
    struct policy *policy = NULL;
    struct catalog_policy *row = catalog_policy_of(c, vault, CATALOG_POLICY_BACKUP, &why);

    *every_ns = 0;
    if (row == NULL && why.error_class != LAGAN_OK) {
        *e = why;
        return -1;
    }
    if (row != NULL && policy_row_parse(row, &policy, &why) == 0)
        *every_ns = policy->drill_ns;
    policy_free(policy);
    catalog_policy_free(row);
    return 0;
}

/* Verifying needs no key; what a passphrase opens waits for somebody who knows it. */
static int make_for_any(struct setup *s, const uint8_t *vault, bool opens, int64_t now_ns,
                        struct error *e)
{
    const struct config_runner *every = &setup_config(s)->runner;
    struct catalog *c = setup_catalog(s);

    if (every->verify_ns > 0 &&
        catalog_job_upkeep(c, CATALOG_JOB_VERIFY, vault, now_ns, e) != 0)
        return -1;
    if (!opens || every->prune_ns <= 0)
        return 0;
    return catalog_job_upkeep(c, CATALOG_JOB_PRUNE, vault, now_ns + every->prune_ns, e);
}

/* A mirror follows its vault: no rules let go of anything there. */
static int make_for_own(struct setup *s, const uint8_t *vault, int64_t now_ns, struct error *e)
{
    struct catalog *c = setup_catalog(s);
    int64_t drill_ns = 0;

    if (catalog_job_upkeep(c, CATALOG_JOB_EXPIRE, vault, now_ns, e) != 0 ||
        drill_every(c, vault, &drill_ns, e) != 0)
        return -1;
    return drill_ns > 0 ? catalog_job_upkeep(c, CATALOG_JOB_DRILL, vault, now_ns + drill_ns, e)
                        : 0;
}

static int make_all(struct setup *s, const struct vaults *vaults, struct error *e)
{
    int64_t now_ns = clock_wall_ns();

    if (catalog_job_upkeep(setup_catalog(s), CATALOG_JOB_TIDY, NULL, now_ns, e) != 0)
        return -1;
    for (size_t i = 0; i < vaults->count; i++) {
        const uint8_t *id = vaults->items[i].id;
        bool opens = vaults->items[i].opens;
        if (make_for_any(s, id, opens, now_ns, e) != 0 ||
            (opens && !vaults->items[i].mirror && make_for_own(s, id, now_ns, e) != 0))
            return -1;
    }
    return 0;
}

int dispatch_upkeep(struct setup *s, struct error *e)
{
    struct catalog *c = setup_catalog(s);
    struct vaults vaults = {0};

    if (catalog_begin(c, e) != 0)
        return -1;
    int result = catalog_vault_list(c, add_vault, &vaults, e);
    if (result == 0)
        result = make_all(s, &vaults, e);
    free(vaults.items);
    if (result == 0)
        return catalog_commit(c, e);
    catalog_rollback(c);
    return -1;
}
