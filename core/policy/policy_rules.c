/* SPDX-License-Identifier: Apache-2.0 */
/* policy_rules.c - see policy_rules.h. */
#include "policy/policy_rules.h"

#include "base/object.h"

#include <stdio.h>
#include <string.h>

/* ---- the rules: each true when it stands against it ---- */

static bool breaks_limit(const struct policy_facts *f)
{
    return f->policies >= f->limit;
}

static bool breaks_destination(const struct policy_facts *f)
{
    return f->kind == POLICY_FOR_REPLICATION && f->to == NULL;
}

static bool breaks_not_after_itself(const struct policy_facts *f)
{
    return f->after_itself;
}

static bool breaks_not_on_mirror(const struct policy_facts *f)
{
    return f->role == VAULT_ROLE_MIRROR;
}

static bool breaks_not_on_replicas(const struct policy_facts *f)
{
    return f->role == VAULT_ROLE_REPLICATION;
}

static bool breaks_vault_state(const struct policy_facts *f)
{
    return f->state != VAULT_STATE_AVAILABLE && f->state != VAULT_STATE_LOCKED;
}

static bool breaks_one_of_each(const struct policy_facts *f)
{
    return f->other != NULL;
}

/* Whether a setting that was there is another now; one that goes is none of a rule's. */
static bool moves(const char *before, const char *after)
{
    return before != NULL && after != NULL && strcmp(before, after) != 0;
}

static bool breaks_destination_fixed(const struct policy_facts *f)
{
    return f->vaults > 0 && moves(f->to_before, f->to);
}

static bool breaks_mirror_fixed(const struct policy_facts *f)
{
    return f->vaults > 0 && moves(f->mirror_to_before, f->mirror_to);
}

static bool breaks_not_awaited(const struct policy_facts *f)
{
    return f->awaited != NULL;
}

/* ---- what they say behind "the policy NAME cannot ...: " ---- */

enum { SENTENCE_SIZE = 400 };

static const char *kind_word(const struct policy_facts *f)
{
    return f->kind == POLICY_FOR_BACKUP ? "backup" : "replication";
}

static const char *state_word(enum vault_state state)
{
    static const char *const names[] = {
#define X(symbol, name) name,
        VAULT_STATES(X)
#undef X
    };

    ASSERT((unsigned)state < VAULT_STATE_COUNT);
    return names[state];
}

static void say(enum policy_rule rule, const struct policy_facts *f, char text[SENTENCE_SIZE])
{
    switch (rule) {
    case POLICY_RULE_LIMIT:
        snprintf(text, SENTENCE_SIZE,
                 "there are %llu %s policies, and there may be %llu; `policies` in the limits "
                 "section of the configuration says so",
                 (unsigned long long)f->policies, kind_word(f), (unsigned long long)f->limit);
        return;
    case POLICY_RULE_DESTINATION:
        snprintf(text, SENTENCE_SIZE,
                 "a replication policy needs replicate-to=REGION, where the replicas go to");
        return;
    case POLICY_RULE_NOT_AFTER_ITSELF:
        snprintf(text, SENTENCE_SIZE,
                 "after=%s would let it wait for itself; name a policy that does not wait for "
                 "it",
                 f->after);
        return;
    case POLICY_RULE_NOT_ON_MIRROR:
        snprintf(text, SENTENCE_SIZE,
                 "it is a mirror, to which only the replication writes; apply it to the vault "
                 "that the mirror follows");
        return;
    case POLICY_RULE_NOT_ON_REPLICAS:
        snprintf(text, SENTENCE_SIZE,
                 "it is a replication vault, which takes replicas and nothing else, and a "
                 "replica is not replicated again; use a vault of role normal");
        return;
    case POLICY_RULE_VAULT_STATE:
        snprintf(text, SENTENCE_SIZE,
                 "its state is %s, and it must be available; `lagan vault show %s` tells more",
                 state_word(f->state), f->vault);
        return;
    case POLICY_RULE_ONE_OF_EACH:
        snprintf(text, SENTENCE_SIZE,
                 "the %s policy %s does so already, and a vault has one of each kind; `lagan "
                 "policy withdraw %s %s` ends that",
                 kind_word(f), f->other, f->other, f->vault);
        return;
    case POLICY_RULE_DESTINATION_FIXED:
        snprintf(text, SENTENCE_SIZE,
                 "it replicates %llu vaults to region %s, and a destination stays as long as a "
                 "policy holds for a vault; withdraw it first, or make another policy for "
                 "region %s",
                 (unsigned long long)f->vaults, f->to_before, f->to);
        return;
    case POLICY_RULE_MIRROR_FIXED:
        snprintf(text, SENTENCE_SIZE,
                 "its %llu vaults have mirrors in region %s, and a vault has one mirror; end "
                 "those with `lagan mirror delete` or `lagan mirror stop` and say mirror-to= "
                 "first",
                 (unsigned long long)f->vaults, f->mirror_to_before);
        return;
    case POLICY_RULE_NOT_AWAITED:
        snprintf(text, SENTENCE_SIZE,
                 "the policy %s runs after it; `lagan policy edit %s after=` ends that",
                 f->awaited, f->awaited);
        return;
    case POLICY_RULE_COUNT:
        break;
    }
    ASSERT(!"a rule without a sentence");
}

