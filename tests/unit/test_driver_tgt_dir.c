/* SPDX-License-Identifier: Apache-2.0 */
/* test_driver_tgt_dir.c - what a directory brings with it: foreign files, links, dead writers,
 * missing mounts, full and read-only file systems. */
#include "driver_fixture.h"
#include "unit.h"

#include <fcntl.h>
#include <openssl/evp.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/fsuid.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

struct fixture {
    struct driver_host *host;
    char *scratch;
    struct instance *instance;
    struct target *target;
};

static struct instance *configure(struct driver_host *host, const char *path,
                                  const char *option)
{
    const char *const words[] = {path, option, NULL};
    return fixture_instance(host, "tgt_dir", words);
}

static struct fixture fixture_open(const char *option)
{
    struct fixture f = {.host = fixture_host("test-drivers"), .scratch = fixture_scratch()};
    struct error e = ERROR_INIT;
    f.instance = configure(f.host, f.scratch, option);
    f.target = target_open(f.instance, LAGAN_OPEN_INITIALISE, &e);
    assert_success(f.target ? 0 : -1, e);
    return f;
}

static void fixture_close(struct fixture *f)
{
    target_close(f->target);
    instance_free(f->instance);
    driver_host_free(f->host);
    fixture_scratch_remove(f->scratch);
}

/* A path in the scratch folder.  Static storage. */
static const char *in(const struct fixture *f, const char *name)
{
    static char path[4200];
    snprintf(path, sizeof path, "%s/%s", f->scratch, name);
    return path;
}

static void put_text(struct target *t, const char *key, const char *text)
{
    struct error e = ERROR_INIT;
    assert_success(target_put(t, key, text, strlen(text), &e), e);
}

static int join_keys(void *context, const char *key, uint64_t bytes, struct error *e)
{
    char *all = context;
    (void)bytes;
    (void)e;
    strcat(strcat(all, key), " ");
    return 0;
}

static void expect_keys(struct target *t, const char *keys)
{
    char all[1000] = "";
    struct error e = ERROR_INIT;
    assert_success(target_list(t, "", join_keys, all, &e), e);
    assert_string_equal(all, keys);
}

static void tgt_dir_stores_plain_private_files(void **state)
{
    struct fixture f = fixture_open(NULL);
    struct stat status;
    (void)state;
    put_text(f.target, "packs/ab/x", "text");
    char *text = fixture_read_text(in(&f, "packs/ab/x"));
    assert_string_equal(text, "text");
    free(text);
    assert_int_equal(stat(in(&f, "packs/ab/x"), &status), 0);
    assert_int_equal(status.st_mode & 07777, 0400);
    assert_int_equal(stat(in(&f, "packs/ab"), &status), 0);
    assert_int_equal(status.st_mode & 07777, 0700);
    fixture_close(&f);
}

static void tgt_dir_hides_what_is_foreign(void **state)
{
    struct fixture f = fixture_open("temporary-files=named");
    struct error e = ERROR_INIT;
    (void)state;
    put_text(f.target, "a/object", "x");
    fixture_write_text(in(&f, "a/README"), "hello", 0600);
    fixture_write_text(in(&f, "a/name with spaces"), "hello", 0600);
    fixture_write_text(in(&f, "@tmp/stray"), "hello", 0600);
    assert_int_equal(mkdir(in(&f, "lost+found"), 0700), 0);
    assert_int_equal(mkfifo(in(&f, "a/fifo"), 0600), 0);
    assert_int_equal(symlink("object", in(&f, "a/link")), 0);
    assert_int_equal(symlink("a", in(&f, "b")), 0);
    struct stage *s = target_stage_begin(f.target, 0, &e);
    assert_success(stage_write(s, "half", 4, &e), e);
    expect_keys(f.target, "a/object ");
    stage_abort(s);
    fixture_close(&f);
}

