/* SPDX-License-Identifier: Apache-2.0 */
/* vault.c - a vault that is open: its settings, keys and what is derived from them. */
#include "base/file.h"
#include "base/log.h"
#include "base/object.h"
#include "base/text.h"
#include "crypto/derive.h"
#include "crypto/hash_lanes.h"
#include "vault/conf.h"
#include "vault/seal_memo.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { VAULT_MAGIC = 0x56415554, LIFT_SEED_SIZE = 32 };

struct vault {
    uint32_t magic;
    struct target *target;
    char *cache_directory;
    struct vault_settings settings;
    struct keys *keys;  /* NULL while locked */
    uint8_t *lift_seed; /* LIFT_SEED_SIZE bytes of secret memory; NULL without recovery key */
    struct seal_memo *seals;
};

/* One generation that cannot be used is worth a word, not more, as long as another can. */
static void report(const struct conf_entry *entries, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (!entries[i].valid)
            log_write(LOG_WARNING, "vault", "%s", entries[i].why.text);
}

static int load_settings(struct target *target, struct vault_settings *settings,
                         struct error *e)
{
    struct conf_entry *entries = NULL;
    const struct conf *conf;
    size_t count = 0;
    int result;

    if (conf_load(target, &entries, &count, e) != 0)
        return -1;
    result = conf_select(entries, count, &conf, e);
    if (result == 0) {
        report(entries, count);
        *settings = conf->settings;
    }
    free(entries);
    return result;
}

/* A folder of this vault's own: two vaults never share one, whatever the caller gives, nor do
 * two that somebody made look the same but for their key. */
static char *make_cache_directory(const char *directory, const struct vault_settings *s)
{
    char uuid[2 * VAULT_UUID_SIZE + 1], root[17];
    struct error e = ERROR_INIT;
    char *path = NULL;

    if (directory == NULL)
        return NULL;
    text_hex(s->uuid, VAULT_UUID_SIZE, uuid);
    text_hex(s->root_public, 8, root);
    if (asprintf(&path, "%s/%s-%s", directory, uuid, root) < 0)
        return NULL;
    if (file_make_directories(path, 0700, &e) == 0)
        return path;
    log_write(LOG_WARNING, "vault", "working without a cache: %s", e.text);
    free(path);
    return NULL;
}

int vault_open(struct target *target, const char *cache_directory, struct vault **vault,
               struct error *e)
{
    struct vault *v = calloc(1, sizeof(*v));

    if (v == NULL)
        return error_no_memory(e, "a vault");
    v->magic = VAULT_MAGIC;
    v->target = target;
    if (load_settings(target, &v->settings, e) != 0) {
        vault_close(v);
        return -1;
    }
    v->cache_directory = make_cache_directory(cache_directory, &v->settings);
    v->seals = seal_memo_new();
    *vault = v;
    return 0;
}

void vault_close(struct vault *v)
{
    if (v == NULL)
        return;
    OBJECT_CHECK(v, VAULT_MAGIC);
    keys_free(v->keys);
    secret_free(v->lift_seed, LIFT_SEED_SIZE);
    free(v->cache_directory);
    seal_memo_free(v->seals);
    v->magic = 0;
    free(v);
}

bool vault_unlocked(const struct vault *v)
{
    OBJECT_CHECK(v, VAULT_MAGIC);
    return v->keys != NULL;
}

const struct vault_settings *vault_settings(const struct vault *v)
{
    OBJECT_CHECK(v, VAULT_MAGIC);
    return &v->settings;
}

struct target *vault_target(const struct vault *v)
{
    OBJECT_CHECK(v, VAULT_MAGIC);
    return v->target;
}

struct seal_memo *vault_seals(struct vault *v)
{
    OBJECT_CHECK(v, VAULT_MAGIC);
    return v->seals;
}

const char *vault_cache_directory(const struct vault *v)
{
    OBJECT_CHECK(v, VAULT_MAGIC);
    return v->cache_directory;
}

int vault_writable(const struct vault *v, struct error *e)
{
    OBJECT_CHECK(v, VAULT_MAGIC);
    if (v->settings.features_read_only == 0)
        return 0;
    return error_set(e, LAGAN_UNSUPPORTED, ERROR_NEWER_FORMAT,
                     "the vault has features (read-only-compat %llx) that this program can "
                     "read but must not write",
                     (unsigned long long)v->settings.features_read_only);
}

struct trust vault_trust(const struct vault *v)
{
    OBJECT_CHECK(v, VAULT_MAGIC);
    return (struct trust){v->settings.uuid, v->settings.root_public};
}

const struct keys *vault_keys(const struct vault *v)
{
    OBJECT_CHECK(v, VAULT_MAGIC);
    return v->keys;
}

