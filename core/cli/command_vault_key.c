/* SPDX-License-Identifier: Apache-2.0 */
/* command_vault_key.c - the key slots of a vault. */
#include "cli/session.h"

#include "crypto/secret.h"
#include "engine/create.h"
#include "engine/key_check.h"
#include "engine/manage.h"
#include "engine/parameters.h"
#include "engine/slot_provider.h"
#include "engine/slots.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int list_slot(void *context, const struct vault_slot *slot, struct error *e)
{
    struct session *s = context;
    struct output *o = &s->output;
    (void)e;
    record_begin(o, "slot");
    record_text(o, "id", slot->id);
    record_text(o, "kind", vault_slot_kind_name(slot->kind));
    record_text(o, "label", slot->label);
    record_text(o, "driver", slot->driver);
    record_text(o, "identity", slot->identity);
    record_time(o, "created", slot->created_ns);
    record_end(o);
    return 0;
}

/* The vault of operand 0, which may be missing where there is only one. */
static int open_vault(struct session *s, bool locked, bool read_only, struct open_vault *vault,
                      struct error *e)
{
    struct setup_key key = session_key(s);
    key.locked = locked;
    return setup_vault_open(s->setup, session_value(s, OPTION_REGION), session_operand(s, 0),
                            &key, read_only, vault, e);
}

int command_vault_key_list(struct session *s, struct error *e)
{
    static const struct column columns[] = {{"id", "ID", false},
                                            {"kind", "KIND", false},
                                            {"label", "LABEL", false},
                                            {"created", "CREATED", false},
                                            {"identity", "KEY", false}};
    struct open_vault vault = {0};
    if (session_setup(s, NEED_CATALOG, e) != 0 || open_vault(s, true, true, &vault, e) != 0)
        return -1;
    output_table(&s->output, columns, sizeof(columns) / sizeof(columns[0]));
    int result = vault_slot_list(vault.vault, list_slot, s, e);
    output_table_end(&s->output, NULL);
    open_vault_close(&vault);
    return result;
}

/* Fills `slot` from the one --new- option. */
static int new_slot(struct session *s, struct slot_source *slot, uint8_t recovery_key[32],
                    struct error *e)
{
    const char *passphrase = session_value(s, OPTION_NEW_PASSPHRASE);
    const char *provider = session_value(s, OPTION_NEW_KEY);
    const char *label = session_value(s, OPTION_LABEL);
    int result = 0;
    if (passphrase)
        result = slot_source_passphrase(passphrase, slot, e);
    else if (provider)
        result = slot_source_provider(s->setup, provider, slot, e);
    else
        slot->request = (struct vault_slot_request){
            .kind = VAULT_SLOT_RECOVERY, .label = "recovery key", .recovery_key = recovery_key};
    if (label)
        slot->request.label = label;
    return result;
}

/* The new provider opens the vault from now on when it had none; else it is remembered. */
static int keep_provider(struct session *s, struct open_vault *vault,
                         const struct slot_source *slot, const char *id, struct error *e)
{
    struct catalog_vault *row = vault->row;
    if (slot->request.kind != VAULT_SLOT_PROVIDER)
        return 0;
    if (row->key_driver[0])
        return slot_provider_remember(session_catalog(s), row->uuid, id, slot->driver,
                                      &slot->parameters, e);
    if (slot_provider_adopt(s->setup, row, slot->driver, &slot->parameters, e) != 0)
        return -1;
    if (catalog_vault_update(session_catalog(s), row, e) != 0)
        return -1;
    return manage_tell_vault(s->setup, vault->vault, row, e);
}

/* Before anything is made: the key itself would be. */
static int check_method(struct session *s, const struct catalog_vault *row, struct error *e)
{
    struct driver_words words = {0};
    const char *provider = session_value(s, OPTION_NEW_KEY);
    /* A mirror has the keys of the vault that it follows, and providers of its own region. */
    if (!provider)
        return vault_facts_ask(s->setup, row, vault_may_change_keys, e);
    if (driver_words_parse(provider, &words, e) != 0)
        return -1;
    int result = slot_provider_fits(s->setup, row, words.driver, e);
    driver_words_clear(&words);
    return result;
}

