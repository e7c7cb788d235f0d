/* SPDX-License-Identifier: Apache-2.0 */
/* vault_facts.c - see vault_facts.h. */
#include "engine/vault_facts.h"

#include "base/clock.h"
#include "catalog/mirror.h"
#include "engine/locking.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The rules' words are the catalog's, number by number. */
#define X(symbol, name)                                                                        \
    _Static_assert((int)VAULT_STATE_##symbol == (int)CATALOG_VAULT_##symbol, name);
VAULT_STATES(X)
#undef X
#define X(symbol, name)                                                                        \
    _Static_assert((int)VAULT_TYPE_##symbol == (int)CATALOG_TYPE_##symbol, name);
VAULT_TYPES(X)
#undef X
#define X(symbol, name)                                                                        \
    _Static_assert((int)VAULT_ROLE_##symbol == (int)CATALOG_ROLE_##symbol, name);
VAULT_ROLES(X)
#undef X
#define X(symbol, name)                                                                        \
    _Static_assert((int)VAULT_PLAN_##symbol == (int)CATALOG_PLAN_##symbol, name);
VAULT_PLANS(X)
#undef X

/* The newest backup of each source. */
struct newest {
    uint8_t source[CATALOG_ID_SIZE];
    uint64_t bytes;
};
struct summing {
    struct vault_sizes sizes;
    struct newest *sources;
    size_t count, room;
};

static struct newest *newest_of(struct summing *s, const uint8_t source[CATALOG_ID_SIZE],
                                struct error *e)
{
    for (size_t i = s->count; i-- > 0;) {
        if (memcmp(s->sources[i].source, source, CATALOG_ID_SIZE) == 0)
            return &s->sources[i];
    }
    if (s->count == s->room) {
        size_t room = s->room ? 2 * s->room : 16;
        void *more = realloc(s->sources, room * sizeof(*s->sources));
        if (!more) {
            error_no_memory(e, "the sources of a vault");
            return NULL;
        }
        s->sources = more;
        s->room = room;
    }
    struct newest *made = &s->sources[s->count++];
    memcpy(made->source, source, CATALOG_ID_SIZE);
    return made;
}

/* Oldest first: the last one of a source stays. */
static int add_backup(void *context, const struct catalog_backup *row, struct error *e)
{
    struct summing *s = context;
    s->sizes.stored_bytes += row->bytes_stored;
    if (row->state == CATALOG_BACKUP_DELETED) {
        s->sizes.deleted++;
        s->sizes.deleted_bytes += row->bytes_stored;
        return 0;
    }
    struct newest *newest = newest_of(s, row->source, e);
    if (!newest)
        return -1;
    newest->bytes = row->bytes;
    s->sizes.backups++;
    s->sizes.last_ns = row->created_ns;
    return 0;
}

int vault_sizes_read(struct catalog *c, const uint8_t vault[CATALOG_ID_SIZE],
                     struct vault_sizes *sizes, struct error *e)
{
    struct summing s = {.count = 0};
    int result = catalog_backup_list(c, vault, NULL, add_backup, &s, e);
    for (size_t i = 0; i < s.count; i++)
        s.sizes.source_bytes += s.sources[i].bytes;
    s.sizes.sources = s.count;
    if (result == 0)
        *sizes = s.sizes;
    free(s.sources);
    return result;
}

struct source_count {
    const uint8_t *vault;
    uint64_t count;
};

static int count_source(void *context, const struct catalog_source *row, struct error *e)
{
    struct source_count *search = context;
    (void)e;
    search->count += memcmp(row->vault, search->vault, CATALOG_ID_SIZE) == 0;
    return 0;
}

static int read_sources(struct setup *s, const struct catalog_vault *row,
                        struct vault_facts *facts, struct error *e)
{
    struct source_count search = {row->uuid, 0};
    if (catalog_source_list(setup_catalog(s), count_source, &search, e) != 0)
        return -1;
    facts->sources = search.count;
    facts->source_limit = setup_config(s)->limits.sources;
    return 0;
}

static int read_mirror(struct setup *s, const struct catalog_vault *row,
                       struct vault_dossier *dossier, struct error *e)
{
    struct catalog_mirror mirror;
    int found = catalog_mirror_of(setup_catalog(s), row->uuid, &mirror, e);
    if (found <= 0)
        return found;
    struct catalog_vault *vault = catalog_vault_get(setup_catalog(s), mirror.vault, e);
    if (!vault)
        return -1;
    snprintf(dossier->mirror, sizeof(dossier->mirror), "%s", vault->name);
    snprintf(dossier->mirror_region, sizeof(dossier->mirror_region), "%s", vault->region);
    catalog_vault_free(vault);
    dossier->facts.mirror = dossier->mirror;
    dossier->facts.mirror_region = dossier->mirror_region;
    return 0;
}

static int read_lock(struct setup *s, const struct catalog_vault *row,
                     struct vault_dossier *dossier, struct error *e)
{
    int known = locking_known(setup_catalog(s), row->uuid, &dossier->lock, e);
    if (known > 0)
        dossier->facts.lock = vault_lock_mode_name(dossier->lock.mode);
    return known < 0 ? -1 : 0;
}

struct task_search {
    const uint8_t *vault;
    struct vault_dossier *dossier;
};

static int find_task(void *context, const struct catalog_task *row, struct error *e)
{
    struct task_search *search = context;
    (void)e;
    if (memcmp(row->vault, search->vault, CATALOG_ID_SIZE) != 0)
        return 0;
    memcpy(search->dossier->task, row->id, sizeof(row->id));
    search->dossier->facts.task = search->dossier->task;
    return 1;
}

/* Tasks of processes that died are none. */
static int read_tasks(struct setup *s, const struct catalog_vault *row,
                      struct vault_dossier *dossier, struct error *e)
{
    struct catalog *c = setup_catalog(s);
    struct task_search search = {row->uuid, dossier};
    if (catalog_task_reap(c, NULL, e) != 0)
        return -1;
    return catalog_task_list(c, 0, CATALOG_TASK_STATE_RUNNING, 0, find_task, &search, e) < 0
               ? -1
               : 0;
}

void vault_facts_of_row(const struct catalog_vault *row, struct vault_facts *facts)
{
    facts->name = row->name;
    facts->region = row->region;
    facts->type = (enum vault_type)row->type;
    facts->role = (enum vault_role)row->role;
    facts->plan = (enum vault_plan)row->plan;
    facts->state = (enum vault_state)row->state;
    facts->reason = row->reason;
    facts->created_ns = row->created_ns;
    facts->trial_end_ns = row->trial_end_ns;
    facts->purge_ns = row->purge_ns;
    facts->quota_bytes = row->quota_bytes;
    facts->warning_percent = row->quota_warning;
    facts->auto_expand = row->auto_expand;
    facts->warned = row->quota_warned;
}

int vault_facts_read(struct setup *s, const struct catalog_vault *row,
                     struct vault_dossier *dossier, struct error *e)
{
    struct vault_facts *facts = &dossier->facts;
    *dossier = (struct vault_dossier){0};
    vault_facts_of_row(row, facts);
    facts->now_ns = clock_wall_ns();
    facts->least_age_ns = setup_config(s)->limits.vault_age_ns;
    if (vault_sizes_read(setup_catalog(s), row->uuid, &dossier->sizes, e) != 0 ||
        read_sources(s, row, facts, e) != 0 || read_mirror(s, row, dossier, e) != 0 ||
        read_lock(s, row, dossier, e) != 0)
        return -1;
    facts->used_bytes = dossier->sizes.stored_bytes;
    return read_tasks(s, row, dossier, e);
}

int vault_state_ask(const struct catalog_vault *row,
                    int (*rule)(const struct vault_facts *facts, struct error *e),
                    struct error *e)
{
    struct vault_facts facts = {.now_ns = clock_wall_ns()};
    vault_facts_of_row(row, &facts);
    return rule(&facts, e);
}

int vault_facts_ask(struct setup *s, const struct catalog_vault *row,
                    int (*rule)(const struct vault_facts *facts, struct error *e),
                    struct error *e)
{
    struct vault_dossier dossier;
    if (vault_facts_read(s, row, &dossier, e) != 0)
        return -1;
    return rule(&dossier.facts, e);
}
