/* SPDX-License-Identifier: Apache-2.0 */
/* replica_rules.c - see replica_rules.h. */
#include "mirror/replica_rules.h"

#include "base/object.h"
#include "base/text.h"

#include <stdio.h>
#include <string.h>

#define SERVER_KIND "server"

/* What backups may be of, to be replicated. */
static const char *const kinds[] = {"files", SERVER_KIND, "disk", "bucket", "nas", "database"};

static bool breaks_not_of_replication_vault(const struct replica_wish *w)
{
    return w->source->role == CATALOG_ROLE_REPLICATION;
}

static bool breaks_not_of_mirror(const struct replica_wish *w)
{
    return w->source->role == CATALOG_ROLE_MIRROR;
}

/* A frozen vault is still read. */
static bool breaks_source_state(const struct replica_wish *w)
{
    return w->source->state != CATALOG_VAULT_AVAILABLE &&
           w->source->state != CATALOG_VAULT_LOCKED && w->source->state != CATALOG_VAULT_FROZEN;
}

static bool breaks_into_replication(const struct replica_wish *w)
{
    return w->destination->role != CATALOG_ROLE_REPLICATION;
}

static bool breaks_into_region(const struct replica_wish *w)
{
    return strcmp(w->destination->region, w->region) != 0;
}

static bool breaks_into_available(const struct replica_wish *w)
{
    return w->destination->state != CATALOG_VAULT_AVAILABLE;
}

static bool breaks_into_type(const struct replica_wish *w)
{
    return w->destination->type != w->source->type;
}

static bool breaks_no_replica(const struct replica_wish *w)
{
    return w->backup->origin[0] != '\0';
}

/* Rows of old have no region: they were made where they are. */
static bool breaks_made_here(const struct replica_wish *w)
{
    return w->backup->region[0] != '\0' && strcmp(w->backup->region, w->source->region) != 0;
}

/* What a partial backup holds is as durable and whole as that of any other. */
static bool breaks_state(const struct replica_wish *w)
{
    return w->backup->state != CATALOG_BACKUP_AVAILABLE &&
           w->backup->state != CATALOG_BACKUP_PARTIAL;
}

static bool breaks_kind(const struct replica_wish *w)
{
    if (w->backup->kind[0] == '\0')
        return false;
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        if (strcmp(w->backup->kind, kinds[i]) == 0)
            return false;
    }
    return true;
}

static bool breaks_system_disk(const struct replica_wish *w)
{
    return strcmp(w->backup->kind, SERVER_KIND) == 0 && !w->backup->system_disk;
}

static bool breaks_replicable(const struct replica_wish *w)
{
    return w->not_replicable != NULL;
}

static bool breaks_by_policy(const struct replica_wish *w)
{
    return w->by_policy_only != NULL && w->way != CATALOG_WAY_POLICY;
}

/* The ledger says that it is there, and nobody has seen it. */
static bool breaks_certain(const struct replica_wish *w)
{
    return w->replicated->live && !w->replicated->running && !w->found;
}

static bool breaks_one_live(const struct replica_wish *w)
{
    return w->replicated->live || w->found;
}

static bool breaks_once_by_policy(const struct replica_wish *w)
{
    return w->way == CATALOG_WAY_POLICY && w->replicated->ever;
}

static bool breaks_once_by_vault(const struct replica_wish *w)
{
    return w->way == CATALOG_WAY_VAULT && !w->again && w->replicated->ever;
}

static bool breaks_into_room(const struct replica_wish *w)
{
    const struct catalog_vault *v = w->destination;
    uint64_t after;

    if (v->quota_bytes == 0 || v->auto_expand)
        return false;
    return __builtin_add_overflow(w->used_bytes, w->more_bytes, &after) ||
           after > v->quota_bytes;
}

/* What rules say, behind the name of what they are about. */

static void say_of_source(enum replica_rule rule, const struct replica_wish *w, char *text,
                          size_t room)
{
    const struct catalog_vault *v = w->source;

    if (rule == REPLICA_RULE_NOT_OF_REPLICATION_VAULT)
        snprintf(text, room,
                 "it is a replication vault; replicate from where its backups were made");
    else if (rule == REPLICA_RULE_NOT_OF_MIRROR)
        snprintf(text, room, "it is a mirror; replicate from the vault that it follows");
    else
        snprintf(text, room, "its state is %s%s%s; it must be available",
                 catalog_vault_state_name(v->state), v->reason[0] ? ": " : "", v->reason);
}

