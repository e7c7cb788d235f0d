/* SPDX-License-Identifier: Apache-2.0 */
/* setup_vault.c - opens targets, key providers and vaults. */
#include "engine/setup.h"

#include "base/file.h"
#include "base/object.h"
#include "base/text.h"
#include "crypto/recovery.h"
#include "driver/secret.h"
#include "engine/key_check.h"
#include "engine/parameters.h"
#include "engine/vault_facts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int setup_provider_open(struct setup *s, const char *driver,
                        const struct catalog_pairs *parameters, uint64_t flags,
                        struct open_provider *provider, struct error *e)
{
    const struct driver *loaded = NULL;
    struct setup_values values = {.first = parameters};
    if (setup_driver(s, driver, LAGAN_KIND_KEY, &loaded, e) != 0)
        return -1;
    struct instance *instance = setup_instance(s, loaded, &values, e);
    struct key_provider *opened = instance ? key_provider_open(instance, flags, e) : NULL;
    if (!opened) {
        instance_free(instance);
        return -1;
    }
    *provider = (struct open_provider){instance, opened};
    return 0;
}

void open_provider_close(struct open_provider *provider)
{
    key_provider_close(provider->provider);
    instance_free(provider->instance);
    *provider = (struct open_provider){0};
}

static int unlock_passphrase(struct vault *vault, const char *source, struct error *e)
{
    struct secret_text text = {0};
    if (secret_text_read(source, &text, e) != 0)
        return -1;
    int result = vault_unlock_passphrase(vault, text.data, text.size, e);
    secret_text_free(&text);
    return result;
}

static int unlock_recovery(struct vault *vault, const char *source, struct error *e)
{
    struct secret_text text = {0};
    CLEANUP_SECRET struct secret key = {{0}};
    if (secret_text_read(source, &text, e) != 0)
        return -1;
    int result = recovery_parse(text.data, key.bytes, e);
    secret_text_free(&text);
    return result == 0 ? vault_unlock_recovery(vault, key.bytes, e) : -1;
}

static int unlock_provider(struct setup *s, struct vault *vault, const char *driver,
                           const struct catalog_pairs *parameters, struct error *e)
{
    struct open_provider provider = {0};
    if (setup_provider_open(s, driver, parameters, 0, &provider, e) != 0)
        return -1;
    int result = vault_unlock_provider(vault, provider.provider, e);
    open_provider_close(&provider);
    return result;
}

/* The provider that was written on a command line. */
static int unlock_words(struct setup *s, struct vault *vault, const char *text, struct error *e)
{
    struct driver_words words = {0};
    struct catalog_pairs pairs = {0};
    const struct driver *driver = NULL;
    int result = -1;
    if (driver_words_parse(text, &words, e) == 0 &&
        setup_driver(s, words.driver, LAGAN_KIND_KEY, &driver, e) == 0 &&
        driver_words_parameters(&words, driver, &pairs, e) == 0)
        result = unlock_provider(s, vault, words.driver, &pairs, e);
    catalog_pairs_clear(&pairs);
    driver_words_clear(&words);
    return result;
}

/* A key that is gone is named at once, and remembered. */
static int unlock_row(struct setup *s, struct vault *vault, const struct catalog_vault *row,
                      struct error *e)
{
    if (unlock_provider(s, vault, row->key_driver, &row->key_parameters, e) != 0)
        return key_check_explain(s, vault, row, e);
    key_check_opened(s, row);
    return 0;
}

int setup_vault_unlock(struct setup *s, struct vault *vault, const struct catalog_vault *row,
                       const struct setup_key *key, struct error *e)
{
    if (key && key->locked)
        return 0;
    if (key && key->passphrase_source)
        return unlock_passphrase(vault, key->passphrase_source, e);
    if (key && key->recovery_source)
        return unlock_recovery(vault, key->recovery_source, e);
    if (key && key->provider)
        return unlock_words(s, vault, key->provider, e);
    if (row && row->key_driver[0])
        return unlock_row(s, vault, row, e);
    return error_set(e, LAGAN_AUTH, ERROR_LOCKED,
                     "no key is known here; give --passphrase, --recovery-key or --key");
}

/* The folder that keeps copies of a vault's small objects; NULL on failure. */
static char *cache_folder(struct setup *s, const uint8_t uuid[VAULT_UUID_SIZE], struct error *e)
{
    char name[2 * VAULT_UUID_SIZE + 1];
    char *path = NULL;
    text_hex(uuid, VAULT_UUID_SIZE, name);
    if (asprintf(&path, "%s/cache/%s", setup_config(s)->state, name) < 0) {
        error_no_memory(e, "a path");
        return NULL;
    }
    return path;
}

