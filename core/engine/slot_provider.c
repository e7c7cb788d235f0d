/* SPDX-License-Identifier: Apache-2.0 */
/* slot_provider.c - see slot_provider.h. */
#include "engine/slot_provider.h"

#include "base/file.h"
#include "base/text.h"
#include "catalog/audit.h"
#include "engine/parameters.h"

#include <stdio.h>
#include <string.h>

enum { SETTING_SIZE = 128 };

static void setting_name(const uint8_t vault[CATALOG_ID_SIZE], const char *slot,
                         char name[SETTING_SIZE])
{
    char id[2 * CATALOG_ID_SIZE + 1];
    text_hex(vault, CATALOG_ID_SIZE, id);
    snprintf(name, SETTING_SIZE, "slot_provider.%s.%.*s", id, CATALOG_SLOT_ID_SIZE, slot);
}

void slot_provider_clear(struct slot_provider *p)
{
    catalog_pairs_clear(&p->parameters);
    *p = (struct slot_provider){0};
}

/* The driver's name in the first line, NAME=VALUE in those that follow, each with its end. */
static int format(const char *driver, const struct catalog_pairs *parameters,
                  struct buffer *text, struct error *e)
{
    buffer_append(text, driver, strlen(driver));
    buffer_append_u8(text, '\n');
    for (size_t i = 0; i < parameters->count; i++) {
        const struct catalog_pair *pair = &parameters->items[i];
        if (strchr(pair->value, '\n'))
            return error_set(e, LAGAN_INVALID, ERROR_PARAMETER,
                             "the parameter %s of a key provider has more than one line",
                             pair->name);
        buffer_append(text, pair->name, strlen(pair->name));
        buffer_append_u8(text, '=');
        buffer_append(text, pair->value, strlen(pair->value));
        buffer_append_u8(text, '\n');
    }
    buffer_append_u8(text, 0);
    return buffer_check(text, e);
}

static int parse_line(struct slot_provider *p, char *line, struct error *e)
{
    char *sign = strchr(line, '=');
    if (!p->driver[0]) {
        snprintf(p->driver, sizeof(p->driver), "%s", line);
        return 0;
    }
    if (!sign)
        return 0;
    *sign = '\0';
    return catalog_pairs_add(&p->parameters, line, sign + 1, e);
}

static int parse(struct slot_provider *p, char *text, struct error *e)
{
    char *end;
    while ((end = strchr(text, '\n')) != NULL) {
        *end = '\0';
        if (parse_line(p, text, e) != 0)
            return -1;
        text = end + 1;
    }
    return 0;
}

int slot_provider_remember(struct catalog *c, const uint8_t vault[CATALOG_ID_SIZE],
                           const char *slot, const char *driver,
                           const struct catalog_pairs *parameters, struct error *e)
{
    struct buffer text CLEANUP_BUFFER = BUFFER_INIT;
    char name[SETTING_SIZE];
    if (format(driver, parameters, &text, e) != 0)
        return -1;
    setting_name(vault, slot, name);
    return catalog_setting_set(c, name, (const char *)text.data, e);
}

int slot_provider_forget(struct catalog *c, const uint8_t vault[CATALOG_ID_SIZE],
                         const char *slot, struct error *e)
{
    char name[SETTING_SIZE];
    struct error why = ERROR_INIT;
    setting_name(vault, slot, name);
    char *text CLEANUP_TEXT = catalog_setting_get(c, name, &why);
    return text && text[0] ? catalog_setting_set(c, name, "", e) : 0;
}

int slot_provider_get(struct catalog *c, const uint8_t vault[CATALOG_ID_SIZE], const char *slot,
                      struct slot_provider *p, struct error *e)
{
    struct error why = ERROR_INIT;
    char name[SETTING_SIZE];
    *p = (struct slot_provider){0};
    setting_name(vault, slot, name);
    char *text CLEANUP_TEXT = catalog_setting_get(c, name, &why);
    if (!text && why.error_class != LAGAN_OK) {
        *e = why;
        return -1;
    }
    if (!text || !text[0])
        return 0;
    if (parse(p, text, e) != 0) {
        slot_provider_clear(p);
        return -1;
    }
    return 1;
}

int slot_provider_adopt(struct setup *s, struct catalog_vault *row, const char *driver,
                        const struct catalog_pairs *parameters, struct error *e)
{
    struct catalog_pairs kept = {0};
    for (size_t i = 0; i < parameters->count; i++) {
        if (catalog_pairs_add(&kept, parameters->items[i].name, parameters->items[i].value,
                              e) != 0) {
            catalog_pairs_clear(&kept);
            return -1;
        }
    }
    catalog_pairs_clear(&row->key_parameters);
    row->key_parameters = kept;
    row->encryption = slot_provider_method(s, driver);
    snprintf(row->key_driver, sizeof(row->key_driver), "%s", driver);
    return 0;
}

enum catalog_encryption slot_provider_method(struct setup *s, const char *driver)
{
    const struct driver *loaded = NULL;
    struct error ignored = ERROR_INIT;
    bool service = strcmp(driver, SETUP_KEY_DRIVER) != 0;
    if (setup_driver(s, driver, LAGAN_KIND_KEY, &loaded, &ignored) == 0)
        service = (driver_traits(loaded) & LAGAN_TRAIT_SERVICE) != 0;
    return service ? CATALOG_ENCRYPTION_KMS : CATALOG_ENCRYPTION_MANAGED;
}

