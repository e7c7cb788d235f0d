/* SPDX-License-Identifier: Apache-2.0 */
/* note.c - the notes of a vault: which counts on each topic, and writing the next. */
#include "vault/note.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"
#include "crypto/secret.h"
#include "vault/note_codec.h"
#include "vault/stored.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { GENERATION_TRIES = 16, ID_AT = 8 };

void vault_note_free(struct vault_note *note)
{
    if (note == NULL)
        return;
    vault_about_free(&note->facts);
    *note = (struct vault_note){.generation = 0};
}

bool vault_note_topic(const char *id, uint8_t topic[VAULT_NOTE_TOPIC_SIZE])
{
    memset(topic, 0, VAULT_NOTE_TOPIC_SIZE);
    return text_unhex(id, topic + ID_AT, VAULT_NOTE_TOPIC_SIZE - ID_AT) == 0;
}

bool vault_note_backup(const uint8_t topic[VAULT_NOTE_TOPIC_SIZE], char id[SEAL_ID_TEXT])
{
    static const uint8_t zeroes[ID_AT];

    if (memcmp(topic, zeroes, sizeof(zeroes)) != 0)
        return false;
    text_hex(topic + ID_AT, VAULT_NOTE_TOPIC_SIZE - ID_AT, id);
    return true;
}

/* ---- what stands in storage ---- */

struct listing {
    struct note_entry *entries;
    size_t count;
};

static int collect(void *context, const char *key, uint64_t bytes, struct error *e)
{
    struct listing *l = context;
    struct note_entry *grown;
    struct name name;

    if (!name_parse(key, &name) || name.kind != NAME_NOTE)
        return 0;
    grown = reallocarray(l->entries, l->count + 1, sizeof(*grown));
    if (grown == NULL)
        return error_no_memory(e, "the notes of a vault");
    l->entries = grown;
    grown += l->count++;
    *grown = (struct note_entry){.parsed = name, .bytes = bytes};
    memcpy(grown->name, key, strlen(key) + 1); /* a name that was parsed fits */
    return 0;
}

static int list(struct vault *v, const char *prefix, struct listing *l, struct error *e)
{
    *l = (struct listing){.entries = NULL};
    if (target_list(vault_target(v), prefix, collect, l, e) == 0)
        return 0;
    free(l->entries);
    return -1;
}

int note_entries(struct vault *v, struct note_entry **entries, size_t *count, struct error *e)
{
    struct listing l;

    if (list(v, "notes/", &l, e) != 0)
        return -1;
    *entries = l.entries;
    *count = l.count;
    return 0;
}

/* All notes on one topic. */
static int list_topic(struct vault *v, const uint8_t topic[VAULT_NOTE_TOPIC_SIZE],
                      struct listing *l, struct error *e)
{
    char prefix[NAME_SIZE];

    name_of_note(topic, 0, prefix);
    prefix[strlen(prefix) - 8] = '\0';
    return list(v, prefix, l, e);
}

static int read_one(struct vault *v, const struct note_entry *entry, const struct keys *keys,
                    struct vault_note *note, struct error *e)
{
    CLEANUP_BUFFER struct buffer data = BUFFER_INIT;
    const struct trust trust = vault_trust(v);

    if (stored_read(vault_target(v), entry->name, NOTE_OBJECT_LIMIT, &data, e) != 0)
        return -1;
    return note_decode(data.data, data.size, entry->name, &trust, keys, note, e);
}

int note_check(struct vault *v, const struct note_entry *entry, struct error *e)
{
    struct vault_note note;

    if (read_one(v, entry, NULL, &note, e) != 0)
        return -1;
    vault_note_free(&note);
    return 0;
}

/* ---- which counts ---- */

/* The newest genuine one of `count` entries on one topic: 1 (it may say nothing), 0, -1. */
static int read_newest(struct vault *v, const struct note_entry *entries, size_t count,
                       struct vault_note *note, struct error *e)
{
    const struct keys *keys = vault_keys_needed(v, e);

    if (keys == NULL)
        return -1;
    for (size_t i = count; i-- > 0;) {
        struct error why = ERROR_INIT;

        if (read_one(v, &entries[i], keys, note, &why) == 0)
            return 1;
        if (why.error_class == LAGAN_NOT_FOUND)
            continue; /* a newer one took its place */
        if (!stored_is_damage(&why) && why.code != ERROR_NEWER_FORMAT) {
            *e = why;
            return -1;
        }
        log_write(LOG_WARNING, "vault", "%s", why.text);
    }
    return 0;
}

