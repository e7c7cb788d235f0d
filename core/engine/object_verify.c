/* SPDX-License-Identifier: Apache-2.0 */
/*
 * object_verify.c - whether a copy is what its original is: by what the stores say of the
 * content, else by reading it back, as far as the rule asks for it.
 */
#include "engine/object_private.h"

#include "base/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { RANGE_BYTES = 64 << 10, RANGES = 8, BACK_BYTES = 1 << 20, CHECKSUM_SIZE = 160 };

static int differs(const char *how, struct error *e)
{
    return error_set(e, LAGAN_CORRUPT, ERROR_INTEGRITY, "the copy differs: %s", how);
}

/* ---- by what the stores say ---- */

enum proof { PROOF_NONE, PROOF_EQUAL, PROOF_DIFFERENT };

/* Of a text `ALGORITHM:HEX`, whether it is that one of these bytes. */
static enum proof check_hash(const char *checksum, const char *algorithm, const uint8_t *hash,
                             size_t size)
{
    char hex[2 * HASH_SIZE + 1];
    size_t length = strlen(algorithm);
    if (strncasecmp(checksum, algorithm, length) != 0 || checksum[length] != ':')
        return PROOF_NONE;
    text_hex(hash, size, hex);
    return strcasecmp(checksum + length + 1, hex) == 0 ? PROOF_EQUAL : PROOF_DIFFERENT;
}

/* Of an ETag: equal is proof, other than that it may be no hash at all. */
static enum proof check_etag(const struct object_work *work)
{
    char hex[2 * MD5_SIZE + 1];
    text_hex(work->digest, MD5_SIZE, hex);
    return !work->copied->by_store && strcasecmp(work->copied->to_etag, hex) == 0 ? PROOF_EQUAL
                                                                                  : PROOF_NONE;
}

/* Both stores made the same of it.  An ETag with `-` tells of parts, too, and parts of equal
 * length and content are equal content. */
static enum proof check_both(const char *from_etag, const char *to_etag, const char *from_sum,
                             const char *to_sum)
{
    const char *colon = strchr(from_sum, ':');
    size_t algorithm = colon ? (size_t)(colon - from_sum) + 1 : 0;
    if (algorithm && strncasecmp(from_sum, to_sum, algorithm) == 0)
        return strcasecmp(from_sum, to_sum) == 0 ? PROOF_EQUAL : PROOF_DIFFERENT;
    return from_etag[0] && strcasecmp(from_etag, to_etag) == 0 ? PROOF_EQUAL : PROOF_NONE;
}

static enum proof check_facts(const struct object_work *work, const char *to_sum)
{
    const struct object_copied *copied = work->copied;
    char from_etag[160], from_sum[CHECKSUM_SIZE];
    object_pieces_text(&work->source.pieces, LAGAN_FACT_ETAG, from_etag, sizeof(from_etag));
    object_pieces_text(&work->source.pieces, LAGAN_FACT_CHECKSUM, from_sum, sizeof(from_sum));
    enum proof proof = check_etag(work);
    if (proof == PROOF_NONE && !copied->by_store)
        proof = check_hash(to_sum, "sha256", copied->sha256, HASH_SIZE);
    if (proof == PROOF_NONE && !copied->by_store)
        proof = check_hash(to_sum, "md5", work->digest, MD5_SIZE);
    if (proof == PROOF_NONE)
        proof = check_both(from_etag, copied->to_etag, from_sum, to_sum);
    return proof;
}

/* Looks at the copy: its length, its ETag and checksum. */
static int look_at_copy(struct object_work *work, char to_sum[CHECKSUM_SIZE], struct error *e)
{
    struct object_copied *copied = work->copied;
    struct object_seen seen = {0};
    struct lagan_entry_collector collector = object_seen_collector(&seen);
    int result = source_entry_stat(work->ends->to.source, copied->to_key.data,
                                   copied->to_key.size, &collector, e);
    if (result == 0 && seen.copy.entry.bytes != copied->bytes)
        result = differs("its length is another one", e);
    if (result == 0) {
        object_pieces_text(&seen.pieces, LAGAN_FACT_CHECKSUM, to_sum, CHECKSUM_SIZE);
        if (!copied->to_etag[0])
            object_pieces_text(&seen.pieces, LAGAN_FACT_ETAG, copied->to_etag,
                               sizeof(copied->to_etag));
    }
    object_seen_free(&seen);
    return result;
}

/* ---- by reading ---- */

static uint32_t ignore_entry(void *context, const struct lagan_entry *entry)
{
    (void)context;
    (void)entry;
    return LAGAN_OK;
}

static const struct lagan_entry_collector ignore = {NULL, ignore_entry};

static struct entry_reader *open_original(struct object_work *work, struct error *e)
{
    const struct lagan_entry *entry = work->entry;
    return source_entry_open(work->ends->from.source, entry->key, entry->key_size, entry->id,
                             object_work_id_size(work), &ignore, e);
}

