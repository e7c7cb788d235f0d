/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_mirror_replica_rules.c - which backups may be replicated where: each rule by itself, and
 * all combinations of facts against a second telling of the rules.
 */
#include "mirror/replica_rules.h"
#include "unit.h"

#include <stdio.h>
#include <string.h>

/* A wish that nothing stands against, with all it points to. */
struct facts {
    struct catalog_vault source, destination;
    struct catalog_backup backup;
    struct catalog_replicated replicated;
    struct replica_wish wish;
};

static void fill(struct facts *f)
{
    memset(f, 0, sizeof(*f));
    strcpy(f->source.name, "main");
    strcpy(f->source.region, "east");
    f->source.state = f->destination.state = CATALOG_VAULT_AVAILABLE;
    strcpy(f->destination.name, "copies");
    strcpy(f->destination.region, "west");
    f->destination.role = CATALOG_ROLE_REPLICATION;
    strcpy(f->backup.id, "0123456789abcdef");
    strcpy(f->backup.region, "east");
    f->wish = (struct replica_wish){.source = &f->source,
                                    .destination = &f->destination,
                                    .region = "west",
                                    .backup = &f->backup,
                                    .replicated = &f->replicated};
}

static void happened(struct facts *f, bool live, bool running, bool ever, bool found)
{
    f->replicated = (struct catalog_replicated){live, running, ever, {.id = "r-0123456789ab"}};
    f->wish.found = found;
}

