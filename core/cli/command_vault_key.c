/* SPDX-License-Identifier: Apache-2.0 */
/* command_vault_key.c - the key slots of a vault. */
#include "cli/session.h"

#include "crypto/secret.h"
#include "engine/create.h"
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

/* A vault that had no provider is opened with the new one from now on. */
static int adopt_provider(struct session *s, struct open_vault *vault,
                          const struct slot_source *slot, struct error *e)
{
    struct catalog_vault *row = vault->row;
    if (slot->request.kind != VAULT_SLOT_PROVIDER || row->key_driver[0])
        return 0;
    bool managed = strcmp(slot->driver, SETUP_KEY_DRIVER) == 0;
    row->encryption = managed ? CATALOG_ENCRYPTION_MANAGED : CATALOG_ENCRYPTION_KMS;
    snprintf(row->key_driver, sizeof(row->key_driver), "%s", slot->driver);
    for (size_t i = 0; i < slot->parameters.count; i++) {
        if (catalog_pairs_add(&row->key_parameters, slot->parameters.items[i].name,
                              slot->parameters.items[i].value, e) != 0)
            return -1;
    }
    return catalog_vault_update(session_catalog(s), row, e);
}

static int add_slot(struct session *s, struct open_vault *vault, int *fd, struct error *e)
{
    const struct slots slots = {session_catalog(s), vault->row->uuid, vault->vault};
    struct slot_source slot = {0};
    uint8_t recovery_key[32] = {0};
    char id[33];
    int result = new_slot(s, &slot, recovery_key, e);
    if (result == 0)
        result = slots_add(&slots, &slot.request, id, e);
    if (result == 0)
        result = adopt_provider(s, vault, &slot, e);
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

static int remove_slot(struct session *s, struct open_vault *vault, struct error *e)
{
    const struct slots slots = {session_catalog(s), vault->row->uuid, vault->vault};
    char id[33];
    bool missing = false;
    if (slots_find(&slots, session_operand(s, 1), id, e) != 0 ||
        slots_remove(&slots, id, &missing, e) != 0)
        return error_context(e, "vault %s", vault->row->name);
    output_note(&s->output, "slot %s %s vault %s", id,
                missing ? "was missing already, and is forgotten in" : "removed from",
                vault->row->name);
    return 0;
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

int command_vault_key_check(struct session *s, struct error *e)
{
    struct open_vault vault = {0};
    if (session_setup(s, NEED_CATALOG, e) != 0 || open_vault(s, false, true, &vault, e) != 0)
        return -1;
    record_begin(&s->output, "key_check");
    record_text(&s->output, "vault", vault.row->name);
    record_flag(&s->output, "opens", vault_unlocked(vault.vault));
    record_end(&s->output);
    open_vault_close(&vault);
    return 0;
}
