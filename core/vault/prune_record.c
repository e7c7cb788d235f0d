/* SPDX-License-Identifier: Apache-2.0 */
/* prune_record.c - records of prune, to and from bytes. */
#include "vault/prune_record.h"
#include "base/clock.h"
#include "crypto/hash.h"
#include "vault/field.h"
#include "vault/keys.h"
#include "vault/stored.h"

#include <stdlib.h>
#include <string.h>

enum { HASH_BYTES = 32, SIGNATURE_BYTES = 64, GONE_BYTES = 44, HEIR_BYTES = 40 };

/* What tells one kind of record from another. */
static const struct form {
    enum name_kind kind;
    const char *magic;
    const char *label;
} forms[] = {
    {NAME_CONDEMN, "LAGANCDM", "lagan/1/condemn"},
    {NAME_DELETE, "LAGANDEL", "lagan/1/delete"},
    {NAME_MOVE, "LAGANMOV", "lagan/1/move"},
};

static const struct form *form_of(enum name_kind kind)
{
    for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++)
        if (forms[i].kind == kind)
            return &forms[i];
    return NULL;
}

/* As in storage; the arrays lie in the object. */
struct wire {
    uint8_t uuid[16];
    uint32_t epoch;
    int64_t created_ns;
    uint8_t writer[16], writer_public[32], certificate[64];
    struct reader seals, gone, heirs, places, rolls;
};

#define AT(member) .offset = offsetof(struct wire, member)

static const struct field fields[] = {
    {1, FIELD_BYTES, FIELD_NEEDED, 16, AT(uuid)},
    {3, FIELD_U32, FIELD_NEEDED, 0, AT(epoch)},
    {4, FIELD_I64, FIELD_NEEDED, 0, AT(created_ns)},
    {5, FIELD_BYTES, FIELD_NEEDED, 16, AT(writer)},
    {6, FIELD_BYTES, FIELD_NEEDED, 32, AT(writer_public)},
    {7, FIELD_BYTES, FIELD_NEEDED, 64, AT(certificate)},
    {8, FIELD_SPAN, 0, 0, AT(seals)},
    {9, FIELD_SPAN, 0, 0, AT(gone)},
    {10, FIELD_SPAN, 0, 0, AT(heirs)},
    {11, FIELD_SPAN, 0, 0, AT(places)},
    {12, FIELD_SPAN, 0, 0, AT(rolls)},
};
enum { FIELDS = sizeof(fields) / sizeof(fields[0]) };

void prune_record_free(struct prune_record *r)
{
    free(r->seals);
    free(r->gone);
    free(r->heirs);
    free(r->places);
    free(r->rolls);
    *r = (struct prune_record){0};
}

/* ---- writing ---- */

/* The arrays as bytes. */
struct arrays {
    struct buffer seals, gone, heirs, places;
};

static void arrays_free(struct arrays *a)
{
    buffer_free(&a->seals);
    buffer_free(&a->gone);
    buffer_free(&a->heirs);
    buffer_free(&a->places);
}

static int arrays_make(const struct prune_record *r, struct arrays *a, struct error *e)
{
    for (size_t i = 0; i < r->seal_count; i++)
        for (int shift = 56; shift >= 0; shift -= 8)
            buffer_append_u8(&a->seals, (uint8_t)(r->seals[i] >> shift));
    for (size_t i = 0; i < r->gone_count; i++) {
        buffer_append(&a->gone, r->gone[i].id.hash, HASH_BYTES);
        buffer_append_u64(&a->gone, r->gone[i].id.bytes);
        buffer_append_u32(&a->gone, r->gone[i].count);
        for (uint32_t j = 0; j < r->gone[i].count; j++)
            buffer_append_u32(&a->places, r->places[r->gone[i].first + j]);
    }
    for (size_t i = 0; i < r->heir_count; i++) {
        buffer_append(&a->heirs, r->heirs[i].hash, HASH_BYTES);
        buffer_append_u64(&a->heirs, r->heirs[i].bytes);
    }
    if (buffer_check(&a->seals, e) != 0 || buffer_check(&a->gone, e) != 0 ||
        buffer_check(&a->heirs, e) != 0)
        return -1;
    return buffer_check(&a->places, e);
}

static struct reader span_of(const struct buffer *b)
{
    return reader_of(b->data, b->size);
}

int prune_record_encode(const struct prune_record *r, const uint8_t uuid[16],
                        const struct vault_writer *writer, struct buffer *out, struct error *e)
{
    const struct form *form = form_of(r->kind);
    struct wire w = {.epoch = r->epoch, .created_ns = r->created_ns};
    uint8_t signature[SIGNATURE_BYTES];
    struct arrays a = {0};
    size_t start = out->size;
    int result = arrays_make(r, &a, e);

    memcpy(w.uuid, uuid, sizeof(w.uuid));
    memcpy(w.writer, writer->id, sizeof(w.writer));
    memcpy(w.writer_public, writer->public_key, sizeof(w.writer_public));
    memcpy(w.certificate, writer->certificate, sizeof(w.certificate));
    w.seals = span_of(&a.seals);
    w.gone = span_of(&a.gone);
    w.heirs = span_of(&a.heirs);
    w.places = span_of(&a.places);
    w.rolls = reader_of(r->rolls, r->roll_count * HASH_BYTES);
    if (result == 0)
        field_encode_object(out, form->magic, fields, FIELDS, &w);
    arrays_free(&a);
    if (result != 0 || buffer_check(out, e) != 0 ||
        vault_writer_sign(writer, form->label, out->data + start, out->size - start, signature,
                          e) != 0)
        return -1;
    buffer_append(out, signature, sizeof(signature));
    return buffer_check(out, e);
}

