/* SPDX-License-Identifier: Apache-2.0 */
/* object_rules.c - see object_rules.h: which rules may be, and what they decide. */
#include "policy/object_rules.h"

#include "base/object.h"

#include <string.h>

#define SECOND_NS INT64_C(1000000000)

static const char *const skips[] = {
#define X(symbol, name, requirement) name,
    OBJECT_SKIPS(X)
#undef X
};

const char *object_skip_name(enum object_skip skip)
{
    return (unsigned)skip < OBJECT_SKIP_COUNT ? skips[skip] : "unknown";
}

const char *object_rules_never(void)
{
    return "settings of the bucket, keys of encryption, actions of lifecycle rules, deletions "
           "of versions, copies that a rule has made";
}

/* ---- which rules may be ---- */

int object_rule_check_ends(const struct object_rule *rule, enum object_versions from,
                           enum object_versions to, struct error *e)
{
    if (strcmp(rule->from, rule->to) == 0)
        return error_set(e, LAGAN_INVALID, ERROR_RULE_SAME_PLACE,
                         "the rule %s would copy %s into itself: name another destination",
                         rule->name, rule->from);
    if (from != OBJECT_VERSIONS_KEPT)
        return error_set(e, LAGAN_PRECONDITION, ERROR_RULE_SOURCE_VERSIONS,
                         "the rule %s: its source %s keeps no versions%s; switch versioning on "
                         "there",
                         rule->name, rule->from,
                         from == OBJECT_VERSIONS_SUSPENDED ? " any more" : "");
    if (to != OBJECT_VERSIONS_KEPT)
        return error_set(e, LAGAN_PRECONDITION, ERROR_RULE_DESTINATION_VERSIONS,
                         "the rule %s: its destination %s keeps no versions%s; switch "
                         "versioning on there",
                         rule->name, rule->to,
                         to == OBJECT_VERSIONS_SUSPENDED ? " any more" : "");
    return 0;
}

static bool is_whole(const struct object_rule *rule)
{
    return rule->prefix_size == 0 && rule->tag_count == 0;
}

/* Whether some key begins with both prefixes. */
static bool overlap(const struct object_rule *a, const struct object_rule *b)
{
    size_t shorter = a->prefix_size < b->prefix_size ? a->prefix_size : b->prefix_size;

    return memcmp(a->prefix, b->prefix, shorter) == 0;
}

static int check_priorities(const struct object_rule *a, const struct object_rule *b,
                            struct error *e)
{
    const struct object_rule *with = a->priority != 0 ? a : b;

    if ((a->priority != 0) != (b->priority != 0))
        return error_set(e, LAGAN_INVALID, ERROR_RULE_PRIORITY_MIXED,
                         "the rule %s has a priority and %s has none: either all rules of a "
                         "source have one, or none",
                         with->name, with == a ? b->name : a->name);
    if (a->priority != 0 && a->priority == b->priority)
        return error_set(e, LAGAN_EXISTS, ERROR_RULE_PRIORITY_TAKEN,
                         "the rules %s and %s both have priority %u: each rule of a source has "
                         "its own",
                         a->name, b->name, a->priority);
    if (a->priority == 0 && strcmp(a->to, b->to) == 0 && overlap(a, b))
        return error_set(e, LAGAN_INVALID, ERROR_RULE_OVERLAP,
                         "the prefixes '%.100s' of rule %s and '%.100s' of rule %s meet, and "
                         "both lead to the same destination: give all rules of the source a "
                         "priority",
                         a->prefix, a->name, b->prefix, b->name);
    return 0;
}

static int check_pair(const struct object_rule *a, const struct object_rule *b, struct error *e)
{
    if (is_whole(a) || is_whole(b))
        return error_set(e, LAGAN_EXISTS, ERROR_RULE_WHOLE,
                         "the rule %s is for the whole of its source, beside which there is no "
                         "other: delete or narrow one of %s and %s",
                         is_whole(a) ? a->name : b->name, a->name, b->name);
    return check_priorities(a, b, e);
}

int object_rules_check(const struct object_rule *rules, size_t count, size_t limit,
                       struct error *e)
{
    if (limit == 0)
        limit = OBJECT_RULE_LIMIT;
    if (count > limit)
        return error_set(e, LAGAN_LIMIT, ERROR_RULE_LIMIT,
                         "a source has %zu rules at most, and these are %zu", limit, count);
    for (size_t i = 0; i < count; i++) {
        for (size_t n = 0; n < i; n++) {
            if (check_pair(&rules[n], &rules[i], e) != 0)
                return -1;
        }
    }
    return 0;
}

