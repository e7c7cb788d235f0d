/* SPDX-License-Identifier: Apache-2.0 */
/*
 * copy_tree.c - copies a tree through src_files alone, as a backup and a restore would, without
 * a vault between them: what is lost here is lost by the driver.
 *
 *     copy_tree DRIVER-FOLDER FROM TO
 */
#include "driver/source.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PIECE_BYTES = 1 << 20, PIECES_LIMIT = 256, FIRST_NAMES = 4096, BATCH = 256 };

/* One entry, kept until its directory is finished. */
struct kept {
    struct lagan_entry entry; /* what it points to is allocated */
};

struct copying {
    struct source *from;
    struct source *to;
    struct kept *entries;
    size_t count;
    size_t room;
    unsigned long lost;
};

/* The metadata of one entry, with copies of names and values. */
struct metadata {
    struct lagan_metadata pieces[PIECES_LIMIT];
    size_t count;
};

static void fail(const char *what, const struct error *e)
{
    fprintf(stderr, "copy_tree: %s: %s\n", what, e->text);
    exit(1);
}

static void *copy(const void *data, size_t size)
{
    char *bytes = malloc(size + 1);
    if (bytes == NULL)
        abort();
    if (size > 0)
        memcpy(bytes, data, size);
    bytes[size] = 0;
    return bytes;
}

static uint32_t keep(void *context, const struct lagan_entry *entry)
{
    struct copying *c = context;
    if (c->count == c->room) {
        c->room = c->room ? c->room * 2 : 1024;
        c->entries = reallocarray(c->entries, c->room, sizeof *c->entries);
        if (c->entries == NULL)
            abort();
    }
    struct kept *kept = &c->entries[c->count++];
    kept->entry = *entry;
    kept->entry.key = copy(entry->key, entry->key_size);
    kept->entry.id = copy(entry->id, entry->id_size);
    kept->entry.link = copy(entry->link, entry->link_size);
    /* Valid as long as the source: names of owners. */
    if (entry->error_class != LAGAN_OK)
        fprintf(stderr, "copy_tree: an entry: %s\n", entry->error_text);
    return LAGAN_OK;
}

static uint32_t keep_piece(void *context, const struct lagan_metadata *piece)
{
    struct metadata *m = context;
    if (m->count == PIECES_LIMIT)
        abort();
    struct lagan_metadata *kept = &m->pieces[m->count++];
    *kept = *piece;
    kept->name = copy(piece->name, piece->name_size);
    kept->value = copy(piece->value, piece->value_size);
    return LAGAN_OK;
}

static void show_lost(void *context, const char *name, const char *reason)
{
    (void)context;
    printf("lost: %s: %s\n", name, reason);
}

static void get_metadata(struct copying *c, const struct lagan_entry *entry, struct metadata *m)
{
    struct error e = ERROR_INIT;
    struct lagan_metadata_collector collector = {
        .context = m, .add = keep_piece, .lost = show_lost};
    m->count = 0;
    if (source_metadata(c->from, entry->key, entry->key_size, entry->type, &collector, &e) < 0)
        fail("metadata", &e);
}

struct piece_copy {
    struct entry_reader *reader;
    struct entry_writer *writer;
};

static uint32_t copy_range(void *context, uint64_t offset, uint64_t length, uint32_t type)
{
    static char data[PIECE_BYTES];
    struct piece_copy *p = context;
    struct error e = ERROR_INIT;
    if (type != LAGAN_EXTENT_DATA)
        return entry_writer_zero(p->writer, offset, length, &e) < 0 ? e.error_class : LAGAN_OK;
    while (length > 0) {
        size_t size = length < sizeof data ? (size_t)length : sizeof data;
        size_t got;
        if (entry_reader_read(p->reader, offset, data, size, &got, &e) < 0 ||
            entry_writer_write(p->writer, offset, data, got, &e) < 0)
            return e.error_class;
        if (got == 0)
            break;
        offset += got;
        length -= got;
    }
    return LAGAN_OK;
}

static uint32_t ignore(void *context, const struct lagan_entry *entry)
{
    (void)context;
    (void)entry;
    return LAGAN_OK;
}

static void copy_file(struct copying *c, const struct lagan_entry *entry, struct metadata *m)
{
    struct error e = ERROR_INIT;
    struct piece_copy p;
    bool changed = false;
    struct lagan_metadata_collector lost = {.add = NULL, .lost = show_lost};
    struct lagan_entry_collector none = {.context = NULL, .add = ignore};
    struct lagan_extent_collector ranges = {.context = &p, .add = copy_range};
    p.reader = source_entry_open(c->from, entry->key, entry->key_size, entry->id,
                                 entry->id_size, &none, &e);
    if (p.reader == NULL)
        fail("open", &e);
    p.writer = source_entry_create(c->to, entry, 0, &e);
    if (p.writer == NULL)
        fail("create", &e);
    if (entry->bytes > 0 && entry_reader_extents(p.reader, 0, entry->bytes, &ranges, &e) < 0)
        fail("copy", &e);
    if (entry_reader_close(p.reader, &changed, &e) < 0 || changed)
        fail("the file has changed", &e);
    if (entry_writer_commit(p.writer, m->pieces, m->count, &lost, &e) < 0)
        fail("commit", &e);
}

