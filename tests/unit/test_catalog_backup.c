/* SPDX-License-Identifier: Apache-2.0 */
/* test_catalog_backup.c - backups and tasks. */
#include "base/clock.h"
#include "catalog/catalog_private.h"
#include "catalog_fixture.h"
#include "scratch.h"
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static int collect_backup(void *context, const struct catalog_backup *backup, struct error *e)
{
    (void)e;
    strcat(strcat(context, backup->name), " ");
    return 0;
}

static void backup_round_trip(void **state)
{
    struct catalog *c = open_catalog("s");
    struct catalog_backup made = make_backup(10, 1, 5), found;
    struct error e = ERROR_INIT;

    (void)state;
    add_vault(c, 10, "main");
    made.state = CATALOG_BACKUP_PARTIAL;
    made.bytes = UINT64_MAX;
    snprintf(made.description, sizeof(made.description), "caf\xc3\xa9");
    snprintf(made.parent, sizeof(made.parent), "0123456789abcdef");
    must(catalog_backup_insert(c, &made, &e), &e);
    memset(&found, 0, sizeof(found));
    must(catalog_backup_get(c, made.vault, made.id, &found, &e), &e);
    assert_memory_equal(found.seal_hash, made.seal_hash, CATALOG_HASH_SIZE);
    assert_memory_equal(found.source, made.source, CATALOG_ID_SIZE);
    assert_string_equal(found.seal_name, made.seal_name);
    assert_string_equal(found.source_name, "source1");
    assert_string_equal(found.source_driver, "src_files");
    assert_string_equal(found.host, "host");
    assert_string_equal(found.description, "caf\xc3\xa9");
    assert_string_equal(found.parent, "0123456789abcdef");
    assert_int_equal(found.state, CATALOG_BACKUP_PARTIAL);
    assert_int_equal(found.created_ns, 50);
    assert_int_equal(found.start_ns, 48);
    assert_int_equal(found.end_ns, 49);
    assert_int_equal(found.entries, 5);
    assert_true(found.bytes == UINT64_MAX);
    assert_int_equal(found.bytes_stored, 500);
    must_fail(catalog_backup_insert(c, &made, &e), ERROR_CONFLICT, made.id, &e);
    made.entries = 6;
    must(catalog_backup_upsert(c, &made, &e), &e);
    must(catalog_backup_get(c, made.vault, made.id, &found, &e), &e);
    assert_int_equal(found.entries, 6);
    make_id(99, made.vault);
    must_fail(catalog_backup_insert(c, &made, &e), ERROR_NO_VAULT, made.id, &e);
    must_fail(catalog_backup_get(c, made.vault, made.id, &found, &e), ERROR_NO_BACKUP, "", &e);
    catalog_close(c);
}

static void expect_found(struct catalog *c, const uint8_t *vault, const uint8_t *source,
                         const char *text, const char *name)
{
    struct catalog_backup found;
    struct error e = ERROR_INIT;

    if (catalog_backup_find(c, vault, source, text, &found, &e) != 0)
        fail_msg("%s: %s", text, e.text);
    assert_string_equal(found.name, name);
}

