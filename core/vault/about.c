/* SPDX-License-Identifier: Apache-2.0 */
/* about.c - the generations of what a copy of a vault is: which counts, and writing the next.
 */
#include "vault/about.h"
#include "base/clock.h"
#include "base/log.h"
#include "vault/about_codec.h"
#include "vault/stored.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { GENERATION_TRIES = 16 }; /* others who write at the same time */

struct listing {
    struct about_entry *entries;
    size_t count;
};

static int collect(void *context, const char *key, uint64_t bytes, struct error *e)
{
    struct listing *l = context;
    struct about_entry *grown;
    struct name name;

    if (!name_parse(key, &name) || name.kind != NAME_ABOUT)
        return 0;
    grown = realloc(l->entries, (l->count + 1) * sizeof(*grown));
    if (grown == NULL)
        return error_no_memory(e, "what a vault says of itself");
    l->entries = grown;
    grown[l->count] = (struct about_entry){.generation = name.number, .bytes = bytes};
    snprintf(grown[l->count].name, sizeof(grown->name), "%s", key);
    l->count++;
    return 0;
}

void about_list_free(struct about_entry *entries, size_t count)
{
    for (size_t i = 0; i < count; i++)
        vault_about_free(&entries[i].about);
    free(entries);
}

static int list(struct vault *v, struct listing *l, struct error *e)
{
    *l = (struct listing){0};
    if (target_list(vault_target(v), "about/", collect, l, e) == 0)
        return 0;
    free(l->entries);
    return -1;
}

/* One that vanished was replaced by a newer one. */
static int load(struct vault *v, struct about_entry *entry, struct error *e)
{
    CLEANUP_BUFFER struct buffer data = BUFFER_INIT;
    const struct trust trust = vault_trust(v);

    if (stored_read(vault_target(v), entry->name, ABOUT_OBJECT_LIMIT, &data, &entry->why) ==
            0 &&
        about_decode(data.data, data.size, entry->name, &trust, &entry->about, &entry->why) ==
            0) {
        entry->valid = true;
        return 0;
    }
    if (stored_is_damage(&entry->why) || entry->why.error_class == LAGAN_NOT_FOUND)
        return 0;
    *e = entry->why;
    return -1;
}

int about_load(struct vault *v, struct about_entry **entries, size_t *count, struct error *e)
{
    struct listing l;

    if (list(v, &l, e) != 0)
        return -1;
    for (size_t i = 0; i < l.count; i++) {
        if (load(v, &l.entries[i], e) != 0) {
            about_list_free(l.entries, l.count);
            return -1;
        }
    }
    *entries = l.entries;
    *count = l.count;
    return 0;
}

/* The newest that is genuine, from the end; those behind it are not read. */
static int read_newest(struct vault *v, struct listing *l, struct vault_about *about,
                       struct error *e)
{
    for (size_t i = l->count; i-- > 0;) {
        struct about_entry *entry = &l->entries[i];

        if (load(v, entry, e) != 0)
            return -1;
        if (entry->valid) {
            vault_about_free(about);
            *about = entry->about;
            entry->about = (struct vault_about){.generation = 0};
            return 1;
        }
        log_write(LOG_WARNING, "vault", "%s", entry->why.text);
    }
    return 0;
}

int vault_about_read(struct vault *v, struct vault_about *about, struct error *e)
{
    struct listing l;
    int result;

    if (list(v, &l, e) != 0)
        return -1;
    result = read_newest(v, &l, about, e);
    about_list_free(l.entries, l.count);
    return result;
}

/* Older ones are of no use, and none of them may ever come to the front again: but where they
 * cannot be removed they hinder nobody. */
static void remove_older(struct vault *v, const struct listing *l, uint32_t generation)
{
    for (size_t i = 0; i < l->count; i++) {
        struct error why = ERROR_INIT;

        if (l->entries[i].generation < generation &&
            target_remove(vault_target(v), l->entries[i].name, &why) != 0)
            log_write(LOG_INFO, "vault", "an old object stays: %s", why.text);
    }
}

static int put_next(struct vault *v, const struct keys *keys, struct vault_about *about,
                    struct error *e)
{
    CLEANUP_BUFFER struct buffer object = BUFFER_INIT;
    char name[NAME_SIZE];

    for (int i = 0; i < GENERATION_TRIES; i++, about->generation++) {
        if (about_encode(about, vault_settings(v)->uuid, keys, &object, e) != 0)
            return -1;
        name_of_about(about->generation, name);
        switch (stored_put(vault_target(v), name, object.data, object.size, e)) {
        case STORED_DONE:
            return target_flush(vault_target(v), e);
        case STORED_FAILED:
            return -1;
        case STORED_TAKEN:
            break;
        }
    }
    return error_set(e, LAGAN_BUSY, ERROR_TEMPORARY,
                     "others keep writing what this vault says of itself");
}

/* The generation to start from is that of the newest genuine one: what somebody else planted
 * under a high number must not end the row. */
static int write_next(struct vault *v, const struct keys *keys, struct listing *l,
                      struct vault_about *about, struct error *e)
{
    struct vault_about newest = {.generation = 0}, made = *about;

    if (read_newest(v, l, &newest, e) < 0)
        return -1;
    made.generation = newest.generation + 1;
    made.created_ns = clock_wall_ns();
    vault_about_free(&newest);
    if (put_next(v, keys, &made, e) != 0)
        return -1;
    remove_older(v, l, made.generation);
    about->generation = made.generation;
    about->created_ns = made.created_ns;
    return 0;
}

int vault_about_write(struct vault *v, struct vault_about *about, struct error *e)
{
    const struct keys *keys = vault_keys_needed(v, e);
    struct listing l;
    int result;

    if (keys == NULL || vault_writable(v, e) != 0 || list(v, &l, e) != 0)
        return -1;
    result = write_next(v, keys, &l, about, e);
    about_list_free(l.entries, l.count);
    return result;
}
