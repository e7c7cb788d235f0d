/* SPDX-License-Identifier: Apache-2.0 */
/* seal_inner.c - the secret part of a seal as a table of TLVs. */
#include "vault/seal_inner.h"
#include "vault/field.h"

#include <stdlib.h>
#include <string.h>

/* A counted text as a string of its own; NULL when it holds a zero byte or memory ran out. */
static char *take_text(struct reader *value)
{
    size_t size;
    const uint8_t *bytes = reader_counted(value, &size);

    if (bytes == NULL || memchr(bytes, 0, size) != NULL)
        return NULL;
    return strndup((const char *)bytes, size);
}

static void append_text(struct buffer *out, const char *text)
{
    buffer_append_counted(out, text, strlen(text));
}

typedef int add_pair_function(struct seal *s, const char *name, const char *value,
                              struct error *e);

static bool take_pair(struct seal *s, struct reader *value, add_pair_function *add)
{
    char *name = take_text(value), *text = take_text(value);
    struct error ignored = ERROR_INIT;
    bool good =
        name != NULL && text != NULL && reader_done(value) && add(s, name, text, &ignored) == 0;

    free(name);
    free(text);
    return good;
}

static void give_pairs(const struct seal_pair *pairs, size_t count, uint16_t type,
                       struct buffer *out)
{
    CLEANUP_BUFFER struct buffer value = BUFFER_INIT;

    for (size_t i = 0; i < count; i++) {
        buffer_clear(&value);
        append_text(&value, pairs[i].name);
        append_text(&value, pairs[i].value);
        out->failed |= value.failed;
        buffer_append_tlv(out, type, value.data, (uint32_t)value.size);
    }
}

enum {
    TYPE_PARAMETER = 5,
    TYPE_ROOT = 6,
    TYPE_COUNTERS = 9,
    TYPE_PROBLEM = 14,
    TYPE_PARENT = 16,
    TYPE_TAG = 17,
    TYPE_RULE = 18
};

static bool take_parameter(void *object, struct reader *value)
{
    return take_pair(object, value, seal_add_parameter);
}

static void give_parameters(const void *object, struct buffer *out)
{
    const struct seal *s = object;

    give_pairs(s->parameters, s->parameter_count, TYPE_PARAMETER, out);
}

static bool take_tag(void *object, struct reader *value)
{
    return take_pair(object, value, seal_add_tag);
}

static void give_tags(const void *object, struct buffer *out)
{
    const struct seal *s = object;

    give_pairs(s->tags, s->tag_count, TYPE_TAG, out);
}

static bool take_rule(void *object, struct reader *value)
{
    return take_pair(object, value, seal_add_rule);
}

static void give_rules(const void *object, struct buffer *out)
{
    const struct seal *s = object;

    give_pairs(s->rules, s->rule_count, TYPE_RULE, out);
}

static bool take_root(void *object, struct reader *value)
{
    struct tree_root *root = &((struct seal *)object)->root;
    const uint8_t *id;

    root->height = reader_u8(value);
    id = reader_take(value, CHUNK_ID_SIZE);
    if (id == NULL || root->height == 0)
        return false;
    memcpy(root->id.bytes, id, CHUNK_ID_SIZE);
    root->entries = reader_u64(value);
    root->bytes = reader_u64(value);
    return reader_done(value);
}

static void give_root(const void *object, struct buffer *out)
{
    const struct tree_root *root = &((const struct seal *)object)->root;
    CLEANUP_BUFFER struct buffer value = BUFFER_INIT;

    buffer_append_u8(&value, (uint8_t)root->height);
    buffer_append(&value, root->id.bytes, CHUNK_ID_SIZE);
    buffer_append_u64(&value, root->entries);
    buffer_append_u64(&value, root->bytes);
    out->failed |= value.failed;
    buffer_append_tlv(out, TYPE_ROOT, value.data, (uint32_t)value.size);
}

static bool take_counters(void *object, struct reader *value)
{
    struct seal_counters *c = &((struct seal *)object)->counters;

#define X(member, name) c->member = reader_u64(value);
    SEAL_COUNTERS(X)
#undef X
    return reader_done(value);
}

static void give_counters(const void *object, struct buffer *out)
{
    const struct seal_counters *c = &((const struct seal *)object)->counters;
    CLEANUP_BUFFER struct buffer value = BUFFER_INIT;

#define X(member, name) buffer_append_u64(&value, c->member);
    SEAL_COUNTERS(X)
#undef X
    out->failed |= value.failed;
    buffer_append_tlv(out, TYPE_COUNTERS, value.data, (uint32_t)value.size);
}

