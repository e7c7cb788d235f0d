/* SPDX-License-Identifier: Apache-2.0 */
/* verify_seals.c - seals and tombstones, and whether one of them has vanished. */
#include "base/text.h"
#include "vault/chain.h"
#include "vault/verify_private.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { REFERRERS_NAMED = 3, OBJECT_TEXT = 72 };

static void object_text(const struct seal_entry *entry, char text[OBJECT_TEXT])
{
    snprintf(text, OBJECT_TEXT, "seals/%s", entry->name);
}

static bool is_asked_for(const struct verify *c, const struct seal_entry *entry)
{
    const char *id = strchr(entry->name, '-');
    const char *asked = c->request->backup;

    return asked == NULL || strcmp(entry->name, asked) == 0 ||
           (id != NULL && strncmp(id + 1, asked, strlen(asked)) == 0);
}

/* The id of a seal that cannot be read stands in its name at least. */
static void report_damaged(struct verify *c, const struct seal_entry *entry)
{
    char object[OBJECT_TEXT], id[SEAL_ID_TEXT];
    const char *backup = id;

    object_text(entry, object);
    snprintf(id, sizeof(id), "%016llx", (unsigned long long)entry->id);
    verify_found(c, object, true, &entry->why, &backup, entry->gone ? 0 : 1);
}

/* Takes the entry of a seal for that of its tombstone, and back. */
static void turn(struct seal_entry *entry, bool gone)
{
    size_t length = strlen(entry->name);

    if (gone)
        snprintf(entry->name + length, sizeof(entry->name) - length, ".gone");
    else
        entry->name[length - strlen(".gone")] = '\0';
    entry->gone = gone;
}

/* A seal that went after the listing was deleted meanwhile: its tombstone, which was not listed
 * yet, says so.  Without one it stays a seal that is absent. */
static int look_for_tombstones(struct verify *c, struct error *e)
{
    bool any = false;

    for (size_t i = 0; i < c->scan.count; i++) {
        struct seal_entry *entry = &c->scan.entries[i];

        entry->wanted = entry->state == SEAL_ABSENT && !entry->gone &&
                        seal_scan_tombstone(&c->scan, i) == NULL;
        if (!entry->wanted)
            continue;
        turn(entry, true);
        entry->state = SEAL_UNREAD;
        any = true;
    }
    if (any && seal_scan_load(c->vault, &c->scan, NULL, e) != 0)
        return -1;
    for (size_t i = 0; i < c->scan.count; i++)
        if (c->scan.entries[i].wanted && c->scan.entries[i].state == SEAL_ABSENT)
            turn(&c->scan.entries[i], false);
    return 0;
}

static int load(struct verify *c, struct error *e)
{
    for (size_t i = 0; i < c->scan.count; i++)
        c->scan.entries[i].wanted = true;
    if (seal_scan_load(c->vault, &c->scan, NULL, e) != 0 || look_for_tombstones(c, e) != 0)
        return -1;
    for (size_t i = 0; i < c->scan.count; i++) {
        const struct seal_entry *entry = &c->scan.entries[i];

        if (entry->state == SEAL_DAMAGED && is_asked_for(c, entry))
            report_damaged(c, entry);
        verify_progress_one(c, entry->bytes);
    }
    return 0;
}

/* A tombstone that speaks of another seal than the one it hides. */
static bool contradicts(const struct seal_entry *seal, const struct seal_entry *tombstone)
{
    return seal->state == SEAL_VALID && tombstone->state == SEAL_VALID &&
           memcmp(seal->seal->hash, tombstone->tombstone.seal_hash, 32) != 0;
}

/* Picks the backups: seals that are valid, not deleted, and asked for. */
static int pick(struct verify *c, struct error *e)
{
    c->seals = calloc(c->scan.count + 1, sizeof(struct seal *));
    if (c->seals == NULL)
        return error_no_memory(e, "the list of seals");
    for (size_t i = 0; i < c->scan.count; i++) {
        const struct seal_entry *entry = &c->scan.entries[i];
        const struct seal_entry *tombstone = seal_scan_tombstone(&c->scan, i);
        char object[OBJECT_TEXT];

        object_text(entry, object);
        if (tombstone != NULL && contradicts(entry, tombstone))
            verify_found_text(c, object, true, ERROR_INTEGRITY,
                              "its tombstone was written for another seal");
        if (entry->gone || entry->state != SEAL_VALID || !is_asked_for(c, entry) ||
            (tombstone != NULL && tombstone->state == SEAL_VALID))
            continue;
        c->seals[c->seal_count++] = entry->seal;
    }
    c->result.backups = c->seal_count;
    return 0;
}

/* Fails when the one backup that was asked for is not there, or not only one. */
static int check_asked(const struct verify *c, struct error *e)
{
    const char *asked = c->request->backup;

    if (asked == NULL || c->seal_count == 1 || c->result.damaged > 0)
        return 0;
    if (c->seal_count == 0)
        return error_set(e, LAGAN_NOT_FOUND, ERROR_NO_BACKUP, "there is no backup %s", asked);
    return error_set(e, LAGAN_INVALID, ERROR_AMBIGUOUS, "more than one backup is called %s",
                     asked);
}

