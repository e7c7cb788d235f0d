/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_engine_forged.c - backups made to break out of the place they are restored to, or to
 * break the program: made below the engine, restored into empty places, into places full of
 * traps and into places where somebody exchanges directories for links meanwhile.
 *
 * In each case a tree beside the place must be as it was, the good entries of the backup must
 * be there, and what cannot be restored must be named.
 */
#include "forged_cases.h"

#include "unit.h"

#include <fcntl.h>
#include <ftw.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* A place and what must not change beside it. */
struct stand {
    struct engine g;
    char *outside;
};

static void stand_make(struct stand *s)
{
    engine_make(&s->g, "tgt_mem", NULL);
    put_directory(engine_path(&s->g, "outside"));
    put_directory(engine_path(&s->g, "outside/inner"));
    put_text(engine_path(&s->g, "outside/canary"), "canary");
    put_text(engine_path(&s->g, "outside/inner/canary"), "another");
    assert_int_equal(symlink("canary", engine_path(&s->g, "outside/link")), 0);
    assert_int_equal(chmod(engine_path(&s->g, "outside"), 0750), 0);
    assert_int_equal(chmod(engine_path(&s->g, "outside/inner"), 0711), 0);
    s->outside = tree_lines(engine_path(&s->g, "outside"), true);
}

static void stand_check(struct stand *s)
{
    assert_same_tree(strdup(s->outside), tree_lines(engine_path(&s->g, "outside"), true));
    assert_false(is_there(engine_path(&s->g, "x")));
    assert_false(is_there("/lagan-forged"));
    assert_false(is_there("/etc/lagan-forged"));
}

static void stand_drop(struct stand *s)
{
    stand_check(s);
    free(s->outside);
    engine_drop(&s->g);
}

static const struct forged good_first = A_FILE("!good");
static const struct forged good_last = A_FILE("~good");

static struct seal *forge_case(struct stand *s, const struct forged_case *c)
{
    struct forged entries[CASE_ENTRIES + 2] = {good_first, good_last};
    size_t count = 2;
    for (size_t i = 0; i < CASE_ENTRIES && c->entries[i].type; i++)
        entries[count++] = c->entries[i];
    return forge(&s->g, entries, count);
}

static void assert_good(struct stand *s)
{
    char *first = fixture_read_text(engine_path(&s->g, "to/!good"));
    char *last = fixture_read_text(engine_path(&s->g, "to/~good"));
    assert_string_equal(first, "forged");
    assert_string_equal(last, "forged");
    free(first);
    free(last);
}

static int remove_entry(const char *path, const struct stat *status, int type, struct FTW *walk)
{
    (void)status;
    (void)type;
    (void)walk;
    return remove(path);
}

/* Who is not root is not let into every forged directory. */
static int enter_entry(const char *path, const struct stat *status, int type, struct FTW *walk)
{
    (void)status;
    (void)walk;
    return type == FTW_D || type == FTW_DNR ? chmod(path, 0700) : 0;
}

static void remove_place(struct stand *s)
{
    const char *to = engine_path(&s->g, "to");
    assert_int_equal(nftw(to, enter_entry, 16, FTW_PHYS), 0);
    assert_int_equal(nftw(to, remove_entry, 16, FTW_DEPTH | FTW_PHYS), 0);
}

/* Into an empty place: exactly these problems, all else restored. */
static void check_empty(struct stand *s, const struct forged_case *c)
{
    struct seal *seal = forge_case(s, c);
    struct restore_result result = engine_restore_to(&s->g, seal, engine_path(&s->g, "to"));
    if (result.problems != c->problems ||
        (c->named && !reports_find(&s->g.reports, c->named))) {
        print_error("%s: %zu problems expected\n", c->what, c->problems);
        reports_print(&s->g.reports);
    }
    assert_int_equal(result.problems, c->problems);
    assert_int_equal(reports_problems(&s->g.reports), c->problems);
    if (c->named)
        assert_non_null(reports_find(&s->g.reports, c->named));
    assert_good(s);
    stand_check(s);
    remove_place(s);
    seal_free(seal);
}

