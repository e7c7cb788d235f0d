/* SPDX-License-Identifier: Apache-2.0 */
/* spoken_read.c - the walk, and entries as a program gives them. */
#include "src_exec/spoken.h"

#include <stdlib.h>
#include <string.h>

enum { PAGE = 256, RANGES = 65536, PIECES = 65536 };

struct spoken_walk {
    const struct lagan_source_ops *way;
    struct spoken_handle *handle;
    struct lagan_walk_request request;
    struct program_pin pin;
    char *skipped; /* key of the directory that the host did not want last; NULL = none */
    size_t skipped_size;
    bool within; /* the last entry that came was it, or below it */
    bool ended;
};

struct spoken_reader {
    const struct lagan_source_ops *way;
    struct spoken_handle *handle;
    struct program_pin pin;
};

static const char not_asked[] = "an answer that was not asked for";

static uint32_t no_memory(struct lagan_op *op)
{
    return lagan_fail(op, LAGAN_INTERNAL, 0, "out of memory");
}

uint32_t spoken_walk_open(void *handle, struct lagan_op *op,
                          const struct lagan_walk_request *request, void **walk)
{
    struct spoken_handle *h = handle;
    struct program_call c;
    struct program_line line;
    struct program_text text = {0};
    if ((request->flags & UINT32_MAX) || (request->after && !h->told.resume))
        return lagan_fail(op, LAGAN_UNSUPPORTED, 0, "there is no way to walk so");
    struct spoken_walk *w = calloc(1, sizeof *w);
    if (!w)
        return no_memory(op);
    w->way = &exec_spoken_way;
    w->handle = h;
    w->request = *request;
    program_add_verb(&text, "walk-open");
    if (request->after)
        program_add_bytes(&text, "after", request->after, request->after_size);
    uint32_t result = program_exchange(&c, h->program, op, NULL, 0, &text, &line);
    if (result == LAGAN_OK)
        result = program_pin_take(&c, &line, "walk", &w->pin);
    result = program_end(&c, result);
    if (result != LAGAN_OK) {
        free(w);
        return result;
    }
    *walk = w;
    return LAGAN_OK;
}

/* Whether `entry` is the skipped directory or lies below it. */
static bool is_within(const struct spoken_walk *w, const struct lagan_entry *entry)
{
    return w->skipped && entry->key_size >= w->skipped_size &&
           memcmp(entry->key, w->skipped, w->skipped_size) == 0 &&
           (entry->key_size == w->skipped_size ||
            ((const char *)entry->key)[w->skipped_size] == '\0');
}

static uint32_t skip(struct spoken_walk *w, struct lagan_op *op,
                     const struct lagan_entry *entry)
{
    if (entry->type != LAGAN_ENTRY_DIRECTORY)
        return LAGAN_OK;
    char *key = malloc(entry->key_size);
    if (!key)
        return no_memory(op);
    memcpy(key, entry->key, entry->key_size);
    free(w->skipped);
    w->skipped = key;
    w->skipped_size = entry->key_size;
    w->within = true;
    return LAGAN_OK;
}

static bool is_wanted(const struct spoken_walk *w, const struct lagan_entry *entry)
{
    const struct lagan_walk_request *request = &w->request;
    return entry->key_size == 0 || !request->select ||
           request->select(request->select_context, entry->key, entry->key_size, entry->type) ==
               LAGAN_SELECT_TAKE;
}

static uint32_t hand_entry(struct spoken_walk *w, struct program_call *c,
                           struct program_line *line,
                           const struct lagan_entry_collector *entries, uint32_t *handed)
{
    struct lagan_entry entry;
    char text[LAGAN_TEXT_SIZE];
    if (strcmp(line->verb, "entry") != 0)
        return program_protest(c, not_asked);
    if (!spoken_entry_take(line, &entry))
        return program_protest_word(c, line);
    w->within = is_within(w, &entry);
    if (w->within || c->refused != LAGAN_OK)
        return LAGAN_OK;
    if (!is_wanted(w, &entry))
        return skip(w, c->op, &entry);
    if (entry.error_text) {
        memcpy(text, entry.error_text, strlen(entry.error_text) + 1);
        program_clean(text);
        entry.error_text = text;
    }
    uint32_t taken = entries->add(entries->context, &entry);
    if (taken != LAGAN_OK)
        program_refuse(c, taken);
    (*handed)++;
    return LAGAN_OK;
}

