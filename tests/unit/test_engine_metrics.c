/* SPDX-License-Identifier: Apache-2.0 */
/* test_engine_metrics.c - the metrics: their form, checked by a strict reader, what they say of
 * a catalog that has something of each kind, what they cost; the summary. */
#include "catalog/figures.h"
#include "catalog/policy.h"
#include "catalog/run.h"
#include "catalog/usage.h"
#include "catalog_fixture.h"
#include "scratch.h"
#include "tell_fixture.h"
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#define SECOND INT64_C(1000000000)
#define REGION "region east { target tgt_dir { path = /e } }\n"

/* The strict reader */

static bool is_name_byte(char c, bool first)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == ':' ||
           (!first && c >= '0' && c <= '9');
}

static size_t name_length(const char *text)
{
    size_t size = 0;

    while (is_name_byte(text[size], size == 0))
        size++;
    return size;
}

/* {name="value",...}: its length, or 0. */
static size_t labels_length(const char *text)
{
    const char *at = text + 1;

    for (;;) {
        size_t size = name_length(at);
        if (size == 0 || at[size] != '=' || at[size + 1] != '"')
            return 0;
        for (at += size + 2; *at != '"'; at++) {
            if (*at == '\0' || *at == '\n')
                return 0;
            if (*at == '\\' && strchr("\\\"n", *++at) == NULL)
                return 0;
        }
        at++;
        if (*at == '}')
            return (size_t)(at + 1 - text);
        if (*at++ != ',')
            return 0;
    }
}

struct reading {
    char families[200][80];
    size_t count;
    char series[4000][300];
    size_t series_count;
    bool typed;
};

static void read_comment(struct reading *r, const char *line)
{
    bool help = strncmp(line, "# HELP ", 7) == 0;
    char name[80] = "";

    assert_true(help || strncmp(line, "# TYPE ", 7) == 0);
    size_t size = name_length(line + 7);
    assert_in_range(size, 1, sizeof(name) - 1);
    assert_int_equal(strncmp(line + 7, "lagan_", 6), 0);
    memcpy(name, line + 7, size);
    assert_int_equal(line[7 + size], ' ');
    if (help) {
        /* A family stands in one place, and is explained. */
        for (size_t i = 0; i < r->count; i++)
            assert_string_not_equal(r->families[i], name);
        assert_true(strlen(line + 8 + size) > 5 && strchr(line, '\\') == NULL);
        memcpy(r->families[r->count++], name, sizeof(name));
        r->typed = false;
        return;
    }
    assert_string_equal(r->families[r->count - 1], name);
    assert_true(!r->typed && (strcmp(line + 8 + size, "gauge") == 0 ||
                              strcmp(line + 8 + size, "counter") == 0));
    assert_int_equal(strcmp(line + 8 + size, "counter") == 0,
                     size > 6 && strcmp(name + size - 6, "_total") == 0);
    r->typed = true;
}

static void read_sample(struct reading *r, const char *line)
{
    size_t size = name_length(line);
    const char *family = r->families[r->count - 1];
    char *end = NULL;

    assert_true(r->typed && strlen(family) == size && strncmp(family, line, size) == 0);
    if (line[size] == '{') {
        size_t length = labels_length(line + size);
        if (length == 0)
            fail_msg("%s", line);
        size += length;
    }
    assert_in_range(size, 1, sizeof(r->series[0]) - 1);
    memcpy(r->series[r->series_count], line, size);
    for (size_t i = 0; i < r->series_count; i++)
        if (strcmp(r->series[i], r->series[r->series_count]) == 0)
            fail_msg("twice: %s", line);
    r->series_count++;
    assert_int_equal(line[size], ' ');
    assert_true(line[size + 1] >= '0' && line[size + 1] <= '9');
    strtod(line + size + 1, &end);
    assert_int_equal(*end, '\0');
    assert_null(strpbrk(line + size + 1, ",eEnN"));
}

static void read_strictly(const char *text)
{
    struct reading *r = calloc(1, sizeof(*r));

    assert_non_null(r);
    while (*text != '\0') {
        const char *end = strchr(text, '\n');
        char line[1200];
        assert_non_null(end);
        assert_in_range(end - text, 1, sizeof(line) - 1);
        memcpy(line, text, (size_t)(end - text));
        line[end - text] = '\0';
        if (line[0] == '#')
            read_comment(r, line);
        else
            read_sample(r, line);
        text = end + 1;
    }
    assert_true(r->count > 2);
    free(r);
}