static void check_table(const struct forged_case *cases, size_t count)
{
    struct stand s;
    stand_make(&s);
    for (size_t i = 0; i < count; i++)
        check_empty(&s, &cases[i]);
    stand_drop(&s);
}
#define CHECK_TABLE(table) check_table(table, sizeof(table) / sizeof((table)[0]))

static void forged_names(void **state)
{
    (void)state;
    CHECK_TABLE(names);
}

static void forged_parents(void **state)
{
    (void)state;
    CHECK_TABLE(parents);
}

static void forged_links(void **state)
{
    (void)state;
    CHECK_TABLE(links);
}

static void forged_contents(void **state)
{
    (void)state;
    CHECK_TABLE(contents);
}

/* Contents of one group stay apart. */
static void forged_group(void **state)
{
    static const struct forged entries[] = {
        A_NAME("n1", 1, 4, "one"), A_NAME("n2", 1, 4, "another"), A_NAME("n3", 1, 4, "another"),
        A_NAME("n4", 1, 4, "one")};
    struct stand s;
    struct stat a, b;
    (void)state;
    stand_make(&s);
    struct seal *seal = forge(&s.g, entries, 4);
    engine_restore_to(&s.g, seal, engine_path(&s.g, "to"));
    for (unsigned i = 1; i <= 4; i++) {
        char *text = fixture_read_text(path_of("%s/n%u", engine_path(&s.g, "to"), i));
        assert_string_equal(text, entries[i - 1].text);
        free(text);
    }
    assert_int_equal(stat(engine_path(&s.g, "to/n2"), &a), 0);
    assert_int_equal(stat(engine_path(&s.g, "to/n3"), &b), 0);
    assert_int_equal(a.st_ino, b.st_ino);
    seal_free(seal);
    stand_drop(&s);
}

