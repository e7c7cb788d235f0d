/* SPDX-License-Identifier: Apache-2.0 */
/* expire.c - see expire.h. */
#include "engine/expire_private.h"

#include "base/clock.h"
#include "base/log.h"
#include "driver/operation.h"
#include "engine/deletion.h"
#include "engine/task.h"
#include "engine/tell.h"
#include "engine/vault_facts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SENTENCE_SIZE = 512 };
#define CLOCK_TOLD "clock_told" /* setting: the verdict that people were told of */

/* ---- the clock ---- */

/* Once for each time that it gets into doubt. */
static int tell_of_clock(struct expiry *x, struct error *e)
{
    const struct trusted_time *clock = &x->result->clock;
    struct catalog *c = setup_catalog(x->setup);
    struct tell_notice notice = {.event = TELL_CLOCK_DOUBTFUL};
    struct error ignored = ERROR_INIT;
    char text[SENTENCE_SIZE];
    char *told = catalog_setting_get(c, CLOCK_TOLD, &ignored);
    const char *now = clock->doubtful ? trust_verdict_name(clock->verdict) : "";
    bool same = strcmp(told ? told : "", now) == 0;
    free(told);
    if (same)
        return 0;
    trusted_time_explain(clock, text, sizeof(text));
    notice.subject = text;
    if (clock->doubtful) {
        log_write(LOG_WARNING, "expire", "%s", text);
        if (tell(x->setup, &notice, e) != 0)
            return -1;
    }
    return catalog_setting_set(c, CLOCK_TOLD, now, e);
}

static int read_clock(struct expiry *x, struct error *e)
{
    if (trusted_time_read(setup_catalog(x->setup), &x->result->clock, e) != 0)
        return -1;
    return x->request->dry_run ? 0 : tell_of_clock(x, e);
}

/* ---- telling ---- */

static void sentence_of(const struct expire_backup *backup, char sentence[SENTENCE_SIZE])
{
    const struct retention_backup facts = expire_facts(backup);
    retention_explain(backup->ruling ? &backup->ruling->retention : NULL, &backup->decision,
                      &facts, sentence, SENTENCE_SIZE);
}

/* Whose rule it is: of the policy that holds, or of the one that has stamped it. */
static const char *policy_of(const struct expire_backup *backup)
{
    return backup->ruling ? backup->ruling_name : backup->policy;
}

static void tell_all(struct expiry *x)
{
    char sentence[SENTENCE_SIZE];
    for (size_t i = 0; x->request->each && i < x->count; i++) {
        const struct expire_backup *backup = &x->backups[i];
        sentence_of(backup, sentence);
        const struct expire_item item = {.id = backup->id,
                                         .source_name = backup->source_name,
                                         .created_ns = backup->created_ns,
                                         .bytes_stored = backup->bytes_stored,
                                         .verdict = backup->decision.verdict,
                                         .policy = policy_of(backup),
                                         .sentence = sentence};
        x->request->each(x->request->context, &item);
    }
}

/* ---- the vault ---- */

static int open_vault(struct expiry *x, struct error *e)
{
    static const struct setup_key locked = {.locked = true};
    bool dry = x->request->dry_run;
    struct catalog_vault *own = catalog_vault_get(setup_catalog(x->setup), x->row->uuid, e);
    if (!own || setup_vault_open_row(x->setup, own, dry ? &locked : x->request->key, dry,
                                     &x->vault, e) != 0)
        return -1;
    return vault_backups(x->vault.vault, &x->seals, NULL, NULL, e);
}

/* ---- deletions that were broken off ---- */

static int is_going(void *context, const struct catalog_backup *row, struct error *e)
{
    (void)context, (void)e;
    return row->state == CATALOG_BACKUP_DELETING;
}

/* They are ended first, or taken back: what was begun is decided on anew. */
static int finish_earlier(struct expiry *x, struct error *e)
{
    if (x->request->dry_run)
        return 0;
    int found =
        catalog_backup_list(setup_catalog(x->setup), x->row->uuid, NULL, is_going, NULL, e);
    if (found <= 0)
        return found;
    return open_vault(x, e) == 0 ? deletion_prepare(x->setup, &x->vault, &x->seals, e) : -1;
}

