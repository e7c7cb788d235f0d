/* SPDX-License-Identifier: Apache-2.0 */
/*
 * config.h - the configuration file: what an administrator decides once (regions, drivers,
 * limits).  What people manage lives in the catalog.  The format is that of lagan.conf(5):
 *
 *     state   = /var/lib/lagan
 *     drivers = { src_files, tgt_dir, key_file }
 *     region east {
 *         projects = { main, research }
 *         target tgt_dir { path = /srv/lagan/east }
 *     }
 *     driver tgt_s3 { timeout = 60s }         defaults of a driver's parameters
 *     limits { threads = 2  memory = 512M }
 *     runner { }
 *
 * Read with libconfuse.  Files named *.conf in the folder conf.d beside the file are read after
 * it, in byte order; they may add drivers, regions and defaults, and say what is not said yet.
 * Nothing may be said twice.  Environment variables are not substituted.
 *
 * Before a file is read it is checked: a regular file of at most 1 MiB that root or the user
 * owns, and that nobody else can write, as well as its folder.  Each message has the file, the
 * line, what is wrong and what would be right; code CONFIG.
 */
#ifndef CORE_ENGINE_CONFIG_H
#define CORE_ENGINE_CONFIG_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>

/* Where a thing was said, for messages. */
struct config_place {
    const char *file; /* belongs to the configuration */
    unsigned line;
};

/* One parameter of a driver.  The driver's table decides later whether it is right. */
struct config_parameter {
    char *name;
    char *value;
    struct config_place place;
};

/* A `target NAME { ... }` or `driver NAME { ... }` section. */
struct config_driver {
    char *name; /* the driver's */
    struct config_parameter *parameters;
    size_t parameter_count;
    struct config_place place;
};

struct config_region {
    char *name;
    char **projects; /* at least one; the first is the default */
    size_t project_count;
    struct config_driver target;
    struct config_place place;
};

/* Owns all it points to. */
struct config {
    char *path;     /* absolute, of the main file */
    char *state;    /* absolute: the folder of the catalog, keys and caches */
    char **drivers; /* enabled ones, as written, without doubles */
    size_t driver_count;
    struct config_region *regions; /* in the order of the files */
    size_t region_count;
    struct config_driver *defaults; /* `driver NAME { ... }` */
    size_t default_count;
    unsigned threads;      /* 0 = number of processors */
    uint64_t memory_bytes; /* 0 = the program's own choice */
    char **files;          /* all that were read; the places point to these */
    size_t file_count;
};

/*
 * The default places: of the configuration, LAGAN_CONFIG_DIR/lagan.conf for root, else
 * $XDG_CONFIG_HOME/lagan/lagan.conf or ~/.config/lagan/lagan.conf; of the state,
 * LAGAN_STATE_DIR for root, else $XDG_STATE_HOME/lagan or ~/.local/state/lagan.  Allocated; the
 * caller frees.  Variables that hold no absolute path count as unset.
 */
char *config_default_path(struct error *e);
char *config_default_state(struct error *e);

/* Reads the configuration at `path` (NULL = the default place).  Class NOT_FOUND when there is
 * no such file.  The caller frees the result with config_free.  One thread at a time. */
struct config *config_load(const char *path, struct error *e);
/* NULL is fine. */
void config_free(struct config *c);

/* The region `name`, or NULL and NO_REGION with the names there are. */
const struct config_region *config_region_find(const struct config *c, const char *name,
                                               struct error *e);
/* Whether `drivers` names it. */
bool config_driver_enabled(const struct config *c, const char *name);
/* The `driver NAME` section of a driver, or NULL. */
const struct config_driver *config_defaults_find(const struct config *c, const char *name);
/* The parameter `name`, or NULL. */
const struct config_parameter *config_parameter_find(const struct config_driver *d,
                                                     const char *name);
/* Puts "FILE:LINE: " in front of the text of `e`.  Returns -1. */
int config_context(struct error *e, const struct config_place *place);

/* What `lagan init` writes. */
struct config_initial {
    const char *state;          /* absolute */
    const char *const *drivers; /* NULL-terminated */
    const char *region;
    const char *target_driver;
    const char *const *parameters; /* name, value, name, value, ..., NULL: of the target */
};

/*
 * Writes a commented configuration to `path`, mode 0600, and its folder (0700) when there is
 * none. Never replaces a file: class EXISTS, or the result 1 when it says exactly the same, as
 * after an attempt that broke off.  The file is read back before it gets its name, so that what
 * stands there can be loaded.
 */
int config_write_initial(const char *path, const struct config_initial *initial,
                         struct error *e);

#endif
