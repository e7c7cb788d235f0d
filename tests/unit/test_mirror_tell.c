/* SPDX-License-Identifier: Apache-2.0 */
/* test_mirror_tell.c - what people are told of mirrors: lags, brakes, errors, what was given
 * up; each once, and again when it comes again. */
#include "base/error.h"
#include "catalog_fixture.h"
#include "mirror/tell.h"
#include "mirror/worker.h"
#include "scratch.h"
#include "tell_fixture.h"
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CONFIG                                                                                 \
    "region east { target tgt_dir { path = /e } }\n"                                           \
    "region west { target tgt_dir { path = /w } }\n"                                           \
    "mirror { delete-limit = 1 }\n"                                                            \
    "notify a { command = 'echo \"$LAGAN_EVENT: $LAGAN_SUBJECT\" >>%s/told' }\n"

/* A vault with a mirror that may lag by a minute. */
static struct setup *make(void)
{
    struct setup *s = tell_open(CONFIG, scratch_path(""));
    struct catalog *c = setup_catalog(s);
    struct catalog_mirror mirror;
    struct error e = ERROR_INIT;
    uint8_t id[CATALOG_ID_SIZE];

    add_vault(c, 1, "main");
    add_source(c, 1, "etc");
    add_mirror(c, 9, 1);
    make_id(9, id);
    must(catalog_mirror_get(c, id, &mirror, &e), &e);
    mirror.state = CATALOG_MIRROR_IN_SYNC;
    mirror.rpo_ns = INT64_C(60) * 1000000000;
    must(catalog_mirror_update(c, &mirror, &e), &e);
    return s;
}

static void look(struct setup *s)
{
    struct catalog_mirror mirror = {.created_ns = 0};
    struct error e = ERROR_INIT;

    make_id(9, mirror.vault);
    must(mirror_look(s, &mirror, NULL, NULL, &e), &e);
}

/* All that was told since the last time. */
static void expect_told(struct setup *s, const char *wanted)
{
    struct error e = ERROR_INIT;
    char *text;

    scratch_write("told", "", 0, 0600);
    must(tell_send(s, NULL, NULL, &e), &e);
    text = scratch_read("told", NULL);
    if (strcmp(text, wanted) != 0)
        fail_msg("'%s' instead of '%s'", text, wanted);
    free(text);
}

static void claim(struct catalog *c, struct catalog_item *item)
{
    struct error e = ERROR_INIT;

    assert_int_equal(
        catalog_item_claim(c, tell_now_ns(), INT64_C(60) * 1000000000, 0, item, &e), 1);
}

static void mirror_tells_lag(void **state)
{
    struct setup *s = make();
    struct catalog *c = setup_catalog(s);
    struct catalog_item item;
    struct error e = ERROR_INIT;

    (void)state;
    for (unsigned i = 1; i <= 2; i++) {
        add_backup(c, 1, 1, i);
        look(s);
        expect_told(s, "");
        tell_wait(61);
        look(s);
        tell_wait(61);
        look(s);
        expect_told(s, "mirror-lags: mirror [COPY]-9 lags\n");
        claim(c, &item);
        must(catalog_item_done(c, &item, &e), &e);
        look(s);
        expect_told(s, "");
    }
    setup_close(s);
}

static void mirror_tells_error(void **state)
{
    struct setup *s = make();
    struct catalog *c = setup_catalog(s);
    struct catalog_item item;
    struct error e = ERROR_INIT, why = ERROR_INIT;

    (void)state;
    error_set(&why, LAGAN_CORRUPT, ERROR_INTEGRITY, "a pack is damaged");
    add_backup(c, 1, 1, 1);
    claim(c, &item);
    must(catalog_item_fail(c, &item, &why, 0, &e), &e);
    must(mirror_tell_given_up(s, &item, &why, &e), &e);
    look(s);
    look(s);
    char wanted[300];
    snprintf(wanted, sizeof(wanted),
             "given-up: given up for [COPY]-9: copy %s\nmirror-error: mirror [COPY]-9 is in "
             "error\n",
             item.subject);
    expect_told(s, wanted);
    setup_close(s);
}

static void mirror_tells_brake(void **state)
{
    struct setup *s = make();
    struct catalog *c = setup_catalog(s);
    uint8_t id[CATALOG_ID_SIZE];
    struct error e = ERROR_INIT;

    (void)state;
    make_id(9, id);
    for (unsigned i = 1; i <= 3; i++) {
        struct catalog_item item = {.operation = CATALOG_OPERATION_REMOVE,
                                    .class = CATALOG_CLASS_REMOVAL,
                                    .due_ns = tell_now_ns() + INT64_C(86400) * 1000000000};
        memcpy(item.lane, id, sizeof(id));
        snprintf(item.subject, sizeof(item.subject), "%016u", i);
        tell_wait(1);
        must(catalog_item_insert(c, &item, NULL, &e), &e);
    }
    look(s);
    look(s);
    expect_told(s, "mirror-braked: mirror [COPY]-9 is braked\n");
    setup_close(s);
}

static const struct CMUnitTest tests[] = {
    tell_test(mirror_tells_lag),
    tell_test(mirror_tells_error),
    tell_test(mirror_tells_brake),
};

UNIT_MAIN(tests)
