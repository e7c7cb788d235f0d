/* SPDX-License-Identifier: Apache-2.0 */
/* prune_epochs.c - the records below `prune/`, listed and read. */
#include "vault/prune_epochs.h"
#include "base/log.h"
#include "vault/stored.h"

#include <stdlib.h>

enum { LOAD_ATTEMPTS = 8 };

void prune_epochs_free(struct prune_epochs *epochs)
{
    for (size_t i = 0; i < epochs->count; i++) {
        prune_record_free(&epochs->items[i].condemned);
        prune_record_free(&epochs->items[i].deleted);
    }
    free(epochs->items);
    *epochs = (struct prune_epochs){0};
}

/* Names come in byte order: both of an epoch behind each other. */
static int collect(void *context, const char *key, uint64_t bytes, struct error *e)
{
    struct prune_epochs *epochs = context;
    struct prune_epoch *last, *grown;
    struct name name;

    (void)bytes;
    if (!name_parse(key, &name) || (name.kind != NAME_CONDEMN && name.kind != NAME_DELETE))
        return 0;
    last = epochs->count > 0 ? &epochs->items[epochs->count - 1] : NULL;
    if (last == NULL || last->number != name.number) {
        grown = reallocarray(epochs->items, epochs->count + 1, sizeof(*grown));
        if (grown == NULL)
            return error_no_memory(e, "records of prune");
        epochs->items = grown;
        last = &grown[epochs->count++];
        *last = (struct prune_epoch){.number = name.number};
    }
    if (name.kind == NAME_CONDEMN)
        last->condemn_listed = true;
    else
        last->delete_listed = true;
    return 0;
}

static int list(struct vault *v, struct prune_epochs *epochs, struct error *e)
{
    *epochs = (struct prune_epochs){0};
    if (target_list(vault_target(v), "prune/", collect, epochs, e) == 0)
        return 0;
    prune_epochs_free(epochs);
    return -1;
}

/* 1 when it is genuine, 0 when it is damaged, -1. */
static int read_record(struct vault *v, const char *name, struct prune_record *r,
                       struct error *e)
{
    struct error why = ERROR_INIT;

    if (prune_record_read(v, name, NULL, r, &why) == 0)
        return 1;
    if (stored_is_damage(&why)) {
        log_write(LOG_WARNING, "vault", "%s", why.text);
        return 0;
    }
    *e = why;
    return -1;
}

static int read_epoch(struct vault *v, struct prune_epoch *epoch, struct error *e)
{
    char name[NAME_SIZE];
    int known;

    if (epoch->delete_listed) {
        name_of_delete(epoch->number, name);
        known = read_record(v, name, &epoch->deleted, e);
        if (known < 0)
            return -1;
        epoch->delete_known = known > 0;
    }
    if (epoch->condemn_listed) {
        name_of_condemn(epoch->number, name);
        known = read_record(v, name, &epoch->condemned, e);
        if (known < 0)
            return -1;
        epoch->condemn_known = known > 0;
    }
    return 0;
}

static int load_once(struct vault *v, struct prune_epochs *epochs, struct error *e)
{
    if (list(v, epochs, e) != 0)
        return -1;
    for (size_t i = 0; i < epochs->count; i++) {
        if (read_epoch(v, &epochs->items[i], e) == 0)
            continue;
        prune_epochs_free(epochs);
        return -1;
    }
    return 0;
}

/* Old records are removed by whoever prunes: then what there is has to be listed again. */
int prune_epochs_load(struct vault *v, struct prune_epochs *epochs, struct error *e)
{
    struct error why = ERROR_INIT;

    for (int i = 0; i < LOAD_ATTEMPTS; i++) {
        why = ERROR_INIT;
        if (load_once(v, epochs, &why) == 0)
            return 0;
        if (why.error_class != LAGAN_NOT_FOUND)
            break;
    }
    *e = why;
    return -1;
}

static bool same_names(const struct prune_epochs *a, const struct prune_epochs *b)
{
    if (a->count != b->count)
        return false;
    for (size_t i = 0; i < a->count; i++)
        if (a->items[i].number != b->items[i].number ||
            a->items[i].condemn_listed != b->items[i].condemn_listed ||
            a->items[i].delete_listed != b->items[i].delete_listed)
            return false;
    return true;
}

int prune_epochs_changed(struct vault *v, const struct prune_epochs *epochs, struct error *e)
{
    struct prune_epochs now;

    if (list(v, &now, e) != 0)
        return -1;
    bool same = same_names(epochs, &now);
    prune_epochs_free(&now);
    return !same;
}

uint32_t prune_epochs_highest(const struct prune_epochs *epochs)
{
    return epochs->count == 0 ? 0 : epochs->items[epochs->count - 1].number;
}

uint32_t prune_epochs_usable(const struct prune_epochs *epochs)
{
    for (size_t i = 0; i < epochs->count; i++)
        if (prune_epoch_record(&epochs->items[i]) == NULL)
            return epochs->items[i].number > 0 ? epochs->items[i].number - 1 : 0;
    return prune_epochs_highest(epochs);
}

const struct prune_record *prune_epoch_record(const struct prune_epoch *epoch)
{
    if (epoch->delete_known)
        return &epoch->deleted;
    return epoch->condemn_known ? &epoch->condemned : NULL;
}

static bool names(const struct prune_record *r, const uint8_t hash[32])
{
    return prune_record_find(r, hash) != NULL || prune_record_has_roll(r, hash);
}

const struct prune_record *prune_epochs_find(const struct prune_epochs *epochs,
                                             const uint8_t hash[32])
{
    for (size_t i = epochs->count; i-- > 0;) {
        const struct prune_record *r = prune_epoch_record(&epochs->items[i]);

        if (r != NULL && names(r, hash))
            return r;
    }
    return NULL;
}

const struct prune_record *prune_epochs_find_deleted(const struct prune_epochs *epochs,
                                                     uint32_t after, const uint8_t hash[32])
{
    for (size_t i = epochs->count; i-- > 0 && epochs->items[i].number > after;) {
        const struct prune_epoch *epoch = &epochs->items[i];
        /* Of a deletion that cannot be read only this is known: it is among what was
         * condemned. */
        const struct prune_record *r = epoch->delete_listed ? prune_epoch_record(epoch) : NULL;

        if (r != NULL && names(r, hash))
            return r;
    }
    return NULL;
}