static char *metrics_of(struct setup *s)
{
    struct buffer out = BUFFER_INIT;
    struct error e = ERROR_INIT;

    must(tell_metrics(s, &out, &e), &e);
    buffer_append_u8(&out, 0);
    assert_false(out.failed);
    return (char *)out.data;
}

static void expect_line(const char *text, const char *line)
{
    char wanted[600];

    snprintf(wanted, sizeof(wanted), "\n%s\n", line);
    if (strstr(text, wanted) == NULL)
        fail_msg("no '%s' in\n%s", line, text);
}

/* An empty catalog */

static void metrics_empty(void **state)
{
    struct setup *s = tell_open("%s", REGION);
    char *text = metrics_of(s);

    (void)state;
    read_strictly(text);
    expect_line(text, "lagan_figures_timestamp_seconds 1800000000.000");
    expect_line(text, "lagan_clock_doubtful 0");
    assert_non_null(strstr(text, "lagan_build_info{version=\""));
    free(text);
    setup_close(s);
}

/* Something of each kind */

static void add_rows(struct catalog *c)
{
    int64_t now = tell_now_ns();
    struct catalog_backup backup = make_backup(1, 1, 5);
    struct error e = ERROR_INIT;

    add_vault(c, 2, "odd \"\\\n{}=,");
    add_source(c, 1, "etc");
    add_source(c, 2, "home");
    backup.created_ns = now - 3600 * SECOND;
    backup.start_ns = backup.created_ns - 90 * SECOND;
    backup.end_ns = backup.created_ns - SECOND / 2;
    backup.state = CATALOG_BACKUP_PARTIAL;
    must(catalog_backup_insert(c, &backup, &e), &e);
    backup = make_backup(1, 1, 6);
    backup.created_ns = now - 10 * SECOND;
    backup.state = CATALOG_BACKUP_ERROR;
    must(catalog_backup_insert(c, &backup, &e), &e);
    struct catalog_source *home = catalog_source_find(c, "home", &e);
    assert_non_null(home);
    make_id(1, home->vault);
    must(catalog_source_update(c, home, &e), &e);
    catalog_source_free(home);
}

static void add_state(struct catalog *c)
{
    int64_t now = tell_now_ns();
    uint8_t id[CATALOG_ID_SIZE];
    struct catalog_verified read = {.bytes = 550, .at_ns = now - 86400 * SECOND, .whole = true};
    struct catalog_verified old = {.bytes = 50, .at_ns = now - 40 * 86400 * SECOND};
    struct catalog_drill drill = {.state = "success", .ended_ns = now - 7 * SECOND};
    struct catalog_expiry_brake brake = {.braked_ns = now, .reason = "too many"};
    struct error e = ERROR_INIT;

    make_id(1, id);
    memset(read.object, 1, sizeof(read.object));
    memset(old.object, 2, sizeof(old.object));
    must(catalog_verified_set(c, id, &read, &e), &e);
    must(catalog_verified_set(c, id, &old, &e), &e);
    memcpy(drill.vault, id, sizeof(id));
    must(catalog_drill_insert(c, &drill, &e), &e);
    must(catalog_expiry_brake_set(c, id, &brake, &e), &e);
    must(catalog_usage_add(c, CATALOG_USAGE_REPLICATED, id, "east>west", 1234, now, &e), &e);
    struct catalog_vault *main_vault = catalog_vault_get(c, id, &e);
    assert_non_null(main_vault);
    main_vault->quota_bytes = 2200;
    must(catalog_vault_update(c, main_vault, &e), &e);
    catalog_vault_free(main_vault);
}

