/* SPDX-License-Identifier: Apache-2.0 */
/* about_codec.c - names and values of a copy of a vault, signed, to and from bytes. */
#include "vault/about_codec.h"
#include "vault/field.h"

#include <stdlib.h>
#include <string.h>

#define ABOUT_MAGIC "LAGANABO"
#define ABOUT_LABEL "lagan/1/about"

enum { SIGNATURE_BYTES = 64, TYPE_PAIR = 5 };

/* As in storage. */
struct wire {
    uint8_t uuid[16];
    struct vault_about about;
};

/* Where the name stands or would stand. */
static size_t find(const struct vault_about *about, const char *name, bool *found)
{
    size_t low = 0, high = about->pair_count;

    *found = false;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = strcmp(about->pairs[middle].name, name);

        if (order == 0) {
            *found = true;
            return middle;
        }
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

const char *vault_about_find(const struct vault_about *about, const char *name)
{
    bool found;
    size_t at = find(about, name, &found);

    return found ? about->pairs[at].value : NULL;
}

void vault_about_free(struct vault_about *about)
{
    if (about == NULL)
        return;
    for (size_t i = 0; i < about->pair_count; i++) {
        free(about->pairs[i].name);
        free(about->pairs[i].value);
    }
    free(about->pairs);
    *about = (struct vault_about){.generation = 0};
}

static void drop(struct vault_about *about, size_t at)
{
    free(about->pairs[at].name);
    free(about->pairs[at].value);
    about->pair_count--;
    memmove(about->pairs + at, about->pairs + at + 1,
            (about->pair_count - at) * sizeof(*about->pairs));
}

static int replace(struct seal_pair *pair, const char *value, struct error *e)
{
    char *copy = strdup(value);

    if (copy == NULL)
        return error_no_memory(e, "a value");
    free(pair->value);
    pair->value = copy;
    return 0;
}

static int insert(struct vault_about *about, size_t at, const char *name, const char *value,
                  struct error *e)
{
    struct seal_pair *grown =
        reallocarray(about->pairs, about->pair_count + 1, sizeof(*about->pairs));
    struct seal_pair pair = {strdup(name), strdup(value)};

    if (grown != NULL)
        about->pairs = grown;
    if (grown == NULL || pair.name == NULL || pair.value == NULL) {
        free(pair.name);
        free(pair.value);
        return error_no_memory(e, "a name and its value");
    }
    memmove(grown + at + 1, grown + at, (about->pair_count - at) * sizeof(*grown));
    grown[at] = pair;
    about->pair_count++;
    return 0;
}

static int check_pair(const char *name, const char *value, struct error *e)
{
    size_t name_bytes = strlen(name), value_bytes = value != NULL ? strlen(value) : 0;

    if (name_bytes == 0 || name_bytes > VAULT_ABOUT_NAME_LIMIT)
        return error_set(e, LAGAN_INVALID, ERROR_USAGE,
                         "a name has 1 to %d bytes, this one has %zu", VAULT_ABOUT_NAME_LIMIT,
                         name_bytes);
    if (value_bytes > VAULT_ABOUT_VALUE_LIMIT)
        return error_set(e, LAGAN_INVALID, ERROR_USAGE,
                         "the value of \"%s\" has %zu bytes, and at most %d are kept", name,
                         value_bytes, VAULT_ABOUT_VALUE_LIMIT);
    return 0;
}

int vault_about_add(struct vault_about *about, const char *name, const char *value,
                    struct error *e)
{
    bool found;
    size_t at = find(about, name, &found);

    if (check_pair(name, value, e) != 0)
        return -1;
    if (value == NULL) {
        if (found)
            drop(about, at);
        return 0;
    }
    if (found)
        return replace(&about->pairs[at], value, e);
    if (about->pair_count >= VAULT_ABOUT_PAIR_LIMIT)
        return error_set(e, LAGAN_INVALID, ERROR_USAGE, "more than %d names and values",
                         VAULT_ABOUT_PAIR_LIMIT);
    return insert(about, at, name, value, e);
}

/* A counted text as a string of its own; NULL when it holds a zero byte. */
static char *take_text(struct reader *value)
{
    size_t size;
    const uint8_t *bytes = reader_counted(value, &size);

    if (bytes == NULL || memchr(bytes, 0, size) != NULL)
        return NULL;
    return strndup((const char *)bytes, size);
}

/* Names ascend, so that equal facts are equal bytes. */
static bool take_pair(void *object, struct reader *value)
{
    struct vault_about *about = &((struct wire *)object)->about;
    char *name = take_text(value), *text = take_text(value);
    struct error ignored = ERROR_INIT;
    bool good = name != NULL && text != NULL && reader_done(value) &&
                (about->pair_count == 0 ||
                 strcmp(about->pairs[about->pair_count - 1].name, name) < 0) &&
                vault_about_add(about, name, text, &ignored) == 0;

    free(name);
    free(text);
    return good;
}

static void give_pairs(const void *object, struct buffer *out)
{
    const struct vault_about *about = &((const struct wire *)object)->about;
    CLEANUP_BUFFER struct buffer value = BUFFER_INIT;

    for (size_t i = 0; i < about->pair_count; i++) {
        const struct seal_pair *pair = &about->pairs[i];

        buffer_clear(&value);
        buffer_append_counted(&value, pair->name, strlen(pair->name));
        buffer_append_counted(&value, pair->value, strlen(pair->value));
        out->failed |= value.failed;
        buffer_append_tlv(out, TYPE_PAIR, value.data, (uint32_t)value.size);
    }
}

#define AT(member) .offset = offsetof(struct wire, member)

static const struct field about_fields[] = {
    {1, FIELD_BYTES, FIELD_NEEDED, 16, AT(uuid)},
    {2, FIELD_BYTES, FIELD_NEEDED, 16, AT(about.id)},
    {3, FIELD_U32, FIELD_NEEDED, 0, AT(about.generation)},
    {4, FIELD_I64, FIELD_NEEDED, 0, AT(about.created_ns)},
    {TYPE_PAIR, FIELD_CALL, FIELD_REPEATS, .take = take_pair, .give = give_pairs},
};
enum { ABOUT_FIELDS = sizeof(about_fields) / sizeof(about_fields[0]) };

int about_encode(const struct vault_about *about, const uint8_t uuid[16],
                 const struct keys *keys, struct buffer *out, struct error *e)
{
    struct wire w = {.about = *about};
    uint8_t signature[SIGNATURE_BYTES];

    memcpy(w.uuid, uuid, sizeof(w.uuid));
    buffer_clear(out);
    field_encode_object(out, ABOUT_MAGIC, about_fields, ABOUT_FIELDS, &w);
    if (buffer_check(out, e) != 0 ||
        keys_root_sign(keys, ABOUT_LABEL, out->data, out->size, signature, e) != 0)
        return -1;
    buffer_append(out, signature, sizeof(signature));
    return buffer_check(out, e);
}

/* Form first, then the signature, then what it says: nothing of a forged one is believed. */
static int decode(const void *data, size_t size, struct wire *w, const char *name,
                  const struct trust *trust, struct error *e)
{
    struct reader r = reader_of(data, size), tlvs;
    const uint8_t *signature;
    char right[NAME_SIZE];

    if (field_head(&r, ABOUT_MAGIC, &tlvs, name, e) != 0 ||
        field_decode(tlvs, about_fields, ABOUT_FIELDS, w, name, e) != 0)
        return -1;
    signature = reader_take(&r, SIGNATURE_BYTES);
    if (!reader_done(&r))
        return error_set(e, LAGAN_CORRUPT, ERROR_INTEGRITY,
                         "%s: cut off or followed by something else", name);
    if (trust_check(trust->root_public, ABOUT_LABEL, data, size - SIGNATURE_BYTES, signature,
                    name, e) != 0)
        return -1;
    if (memcmp(w->uuid, trust->uuid, sizeof(w->uuid)) != 0)
        return error_set(e, LAGAN_CORRUPT, ERROR_INTEGRITY, "%s: of another vault", name);
    name_of_about(w->about.generation, right);
    if (strcmp(right, name) != 0)
        return error_set(e, LAGAN_CORRUPT, ERROR_INTEGRITY, "%s: stored under a wrong name",
                         name);
    return 0;
}

int about_decode(const void *data, size_t size, const char *name, const struct trust *trust,
                 struct vault_about *about, struct error *e)
{
    struct wire w = {.about = {.generation = 0}};

    if (decode(data, size, &w, name, trust, e) != 0) {
        vault_about_free(&w.about);
        return -1;
    }
    *about = w.about;
    return 0;
}
