/* SPDX-License-Identifier: Apache-2.0 */
/* spoken_write.c - entries written back through a program. */
#include "src_exec/spoken.h"

#include <stdlib.h>
#include <string.h>

enum { ZEROES = 64 << 10, LOST_LIMIT = 65536, PIECE_LIMIT = 64 << 10 };

struct spoken_writer {
    const struct lagan_source_ops *way;
    struct spoken_handle *handle;
    struct program_pin pin;
};

static uint32_t check_flags(const struct spoken_handle *h, struct lagan_op *op, uint64_t flags)
{
    uint64_t known = LAGAN_CREATE_REPLACE | LAGAN_CREATE_UNPRIVILEGED |
                     LAGAN_CREATE_NUMERIC_OWNERS | LAGAN_CREATE_NO_OWNERS | LAGAN_CREATE_SYNC;
    if (flags & UINT32_MAX & ~known)
        return lagan_fail(op, LAGAN_UNSUPPORTED, 0, "unknown flags");
    if (lagan_cancelled(op))
        return lagan_fail(op, LAGAN_CANCELLED, 0, "interrupted");
    if (h->flags & LAGAN_OPEN_READ_ONLY)
        return lagan_fail(op, LAGAN_IMMUTABLE, 0, "opened for reading only");
    return LAGAN_OK;
}

static void add_flags(struct program_text *text, uint64_t flags)
{
    program_add_flag(text, "replace", (flags & LAGAN_CREATE_REPLACE) != 0);
    program_add_flag(text, "unprivileged", (flags & LAGAN_CREATE_UNPRIVILEGED) != 0);
    program_add_flag(text, "numeric-owners", (flags & LAGAN_CREATE_NUMERIC_OWNERS) != 0);
    program_add_flag(text, "no-owners", (flags & LAGAN_CREATE_NO_OWNERS) != 0);
    program_add_flag(text, "sync", (flags & LAGAN_CREATE_SYNC) != 0);
}

uint32_t spoken_entry_create(void *handle, struct lagan_op *op, const struct lagan_entry *entry,
                             uint64_t flags, void **writer)
{
    struct spoken_handle *h = handle;
    struct program_call c;
    struct program_line line;
    struct program_text request = {0};
    uint32_t result = check_flags(h, op, flags);
    if (result == LAGAN_OK)
        result = spoken_check_key(op, entry->key, entry->key_size);
    if (result != LAGAN_OK)
        return result;
    struct spoken_writer *w = calloc(1, sizeof *w);
    if (!w)
        return lagan_fail(op, LAGAN_INTERNAL, 0, "out of memory");
    *w = (struct spoken_writer){.way = &exec_spoken_way, .handle = h};
    program_add_verb(&request, "entry-create");
    spoken_entry_add(&request, entry);
    add_flags(&request, flags);
    result = program_exchange(&c, h->program, op, NULL, PROGRAM_MUTATES, &request, &line);
    if (result == LAGAN_OK)
        result = program_pin_take(&c, &line, "writer", &w->pin);
    result = program_end(&c, result);
    if (result != LAGAN_OK) {
        free(w);
        return result;
    }
    *writer = w;
    return LAGAN_OK;
}

/* A request about what is being written, in its process. */
static uint32_t ask_writer(struct program_call *c, const struct spoken_writer *w,
                           struct lagan_op *op, const char *verb, uint64_t offset,
                           uint64_t length)
{
    struct program_text request = {0};
    uint32_t result = program_begin(c, w->handle->program, op, &w->pin, PROGRAM_MUTATES);
    if (result != LAGAN_OK)
        return result;
    program_add_verb(&request, verb);
    program_add_string(&request, "writer", w->pin.id);
    program_add_number(&request, "offset", offset);
    if (length > 0)
        program_add_number(&request, "length", length);
    return program_ask(c, &request);
}

uint32_t spoken_write_at(void *writer, struct lagan_op *op, uint64_t offset, const void *data,
                         size_t size)
{
    struct program_call c;
    struct program_line line;
    uint32_t result = ask_writer(&c, writer, op, "write", offset, 0);
    if (result == LAGAN_OK)
        result = program_send(&c, data, size);
    if (result == LAGAN_OK)
        result = program_send_end(&c, true);
    if (result == LAGAN_OK)
        result = program_hear_ok(&c, &line);
    return program_end(&c, result);
}

static uint32_t write_zeroes(void *writer, struct lagan_op *op, uint64_t offset,
                             uint64_t length)
{
    static const char zeroes[ZEROES];
    uint32_t result = LAGAN_OK;
    while (result == LAGAN_OK && length > 0) {
        size_t size = length < ZEROES ? (size_t)length : ZEROES;
        result = spoken_write_at(writer, op, offset, zeroes, size);
        offset += size;
        length -= size;
    }
    return result;
}

uint32_t spoken_write_zero(void *writer, struct lagan_op *op, uint64_t offset, uint64_t length)
{
    struct spoken_writer *w = writer;
    struct program_call c;
    struct program_line line;
    if (!w->handle->told.sparse_write)
        return write_zeroes(w, op, offset, length);
    uint32_t result = ask_writer(&c, w, op, "write-zero", offset, length);
    if (result == LAGAN_OK)
        result = program_hear_ok(&c, &line);
    return program_end(&c, result);
}

/* What follows a request that takes metadata; `end` behind it is program_ask's newline short.
 */