static const char *const wanted[] = {
    /* when the newest whole or partial backup was made; the failed one is none */
    "lagan_source_last_success_timestamp_seconds{vault=\"main\",region=\"east\",role="
    "\"normal\","
    "source=\"etc\"} 1799996400.000",
    "lagan_source_last_duration_seconds{vault=\"main\",region=\"east\",role=\"normal\","
    "source=\"etc\"} 89.500",
    "lagan_source_last_partial{vault=\"main\",region=\"east\",role=\"normal\",source=\"etc\"} "
    "1",
    "lagan_source_last_bytes{vault=\"main\",region=\"east\",role=\"normal\",source=\"etc\"} "
    "5000",
    /* bound, and never backed up: there to be alarmed of */
    "lagan_source_last_success_timestamp_seconds{vault=\"main\",region=\"east\",role="
    "\"normal\","
    "source=\"home\"} 0.000",
    /* MET-06, MET-07: size, used, share of the quota, per-source size and count */
    "lagan_vault_stored_bytes{vault=\"main\",region=\"east\",role=\"normal\"} 1100",
    "lagan_vault_used_ratio{vault=\"main\",region=\"east\",role=\"normal\"} 0.500000",
    "lagan_vault_backups{vault=\"main\",region=\"east\",role=\"normal\"} 1",
    "lagan_vault_failed_backups{vault=\"main\",region=\"east\",role=\"normal\"} 1",
    "lagan_verify_coverage_ratio{vault=\"main\",region=\"east\",role=\"normal\"} 0.500000",
    "lagan_verify_oldest_timestamp_seconds{vault=\"main\",region=\"east\",role=\"normal\"} "
    "1796544000.000",
    "lagan_verify_damaged_objects{vault=\"main\",region=\"east\",role=\"normal\"} 1",
    "lagan_expiry_braked{vault=\"main\",region=\"east\",role=\"normal\"} 1",
    "lagan_drill_last_success_timestamp_seconds{vault=\"main\",region=\"east\","
    "role=\"normal\"} 1799999993.000",
    /* MET-05: what travelled, by the pair of regions */
    "lagan_sent_bytes_total{kind=\"replicated\",vault=\"main\",region=\"east\","
    "route=\"east>west\"} 1234",
    /* a name is a label whatever it is made of */
    "lagan_vault_backups{vault=\"odd \\\"\\\\\\n{}=,\",region=\"east\",role=\"normal\"} 0",
    "lagan_verify_coverage_ratio{vault=\"odd "
    "\\\"\\\\\\n{}=,\",region=\"east\",role=\"normal\"} "
    "1.000000",
    /* MET-13: the lag, its limit and whether it holds
     * the mirror was made before the backups: all of these are behind */
    "lagan_mirror_lag_backups{vault=\"[COPY]-9\",region=\"west\",source=\"main\"} 1",
    "lagan_mirror_rpo_holds{vault=\"[COPY]-9\",region=\"west\",source=\"main\"} 0",
    "lagan_mirror_rpo_seconds{vault=\"[COPY]-9\",region=\"west\",source=\"main\"} 1.000",
    "lagan_mirror_lag_seconds{vault=\"[COPY]-9\",region=\"west\",source=\"main\"} 60.000",
    "lagan_notices_waiting{way=\"a\"} 1",
    "lagan_notices_oldest_seconds{way=\"a\"} 60.000",
};

static void set_limit(struct catalog *c)
{
    struct catalog_mirror mirror;
    uint8_t id[CATALOG_ID_SIZE];
    struct error e = ERROR_INIT;

    make_id(9, id);
    must(catalog_mirror_get(c, id, &mirror, &e), &e);
    mirror.rpo_ns = SECOND;
    must(catalog_mirror_update(c, &mirror, &e), &e);
}

static void expect_all(const char *text, const char *const *lines, size_t count)
{
    for (size_t i = 0; i < count; i++)
        expect_line(text, lines[i]);
}

static void metrics_values(void **state)
{
    struct setup *s = tell_open(REGION "notify a { command = false }\n");
    struct catalog *c = setup_catalog(s);

    (void)state;
    add_vault(c, 1, "main");
    add_mirror(c, 9, 1);
    set_limit(c);
    add_rows(c);
    add_state(c);
    tell_one_notice(s, TELL_BACKUP_FAILED, "x", NULL);
    tell_wait(60);
    char *text = metrics_of(s);
    read_strictly(text);
    expect_all(text, wanted, sizeof(wanted) / sizeof(wanted[0]));
    free(text);
    /* A day that nobody counted: the clock is in doubt. */
    tell_wait(86400);
    text = metrics_of(s);
    expect_line(text, "lagan_clock_doubtful 1");
    free(text);
    setup_close(s);
}

