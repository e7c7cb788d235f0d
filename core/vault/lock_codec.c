/* SPDX-License-Identifier: Apache-2.0 */
/* lock_codec.c - records of a vault's lock, signed, to and from bytes. */
#include "vault/lock_codec.h"

#include "crypto/signature.h"
#include "vault/field.h"

#include <string.h>

#define LOCK_MAGIC "LAGANLCK"
#define LOCK_LABEL "lagan/1/lock"
#define LIFT_LABEL "lagan/1/lift"

enum { SIGNATURE_BYTES = 64, PROOF_TEXT_BYTES = 16 + 4 + 8 };

/* As in storage. */
struct wire {
    uint8_t uuid[16];
    struct lock_record r;
};

#define AT(member) .offset = offsetof(struct wire, member)
#define COMMON_FIELDS                                                                          \
    {1, FIELD_BYTES, FIELD_NEEDED, 16, AT(uuid)},                                              \
        {2, FIELD_U32, FIELD_NEEDED, 0, AT(r.generation)},                                     \
        {3, FIELD_U8, FIELD_NEEDED, 0, AT(r.kind)},                                            \
    {                                                                                          \
        4, FIELD_I64, FIELD_NEEDED, 0, AT(r.made_ns)                                           \
    }

static const struct field common_fields[] = {COMMON_FIELDS};
static const struct field set_fields[] = {
    COMMON_FIELDS,
    {5, FIELD_U8, FIELD_NEEDED, 0, AT(r.mode)},
    {6, FIELD_U32, FIELD_NEEDED, 0, AT(r.least_days)},
    {7, FIELD_U32, FIELD_NEEDED, 0, AT(r.most_days)},
    {8, FIELD_I64, FIELD_NEEDED, 0, AT(r.effective_ns)},
    {9, FIELD_BYTES, FIELD_NEEDED, LOCK_KEY_SIZE, AT(r.key)},
};
static const struct field lift_fields[] = {
    COMMON_FIELDS,
    {9, FIELD_BYTES, FIELD_NEEDED, LOCK_KEY_SIZE, AT(r.key)},
    {10, FIELD_BYTES, FIELD_NEEDED, SIGNATURE_BYTES, AT(r.proof)},
};
static const struct field mark_fields[] = {
    COMMON_FIELDS,
    {11, FIELD_I64, FIELD_NEEDED, 0, AT(r.wall_ns)},
    {12, FIELD_I64, FIELD_NEEDED, 0, AT(r.boot_ns)},
    {13, FIELD_TEXT, FIELD_NEEDED, TRUST_BOOT_ID_SIZE, AT(r.boot_id)},
};

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))
static const struct form {
    const struct field *fields;
    size_t count;
} forms[] = {
    [LOCK_SET] = {set_fields, COUNT(set_fields)},
    [LOCK_LIFT] = {lift_fields, COUNT(lift_fields)},
    [LOCK_MARK] = {mark_fields, COUNT(mark_fields)},
};

static const struct form *form_of(uint32_t kind)
{
    return kind < COUNT(forms) && forms[kind].fields != NULL ? &forms[kind] : NULL;
}

bool lock_has_key(const struct lock_record *r)
{
    static const uint8_t none[LOCK_KEY_SIZE];

    return memcmp(r->key, none, sizeof(none)) != 0;
}

/* What the proof of a lift signs: this very record of this very vault. */
static void proof_text(const struct lock_record *r, const uint8_t uuid[16],
                       uint8_t text[PROOF_TEXT_BYTES])
{
    memcpy(text, uuid, 16);
    store_u32(text + 16, r->generation);
    store_u64(text + 20, (uint64_t)r->made_ns);
}

int lock_prove(struct lock_record *r, const uint8_t uuid[16], const uint8_t seed[32],
               struct error *e)
{
    struct vault_writer signer = {.id = {0}};
    uint8_t text[PROOF_TEXT_BYTES];
    int result;

    proof_text(r, uuid, text);
    memcpy(signer.seed, seed, sizeof(signer.seed));
    result = signature_public(seed, r->key, e);
    if (result == 0)
        result = vault_writer_sign(&signer, LIFT_LABEL, text, sizeof(text), r->proof, e);
    vault_writer_wipe(&signer);
    return result;
}

