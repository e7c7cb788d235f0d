/* SPDX-License-Identifier: Apache-2.0 */
/* rule_manage.c - see rule_manage.h. */
#include "engine/rule_manage.h"

#include "base/clock.h"
#include "base/text.h"
#include "catalog/audit.h"
#include "engine/object_copy.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- one transaction ---- */

/* Ends what catalog_begin began. */
static int end(struct setup *s, int result, struct error *e)
{
    if (result == 0)
        return catalog_commit(setup_catalog(s), e);
    catalog_rollback(setup_catalog(s));
    return -1;
}

static int note(struct setup *s, enum catalog_event event,
                const struct catalog_object_rule *row, const char *words, struct error *e)
{
    char id[2 * CATALOG_ID_SIZE + 1];

    text_hex(row->id, CATALOG_ID_SIZE, id);
    return catalog_audit_add(setup_catalog(s), event, id, e, "%s: %s", row->name, words);
}

/* The settings in one line. */
static void describe(const struct catalog_object_rule *row, char words[CATALOG_TEXT_SIZE])
{
    size_t used = (size_t)snprintf(words, CATALOG_TEXT_SIZE, "%.200s to %.200s",
                                   row->from_place, row->to_place);

    for (size_t i = 0; i < row->settings.count && used < CATALOG_TEXT_SIZE; i++)
        used += (size_t)snprintf(words + used, CATALOG_TEXT_SIZE - used, " %s=%s",
                                 row->settings.items[i].name, row->settings.items[i].value);
}

/* ---- the ends ---- */

static void name_place(struct source *source, const uint8_t id[CATALOG_ID_SIZE],
                       char place[CATALOG_PLACE_SIZE])
{
    struct error ignored = ERROR_INIT;
    char hex[2 * CATALOG_ID_SIZE + 1];

    if (source_place_name(source, place, &ignored) == 0)
        return;
    text_hex(id, CATALOG_ID_SIZE, hex);
    snprintf(place, CATALOG_PLACE_SIZE, "source:%s", hex);
}

/* Opens both, notes where they are, and asks what they do with versions (OBJ-03). */
static int probe(struct setup *s, struct catalog_object_rule *row, struct error *e)
{
    struct catalog *c = setup_catalog(s);
    struct catalog_source *from = catalog_source_get(c, row->from, e);
    struct catalog_source *to = from != NULL ? catalog_source_get(c, row->to, e) : NULL;
    struct object_ends *ends = to != NULL ? object_ends_open(s, from, to, e) : NULL;
    struct object_rule rule = {.name = row->name, .from = row->from_place, .to = row->to_place};
    int result = -1;

    if (ends != NULL) {
        struct source *one = object_ends_from(ends), *other = object_ends_to(ends);
        name_place(one, row->from, row->from_place);
        name_place(other, row->to, row->to_place);
        result = object_rule_check_ends(
            &rule, (enum object_versions)source_capabilities(one)->versions,
            (enum object_versions)source_capabilities(other)->versions, e);
    }
    object_ends_close(ends);
    catalog_source_free(from);
    catalog_source_free(to);
    return result;
}

/* ---- settings ---- */

static bool is_given(const struct catalog_pairs *words, const char *name)
{
    return words != NULL && catalog_pairs_find(words, name) != NULL;
}

/* What the row has and the words do not name, then the words that have a value. */
static int change_settings(struct catalog_object_rule *row, const struct catalog_pairs *words,
                           struct error *e)
{
    struct catalog_pairs made = {0};
    int result = 0;

    for (size_t i = 0; result == 0 && i < row->settings.count; i++) {
        const struct catalog_pair *pair = &row->settings.items[i];
        if (!is_given(words, pair->name))
            result = catalog_pairs_add(&made, pair->name, pair->value, e);
    }
    for (size_t i = 0; result == 0 && words != NULL && i < words->count; i++) {
        const struct catalog_pair *pair = &words->items[i];
        if (object_rule_setting_find(pair->name) < 0 || pair->value[0] != '\0')
            result = catalog_pairs_add(&made, pair->name, pair->value, e);
    }
    if (result != 0) {
        catalog_pairs_clear(&made);
        return -1;
    }
    catalog_pairs_clear(&row->settings);
    row->settings = made;
    return 0;
}

/* What the row says by itself. */
static int check_alone(const struct catalog_object_rule *row, struct error *e)
{
    struct object_rule rule;
    struct object_rule_pair *pairs = NULL;

    if (rule_parse(row, &rule, &pairs, e) != 0)
        return -1;
    free(pairs);
    return 0;
}

