/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_engine_memory.c - the memory that jobs take does not grow with the number of entries.
 *
 * Caches of the vault fill up to some 20 MB while the first entries pass, so that not the peaks
 * are compared but what each further entry adds to them: less than anything that is kept of an
 * entry would take.
 */
#include "engine_fixture.h"

#include "unit.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { FEW = 50000, MANY = 5 * FEW, GROWTH_BYTES = 48 };

#if defined __SANITIZE_ADDRESS__ || defined __SANITIZE_THREAD__
static const bool measurable = false; /* sanitizers keep what was freed */
#else
static const bool measurable = true;
#endif

/* The peak starts anew. */
static void forget_peak(void)
{
    int fd = open("/proc/self/clear_refs", O_WRONLY | O_CLOEXEC);
    if (fd >= 0) {
        if (write(fd, "5", 1) != 1)
            print_message("the peak cannot be reset\n");
        close(fd);
    }
}

static long peak_kib(void)
{
    char line[256];
    long peak = 0;
    FILE *status = fopen("/proc/self/status", "re");
    while (status && fgets(line, sizeof(line), status))
        sscanf(line, "VmHWM: %ld", &peak);
    if (status)
        fclose(status);
    return peak;
}

typedef void measured(struct engine *g, const char *count);

/* The peak of `job` over `count` entries, in a process of its own. */
static long peak_of(measured *job, unsigned count)
{
    int ends[2], status = 0;
    long peak = 0;
    assert_int_equal(pipe(ends), 0);
    fflush(NULL);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        struct engine g;
        char word[32];
        snprintf(word, sizeof(word), "count=%u", count);
        engine_make(&g, "tgt_dir", NULL);
        job(&g, word);
        peak = peak_kib();
        if (write(ends[1], &peak, sizeof(peak)) != sizeof(peak))
            _exit(1);
        engine_drop(&g);
        _exit(0);
    }
    close(ends[1]);
    assert_int_equal(read(ends[0], &peak, sizeof(peak)), sizeof(peak));
    close(ends[0]);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
    return peak;
}

static void check_flat(measured *job)
{
    if (!measurable)
        skip();
    long few = peak_of(job, FEW), many = peak_of(job, MANY);
    print_message("%ld KiB for %d entries, %ld KiB for %d\n", few, FEW, many, MANY);
    assert_true((many - few) * 1024 < (long)GROWTH_BYTES * (MANY - FEW));
}

static void job_first(struct engine *g, const char *count)
{
    struct origin o;
    MEM(g, &o, count, "size=0");
    forget_peak();
    seal_free(engine_backup(g, &o, NULL));
    origin_close(&o);
}

static void job_again(struct engine *g, const char *count)
{
    struct origin o, changed;
    MEM(g, &o, count, "size=0");
    MEM(g, &changed, count, "size=0", "mutate=1000");
    struct seal *first = engine_backup(g, &o, NULL);
    forget_peak();
    struct seal *second = engine_backup(g, &changed, first);
    seal_free(first);
    seal_free(second);
    origin_close(&o);
    origin_close(&changed);
}

/* All of a restore but the writing. */
static void job_restore(struct engine *g, const char *count)
{
    struct origin o, place;
    MEM(g, &o, count, "size=0");
    struct seal *seal = engine_backup(g, &o, NULL);
    origin_files(g, &place, LAGAN_OPEN_RESTORE | LAGAN_OPEN_INITIALISE, engine_path(g, "to"));
    struct restore_request request = engine_restore_request(g, seal, &place);
    request.dry_run = true;
    forget_peak();
    struct restore_result result = engine_restore(g, &request);
    assert_int_equal(result.problems, 0);
    assert_int_equal(result.entries, seal->root.entries);
    seal_free(seal);
    origin_close(&place);
    origin_close(&o);
}

static void memory_of_first(void **state)
{
    (void)state;
    check_flat(job_first);
}

static void memory_of_again(void **state)
{
    (void)state;
    check_flat(job_again);
}

static void memory_of_restore(void **state)
{
    (void)state;
    check_flat(job_restore);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(memory_of_first),
        cmocka_unit_test(memory_of_again),
        cmocka_unit_test(memory_of_restore),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
