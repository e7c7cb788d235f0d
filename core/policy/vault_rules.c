/* SPDX-License-Identifier: Apache-2.0 */
/* vault_rules.c - see vault_rules.h. */
#include "policy/vault_rules.h"

#include "base/clock.h"
#include "base/object.h"
#include "base/text.h"

#include <stdio.h>
#include <string.h>

/* ---- the acts: X(symbol, words behind "the vault NAME cannot", states that allow it) ---- */

#define S(symbol) (1U << VAULT_STATE_##symbol)
#define WELL (S(AVAILABLE) | S(LOCKED))
#define THERE (WELL | S(FROZEN) | S(ERROR))
#define ACTS(X)                                                                                \
    X(CREATE, "be made", 0)                                                                    \
    X(TAKE_BACKUP, "take a backup", S(AVAILABLE))                                              \
    X(BE_BOUND, "be bound to a source", WELL)                                                  \
    X(LOSE_SOURCE, "lose a source", 0)                                                         \
    X(BE_LOCKED, "be locked or unlocked", THERE)                                               \
    X(CHANGE_KEYS, "change its key slots", THERE)                                              \
    X(BE_READ, "be read", THERE)                                                               \
    X(LOSE_BACKUP, "lose a backup", WELL | S(ERROR))                                           \
    X(BE_UPDATED, "be changed", THERE)                                                         \
    X(BE_RESIZED, "get another quota", S(AVAILABLE))                                           \
    X(BE_CONVERTED, "be converted", THERE)                                                     \
    X(BE_FROZEN, "be frozen", WELL)                                                            \
    X(BE_UNFROZEN, "be unfrozen", S(FROZEN) | S(ERROR))                                        \
    X(BE_DELETED, "be deleted", S(AVAILABLE) | S(ERROR))                                       \
    X(RUN_OUT, "be deleted for having been frozen", S(FROZEN))                                 \
    X(BE_UNDELETED, "be undeleted", S(DELETED))                                                \
    X(BE_PURGED, "be purged", S(DELETED) | S(DELETING))
enum act {
#define X(symbol, words, states) ACT_##symbol,
    ACTS(X)
#undef X
        ACT_COUNT
};
static const struct {
    const char *words;
    unsigned states;
} acts[ACT_COUNT] = {
#define X(symbol, words, states) {words, states},
    ACTS(X)
#undef X
};

/* What a rule is asked on: facts or a wish, and what the act brings along. */
struct question {
    enum act act;
    const struct vault_facts *facts; /* NULL for a wish */
    const struct vault_wish *wish;   /* NULL for facts */
    uint64_t quota_bytes;            /* ACT_BE_RESIZED */
    bool early;                      /* ACT_BE_PURGED */
};

/* ---- the rules: each true when it stands against it ---- */

static bool is_mirror(const struct question *q)
{
    return q->facts->role == VAULT_ROLE_MIRROR;
}

static bool is_replication(const struct question *q)
{
    return q->facts->role == VAULT_ROLE_REPLICATION;
}

static bool is_bad_state(const struct question *q)
{
    return !(acts[q->act].states & (1U << q->facts->state));
}

static bool is_trial_over(const struct question *q)
{
    return q->facts->plan == VAULT_PLAN_TRIAL && q->facts->now_ns >= q->facts->trial_end_ns;
}

static bool is_full_plan(const struct question *q)
{
    return q->facts->plan == VAULT_PLAN_FULL;
}

static bool is_used_up(const struct question *q)
{
    return q->facts->quota_bytes > 0 && q->facts->used_bytes >= q->facts->quota_bytes;
}

static bool is_below_use(const struct question *q)
{
    return q->quota_bytes > 0 && q->quota_bytes < q->facts->used_bytes;
}

static bool has_all_sources(const struct question *q)
{
    return q->facts->sources >= q->facts->source_limit;
}

static bool has_mirror(const struct question *q)
{
    return q->facts->mirror != NULL;
}

static bool is_busy(const struct question *q)
{
    return q->facts->task != NULL;
}

static bool is_young(const struct question *q)
{
    return q->facts->now_ns - q->facts->created_ns < q->facts->least_age_ns;
}

static bool is_not_deleted(const struct question *q)
{
    return q->facts->state != VAULT_STATE_DELETED && q->facts->state != VAULT_STATE_DELETING;
}

static bool is_kept(const struct question *q)
{
    return q->facts->state == VAULT_STATE_DELETED && !q->early &&
           q->facts->now_ns < q->facts->purge_ns;
}

