/* SPDX-License-Identifier: Apache-2.0 */
/* envelope_writer.c - one object on its way to a target, hashed as it goes. */
#include "vault/envelope.h"

#include <string.h>

int envelope_writer_append(struct envelope_writer *w, const void *data, size_t size,
                           struct error *e)
{
    if (stage_write(w->stage, data, size, e) < 0)
        return -1;
    hash_update(&w->hash, data, size);
    w->bytes += size;
    return 0;
}

int envelope_writer_begin(struct envelope_writer *w, struct target *target,
                          const struct envelope *env, uint64_t bytes_hint, struct error *e)
{
    *w = (struct envelope_writer){.env = *env, .target = target};
    w->stage = target_stage_begin(target, bytes_hint, e);
    if (w->stage == NULL)
        return -1;
    hash_begin(&w->hash);
    return envelope_writer_append(w, env->head, ENVELOPE_BODY, e);
}

static int append_zeroes(struct envelope_writer *w, uint64_t count, struct error *e)
{
    static const uint8_t zeroes[64 << 10];

    while (count > 0) {
        size_t some = count < sizeof(zeroes) ? (size_t)count : sizeof(zeroes);
        if (envelope_writer_append(w, zeroes, some, e) < 0)
            return -1;
        count -= some;
    }
    return 0;
}

int envelope_writer_finish(struct envelope_writer *w, const struct buffer *content,
                           uint32_t messages, bool last, uint8_t hash[32], struct error *e)
{
    struct buffer end CLEANUP_BUFFER = BUFFER_INIT;
    struct envelope_trailer trailer = {
        .directory_offset = envelope_directory_offset(w->bytes, last),
        .messages = messages,
    };
    uint8_t bytes[ENVELOPE_TRAILER_SIZE];

    if (envelope_directory_seal(&w->env, content->data, content->size, &end, e) < 0)
        return -1;
    trailer.directory_bytes = (uint32_t)end.size;
    envelope_trailer_encode(&trailer, bytes);
    buffer_append(&end, bytes, sizeof(bytes));
    if (buffer_check(&end, e) < 0 ||
        append_zeroes(w, trailer.directory_offset - w->bytes, e) < 0 ||
        envelope_writer_append(w, end.data, end.size, e) < 0)
        return -1;
    hash_finish(&w->hash, hash);
    return 0;
}

int envelope_writer_commit(struct envelope_writer *w, const char *name, struct error *e)
{
    struct error why = ERROR_INIT;
    struct stage *stage = w->stage;

    w->stage = NULL;
    if (stage_commit(stage, name, &why) == 0 || why.error_class == LAGAN_EXISTS)
        return 0;
    *e = why;
    return -1;
}

void envelope_writer_end(struct envelope_writer *w)
{
    stage_abort(w->stage);
    w->stage = NULL;
    envelope_wipe(&w->env);
}
