/* SPDX-License-Identifier: Apache-2.0 */
/*
 * vault_create.c - makes a vault: slots first, the configuration last.  Before that one object
 * exists there is no vault, and what a crash leaves - slots that belong to no vault - hinders
 * nobody.
 */
#include "base/clock.h"
#include "vault/conf.h"
#include "vault/name.h"
#include "vault/slot.h"
#include "vault/stored.h"

#include <stdlib.h>
#include <string.h>

static int found_one(void *context, const char *key, uint64_t bytes, struct error *e)
{
    (void)key;
    (void)bytes;
    (void)e;
    *(bool *)context = true;
    return 0;
}

static int has_any(struct target *target, const char *prefix, bool *any, struct error *e)
{
    bool more;

    return target_list_page(target, prefix, "", 1, found_one, any, &more, e);
}

/* Backups without a configuration are a vault that lost it: the last place to make a new one.
 */
static int check_empty(struct target *target, struct error *e)
{
    static const char *const prefixes[] = {"packs/", "seals/", "rolls/", "runs/"};
    bool any = false;

    if (has_any(target, "conf/", &any, e) != 0)
        return -1;
    if (any)
        return error_set(e, LAGAN_EXISTS, ERROR_CONFLICT, "there is a vault already");
    for (size_t i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++) {
        if (has_any(target, prefixes[i], &any, e) != 0)
            return -1;
        if (any)
            return error_set(e, LAGAN_EXISTS, ERROR_CONFLICT,
                             "there are objects of a vault under %s, but no configuration",
                             prefixes[i]);
    }
    return 0;
}

static int check_target(struct target *target, struct error *e)
{
    if (target_capabilities(target)->put_if_absent != LAGAN_SUPPORT_NONE)
        return 0;
    return error_set(e, LAGAN_UNSUPPORTED, ERROR_FAILED,
                     "the target cannot create an object only if its name is free, which a "
                     "vault depends on");
}

/* Trust is good: a store that answers a second put of one name with success would let two
 * writers destroy each other's objects. */
static int probe_put(struct target *target, const char *name, const struct buffer *object,
                     struct error *e)
{
    struct error why = ERROR_INIT;

    if (target_put(target, name, object->data, object->size, &why) == 0)
        return error_set(e, LAGAN_UNSUPPORTED, ERROR_FAILED,
                         "the target stored %s a second time: it does not protect what is "
                         "there, so that no vault can live on it",
                         name);
    if (why.error_class == LAGAN_EXISTS)
        return 0;
    *e = why;
    return -1;
}

/* Best effort: slots of a vault that was not made are useless, and harmless. */
static void remove_slots(struct target *target, char names[][NAME_SIZE], size_t count)
{
    struct error ignored = ERROR_INIT;

    for (size_t i = 0; i < count; i++)
        target_remove(target, names[i], &ignored);
}

static int put_conf(struct target *target, const struct buffer *object, struct error *e)
{
    char name[NAME_SIZE];

    name_of_conf(1, name);
    switch (stored_put(target, name, object->data, object->size, e)) {
    case STORED_DONE:
        return target_flush(target, e);
    case STORED_TAKEN:
        return error_set(e, LAGAN_EXISTS, ERROR_CONFLICT, "somebody else made a vault there");
    default:
        return -1;
    }
}

/* One slot after the other; the second put of the last one is the probe. */
static int put_slots(struct target *target, const struct vault_slot_request *requests,
                     size_t count, const uint8_t uuid[16], const struct masters *masters,
                     char (**names)[NAME_SIZE], size_t *done, struct error *e)
{
    CLEANUP_BUFFER struct buffer object = BUFFER_INIT;

    *names = calloc(count, sizeof(**names));
    if (*names == NULL)
        return error_no_memory(e, "key slots");
    for (*done = 0; *done < count; (*done)++)
        if (slot_store(target, &requests[*done], uuid, masters, (*names)[*done], &object, e) !=
            0)
            return -1;
    if (probe_put(target, (*names)[count - 1], &object, e) != 0)
        return -1;
    return target_flush(target, e);
}

/* Fills in what only the program decides, and signs. */
static int make_conf(struct vault_settings *settings, const struct masters *masters,
                     struct buffer *object, struct error *e)
{
    struct keys *keys = keys_new(settings->uuid, masters, e);
    struct conf conf = {0};
    int result;

    if (keys == NULL)
        return -1;
    settings->generation = 1;
    settings->created_ns = clock_wall_ns();
    settings->key_epoch = 0;
    memcpy(settings->root_public, keys_root_public(keys), sizeof(settings->root_public));
    conf.settings = *settings;
    result = conf_encode(&conf, keys, object, e);
    keys_free(keys);
    return result;
}

static int create(struct target *target, struct vault_settings *settings,
                  const struct vault_slot_request *requests, size_t count,
                  struct masters *masters, struct error *e)
{
    CLEANUP_BUFFER struct buffer conf = BUFFER_INIT;
    char(*names)[NAME_SIZE] = NULL;
    size_t done = 0;
    int result;

    masters->count = 1;
    crypto_random(masters->items[0].secret, sizeof(masters->items[0].secret));
    crypto_random(settings->uuid, sizeof(settings->uuid));
    if (make_conf(settings, masters, &conf, e) != 0)
        return -1;
    result = put_slots(target, requests, count, settings->uuid, masters, &names, &done, e);
    if (result == 0)
        result = put_conf(target, &conf, e);
    /* When it is not known whether the configuration is there, its slots must stay. */
    if (result != 0 && e->outcome == LAGAN_OUTCOME_NOT_DONE)
        remove_slots(target, names, done);
    free(names);
    return result;
}

int vault_create(struct target *target, struct vault_settings *settings,
                 const struct vault_slot_request *slots, size_t slot_count, struct error *e)
{
    struct vault_settings made = *settings;
    struct masters *masters;
    int result;

    made.generation = 1;
    if (slot_count == 0)
        return error_set(e, LAGAN_INVALID, ERROR_USAGE, "a vault needs a key slot");
    if (vault_settings_check(&made, "new vault", e) != 0 || check_target(target, e) != 0 ||
        check_empty(target, e) != 0)
        return -1;
    masters = masters_new(e);
    if (masters == NULL)
        return -1;
    result = create(target, &made, slots, slot_count, masters, e);
    masters_free(masters);
    if (result == 0)
        *settings = made;
    return result;
}
