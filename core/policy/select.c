/* SPDX-License-Identifier: Apache-2.0 */
/* select.c - the rules of a selection, and the answer on an entry. */
#include "policy/select.h"
#include "base/object.h"
#include "policy/glob.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { RULES_MAGIC = 0x53454c52 };

enum effect {
    EFFECT_EXCLUDE,
    EFFECT_INCLUDE,
    EFFECT_RESTORE /* takes an exclusion back; includes nothing by itself */
};

/* One component of a rule. */
struct part {
    bool any_path; /* "**": any number of components */
    struct glob glob;
};

struct rule {
    char *text;
    char *origin;
    struct part *parts;
    size_t count;
    enum effect effect;
    bool directories_only;
};

struct select_rules {
    uint32_t magic;
    enum select_default by_default;
    struct rule *rules;
    size_t count;
    size_t room;
    bool has_include;
};

struct select_rules *select_rules_new(enum select_default by_default, struct error *e)
{
    struct select_rules *rules = calloc(1, sizeof(*rules));

    if (rules == NULL) {
        error_no_memory(e, "selection rules");
        return NULL;
    }
    rules->magic = RULES_MAGIC;
    rules->by_default = by_default;
    return rules;
}

static void rule_clear(struct rule *rule)
{
    for (size_t i = 0; i < rule->count; i++)
        glob_clear(&rule->parts[i].glob);
    free(rule->parts);
    free(rule->text);
    free(rule->origin);
}

void select_rules_free(struct select_rules *rules)
{
    if (rules == NULL)
        return;
    OBJECT_CHECK(rules, RULES_MAGIC);
    for (size_t i = 0; i < rules->count; i++)
        rule_clear(&rules->rules[i]);
    free(rules->rules);
    rules->magic = 0;
    free(rules);
}

size_t select_rules_count(const struct select_rules *rules)
{
    OBJECT_CHECK(rules, RULES_MAGIC);
    return rules->count;
}

/* Compiling */

static int refuse(const char *text, const char *origin, const char *why, struct error *e)
{
    return error_set(e, LAGAN_INVALID, ERROR_USAGE, "%s: the rule '%.200s': %s", origin, text,
                     why);
}

static bool is_any_path(const char *word, size_t size)
{
    return size == 2 && word[0] == '*' && word[1] == '*';
}

static void add_any_path(struct rule *rule)
{
    if (rule->count == 0 || !rule->parts[rule->count - 1].any_path)
        rule->parts[rule->count++].any_path = true;
}

static int add_word(struct rule *rule, const char *word, size_t size, const char **why)
{
    if (is_any_path(word, size)) {
        add_any_path(rule);
        return 0;
    }
    if (glob_compile(&rule->parts[rule->count].glob, word, size, why) != 0)
        return -1;
    rule->count++;
    return 0;
}

/* The words between slashes; several slashes count as one. */
static int add_words(struct rule *rule, const char *pattern, size_t size, const char **why)
{
    for (size_t at = 0; at < size;) {
        const char *slash = memchr(pattern + at, '/', size - at);
        size_t length = slash != NULL ? (size_t)(slash - pattern) - at : size - at;
        if (length > 0 && add_word(rule, pattern + at, length, why) != 0)
            return -1;
        at += length + 1;
    }
    /* A "**" at the end is what is below a directory, not the directory itself. */
    if (rule->count > 0 && rule->parts[rule->count - 1].any_path)
        return glob_compile(&rule->parts[rule->count++].glob, "*", 1, why);
    return 0;
}

/* `rule` holds its text.  On failure `*why` is the reason, or NULL when memory ran out. */
static int compile(struct rule *rule, const char **why)
{
    const char *pattern = rule->text;
    size_t size;

    if (*pattern == '!')
        pattern++;
    size = strlen(pattern);
    rule->directories_only = size > 0 && pattern[size - 1] == '/';
    while (size > 0 && pattern[size - 1] == '/')
        size--;
    if (size == 0) {
        *why = "it names nothing";
        return -1;
    }
    rule->parts = calloc(size + 3, sizeof(*rule->parts));
    if (rule->parts == NULL)
        return -1;
    if (memchr(pattern, '/', size) == NULL)
        add_any_path(rule);
    return add_words(rule, pattern, size, why);
}

static enum effect effect_of(enum select_kind kind, bool negated)
{
    if (kind == SELECT_INCLUDE)
        return negated ? EFFECT_EXCLUDE : EFFECT_INCLUDE;
    return negated ? EFFECT_RESTORE : EFFECT_EXCLUDE;
}

static int grow(struct select_rules *rules, struct error *e)
{
    size_t room = rules->room > 0 ? 2 * rules->room : 16;
    struct rule *grown;

    if (rules->count < rules->room)
        return 0;
    grown = realloc(rules->rules, room * sizeof(*grown));
    if (grown == NULL)
        return error_no_memory(e, "selection rules");
    rules->rules = grown;
    rules->room = room;
    return 0;
}

