/* SPDX-License-Identifier: Apache-2.0 */
/*
 * source_attack.c - cases: keys and links that lead elsewhere are refused, and nothing outside
 * the root is touched.
 */
#include "conformance/source_kit.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* What a key that leads elsewhere is refused with; a place without directories and links
 * refuses them all. */
static const uint32_t refused[] = {LAGAN_INVALID, LAGAN_UNSUPPORTED, LAGAN_CLASS_COUNT};

static struct source_work *work_on_files(struct trial *t)
{
    struct source_work *w = work_empty(t);
    if (w->content_type != LAGAN_ENTRY_FILE)
        trial_skip(t, "the place holds no files");
    return w;
}

static uint32_t try_file(struct source_work *w, const void *key, size_t key_size,
                         uint64_t flags)
{
    struct lagan_entry entry = {.size = sizeof entry,
                                .type = LAGAN_ENTRY_FILE,
                                .key = key,
                                .key_size = key_size,
                                .present = LAGAN_HAS_BYTES | LAGAN_HAS_MODE,
                                .bytes = 3,
                                .mode = 0600};
    void *writer;
    uint32_t result = work_create(w, &entry, flags, &writer);
    if (result != LAGAN_OK)
        return result;
    result = work_write(w, writer, 0, "bad", 3);
    if (result != LAGAN_OK) {
        work_abort(w, writer);
        return result;
    }
    return work_commit(w, writer, NULL, 0, NULL);
}

static uint32_t try_node(struct source_work *w, uint32_t type, const void *key, size_t key_size,
                         uint64_t flags)
{
    struct lagan_entry entry = {.size = sizeof entry,
                                .type = type,
                                .key = key,
                                .key_size = key_size,
                                .present = LAGAN_HAS_MODE,
                                .mode = 0700};
    if (type == LAGAN_ENTRY_SYMLINK) {
        entry.link = "target";
        entry.link_size = 6;
    }
    return work_node(w, &entry, flags, NULL, 0, NULL);
}

#define KEY(text) text, sizeof text - 1

/* Keys that no name can be made of. */
static void bad_keys(struct trial *t)
{
    static const struct {
        const char *key;
        size_t size;
    } keys[] = {{KEY(".")},       {KEY("..")},        {KEY("a/b")},      {KEY("/")},
                {KEY("/etc/x")},  {KEY("\0x")},       {KEY("x\0")},      {KEY("x\0\0y")},
                {KEY("..\0x")},   {KEY("d\0..")},     {KEY("d\0..\0x")}, {KEY("d\0.\0x")},
                {KEY("d\0/etc")}, {KEY("../outside")}};
    struct source_work *w = work_on_files(t);
    static const char look[] = "source.h, struct lagan_source_ops";
    static const uint32_t invalid[] = {LAGAN_INVALID, LAGAN_CLASS_COUNT};
    static const uint32_t flat[] = {LAGAN_INVALID, LAGAN_NOT_FOUND, LAGAN_CLASS_COUNT};
    bool folders = try_node(w, LAGAN_ENTRY_DIRECTORY, "d", 1, 0) == LAGAN_OK;
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        const char *key = keys[i].key;
        size_t size = keys[i].size;
        expect_one_of(t, try_file(w, key, size, LAGAN_CREATE_REPLACE), folders ? invalid : flat,
                      look);
        expect_one_of(t, try_node(w, LAGAN_ENTRY_DIRECTORY, key, size, LAGAN_CREATE_REPLACE),
                      refused, look);
        expect_one_of(t, try_node(w, LAGAN_ENTRY_SYMLINK, key, size, LAGAN_CREATE_REPLACE),
                      refused, look);
    }
}

static void bad_links(struct trial *t)
{
    struct source_work *w = work_on_files(t);
    static const char look[] = "source.h, link_create";
    EXPECT_OK(t, try_file(w, "output", 6, 0), "source.h, entry_commit");
    expect_one_of(t, work_link(w, KEY(".."), "output", 6, 0), refused, look);
    expect_one_of(t, work_link(w, KEY("a/b"), "output", 6, 0), refused, look);
    expect_one_of(t, work_link(w, KEY("x"), KEY("../../etc/passwd"), 0), refused, look);
    expect_one_of(t, work_link(w, KEY("x"), KEY("..\0x"), 0), refused, look);
}