static bool take_problem(void *object, struct reader *value)
{
    struct seal *s = object;
    struct error ignored = ERROR_INIT;
    size_t key_size, before = s->problem_count;
    uint64_t total = s->problem_total;
    const uint8_t *key = reader_counted(value, &key_size);
    uint32_t error_class = reader_u32(value);
    char *text = take_text(value);
    bool good = key != NULL && text != NULL && reader_done(value) &&
                seal_add_problem(s, key, key_size, error_class, text, &ignored) == 0 &&
                s->problem_count == before + 1;

    free(text);
    s->problem_total = total; /* has a field of its own */
    return good;
}

static void give_problems(const void *object, struct buffer *out)
{
    const struct seal *s = object;
    CLEANUP_BUFFER struct buffer value = BUFFER_INIT;

    for (size_t i = 0; i < s->problem_count; i++) {
        const struct seal_problem *p = &s->problems[i];

        buffer_clear(&value);
        buffer_append_counted(&value, p->key, p->key_size);
        buffer_append_u32(&value, p->error_class);
        append_text(&value, p->text);
        out->failed |= value.failed;
        buffer_append_tlv(out, TYPE_PROBLEM, value.data, (uint32_t)value.size);
    }
}

static bool take_parent(void *object, struct reader *value)
{
    struct seal *s = object;
    const uint8_t *hash = reader_take(value, sizeof(s->parent));

    if (hash == NULL)
        return false;
    memcpy(s->parent, hash, sizeof(s->parent));
    s->has_parent = true;
    return reader_done(value);
}

static void give_parent(const void *object, struct buffer *out)
{
    const struct seal *s = object;

    if (s->has_parent)
        buffer_append_tlv(out, TYPE_PARENT, s->parent, sizeof(s->parent));
}

#define AT(member) .offset = offsetof(struct seal, member)

static const struct field inner_fields[] = {
    {1, FIELD_BYTES, FIELD_NEEDED, 16, AT(source_id)},
    {2, FIELD_OWN, 0, 0, AT(source_driver)},
    {3, FIELD_OWN, 0, 0, AT(source_name)},
    {4, FIELD_OWN, 0, 0, AT(host)},
    {TYPE_PARAMETER, FIELD_CALL, FIELD_REPEATS, .take = take_parameter,
     .give = give_parameters},
    {TYPE_ROOT, FIELD_CALL, FIELD_NEEDED, .take = take_root, .give = give_root},
    {7, FIELD_I64, FIELD_NEEDED, 0, AT(start_ns)},
    {8, FIELD_I64, FIELD_NEEDED, 0, AT(end_ns)},
    {TYPE_COUNTERS, FIELD_CALL, FIELD_NEEDED, .take = take_counters, .give = give_counters},
    {10, FIELD_OWN, 0, 0, AT(backup_name)},
    {11, FIELD_OWN, 0, 0, AT(description)},
    {12, FIELD_U32, FIELD_NEEDED, 0, AT(flags)},
    {13, FIELD_U64, FIELD_NEEDED, 0, AT(problem_total)},
    {TYPE_PROBLEM, FIELD_CALL, FIELD_REPEATS, .take = take_problem, .give = give_problems},
    {15, FIELD_OWN, 0, 0, AT(program)},
    {TYPE_PARENT, FIELD_CALL, 0, .take = take_parent, .give = give_parent},
    {TYPE_TAG, FIELD_CALL, FIELD_REPEATS, .take = take_tag, .give = give_tags},
    {TYPE_RULE, FIELD_CALL, FIELD_REPEATS, .take = take_rule, .give = give_rules},
};
enum { INNER_FIELDS = sizeof(inner_fields) / sizeof(inner_fields[0]) };

void seal_inner_encode(const struct seal *s, struct buffer *out)
{
    field_encode(out, inner_fields, INNER_FIELDS, s);
}

int seal_inner_decode(struct reader r, struct seal *s, const char *what, struct error *e)
{
    if (field_decode(r, inner_fields, INNER_FIELDS, s, what, e) != 0)
        return -1;
    if (s->problem_total < s->problem_count)
        return error_set(e, LAGAN_CORRUPT, ERROR_INTEGRITY, "%s: more problems than it counts",
                         what);
    s->opened = true;
    return 0;
}
