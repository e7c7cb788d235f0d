/* SPDX-License-Identifier: Apache-2.0 */
/* files_fixture.h - what tests of src_files share: a tree to work in, the source opened on it,
 * and lists of what a walk has found. */
#ifndef TESTS_UNIT_FILES_FIXTURE_H
#define TESTS_UNIT_FILES_FIXTURE_H

#include "driver/source.h"
#include "driver_fixture.h"

#include <sys/types.h>

/* A key from a literal with zero bytes in it. */
#define KEY(text) (text), sizeof(text) - 1

/* The scratch folder of the running test and its path of `name`.  Static storage. */
extern char *files_scratch;
const char *files_path(const char *name);
/* cmocka's setup and teardown: a scratch folder that is the working directory meanwhile. */
int files_setup(void **state);
/* The same in memory where there is room for it: for tests with many files. */
int files_setup_in_memory(void **state);
int files_teardown(void **state);

/* A source over src_files. */
struct files {
    struct instance *instance;
    struct source *source;
};
/* Opens the source; `words` as for `lagan source add`, ending with NULL. */
void files_open(struct files *f, uint64_t flags, const char *const *words);
/* The same on one path. */
void files_open_path(struct files *f, uint64_t flags, const char *path);
/* As files_open, and gives back the error instead of failing the test. */
int files_try_open(struct files *f, uint64_t flags, const char *path, struct error *e);
void files_close(struct files *f);

/* An entry that was handed over. */
struct found {
    struct lagan_entry entry; /* pointers are the copies below */
    char *key;
    char *link;
    char *user_name;
    unsigned char id[LAGAN_ID_SIZE];
    unsigned char stamp[LAGAN_STAMP_SIZE];
    char error_text[200];
};
struct found_list {
    struct found *entries;
    size_t count;
    size_t room;
};
/* A collector that appends to the list. */
struct lagan_entry_collector found_collector(struct found_list *list);
void found_clear(struct found_list *list);
/* The entry with this key, or NULL. */
const struct found *found_find(const struct found_list *list, const void *key, size_t key_size);
/* Below, at or above 0, as keys sort. */
int compare_keys(const void *a, size_t a_size, const void *b, size_t b_size);

/* Walks to the end; fails the test on an error.  Checks that keys ascend. */
void files_walk(struct files *f, struct found_list *list);
void files_walk_selected(struct files *f, source_select_function *select, void *context,
                         const void *after, size_t after_size, struct found_list *list);

/* Pieces of metadata, collected: text is "NAME=HEX;" for each, "lost:NAME;" for those lost. */
struct lagan_metadata_collector metadata_collector(char *text);
enum { METADATA_TEXT_SIZE = 4096 };

/* Makes files and directories below the working directory. */
void make_file(const char *path, const char *text);
void make_directory(const char *path);
/* True when something has this name, link or not. */
bool exists(const char *path);

/* Runs `test` in a process of its own, so that it may give up rights; the test fails when it
 * does not return 0.  `change` gives up the rights and may be NULL. */
void run_apart(int (*change)(void), void (*test)(void));
/* Changes for run_apart: becomes nobody; has no openat2; has no O_TMPFILE. */
int become_nobody(void);
int lose_openat2(void);
int lose_nameless(void);
/* Skips the running test unless we are root. */
#define needs_root()                                                                           \
    do {                                                                                       \
        if (geteuid() != 0) {                                                                  \
            print_message("skipped: needs root\n");                                            \
            skip();                                                                            \
        }                                                                                      \
    } while (0)

#endif