static int add_slot(struct session *s, struct open_vault *vault, int *fd, struct error *e)
{
    const struct slots slots = {session_catalog(s), vault->row->uuid, vault->vault};
    struct slot_source slot = {0};
    uint8_t recovery_key[32] = {0};
    char id[33];
    int result = check_method(s, vault->row, e);
    if (result == 0)
        result = new_slot(s, &slot, recovery_key, e);
    if (result == 0)
        result = slots_add(&slots, &slot.request, id, e);
    if (result == 0)
        result = keep_provider(s, vault, &slot, id, e);
    if (result == 0) {
        record_begin(&s->output, "slot");
        record_text(&s->output, "id", id);
        record_text(&s->output, "kind", vault_slot_kind_name(slot.request.kind));
        record_text(&s->output, "vault", vault->row->name);
        record_end(&s->output);
    }
    if (result == 0 && slot.request.kind == VAULT_SLOT_RECOVERY)
        result = recovery_give(s, fd, recovery_key, vault->row->name, e);
    secret_wipe(recovery_key, sizeof(recovery_key));
    slot_source_close(&slot);
    return result;
}

int command_vault_key_add(struct session *s, struct error *e)
{
    struct open_vault vault = {0};
    int fd = -1;
    bool recovery = session_given(s, OPTION_NEW_RECOVERY);
    int kinds =
        session_given(s, OPTION_NEW_PASSPHRASE) + session_given(s, OPTION_NEW_KEY) + recovery;
    if (kinds != 1)
        return error_set(e, LAGAN_INVALID, ERROR_USAGE,
                         "vault key add needs one of --new-passphrase, --new-key and "
                         "--new-recovery");
    if (session_setup(s, NEED_CATALOG, e) != 0 || open_vault(s, false, false, &vault, e) != 0)
        return -1;
    int result = recovery ? recovery_prepare(s, &fd, e) : 0;
    if (result == 0) {
        result = add_slot(s, &vault, &fd, e);
        if (result != 0)
            recovery_cancel(s, &fd);
    }
    open_vault_close(&vault);
    return result;
}

/* What is to be known of a slot before it goes. */
struct kind_search {
    const char *id;
    bool provider;
};

static int note_kind(void *context, const struct vault_slot *slot, struct error *e)
{
    struct kind_search *search = context;
    (void)e;
    if (strcmp(slot->id, search->id) == 0)
        search->provider = slot->kind == VAULT_SLOT_PROVIDER;
    return 0;
}

static int remove_provider(struct session *s, struct open_vault *vault, const char *id,
                           struct error *e)
{
    bool changed = false;
    if (slot_provider_removed(s->setup, vault, id, &changed, e) != 0)
        return -1;
    if (changed && vault->row->key_driver[0])
        output_note(&s->output, "vault %s is opened with %s from now on", vault->row->name,
                    vault->row->key_driver);
    else if (changed)
        output_note(&s->output, "no key provider opens vault %s any more", vault->row->name);
    return 0;
}

static int remove_slot(struct session *s, struct open_vault *vault, struct error *e)
{
    const struct slots slots = {session_catalog(s), vault->row->uuid, vault->vault};
    char id[33];
    bool missing = false;
    struct kind_search search = {.id = id};
    if (slots_find(&slots, session_operand(s, 1), id, e) != 0 ||
        vault_slot_list(vault->vault, note_kind, &search, e) != 0 ||
        slots_remove(&slots, id, &missing, e) != 0)
        return error_context(e, "vault %s", vault->row->name);
    output_note(&s->output, "slot %s %s vault %s", id,
                missing ? "was missing already, and is forgotten in" : "removed from",
                vault->row->name);
    return search.provider ? remove_provider(s, vault, id, e) : 0;
}

int command_vault_key_remove(struct session *s, struct error *e)
{
    struct open_vault vault = {0};
    if (session_setup(s, NEED_CATALOG, e) != 0 || open_vault(s, false, false, &vault, e) != 0)
        return -1;
    int result = remove_slot(s, &vault, e);
    open_vault_close(&vault);
    return result;
}