static const char *const wanted_of_policies[] = {
    "lagan_policy_enabled{policy=\"nightly\",kind=\"backup\"} 1",
    "lagan_policy_last_run{policy=\"nightly\",kind=\"backup\",state=\"skipped\"} 1",
    "lagan_policy_last_slot_timestamp_seconds{policy=\"nightly\",kind=\"backup\"} "
    "1799999900.000",
    "lagan_policy_last_success_timestamp_seconds{policy=\"nightly\",kind=\"backup\"} 0.000",
    "lagan_policy_open_runs{policy=\"nightly\",kind=\"backup\"} 1",
    "lagan_jobs{operation=\"backup\",state=\"waiting\"} 1",
    "lagan_jobs_overdue_seconds{operation=\"backup\",state=\"waiting\"} 30.000",
    "lagan_upkeep_last_success_timestamp_seconds{operation=\"prune\",vault=\"main\","
    "region=\"east\"} 0.000",
};

static void metrics_of_policies(void **state)
{
    struct setup *s = tell_open("%s", REGION);
    struct catalog *c = setup_catalog(s);
    struct error e = ERROR_INIT;
    struct catalog_policy *policy = catalog_policy_new(&e);
    int64_t now = tell_now_ns();

    (void)state;
    assert_non_null(policy);
    add_vault(c, 1, "main");
    add_source(c, 1, "etc");
    snprintf(policy->name, sizeof(policy->name), "nightly");
    policy->kind = CATALOG_POLICY_BACKUP;
    policy->enabled = true;
    must(catalog_policy_insert(c, policy, &e), &e);
    struct catalog_run run = {.trigger = CATALOG_TRIGGER_SCHEDULE,
                              .slot_ns = now - 100 * SECOND,
                              .slots = 1,
                              .state = CATALOG_RUN_SKIPPED};
    struct catalog_job job = {.operation = CATALOG_JOB_BACKUP, .due_ns = now - 30 * SECOND};
    memcpy(run.policy, policy->id, sizeof(run.policy));
    snprintf(run.policy_name, sizeof(run.policy_name), "nightly");
    assert_int_equal(catalog_run_insert(c, &run, NULL, 0, &e), 1);
    run.slot_ns = now - 30 * SECOND;
    run.state = CATALOG_RUN_WAITING;
    make_id(1, job.vault);
    make_id(1, job.source);
    assert_int_equal(catalog_run_insert(c, &run, &job, 1, &e), 1);
    must(catalog_job_upkeep(c, CATALOG_JOB_PRUNE, job.vault, now, &e), &e);
    char *text = metrics_of(s);
    read_strictly(text);
    expect_all(text, wanted_of_policies,
               sizeof(wanted_of_policies) / sizeof(wanted_of_policies[0]));
    free(text);
    catalog_policy_free(policy);
    setup_close(s);
}

/* What it costs with many backups. */
static void metrics_cost(void **state)
{
    enum { BACKUPS = 10000, SOURCES = 50 };
    struct setup *s = tell_open("%s", REGION);
    struct catalog *c = setup_catalog(s);
    struct error e = ERROR_INIT;
    struct timespec before, after;
    char name[32];

    (void)state;
    must(catalog_begin(c, &e), &e);
    add_vault(c, 1, "main");
    for (unsigned i = 1; i <= SOURCES; i++) {
        snprintf(name, sizeof(name), "source%u", i);
        add_source(c, (uint8_t)i, name);
    }
    for (unsigned i = 1; i <= BACKUPS; i++)
        add_backup(c, 1, (uint8_t)(1 + i % SOURCES), i);
    must(catalog_commit(c, &e), &e);
    clock_gettime(CLOCK_MONOTONIC, &before);
    char *text = metrics_of(s);
    clock_gettime(CLOCK_MONOTONIC, &after);
    double took = (double)(after.tv_sec - before.tv_sec) * 1000 +
                  (double)(after.tv_nsec - before.tv_nsec) / 1e6;
    print_message("%d backups of %d sources: %.1f ms, %zu bytes\n", BACKUPS, SOURCES, took,
                  strlen(text));
    assert_true(took < 2000);
    expect_line(text, "lagan_vault_backups{vault=\"main\",region=\"east\",role=\"normal\"} "
                      "10000");
    free(text);
    setup_close(s);
}