/* The first entry with this content, if it is not `at` itself. */
static const struct lagan_entry *first_name(const struct copying *c, size_t at)
{
    static size_t firsts[FIRST_NAMES];
    static size_t count;
    const struct lagan_entry *entry = &c->entries[at].entry;
    for (size_t i = 0; entry->id_size > 0 && i < count; i++) {
        const struct lagan_entry *first = &c->entries[firsts[i]].entry;
        if (first->id_size == entry->id_size &&
            memcmp(first->id, entry->id, entry->id_size) == 0)
            return first;
    }
    if (entry->id_size > 0 && count < FIRST_NAMES)
        firsts[count++] = at;
    return NULL;
}

static void copy_entry(struct copying *c, size_t at)
{
    static struct metadata m;
    struct error e = ERROR_INIT;
    const struct lagan_entry *entry = &c->entries[at].entry;
    struct lagan_metadata_collector lost = {.add = NULL, .lost = show_lost};
    const struct lagan_entry *first = first_name(c, at);
    if (first != NULL) {
        if (source_link_create(c->to, entry->key, entry->key_size, first->key, first->key_size,
                               0, &e) < 0)
            fail("link", &e);
        return;
    }
    if (entry->type == LAGAN_ENTRY_DIRECTORY) {
        if (source_node_create(c->to, entry, 0, NULL, 0, &lost, &e) < 0)
            fail("directory", &e);
        return;
    }
    get_metadata(c, entry, &m);
    if (entry->type == LAGAN_ENTRY_FILE)
        copy_file(c, entry, &m);
    else if (source_node_create(c->to, entry, 0, m.pieces, m.count, &lost, &e) < 0)
        fail("node", &e);
}

static void finish_directories(struct copying *c)
{
    static struct metadata m;
    struct error e = ERROR_INIT;
    struct lagan_metadata_collector lost = {.add = NULL, .lost = show_lost};
    for (size_t at = c->count; at-- > 0;) {
        const struct lagan_entry *entry = &c->entries[at].entry;
        if (entry->type != LAGAN_ENTRY_DIRECTORY)
            continue;
        get_metadata(c, entry, &m);
        if (source_directory_finish(c->to, entry, 0, m.pieces, m.count, &lost, &e) < 0)
            fail("finish", &e);
    }
}

static void walk(struct copying *c)
{
    struct error e = ERROR_INIT;
    struct lagan_entry_collector collector = {.context = c, .add = keep};
    bool ended = false;
    struct walk *w = source_walk_open(c->from, NULL, NULL, NULL, 0, &e);
    if (w == NULL)
        fail("walk", &e);
    while (!ended)
        if (walk_next(w, BATCH, &collector, &ended, &e) < 0)
            fail("walk", &e);
    walk_close(w);
}

static struct source *open_source(const struct driver *driver, const char *path, uint64_t flags)
{
    struct error e = ERROR_INIT;
    struct instance *i = instance_new(driver, &e);
    if (i == NULL || instance_set(i, "path", path, &e) < 0 || instance_ready(i, &e) < 0)
        fail(path, &e);
    struct source *s = source_open(i, flags, &e);
    if (s == NULL)
        fail(path, &e);
    return s;
}

/* The whole tree is kept until the end of the program: no leak worth a report. */
const char *__asan_default_options(void) __attribute__((visibility("default")));
const char *__asan_default_options(void)
{
    return "detect_leaks=0";
}

int main(int count, char **words)
{
    struct error e = ERROR_INIT;
    struct copying c = {0};
    if (count != 4) {
        fprintf(stderr, "usage: copy_tree DRIVER-FOLDER FROM TO\n");
        return 2;
    }
    struct driver_host *host = driver_host_new(words[1], &e);
    const struct driver *driver = host ? driver_load(host, "src_files", &e) : NULL;
    if (driver == NULL)
        fail(words[1], &e);
    c.from = open_source(driver, words[2], LAGAN_OPEN_READ_ONLY);
    c.to = open_source(driver, words[3], LAGAN_OPEN_RESTORE | LAGAN_OPEN_INITIALISE);
    walk(&c);
    for (size_t at = 0; at < c.count; at++)
        copy_entry(&c, at);
    finish_directories(&c);
    printf("copied %zu entries\n", c.count);
    return 0;
}
