/* SPDX-License-Identifier: Apache-2.0 */
/*
 * locate.h - from what people write to a backup: an id (abbreviated), a name, "latest",
 * "latest~N", each with or without a path of an entry behind a colon ("latest:etc/hosts").
 */
#ifndef CORE_ENGINE_LOCATE_H
#define CORE_ENGINE_LOCATE_H

#include "engine/setup.h"

/* Takes "BACKUP:PATH" apart: the backup is made, to be freed, and "latest" when it is not
 * named; `*path` points into `text`, NULL = none. */
int locate_split(const char *text, char **backup, const char **path, struct error *e);
/* Appends the key that `path` (NULL = the root) names in a backup.  Of sources with flat keys
 * that is the path as it is; the path that a listing shows of one version names that. */
int locate_key(struct store *store, const struct seal *seal, const char *path,
               struct buffer *key, struct error *e);

/* Opens the vault that has the backup `text`: `region` and `vault` as for setup_vault_open;
 * where neither tells, the catalog is asked which vault has it. */
int locate_vault(struct setup *s, const char *region, const char *vault, const char *text,
                 const struct setup_key *key, bool read_only, struct open_vault *opened,
                 struct error *e);

/* The id of the source called `name` (or a path that is registered): of the catalog, else of
 * the backups in `list`.  NO_SOURCE, AMBIGUOUS. */
int locate_source(struct setup *s, const struct seal_list *list, const char *name,
                  uint8_t id[CATALOG_ID_SIZE], struct error *e);

/* The backup `text` among `list`, of the source `source_id` (NULL = any).  The result points
 * into the list. */
int locate_seal(const struct seal_list *list, const char *text, const uint8_t *source_id,
                const struct seal **seal, struct error *e);

#endif
