/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_engine_hooks.c - CON-11, CON-12, CON-13: the order of hooks, what becomes of those that
 * fail, hang or are missing, and a thaw that always runs.
 */
#include "base/clock.h"
#include "base/log.h"
#include "engine/hooks.h"
#include "scratch.h"
#include "unit.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define MS_NS INT64_C(1000000)
#define SECOND_NS INT64_C(1000000000)

static const struct hook_facts facts = {
    .source = "shop", .vault = "main", .policy = "nightly", .path = "/srv/shop"};

/* Commands that write their event and a letter for the level to the file `log`. */
struct level {
    struct hook_set set;
    char lines[HOOK_COUNT][300];
};

static void note_all(struct level *level, char letter)
{
    *level = (struct level){.set = {.timeout_ns = 5 * SECOND_NS}};
    for (size_t i = 0; i < HOOK_COUNT; i++) {
        snprintf(level->lines[i], sizeof(level->lines[i]), "echo $LAGAN_EVENT %c >>%s", letter,
                 scratch_path("log"));
        level->set.commands[i] = level->lines[i];
    }
}

/* The same, and then something else. */
static void note_and(struct level *level, enum hook hook, const char *then)
{
    size_t used = strlen(level->lines[hook]);
    snprintf(level->lines[hook] + used, sizeof(level->lines[hook]) - used, "; %s", then);
}

/* Fails the test unless the log holds these lines; and empties it. */
static void assert_log(const char *wanted)
{
    char *text =
        access(scratch_path("log"), F_OK) == 0 ? scratch_read("log", NULL) : strdup("");
    assert_string_equal(text, wanted);
    free(text);
    unlink(scratch_path("log"));
}

static struct hooks *make(const struct level *levels, size_t count)
{
    static struct hook_set sets[4];
    struct error e = ERROR_INIT;
    for (size_t i = 0; i < count; i++)
        sets[i] = levels[i].set;
    struct hooks *h = hooks_new(sets, count, &e);
    assert_non_null(h);
    return h;
}

static bool begin(struct hooks *h, struct error *why)
{
    struct error e = ERROR_INIT;
    bool frozen = false;
    *why = ERROR_INIT;
    if (hooks_begin(h, &facts, &frozen, why, &e) != 0)
        fail_msg("%s", e.text);
    return frozen;
}

static void thaw(struct hooks *h)
{
    struct error e = ERROR_INIT;
    if (hooks_thaw(h, &facts, &e) != 0)
        fail_msg("%s", e.text);
}

static void end(struct hooks *h, const struct hook_facts *told)
{
    struct error e = ERROR_INIT;
    if (hooks_end(h, told, &e) != 0)
        fail_msg("%s", e.text);
    hooks_free(h);
    /* No guardian is left behind. */
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
    assert_int_equal(errno, ECHILD);
}

/* The policy stands around the source. */
static void hooks_order(void **state)
{
    struct level levels[2];
    struct error why;
    (void)state;
    note_all(&levels[0], 'p');
    note_all(&levels[1], 's');
    struct hooks *h = make(levels, 2);
    assert_true(begin(h, &why));
    assert_log("before p\nbefore s\nfreeze p\nfreeze s\n");
    thaw(h);
    assert_log("thaw s\nthaw p\n");
    assert_int_equal(hooks_reached(h), POLICY_CONSISTENCY_APP);
    end(h, &facts);
    assert_log("after-backup s\nafter-backup p\nfinally s\nfinally p\n");
}

static void hooks_after_a_failure(void **state)
{
    struct level levels[2];
    struct error why;
    struct hook_facts told = facts;
    (void)state;
    note_all(&levels[0], 'p');
    note_all(&levels[1], 's');
    struct hooks *h = make(levels, 2);
    assert_true(begin(h, &why));
    assert_log("before p\nbefore s\nfreeze p\nfreeze s\n");
    told.error = "no space";
    end(h, &told); /* without a thaw before */
    assert_log("thaw s\nthaw p\nfailed s\nfailed p\nfinally s\nfinally p\n");
}

