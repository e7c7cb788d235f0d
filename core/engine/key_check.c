/* SPDX-License-Identifier: Apache-2.0 */
/* key_check.c - see key_check.h. */
#include "engine/key_check.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/text.h"
#include "engine/slot_provider.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *key_slot_state_name(enum key_slot_state state)
{
    static const char *const names[] = {
        [KEY_SLOT_OPENS] = "opens", [KEY_SLOT_FAILS] = "fails", [KEY_SLOT_UNKNOWN] = "unknown"};
    return names[state];
}

/* ---- the verdict: a setting, "TIME fine" or "TIME gone WHY" ---- */

enum { SETTING_SIZE = 64, VERDICT_SIZE = ERROR_TEXT_SIZE + 32 };

static void setting_name(const uint8_t vault[CATALOG_ID_SIZE], char name[SETTING_SIZE])
{
    char id[2 * CATALOG_ID_SIZE + 1];
    text_hex(vault, CATALOG_ID_SIZE, id);
    snprintf(name, SETTING_SIZE, "key_check.%s", id);
}

int key_verdict_read(struct catalog *c, const uint8_t vault[CATALOG_ID_SIZE],
                     struct key_verdict *verdict, struct error *e)
{
    struct key_verdict read = {0};
    struct error why = ERROR_INIT;
    char name[SETTING_SIZE];
    setting_name(vault, name);
    char *text CLEANUP_TEXT = catalog_setting_get(c, name, &why);
    if (!text && why.error_class != LAGAN_OK) {
        *e = why;
        return -1;
    }
    if (text) {
        char *rest;
        read.checked_ns = strtoll(text, &rest, 10);
        read.fine = strcmp(rest, " fine") == 0;
        if (strncmp(rest, " gone ", 6) == 0)
            snprintf(read.text, sizeof(read.text), "%s", rest + 6);
    }
    *verdict = read;
    return 0;
}

/* What cannot be remembered is found out again the next time. */
static void verdict_write(struct catalog *c, const uint8_t vault[CATALOG_ID_SIZE],
                          const struct error *why)
{
    struct error ignored = ERROR_INIT;
    char name[SETTING_SIZE], text[VERDICT_SIZE];
    setting_name(vault, name);
    if (why)
        snprintf(text, sizeof(text), "%lld gone %s", (long long)clock_wall_ns(), why->text);
    else
        snprintf(text, sizeof(text), "%lld fine", (long long)clock_wall_ns());
    catalog_setting_set(c, name, text, &ignored);
}

void key_check_opened(struct setup *s, const struct catalog_vault *row)
{
    struct catalog *c = setup_catalog(s);
    struct key_verdict verdict;
    struct error ignored = ERROR_INIT;
    if (c && key_verdict_read(c, row->uuid, &verdict, &ignored) == 0 &&
        verdict.checked_ns != 0 && !verdict.fine)
        verdict_write(c, row->uuid, NULL);
}

/* ---- the words ---- */

struct identity_search {
    const char *driver;
    char text[256];
};

static int note_identity(void *context, const struct vault_slot *slot, struct error *e)
{
    struct identity_search *search = context;
    (void)e;
    if (slot->kind == VAULT_SLOT_PROVIDER && strcmp(slot->driver, search->driver) == 0 &&
        !search->text[0])
        snprintf(search->text, sizeof(search->text), "%s", slot->identity);
    return 0;
}

static bool is_about_key(const struct error *e)
{
    return e->code == ERROR_KEY_UNAVAILABLE || e->code == ERROR_WRONG_KEY;
}

int key_check_explain(struct setup *s, struct vault *vault, const struct catalog_vault *row,
                      struct error *e)
{
    struct identity_search search = {.driver = row->key_driver};
    struct error ignored = ERROR_INIT;
    struct error said = *e;
    if (!is_about_key(e))
        return -1;
    vault_slot_list(vault, note_identity, &search, &ignored);
    error_set(e, said.error_class, (enum error_code)said.code,
              "its key cannot be had from %s%s%.*s%s: %s; until it is back "
              "--recovery-key opens the vault, `lagan vault key check` tells when it is",
              row->key_driver, search.text[0] ? " (" : "", 200, search.text,
              search.text[0] ? ")" : "", said.text);
    e->native = said.native;
    if (setup_catalog(s))
        verdict_write(setup_catalog(s), row->uuid, e);
    return -1;
}

/* ---- the check ---- */

struct slot_vector {
    struct vault_slot *items;
    size_t count;
};

static int add_slot(void *context, const struct vault_slot *slot, struct error *e)
{
    struct slot_vector *slots = context;
    if (slot->kind != VAULT_SLOT_PROVIDER)
        return 0;
    void *more = realloc(slots->items, (slots->count + 1) * sizeof(*slots->items));
    if (!more)
        return error_no_memory(e, "key slots");
    slots->items = more;
    slots->items[slots->count++] = *slot;
    return 0;
}

/* A check on its way. */
struct checking {
    struct setup *setup;
    const struct open_vault *vault;
    struct open_provider own; /* of the row */
    struct error own_failure; /* class OK = it is open */
    bool own_opens;           /* one of the slots at least */
    struct error first;       /* failure of a slot whose provider is known */
};

/* With the provider that was remembered for it: 1 tried, 0 there is none. */
static int try_remembered(struct checking *c, const struct vault_slot *slot, struct error *why)
{
    struct slot_provider p;
    struct open_provider provider = {0};
    struct error e = ERROR_INIT;
    struct catalog *catalog = setup_catalog(c->setup);
    if (slot_provider_get(catalog, c->vault->row->uuid, slot->id, &p, &e) != 1)
        return 0;
    if (setup_provider_open(c->setup, p.driver, &p.parameters, 0, &provider, &e) == 0) {
        vault_slot_check(c->vault->vault, slot->id, provider.provider, &e);
        open_provider_close(&provider);
    }
    slot_provider_clear(&p);
    *why = e;
    return 1;
}

