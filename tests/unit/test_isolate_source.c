/* SPDX-License-Identifier: Apache-2.0 */
/* test_isolate_source.c - sources in processes of their own: what is walked, read and written
 * back is the same, and one that harms its process ends nothing but its own calls. */
#include "driver/isolate.h"
#include "driver/isolate_wire.h"
#include "driver_fixture.h"
#include "unit.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

static struct driver_host *host;

static int open_host(void **state)
{
    (void)state;
    host = fixture_host("test-drivers");
    return 0;
}

static int close_host(void **state)
{
    (void)state;
    driver_host_free(host);
    return 0;
}

struct pair {
    struct instance *instance;
    struct source *source;
};

static struct pair pair_open(const char *driver, bool isolated, const char *const *words,
                             uint64_t flags, struct error *e)
{
    struct pair p = {NULL, NULL};
    const struct driver *d = driver_load_isolated(host, driver, LAGAN_KIND_SOURCE, isolated, e);
    assert_success(d ? 0 : -1, *e);
    p.instance = instance_new(d, e);
    assert_success(p.instance ? 0 : -1, *e);
    for (; *words; words++)
        assert_success(instance_set_word(p.instance, *words, e), *e);
    if (instance_ready(p.instance, e) == 0)
        p.source = source_open(p.instance, flags, e);
    return p;
}

static void pair_close(struct pair *p)
{
    source_close(p->source);
    instance_free(p->instance);
}

/* All that a source holds */

static uint32_t note_entry(void *context, const struct lagan_entry *entry)
{
    wire_put_entry(context, entry);
    return LAGAN_OK;
}

static uint32_t note_piece(void *context, const struct lagan_metadata *piece)
{
    wire_put_piece(context, piece);
    return LAGAN_OK;
}

static void note_lost(void *context, const char *name, const char *reason)
{
    wire_put_lost(context, name, reason);
}

static bool has_content(const struct lagan_entry *entry)
{
    return entry->type == LAGAN_ENTRY_FILE || entry->type == LAGAN_ENTRY_OBJECT ||
           entry->type == LAGAN_ENTRY_VOLUME;
}

static void note_result(struct buffer *out, int result, const struct error *e)
{
    buffer_append_u32(out, result == 0 ? LAGAN_OK : e->error_class);
    if (result != 0)
        wire_put_text(out, e->text);
}

/* Reads in pieces of `step` bytes. */
static void note_content(struct entry_reader *r, size_t step, struct buffer *out)
{
    struct error e = ERROR_INIT;
    uint64_t offset = 0;
    size_t got = step;
    int result = 0;
    while (got == step && result == 0) {
        uint8_t *room = buffer_reserve(out, step);
        assert_non_null(room);
        result = entry_reader_read(r, offset, room, step, &got, &e);
        out->size += result == 0 ? got : 0;
        offset += got;
    }
    note_result(out, result, &e);
}

static void note_one(struct source *s, const struct lagan_entry *entry, size_t step,
                     struct buffer *out)
{
    const struct lagan_entry_collector attributes = {out, note_entry};
    const struct lagan_metadata_collector pieces = {out, note_piece, note_lost};
    struct error e = ERROR_INIT;
    bool changed = false;
    if (!has_content(entry)) {
        if (entry->type != LAGAN_ENTRY_ERROR)
            note_result(
                out, source_metadata(s, entry->key, entry->key_size, entry->type, &pieces, &e),
                &e);
        return;
    }
    struct entry_reader *r = source_entry_open(s, entry->key, entry->key_size, entry->id,
                                               entry->id_size, &attributes, &e);
    note_result(out, r ? 0 : -1, &e);
    if (!r)
        return;
    note_result(out,
                entry_reader_metadata(r, entry->key, entry->key_size, entry->type, &pieces, &e),
                &e);
    note_content(r, step, out);
    note_result(out, entry_reader_close(r, &changed, &e), &e);
    buffer_append_u8(out, changed);
}