/* What ends a backup: a before that fails, hangs or is missing.  Nothing was frozen. */
static void hooks_before_ends_it(void **state)
{
    static const struct {
        const char *then;
        enum error_code code;
        const char *words;
    } cases[] = {
        {"echo not mounted; exit 4", ERROR_HOOK_FAILED, "ended with status 4: not mounted"},
        {"sleep 60", ERROR_HOOK_TIMEOUT, "did not end within 1.0s"},
        {"/no/such/command", ERROR_HOOK_FAILED, "was not found by the shell"},
    };
    struct level levels[2];
    struct error why, e;
    bool frozen;
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        note_all(&levels[0], 'p');
        note_all(&levels[1], 's');
        levels[1].set.timeout_ns = SECOND_NS;
        note_and(&levels[1], HOOK_BEFORE, cases[i].then);
        struct hooks *h = make(levels, 2);
        e = why = ERROR_INIT;
        assert_int_equal(hooks_begin(h, &facts, &frozen, &why, &e), -1);
        assert_int_equal(e.code, cases[i].code);
        if (!strstr(e.text, cases[i].words))
            fail_msg("no '%s' in: %s", cases[i].words, e.text);
        struct hook_facts told = facts;
        told.error = e.text;
        end(h, &told);
        assert_log("before p\nbefore s\nfailed s\nfailed p\nfinally s\nfinally p\n");
    }
}

/* CON-13: what fails to freeze is thawed at once, the others go on, and the backup does, too.
 */
static void con13_freeze_fails(void **state)
{
    static const struct {
        const char *then;
        enum error_code code;
        const char *words;
    } cases[] = {
        {"exit 7", ERROR_HOOK_FAILED, "the hook freeze (echo $LAGAN_EVENT"},
        {"sleep 60", ERROR_HOOK_TIMEOUT, "did not end within 1.0s"},
        {"/no/such/command", ERROR_HOOK_FAILED, "was not found by the shell"},
    };
    struct level levels[2];
    struct error why;
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        note_all(&levels[0], 'p');
        note_all(&levels[1], 's');
        levels[0].set.timeout_ns = SECOND_NS;
        note_and(&levels[0], HOOK_FREEZE, cases[i].then);
        note_and(&levels[1], HOOK_FREEZE, "echo LAGAN_PATH=/mnt/snap");
        struct hooks *h = make(levels, 2);
        assert_false(begin(h, &why));
        assert_int_equal(why.code, cases[i].code);
        if (!strstr(why.text, cases[i].words))
            fail_msg("no '%s' in: %s", cases[i].words, why.text);
        assert_log("before p\nbefore s\nfreeze p\nthaw p\nfreeze s\n");
        thaw(h);
        assert_log("thaw s\n");
        /* The snapshot of the source stands. */
        assert_string_equal(hooks_path(h), "/mnt/snap");
        assert_int_equal(hooks_reached(h), POLICY_CONSISTENCY_CRASH);
        end(h, &facts);
        assert_log("after-backup s\nafter-backup p\nfinally s\nfinally p\n");
    }
}

