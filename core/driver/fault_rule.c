/* SPDX-License-Identifier: Apache-2.0 */
/* fault_rule.c - reads the rules of layer_fault.h and decides by them. */
#include "base/text.h"
#include "driver/layer_fault.h"

#include <stdio.h>
#include <string.h>

enum { WORD_SIZE = 64, RATE_WHOLE = 1000000 };

/* A rule as it is taken apart. */
struct words {
    const char *text; /* the whole, for messages */
    const char *next; /* NULL = no more */
    char word[WORD_SIZE];
};

/* The next word into w->word; false when there is none, or it is too long to be one. */
static bool take(struct words *w)
{
    size_t length;
    if (!w->next)
        return false;
    length = strcspn(w->next, ":");
    if (length >= sizeof w->word)
        return false;
    memcpy(w->word, w->next, length);
    w->word[length] = '\0';
    w->next = w->next[length] == ':' ? w->next + length + 1 : NULL;
    return true;
}

/* The number behind a word. */
static int take_number(struct words *w, uint64_t minimum, uint64_t *number, struct error *e)
{
    char what[WORD_SIZE];
    snprintf(what, sizeof what, "%s", w->word);
    if (take(w) && text_parse_u64(w->word, number) == 0 && *number >= minimum)
        return 0;
    return error_set(e, LAGAN_INVALID, ERROR_CONFIG,
                     "fault \"%s\": \"%s\" needs a number from %llu, as in %s:3", w->text, what,
                     (unsigned long long)minimum, what);
}

/* A decimal of at most six places, in millionths; -1 when it is none. */
static int parse_millionths(const char *text, uint64_t *number)
{
    char digits[WORD_SIZE];
    const char *point = strchr(text, '.');
    size_t whole = point ? (size_t)(point - text) : strlen(text);
    size_t places = point ? strlen(point + 1) : 0;
    if (whole == 0 || whole > 3 || places > 4 || (point && places == 0))
        return -1;
    memcpy(digits, text, whole);
    memcpy(digits + whole, point ? point + 1 : "", places);
    memset(digits + whole + places, '0', 4 - places);
    digits[whole + 4] = '\0';
    return text_parse_u64(digits, number);
}

static int take_rate(struct words *w, uint64_t *number, struct error *e)
{
    size_t length;
    bool good = take(w);
    length = strlen(w->word);
    if (good && length > 1 && w->word[length - 1] == '%') {
        w->word[length - 1] = '\0';
        if (parse_millionths(w->word, number) == 0 && *number <= RATE_WHOLE)
            return 0;
    }
    return error_set(
        e, LAGAN_INVALID, ERROR_CONFIG,
        "fault \"%s\": \"rate\" needs a percentage from 0 to 100, as in rate:2.5%%", w->text);
}

static bool is_verb(enum lagan_kind kind, const char *word)
{
    if (strcmp(word, "any") == 0)
        return true;
    if (kind != 0)
        return call_verb_find(kind, word) != CALL_VERB_COUNT;
    return call_verb_find(LAGAN_KIND_TARGET, word) != CALL_VERB_COUNT ||
           call_verb_find(LAGAN_KIND_SOURCE, word) != CALL_VERB_COUNT;
}

/* The kind of driver that a name or a word in front says. */
static enum lagan_kind kind_of(const char *word)
{
    if (strcmp(word, "source") == 0 || strncmp(word, "src_", 4) == 0)
        return LAGAN_KIND_SOURCE;
    if (strcmp(word, "target") == 0 || strncmp(word, "tgt_", 4) == 0)
        return LAGAN_KIND_TARGET;
    return 0;
}

static int wrong_verb(const struct words *w, enum lagan_kind kind, struct error *e)
{
    char verbs[400];
    size_t used = (size_t)snprintf(verbs, sizeof verbs, "any");
    for (int verb = 0; verb < CALL_VERB_COUNT; verb++)
        if ((kind == 0 || call_verb_kind(verb) == kind) && used < sizeof verbs &&
            !(call_verb_flags(verb) & CALL_RELEASES))
            used += (size_t)snprintf(verbs + used, sizeof verbs - used, ", %s",
                                     call_verb_name(verb));
    return error_set(e, LAGAN_INVALID, ERROR_CONFIG,
                     "fault \"%s\": \"%s\" is no verb; allowed are: %s", w->text, w->word,
                     verbs);
}

