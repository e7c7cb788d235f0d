/* SPDX-License-Identifier: Apache-2.0 */
/* write.c - storing, removing, and making durable. */
#include "tgt_exec/tgt_exec.h"

#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

enum { SHA256_BYTES = 32 };

struct exec_stage {
    struct exec_handle *handle;
    struct program_pin pin;
};

static uint32_t check_write(const struct exec_handle *h, struct lagan_op *op, uint64_t flags)
{
    if (flags & UINT32_MAX & ~(LAGAN_PUT_IF_ABSENT | LAGAN_PUT_DURABLE))
        return lagan_fail(op, LAGAN_UNSUPPORTED, 0, "unknown flags");
    if (lagan_cancelled(op))
        return lagan_fail(op, LAGAN_CANCELLED, 0, "interrupted");
    if (h->read_only)
        return lagan_fail(op, LAGAN_IMMUTABLE, 0, "opened for reading only");
    return LAGAN_OK;
}

static uint32_t check_put(const struct exec_handle *h, struct lagan_op *op, uint64_t flags)
{
    if (!(flags & LAGAN_PUT_IF_ABSENT))
        return lagan_fail(op, LAGAN_UNSUPPORTED, 0, "objects are never replaced");
    return check_write(h, op, flags);
}

static uint32_t ask_flush(struct program_call *c)
{
    struct program_text request = {0};
    struct program_line line;
    program_add_verb(&request, "flush");
    uint32_t result = program_ask(c, &request);
    if (result == LAGAN_OK)
        result = program_hear_ok(c, &line);
    if (result == LAGAN_OK)
        program_unmark(c);
    return result;
}

/* The answer to what changes something, and what follows it. */
static uint32_t settle(const struct exec_handle *h, struct program_call *c, uint64_t flags)
{
    struct program_line line;
    uint32_t result = program_hear_ok(c, &line);
    if (result != LAGAN_OK || h->always)
        return result;
    program_mark(c);
    if (!(flags & LAGAN_PUT_DURABLE))
        return LAGAN_OK;
    c->answered = false;
    result = ask_flush(c);
    if (result != LAGAN_OK && !c->broken)
        c->op->error.outcome = LAGAN_OUTCOME_UNKNOWN;
    return result;
}

/* An object on its way to the program. */
struct delivery {
    const struct lagan_content *content;
    uint64_t bytes;
    EVP_MD_CTX *digest; /* NULL = nobody compares */
    char *piece;        /* PROGRAM_PIECE_BYTES */
};

/* All pieces; a result that is not the program's own is told with program_refuse. */
static uint32_t send_pieces(struct program_call *c, const struct delivery *d)
{
    uint64_t offset = 0;
    uint32_t result = LAGAN_OK;
    while (result == LAGAN_OK && c->refused == LAGAN_OK && offset < d->bytes) {
        uint64_t left = d->bytes - offset;
        size_t size = left < PROGRAM_PIECE_BYTES ? (size_t)left : (size_t)PROGRAM_PIECE_BYTES;
        uint32_t taken = d->content->read(d->content->context, offset, d->piece, size);
        if (taken == LAGAN_OK && lagan_cancelled(c->op))
            taken = lagan_fail(c->op, LAGAN_CANCELLED, 0, "interrupted");
        if (taken == LAGAN_OK && d->digest && EVP_DigestUpdate(d->digest, d->piece, size) != 1)
            taken = lagan_fail(c->op, LAGAN_INTERNAL, 0, "the SHA-256 cannot be computed");
        if (taken != LAGAN_OK)
            program_refuse(c, taken);
        else
            result = program_send(c, d->piece, size);
        offset += size;
    }
    return result;
}

static void compare_digest(struct program_call *c, const struct delivery *d,
                           const uint8_t *sha256)
{
    uint8_t digest[EVP_MAX_MD_SIZE];
    if (!d->digest || c->refused != LAGAN_OK)
        return;
    if (EVP_DigestFinal_ex(d->digest, digest, NULL) != 1)
        program_refuse(c,
                       lagan_fail(c->op, LAGAN_INTERNAL, 0, "the SHA-256 cannot be computed"));
    else if (memcmp(digest, sha256, SHA256_BYTES) != 0)
        program_refuse(c, lagan_fail(c->op, LAGAN_CORRUPT, 0,
                                     "the bytes do not have the SHA-256 that was told"));
}