static void add_pieces(struct program_text *text, const struct lagan_metadata *pieces,
                       size_t count, const struct lagan_metadata_collector *lost)
{
    for (size_t i = 0; i < count; i++) {
        const struct lagan_metadata *piece = &pieces[i];
        bool known =
            piece->kind >= LAGAN_METADATA_XATTR && piece->kind <= LAGAN_METADATA_PROPERTY;
        if (known && piece->value_size <= PIECE_LIMIT)
            spoken_piece_add(text, piece);
        else if (lost)
            lost->lost(lost->context, piece->name,
                       known ? "it is too long for a program" : "it is of an unknown kind");
    }
    program_add_newline(text);
    program_add_verb(text, "end");
}

static uint32_t hear_lost(struct program_call *c, const struct lagan_metadata_collector *lost)
{
    for (unsigned i = 0; i < LOST_LIMIT; i++) {
        struct program_line line;
        bool last = false;
        const char *name;
        const char *reason = "the program gave no reason";
        uint32_t result = program_hear(c, &line, &last);
        if (result == LAGAN_OK && last)
            return LAGAN_OK;
        if (result != LAGAN_OK && result != LAGAN_END)
            return result;
        if (result == LAGAN_END || strcmp(line.verb, "lost") != 0)
            return program_protest(c, "an answer that was not asked for");
        if (!program_take_text(&line, "name", LAGAN_TEXT_SIZE - 1, &name))
            return program_protest_word(c, &line);
        program_take_text(&line, "text", LAGAN_TEXT_SIZE - 1, &reason);
        if (lost)
            lost->lost(lost->context, name, reason);
    }
    return program_protest(c, "more losses than anybody can bear");
}

uint32_t spoken_entry_commit(void *writer, struct lagan_op *op,
                             const struct lagan_metadata *pieces, size_t count,
                             const struct lagan_metadata_collector *lost)
{
    struct spoken_writer *w = writer;
    struct program_call c;
    struct program_text request = {0};
    uint32_t result = program_begin(&c, w->handle->program, op, &w->pin, PROGRAM_MUTATES);
    if (result == LAGAN_OK) {
        program_add_verb(&request, "entry-commit");
        program_add_string(&request, "writer", w->pin.id);
        add_pieces(&request, pieces, count, lost);
        result = program_ask(&c, &request);
    }
    if (result == LAGAN_OK)
        result = hear_lost(&c, lost);
    bool asked = c.asked;
    result = program_end(&c, result);
    if (asked)
        free(w);
    else
        spoken_entry_abort(w); /* the program never heard of it */
    return result;
}

void spoken_entry_abort(void *writer)
{
    struct spoken_writer *w = writer;
    struct lagan_op op = program_quiet_op();
    spoken_finish(w->handle, &op, &w->pin, "entry-abort", "writer", NULL, NULL);
    free(w);
}

/* What needs an entry, flags and metadata, and gives nothing but losses. */
static uint32_t make(struct spoken_handle *h, struct lagan_op *op, const char *verb,
                     const struct lagan_entry *entry, uint64_t flags,
                     const struct lagan_metadata *pieces, size_t count,
                     const struct lagan_metadata_collector *lost)
{
    struct program_call c;
    struct program_text request = {0};
    uint32_t result = check_flags(h, op, flags);
    if (result == LAGAN_OK)
        result = spoken_check_key(op, entry->key, entry->key_size);
    if (result != LAGAN_OK)
        return result;
    result = program_begin(&c, h->program, op, NULL, PROGRAM_MUTATES);
    if (result == LAGAN_OK) {
        program_add_verb(&request, verb);
        spoken_entry_add(&request, entry);
        add_flags(&request, flags);
        add_pieces(&request, pieces, count, lost);
        result = program_ask(&c, &request);
    }
    if (result == LAGAN_OK)
        result = hear_lost(&c, lost);
    return program_end(&c, result);
}

uint32_t spoken_node_create(void *handle, struct lagan_op *op, const struct lagan_entry *entry,
                            uint64_t flags, const struct lagan_metadata *pieces, size_t count,
                            const struct lagan_metadata_collector *lost)
{
    return make(handle, op, "node-create", entry, flags, pieces, count, lost);
}

uint32_t spoken_directory_finish(void *handle, struct lagan_op *op,
                                 const struct lagan_entry *entry, uint64_t flags,
                                 const struct lagan_metadata *pieces, size_t count,
                                 const struct lagan_metadata_collector *lost)
{
    return make(handle, op, "directory-finish", entry, flags, pieces, count, lost);
}

uint32_t spoken_link_create(void *handle, struct lagan_op *op, const void *key, size_t key_size,
                            const void *existing, size_t existing_size, uint64_t flags)
{
    const struct spoken_handle *h = handle;
    struct program_call c;
    struct program_line line;
    struct program_text request = {0};
    uint32_t result = check_flags(h, op, flags);
    if (result == LAGAN_OK)
        result = spoken_check_key(op, key, key_size);
    if (result == LAGAN_OK)
        result = spoken_check_key(op, existing, existing_size);
    if (result != LAGAN_OK)
        return result;
    program_add_verb(&request, "link-create");
    program_add_bytes(&request, "key", key, key_size);
    program_add_bytes(&request, "existing", existing, existing_size);
    add_flags(&request, flags);
    result = program_exchange(&c, h->program, op, NULL, PROGRAM_MUTATES, &request, &line);
    return program_end(&c, result);
}
