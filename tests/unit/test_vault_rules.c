/* SPDX-License-Identifier: Apache-2.0 */
/* test_vault_rules.c - every rule on vaults, over all types, roles, plans, states and
 * encryption methods; and at its borders. */
#include "engine/vault_facts.h"
#include "policy/vault_rules.h"
#include "unit.h"

#include <string.h>

enum { NOW = 1000000, GIB = 1 << 30 };

/* Every way in but creation, as the table below has it. */
typedef int ask_function(const struct vault_facts *facts, struct error *e);

static int ask_resize(const struct vault_facts *facts, struct error *e)
{
    return vault_may_be_resized(facts, 2 * (uint64_t)GIB, e);
}

static int ask_purge(const struct vault_facts *facts, struct error *e)
{
    return vault_may_be_purged(facts, false, e);
}

/* A deadline that has passed. */
static int ask_run_out(const struct vault_facts *facts, struct error *e)
{
    struct vault_facts overdue = *facts;
    overdue.purge_ns = facts->now_ns;
    return vault_may_run_out(&overdue, e);
}

#define S(symbol) (1U << CATALOG_VAULT_##symbol)
#define OK 0

/* What must come out: by role first, then by plan, then by state. */
static const struct way {
    const char *id;
    ask_function *ask;
    int mirror;      /* code for role MIRROR, OK = goes on */
    int replication; /* for role REPLICATION */
    int trial;       /* for a trial that has ended */
    int full;        /* for plan FULL */
    unsigned states; /* that allow it */
    int state;       /* code for the others */
} ways[] = {
    {"VLT-10 MIR-03 VLT-14 VLT-08 take a backup", vault_may_take_backup, ERROR_VAULT_IS_MIRROR,
     ERROR_VAULT_IS_REPLICATION, ERROR_TRIAL_ENDED, OK, S(AVAILABLE), ERROR_VAULT_STATE},
    {"VLT-12 MIR-03 VLT-25 be bound", vault_may_be_bound, ERROR_VAULT_IS_MIRROR,
     ERROR_VAULT_IS_REPLICATION, ERROR_TRIAL_ENDED, OK, S(AVAILABLE) | S(LOCKED),
     ERROR_VAULT_STATE},
    {"VLT-21 lose a source, without a lock", vault_may_lose_source, OK, OK, OK, OK,
     (1U << VAULT_STATE_COUNT) - 1, ERROR_LOCK_STATE},
    {"VLT-22 MIR-03 be locked", vault_may_be_locked, ERROR_VAULT_IS_MIRROR, OK, OK, OK,
     S(AVAILABLE) | S(LOCKED) | S(FROZEN) | S(ERROR), ERROR_VAULT_STATE},
    {"MIR-03 VLT-11 change keys", vault_may_change_keys, ERROR_VAULT_IS_MIRROR, OK, OK, OK,
     S(AVAILABLE) | S(LOCKED) | S(FROZEN) | S(ERROR), ERROR_VAULT_STATE},
    {"VLT-13 VLT-08 be read", vault_may_be_read, OK, OK, OK, OK,
     S(AVAILABLE) | S(LOCKED) | S(FROZEN) | S(ERROR), ERROR_VAULT_STATE},
    {"DEL-05 DEL-07 MIR-03 lose a backup", vault_may_lose_backup, ERROR_VAULT_IS_MIRROR, OK, OK,
     OK, S(AVAILABLE) | S(LOCKED) | S(ERROR), ERROR_VAULT_STATE},
    {"VLT-11 be updated", vault_may_be_updated, OK, OK, OK, OK,
     S(AVAILABLE) | S(LOCKED) | S(FROZEN) | S(ERROR), ERROR_VAULT_STATE},
    {"VLT-12 MIR-19 be resized", ask_resize, ERROR_VAULT_IS_MIRROR, OK, OK, OK, S(AVAILABLE),
     ERROR_VAULT_STATE},
    {"VLT-08 be converted", vault_may_be_converted, OK, OK, OK, ERROR_ALREADY_FULL,
     S(AVAILABLE) | S(LOCKED) | S(FROZEN) | S(ERROR), ERROR_VAULT_STATE},
    {"VLT-13 MIR-03 be frozen", vault_may_be_frozen, ERROR_VAULT_IS_MIRROR, OK, OK, OK,
     S(AVAILABLE) | S(LOCKED), ERROR_VAULT_STATE},
    {"VLT-13 be unfrozen", vault_may_be_unfrozen, OK, OK, OK, OK, S(FROZEN) | S(ERROR),
     ERROR_VAULT_STATE},
    {"DEL-05 MIR-16 be deleted", vault_may_be_deleted, ERROR_VAULT_IS_MIRROR, OK, OK, OK,
     S(AVAILABLE) | S(ERROR), ERROR_VAULT_STATE},
    {"VLT-13 run out", ask_run_out, OK, OK, OK, OK, S(FROZEN), ERROR_VAULT_STATE},
    {"DEL-10 be undeleted", vault_may_be_undeleted, OK, OK, OK, OK, S(DELETED),
     ERROR_NOT_DELETED},
    {"DEL-10 be purged", ask_purge, OK, OK, OK, OK, S(DELETED) | S(DELETING),
     ERROR_NOT_DELETED},
};
enum { WAYS = sizeof(ways) / sizeof(ways[0]) };

