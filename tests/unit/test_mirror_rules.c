/* SPDX-License-Identifier: Apache-2.0 */
/* test_mirror_rules.c - what may be mirrored: every type, role, plan, state and method. */
#include "mirror/rules.h"
#include "unit.h"

#include <string.h>

static const struct {
    enum catalog_vault_type type;
    enum error_code code; /* FAILED = may be mirrored */
} types[] = {
    {CATALOG_TYPE_GENERAL, ERROR_FAILED},
    {CATALOG_TYPE_TABLE, ERROR_FAILED},
    {CATALOG_TYPE_ARCHIVE, ERROR_MIRROR_OF_ARCHIVE},
    {CATALOG_TYPE_DATABASE, ERROR_MIRROR_OF_DATABASE},
    {CATALOG_TYPE_CONTAINER, ERROR_MIRROR_OF_CONTAINER},
};
static const struct {
    enum catalog_vault_role role;
    enum error_code code;
} roles[] = {
    {CATALOG_ROLE_NORMAL, ERROR_FAILED},
    {CATALOG_ROLE_MIRROR, ERROR_MIRROR_OF_MIRROR},
    {CATALOG_ROLE_REPLICATION, ERROR_MIRROR_OF_REPLICATION},
};
static const struct {
    enum catalog_plan plan;
    enum error_code code;
} plans[] = {
    {CATALOG_PLAN_FULL, ERROR_FAILED},
    {CATALOG_PLAN_TRIAL, ERROR_MIRROR_OF_TRIAL},
};
static const struct {
    enum catalog_vault_state state;
    enum error_code code;
} states[] = {
    {CATALOG_VAULT_AVAILABLE, ERROR_FAILED},
    {CATALOG_VAULT_CREATING, ERROR_MIRROR_OF_BAD_STATE},
    {CATALOG_VAULT_LOCKED, ERROR_MIRROR_OF_BAD_STATE},
    {CATALOG_VAULT_FROZEN, ERROR_MIRROR_OF_BAD_STATE},
    {CATALOG_VAULT_DELETING, ERROR_MIRROR_OF_BAD_STATE},
    {CATALOG_VAULT_ERROR, ERROR_MIRROR_OF_BAD_STATE},
    {CATALOG_VAULT_DELETED, ERROR_MIRROR_OF_BAD_STATE},
};
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static enum error_code judge(const struct mirror_wish *wish)
{
    struct error e = ERROR_INIT;
    int result = mirror_may_be_made(wish, &e);
    assert_int_equal(result == 0, e.error_class == LAGAN_OK);
    if (result == 0)
        return ERROR_FAILED;
    assert_non_null(strstr(e.text, wish->source->name));
    assert_null(strchr(e.text, '\n'));
    return (enum error_code)e.code;
}

/* The first rule that is broken, in the order of the table. */
static enum error_code first_of(enum error_code a, enum error_code b, enum error_code c,
                                enum error_code d)
{
    const enum error_code all[] = {a, b, c, d};
    for (size_t i = 0; i < COUNT(all); i++)
        if (all[i] != ERROR_FAILED)
            return all[i];
    return ERROR_FAILED;
}

/* MIR-02, MIR-04, REP-04, VLT-02: all 5 x 3 x 2 x 7 x 3 x 3 vaults. */
static void rules_over_all_vaults(void **state)
{
    struct catalog_vault vault = {.name = "main"};
    struct mirror_wish wish = {.source = &vault, .region = "west", .mirror_limit = 5};
    (void)state;
    for (size_t t = 0; t < COUNT(types); t++)
        for (size_t r = 0; r < COUNT(roles); r++)
            for (size_t p = 0; p < COUNT(plans); p++)
                for (size_t s = 0; s < COUNT(states); s++)
                    for (int own = 0; own <= CATALOG_ENCRYPTION_KMS; own++)
                        for (int its = 0; its <= CATALOG_ENCRYPTION_KMS; its++) {
                            vault.type = types[t].type;
                            vault.role = roles[r].role;
                            vault.plan = plans[p].plan;
                            vault.state = states[s].state;
                            vault.encryption = (enum catalog_encryption)own;
                            wish.method = (enum catalog_encryption)its;
                            enum error_code code = first_of(roles[r].code, types[t].code,
                                                            plans[p].code, states[s].code);
                            if (code == ERROR_FAILED && own != its)
                                code = ERROR_ENCRYPTION_DIFFERS;
                            assert_int_equal(judge(&wish), code);
                        }
}