/* OBJ-04, OBJ-05, OBJ-13: all rules of the source, as they are now in this transaction. */
static int check_together(struct setup *s, const struct catalog_object_rule *row,
                          struct error *e)
{
    struct rule_set set;

    if (rule_set_load(setup_catalog(s), row, &set, e) != 0)
        return -1;
    int result = object_rules_check(set.rules, set.count, 0, e);
    rule_set_clear(&set);
    return result;
}

/* ---- making and changing ---- */

static int find_sources(struct setup *s, const struct rule_wish *wish,
                        struct catalog_object_rule *row, struct error *e)
{
    struct catalog_source *from = catalog_source_find(setup_catalog(s), wish->from, e);
    struct catalog_source *to =
        from != NULL ? catalog_source_find(setup_catalog(s), wish->to, e) : NULL;

    if (to != NULL) {
        memcpy(row->from, from->id, CATALOG_ID_SIZE);
        memcpy(row->to, to->id, CATALOG_ID_SIZE);
    }
    catalog_source_free(from);
    catalog_source_free(to);
    return to != NULL ? 0 : -1;
}

/* As probe, unless `like` (NULL = none) is between the same two and was asked just now. */
static int probe_unless_like(struct setup *s, struct catalog_object_rule *row,
                             const struct catalog_object_rule *like, struct error *e)
{
    if (like == NULL || memcmp(like->from, row->from, CATALOG_ID_SIZE) != 0 ||
        memcmp(like->to, row->to, CATALOG_ID_SIZE) != 0)
        return probe(s, row, e);
    memcpy(row->from_place, like->from_place, sizeof(row->from_place));
    memcpy(row->to_place, like->to_place, sizeof(row->to_place));
    return 0;
}

/* A row out of a wish, looked at from all sides but the rules beside it. */
static struct catalog_object_rule *draft(struct setup *s, const struct rule_wish *wish,
                                         const struct catalog_object_rule *like,
                                         struct error *e)
{
    struct catalog_object_rule *row = catalog_object_rule_new(e);

    if (row == NULL)
        return NULL;
    snprintf(row->name, sizeof(row->name), "%s", wish->name);
    row->state = wish->disabled ? CATALOG_RULE_DISABLED : CATALOG_RULE_ENABLED;
    if (strlen(wish->name) < sizeof(row->name) && find_sources(s, wish, row, e) == 0 &&
        change_settings(row, wish->words, e) == 0 && check_alone(row, e) == 0 &&
        probe_unless_like(s, row, like, e) == 0)
        return row;
    if (strlen(wish->name) >= sizeof(row->name))
        name_check(NAME_RULE, wish->name, e);
    catalog_object_rule_free(row);
    return NULL;
}

static int insert(struct setup *s, struct catalog_object_rule *row, struct error *e)
{
    char words[CATALOG_TEXT_SIZE];

    if (row->state == CATALOG_RULE_DISABLED)
        row->off_ns = clock_wall_ns();
    if (catalog_object_rule_insert(setup_catalog(s), row, e) != 0)
        return -1;
    describe(row, words);
    return note(s, CATALOG_EVENT_RULE_CREATE, row, words, e);
}

struct catalog_object_rule *rule_manage_create(struct setup *s, const struct rule_wish *wish,
                                               struct error *e)
{
    struct catalog_object_rule *row = draft(s, wish, NULL, e);

    if (row == NULL)
        return NULL;
    int result = catalog_begin(setup_catalog(s), e);
    if (result == 0) {
        result = insert(s, row, e);
        if (result == 0)
            result = check_together(s, row, e);
        result = end(s, result, e);
    }
    if (result == 0)
        return row;
    catalog_object_rule_free(row);
    return NULL;
}

static int update(struct setup *s, struct catalog_object_rule *row, const char *words,
                  struct error *e)
{
    if (catalog_object_rule_update(setup_catalog(s), row, e) != 0)
        return -1;
    return note(s, CATALOG_EVENT_RULE_UPDATE, row, words, e);
}

int rule_manage_edit(struct setup *s, struct catalog_object_rule *row,
                     const struct catalog_pairs *words, struct error *e)
{
    char line[CATALOG_TEXT_SIZE];

    if (change_settings(row, words, e) != 0 || check_alone(row, e) != 0 ||
        catalog_begin(setup_catalog(s), e) != 0)
        return -1;
    describe(row, line);
    row->next_ns = 0;
    int result = update(s, row, line, e);
    if (result == 0)
        result = check_together(s, row, e);
    return end(s, result, e);
}

