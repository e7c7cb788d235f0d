/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_engine_drill.c - restore drills: whatever is altered between restoring and comparing is
 * found and named; nothing stays; the evidence does; samples.
 */
#include "driver_fixture.h"
#include "engine/drill.h"
#include "engine/protect.h"
#include "mirror_fixture.h"
#include "unit.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

/* A setup with a vault, and a backup of a small tree. */
static void make_world(struct world *w)
{
    char path[600], text[64];
    world_make(w, "tgt_dir");
    world_vault(w, "main");
    snprintf(path, sizeof(path), "%s/tree", w->scratch);
    assert_int_equal(mkdir(path, 0700), 0);
    for (int i = 0; i < 200; i++) {
        snprintf(path, sizeof(path), "%s/tree/%03d", w->scratch, i);
        snprintf(text, sizeof(text), "the text of file %d\n", i);
        fixture_write_text(path, text, 0600);
    }
    snprintf(path, sizeof(path), "%s/tree/sub", w->scratch);
    assert_int_equal(mkdir(path, 0750), 0);
    snprintf(path, sizeof(path), "%s/tree/sub/link", w->scratch);
    assert_int_equal(symlink("../001", path), 0);
    world_backup(w, "main", NULL);
}

/* What happens to the restored files, in a shell, there. */
static const struct alteration {
    const char *line;
    const char *words;
    unsigned differences;
} alterations[] = {
    {"m=$(stat -c %y 007); printf X | dd of=007 bs=1 seek=3 conv=notrunc status=none;"
     " touch -d \"$m\" 007",
     "007 has other content", 1},
    {"m=$(stat -c %y 007); echo more >>007; touch -d \"$m\" 007", "007 has another length", 1},
    {"chmod 640 009", "009 has other permissions", 1},
    {"touch -d 2001-01-01 010", "010 has another time of change", 1},
    {"m=$(stat -c %y .); rm 011; touch -d \"$m\" .", "011 is missing", 1},
    {"m=$(stat -c %y .); echo new >012x; touch -d \"$m\" .",
     "012x is there, but not in the backup", 1},
    {"m=$(stat -c %y .); rm 013; mkdir 013; touch -d \"$m\" .", "013 is of another type", 1},
    {"m=$(stat -c %y sub/link); d=$(stat -c %y sub); ln -sfn ../002 sub/link;"
     " touch -h -d \"$m\" sub/link; touch -d \"$d\" sub",
     "sub/link leads elsewhere", 1},
    {"setfattr -n user.x -v y 014", "014 has other attributes", 1},
    {"chmod 750 015 016 017", "015 has other permissions", 3},
};

static void alter(void *context, const char *folder)
{
    const struct alteration *a = context;
    char line[1000];
    snprintf(line, sizeof(line), "cd %s && { %s; }", folder, a->line);
    assert_int_equal(system(line), 0); // NOLINT: fixed words
}

static struct drill_result run(struct world *w, unsigned percent, const struct alteration *a,
                               struct error *e, int *done)
{
    struct error find = ERROR_INIT;
    struct catalog_vault *row =
        catalog_vault_find(setup_catalog(w->setup), "east", "main", &find);
    struct drill_request request = {.percent = percent};
    struct drill_result result;
    assert_non_null(row);
    if (a) {
        request.restored = alter;
        request.context = (void *)(uintptr_t)a;
    }
    *done = drill_run(w->setup, row, &request, &result, e);
    catalog_vault_free(row);
    return result;
}

static size_t scratch_entries(const struct world *w)
{
    char path[600];
    snprintf(path, sizeof(path), "%s/state-%u/drills", w->scratch, w->number);
    return fixture_count_entries(path);
}

static void drill_finds_what_differs(void **state)
{
    struct world w;
    (void)state;
    make_world(&w);
    for (size_t i = 0; i < sizeof(alterations) / sizeof(alterations[0]); i++) {
        const struct alteration *a = &alterations[i];
        struct error e = ERROR_INIT;
        int done;
        struct drill_result result = run(&w, 100, a, &e, &done);
        if (done == 0)
            fail_msg("not found: %s", a->line);
        assert_int_equal(e.code, ERROR_DRILL_DIFFERS);
        if (!strstr(e.text, a->words) || result.row.differences != a->differences)
            fail_msg("%s: no '%s' or not %u: %s", a->line, a->words, a->differences, e.text);
        assert_string_equal(result.row.state, "differs");
        assert_int_equal(scratch_entries(&w), 0);
    }
    world_drop(&w);
}

/* What the list gives. */
struct listed {
    struct catalog_drill rows[8];
    size_t count;
};

static int keep(void *context, const struct catalog_drill *row, struct error *e)
{
    struct listed *listed = context;
    (void)e;
    assert_true(listed->count < 8);
    listed->rows[listed->count++] = *row;
    return 0;
}

static void drill_leaves_evidence(void **state)
{
    struct world w;
    struct listed listed = {.count = 0};
    struct error e = ERROR_INIT;
    int done;
    (void)state;
    make_world(&w);
    struct drill_result all = run(&w, 100, NULL, &e, &done);
    assert_success(done, e);
    assert_int_equal(all.row.entries, 204);
    assert_int_equal(all.row.differences, 0);
    struct drill_result again = run(&w, 100, NULL, &e, &done);
    assert_success(done, e);
    assert_memory_equal(all.row.digest, again.row.digest, sizeof(all.row.digest));
    struct drill_result some = run(&w, 25, NULL, &e, &done);
    assert_success(done, e);
    assert_in_range(some.row.entries, 25, 80);
    assert_memory_not_equal(all.row.digest, some.row.digest, sizeof(all.row.digest));
    /* The same sample again. */
    again = run(&w, 25, NULL, &e, &done);
    assert_success(done, e);
    assert_memory_equal(some.row.digest, again.row.digest, sizeof(some.row.digest));
    run(&w, 100, &alterations[2], &e, &done);
    assert_int_equal(done, -1);
    e = ERROR_INIT;
    assert_success(catalog_drill_list(setup_catalog(w.setup), NULL, 0, keep, &listed, &e), e);
    assert_int_equal(listed.count, 5);
    assert_string_equal(listed.rows[0].state, "differs");
    assert_non_null(strstr(listed.rows[0].detail, "009 has other permissions"));
    assert_string_equal(listed.rows[4].state, "success");
    assert_memory_equal(listed.rows[4].digest, all.row.digest, sizeof(all.row.digest));
    assert_string_equal(listed.rows[4].backup, all.row.backup);
    assert_string_equal(listed.rows[4].task, all.row.task);
    world_drop(&w);
}

/* A sample sees what is altered in it, and restores no more than it. */
static void drill_samples(void **state)
{
    static const struct alteration count = {
        "[ $(ls | wc -l) -lt 100 ] && chmod 640 $(ls | grep -v sub | head -n 1)",
        "has other permissions", 1};
    struct world w;
    struct error e = ERROR_INIT;
    int done;
    (void)state;
    make_world(&w);
    run(&w, 20, &count, &e, &done);
    assert_int_equal(done, -1);
    assert_int_equal(e.code, ERROR_DRILL_DIFFERS);
    assert_non_null(strstr(e.text, count.words));
    world_drop(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(drill_finds_what_differs),
        cmocka_unit_test(drill_leaves_evidence),
        cmocka_unit_test(drill_samples),
    };
    return cmocka_run_group_tests(tests, world_setup, NULL);
}