/* The program is told to forget what it was given; the answer is of no interest. */
static uint32_t take_back(struct program_call *c)
{
    struct lagan_error why = c->op->error;
    struct program_line line;
    uint32_t refused = c->refused;
    program_send_end(c, false);
    if (!c->broken)
        program_hear_ok(c, &line);
    c->op->error = why;
    if (c->op->error.error_class != refused)
        lagan_fail(c->op, refused, 0, "the content could not be read");
    return refused;
}

static uint32_t deliver(const struct exec_handle *h, struct program_call *c,
                        const struct delivery *d, uint64_t flags, const uint8_t *sha256)
{
    uint32_t result = send_pieces(c, d);
    if (result != LAGAN_OK)
        return result;
    compare_digest(c, d, sha256);
    if (c->refused != LAGAN_OK)
        return take_back(c);
    result = program_send_end(c, true);
    return result == LAGAN_OK ? settle(h, c, flags) : result;
}

static void add_sha256(struct program_text *request, const uint8_t *sha256)
{
    char text[2 * SHA256_BYTES + 1];
    for (size_t i = 0; i < SHA256_BYTES; i++) {
        text[2 * i] = "0123456789abcdef"[sha256[i] >> 4];
        text[2 * i + 1] = "0123456789abcdef"[sha256[i] & 15];
    }
    text[2 * SHA256_BYTES] = '\0';
    program_add_string(request, "sha256", text);
}

static uint32_t put(struct exec_handle *h, struct lagan_op *op, const char *key,
                    const struct delivery *d, uint64_t flags, const uint8_t *sha256)
{
    struct program_call c;
    struct program_text request = {0};
    uint32_t result = program_begin(&c, h->program, op, NULL, PROGRAM_MUTATES);
    if (result == LAGAN_OK) {
        program_add_verb(&request, "put");
        program_add_string(&request, "key", key);
        program_add_number(&request, "bytes", d->bytes);
        if (sha256)
            add_sha256(&request, sha256);
        result = program_ask(&c, &request);
    }
    if (result == LAGAN_OK)
        result = deliver(h, &c, d, flags, sha256);
    return program_end(&c, result);
}

uint32_t exec_put(void *handle, struct lagan_op *op, const char *key, uint64_t bytes,
                  const struct lagan_content *content, uint64_t flags, const uint8_t *sha256)
{
    struct exec_handle *h = handle;
    struct delivery d = {.content = content, .bytes = bytes};
    uint32_t result = check_put(h, op, flags);
    if (result != LAGAN_OK)
        return result;
    d.piece = malloc(PROGRAM_PIECE_BYTES);
    if (sha256 && h->told.checksum != LAGAN_SUPPORT_NATIVE)
        d.digest = EVP_MD_CTX_new();
    if (!d.piece || (sha256 && h->told.checksum != LAGAN_SUPPORT_NATIVE &&
                     (!d.digest || EVP_DigestInit_ex(d.digest, EVP_sha256(), NULL) != 1)))
        result = lagan_fail(op, LAGAN_INTERNAL, 0, "out of memory");
    else
        result = put(h, op, key, &d, flags, sha256);
    EVP_MD_CTX_free(d.digest);
    free(d.piece);
    return result;
}

uint32_t exec_stage_begin(void *handle, struct lagan_op *op, uint64_t bytes_hint, void **stage)
{
    struct exec_handle *h = handle;
    struct program_call c;
    struct program_line line;
    struct program_text request = {0};
    uint32_t result = check_write(h, op, 0);
    if (result == LAGAN_OK && h->told.staged_put == LAGAN_SUPPORT_NONE)
        result = lagan_fail(op, LAGAN_UNSUPPORTED, 0, "the program has no stages");
    if (result != LAGAN_OK)
        return result;
    struct exec_stage *s = malloc(sizeof *s);
    if (!s)
        return lagan_fail(op, LAGAN_INTERNAL, 0, "out of memory");
    s->handle = h;
    program_add_verb(&request, "stage-begin");
    if (bytes_hint > 0)
        program_add_number(&request, "bytes", bytes_hint);
    result = program_exchange(&c, h->program, op, NULL, PROGRAM_MUTATES, &request, &line);
    if (result == LAGAN_OK)
        result = program_pin_take(&c, &line, "stage", &s->pin);
    result = program_end(&c, result);
    if (result != LAGAN_OK) {
        free(s);
        return result;
    }
    *stage = s;
    return LAGAN_OK;
}

/* A request about the stage, in its process. */
static uint32_t ask_stage(struct program_call *c, struct exec_stage *s, struct lagan_op *op,
                          unsigned marks, const char *verb, const char *key)
{
    struct program_text request = {0};
    uint32_t result = program_begin(c, s->handle->program, op, &s->pin, marks);
    if (result != LAGAN_OK)
        return result;
    program_add_verb(&request, verb);
    program_add_string(&request, "stage", s->pin.id);
    if (key)
        program_add_string(&request, "key", key);
    return program_ask(c, &request);
}

