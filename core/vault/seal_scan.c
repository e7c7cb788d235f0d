/* SPDX-License-Identifier: Apache-2.0 */
/* seal_scan.c - lists seals and tombstones, and loads them on several threads. */
#include "vault/seal_scan.h"
#include "base/pool.h"
#include "vault/seal_memo.h"
#include "vault/stored.h"
#include "vault/vault_private.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Reading many small objects is waiting: more threads than processors pay. */
enum { LOAD_THREADS = 8, LOAD_ALONE = 4 };

static int collect(void *context, const char *key, uint64_t bytes, struct error *e)
{
    struct seal_scan *scan = context;
    struct seal_entry *grown, *entry;
    struct name name;

    if (!name_parse(key, &name) || (name.kind != NAME_SEAL && name.kind != NAME_TOMBSTONE))
        return 0;
    if ((scan->count & (scan->count - 1)) == 0) {
        grown = realloc(scan->entries, (scan->count * 2 + 1) * sizeof(*grown));
        if (grown == NULL)
            return error_no_memory(e, "the list of seals");
        scan->entries = grown;
    }
    entry = &scan->entries[scan->count++];
    *entry =
        (struct seal_entry){.gone = name.kind == NAME_TOMBSTONE, .id = name.id, .bytes = bytes};
    snprintf(entry->name, sizeof(entry->name), "%s", key + strlen("seals/"));
    return 0;
}

int seal_scan_list(struct vault *v, struct seal_scan *scan, struct error *e)
{
    *scan = (struct seal_scan){0};
    if (target_list(vault_target(v), "seals/", collect, scan, e) == 0)
        return 0;
    seal_scan_free(scan);
    return -1;
}

void seal_scan_free(struct seal_scan *scan)
{
    for (size_t i = 0; i < scan->count; i++) {
        seal_free(scan->entries[i].seal);
        tombstone_clear(&scan->entries[i].tombstone);
    }
    free(scan->entries);
    *scan = (struct seal_scan){0};
}

struct seal_entry *seal_scan_tombstone(const struct seal_scan *scan, size_t index)
{
    const struct seal_entry *seal = &scan->entries[index];
    struct seal_entry *next = &scan->entries[index + 1];
    size_t size = strlen(seal->name);

    if (seal->gone || index + 1 >= scan->count || !next->gone ||
        strncmp(seal->name, next->name, size) != 0)
        return NULL;
    return next;
}

struct load {
    struct vault *vault;
    struct cache *cache;
    struct seal_entry *entry;
};

static int decode(const struct load *l, const struct buffer *data, unsigned flags)
{
    const struct trust trust = vault_trust(l->vault);
    struct seal_entry *entry = l->entry;

    if (entry->gone)
        return tombstone_decode(data->data, data->size, entry->name, &trust, flags,
                                &entry->tombstone, &entry->why);
    return seal_decode(data->data, data->size, entry->name, &trust, vault_keys(l->vault), flags,
                       &entry->seal, &entry->why);
}

/* Without a cache the caller wants what the target has. */
static bool load_known(const struct load *l)
{
    struct seal_entry *entry = l->entry;

    if (entry->gone || l->cache == NULL)
        return false;
    entry->seal = seal_memo_find(vault_seals(l->vault), entry->name, entry->bytes,
                                 vault_unlocked(l->vault));
    return entry->seal != NULL;
}

static bool load_copy(const struct load *l, struct buffer *data)
{
    uint8_t hash[HASH_SIZE];

    if (l->entry->bytes > SEAL_OBJECT_LIMIT ||
        !cache_get(l->cache, l->entry->name, l->entry->bytes, data, hash))
        return false;
    if (decode(l, data, SEAL_SIGNATURE_KNOWN) == 0)
        return true;
    buffer_clear(data);
    return false;
}

static int load_original(const struct load *l, struct buffer *data)
{
    char name[NAME_SIZE];
    uint8_t hash[HASH_SIZE];

    snprintf(name, sizeof(name), "seals/%s", l->entry->name);
    if (stored_read(vault_target(l->vault), name, SEAL_OBJECT_LIMIT, data, &l->entry->why) !=
            0 ||
        decode(l, data, 0) != 0)
        return -1;
    hash_sha256(data->data, data->size, hash);
    cache_put(l->cache, l->entry->name, data->data, data->size, hash);
    return 0;
}

static void keep(const struct load *l)
{
    l->entry->state = SEAL_VALID;
    if (l->entry->seal != NULL)
        seal_memo_keep(vault_seals(l->vault), l->entry->name, l->entry->seal);
}

/* From memory or a local copy, without waiting for a target. */
static bool load_near(const struct load *l)
{
    CLEANUP_BUFFER struct buffer data = BUFFER_INIT;

    if (load_known(l))
        l->entry->state = SEAL_VALID;
    else if (load_copy(l, &data))
        keep(l);
    return l->entry->state == SEAL_VALID;
}

static void load_far(void *item)
{
    CLEANUP_BUFFER struct buffer data = BUFFER_INIT;
    const struct load *l = item;
    struct seal_entry *entry = l->entry;

    if (load_original(l, &data) == 0)
        keep(l);
    else if (stored_is_damage(&entry->why) || entry->why.code == ERROR_WRONG_KEY)
        entry->state = SEAL_DAMAGED;
    else if (entry->why.error_class == LAGAN_NOT_FOUND)
        entry->state = SEAL_ABSENT;
}

/* What is near is loaded here: handing it to threads would take longer than reading it. */
static int run(struct load *loads, size_t count, struct error *e)
{
    struct pool *pool;
    size_t far = 0;

    for (size_t i = 0; i < count; i++)
        if (!load_near(&loads[i]))
            loads[far++] = loads[i];
    if (far <= LOAD_ALONE) {
        for (size_t i = 0; i < far; i++)
            load_far(&loads[i]);
        return 0;
    }
    pool = pool_new(LOAD_THREADS, 2 * LOAD_THREADS, e);
    if (pool == NULL)
        return -1;
    for (size_t i = 0; i < far; i++)
        pool_submit(pool, load_far, &loads[i]);
    pool_free(pool);
    return 0;
}

/* What is unread still could not be reached. */
static int judge(const struct seal_scan *scan, struct error *e)
{
    for (size_t i = 0; i < scan->count; i++) {
        if (scan->entries[i].wanted && scan->entries[i].state == SEAL_UNREAD) {
            *e = scan->entries[i].why;
            return -1;
        }
    }
    return 0;
}

int seal_scan_load(struct vault *v, struct seal_scan *scan, struct cache *cache,
                   struct error *e)
{
    struct load *loads = calloc(scan->count + 1, sizeof(*loads));
    size_t count = 0;
    int result;

    if (loads == NULL)
        return error_no_memory(e, "the list of seals");
    for (size_t i = 0; i < scan->count; i++) {
        struct seal_entry *entry = &scan->entries[i];

        if (entry->wanted && entry->state == SEAL_UNREAD)
            loads[count++] = (struct load){v, cache, entry};
    }
    result = run(loads, count, e);
    if (result == 0)
        result = judge(scan, e);
    free(loads);
    return result;
}
