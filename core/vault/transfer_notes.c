/* SPDX-License-Identifier: Apache-2.0 */
/* transfer_notes.c - notes (vault/note.h) that the destination lacks, and those there that a
 * newer one took the place of. */
#include "base/log.h"
#include "base/object.h"
#include "vault/note_codec.h"
#include "vault/stored.h"
#include "vault/transfer_private.h"

#include <stdlib.h>
#include <string.h>

/* What is said on one topic at one side: a part of a listing, ascending by generation. */
struct saying {
    const struct note_entry *entries;
    size_t count;
};

/* The notes of both sides, by topic and generation. */
struct notes {
    struct note_entry *from, *to;
    size_t from_count, to_count;
};

static int list_both(struct transfer *t, struct notes *n, struct error *e)
{
    *n = (struct notes){.from = NULL};
    if (note_entries(t->from, &n->from, &n->from_count, e) != 0)
        return -1;
    if (note_entries(t->to, &n->to, &n->to_count, e) == 0)
        return 0;
    free(n->from);
    return -1;
}

/* The entries on the first topic of `entries`. */
static struct saying first_topic(const struct note_entry *entries, size_t count)
{
    struct saying s = {entries, 0};

    while (s.count < count && memcmp(entries[s.count].parsed.uuid, entries[0].parsed.uuid,
                                     VAULT_NOTE_TOPIC_SIZE) == 0)
        s.count++;
    return s;
}

/* What the destination says on the same topic; `*at` moves on through its listing. */
static struct saying same_topic(const struct notes *n, const struct note_entry *entry,
                                size_t *at)
{
    const uint8_t *topic = entry->parsed.uuid;

    while (*at < n->to_count &&
           memcmp(n->to[*at].parsed.uuid, topic, VAULT_NOTE_TOPIC_SIZE) < 0)
        ++*at;
    if (*at == n->to_count || memcmp(n->to[*at].parsed.uuid, topic, VAULT_NOTE_TOPIC_SIZE) != 0)
        return (struct saying){NULL, 0};
    return first_topic(n->to + *at, n->to_count - *at);
}

static bool has(const struct saying *s, const struct note_entry *entry)
{
    for (size_t i = 0; i < s->count; i++)
        if (s->entries[i].parsed.number == entry->parsed.number)
            return true;
    return false;
}

/* Reads a note in full and proves it: 1, 0 when it is none or went meanwhile, -1. */
static int read_proved(struct vault *v, const struct note_entry *entry, struct buffer *data,
                       struct error *e)
{
    const struct trust trust = vault_trust(v);
    struct vault_note note;
    struct error why = ERROR_INIT;

    buffer_clear(data);
    if (stored_read(vault_target(v), entry->name, NOTE_OBJECT_LIMIT, data, &why) == 0 &&
        note_decode(data->data, data->size, entry->name, &trust, NULL, &note, &why) == 0) {
        vault_note_free(&note);
        return 1;
    }
    if (why.error_class == LAGAN_NOT_FOUND)
        return 0;
    if (stored_is_damage(&why) || why.code == ERROR_NEWER_FORMAT) {
        log_write(LOG_WARNING, "vault", "not copied: %s", why.text);
        return 0;
    }
    *e = why;
    return -1;
}

/* Whether the destination has a genuine note that is newer than `entry`: it is the source then
 * that has lost something. */
static int is_ahead(struct transfer *t, const struct saying *there,
                    const struct note_entry *entry, struct error *e)
{
    CLEANUP_BUFFER struct buffer data = BUFFER_INIT;
    int found = 0;

    for (size_t i = there->count; found == 0 && i-- > 0;) {
        if (there->entries[i].parsed.number <= entry->parsed.number)
            break;
        found = read_proved(t->to, &there->entries[i], &data, e);
    }
    return found;
}

