/* SPDX-License-Identifier: Apache-2.0 */
/* replica.c - replicas are asked for. */
#include "mirror/replica.h"

#include "catalog/audit.h"
#include "mirror/replica_private.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- what would travel ---- */

static struct replica_pending *pending_of(struct replica_asking *a,
                                          const uint8_t source[CATALOG_ID_SIZE])
{
    for (size_t i = a->pending_count; i-- > 0;) {
        if (memcmp(a->pending[i].source, source, CATALOG_ID_SIZE) == 0)
            return &a->pending[i];
    }
    struct replica_pending *made = &a->pending[a->pending_count++];
    memcpy(made->source, source, CATALOG_ID_SIZE);
    return made;
}

/* What the backups of its source have added since the last one that is there. */
static void estimate(struct replica_asking *a, struct replica_candidate *candidate, bool there)
{
    const struct catalog_backup *backup = &candidate->backup;
    struct replica_pending *pending = pending_of(a, backup->source);

    pending->bytes_stored += backup->bytes_stored;
    if (there) {
        pending->bytes_stored = 0;
        return;
    }
    candidate->bytes_estimate =
        pending->bytes_stored < backup->bytes ? pending->bytes_stored : backup->bytes;
}

/* ---- may it go? ---- */

/* The driver of a backup, when a trait of it is against copies. */
static const char *driver_with(struct replica_asking *a, const struct catalog_backup *backup,
                               uint64_t trait)
{
    const struct driver *driver = NULL;
    struct error ignored = ERROR_INIT;

    if (setup_driver(a->setup, backup->source_driver, LAGAN_KIND_SOURCE, &driver, &ignored) !=
        0)
        return NULL;
    return (driver_traits(driver) & trait) != 0 ? backup->source_driver : NULL;
}

static int compare_ids(const void *a, const void *b)
{
    return strcmp(a, b);
}

static int judge(struct replica_asking *a, struct replica_candidate *candidate, struct error *e)
{
    const struct catalog_backup *backup = &candidate->backup;
    struct catalog_replicated replicated;

    if (catalog_ledger_history(setup_catalog(a->setup), a->source->uuid, backup->id,
                               a->to->name, &replicated, e) != 0)
        return -1;
    struct replica_wish wish = {
        .source = a->source,
        .destination = a->destination,
        .region = a->to->name,
        .way = a->request->way,
        .again = a->request->again,
        .used_bytes = a->used_bytes,
        .backup = backup,
        .replicated = &replicated,
        .not_replicable = driver_with(a, backup, LAGAN_TRAIT_NOT_MIRRORED),
        .by_policy_only = driver_with(a, backup, LAGAN_TRAIT_BY_POLICY),
    };
    wish.found = a->there_count > 0 && bsearch(backup->id, a->there, a->there_count,
                                               sizeof(*a->there), compare_ids) != NULL;
    estimate(a, candidate, wish.found || replicated.live);
    wish.more_bytes = a->going_bytes + candidate->bytes_estimate;
    if (!candidate->asked)
        return 0;
    candidate->goes = replica_may_be_made(&wish, &candidate->why) == 0;
    if (!candidate->goes)
        return 0;
    a->going_bytes += candidate->bytes_estimate;
    pending_of(a, backup->source)->bytes_stored = 0;
    return 0;
}

/* ---- it goes ---- */

static void fill_line(const struct replica_asking *a, const struct catalog_backup *backup,
                      struct catalog_ledger *line)
{
    const struct replica_request *request = a->request;

    *line = (struct catalog_ledger){.way = request->way, .bytes = backup->bytes};
    memcpy(line->source_vault, a->source->uuid, CATALOG_ID_SIZE);
    memcpy(line->vault, a->destination->uuid, CATALOG_ID_SIZE);
    snprintf(line->backup, sizeof(line->backup), "%s", backup->id);
    snprintf(line->source_region, sizeof(line->source_region), "%s", a->source->region);
    snprintf(line->region, sizeof(line->region), "%s", a->to->name);
    snprintf(line->project, sizeof(line->project), "%s", a->destination->project);
    if (request->name != NULL)
        snprintf(line->name, sizeof(line->name), "%s", request->name);
    else if (request->way != CATALOG_WAY_POLICY)
        name_of_replica(backup->id, line->name);
    if (request->description != NULL)
        snprintf(line->description, sizeof(line->description), "%s", request->description);
    if (request->policy != NULL)
        snprintf(line->policy, sizeof(line->policy), "%s", request->policy);
}