static struct vault_facts plain_facts(void)
{
    return (struct vault_facts){.name = "main",
                                .region = "east",
                                .state = VAULT_STATE_AVAILABLE,
                                .reason = "",
                                .now_ns = NOW,
                                .warning_percent = 80,
                                .source_limit = 256};
}

static int expected(const struct way *way, const struct catalog_vault *row)
{
    if (way->mirror != OK && row->role == CATALOG_ROLE_MIRROR)
        return way->mirror;
    if (way->replication != OK && row->role == CATALOG_ROLE_REPLICATION)
        return way->replication;
    if (way->full != OK && row->plan == CATALOG_PLAN_FULL)
        return way->full;
    if (!(way->states & (1U << row->state))) {
        /* Undeleting what is being purged is too late rather than too early. */
        if (way->ask == vault_may_be_undeleted && row->state == CATALOG_VAULT_DELETING)
            return ERROR_VAULT_STATE;
        return way->state;
    }
    if (way->trial != OK && row->plan == CATALOG_PLAN_TRIAL)
        return way->trial;
    return OK;
}

static void check(const struct way *way, const struct catalog_vault *row)
{
    struct vault_facts facts = plain_facts();
    struct error e = ERROR_INIT;
    vault_facts_of_row(row, &facts);
    int result = way->ask(&facts, &e);
    int wanted = expected(way, row);
    if (result == (wanted == OK ? 0 : -1) && (wanted == OK || (int)e.code == wanted))
        return;
    fail_msg("%s: %s %s %s %s %s: %s, not %s (%s)", way->id, catalog_vault_type_name(row->type),
             catalog_vault_role_name(row->role), catalog_plan_name(row->plan),
             catalog_vault_state_name(row->state), catalog_encryption_name(row->encryption),
             result ? error_code_name(e.code) : "allowed",
             wanted ? error_code_name((uint32_t)wanted) : "allowed", e.text);
}

/* An error names the vault, and holds no word that was not filled in. */
static void check_text(const struct way *way, const struct catalog_vault *row)
{
    struct vault_facts facts = plain_facts();
    struct error e = ERROR_INIT;
    vault_facts_of_row(row, &facts);
    if (way->ask(&facts, &e) == 0)
        return;
    if (strstr(e.text, "the vault main cannot ") != e.text || strpbrk(e.text, "{}\n"))
        fail_msg("%s: '%s'", way->id, e.text);
}

static void rules_over_all_vaults(void **state)
{
    struct catalog_vault row = {.name = "main", .region = "east", .quota_warning = 80};
    (void)state;
    row.trial_end_ns = NOW - 1;
    for (size_t way = 0; way < WAYS; way++)
        for (int type = 0; type < VAULT_TYPE_COUNT; type++)
            for (int role = 0; role < VAULT_ROLE_COUNT; role++)
                for (int plan = 0; plan < VAULT_PLAN_COUNT; plan++)
                    for (int at = 0; at < VAULT_STATE_COUNT; at++)
                        for (int method = 0; method <= CATALOG_ENCRYPTION_KMS; method++) {
                            row.type = (enum catalog_vault_type)type;
                            row.role = (enum catalog_vault_role)role;
                            row.plan = (enum catalog_plan)plan;
                            row.state = (enum catalog_vault_state)at;
                            row.encryption = (enum catalog_encryption)method;
                            check(&ways[way], &row);
                            check_text(&ways[way], &row);
                        }
}

