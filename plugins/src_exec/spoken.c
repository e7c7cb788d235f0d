/* SPDX-License-Identifier: Apache-2.0 */
/* spoken.c - a program opened as a source, and what it says of itself. */
#include "src_exec/spoken.h"

#include <stdlib.h>
#include <string.h>

static void greet(void *context, struct program_text *request, bool first)
{
    const struct spoken_handle *h = context;
    program_add_string(request, "kind", "source");
    program_add_flag(request, "read-only", (h->flags & LAGAN_OPEN_READ_ONLY) != 0);
    program_add_flag(request, "restore", (h->flags & LAGAN_OPEN_RESTORE) != 0);
    program_add_flag(request, "initialise", first && (h->flags & LAGAN_OPEN_INITIALISE));
    if (h->source->folder)
        program_add_string(request, "place", h->source->folder);
}

/* Promises by word. */
static const struct {
    const char *name;
    size_t offset;
} promises[] = {
#define PROMISE(name, member)                                                                  \
    {                                                                                          \
        name, offsetof(struct lagan_source_capabilities, member)                               \
    }
    PROMISE("sorted", sorted),
    PROMISE("resume", resume),
    PROMISE("extents", extents),
    PROMISE("random-read", random_read),
    PROMISE("hard-links", hard_links),
    PROMISE("restore", restore),
    PROMISE("sparse-write", sparse_write),
#undef PROMISE
};

static const char *take_hello(void *context, struct program_line *line)
{
    struct spoken_handle *h = context;
    struct lagan_source_capabilities told = {.size = sizeof told};
    for (size_t i = 0; i < sizeof promises / sizeof promises[0]; i++)
        if (program_find(line, promises[i].name))
            ((uint8_t *)&told)[promises[i].offset] = 1;
    told.max_parallel = h->settings.processes;
    /* It might restore over what is in use, instead of where it was told to. */
    if (h->source->folder && !program_find(line, "place"))
        return "it does not say that it works in the place that it was told";
    if (!h->greeted) {
        h->told = told;
        h->greeted = true;
    }
    return memcmp(&told, &h->told, sizeof told) == 0 ? NULL
                                                     : "its processes do not promise the same";
}

uint32_t spoken_open(struct lagan_op *op, const struct exec_source *source, uint64_t flags,
                     void **handle)
{
    uint32_t result = LAGAN_OK;
    if (!source->shell)
        result = exec_check(op, source->command.words[0]);
    if (result != LAGAN_OK)
        return result;
    struct spoken_handle *h = calloc(1, sizeof *h);
    if (!h)
        return lagan_fail(op, LAGAN_INTERNAL, 0, "out of memory");
    h->way = &exec_spoken_way;
    h->source = source;
    h->flags = flags;
    h->settings = (struct program_settings){.command = &source->command,
                                            .processes = source->processes,
                                            .timeout_ns = source->timeout_ns,
                                            .greet = greet,
                                            .take_hello = take_hello,
                                            .context = h};
    result = program_open(op, &h->settings, &h->program);
    if (result != LAGAN_OK) {
        free(h);
        return result;
    }
    *handle = h;
    return LAGAN_OK;
}

static void close_handle(void *handle)
{
    struct spoken_handle *h = handle;
    program_close(h->program);
    free(h);
}

static uint32_t capabilities(void *handle, struct lagan_op *op,
                             struct lagan_source_capabilities *told)
{
    const struct spoken_handle *h = handle;
    uint32_t size = told->size;
    if (lagan_cancelled(op))
        return lagan_fail(op, LAGAN_CANCELLED, 0, "interrupted");
    memcpy(told, &h->told, size < sizeof h->told ? size : sizeof h->told);
    told->size = size;
    return LAGAN_OK;
}

static uint32_t hand_finding(struct program_call *c, struct program_line *line,
                             const struct lagan_finding_collector *findings)
{
    static const char *const severities[] = {"ok", "warning", "error", NULL};
    uint32_t severity;
    const char *text;
    const char *remedy = NULL;
    char copies[2][LAGAN_TEXT_SIZE];
    if (strcmp(line->verb, "finding") != 0)
        return program_protest(c, "an answer that was not asked for");
    if (!program_take_choice(line, "severity", severities, &severity) ||
        !program_take_text(line, "text", LAGAN_TEXT_SIZE - 1, &text))
        return program_protest_word(c, line);
    program_take_text(line, "remedy", LAGAN_TEXT_SIZE - 1, &remedy);
    if (line->wrong)
        return program_protest_word(c, line);
    memcpy(copies[0], text, strlen(text) + 1);
    program_clean(copies[0]);
    if (remedy) {
        memcpy(copies[1], remedy, strlen(remedy) + 1);
        program_clean(copies[1]);
    }
    findings->add(findings->context, severity, copies[0], remedy ? copies[1] : NULL);
    return LAGAN_OK;
}

