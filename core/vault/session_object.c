/* SPDX-License-Identifier: Apache-2.0 */
/* session_object.c - session objects, and the prune epoch they are registered under. */
#include "vault/session_object.h"
#include "base/clock.h"
#include "crypto/crc32c.h"
#include "vault/name.h"

#include <string.h>

static const char magic[] = "LAGANSES";

enum { VERSION = 1, HEAD_BYTES = 16, EPOCH_ATTEMPTS = 16 };
enum {
    TLV_VAULT = 1,
    TLV_SESSION = 2,
    TLV_WRITER = 3,
    TLV_CREATED = 4,
    TLV_HOST = 5,
    TLV_SEAL = 6,
    TLV_KIND = 7,
    TLV_PROCESS = 8
};

static void append_text(struct buffer *out, uint16_t type, const char *text)
{
    if (text != NULL)
        buffer_append_tlv(out, type, text, (uint32_t)strlen(text));
}

void session_object_encode(const struct session_object *object, struct buffer *out)
{
    size_t start = out->size;
    uint8_t created[8];

    store_u64(created, (uint64_t)object->created_ns);
    buffer_append(out, magic, 8);
    buffer_append_u8(out, VERSION);
    buffer_append_zeroes(out, 3);
    buffer_append_u32(out, 0);
    buffer_append_tlv(out, TLV_VAULT, object->vault, sizeof(object->vault));
    buffer_append_tlv(out, TLV_SESSION, object->session, sizeof(object->session));
    buffer_append_tlv(out, TLV_WRITER, object->writer, sizeof(object->writer));
    buffer_append_tlv(out, TLV_CREATED, created, sizeof(created));
    append_text(out, TLV_HOST, object->host);
    append_text(out, TLV_SEAL, object->seal);
    if (object->kind != SESSION_WRITER) {
        uint8_t kind = (uint8_t)object->kind;
        buffer_append_tlv(out, TLV_KIND, &kind, 1);
    }
    if (object->process != NULL && object->process[0] != '\0')
        append_text(out, TLV_PROCESS, object->process);
    if (out->failed)
        return;
    store_u32(out->data + start + HEAD_BYTES - 4, (uint32_t)(out->size - start - HEAD_BYTES));
    buffer_append_u32(out, crc32c(out->data + start, out->size - start));
}

static int put_as(struct vault *v, const struct session_object *object, const char *name,
                  struct error *e)
{
    struct buffer bytes CLEANUP_BUFFER = BUFFER_INIT;
    struct error why = ERROR_INIT;

    session_object_encode(object, &bytes);
    if (buffer_check(&bytes, e) < 0)
        return -1;
    if (target_put(vault_target(v), name, bytes.data, bytes.size, &why) == 0 ||
        why.error_class == LAGAN_EXISTS)
        return 0;
    *e = why;
    return -1;
}

static int put(struct vault *v, const struct session_object *object, uint32_t epoch,
               struct error *e)
{
    char name[NAME_SIZE];

    name_of_session(epoch, object->session, object->seal != NULL, name);
    return put_as(v, object, name, e);
}

/* Whoever prunes looks for sessions after it has raised the epoch, and we for the epoch after
 * the session: one of us sees the other. */
int session_object_register(struct vault *v, const struct session_object *object,
                            uint32_t *epoch, struct prune_epochs *epochs, struct error *e)
{
    struct prune_epochs found;

    if (prune_epochs_load(v, &found, e) != 0)
        return -1;
    for (int i = 0; i < EPOCH_ATTEMPTS; i++) {
        uint32_t usable = prune_epochs_usable(&found);
        int changed = put(v, object, usable, e) != 0 ? -1 : prune_epochs_changed(v, &found, e);

        if (changed == 0) {
            *epoch = usable;
            *epochs = found;
            return 0;
        }
        prune_epochs_free(&found);
        if (changed < 0 || prune_epochs_load(v, &found, e) != 0)
            return -1;
    }
    prune_epochs_free(&found);
    return error_set(e, LAGAN_BUSY, ERROR_TEMPORARY,
                     "the vault is pruned again and again while a session begins");
}

int session_object_finish(struct vault *v, const struct session_object *object, uint32_t epoch,
                          struct error *e)
{
    return put(v, object, epoch, e);
}

int session_object_sign(struct vault *v, const struct session_object *object, uint32_t epoch,
                        uint64_t number, struct error *e)
{
    struct session_object now = *object;
    char name[NAME_SIZE];

    now.created_ns = clock_wall_ns();
    name_of_session_sign(epoch, object->session, number, name);
    return put_as(v, &now, name, e);
}

struct search {
    const char *name;
    bool found;
};

static int compare_name(void *context, const char *key, uint64_t bytes, struct error *e)
{
    struct search *s = context;

    (void)bytes;
    (void)e;
    s->found |= strcmp(key, s->name) == 0;
    return 0;
}

/* A backup is not given up for one answer. */
static int is_listed(struct vault *v, const char *name, struct error *e)
{
    struct search s = {.name = name};

    return target_list(vault_target(v), name, compare_name, &s, e) != 0 ? -1 : s.found;
}

int session_object_is_there(struct vault *v, const struct session_object *object,
                            uint32_t epoch, struct error *e)
{
    struct error why = ERROR_INIT;
    char name[NAME_SIZE];
    uint64_t bytes;

    name_of_session(epoch, object->session, false, name);
    if (target_stat(vault_target(v), name, &bytes, &why) == 0)
        return 1;
    if (why.error_class == LAGAN_NOT_FOUND)
        return is_listed(v, name, e);
    *e = why;
    return -1;
}