int select_rules_add(struct select_rules *rules, const char *text, enum select_kind kind,
                     const char *origin, struct error *e)
{
    struct rule rule = {.effect = effect_of(kind, *text == '!')};
    const char *why = NULL;

    OBJECT_CHECK(rules, RULES_MAGIC);
    if (strlen(text) > SELECT_RULE_LIMIT)
        return refuse(text, origin, "it is too long", e);
    if (rules->count >= SELECT_RULES_LIMIT)
        return refuse(text, origin, "there are too many rules", e);
    if (grow(rules, e) != 0)
        return -1;
    rule.text = strdup(text);
    rule.origin = strdup(origin);
    if (rule.text == NULL || rule.origin == NULL || compile(&rule, &why) != 0) {
        if (why != NULL)
            refuse(text, origin, why, e);
        else
            error_no_memory(e, "a selection rule");
        rule_clear(&rule);
        return -1;
    }
    rules->has_include = rules->has_include || rule.effect == EFFECT_INCLUDE;
    rules->rules[rules->count++] = rule;
    return 0;
}

/* Drops blanks at the end that no backslash protects. */
static size_t trim(const char *line, size_t size)
{
    size_t kept = 0;

    for (size_t at = 0; at < size; at++) {
        if (line[at] == '\\' && at + 1 < size)
            at++;
        else if (line[at] == ' ')
            continue;
        kept = at + 1;
    }
    return kept;
}

static int add_line(struct select_rules *rules, const char *line, size_t size,
                    enum select_kind kind, const char *origin, struct error *e)
{
    char text[SELECT_RULE_LIMIT + 1];

    if (size > 0 && line[size - 1] == '\r')
        size--;
    if (memchr(line, '\0', size) != NULL)
        return refuse("", origin, "it contains a zero byte", e);
    if (size > 0 && line[0] == '#')
        return 0;
    size = trim(line, size);
    if (size == 0)
        return 0;
    if (size > SELECT_RULE_LIMIT)
        return refuse("", origin, "it is too long", e);
    memcpy(text, line, size);
    text[size] = '\0';
    return select_rules_add(rules, text, kind, origin, e);
}

int select_rules_add_lines(struct select_rules *rules, const void *data, size_t size,
                           enum select_kind kind, const char *name, struct error *e)
{
    const char *at = data;
    const char *end = at + size;
    unsigned number = 0;

    if (size >= 3 && memcmp(at, "\xef\xbb\xbf", 3) == 0)
        at += 3;
    while (at < end) {
        char origin[512];
        const char *newline = memchr(at, '\n', (size_t)(end - at));
        size_t length = (size_t)((newline != NULL ? newline : end) - at);

        snprintf(origin, sizeof(origin), "%.480s:%u", name, ++number);
        if (add_line(rules, at, length, kind, origin, e) != 0)
            return -1;
        at += length + 1;
    }
    return 0;
}

/* Matching.  A rule runs over the components of the key like a machine whose states say how
 * many of its parts have been used up; all its states are followed at once, as a set. */

enum {
    STATE_WORDS = (SELECT_RULE_LIMIT + 3 + 64) / 64,
    WINDOW = 128 /* components whose winners are found in one pass over the rules */
};

struct states {
    uint64_t now[STATE_WORDS];
    uint64_t next[STATE_WORDS];
    size_t words; /* in use */
};

static void add_state(uint64_t *set, const struct rule *rule, size_t state)
{
    set[state / 64] |= UINT64_C(1) << (state % 64);
    if (state < rule->count && rule->parts[state].any_path)
        set[(state + 1) / 64] |= UINT64_C(1) << ((state + 1) % 64);
}

static bool states_have(const struct states *s, size_t state)
{
    return (s->now[state / 64] >> (state % 64)) & 1;
}

static void states_start(struct states *s, const struct rule *rule)
{
    s->words = rule->count / 64 + 1;
    memset(s->now, 0, s->words * sizeof(s->now[0]));
    add_state(s->now, rule, 0);
}

/* One component further.  False when the rule can match neither this nor anything below. */
static bool states_step(struct states *s, const struct rule *rule, const uint8_t *word,
                        size_t size)
{
    bool alive = false;

    memset(s->next, 0, s->words * sizeof(s->next[0]));
    for (size_t w = 0; w < s->words; w++) {
        for (uint64_t left = s->now[w]; left != 0; left &= left - 1) {
            size_t state = w * 64 + (size_t)__builtin_ctzll(left);
            if (state >= rule->count)
                continue;
            const struct part *part = &rule->parts[state];
            if (!part->any_path && !glob_match(&part->glob, word, size))
                continue;
            add_state(s->next, rule, part->any_path ? state : state + 1);
            alive = true;
        }
    }
    memcpy(s->now, s->next, s->words * sizeof(s->now[0]));
    return alive;
}