/* ---- what becomes of a version ---- */

/* A version of which only the second is told counts as made after what is in that second. */
static int64_t begin_of(int64_t ns, bool whole)
{
    return whole ? ns - ns % SECOND_NS : ns;
}

enum object_skip object_rule_is_new(const struct object_window *window, int64_t made_ns,
                                    bool whole)
{
    for (size_t i = 0; i < window->gap_count; i++) {
        if (made_ns >= window->gaps[i].from_ns &&
            made_ns < begin_of(window->gaps[i].to_ns, whole))
            return OBJECT_SKIP_SWITCHED_OFF;
    }
    return made_ns >= begin_of(window->since_ns, whole) ? OBJECT_SKIP_NONE
                                                        : OBJECT_SKIP_PRE_EXISTING;
}

bool object_rule_has_key(const struct object_rule *rule, const void *key, size_t key_size)
{
    return key_size >= rule->prefix_size &&
           (rule->prefix_size == 0 || memcmp(key, rule->prefix, rule->prefix_size) == 0);
}

static bool same_text(const char *a, size_t a_size, const char *b, size_t b_size)
{
    return a_size == b_size && (a_size == 0 || memcmp(a, b, a_size) == 0);
}

static bool has_tag(const struct object_tag *wanted, const struct object_tag *tags,
                    size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (same_text(wanted->name, wanted->name_size, tags[i].name, tags[i].name_size))
            return same_text(wanted->value, wanted->value_size, tags[i].value,
                             tags[i].value_size);
    }
    return false;
}

bool object_rule_has_tags(const struct object_rule *rule, const struct object_tag *tags,
                          size_t count)
{
    for (size_t i = 0; i < rule->tag_count; i++) {
        if (!has_tag(&rule->tags[i], tags, count))
            return false;
    }
    return true;
}

/* Whether `other` takes what both would copy to the same place. */
static bool comes_before(const struct object_rule *other, const struct object_rule *rule)
{
    return other != rule && other->enabled && other->priority != 0 &&
           other->priority < rule->priority && strcmp(other->to, rule->to) == 0;
}

bool object_rules_need_tags(const struct object_rule *rules, size_t count, size_t at,
                            const void *key, size_t key_size)
{
    ASSERT(at < count);
    if (rules[at].tag_count > 0)
        return true;
    for (size_t i = 0; i < count; i++) {
        if (rules[i].tag_count > 0 && comes_before(&rules[i], &rules[at]) &&
            object_rule_has_key(&rules[i], key, key_size))
            return true;
    }
    return false;
}

enum object_skip object_rules_decide(const struct object_rule *rules, size_t count, size_t at,
                                     const struct object_facts *facts)
{
    ASSERT(at < count);
    const struct object_rule *rule = &rules[at];

    if (facts->is_copy)
        return OBJECT_SKIP_IS_COPY;
    if (facts->marker && !rule->delete_marker)
        return OBJECT_SKIP_DELETE_MARKER;
    if (!object_rule_has_tags(rule, facts->tags, facts->tag_count))
        return OBJECT_SKIP_OTHER_TAGS;
    for (size_t i = 0; i < count; i++) {
        if (comes_before(&rules[i], rule) &&
            object_rule_has_key(&rules[i], facts->key, facts->key_size) &&
            object_rule_has_tags(&rules[i], facts->tags, facts->tag_count) &&
            (!facts->marker || rules[i].delete_marker))
            return OBJECT_SKIP_OTHER_RULE;
    }
    return OBJECT_SKIP_NONE;
}

/* ---- when ---- */

int64_t object_rule_turn_ns(int64_t made_ns, uint64_t bytes)
{
    /* As if it had been made later by the time that 50 MB/s take. */
    enum { NS_PER_BYTE = 20 };
    int64_t taken_ns, turn_ns;

    if (__builtin_mul_overflow(bytes, NS_PER_BYTE, &taken_ns) ||
        __builtin_add_overflow(made_ns, taken_ns, &turn_ns))
        return INT64_MAX;
    return turn_ns;
}

int64_t object_rule_wait_ns(unsigned attempts)
{
    enum { DOUBLINGS = 10, MOST_S = 900 };
    int64_t wait_s = INT64_C(1) << (attempts > DOUBLINGS ? DOUBLINGS
                                    : attempts > 0       ? attempts - 1
                                                         : 0);

    return (wait_s < MOST_S ? wait_s : MOST_S) * SECOND_NS;
}
