/* SPDX-License-Identifier: Apache-2.0 */
/* expire_gather.c - all that decides on the backups of a vault, and the decision. */
#include "engine/expire_private.h"

#include "engine/policy_row.h"
#include "vault/lock.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Room for one more of `count` things in an array that doubles. */
static void *grow(void *items, size_t count, size_t size, struct error *e)
{
    size_t bytes;
    if (count != 0 && (count & (count - 1)) != 0)
        return items;
    void *grown = NULL;
    if (!__builtin_mul_overflow(count == 0 ? 1 : 2 * count, size, &bytes))
        grown = realloc(items, bytes);
    if (!grown)
        error_no_memory(e, "the backups of a vault");
    return grown;
}

/* ---- backups ---- */

/* Those that go already are none, and so are those that were deleted and wait for their time.
 */
static int add_backup(void *context, const struct catalog_backup *row, struct error *e)
{
    struct expiry *x = context;
    if (row->state == CATALOG_BACKUP_DELETING || row->state == CATALOG_BACKUP_DELETED)
        return 0;
    struct expire_backup *grown = grow(x->backups, x->count, sizeof(*grown), e);
    if (!grown)
        return -1;
    x->backups = grown;
    struct expire_backup *made = &grown[x->count++];
    *made = (struct expire_backup){.created_ns = row->created_ns,
                                   .expire_ns = row->expire_ns,
                                   .keep_ns = row->keep_ns,
                                   .entries = row->entries,
                                   .bytes = row->bytes,
                                   .bytes_stored = row->bytes_stored,
                                   .failed = row->state == CATALOG_BACKUP_ERROR,
                                   .replica = row->origin[0] != '\0'};
    memcpy(made->id, row->id, sizeof(made->id));
    memcpy(made->source, row->source, sizeof(made->source));
    memcpy(made->policy, row->policy, sizeof(made->policy));
    memcpy(made->source_name, row->source_name, sizeof(made->source_name));
    return 0;
}

static int compare_backups(const void *first, const void *second)
{
    const struct expire_backup *a = first, *b = second;
    int order = memcmp(a->source, b->source, sizeof(a->source));
    if (order == 0)
        order = strcmp(a->ruling_name, b->ruling_name);
    if (order == 0)
        order = (a->created_ns > b->created_ns) - (a->created_ns < b->created_ns);
    return order != 0 ? order : strcmp(a->id, b->id);
}

size_t expire_group_end(const struct expiry *x, size_t start)
{
    const struct expire_backup *first = &x->backups[start];
    size_t end = start + 1;
    while (end < x->count &&
           memcmp(x->backups[end].source, first->source, sizeof(first->source)) == 0 &&
           strcmp(x->backups[end].ruling_name, first->ruling_name) == 0)
        end++;
    return end;
}

/* ---- pins ---- */

static int add_pin(void *context, const struct catalog_pin *pin, struct error *e)
{
    static const char *const words[] = {
#define X(symbol, name, text) text,
        CATALOG_PINS(X)
#undef X
    };
    struct expiry *x = context;
    struct expire_pin *grown = grow(x->pins, x->pin_count, sizeof(*grown), e);
    if (!grown)
        return -1;
    x->pins = grown;
    struct expire_pin *made = &grown[x->pin_count];
    memcpy(made->backup, pin->backup, sizeof(made->backup));
    if (asprintf(&made->text, "%s%s%s%s", words[pin->kind], pin->reason[0] ? " (" : "",
                 pin->reason, pin->reason[0] ? ")" : "") < 0)
        return error_no_memory(e, "a pin");
    x->pin_count++;
    return 0;
}

static int compare_pins(const void *first, const void *second)
{
    const struct expire_pin *a = first, *b = second;
    return strcmp(a->backup, b->backup);
}

static const char *find_pin(const struct expiry *x, const char *id)
{
    struct expire_pin key = {.text = NULL};
    snprintf(key.backup, sizeof(key.backup), "%s", id);
    if (x->pin_count == 0)
        return NULL;
    const struct expire_pin *found =
        bsearch(&key, x->pins, x->pin_count, sizeof(key), compare_pins);
    return found ? found->text : NULL;
}

/* ---- rules ---- */

/* Room for one more, still empty and not counted. */
static struct expire_ruling *new_ruling(struct expiry *x, const char *name, struct error *e)
{
    struct expire_ruling *grown = grow(x->rulings, x->ruling_count, sizeof(*grown), e);
    if (!grown)
        return NULL;
    x->rulings = grown;
    struct expire_ruling *made = &grown[x->ruling_count];
    *made = (struct expire_ruling){.policy = NULL};
    snprintf(made->name, sizeof(made->name), "%s", name);
    return made;
}

/* The replication policy of that name; that there is none is noted, too. */
static int look_for_policy(struct expiry *x, const char *name, struct error *e)
{
    for (size_t i = 0; i < x->ruling_count; i++) {
        if (strcmp(x->rulings[i].name, name) == 0)
            return 0;
    }
    struct expire_ruling *made = new_ruling(x, name, e);
    if (!made || policy_row_find(setup_catalog(x->setup), name, CATALOG_POLICY_REPLICATION,
                                 &made->policy, e) < 0)
        return -1;
    x->ruling_count++;
    return 0;
}

static bool is_of_replicas(const struct expiry *x)
{
    return x->row->role == CATALOG_ROLE_REPLICATION;
}

