/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rebuild.h - the catalog and the vaults: reading the one back from the others, and telling
 * where they differ.  The vaults are the truth.
 */
#ifndef CORE_ENGINE_REBUILD_H
#define CORE_ENGINE_REBUILD_H

#include "engine/notes.h"
#include "engine/setup.h"

/* What was found of one vault. */
struct rebuilt_vault {
    const struct catalog_vault *row;
    uint64_t backups;         /* known now */
    uint64_t backups_new;     /* not known before */
    uint64_t backups_gone;    /* known before, without a seal */
    uint64_t sources_new;     /* registered anew */
    uint64_t slots_gone;      /* key slots known before, and missing in storage */
    struct notes_taken notes; /* what people had said of it, taken back */
    const struct error *why;  /* class OK, or why its backups could not be read */
};

/*
 * Recreates the rows of all vaults that lie on the target of `region`, and of their backups.
 * Keys come from `key`, from the catalog as far as it knows the vault, or from the key file
 * that `lagan init` makes.  Sources that this host backed up are registered again when they are
 * gone, with the parameters and rules that their last backup was made with.  A vault that
 * cannot be unlocked gets its row and is reported; `*failed` counts these.
 */
int rebuild_region(struct setup *s, const struct config_region *region,
                   const struct setup_key *key,
                   void (*each)(void *context, const struct rebuilt_vault *vault),
                   void *context, uint64_t *failed, struct error *e);

/* Takes up the mirrors among the vaults that the catalog knows: where a vault says that it is
 * the mirror of another that is known too, it follows that one again.  Mirrors that cannot be
 * reached, or whose source nobody knows, stay as they are: they can be restored from. `*count`
 * (may be NULL) is the number that were taken up. */
int rebuild_mirrors(struct setup *s, uint64_t *count, struct error *e);

/* Takes in what the notes of mirrors say that follow no vault which the catalog knows (after
 * rebuild_mirrors), as notes_take does, and calls `each` for those.  Mirrors that cannot be
 * opened are left. */
int rebuild_orphans(struct setup *s, const struct setup_key *key,
                    void (*each)(void *context, const struct catalog_vault *row,
                                 const struct notes_taken *taken),
                    void *context, struct error *e);

/* One difference; `backup` is its id or NULL. */
struct difference {
    const char *region;
    const char *vault; /* its name, or its place when the catalog has none */
    const char *backup;
    const char *text;
};
/* Compares the catalog with the vaults of `region`. */
int rebuild_check(struct setup *s, const struct config_region *region,
                  const struct setup_key *key,
                  void (*each)(void *context, const struct difference *difference),
                  void *context, struct error *e);

/* Calls `each` for the place of every vault on the region's target, in byte order ("" = the top
 * itself).  No key is needed. */
int rebuild_places(struct setup *s, const struct config_region *region,
                   int (*each)(void *context, const char *prefix, struct error *e),
                   void *context, struct error *e);

#endif