/* One page; END when there are no more. */
static uint32_t hear_page(struct spoken_walk *w, struct program_call *c, uint32_t limit,
                          const struct lagan_entry_collector *entries, uint32_t *handed)
{
    uint32_t count = 0;
    for (;;) {
        struct program_line line;
        bool last = false;
        uint32_t result = program_hear(c, &line, &last);
        if (result != LAGAN_OK)
            return result;
        if (last)
            return count > 0 ? (uint32_t)LAGAN_OK
                             : program_protest(c, "a page without an entry");
        if (count++ == limit)
            return program_protest(c, "more entries than were asked for");
        result = hand_entry(w, c, &line, entries, handed);
        if (result != LAGAN_OK)
            return result;
    }
}

static uint32_t ask_page(struct spoken_walk *w, struct lagan_op *op, uint32_t limit,
                         const struct lagan_entry_collector *entries, uint32_t *handed)
{
    struct program_call c;
    struct program_text request = {0};
    uint32_t result = program_begin(&c, w->handle->program, op, &w->pin, 0);
    program_add_verb(&request, "walk-next");
    program_add_string(&request, "walk", w->pin.id);
    program_add_number(&request, "limit", limit);
    if (w->within)
        program_add_bytes(&request, "skip", w->skipped, w->skipped_size);
    if (result == LAGAN_OK)
        result = program_ask(&c, &request);
    program_text_free(&request);
    if (result == LAGAN_OK)
        result = hear_page(w, &c, limit, entries, handed);
    return program_end(&c, result);
}

uint32_t spoken_walk_next(void *walk, struct lagan_op *op, uint32_t limit,
                          const struct lagan_entry_collector *entries)
{
    struct spoken_walk *w = walk;
    uint32_t handed = 0;
    uint32_t result = LAGAN_OK;
    if (lagan_cancelled(op))
        return lagan_fail(op, LAGAN_CANCELLED, 0, "interrupted");
    while (result == LAGAN_OK && handed == 0 && !w->ended) {
        result = ask_page(w, op, limit < PAGE ? limit : (uint32_t)PAGE, entries, &handed);
        if (result == LAGAN_END) {
            w->ended = true;
            result = LAGAN_OK;
        }
    }
    /* A walk that was cut short is no walk. */
    if (result != LAGAN_OK && op->error.error_class == result &&
        op->error.scope == LAGAN_SCOPE_ITEM)
        op->error.scope = LAGAN_SCOPE_HANDLE;
    return result == LAGAN_OK && handed == 0 ? (uint32_t)LAGAN_END : result;
}

void spoken_walk_close(void *walk)
{
    struct spoken_walk *w = walk;
    struct lagan_op op = program_quiet_op();
    spoken_finish(w->handle, &op, &w->pin, "walk-close", "walk", NULL, NULL);
    free(w->skipped);
    free(w);
}

/* The one entry of an answer, and the line behind it. */
static uint32_t hear_entry(struct program_call *c, struct program_line *line,
                           const struct lagan_entry_collector *attributes)
{
    struct lagan_entry entry;
    bool last = false;
    uint32_t result = program_hear(c, line, &last);
    if (result == LAGAN_END)
        return program_protest(c, not_asked);
    if (result != LAGAN_OK)
        return result;
    if (last || strcmp(line->verb, "entry") != 0)
        return program_protest(c, "no entry where one is due");
    if (!spoken_entry_take(line, &entry) || entry.type == LAGAN_ENTRY_ERROR)
        return program_protest_word(c, line);
    uint32_t taken = attributes->add(attributes->context, &entry);
    if (taken != LAGAN_OK)
        program_refuse(c, taken);
    return program_hear_ok(c, line);
}

uint32_t spoken_entry_stat(void *handle, struct lagan_op *op, const void *key, size_t key_size,
                           const struct lagan_entry_collector *attributes)
{
    const struct spoken_handle *h = handle;
    struct program_call c;
    struct program_line line;
    struct program_text request = {0};
    uint32_t result = spoken_check_key(op, key, key_size);
    if (result != LAGAN_OK)
        return result;
    result = program_begin(&c, h->program, op, NULL, 0);
    program_add_verb(&request, "entry-stat");
    program_add_bytes(&request, "key", key, key_size);
    if (result == LAGAN_OK)
        result = program_ask(&c, &request);
    program_text_free(&request);
    if (result == LAGAN_OK)
        result = hear_entry(&c, &line, attributes);
    return program_end(&c, result);
}

