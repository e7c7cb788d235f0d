/* SPDX-License-Identifier: Apache-2.0 */
/* slots.c - see slots.h. */
#include "engine/slots.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/text.h"
#include "catalog/audit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Slots, by id. */
struct slot_rows {
    const uint8_t *vault;
    struct catalog_slot *items;
    size_t count;
};

static int add_row(void *context, const struct catalog_slot *slot, struct error *e)
{
    struct slot_rows *rows = context;
    void *more = realloc(rows->items, (rows->count + 1) * sizeof(*rows->items));
    if (!more)
        return error_no_memory(e, "key slots");
    rows->items = more;
    rows->items[rows->count++] = *slot;
    return 0;
}

static int add_stored(void *context, const struct vault_slot *stored, struct error *e)
{
    struct slot_rows *rows = context;
    struct catalog_slot slot = {.created_ns = stored->created_ns};
    memcpy(slot.vault, rows->vault, sizeof(slot.vault));
    memcpy(slot.id, stored->id, sizeof(slot.id));
    snprintf(slot.kind, sizeof(slot.kind), "%s", vault_slot_kind_name(stored->kind));
    snprintf(slot.label, sizeof(slot.label), "%s", stored->label);
    return add_row(rows, &slot, e);
}

static const struct catalog_slot *find_row(const struct slot_rows *rows, const char *id)
{
    for (size_t i = 0; i < rows->count; i++) {
        if (strcmp(rows->items[i].id, id) == 0)
            return &rows->items[i];
    }
    return NULL;
}

/* What each of the two has. */
struct both {
    struct slot_rows known;
    struct slot_rows stored; /* those that can be read */
};

static void both_clear(struct both *both)
{
    free(both->known.items);
    free(both->stored.items);
}

static int both_read(const struct slots *s, struct both *both, struct error *e)
{
    *both = (struct both){{.vault = s->id}, {.vault = s->id}};
    if (vault_slot_list(s->vault, add_stored, &both->stored, e) == 0 &&
        catalog_slot_list(s->catalog, s->id, add_row, &both->known, e) == 0)
        return 0;
    both_clear(both);
    return -1;
}

/* A slot that cannot be read is damaged, not missing: 1 there, 0, -1. */
static int is_stored(const struct slots *s, const struct both *both, const char *id,
                     struct error *e)
{
    struct error why = ERROR_INIT;
    uint64_t bytes = 0;
    char key[64];
    if (find_row(&both->stored, id))
        return 1;
    snprintf(key, sizeof(key), "keys/%s", id);
    if (target_stat(vault_target(s->vault), key, &bytes, &why) == 0)
        return 1;
    if (why.error_class == LAGAN_NOT_FOUND)
        return 0;
    *e = why;
    return -1;
}

static int replace_rows(struct catalog *catalog, const struct slot_rows *rows, struct error *e)
{
    if (catalog_slot_delete(catalog, rows->vault, NULL, e) != 0)
        return -1;
    for (size_t i = 0; i < rows->count; i++) {
        if (catalog_slot_upsert(catalog, &rows->items[i], e) != 0)
            return -1;
    }
    return 0;
}

static int transaction_end(struct catalog *catalog, int result, struct error *e)
{
    if (result == 0)
        return catalog_commit(catalog, e);
    catalog_rollback(catalog);
    return -1;
}

int slots_record(const struct slots *s, uint64_t *gone, struct error *e)
{
    struct both both;
    uint64_t count = 0;
    if (both_read(s, &both, e) != 0)
        return -1;
    for (size_t i = 0; i < both.known.count; i++)
        count += !find_row(&both.stored, both.known.items[i].id);
    int result = catalog_begin(s->catalog, e);
    if (result == 0)
        result = transaction_end(s->catalog, replace_rows(s->catalog, &both.stored, e), e);
    both_clear(&both);
    if (result == 0 && gone)
        *gone = count;
    return result;
}

/* Since when a slot is being added here: a note that outlives a kill.  0 = none is. */