static const struct {
    bool (*breaks)(const struct policy_facts *facts);
    uint32_t class;
    enum error_code code;
} rules[] = {
    [POLICY_RULE_LIMIT] = {breaks_limit, LAGAN_LIMIT, ERROR_POLICY_LIMIT},
    [POLICY_RULE_DESTINATION] = {breaks_destination, LAGAN_INVALID, ERROR_POLICY_SETTING},
    [POLICY_RULE_NOT_AFTER_ITSELF] = {breaks_not_after_itself, LAGAN_INVALID,
                                      ERROR_POLICY_SETTING},
    [POLICY_RULE_NOT_ON_MIRROR] = {breaks_not_on_mirror, LAGAN_PRECONDITION,
                                   ERROR_POLICY_ON_MIRROR},
    [POLICY_RULE_NOT_ON_REPLICAS] = {breaks_not_on_replicas, LAGAN_PRECONDITION,
                                     ERROR_POLICY_KIND},
    [POLICY_RULE_VAULT_STATE] = {breaks_vault_state, LAGAN_PRECONDITION, ERROR_VAULT_STATE},
    [POLICY_RULE_ONE_OF_EACH] = {breaks_one_of_each, LAGAN_EXISTS, ERROR_POLICY_TAKEN},
    [POLICY_RULE_DESTINATION_FIXED] = {breaks_destination_fixed, LAGAN_PRECONDITION,
                                       ERROR_POLICY_APPLIED},
    [POLICY_RULE_MIRROR_FIXED] = {breaks_mirror_fixed, LAGAN_PRECONDITION,
                                  ERROR_POLICY_APPLIED},
    [POLICY_RULE_NOT_AWAITED] = {breaks_not_awaited, LAGAN_PRECONDITION, ERROR_POLICY_APPLIED},
};
_Static_assert(sizeof(rules) / sizeof(rules[0]) == POLICY_RULE_COUNT, "a rule has no row");

static const char *const requirements[] = {
#define X(symbol, requirement) requirement,
    POLICY_RULES(X)
#undef X
};

const char *policy_rule_requirement(enum policy_rule rule)
{
    ASSERT((unsigned)rule < POLICY_RULE_COUNT);
    return requirements[rule];
}

/* ---- asking ---- */

#define R(symbol) (1U << POLICY_RULE_##symbol)

/* The first of the rules in `asked` that stands against it. */
static int ask(unsigned asked, const struct policy_facts *f, const char *what, struct error *e)
{
    char sentence[SENTENCE_SIZE];

    for (unsigned rule = 0; rule < POLICY_RULE_COUNT; rule++) {
        if (!(asked & (1U << rule)) || !rules[rule].breaks(f))
            continue;
        say((enum policy_rule)rule, f, sentence);
        return error_set(e, rules[rule].class, rules[rule].code, "the policy %s cannot %s: %s",
                         f->name, what, sentence);
    }
    return 0;
}

int policy_may_be_created(const struct policy_facts *facts, struct error *e)
{
    return ask(R(LIMIT) | R(DESTINATION) | R(NOT_AFTER_ITSELF), facts, "be made", e);
}

int policy_may_be_changed(const struct policy_facts *facts, struct error *e)
{
    return ask(R(DESTINATION) | R(NOT_AFTER_ITSELF) | R(DESTINATION_FIXED) | R(MIRROR_FIXED),
               facts, "be changed so", e);
}

int policy_may_be_applied(const struct policy_facts *facts, struct error *e)
{
    char what[128];

    snprintf(what, sizeof(what), "hold for the vault %.80s", facts->vault);
    return ask(R(NOT_ON_MIRROR) | R(NOT_ON_REPLICAS) | R(VAULT_STATE) | R(ONE_OF_EACH), facts,
               what, e);
}

int policy_may_be_deleted(const struct policy_facts *facts, struct error *e)
{
    return ask(R(NOT_AWAITED), facts, "be deleted", e);
}
