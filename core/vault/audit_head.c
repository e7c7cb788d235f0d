/* SPDX-License-Identifier: Apache-2.0 */
/* audit_head.c - see audit_head.h. */
#include "vault/audit_head.h"

#include "base/buffer.h"
#include "vault/name.h"
#include "vault/stored.h"

#include <stdio.h>
#include <string.h>

static const char MAGIC[8] = {'L', 'A', 'G', 'A', 'N', 'A', 'U', 'D'};

static int damaged(const char *name, const char *why, struct error *e)
{
    return error_set(e, LAGAN_CORRUPT, ERROR_INTEGRITY, "%s: %s", name, why);
}

int audit_head_decode(const char *name, const void *data, size_t size,
                      struct vault_audit_head *head, struct error *e)
{
    struct reader r = reader_of(data, size);
    struct name parsed;
    struct vault_audit_head found;

    if (!name_parse(name, &parsed) || parsed.kind != NAME_AUDIT)
        return damaged(name, "it is no head of an audit log", e);
    memcpy(found.writer, parsed.uuid, sizeof(found.writer));
    const uint8_t *magic = reader_take(&r, sizeof(MAGIC));
    found.sequence = reader_u64(&r);
    found.at_ns = (int64_t)reader_u64(&r);
    const uint8_t *hash = reader_take(&r, sizeof(found.hash));
    if (!reader_done(&r) || memcmp(magic, MAGIC, sizeof(MAGIC)) != 0)
        return damaged(name, "it is not of the form of an audit head", e);
    memcpy(found.hash, hash, sizeof(found.hash));
    if (found.sequence != parsed.id)
        return damaged(name, "it is that of another line", e);
    *head = found;
    return 0;
}

int vault_audit_head_write(struct vault *v, const struct vault_audit_head *head,
                           struct error *e)
{
    CLEANUP_BUFFER struct buffer object = BUFFER_INIT;
    struct vault_audit_head found;
    char name[NAME_SIZE];

    name_of_audit(head->writer, head->sequence, name);
    buffer_append(&object, MAGIC, sizeof(MAGIC));
    buffer_append_u64(&object, head->sequence);
    buffer_append_u64(&object, (uint64_t)head->at_ns);
    buffer_append(&object, head->hash, sizeof(head->hash));
    if (buffer_check(&object, e) != 0)
        return -1;
    enum stored_result put = stored_put(vault_target(v), name, object.data, object.size, e);
    if (put == STORED_DONE)
        return target_flush(vault_target(v), e);
    if (put == STORED_FAILED)
        return -1;
    /* It may have been noted before, at another time. */
    buffer_clear(&object);
    if (stored_read(vault_target(v), name, AUDIT_HEAD_BYTES, &object, e) != 0 ||
        audit_head_decode(name, object.data, object.size, &found, e) != 0)
        return -1;
    if (memcmp(found.hash, head->hash, sizeof(found.hash)) == 0)
        return 0;
    return error_set(
        e, LAGAN_CORRUPT, ERROR_AUDIT_BROKEN,
        "%s says another hash of line %llu than the audit log has: one of them was "
        "changed",
        name, (unsigned long long)head->sequence);
}

struct listing {
    struct vault *vault;
    const uint8_t *writer;
    int (*each)(void *context, const struct vault_audit_head *head, struct error *e);
    void *context;
};

static int list_one(void *context, const char *key, uint64_t bytes, struct error *e)
{
    const struct listing *l = context;
    CLEANUP_BUFFER struct buffer object = BUFFER_INIT;
    struct vault_audit_head head;
    struct name name;
    (void)bytes;

    if (!name_parse(key, &name) || name.kind != NAME_AUDIT ||
        (l->writer != NULL && memcmp(name.uuid, l->writer, sizeof(name.uuid)) != 0))
        return 0;
    if (stored_read(vault_target(l->vault), key, AUDIT_HEAD_BYTES, &object, e) != 0 ||
        audit_head_decode(key, object.data, object.size, &head, e) != 0)
        return -1;
    return l->each(l->context, &head, e);
}

int vault_audit_head_list(struct vault *v, const uint8_t *writer,
                          int (*each)(void *context, const struct vault_audit_head *head,
                                      struct error *e),
                          void *context, struct error *e)
{
    struct listing l = {v, writer, each, context};

    return target_list(vault_target(v), "audit/", list_one, &l, e);
}
