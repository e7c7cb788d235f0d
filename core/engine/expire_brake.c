/* SPDX-License-Identifier: Apache-2.0 */
/* expire_brake.c - the brake: what is too much at once, and who says that it was meant. */
#include "engine/expire_private.h"

#include "base/clock.h"
#include "base/text.h"
#include "catalog/audit.h"
#include "engine/tell.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const int64_t DAY_NS = INT64_C(86400) * 1000000000;

/* ---- what went within the last day ---- */

struct lately {
    int64_t since_ns;
    const char *source_name; /* NULL = of all */
    uint64_t went, came;     /* came: made within it, too */
};

/* Newest first: the first older one ends it.  What people delete they have meant. */
static int count_deletion(void *context, const struct catalog_deletion *row, struct error *e)
{
    struct lately *lately = context;
    (void)e;
    if (row->at_ns < lately->since_ns)
        return 1;
    if (row->policy[0] == '\0' ||
        (lately->source_name && strcmp(row->source_name, lately->source_name) != 0))
        return 0;
    lately->went++;
    lately->came += row->created_ns >= lately->since_ns;
    return 0;
}

/* `source_name` NULL = of all. */
static int add_deletions(const struct expiry *x, const char *source_name,
                         struct retention_brake *facts, struct error *e)
{
    struct lately lately = {clock_wall_ns() - DAY_NS, source_name, 0, 0};
    if (catalog_deletion_list(setup_catalog(x->setup), x->row->uuid, NULL, 0, count_deletion,
                              &lately, e) < 0)
        return -1;
    facts->went_lately += lately.went;
    facts->came_lately += lately.came;
    return 0;
}

/* ---- sizes ---- */

static int compare_sizes(const void *first, const void *second)
{
    uint64_t a = *(const uint64_t *)first, b = *(const uint64_t *)second;
    return (a > b) - (a < b);
}

static uint64_t median(uint64_t *sizes, size_t count)
{
    if (count == 0)
        return 0;
    qsort(sizes, count, sizeof(*sizes), compare_sizes);
    return sizes[count / 2];
}

/* Those whose sizes tell something of the source: made alike, and not dated in the future. */
static bool tells(const struct expiry *x, const struct expire_backup *backup)
{
    return backup->policy[0] != '\0' && !backup->failed &&
           backup->created_ns <= x->result->clock.now_ns;
}

/* What was there when somebody last released the brake is no surprise any more. */
static uint64_t least(uint64_t typical, uint64_t released)
{
    return released < typical ? released : typical;
}

static int weigh(const struct expiry *x, size_t start, size_t end, int64_t released_ns,
                 struct retention_brake *facts, struct error *e)
{
    const struct expire_backup *newest = NULL, *released = NULL;
    uint64_t *sizes = calloc(2 * (end - start), sizeof(*sizes));
    uint64_t *entries = sizes ? sizes + (end - start) : NULL;
    size_t count = 0;
    if (!sizes)
        return error_no_memory(e, "the sizes of backups");
    for (size_t i = start; i < end; i++) {
        const struct expire_backup *backup = &x->backups[i];
        if (!tells(x, backup))
            continue;
        if (newest) {
            sizes[count] = newest->bytes;
            entries[count++] = newest->entries;
        }
        newest = backup;
        if (backup->created_ns <= released_ns)
            released = backup;
    }
    if (newest && newest != released) {
        facts->newest_bytes = newest->bytes;
        facts->newest_entries = newest->entries;
        facts->typical_bytes =
            least(median(sizes, count), released ? released->bytes : UINT64_MAX);
        facts->typical_entries =
            least(median(entries, count), released ? released->entries : UINT64_MAX);
    }
    free(sizes);
    return 0;
}

/* ---- one source, and the whole vault ---- */

static void count_group(const struct expiry *x, size_t start, size_t end,
                        struct retention_brake *facts)
{
    int64_t since_ns = x->result->clock.now_ns - DAY_NS;
    for (size_t i = start; i < end; i++) {
        facts->backups++;
        facts->going += !retention_verdict_keeps(x->backups[i].decision.verdict);
        facts->came_lately += x->backups[i].created_ns >= since_ns;
    }
}

/* 1 with the reason in the result, 0, -1. */
static int ask_source(struct expiry *x, size_t start, size_t end, bool bursts,
                      int64_t released_ns, struct error *e)
{
    const char *name = x->backups[start].source_name;
    struct retention_brake facts = {.backups = 0};
    char reason[CATALOG_TEXT_SIZE];
    count_group(x, start, end, &facts);
    if (facts.going == 0)
        return 0;
    if (weigh(x, start, end, released_ns, &facts, e) != 0)
        return -1;
    if (bursts && add_deletions(x, name, &facts, e) != 0)
        return -1;
    if (!bursts) /* sizes alone */
        facts.came_lately = facts.backups = facts.going;
    if (!retention_brakes(&facts, reason, sizeof(reason)))
        return 0;
    snprintf(x->result->reason, sizeof(x->result->reason), "source %.64s: %.180s", name,
             reason);
    return 1;
}