static void walk_all(struct source *s, source_select_function *select, struct buffer *entries)
{
    const struct lagan_entry_collector collector = {entries, note_entry};
    struct error e = ERROR_INIT;
    bool ended = false;
    size_t asked = 0;
    struct walk *w = source_walk_open(s, select, &asked, NULL, 0, &e);
    assert_success(w ? 0 : -1, e);
    while (!ended) {
        size_t before = entries->size;
        assert_success(walk_next(w, 37, &collector, &ended, &e), e);
        assert_true(ended == (entries->size == before));
    }
    walk_close(w);
}

/* Tells of those that follow, as a backup does for small ones. */
static void announce(struct source *s, struct reader entries, size_t most)
{
    struct source_wish wishes[16];
    struct lagan_entry entry;
    size_t count = 0;
    while (count < most && entries.left > 0 && wire_get_entry(&entries, &entry)) {
        bool content = has_content(&entry);
        if (entry.type != LAGAN_ENTRY_ERROR)
            wishes[count++] =
                (struct source_wish){entry.key, entry.key_size, content ? entry.id : NULL,
                                     content ? entry.id_size : 0, entry.type};
    }
    source_read_ahead(s, wishes, count);
}

/* Everything, as bytes that can be compared.  `ahead`: entries told of at a time; 0 = none. */
static void note_all(struct source *s, source_select_function *select, size_t step,
                     size_t ahead, struct buffer *out)
{
    struct buffer entries CLEANUP_BUFFER = BUFFER_INIT;
    struct lagan_entry entry;
    size_t seen = 0;
    walk_all(s, select, &entries);
    buffer_append(out, entries.data, entries.size);
    struct reader r = reader_of(entries.data, entries.size);
    while (r.left > 0) {
        if (ahead > 0 && seen % ahead == 0)
            announce(s, r, ahead);
        assert_true(wire_get_entry(&r, &entry));
        note_one(s, &entry, step, out);
        seen++;
    }
    assert_false(out->failed);
}

/* Leaves out what has an x in its name, and what is below it. */
static enum lagan_selection no_x(void *context, const void *key, size_t key_size, uint32_t type)
{
    (void)type;
    ++*(size_t *)context;
    return memchr(key, 'x', key_size) ? LAGAN_SELECT_SKIP : LAGAN_SELECT_TAKE;
}

static void same_source(const char *driver, const char *const *words,
                        source_select_function *select)
{
    static const struct {
        size_t step;
        size_t ahead;
    } ways[] = {{100, 0}, {65536, 16}, {1 << 20, 5}, {9 << 20, 0}};
    struct buffer bare CLEANUP_BUFFER = BUFFER_INIT;
    struct error e = ERROR_INIT;
    struct pair here = pair_open(driver, false, words, LAGAN_OPEN_READ_ONLY, &e);
    struct pair there = pair_open(driver, true, words, LAGAN_OPEN_READ_ONLY, &e);
    assert_success(here.source && there.source ? 0 : -1, e);
    assert_memory_equal(source_capabilities(here.source), source_capabilities(there.source),
                        sizeof(struct lagan_source_capabilities));
    note_all(here.source, select, 4096, 0, &bare);
    for (size_t i = 0; i < sizeof ways / sizeof ways[0]; i++) {
        struct buffer isolated CLEANUP_BUFFER = BUFFER_INIT;
        note_all(there.source, select, ways[i].step, ways[i].ahead, &isolated);
        assert_int_equal(isolated.size, bare.size);
        assert_memory_equal(isolated.data, bare.data, bare.size);
    }
    pair_close(&here);
    pair_close(&there);
}

static void isolate_source_in_memory_is_the_same(void **state)
{
    const char *const words[] = {"count=300", "size=3000", "seed=7", NULL};
    (void)state;
    same_source("src_mem", words, NULL);
    same_source("src_mem", words, no_x);
}

/* A tree with one of each. */

static void write_bytes(const char *folder, const char *name, size_t bytes)
{
    char path[4300];
    uint8_t *data = malloc(bytes + 1);
    assert_non_null(data);
    for (size_t i = 0; i < bytes; i++)
        data[i] = (uint8_t)(i * 40503U >> 7);
    snprintf(path, sizeof path, "%s/%s", folder, name);
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0640);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, data, bytes), (ssize_t)bytes);
    close(fd);
    free(data);
}