/* CON-11: what is reached follows from what the commands say. */
static void con11_levels(void **state)
{
    static const struct {
        const char *before, *outer, *inner; /* NULL = no freeze */
        enum policy_consistency reached;
        const char *path;
    } cases[] = {
        {":", NULL, NULL, POLICY_CONSISTENCY_NONE, NULL},
        {"echo LAGAN_PATH=/mnt/a", NULL, NULL, POLICY_CONSISTENCY_CRASH, "/mnt/a"},
        {":", NULL, ":", POLICY_CONSISTENCY_APP, NULL},
        {":", NULL, "echo LAGAN_PATH=/mnt/b; echo LAGAN_CONSISTENCY=crash",
         POLICY_CONSISTENCY_CRASH, "/mnt/b"},
        {":", ":", "echo LAGAN_PATH=/mnt/c; echo LAGAN_CONSISTENCY=crash",
         POLICY_CONSISTENCY_APP, "/mnt/c"},
        {":", "false", "true", POLICY_CONSISTENCY_NONE, NULL},
    };
    struct error why;
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct level levels[2] = {{.set.commands[HOOK_BEFORE] = cases[i].before,
                                   .set.commands[HOOK_FREEZE] = cases[i].outer},
                                  {.set.commands[HOOK_FREEZE] = cases[i].inner}};
        struct hooks *h = make(levels, 2);
        begin(h, &why);
        thaw(h);
        if (hooks_reached(h) != cases[i].reached)
            fail_msg("case %zu: %s", i, policy_consistency_name(hooks_reached(h)));
        if (cases[i].path)
            assert_string_equal(hooks_path(h), cases[i].path);
        else
            assert_null(hooks_path(h));
        end(h, &facts);
    }
}

static void hooks_refuse_a_path_from_nowhere(void **state)
{
    struct level level = {.set.commands[HOOK_BEFORE] = "echo LAGAN_PATH=snap"};
    struct error why = ERROR_INIT, e = ERROR_INIT;
    struct hooks *h = make(&level, 1);
    bool frozen;
    (void)state;
    assert_int_equal(hooks_begin(h, &facts, &frozen, &why, &e), -1);
    assert_int_equal(e.code, ERROR_HOOK_FAILED);
    assert_non_null(strstr(e.text, "LAGAN_PATH=snap, which is no path from the root"));
    hooks_free(h);
}

/* Failures that come too late to matter are told, and hinder none of the others. */
static void hooks_late_failures(void **state)
{
    struct level level;
    struct error why, e = ERROR_INIT;
    (void)state;
    note_all(&level, 's');
    level.set.timeout_ns = SECOND_NS;
    note_and(&level, HOOK_THAW, "exit 5");
    note_and(&level, HOOK_AFTER, "sleep 60");
    note_and(&level, HOOK_FINALLY, "exit 6");
    struct hooks *h = make(&level, 1);
    assert_true(begin(h, &why));
    assert_int_equal(hooks_end(h, &facts, &e), -1);
    assert_non_null(strstr(e.text, "the hook thaw ("));
    assert_non_null(strstr(e.text, "ended with status 5"));
    hooks_free(h);
    assert_log("before s\nfreeze s\nthaw s\nafter-backup s\nfinally s\n");
}

/* They are told the facts, and nothing else. */
static void hooks_facts(void **state)
{
    struct level level = {.set.timeout_ns = 5 * SECOND_NS};
    char line[300];
    struct error why;
    struct hook_facts told = facts;
    (void)state;
    assert_int_equal(setenv("LAGAN_TEST_SECRET", "open sesame", 1), 0);
    snprintf(line, sizeof(line), "env | grep -e LAGAN -e SECRET | sort >%s",
             scratch_path("env"));
    level.set.commands[HOOK_BEFORE] = "echo LAGAN_PATH=/mnt/snap";
    level.set.commands[HOOK_FINALLY] = line;
    struct hooks *h = make(&level, 1);
    begin(h, &why);
    told.backup = "0123456789abcdef";
    told.status = "success";
    end(h, &told);
    char *text = scratch_read("env", NULL);
    assert_string_equal(text, "LAGAN_BACKUP=0123456789abcdef\nLAGAN_ERROR=\n"
                              "LAGAN_EVENT=finally\nLAGAN_PATH=/srv/shop\n"
                              "LAGAN_POLICY=nightly\nLAGAN_SNAPSHOT=/mnt/snap\n"
                              "LAGAN_SOURCE=shop\nLAGAN_STATUS=success\nLAGAN_VAULT=main\n");
    free(text);
}

static unsigned logged;