/* One fact at a time, on both sides of its border. */
struct border {
    const char *id;
    ask_function *ask;
    void (*set)(struct vault_facts *facts);
    int code;         /* OK = allowed */
    const char *part; /* of the text */
};

static void set_trial_ends(struct vault_facts *f)
{
    f->plan = VAULT_PLAN_TRIAL;
    f->trial_end_ns = NOW;
}
static void set_trial_runs(struct vault_facts *f)
{
    f->plan = VAULT_PLAN_TRIAL;
    f->trial_end_ns = NOW + 1;
}
static void set_used_up(struct vault_facts *f)
{
    f->quota_bytes = f->used_bytes = 5;
}
static void set_nearly_used_up(struct vault_facts *f)
{
    f->quota_bytes = 6;
    f->used_bytes = 5;
}
static void set_used_up_expanding(struct vault_facts *f)
{
    set_used_up(f);
    f->auto_expand = true;
}
static void set_no_quota(struct vault_facts *f)
{
    f->used_bytes = UINT64_MAX;
}
static void set_uses_new_quota(struct vault_facts *f)
{
    f->used_bytes = 2 * (uint64_t)GIB;
}
static void set_uses_more(struct vault_facts *f)
{
    f->used_bytes = 2 * (uint64_t)GIB + 1;
}
static void set_sources_full(struct vault_facts *f)
{
    f->sources = f->source_limit = 256;
}
static void set_sources_but_one(struct vault_facts *f)
{
    f->sources = 255;
}
static void set_mirror(struct vault_facts *f)
{
    f->mirror = "[COPY]-main";
    f->mirror_region = "west";
}
static void set_deleted_mirror(struct vault_facts *f)
{
    set_mirror(f);
    f->state = VAULT_STATE_DELETED;
}
static void set_busy(struct vault_facts *f)
{
    f->task = "t-000000000001";
}
static void set_young(struct vault_facts *f)
{
    f->created_ns = NOW - 9;
    f->least_age_ns = 10;
}
static void set_old_enough(struct vault_facts *f)
{
    f->created_ns = NOW - 10;
    f->least_age_ns = 10;
}
static void set_kept(struct vault_facts *f)
{
    f->state = VAULT_STATE_DELETED;
    f->purge_ns = NOW + 1;
}
static void set_due(struct vault_facts *f)
{
    f->state = VAULT_STATE_DELETED;
    f->purge_ns = NOW;
}
static void set_being_purged(struct vault_facts *f)
{
    f->state = VAULT_STATE_DELETING;
    f->purge_ns = NOW + 1;
}
static void set_frozen(struct vault_facts *f)
{
    f->state = VAULT_STATE_FROZEN;
    f->reason = "not paid";
}

static void set_frozen_for_ever(struct vault_facts *f)
{
    set_frozen(f);
    f->purge_ns = 0;
}
static void set_frozen_still(struct vault_facts *f)
{
    set_frozen(f);
    f->purge_ns = NOW + 1;
}
static void set_frozen_too_long(struct vault_facts *f)
{
    set_frozen(f);
    f->purge_ns = NOW;
}
static void set_frozen_with_mirror(struct vault_facts *f)
{
    set_frozen_too_long(f);
    set_mirror(f);
}

static void set_locked(struct vault_facts *f)
{
    f->lock = "compliance";
}
static void set_locked_and_deleted(struct vault_facts *f)
{
    set_locked(f);
    f->state = VAULT_STATE_DELETED;
}

static int ask_early_purge(const struct vault_facts *facts, struct error *e)
{
    return vault_may_be_purged(facts, true, e);
}