static void bad_stats(struct trial *t)
{
    static const uint32_t fine[] = {LAGAN_INVALID, LAGAN_NOT_FOUND, LAGAN_CLASS_COUNT};
    struct source_work *w = work_on_files(t);
    expect_one_of(t, work_stat(w, KEY(".."), NULL), fine, "source.h, entry_stat");
    expect_one_of(t, work_stat(w, KEY("..\0etc"), NULL), fine, "source.h, entry_stat");
    expect_one_of(t, work_stat(w, KEY("/etc/passwd"), NULL), fine, "source.h, entry_stat");
}

/* The same keys when they are to be read. */
static void bad_reads(struct trial *t)
{
    static const char *const keys[] = {"..", "/etc/passwd", "../../etc/passwd", "a/b"};
    struct source_work *w = work_on_content(t);
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        void *reader;
        uint32_t result = work_open(w, keys[i], strlen(keys[i]), NULL, 0, NULL, &reader);
        /* To a bucket these are names like others, and not there. */
        EXPECT(t, result != LAGAN_OK, "source.h, entry_open", "%s was opened", keys[i]);
    }
}

/* Something beside the root that must not change: a folder with one file in it. */
struct outside {
    char folder[4200];
    char file[4300];
    struct stat folder_before, file_before;
};

static void make_outside(struct trial *t, struct outside *o)
{
    const char *place = trial_place_path(t);
    if (!place)
        trial_skip(t, "the suite cannot look beside the place");
    snprintf(o->folder, sizeof o->folder, "%s.outside", place);
    snprintf(o->file, sizeof o->file, "%s/victim", o->folder);
    int fd = mkdir(o->folder, 0755) == 0
                 ? open(o->file, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644)
                 : -1;
    if (fd < 0 || write(fd, "whole", 5) != 5)
        trial_skip(t, "the suite cannot write beside the place: %s", strerror(errno));
    close(fd);
    if (stat(o->folder, &o->folder_before) < 0 || stat(o->file, &o->file_before) < 0)
        trial_skip(t, "the suite cannot look beside the place");
}

static bool same(const struct stat *a, const struct stat *b)
{
    return a->st_mode == b->st_mode && a->st_uid == b->st_uid && a->st_size == b->st_size &&
           a->st_nlink == b->st_nlink && a->st_mtim.tv_sec == b->st_mtim.tv_sec &&
           a->st_mtim.tv_nsec == b->st_mtim.tv_nsec && a->st_ctim.tv_nsec == b->st_ctim.tv_nsec;
}

static void expect_untouched(struct trial *t, const struct outside *o)
{
    struct stat folder, file;
    EXPECT(t, stat(o->folder, &folder) == 0 && stat(o->file, &file) == 0,
           "source.h, struct lagan_source_ops", "something outside the root is gone");
    EXPECT(t, same(&folder, &o->folder_before), "source.h, struct lagan_source_ops",
           "a folder outside the root was touched");
    EXPECT(t, same(&file, &o->file_before), "source.h, struct lagan_source_ops",
           "a file outside the root was touched");
    unlink(o->file);
    rmdir(o->folder);
}

static void plant(struct source_work *w, const char *key, const char *target)
{
    struct lagan_entry entry = {.size = sizeof entry,
                                .type = LAGAN_ENTRY_SYMLINK,
                                .key = key,
                                .key_size = strlen(key),
                                .link = target,
                                .link_size = strlen(target)};
    uint32_t result = work_node(w, &entry, 0, NULL, 0, NULL);
    if (result == LAGAN_UNSUPPORTED)
        trial_skip(w->t, "the place has no symlinks");
    EXPECT_OK(w->t, result, "source.h, node_create");
}

