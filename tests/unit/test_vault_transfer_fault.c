/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_vault_transfer_fault.c - transfers over targets that fail: whatever happens, the
 * destination is right as far as it goes (MIR-10), and the next transfer ends the work.
 */
#include "copy_fixture.h"
#include "unit.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Copies all backups of the source, as far as that goes; whether all have arrived. */
static bool copy_fakes(struct side *source, struct side *mirror,
                       char ids[FAKE_BACKUPS][SEAL_ID_TEXT], struct error *e)
{
    const struct transfer_request request = {
        .from = source->p.vault, .to = mirror->p.vault, .parallel = 1};
    struct transfer *t = transfer_open(&request, e);
    bool all = true;

    assert_non_null(t);
    for (int i = 0; i < FAKE_BACKUPS; i++)
        if (transfer_backup(t, ids[i], NULL, e) != 0) {
            assert_int_not_equal(e->error_class, LAGAN_OK);
            assert_true(e->text[0] != '\0');
            all = false;
        }
    transfer_close(t);
    return all;
}

/* One run with a plan at one side; `*fired` tells whether anything failed.  The vault may not
 * even open. */
static void run_plan(struct side *source, char ids[FAKE_BACKUPS][SEAL_ID_TEXT],
                     const struct fault_plan *plan, bool at_source, bool *fired)
{
    struct side mirror, other = *source;
    struct side *planned = at_source ? &other : &mirror;
    struct error e = ERROR_INIT;
    uint64_t calls, failed;
    bool all = false;

    side_make_mirror(&mirror, source);
    side_open(&other, at_source ? plan : NULL, !at_source);
    side_open(&mirror, at_source ? NULL : plan, at_source);
    if (vault_open(planned->p.target, NULL, &planned->p.vault, &e) == 0)
        all = copy_fakes(&other, &mirror, ids, &e);
    side_count(planned, &calls, &failed);
    *fired = failed > 0;
    side_close(&other);
    side_close(&mirror);
    side_open(&mirror, NULL, true);
    expect_honest(&mirror.p);
    if (all)
        copies_expect_sound(&mirror.p, FAKE_BACKUPS);
    assert_true(copy_fakes(source, &mirror, ids, &e));
    copies_expect_sound(&mirror.p, FAKE_BACKUPS);
    side_close(&mirror);
}

/* Every single call fails once, as a connection does: before and after it took effect. */
static void transfer_every_call_fails(void **state)
{
    char ids[FAKE_BACKUPS][SEAL_ID_TEXT];
    struct side source;
    unsigned runs = 0;

    (void)state;
    side_make_source(&source, ids);
    for (int variant = 0; variant < 4; variant++) {
        struct fault_plan plan = {
            .verb = "any", .error_class = LAGAN_TRANSIENT, .after = (variant & 1) != 0};
        bool fired = true;

        for (plan.at = 1; fired; plan.at++, runs++)
            run_plan(&source, ids, &plan, (variant & 2) != 0, &fired);
        assert_true(plan.at > 20);
    }
    assert_true(runs > 100);
    side_close(&source);
}

/* Every class of error in every verb, before and after the effect, once and for good. */
static void transfer_every_class(void **state)
{
    static const char *const verbs[] = {"put",  "begin", "write",  "commit", "get",
                                        "stat", "list",  "remove", "flush"};
    char ids[FAKE_BACKUPS][SEAL_ID_TEXT];
    struct side source;
    bool fired;

    (void)state;
    side_make_source(&source, ids);
    for (size_t verb = 0; verb < sizeof(verbs) / sizeof(verbs[0]); verb++)
        for (uint32_t class = 1; class < LAGAN_CLASS_COUNT; class ++)
            for (int variant = 0; variant < 4; variant++) {
                struct fault_plan plan = {.verb = verbs[verb],
                                          .at = 3,
                                          .error_class = class,
                                          .after = (variant & 1) != 0,
                                          .always = (variant & 2) != 0};

                run_plan(&source, ids, &plan, false, &fired);
                if (strcmp(verbs[verb], "get") == 0 || strcmp(verbs[verb], "list") == 0)
                    run_plan(&source, ids, &plan, true, &fired);
            }
    side_close(&source);
}