static void intent_name(const struct slots *s, char name[64])
{
    char id[2 * CATALOG_ID_SIZE + 1];
    text_hex(s->id, CATALOG_ID_SIZE, id);
    snprintf(name, 64, "adding_slot.%s", id);
}

static int intent_set(const struct slots *s, int64_t since_ns, struct error *e)
{
    char name[64], value[32];
    intent_name(s, name);
    snprintf(value, sizeof(value), "%lld", (long long)since_ns);
    return catalog_setting_set(s->catalog, name, value, e);
}

static int intent_get(const struct slots *s, int64_t *since_ns, struct error *e)
{
    struct error why = ERROR_INIT;
    char name[64];
    intent_name(s, name);
    char *value CLEANUP_TEXT = catalog_setting_get(s->catalog, name, &why);
    if (!value && why.error_class != LAGAN_OK) {
        *e = why;
        return -1;
    }
    *since_ns = value ? strtoll(value, NULL, 10) : 0;
    return 0;
}

/* Says in the audit log what became of a slot. */
static int audit(const struct slots *s, enum catalog_event event,
                 const struct catalog_slot *slot, const char *more, struct error *e)
{
    char vault[2 * CATALOG_ID_SIZE + 1];
    text_hex(s->id, CATALOG_ID_SIZE, vault);
    return catalog_audit_add(s->catalog, event, vault, e, "%s: %s slot %s \"%s\"%s",
                             vault_settings(s->vault)->name, slot->kind, slot->id, slot->label,
                             more);
}

/* The addition is over: its slot is remembered. */
static int write_added(const struct slots *s, const struct slot_rows *stored, int64_t since_ns,
                       const char *id, struct error *e)
{
    for (size_t i = 0; i < stored->count; i++) {
        const struct catalog_slot *slot = &stored->items[i];
        bool added = id ? strcmp(slot->id, id) == 0 : slot->created_ns >= since_ns;
        if (added && (catalog_slot_upsert(s->catalog, slot, e) != 0 ||
                      audit(s, CATALOG_EVENT_KEY_ADD, slot, "", e) != 0))
            return -1;
    }
    return intent_set(s, 0, e);
}

/* Remembers the slot `id`; NULL = what storage has since the addition began. */
static int learn(const struct slots *s, int64_t since_ns, const char *id, struct error *e)
{
    struct slot_rows stored = {.vault = s->id};
    int result = vault_slot_list(s->vault, add_stored, &stored, e);
    if (result == 0)
        result = catalog_begin(s->catalog, e);
    if (result == 0)
        result = transaction_end(s->catalog, write_added(s, &stored, since_ns, id, e), e);
    free(stored.items);
    return result;
}

/* What an addition that was broken off has left. */
static int settle(const struct slots *s, struct error *e)
{
    int64_t since = 0;
    if (intent_get(s, &since, e) != 0)
        return -1;
    return since > 0 ? learn(s, since, NULL, e) : 0;
}

int slots_add(const struct slots *s, const struct vault_slot_request *request, char id[33],
              struct error *e)
{
    struct error ignored = ERROR_INIT;
    int64_t now = clock_wall_ns();
    if (settle(s, e) != 0 || intent_set(s, now, e) != 0)
        return -1;
    if (vault_slot_add(s->vault, request, id, e) == 0)
        return learn(s, now, id, e);
    intent_set(s, 0, &ignored);
    return -1;
}

/* The catalog forgets the slot, and the audit log tells; both, or neither. */
static int write_removed(const struct slots *s, const struct catalog_slot *row, bool known,
                         struct error *e)
{
    if (catalog_begin(s->catalog, e) != 0)
        return -1;
    int result = known ? catalog_slot_delete(s->catalog, s->id, row->id, e) : 0;
    if (result == 0)
        result = audit(s, CATALOG_EVENT_KEY_REMOVE, row, "", e);
    return transaction_end(s->catalog, result, e);
}