uint32_t spoken_entry_open(void *handle, struct lagan_op *op, const void *key, size_t key_size,
                           const void *id, size_t id_size,
                           const struct lagan_entry_collector *attributes, void **reader)
{
    struct spoken_handle *h = handle;
    struct program_call c;
    struct program_line line;
    struct program_text request = {0};
    bool opened = false;
    struct spoken_reader *r = calloc(1, sizeof *r);
    if (!r)
        return no_memory(op);
    *r = (struct spoken_reader){.way = &exec_spoken_way, .handle = h};
    uint32_t result = program_begin(&c, h->program, op, NULL, 0);
    program_add_verb(&request, "entry-open");
    program_add_bytes(&request, "key", key, key_size);
    if (id_size > 0)
        program_add_bytes(&request, "id", id, id_size);
    if (result == LAGAN_OK)
        result = program_ask(&c, &request);
    program_text_free(&request);
    if (result == LAGAN_OK)
        result = hear_entry(&c, &line, attributes);
    if (result == LAGAN_OK)
        result = program_pin_take(&c, &line, "reader", &r->pin);
    opened = result == LAGAN_OK;
    result = program_end(&c, result);
    if (result != LAGAN_OK) {
        struct lagan_op quiet = program_quiet_op();
        if (opened) /* the host did not want it */
            spoken_finish(h, &quiet, &r->pin, "entry-close", "reader", NULL, NULL);
        free(r);
        return result;
    }
    *reader = r;
    return LAGAN_OK;
}

/* Data up to `size` bytes, then `ok`. */
static uint32_t hear_data(struct program_call *c, char *data, size_t size, size_t *got)
{
    *got = 0;
    for (;;) {
        struct program_line line;
        bool last = false;
        uint64_t part = 0;
        uint32_t result = program_hear(c, &line, &last);
        if (result == LAGAN_END)
            return program_protest(c, not_asked);
        if (result != LAGAN_OK || last)
            return result;
        if (strcmp(line.verb, "data") != 0 ||
            !program_take_number(&line, "bytes", INT64_MAX, &part))
            return program_protest(c, "no data where data are due");
        if (part > size - *got)
            return program_protest(c, "more data than were asked for");
        result = program_receive(c, data + *got, (size_t)part);
        if (result != LAGAN_OK)
            return result;
        *got += (size_t)part;
    }
}

/* A request about what is being read, in its process. */
static uint32_t ask_reader(struct program_call *c, const struct spoken_reader *r,
                           struct lagan_op *op, const char *verb, uint64_t offset,
                           const char *size_word, uint64_t size)
{
    struct program_text request = {0};
    uint32_t result = program_begin(c, r->handle->program, op, &r->pin, 0);
    if (result != LAGAN_OK)
        return result;
    program_add_verb(&request, verb);
    program_add_string(&request, "reader", r->pin.id);
    if (size_word) {
        program_add_number(&request, "offset", offset);
        program_add_number(&request, size_word, size);
    }
    return program_ask(c, &request);
}

uint32_t spoken_read_at(void *reader, struct lagan_op *op, uint64_t offset, void *data,
                        size_t size, size_t *got)
{
    struct program_call c;
    size_t done = 0;
    uint32_t result = ask_reader(&c, reader, op, "read", offset, "size", size);
    if (result == LAGAN_OK)
        result = hear_data(&c, data, size, &done);
    result = program_end(&c, result);
    if (result == LAGAN_OK)
        *got = done;
    return result;
}

/* Ranges from `at` on, up to `end`. */
static uint32_t hear_ranges(struct program_call *c, uint64_t at, uint64_t end,
                            const struct lagan_extent_collector *extents)
{
    static const char *const types[] = {"data", "hole", "zero", NULL};
    for (unsigned i = 0; i < RANGES; i++) {
        struct program_line line;
        bool last = false;
        uint64_t offset = 0;
        uint64_t length = 0;
        uint32_t type = 0;
        uint32_t result = program_hear(c, &line, &last);
        if (result != LAGAN_OK)
            return result == LAGAN_END ? program_protest(c, not_asked) : result;
        if (last)
            return i > 0 ? (uint32_t)LAGAN_OK : program_protest(c, "no range");
        if (strcmp(line.verb, "extent") != 0)
            return program_protest(c, not_asked);
        if (!program_take_number(&line, "offset", INT64_MAX, &offset) ||
            !program_take_number(&line, "length", INT64_MAX, &length) ||
            !program_take_choice(&line, "type", types, &type))
            return program_protest_word(c, &line);
        if (offset != at || length == 0 || length > end - at)
            return program_protest(c, "ranges that do not follow one another");
        at += length;
        if (c->refused == LAGAN_OK) {
            uint32_t taken =
                extents->add(extents->context, offset, length, LAGAN_EXTENT_DATA + type);
            if (taken != LAGAN_OK)
                program_refuse(c, taken);
        }
    }
    return program_protest(c, "more ranges than anybody wants");
}