static void backup_find(void **state)
{
    struct catalog *c = open_catalog("s");
    struct catalog_backup found;
    struct error e = ERROR_INIT;
    uint8_t main_vault[CATALOG_ID_SIZE], source[CATALOG_ID_SIZE];
    char text[256] = "", name[NAME_SIZE];

    (void)state;
    fill_catalog(c); /* main (10) has 1 2 4 5 7 8 10 11, other (11) has 3 6 9 12 */
    make_id(10, main_vault);
    make_id(1, source); /* even numbers */
    expect_found(c, NULL, NULL, "latest", "name12");
    expect_found(c, main_vault, NULL, "latest", "name11");
    expect_found(c, main_vault, source, "latest", "name10");
    expect_found(c, main_vault, source, "latest~0", "name10");
    expect_found(c, main_vault, source, "latest~1", "name8");
    expect_found(c, NULL, source, "latest~1", "name10");
    expect_found(c, NULL, NULL, "name4", "name4");
    must_fail(catalog_backup_find(c, main_vault, source, "latest~4", &found, &e),
              ERROR_NO_BACKUP, "'latest~4'", &e);
    static const char *const bad[] = {"latest~", "latest~x", "latest~-1",
                                      "latest2", "nameX",    "latest~99999999999999999999",
                                      "abc",     ""};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        must_fail(catalog_backup_find(c, NULL, NULL, bad[i], &found, &e), ERROR_NO_BACKUP,
                  bad[i], &e);
    struct catalog_backup four = make_backup(10, 1, 4);
    four.id[6] = '\0';
    expect_found(c, NULL, NULL, four.id, "name4");
    expect_found(c, main_vault, NULL, four.id, "name4");
    must_fail(catalog_backup_find(c, source, NULL, four.id, &found, &e), ERROR_NO_BACKUP, "",
              &e);

    must(catalog_backup_list(c, main_vault, source, collect_backup, text, &e), &e);
    assert_string_equal(text, "name2 name4 name8 name10 ");
    text[0] = '\0';
    must(catalog_backup_list(c, NULL, NULL, collect_backup, text, &e), &e);
    assert_string_equal(text, "name1 name2 name3 name4 name5 name6 name7 name8 name9 name10 "
                              "name11 name12 ");

    /* What cannot be restored is not the latest. */
    struct catalog_backup ten = make_backup(10, 1, 10);
    must(catalog_backup_set_state(c, ten.vault, ten.id, CATALOG_BACKUP_DELETING, &e), &e);
    assert_int_equal(catalog_backup_latest(c, main_vault, source, &found, &e), 1);
    assert_string_equal(found.name, "name8");
    must(catalog_backup_set_state(c, ten.vault, ten.id, CATALOG_BACKUP_PARTIAL, &e), &e);
    assert_int_equal(catalog_backup_latest(c, main_vault, source, &found, &e), 1);
    assert_string_equal(found.name, "name10");
    must(catalog_backup_delete(c, ten.vault, ten.id, &e), &e);
    must_fail(catalog_backup_delete(c, ten.vault, ten.id, &e), ERROR_NO_BACKUP, ten.id, &e);
    must_fail(catalog_backup_set_state(c, ten.vault, ten.id, CATALOG_BACKUP_ERROR, &e),
              ERROR_NO_BACKUP, "", &e);
    make_id(77, source);
    assert_int_equal(catalog_backup_latest(c, main_vault, source, &found, &e), 0);
    must(catalog_backup_name(c, main_vault, true, name, &e), &e); /* NAM-07 */
    assert_int_equal(strncmp(name, "autobk_", 7), 0);
    must(catalog_backup_name(c, main_vault, false, name, &e), &e);
    assert_memory_equal(name, "manualbk_", 9);

    /* Backups go with their vault. */
    must(catalog_vault_delete(c, main_vault, &e), &e);
    text[0] = '\0';
    must(catalog_backup_list(c, NULL, NULL, collect_backup, text, &e), &e);
    assert_string_equal(text, "name3 name6 name9 name12 ");
    catalog_close(c);
}

static void backup_ambiguous(void **state)
{
    struct catalog *c = open_catalog("s");
    struct catalog_backup backup = make_backup(10, 1, 1), found;
    struct error e = ERROR_INIT;

    (void)state;
    add_vault(c, 10, "main");
    snprintf(backup.id, sizeof(backup.id), "abcd000000000001");
    must(catalog_backup_insert(c, &backup, &e), &e);
    snprintf(backup.id, sizeof(backup.id), "abcd000000000002");
    must(catalog_backup_insert(c, &backup, &e), &e);
    must_fail(catalog_backup_find(c, NULL, NULL, "abcd", &found, &e), ERROR_AMBIGUOUS, "'abcd'",
              &e);
    must_fail(catalog_backup_find(c, NULL, NULL, "name1", &found, &e), ERROR_AMBIGUOUS, "", &e);
    must(catalog_backup_find(c, NULL, NULL, "ABCD000000000002", &found, &e), &e);
    assert_string_equal(found.id, "abcd000000000002");
    catalog_close(c);
}

/* Tasks */

static int count_task(void *context, const struct catalog_task *task, struct error *e)
{
    (void)e;
    strcat(strcat(context, catalog_task_state_name(task->state)), " ");
    return 0;
}

