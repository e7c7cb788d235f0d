/* SPDX-License-Identifier: Apache-2.0 */
/* seal_write.c - the last step of a backup, and of its deletion. */
#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "base/text.h"
#include "vault/chain.h"
#include "vault/lock.h"
#include "vault/seal_scan.h"
#include "vault/stored.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NAME_ATTEMPTS = 8 };

static int heads_of(const struct seal_list *list, uint8_t (**heads)[32], size_t *count,
                    struct error *e)
{
    struct chain_link *links = calloc(list->count + 1, sizeof(*links));
    int result;

    if (links == NULL)
        return error_no_memory(e, "the chain of seals");
    for (size_t i = 0; i < list->count; i++) {
        const struct seal *s = list->seals[i];

        links[i] = (struct chain_link){s->hash, s->previous, s->previous_count};
    }
    result = chain_heads(links, list->count, heads, count, e);
    free(links);
    return result;
}

/* The seals that this one follows. */
static int fill_previous(struct vault *v, struct seal *draft, struct error *e)
{
    uint8_t(*heads)[32] = NULL;
    struct seal_list list;
    size_t count = 0;
    int result;

    if (vault_backups(v, &list, NULL, NULL, e) != 0)
        return -1;
    result = heads_of(&list, &heads, &count, e);
    seal_list_free(&list);
    if (result != 0)
        return -1;
    free(draft->previous);
    draft->previous = heads;
    draft->previous_count = count;
    return 0;
}

static void choose_name(struct seal *draft)
{
    uint8_t id[8];

    crypto_random(id, sizeof(id));
    text_hex(id, sizeof(id), draft->id);
    seal_name(id, draft->created_ns, draft->name);
}

/* Encodes under a fresh salt and stores; TAKEN when the name is not free. */
static enum stored_result put(struct vault *v, struct seal *draft,
                              const struct vault_writer *writer, struct buffer *object,
                              struct error *e)
{
    const uint8_t *key = vault_wrapping_key(v, VAULT_WRAP_META, draft->key_epoch, e);
    uint8_t salt[SEAL_SALT_SIZE];
    char name[NAME_SIZE];

    choose_name(draft);
    crypto_random(salt, sizeof(salt));
    if (key == NULL ||
        seal_encode(draft, vault_settings(v)->uuid, key, salt, writer, object, e))
        return STORED_FAILED;
    if (object->size > SEAL_OBJECT_LIMIT) {
        error_set(e, LAGAN_LIMIT, ERROR_FAILED, "the seal would have %zu bytes", object->size);
        return STORED_FAILED;
    }
    snprintf(name, sizeof(name), "seals/%s", draft->name);
    return stored_put(vault_target(v), name, object->data, object->size, e);
}

/* A copy from the start saves the next listing a read. */
static void keep_copy(struct vault *v, const struct seal *s, const struct buffer *object)
{
    struct cache *cache = cache_open(vault_cache_directory(v), SEAL_CACHE_FOLDER);

    cache_put(cache, s->name, object->data, object->size, s->hash);
    cache_close(cache);
}

static int store(struct vault *v, struct seal *draft, const struct vault_writer *writer,
                 struct error *e)
{
    CLEANUP_BUFFER struct buffer object = BUFFER_INIT;
    enum stored_result result = STORED_TAKEN;

    for (int i = 0; i < NAME_ATTEMPTS && result == STORED_TAKEN; i++)
        result = put(v, draft, writer, &object, e);
    if (result == STORED_TAKEN)
        return error_set(e, LAGAN_EXISTS, ERROR_CONFLICT, "no free name for the seal");
    if (result == STORED_FAILED || target_flush(vault_target(v), e) != 0)
        return -1;
    hash_sha256(object.data, object.size, draft->hash);
    draft->object_bytes = object.size;
    keep_copy(v, draft, &object);
    return 0;
}

int seal_write(struct vault *v, struct seal *draft, const struct vault_writer *writer,
               struct error *e)
{
    if (vault_keys_needed(v, e) == NULL || vault_writable(v, e) != 0)
        return -1;
    if (draft->root.height == 0)
        return error_set(e, LAGAN_INVALID, ERROR_FAILED, "a seal without a tree");
    if (fill_previous(v, draft, e) != 0)
        return -1;
    memcpy(draft->writer, writer->id, sizeof(draft->writer));
    draft->created_ns = clock_wall_ns();
    draft->key_epoch = vault_settings(v)->key_epoch;
    if (store(v, draft, writer, e) != 0)
        return -1;
    draft->opened = true;
    return 0;
}