static struct chain_link link_of(const struct seal_entry *entry)
{
    const struct seal *s = entry->seal;
    const struct tombstone *t = &entry->tombstone;

    if (entry->gone)
        return (struct chain_link){t->seal_hash, (const uint8_t(*)[32])t->previous,
                                   t->previous_count};
    return (struct chain_link){s->hash, (const uint8_t(*)[32])s->previous, s->previous_count};
}

/* What a gap is judged by. */
struct gaps {
    struct verify *check;
    size_t damaged; /* seals and tombstones that cannot be read */
};

static bool names(const struct chain_link *link, const uint8_t hash[32])
{
    for (size_t i = 0; i < link->previous_count; i++)
        if (memcmp(link->previous[i], hash, 32) == 0)
            return true;
    return false;
}

/* "seals/a, seals/b and 4 more" */
static void list_referrers(const struct verify *c, const uint8_t hash[32], struct buffer *text)
{
    size_t count = 0;

    for (size_t i = 0; i < c->scan.count; i++) {
        const struct seal_entry *entry = &c->scan.entries[i];
        struct chain_link link;

        if (entry->state != SEAL_VALID)
            continue;
        link = link_of(entry);
        if (names(&link, hash) && count++ < REFERRERS_NAMED)
            buffer_append_format(text, "%sseals/%s", count == 1 ? "" : ", ", entry->name);
    }
    if (count > REFERRERS_NAMED)
        buffer_append_format(text, " and %zu more", count - REFERRERS_NAMED);
    buffer_append_u8(text, 0);
}

static int report_gap(void *context, const uint8_t hash[32], struct error *e)
{
    CLEANUP_BUFFER struct buffer referrers = BUFFER_INIT;
    struct gaps *g = context;
    char digits[65];

    list_referrers(g->check, hash, &referrers);
    if (buffer_check(&referrers, e) != 0)
        return -1;
    text_hex(hash, 32, digits);
    verify_found_text(g->check, "seals/", !g->check->request->filling, ERROR_INTEGRITY,
                      g->check->request->filling
                          ? "the seal with hash %s has not come yet; it comes before %s"
                      : g->damaged > 0
                          ? "the seal with hash %s is missing, unless it is one of the damaged "
                            "ones; it comes before %s"
                          : "a seal is missing: the one with hash %s, which comes before %s",
                      digits, (char *)referrers.data);
    return 0;
}

static int check_chain(struct verify *c, struct error *e)
{
    struct chain_link *links = calloc(c->scan.count + 1, sizeof(*links));
    struct gaps g = {.check = c};
    size_t count = 0;
    int result;

    if (links == NULL)
        return error_no_memory(e, "the chain of seals");
    for (size_t i = 0; i < c->scan.count; i++) {
        const struct seal_entry *entry = &c->scan.entries[i];

        if (entry->state == SEAL_VALID)
            links[count++] = link_of(entry);
        else
            g.damaged++;
    }
    result = chain_gaps(links, count, report_gap, &g, e);
    free(links);
    return result;
}

static int compare_entry(const void *key, const void *entry)
{
    return strcmp(key, ((const struct seal_entry *)entry)->name);
}

/* Asked for by its name: a backup that was sealed after the listing has its copy already. */
static bool has_come(const struct verify *c, const char *object, const char *ending)
{
    char key[OBJECT_TEXT + 8];
    struct error ignored = ERROR_INIT;
    uint64_t bytes;

    snprintf(key, sizeof(key), "%s%s", object, ending);
    return target_stat(vault_target(c->vault), key, &bytes, &ignored) == 0;
}

/* An earlier listing has seen this seal, and kept a copy. */
static void check_witness(void *context, const char *name)
{
    struct verify *c = context;
    char object[OBJECT_TEXT], tombstone[64];

    if (bsearch(name, c->scan.entries, c->scan.count, sizeof(*c->scan.entries),
                compare_entry) != NULL)
        return;
    snprintf(tombstone, sizeof(tombstone), "%.50s.gone", name);
    if (strstr(name, ".gone") == NULL &&
        bsearch(tombstone, c->scan.entries, c->scan.count, sizeof(*c->scan.entries),
                compare_entry) != NULL)
        return;
    snprintf(object, sizeof(object), "seals/%.60s", name);
    if (has_come(c, object, "") || has_come(c, object, ".gone"))
        return;
    verify_found_text(
        c, object, true, ERROR_INTEGRITY,
        "it was there when the backups were listed before, and nobody deleted it");
}

static void check_witnesses(struct verify *c)
{
    struct cache *cache = cache_open(vault_cache_directory(c->vault), SEAL_CACHE_FOLDER);

    cache_list(cache, check_witness, c);
    cache_close(cache);
}

int verify_seals(struct verify *c, struct error *e)
{
    if (load(c, e) != 0 || pick(c, e) != 0 || check_asked(c, e) != 0)
        return -1;
    if (c->request->backup != NULL)
        return 0;
    check_witnesses(c);
    return check_chain(c, e);
}