int vault_note_read(struct vault *v, struct vault_note *note, struct error *e)
{
    struct vault_note found = {.generation = 0};
    struct listing l;

    if (list_topic(v, note->topic, &l, e) != 0)
        return -1;
    int result = read_newest(v, l.entries, l.count, &found, e);
    free(l.entries);
    if (result > 0 && found.facts.pair_count > 0) {
        *note = found;
        return 1;
    }
    vault_note_free(&found);
    return result < 0 ? -1 : 0;
}

int vault_note_list(struct vault *v,
                    int (*each)(void *context, const struct vault_note *note, struct error *e),
                    void *context, struct error *e)
{
    struct listing l;
    int result = 0;

    if (list(v, "notes/", &l, e) != 0)
        return -1;
    for (size_t i = 0, end; result == 0 && i < l.count; i = end) {
        struct vault_note note = {.generation = 0};
        const uint8_t *topic = l.entries[i].parsed.uuid;

        for (end = i + 1; end < l.count && memcmp(l.entries[end].parsed.uuid, topic,
                                                  VAULT_NOTE_TOPIC_SIZE) == 0;)
            end++;
        result = read_newest(v, l.entries + i, end - i, &note, e);
        if (result > 0)
            result = note.facts.pair_count > 0 ? each(context, &note, e) : 0;
        vault_note_free(&note);
    }
    free(l.entries);
    return result;
}

/* ---- writing ---- */

static bool says_the_same(const struct vault_note *a, const struct vault_note *b)
{
    if (a->kind != b->kind || a->facts.pair_count != b->facts.pair_count)
        return false;
    for (size_t i = 0; i < a->facts.pair_count; i++)
        if (strcmp(a->facts.pairs[i].name, b->facts.pairs[i].name) != 0 ||
            strcmp(a->facts.pairs[i].value, b->facts.pairs[i].value) != 0)
            return false;
    return true;
}

static int put_next(struct vault *v, const struct keys *keys, struct vault_note *note,
                    struct error *e)
{
    const struct vault_settings *s = vault_settings(v);
    CLEANUP_BUFFER struct buffer object = BUFFER_INIT;
    uint8_t salt[NOTE_SALT_SIZE];
    char name[NAME_SIZE];

    for (int i = 0; i < GENERATION_TRIES; i++, note->generation++) {
        crypto_random(salt, sizeof(salt));
        if (note_encode(note, s->uuid, s->key_epoch, salt, keys, &object, e) != 0)
            return -1;
        name_of_note(note->topic, note->generation, name);
        switch (stored_put(vault_target(v), name, object.data, object.size, e)) {
        case STORED_DONE:
            return target_flush(vault_target(v), e);
        case STORED_FAILED:
            return -1;
        case STORED_TAKEN:
            break;
        }
    }
    return error_set(e, LAGAN_BUSY, ERROR_TEMPORARY, "others keep writing notes in the vault");
}

/* One that says nothing stays: copies of the vault learn from it, and from nothing else, that
 * what they have does not hold any more. */
static void remove_all(struct vault *v, const struct listing *l, uint32_t below)
{
    for (size_t i = 0; i < l->count; i++) {
        struct error why = ERROR_INIT;

        if (l->entries[i].parsed.number >= below ||
            target_remove(vault_target(v), l->entries[i].name, &why) == 0 ||
            why.error_class == LAGAN_NOT_FOUND)
            continue;
        log_write(LOG_INFO, "vault", "an old note stays: %s", why.text);
    }
}

static int write_next(struct vault *v, const struct keys *keys, const struct listing *l,
                      struct vault_note *note, struct error *e)
{
    struct vault_note last = {.generation = 0}, made = *note;
    int found = read_newest(v, l->entries, l->count, &last, e);
    bool same = found > 0 ? says_the_same(&last, note)
                          : found == 0 && note->facts.pair_count == 0 && l->count == 0;

    made.generation = last.generation + 1;
    made.created_ns = clock_wall_ns();
    vault_note_free(&last);
    if (found < 0 || same)
        return found < 0 ? -1 : 0;
    if (put_next(v, keys, &made, e) != 0)
        return -1;
    note->generation = made.generation;
    note->created_ns = made.created_ns;
    remove_all(v, l, made.generation);
    return 0;
}

int vault_note_write(struct vault *v, struct vault_note *note, struct error *e)
{
    const struct keys *keys = vault_keys_needed(v, e);
    struct listing l;

    if (keys == NULL || vault_writable(v, e) != 0 || list_topic(v, note->topic, &l, e) != 0)
        return -1;
    int result = write_next(v, keys, &l, note, e);
    free(l.entries);
    return result;
}