static bool has_grace(const struct question *q)
{
    return q->facts->purge_ns == 0 || q->facts->now_ns < q->facts->purge_ns;
}

/* What is deleted, softly, holds its backups and nothing else. */
static bool keeps_sources(const struct question *q)
{
    return q->facts->lock != NULL && is_not_deleted(q);
}

static bool has_redundancy(const struct question *q)
{
    return q->wish->redundancy_given;
}

static bool has_all_vaults(const struct question *q)
{
    return q->wish->vaults >= q->wish->vault_limit;
}

static bool is_type_without_replicas(const struct question *q)
{
    return q->wish->role == VAULT_ROLE_REPLICATION && q->wish->type != VAULT_TYPE_GENERAL &&
           q->wish->type != VAULT_TYPE_TABLE;
}

static bool is_trial_of_replicas(const struct question *q)
{
    return q->wish->role == VAULT_ROLE_REPLICATION && q->wish->plan == VAULT_PLAN_TRIAL;
}

/* The sentences; {words} are filled in from the facts. */
static const struct {
    bool (*breaks)(const struct question *q);
    uint32_t class;
    enum error_code code;
    const char *text;
} rules[] = {
    [VAULT_RULE_NO_MIRROR] = {is_mirror, LAGAN_PRECONDITION, ERROR_VAULT_IS_MIRROR,
                              "it is a mirror, to which only the replication writes; use the "
                              "vault that it follows"},
    [VAULT_RULE_NO_REPLICATION] = {is_replication, LAGAN_PRECONDITION,
                                   ERROR_VAULT_IS_REPLICATION,
                                   "it is a replication vault, which takes replicas only; use "
                                   "a vault of role normal"},
    [VAULT_RULE_STATE] = {is_bad_state, LAGAN_PRECONDITION, ERROR_VAULT_STATE, NULL},
    [VAULT_RULE_TRIAL_RUNS] = {is_trial_over, LAGAN_PRECONDITION, ERROR_TRIAL_ENDED,
                               "its trial ended at {trial-end}; restores go on working, and "
                               "`lagan vault convert {vault}` makes it a full vault"},
    [VAULT_RULE_IS_TRIAL] = {is_full_plan, LAGAN_PRECONDITION, ERROR_ALREADY_FULL,
                             "its plan is full already, and stays so; there is nothing to do"},
    [VAULT_RULE_ROOM] = {is_used_up, LAGAN_NO_SPACE, ERROR_VAULT_FULL,
                         "it holds {used} of the {quota} that it may; `lagan vault update "
                         "{vault} --quota SIZE` gives it more"},
    [VAULT_RULE_NOT_BELOW_USE] = {is_below_use, LAGAN_PRECONDITION, ERROR_CONFLICT,
                                  "it holds {used}, and a quota cannot be below that; delete "
                                  "backups first"},
    [VAULT_RULE_SOURCES] = {has_all_sources, LAGAN_LIMIT, ERROR_SOURCE_LIMIT,
                            "it has {sources} sources, and may have {source-limit}; `sources` "
                            "in the limits section of the configuration says so"},
    [VAULT_RULE_BY_MIRROR_DELETE] = {is_mirror, LAGAN_PRECONDITION, ERROR_VAULT_IS_MIRROR,
                                     "it is a mirror; `lagan mirror delete {vault} --region "
                                     "{region}` ends the replication and deletes it"},
    [VAULT_RULE_SIZE_OF_SOURCE] = {is_mirror, LAGAN_PRECONDITION, ERROR_VAULT_IS_MIRROR,
                                   "it is a mirror, which is as large as the vault that it "
                                   "follows; change that one"},
    [VAULT_RULE_MIRROR_FIRST] =
        {has_mirror, LAGAN_PRECONDITION, ERROR_VAULT_HAS_MIRROR,
         "it has the mirror {mirror} in region {mirror-region}; end "
         "that first: `lagan mirror stop {mirror}` keeps what it holds, "
         "`lagan mirror delete {mirror} --region {mirror-region}` "
         "does not"},
    [VAULT_RULE_IDLE] = {is_busy, LAGAN_BUSY, ERROR_CONFLICT,
                         "task {task} is at work on it; wait until that is over"},
    [VAULT_RULE_OLD_ENOUGH] =
        {is_young, LAGAN_PRECONDITION, ERROR_VAULT_FRESH,
         "it was made at {created}, and `vault-age` in the limits section "
         "of the configuration protects young vaults for {age}"},
    [VAULT_RULE_IS_DELETED] = {is_not_deleted, LAGAN_PRECONDITION, ERROR_NOT_DELETED,
                               "it is not deleted; its state is {state}"},
    [VAULT_RULE_KEPT] = {is_kept, LAGAN_PRECONDITION, ERROR_VAULT_STATE,
                         "it is kept until {purge}; `lagan vault undelete {vault}` brings it "
                         "back, --force destroys it now"},
    [VAULT_RULE_RUN_OUT] = {has_grace, LAGAN_PRECONDITION, ERROR_VAULT_STATE,
                            "its deadline has not come"},
    [VAULT_RULE_REDUNDANCY_BY_SYSTEM] =
        {has_redundancy, LAGAN_INVALID, ERROR_USAGE,
         "its redundancy follows from the zones of region "
         "{region} (three or more: zrs, one: lrs) and cannot be "
         "chosen; leave --redundancy out"},
    [VAULT_RULE_VAULTS] =
        {has_all_vaults, LAGAN_LIMIT, ERROR_VAULT_LIMIT,
         "there are {vaults} vaults, and there may be {vault-limit}; `vaults` "
         "in the limits section of the configuration says so"},
    [VAULT_RULE_TYPE_OF_REPLICAS] = {is_type_without_replicas, LAGAN_INVALID,
                                     ERROR_REPLICA_VAULT,
                                     "vaults of type {type} have no part in replication; "
                                     "replication vaults are of type general or table"},
    [VAULT_RULE_FULL_FOR_REPLICAS] = {is_trial_of_replicas, LAGAN_INVALID, ERROR_REPLICA_VAULT,
                                      "a trial has no part in replication; make it with --plan "
                                      "full"},
    [VAULT_RULE_KEEPS_SOURCES] = {keeps_sources, LAGAN_PRECONDITION, ERROR_LOCK_STATE,
                                  "its backups are locked ({lock}), and a locked vault keeps "
                                  "the sources that are bound to "
                                  "it; `lagan vault lock show {vault}` tells more"},
};
_Static_assert(sizeof(rules) / sizeof(rules[0]) == VAULT_RULE_COUNT, "a rule has no row");