static void tgt_dir_follows_no_links(void **state)
{
    struct fixture f = fixture_open(NULL);
    struct error e = ERROR_INIT;
    struct buffer out = BUFFER_INIT;
    uint64_t bytes;
    char *elsewhere = fixture_scratch();
    (void)state;
    put_text(f.target, "a/object", "x");
    assert_int_equal(symlink(elsewhere, in(&f, "out")), 0);
    assert_int_equal(symlink("/etc/passwd", in(&f, "a/passwd")), 0);
    assert_int_equal(target_put(f.target, "out/new", "x", 1, &e), -1);
    assert_int_not_equal(e.error_class, LAGAN_EXISTS);
    assert_int_equal(fixture_count_entries(elsewhere), 0);
    /* In the middle of a way as well. */
    assert_int_equal(mkdir(in(&f, "out/deep"), 0700), 0);
    fixture_write_text(in(&f, "out/deep/object"), "foreign", 0600);
    assert_int_equal(target_put(f.target, "out/deep/new", "x", 1, &e), -1);
    assert_int_equal(target_stat(f.target, "out/deep/object", &bytes, &e), -1);
    assert_int_equal(target_remove(f.target, "out/deep/object", &e), -1);
    assert_int_equal(fixture_count_entries(elsewhere), 2);
    assert_int_equal(target_get_all(f.target, "a/passwd", 1 << 20, &out, &e), -1);
    assert_error(e, LAGAN_DENIED, "symbolic link");
    assert_int_equal(target_stat(f.target, "a/passwd", &bytes, &e), -1);
    assert_int_not_equal(e.error_class, LAGAN_NOT_FOUND);
    assert_int_equal(target_put(f.target, "a/passwd", "x", 1, &e), -1);
    assert_error(e, LAGAN_LIMIT, "something that is no object");
    /* Removing takes the link, not what it leads to. */
    assert_success(target_remove(f.target, "a/passwd", &e), e);
    assert_int_equal(access("/etc/passwd", F_OK), 0);
    buffer_free(&out);
    fixture_scratch_remove(elsewhere);
    fixture_close(&f);
}

static void tgt_dir_refuses_a_folder_for_an_object(void **state)
{
    struct fixture f = fixture_open(NULL);
    struct error e = ERROR_INIT;
    (void)state;
    put_text(f.target, "a/b/c", "x");
    assert_int_equal(target_put(f.target, "a/b", "x", 1, &e), -1);
    assert_error(e, LAGAN_LIMIT, "no object");
    assert_int_equal(target_put(f.target, "a/b/c/d", "x", 1, &e), -1);
    assert_int_equal(e.error_class, LAGAN_LIMIT);
    expect_keys(f.target, "a/b/c ");
    fixture_close(&f);
}

static void tgt_dir_compares_checksums(void **state)
{
    struct fixture f = fixture_open(NULL);
    struct error e = ERROR_INIT;
    uint8_t digest[EVP_MAX_MD_SIZE];
    struct lagan_content content;
    (void)state;
    /* An empty object needs no reading. */
    content = (struct lagan_content){0};
    assert_int_equal(EVP_Digest("", 0, digest, NULL, EVP_sha256(), NULL), 1);
    assert_success(target_put_content(f.target, "good", 0, &content, digest, &e), e);
    digest[31] ^= 1;
    assert_int_equal(target_put_content(f.target, "bad", 0, &content, digest, &e), -1);
    assert_error(e, LAGAN_CORRUPT, "checksum");
    expect_keys(f.target, "good ");
    fixture_close(&f);
}

