/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_engine_change.c - files that change, go, grow or become something else between the walk
 * and the reading, and while they are read; and what cannot be read at all.
 *
 * Reports of progress come while a large file is read: what is changed then was seen by the
 * walk and not read yet.
 */
#include "engine_fixture.h"

#include "unit.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { LARGE = 7 << 20 };

/* A tree whose first entry is large, and what happens while that is read. */
struct meddler {
    struct engine g;
    const char *top;
    void (*act)(struct meddler *m);
    unsigned times; /* still to act */
    unsigned acted;
};

static const char *in(const struct meddler *m, const char *name)
{
    return path_of("%s/%s", m->top, name);
}

static void meddler_make(struct meddler *m, void (*act)(struct meddler *m))
{
    *m = (struct meddler){.act = act, .times = 1};
    engine_make(&m->g, "tgt_mem", NULL);
    m->top = engine_path(&m->g, "tree");
    put_directory(m->top);
    put_bytes(in(m, "a-large"), 1, LARGE);
}

static void meddler_hook(void *context, const struct job_progress *progress)
{
    struct meddler *m = context;
    if (!progress->key || progress->key_size != 7 || memcmp(progress->key, "a-large", 7) != 0 ||
        m->times == 0 || progress->bytes_done == 0)
        return;
    m->times--;
    m->acted++;
    m->act(m);
}

static struct seal *meddler_backup(struct meddler *m, const struct seal *parent)
{
    struct origin o;
    origin_files(&m->g, &o, LAGAN_OPEN_READ_ONLY, m->top);
    struct backup_request request = engine_backup_request(&m->g, &o, parent);
    m->g.reports.hook = meddler_hook;
    m->g.reports.hook_context = m;
    struct seal *seal = engine_backup_as(&m->g, &request);
    origin_close(&o);
    return seal;
}

/* Nothing happens any more: the next backup has all that is there, and no problem. */
static void meddler_finish(struct meddler *m, struct seal *seal)
{
    assert_true(m->acted > 0);
    m->times = 0;
    let_age();
    struct seal *next = meddler_backup(m, seal);
    assert_problems(&m->g.reports, (const char *const[]){NULL});
    assert_int_equal(next->flags, 0);
    engine_restore_to(&m->g, next, engine_path(&m->g, "back"));
    assert_same_tree(tree_lines(m->top, true), tree_lines(engine_path(&m->g, "back"), true));
    seal_free(next);
    seal_free(seal);
    engine_drop(&m->g);
}

/* The entry in the backup holds exactly what the file holds now. */
static void assert_stored(struct meddler *m, const struct seal *seal, const char *name)
{
    struct buffer content CLEANUP_BUFFER = BUFFER_INIT;
    struct stat found;
    struct tree_entry *entry = engine_entry(&m->g, seal, (const uint8_t *)name, strlen(name));
    assert_non_null(entry);
    assert_int_equal(lstat(in(m, name), &found), 0);
    assert_int_equal(entry->bytes, found.st_size);
    engine_content(&m->g, entry, &content);
    assert_int_equal(content.size, found.st_size);
    uint8_t *data = malloc(content.size + 1);
    int fd = open(in(m, name), O_RDONLY | O_CLOEXEC);
    assert_non_null(data);
    assert_int_equal(read(fd, data, content.size + 1), content.size);
    assert_memory_equal(data, content.data, content.size);
    close(fd);
    free(data);
    tree_entry_free(entry);
}

/* The entry is in the backup as one that could not be read. */
static void assert_stored_as_failed(struct meddler *m, const struct seal *seal,
                                    const char *name)
{
    struct reader ignored;
    struct tree_entry *entry = engine_entry(&m->g, seal, (const uint8_t *)name, strlen(name));
    assert_non_null(entry);
    assert_true(tree_further_find(entry, TREE_FURTHER_ERROR, &ignored));
    assert_int_equal(entry->bytes, 0);
    assert_int_equal(entry->content.count, 0);
    assert_int_equal(entry->stamp_size, 0);
    tree_entry_free(entry);
}