static int put(struct transfer *t, const struct note_entry *entry, const struct buffer *data,
               struct transfer_result *r, struct error *e)
{
    if (t->carry.pass != NULL && t->carry.pass(t->carry.context, data->size, e) != 0)
        return -1;
    if (stored_put(t->carry.to, entry->name, data->data, data->size, e) == STORED_FAILED)
        return -1;
    r->objects++;
    r->bytes += data->size;
    return 0;
}

/* Brings the newest genuine one, unless it or a newer one is there. */
static int copy_topic(struct transfer *t, const struct saying *here, const struct saying *there,
                      struct transfer_result *r, struct error *e)
{
    CLEANUP_BUFFER struct buffer data = BUFFER_INIT;

    for (size_t i = here->count; i-- > 0;) {
        const struct note_entry *entry = &here->entries[i];

        if (has(there, entry)) {
            r->objects_present++;
            return 0;
        }
        int found = is_ahead(t, there, entry, e);
        if (found != 0)
            return found < 0 ? -1 : 0;
        found = read_proved(t->from, entry, &data, e);
        if (found != 0)
            return found < 0 ? -1 : put(t, entry, &data, r, e);
    }
    return 0;
}

static int copy_all(struct transfer *t, const struct notes *n, struct transfer_result *r,
                    struct error *e)
{
    size_t at = 0;

    for (size_t i = 0; i < n->from_count;) {
        const struct saying here = first_topic(n->from + i, n->from_count - i);
        const struct saying there = same_topic(n, here.entries, &at);

        if (copy_topic(t, &here, &there, r, e) != 0)
            return -1;
        i += here.count;
    }
    return r->objects > 0 ? target_flush(t->carry.to, e) : 0;
}

/* The source has taken it away, and has a newer one on the same topic, which the destination
 * has, too: that is read again, and is the proof.  What the source says nothing of any more
 * stays. */
static int remove_old(struct transfer *t, const struct saying *here, const struct saying *there,
                      struct error *e)
{
    CLEANUP_BUFFER struct buffer data = BUFFER_INIT;
    const struct note_entry *newest = &there->entries[there->count - 1];
    int proved = has(here, newest) ? -2 : 0; /* not asked yet */

    for (size_t i = 0; proved != 0 && i + 1 < there->count; i++) {
        struct error why = ERROR_INIT;

        if (has(here, &there->entries[i]))
            continue;
        if (proved == -2)
            proved = read_proved(t->to, newest, &data, e);
        if (proved < 0)
            return -1;
        if (proved > 0 && target_remove(t->carry.to, there->entries[i].name, &why) != 0 &&
            why.error_class != LAGAN_NOT_FOUND)
            log_write(LOG_INFO, "vault", "an old note stays: %s", why.text);
    }
    return 0;
}

static int remove_all(struct transfer *t, const struct notes *n, struct error *e)
{
    size_t at = 0;

    for (size_t i = 0; i < n->from_count;) {
        const struct saying here = first_topic(n->from + i, n->from_count - i);
        const struct saying there = same_topic(n, here.entries, &at);

        if (there.count > 1 && remove_old(t, &here, &there, e) != 0)
            return -1;
        i += here.count;
    }
    return 0;
}

/* What has arrived changes what is old: the destination is listed again after that. */
static int tidy(struct transfer *t, struct notes *n, bool changed, struct error *e)
{
    if (changed) {
        free(n->to);
        n->to = NULL;
        n->to_count = 0;
        if (note_entries(t->to, &n->to, &n->to_count, e) != 0)
            return -1;
    }
    return remove_all(t, n, e);
}

int transfer_notes(struct transfer *t, struct transfer_result *r, struct error *e)
{
    struct transfer_result sent = {.objects = 0};
    struct notes n;

    OBJECT_CHECK(t, TRANSFER_MAGIC);
    if (list_both(t, &n, e) != 0)
        return -1;
    int result = copy_all(t, &n, &sent, e);
    if (result == 0)
        result = tidy(t, &n, sent.objects > 0, e);
    free(n.from);
    free(n.to);
    if (r != NULL)
        *r = sent;
    return result;
}