static enum key_slot_state try_slot(struct checking *c, const struct vault_slot *slot,
                                    struct error *why)
{
    bool fits = strcmp(slot->driver, c->vault->row->key_driver) == 0;
    *why = ERROR_INIT;
    if (fits && c->own.provider &&
        vault_slot_check(c->vault->vault, slot->id, c->own.provider, why) == 0) {
        c->own_opens = true;
        return KEY_SLOT_OPENS;
    }
    if (try_remembered(c, slot, why) == 1)
        return why->error_class == LAGAN_OK ? KEY_SLOT_OPENS : KEY_SLOT_FAILS;
    /* Another key of the same driver may be meant. */
    if (!fits || (c->own.provider && why->code == ERROR_WRONG_KEY))
        return KEY_SLOT_UNKNOWN;
    if (!c->own.provider)
        *why = c->own_failure;
    return KEY_SLOT_FAILS;
}

static int check_slots(struct checking *c, const struct slot_vector *slots,
                       key_slot_function *each, void *context, struct error *e)
{
    for (size_t i = 0; i < slots->count; i++) {
        struct error why = ERROR_INIT;
        enum key_slot_state state = try_slot(c, &slots->items[i], &why);
        if (why.error_class == LAGAN_CANCELLED) {
            *e = why;
            return -1;
        }
        if (state == KEY_SLOT_FAILS && c->first.error_class == LAGAN_OK)
            c->first = why;
        if (each && each(context, &slots->items[i], state, &why, e) != 0)
            return -1;
    }
    return 0;
}

static int judge(struct checking *c, struct error *e)
{
    const struct catalog_vault *row = c->vault->row;
    *e = c->first;
    if (e->error_class == LAGAN_OK && !c->own_opens)
        *e = c->own_failure;
    if (e->error_class == LAGAN_OK && !c->own_opens)
        error_set(e, LAGAN_AUTH, ERROR_WRONG_KEY, "no slot opens with its key");
    if (e->error_class != LAGAN_OK)
        return key_check_explain(c->setup, c->vault->vault, row, e);
    verdict_write(setup_catalog(c->setup), row->uuid, NULL);
    return 0;
}

int key_check(struct setup *s, const struct open_vault *vault, key_slot_function *each,
              void *context, struct error *e)
{
    struct checking c = {.setup = s, .vault = vault};
    const struct catalog_vault *row = vault->row;
    struct slot_vector slots = {0};
    int result;
    if (!row->key_driver[0])
        return 0;
    if (vault_slot_list(vault->vault, add_slot, &slots, e) != 0) {
        free(slots.items);
        return error_context(e, "vault %s", row->name);
    }
    setup_provider_open(s, row->key_driver, &row->key_parameters, 0, &c.own, &c.own_failure);
    result = check_slots(&c, &slots, each, context, e);
    if (result == 0)
        result = judge(&c, e);
    open_provider_close(&c.own);
    free(slots.items);
    return result == 0 ? 0 : error_context(e, "vault %s", row->name);
}

int key_check_row(struct setup *s, const struct catalog_vault *row, key_slot_function *each,
                  void *context, struct error *why, struct error *e)
{
    const struct setup_key locked = {.locked = true};
    struct open_vault vault = {0};
    *why = ERROR_INIT;
    struct catalog_vault *own = catalog_vault_get(setup_catalog(s), row->uuid, e);
    if (!own)
        return -1;
    if (setup_vault_open_row(s, own, &locked, true, &vault, why) != 0)
        return 0;
    int result = key_check(s, &vault, each, context, e);
    open_vault_close(&vault);
    return result;
}

/* ---- all vaults ---- */

struct vault_ids {
    uint8_t (*ids)[CATALOG_ID_SIZE];
    size_t count;
};

static int add_vault(void *context, const struct catalog_vault *row, struct error *e)
{
    struct vault_ids *vaults = context;
    if (!row->key_driver[0] || row->state == CATALOG_VAULT_DELETED ||
        row->state == CATALOG_VAULT_DELETING || row->state == CATALOG_VAULT_CREATING)
        return 0;
    void *more = realloc(vaults->ids, (vaults->count + 1) * sizeof(*vaults->ids));
    if (!more)
        return error_no_memory(e, "vaults");
    vaults->ids = more;
    memcpy(vaults->ids[vaults->count++], row->uuid, CATALOG_ID_SIZE);
    return 0;
}

int key_check_all(struct setup *s,
                  void (*each)(void *context, const struct catalog_vault *row,
                               const struct error *why),
                  void *context, uint64_t *failed, struct error *e)
{
    struct vault_ids vaults = {0};
    int result = catalog_vault_list(setup_catalog(s), add_vault, &vaults, e);
    *failed = 0;
    for (size_t i = 0; result == 0 && i < vaults.count; i++) {
        struct error unreachable = ERROR_INIT, why = ERROR_INIT;
        struct catalog_vault *row = catalog_vault_get(setup_catalog(s), vaults.ids[i], &why);
        if (!row)
            continue; /* deleted in the meantime */
        if (key_check_row(s, row, NULL, NULL, &unreachable, &why) == 0)
            why = unreachable;
        *failed += why.error_class != LAGAN_OK;
        if (each)
            each(context, row, &why);
        if (why.error_class == LAGAN_CANCELLED) {
            *e = why;
            result = -1;
        }
        catalog_vault_free(row);
    }
    free(vaults.ids);
    return result;
}