/* What is said of a state that does not allow it. */
static const char *const state_texts[VAULT_STATE_COUNT] = {
    [VAULT_STATE_CREATING] = "it is being made; try again when that is done",
    [VAULT_STATE_AVAILABLE] = "its state is available; there is nothing to do",
    [VAULT_STATE_LOCKED] =
        "its state is lock: its size is being changed; try again in a moment",
    [VAULT_STATE_FROZEN] =
        "its state is frozen ({reason}); `lagan vault unfreeze {vault}` makes "
        "it available again",
    [VAULT_STATE_DELETING] = "its state is deleting; `lagan vault purge {vault}` finishes that",
    [VAULT_STATE_ERROR] =
        "its state is error ({reason}); mend that, then `lagan vault unfreeze "
        "{vault}` looks at it again",
    [VAULT_STATE_DELETED] = "its state is deleted, and it is kept until {purge}; `lagan vault "
                            "undelete {vault}` brings it back",
};

static const char *const requirements[] = {
#define X(symbol, requirement) requirement,
    VAULT_RULES(X)
#undef X
};
static const char *const state_names[] = {
#define X(symbol, name) name,
    VAULT_STATES(X)
#undef X
};
static const char *const type_names[] = {
#define X(symbol, name) name,
    VAULT_TYPES(X)
#undef X
};

const char *vault_rule_requirement(enum vault_rule rule)
{
    ASSERT((unsigned)rule < VAULT_RULE_COUNT);
    return requirements[rule];
}

/* ---- sentences ---- */

enum { WORD_SIZE = 64 };

static const char *number_word(uint64_t number, char room[WORD_SIZE])
{
    snprintf(room, WORD_SIZE, "%llu", (unsigned long long)number);
    return room;
}

static const char *size_word(uint64_t bytes, char room[WORD_SIZE])
{
    text_format_size(bytes, room);
    return room;
}

static const char *time_word(int64_t wall_ns, char room[WORD_SIZE])
{
    clock_format_utc(wall_ns, room);
    return room;
}

static const char *age_word(int64_t ns, char room[WORD_SIZE])
{
    text_format_duration(ns, room);
    return room;
}