/* A link is in the way to a name: nothing goes through it. */
static void through_links(struct trial *t)
{
    struct source_work *w = work_on_files(t);
    struct outside o;
    make_outside(t, &o);
    plant(w, "way", o.folder);
    static const char look[] = "source.h, struct lagan_source_ops";
    struct lagan_entry folder = {.size = sizeof folder,
                                 .type = LAGAN_ENTRY_DIRECTORY,
                                 .key = "way",
                                 .key_size = 3,
                                 .present = LAGAN_HAS_MODE | LAGAN_HAS_MTIME,
                                 .mode = 0700};
    for (unsigned replace = 0; replace < 2; replace++) {
        uint64_t flags = replace ? LAGAN_CREATE_REPLACE : 0;
        EXPECT(t, try_file(w, KEY("way\0victim"), flags) != LAGAN_OK, look,
               "it wrote through a symlink");
        EXPECT(t, try_file(w, KEY("way\0new"), flags) != LAGAN_OK, look,
               "it wrote through a symlink");
        EXPECT(t, try_node(w, LAGAN_ENTRY_DIRECTORY, KEY("way\0made"), flags) != LAGAN_OK, look,
               "it made a directory through a symlink");
        EXPECT(t, try_node(w, LAGAN_ENTRY_SYMLINK, KEY("way\0victim"), flags) != LAGAN_OK, look,
               "it made a link through a symlink");
    }
    EXPECT(t, work_finish(w, &folder, 0, NULL, 0, NULL) != LAGAN_OK, look,
           "it finished a directory through a symlink");
    expect_untouched(t, &o);
}

/* The last component is a link: it is replaced itself, or stays. */
static void onto_links(struct trial *t)
{
    struct source_work *w = work_on_files(t);
    struct outside o;
    make_outside(t, &o);
    plant(w, "output", o.file);
    plant(w, "folder", o.folder);
    expect_class(t, try_file(w, KEY("output"), 0), LAGAN_EXISTS, "source.h, entry_create");
    EXPECT_OK(t, try_file(w, KEY("output"), LAGAN_CREATE_REPLACE), "source.h, entry_create");
    expect_class(t, try_node(w, LAGAN_ENTRY_DIRECTORY, KEY("folder"), 0), LAGAN_EXISTS,
                 "source.h, node_create");
    EXPECT_OK(t, try_node(w, LAGAN_ENTRY_DIRECTORY, KEY("folder"), LAGAN_CREATE_REPLACE),
              "source.h, node_create");
    EXPECT_OK(t, try_file(w, KEY("folder\0new"), 0), "source.h, entry_commit");
    expect_untouched(t, &o);
}

static void reads_through_links(struct trial *t)
{
    struct source_work *w = work_on_files(t);
    struct outside o;
    struct source_items found = {.t = t};
    void *reader;
    make_outside(t, &o);
    plant(w, "way", o.folder);
    EXPECT(t, work_open(w, KEY("way\0victim"), NULL, 0, NULL, &reader) != LAGAN_OK,
           "source.h, entry_open", "it read through a symlink");
    EXPECT(t, work_stat(w, KEY("way\0victim"), NULL) != LAGAN_OK, "source.h, entry_stat",
           "it looked through a symlink");
    EXPECT_OK(t, work_stat(w, "way", 3, &found), "source.h, entry_stat");
    EXPECT(t, found.list[0].entry.type == LAGAN_ENTRY_SYMLINK, "source.h, entry_stat",
           "a symlink has the type %u", found.list[0].entry.type);
    expect_untouched(t, &o);
}

/* A directory that was there is exchanged for a link between two calls. */
static void exchanged(struct trial *t)
{
    struct source_work *w = work_on_files(t);
    char inside[4200], moved[4300];
    struct outside o;
    make_outside(t, &o);
    uint32_t result = try_node(w, LAGAN_ENTRY_DIRECTORY, "d", 1, 0);
    if (result == LAGAN_UNSUPPORTED)
        trial_skip(t, "the place has no directories");
    EXPECT_OK(t, result, "source.h, node_create");
    EXPECT_OK(t, try_file(w, KEY("d\0one"), 0), "source.h, entry_commit");
    snprintf(inside, sizeof inside, "%s/d", trial_place_path(t));
    snprintf(moved, sizeof moved, "%s.away", inside);
    if (rename(inside, moved) < 0 || symlink(o.folder, inside) < 0)
        trial_skip(t, "the suite cannot write beside the driver");
    /* It may still reach the directory that it had, but never what the link leads to. */
    for (unsigned i = 0; i < 4; i++) {
        try_file(w, KEY("d\0victim"), LAGAN_CREATE_REPLACE);
        trial_pause(100000000);
    }
    expect_untouched(t, &o);
}

