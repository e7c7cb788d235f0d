/* SPDX-License-Identifier: Apache-2.0 */
/*
 * setup.h - from configuration and catalog to open things: the drivers, a region's target, an
 * unlocked vault, a source.  The command line and the runner start here.
 *
 * Where a vault lies: each vault has a place of its own below the target of its region.  The
 * target driver's parameter that is marked as the place gets the vault's prefix behind it:
 * `path = /srv/lagan/east` and the prefix "main" make /srv/lagan/east/main.  Drivers without
 * such a parameter hold a single vault, whose prefix is empty.
 */
#ifndef CORE_ENGINE_SETUP_H
#define CORE_ENGINE_SETUP_H

#include "catalog/catalog.h"
#include "driver/host.h"
#include "driver/key.h"
#include "driver/source.h"
#include "engine/config.h"
#include "vault/store.h"

#include <sys/types.h>

/* The driver that a bare path is a source of, and the one that keeps keys in files. */
#define SETUP_PATH_DRIVER "src_files"
#define SETUP_KEY_DRIVER "key_file"

struct setup;

struct setup_request {
    const char *config_path;      /* NULL = the default place */
    const char *driver_directory; /* NULL = the one compiled in */
    bool without_catalog;         /* for commands that need none */
    bool config_optional; /* no configuration is no error: then there is no catalog either */
    bool rebuild;         /* a damaged catalog may be made anew */
    /* Rules for calls that fail on purpose (driver/layer_fault.h), besides those of the
     * configuration; live as long as the setup. */
    const char *const *faults;
    size_t fault_count;
};

/* Reads the configuration and opens the catalog (made when absent).  The caller closes it.
 * Class NOT_FOUND, code CONFIG, when there is no configuration.  Before threads exist. */
int setup_open(const struct setup_request *request, struct setup **setup, struct error *e);
/* Nothing that was opened with it may be open any more.  NULL is fine. */
void setup_close(struct setup *s);
/* NULL when there is none. */
const struct config *setup_config(const struct setup *s);
/* NULL without a catalog. */
struct catalog *setup_catalog(struct setup *s);
struct driver_host *setup_drivers(struct setup *s);
/* The folder of the configuration file. */
const char *setup_config_folder(const struct setup *s);
/* The name of this host as backups record it. */
const char *setup_host_name(const struct setup *s);
/* The driver `name` if the configuration enables it; else an error that says how to enable it.
 */
int setup_driver(struct setup *s, const char *name, enum lagan_kind kind,
                 const struct driver **driver, struct error *e);
/* The same for a `target` section (may be NULL) that names it: that may say, as the `driver`
 * section of the configuration may, whether it runs in a process of its own. */
int setup_driver_in(struct setup *s, const struct config_driver *section, const char *name,
                    enum lagan_kind kind, const struct driver **driver, struct error *e);
/* The region `name`; NULL = the only one (USAGE when there are several). */
int setup_region(struct setup *s, const char *name, const struct config_region **region,
                 struct error *e);

/* Values for an instance, the strongest first; a name that one layer has hides it in those
 * below. The last layer is always the `driver NAME` section of the configuration. */
struct setup_values {
    const char *place; /* of the parameter marked as the place; NULL = as the others say */
    const struct catalog_pairs *first;   /* may be NULL */
    const struct catalog_pairs *second;  /* may be NULL */
    const struct config_driver *section; /* of the configuration; may be NULL */
    bool lenient; /* leave out what the driver's table does not know, or not any more */
};
/* An instance that is ready to be opened, with the layers that the section and that of the
 * driver say (sources and targets; driver/layer.h).  The caller frees it, before the setup
 * closes. */
struct instance *setup_instance(struct setup *s, const struct driver *driver,
                                const struct setup_values *values, struct error *e);

/* An open target with all it stands on.  `{0}` is closed. */
struct open_target {
    struct instance *instance;
    struct target *target;
    struct instance **zones; /* of a zone-redundant region, in place of `instance` */
    size_t zone_count;
};
/* Opens the place `prefix` ("" = the top) below the target of `region`; in a zone-redundant
 * region one target that stands on all its zones (driver/zones.h), of which one may be missing.
 * `flags`: as for target_open.  UNSUPPORTED when the driver has one place only and `prefix` is
 * not empty. */
int setup_target_open(struct setup *s, const struct config_region *region, const char *prefix,
                      uint64_t flags, struct open_target *target, struct error *e);
/* The same of one zone (from 0) alone. */
int setup_zone_open(struct setup *s, const struct config_region *region, size_t zone,
                    const char *prefix, uint64_t flags, struct open_target *target,
                    struct error *e);