static void tgt_dir_tells_a_missing_mount(void **state)
{
    struct fixture f = fixture_open(NULL);
    struct error e = ERROR_INIT;
    struct instance *i = configure(f.host, in(&f, "not-here"), NULL);
    (void)state;
    assert_null(target_open(i, 0, &e));
    assert_error(e, LAGAN_NOT_FOUND,
                 "does not exist; it may be on a file system that is not mounted");
    assert_int_equal(mkdir(in(&f, "not-here"), 0700), 0);
    assert_null(target_open(i, 0, &e));
    assert_error(e, LAGAN_NOT_FOUND,
                 "was never made a target; its file system may not be mounted");
    /* A copy of a store that lost its marker is one all the same. */
    assert_int_equal(mkdir(in(&f, "not-here/packs"), 0700), 0);
    struct target *t = target_open(i, 0, &e);
    assert_success(t ? 0 : -1, e);
    target_close(t);
    instance_free(i);
    fixture_write_text(in(&f, "plain"), "", 0600);
    i = configure(f.host, in(&f, "plain"), NULL);
    assert_null(target_open(i, LAGAN_OPEN_INITIALISE, &e));
    assert_error(e, LAGAN_INVALID, "is not a directory");
    instance_free(i);
    fixture_close(&f);
}

static void tgt_dir_leaves_no_temporary_files(void **state)
{
    static const char *const options[] = {"temporary-files=auto", "temporary-files=named"};
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct fixture f = fixture_open(options[i]);
        struct error e = ERROR_INIT;
        put_text(f.target, "a/1", "x");
        assert_int_equal(target_put(f.target, "a/1", "y", 1, &e), -1);
        struct stage *s = target_stage_begin(f.target, 0, &e);
        assert_success(stage_write(s, "half", 4, &e), e);
        stage_abort(s);
        target_close(f.target);
        f.target = NULL;
        /* The marker, the folder, the object, and with names the place for them. */
        assert_int_equal(fixture_count_entries(f.scratch), 3 + i);
        fixture_close(&f);
    }
}

/* A writer that is killed in the middle of a put. */
static void leave_debris(const struct fixture *f)
{
    pid_t child = fork();
    int status;
    if (child == 0) {
        struct error e = ERROR_INIT;
        struct target *t = target_open(f->instance, 0, &e);
        struct stage *s = t ? target_stage_begin(t, 0, &e) : NULL;
        if (s && stage_write(s, "half", 4, &e) == 0)
            raise(SIGKILL);
        _exit(1);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status));
}

static void tgt_dir_sweeps_after_the_dead(void **state)
{
    struct fixture f = fixture_open("temporary-files=named");
    struct error e = ERROR_INIT;
    uint64_t removed = 0;
    (void)state;
    leave_debris(&f);
    leave_debris(&f);
    struct target *other = target_open(f.instance, 0, &e);
    struct stage *alive = target_stage_begin(other, 0, &e);
    assert_success(stage_write(alive, "alive", 5, &e), e);
    struct stage *mine = target_stage_begin(f.target, 0, &e);
    assert_success(stage_write(mine, "mine", 4, &e), e);
    assert_success(target_sweep(f.target, 0, &removed, &e), e);
    assert_int_equal(removed, 2);
    assert_success(stage_commit(alive, "alive", &e), e);
    assert_success(stage_commit(mine, "mine", &e), e);
    assert_success(target_sweep(f.target, 0, &removed, &e), e);
    assert_int_equal(removed, 0);
    target_close(other);
    expect_keys(f.target, "alive mine ");
    fixture_close(&f);
}

/* Skips the test unless it may mount.  The mounts are this process's own and go with it. */
static void need_mounts(void)
{
    static bool apart;
    if (!apart &&
        (unshare(CLONE_NEWNS) < 0 || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)) {
        print_message("needs the right to mount\n");
        skip();
    }
    apart = true;
}

/* Mounts a tmpfs of one megabyte at a new folder of the scratch folder. */
static const char *mount_small(const struct fixture *f)
{
    const char *path = in(f, "mount");
    assert_int_equal(mkdir(path, 0700), 0);
    assert_int_equal(mount("none", path, "tmpfs", 0, "size=1m"), 0);
    return path;
}