static void is_fine(struct facts *f)
{
    (void)f;
}
static void source_is_replication(struct facts *f)
{
    f->source.role = CATALOG_ROLE_REPLICATION;
}
static void source_is_mirror(struct facts *f)
{
    f->source.role = CATALOG_ROLE_MIRROR;
}
static void source_is_deleted(struct facts *f)
{
    f->source.state = CATALOG_VAULT_DELETED;
}
static void source_is_wrong(struct facts *f)
{
    f->source.state = CATALOG_VAULT_ERROR;
}
static void source_is_frozen(struct facts *f)
{
    f->source.state = CATALOG_VAULT_FROZEN;
}
static void into_normal(struct facts *f)
{
    f->destination.role = CATALOG_ROLE_NORMAL;
}
static void into_mirror(struct facts *f)
{
    f->destination.role = CATALOG_ROLE_MIRROR;
}
static void into_elsewhere(struct facts *f)
{
    strcpy(f->destination.region, "north");
}
static void into_frozen(struct facts *f)
{
    f->destination.state = CATALOG_VAULT_FROZEN;
}
static void into_locked(struct facts *f)
{
    f->destination.state = CATALOG_VAULT_LOCKED;
}
static void into_other_type(struct facts *f)
{
    f->destination.type = CATALOG_TYPE_TABLE;
}
static void source_other_type(struct facts *f)
{
    f->source.type = CATALOG_TYPE_ARCHIVE;
}
static void is_replica(struct facts *f)
{
    strcpy(f->backup.origin, "fedcba9876543210");
}
static void made_elsewhere(struct facts *f)
{
    strcpy(f->backup.region, "north");
}
static void made_long_ago(struct facts *f)
{
    f->backup.region[0] = '\0';
}
static void backup_is_wrong(struct facts *f)
{
    f->backup.state = CATALOG_BACKUP_ERROR;
}
static void backup_is_deleted(struct facts *f)
{
    f->backup.state = CATALOG_BACKUP_DELETING;
}
static void backup_is_partial(struct facts *f)
{
    f->backup.state = CATALOG_BACKUP_PARTIAL;
}
static void other_kind(struct facts *f)
{
    strcpy(f->backup.kind, "image");
}
static void server_without_disk(struct facts *f)
{
    strcpy(f->backup.kind, "server");
}
static void server_with_disk(struct facts *f)
{
    strcpy(f->backup.kind, "server");
    f->backup.system_disk = true;
}
static void disk_without_system(struct facts *f)
{
    strcpy(f->backup.kind, "disk");
}
static void driver_never(struct facts *f)
{
    f->wish.not_replicable = "src_tapes";
}
static void driver_by_policy(struct facts *f)
{
    f->wish.by_policy_only = "src_server";
}
static void driver_by_policy_and_is(struct facts *f)
{
    f->wish.by_policy_only = "src_server";
    f->wish.way = CATALOG_WAY_POLICY;
}
static void live_unseen(struct facts *f)
{
    happened(f, true, false, true, false);
}
static void live_seen(struct facts *f)
{
    happened(f, true, false, true, true);
}
static void on_its_way(struct facts *f)
{
    happened(f, true, true, false, false);
}
static void seen_alone(struct facts *f)
{
    happened(f, false, false, false, true);
    f->replicated.last.id[0] = '\0';
}
static void deleted_by_hand(struct facts *f)
{
    happened(f, false, false, true, false);
}
static void failed_by_policy(struct facts *f)
{
    happened(f, false, false, false, false);
    f->wish.way = CATALOG_WAY_POLICY;
}
static void deleted_by_policy(struct facts *f)
{
    deleted_by_hand(f);
    f->wish.way = CATALOG_WAY_POLICY;
}
static void deleted_by_policy_again(struct facts *f)
{
    deleted_by_policy(f);
    f->wish.again = true;
}
static void deleted_by_vault(struct facts *f)
{
    deleted_by_hand(f);
    f->wish.way = CATALOG_WAY_VAULT;
}
static void deleted_by_vault_again(struct facts *f)
{
    deleted_by_vault(f);
    f->wish.again = true;
}
static void live_by_vault_again(struct facts *f)
{
    live_seen(f);
    f->wish.way = CATALOG_WAY_VAULT;
    f->wish.again = true;
}
static void no_room(struct facts *f)
{
    f->destination.quota_bytes = 1000;
    f->wish.used_bytes = 600;
    f->wish.more_bytes = 401;
}
static void just_room(struct facts *f)
{
    f->destination.quota_bytes = 1000;
    f->wish.used_bytes = 600;
    f->wish.more_bytes = 400;
}
static void no_room_at_all(struct facts *f)
{
    f->destination.quota_bytes = 1000;
    f->wish.used_bytes = UINT64_MAX;
    f->wish.more_bytes = 1;
}
static void room_grows(struct facts *f)
{
    no_room(f);
    f->destination.auto_expand = true;
}

enum { FINE = ERROR_CODE_COUNT };