/* X(word, text, from facts) */
#define FACT_WORDS(X)                                                                          \
    X("vault", f->name)                                                                        \
    X("region", f->region)                                                                     \
    X("state", state_names[f->state])                                                          \
    X("reason", f->reason && f->reason[0] ? f->reason : "no reason was given")                 \
    X("mirror", f->mirror)                                                                     \
    X("mirror-region", f->mirror_region)                                                       \
    X("task", f->task)                                                                         \
    X("lock", f->lock)                                                                         \
    X("used", size_word(f->used_bytes, room))                                                  \
    X("quota", size_word(f->quota_bytes, room))                                                \
    X("sources", number_word(f->sources, room))                                                \
    X("source-limit", number_word(f->source_limit, room))                                      \
    X("created", time_word(f->created_ns, room))                                               \
    X("age", age_word(f->least_age_ns, room))                                                  \
    X("trial-end", time_word(f->trial_end_ns, room))                                           \
    X("purge", time_word(f->purge_ns, room))
#define WISH_WORDS(X)                                                                          \
    X("region", w->region)                                                                     \
    X("type", type_names[w->type])                                                             \
    X("vaults", number_word(w->vaults, room))                                                  \
    X("vault-limit", number_word(w->vault_limit, room))

static bool is_word(const char *text, size_t length, const char *word)
{
    return strlen(word) == length && memcmp(text, word, length) == 0;
}

/* What stands for the word {text}. */
static const char *fill_in(const struct question *q, const char *text, size_t length,
                           char room[WORD_SIZE])
{
    const struct vault_facts *f = q->facts;
    const struct vault_wish *w = q->wish;
#define X(word, value)                                                                         \
    if (is_word(text, length, word))                                                           \
        return value;
    if (f) {
        FACT_WORDS(X)
    }
    if (w) {
        WISH_WORDS(X)
    }
#undef X
    ASSERT(!"a word that no fact fills in");
    return "";
}

static void expand(const struct question *q, const char *text, struct buffer *out)
{
    while (*text) {
        char room[WORD_SIZE];
        size_t plain = strcspn(text, "{");
        buffer_append(out, text, plain);
        text += plain;
        if (!*text)
            break;
        size_t length = strcspn(++text, "}");
        const char *word = fill_in(q, text, length, room);
        buffer_append(out, word, strlen(word));
        text += length + 1;
    }
    buffer_append_u8(out, 0);
}

static int refuse(const struct question *q, enum vault_rule rule, struct error *e)
{
    struct buffer text CLEANUP_BUFFER = BUFFER_INIT;
    const char *sentence = rules[rule].text;
    if (rule == VAULT_RULE_STATE)
        sentence = state_texts[q->facts->state];
    expand(q, sentence, &text);
    if (buffer_check(&text, e) != 0)
        return -1;
    const char *words = (const char *)text.data;
    if (q->wish)
        return error_set(e, rules[rule].class, rules[rule].code, "%s", words);
    return error_set(e, rules[rule].class, rules[rule].code, "the vault %s cannot %s: %s",
                     q->facts->name, acts[q->act].words, words);
}

/* ---- the ways in: which rules, in which order ---- */

#define R(symbol) VAULT_RULE_##symbol
static const struct {
    size_t count;
    enum vault_rule rules[6];
} ways[ACT_COUNT] = {
    [ACT_CREATE] = {4,
                    {R(REDUNDANCY_BY_SYSTEM), R(TYPE_OF_REPLICAS), R(FULL_FOR_REPLICAS),
                     R(VAULTS)}},
    [ACT_TAKE_BACKUP] = {5,
                         {R(NO_MIRROR), R(NO_REPLICATION), R(STATE), R(TRIAL_RUNS), R(ROOM)}},
    [ACT_BE_BOUND] = {5,
                      {R(NO_MIRROR), R(NO_REPLICATION), R(STATE), R(TRIAL_RUNS), R(SOURCES)}},
    [ACT_LOSE_SOURCE] = {1, {R(KEEPS_SOURCES)}},
    [ACT_BE_LOCKED] = {2, {R(NO_MIRROR), R(STATE)}},
    [ACT_CHANGE_KEYS] = {2, {R(NO_MIRROR), R(STATE)}},
    [ACT_BE_READ] = {1, {R(STATE)}},
    [ACT_LOSE_BACKUP] = {2, {R(NO_MIRROR), R(STATE)}},
    [ACT_BE_UPDATED] = {1, {R(STATE)}},
    [ACT_BE_RESIZED] = {3, {R(SIZE_OF_SOURCE), R(STATE), R(NOT_BELOW_USE)}},
    [ACT_BE_CONVERTED] = {2, {R(IS_TRIAL), R(STATE)}},
    [ACT_BE_FROZEN] = {2, {R(NO_MIRROR), R(STATE)}},
    [ACT_BE_UNFROZEN] = {1, {R(STATE)}},
    [ACT_BE_DELETED] = {5,
                        {R(BY_MIRROR_DELETE), R(MIRROR_FIRST), R(STATE), R(OLD_ENOUGH),
                         R(IDLE)}},
    [ACT_RUN_OUT] = {4, {R(MIRROR_FIRST), R(STATE), R(RUN_OUT), R(IDLE)}},
    [ACT_BE_UNDELETED] = {2, {R(IS_DELETED), R(STATE)}},
    [ACT_BE_PURGED] = {4, {R(IS_DELETED), R(MIRROR_FIRST), R(KEPT), R(IDLE)}},
};