/* ---- on and off ---- */

/* What waits is dropped: it was made before the rule was switched off, and may be missing. */
static int switch_off(struct setup *s, struct catalog_object_rule *row, uint64_t *dropped,
                      struct error *e)
{
    int64_t oldest_ns = 0;
    uint64_t count = 0;

    if (catalog_object_copy_cancel(setup_catalog(s), row->id, &count, &oldest_ns, e) != 0)
        return -1;
    row->state = CATALOG_RULE_DISABLED;
    row->off_ns = clock_wall_ns();
    if (row->seen_ns != 0 && row->seen_ns < row->off_ns)
        row->off_ns = row->seen_ns; /* what came since was not seen */
    if (oldest_ns != 0 && oldest_ns < row->off_ns)
        row->off_ns = oldest_ns;
    if (dropped != NULL)
        *dropped = count;
    return update(s, row, "switched off", e);
}

/* An invalid rule keeps what waits. */
static int switch_on(struct setup *s, struct catalog_object_rule *row, struct error *e)
{
    bool was_off = row->state == CATALOG_RULE_DISABLED;
    const struct catalog_object_gap gap = {row->off_ns, clock_wall_ns()};

    row->state = CATALOG_RULE_ENABLED;
    row->reason[0] = '\0';
    row->off_ns = 0;
    row->next_ns = 0;
    if (was_off) {
        row->since_ns = gap.to_ns;
        if (catalog_object_gap_add(setup_catalog(s), row->id, &gap, e) != 0)
            return -1;
    }
    return update(s, row, "switched on", e);
}

int rule_manage_enable(struct setup *s, struct catalog_object_rule *row, bool enabled,
                       uint64_t *dropped, struct error *e)
{
    if (enabled == (row->state == CATALOG_RULE_ENABLED) &&
        (enabled || row->state == CATALOG_RULE_DISABLED))
        return 0;
    if (enabled && probe(s, row, e) != 0)
        return -1;
    if (catalog_begin(setup_catalog(s), e) != 0)
        return -1;
    return end(s, enabled ? switch_on(s, row, e) : switch_off(s, row, dropped, e), e);
}

int rule_manage_delete(struct setup *s, const struct catalog_object_rule *row, struct error *e)
{
    char words[CATALOG_TEXT_SIZE];

    describe(row, words);
    if (catalog_begin(setup_catalog(s), e) != 0)
        return -1;
    int result = note(s, CATALOG_EVENT_RULE_DELETE, row, words, e);
    if (result == 0)
        result = catalog_object_rule_delete(setup_catalog(s), row->id, e);
    return end(s, result, e);
}

int rule_manage_retry(struct setup *s, const struct catalog_object_rule *row, const char *key,
                      uint64_t *count, struct error *e)
{
    char words[64];

    if (catalog_begin(setup_catalog(s), e) != 0)
        return -1;
    int result = catalog_object_copy_retry(setup_catalog(s), row->id, key,
                                           key != NULL ? strlen(key) : 0, count, e);
    if (result == 0) {
        snprintf(words, sizeof(words), "%llu versions", (unsigned long long)*count);
        result = note(s, CATALOG_EVENT_RULE_RETRY, row, words, e);
    }
    return end(s, result, e);
}

/* ---- a whole configuration (OBJ-04) ---- */

enum { MADE, CHANGED, KEPT, DELETED };

static bool pairs_same(const struct catalog_pairs *a, const struct catalog_pairs *b)
{
    if (a->count != b->count)
        return false;
    for (size_t i = 0; i < a->count; i++) {
        if (strcmp(a->items[i].name, b->items[i].name) != 0 ||
            strcmp(a->items[i].value, b->items[i].value) != 0)
            return false;
    }
    return true;
}

static bool goes_on(const struct catalog_object_rule *old,
                    const struct catalog_object_rule *fresh)
{
    return strcmp(old->name, fresh->name) == 0 &&
           memcmp(old->to, fresh->to, CATALOG_ID_SIZE) == 0;
}

/* The old rule with what the new one says. */
static int carry_on(struct setup *s, struct catalog_object_rule *old,
                    struct catalog_object_rule *fresh, uint64_t changes[4], struct error *e)
{
    bool enabled = fresh->state == CATALOG_RULE_ENABLED;
    bool same = pairs_same(&old->settings, &fresh->settings);
    bool switched = enabled != (old->state == CATALOG_RULE_ENABLED);

