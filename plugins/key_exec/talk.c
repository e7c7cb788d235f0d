/* SPDX-License-Identifier: Apache-2.0 */
/* talk.c - what is asked of the command, and what its answer and its exit status mean. */
#include "key_exec/key_exec.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

enum {
    /* Of the largest wrapped data key, in base64. */
    TEXT_LIMIT = (ENVELOPE_WRAPPED_LIMIT + 2) / 3 * 4,
    REQUEST_LIMIT = TEXT_LIMIT + 600
};

/* X(status, class, words): those of sysexits(3) where they fit. */
#define STATUSES(X)                                                                            \
    X(65, AUTH, "another key wrapped this")                                                    \
    X(66, NOT_FOUND, "the key service has no such key")                                        \
    X(69, OFFLINE, "the key service cannot be reached")                                        \
    X(75, TRANSIENT, "the key service cannot do it now")                                       \
    X(77, DENIED, "the key service denies it")

static uint32_t judge_status(struct lagan_op *op, const struct exec_settings *s,
                             const struct exec_result *result)
{
    static const struct {
        int status;
        uint32_t error_class;
        const char *words;
    } known[] = {
#define X(status, symbol, words) {status, LAGAN_##symbol, words},
        STATUSES(X)
#undef X
    };
    const char *said = result->last_line;
    const char *between = said[0] ? ": " : "";
    int status = WIFEXITED(result->status) ? WEXITSTATUS(result->status) : -1;
    if (WIFSIGNALED(result->status))
        return lagan_fail(op, LAGAN_IO, 0, "%s was killed by signal %d%s%s",
                          s->command.words[0], WTERMSIG(result->status), between, said);
    if (status == 0)
        return LAGAN_OK;
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if (known[i].status == status)
            return lagan_fail(op, known[i].error_class, status, "%s (key %s)%s%s",
                              known[i].words, s->key, between, said);
    return lagan_fail(op, LAGAN_IO, status, "%s ended with status %d%s%s", s->command.words[0],
                      status, between, said);
}

/* Strictly RFC 4648: no blanks, whole groups of four, padding at the end alone. */
static bool is_base64(const char *text, size_t size)
{
    static const char alphabet[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    size_t padding = 0;
    if (size == 0 || size % 4 != 0 || size > TEXT_LIMIT)
        return false;
    while (padding < 2 && text[size - 1 - padding] == '=')
        padding++;
    for (size_t i = 0; i < size - padding; i++)
        if (!text[i] || !strchr(alphabet, text[i]))
            return false;
    return true;
}

static bool decode(const char *text, size_t size, uint8_t *out, size_t room, size_t *out_size)
{
    uint8_t whole[ENVELOPE_WRAPPED_LIMIT + 3];
    size_t length;
    if (!is_base64(text, size))
        return false;
    length = size / 4 * 3;
    if (EVP_DecodeBlock(whole, (const unsigned char *)text, (int)size) != (int)length)
        return false;
    length -= (size_t)(text[size - 1] == '=') + (size_t)(text[size - 2] == '=');
    if (length <= room) {
        memcpy(out, whole, length);
        *out_size = length;
    }
    OPENSSL_cleanse(whole, sizeof whole);
    return length <= room;
}

static uint32_t take_answer(struct lagan_op *op, const struct exec_settings *s,
                            struct exec_result *result, uint8_t *out, size_t room,
                            size_t *out_size)
{
    size_t size = result->answer_size;
    uint32_t done = judge_status(op, s, result);
    if (done != LAGAN_OK)
        return done;
    if (size > 0 && result->answer[size - 1] == '\n')
        size--;
    if (!decode(result->answer, size, out, room, out_size))
        return lagan_fail(op, LAGAN_IO, 0,
                          "%s does not answer with one line of base64 of the right length",
                          s->command.words[0]);
    return LAGAN_OK;
}

uint32_t exec_ask(struct lagan_op *op, const struct exec_settings *s, const char *verb,
                  const uint8_t *data, size_t size, uint8_t *out, size_t room, size_t *out_size)
{
    char request[REQUEST_LIMIT];
    struct exec_result result;
    uint32_t done;
    int used = snprintf(request, sizeof request, "%s %s ", verb, s->key);
    used += EVP_EncodeBlock((unsigned char *)request + used, data, (int)size);
    request[used++] = '\n';
    done = exec_run(op, s, request, (size_t)used, &result);
    if (done == LAGAN_OK)
        done = take_answer(op, s, &result, out, room, out_size);
    OPENSSL_cleanse(request, sizeof request);
    OPENSSL_cleanse(&result, sizeof result);
    return done;
}
