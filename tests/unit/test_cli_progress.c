/* SPDX-License-Identifier: Apache-2.0 */
/* test_cli_progress.c - what the bar says. */
#include "unit.h"

#include "cli/progress.h"

#include <stdio.h>
#include <string.h>

static const int64_t SECOND = INT64_C(1000000000);

static void says(const struct job_progress *done, int64_t elapsed_ns, const char *wanted)
{
    const struct progress p = {.title = "backup", .unit = "files", .rate = 1 << 20};
    char line[PROGRESS_LINE_SIZE];
    progress_format(&p, done, elapsed_ns, line);
    assert_string_equal(line, wanted);
}

static void progress_lines(void **state)
{
    (void)state;
    says(&(struct job_progress){.entries_done = 3, .bytes_done = 2048}, 10 * SECOND,
         "backup  2.00 KiB, 3 files, 1.00 MiB/s");
    says(&(struct job_progress){.entries_done = 3, .bytes_done = 1024, .bytes_total = 4096},
         10 * SECOND,
         "backup [#####...............] 25 %  1.00 KiB of 4.00 KiB, 3 files, 1.00 MiB/s, 30s "
         "left");
    /* Too early to tell how long it takes. */
    says(&(struct job_progress){.entries_done = 3, .bytes_done = 1024, .bytes_total = 4096},
         SECOND,
         "backup [#####...............] 25 %  1.00 KiB of 4.00 KiB, 3 files, 1.00 MiB/s");
    /* Entries tell when bytes cannot; more than was expected is no share. */
    says(&(struct job_progress){.entries_done = 1, .entries_total = 2}, SECOND,
         "backup [##########..........] 50 %  0 B, 1 files, 1.00 MiB/s");
    says(&(struct job_progress){.entries_done = 3, .entries_total = 2, .problems = 4}, SECOND,
         "backup  0 B, 3 files, 1.00 MiB/s, 4 problems");
    says(&(struct job_progress){.entries_done = 2, .entries_total = 2}, 10 * SECOND,
         "backup [####################] 100 %  0 B, 2 files, 1.00 MiB/s, 0.0s left");
}

static void progress_names(void **state)
{
    static const uint8_t key[] = "dir\0\033[31m\nname";
    struct job_progress done = {.key = key, .key_size = sizeof(key) - 1};
    char line[PROGRESS_LINE_SIZE];
    static uint8_t longest[2000];
    const struct progress p = {.title = "backup", .unit = "files"};
    (void)state;
    progress_format(&p, &done, 0, line);
    assert_non_null(strstr(line, "  dir/\\x1b[31m\\x0aname"));
    memset(longest, 'x', sizeof(longest));
    done.key = longest;
    done.key_size = sizeof(longest);
    progress_format(&p, &done, 0, line);
    assert_int_equal(strlen(line), PROGRESS_LINE_SIZE - 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(progress_lines),
        cmocka_unit_test(progress_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