static void tgt_dir_reports_a_full_disk(void **state)
{
    need_mounts();
    struct fixture f = fixture_open(NULL);
    const char *path = mount_small(&f);
    struct error e = ERROR_INIT;
    static uint8_t megabyte[1 << 20];
    (void)state;
    for (size_t named = 0; named < 2; named++) {
        struct instance *i =
            configure(f.host, path, named ? "temporary-files=named" : "temporary-files=auto");
        struct target *t = target_open(i, LAGAN_OPEN_INITIALISE, &e);
        assert_success(t ? 0 : -1, e);
        assert_int_equal(target_put(t, "packs/full", megabyte, sizeof megabyte, &e), -1);
        assert_error(e, LAGAN_NO_SPACE, "No space left");
        assert_int_equal(e.code, ERROR_NO_SPACE);
        struct stage *s = target_stage_begin(t, 0, &e);
        assert_non_null(s);
        assert_int_equal(stage_write(s, megabyte, sizeof megabyte, &e), -1);
        assert_int_equal(e.error_class, LAGAN_NO_SPACE);
        stage_abort(s);
        expect_keys(t, "");
        /* Nothing was left behind: there is room again. */
        assert_success(target_put(t, "small", megabyte, 500000, &e), e);
        assert_success(target_remove(t, "small", &e), e);
        target_close(t);
        instance_free(i);
    }
    assert_int_equal(umount2(path, MNT_DETACH), 0);
    fixture_close(&f);
}

static void tgt_dir_reports_a_read_only_disk(void **state)
{
    need_mounts();
    struct fixture f = fixture_open(NULL);
    const char *path = mount_small(&f);
    struct instance *i = configure(f.host, path, NULL);
    struct error e = ERROR_INIT;
    struct target *t = target_open(i, LAGAN_OPEN_INITIALISE, &e);
    (void)state;
    assert_success(t ? 0 : -1, e);
    put_text(t, "packs/kept", "x");
    assert_int_equal(mount("none", path, NULL, MS_REMOUNT | MS_RDONLY, NULL), 0);
    assert_int_equal(target_put(t, "packs/new", "x", 1, &e), -1);
    assert_int_equal(e.error_class, LAGAN_IMMUTABLE);
    assert_int_equal(target_remove(t, "packs/kept", &e), -1);
    assert_int_equal(e.error_class, LAGAN_IMMUTABLE);
    expect_keys(t, "packs/kept ");
    target_close(t);
    instance_free(i);
    assert_int_equal(umount2(path, MNT_DETACH), 0);
    fixture_close(&f);
}

/* A listing that cannot be complete must not look so. */
static void tgt_dir_reports_an_unreadable_folder(void **state)
{
    struct fixture f = fixture_open(NULL);
    struct error e = ERROR_INIT;
    char all[100] = "";
    (void)state;
    put_text(f.target, "a/object", "x");
    assert_int_equal(chmod(in(&f, "a"), 0) | chmod(f.scratch, 0755), 0);
    setfsuid(65534); /* root may read any folder */
    int result = target_list(f.target, "", join_keys, all, &e);
    setfsuid(geteuid());
    assert_int_equal(result, -1);
    assert_int_equal(e.error_class, LAGAN_DENIED);
    assert_int_equal(chmod(in(&f, "a"), 0700), 0);
    fixture_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tgt_dir_stores_plain_private_files),
        cmocka_unit_test(tgt_dir_hides_what_is_foreign),
        cmocka_unit_test(tgt_dir_follows_no_links),
        cmocka_unit_test(tgt_dir_refuses_a_folder_for_an_object),
        cmocka_unit_test(tgt_dir_compares_checksums),
        cmocka_unit_test(tgt_dir_tells_a_missing_mount),
        cmocka_unit_test(tgt_dir_leaves_no_temporary_files),
        cmocka_unit_test(tgt_dir_sweeps_after_the_dead),
        cmocka_unit_test(tgt_dir_reports_a_full_disk),
        cmocka_unit_test(tgt_dir_reports_a_read_only_disk),
        cmocka_unit_test(tgt_dir_reports_an_unreadable_folder),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