static void make_tree(const char *folder)
{
    char path[4300], other[4300];
    static const char *const folders[] = {"a", "a/deep", "ax", "b"};
    for (size_t i = 0; i < sizeof folders / sizeof folders[0]; i++) {
        snprintf(path, sizeof path, "%s/%s", folder, folders[i]);
        assert_int_equal(mkdir(path, 0750), 0);
    }
    write_bytes(folder, "a/empty", 0);
    write_bytes(folder, "a/one", 1);
    write_bytes(folder, "a/x", 10);
    write_bytes(folder, "ax/below", 10);
    write_bytes(folder, "a/deep/limit", 256 << 10);
    write_bytes(folder, "a/deep/below-limit", (256 << 10) - 1);
    write_bytes(folder, "b/large", (9 << 20) + 77);
    for (int i = 0; i < 60; i++) {
        char name[32];
        snprintf(name, sizeof name, "b/small-%03d", i);
        write_bytes(folder, name, (size_t)i * 997);
    }
    snprintf(path, sizeof path, "%s/b/fifo", folder);
    assert_int_equal(mkfifo(path, 0600), 0);
    snprintf(path, sizeof path, "%s/b/link", folder);
    assert_int_equal(symlink("../a/one", path), 0);
    snprintf(path, sizeof path, "%s/a/one", folder);
    snprintf(other, sizeof other, "%s/b/one-again", folder);
    assert_int_equal(link(path, other), 0);
    (void)setxattr(path, "user.note", "kept", 4, 0); /* where the file system has them */
    snprintf(path, sizeof path, "%s/b/sparse", folder);
    int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    assert_int_equal(ftruncate(fd, 3 << 20), 0);
    assert_int_equal(pwrite(fd, "end", 3, 2 << 20), 3);
    close(fd);
}

static void isolate_source_of_files_is_the_same(void **state)
{
    char *scratch = fixture_scratch(), word[4200];
    const char *const words[] = {word, NULL};
    (void)state;
    make_tree(scratch);
    usleep(100000); /* what has changed just now gets no stamp */
    snprintf(word, sizeof word, "path=%s", scratch);
    same_source("src_files", words, NULL);
    same_source("src_files", words, no_x);
    fixture_scratch_remove(scratch);
}

/* What was read ahead and not taken, taken twice, or changed meanwhile. */
static void isolate_source_reads_ahead_what_is_there(void **state)
{
    char *scratch = fixture_scratch(), word[4200];
    const char *const words[] = {word, NULL};
    struct source_wish wishes[] = {{"gone", 4, NULL, 0, LAGAN_ENTRY_FILE},
                                   {"a\0one", 5, NULL, 0, LAGAN_ENTRY_FILE},
                                   {"b\0large", 7, NULL, 0, LAGAN_ENTRY_FILE}};
    struct buffer noted CLEANUP_BUFFER = BUFFER_INIT;
    const struct lagan_entry_collector attributes = {&noted, note_entry};
    struct error e = ERROR_INIT;
    bool changed = false;
    uint8_t data[16];
    size_t got;
    (void)state;
    make_tree(scratch);
    snprintf(word, sizeof word, "path=%s", scratch);
    struct pair p = pair_open("src_files", true, words, LAGAN_OPEN_READ_ONLY, &e);
    assert_success(p.source ? 0 : -1, e);
    source_read_ahead(p.source, wishes, 3);
    assert_null(source_entry_open(p.source, "gone", 4, NULL, 0, &attributes, &e));
    assert_error(e, LAGAN_NOT_FOUND, "src_files: open: ");
    struct entry_reader *r =
        source_entry_open(p.source, "b\0large", 7, NULL, 0, &attributes, &e);
    assert_success(r ? 0 : -1, e);
    write_bytes(scratch, "b/large", 100);
    assert_success(entry_reader_read(r, 0, data, sizeof data, &got, &e), e);
    assert_success(entry_reader_close(r, &changed, &e), e);
    assert_true(changed);
    /* It was passed over, and is read anew. */
    r = source_entry_open(p.source, "a\0one", 5, NULL, 0, &attributes, &e);
    assert_success(r ? 0 : -1, e);
    assert_success(entry_reader_read(r, 0, data, sizeof data, &got, &e), e);
    assert_int_equal(got, 1);
    assert_success(entry_reader_close(r, &changed, &e), e);
    assert_false(changed);
    /* Many readers at a time, and announcements that nobody takes. */
    struct entry_reader *many[40];
    for (size_t i = 0; i < 40; i++) {
        char key[32];
        int size = snprintf(key, sizeof key, "b%csmall-%03d", 0, (int)i);
        source_read_ahead(p.source, wishes, 3);
        many[i] = source_entry_open(p.source, key, (size_t)size, NULL, 0, &attributes, &e);
        assert_success(many[i] ? 0 : -1, e);
    }
    for (size_t i = 0; i < 40; i++) {
        uint8_t *room = malloc(40 * 997);
        assert_success(entry_reader_read(many[i], 0, room, 40 * 997, &got, &e), e);
        assert_int_equal(got, i * 997);
        free(room);
        assert_success(entry_reader_close(many[i], &changed, &e), e);
    }
    pair_close(&p);
    fixture_scratch_remove(scratch);
}

