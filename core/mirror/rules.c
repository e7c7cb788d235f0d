/* SPDX-License-Identifier: Apache-2.0 */
/* rules.c - see rules.h. */
#include "mirror/rules.h"

#include "base/object.h"
#include "base/text.h"

#include <stdio.h>
#include <string.h>

#define MADE_PREFIX "[COPY]-"

static bool breaks_cadence(const struct mirror_wish *w)
{
    return w->cadence;
}

static bool breaks_one(const struct mirror_wish *w)
{
    return w->mirror_name != NULL;
}

static bool breaks_not_a_mirror(const struct mirror_wish *w)
{
    return w->source->role == CATALOG_ROLE_MIRROR;
}

static bool breaks_not_a_replication_vault(const struct mirror_wish *w)
{
    return w->source->role == CATALOG_ROLE_REPLICATION;
}

static bool breaks_no_archive(const struct mirror_wish *w)
{
    return w->source->type == CATALOG_TYPE_ARCHIVE;
}

static bool breaks_no_database(const struct mirror_wish *w)
{
    return w->source->type == CATALOG_TYPE_DATABASE;
}

static bool breaks_no_container(const struct mirror_wish *w)
{
    return w->source->type == CATALOG_TYPE_CONTAINER;
}

static bool breaks_no_trial(const struct mirror_wish *w)
{
    return w->source->plan == CATALOG_PLAN_TRIAL;
}

static bool breaks_good_state(const struct mirror_wish *w)
{
    return w->source->state != CATALOG_VAULT_AVAILABLE;
}

static bool breaks_same_method(const struct mirror_wish *w)
{
    return w->method != w->source->encryption;
}

static bool breaks_mirrorable(const struct mirror_wish *w)
{
    return w->not_mirrorable != NULL;
}

static bool breaks_by_policy(const struct mirror_wish *w)
{
    return w->way == MIRROR_BY_VAULT && w->by_policy_only != NULL;
}

static bool breaks_limit(const struct mirror_wish *w)
{
    return w->mirrors >= w->mirror_limit;
}

static void say_state(const struct catalog_vault *v, char *text, size_t room)
{
    const char *way = v->state == CATALOG_VAULT_FROZEN || v->state == CATALOG_VAULT_ERROR
                          ? "unfreeze"
                      : v->state == CATALOG_VAULT_DELETED ? "undelete"
                                                          : NULL;
    int used =
        snprintf(text, room, "its state is %s%s%s; it must be available",
                 catalog_vault_state_name(v->state), v->reason[0] ? ": " : "", v->reason);

    if (way != NULL && used > 0 && (size_t)used < room)
        snprintf(text + used, room - (size_t)used, ", which `lagan vault %s %s` makes it", way,
                 v->name);
}

/* What a rule says behind "the vault NAME cannot be mirrored: ". */
static void say(enum mirror_rule rule, const struct mirror_wish *w, char *text, size_t room)
{
    const struct catalog_vault *v = w->source;

    switch (rule) {
    case MIRROR_RULE_CADENCE:
        snprintf(text, room,
                 "a mirror follows its vault at once and has no interval; leave it out");
        return;
    case MIRROR_RULE_ONE:
        snprintf(text, room,
                 "it has the mirror %s in region %s, and may have one; `lagan mirror "
                 "stop` or `lagan mirror delete` makes room",
                 w->mirror_name, w->mirror_region);
        return;
    case MIRROR_RULE_NOT_A_MIRROR:
        snprintf(text, room, "it is a mirror itself; mirror the vault that it follows");
        return;
    case MIRROR_RULE_NOT_A_REPLICATION_VAULT:
        snprintf(text, room,
                 "it is a replication vault; replicate from where its backups were made");
        return;
    case MIRROR_RULE_NO_ARCHIVE:
    case MIRROR_RULE_NO_DATABASE:
    case MIRROR_RULE_NO_CONTAINER:
        snprintf(text, room,
                 "it is of type %s; only vaults of types general and table have mirrors",
                 catalog_vault_type_name(v->type));
        return;
    case MIRROR_RULE_NO_TRIAL:
        snprintf(text, room, "it is a trial; `lagan vault convert %s` makes it a full vault",
                 v->name);
        return;
    case MIRROR_RULE_GOOD_STATE:
        say_state(v, text, room);
        return;
    case MIRROR_RULE_SAME_METHOD:
        snprintf(text, room,
                 "its encryption is %s, that of the mirror would be %s; they must be the "
                 "same: give --key with a provider of that kind, or set `key` of region %s",
                 catalog_encryption_name(v->encryption), catalog_encryption_name(w->method),
                 w->region);
        return;
    case MIRROR_RULE_MIRRORABLE:
        snprintf(text, room, "it has backups of the driver %s, which cannot be mirrored",
                 w->not_mirrorable);
        return;
    case MIRROR_RULE_BY_POLICY:
        snprintf(text, room,
                 "it has backups of the driver %s, which are replicated only through a "
                 "policy; give the vault a policy that replicates to region %s",
                 w->by_policy_only, w->region);
        return;
    case MIRROR_RULE_LIMIT:
        snprintf(text, room,
                 "region %s has %llu mirrors, and may have %llu; limits.mirrors in the "
                 "configuration says so",
                 w->region, (unsigned long long)w->mirrors,
                 (unsigned long long)w->mirror_limit);
        return;
    case MIRROR_RULE_COUNT:
        break;
    }
    ASSERT(false);
}

