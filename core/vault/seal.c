/* SPDX-License-Identifier: Apache-2.0 */
/* seal.c - the life of a seal in memory. */
#include "vault/seal.h"

#include <stdlib.h>
#include <string.h>

/* A problem with a longer key and text is only counted, so that a seal stays small. */
enum { PROBLEM_BYTES_LIMIT = 16 << 10 };

struct seal *seal_new(struct error *e)
{
    struct seal *s = calloc(1, sizeof(*s));

    if (s == NULL)
        error_no_memory(e, "a seal");
    return s;
}

static void free_pairs(struct seal_pair *pairs, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        free(pairs[i].name);
        free(pairs[i].value);
    }
    free(pairs);
}

static void free_problems(struct seal *s)
{
    for (size_t i = 0; i < s->problem_count; i++) {
        free(s->problems[i].key);
        free(s->problems[i].text);
    }
    free(s->problems);
}

struct seal *seal_share(struct seal *s)
{
    atomic_fetch_add(&s->shares, 1);
    return s;
}

void seal_free(struct seal *s)
{
    if (s == NULL || atomic_fetch_sub(&s->shares, 1) > 0)
        return;
    free(s->previous);
    free(s->packs);
    free(s->rolls);
    free(s->source_driver);
    free(s->source_name);
    free(s->host);
    free_pairs(s->parameters, s->parameter_count);
    free(s->backup_name);
    free(s->description);
    free_problems(s);
    free(s->program);
    free_pairs(s->tags, s->tag_count);
    free_pairs(s->rules, s->rule_count);
    free(s);
}

int seal_set_text(char **member, const char *value, struct error *e)
{
    char *copy = NULL;

    if (value != NULL) {
        copy = strdup(value);
        if (copy == NULL)
            return error_no_memory(e, "a seal");
    }
    free(*member);
    *member = copy;
    return 0;
}

/* Arrays here grow by one: they are short. */
static int add_pair(struct seal_pair **pairs, size_t *count, const char *name,
                    const char *value, struct error *e)
{
    struct seal_pair *grown = realloc(*pairs, (*count + 1) * sizeof(*grown));

    if (grown == NULL)
        return error_no_memory(e, "a seal");
    *pairs = grown;
    grown[*count] = (struct seal_pair){strdup(name), strdup(value)};
    if (grown[*count].name == NULL || grown[*count].value == NULL) {
        free(grown[*count].name);
        free(grown[*count].value);
        return error_no_memory(e, "a seal");
    }
    (*count)++;
    return 0;
}

int seal_add_parameter(struct seal *s, const char *name, const char *value, struct error *e)
{
    return add_pair(&s->parameters, &s->parameter_count, name, value, e);
}

int seal_add_tag(struct seal *s, const char *name, const char *value, struct error *e)
{
    return add_pair(&s->tags, &s->tag_count, name, value, e);
}

int seal_add_rule(struct seal *s, const char *name, const char *value, struct error *e)
{
    return add_pair(&s->rules, &s->rule_count, name, value, e);
}

/* Room for all problems doubles up to the limit. */
static int make_room(struct seal *s, struct error *e)
{
    struct seal_problem *grown;
    size_t room = s->problem_count;

    if (room > 0 && (room & (room - 1)) != 0)
        return 0;
    room = room == 0 ? 1 : 2 * room;
    grown = realloc(s->problems, room * sizeof(*grown));
    if (grown == NULL)
        return error_no_memory(e, "a seal");
    s->problems = grown;
    return 0;
}

int seal_add_problem(struct seal *s, const void *key, size_t key_size, uint32_t error_class,
                     const char *text, struct error *e)
{
    struct seal_problem p = {.key_size = key_size, .error_class = error_class};

    if (s->problem_count < SEAL_PROBLEM_LIMIT &&
        key_size + strlen(text) <= PROBLEM_BYTES_LIMIT) {
        if (make_room(s, e) != 0)
            return -1;
        p.key = malloc(key_size + 1);
        p.text = strdup(text);
        if (p.key == NULL || p.text == NULL) {
            free(p.key);
            free(p.text);
            return error_no_memory(e, "a seal");
        }
        memcpy(p.key, key, key_size);
        p.key[key_size] = '\0';
        s->problems[s->problem_count++] = p;
    }
    s->problem_total++;
    return 0;
}