/* Whether something below can still match: any state but the final one. */
static bool states_lead(const struct states *s, const struct rule *rule)
{
    for (size_t state = 0; state < rule->count; state++)
        if (states_have(s, state))
            return true;
    return false;
}

/* What the rules say of WINDOW components from `first` on. */
struct window {
    const uint8_t *key;
    size_t size;
    bool is_directory;
    size_t first;
    size_t used;                  /* components of the window that the key has */
    bool more;                    /* the key goes on behind the window */
    uint32_t winner[WINDOW];      /* the last rule that matches, counted from 1; 0 = none */
    uint32_t included_by[WINDOW]; /* the last rule among them that includes */
    size_t end[WINDOW];           /* of the component, in the key */
    bool leads;                   /* an include rule may match below the whole key */
    struct states states;         /* of the rule at work */
};

static void window_run(struct window *w, const struct rule *rule, uint32_t number)
{
    struct states *s = &w->states;
    size_t at = 0;

    states_start(s, rule);
    for (size_t index = 0; at <= w->size && index < w->first + WINDOW; index++) {
        const uint8_t *zero = memchr(w->key + at, 0, w->size - at);
        size_t end = zero != NULL ? (size_t)(zero - w->key) : w->size;
        bool directory = end < w->size || w->is_directory;

        if (!states_step(s, rule, w->key + at, end - at))
            return;
        at = end + 1;
        if (index < w->first || !states_have(s, rule->count) ||
            (rule->directories_only && !directory))
            continue;
        w->winner[index - w->first] = number;
        if (rule->effect == EFFECT_INCLUDE)
            w->included_by[index - w->first] = number;
    }
    if (at > w->size && rule->effect == EFFECT_INCLUDE && states_lead(s, rule))
        w->leads = true;
}

static void window_fill(struct window *w, const struct select_rules *rules)
{
    size_t at = 0, index = 0;

    w->used = 0;
    for (; at <= w->size && index < w->first + WINDOW; index++) {
        const uint8_t *zero = memchr(w->key + at, 0, w->size - at);
        size_t end = zero != NULL ? (size_t)(zero - w->key) : w->size;
        if (index >= w->first)
            w->end[w->used++] = end;
        at = end + 1;
    }
    w->more = at <= w->size;
    memset(w->winner, 0, w->used * sizeof(w->winner[0]));
    memset(w->included_by, 0, w->used * sizeof(w->included_by[0]));
    for (size_t i = 0; i < rules->count; i++)
        window_run(w, &rules->rules[i], (uint32_t)i + 1);
}

static void explain(struct select_reason *reason, const struct rule *rule, size_t key_size)
{
    *reason = (struct select_reason){rule->text, rule->origin, key_size};
}

/* From the top of the window down: false as soon as something is excluded. */
static bool window_decide(const struct window *w, const struct select_rules *rules, bool *taken,
                          struct select_reason *reason)
{
    for (size_t i = 0; i < w->used; i++) {
        if (w->winner[i] == 0)
            continue;
        const struct rule *winner = &rules->rules[w->winner[i] - 1];
        explain(reason, winner, w->end[i]);
        if (winner->effect == EFFECT_EXCLUDE)
            return false;
        if (w->included_by[i] != 0) {
            explain(reason, &rules->rules[w->included_by[i] - 1], w->end[i]);
            *taken = true;
        }
    }
    return true;
}

enum select_answer select_explain(const struct select_rules *rules, const void *key,
                                  size_t size, bool is_directory, struct select_reason *reason)
{
    struct window w;
    bool taken;

    *reason = (struct select_reason){0};
    if (rules == NULL)
        return SELECT_TAKE;
    OBJECT_CHECK(rules, RULES_MAGIC);
    if (rules->count == 0)
        return SELECT_TAKE;
    taken = rules->by_default == SELECT_DEFAULT_TAKE || !rules->has_include;
    if (size == 0)
        return taken ? SELECT_TAKE : SELECT_PASS;
    w.key = key;
    w.size = size;
    w.is_directory = is_directory;
    w.leads = false;
    w.more = true;
    for (w.first = 0; w.more; w.first += WINDOW) {
        window_fill(&w, rules);
        if (!window_decide(&w, rules, &taken, reason))
            return SELECT_SKIP;
    }
    if (taken)
        return SELECT_TAKE;
    return is_directory && w.leads ? SELECT_PASS : SELECT_SKIP;
}

enum select_answer select_match(const struct select_rules *rules, const void *key, size_t size,
                                bool is_directory)
{
    struct select_reason ignored;

    return select_explain(rules, key, size, is_directory, &ignored);
}
