/* SPDX-License-Identifier: Apache-2.0 */
/* test_vault_audit_head.c - heads of audit logs in a vault: noted, noted again, disputed,
 * damaged. */
#include "base/buffer.h"
#include "unit.h"
#include "vault/audit_head.h"
#include "verify_fixture.h"

#include <stdio.h>
#include <string.h>

static const char seventh[] =
    "audit/77726974657220776974682031362062-0000000000000007"; /* of sample(7) */

static struct vault_audit_head sample(uint64_t line)
{
    struct vault_audit_head head = {.sequence = line, .at_ns = 1234567890};

    memcpy(head.writer, "writer with 16 b", sizeof(head.writer));
    memset(head.hash, (int)line, sizeof(head.hash));
    return head;
}

static void note(struct vault_place *p, uint64_t line)
{
    struct vault_audit_head head = sample(line);
    struct error e = ERROR_INIT;

    assert_success(vault_audit_head_write(p->vault, &head, &e), e);
}

struct seen {
    size_t count;
    struct vault_audit_head all[4];
};

static int see(void *context, const struct vault_audit_head *head, struct error *e)
{
    struct seen *seen = context;
    (void)e;

    assert_true(seen->count < 4);
    seen->all[seen->count++] = *head;
    return 0;
}

/* Noted without a key, listed as they were, by writer or all. */
static void audit_head_round_trip(void **state)
{
    struct vault_audit_head other = sample(3), first = sample(7);
    struct seen seen = {0};
    struct vault_place p;
    struct error e = ERROR_INIT;

    (void)state;
    vault_place_open(&p, "tgt_dir", false);
    vault_place_again(&p, false, false);
    note(&p, 300);
    note(&p, 7);
    other.writer[0] = 'X';
    assert_success(vault_audit_head_write(p.vault, &other, &e), e);
    assert_string_equal(vault_place_name(&p, "audit/", 1), seventh);
    assert_success(vault_audit_head_list(p.vault, first.writer, see, &seen, &e), e);
    assert_int_equal(seen.count, 2);
    assert_int_equal(seen.all[1].sequence, 300);
    assert_memory_equal(&seen.all[0], &first, sizeof(first));
    seen.count = 0;
    assert_success(vault_audit_head_list(p.vault, NULL, see, &seen, &e), e);
    assert_int_equal(seen.count, 3);
    vault_place_close(&p);
}

/* The same line again, at another time, is fine; with another hash somebody has changed it. */
static void audit_head_again(void **state)
{
    struct vault_audit_head head = sample(7);
    struct seen seen = {0};
    struct vault_place p;
    struct error e = ERROR_INIT;

    (void)state;
    vault_place_open(&p, "tgt_dir", false);
    note(&p, 7);
    head.at_ns++;
    assert_success(vault_audit_head_write(p.vault, &head, &e), e);
    assert_int_equal(vault_place_count(&p, "audit/"), 1);
    head.hash[31] ^= 1;
    assert_int_equal(vault_audit_head_write(p.vault, &head, &e), -1);
    assert_int_equal(e.code, ERROR_AUDIT_BROKEN);
    assert_non_null(strstr(e.text, "line 7"));
    head = sample(7);
    assert_success(vault_audit_head_list(p.vault, head.writer, see, &seen, &e), e);
    assert_memory_equal(seen.all[0].hash, head.hash, sizeof(head.hash));
    vault_place_close(&p);
}

/* What is damaged is found, is no backup's harm, and does not pass for a head. */
static void expect_damage(struct vault_place *p, const char *what)
{
    struct vault_audit_head head = sample(7);
    struct seen seen = {0};
    struct findings found;
    struct error e = ERROR_INIT;

    check(p, VERIFY_STRUCTURE, &found);
    assert_int_equal(found.count, 1);
    assert_false(finding_on(&found, seventh)->fatal);
    assert_non_null(strstr(found.all[0].text, what));
    assert_int_equal(found.result.damaged, 0);
    assert_int_equal(vault_audit_head_list(p->vault, NULL, see, &seen, &e), -1);
    assert_int_equal(e.code, ERROR_INTEGRITY);
    e = ERROR_INIT;
    assert_int_equal(vault_audit_head_write(p->vault, &head, &e), -1);
    assert_int_equal(e.code, ERROR_INTEGRITY);
}

static void replace(struct vault_place *p, const void *data, size_t size)
{
    vault_place_lose(p, seventh);
    vault_place_plant(p, seventh, data, size);
}

static void audit_head_damaged(void **state)
{
    CLEANUP_BUFFER struct buffer object = BUFFER_INIT;
    struct findings found;
    struct vault_place p;
    struct error e = ERROR_INIT;

    (void)state;
    vault_place_open(&p, "tgt_dir", false);
    note(&p, 7);
    check(&p, VERIFY_OBJECTS, &found);
    assert_int_equal(found.count, 0);
    assert_success(target_get_all(p.target, seventh, 100, &object, &e), e);
    vault_place_flip(&p, seventh, 0);
    expect_damage(&p, "not of the form");
    replace(&p, object.data, object.size);
    vault_place_flip(&p, seventh, 8);
    expect_damage(&p, "another line");
    vault_place_cut(&p, seventh, 55);
    expect_damage(&p, "");
    replace(&p, "", 0);
    expect_damage(&p, "");
    buffer_append(&object, "x", 1);
    replace(&p, object.data, object.size);
    expect_damage(&p, "");
    vault_place_close(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(audit_head_round_trip),
        cmocka_unit_test(audit_head_again),
        cmocka_unit_test(audit_head_damaged),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