int lock_encode(const struct lock_record *r, const uint8_t uuid[16], const struct keys *keys,
                struct buffer *out, struct error *e)
{
    const struct form *form = form_of(r->kind);
    struct wire w = {.r = *r};
    uint8_t signature[SIGNATURE_BYTES];

    memcpy(w.uuid, uuid, sizeof(w.uuid));
    buffer_clear(out);
    field_encode_object(out, LOCK_MAGIC, form->fields, form->count, &w);
    if (buffer_check(out, e) != 0 ||
        keys_root_sign(keys, LOCK_LABEL, out->data, out->size, signature, e) != 0)
        return -1;
    buffer_append(out, signature, sizeof(signature));
    return buffer_check(out, e);
}

static int corrupt(const char *name, const char *why, struct error *e)
{
    return error_set(e, LAGAN_CORRUPT, ERROR_INTEGRITY, "%s: %s", name, why);
}

static int newer(const char *name, const char *what, uint32_t number, struct error *e)
{
    return error_set(e, LAGAN_UNSUPPORTED, ERROR_NEWER_FORMAT,
                     "%s: a lock's %s %u is not known to this program", name, what, number);
}

static int decode_fields(const void *data, size_t size, const char *name,
                         const struct trust *trust, struct wire *w, struct error *e)
{
    struct reader r = reader_of(data, size), tlvs;
    const uint8_t *signature;

    if (field_head(&r, LOCK_MAGIC, &tlvs, name, e) != 0 ||
        field_decode(tlvs, common_fields, COUNT(common_fields), w, name, e) != 0)
        return -1;
    signature = reader_take(&r, SIGNATURE_BYTES);
    if (!reader_done(&r))
        return corrupt(name, "cut off or followed by something else", e);
    if (trust_check(trust->root_public, LOCK_LABEL, data, size - SIGNATURE_BYTES, signature,
                    name, e) != 0)
        return -1;
    const struct form *form = form_of(w->r.kind);
    return form != NULL ? field_decode(tlvs, form->fields, form->count, w, name, e)
                        : newer(name, "kind", w->r.kind, e);
}

static int check_place(const struct wire *w, const char *name, const struct trust *trust,
                       struct error *e)
{
    char right[NAME_SIZE];

    if (memcmp(w->uuid, trust->uuid, sizeof(w->uuid)) != 0)
        return corrupt(name, "of another vault", e);
    name_of_lock(w->r.generation, right);
    if (strcmp(right, name) != 0)
        return corrupt(name, "stored under a wrong name", e);
    if (w->r.generation == 0 ||
        (w->r.kind == LOCK_MARK) != (w->r.generation >= LOCK_MARK_FIRST))
        return corrupt(name, "of a kind that has no such number", e);
    return 0;
}

static int check_set(const struct lock_record *r, const char *name, struct error *e)
{
    if (r->mode != VAULT_LOCK_GOVERNANCE && r->mode != VAULT_LOCK_COMPLIANCE)
        return newer(name, "mode", r->mode, e);
    if (r->least_days < 1 || r->least_days > VAULT_LOCK_DAYS_LIMIT ||
        r->most_days > VAULT_LOCK_DAYS_LIMIT ||
        (r->most_days != 0 && r->most_days < r->least_days))
        return corrupt(name, "days out of range", e);
    return 0;
}

static int check_lift(const struct lock_record *r, const char *name, const struct trust *trust,
                      struct error *e)
{
    uint8_t text[PROOF_TEXT_BYTES];

    if (!lock_has_key(r))
        return 0;
    proof_text(r, trust->uuid, text);
    return trust_check(r->key, LIFT_LABEL, text, sizeof(text), r->proof, name, e);
}

int lock_decode(const void *data, size_t size, const char *name, const struct trust *trust,
                struct lock_record *r, struct error *e)
{
    struct wire w = {.uuid = {0}};

    if (decode_fields(data, size, name, trust, &w, e) != 0 ||
        check_place(&w, name, trust, e) != 0 ||
        (w.r.kind == LOCK_SET && check_set(&w.r, name, e) != 0) ||
        (w.r.kind == LOCK_LIFT && check_lift(&w.r, name, trust, e) != 0))
        return -1;
    *r = w.r;
    return 0;
}