/* What lies there must be the vault that the catalog means. */
static int check_identity(const struct catalog_vault *row, const struct vault *vault,
                          struct error *e)
{
    static const uint8_t unknown[32];
    const struct vault_settings *settings = vault_settings(vault);
    /* A mirror has an id of its own, but the configuration of its source. */
    bool mirrored = memcmp(row->lineage, unknown, sizeof(row->lineage)) != 0;
    bool same =
        memcmp(mirrored ? row->lineage : row->uuid, settings->uuid, sizeof(row->uuid)) == 0;
    if (memcmp(row->root_public, unknown, sizeof(unknown)) != 0)
        same = same && memcmp(row->root_public, settings->root_public, sizeof(unknown)) == 0;
    if (same)
        return 0;
    return error_set(e, LAGAN_CORRUPT, ERROR_INTEGRITY,
                     "another vault lies in its place than the catalog knows; `lagan catalog "
                     "check` tells more");
}

/* The catalog knows it, storage does not. */
static int lost_vault(const struct catalog_vault *row, struct error *e)
{
    return error_set(e, LAGAN_NOT_FOUND, ERROR_NO_VAULT,
                     "its place %s%sin region %s has no configuration (conf/00000001); is the "
                     "right storage mounted?",
                     row->prefix, row->prefix[0] ? " " : "", row->region);
}

/* A target that says that its place is not there has no vault either. */
static int absent_target(struct error *e)
{
    if (e->error_class == LAGAN_NOT_FOUND && e->code == ERROR_FAILED)
        e->code = ERROR_NO_VAULT;
    return -1;
}

static int open_row(struct setup *s, const struct setup_key *key, bool read_only,
                    struct open_vault *vault, struct error *e)
{
    const struct catalog_vault *row = vault->row;
    const struct config_region *region = NULL;
    char *cache CLEANUP_TEXT = cache_folder(s, row->uuid, e);
    if (!cache || setup_region(s, row->region, &region, e) != 0)
        return -1;
    if (setup_target_open(s, region, row->prefix, read_only ? LAGAN_OPEN_READ_ONLY : 0,
                          &vault->place, e) != 0)
        return absent_target(e);
    if (vault_open(vault->place.target, cache, &vault->vault, e) != 0)
        return e->code == ERROR_NO_VAULT ? lost_vault(row, e) : -1;
    if (check_identity(row, vault->vault, e) != 0)
        return -1;
    return setup_vault_unlock(s, vault->vault, row, key, e);
}

int setup_vault_open_row(struct setup *s, struct catalog_vault *row,
                         const struct setup_key *key, bool read_only, struct open_vault *vault,
                         struct error *e)
{
    struct open_vault opened = {.row = row};
    if (open_row(s, key, read_only, &opened, e) != 0) {
        error_context(e, "vault %s", row->name);
        open_vault_close(&opened);
        return -1;
    }
    *vault = opened;
    return 0;
}

int setup_vault_open(struct setup *s, const char *region, const char *name,
                     const struct setup_key *key, bool read_only, struct open_vault *vault,
                     struct error *e)
{
    const struct config_region *known = NULL;
    if (region && setup_region(s, region, &known, e) != 0)
        return -1;
    struct catalog_vault *row = catalog_vault_find(setup_catalog(s), region, name, e);
    if (!row)
        return -1;
    if (vault_state_ask(row, vault_may_be_read, e) != 0) {
        catalog_vault_free(row);
        return -1;
    }
    return setup_vault_open_row(s, row, key, read_only, vault, e);
}

static int open_at(struct setup *s, const struct driver_words *words,
                   const struct setup_key *key, struct open_vault *vault, struct error *e)
{
    const struct driver *driver = NULL;
    struct catalog_pairs pairs = {0};
    struct setup_values values = {.first = &pairs};
    int result = -1;
    if (setup_driver(s, words->driver, LAGAN_KIND_TARGET, &driver, e) != 0 ||
        driver_words_parameters(words, driver, &pairs, e) != 0)
        goto out;
    vault->place.instance = setup_instance(s, driver, &values, e);
    if (!vault->place.instance)
        goto out;
    vault->place.target = target_open(vault->place.instance, LAGAN_OPEN_READ_ONLY, e);
    if (!vault->place.target) {
        absent_target(e);
        goto out;
    }
    if (vault_open(vault->place.target, NULL, &vault->vault, e) != 0)
        goto out;
    result = setup_vault_unlock(s, vault->vault, NULL, key, e);
out:
    catalog_pairs_clear(&pairs);
    return result;
}

int setup_vault_open_at(struct setup *s, const char *target, const struct setup_key *key,
                        struct open_vault *vault, struct error *e)
{
    struct driver_words words = {0};
    struct open_vault opened = {0};
    if (driver_words_parse(target, &words, e) != 0)
        return -1;
    int result = open_at(s, &words, key, &opened, e);
    driver_words_clear(&words);
    if (result != 0) {
        open_vault_close(&opened);
        return error_context(e, "the vault at %s", target);
    }
    *vault = opened;
    return 0;
}

void open_vault_close(struct open_vault *vault)
{
    vault_close(vault->vault);
    open_target_close(&vault->place);
    catalog_vault_free(vault->row);
    *vault = (struct open_vault){0};
}