static void say_of_destination(enum replica_rule rule, const struct replica_wish *w, char *text,
                               size_t room)
{
    const struct catalog_vault *v = w->destination;
    char size[TEXT_SIZE_SIZE];

    switch (rule) {
    case REPLICA_RULE_INTO_REPLICATION:
        snprintf(text, room,
                 "its role is %s; replicas go into vaults that `lagan vault create --role "
                 "replication --region %s` makes",
                 catalog_vault_role_name(v->role), w->region);
        return;
    case REPLICA_RULE_INTO_REGION:
        snprintf(text, room, "it is in region %s, not in %s", v->region, w->region);
        return;
    case REPLICA_RULE_INTO_AVAILABLE:
        snprintf(text, room, "its state is %s%s%s; it must be available",
                 catalog_vault_state_name(v->state), v->reason[0] ? ": " : "", v->reason);
        return;
    case REPLICA_RULE_INTO_TYPE:
        snprintf(text, room,
                 "it is of type %s, and the vault %s of type %s: they must be the same",
                 catalog_vault_type_name(v->type), w->source->name,
                 catalog_vault_type_name(w->source->type));
        return;
    default:
        text_format_size(v->quota_bytes, size);
        snprintf(text, room,
                 "its quota of %s does not suffice; `lagan vault update %s --quota SIZE` makes "
                 "room",
                 size, v->name);
    }
}

static void say_of_earlier(enum replica_rule rule, const struct replica_wish *w, char *text,
                           size_t room)
{
    const struct catalog_ledger *last = &w->replicated->last;

    switch (rule) {
    case REPLICA_RULE_CERTAIN:
        snprintf(text, room,
                 "the ledger (%s) says that region %s has it, and no vault there does; `lagan "
                 "catalog rebuild --region %s` looks again, `lagan replica delete %s --region "
                 "%s` takes it as gone",
                 last->id, w->region, w->region, last->id, w->region);
        return;
    case REPLICA_RULE_ONE_LIVE:
        snprintf(text, room, "region %s has it already, or it is on its way%s%s", w->region,
                 last->id[0] ? ": " : "", last->id);
        return;
    case REPLICA_RULE_ONCE_BY_POLICY:
        snprintf(text, room,
                 "it was replicated to region %s before (%s), and a policy does so once; "
                 "`lagan replica create %s --to %s` does it by hand",
                 w->region, last->id, w->backup->id, w->region);
        return;
    default:
        snprintf(text, room,
                 "it was replicated to region %s before (%s) and deleted there; --again "
                 "replicates it once more",
                 w->region, last->id);
    }
}

static void say_of_backup(enum replica_rule rule, const struct replica_wish *w, char *text,
                          size_t room)
{
    const struct catalog_backup *b = w->backup;

    switch (rule) {
    case REPLICA_RULE_NO_REPLICA:
        snprintf(text, room, "it is a replica itself, of %s; replicate that one", b->origin);
        return;
    case REPLICA_RULE_MADE_HERE:
        snprintf(text, room,
                 "it was made in region %s, and its vault is in %s; replicate it "
                 "from there",
                 b->region, w->source->region);
        return;
    case REPLICA_RULE_STATE:
        snprintf(text, room, "its state is %s; it must be available",
                 catalog_backup_state_name(b->state));
        return;
    case REPLICA_RULE_KIND:
        snprintf(text, room, "backups of kind '%s' are not replicated", b->kind);
        return;
    case REPLICA_RULE_SYSTEM_DISK:
        snprintf(text, room,
                 "it is of a server and lacks the disk that the server starts from");
        return;
    case REPLICA_RULE_REPLICABLE:
        snprintf(text, room, "backups of the driver %s are not copied to other regions",
                 w->not_replicable);
        return;
    case REPLICA_RULE_BY_POLICY:
        snprintf(text, room, "backups of the driver %s are replicated only by a policy",
                 w->by_policy_only);
        return;
    default:
        say_of_earlier(rule, w, text, room);
    }
}

static const struct {
    const char *requirement;
    enum replica_subject subject;
} facts[] = {
#define X(symbol, requirement, subject) {requirement, REPLICA_OF_##subject},
    REPLICA_RULES(X)
#undef X
};