static const char *const requirements[] = {
#define X(symbol, requirement) requirement,
    MIRROR_RULES(X)
#undef X
};

static const struct {
    bool (*breaks)(const struct mirror_wish *wish);
    uint32_t class;
    enum error_code code;
} rules[] = {
    [MIRROR_RULE_CADENCE] = {breaks_cadence, LAGAN_INVALID, ERROR_CADENCE_FIXED},
    [MIRROR_RULE_ONE] = {breaks_one, LAGAN_EXISTS, ERROR_MIRROR_EXISTS},
    [MIRROR_RULE_NOT_A_MIRROR] = {breaks_not_a_mirror, LAGAN_PRECONDITION,
                                  ERROR_MIRROR_OF_MIRROR},
    [MIRROR_RULE_NOT_A_REPLICATION_VAULT] = {breaks_not_a_replication_vault, LAGAN_PRECONDITION,
                                             ERROR_MIRROR_OF_REPLICATION},
    [MIRROR_RULE_NO_ARCHIVE] = {breaks_no_archive, LAGAN_PRECONDITION, ERROR_MIRROR_OF_ARCHIVE},
    [MIRROR_RULE_NO_DATABASE] = {breaks_no_database, LAGAN_PRECONDITION,
                                 ERROR_MIRROR_OF_DATABASE},
    [MIRROR_RULE_NO_CONTAINER] = {breaks_no_container, LAGAN_PRECONDITION,
                                  ERROR_MIRROR_OF_CONTAINER},
    [MIRROR_RULE_NO_TRIAL] = {breaks_no_trial, LAGAN_PRECONDITION, ERROR_MIRROR_OF_TRIAL},
    [MIRROR_RULE_GOOD_STATE] = {breaks_good_state, LAGAN_PRECONDITION,
                                ERROR_MIRROR_OF_BAD_STATE},
    [MIRROR_RULE_SAME_METHOD] = {breaks_same_method, LAGAN_PRECONDITION,
                                 ERROR_ENCRYPTION_DIFFERS},
    [MIRROR_RULE_MIRRORABLE] = {breaks_mirrorable, LAGAN_PRECONDITION, ERROR_NOT_MIRRORABLE},
    [MIRROR_RULE_BY_POLICY] = {breaks_by_policy, LAGAN_PRECONDITION, ERROR_POLICY_ONLY},
    [MIRROR_RULE_LIMIT] = {breaks_limit, LAGAN_LIMIT, ERROR_MIRROR_LIMIT},
};
_Static_assert(sizeof(rules) / sizeof(rules[0]) == MIRROR_RULE_COUNT, "a rule has no row");

const char *mirror_rule_requirement(enum mirror_rule rule)
{
    ASSERT((unsigned)rule < MIRROR_RULE_COUNT);
    return requirements[rule];
}

int mirror_may_be_made(const struct mirror_wish *wish, struct error *e)
{
    for (int i = 0; i < MIRROR_RULE_COUNT; i++) {
        char text[512];
        if (!rules[i].breaks(wish))
            continue;
        say((enum mirror_rule)i, wish, text, sizeof(text));
        return error_set(e, rules[i].class, rules[i].code,
                         "the vault %s cannot be mirrored: %s", wish->source->name, text);
    }
    return 0;
}

/* The bytes of `text` up to `limit` characters of UTF-8. */
static int cut(const char *text, size_t limit)
{
    size_t bytes = 0;

    while (text[bytes] != '\0') {
        if (((unsigned char)text[bytes] & 0xc0) != 0x80 && limit-- == 0)
            break;
        bytes++;
    }
    return (int)bytes;
}

void mirror_made_name(const char *source, unsigned number, char *name, size_t room)
{
    char end[16] = "";

    if (number > 1)
        snprintf(end, sizeof(end), "-%u", number);
    int kept = cut(source, NAME_LIMIT - strlen(MADE_PREFIX) - strlen(end));
    snprintf(name, room, "%s%.*s%s", MADE_PREFIX, kept, source, end);
}

void mirror_made_description(const char *source, const uint8_t id[CATALOG_ID_SIZE], char *text,
                             size_t room)
{
    char hex[2 * CATALOG_ID_SIZE + 1];

    text_hex(id, CATALOG_ID_SIZE, hex);
    int kept = cut(source, DESCRIPTION_LIMIT - strlen("From ()") - strlen(hex));
    snprintf(text, room, "From %.*s(%s)", kept, source, hex);
}
