/* SPDX-License-Identifier: Apache-2.0 */
/* mirror_fixture_look.c - see mirror_fixture.h: the worker at work, and what came of it. */
#include "driver_fixture.h"
#include "mirror_fixture.h"
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void note(void *context, const struct work_news *news)
{
    struct world *w = context;

    if (news->item != NULL && w->news_count < WORLD_NEWS &&
        (news->kind == WORK_STARTED || news->kind == WORK_DONE || news->kind == WORK_SKIPPED)) {
        w->news[w->news_count].kind = news->kind;
        w->news[w->news_count].class = news->item->class;
        snprintf(w->news[w->news_count].vault, CATALOG_TEXT_SIZE, "%s", news->vault);
        memcpy(w->news[w->news_count++].subject, news->item->subject, CATALOG_SUBJECT_SIZE);
    }
    if (w->each_news != NULL)
        w->each_news(w, news);
}

int world_try(struct world *w, struct work_result *result, struct error *e)
{
    const struct work_request request = {
        .setup = w->setup, .context = w, .told = note, .lease_ns = w->lease_ns};

    w->news_count = 0;
    return mirror_work(&request, result, e);
}

struct work_result world_work(struct world *w)
{
    struct work_result result = {0};
    struct error e = ERROR_INIT;

    assert_success(world_try(w, &result, &e), e);
    return result;
}

static int count_item(void *context, const struct catalog_item *item, struct error *e)
{
    (void)item;
    (void)e;
    ++*(unsigned *)context;
    return 0;
}

unsigned world_items(struct world *w, enum catalog_item_state state)
{
    struct error e = ERROR_INIT;
    unsigned count = 0;

    assert_success(
        catalog_item_list(setup_catalog(w->setup), NULL, (int)state, count_item, &count, &e),
        e);
    return count;
}

/* Tasks */

struct subjects {
    const char *start;
    char (*all)[CATALOG_TEXT_SIZE + 40];
    size_t count, room;
};

static int note_task(void *context, const struct catalog_task *task, struct error *e)
{
    struct subjects *s = context;

    (void)e;
    if (task->type != CATALOG_TASK_REPLICATION ||
        strncmp(task->subject, s->start, strlen(s->start)) != 0)
        return 0;
    if (s->count == s->room) {
        s->room = s->room * 2 + 64;
        s->all = reallocarray(s->all, s->room, sizeof(*s->all));
        assert_non_null(s->all);
    }
    /* With two mirrors one subject is owed twice. */
    snprintf(s->all[s->count++], sizeof(*s->all), "%02x%02x%02x%02x %s", task->vault[0],
             task->vault[1], task->vault[2], task->vault[3], task->subject);
    return 0;
}

static struct subjects list_tasks(struct world *w, enum catalog_task_state state,
                                  const char *start)
{
    struct subjects s = {.start = start};
    struct error e = ERROR_INIT;

    assert_success(
        catalog_task_list(setup_catalog(w->setup), 0, (int)state, 0, note_task, &s, &e), e);
    return s;
}

unsigned world_tasks(struct world *w, enum catalog_task_state state, const char *start)
{
    struct subjects s = list_tasks(w, state, start);

    free(s.all);
    return (unsigned)s.count;
}

static int compare_text(const void *a, const void *b)
{
    return strcmp(a, b);
}

void world_expect_once(struct world *w)
{
    struct subjects s = list_tasks(w, CATALOG_TASK_STATE_SUCCESS, "");
    size_t twice = 0;

    if (s.count > 1)
        qsort(s.all, s.count, sizeof(*s.all), compare_text);
    for (size_t i = 1; i < s.count; i++) {
        if (strcmp(s.all[i - 1], s.all[i]) != 0)
            continue;
        print_error("recorded twice: %s\n", s.all[i]);
        twice++;
    }
    free(s.all);
    assert_int_equal(twice, 0);
}

static int add_usage(void *context, const struct catalog_usage *usage, struct error *e)
{
    (void)e;
    if (usage->kind == CATALOG_USAGE_REPLICATED)
        *(uint64_t *)context += usage->bytes;
    return 0;
}