static int decide(const struct question *q, struct error *e)
{
    for (size_t i = 0; i < ways[q->act].count; i++) {
        enum vault_rule rule = ways[q->act].rules[i];
        if (rules[rule].breaks(q))
            return refuse(q, rule, e);
    }
    return 0;
}

int vault_may_be_created(const struct vault_wish *wish, struct error *e)
{
    return decide(&(struct question){.act = ACT_CREATE, .wish = wish}, e);
}

/* X(name, act): those that bring nothing along. */
#define PLAIN_WAYS(X)                                                                          \
    X(take_backup, TAKE_BACKUP)                                                                \
    X(be_bound, BE_BOUND)                                                                      \
    X(lose_source, LOSE_SOURCE)                                                                \
    X(be_locked, BE_LOCKED)                                                                    \
    X(change_keys, CHANGE_KEYS)                                                                \
    X(be_read, BE_READ)                                                                        \
    X(lose_backup, LOSE_BACKUP)                                                                \
    X(be_updated, BE_UPDATED)                                                                  \
    X(be_converted, BE_CONVERTED)                                                              \
    X(be_frozen, BE_FROZEN)                                                                    \
    X(be_unfrozen, BE_UNFROZEN)                                                                \
    X(be_deleted, BE_DELETED)                                                                  \
    X(run_out, RUN_OUT)                                                                        \
    X(be_undeleted, BE_UNDELETED)
#define X(name, symbol)                                                                        \
    int vault_may_##name(const struct vault_facts *facts, struct error *e)                     \
    {                                                                                          \
        return decide(&(struct question){.act = ACT_##symbol, .facts = facts}, e);             \
    }
PLAIN_WAYS(X)
#undef X

int vault_may_be_resized(const struct vault_facts *facts, uint64_t quota_bytes, struct error *e)
{
    const struct question q = {
        .act = ACT_BE_RESIZED, .facts = facts, .quota_bytes = quota_bytes};
    return decide(&q, e);
}

int vault_may_be_purged(const struct vault_facts *facts, bool early, struct error *e)
{
    return decide(&(struct question){.act = ACT_BE_PURGED, .facts = facts, .early = early}, e);
}

int vault_room(const struct vault_facts *facts, uint64_t more_bytes, uint64_t *quota_bytes,
               struct error *e)
{
    struct vault_facts then = *facts;
    uint64_t quota = facts->quota_bytes;
    if (__builtin_add_overflow(facts->used_bytes, more_bytes, &then.used_bytes))
        then.used_bytes = UINT64_MAX;
    while (facts->auto_expand && quota > 0 && quota < then.used_bytes) {
        if (__builtin_add_overflow(quota, quota / 4 + (quota < 4), &quota))
            quota = UINT64_MAX;
    }
    if (quota > 0 && quota < then.used_bytes)
        return refuse(&(struct question){.act = ACT_TAKE_BACKUP, .facts = &then},
                      VAULT_RULE_ROOM, e);
    *quota_bytes = quota;
    return 0;
}

bool vault_over_warning(const struct vault_facts *facts, uint64_t used_bytes)
{
    uint64_t percent = facts->quota_bytes / 100, rest = facts->quota_bytes % 100;
    uint64_t threshold = percent * facts->warning_percent + rest * facts->warning_percent / 100;
    return facts->quota_bytes > 0 && used_bytes >= threshold;
}