/* ---- checks ---- */

static int record_slot(void *context, const struct vault_slot *slot, enum key_slot_state state,
                       const struct error *why, struct error *e)
{
    struct output *o = context;
    (void)e;
    record_begin(o, "key_slot");
    record_text(o, "id", slot->id);
    record_text(o, "driver", slot->driver);
    record_text(o, "identity", slot->identity);
    record_text(o, "state", key_slot_state_name(state));
    if (state == KEY_SLOT_FAILS)
        record_text(o, "why", why->text);
    record_end(o);
    return 0;
}

static void record_opens(struct output *o, const char *vault, bool opens)
{
    record_begin(o, "key_check");
    record_text(o, "vault", vault);
    record_flag(o, "opens", opens);
    record_end(o);
}

int vault_key_shown(struct session *s, const struct catalog_vault *row, struct error *e)
{
    struct key_verdict verdict;
    struct error unreachable = ERROR_INIT, ignored = ERROR_INIT;
    if (!row->key_driver[0])
        return 0;
    int result = key_check_row(s->setup, row, NULL, NULL, &unreachable, e);
    if (unreachable.error_class != LAGAN_OK)
        output_note(&s->output, "its key was not checked: %s", unreachable.text);
    if (key_verdict_read(session_catalog(s), row->uuid, &verdict, &ignored) == 0 &&
        verdict.checked_ns != 0) {
        record_begin(&s->output, "vault_key");
        record_flag(&s->output, "key_available", verdict.fine);
        record_time(&s->output, "key_checked", verdict.checked_ns);
        record_end(&s->output);
    }
    return result;
}

/* A key that was given is tried alone. */
static int check_given(struct session *s, struct error *e)
{
    struct open_vault vault = {0};
    if (open_vault(s, false, true, &vault, e) != 0)
        return -1;
    record_opens(&s->output, vault.row->name, vault_unlocked(vault.vault));
    open_vault_close(&vault);
    return 0;
}

static int check_slots(struct session *s, struct error *e)
{
    struct open_vault vault = {0};
    if (open_vault(s, true, true, &vault, e) != 0)
        return -1;
    if (!vault.row->key_driver[0]) {
        open_vault_close(&vault);
        return check_given(s, e);
    }
    int result = key_check(s->setup, &vault, record_slot, &s->output, e);
    if (result == 0 || e->error_class != LAGAN_CANCELLED)
        record_opens(&s->output, vault.row->name, result == 0);
    open_vault_close(&vault);
    return result;
}

static void tell_vault(void *context, const struct catalog_vault *row, const struct error *why)
{
    struct session *s = context;
    record_begin(&s->output, "key_check");
    record_text(&s->output, "vault", row->name);
    record_text(&s->output, "region", row->region);
    record_flag(&s->output, "opens", why->error_class == LAGAN_OK);
    if (why->error_class != LAGAN_OK)
        record_text(&s->output, "why", why->text);
    record_end(&s->output);
}

static int check_all(struct session *s, struct error *e)
{
    uint64_t failed = 0;
    if (key_check_all(s->setup, tell_vault, s, &failed, e) != 0)
        return -1;
    if (failed == 0)
        return 0;
    return error_set(
        e, LAGAN_PRECONDITION, ERROR_KEY_UNAVAILABLE,
        "the keys of %llu vaults cannot be had; `lagan vault key check NAME` tells "
        "more of each",
        (unsigned long long)failed);
}

int command_vault_key_check(struct session *s, struct error *e)
{
    bool given = session_given(s, OPTION_PASSPHRASE) || session_given(s, OPTION_RECOVERY_KEY) ||
                 session_given(s, OPTION_KEY);
    bool all = session_given(s, OPTION_ALL);
    if (all && (given || session_operand(s, 0)))
        return error_set(
            e, LAGAN_INVALID, ERROR_USAGE,
            "--all checks every vault with its own key; it takes neither a name nor "
            "a key");
    if (session_setup(s, NEED_CATALOG, e) != 0)
        return -1;
    if (all)
        return check_all(s, e);
    return given ? check_given(s, e) : check_slots(s, e);
}