static void rules_one_by_one(void **state)
{
    struct catalog_vault vault = {.name = "main", .state = CATALOG_VAULT_AVAILABLE};
    const struct mirror_wish fine = {.source = &vault, .region = "west", .mirror_limit = 5};
    struct mirror_wish wish = fine;
    (void)state;
    assert_int_equal(judge(&wish), ERROR_FAILED);
    wish.mirror_name = "[COPY]-main"; /* MIR-01 */
    wish.mirror_region = "south";
    assert_int_equal(judge(&wish), ERROR_MIRROR_EXISTS);
    wish = fine;
    wish.cadence = true; /* MIR-11 */
    assert_int_equal(judge(&wish), ERROR_CADENCE_FIXED);
    wish = fine;
    wish.not_mirrorable = "src_x"; /* MIR-15 */
    assert_int_equal(judge(&wish), ERROR_NOT_MIRRORABLE);
    wish = fine;
    wish.by_policy_only = "src_server"; /* MIR-14, MIR-13: the policy's way is open */
    assert_int_equal(judge(&wish), ERROR_POLICY_ONLY);
    wish.way = MIRROR_BY_POLICY;
    assert_int_equal(judge(&wish), ERROR_FAILED);
    wish = fine;
    wish.mirrors = 4; /* MIR-24, LIM-01: at the border */
    assert_int_equal(judge(&wish), ERROR_FAILED);
    wish.mirrors = 5;
    assert_int_equal(judge(&wish), ERROR_MIRROR_LIMIT);
}

/* Every rule stands for a requirement; the sources that S1 names are general vaults. */
static void rules_name_their_requirements(void **state)
{
    (void)state;
    for (int i = 0; i < MIRROR_RULE_COUNT; i++)
        assert_int_equal(strlen(mirror_rule_requirement((enum mirror_rule)i)), 6);
}

/* NAM-05, NAM-10, MIR-06, MIR-07 */
static void rules_made_names(void **state)
{
    static const uint8_t id[CATALOG_ID_SIZE] = {0xab, 0xcd};
    char longest[NAME_SIZE], text[1024];
    (void)state;
    mirror_made_name("vault-20240220-161428", 1, text, sizeof(text));
    assert_string_equal(text, "[COPY]-vault-20240220-161428");
    memset(longest, 'n', NAME_LIMIT);
    longest[NAME_LIMIT] = '\0';
    mirror_made_name(longest, 1, text, sizeof(text));
    assert_int_equal(strlen(text), NAME_LIMIT);
    mirror_made_name(longest, 12, text, sizeof(text));
    assert_int_equal(strlen(text), NAME_LIMIT);
    assert_string_equal(text + NAME_LIMIT - 4, "n-12");
    mirror_made_description("main", id, text, sizeof(text));
    assert_string_equal(text, "From main(abcd0000000000000000000000000000)");
    char wide[4 * 300 + 1] = "";
    for (int i = 0; i < 300; i++)
        strcat(wide, "\xe5\xa4\x87");
    mirror_made_description(wide, id, text, sizeof(text));
    size_t characters = 0;
    for (const char *at = text; *at; at++)
        characters += ((unsigned char)*at & 0xc0) != 0x80;
    assert_int_equal(characters, DESCRIPTION_LIMIT);
    assert_string_equal(text + strlen(text) - 2, "0)");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rules_over_all_vaults),
        cmocka_unit_test(rules_one_by_one),
        cmocka_unit_test(rules_name_their_requirements),
        cmocka_unit_test(rules_made_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