/* Names as long as no file system has them, and deeper than a stack would bear. */
static void forged_lengths(void **state)
{
    enum { DEEP = 1 << 20 };
    struct stand s;
    (void)state;
    stand_make(&s);
    char *name = malloc(5000), *deep = calloc(1, 2 * DEEP), *target = malloc(70000);
    assert_non_null(name);
    assert_non_null(deep);
    assert_non_null(target);
    memset(name, 'n', 5000);
    memset(target, 't', 70000);
    for (size_t i = 0; i < DEEP; i++)
        deep[2 * i] = 'd';
    const struct forged_case cases[] = {
        {"255 bytes", {{.type = LAGAN_ENTRY_FILE, .key = name, .key_size = 255}}, 0, NULL},
        {"256 bytes", {{.type = LAGAN_ENTRY_FILE, .key = name, .key_size = 256}}, 1, NULL},
        {"5000 bytes", {{.type = LAGAN_ENTRY_FILE, .key = name, .key_size = 5000}}, 1, NULL},
        {"256 bytes of a directory",
         {{.type = LAGAN_ENTRY_DIRECTORY, .key = name, .key_size = 256}},
         1,
         NULL},
        {"2^20 levels",
         {{.type = LAGAN_ENTRY_FILE, .key = deep, .key_size = 2 * DEEP - 1}},
         1,
         NULL},
        {"2^20 levels to a directory",
         {{.type = LAGAN_ENTRY_DIRECTORY, .key = deep, .key_size = 2 * DEEP - 1}},
         1,
         NULL},
        {"a target of 4,095 bytes",
         {{.type = LAGAN_ENTRY_SYMLINK, NAMED("l"), .link = target, .link_size = 4095}},
         0,
         NULL},
        {"a target of 4,096 bytes",
         {{.type = LAGAN_ENTRY_SYMLINK, NAMED("l"), .link = target, .link_size = 4096}},
         1,
         "l"},
        {"a target of 70,000 bytes",
         {{.type = LAGAN_ENTRY_SYMLINK, NAMED("l"), .link = target, .link_size = 70000}},
         1,
         "l"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        check_empty(&s, &cases[i]);
    free(name);
    free(deep);
    free(target);
    stand_drop(&s);
}

#define PIECE(b, kind, name, value, size)                                                      \
    forge_piece(b, LAGAN_METADATA_##kind, name, strlen(name), value, size)

static void check_metadata(struct stand *s, const char *what, enum forged_metadata kind,
                           const struct buffer *metadata, size_t problems)
{
    const struct forged_case c = {what,
                                  {{.type = LAGAN_ENTRY_FILE,
                                    NAMED("f"),
                                    .text = "text",
                                    .metadata_kind = kind,
                                    .metadata = metadata},
                                   {.type = LAGAN_ENTRY_FILE,
                                    NAMED("g"),
                                    .bytes = LARGE,
                                    .metadata_kind = kind,
                                    .metadata = metadata},
                                   {.type = LAGAN_ENTRY_DIRECTORY,
                                    NAMED("h"),
                                    .metadata_kind = kind,
                                    .metadata = metadata},
                                   {.type = LAGAN_ENTRY_SYMLINK,
                                    NAMED("i"),
                                    .link = OUTSIDE "/canary",
                                    .link_size = 17,
                                    .metadata_kind = kind,
                                    .metadata = metadata},
                                   {.type = LAGAN_ENTRY_SYMLINK,
                                    NAMED("j"),
                                    .link = OUTSIDE,
                                    .link_size = 10,
                                    .metadata_kind = kind,
                                    .metadata = metadata}},
                                  problems,
                                  problems ? "f" : NULL};
    check_empty(s, &c);
}

/* Metadata that can be decoded and cannot be set is a warning. */
static void forged_attributes(void **state)
{
    static uint8_t value[65537];
    static const char long_name[] =
        "user."
        "nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn"
        "nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn"
        "n"
        "nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn"
        "nn";
    struct buffer m = BUFFER_INIT;
    struct stand s;
    (void)state;
    stand_make(&s);
    memset(value, 0xff, sizeof(value));
    PIECE(&m, XATTR, "user.large", value, sizeof(value));
    check_metadata(&s, "a value of 65,537 bytes", METADATA_CHUNK_GIVEN, &m, 0);
    buffer_clear(&m);
    PIECE(&m, XATTR, long_name, "v", 1);
    PIECE(&m, XATTR, "no-name-space", "v", 1);
    PIECE(&m, XATTR, "", "v", 1);
    PIECE(&m, XATTR, "user.", "v", 1);
    PIECE(&m, XATTR, "../../user.x", "v", 1);
    PIECE(&m, XATTR, "\033]0;user.x\007", "v", 1);
    check_metadata(&s, "names of attributes", METADATA_CHUNK_GIVEN, &m, 0);
    buffer_clear(&m);
    PIECE(&m, XATTR, "system.posix_acl_access", value, 4000);
    PIECE(&m, XATTR, "system.posix_acl_default", "\2\0\0\0", 4);
    PIECE(&m, XATTR, "security.capability", value, 20);
    PIECE(&m, XATTR, "security.selinux", "no such context", 15);
    PIECE(&m, XATTR, "trusted.overlay.opaque", "y", 1);
    PIECE(&m, XATTR, "trusted.overlay.redirect", "/etc", 4);
    check_metadata(&s, "values that mean something", METADATA_CHUNK_GIVEN, &m, 0);
    buffer_clear(&m);
    for (unsigned i = 0; i < 1000; i++)
        PIECE(&m, XATTR, path_of("user.%u", i), value, 100);
    check_metadata(&s, "1,000 attributes", METADATA_CHUNK_GIVEN, &m, 0);
    buffer_clear(&m);
    PIECE(&m, FLAGS, "", value, 3);
    PIECE(&m, FLAGS, "", value, 0);
    PIECE(&m, PROPERTY, "content-type", "text/plain", 10);
    forge_piece(&m, UINT32_MAX, "x", 1, "y", 1);
    check_metadata(&s, "other kinds", METADATA_GIVEN, &m, 0);
    buffer_free(&m);
    stand_drop(&s);
}

/* Metadata that cannot be decoded: the entry is not given out as if it had none. */
static void forged_metadata(void **state)
{
    struct buffer m = BUFFER_INIT;
    struct stand s;
    (void)state;
    stand_make(&s);
    check_metadata(&s, "a chunk is missing", METADATA_CHUNK_MISSING, NULL, 5);
    check_metadata(&s, "a chunk of another size", METADATA_CHUNK_SIZE, NULL, 5);
    check_metadata(&s, "a chunk of 4 GiB", METADATA_CHUNK_HUGE, NULL, 5);
    buffer_append(&m, "\1\377\377\377\377\377\377\377\377\377\1", 11);
    check_metadata(&s, "a length of 2^64 - 1", METADATA_GIVEN, &m, 5);
    buffer_clear(&m);
    PIECE(&m, XATTR, "user.x", "v", 1);
    m.size--;
    check_metadata(&s, "cut short", METADATA_GIVEN, &m, 5);
    m.size++;
    buffer_append_u8(&m, 1);
    check_metadata(&s, "more than a whole number", METADATA_GIVEN, &m, 5);
    buffer_clear(&m);
    forge_piece(&m, LAGAN_METADATA_XATTR, "user.a\0b", 8, "v", 1);
    check_metadata(&s, "a zero byte in a name", METADATA_GIVEN, &m, 5);
    buffer_clear(&m);
    buffer_append_varint(&m, UINT64_C(1) << 40);
    buffer_append(&m, "\1x\1y", 4);
    check_metadata(&s, "a kind of 41 bits", METADATA_GIVEN, &m, 5);
    buffer_clear(&m);
    buffer_append(&m, "garbage", 7);
    check_metadata(&s, "garbage in a chunk", METADATA_CHUNK_GIVEN, &m, 5);
    buffer_free(&m);
    stand_drop(&s);
}

/* A leaf that no builder writes: two entries of one key, or out of order. */
static void forged_order(void **state)
{
    static const char *const keys[][2] = {{"a", "a"}, {"b", "a"}, {"", ""}};
    struct stand s;
    (void)state;
    stand_make(&s);
    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
        struct origin place;
        struct restore_result result = {0};
        struct error e = ERROR_INIT;
        struct seal *seal = forge_leaf(&s.g, keys[i][0], keys[i][1]);
        origin_files(&s.g, &place, LAGAN_OPEN_RESTORE | LAGAN_OPEN_INITIALISE,
                     engine_path(&s.g, "to"));
        struct restore_request request = engine_restore_request(&s.g, seal, &place);
        assert_int_equal(engine_restore_try(&s.g, &request, &result, &e), -1);
        assert_int_equal(e.error_class, LAGAN_CORRUPT);
        assert_int_equal(e.code, ERROR_INTEGRITY);
        assert_int_equal(fixture_count_entries(engine_path(&s.g, "to")), 0);
        origin_close(&place);
        seal_free(seal);
    }
    stand_drop(&s);
}

/* What gives rights is left out when that is asked for, with all its names. */
static void forged_rights(void **state)
{
    static const uint8_t capability[20] = {1, 0, 0, 2, 0xff, 0xff, 0xff, 0xff};
    struct buffer m = BUFFER_INIT;
    struct stand s;
    struct origin place;
    struct stat found;
    (void)state;
    stand_make(&s);
    PIECE(&m, XATTR, "security.capability", capability, sizeof(capability));
    const struct forged entries[] = {
        {.type = LAGAN_ENTRY_FILE, NAMED("setuid"), .text = "x", .mode = 06755},
        {.type = LAGAN_ENTRY_DIRECTORY, NAMED("setgid"), .mode = 02777},
        {.type = LAGAN_ENTRY_DIRECTORY, NAMED("sticky"), .mode = 01777},
        {.type = LAGAN_ENTRY_CHARACTER,
         NAMED("mem"),
         .device_major = 1,
         .device_minor = 1,
         .links_to = 1,
         .links = 2},
        {.type = LAGAN_ENTRY_CHARACTER,
         NAMED("mem2"),
         .device_major = 1,
         .device_minor = 1,
         .links_to = 1,
         .links = 2},
        {.type = LAGAN_ENTRY_BLOCK, NAMED("disk"), .device_major = 8},
        {.type = LAGAN_ENTRY_CHARACTER, NAMED("..\0mem"), .device_major = 1, .device_minor = 1},
        {.type = LAGAN_ENTRY_FILE,
         NAMED("capable"),
         .text = "x",
         .mode = 0755,
         .metadata_kind = METADATA_GIVEN,
         .metadata = &m}};
    struct seal *seal = forge(&s.g, entries, sizeof(entries) / sizeof(entries[0]));
    origin_files(&s.g, &place, LAGAN_OPEN_RESTORE | LAGAN_OPEN_INITIALISE,
                 engine_path(&s.g, "to"));
    struct restore_request request = engine_restore_request(&s.g, seal, &place);
    request.create_flags = LAGAN_CREATE_UNPRIVILEGED | LAGAN_CREATE_NO_OWNERS;
    engine_restore(&s.g, &request);
    PROBLEMS(&s.g, "../mem");
    assert_int_equal(stat(engine_path(&s.g, "to/setuid"), &found), 0);
    assert_int_equal(found.st_mode & 07777, 0755);
    assert_int_equal(stat(engine_path(&s.g, "to/setgid"), &found), 0);
    assert_int_equal(found.st_mode & 06000, 0);
    assert_false(is_there(engine_path(&s.g, "to/mem")));
    assert_false(is_there(engine_path(&s.g, "to/mem2")));
    assert_false(is_there(engine_path(&s.g, "to/disk")));
    assert_int_equal(system(path_of("getcap '%s' 2>/dev/null | grep -q cap_ && exit 1; exit 0",
                                    engine_path(&s.g, "to/capable"))),
                     0);
    assert_non_null(reports_find(&s.g.reports, "mem2"));
    origin_close(&place);
    seal_free(seal);
    buffer_free(&m);
    stand_drop(&s);
}

/* Everything that might be in the way, under the names that are restored. */
static void set_traps(struct stand *s, const struct seal *seal)
{
    static const char *const traps[] = {"a",  "b",  "d",  "evil", "f",     "l",
                                        "l1", "n1", "n2", "p",    "!good", "~good"};
    const char *to = engine_path(&s->g, "to");
    (void)seal;
    put_directory(to);
    for (size_t i = 0; i < sizeof(traps) / sizeof(traps[0]); i++) {
        const char *path = path_of("%s/%s", to, traps[i]);
        switch (i % 6) {
        case 0:
            assert_int_equal(symlink("../outside/canary", path), 0);
            break;
        case 1:
            assert_int_equal(mkfifo(path, 0600), 0);
            break;
        case 2:
            assert_int_equal(symlink("../outside", path), 0);
            break;
        case 3:
            assert_int_equal(link(engine_path(&s->g, "outside/canary"), path), 0);
            break;
        case 4:
            put_directory(path);
            assert_int_equal(symlink("../../outside", path_of("%s/x", path)), 0);
            assert_int_equal(chmod(path, 0555), 0);
            break;
        default:
            assert_int_equal(mknod(path, S_IFSOCK | 0600, 0), 0);
            break;
        }
    }
}

static void check_trapped(struct stand *s, const struct forged_case *c,
                          enum restore_conflict rule)
{
    struct origin place;
    struct restore_result result = {0};
    struct error e = ERROR_INIT;
    struct seal *seal = forge_case(s, c);
    set_traps(s, seal);
    origin_files(&s->g, &place, LAGAN_OPEN_RESTORE, engine_path(&s->g, "to"));
    struct restore_request request = engine_restore_request(&s->g, seal, &place);
    request.conflict = rule;
    int done = engine_restore_try(&s->g, &request, &result, &e);
    if (rule == RESTORE_FAIL)
        assert_int_equal(done == 0 ? ERROR_CONFLICT : e.code, ERROR_CONFLICT);
    else
        assert_success(done, e);
    origin_close(&place);
    remove_place(s);
    seal_free(seal);
}

static void check_trapped_table(struct stand *s, const struct forged_case *cases, size_t count)
{
    static const enum restore_conflict rules[] = {
        RESTORE_OVERWRITE, RESTORE_SKIP, RESTORE_OVERWRITE, RESTORE_NEWER, RESTORE_FAIL};
    for (size_t i = 0; i < count; i++)
        check_trapped(s, &cases[i], rules[i % 5]);
}

/* The place is full of traps: nothing behind them changes. */
static void forged_into_traps(void **state)
{
    struct stand s;
    (void)state;
    stand_make(&s);
    check_trapped_table(&s, names, sizeof(names) / sizeof(names[0]));
    check_trapped_table(&s, parents, sizeof(parents) / sizeof(parents[0]));
    check_trapped_table(&s, links, sizeof(links) / sizeof(links[0]));
    check_trapped_table(&s, contents, sizeof(contents) / sizeof(contents[0]));
    stand_drop(&s);
}

/* Somebody who exchanges a directory for a link as fast as possible. */
struct racer {
    int place; /* a descriptor of the place */
    atomic_bool stop;
    unsigned long exchanges;
};

static void *race(void *context)
{
    struct racer *r = context;
    while (!atomic_load(&r->stop)) {
        if (renameat2(r->place, "d", r->place, "link", RENAME_EXCHANGE) == 0)
            r->exchanges++;
        if (renameat2(r->place, "d/sub", r->place, "link2", RENAME_EXCHANGE) == 0)
            r->exchanges++;
    }
    return NULL;
}

static struct seal *forge_race(struct engine *g)
{
    enum { FILES = 40 };
    static struct forged entries[2 * FILES + 4] = {
        {.type = LAGAN_ENTRY_DIRECTORY, NAMED("d"), .mode = 0777},
        {.type = LAGAN_ENTRY_DIRECTORY, NAMED("d\0sub"), .mode = 0777},
        {.type = LAGAN_ENTRY_DIRECTORY, NAMED("d\0inner"), .mode = 0777},
        {.type = LAGAN_ENTRY_FILE, NAMED("d\0canary"), .text = "overwritten"}};
    static char keys[2 * FILES][16];
    for (unsigned i = 0; i < FILES; i++) {
        struct forged file = A_FILE("");
        snprintf(keys[i], sizeof(keys[i]), "d%cf%02u", 0, i);
        file.key = keys[i];
        file.key_size = 5;
        entries[4 + i] = file;
        memcpy(keys[FILES + i], "d\0sub\0f", 7);
        snprintf(keys[FILES + i] + 7, 8, "%02u", i);
        file.key = keys[FILES + i];
        file.key_size = 9;
        file.links_to = i % 2 ? 1 : 0;
        file.links = FILES;
        entries[4 + FILES + i] = file;
    }
    return forge(g, entries, sizeof(entries) / sizeof(entries[0]));
}

static int64_t now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

static void forged_race(void **state)
{
    struct stand s;
    struct racer racer = {0};
    struct origin place;
    pthread_t thread;
    unsigned restores = 0;
    (void)state;
    stand_make(&s);
    struct seal *seal = forge_race(&s.g);
    put_directory(engine_path(&s.g, "to"));
    put_directory(engine_path(&s.g, "to/d"));
    put_directory(engine_path(&s.g, "to/d/sub"));
    assert_int_equal(symlink("../outside", engine_path(&s.g, "to/link")), 0);
    assert_int_equal(symlink("../outside", engine_path(&s.g, "to/link2")), 0);
    racer.place = open(engine_path(&s.g, "to"), O_PATH | O_DIRECTORY | O_CLOEXEC);
    assert_true(racer.place >= 0);
    atomic_init(&racer.stop, false);
    assert_int_equal(pthread_create(&thread, NULL, race, &racer), 0);
    origin_files(&s.g, &place, LAGAN_OPEN_RESTORE, engine_path(&s.g, "to"));
    for (int64_t end = now_ns() + 2000000000; now_ns() < end; restores++) {
        struct restore_result result = {0};
        struct error e = ERROR_INIT;
        struct restore_request request = engine_restore_request(&s.g, seal, &place);
        request.conflict = restores % 4 == 3 ? RESTORE_SKIP : RESTORE_OVERWRITE;
        assert_success(engine_restore_try(&s.g, &request, &result, &e), e);
    }
    atomic_store(&racer.stop, true);
    pthread_join(thread, NULL);
    assert_true(racer.exchanges > 1000);
    assert_true(restores > 5);
    origin_close(&place);
    close(racer.place);
    seal_free(seal);
    stand_drop(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(forged_names),      cmocka_unit_test(forged_parents),
        cmocka_unit_test(forged_links),      cmocka_unit_test(forged_contents),
        cmocka_unit_test(forged_group),      cmocka_unit_test(forged_lengths),
        cmocka_unit_test(forged_attributes), cmocka_unit_test(forged_metadata),
        cmocka_unit_test(forged_order),      cmocka_unit_test(forged_rights),
        cmocka_unit_test(forged_into_traps), cmocka_unit_test(forged_race),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