uint32_t spoken_extents(void *reader, struct lagan_op *op, uint64_t offset, uint64_t length,
                        const struct lagan_extent_collector *extents)
{
    struct spoken_reader *r = reader;
    struct program_call c;
    uint64_t end;
    uint32_t result;
    if (__builtin_add_overflow(offset, length, &end))
        end = UINT64_MAX;
    if (atomic_load(&r->handle->absent) & ABSENT_EXTENTS)
        return extents->add(extents->context, offset, length, LAGAN_EXTENT_DATA);
    result = ask_reader(&c, r, op, "extents", offset, "length", length);
    if (result == LAGAN_OK)
        result = hear_ranges(&c, offset, end, extents);
    result = program_end(&c, result);
    if (result != LAGAN_UNSUPPORTED || !c.unknown)
        return result;
    atomic_fetch_or(&r->handle->absent, ABSENT_EXTENTS);
    return extents->add(extents->context, offset, length, LAGAN_EXTENT_DATA);
}

static void take_verdict(void *context, struct program_line *line)
{
    static const char *const verdicts[] = {"consistent", "changed", NULL};
    uint32_t *verdict = context;
    program_take_choice(line, "verdict", verdicts, verdict);
}

uint32_t spoken_entry_close(void *reader, struct lagan_op *op, uint32_t *verdict)
{
    struct spoken_reader *r = reader;
    uint32_t told = LAGAN_READ_CONSISTENT;
    uint32_t result =
        spoken_finish(r->handle, op, &r->pin, "entry-close", "reader", take_verdict, &told);
    if (result == LAGAN_OK && verdict)
        *verdict = told;
    free(r);
    return result;
}

static uint32_t hand_piece(struct program_call *c, struct program_line *line,
                           const struct lagan_metadata_collector *pieces)
{
    struct lagan_metadata piece;
    const char *name;
    const char *reason = "the program gave no reason";
    if (c->refused != LAGAN_OK)
        return LAGAN_OK;
    if (strcmp(line->verb, "lost") == 0) {
        if (!program_take_text(line, "name", LAGAN_TEXT_SIZE - 1, &name))
            return program_protest_word(c, line);
        program_take_text(line, "text", LAGAN_TEXT_SIZE - 1, &reason);
        pieces->lost(pieces->context, name, reason);
        return LAGAN_OK;
    }
    if (strcmp(line->verb, "piece") != 0)
        return program_protest(c, not_asked);
    if (!spoken_piece_take(line, &piece))
        return program_protest_word(c, line);
    uint32_t taken = pieces->add(pieces->context, &piece);
    if (taken != LAGAN_OK)
        program_refuse(c, taken);
    return LAGAN_OK;
}

static uint32_t hear_pieces(struct program_call *c,
                            const struct lagan_metadata_collector *pieces)
{
    for (unsigned i = 0; i < PIECES; i++) {
        struct program_line line;
        bool last = false;
        uint32_t result = program_hear(c, &line, &last);
        if (result == LAGAN_END)
            return program_protest(c, not_asked);
        if (result != LAGAN_OK || last)
            return result;
        result = hand_piece(c, &line, pieces);
        if (result != LAGAN_OK)
            return result;
    }
    return program_protest(c, "more metadata than anybody wants");
}

/* The end of a call about metadata: a program that has none is fine. */
static uint32_t end_pieces(struct spoken_handle *h, struct program_call *c, uint32_t result)
{
    result = program_end(c, result);
    if (result != LAGAN_UNSUPPORTED || !c->unknown)
        return result;
    atomic_fetch_or(&h->absent, ABSENT_METADATA);
    return LAGAN_OK;
}

uint32_t spoken_metadata(void *handle, struct lagan_op *op, const void *key, size_t key_size,
                         uint32_t type, const struct lagan_metadata_collector *pieces)
{
    struct spoken_handle *h = handle;
    struct program_call c;
    struct program_text request = {0};
    if (atomic_load(&h->absent) & ABSENT_METADATA)
        return LAGAN_OK;
    uint32_t result = program_begin(&c, h->program, op, NULL, 0);
    program_add_verb(&request, "metadata");
    program_add_bytes(&request, "key", key, key_size);
    program_add_string(&request, "type", spoken_type_name(type));
    if (result == LAGAN_OK)
        result = program_ask(&c, &request);
    program_text_free(&request);
    if (result == LAGAN_OK)
        result = hear_pieces(&c, pieces);
    return end_pieces(h, &c, result);
}

uint32_t spoken_entry_metadata(void *reader, struct lagan_op *op,
                               const struct lagan_metadata_collector *pieces)
{
    struct spoken_reader *r = reader;
    struct program_call c;
    if (atomic_load(&r->handle->absent) & ABSENT_METADATA)
        return LAGAN_OK;
    uint32_t result = ask_reader(&c, r, op, "metadata", 0, NULL, 0);
    if (result == LAGAN_OK)
        result = hear_pieces(&c, pieces);
    return end_pieces(r->handle, &c, result);
}