static void task_life(void **state)
{
    struct catalog *c = open_catalog("s");
    struct catalog_task task = {.type = CATALOG_TASK_RESTORE, .subject = "etc -> main"}, found;
    struct error e = ERROR_INIT, why = ERROR_INIT;
    char text[256] = "";
    uint64_t count;

    (void)state;
    make_id(3, task.vault);
    must(catalog_task_start(c, &task, &e), &e);
    assert_memory_equal(task.id, "t-", 2);
    assert_int_equal(strlen(task.id), CATALOG_TASK_ID_SIZE - 1);
    assert_int_equal(task.state, CATALOG_TASK_STATE_RUNNING);
    task.entries_done = 7;
    task.bytes_done = UINT64_C(1) << 40;
    task.bytes_total = UINT64_C(1) << 41;
    task.problems = 2;
    must(catalog_task_progress(c, &task, &e), &e);
    must(catalog_task_find(c, task.id, &found, &e), &e);
    assert_int_equal(found.type, CATALOG_TASK_RESTORE);
    assert_int_equal(found.entries_done, 7);
    assert_true(found.bytes_total == UINT64_C(1) << 41);
    assert_int_equal(found.problems, 2);
    assert_string_equal(found.subject, "etc -> main");
    assert_int_equal(found.vault[0], 3);
    assert_int_equal(found.source[0], 0);
    assert_int_equal(found.ended_ns, 0);
    int64_t number;
    must(query_single_number(c, "PRAGMA synchronous", &number, &e), &e);
    assert_int_equal(number, 2);

    must(catalog_task_reap(c, &count, &e), &e);
    assert_int_equal(count, 0); /* we live */
    error_set(&why, LAGAN_NO_SPACE, ERROR_NO_SPACE, "the disk is full");
    must(catalog_task_finish(c, &task, CATALOG_TASK_STATE_FAILED, &why, &e), &e);
    must(catalog_task_find(c, task.id + 2, &found, &e), &e);
    assert_int_equal(found.state, CATALOG_TASK_STATE_FAILED);
    assert_int_equal(found.error_class, LAGAN_NO_SPACE);
    assert_int_equal(found.error_code, ERROR_NO_SPACE);
    assert_string_equal(found.error_text, "the disk is full");
    assert_true(found.ended_ns >= found.started_ns);
    must_fail(catalog_task_finish(c, &task, CATALOG_TASK_STATE_SUCCESS, NULL, &e),
              ERROR_CONFLICT, "is not running", &e);
    task.bytes_done = 1;
    must(catalog_task_progress(c, &task, &e), &e); /* too late: nothing changes */
    must(catalog_task_find(c, task.id, &found, &e), &e);
    assert_true(found.bytes_done == UINT64_C(1) << 40);
    must_fail(catalog_task_find(c, "t-", &found, &e), ERROR_FAILED, "'t-'", &e);
    must_fail(catalog_task_find(c, "zzzzzz", &found, &e), ERROR_FAILED, "no task", &e);

    must(catalog_task_start(c, &task, &e), &e);
    must(catalog_task_list(c, 0, -1, 0, count_task, text, &e), &e);
    assert_string_equal(text, "running failed ");
    text[0] = '\0';
    must(catalog_task_list(c, 0, CATALOG_TASK_STATE_FAILED, 0, count_task, text, &e), &e);
    must(catalog_task_list(c, 0, -1, 1, count_task, text, &e), &e);
    must(catalog_task_list(c, clock_wall_ns() + 1000000000, -1, 0, count_task, text, &e), &e);
    assert_string_equal(text, "failed running ");
    must(catalog_task_clear(c, task.id, 0, -1, &count, &e), &e);
    assert_int_equal(count, 0); /* it runs */
    must(catalog_task_clear(c, NULL, found.ended_ns, -1, &count, &e), &e);
    assert_int_equal(count, 0); /* not before */
    must(catalog_task_clear(c, NULL, 0, CATALOG_TASK_STATE_SUCCESS, &count, &e), &e);
    assert_int_equal(count, 0);
    must(catalog_task_clear(c, NULL, 0, CATALOG_TASK_STATE_FAILED, &count, &e), &e);
    assert_int_equal(count, 1);
    catalog_close(c);
}

static void task_words(void **state)
{
    (void)state;
    assert_int_equal(catalog_task_state_parse("cancelled"), CATALOG_TASK_STATE_CANCELLED);
    assert_int_equal(catalog_task_state_parse("nothing"), -1);
    assert_string_equal(catalog_task_type_name(CATALOG_TASK_VAULT_DELETE), "vault_delete");
    assert_int_equal(catalog_vault_type_parse("archive"), CATALOG_TYPE_ARCHIVE);
    assert_int_equal(catalog_vault_type_parse(""), -1);
    assert_int_equal(catalog_encryption_parse("kms"), CATALOG_ENCRYPTION_KMS);
    assert_string_equal(catalog_vault_role_name(CATALOG_ROLE_MIRROR), "mirror");
}

