/* SPDX-License-Identifier: Apache-2.0 */
/* session.h - one run of the program: its arguments, what it says and what it has open. */
#ifndef CORE_CLI_SESSION_H
#define CORE_CLI_SESSION_H

#include "cli/arguments.h"
#include "cli/output.h"
#include "cli/progress.h"
#include "engine/locate.h"
#include "engine/setup.h"

/* Statuses besides those of errors (base/error.h). */
enum {
    STATUS_DONE = 0,
    STATUS_FAILED = 1,
    STATUS_PARTIAL = 3,
    STATUS_INTEGRITY = 4,
    STATUS_TEMPORARY = 5,
    STATUS_BRAKED = 7,
    STATUS_LAGGING = 8,
    STATUS_KEY_GONE = 12
};

struct session {
    struct arguments arguments;
    struct output output;
    struct setup *setup; /* NULL until session_setup */
    const char **faults; /* values of --fault, for the setup */
    size_t fault_count;
    int status; /* of a command that did what it could */
    bool part;  /* of another run, whose record ends everything */
};

/* Shorthands for the arguments. */
bool session_given(const struct session *s, enum option option);
const char *session_value(const struct session *s, enum option option);
/* Operand `index`, or NULL. */
const char *session_operand(const struct session *s, size_t index);
struct catalog *session_catalog(const struct session *s);
/* Words NAME=VALUE of the operands from `first` on; class INVALID and `code` for what is none,
 * with `example` in the message. */
int session_settings(const struct session *s, size_t first, enum error_code code,
                     const char *example, struct catalog_pairs *words, struct error *e);
/* The value of --since: "7d" is so long ago; "2026-11-21" and "2026-11-21T07:00:00Z" are
 * moments of UTC.  USAGE. */
int session_since(const char *text, int64_t *since_ns, struct error *e);

/* How much of the setup a command needs. */
enum session_need {
    NEED_CATALOG, /* configuration and catalog */
    NEED_DRIVERS, /* the drivers; the configuration only if there is one */
    NEED_REBUILD  /* as NEED_CATALOG, and a damaged catalog may be made anew */
};
int session_setup(struct session *s, enum session_need need, struct error *e);

/* How the options say that vaults are opened. */
struct setup_key session_key(const struct session *s);
/* Opens the vault of --region and --vault. */
int session_vault(struct session *s, bool read_only, struct open_vault *vault, struct error *e);

/* The backup that operand `index` means, as the catalog knows it, deleted or not: in --vault
 * and
 * --region, of --source, where given.  Those in mirrors are found last.  NO_BACKUP, AMBIGUOUS.
 */
int session_backup(struct session *s, size_t index, struct catalog_backup *backup,
                   struct error *e);

/* A vault with its backups, and one or two of these. */
struct chosen {
    struct open_vault vault;
    struct seal_list seals;   /* without those that were deleted and can be brought back, ... */
    struct seal_list deleted; /* ... which are here */
    struct store *store;      /* NULL until chosen_store */
    bool has_source;
    uint8_t source_id[CATALOG_ID_SIZE]; /* of --source */
    size_t damaged;                     /* seals that could not be used; each was reported */
};
/* Opens the vault that has the backup `text` (NULL = no matter) and lists its backups. */
int chosen_open(struct session *s, const char *text, bool read_only, struct chosen *chosen,
                struct error *e);
/* The backup `text` of it; points into it.  BACKUP_STATE for one that was deleted. */
int chosen_backup(const struct chosen *chosen, const char *text, const struct seal **seal,
                  struct error *e);
/* The same, and also one that was deleted, by its name or id. */
int chosen_backup_any(const struct chosen *chosen, const char *text, const struct seal **seal,
                      struct error *e);
/* Opens its store for reading. */
int chosen_store(struct session *s, struct chosen *chosen, struct error *e);
/* `{0}` is fine. */
void chosen_close(struct chosen *chosen);

/* What a job tells while it runs: the bar, the problems, and how bad they are. */
struct job_view {
    struct session *session;
    struct progress progress;
    const char *verb; /* "cannot read" */
    uint64_t problems;
    bool corrupt; /* one of them was damage of the vault */
};
void job_view_begin(struct job_view *view, struct session *s, const char *title,
                    const char *verb);
/* `view` must stay where it is. */
struct job_reporter job_view_reporter(struct job_view *view);
void job_view_end(struct job_view *view);

/* A line on standard error, made safe to show. */
void report_line(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* Prints an error with its next step. */
void report_error(const struct session *s, const struct error *e);
/* With --json: the record that ends everything. */
void report_end(struct session *s, const struct error *e, int status);

/* Shows a recovery key, or writes it to the file of --recovery-file, mode 0600. report_recovery
 * is called before anything is made, so that a file that cannot be written is known in time;
 * `*fd` is -1 without --recovery-file. */
int recovery_prepare(const struct session *s, int *fd, struct error *e);
int recovery_give(struct session *s, int *fd, const uint8_t key[32], const char *vault,
                  struct error *e);
/* Takes the file away again when there is no key to put in it. */
void recovery_cancel(const struct session *s, int *fd);

/* Tells whether the key of a vault is there: a record, and an error when it is not. */
int vault_key_shown(struct session *s, const struct catalog_vault *row, struct error *e);

/* Help: of the program, of a group of commands or of a command. */
void help_print(struct output *o, const char *words);
/* Candidates for the last of `words`, one on each line. */
void complete_print(struct session *s, int argc, const char *const argv[]);

#endif