static void append(const char *path, size_t size)
{
    int fd = open(path, O_WRONLY | O_APPEND | O_CLOEXEC);
    uint8_t *data = malloc(size);
    assert_true(fd >= 0);
    assert_non_null(data);
    vault_fixture_content(77, true, data, size);
    assert_int_equal(write(fd, data, size), (ssize_t)size);
    close(fd);
    free(data);
}

static void make_readable_changes(struct meddler *m)
{
    put_bytes(in(m, "b-grows"), 10, 5000);
    put_bytes(in(m, "b-grows-beyond"), 11, 5000);
    put_bytes(in(m, "b-becomes-huge"), 12, 5000);
    put_bytes(in(m, "b-replaced"), 13, 5000);
    put_bytes(in(m, "b-shrinks"), 14, 50000);
    put_bytes(in(m, "c-large-grows"), 15, 3 << 20);
    put_bytes(in(m, "c-large-replaced"), 16, 3 << 20);
    put_bytes(in(m, "c-large-shrinks"), 17, 3 << 20);
    put_bytes(in(m, "c-large-emptied"), 18, 3 << 20);
    put_bytes(in(m, "new"), 19, 6000);
    put_bytes(in(m, "new-large"), 20, 4 << 20);
}

static void act_readably(struct meddler *m)
{
    append(in(m, "b-grows"), 100);
    append(in(m, "b-grows-beyond"), 400000);
    append(in(m, "b-becomes-huge"), 1);
    assert_int_equal(truncate(in(m, "b-becomes-huge"), (16 << 20) + 7), 0);
    assert_int_equal(rename(in(m, "new"), in(m, "b-replaced")), 0);
    assert_int_equal(truncate(in(m, "b-shrinks"), 11), 0);
    append(in(m, "c-large-grows"), 300000);
    assert_int_equal(rename(in(m, "new-large"), in(m, "c-large-replaced")), 0);
    assert_int_equal(truncate(in(m, "c-large-shrinks"), 100000), 0);
    assert_int_equal(truncate(in(m, "c-large-emptied"), 0), 0);
}

/* What is a readable file all the time is in the backup as it was read. */
static void change_of_content(void **state)
{
    static const char *const names[] = {
        "a-large",   "b-grows",          "b-grows-beyond",  "b-becomes-huge",  "b-replaced",
        "b-shrinks", "c-large-replaced", "c-large-shrinks", "c-large-emptied", "c-large-grows"};
    struct meddler m;
    (void)state;
    meddler_make(&m, act_readably);
    make_readable_changes(&m);
    struct seal *seal = meddler_backup(&m, NULL);
    PROBLEMS(&m.g, "new", "new-large"); /* which were renamed */
    assert_int_equal(reports_find(&m.g.reports, "new")->error_class, LAGAN_NOT_FOUND);
    assert_null(engine_entry(&m.g, seal, KEY("new")));
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        assert_stored(&m, seal, names[i]);
    meddler_finish(&m, seal);
}

static void make_other_changes(struct meddler *m)
{
    static const char *const names[] = {"fifo", "link", "directory", "gone", "socket"};
    put_text(engine_path(&m->g, "secret"), "not to be read");
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        put_bytes(in(m, path_of("b-%s", names[i])), i, 5000);
        put_bytes(in(m, path_of("c-%s", names[i])), i, 3 << 20);
    }
}