static const struct {
    bool (*breaks)(const struct replica_wish *wish);
    uint32_t class;
    enum error_code code;
} rules[] = {
    [REPLICA_RULE_NOT_OF_REPLICATION_VAULT] = {breaks_not_of_replication_vault,
                                               LAGAN_PRECONDITION, ERROR_VAULT_IS_REPLICATION},
    [REPLICA_RULE_NOT_OF_MIRROR] = {breaks_not_of_mirror, LAGAN_PRECONDITION,
                                    ERROR_VAULT_IS_MIRROR},
    [REPLICA_RULE_SOURCE_STATE] = {breaks_source_state, LAGAN_PRECONDITION, ERROR_VAULT_STATE},
    [REPLICA_RULE_INTO_REPLICATION] = {breaks_into_replication, LAGAN_PRECONDITION,
                                       ERROR_REPLICA_VAULT},
    [REPLICA_RULE_INTO_REGION] = {breaks_into_region, LAGAN_PRECONDITION, ERROR_REPLICA_VAULT},
    [REPLICA_RULE_INTO_AVAILABLE] = {breaks_into_available, LAGAN_PRECONDITION,
                                     ERROR_REPLICA_VAULT},
    [REPLICA_RULE_INTO_TYPE] = {breaks_into_type, LAGAN_PRECONDITION, ERROR_REPLICA_VAULT},
    [REPLICA_RULE_NO_REPLICA] = {breaks_no_replica, LAGAN_PRECONDITION,
                                 ERROR_REPLICA_OF_REPLICA},
    [REPLICA_RULE_MADE_HERE] = {breaks_made_here, LAGAN_PRECONDITION, ERROR_BACKUP_FOREIGN},
    [REPLICA_RULE_STATE] = {breaks_state, LAGAN_PRECONDITION, ERROR_BACKUP_STATE},
    [REPLICA_RULE_KIND] = {breaks_kind, LAGAN_PRECONDITION, ERROR_BACKUP_KIND},
    [REPLICA_RULE_SYSTEM_DISK] = {breaks_system_disk, LAGAN_PRECONDITION, ERROR_NO_SYSTEM_DISK},
    [REPLICA_RULE_REPLICABLE] = {breaks_replicable, LAGAN_PRECONDITION, ERROR_BACKUP_KIND},
    [REPLICA_RULE_BY_POLICY] = {breaks_by_policy, LAGAN_PRECONDITION, ERROR_POLICY_ONLY},
    [REPLICA_RULE_CERTAIN] = {breaks_certain, LAGAN_PRECONDITION, ERROR_REPLICA_UNCERTAIN},
    [REPLICA_RULE_ONE_LIVE] = {breaks_one_live, LAGAN_EXISTS, ERROR_REPLICA_EXISTS},
    [REPLICA_RULE_ONCE_BY_POLICY] = {breaks_once_by_policy, LAGAN_PRECONDITION,
                                     ERROR_REPLICATED_BEFORE},
    [REPLICA_RULE_ONCE_BY_VAULT] = {breaks_once_by_vault, LAGAN_PRECONDITION,
                                    ERROR_REPLICATED_BEFORE},
    [REPLICA_RULE_INTO_ROOM] = {breaks_into_room, LAGAN_PRECONDITION, ERROR_REPLICA_VAULT},
};
_Static_assert(sizeof(rules) / sizeof(rules[0]) == REPLICA_RULE_COUNT, "a rule has no row");

const char *replica_rule_requirement(enum replica_rule rule)
{
    ASSERT((unsigned)rule < REPLICA_RULE_COUNT);
    return facts[rule].requirement;
}

/* The first broken rule of a subject; of all when it is -1. */
static enum replica_rule first_broken(const struct replica_wish *wish, int subject)
{
    for (int i = 0; i < REPLICA_RULE_COUNT; i++) {
        if ((subject < 0 || facts[i].subject == (enum replica_subject)subject) &&
            rules[i].breaks(wish))
            return (enum replica_rule)i;
    }
    return REPLICA_RULE_COUNT;
}

static int refuse(enum replica_rule rule, const struct replica_wish *w, struct error *e)
{
    char text[512];

    if (rule == REPLICA_RULE_COUNT)
        return 0;
    switch (facts[rule].subject) {
    case REPLICA_OF_SOURCE:
        say_of_source(rule, w, text, sizeof(text));
        return error_set(e, rules[rule].class, rules[rule].code,
                         "backups of the vault %s cannot be replicated: %s", w->source->name,
                         text);
    case REPLICA_OF_BACKUP:
        say_of_backup(rule, w, text, sizeof(text));
        return error_set(e, rules[rule].class, rules[rule].code,
                         "the backup %s cannot be replicated: %s", w->backup->id, text);
    case REPLICA_OF_DESTINATION:
        say_of_destination(rule, w, text, sizeof(text));
        return error_set(e, rules[rule].class, rules[rule].code,
                         "the vault %s cannot take the replica: %s", w->destination->name,
                         text);
    }
    ASSERT(false);
    return -1;
}

enum replica_rule replica_rule_broken(const struct replica_wish *wish)
{
    return first_broken(wish, -1);
}

int replica_may_be_made(const struct replica_wish *wish, struct error *e)
{
    return refuse(first_broken(wish, -1), wish, e);
}

int replica_subject_fits(const struct replica_wish *wish, enum replica_subject subject,
                         struct error *e)
{
    return refuse(first_broken(wish, (int)subject), wish, e);
}