/* The file of metrics: whole, for everyone to read, whatever the umask is. */
static void metrics_file(void **state)
{
    struct setup *s = tell_open(REGION "metrics { file = %s }\n", scratch_path("lagan.prom"));
    struct error e = ERROR_INIT;
    struct stat found;
    mode_t before = umask(077);

    (void)state;
    for (int i = 0; i < 2; i++) {
        must(tell_metrics_file(s, &e), &e);
        assert_int_equal(stat(scratch_path("lagan.prom"), &found), 0);
        assert_int_equal(found.st_mode & 07777, 0644);
    }
    umask(before);
    char *text = scratch_read("lagan.prom", NULL);
    read_strictly(text);
    free(text);
    assert_int_equal(scratch_count(scratch_path(""), "lagan."), 2); /* .conf and .prom */
    setup_close(s);
    s = tell_open(REGION "metrics { file = /nowhere/at/all }\n");
    assert_int_equal(tell_metrics_file(s, &e), -1);
    assert_non_null(strstr(e.text, "the metrics: "));
    setup_close(s);
}

/* The summary */

static void end_task(struct catalog *c, enum catalog_task_type type, const char *subject,
                     enum catalog_task_state state, const char *why)
{
    struct catalog_task task = {.type = type, .problems = 3};
    struct error cause = ERROR_INIT, e = ERROR_INIT;

    snprintf(task.subject, sizeof(task.subject), "%s", subject);
    must(catalog_task_start(c, &task, &e), &e);
    if (why != NULL)
        error_set(&cause, LAGAN_IO, ERROR_FAILED, "%s", why);
    must(catalog_task_finish(c, &task, state, &cause, &e), &e);
}

/* TSK-16: done, done in part and failed are told apart. */
static void summary_tells(void **state)
{
    struct setup *s = tell_open(
        REGION "notify a { command = 'cat >%s/told' severity = info }\n", scratch_path(""));
    struct catalog *c = setup_catalog(s);
    struct error e = ERROR_INIT;

    (void)state;
    end_task(c, CATALOG_TASK_BACKUP, "old -> main", CATALOG_TASK_STATE_FAILED, "long ago");
    tell_wait(3600);
    int64_t since = tell_now_ns();
    tell_wait(60);
    add_vault(c, 1, "main");
    add_rows(c);
    add_state(c);
    end_task(c, CATALOG_TASK_BACKUP, "etc -> main", CATALOG_TASK_STATE_SUCCESS, NULL);
    end_task(c, CATALOG_TASK_BACKUP, "home -> main", CATALOG_TASK_STATE_FAILED, "disk on fire");
    end_task(c, CATALOG_TASK_BACKUP, "srv -> main", CATALOG_TASK_STATE_PARTIAL, NULL);
    end_task(c, CATALOG_TASK_VERIFY, "main", CATALOG_TASK_STATE_SUCCESS, NULL);
    must(tell_daily(s, since, &e), &e);
    tell_expect(s, 1, 0);
    char *text = scratch_read("told", NULL);
    static const char *const parts[] = {
        "1 backups done, 1 in part, 1 failed\n\n",
        "backup: 1 done, 1 in part, 1 failed\n",
        "verify: 1 done, 0 in part, 0 failed\n",
        "backup home -> main: disk on fire\n",
        "backup srv -> main: 3 entries were left out; `lagan task show t-",
        "  etc in main: last backup 20",
        "  home in main: last backup never, 0 B (not in this time)\n",
        "  main in east: 1 backups, 1.07 KiB, 50% read within ",
        "1 DAMAGED OBJECTS",
        "expiry is braked",
        "summary (info), on ",
    };
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
        if (strstr(text, parts[i]) == NULL)
            fail_msg("no '%s' in\n%s", parts[i], text);
    assert_null(strstr(text, "long ago"));
    assert_null(strstr(text, "Mirrors:"));
    free(text);
    setup_close(s);
}

static const struct CMUnitTest tests[] = {
    tell_test(metrics_empty), tell_test(metrics_values), tell_test(metrics_of_policies),
    tell_test(metrics_cost),  tell_test(metrics_file),   tell_test(summary_tells),
};

UNIT_MAIN(tests)