/* Whether the store has any seal. */
static size_t count_seals(struct side *s)
{
    return vault_place_count(&s->p, "seals/");
}

/* A driver that must not be called twice at a time, at both ends: nothing waits for itself. */
static void transfer_serial_driver(void **state)
{
    char ids[FAKE_BACKUPS][SEAL_ID_TEXT];
    struct side source, mirror;
    struct error e = ERROR_INIT;

    (void)state;
    side_make_source_on(&source, "tgt_fault_serial", ids);
    side_make_mirror(&mirror, &source);
    side_open(&mirror, NULL, true);
    alarm(60);
    assert_true(copy_fakes(&source, &mirror, ids, &e));
    alarm(0);
    copies_expect_sound(&mirror.p, FAKE_BACKUPS);
    side_close(&mirror);
    side_close(&source);
}

/* Nothing counts as arrived before a flush has said so: without one there is no seal. */
static void transfer_flush_before_seal(void **state)
{
    const struct fault_plan plan = {
        .verb = "flush", .at = 1, .error_class = LAGAN_IO, .always = true};
    char ids[FAKE_BACKUPS][SEAL_ID_TEXT];
    struct side source, mirror;
    struct error e = ERROR_INIT;

    (void)state;
    side_make_source(&source, ids);
    side_make_mirror(&mirror, &source);
    side_open(&mirror, &plan, true);
    assert_false(copy_fakes(&source, &mirror, ids, &e));
    assert_int_equal(count_seals(&mirror), 0);
    assert_true(vault_place_count(&mirror.p, "packs/") > 0);
    side_close(&mirror);
    side_close(&source);
}

/* Packs that a dead process left are named again before the seal, so that the flush covers
 * them; with an earlier seal behind them they need not be. */
static void transfer_confirms_old_packs(void **state)
{
    const struct fault_plan plan = {.verb = "put", .checksum = true};
    char ids[FAKE_BACKUPS][SEAL_ID_TEXT], name[64];
    struct transfer_request request = {.parallel = 1};
    struct transfer_result r;
    struct side source, mirror;
    struct error e = ERROR_INIT;
    struct transfer *t;
    uint64_t calls, failed;

    (void)state;
    side_make_source(&source, ids);
    side_make_mirror(&mirror, &source);
    side_open(&mirror, NULL, true);
    assert_true(copy_fakes(&source, &mirror, ids, &e));
    for (int left = FAKE_BACKUPS - 1; left >= 0; left--) {
        snprintf(name, sizeof(name), "%s", vault_place_name(&mirror.p, "seals/", 0));
        vault_place_lose(&mirror.p, name);
    }
    for (size_t i = 0; i < 2; i++) {
        side_close(&mirror);
        side_open(&mirror, &plan, true);
        request.from = source.p.vault;
        request.to = mirror.p.vault;
        t = transfer_open(&request, &e);
        assert_non_null(t);
        /* In the order of names, so that the second comes behind the first. */
        snprintf(name, sizeof(name), "%s", vault_place_name(&source.p, "seals/", i));
        assert_success(transfer_backup(t, strrchr(name, '-') + 1, &r, &e), e);
        transfer_close(t);
        side_count(&mirror, &calls, &failed);
        assert_int_equal(r.objects, 1);
        /* Beside its registration and the seal.  All backups share a pack at least, for which
         * the first one vouches. */
        if (i == 0)
            assert_int_equal(calls, r.objects_present + 2);
        else
            assert_true(calls < r.objects_present + 2);
    }
    side_close(&mirror);
    side_close(&source);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(transfer_every_call_fails),
        cmocka_unit_test(transfer_every_class),
        cmocka_unit_test(transfer_serial_driver),
        cmocka_unit_test(transfer_flush_before_seal),
        cmocka_unit_test(transfer_confirms_old_packs),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