/* ---- reading ---- */

static int corrupt(struct error *e, const char *what, const char *why)
{
    return error_set(e, LAGAN_CORRUPT, ERROR_INTEGRITY, "%s: %s", what, why);
}

static void take_seals(struct reader r, struct prune_record *p)
{
    for (size_t i = 0; i < p->seal_count; i++)
        for (int j = 0; j < 8; j++)
            p->seals[i] = p->seals[i] << 8 | reader_u8(&r);
}

/* False when the counts of places do not add up. */
static bool take_gone(struct reader r, struct prune_record *p)
{
    uint64_t first = 0;

    for (size_t i = 0; i < p->gone_count; i++) {
        memcpy(p->gone[i].id.hash, reader_take(&r, HASH_BYTES), HASH_BYTES);
        p->gone[i].id.bytes = reader_u64(&r);
        p->gone[i].count = reader_u32(&r);
        p->gone[i].first = (uint32_t)first;
        first += p->gone[i].count;
        if (first > p->place_count)
            return false;
    }
    return first == p->place_count;
}

static bool take_heirs(struct reader heirs, struct reader places, struct prune_record *p)
{
    for (size_t i = 0; i < p->heir_count; i++) {
        memcpy(p->heirs[i].hash, reader_take(&heirs, HASH_BYTES), HASH_BYTES);
        p->heirs[i].bytes = reader_u64(&heirs);
    }
    for (size_t i = 0; i < p->place_count; i++) {
        p->places[i] = reader_u32(&places);
        if (p->places[i] >= p->heir_count)
            return false;
    }
    return true;
}

static bool in_order(const struct prune_record *p)
{
    for (size_t i = 1; i < p->seal_count; i++)
        if (p->seals[i - 1] >= p->seals[i])
            return false;
    for (size_t i = 1; i < p->gone_count; i++)
        if (memcmp(p->gone[i - 1].id.hash, p->gone[i].id.hash, HASH_BYTES) >= 0)
            return false;
    for (size_t i = 1; i < p->heir_count; i++)
        if (memcmp(p->heirs[i - 1].hash, p->heirs[i].hash, HASH_BYTES) >= 0)
            return false;
    for (size_t i = 1; i < p->roll_count; i++)
        if (memcmp(p->rolls[i - 1], p->rolls[i], HASH_BYTES) >= 0)
            return false;
    return true;
}

static int take_arrays(const struct wire *w, struct prune_record *p, const char *what,
                       struct error *e)
{
    p->seal_count = w->seals.left / 8;
    p->gone_count = w->gone.left / GONE_BYTES;
    p->heir_count = w->heirs.left / HEIR_BYTES;
    p->place_count = w->places.left / 4;
    p->roll_count = w->rolls.left / HASH_BYTES;
    if (w->seals.left % 8 != 0 || w->gone.left % GONE_BYTES != 0 ||
        w->heirs.left % HEIR_BYTES != 0 || w->places.left % 4 != 0 ||
        w->rolls.left % HASH_BYTES != 0)
        return corrupt(e, what, "a list is cut off");
    p->seals = calloc(p->seal_count + 1, sizeof(*p->seals));
    p->gone = calloc(p->gone_count + 1, sizeof(*p->gone));
    p->heirs = calloc(p->heir_count + 1, sizeof(*p->heirs));
    p->places = calloc(p->place_count + 1, sizeof(*p->places));
    p->rolls = calloc(p->roll_count + 1, sizeof(*p->rolls));
    if (p->seals == NULL || p->gone == NULL || p->heirs == NULL || p->places == NULL ||
        p->rolls == NULL)
        return error_no_memory(e, "a record of prune");
    take_seals(w->seals, p);
    if (p->roll_count > 0)
        memcpy(p->rolls, w->rolls.next, p->roll_count * HASH_BYTES);
    if (!take_gone(w->gone, p) || !take_heirs(w->heirs, w->places, p) || !in_order(p))
        return corrupt(e, what, "its lists do not fit each other");
    return 0;
}

static int check_signature(const struct trust *trust, const struct form *form,
                           const struct wire *w, const void *data, size_t size,
                           const uint8_t *signature, const char *what, struct error *e)
{
    if (memcmp(w->uuid, trust->uuid, sizeof(w->uuid)) != 0)
        return corrupt(e, what, "of another vault");
    if (trust_check_writer(trust, w->writer, w->writer_public, w->certificate, e) != 0)
        return error_context(e, "%s", what);
    return trust_check(w->writer_public, form->label, data, size - SIGNATURE_BYTES, signature,
                       what, e);
}