static void act_otherwise(struct meddler *m)
{
    for (char kind = 'b'; kind <= 'c'; kind++) {
        assert_int_equal(unlink(in(m, path_of("%c-fifo", kind))), 0);
        assert_int_equal(mkfifo(in(m, path_of("%c-fifo", kind)), 0600), 0);
        assert_int_equal(unlink(in(m, path_of("%c-link", kind))), 0);
        assert_int_equal(symlink("../secret", in(m, path_of("%c-link", kind))), 0);
        assert_int_equal(unlink(in(m, path_of("%c-directory", kind))), 0);
        put_directory(in(m, path_of("%c-directory", kind)));
        assert_int_equal(unlink(in(m, path_of("%c-gone", kind))), 0);
        assert_int_equal(unlink(in(m, path_of("%c-socket", kind))), 0);
        assert_int_equal(mknod(in(m, path_of("%c-socket", kind)), S_IFSOCK | 0600, 0), 0);
    }
}

/* What is no file any more is neither followed nor waited for; it is named. */
static void change_of_type(void **state)
{
    static const char *const failed[] = {"b-directory", "b-fifo", "b-link", "b-socket",
                                         "c-directory", "c-fifo", "c-link", "c-socket"};
    struct meddler m;
    (void)state;
    meddler_make(&m, act_otherwise);
    make_other_changes(&m);
    struct seal *seal = meddler_backup(&m, NULL);
    PROBLEMS(&m.g, "b-directory", "b-fifo", "b-link", "b-socket", "b-gone", "c-directory",
             "c-fifo", "c-link", "c-socket", "c-gone");
    assert_int_equal(seal->flags, SEAL_PARTIAL);
    assert_int_equal(seal->problem_total, 10);
    for (size_t i = 0; i < sizeof(failed) / sizeof(failed[0]); i++) {
        assert_int_equal(reports_find(&m.g.reports, failed[i])->error_class, LAGAN_CHANGED);
        assert_stored_as_failed(&m, seal, failed[i]);
    }
    assert_int_equal(reports_find(&m.g.reports, "b-gone")->error_class, LAGAN_NOT_FOUND);
    assert_null(engine_entry(&m.g, seal, KEY("b-gone")));
    assert_null(engine_entry(&m.g, seal, KEY("c-gone")));
    meddler_finish(&m, seal);
}

static void act_on_itself(struct meddler *m)
{
    append(in(m, "a-large"), 1000);
}

static void act_shrinking(struct meddler *m)
{
    assert_int_equal(truncate(in(m, "a-large"), 3 << 20), 0);
}

static void act_replacing(struct meddler *m)
{
    put_bytes(in(m, "other"), 5, 1 << 20);
    assert_int_equal(rename(in(m, "other"), in(m, "a-large")), 0);
}

static void act_removing(struct meddler *m)
{
    assert_int_equal(unlink(in(m, "a-large")), 0);
}

/* A change while a file is read: it is read once more. */
static void change_once_while_read(void **state)
{
    void (*const acts[])(struct meddler * m) = {act_on_itself, act_shrinking, act_replacing};
    (void)state;
    for (size_t i = 0; i < sizeof(acts) / sizeof(acts[0]); i++) {
        struct meddler m;
        meddler_make(&m, acts[i]);
        struct seal *seal = meddler_backup(&m, NULL);
        /* What was replaced is complete: its reader had it open. */
        PROBLEMS(&m.g, NULL);
        if (acts[i] != act_replacing)
            assert_stored(&m, seal, "a-large");
        meddler_finish(&m, seal);
    }
}

/* Removed while it is read: what was open is complete. */
static void change_removed_while_read(void **state)
{
    struct meddler m;
    (void)state;
    meddler_make(&m, act_removing);
    struct seal *seal = meddler_backup(&m, NULL);
    struct tree_entry *entry = engine_entry(&m.g, seal, KEY("a-large"));
    assert_true(entry ? entry->bytes == LARGE : reports_find(&m.g.reports, "a-large") != NULL);
    tree_entry_free(entry);
    meddler_finish(&m, seal);
}

