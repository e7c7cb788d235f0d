/* SPDX-License-Identifier: Apache-2.0 */
/* test_catalog_usage.c - what was stored, sent and restored, by month. */
#include "catalog/usage.h"
#include "catalog_fixture.h"
#include "scratch.h"
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const int64_t day_ns = 86400LL * 1000000000;
static const int64_t november_ns = 1793491200LL * 1000000000; /* 2026-11-01T00:00:00Z */

static int join(void *context, const struct catalog_usage *usage, struct error *e)
{
    char line[400];

    (void)e;
    snprintf(line, sizeof(line), "%s %s %u \"%s\" %llu/%llu\n", usage->month,
             catalog_usage_kind_name(usage->kind), usage->vault[0], usage->route,
             (unsigned long long)usage->bytes, (unsigned long long)usage->samples);
    strcat(context, line);
    return 0;
}

static void expect(struct catalog *c, const char *month, const uint8_t *vault,
                   const char *wanted)
{
    struct error e = ERROR_INIT;
    char text[2000] = "";

    must(catalog_usage_list(c, month, vault, join, text, &e), &e);
    assert_string_equal(text, wanted);
}

static void usage_adds(void **state)
{
    struct catalog *c = open_catalog("s");
    struct error e = ERROR_INIT;
    uint8_t one[CATALOG_ID_SIZE], two[CATALOG_ID_SIZE];
    char longer[300];

    (void)state;
    make_id(1, one);
    make_id(2, two); /* need not be there (any more) */
    must(catalog_usage_add(c, CATALOG_USAGE_REPLICATED, one, "east>west", 5, november_ns, &e),
         &e);
    must(catalog_usage_add(c, CATALOG_USAGE_REPLICATED, one, "east>west", 7,
                           november_ns + 30 * day_ns - 1, &e),
         &e);
    must(catalog_usage_add(c, CATALOG_USAGE_REPLICATED, one, "east>west", 1,
                           november_ns + 30 * day_ns, &e),
         &e);
    must(catalog_usage_add(c, CATALOG_USAGE_RESTORED, two, "local", 3, november_ns, &e), &e);
    must(catalog_usage_add(c, CATALOG_USAGE_RESTORED, two, "internet", 4, november_ns - 1, &e),
         &e);
    must(catalog_usage_add(c, CATALOG_USAGE_RESTORED, two, "private", UINT64_MAX,
                           november_ns - 1, &e),
         &e);
    must(catalog_usage_add(c, CATALOG_USAGE_RESTORED, two, "private", 9, november_ns - 1, &e),
         &e);
    expect(c, NULL, NULL,
           "2026-10 restored 2 \"internet\" 4/0\n"
           "2026-10 restored 2 \"private\" 9223372036854775807/0\n"
           "2026-11 replicated 1 \"east>west\" 12/0\n"
           "2026-11 restored 2 \"local\" 3/0\n"
           "2026-12 replicated 1 \"east>west\" 1/0\n");
    expect(c, "2026-11", two, "2026-11 restored 2 \"local\" 3/0\n");
    expect(c, NULL, one,
           "2026-11 replicated 1 \"east>west\" 12/0\n2026-12 replicated 1 \"east>west\" 1/0\n");
    expect(c, "2027-01", NULL, "");
    memset(longer, 'x', sizeof(longer) - 1);
    longer[sizeof(longer) - 1] = '\0';
    assert_int_equal(
        catalog_usage_add(c, CATALOG_USAGE_RESTORED, two, longer, 3, november_ns, &e), -1);
    assert_int_equal(e.error_class, LAGAN_INVALID);
    must_be_sound(c);
    catalog_close(c);
}

static void usage_samples(void **state)
{
    static const struct {
        int64_t at_ns;
        uint64_t bytes;
    } samples[] = {
        {0, 10},
        {1, 1000},
        {86399999999999, 1000}, /* the first day's first */
        {86400000000000, 21},
        {86400000000000 + 5, 7},
        {0, 1000}, /* a clock that goes back */
    };
    struct catalog *c = open_catalog("s");
    struct error e = ERROR_INIT;
    uint8_t one[CATALOG_ID_SIZE];

    (void)state;
    make_id(1, one);
    for (size_t i = 0; i < sizeof(samples) / sizeof(samples[0]); i++)
        must(catalog_usage_sample(c, one, samples[i].bytes, november_ns + samples[i].at_ns, &e),
             &e);
    expect(c, NULL, NULL, "2026-11 stored 1 \"\" 15/2\n");
    must(catalog_usage_sample(c, one, 3, november_ns + 5 * day_ns, &e), &e);
    expect(c, NULL, NULL, "2026-11 stored 1 \"\" 11/3\n"); /* 34 / 3, not 15, 15, 3 / 3 */
    must(catalog_usage_sample(c, one, 5, november_ns + 30 * day_ns, &e), &e);
    expect(c, NULL, NULL, "2026-11 stored 1 \"\" 11/3\n2026-12 stored 1 \"\" 5/1\n");
    catalog_close(c);
}

static const struct CMUnitTest tests[] = {
    scratch_test(usage_adds),
    scratch_test(usage_samples),
};

UNIT_MAIN(tests)
