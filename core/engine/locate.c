/* SPDX-License-Identifier: Apache-2.0 */
/* locate.c - see locate.h. */
#include "engine/locate.h"

#include "base/file.h"
#include "base/text.h"
#include "engine/flat.h"
#include "engine/key_text.h"
#include "engine/vault_facts.h"

#include <stdlib.h>
#include <string.h>

int locate_split(const char *text, char **backup, const char **path, struct error *e)
{
    const char *colon = strchr(text, ':');
    size_t length = colon ? (size_t)(colon - text) : strlen(text);
    char *name = length > 0 ? strndup(text, length) : strdup("latest");
    if (!name)
        return error_no_memory(e, "the name of a backup");
    *backup = name;
    *path = colon ? colon + 1 : NULL;
    return 0;
}

/* Where a version begins in a path as listings show it: at the slash that stands for the zero
 * byte; NULL when it names none. */
static const char *version_of(const char *path)
{
    const char *found = NULL;
    for (const char *slash = strchr(path, '/'); slash; slash = strchr(slash + 1, '/'))
        if (strspn(slash + 1, "0123456789abcdef") >= LAGAN_VERSION_TIME_SIZE &&
            slash[1 + LAGAN_VERSION_TIME_SIZE])
            found = slash;
    return found;
}

static int flat_key(struct store *store, const struct seal *seal, const char *path,
                    struct buffer *key, struct error *e)
{
    struct chunk_access access = store_access(store);
    struct tree_entry *entry = NULL;
    const char *version = version_of(path);
    buffer_append(key, path, strlen(path));
    if (!version)
        return buffer_check(key, e);
    size_t at = key->size - strlen(version);
    if (buffer_check(key, e) != 0)
        return -1;
    key->data[at] = 0;
    int found = tree_find(&access, &seal->root, key->data, key->size, &entry, e);
    tree_entry_free(entry);
    if (found == 0)
        key->data[at] = '/';
    return found < 0 ? -1 : 0;
}

int locate_key(struct store *store, const struct seal *seal, const char *path,
               struct buffer *key, struct error *e)
{
    struct chunk_access access = store_access(store);
    if (!path || !*path || strcmp(path, ".") == 0 || strcmp(path, "/") == 0)
        return 0;
    int flat = flat_tree(&access, &seal->root, e);
    if (flat < 0)
        return -1;
    return flat ? flat_key(store, seal, path, key, e) : key_from_path(path, key, e);
}

/* What is deleted does not make it less clear which vault is meant. */
static int count_vault(void *context, const struct catalog_vault *vault, struct error *e)
{
    size_t *count = context;
    struct error ignored = ERROR_INIT;
    (void)e;
    *count += vault_state_ask(vault, vault_may_be_read, &ignored) == 0;
    return 0;
}

int locate_vault(struct setup *s, const char *region, const char *vault, const char *text,
                 const struct setup_key *key, bool read_only, struct open_vault *opened,
                 struct error *e)
{
    struct catalog *catalog = setup_catalog(s);
    struct catalog_backup backup;
    size_t count = 0;
    if (vault || region || !text)
        return setup_vault_open(s, region, vault, key, read_only, opened, e);
    if (catalog_vault_list(catalog, count_vault, &count, e) != 0)
        return -1;
    if (count <= 1)
        return setup_vault_open(s, NULL, NULL, key, read_only, opened, e);
    if (catalog_backup_find(catalog, NULL, NULL, text, &backup, e) != 0)
        return -1;
    struct catalog_vault *row = catalog_vault_get(catalog, backup.vault, e);
    if (row && vault_state_ask(row, vault_may_be_read, e) == 0)
        return setup_vault_open_row(s, row, key, read_only, opened, e);
    catalog_vault_free(row);
    return -1;
}

static int source_of_seals(const struct seal_list *list, const char *name,
                           uint8_t id[CATALOG_ID_SIZE], struct error *e)
{
    const uint8_t *found = NULL;
    for (size_t i = 0; i < list->count; i++) {
        const struct seal *seal = list->seals[i];
        if (!seal->source_name || strcmp(seal->source_name, name) != 0)
            continue;
        if (found && memcmp(found, seal->source_id, CATALOG_ID_SIZE) != 0)
            return error_set(e, LAGAN_INVALID, ERROR_AMBIGUOUS,
                             "backups of several sources called %s are here; give the id of "
                             "the backup instead",
                             name);
        found = seal->source_id;
    }
    if (!found)
        return error_set(e, LAGAN_NOT_FOUND, ERROR_NO_SOURCE, "no backup is of a source %s",
                         name);
    memcpy(id, found, CATALOG_ID_SIZE);
    return 0;
}

/* A path of a registered source: compared with what the place parameters say. */
struct path_search {
    const char *path;
    uint8_t *id;
    bool found;
};

static int match_path(void *context, const struct catalog_source *source, struct error *e)
{
    struct path_search *search = context;
    (void)e;
    for (size_t i = 0; !search->found && i < source->parameters.count; i++) {
        if (strcmp(source->parameters.items[i].value, search->path) == 0) {
            memcpy(search->id, source->id, CATALOG_ID_SIZE);
            search->found = true;
        }
    }
    return 0;
}

int locate_source(struct setup *s, const struct seal_list *list, const char *name,
                  uint8_t id[CATALOG_ID_SIZE], struct error *e)
{
    struct catalog *catalog = setup_catalog(s);
    if (catalog && strchr(name, '/')) {
        char *path CLEANUP_TEXT = realpath(name, NULL);
        struct path_search search = {path ? path : name, id, false};
        if (catalog_source_list(catalog, match_path, &search, e) != 0)
            return -1;
        if (search.found)
            return 0;
    } else if (catalog) {
        struct catalog_source *row = catalog_source_find(catalog, name, e);
        if (row) {
            memcpy(id, row->id, CATALOG_ID_SIZE);
            catalog_source_free(row);
            return 0;
        }
        if (e->code != ERROR_NO_SOURCE)
            return -1;
    }
    return source_of_seals(list, name, id, e);
}

/* The newest first: a name that was used again means the last one. */
static const struct seal *seal_of_name(const struct seal_list *list, const char *name,
                                       const uint8_t *source_id)
{
    for (size_t i = list->count; i-- > 0;) {
        const struct seal *seal = list->seals[i];
        if (seal->backup_name && strcmp(seal->backup_name, name) == 0 &&
            (!source_id || memcmp(seal->source_id, source_id, CATALOG_ID_SIZE) == 0))
            return seal;
    }
    return NULL;
}

int locate_seal(const struct seal_list *list, const char *text, const uint8_t *source_id,
                const struct seal **seal, struct error *e)
{
    const struct seal *named = seal_of_name(list, text, source_id);
    if (!named)
        return seal_list_find(list, text, source_id, seal, e);
    *seal = named;
    return 0;
}