/* A change at each attempt: it is stored, and named, and read again next time. */
static void change_always_while_read(void **state)
{
    struct buffer content CLEANUP_BUFFER = BUFFER_INIT;
    struct meddler m;
    struct reader value;
    (void)state;
    meddler_make(&m, act_on_itself);
    m.times = 1000;
    struct seal *seal = meddler_backup(&m, NULL);
    assert_true(m.acted >= 2);
    PROBLEMS(&m.g, "a-large");
    assert_int_equal(reports_find(&m.g.reports, "a-large")->error_class, LAGAN_CHANGED);
    struct tree_entry *entry = engine_entry(&m.g, seal, KEY("a-large"));
    assert_non_null(entry);
    engine_content(&m.g, entry, &content);
    assert_int_equal(content.size, entry->bytes);
    assert_true(entry->bytes >= LARGE);
    assert_int_equal(entry->stamp_size, 0);
    assert_true(tree_further_find(entry, TREE_FURTHER_WARNINGS, &value));
    assert_int_equal(reader_u32(&value), TREE_WARNING_CHANGED);
    tree_entry_free(entry);
    meddler_finish(&m, seal);
}

/* A thread that appends as fast as it can. */
struct appender {
    int fd;
    atomic_bool stop;
};

static void *append_for_ever(void *context)
{
    struct appender *a = context;
    static char data[1 << 20];
    off_t end = lseek(a->fd, 0, SEEK_END);
    while (!atomic_load(&a->stop) && end < (INT64_C(3) << 30)) {
        ssize_t done = write(a->fd, data, sizeof(data));
        if (done > 0)
            end += done;
    }
    return NULL;
}

