/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_envelope.c - any bytes as what surrounds packs and index runs.  The first byte chooses:
 * a head, a trailer, or a directory.  Checksums are made right and directories are encrypted,
 * as a writer that went mad would, so that what lies behind them is reached.
 */
#include "base/object.h"
#include "crypto/crc32c.h"
#include "fuzz.h"
#include "vault/envelope.h"

#include <stdlib.h>
#include <string.h>

enum { INPUT_HEAD, INPUT_TRAILER, INPUT_DIRECTORY, INPUT_KINDS };
enum { HEAD_CHECKSUM = 124, TRAILER_CHECKSUM = 20, TRAILER_MAGIC = 24 };

const char fuzz_name[] = "envelope";
const char *const fuzz_words[] = {"LAGANPAK", "LAGANRUN", NULL};

static const uint8_t wrapping_key[32] = "a wrapping key of 32 bytes, fix";

static struct envelope fixed_envelope(enum envelope_kind kind)
{
    static const uint8_t salt[32] = "a salt, never used twice, but he";
    struct envelope_request request = {.kind = kind,
                                       .key_epoch = 3,
                                       .vault = (const uint8_t *)"sixteen bytes id",
                                       .session = (const uint8_t *)"another sixteen!",
                                       .salt = salt,
                                       .wrapping_key = wrapping_key};
    struct envelope made;
    struct error e = ERROR_INIT;

    ASSERT(envelope_make(&made, &request, &e) == 0);
    return made;
}

static void add_input(fuzz_add_function *add, void *context, uint8_t which, const void *data,
                      size_t size)
{
    struct buffer input CLEANUP_BUFFER = BUFFER_INIT;

    buffer_append_u8(&input, which);
    buffer_append(&input, data, size);
    add(context, input.data, input.size);
}

/* The plain form of a directory with this content. */
static void add_directory(fuzz_add_function *add, void *context, const void *content,
                          size_t size)
{
    struct buffer sealed CLEANUP_BUFFER = BUFFER_INIT;
    struct envelope env = fixed_envelope(ENVELOPE_META);
    struct error e = ERROR_INIT;

    ASSERT(envelope_directory_seal(&env, content, size, &sealed, &e) == 0);
    ASSERT(envelope_unseal(&env, UINT64_MAX, sealed.data, sealed.size, sealed.data, &e) == 0);
    add_input(add, context, INPUT_DIRECTORY, sealed.data, sealed.size - ENVELOPE_TAG_SIZE);
}

void fuzz_seeds(fuzz_add_function *add, void *context)
{
    static const struct envelope_trailer trailers[] = {
        {.directory_offset = 4096, .directory_bytes = 4096, .messages = 1},
        {.directory_offset = UINT64_C(64) << 20, .directory_bytes = 1 << 20, .messages = 300}};
    static const char text[] = "content of a directory, content of a directory";

    for (int kind = 0; kind < ENVELOPE_KIND_COUNT; kind++) {
        struct envelope env = fixed_envelope((enum envelope_kind)kind);
        add_input(add, context, INPUT_HEAD, env.head, sizeof(env.head));
    }
    for (size_t i = 0; i < sizeof(trailers) / sizeof(trailers[0]); i++) {
        uint8_t bytes[8 + ENVELOPE_TRAILER_SIZE];
        store_u64(bytes, trailers[i].directory_offset + trailers[i].directory_bytes +
                             ENVELOPE_TRAILER_SIZE);
        envelope_trailer_encode(&trailers[i], bytes + 8);
        add_input(add, context, INPUT_TRAILER, bytes, sizeof(bytes));
    }
    add_directory(add, context, text, sizeof(text));
    add_directory(add, context, "", 0);
}

static int parse_head(struct reader *r, struct error *e)
{
    struct envelope env;
    uint8_t head[ENVELOPE_BODY];
    const uint8_t *bytes = reader_take(r, sizeof(head));

    if (bytes == NULL)
        return 0;
    memcpy(head, bytes, sizeof(head));
    if (r->left == 0)
        store_u32(head + HEAD_CHECKSUM, crc32c(head, HEAD_CHECKSUM));
    if (envelope_parse(&env, head, e) != 0)
        return -1;
    ASSERT(env.kind < ENVELOPE_KIND_COUNT && memcmp(env.head, head, sizeof(head)) == 0);
    return envelope_unlock(&env, wrapping_key, e);
}

static int parse_trailer(struct reader *r, struct error *e)
{
    struct envelope_trailer found;
    uint8_t trailer[ENVELOPE_TRAILER_SIZE];
    uint64_t bytes = reader_u64(r);
    const uint8_t *from = reader_take(r, sizeof(trailer));

    if (from == NULL)
        return 0;
    memcpy(trailer, from, sizeof(trailer));
    if (r->left == 0)
        store_u32(trailer + TRAILER_CHECKSUM, crc32c(trailer, TRAILER_CHECKSUM));
    if (envelope_trailer_parse(&found, trailer, bytes, e) != 0)
        return -1;
    ASSERT(found.directory_offset + found.directory_bytes + ENVELOPE_TRAILER_SIZE == bytes);
    return 0;
}

static int open_directory(struct reader *r, struct error *e)
{
    struct buffer content CLEANUP_BUFFER = BUFFER_INIT;
    struct envelope env = fixed_envelope(ENVELOPE_META);
    size_t size = r->left + ENVELOPE_TAG_SIZE;
    uint8_t *sealed = malloc(size);

    ASSERT(sealed != NULL && envelope_seal(&env, UINT64_MAX, r->next, r->left, sealed, e) == 0);
    int result = envelope_directory_open(&env, sealed, size, &content, e);
    free(sealed);
    return result;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static int (*const parse[])(struct reader * r,
                                struct error * e) = {[INPUT_HEAD] = parse_head,
                                                     [INPUT_TRAILER] = parse_trailer,
                                                     [INPUT_DIRECTORY] = open_directory};
    struct reader r = reader_of(data, size);
    struct error e = ERROR_INIT;
    int result = parse[reader_u8(&r) % INPUT_KINDS](&r, &e);

    fuzz_outcome(result == 0 ? NULL : &e);
    return 0;
}