static int read_rulings(struct expiry *x, struct error *e)
{
    struct error why = ERROR_INIT;
    if (is_of_replicas(x)) {
        for (size_t i = 0; i < x->count; i++) {
            if (x->backups[i].policy[0] && look_for_policy(x, x->backups[i].policy, e) != 0)
                return -1;
        }
        return 0;
    }
    struct catalog_policy *row =
        catalog_policy_of(setup_catalog(x->setup), x->row->uuid, CATALOG_POLICY_BACKUP, &why);
    if (!row && why.error_class != LAGAN_OK) {
        *e = why;
        return -1;
    }
    struct expire_ruling *made = row ? new_ruling(x, row->name, e) : NULL;
    int result = made ? policy_row_parse(row, &made->policy, e) : row ? -1 : 0;
    x->ruling_count += made && result == 0;
    catalog_policy_free(row);
    return result;
}

/* The rules that hold for it; in a vault of backups the same for all.  Names do not lie in the
 * row, which moves when all are sorted. */
static void choose_ruling(const struct expiry *x, struct expire_backup *backup)
{
    const struct expire_instead *instead = x->request->instead;
    backup->ruling_name = "";
    backup->ruling = NULL;
    for (size_t i = 0; i < x->ruling_count; i++) {
        if (is_of_replicas(x) && strcmp(x->rulings[i].name, backup->policy) != 0)
            continue;
        backup->ruling = x->rulings[i].policy;
        backup->ruling_name = x->rulings[i].name;
    }
    if (!instead || (is_of_replicas(x) && strcmp(instead->policy, backup->policy) != 0))
        return;
    backup->ruling = instead->after;
    backup->ruling_name = instead->policy;
    if (strcmp(instead->policy, backup->policy) == 0 && instead->before &&
        retention_effect(instead->before, &instead->after->retention) == RETENTION_ALL)
        backup->expire_ns = 0;
}

int expire_gather(struct expiry *x, struct error *e)
{
    struct catalog *c = setup_catalog(x->setup);
    if (catalog_backup_list(c, x->row->uuid, NULL, add_backup, x, e) != 0 ||
        catalog_pin_list(c, x->row->uuid, NULL, add_pin, x, e) != 0 || read_rulings(x, e) != 0)
        return -1;
    if (x->pin_count > 1)
        qsort(x->pins, x->pin_count, sizeof(*x->pins), compare_pins);
    for (size_t i = 0; i < x->count; i++) {
        x->backups[i].pinned = find_pin(x, x->backups[i].id);
        choose_ruling(x, &x->backups[i]);
    }
    if (x->count > 1)
        qsort(x->backups, x->count, sizeof(*x->backups), compare_backups);
    x->result->backups = x->count;
    return 0;
}

void expire_drop(struct expiry *x)
{
    for (size_t i = 0; i < x->ruling_count; i++)
        policy_free(x->rulings[i].policy);
    for (size_t i = 0; i < x->pin_count; i++)
        free(x->pins[i].text);
    free(x->rulings);
    free(x->pins);
    free(x->backups);
    seal_list_free(&x->seals);
    open_vault_close(&x->vault);
}

/* ---- the lock ---- */

const struct seal *expire_find_seal(const struct expiry *x, const char *id)
{
    for (size_t i = 0; i < x->seals.count; i++) {
        if (strcmp(x->seals.seals[i]->id, id) == 0)
            return x->seals.seals[i];
    }
    return NULL;
}

int expire_ask_lock(struct expiry *x, struct error *e)
{
    struct vault_lock lock;
    int locked = vault_lock_read(x->vault.vault, &lock, e);
    if (locked < 0)
        return -1;
    for (size_t i = 0; locked > 0 && i < x->count; i++) {
        struct expire_backup *backup = &x->backups[i];
        if (retention_verdict_keeps(backup->decision.verdict))
            continue; /* the lock has nothing to add */
        const struct seal *seal = expire_find_seal(x, backup->id);
        if (seal && vault_lock_until(x->vault.vault, seal, &backup->locked_until_ns, e) != 0)
            return -1;
    }
    return 0;
}

/* ---- the decision ---- */

struct retention_backup expire_facts(const struct expire_backup *backup)
{
    return (struct retention_backup){.id = backup->id,
                                     .created_ns = backup->created_ns,
                                     .expire_ns = backup->expire_ns,
                                     .by_policy = backup->policy[0] != '\0',
                                     .failed = backup->failed,
                                     .replica_by_hand =
                                         backup->replica && backup->policy[0] == '\0',
                                     .pinned = backup->pinned,
                                     .locked_until_ns = backup->locked_until_ns,
                                     .keep_ns = backup->keep_ns};
}

static int decide_group(struct expiry *x, size_t start, size_t end, struct error *e)
{
    const struct policy *ruling = x->backups[start].ruling;
    size_t count = end - start;
    struct retention_backup *facts = calloc(count, sizeof(*facts));
    struct retention_decision *decisions = calloc(count, sizeof(*decisions));
    int result = facts && decisions ? 0 : error_no_memory(e, "retention");
    for (size_t i = 0; result == 0 && i < count; i++)
        facts[i] = expire_facts(&x->backups[start + i]);
    const struct retention_question question = {.rules = ruling ? &ruling->retention : NULL,
                                                .zone = ruling ? ruling->zone : NULL,
                                                .now_ns = x->result->clock.now_ns,
                                                .clock_doubtful = x->result->clock.doubtful,
                                                .backups = facts,
                                                .count = count};
    if (result == 0)
        result = retention_decide(&question, decisions, e);
    for (size_t i = 0; result == 0 && i < count; i++) {
        x->backups[start + i].decision = decisions[i];
        x->result->going += !retention_verdict_keeps(decisions[i].verdict);
    }
    free(facts);
    free(decisions);
    return result;
}

int expire_decide(struct expiry *x, struct error *e)
{
    x->result->going = 0;
    for (size_t start = 0, end; start < x->count; start = end) {
        end = expire_group_end(x, start);
        if (decide_group(x, start, end, e) != 0)
            return -1;
    }
    return 0;
}