/* A file that grows faster than it is read ends all the same. */
static void change_growing_for_ever(void **state)
{
    struct meddler m;
    struct appender a = {0};
    pthread_t thread;
    (void)state;
    meddler_make(&m, act_on_itself);
    m.times = 0;
    a.fd = open(in(&m, "b-log"), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    assert_true(a.fd >= 0);
    assert_int_equal(write(a.fd, "log", 3), 3);
    atomic_init(&a.stop, false);
    assert_int_equal(pthread_create(&thread, NULL, append_for_ever, &a), 0);
    struct seal *seal = meddler_backup(&m, NULL);
    atomic_store(&a.stop, true);
    pthread_join(thread, NULL);
    close(a.fd);
    struct tree_entry *entry = engine_entry(&m.g, seal, KEY("b-log"));
    assert_non_null(entry);
    tree_entry_free(entry);
    assert_int_equal(unlink(in(&m, "b-log")), 0);
    m.acted = 1;
    meddler_finish(&m, seal);
}

/* Of hard links the first name goes before it is read: the content is that of the others. */
static void make_links(struct meddler *m)
{
    put_bytes(in(m, "h1"), 30, 5000);
    assert_int_equal(link(in(m, "h1"), in(m, "h2")), 0);
    assert_int_equal(link(in(m, "h1"), in(m, "h3")), 0);
    put_bytes(in(m, "l1"), 31, 3 << 20);
    assert_int_equal(link(in(m, "l1"), in(m, "l2")), 0);
    assert_int_equal(link(in(m, "l1"), in(m, "l3")), 0);
    put_bytes(in(m, "r1"), 32, 5000);
    assert_int_equal(link(in(m, "r1"), in(m, "r2")), 0);
    assert_int_equal(link(in(m, "r1"), in(m, "r3")), 0);
}

static void act_on_links(struct meddler *m)
{
    assert_int_equal(unlink(in(m, "h1")), 0);
    assert_int_equal(unlink(in(m, "l1")), 0);
    put_bytes(in(m, "other"), 33, 5000);
    assert_int_equal(rename(in(m, "other"), in(m, "r1")), 0);
}

static void change_of_links(void **state)
{
    static const char *const names[] = {"h2", "h3", "l2", "l3", "r1", "r2", "r3"};
    struct meddler m;
    (void)state;
    meddler_make(&m, act_on_links);
    make_links(&m);
    struct seal *seal = meddler_backup(&m, NULL);
    PROBLEMS(&m.g, "h1", "l1");
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        assert_stored(&m, seal, names[i]);
    meddler_finish(&m, seal);
}

/* Read errors of the source: everything else is saved, the next backup reads them again. */
static void unreadable_parts(void **state)
{
    struct engine g;
    struct origin bad, good;
    struct reader value;
    (void)state;
    engine_make(&g, "tgt_mem", NULL);
    /* e08 is large, e10 is small, d00000002 a directory, e04 and e05 are twins. */
    MEM(&g, &bad, "count=640", "size=64K", "unreadable=d00000000/e08",
        "unreadable=d00000000/e10", "denied=d00000002", "unreadable=d00000001/e04");
    MEM(&g, &good, "count=640", "size=64K");
    struct seal *first = engine_backup(&g, &bad, NULL);
    PROBLEMS(&g, "d00000000/e08", "d00000000/e10", "d00000002", "d00000001/e04");
    assert_int_equal(first->root.entries, 641);
    struct tree_entry *entry = engine_entry(&g, first, KEY("d00000000\0e08"));
    assert_non_null(entry);
    assert_int_equal(entry->bytes, 0);
    assert_true(tree_further_find(entry, TREE_FURTHER_ERROR, &value));
    assert_int_equal(reader_u32(&value), LAGAN_IO);
    assert_non_null(memmem(value.next, value.left, "cannot read at 262144", 21));
    tree_entry_free(entry);
    /* The other name of e04 was not unreadable. */
    entry = engine_entry(&g, first, KEY("d00000001\0e05"));
    assert_non_null(entry);
    assert_false(tree_further_find(entry, TREE_FURTHER_ERROR, &value));
    tree_entry_free(entry);

    struct seal *second = engine_backup(&g, &good, first);
    PROBLEMS(&g, NULL);
    struct seal *fresh = engine_backup(&g, &good, NULL);
    assert_same_root(second, fresh);
    assert_true(second->counters.entries_unchanged >= 635);
    seal_free(first);
    seal_free(second);
    seal_free(fresh);
    origin_close(&bad);
    origin_close(&good);
    engine_drop(&g);
}

/* An earlier version of what cannot be read now is not passed off as the present one. */
static void unreadable_later(void **state)
{
    struct engine g;
    struct origin good, bad;
    struct reader value;
    (void)state;
    engine_make(&g, "tgt_mem", NULL);
    MEM(&g, &good, "count=128", "size=4K");
    MEM(&g, &bad, "count=128", "size=4K", "mutate=118", "unreadable=d00000000/e10");
    struct seal *first = engine_backup(&g, &good, NULL);
    struct seal *second = engine_backup(&g, &bad, first);
    PROBLEMS(&g, "d00000000/e10");
    struct tree_entry *entry = engine_entry(&g, second, KEY("d00000000\0e10"));
    assert_true(tree_further_find(entry, TREE_FURTHER_ERROR, &value));
    assert_int_equal(entry->content.count, 0);
    tree_entry_free(entry);
    seal_free(first);
    seal_free(second);
    origin_close(&good);
    origin_close(&bad);
    engine_drop(&g);
}

/* A file that changes each time, and one that changes once. */
static void changing_small(void **state)
{
    struct engine g;
    struct origin once, always;
    (void)state;
    engine_make(&g, "tgt_mem", NULL);
    MEM(&g, &once, "count=64", "changing=d00000000/e10", "changes=1");
    MEM(&g, &always, "count=64", "changing=d00000000/e10", "changing=d00000000/e04");
    struct seal *first = engine_backup(&g, &once, NULL);
    PROBLEMS(&g, NULL);
    struct seal *second = engine_backup(&g, &always, NULL);
    PROBLEMS(&g, "d00000000/e10", "d00000000/e04", "d00000000/e05");
    /* Read again, also the other name. */
    struct seal *third = engine_backup(&g, &once, second);
    assert_int_equal(third->counters.entries_changed, 4);
    assert_same_root(first, third);
    seal_free(first);
    seal_free(second);
    seal_free(third);
    origin_close(&once);
    origin_close(&always);
    engine_drop(&g);
}

/* A walk that breaks off is no end: no seal. */
static void walk_broken_off(void **state)
{
    struct engine g;
    struct origin o;
    struct seal *seal = NULL;
    struct seal_list list;
    struct error e = ERROR_INIT;
    (void)state;
    engine_make(&g, "tgt_mem", NULL);
    MEM(&g, &o, "count=3000", "cut=2000");
    struct backup_request request = engine_backup_request(&g, &o, NULL);
    assert_int_equal(backup_run(&request, &seal, &e), -1);
    assert_error(e, LAGAN_TRANSIENT, "broken off");
    assert_null(seal);
    assert_success(vault_backups(g.vault.vault, &list, NULL, NULL, &e), e);
    assert_int_equal(list.count, 0);
    seal_list_free(&list);
    origin_close(&o);
    engine_drop(&g);
}

static void backup_as_nobody(void)
{
    struct meddler m;
    meddler_make(&m, act_on_itself);
    m.times = 0;
    put_bytes(in(&m, "closed"), 1, 5000);
    put_bytes(in(&m, "closed-large"), 1, 1 << 20);
    put_directory(in(&m, "dark"));
    put_bytes(in(&m, "dark/inside"), 1, 5000);
    put_directory(in(&m, "sealed"));
    put_bytes(in(&m, "sealed/inside"), 1, 5000);
    chmod(in(&m, "closed"), 0);
    chmod(in(&m, "closed-large"), 0);
    chmod(in(&m, "dark"), 0);
    chmod(in(&m, "sealed"), 0400); /* names can be listed and nothing more */
    let_age();
    struct seal *seal = meddler_backup(&m, NULL);
    PROBLEMS(&m.g, "closed", "closed-large", "dark", "sealed/inside");
    assert_int_equal(reports_find(&m.g.reports, "closed")->error_class, LAGAN_DENIED);
    chmod(in(&m, "closed"), 0600);
    chmod(in(&m, "closed-large"), 0600);
    chmod(in(&m, "dark"), 0700);
    chmod(in(&m, "sealed"), 0700);
    m.acted = 1;
    meddler_finish(&m, seal);
}

static void unreadable_by_rights(void **state)
{
    (void)state;
    as_nobody(backup_as_nobody);
}

/* Files that the kernel makes up have no length and are no problem. */
static void content_without_length(void **state)
{
    struct engine g;
    struct origin o;
    (void)state;
    if (access("/proc/self/status", R_OK) != 0)
        skip();
    engine_make(&g, "tgt_mem", NULL);
    origin_files(&g, &o, LAGAN_OPEN_READ_ONLY, "/proc/self/status");
    struct seal *seal = engine_backup(&g, &o, NULL);
    PROBLEMS(&g, NULL);
    struct tree_entry *entry = engine_entry(&g, seal, KEY("status"));
    assert_non_null(entry);
    assert_true(entry->bytes > 100);
    tree_entry_free(entry);
    seal_free(seal);
    origin_close(&o);
    engine_drop(&g);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(change_of_content),        cmocka_unit_test(change_of_type),
        cmocka_unit_test(change_once_while_read),   cmocka_unit_test(change_removed_while_read),
        cmocka_unit_test(change_always_while_read), cmocka_unit_test(change_growing_for_ever),
        cmocka_unit_test(change_of_links),          cmocka_unit_test(unreadable_parts),
        cmocka_unit_test(unreadable_later),         cmocka_unit_test(changing_small),
        cmocka_unit_test(walk_broken_off),          cmocka_unit_test(unreadable_by_rights),
        cmocka_unit_test(content_without_length),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