    changes[same && !switched ? KEPT : CHANGED]++;
    if (!same) {
        struct catalog_pairs settings = old->settings;
        char words[CATALOG_TEXT_SIZE];
        old->settings = fresh->settings;
        fresh->settings = settings;
        describe(old, words);
        if (update(s, old, words, e) != 0)
            return -1;
    }
    if (!switched)
        return 0;
    return enabled ? switch_on(s, old, e) : switch_off(s, old, NULL, e);
}

static int place_one(struct setup *s, struct catalog_object_rule *fresh,
                     struct catalog_object_rule **old, size_t old_count, uint64_t changes[4],
                     struct error *e)
{
    for (size_t i = 0; i < old_count; i++) {
        if (old[i] != NULL && goes_on(old[i], fresh)) {
            int result = carry_on(s, old[i], fresh, changes, e);
            catalog_object_rule_free(old[i]);
            old[i] = NULL;
            return result;
        }
    }
    changes[MADE]++;
    return insert(s, fresh, e);
}

/* Those that do not go on go first: their names are free then. */
static int delete_others(struct setup *s, struct catalog_object_rule **fresh, size_t count,
                         struct catalog_object_rule **old, size_t old_count,
                         uint64_t changes[4], struct error *e)
{
    for (size_t i = 0; i < old_count; i++) {
        bool stays = false;
        for (size_t n = 0; n < count && !stays; n++)
            stays = goes_on(old[i], fresh[n]);
        if (stays)
            continue;
        changes[DELETED]++;
        if (note(s, CATALOG_EVENT_RULE_DELETE, old[i], "replaced", e) != 0 ||
            catalog_object_rule_delete(setup_catalog(s), old[i]->id, e) != 0)
            return -1;
        catalog_object_rule_free(old[i]);
        old[i] = NULL;
    }
    return 0;
}

static int replace(struct setup *s, const struct catalog_source *from,
                   struct catalog_object_rule **fresh, size_t count, uint64_t changes[4],
                   struct error *e)
{
    struct catalog_object_rule **old = NULL;
    size_t old_count = 0;
    char words[96];

    if (catalog_object_rule_all(setup_catalog(s), from->id, &old, &old_count, e) != 0)
        return -1;
    int result = delete_others(s, fresh, count, old, old_count, changes, e);
    for (size_t i = 0; result == 0 && i < count; i++)
        result = place_one(s, fresh[i], old, old_count, changes, e);
    for (size_t i = 0; i < old_count; i++)
        catalog_object_rule_free(old[i]);
    free(old);
    if (result == 0 && count > 0)
        result = check_together(s, fresh[0], e);
    if (result != 0)
        return -1;
    snprintf(words, sizeof(words), "%zu rules: %llu made, %llu changed, %llu deleted", count,
             (unsigned long long)changes[MADE], (unsigned long long)changes[CHANGED],
             (unsigned long long)changes[DELETED]);
    return catalog_audit_add(setup_catalog(s), CATALOG_EVENT_RULE_REPLACE, from->name, e, "%s",
                             words);
}

int rule_manage_replace(struct setup *s, const char *from, const struct rule_wish *wishes,
                        size_t count, uint64_t changes[4], struct error *e)
{
    struct catalog_source *source = catalog_source_find(setup_catalog(s), from, e);
    struct catalog_object_rule **fresh =
        source != NULL ? calloc(count + 1, sizeof(*fresh)) : NULL;
    int result = fresh != NULL ? 0 : -1;
    size_t made = 0;

    if (source != NULL && fresh == NULL)
        error_no_memory(e, "rules");
    memset(changes, 0, 4 * sizeof(changes[0]));
    if (result == 0 && count > OBJECT_RULE_LIMIT)
        result = error_set(e, LAGAN_LIMIT, ERROR_RULE_LIMIT,
                           "a source has %d rules at most, and these are %zu",
                           OBJECT_RULE_LIMIT, count);
    for (; result == 0 && made < count; made++) {
        fresh[made] = draft(s, &wishes[made], made > 0 ? fresh[made - 1] : NULL, e);
        result = fresh[made] != NULL ? 0 : -1;
    }
    if (result == 0)
        result = catalog_begin(setup_catalog(s), e);
    if (result == 0)
        result = end(s, replace(s, source, fresh, count, changes, e), e);
    for (size_t i = 0; i < made; i++)
        catalog_object_rule_free(fresh[i]);
    free(fresh);
    catalog_source_free(source);
    return result;
}