void open_target_close(struct open_target *target);
/* The device of a zone whose place is a path on this machine; false when there is none. */
bool setup_zone_device(struct setup *s, const struct config_region *region, size_t zone,
                       dev_t *device);
/* Calls `each` for the folder of the vault in each zone whose target is a path. */
int setup_vault_paths(struct setup *s, const struct catalog_vault *row,
                      int (*each)(void *context, const char *path, struct error *e),
                      void *context, struct error *e);

/* An open key provider.  `{0}` is closed. */
struct open_provider {
    struct instance *instance;
    struct key_provider *provider;
};
/* `parameters` may be NULL; `flags`: as for key_provider_open. */
int setup_provider_open(struct setup *s, const char *driver,
                        const struct catalog_pairs *parameters, uint64_t flags,
                        struct open_provider *provider, struct error *e);
void open_provider_close(struct open_provider *provider);
/* Where the key file of the vault called `name` lies unless somebody says otherwise: in the
 * folder `keys` beside the configuration, made when absent.  Allocated; the caller frees. */
char *setup_key_path(const struct setup *s, const char *name, struct error *e);

/* How a vault's secret is got when its key provider is not to be used. */
struct setup_key {
    const char
        *passphrase_source; /* file:PATH, fd:N, command:LINE, credential:NAME; NULL = none */
    const char *recovery_source; /* the same, for a recovery key; NULL = none */
    const char *provider;        /* as in engine/parameters.h; NULL = none */
    bool locked;                 /* open without keys */
};

/* An open vault with all it stands on.  `{0}` is closed. */
struct open_vault {
    struct catalog_vault *row; /* NULL for one that the catalog does not know */
    struct open_target place;
    struct vault *vault;
};
/* Opens the vault called `name` (NULL = the only one; ambiguous otherwise), in `region` (NULL =
 * any), unlocked as its row or `key` (may be NULL) says. */
int setup_vault_open(struct setup *s, const char *region, const char *name,
                     const struct setup_key *key, bool read_only, struct open_vault *vault,
                     struct error *e);
/* As setup_vault_open, for the vault of `row`; takes the row over, also on failure. */
int setup_vault_open_row(struct setup *s, struct catalog_vault *row,
                         const struct setup_key *key, bool read_only, struct open_vault *vault,
                         struct error *e);
/* Opens the vault on a target written as in engine/parameters.h, read-only, whether the catalog
 * knows it or not: for those who have but a copy. */
int setup_vault_open_at(struct setup *s, const char *target, const struct setup_key *key,
                        struct open_vault *vault, struct error *e);
/* Unlocks as `key` says, else with the provider of `row`.  LOCKED when there is no way. */
int setup_vault_unlock(struct setup *s, struct vault *vault, const struct catalog_vault *row,
                       const struct setup_key *key, struct error *e);
void open_vault_close(struct open_vault *vault);

/* An open source with all it stands on.  `{0}` is closed. */
struct open_source {
    struct catalog_source *row; /* NULL for a place */
    struct instance *instance;
    struct source *source;
};
/* Opens the source `text`: a name in the catalog, or a path, which is registered as a source of
 * src_files when it is not yet.  `parameters` (may be NULL) are stronger than its own. */
int setup_source_open(struct setup *s, const char *text, const struct catalog_pairs *parameters,
                      struct open_source *source, struct error *e);
/* Opens the registered source of `row` (which stays the caller's) with `flags` as for
 * source_open. `source->row` stays NULL. */
int setup_source_open_row(struct setup *s, const struct catalog_source *row, uint64_t flags,
                          struct open_source *source, struct error *e);
/* The row of the source that `text` means there, into `*row` (the caller frees it), NULL for a
 * path that is not registered yet.  NO_SOURCE for what is neither. */
int setup_source_known(struct setup *s, const char *text, struct catalog_source **row,
                       struct error *e);
/*
 * Opens a place to restore `seal` to, made when absent if `make` says so.  `place`:
 *
 *     NULL                    where the backup was taken
 *     DRIVER:key=value,...    a place of that driver (src_...), which may be of another kind; of
 *                             the backup's own driver, the other parameters are the backup's
 *     source:NAME             a registered source
 *     anything else           the value of the place parameter of the backup's driver
 */
int setup_place_open(struct setup *s, const struct seal *seal, const char *place, bool make,
                     struct open_source *source, struct error *e);
/* The path at which such a place lies, when it lies at one, into `*path`, which the caller
 * frees; else NULL. */
int setup_place_path(struct setup *s, const struct seal *seal, const char *place, char **path,
                     struct error *e);
/* Opens such a place for reading: what a restore has made there. */
int setup_place_read(struct setup *s, const struct seal *seal, const char *place,
                     struct open_source *source, struct error *e);
void open_source_close(struct open_source *source);

#endif