static const struct border borders[] = {
    {"VLT-08 the last moment", vault_may_take_backup, set_trial_runs, OK, NULL},
    {"VLT-08 the end", vault_may_take_backup, set_trial_ends, ERROR_TRIAL_ENDED,
     "lagan vault convert main"},
    {"VLT-08 restores go on", vault_may_be_read, set_trial_ends, OK, NULL},
    {"VLT-08 convert after the end", vault_may_be_converted, set_trial_ends, OK, NULL},
    {"VLT-17 room for a byte", vault_may_take_backup, set_nearly_used_up, OK, NULL},
    {"VLT-17 used up", vault_may_take_backup, set_used_up, ERROR_VAULT_FULL, "--quota"},
    {"VLT-17 full before it was switched on", vault_may_take_backup, set_used_up_expanding,
     ERROR_VAULT_FULL, "5 B of the 5 B"},
    {"VLT-16 no quota", vault_may_take_backup, set_no_quota, OK, NULL},
    {"VLT-18 down to what is used", ask_resize, set_uses_new_quota, OK, NULL},
    {"VLT-18 below what is used", ask_resize, set_uses_more, ERROR_CONFLICT, "2.00 GiB"},
    {"VLT-25 source 256", vault_may_be_bound, set_sources_but_one, OK, NULL},
    {"VLT-25 source 257", vault_may_be_bound, set_sources_full, ERROR_SOURCE_LIMIT, "256"},
    {"DEL-02 MIR-17 a source with its mirror", vault_may_be_deleted, set_mirror,
     ERROR_VAULT_HAS_MIRROR, "the mirror [COPY]-main in region west"},
    {"DEL-02 MIR-17 purge", ask_purge, set_deleted_mirror, ERROR_VAULT_HAS_MIRROR,
     "lagan mirror delete"},
    {"DEL-05 a task is at work", vault_may_be_deleted, set_busy, ERROR_CONFLICT,
     "t-000000000001"},
    {"DEL-05 purge under way", ask_purge, set_busy, ERROR_NOT_DELETED, "available"},
    {"DEL-08 too young", vault_may_be_deleted, set_young, ERROR_VAULT_FRESH, "vault-age"},
    {"DEL-08 old enough", vault_may_be_deleted, set_old_enough, OK, NULL},
    {"DEL-10 the last moment", ask_purge, set_kept, ERROR_VAULT_STATE, "undelete main"},
    {"DEL-10 early", ask_early_purge, set_kept, OK, NULL},
    {"DEL-10 due", ask_purge, set_due, OK, NULL},
    {"DEL-10 an interrupted purge", ask_purge, set_being_purged, OK, NULL},
    {"VLT-13 the reason is said", vault_may_take_backup, set_frozen, ERROR_VAULT_STATE,
     "frozen (not paid); `lagan vault unfreeze main`"},
    {"VLT-13 no deadline", vault_may_run_out, set_frozen_for_ever, ERROR_VAULT_STATE,
     "deadline"},
    {"VLT-13 the last moment", vault_may_run_out, set_frozen_still, ERROR_VAULT_STATE, NULL},
    {"VLT-13 run out", vault_may_run_out, set_frozen_too_long, OK, NULL},
    {"VLT-13 DEL-02 a source with its mirror", vault_may_run_out, set_frozen_with_mirror,
     ERROR_VAULT_HAS_MIRROR, NULL},
    {"VLT-13 reads go on", vault_may_be_read, set_frozen, OK, NULL},
    {"VLT-21 a locked vault keeps its sources", vault_may_lose_source, set_locked,
     ERROR_LOCK_STATE, "locked (compliance)"},
    {"VLT-21 a deleted one does not", vault_may_lose_source, set_locked_and_deleted, OK, NULL},
    {"VLT-21 new sources may come", vault_may_be_bound, set_locked, OK, NULL},
};

static void rules_at_borders(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(borders) / sizeof(borders[0]); i++) {
        const struct border *b = &borders[i];
        struct vault_facts facts = plain_facts();
        struct error e = ERROR_INIT;
        b->set(&facts);
        int result = b->ask(&facts, &e);
        if ((b->code == OK) != (result == 0) || (b->code != OK && (int)e.code != b->code) ||
            (b->part && !strstr(e.text, b->part)))
            fail_msg("%s: %d %s '%s'", b->id, result, error_code_name(e.code), e.text);
    }
}