/* What the catalog alone decides says whether it is worth a look; the vault's lock may keep
 * more.  Who only asks is told as much as can be known. */
static int ask_vault(struct expiry *x, struct error *e)
{
    struct error why = ERROR_INIT;
    if (x->result->going == 0 && !x->request->dry_run)
        return 0;
    int done = x->vault.vault ? 0 : open_vault(x, &why);
    if (done == 0)
        done = expire_ask_lock(x, &why);
    if (done != 0) {
        if (x->request->dry_run) {
            x->result->lock_unknown = true;
            return 0;
        }
        *e = why;
        return -1;
    }
    return expire_decide(x, e);
}

/* ---- deleting ---- */

/* Whether it only cannot go any more, which is no failure. */
static bool is_refusal(const struct error *why)
{
    return why->code == ERROR_BACKUP_PINNED || why->code == ERROR_BACKUP_LOCKED ||
           why->code == ERROR_BACKUP_STATE || why->code == ERROR_NO_BACKUP ||
           why->code == ERROR_BACKUP_LATEST || why->code == ERROR_BACKUP_EXTENDED;
}

static int delete_one(struct expiry *x, const struct expire_backup *backup, struct error *e)
{
    char sentence[SENTENCE_SIZE];
    struct error unrecorded = ERROR_INIT, why = ERROR_INIT;
    sentence_of(backup, sentence);
    const struct deletion_request request = {
        .vault = &x->vault,
        .seal = expire_find_seal(x, backup->id),
        .reason = sentence,
        .policy = policy_of(backup),
        .rule = retention_verdict_name(backup->decision.verdict),
        .force = backup->failed, /* a failed run is nobody's newest backup */
    };
    if (!request.seal) /* only the catalog knows it: a loss, which others report */
        return x->result->refused++, 0;
    if (deletion_run(x->setup, &request, &unrecorded, &why) != 0) {
        if (!is_refusal(&why)) {
            *e = why;
            return error_context(e, "backup %s", backup->id);
        }
        x->result->refused++;
        log_write(LOG_INFO, "expire", "%s stays: %s", backup->id, why.text);
        return 0;
    }
    x->result->deleted++;
    x->result->bytes_stored += backup->bytes_stored;
    log_write(LOG_INFO, "expire", "backup %s of %s deleted: %s", backup->id,
              backup->source_name, sentence);
    if (unrecorded.error_class != LAGAN_OK)
        log_write(LOG_WARNING, "expire", "the catalog could not note it: %s", unrecorded.text);
    return 0;
}

static int delete_going(struct expiry *x, struct error *e)
{
    struct task task;
    if (deletion_prepare(x->setup, &x->vault, &x->seals, e) != 0)
        return -1;
    task_begin(&task, setup_catalog(x->setup), CATALOG_TASK_EXPIRE, x->row->uuid, NULL,
               x->row->name, NULL);
    int result = 0;
    for (size_t i = 0; result == 0 && i < x->count; i++) {
        if (retention_verdict_keeps(x->backups[i].decision.verdict))
            continue;
        result = operation_check(e);
        if (result == 0)
            result = delete_one(x, &x->backups[i], e);
    }
    task.row.entries_done = x->result->deleted;
    task.row.entries_total = x->result->going;
    task_end(&task, result == 0 ? NULL : e);
    return result;
}

/* ---- the whole ---- */

/* Rules for replicas say nothing of backups, and the other way round. */
static bool is_other_kind(const struct expiry *x)
{
    const struct expire_instead *instead = x->request->instead;
    bool replicas = x->row->role == CATALOG_ROLE_REPLICATION;
    return instead && replicas != (instead->after->kind == POLICY_FOR_REPLICATION);
}

static int run(struct expiry *x, struct error *e)
{
    if (x->row->role == CATALOG_ROLE_MIRROR || is_other_kind(x))
        return 0;
    if (!x->request->dry_run &&
        vault_facts_ask(x->setup, x->row, vault_may_lose_backup, e) != 0)
        return -1;
    if (read_clock(x, e) != 0 || finish_earlier(x, e) != 0 || expire_gather(x, e) != 0 ||
        expire_decide(x, e) != 0 || ask_vault(x, e) != 0)
        return -1;
    tell_all(x);
    if (expire_brake(x, e) != 0)
        return -1;
    if (x->request->dry_run || x->result->braked || x->result->going == 0)
        return 0;
    return delete_going(x, e);
}