/* Writing back */

struct copying {
    struct source *from, *to;
};

static void copy_content(const struct copying *c, const struct lagan_entry *entry)
{
    struct buffer noted CLEANUP_BUFFER = BUFFER_INIT;
    const struct lagan_entry_collector attributes = {&noted, note_entry};
    const struct lagan_metadata_collector lost = {&noted, note_piece, note_lost};
    const struct lagan_metadata piece = {LAGAN_METADATA_XATTR, 9, "user.note", "kept", 4};
    size_t room = (size_t)entry->bytes + 1, got = 0;
    uint8_t *data = malloc(room);
    struct error e = ERROR_INIT;
    struct entry_reader *r =
        source_entry_open(c->from, entry->key, entry->key_size, NULL, 0, &attributes, &e);
    assert_success(r ? 0 : -1, e);
    assert_success(entry_reader_read(r, 0, data, room, &got, &e), e);
    entry_reader_drop(r);
    struct entry_writer *w = source_entry_create(c->to, entry, 0, &e);
    assert_success(w ? 0 : -1, e);
    if (got > 0)
        assert_success(entry_writer_write(w, 0, data, got, &e), e);
    assert_success(entry_writer_zero(w, got, 1, &e), e);
    assert_success(entry_writer_commit(w, &piece, 1, &lost, &e), e);
    free(data);
}

static void copy_one(const struct copying *c, const struct lagan_entry *entry)
{
    struct error e = ERROR_INIT;
    if (has_content(entry))
        copy_content(c, entry);
    else
        assert_success(source_node_create(c->to, entry, 0, NULL, 0, NULL, &e), e);
}

static void isolate_source_writes_back(void **state)
{
    char *scratch = fixture_scratch(), *place = fixture_scratch(), from[4200], to[4200];
    char command[9000];
    const char *const from_words[] = {from, NULL}, *const to_words[] = {to, NULL};
    struct buffer entries CLEANUP_BUFFER = BUFFER_INIT;
    struct lagan_entry entry;
    struct error e = ERROR_INIT;
    (void)state;
    make_tree(scratch);
    snprintf(from, sizeof from, "path=%s", scratch);
    snprintf(to, sizeof to, "path=%s/new", place);
    struct pair a = pair_open("src_files", false, from_words, LAGAN_OPEN_READ_ONLY, &e);
    struct pair b =
        pair_open("src_files", true, to_words, LAGAN_OPEN_RESTORE | LAGAN_OPEN_INITIALISE, &e);
    assert_success(a.source && b.source ? 0 : -1, e);
    struct copying c = {a.source, b.source};
    walk_all(a.source, NULL, &entries);
    struct reader r = reader_of(entries.data, entries.size);
    while (r.left > 0) {
        assert_true(wire_get_entry(&r, &entry));
        copy_one(&c, &entry);
    }
    r = reader_of(entries.data, entries.size);
    while (r.left > 0) {
        assert_true(wire_get_entry(&r, &entry));
        if (entry.type == LAGAN_ENTRY_DIRECTORY)
            assert_success(source_directory_finish(b.source, &entry, 0, NULL, 0, NULL, &e), e);
    }
    assert_success(source_link_create(b.source, "linked", 6, "a\0one", 5, 0, &e), e);
    struct entry_writer *w = source_entry_create(b.source, &entry, LAGAN_CREATE_REPLACE, &e);
    entry_writer_abort(w);
    pair_close(&a);
    pair_close(&b);
    snprintf(
        command, sizeof command,
        "cd %s && rm new/linked && cd new && find . -printf '%%p %%y %%m %%U %%G %%s %%T@\\n' "
        "| grep -v ' [dp] ' | sort >../b && cd %s && find . -printf "
        "'%%p %%y %%m %%U %%G %%s %%T@\\n' | grep -v ' [dp] ' | sort | diff - %s/b && "
        "diff -r --no-dereference -x fifo . %s/new",
        place, scratch, place, place);
    assert_int_equal(system(command), 0);
    fixture_scratch_remove(scratch);
    fixture_scratch_remove(place);
}