/* What the name says must be what was signed. */
static int check_name(const struct name *name, const struct wire *w, const void *data,
                      size_t size, const char *what, struct error *e)
{
    uint8_t hash[HASH_SIZE];

    if (name->kind != NAME_MOVE)
        return w->epoch == name->number ? 0 : corrupt(e, what, "stored under a wrong name");
    hash_sha256(data, size, hash);
    if (memcmp(hash, name->hash, sizeof(hash)) != 0)
        return corrupt(e, what, "its bytes do not fit its name");
    return w->rolls.left == 0 ? 0 : corrupt(e, what, "a move lists rolls");
}

static int decode(const struct trust *trust, const void *data, size_t size, const char *what,
                  struct prune_record *r, struct error *e)
{
    struct reader rest = reader_of(data, size), tlvs;
    const uint8_t *signature;
    const struct form *form;
    struct name name;
    struct wire w = {.uuid = {0}};

    if (!name_parse(what, &name) || (form = form_of(name.kind)) == NULL)
        return corrupt(e, what, "no record of prune has this name");
    if (field_head(&rest, form->magic, &tlvs, what, e) != 0 ||
        field_decode(tlvs, fields, FIELDS, &w, what, e) != 0)
        return -1;
    signature = reader_take(&rest, SIGNATURE_BYTES);
    if (!reader_done(&rest))
        return corrupt(e, what, "cut off or followed by something else");
    if (check_name(&name, &w, data, size, what, e) != 0 ||
        check_signature(trust, form, &w, data, size, signature, what, e) != 0)
        return -1;
    r->kind = name.kind;
    r->epoch = w.epoch;
    r->created_ns = w.created_ns;
    return take_arrays(&w, r, what, e);
}

int prune_record_decode(const struct trust *trust, const void *data, size_t size,
                        const char *name, struct prune_record *r, struct error *e)
{
    struct prune_record found = {0};

    if (decode(trust, data, size, name, &found, e) != 0) {
        prune_record_free(&found);
        return -1;
    }
    *r = found;
    return 0;
}

int prune_record_read(struct vault *v, const char *name, struct buffer *bytes,
                      struct prune_record *r, struct error *e)
{
    CLEANUP_BUFFER struct buffer own = BUFFER_INIT;
    const struct trust trust = vault_trust(v);

    if (stored_read(vault_target(v), name, PRUNE_RECORD_LIMIT, &own, e) != 0 ||
        prune_record_decode(&trust, own.data, own.size, name, r, e) != 0)
        return -1;
    if (bytes == NULL)
        return 0;
    buffer_append(bytes, own.data, own.size);
    return buffer_check(bytes, e);
}

static void name_it(const struct prune_record *r, const struct buffer *object,
                    char name[NAME_SIZE])
{
    uint8_t hash[HASH_SIZE];

    if (r->kind == NAME_CONDEMN) {
        name_of_condemn(r->epoch, name);
    } else if (r->kind == NAME_DELETE) {
        name_of_delete(r->epoch, name);
    } else {
        hash_sha256(object->data, object->size, hash);
        name_of_move(hash, name);
    }
}

int prune_record_write(struct vault *v, const struct prune_record *r,
                       const struct vault_writer *writer, char name[NAME_SIZE], struct error *e)
{
    CLEANUP_BUFFER struct buffer object = BUFFER_INIT;

    if (vault_writable(v, e) != 0 ||
        prune_record_encode(r, vault_settings(v)->uuid, writer, &object, e) != 0)
        return -1;
    name_it(r, &object, name);
    switch (stored_put(vault_target(v), name, object.data, object.size, e)) {
    case STORED_DONE:
        return 0;
    case STORED_TAKEN:
        return r->kind == NAME_MOVE ? corrupt(e, name, "something else stands there") : 1;
    default:
        return -1;
    }
}

/* ---- asking ---- */

static int compare_gone(const void *hash, const void *gone)
{
    return memcmp(hash, ((const struct prune_gone *)gone)->id.hash, HASH_BYTES);
}

const struct prune_gone *prune_record_find(const struct prune_record *r, const uint8_t hash[32])
{
    if (r->gone_count == 0)
        return NULL;
    return bsearch(hash, r->gone, r->gone_count, sizeof(*r->gone), compare_gone);
}

static int compare_hash(const void *a, const void *b)
{
    return memcmp(a, b, HASH_BYTES);
}

bool prune_record_has_roll(const struct prune_record *r, const uint8_t hash[32])
{
    return r->roll_count > 0 &&
           bsearch(hash, r->rolls, r->roll_count, HASH_BYTES, compare_hash) != NULL;
}

static int compare_seals(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

    return x < y ? -1 : x > y;
}

bool prune_record_covers(const struct prune_record *r, uint64_t seal)
{
    return r->seal_count > 0 &&
           bsearch(&seal, r->seals, r->seal_count, sizeof(seal), compare_seals) != NULL;
}

uint64_t prune_seal_number(const struct seal *seal)
{
    return strtoull(seal->id, NULL, 16);
}