static void count_line(void *context, enum log_level level, const char *line)
{
    (void)context;
    (void)level;
    (void)line;
    logged++;
}

/* A chatty command fills neither the log nor the memory. */
static void hooks_bound_the_log(void **state)
{
    struct level level = {.set.commands[HOOK_BEFORE] = "yes 'a line' | head -n 200000",
                          .set.timeout_ns = 20 * SECOND_NS};
    struct error why;
    (void)state;
    log_set_sink(count_line, NULL);
    log_set_level(LOG_INFO);
    logged = 0;
    struct hooks *h = make(&level, 1);
    begin(h, &why);
    log_set_sink(NULL, NULL);
    log_set_level(LOG_WARNING);
    assert_in_range(logged, 100, 110);
    end(h, &facts);
}

/* How a process that holds something frozen may end. */
static const struct death {
    const char *name;
    int signal;
    bool group;
} deaths[] = {
    {"kill -9", SIGKILL, false},          {"kill -9 of the group", SIGKILL, true},
    {"TERM to the group", SIGTERM, true}, {"INT to the group", SIGINT, true},
    {"HUP to the group", SIGHUP, true},
};

static void wait_for(const char *name)
{
    for (int i = 0; i < 1000 && access(scratch_path(name), F_OK) != 0; i++)
        usleep(10000);
    assert_int_equal(access(scratch_path(name), F_OK), 0);
}

/* In a process of its own: freezes, says so, and dies. */
static void freeze_and_die(const struct level *level, const struct death *death)
{
    struct error why;
    setpgid(0, 0);
    signal(death->signal, SIG_DFL);
    struct hooks *h = make(level, 1);
    begin(h, &why);
    kill(death->group ? 0 : getpid(), death->signal);
    pause();
    hooks_free(h);
}

/* CON-12: thaw runs, and runs once, whatever happens to who has frozen. */
static void con12_thaw_after_death(void **state)
{
    struct level level;
    (void)state;
    for (size_t i = 0; i < sizeof(deaths) / sizeof(deaths[0]); i++) {
        note_all(&level, 's');
        note_and(&level, HOOK_THAW, "echo thawed >>");
        snprintf(level.lines[HOOK_THAW] + strlen(level.lines[HOOK_THAW]), 150, "%s",
                 scratch_path("thawed"));
        pid_t child = fork();
        if (child == 0) {
            freeze_and_die(&level, &deaths[i]);
            _exit(0);
        }
        int status = 0;
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_true(WIFSIGNALED(status) && WTERMSIG(status) == deaths[i].signal);
        wait_for("thawed");
        usleep(100000); /* a second one would come now */
        assert_log("before s\nfreeze s\nthaw s\n");
        unlink(scratch_path("thawed"));
    }
}

/* CON-12: a freeze that is still at work when its parent dies ends before the thaw begins: it
 * would freeze behind it. */
static void con12_no_freeze_behind_the_thaw(void **state)
{
    struct level level;
    (void)state;
    note_all(&level, 's');
    snprintf(level.lines[HOOK_FREEZE], sizeof(level.lines[0]),
             "touch %s; sleep 1; echo frozen >>%s", scratch_path("started"),
             scratch_path("log"));
    note_and(&level, HOOK_THAW, "echo thawed >>");
    snprintf(level.lines[HOOK_THAW] + strlen(level.lines[HOOK_THAW]), 150, "%s",
             scratch_path("thawed"));
    pid_t child = fork();
    if (child == 0) {
        struct error why;
        begin(make(&level, 1), &why);
        _exit(0);
    }
    wait_for("started");
    assert_int_equal(kill(child, SIGKILL), 0);
    assert_int_equal(waitpid(child, NULL, 0), child);
    wait_for("thawed");
    usleep(1200000);
    assert_log("before s\nthaw s\n");
}

