/* SPDX-License-Identifier: Apache-2.0 */
/* seal_list.c - the backups of a vault, and one of them by what people call it. */
#include "base/log.h"
#include "base/text.h"
#include "vault/seal_scan.h"

#include <stdlib.h>
#include <string.h>

enum { ID_DIGITS_MIN = 4 };

void seal_list_free(struct seal_list *list)
{
    for (size_t i = 0; i < list->count; i++)
        seal_free(list->seals[i]);
    free(list->seals);
    *list = (struct seal_list){0};
}

/* First the tombstones of seals that are still there, then the seals that no valid tombstone
 * hides. */
static int load(struct vault *v, struct seal_scan *scan, struct cache *cache, struct error *e)
{
    for (size_t i = 0; i < scan->count; i++) {
        struct seal_entry *tombstone = seal_scan_tombstone(scan, i);

        if (tombstone != NULL)
            tombstone->wanted = true;
    }
    if (seal_scan_load(v, scan, cache, e) != 0)
        return -1;
    for (size_t i = 0; i < scan->count; i++) {
        const struct seal_entry *tombstone = seal_scan_tombstone(scan, i);

        scan->entries[i].wanted =
            !scan->entries[i].gone && (tombstone == NULL || tombstone->state != SEAL_VALID);
    }
    return seal_scan_load(v, scan, cache, e);
}

static void report(const struct seal_scan *scan, seal_damage_function *damage, void *context)
{
    char object[64] = "seals/";

    for (size_t i = 0; i < scan->count; i++) {
        const struct seal_entry *entry = &scan->entries[i];

        if (entry->state != SEAL_DAMAGED)
            continue;
        memcpy(object + 6, entry->name, strlen(entry->name) + 1);
        if (damage != NULL)
            damage(context, object, &entry->why);
        else
            log_write(LOG_WARNING, "vault", "%s", entry->why.text);
    }
}

static int compare_age(const void *a, const void *b)
{
    const struct seal *x = *(struct seal *const *)a, *y = *(struct seal *const *)b;

    if (x->created_ns != y->created_ns)
        return x->created_ns < y->created_ns ? -1 : 1;
    return strcmp(x->name, y->name);
}

/* Moves the valid seals into the list. */
static int adopt(struct seal_scan *scan, struct seal_list *list, struct error *e)
{
    struct seal **seals = calloc(scan->count + 1, sizeof(struct seal *));
    size_t count = 0;

    if (seals == NULL)
        return error_no_memory(e, "the list of seals");
    for (size_t i = 0; i < scan->count; i++) {
        if (scan->entries[i].seal != NULL)
            seals[count++] = scan->entries[i].seal;
        scan->entries[i].seal = NULL;
    }
    qsort(seals, count, sizeof(struct seal *), compare_age);
    *list = (struct seal_list){seals, count};
    return 0;
}

/* Copies of deleted backups go; those of seals that just are not there any more stay, as verify
 * takes them for witnesses. */
static void tidy(const struct seal_scan *scan, struct cache *cache)
{
    for (size_t i = 0; i < scan->count; i++) {
        const struct seal_entry *entry = &scan->entries[i];

        if (entry->gone && entry->state == SEAL_VALID) {
            char name[SEAL_NAME_SIZE];

            memcpy(name, entry->name, sizeof(name));
            name[strcspn(name, ".")] = '\0';
            cache_drop(cache, name);
        }
    }
}

int vault_backups(struct vault *v, struct seal_list *list, seal_damage_function *damage,
                  void *context, struct error *e)
{
    struct seal_scan scan;
    struct cache *cache;
    int result;

    if (seal_scan_list(v, &scan, e) != 0)
        return -1;
    cache = cache_open(vault_cache_directory(v), SEAL_CACHE_FOLDER);
    result = load(v, &scan, cache, e);
    if (result == 0)
        result = adopt(&scan, list, e);
    if (result == 0) {
        report(&scan, damage, context);
        tidy(&scan, cache);
    }
    cache_close(cache);
    seal_scan_free(&scan);
    return result;
}

static int no_backup(const char *text, struct error *e)
{
    return error_set(e, LAGAN_NOT_FOUND, ERROR_NO_BACKUP, "there is no backup %s", text);
}

/* `back` backups before the latest one. */
static int find_latest(const struct seal_list *list, uint64_t back, const char *text,
                       const uint8_t *source_id, const struct seal **seal, struct error *e)
{
    for (size_t i = list->count; i > 0; i--) {
        const struct seal *s = list->seals[i - 1];

        if (source_id != NULL && memcmp(s->source_id, source_id, sizeof(s->source_id)) != 0)
            continue;
        if (back-- == 0) {
            *seal = s;
            return 0;
        }
    }
    return no_backup(text, e);
}

static bool names(const struct seal *s, const char *text)
{
    size_t size = strlen(text);

    if (strcmp(s->name, text) == 0)
        return true;
    return size >= ID_DIGITS_MIN && size < SEAL_ID_TEXT && strncasecmp(s->id, text, size) == 0;
}

static int find_named(const struct seal_list *list, const char *text, const struct seal **seal,
                      struct error *e)
{
    const struct seal *found = NULL;

    for (size_t i = 0; i < list->count; i++) {
        if (!names(list->seals[i], text))
            continue;
        if (found != NULL)
            return error_set(e, LAGAN_INVALID, ERROR_AMBIGUOUS,
                             "more than one backup is called %s: %s and %s", text, found->id,
                             list->seals[i]->id);
        found = list->seals[i];
    }
    if (found == NULL)
        return no_backup(text, e);
    *seal = found;
    return 0;
}

int seal_list_find(const struct seal_list *list, const char *text, const uint8_t *source_id,
                   const struct seal **seal, struct error *e)
{
    static const char latest[] = "latest";
    const char *rest = text + sizeof(latest) - 1;
    uint64_t back = 0;

    if (strncmp(text, latest, sizeof(latest) - 1) != 0)
        return find_named(list, text, seal, e);
    if (*rest != '\0' && (*rest != '~' || text_parse_u64(rest + 1, &back) != 0))
        return no_backup(text, e);
    return find_latest(list, back, text, source_id, seal, e);
}
