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
 *     region west {
 *         domains { site = dresden  power = drewag }
 *         zone a { target tgt_dir { path = /srv/a } }
 *         zone b { target tgt_dir { path = /srv/b } }
 *         zone c { target tgt_dir { path = /srv/c } }
 *     }
 *     driver tgt_s3 {                         defaults of a driver's parameters
 *         timeout = 60s
 *         layers { retry = 8  parallel = 4 }  and what stands in front of it
 *     }
 *     limits { threads = 2  memory = 512M }
 *     mirror { history-delay = 90m  delete-delay = 7d }
 *     runner { jobs = 2 }
 *     notify admin { mail = "root@example.org" }
 *     metrics { listen = "127.0.0.1:9120" }
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
#include "policy/place.h"

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

/* What a switch says that may be left to others. */
enum config_wish { CONFIG_UNSAID, CONFIG_NO, CONFIG_YES };

/* A `target NAME { ... }` or `driver NAME { ... }` section. */
struct config_driver {
    char *name; /* the driver's */
    struct config_parameter *parameters;
    size_t parameter_count;
    struct config_parameter *layers; /* `layers { ... }`: driver/layer_settings.h; checked */
    size_t layer_count;
    enum config_wish isolate; /* `isolate`: in a process of its own (driver/isolate.h) */
    struct config_place place;
};

struct config_region {
    char *name;
    char **projects; /* at least one */
    size_t project_count;
    size_t project_default; /* index of `default-project`; 0 when nothing is said */
    /* The zones: `target DRIVER { ... }` for a single one, or several `zone NAME { target
     * DRIVER { ... } }`, then with their names.  Three or more make the region zone-redundant;
     * two are a mistake. */
    struct config_driver *zones;
    char **zone_names;   /* "" for a single one */
    size_t zone_count;   /* from 1 */
    bool can_send;       /* `send`: its vaults may have mirrors and replicas elsewhere; yes */
    bool can_receive;    /* `receive`: it takes mirrors and replicas; yes */
    char **destinations; /* `destinations`: regions it may send to; none = all that receive */
    size_t destination_count;
    struct config_place destinations_place;
    char *
        account; /* `account`; "" unless said: regions of one account only send to each other */
    struct place_label *domains; /* `domains { site = a  power = b }`: what fails together */
    size_t domain_count;
    char *key; /* `key = "key_file:..."`: of vaults that are made here; NULL = the default */
    struct config_place place;
};

/* `mirror { }` */
struct config_mirror {
    int64_t history_delay_ns; /* `history-delay`, 90 minutes */
    int64_t delete_delay_ns;  /* `delete-delay`, 7 days */
    uint64_t delete_limit;    /* `delete-limit`: deletions that may come due within a day; 10 */
    int64_t rpo_ns;           /* `rpo`: how far mirrors may lag; 24 h, 0 = no limit */
    char **distinct;          /* `distinct`: domains that a mirror must not share (it warns of
                                 all others) */
    size_t distinct_count;
};

/* `limits { }`; a test stands at each border. */
struct config_limits {
    unsigned threads;        /* 0 = number of processors */
    uint64_t memory_bytes;   /* 0 = the program's own choice */
    unsigned transfers;      /* `transfers`: items at work at a time; 8 */
    unsigned vaults;         /* `vaults`; 100 */
    unsigned mirrors;        /* `mirrors`: in one region; 5 */
    unsigned sources;        /* `sources`: bound to one vault; 256 */
    unsigned tags;           /* `tags`: of one vault; 20 */
    unsigned policies;       /* `policies`: of each kind; 32 */
    int64_t retry_budget_ns; /* `retry-budget`: how long an item is tried; 2 h */
    int64_t task_history_ns; /* `task-history`; 30 days */
    int64_t undelete_ns;     /* `undelete`: how long a deleted vault is kept; 14 days */
    int64_t vault_age_ns;    /* `vault-age`: before it a vault cannot be deleted; 0 */
    char *bandwidth;         /* `bandwidth = "start:end:KiB/s|..."`; NULL = no limit */
};