/* CON-12: nothing stays frozen for longer than it may, also while this process lives on. */
static void con12_thaw_after_the_time(void **state)
{
    struct level level;
    struct error why, e = ERROR_INIT;
    (void)state;
    note_all(&level, 's');
    level.set.timeout_ns = SECOND_NS;
    note_and(&level, HOOK_THAW, "echo thawed >>");
    snprintf(level.lines[HOOK_THAW] + strlen(level.lines[HOOK_THAW]), 150, "%s",
             scratch_path("thawed"));
    struct hooks *h = make(&level, 1);
    int64_t start = clock_boot_ns();
    assert_true(begin(h, &why));
    wait_for("thawed");
    assert_in_range(clock_boot_ns() - start, 900 * MS_NS, 5000 * MS_NS);
    assert_int_equal(hooks_thaw(h, &facts, &e), -1);
    assert_int_equal(e.code, ERROR_HOOK_TIMEOUT);
    assert_non_null(strstr(e.text, "was frozen for longer than 1.0s and was thawed"));
    assert_int_equal(hooks_reached(h), POLICY_CONSISTENCY_NONE);
    end(h, &facts);
    assert_log("before s\nfreeze s\nthaw s\nafter-backup s\nfinally s\n");
}

/* Who is forgotten is thawed all the same. */
static void con12_thaw_when_freed(void **state)
{
    struct level level;
    struct error why;
    (void)state;
    note_all(&level, 's');
    struct hooks *h = make(&level, 1);
    assert_true(begin(h, &why));
    hooks_free(h);
    assert_log("before s\nfreeze s\nthaw s\n");
}

static void hook_settings(void **state)
{
    struct catalog_pairs pairs = {0};
    struct hook_set set;
    enum policy_consistency wanted;
    struct error e = ERROR_INIT;
    (void)state;
    assert_int_equal(catalog_pairs_add(&pairs, "before", "true", &e), 0);
    assert_int_equal(catalog_pairs_add(&pairs, "after-backup", "false", &e), 0);
    assert_int_equal(catalog_pairs_add(&pairs, "consistency", "app", &e), 0);
    assert_int_equal(catalog_pairs_add(&pairs, "hook-timeout", "90s", &e), 0);
    assert_int_equal(hook_set_read(&pairs, &set, &e), 0);
    assert_string_equal(set.commands[HOOK_BEFORE], "true");
    assert_string_equal(set.commands[HOOK_AFTER], "false");
    assert_null(set.commands[HOOK_FREEZE]);
    assert_int_equal(set.timeout_ns, 90 * SECOND_NS);
    assert_int_equal(hook_consistency_read(&pairs, &wanted, &e), 0);
    assert_int_equal(wanted, POLICY_CONSISTENCY_APP);
    catalog_pairs_clear(&pairs);
    assert_int_equal(catalog_pairs_add(&pairs, "hook-timeout", "soon", &e), 0);
    assert_int_equal(catalog_pairs_add(&pairs, "consistency", "full", &e), 0);
    assert_int_equal(hook_set_read(&pairs, &set, &e), -1);
    assert_int_equal(e.code, ERROR_POLICY_SETTING);
    assert_int_equal(hook_consistency_read(&pairs, &wanted, &e), -1);
    assert_non_null(strstr(e.text, "none, crash or app"));
    catalog_pairs_clear(&pairs);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        scratch_test(hooks_order),
        scratch_test(hooks_after_a_failure),
        scratch_test(hooks_before_ends_it),
        scratch_test(con13_freeze_fails),
        scratch_test(con11_levels),
        scratch_test(hooks_refuse_a_path_from_nowhere),
        scratch_test(hooks_late_failures),
        scratch_test(hooks_facts),
        scratch_test(hooks_bound_the_log),
        scratch_test(con12_thaw_after_death),
        scratch_test(con12_no_freeze_behind_the_thaw),
        scratch_test(con12_thaw_after_the_time),
        scratch_test(con12_thaw_when_freed),
        scratch_test(hook_settings),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