uint32_t exec_stage_write(void *stage, struct lagan_op *op, const void *data, size_t size)
{
    struct program_call c;
    struct program_line line;
    uint32_t result = ask_stage(&c, stage, op, PROGRAM_MUTATES, "stage-write", NULL);
    if (result == LAGAN_OK)
        result = program_send(&c, data, size);
    if (result == LAGAN_OK)
        result = program_send_end(&c, true);
    if (result == LAGAN_OK)
        result = program_hear_ok(&c, &line);
    return program_end(&c, result);
}

static void abandon(struct exec_stage *s)
{
    struct lagan_op op = program_quiet_op();
    struct program_call c;
    struct program_line line;
    uint32_t result = ask_stage(&c, s, &op, PROGRAM_INSISTS, "stage-abort", NULL);
    if (result == LAGAN_OK)
        result = program_hear_ok(&c, &line);
    program_end(&c, result);
}

uint32_t exec_stage_commit(void *stage, struct lagan_op *op, const char *key, uint64_t flags)
{
    struct exec_stage *s = stage;
    struct program_call c;
    uint32_t result = check_put(s->handle, op, flags);
    if (result != LAGAN_OK) {
        exec_stage_abort(s);
        return result;
    }
    result = ask_stage(&c, s, op, PROGRAM_MUTATES, "stage-commit", key);
    if (result == LAGAN_OK)
        result = settle(s->handle, &c, flags);
    bool asked = c.asked;
    result = program_end(&c, result);
    if (!asked)
        abandon(s); /* the program never heard of it */
    free(s);
    return result;
}

void exec_stage_abort(void *stage)
{
    abandon(stage);
    free(stage);
}

uint32_t exec_remove(void *handle, struct lagan_op *op, const char *key)
{
    struct exec_handle *h = handle;
    struct program_call c;
    struct program_text request = {0};
    uint32_t result = check_write(h, op, 0);
    if (result != LAGAN_OK)
        return result;
    if (h->told.remove == LAGAN_SUPPORT_NONE)
        return lagan_fail(op, LAGAN_UNSUPPORTED, 0, "the program only appends");
    result = program_begin(&c, h->program, op, NULL, PROGRAM_MUTATES);
    if (result == LAGAN_OK) {
        program_add_verb(&request, "remove");
        program_add_string(&request, "key", key);
        result = program_ask(&c, &request);
    }
    if (result == LAGAN_OK)
        result = settle(h, &c, 0);
    return program_end(&c, result);
}

uint32_t exec_flush(void *handle, struct lagan_op *op)
{
    struct exec_handle *h = handle;
    struct program_pin pin;
    uint32_t result = LAGAN_OK;
    if (lagan_cancelled(op))
        return lagan_fail(op, LAGAN_CANCELLED, 0, "interrupted");
    for (unsigned from = 0; result == LAGAN_OK && program_find_marked(h->program, from, &pin);
         from = pin.index + 1) {
        struct program_call c;
        result = program_begin(&c, h->program, op, &pin, PROGRAM_MUTATES);
        if (result == LAGAN_OK)
            result = ask_flush(&c);
        result = program_end(&c, result);
    }
    if (result == LAGAN_OK && program_lost_marks(h->program))
        return lagan_fail(op, LAGAN_IO, 0,
                          "the program ended before it had made durable what it stored");
    return result;
}

uint32_t exec_sweep(void *handle, struct lagan_op *op, int64_t older_than_ns, uint64_t *removed)
{
    struct exec_handle *h = handle;
    struct program_call c;
    struct program_line line;
    struct program_text request = {0};
    uint32_t result = check_write(h, op, 0);
    *removed = 0;
    if (result != LAGAN_OK || (atomic_load(&h->absent) & ABSENT_SWEEP))
        return result;
    program_add_verb(&request, "sweep");
    program_add_time(&request, "older-than", older_than_ns / 1000000000,
                     (uint32_t)(older_than_ns % 1000000000));
    result = program_exchange(&c, h->program, op, NULL, 0, &request, &line);
    if (result == LAGAN_OK) {
        program_take_number(&line, "removed", UINT64_MAX, removed);
        if (line.wrong)
            result = program_protest_word(&c, &line);
    }
    result = program_end(&c, result);
    if (result != LAGAN_UNSUPPORTED || !c.unknown)
        return result;
    atomic_fetch_or(&h->absent, ABSENT_SWEEP);
    return LAGAN_OK;
}