uint64_t world_usage(struct world *w)
{
    struct error e = ERROR_INIT;
    uint64_t bytes = 0;

    assert_success(
        catalog_usage_list(setup_catalog(w->setup), NULL, NULL, add_usage, &bytes, &e), e);
    return bytes;
}

/* What lies there */

struct stored {
    uint64_t bytes;
    unsigned tombstones, slots;
};

static int add_object(void *context, const char *key, uint64_t bytes, struct error *e)
{
    struct stored *s = context;
    size_t size = strlen(key);
    bool gone = size > 5 && strcmp(key + size - 5, ".gone") == 0;

    (void)e;
    s->tombstones += gone;
    s->slots += strncmp(key, "keys/", 5) == 0;
    if (!gone && (strncmp(key, "packs/", 6) == 0 || strncmp(key, "rolls/", 6) == 0 ||
                  strncmp(key, "seals/", 6) == 0))
        s->bytes += bytes;
    return 0;
}

static void open_side(struct world *w, const uint8_t *id, struct open_vault *vault)
{
    static const struct setup_key locked = {.locked = true};
    struct error e = ERROR_INIT;
    struct catalog_vault *row = catalog_vault_get(setup_catalog(w->setup), id, &e);

    assert_success(row != NULL ? 0 : -1, e);
    assert_success(setup_vault_open_row(w->setup, row, &locked, false, vault, &e), e);
}

uint64_t world_stored(struct world *w, const struct catalog_mirror *m, bool source,
                      unsigned *tombstones, unsigned *slots)
{
    struct stored s = {0};
    struct open_vault vault = {0};
    struct error e = ERROR_INIT;

    open_side(w, source ? m->source : m->vault, &vault);
    assert_success(target_list(vault_target(vault.vault), "", add_object, &s, &e), e);
    open_vault_close(&vault);
    if (tombstones != NULL)
        *tombstones = s.tombstones;
    if (slots != NULL)
        *slots = s.slots;
    return s.bytes;
}

static void show_finding(void *context, const struct compare_finding *finding)
{
    (void)context;
    if (finding->fatal)
        print_error("%s: %s: %s\n", finding->object, compare_kind_name(finding->kind),
                    finding->why.text);
}

static int count_backup(void *context, const struct catalog_backup *backup, struct error *e)
{
    (void)backup;
    (void)e;
    ++*(unsigned *)context;
    return 0;
}

static unsigned known_backups(struct world *w, const uint8_t *vault)
{
    struct error e = ERROR_INIT;
    unsigned count = 0;

    assert_success(
        catalog_backup_list(setup_catalog(w->setup), vault, NULL, count_backup, &count, &e), e);
    return count;
}

void world_expect_equal(struct world *w, const char *vault)
{
    struct catalog_mirror m = world_mirror_of(w, vault);
    struct open_vault source = {0}, mirror = {0};
    struct compare_result result = {.equal = false};
    struct error e = ERROR_INIT;

    open_side(w, m.source, &source);
    open_side(w, m.vault, &mirror);
    const struct compare_request request = {.source = source.vault,
                                            .mirror = mirror.vault,
                                            .depth = VERIFY_OBJECTS,
                                            .found = show_finding};
    assert_success(compare_vaults(&request, &result, &e), e);
    open_vault_close(&source);
    open_vault_close(&mirror);
    assert_true(result.equal);
    assert_int_equal(result.found[COMPARE_DELETION_DUE], 0);
    assert_int_equal(result.backups, known_backups(w, m.source));
    assert_int_equal(result.backups, known_backups(w, m.vault));
}

enum catalog_mirror_state world_state(struct world *w, const char *vault)
{
    return world_mirror_of(w, vault).state;
}

void world_expect_sync(struct world *w, const char *vault)
{
    assert_int_equal(world_items(w, CATALOG_ITEM_WAITING), 0);
    assert_int_equal(world_items(w, CATALOG_ITEM_RUNNING), 0);
    assert_int_equal(world_items(w, CATALOG_ITEM_DEAD), 0);
    assert_string_equal(catalog_mirror_state_name(world_state(w, vault)),
                        catalog_mirror_state_name(CATALOG_MIRROR_IN_SYNC));
    world_expect_equal(w, vault);
    world_expect_once(w);
}