/* `prices { }`, of one unit each, for all regions alike; 0 = none. */
struct config_prices {
    double stored;     /* of a GiB and month */
    double replicated; /* of a GiB */
    double restored;   /* of a GiB that went over the internet */
    char *currency;    /* "" unless said */
};

/* `runner { }` */
struct config_runner {
    unsigned jobs;   /* `jobs`: at a time on this machine, 1 to 64; 2 */
    int nice;        /* `nice` of jobs, 0 to 19; 10 */
    char *io_class;  /* `io-class`: "idle", "best-effort" or "none"; "best-effort" */
    char *bandwidth; /* `bandwidth`: of what one backup writes, as in limits; NULL = no limit */
    unsigned attempts;   /* `attempts` of a job, 1 to 100; 3 */
    int64_t retry_ns;    /* `retry-delay` between them; 5 min */
    int64_t expire_ns;   /* `expire-every`; 24 h */
    char *expire_window; /* `expire-window = "08:00-20:00"`; NULL = any time */
    int64_t prune_ns;    /* `prune-every`; 7 days, 0 = never */
    int64_t verify_ns;   /* `verify-within`: every byte is read within it; 30 days, 0 = never */
    char *ping;          /* `ping`: URL called after each round in which nothing failed */
    char *log_format;    /* `log-format`: "text" or "json"; "text" */
};

/* `notify NAME { }`: a way to tell people.  Exactly one of command, mail and webhook is said.
 */
struct config_notify {
    char *name;
    char *command;  /* `command`: gets the notice on standard input; or ... */
    char *mail;     /* `mail`: addresses, through sendmail; or ... */
    char *webhook;  /* `webhook`: URL, gets JSON by POST */
    char *ca_file;  /* `ca-file`: certificates that vouch for it; NULL = those of the system */
    char *header;   /* `header`: a secret as in driver/secret.h; a line for the request */
    char *from;     /* `from` of mails; NULL = as the system does */
    char *sendmail; /* `sendmail`: the program; NULL = /usr/sbin/sendmail */
    char **events;  /* `events`; none = all */
    size_t event_count;
    char *severity;     /* `severity`: "info", "warning" or "error" and above; "warning",
                           or "info" where events are named */
    int64_t timeout_ns; /* `timeout`: how long it may take; 30 s */
    struct config_place place;
};

/* `metrics { }` */
struct config_metrics {
    char *file;   /* `file`: written after each round; NULL = none */
    char *listen; /* `listen = "127.0.0.1:9120"`; NULL = nowhere */
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
    struct config_limits limits;
    struct config_mirror mirror;
    struct config_prices prices;
    struct config_runner runner;
    struct config_notify *notify;
    size_t notify_count;
    struct config_metrics metrics;
    char **files; /* all that were read; the places point to these */
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
/* What the rules of regions (policy/place.h) need of it; `*place` points into `region`. */
void config_region_place(const struct config_region *region, struct place *place);
/* Whether `drivers` names it. */
bool config_driver_enabled(const struct config *c, const char *name);
/* The `driver NAME` section of a driver, or NULL. */
const struct config_driver *config_defaults_find(const struct config *c, const char *name);
/* Whether the driver `name` runs in a process of its own, as its `target` section (may be NULL) or
 * else its `driver` section says; no unless one does.  `c` may be NULL. */
bool config_isolates(const struct config *c, const char *name,
                     const struct config_driver *section);
/* The `notify NAME` section, or NULL. */
const struct config_notify *config_notify_find(const struct config *c, const char *name);
/* Whether a time of day, in minutes since midnight (0 to 1439), lies in a window
 * "08:00-20:00", whose end is not in it and which may go over midnight; `window` NULL: yes. */
bool config_window_holds(const char *window, unsigned minute);
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