static int ask_vault(struct expiry *x, struct error *e)
{
    struct retention_brake facts = {.backups = 0};
    count_group(x, 0, x->count, &facts);
    if (add_deletions(x, NULL, &facts, e) != 0)
        return -1;
    return retention_brakes(&facts, x->result->reason, sizeof(x->result->reason));
}

/* Whether somebody said within the last day that he meant it. */
static bool is_recent(int64_t said_ns)
{
    int64_t since_ns = clock_wall_ns() - said_ns;
    return said_ns != 0 && since_ns >= 0 && since_ns <= DAY_NS;
}

static void meant_name(const uint8_t vault[CATALOG_ID_SIZE], char name[64])
{
    char id[2 * CATALOG_ID_SIZE + 1];
    text_hex(vault, CATALOG_ID_SIZE, id);
    snprintf(name, 64, "expiry_meant_%s", id);
}

static int read_meant(const struct expiry *x, int64_t *meant_ns, struct error *e)
{
    struct error why = ERROR_INIT;
    char name[64];
    meant_name(x->row->uuid, name);
    char *text = catalog_setting_get(setup_catalog(x->setup), name, &why);
    *meant_ns = text ? strtoll(text, NULL, 10) : 0;
    free(text);
    if (why.error_class == LAGAN_OK)
        return 0;
    *e = why;
    return -1;
}

static int ask_all(struct expiry *x, int64_t released_ns, struct error *e)
{
    int64_t meant_ns = 0;
    if (read_meant(x, &meant_ns, e) != 0)
        return -1;
    bool bursts = !is_recent(released_ns) && !is_recent(meant_ns);
    int brakes = 0;
    for (size_t start = 0, end; brakes == 0 && start < x->count; start = end) {
        end = expire_group_end(x, start);
        brakes = ask_source(x, start, end, bursts, released_ns, e);
    }
    return brakes == 0 && bursts ? ask_vault(x, e) : brakes;
}

/* ---- the row ---- */

static int set_brake(struct expiry *x, struct catalog_expiry_brake *brake, struct error *e)
{
    struct tell_notice notice = {.event = TELL_EXPIRY_BRAKED};
    char subject[2 * CATALOG_TEXT_SIZE];
    brake->braked_ns = clock_wall_ns();
    snprintf(brake->reason, sizeof(brake->reason), "%s", x->result->reason);
    if (catalog_expiry_brake_set(setup_catalog(x->setup), x->row->uuid, brake, e) != 0)
        return -1;
    x->result->braked = x->result->braked_now = true;
    snprintf(subject, sizeof(subject), "nothing goes from the vault %.200s: %s", x->row->name,
             brake->reason);
    notice.subject = subject;
    notice.body = "`lagan policy release` says that the deletions are meant";
    return tell(x->setup, &notice, e);
}

int expire_brake(struct expiry *x, struct error *e)
{
    struct catalog_expiry_brake brake;
    if (catalog_expiry_brake_get(setup_catalog(x->setup), x->row->uuid, &brake, e) != 0)
        return -1;
    if (brake.braked_ns != 0) {
        x->result->braked = true;
        snprintf(x->result->reason, sizeof(x->result->reason), "%s", brake.reason);
        return 0;
    }
    if (x->result->going == 0)
        return 0;
    int brakes = ask_all(x, brake.released_ns, e);
    if (brakes <= 0)
        return brakes;
    if (!x->request->dry_run)
        return set_brake(x, &brake, e);
    x->result->braked = true;
    return 0;
}

static int note_meant(void *context, const struct catalog_vault *vault, struct error *e)
{
    char name[64], now[32];
    meant_name(vault->uuid, name);
    snprintf(now, sizeof(now), "%lld", (long long)clock_wall_ns());
    return catalog_setting_set(setup_catalog(context), name, now, e);
}

int expire_meant(struct setup *s, const struct catalog_policy *policy, struct error *e)
{
    return expire_vaults(s, policy, note_meant, s, e);
}

int expire_release(struct setup *s, const struct catalog_vault *row, struct error *e)
{
    struct catalog *c = setup_catalog(s);
    struct catalog_expiry_brake brake;
    if (catalog_begin(c, e) != 0)
        return -1;
    int result = catalog_expiry_brake_get(c, row->uuid, &brake, e);
    if (result == 0 && brake.braked_ns == 0)
        result = error_set(e, LAGAN_PRECONDITION, ERROR_CONFLICT,
                           "no brake holds the deletions in the vault %s; there is nothing to "
                           "release",
                           row->name);
    const struct catalog_expiry_brake free_again = {.released_ns = clock_wall_ns()};
    if (result == 0)
        result = catalog_expiry_brake_set(c, row->uuid, &free_again, e);
    if (result == 0)
        result = catalog_audit_add(c, CATALOG_EVENT_EXPIRY_RELEASE, row->name, e,
                                   "the brake held: %s", brake.reason);
    if (result == 0)
        return catalog_commit(c, e);
    catalog_rollback(c);
    return -1;
}