static const struct {
    const char *name;
    void (*change)(struct facts *f);
    int code; /* FINE: it may go */
    const char *says;
} rows[] = {
    {"REP-01 nothing stands against it", is_fine, FINE, ""},
    {"REP-02 backup in error", backup_is_wrong, ERROR_BACKUP_STATE, "its state is error"},
    {"REP-02 backup being deleted", backup_is_deleted, ERROR_BACKUP_STATE, "deleting"},
    {"REP-02 partial is available", backup_is_partial, FINE, ""},
    {"REP-02 another kind", other_kind, ERROR_BACKUP_KIND, "kind 'image'"},
    {"REP-02 server without system disk", server_without_disk, ERROR_NO_SYSTEM_DISK, "starts"},
    {"REP-02 server with system disk", server_with_disk, FINE, ""},
    {"REP-02 vault deleted", source_is_deleted, ERROR_VAULT_STATE, "its state is deleted"},
    {"REP-02 vault in error", source_is_wrong, ERROR_VAULT_STATE, "its state is error"},
    {"REP-02 frozen vault is read", source_is_frozen, FINE, ""},
    {"REP-03 made elsewhere", made_elsewhere, ERROR_BACKUP_FOREIGN, "region north"},
    {"REP-03 made here, long ago", made_long_ago, FINE, ""},
    {"REP-03 replica", is_replica, ERROR_REPLICA_OF_REPLICA, "fedcba9876543210"},
    {"REP-04 of a replication vault", source_is_replication, ERROR_VAULT_IS_REPLICATION,
     "main"},
    {"REP-04 of a mirror", source_is_mirror, ERROR_VAULT_IS_MIRROR, "mirror"},
    {"REP-05 live", live_seen, ERROR_REPLICA_EXISTS, "has it already"},
    {"REP-05 on its way", on_its_way, ERROR_REPLICA_EXISTS, "on its way"},
    {"REP-05 there, the ledger lost", seen_alone, ERROR_REPLICA_EXISTS, "west"},
    {"REP-06 by hand again once deleted", deleted_by_hand, FINE, ""},
    {"REP-07 by policy once", deleted_by_policy, ERROR_REPLICATED_BEFORE, "policy"},
    {"REP-07 by policy once, whatever", deleted_by_policy_again, ERROR_REPLICATED_BEFORE, ""},
    {"REP-07 by vault once", deleted_by_vault, ERROR_REPLICATED_BEFORE, "--again"},
    {"C4 by vault again", deleted_by_vault_again, FINE, ""},
    {"C4 again, but not beside a live one", live_by_vault_again, ERROR_REPLICA_EXISTS, ""},
    {"REP-08 by policy after a failure", failed_by_policy, FINE, ""},
    {"REP-09 into a normal vault", into_normal, ERROR_REPLICA_VAULT, "its role is normal"},
    {"REP-09 into a mirror", into_mirror, ERROR_REPLICA_VAULT, "its role is mirror"},
    {"REP-09 into another region", into_elsewhere, ERROR_REPLICA_VAULT, "region north"},
    {"REP-09 into a frozen vault", into_frozen, ERROR_REPLICA_VAULT, "frozen"},
    {"REP-09 into a locked vault", into_locked, ERROR_REPLICA_VAULT, "state is lock"},
    {"REP-20 into another type", into_other_type, ERROR_REPLICA_VAULT, "type table"},
    {"REP-20 of another type", source_other_type, ERROR_REPLICA_VAULT, "type archive"},
    {"REP-20 full", no_room, ERROR_REPLICA_VAULT, "quota"},
    {"REP-20 more than full", no_room_at_all, ERROR_REPLICA_VAULT, "quota"},
    {"REP-20 just room", just_room, FINE, ""},
    {"REP-20 room grows", room_grows, FINE, ""},
    {"REP-16 disk", disk_without_system, FINE, ""},
    {"REP-16 driver says never", driver_never, ERROR_BACKUP_KIND, "src_tapes"},
    {"MIR-14 driver says by policy", driver_by_policy, ERROR_POLICY_ONLY, "src_server"},
    {"MIR-14 driver says by policy, and it is", driver_by_policy_and_is, FINE, ""},
    {"REP-21 the ledger knows, the region does not", live_unseen, ERROR_REPLICA_UNCERTAIN,
     "replica delete r-0123456789ab --region west"},
};

static void each_rule(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct error e = ERROR_INIT;
        struct facts f;
        fill(&f);
        rows[i].change(&f);
        int result = replica_may_be_made(&f.wish, &e);
        bool right =
            rows[i].code == FINE ? result == 0 : result != 0 && (int)e.code == rows[i].code;
        if (!right || strstr(e.text, rows[i].says) == NULL)
            fail_msg("%s: %s %s", rows[i].name, error_code_name(e.code), e.text);
        assert_true((result == 0) == (replica_rule_broken(&f.wish) == REPLICA_RULE_COUNT));
        if (result != 0 &&
            strstr(e.text, replica_rule_requirement(replica_rule_broken(&f.wish))))
            fail_msg("%s: people do not know requirements", rows[i].name);
    }
}

