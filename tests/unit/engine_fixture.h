/* SPDX-License-Identifier: Apache-2.0 */
/* engine_fixture.h - what tests of backup and restore share: a vault, sources and places on
 * real drivers, jobs with reports that are kept, and digests of trees by the independent
 * lister. */
#ifndef TESTS_UNIT_ENGINE_FIXTURE_H
#define TESTS_UNIT_ENGINE_FIXTURE_H

#include "engine/backup.h"
#include "engine/restore.h"
#include "vault_fixture.h"

/* A key from a literal with zero bytes in it. */
#define KEY(text) (const uint8_t *)(text), sizeof(text) - 1

/* One report of a job. */
struct report {
    char *path; /* the key with slashes */
    uint32_t error_class;
    char *text;
    bool warning;
};

/* All that a job reported; it may be told to cancel everything on the way. */
struct reports {
    struct report *items;
    size_t count, room;
    struct job_progress progress;  /* the last */
    uint64_t cancel_after_bytes;   /* 0 = never */
    uint64_t cancel_after_entries; /* 0 = never */
    /* Called with each progress; NULL = nothing. */
    void (*hook)(void *context, const struct job_progress *progress);
    void *hook_context;
};

/* A vault with what the jobs of a test need. */
enum { ENGINE_PATHS = 32 };
struct engine {
    struct vault_fixture vault;
    struct reports reports; /* of the last job */
    char *paths[ENGINE_PATHS];
};

/* A source or a place, opened. */
struct origin {
    struct instance *instance;
    struct source *source;
};

/* `driver` of the target: "tgt_mem" or "tgt_dir". */
void engine_make(struct engine *g, const char *driver, vault_fixture_tune *tune);
void engine_make_limited(struct engine *g, uint64_t bytes, vault_fixture_tune *tune);
void engine_drop(struct engine *g);
/* A path below the scratch folder of the vault; lives as long as the engine. */
const char *engine_path(struct engine *g, const char *name);

/* Opens a source of `driver` with `words` (ends with NULL). */
void origin_open(struct engine *g, struct origin *o, const char *driver, uint64_t flags,
                 const char *const *words);
/* src_files on a path; src_mem with up to four words. */
void origin_files(struct engine *g, struct origin *o, uint64_t flags, const char *path);
void origin_mem(struct engine *g, struct origin *o, const char *const *words);
/* Opens the same instance anew: a src_mem that was written is read then. */
void origin_reopen(struct origin *o, uint64_t flags);
void origin_close(struct origin *o);
#define MEM(g, o, ...) origin_mem(g, o, (const char *const[]){__VA_ARGS__, NULL})

/* A request with the defaults of these tests; reports go to g->reports, which is emptied. */
struct backup_request engine_backup_request(struct engine *g, struct origin *o,
                                            const struct seal *parent);
/* Runs a backup with these defaults; fails the test when it fails.  seal_free the result. */
struct seal *engine_backup(struct engine *g, struct origin *o, const struct seal *parent);
struct seal *engine_backup_as(struct engine *g, const struct backup_request *request);

/* A request to restore all of `seal` into `o`; `store` is filled in by engine_restore. */
struct restore_request engine_restore_request(struct engine *g, const struct seal *seal,
                                              struct origin *o);
/* Runs it over a store of its own: 0, or -1 and the error. */
int engine_restore_try(struct engine *g, struct restore_request *request,
                       struct restore_result *result, struct error *e);
/* Fails the test when it fails. */
struct restore_result engine_restore(struct engine *g, struct restore_request *request);
/* All of `seal` into a directory, which is made, through src_files. */
struct restore_result engine_restore_to(struct engine *g, const struct seal *seal,
                                        const char *path);

/* Reports. */
void reports_clear(struct reports *r);
/* The report on this path (slashes; "." is the root), or NULL. */
const struct report *reports_find(const struct reports *r, const char *path);
size_t reports_problems(const struct reports *r);
/* Shows all of them, for the log of a failing test. */
void reports_print(const struct reports *r);
/* Fails the test unless exactly these paths (ends with NULL) have a problem. */
void assert_problems(const struct reports *r, const char *const *paths);
#define PROBLEMS(g, ...)                                                                       \
    assert_problems(&(g)->reports, (const char *const[]){__VA_ARGS__, NULL})

/* The entry of a backup; NULL when it has none.  tree_entry_free the result. */
struct tree_entry *engine_entry(struct engine *g, const struct seal *seal, const uint8_t *key,
                                size_t key_size);
/* The content of an entry, appended to `out`; fails the test on any damage. */
void engine_content(struct engine *g, const struct tree_entry *entry, struct buffer *out);
/* Fails the test unless the two trees are one. */
void assert_same_root(const struct seal *a, const struct seal *b);

/* Runs `test` in a process of its own, as nobody when we are root; fails when it fails. */
void as_nobody(void (*test)(void));

/* What tree_digest.py says of a tree; the caller frees.  `options`: of that program. */
char *tree_digest(const char *path, const char *options);
/* The same in short, made here and fast: path, type, mode, owner, length, time (of all but the
 * top, unless `times` is false), number of names, target, hash of the content. */
char *tree_lines(const char *path, bool times);
/* Fails the test, showing the first line that differs, unless both are equal; frees both. */
void assert_same_tree(char *a, char *b);

/* Makes a file of `size` bytes that follow from `seed`; or with `text`. */
void put_bytes(const char *path, uint64_t seed, size_t size);
void put_text(const char *path, const char *text);
void put_directory(const char *path);
bool is_there(const char *path);
/* printf into one of eight static paths. */
const char *path_of(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* Lets the clock of the file system go on, so that what was made before gets a stamp. */
void let_age(void);

#endif
