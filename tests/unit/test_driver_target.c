/* SPDX-License-Identifier: Apache-2.0 */
/* test_driver_target.c - what every target must do, over each of the targets that are built in.
 */
#include "driver_fixture.h"
#include "target_aspects.h"
#include "unit.h"

#include <stdio.h>
#include <string.h>

/* A way to configure a target; %s is a place of the test's own. */
static const struct variant {
    const char *driver;
    const char *place;
    const char *option; /* NULL = none */
} variants[] = {
    {"tgt_mem", "name=%s", NULL},
    {"tgt_mem", "name=%s", "stages=yes"},
    {"tgt_dir", "path=%s/objects/here", NULL},
    {"tgt_dir", "path=%s/objects/here", "temporary-files=named"},
};

struct fixture {
    struct driver_host *host;
    char *scratch;
    struct instance *instance;
    struct target *target;
};

static struct instance *configure(struct fixture *f, const struct variant *variant)
{
    char place[4200];
    const char *words[3] = {place, variant->option, NULL};
    const char *unique = f->scratch;
    /* A name of at most 64 bytes for stores in memory. */
    if (strcmp(variant->driver, "tgt_mem") == 0)
        unique = strrchr(f->scratch, '/') + 1;
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    snprintf(place, sizeof place, variant->place, unique);
#pragma GCC diagnostic pop
    return fixture_instance(f->host, variant->driver, words);
}

static struct target *open_again(struct instance *i, uint64_t flags)
{
    struct error e = ERROR_INIT;
    struct target *t = target_open(i, flags, &e);
    assert_success(t ? 0 : -1, e);
    return t;
}

static struct fixture fixture_open(const struct variant *variant)
{
    struct fixture f = {.host = fixture_host("test-drivers"), .scratch = fixture_scratch()};
    f.instance = configure(&f, variant);
    f.target = open_again(f.instance, LAGAN_OPEN_INITIALISE);
    return f;
}

static void fixture_close(struct fixture *f)
{
    target_close(f->target);
    instance_free(f->instance);
    driver_host_free(f->host);
    fixture_scratch_remove(f->scratch);
}

static void run_aspects(const struct variant *variant)
{
    for (size_t i = 0; target_aspects[i]; i++) {
        struct fixture f = fixture_open(variant);
        target_aspects[i](f.target);
        fixture_close(&f);
    }
}

static void target_mem_behaves(void **state)
{
    (void)state;
    run_aspects(&variants[0]);
}

static void target_mem_with_stages_behaves(void **state)
{
    (void)state;
    run_aspects(&variants[1]);
}

static void target_dir_behaves(void **state)
{
    (void)state;
    run_aspects(&variants[2]);
}

static void target_dir_with_named_files_behaves(void **state)
{
    (void)state;
    run_aspects(&variants[3]);
}

static void target_must_be_initialised(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof variants / sizeof variants[0]; i++) {
        struct fixture f = {.host = fixture_host("test-drivers"), .scratch = fixture_scratch()};
        struct error e = ERROR_INIT;
        f.instance = configure(&f, &variants[i]);
        assert_null(target_open(f.instance, 0, &e));
        assert_error(e, LAGAN_NOT_FOUND, "open");
        f.target = open_again(f.instance, LAGAN_OPEN_INITIALISE);
        aspects_put(f.target, "kept", "x");
        target_close(f.target);
        f.target = open_again(f.instance, 0);
        aspects_expect(f.target, "kept", "x", 1);
        fixture_close(&f);
    }
}

static void target_read_only_changes_nothing(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof variants / sizeof variants[0]; i++) {
        struct fixture f = fixture_open(&variants[i]);
        struct error e = ERROR_INIT;
        aspects_put(f.target, "kept", "x");
        target_close(f.target);
        f.target = open_again(f.instance, LAGAN_OPEN_READ_ONLY);
        assert_int_equal(target_put(f.target, "new", "x", 1, &e), -1);
        assert_int_equal(e.error_class, LAGAN_IMMUTABLE);
        assert_int_equal(target_remove(f.target, "kept", &e), -1);
        assert_int_equal(e.error_class, LAGAN_IMMUTABLE);
        aspects_expect(f.target, "kept", "x", 1);
        assert_int_equal(aspects_count(f.target), 1);
        fixture_close(&f);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(target_mem_behaves),
        cmocka_unit_test(target_mem_with_stages_behaves),
        cmocka_unit_test(target_dir_behaves),
        cmocka_unit_test(target_dir_with_named_files_behaves),
        cmocka_unit_test(target_must_be_initialised),
        cmocka_unit_test(target_read_only_changes_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