/* Every rule of the table is broken by some row, and names a requirement. */
static void rules_are_covered(void **state)
{
    bool seen[REPLICA_RULE_COUNT] = {false};
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct facts f;
        fill(&f);
        rows[i].change(&f);
        enum replica_rule rule = replica_rule_broken(&f.wish);
        if (rule != REPLICA_RULE_COUNT)
            seen[rule] = true;
    }
    for (int i = 0; i < REPLICA_RULE_COUNT; i++) {
        if (!seen[i])
            fail_msg("no row breaks rule %d (%s)", i,
                     replica_rule_requirement((enum replica_rule)i));
        assert_int_equal(replica_rule_requirement((enum replica_rule)i)[3], '-');
    }
}

/* The same rules, told once more and in another form. */
static int expected(const struct facts *f)
{
    const struct catalog_replicated *r = &f->replicated;
    bool readable[] = {false, true, true, true, false, false, false};
    bool usable[] = {true, true, false, false};

    if (f->source.role != CATALOG_ROLE_NORMAL)
        return f->source.role == CATALOG_ROLE_MIRROR ? ERROR_VAULT_IS_MIRROR
                                                     : ERROR_VAULT_IS_REPLICATION;
    if (!readable[f->source.state])
        return ERROR_VAULT_STATE;
    if (f->destination.role != CATALOG_ROLE_REPLICATION ||
        f->destination.state != CATALOG_VAULT_AVAILABLE ||
        f->destination.type != f->source.type)
        return ERROR_REPLICA_VAULT;
    if (!usable[f->backup.state])
        return ERROR_BACKUP_STATE;
    if (r->live && !r->running && !f->wish.found)
        return ERROR_REPLICA_UNCERTAIN;
    if (r->live || f->wish.found)
        return ERROR_REPLICA_EXISTS;
    bool once = f->wish.way == CATALOG_WAY_POLICY ||
                (f->wish.way == CATALOG_WAY_VAULT && !f->wish.again);
    return once && r->ever ? ERROR_REPLICATED_BEFORE : FINE;
}

/* A number whose parts choose the facts. */
static unsigned part(unsigned *number, unsigned count)
{
    unsigned chosen = *number % count;
    *number /= count;
    return chosen;
}

static void choose(struct facts *f, unsigned number)
{
    fill(f);
    f->source.role = (enum catalog_vault_role)part(&number, 3);
    f->source.type = (enum catalog_vault_type)part(&number, 5);
    f->source.state = (enum catalog_vault_state)part(&number, 7);
    f->destination.role = (enum catalog_vault_role)part(&number, 3);
    f->destination.type = (enum catalog_vault_type)part(&number, 2);
    f->destination.state = (enum catalog_vault_state)part(&number, 7);
    f->backup.state = (enum catalog_backup_state)part(&number, 4);
    f->wish.way = (enum catalog_way)part(&number, 3);
    f->wish.again = part(&number, 2);
    happened(f, part(&number, 2), part(&number, 2), part(&number, 2), part(&number, 2));
}

/* All types, roles and states of both vaults, all states of backups, all ways in and all that
 * may have happened before. */
static void all_combinations(void **state)
{
    const unsigned count = 3 * 5 * 7 * 3 * 2 * 7 * 4 * 3 * 2 * 16;
    unsigned allowed = 0;
    (void)state;
    for (unsigned i = 0; i < count; i++) {
        struct error e = ERROR_INIT;
        struct facts f;
        choose(&f, i);
        int result = replica_may_be_made(&f.wish, &e);
        int code = result == 0 ? FINE : (int)e.code;
        if (code != expected(&f))
            fail_msg("combination %u: %s, expected %s: %s", i, error_code_name((uint32_t)code),
                     error_code_name((uint32_t)expected(&f)), e.text);
        allowed += result == 0;
    }
    assert_true(allowed > 0 && allowed < count / 100);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_rule),
        cmocka_unit_test(rules_are_covered),
        cmocka_unit_test(all_combinations),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