static int take_verb(struct words *w, struct fault_rule *rule, struct error *e)
{
    take(w);
    rule->kind = kind_of(w->word);
    if (rule->kind != 0 && w->next) {
        if (w->word[3] == '_')
            snprintf(rule->driver, sizeof rule->driver, "%.*s", DRIVER_NAME_LIMIT, w->word);
        take(w);
    }
    if (!is_verb(rule->kind, w->word))
        return wrong_verb(w, rule->kind, e);
    snprintf(rule->verb, sizeof rule->verb, "%.31s", w->word);
    return 0;
}

static int take_class(struct words *w, struct fault_rule *rule, struct error *e)
{
    char classes[320] = "";
    size_t used = 0;
    bool there = take(w);
    for (uint32_t c = LAGAN_OK + 1; c < LAGAN_CLASS_COUNT; c++) {
        if (there && strcmp(error_class_name(c), w->word) == 0) {
            rule->error_class = c;
            return 0;
        }
        if (used < sizeof classes)
            used += (size_t)snprintf(classes + used, sizeof classes - used, "%s%s",
                                     used ? ", " : "", error_class_name(c));
    }
    return error_set(e, LAGAN_INVALID, ERROR_CONFIG,
                     "fault \"%s\": after the verb comes the class of the error, VERB:CLASS; "
                     "allowed are: %s",
                     w->text, classes);
}

static const struct {
    const char *word;
    enum fault_when when;
    uint64_t minimum;
} moments[] = {{"after", FAULT_AFTER, 0}, {"every", FAULT_EVERY, 1}, {"at", FAULT_AT, 1}};

static const struct {
    const char *word;
    bool takes_effect;
    uint32_t outcome;
} effects[] = {{"unknown", false, LAGAN_OUTCOME_UNKNOWN},
               {"done", true, LAGAN_OUTCOME_DONE},
               {"effect", true, LAGAN_OUTCOME_UNKNOWN}};

/* One word behind the class, with what belongs to it. */
static int take_option(struct words *w, struct fault_rule *rule, struct error *e)
{
    for (size_t i = 0; i < sizeof moments / sizeof moments[0]; i++) {
        if (strcmp(w->word, moments[i].word) == 0) {
            rule->when = moments[i].when;
            return take_number(w, moments[i].minimum, &rule->number, e);
        }
    }
    for (size_t i = 0; i < sizeof effects / sizeof effects[0]; i++) {
        if (strcmp(w->word, effects[i].word) == 0) {
            rule->takes_effect = effects[i].takes_effect;
            rule->outcome = effects[i].outcome;
            return 0;
        }
    }
    if (strcmp(w->word, "rate") == 0) {
        rule->when = FAULT_RATE;
        return take_rate(w, &rule->number, e);
    }
    if (strcmp(w->word, "seed") == 0)
        return take_number(w, 0, &rule->seed, e);
    return error_set(e, LAGAN_INVALID, ERROR_CONFIG,
                     "fault \"%s\": \"%s\" is not known; allowed are: after:N, every:N, at:N, "
                     "rate:P%%, unknown, done, effect, seed:N",
                     w->text, w->word);
}

int fault_rule_parse(const char *text, struct fault_rule *rule, struct error *e)
{
    struct words w = {.text = text, .next = text};
    struct fault_rule parsed = {.outcome = LAGAN_OUTCOME_NOT_DONE};
    if (take_verb(&w, &parsed, e) != 0 || take_class(&w, &parsed, e) != 0)
        return -1;
    while (w.next) {
        if (!take(&w))
            w.word[0] = '\0';
        if (take_option(&w, &parsed, e) != 0)
            return -1;
        if (w.word[0] == '\0')
            break;
    }
    *rule = parsed;
    return 0;
}

bool fault_rule_fits(const struct fault_rule *rule, const char *driver, enum call_verb verb)
{
    if (rule->kind != 0 && rule->kind != call_verb_kind(verb))
        return false;
    if (rule->driver[0] != '\0' && strcmp(rule->driver, driver) != 0)
        return false;
    return strcmp(rule->verb, "any") == 0 || strcmp(rule->verb, call_verb_name(verb)) == 0;
}

/* Numbers that look random and are the same in each run (splitmix64). */
static uint64_t scatter(uint64_t value)
{
    value += UINT64_C(0x9e3779b97f4a7c15);
    value = (value ^ value >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    value = (value ^ value >> 27) * UINT64_C(0x94d049bb133111eb);
    return value ^ value >> 31;
}

bool fault_rule_strikes(const struct fault_rule *rule, uint64_t number)
{
    switch (rule->when) {
    case FAULT_AFTER:
        return number > rule->number;
    case FAULT_EVERY:
        return number % rule->number == 0;
    case FAULT_AT:
        return number == rule->number;
    case FAULT_RATE:
        return scatter(scatter(rule->seed) + number) % RATE_WHOLE < rule->number;
    default:
        return true;
    }
}