/* Names that cannot be stored are refused, and never cut. */
static void long_names(struct trial *t)
{
    static const uint32_t fine[] = {LAGAN_OK, LAGAN_LIMIT, LAGAN_UNSUPPORTED,
                                    LAGAN_CLASS_COUNT};
    static const uint32_t there[] = {LAGAN_OK, LAGAN_CLASS_COUNT};
    static const uint32_t absent[] = {LAGAN_NOT_FOUND, LAGAN_LIMIT, LAGAN_CLASS_COUNT};
    struct source_work *w = work_on_files(t);
    char name[5001];
    memset(name, 'l', sizeof name);
    for (size_t size = 250; size <= 5000; size = size < 260 ? size + 1 : size * 2) {
        uint32_t result = try_file(w, name, size, 0);
        expect_one_of(t, result, fine, "source.h, struct lagan_source_ops");
        expect_one_of(t, work_stat(w, name, size, NULL), result == LAGAN_OK ? there : absent,
                      "source.h, entry_stat");
    }
    struct source_items items = work_walk_all(w, NULL, 100);
    for (size_t i = 1; i < items.count; i++)
        EXPECT(t, items.list[i].entry.key_size >= 250, "source.h, struct lagan_source_ops",
               "a name of %zu bytes is there, which nobody wrote",
               items.list[i].entry.key_size);
}

/* A tree that is deeper than any path of the system. */
static void deep(struct trial *t)
{
    enum { NAME = 200, DEPTH = 30 };
    struct source_work *w = work_on_files(t);
    uint8_t key[DEPTH * (NAME + 1)];
    size_t size = 0;
    for (unsigned depth = 0; depth < DEPTH; depth++) {
        if (depth > 0)
            key[size++] = 0;
        memset(key + size, 'd', NAME);
        size += NAME;
        uint32_t result = try_node(w, LAGAN_ENTRY_DIRECTORY, key, size, 0);
        if (result == LAGAN_UNSUPPORTED)
            trial_skip(t, "the place has no directories");
        if (result == LAGAN_LIMIT)
            return;
        EXPECT_OK(t, result, "source.h, node_create");
    }
    struct source_items items = work_walk_all(w, NULL, 100);
    EXPECT(t, items.count == DEPTH + 1, "source.h, walk_next",
           "the walk shows %zu entries of a tree that is %d deep", items.count, DEPTH);
}

const struct check_case check_cases_source_attack[] = {
    {"source-attack-keys", LAGAN_KIND_SOURCE, CHECK_CORE, 0, "entry_create", bad_keys,
     "keys with \"\", \".\", \"..\" or a slash are refused"},
    {"source-attack-link-keys", LAGAN_KIND_SOURCE, CHECK_CORE, 0, "entry_create link_create",
     bad_links, "also as names and targets of links"},
    {"source-attack-stat-keys", LAGAN_KIND_SOURCE, CHECK_CORE, 0, "entry_create", bad_stats,
     "also where they are only looked at"},
    {"source-attack-read-keys", LAGAN_KIND_SOURCE, CHECK_CORE, CASE_SAFE, NULL, bad_reads,
     "also where they are to be read"},
    {"source-attack-through-links", LAGAN_KIND_SOURCE, CHECK_CORE, 0, "entry_create",
     through_links, "nothing is written through a symlink"},
    {"source-attack-onto-links", LAGAN_KIND_SOURCE, CHECK_CORE, 0, "entry_create", onto_links,
     "a symlink is replaced itself, never what it leads to"},
    {"source-attack-read-links", LAGAN_KIND_SOURCE, CHECK_CORE, 0, "entry_create",
     reads_through_links, "nothing is read through a symlink"},
    {"source-attack-exchanged", LAGAN_KIND_SOURCE, CHECK_CORE, 0, "entry_create", exchanged,
     "a directory that becomes a symlink leads nowhere"},
    {"source-attack-long-names", LAGAN_KIND_SOURCE, CHECK_CORE, 0, "entry_create", long_names,
     "names that cannot be stored are refused, never cut"},
    {"source-attack-deep", LAGAN_KIND_SOURCE, CHECK_CORE, 0, "entry_create", deep,
     "a tree may be deeper than a path is long"},
    {.name = NULL}};
