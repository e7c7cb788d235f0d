/* SPDX-License-Identifier: Apache-2.0 */
/* transfer_seals.c - which seals and tombstones the source has, read and checked. */
#include "base/text.h"
#include "vault/stored.h"
#include "vault/transfer_private.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct listing {
    struct transfer_seal *seals;
    size_t count, room;
};

static int collect(void *context, const char *key, uint64_t bytes, struct error *e)
{
    struct listing *l = context;
    const char *text = key + strlen("seals/");
    struct transfer_seal *grown;
    struct name name;

    (void)bytes;
    if (!name_parse(key, &name) || (name.kind != NAME_SEAL && name.kind != NAME_TOMBSTONE))
        return 0;
    if (l->count == l->room) {
        size_t room = l->room == 0 ? 64 : 2 * l->room;

        grown = reallocarray(l->seals, room, sizeof(*grown));
        if (grown == NULL)
            return error_no_memory(e, "the list of seals");
        l->seals = grown;
        l->room = room;
    }
    l->seals[l->count] = (struct transfer_seal){.id = name.id};
    snprintf(l->seals[l->count].name, SEAL_NAME_SIZE, "%.*s", (int)strcspn(text, "."), text);
    l->count++;
    return 0;
}

static int compare_ids(const void *a, const void *b)
{
    uint64_t x = ((const struct transfer_seal *)a)->id,
             y = ((const struct transfer_seal *)b)->id;

    return x < y ? -1 : x > y;
}

/* The caller holds the lock. */
static int list(struct transfer *t, struct error *e)
{
    struct listing l = {.seals = NULL};

    if (target_list(t->carry.from, "seals/", collect, &l, e) != 0) {
        free(l.seals);
        return -1;
    }
    if (l.count > 0)
        qsort(l.seals, l.count, sizeof(*l.seals), compare_ids);
    free(t->seals);
    t->seals = l.seals;
    t->seal_count = l.count;
    return 0;
}

static const struct transfer_seal *find(const struct transfer *t, uint64_t id)
{
    const struct transfer_seal key = {.id = id};

    return t->seal_count == 0
               ? NULL
               : bsearch(&key, t->seals, t->seal_count, sizeof(key), compare_ids);
}

static bool parse_id(const char *text, uint64_t *id)
{
    uint8_t bytes[8];

    *id = 0;
    if (strlen(text) != 16 || text_unhex(text, bytes, sizeof(bytes)) != 0)
        return false;
    for (size_t i = 0; i < sizeof(bytes); i++)
        *id = *id << 8 | bytes[i];
    return true;
}

int transfer_seal_find(struct transfer *t, const char *text, char *name, struct error *e)
{
    const struct transfer_seal *found = NULL;
    uint64_t id;
    int result = 0;

    if (parse_id(text, &id)) {
        pthread_mutex_lock(&t->lock);
        found = find(t, id);
        if (found == NULL)
            result = list(t, e);
        if (found == NULL && result == 0)
            found = find(t, id);
        if (found != NULL)
            memcpy(name, found->name, SEAL_NAME_SIZE);
        pthread_mutex_unlock(&t->lock);
    }
    if (found == NULL && result == 0)
        return error_set(e, LAGAN_NOT_FOUND, ERROR_NO_BACKUP, "the source has no backup %s",
                         text);
    return result;
}

int transfer_seal_read(struct transfer_job *job, struct error *e)
{
    const struct trust trust = vault_trust(job->t->from);
    struct error why = ERROR_INIT;

    if (stored_read(job->t->carry.from, job->object, SEAL_OBJECT_LIMIT, &job->data, &why) ==
            0 &&
        seal_decode(job->data.data, job->data.size, job->name, &trust, NULL, 0, &job->seal,
                    &why) == 0)
        return 0;
    if (why.error_class == LAGAN_NOT_FOUND)
        why.code = ERROR_NO_BACKUP;
    *e = why;
    return -1;
}

/* The latest seal before `name` among the source's, or NULL. */
static const struct transfer_seal *latest_before(const struct transfer *t, const char *name)
{
    const struct transfer_seal *latest = NULL;

    for (size_t i = 0; i < t->seal_count; i++)
        if (strcmp(t->seals[i].name, name) < 0 &&
            (latest == NULL || strcmp(t->seals[i].name, latest->name) > 0))
            latest = &t->seals[i];
    return latest;
}

/* A seal that the destination has; its text is taken from there. */
static int vouch(struct transfer *t, const char *object, struct error *e)
{
    CLEANUP_BUFFER struct buffer data = BUFFER_INIT;
    const struct trust trust = vault_trust(t->to);
    struct seal_pack *packs;
    struct seal *seal;
    size_t count;
    int result = -1;

    if (stored_read(t->carry.to, object, SEAL_OBJECT_LIMIT, &data, e) != 0 ||
        seal_decode(data.data, data.size, object + strlen("seals/"), &trust, NULL, 0, &seal,
                    e) != 0)
        return -1;
    if (backup_packs_either(t->to, t->from, seal, &packs, &count, e) == 0) {
        transfer_objects_sure(t, seal, packs, count);
        free(packs);
        result = 0;
    }
    seal_free(seal);
    return result;
}

/* The next seal back from `name`, which is replaced by it; false when there is none. */
static bool step_back(struct transfer *t, char name[SEAL_NAME_SIZE])
{
    const struct transfer_seal *before;

    pthread_mutex_lock(&t->lock);
    before = latest_before(t, name);
    if (before != NULL)
        memcpy(name, before->name, SEAL_NAME_SIZE);
    pthread_mutex_unlock(&t->lock);
    return before != NULL;
}

/* Without a witness packs are confirmed one by one, so that no failure here matters but that of
 * reaching the destination, which the next call meets too. */
void transfer_witness(struct transfer_job *job)
{
    enum { STEPS = 8 };
    struct transfer *t = job->t;
    char name[SEAL_NAME_SIZE], object[NAME_SIZE];
    bool known;

    pthread_mutex_lock(&t->lock);
    known = t->witnessed;
    t->witnessed = true;
    pthread_mutex_unlock(&t->lock);
    snprintf(name, sizeof(name), "%s", job->name);
    for (int i = 0; !known && i < STEPS && step_back(t, name); i++) {
        struct error why = ERROR_INIT;

        snprintf(object, sizeof(object), "seals/%s", name);
        if (vouch(t, object, &why) == 0)
            break;
    }
}
