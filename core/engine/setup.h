/* SPDX-License-Identifier: Apache-2.0 */
/*
 * setup.h - from configuration and catalog to open things: the drivers, a region's target, an
 * unlocked vault, a source.  The command line and the runner start here.
 */
#ifndef CORE_ENGINE_SETUP_H
#define CORE_ENGINE_SETUP_H

#include "catalog/catalog.h"
#include "driver/host.h"
#include "driver/source.h"
#include "engine/config.h"
#include "vault/store.h"

struct setup;

struct setup_request {
    const char *config_path;      /* NULL = the default place */
    const char *driver_directory; /* NULL = the one compiled in */
    bool without_catalog;         /* for commands that need none */
};

/* Reads the configuration and opens the catalog (made when absent). */
int setup_open(const struct setup_request *request, struct setup **setup, struct error *e);
void setup_close(struct setup *s);
const struct config *setup_config(const struct setup *s);
struct catalog *setup_catalog(struct setup *s);
struct driver_host *setup_drivers(struct setup *s);
/* The driver `name` if the configuration enables it; else an error that says how to enable it.
 */
int setup_driver(struct setup *s, const char *name, enum lagan_kind kind,
                 const struct driver **driver, struct error *e);

/* How a vault's secret is got when its key provider is not to be used. */
struct setup_key {
    const char
        *passphrase_source; /* file:PATH, fd:N, command:LINE, credential:NAME; NULL = none */
    const char *recovery_source; /* the same, for a recovery key; NULL = none */
    bool locked;                 /* open without keys */
};

/* An open vault with all it stands on. */
struct open_vault {
    struct catalog_vault *row;
    struct instance *target_instance;
    struct target *target;
    struct vault *vault;
};
/* Opens the vault called `name` (NULL = the only one; ambiguous otherwise), in `region` (NULL =
 * any), unlocked as its row or `key` says. */
int setup_vault_open(struct setup *s, const char *region, const char *name,
                     const struct setup_key *key, bool read_only, struct open_vault *vault,
                     struct error *e);
void open_vault_close(struct open_vault *vault);

/* An open source with all it stands on. */
struct open_source {
    struct catalog_source *row;
    struct instance *instance;
    struct source *source;
};
/* Opens the source `text`: a name in the catalog, or a path, which is registered as a source of
 * src_files when it is not yet. */
int setup_source_open(struct setup *s, const char *text, struct open_source *source,
                      struct error *e);
/* Opens a place to restore `seal` to: an instance of its driver (or of `driver`) whose place
 * parameter is `place` (NULL = where the backup was taken). */
int setup_place_open(struct setup *s, const struct seal *seal, const char *place,
                     struct open_source *source, struct error *e);
void open_source_close(struct open_source *source);

#endif
