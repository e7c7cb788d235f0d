/* SPDX-License-Identifier: Apache-2.0 */
/* test_policy_rules.c - every rule on policies, over all kinds, roles and states, and at its
 * borders. */
#include "base/object.h"
#include "policy/policy_rules.h"
#include "unit.h"

#include <stdio.h>
#include <string.h>

static struct policy_facts plain(unsigned kind)
{
    return (struct policy_facts){.name = "nightly",
                                 .kind = kind,
                                 .limit = 32,
                                 .to = kind == POLICY_FOR_REPLICATION ? "west" : NULL,
                                 .vault = "main",
                                 .role = VAULT_ROLE_NORMAL,
                                 .state = VAULT_STATE_AVAILABLE};
}

typedef int ask_function(const struct policy_facts *facts, struct error *e);

/* OK = 0: allowed. */
static void check(const char *id, ask_function *ask, const struct policy_facts *facts, int code)
{
    struct error e = ERROR_INIT;
    int result = ask(facts, &e);

    if (result != (code == 0 ? 0 : -1) || (code != 0 && (int)e.code != code))
        fail_msg("%s: %s, not %s (%s)", id, result ? error_code_name(e.code) : "allowed",
                 code ? error_code_name((uint32_t)code) : "allowed", e.text);
    if (result != 0 && (strstr(e.text, "the policy nightly cannot ") != e.text ||
                        strstr(e.text, "(null)") != NULL || strlen(e.text) < 60))
        fail_msg("%s: '%s'", id, e.text);
}

static const char *const state_names[] = {
#define X(symbol, name) name,
    VAULT_STATES(X)
#undef X
};

/* MIR-03, REP-04, VLT-11, SCH-03 over all that vaults can be. */
static int expected(const struct policy_facts *f)
{
    static const unsigned well = 1U << VAULT_STATE_AVAILABLE | 1U << VAULT_STATE_LOCKED;

    if (f->role == VAULT_ROLE_MIRROR)
        return ERROR_POLICY_ON_MIRROR;
    if (f->role == VAULT_ROLE_REPLICATION)
        return ERROR_POLICY_KIND;
    if (!(well & (1U << f->state)))
        return ERROR_VAULT_STATE;
    return f->other != NULL ? ERROR_POLICY_TAKEN : 0;
}

static void rules_of_applying(void **state)
{
    unsigned cases = 0;

    (void)state;
    for (unsigned kind = POLICY_FOR_BACKUP; kind <= POLICY_FOR_REPLICATION; kind++)
        for (unsigned role = 0; role < 3; role++)
            for (unsigned at = 0; at < VAULT_STATE_COUNT; at++)
                for (unsigned taken = 0; taken < 2; taken++, cases++) {
                    struct policy_facts f = plain(kind);
                    char id[64];
                    f.role = (enum vault_role)role;
                    f.state = (enum vault_state)at;
                    f.other = taken ? "hourly" : NULL;
                    snprintf(id, sizeof(id), "kind %u role %u state %s taken %u", kind, role,
                             state_names[at], taken);
                    check(id, policy_may_be_applied, &f, expected(&f));
                }
    assert_int_equal(cases, 2 * 3 * VAULT_STATE_COUNT * 2);
}

/* SCH-04 at its border: the last one that fits, and the next. */
static void rules_of_creating(void **state)
{
    static const struct {
        const char *id;
        unsigned kind;
        uint64_t policies;
        const char *to;
        bool after_itself;
        int code;
    } cases[] = {
        {"SCH-04 none", POLICY_FOR_BACKUP, 0, NULL, false, 0},
        {"SCH-04 the last", POLICY_FOR_BACKUP, 31, NULL, false, 0},
        {"SCH-04 one more", POLICY_FOR_BACKUP, 32, NULL, false, ERROR_POLICY_LIMIT},
        {"SCH-04 more", POLICY_FOR_REPLICATION, 33, "west", false, ERROR_POLICY_LIMIT},
        {"SCH-02 with", POLICY_FOR_REPLICATION, 0, "west", false, 0},
        {"SCH-02 without", POLICY_FOR_REPLICATION, 0, NULL, false, ERROR_POLICY_SETTING},
        {"SCH-09 itself", POLICY_FOR_BACKUP, 0, NULL, true, ERROR_POLICY_SETTING},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct policy_facts f = plain(cases[i].kind);
        f.policies = cases[i].policies;
        f.to = cases[i].to;
        f.after = cases[i].after_itself ? "other" : NULL;
        f.after_itself = cases[i].after_itself;
        check(cases[i].id, policy_may_be_created, &f, cases[i].code);
    }
}

/* SCH-13 and MIR-01: over all that a destination can become, held or not. */
static void rules_of_changing(void **state)
{
    static const char *const regions[] = {NULL, "west", "north"};

    (void)state;
    for (unsigned before = 0; before < 3; before++)
        for (unsigned now = 0; now < 3; now++)
            for (unsigned vaults = 0; vaults < 3; vaults++) {
                bool moved = before != 0 && now != 0 && before != now && vaults > 0;
                struct policy_facts mirror = plain(POLICY_FOR_BACKUP);
                mirror.vaults = vaults;
                mirror.mirror_to_before = regions[before];
                mirror.mirror_to = regions[now];
                check("MIR-01", policy_may_be_changed, &mirror,
                      moved ? ERROR_POLICY_APPLIED : 0);
                struct policy_facts replicas = plain(POLICY_FOR_REPLICATION);
                replicas.vaults = vaults;
                replicas.to_before = regions[before];
                replicas.to = regions[now];
                check("SCH-13", policy_may_be_changed, &replicas,
                      now == 0 ? ERROR_POLICY_SETTING
                      : moved  ? ERROR_POLICY_APPLIED
                               : 0);
            }
    struct policy_facts itself = plain(POLICY_FOR_BACKUP);
    itself.after = "other";
    check("SCH-09", policy_may_be_changed, &itself, 0);
    itself.after_itself = true;
    check("SCH-09 itself", policy_may_be_changed, &itself, ERROR_POLICY_SETTING);
}

static void rules_of_deleting(void **state)
{
    struct policy_facts f = plain(POLICY_FOR_BACKUP);

    (void)state;
    check("RET-11", policy_may_be_deleted, &f, 0);
    f.vaults = 3;
    check("RET-11 with vaults", policy_may_be_deleted, &f, 0);
    f.awaited = "copy";
    check("SCH-09 awaited", policy_may_be_deleted, &f, ERROR_POLICY_APPLIED);
}

static void rules_have_requirements(void **state)
{
    (void)state;
    for (unsigned rule = 0; rule < POLICY_RULE_COUNT; rule++) {
        const char *id = policy_rule_requirement((enum policy_rule)rule);
        assert_int_equal(strlen(id), 6);
        assert_int_equal(id[3], '-');
    }
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(rules_of_applying),       cmocka_unit_test(rules_of_creating),
    cmocka_unit_test(rules_of_changing),       cmocka_unit_test(rules_of_deleting),
    cmocka_unit_test(rules_have_requirements),
};

UNIT_MAIN(tests)
