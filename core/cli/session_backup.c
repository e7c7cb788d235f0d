/* SPDX-License-Identifier: Apache-2.0 */
/* session_backup.c - the backup that an operand means, as the catalog knows it. */
#include "cli/session.h"

#include "engine/locate.h"

#include <stdio.h>
#include <string.h>

/* Among all vaults of --region and --vault; those in mirrors are found last. */
struct search {
    struct session *session;
    const char *text;
    const uint8_t *source;
    bool mirrors;
    size_t count;
    struct catalog_backup found;
};

static bool is_asked(const struct search *search, const struct catalog_vault *row)
{
    const char *region = session_value(search->session, OPTION_REGION);
    const char *vault = session_value(search->session, OPTION_VAULT);
    return (row->role == CATALOG_ROLE_MIRROR) == search->mirrors &&
           (!region || strcmp(region, row->region) == 0) &&
           (!vault || strcmp(vault, row->name) == 0);
}

static int search_vault(void *context, const struct catalog_vault *row, struct error *e)
{
    struct search *search = context;
    struct catalog_backup backup;
    struct error why = ERROR_INIT;
    if (!is_asked(search, row))
        return 0;
    if (catalog_backup_find(session_catalog(search->session), row->uuid, search->source,
                            search->text, &backup, &why) != 0) {
        if (why.code == ERROR_NO_BACKUP)
            return 0;
        *e = why;
        return -1;
    }
    /* "latest" is the newest of all. */
    if (search->count == 0 || backup.created_ns > search->found.created_ns)
        search->found = backup;
    search->count++;
    return 0;
}

int session_backup(struct session *s, size_t index, struct catalog_backup *backup,
                   struct error *e)
{
    static const struct seal_list none;
    const char *source = session_value(s, OPTION_SOURCE);
    uint8_t source_id[CATALOG_ID_SIZE];
    struct search search = {.session = s, .text = session_operand(s, index)};
    if (source && locate_source(s->setup, &none, source, source_id, e) != 0)
        return -1;
    search.source = source ? source_id : NULL;
    for (int i = 0; search.count == 0 && i < 2; i++, search.mirrors = true) {
        if (catalog_vault_list(session_catalog(s), search_vault, &search, e) != 0)
            return -1;
    }
    if (search.count == 0)
        return error_set(e, LAGAN_NOT_FOUND, ERROR_NO_BACKUP, "there is no backup '%s'",
                         search.text);
    if (search.count > 1 && strncmp(search.text, "latest", 6) != 0)
        return error_set(e, LAGAN_INVALID, ERROR_AMBIGUOUS,
                         "several vaults have a backup '%s'; --vault says which", search.text);
    *backup = search.found;
    return 0;
}