/* Harm */

static enum lagan_selection take_all(void *context, const void *key, size_t key_size,
                                     uint32_t type)
{
    (void)context;
    (void)key;
    (void)key_size;
    (void)type;
    return LAGAN_SELECT_TAKE;
}

static int read_file(struct source *s, struct error *e)
{
    struct buffer noted CLEANUP_BUFFER = BUFFER_INIT;
    const struct lagan_entry_collector attributes = {&noted, note_entry};
    const struct lagan_metadata_collector pieces = {&noted, note_piece, note_lost};
    char data[16];
    size_t got;
    bool changed;
    struct entry_reader *r = source_entry_open(s, "file", 4, NULL, 0, &attributes, e);
    if (!r)
        return -1;
    if (entry_reader_metadata(r, "file", 4, LAGAN_ENTRY_FILE, &pieces, e) < 0 ||
        entry_reader_read(r, 0, data, sizeof data, &got, e) < 0) {
        entry_reader_drop(r);
        return -1;
    }
    return entry_reader_close(r, &changed, e);
}

static int use(struct source *s, struct error *e)
{
    struct buffer noted CLEANUP_BUFFER = BUFFER_INIT;
    const struct lagan_entry_collector entries = {&noted, note_entry};
    bool ended = false;
    int result = 0;
    struct walk *w = source_walk_open(s, take_all, NULL, NULL, 0, e);
    if (!w)
        return -1;
    while (result == 0 && !ended)
        result = walk_next(w, 10, &entries, &ended, e);
    walk_close(w);
    return result == 0 ? read_file(s, e) : -1;
}

static void isolate_source_crash_in_each_slot(void **state)
{
    static const char *const slots[] = {"open",      "capabilities", "walk_open",
                                        "walk_next", "walk_close",   "entry_open",
                                        "read_at",   "entry_close",  "entry_metadata"};
    (void)state;
    for (size_t i = 0; i < sizeof slots / sizeof slots[0]; i++) {
        const char *const words[] = {slots[i], NULL};
        struct error e = ERROR_INIT;
        struct pair p = pair_open("src_ill", true, words, LAGAN_OPEN_READ_ONLY, &e);
        assert_int_equal(p.source ? use(p.source, &e) : -1, -1);
        assert_error(e, LAGAN_INTERNAL, "src_ill: ");
        assert_error(e, LAGAN_INTERNAL, "the driver ended by signal 11 (Segmentation fault)");
        pair_close(&p);
    }
    const char *const sound[] = {"none", NULL};
    struct error e = ERROR_INIT;
    struct pair p = pair_open("src_ill", true, sound, LAGAN_OPEN_READ_ONLY, &e);
    assert_success(p.source ? use(p.source, &e) : -1, e);
    pair_close(&p);
}

int main(int argc, char *argv[])
{
    if (argc > 1 && strcmp(argv[1], ISOLATE_COMMAND) == 0)
        return isolate_helper_main();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(isolate_source_in_memory_is_the_same),
        cmocka_unit_test(isolate_source_of_files_is_the_same),
        cmocka_unit_test(isolate_source_reads_ahead_what_is_there),
        cmocka_unit_test(isolate_source_writes_back),
        cmocka_unit_test(isolate_source_crash_in_each_slot),
    };
    return cmocka_run_group_tests(tests, open_host, close_host);
}