int expire_vault(struct setup *s, const struct catalog_vault *row,
                 const struct expire_request *request, struct expire_result *result,
                 struct error *e)
{
    const char *window = setup_config(s)->runner.expire_window;
    struct expiry x = {.setup = s, .row = row, .request = request, .result = result};
    *result = (struct expire_result){.backups = 0};
    if (expire_window_check(window, e) != 0)
        return -1;
    result->outside = !request->any_time && !request->dry_run &&
                      !expire_window_open(window, clock_wall_ns(), NULL);
    if (result->outside)
        return 0;
    int done = run(&x, e);
    expire_drop(&x);
    return done;
}

int expire_preview(struct setup *s, const struct catalog_vault *row,
                   const struct expire_instead *instead,
                   void (*each)(void *context, const struct expire_item *item), void *context,
                   struct expire_result *result, struct error *e)
{
    const struct expire_request request = {
        .dry_run = true, .instead = instead, .each = each, .context = context};
    return expire_vault(s, row, &request, result, e);
}

/* ---- the vaults of a policy ---- */

struct vault_ids {
    uint8_t (*items)[CATALOG_ID_SIZE];
    size_t count;
};

static int add_replication_vault(void *context, const struct catalog_vault *row,
                                 struct error *e)
{
    struct vault_ids *ids = context;
    if (row->role != CATALOG_ROLE_REPLICATION)
        return 0;
    void *grown = realloc(ids->items, (ids->count + 1) * sizeof(*ids->items));
    if (!grown)
        return error_no_memory(e, "the vaults");
    ids->items = grown;
    memcpy(ids->items[ids->count++], row->uuid, CATALOG_ID_SIZE);
    return 0;
}

int expire_vaults(struct setup *s, const struct catalog_policy *policy,
                  int (*each)(void *context, const struct catalog_vault *vault,
                              struct error *e),
                  void *context, struct error *e)
{
    struct catalog *c = setup_catalog(s);
    struct vault_ids ids = {NULL, 0};
    int result = policy->kind == CATALOG_POLICY_REPLICATION
                     ? catalog_vault_list(c, add_replication_vault, &ids, e)
                     : catalog_policy_vaults(c, policy->id, &ids.items, &ids.count, e);
    for (size_t i = 0; result == 0 && i < ids.count; i++) {
        struct catalog_vault *row = catalog_vault_get(c, ids.items[i], e);
        result = row ? each(context, row, e) : -1;
        catalog_vault_free(row);
    }
    free(ids.items);
    return result;
}

/* ---- changed rules ---- */

struct stamped {
    const char *policy;
    struct {
        uint8_t vault[CATALOG_ID_SIZE];
        char id[CATALOG_SEAL_ID_SIZE];
    } * items;
    size_t count;
};

static int collect_stamped(void *context, const struct catalog_backup *row, struct error *e)
{
    struct stamped *list = context;
    if (row->expire_ns == 0 || strcmp(row->policy, list->policy) != 0)
        return 0;
    if ((list->count & (list->count - 1)) == 0) {
        void *grown = realloc(list->items, (2 * list->count + 1) * sizeof(*list->items));
        if (!grown)
            return error_no_memory(e, "the backups of a policy");
        list->items = grown;
    }
    memcpy(list->items[list->count].vault, row->vault, CATALOG_ID_SIZE);
    memcpy(list->items[list->count].id, row->id, sizeof(row->id));
    list->count++;
    return 0;
}

int expire_rules_changed(struct setup *s, const char *policy,
                         const struct retention_rules *before,
                         const struct retention_rules *after, struct error *e)
{
    struct catalog *c = setup_catalog(s);
    struct stamped list = {policy, NULL, 0};
    if (retention_effect(before, after) != RETENTION_ALL)
        return 0;
    int result = catalog_backup_list(c, NULL, NULL, collect_stamped, &list, e);
    for (size_t i = 0; result == 0 && i < list.count; i++)
        result = catalog_backup_set_expiry(c, list.items[i].vault, list.items[i].id, 0, e);
    free(list.items);
    return result;
}