static const struct {
    const char *id;
    struct vault_wish wish;
    int code;
} wishes[] = {
    {"VLT-34 vault 100", {.vaults = 99, .vault_limit = 100}, OK},
    {"VLT-34 vault 101", {.vaults = 100, .vault_limit = 100}, ERROR_VAULT_LIMIT},
    {"VLT-05 redundancy", {.vault_limit = 1, .redundancy_given = true}, ERROR_USAGE},
    {"VLT-02 replication general", {.vault_limit = 1, .role = VAULT_ROLE_REPLICATION}, OK},
    {"VLT-02 replication table",
     {.vault_limit = 1, .role = VAULT_ROLE_REPLICATION, .type = VAULT_TYPE_TABLE},
     OK},
    {"VLT-02 replication archive",
     {.vault_limit = 1, .role = VAULT_ROLE_REPLICATION, .type = VAULT_TYPE_ARCHIVE},
     ERROR_REPLICA_VAULT},
    {"VLT-02 replication database",
     {.vault_limit = 1, .role = VAULT_ROLE_REPLICATION, .type = VAULT_TYPE_DATABASE},
     ERROR_REPLICA_VAULT},
    {"VLT-02 replication container",
     {.vault_limit = 1, .role = VAULT_ROLE_REPLICATION, .type = VAULT_TYPE_CONTAINER},
     ERROR_REPLICA_VAULT},
    {"VLT-08 replication trial",
     {.vault_limit = 1, .role = VAULT_ROLE_REPLICATION, .plan = VAULT_PLAN_TRIAL},
     ERROR_REPLICA_VAULT},
    {"VLT-08 trial archive",
     {.vault_limit = 1, .type = VAULT_TYPE_ARCHIVE, .plan = VAULT_PLAN_TRIAL},
     OK},
};

static void rules_of_creation(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(wishes) / sizeof(wishes[0]); i++) {
        struct vault_wish wish = wishes[i].wish;
        struct error e = ERROR_INIT;
        wish.region = "east";
        int result = vault_may_be_created(&wish, &e);
        if ((wishes[i].code == OK) != (result == 0) ||
            (wishes[i].code != OK && (int)e.code != wishes[i].code) || strpbrk(e.text, "{}"))
            fail_msg("%s: %d %s '%s'", wishes[i].id, result, error_code_name(e.code), e.text);
    }
}

/* VLT-17: 1.25 times, as often as needed. */
static void rules_room(void **state)
{
    static const struct {
        uint64_t quota, used, more;
        bool expand;
        uint64_t then; /* 0 = VAULT_FULL */
    } rows[] = {
        {100, 50, 50, false, 100}, {100, 50, 51, false, 0},
        {100, 50, 50, true, 100},  {100, 50, 51, true, 125},
        {100, 50, 75, true, 125},  {100, 50, 76, true, 156},
        {1, 0, 3, true, 3},        {100, 50, UINT64_MAX, true, UINT64_MAX},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct vault_facts facts = plain_facts();
        struct error e = ERROR_INIT;
        uint64_t quota = 0;
        facts.quota_bytes = rows[i].quota;
        facts.used_bytes = rows[i].used;
        facts.auto_expand = rows[i].expand;
        int result = vault_room(&facts, rows[i].more, &quota, &e);
        assert_int_equal(result, rows[i].then ? 0 : -1);
        assert_int_equal(quota, rows[i].then);
        if (result != 0)
            assert_int_equal(e.code, ERROR_VAULT_FULL);
    }
    struct vault_facts none = plain_facts();
    struct error e = ERROR_INIT;
    uint64_t quota = 1;
    assert_int_equal(vault_room(&none, UINT64_MAX, &quota, &e), 0);
    assert_int_equal(quota, 0);
}

/* VLT-19 */
static void rules_warning(void **state)
{
    struct vault_facts facts = plain_facts();
    (void)state;
    assert_false(vault_over_warning(&facts, UINT64_MAX));
    facts.quota_bytes = 1000;
    assert_false(vault_over_warning(&facts, 799));
    assert_true(vault_over_warning(&facts, 800));
    facts.warning_percent = 100;
    assert_false(vault_over_warning(&facts, 999));
    assert_true(vault_over_warning(&facts, 1000));
    facts.quota_bytes = UINT64_MAX;
    assert_true(vault_over_warning(&facts, UINT64_MAX));
    assert_false(vault_over_warning(&facts, UINT64_MAX / 2));
}

/* Every row of the table stands for a requirement. */
static void rules_requirements(void **state)
{
    (void)state;
    for (int i = 0; i < VAULT_RULE_COUNT; i++)
        assert_int_equal(strlen(vault_rule_requirement((enum vault_rule)i)), 6);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(rules_over_all_vaults), cmocka_unit_test(rules_at_borders),
    cmocka_unit_test(rules_of_creation),     cmocka_unit_test(rules_room),
    cmocka_unit_test(rules_warning),         cmocka_unit_test(rules_requirements),
};

UNIT_MAIN(tests)