static struct entry_reader *open_copy(struct object_work *work, struct error *e)
{
    struct source *look = object_ends_look(work->ends, e);
    const struct buffer *key = &work->copied->to_key;
    return look ? source_entry_open(look, key->data, key->size, NULL, 0, &ignore, e) : NULL;
}

/* The hash of all of it; takes the reader over. */
static int hash_reader(struct object_work *work, struct entry_reader *reader,
                       uint8_t hash[HASH_SIZE], struct error *e)
{
    struct hash h;
    uint8_t *data = malloc(BACK_BYTES);
    uint64_t done = 0;
    size_t got = BACK_BYTES;
    int result = data ? 0 : error_no_memory(e, "an object");
    hash_begin(&h);
    while (result == 0 && got == BACK_BYTES) {
        if (work->options->pace && pace_wait(work->options->pace, BACK_BYTES, e) != 0)
            result = -1;
        if (result == 0)
            result = entry_reader_read(reader, done, data, BACK_BYTES, &got, e);
        if (result == 0 && got > 0)
            hash_update(&h, data, got);
        done += got;
    }
    hash_finish(&h, hash);
    free(data);
    entry_reader_drop(reader);
    return result;
}

static int verify_all(struct object_work *work, struct error *e)
{
    uint8_t original[HASH_SIZE], copy[HASH_SIZE];
    struct entry_reader *reader;
    memcpy(original, work->copied->sha256, sizeof(original));
    if (work->copied->by_store) {
        reader = open_original(work, e);
        if (!reader || hash_reader(work, reader, original, e) != 0)
            return -1;
    }
    reader = open_copy(work, e);
    if (!reader || hash_reader(work, reader, copy, e) != 0)
        return -1;
    return memcmp(original, copy, sizeof(copy)) == 0 ? 0 : differs("its content does", e);
}

static int compare_range(struct entry_reader *original, struct entry_reader *copy,
                         uint64_t offset, uint8_t *room, struct error *e)
{
    uint8_t *other = room + RANGE_BYTES;
    size_t got = 0, other_got = 0;
    if (entry_reader_read(original, offset, room, RANGE_BYTES, &got, e) != 0 ||
        entry_reader_read(copy, offset, other, RANGE_BYTES, &other_got, e) != 0)
        return -1;
    if (got != other_got || memcmp(room, other, got) != 0)
        return differs("its content does", e);
    return 0;
}

/* First, last, and some between them at equal distances. */
static int compare_ranges(struct object_work *work, struct entry_reader *original,
                          struct entry_reader *copy, struct error *e)
{
    uint64_t bytes = work->copied->bytes;
    uint64_t last = bytes > RANGE_BYTES ? bytes - RANGE_BYTES : 0;
    uint64_t step = last / (RANGES - 1) + 1;
    uint8_t *room = malloc(2 * (size_t)RANGE_BYTES);
    int result = room ? 0 : error_no_memory(e, "an object");
    for (uint64_t at = 0; result == 0 && at < last; at += step)
        result = compare_range(original, copy, at, room, e);
    if (result == 0)
        result = compare_range(original, copy, last, room, e);
    free(room);
    return result;
}

static int verify_sample(struct object_work *work, struct error *e)
{
    if (!source_capabilities(work->ends->from.source)->random_read)
        return verify_all(work, e);
    struct entry_reader *original = open_original(work, e);
    struct entry_reader *copy = original ? open_copy(work, e) : NULL;
    int result = copy ? compare_ranges(work, original, copy, e) : -1;
    entry_reader_drop(original);
    entry_reader_drop(copy);
    return result;
}

/* Only what the store made by itself can have another length than what was sent. */
static bool must_look(const struct object_work *work)
{
    enum object_verify rule = work->options->verify;
    if (work->copied->by_store)
        return true;
    return rule == OBJECT_VERIFY_CHECKSUM || rule == OBJECT_VERIFY_SAMPLE;
}

int object_verify(struct object_work *work, struct error *e)
{
    enum object_verify rule = work->options->verify;
    char to_sum[CHECKSUM_SIZE] = "";
    enum proof proof = rule == OBJECT_VERIFY_SIZE ? PROOF_NONE : check_facts(work, "");
    if (proof != PROOF_EQUAL && must_look(work)) {
        if (look_at_copy(work, to_sum, e) != 0)
            return -1;
        if (rule != OBJECT_VERIFY_SIZE)
            proof = check_facts(work, to_sum);
    }
    if (proof == PROOF_DIFFERENT)
        return differs("the stores have other checksums", e);
    if (proof == PROOF_EQUAL || rule == OBJECT_VERIFY_SIZE || rule == OBJECT_VERIFY_CHECKSUM)
        return 0;
    return rule == OBJECT_VERIFY_SAMPLE ? verify_sample(work, e) : verify_all(work, e);
}