const struct keys *vault_keys_needed(const struct vault *v, struct error *e)
{
    const struct keys *k = vault_keys(v);

    if (k == NULL)
        error_set(e, LAGAN_AUTH, ERROR_LOCKED, "the vault is locked");
    return k;
}

static int check_keys(const struct vault *v, const struct keys *keys, struct error *e)
{
    if (!secret_equal(keys_root_public(keys), v->settings.root_public, 32))
        return error_set(e, LAGAN_CORRUPT, ERROR_INTEGRITY,
                         "the configuration is not signed by this vault's own key: it was "
                         "exchanged, or the key slot was");
    if (keys_wrapping(keys, VAULT_WRAP_DATA, v->settings.key_epoch) == NULL)
        return error_set(e, LAGAN_CORRUPT, ERROR_INTEGRITY,
                         "the key slot lacks the current key epoch %u", v->settings.key_epoch);
    return 0;
}

int vault_adopt_keys(struct vault *v, struct keys *keys, struct error *e)
{
    OBJECT_CHECK(v, VAULT_MAGIC);
    if (check_keys(v, keys, e) != 0) {
        keys_free(keys);
        return -1;
    }
    keys_free(v->keys);
    v->keys = keys;
    return 0;
}

int vault_adopt_recovery(struct vault *v, const uint8_t recovery_key[32], struct error *e)
{
    static const char label[] = "lagan/1/lift";
    uint8_t *seed = secret_allocate(LIFT_SEED_SIZE, e);

    OBJECT_CHECK(v, VAULT_MAGIC);
    if (seed == NULL)
        return -1;
    if (derive_key(recovery_key, 32, v->settings.uuid, VAULT_UUID_SIZE, label,
                   sizeof(label) - 1, seed, LIFT_SEED_SIZE, e) != 0) {
        secret_free(seed, LIFT_SEED_SIZE);
        return -1;
    }
    secret_free(v->lift_seed, LIFT_SEED_SIZE);
    v->lift_seed = seed;
    return 0;
}

const uint8_t *vault_lift_seed(const struct vault *v)
{
    OBJECT_CHECK(v, VAULT_MAGIC);
    return v->lift_seed;
}

const uint8_t *vault_wrapping_key(const struct vault *v, enum vault_wrapping use,
                                  uint32_t epoch, struct error *e)
{
    const struct keys *k = vault_keys_needed(v, e);
    const uint8_t *key = k != NULL ? keys_wrapping(k, use, epoch) : NULL;

    if (k != NULL && key == NULL)
        error_set(e, LAGAN_CORRUPT, ERROR_INTEGRITY, "key epoch %u is not known", epoch);
    return key;
}

int vault_writer(const struct vault *v, const uint8_t writer_id[16],
                 struct vault_writer *writer, struct error *e)
{
    const struct keys *k = vault_keys_needed(v, e);

    return k != NULL ? keys_writer(k, writer_id, writer, e) : -1;
}

int vault_writer_check(const struct vault *v, const uint8_t writer_id[16],
                       const uint8_t public_key[32], const uint8_t certificate[64],
                       const char *label, const void *data, size_t size,
                       const uint8_t signature[64], struct error *e)
{
    const struct trust trust = vault_trust(v);

    if (trust_check_writer(&trust, writer_id, public_key, certificate, e) != 0)
        return -1;
    return trust_check(public_key, label, data, size, signature, "the writer's object", e);
}

/* For calls that make no sense on a locked vault and cannot fail. */
static const struct keys *unlocked(const struct vault *v)
{
    OBJECT_CHECK(v, VAULT_MAGIC);
    ASSERT(v->keys != NULL);
    return v->keys;
}

void vault_chunk_identify(const struct vault *v, enum chunk_kind kind, const void *data,
                          size_t size, struct chunk_id *id)
{
    mac_compute(keys_identity(unlocked(v), kind), data, size, id->bytes);
}

void vault_chunk_identify_many(const struct vault *v, enum chunk_kind kind, size_t count,
                               const void *const data[], const size_t size[],
                               struct chunk_id ids[])
{
    _Static_assert(sizeof(struct chunk_id) == HASH_SIZE, "ids lie like hashes");
    mac_compute_many(keys_identity(unlocked(v), kind), count, data, size,
                     (uint8_t(*)[HASH_SIZE])ids);
}

const uint8_t *vault_node_key(const struct vault *v)
{
    return keys_node(unlocked(v));
}

const uint8_t *vault_chunker_key(const struct vault *v)
{
    return keys_chunker(unlocked(v));
}

void vault_link_group(const struct vault *v, const void *id, size_t size, uint8_t group[16])
{
    uint8_t mac[HASH_SIZE];

    mac_compute(keys_link(unlocked(v)), id, size, mac);
    memcpy(group, mac, 16);
}