static int record(struct replica_asking *a, struct replica_candidate *candidate,
                  struct error *e)
{
    const struct replica_request *request = a->request;
    struct catalog *catalog = setup_catalog(a->setup);
    struct catalog_ledger line;

    fill_line(a, &candidate->backup, &line);
    if (catalog_ledger_insert(catalog, &line, e) != 0)
        return -1;
    memcpy(candidate->line, line.id, sizeof(candidate->line));
    return catalog_audit_add(catalog, CATALOG_EVENT_REPLICA_CREATE, candidate->backup.id, e,
                             "%s: from vault %s in %s to vault %s in %s, by %s%s%s%s", line.id,
                             a->source->name, a->source->region, a->destination->name,
                             line.region, catalog_way_name(line.way),
                             request->policy ? " " : "", request->policy ? request->policy : "",
                             request->again ? ", again" : "");
}

static int decide(struct replica_asking *a, struct error *e)
{
    for (size_t i = 0; i < a->candidate_count; i++) {
        struct replica_candidate *candidate = &a->candidates[i];
        if (judge(a, candidate, e) != 0)
            return -1;
        if (candidate->asked && !candidate->goes && a->request->backup != NULL) {
            *e = candidate->why;
            return -1;
        }
        if (candidate->goes && !a->request->dry_run && record(a, candidate, e) != 0)
            return -1;
    }
    return 0;
}

/* Looks and decides in one transaction: nothing comes in between. */
static int decide_at_once(struct replica_asking *a, struct error *e)
{
    struct catalog *catalog = setup_catalog(a->setup);

    if (catalog_begin(catalog, e) != 0)
        return -1;
    if (replica_look(a, e) == 0 && decide(a, e) == 0)
        return catalog_commit(catalog, e);
    catalog_rollback(catalog);
    return -1;
}

static int tell(const struct replica_asking *a, replica_plan_function *each, void *context,
                struct replica_counts *counts, struct error *e)
{
    *counts = (struct replica_counts){0, 0, 0, 0};
    for (size_t i = 0; i < a->candidate_count; i++) {
        const struct replica_candidate *candidate = &a->candidates[i];
        if (!candidate->asked)
            continue;
        struct replica_plan plan = {.backup = &candidate->backup,
                                    .source = a->source,
                                    .destination = a->destination,
                                    .goes = candidate->goes,
                                    .why = candidate->why,
                                    .bytes = candidate->backup.bytes,
                                    .bytes_estimate = candidate->bytes_estimate};
        memcpy(plan.line, candidate->line, sizeof(plan.line));
        counts->asked++;
        if (candidate->goes) {
            counts->going++;
            counts->bytes += plan.bytes;
            counts->bytes_estimate += plan.bytes_estimate;
        }
        if (each != NULL && each(context, &plan, e) != 0)
            return -1;
    }
    return 0;
}

static int check_request(const struct replica_request *request, struct error *e)
{
    if (request->region == NULL)
        return error_set(e, LAGAN_INVALID, ERROR_USAGE,
                         "say with --to which region the replica goes to");
    if (request->backup == NULL && request->name != NULL)
        return error_set(e, LAGAN_INVALID, ERROR_USAGE,
                         "--name is for one backup; replicas of a vault get made names");
    if (request->again && request->way != CATALOG_WAY_VAULT)
        return error_set(e, LAGAN_INVALID, ERROR_USAGE,
                         "--again is for a whole vault; one backup goes again once its replica "
                         "is deleted");
    if (request->name != NULL && name_check(NAME_REPLICA, request->name, e) != 0)
        return -1;
    return request->description != NULL ? name_check_description(request->description, e) : 0;
}

int replica_ask(struct setup *s, const struct replica_request *request,
                replica_plan_function *each, void *context, struct replica_counts *counts,
                struct error *e)
{
    struct replica_asking a = {.setup = s, .request = request};
    int result = check_request(request, e);

    if (result == 0)
        result = decide_at_once(&a, e);
    if (result == 0)
        result = tell(&a, each, context, counts, e);
    replica_forget(&a);
    return result;
}