static int put_tombstone(struct vault *v, const struct seal *seal,
                         const struct vault_writer *writer, const char *reason, struct error *e)
{
    CLEANUP_BUFFER struct buffer object = BUFFER_INIT;
    CLEANUP_TEXT char *copy = NULL;
    struct tombstone t = {.created_ns = clock_wall_ns(),
                          .previous = seal->previous,
                          .previous_count = seal->previous_count};
    char name[NAME_SIZE];

    if (seal_set_text(&copy, reason, e) != 0)
        return -1;
    t.reason = copy;

    memcpy(t.uuid, vault_settings(v)->uuid, sizeof(t.uuid));
    memcpy(t.seal_hash, seal->hash, sizeof(t.seal_hash));
    if (text_unhex(seal->id, t.seal_id, sizeof(t.seal_id)) != 0)
        return error_set(e, LAGAN_INVALID, ERROR_FAILED, "a seal without an id");
    if (tombstone_encode(&t, writer, &object, e) != 0)
        return -1;
    snprintf(name, sizeof(name), "seals/%s.gone", seal->name);
    /* One that is there already comes from a deletion that was broken off. */
    if (stored_put(vault_target(v), name, object.data, object.size, e) == STORED_FAILED)
        return -1;
    return target_flush(vault_target(v), e);
}

/* Whether a refusal to remove is no failure: the tombstone alone deletes the backup. */
static bool may_stay(const struct error *e)
{
    return e->error_class == LAGAN_UNSUPPORTED || e->error_class == LAGAN_DENIED ||
           e->error_class == LAGAN_IMMUTABLE;
}

int seal_remove(struct vault *v, const char *seal, struct error *e)
{
    struct error why = ERROR_INIT;
    struct cache *cache;
    char name[NAME_SIZE];

    cache = cache_open(vault_cache_directory(v), SEAL_CACHE_FOLDER);
    cache_drop(cache, seal);
    cache_close(cache);
    snprintf(name, sizeof(name), "seals/%s", seal);
    if (target_remove(vault_target(v), name, &why) == 0)
        return target_flush(vault_target(v), e);
    if (may_stay(&why)) {
        log_write(LOG_INFO, "vault", "the backup is deleted, its seal stays: %s", why.text);
        return 0;
    }
    *e = why;
    return -1;
}

/* Seals that are there in spite of a valid tombstone. */
static int remove_hidden(struct vault *v, const struct seal_scan *scan, struct error *e)
{
    for (size_t i = 0; i < scan->count; i++) {
        const struct seal_entry *tombstone = seal_scan_tombstone(scan, i);
        struct error why = ERROR_INIT;

        if (tombstone == NULL || tombstone->state != SEAL_VALID ||
            seal_remove(v, scan->entries[i].name, &why) == 0 ||
            why.error_class == LAGAN_NOT_FOUND)
            continue;
        *e = why;
        return -1;
    }
    return 0;
}

int vault_deletions_finish(struct vault *v, struct error *e)
{
    struct seal_scan scan;
    bool any = false;
    int result = 0;

    if (vault_writable(v, e) != 0 || seal_scan_list(v, &scan, e) != 0)
        return -1;
    for (size_t i = 0; i < scan.count; i++) {
        struct seal_entry *tombstone = seal_scan_tombstone(&scan, i);

        if (tombstone != NULL)
            any = tombstone->wanted = true;
    }
    if (any)
        result = seal_scan_load(v, &scan, NULL, e);
    if (any && result == 0)
        result = remove_hidden(v, &scan, e);
    seal_scan_free(&scan);
    return result;
}

int seal_withdraw(struct vault *v, const struct seal *seal, const uint8_t writer_id[16],
                  const char *reason, struct error *e)
{
    struct vault_writer writer;

    if (vault_writable(v, e) != 0 || vault_writer(v, writer_id, &writer, e) != 0)
        return -1;
    int result = put_tombstone(v, seal, &writer, reason, e);
    vault_writer_wipe(&writer);
    return result != 0 ? -1 : seal_remove(v, seal->name, e);
}

int vault_backup_delete(struct vault *v, const struct seal *seal, const uint8_t writer_id[16],
                        const char *reason, struct error *e)
{
    if (vault_lock_allows(v, seal, e) != 0)
        return -1;
    return seal_withdraw(v, seal, writer_id, reason, e);
}