/* The method and the provider are not of one mind. */
static int refuse_method(const char *driver, enum catalog_encryption wanted, struct error *e)
{
    if (wanted == CATALOG_ENCRYPTION_KMS)
        return error_set(e, LAGAN_INVALID, ERROR_ENCRYPTION_DIFFERS,
                         "encryption kms needs the key of a service, and %s keeps its key on "
                         "this machine; give --key key_pkcs11:... or --key key_exec:...",
                         driver);
    return error_set(e, LAGAN_INVALID, ERROR_ENCRYPTION_DIFFERS,
                     "encryption managed keeps the key on this machine, and %s is a key "
                     "service; say --encryption kms, or --key key_file:PATH",
                     driver);
}

int slot_provider_gives(struct setup *s, const char *words, enum catalog_encryption wanted,
                        struct error *e)
{
    struct driver_words parsed = {0};
    if (words && driver_words_parse(words, &parsed, e) != 0)
        return -1;
    const char *driver = words ? parsed.driver : SETUP_KEY_DRIVER;
    int result =
        slot_provider_method(s, driver) == wanted ? 0 : refuse_method(driver, wanted, e);
    driver_words_clear(&parsed);
    return result;
}

int slot_provider_fits(struct setup *s, const struct catalog_vault *row, const char *driver,
                       struct error *e)
{
    enum catalog_encryption method = slot_provider_method(s, driver);
    if (row->encryption == CATALOG_ENCRYPTION_PASSPHRASE || row->encryption == method)
        return 0;
    return error_set(e, LAGAN_PRECONDITION, ERROR_ENCRYPTION_DIFFERS,
                     "vault %s has the encryption method %s, which it keeps for good, and %s "
                     "provides %s keys; take a provider of %s keys, or make another vault",
                     row->name, catalog_encryption_name(row->encryption), driver,
                     catalog_encryption_name(method), catalog_encryption_name(row->encryption));
}

/* A search for the provider that a vault is to be opened with. */
struct succession {
    struct setup *setup;
    struct open_vault *vault;
    struct open_provider own; /* of the row; {0} when it cannot be opened */
    bool own_opens;
    bool own_may_open; /* a slot that it could open, could it be asked */
    size_t slots;      /* of providers */
    char heir[CATALOG_SLOT_ID_SIZE];
    struct slot_provider provider; /* of the heir */
};

static int consider(void *context, const struct vault_slot *slot, struct error *e)
{
    struct succession *n = context;
    struct error why = ERROR_INIT;
    struct slot_provider found;
    if (slot->kind != VAULT_SLOT_PROVIDER)
        return 0;
    n->slots++;
    if (n->own.provider &&
        vault_slot_check(n->vault->vault, slot->id, n->own.provider, &why) == 0)
        n->own_opens = true;
    int known =
        slot_provider_get(setup_catalog(n->setup), n->vault->row->uuid, slot->id, &found, e);
    if (known == 0 && !n->own.provider && strcmp(slot->driver, n->vault->row->key_driver) == 0)
        n->own_may_open = true;
    if (known == 1 && !n->heir[0]) {
        snprintf(n->heir, sizeof(n->heir), "%s", slot->id);
        n->provider = found;
    } else if (known == 1) {
        slot_provider_clear(&found);
    }
    return known < 0 ? -1 : 0;
}

static int write_heir(const struct succession *n, struct error *e)
{
    struct catalog *c = setup_catalog(n->setup);
    const struct catalog_vault *row = n->vault->row;
    char id[2 * CATALOG_ID_SIZE + 1];
    text_hex(row->uuid, CATALOG_ID_SIZE, id);
    if (catalog_begin(c, e) != 0)
        return -1;
    if (catalog_vault_update(c, row, e) == 0 &&
        (!n->heir[0] || slot_provider_forget(c, row->uuid, n->heir, e) == 0) &&
        catalog_audit_add(c, CATALOG_EVENT_VAULT_UPDATE, id, e, "%s: %s%s", row->name,
                          row->key_driver[0] ? "from now on opened with "
                                             : "no provider opens it any more",
                          row->key_driver) == 0)
        return catalog_commit(c, e);
    catalog_rollback(c);
    return -1;
}

static int succeed(struct succession *n, struct error *e)
{
    struct catalog_vault *row = n->vault->row;
    if (n->heir[0]) {
        if (slot_provider_adopt(n->setup, row, n->provider.driver, &n->provider.parameters,
                                e) != 0)
            return -1;
    } else {
        row->key_driver[0] = '\0';
        catalog_pairs_clear(&row->key_parameters);
    }
    return write_heir(n, e);
}

int slot_provider_removed(struct setup *s, struct open_vault *vault, const char *slot,
                          bool *changed, struct error *e)
{
    struct succession n = {.setup = s, .vault = vault};
    const struct catalog_vault *row = vault->row;
    struct slot_provider gone;
    struct error ignored = ERROR_INIT;
    int remembered = slot_provider_get(setup_catalog(s), row->uuid, slot, &gone, e);
    *changed = false;
    if (remembered == 1) {
        slot_provider_clear(&gone);
        return slot_provider_forget(setup_catalog(s), row->uuid, slot, e);
    }
    if (remembered < 0 || !row->key_driver[0])
        return remembered;
    setup_provider_open(s, row->key_driver, &row->key_parameters, 0, &n.own, &ignored);
    int result = vault_slot_list(vault->vault, consider, &n, e);
    open_provider_close(&n.own);
    bool over = !n.own_opens && !n.own_may_open && (n.heir[0] || n.slots == 0);
    if (result == 0 && over)
        result = succeed(&n, e);
    slot_provider_clear(&n.provider);
    *changed = result == 0 && over;
    return result;
}