static void backup_commit_is_one_step(void **state)
{
    struct catalog *c = open_catalog("s");
    struct catalog_backup backup = make_backup(10, 1, 1), found;
    struct catalog_task task = {.type = CATALOG_TASK_BACKUP}, late;
    struct error e = ERROR_INIT;

    (void)state;
    add_vault(c, 10, "main");
    must(catalog_task_start(c, &task, &e), &e);
    late = task;
    must(catalog_backup_commit(c, &backup, &task, &e), &e);
    assert_int_equal(task.state, CATALOG_TASK_STATE_SUCCESS);
    assert_string_equal(task.backup, backup.id);
    must(catalog_backup_get(c, backup.vault, backup.id, &found, &e), &e);
    /* The task is over: the backup must not come in either. */
    struct catalog_backup second = make_backup(10, 1, 2);
    must_fail(catalog_backup_commit(c, &second, &late, &e), ERROR_CONFLICT, "not running", &e);
    assert_int_equal(late.state, CATALOG_TASK_STATE_RUNNING);
    must_fail(catalog_backup_get(c, second.vault, second.id, &found, &e), ERROR_NO_BACKUP, "",
              &e);
    /* The vault is not known: the task must not finish either. */
    struct catalog_backup lost = make_backup(11, 1, 3);
    must(catalog_task_start(c, &late, &e), &e);
    must_fail(catalog_backup_commit(c, &lost, &late, &e), ERROR_NO_VAULT, lost.id, &e);
    must(catalog_task_find(c, late.id, &task, &e), &e);
    assert_int_equal(task.state, CATALOG_TASK_STATE_RUNNING);
    /* Somebody has read the backup from the vault before: its maker knows better. */
    must(catalog_backup_insert(c, &second, &e), &e);
    second.state = CATALOG_BACKUP_PARTIAL;
    must(catalog_backup_commit(c, &second, &late, &e), &e);
    must(catalog_task_find(c, late.id, &task, &e), &e);
    assert_int_equal(task.state, CATALOG_TASK_STATE_PARTIAL);
    assert_string_equal(task.backup, second.id);
    must(catalog_backup_get(c, second.vault, second.id, &found, &e), &e);
    assert_int_equal(found.state, CATALOG_BACKUP_PARTIAL);
    catalog_close(c);
}

/* Starts a task in a child that ends at once. */
static void leave_task(void)
{
    pid_t child = fork();
    int status;

    if (child == 0) {
        struct catalog *c = open_catalog("s");
        struct catalog_task task = {.type = CATALOG_TASK_BACKUP};
        struct error e = ERROR_INIT;
        _exit(catalog_task_start(c, &task, &e) == 0 ? 0 : 1);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
}

static void task_of_the_dead(void **state)
{
    struct catalog *c;
    struct catalog_task mine = {.type = CATALOG_TASK_BACKUP};
    struct error e = ERROR_INIT;
    char text[256] = "";
    uint64_t count;

    (void)state;
    leave_task();
    leave_task();
    c = open_catalog("s");
    must(catalog_task_start(c, &mine, &e), &e);
    must(catalog_task_reap(c, &count, &e), &e);
    assert_int_equal(count, 2);
    must(catalog_task_reap(c, &count, &e), &e);
    assert_int_equal(count, 0);
    must(catalog_task_list(c, 0, CATALOG_TASK_STATE_FAILED, 0, count_task, text, &e), &e);
    assert_string_equal(text, "failed failed ");
    /* Another boot, or another process under the same number. */
    must(query_execute(c, "UPDATE tasks SET boot_id = 'x' WHERE state = 'running'", &e), &e);
    must(catalog_task_reap(c, &count, &e), &e);
    assert_int_equal(count, 1);
    must(catalog_task_start(c, &mine, &e), &e);
    must(query_execute(c, "UPDATE tasks SET process_start = 1 WHERE state = 'running'", &e),
         &e);
    must(catalog_task_reap(c, NULL, &e), &e);
    must(catalog_task_find(c, mine.id, &mine, &e), &e);
    assert_int_equal(mine.state, CATALOG_TASK_STATE_FAILED);
    assert_int_equal(mine.error_code, ERROR_INTERRUPTED);
    assert_non_null(strstr(mine.error_text, "interrupted"));
    catalog_close(c);
}

static const struct CMUnitTest tests[] = {
    scratch_test(backup_round_trip), scratch_test(backup_find),
    scratch_test(backup_ambiguous),  scratch_test(task_life),
    cmocka_unit_test(task_words),    scratch_test(backup_commit_is_one_step),
    scratch_test(task_of_the_dead),
};

UNIT_MAIN(tests)
