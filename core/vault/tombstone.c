/* SPDX-License-Identifier: Apache-2.0 */
/* tombstone.c - the signed record of a backup's deletion. */
#include "vault/field.h"
#include "vault/name.h"
#include "vault/seal_codec.h"
#include "vault/stored.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TOMBSTONE_MAGIC "LAGANGON"
#define TOMBSTONE_LABEL "lagan/1/gone"

enum { HASH_BYTES = 32, SIGNATURE_BYTES = 64 };

/* As in storage; the list of hashes lies in the object. */
struct wire {
    struct tombstone t;
    struct reader previous;
};

#define AT(member) .offset = offsetof(struct wire, member)

static const struct field tombstone_fields[] = {
    {1, FIELD_BYTES, FIELD_NEEDED, 16, AT(t.uuid)},
    {2, FIELD_BYTES, FIELD_NEEDED, 8, AT(t.seal_id)},
    {3, FIELD_BYTES, FIELD_NEEDED, 32, AT(t.seal_hash)},
    {4, FIELD_I64, FIELD_NEEDED, 0, AT(t.created_ns)},
    {5, FIELD_BYTES, FIELD_NEEDED, 16, AT(t.writer)},
    {6, FIELD_BYTES, FIELD_NEEDED, 32, AT(t.writer_public)},
    {7, FIELD_BYTES, FIELD_NEEDED, 64, AT(t.certificate)},
    {9, FIELD_SPAN, 0, 0, AT(previous)},
    {10, FIELD_OWN, 0, 0, AT(t.reason)},
};
enum { TOMBSTONE_FIELDS = sizeof(tombstone_fields) / sizeof(tombstone_fields[0]) };

void tombstone_clear(struct tombstone *t)
{
    free(t->previous);
    free(t->reason);
    *t = (struct tombstone){0};
}

int tombstone_encode(const struct tombstone *t, const struct vault_writer *writer,
                     struct buffer *out, struct error *e)
{
    struct wire w = {.t = *t,
                     .previous = reader_of(t->previous, t->previous_count * HASH_BYTES)};
    uint8_t signature[SIGNATURE_BYTES];

    memcpy(w.t.writer, writer->id, sizeof(w.t.writer));
    memcpy(w.t.writer_public, writer->public_key, sizeof(w.t.writer_public));
    memcpy(w.t.certificate, writer->certificate, sizeof(w.t.certificate));
    buffer_clear(out);
    field_encode_object(out, TOMBSTONE_MAGIC, tombstone_fields, TOMBSTONE_FIELDS, &w);
    if (buffer_check(out, e) != 0 ||
        vault_writer_sign(writer, TOMBSTONE_LABEL, out->data, out->size, signature, e) != 0)
        return -1;
    buffer_append(out, signature, sizeof(signature));
    return buffer_check(out, e);
}

static int corrupt(struct error *e, const char *what, const char *why)
{
    return error_set(e, LAGAN_CORRUPT, ERROR_INTEGRITY, "%s: %s", what, why);
}

/* A tombstone hides the seal of the same name, so that its name must be the one that was
 * signed. The time in it is the seal's, which only the id vouches for. */
static int check(const struct wire *w, const char *name, const struct trust *trust,
                 const char *what, struct error *e)
{
    char right[SEAL_NAME_SIZE];
    const char *id = strchr(name, '-');

    seal_name(w->t.seal_id, 0, right);
    if (id == NULL || strncmp(id, strchr(right, '-'), SEAL_ID_TEXT) != 0)
        return corrupt(e, what, "stored under a wrong name");
    if (memcmp(w->t.uuid, trust->uuid, sizeof(w->t.uuid)) != 0)
        return corrupt(e, what, "of another vault");
    if (w->previous.left % HASH_BYTES != 0)
        return corrupt(e, what, "a list of hashes is cut off");
    return 0;
}

static int check_signature(const struct tombstone *t, const struct trust *trust,
                           const void *data, size_t size, const uint8_t *signature,
                           const char *what, struct error *e)
{
    if (trust_check_writer(trust, t->writer, t->writer_public, t->certificate, e) != 0)
        return error_context(e, "%s", what);
    return trust_check(t->writer_public, TOMBSTONE_LABEL, data, size - SIGNATURE_BYTES,
                       signature, what, e);
}

static int decode(const void *data, size_t size, const char *name, const struct trust *trust,
                  unsigned flags, struct wire *w, const char *what, struct error *e)
{
    struct reader r = reader_of(data, size), tlvs;
    const uint8_t *signature;

    if (field_head(&r, TOMBSTONE_MAGIC, &tlvs, what, e) != 0 ||
        field_decode(tlvs, tombstone_fields, TOMBSTONE_FIELDS, w, what, e) != 0)
        return -1;
    signature = reader_take(&r, SIGNATURE_BYTES);
    if (!reader_done(&r))
        return corrupt(e, what, "cut off or followed by something else");
    if (check(w, name, trust, what, e) != 0)
        return -1;
    return (flags & SEAL_SIGNATURE_KNOWN) != 0
               ? 0
               : check_signature(&w->t, trust, data, size, signature, what, e);
}

static int adopt_previous(struct wire *w, struct error *e)
{
    if (w->previous.left == 0)
        return 0;
    w->t.previous = malloc(w->previous.left);
    if (w->t.previous == NULL)
        return error_no_memory(e, "a tombstone");
    memcpy(w->t.previous, w->previous.next, w->previous.left);
    w->t.previous_count = w->previous.left / HASH_BYTES;
    return 0;
}

int tombstone_decode(const void *data, size_t size, const char *name, const struct trust *trust,
                     unsigned flags, struct tombstone *t, struct error *e)
{
    struct wire w = {0};
    char what[64];

    snprintf(what, sizeof(what), "seals/%.50s", name);
    if (decode(data, size, name, trust, flags, &w, what, e) != 0 ||
        adopt_previous(&w, e) != 0) {
        tombstone_clear(&w.t);
        return -1;
    }
    *t = w.t;
    return 0;
}

int tombstone_read(struct vault *v, const char *name, struct buffer *data, struct error *why,
                   struct error *e)
{
    const struct trust trust = vault_trust(v);
    struct tombstone tombstone;
    struct error failure = ERROR_INIT;
    char object[NAME_SIZE];

    snprintf(object, sizeof(object), "seals/%s.gone", name);
    if (stored_read(vault_target(v), object, SEAL_OBJECT_LIMIT, data, &failure) == 0 &&
        tombstone_decode(data->data, data->size, object + strlen("seals/"), &trust, 0,
                         &tombstone, &failure) == 0) {
        tombstone_clear(&tombstone);
        return 1;
    }
    if (failure.error_class == LAGAN_NOT_FOUND)
        return 0;
    if (stored_is_damage(&failure)) {
        *why = failure;
        return 0;
    }
    *e = failure;
    return -1;
}

int vault_backup_is_deleted(struct vault *v, const char *name, struct error *e)
{
    struct buffer data CLEANUP_BUFFER = BUFFER_INIT;
    struct error damaged = ERROR_INIT;

    return tombstone_read(v, name, &data, &damaged, e);
}