/* It could not be removed after all. */
static void write_kept(const struct slots *s, const struct catalog_slot *row, bool known)
{
    struct error ignored = ERROR_INIT;
    if (catalog_begin(s->catalog, &ignored) != 0)
        return;
    int result = known ? catalog_slot_upsert(s->catalog, row, &ignored) : 0;
    if (result == 0)
        result = audit(s, CATALOG_EVENT_KEY_ADD, row, ", which could not be removed", &ignored);
    transaction_end(s->catalog, result, &ignored);
}

/* What is known of a slot: its row, or what storage says. */
static int find_slot(const struct slots *s, const char *id, struct catalog_slot *slot,
                     bool *known, struct error *e)
{
    struct both both;
    if (both_read(s, &both, e) != 0)
        return -1;
    const struct catalog_slot *row = find_row(&both.known, id);
    const struct catalog_slot *stored = find_row(&both.stored, id);
    *known = row != NULL;
    *slot = (struct catalog_slot){0};
    memcpy(slot->vault, s->id, sizeof(slot->vault));
    snprintf(slot->id, sizeof(slot->id), "%s", id);
    snprintf(slot->kind, sizeof(slot->kind), "unknown");
    if (row || stored)
        *slot = row ? *row : *stored;
    both_clear(&both);
    return 0;
}

int slots_remove(const struct slots *s, const char *id, bool *missing, struct error *e)
{
    struct catalog_slot row;
    bool known = false;
    *missing = false;
    /* First: what was removed in the regular way is never missed, nor without a line. */
    if (find_slot(s, id, &row, &known, e) != 0 || write_removed(s, &row, known, e) != 0)
        return -1;
    if (vault_slot_remove(s->vault, id, e) == 0)
        return 0;
    *missing = known && e->error_class == LAGAN_NOT_FOUND;
    if (!*missing) {
        write_kept(s, &row, known);
        return -1;
    }
    *e = ERROR_INIT;
    return 0;
}

/* Counts the slots whose id starts with `text`, those in `but` left out. */
static size_t count_matches(const struct slot_rows *rows, const struct slot_rows *but,
                            const char *text, char id[33])
{
    size_t count = 0;
    for (size_t i = 0; i < rows->count; i++) {
        const char *found = rows->items[i].id;
        if (strncmp(found, text, strlen(text)) != 0 || (but && find_row(but, found)))
            continue;
        memcpy(id, found, CATALOG_SLOT_ID_SIZE);
        count++;
    }
    return count;
}

int slots_find(const struct slots *s, const char *text, char id[33], struct error *e)
{
    struct both both;
    char found[CATALOG_SLOT_ID_SIZE] = "";
    if (strlen(text) < 4)
        return error_set(e, LAGAN_INVALID, ERROR_USAGE,
                         "the id of a slot has at least 4 digits");
    if (both_read(s, &both, e) != 0)
        return -1;
    size_t count = count_matches(&both.stored, NULL, text, found) +
                   count_matches(&both.known, &both.stored, text, found);
    both_clear(&both);
    if (count == 0)
        return error_set(e, LAGAN_NOT_FOUND, ERROR_FAILED,
                         "the vault has no slot %s; `lagan vault key list` shows them", text);
    if (count > 1)
        return error_set(e, LAGAN_INVALID, ERROR_AMBIGUOUS, "%zu slots start with %s", count,
                         text);
    memcpy(id, found, sizeof(found));
    return 0;
}

int slots_compare(const struct slots *s,
                  void (*each)(void *context, const struct catalog_slot *slot, bool missing),
                  void *context, struct error *e)
{
    struct both both;
    if (settle(s, e) != 0 || both_read(s, &both, e) != 0)
        return -1;
    int result = 0;
    for (size_t i = 0; i < both.known.count && result == 0; i++) {
        int there = is_stored(s, &both, both.known.items[i].id, e);
        if (there == 0)
            each(context, &both.known.items[i], true);
        result = there < 0 ? -1 : 0;
    }
    for (size_t i = 0; i < both.stored.count && result == 0; i++) {
        if (!find_row(&both.known, both.stored.items[i].id))
            each(context, &both.stored.items[i], false);
    }
    both_clear(&both);
    return result;
}