static uint32_t check(void *handle, struct lagan_op *op,
                      const struct lagan_finding_collector *findings)
{
    enum { FINDINGS = 1000 };
    const struct spoken_handle *h = handle;
    struct program_call c;
    struct program_text request = {0};
    bool last = false;
    uint32_t result = program_begin(&c, h->program, op, NULL, 0);
    program_add_verb(&request, "check");
    if (result == LAGAN_OK)
        result = program_ask(&c, &request);
    program_text_free(&request);
    for (unsigned i = 0; result == LAGAN_OK; i++) {
        struct program_line line;
        result = program_hear(&c, &line, &last);
        if (result == LAGAN_END || (result == LAGAN_OK && i == FINDINGS))
            result = program_protest(&c, "an answer that was not asked for");
        if (result != LAGAN_OK || last)
            break;
        result = hand_finding(&c, &line, findings);
    }
    result = program_end(&c, result);
    if (result == LAGAN_UNSUPPORTED && c.unknown) {
        findings->add(findings->context, LAGAN_FINDING_OK,
                      "the program runs; it has nothing to say of what it reads", NULL);
        return LAGAN_OK;
    }
    return result;
}

static uint32_t estimate(void *handle, struct lagan_op *op, uint64_t *bytes, uint64_t *entries)
{
    const struct spoken_handle *h = handle;
    struct program_call c;
    struct program_line line;
    struct program_text request = {0};
    *bytes = 0;
    *entries = 0;
    program_add_verb(&request, "estimate");
    uint32_t result = program_exchange(&c, h->program, op, NULL, 0, &request, &line);
    if (result == LAGAN_OK) {
        program_take_number(&line, "bytes", UINT64_MAX, bytes);
        program_take_number(&line, "entries", UINT64_MAX, entries);
        if (line.wrong)
            result = program_protest_word(&c, &line);
    }
    result = program_end(&c, result);
    return result == LAGAN_UNSUPPORTED && c.unknown ? (uint32_t)LAGAN_OK : result;
}

uint32_t spoken_check_key(struct lagan_op *op, const void *key, size_t size)
{
    const char *part = key;
    size_t left = size;
    if (size == 0)
        return LAGAN_OK;
    for (;;) {
        const char *zero = memchr(part, 0, left);
        size_t length = zero ? (size_t)(zero - part) : left;
        if (length == 0 || memchr(part, '/', length) || (length == 1 && part[0] == '.') ||
            (length == 2 && memcmp(part, "..", 2) == 0))
            return lagan_fail(op, LAGAN_INVALID, 0, "this is no name of a file");
        if (!zero)
            return LAGAN_OK;
        left -= length + 1;
        part = zero + 1;
        if (left == 0)
            return lagan_fail(op, LAGAN_INVALID, 0, "this is no name of a file");
    }
}

uint32_t spoken_finish(struct spoken_handle *h, struct lagan_op *op,
                       const struct program_pin *pin, const char *verb, const char *word,
                       void (*take)(void *context, struct program_line *line), void *context)
{
    unsigned marks = lagan_cancelled(op) ? PROGRAM_INSISTS : 0;
    for (;;) {
        struct program_call c;
        struct program_line line;
        struct program_text request = {0};
        program_add_verb(&request, verb);
        program_add_string(&request, word, pin->id);
        uint32_t result = program_exchange(&c, h->program, op, pin, marks, &request, &line);
        if (result == LAGAN_OK && take)
            take(context, &line);
        if (result == LAGAN_OK && line.wrong)
            result = program_protest_word(&c, &line);
        bool asked = c.asked;
        result = program_end(&c, result);
        /* Cancelled while it waited: the program must hear of it all the same. */
        if (result != LAGAN_CANCELLED || asked || marks)
            return result;
        marks = PROGRAM_INSISTS;
    }
}

const struct lagan_source_ops exec_spoken_way = {
    .common = {.close = close_handle},
    .capabilities = capabilities,
    .check = check,
    .estimate = estimate,
    .walk_open = spoken_walk_open,
    .walk_next = spoken_walk_next,
    .walk_close = spoken_walk_close,
    .entry_open = spoken_entry_open,
    .read_at = spoken_read_at,
    .extents = spoken_extents,
    .entry_close = spoken_entry_close,
    .metadata = spoken_metadata,
    .entry_stat = spoken_entry_stat,
    .entry_create = spoken_entry_create,
    .write_at = spoken_write_at,
    .write_zero = spoken_write_zero,
    .entry_commit = spoken_entry_commit,
    .entry_abort = spoken_entry_abort,
    .node_create = spoken_node_create,
    .directory_finish = spoken_directory_finish,
    .link_create = spoken_link_create,
    .entry_metadata = spoken_entry_metadata,
};
