/* SPDX-License-Identifier: Apache-2.0 */
/*
 * answer.c - takes the answers of stores apart as they come: status, headers, body.  Everything
 * is bounded, and nothing here knows a network.
 */
#include "common/s3/client.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

enum {
    INTERIM_LIMIT = 8,         /* answers 1xx before the real one */
    NAME_SIZE = 128,           /* of a header; longer ones are passed over */
    RETRY_MOST_SECONDS = 86400 /* advice beyond a day is none */
};

void s3_answer_free(struct s3_answer *answer)
{
    s3_text_free(&answer->body);
    s3_text_free(&answer->collected);
}

void s3_answer_reset(struct s3_answer *answer)
{
    struct s3_answer wanted = {.body_limit = answer->body_limit,
                               .expected_bytes = answer->expected_bytes,
                               .accept = answer->accept,
                               .take = answer->take,
                               .context = answer->context,
                               .headers = answer->headers};
    s3_answer_free(answer);
    *answer = wanted;
}

/* "HTTP/1.1 200 OK". */
static bool take_status(struct s3_answer *answer, const char *line, size_t size)
{
    const char *space = memchr(line, ' ', size);
    const char *digits = space ? space + 1 : line;
    size_t left = size - (size_t)(digits - line);
    if (!space || left < 3 || digits[0] < '1' || digits[0] > '5' ||
        !isdigit((unsigned char)digits[1]) || !isdigit((unsigned char)digits[2]) ||
        (left > 3 && digits[3] != ' '))
        return false;
    unsigned interim = answer->interim;
    size_t bytes = answer->header_bytes;
    s3_answer_reset(answer);
    answer->status = (digits[0] - '0') * 100 + (digits[1] - '0') * 10 + (digits[2] - '0');
    answer->interim = interim;
    answer->header_bytes = bytes;
    return true;
}

static void copy(char *place, size_t room, const char *value)
{
    size_t size = strlen(value);
    if (size >= room)
        size = room - 1;
    memcpy(place, value, size);
    place[size] = '\0';
}

void s3_etag_copy(char etag[S3_ETAG_SIZE], const char *text, size_t size)
{
    if (size > 2 && strncmp(text, "W/", 2) == 0) {
        text += 2;
        size -= 2;
    }
    if (size >= 2 && text[0] == '"' && text[size - 1] == '"') {
        text++;
        size -= 2;
    }
    if (size >= S3_ETAG_SIZE)
        size = S3_ETAG_SIZE - 1;
    memcpy(etag, text, size);
    etag[size] = '\0';
}

bool s3_class_is_archive(const char *name)
{
    static const char *const names[] = {"GLACIER",     "DEEP_ARCHIVE",    "Archive", "ARCHIVE",
                                        "ColdArchive", "DeepColdArchive", "COLD"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (strcmp(name, names[i]) == 0)
            return true;
    return false;
}

/*
 * Headers.  Each function takes a value that it knows the meaning of; false: the answer
 * contradicts itself.
 */

static bool take_length(struct s3_answer *a, const char *value)
{
    uint64_t length;
    if (!s3_number(value, &length) || (a->has_length && a->length != length))
        return false;
    a->has_length = true;
    a->length = length;
    return true;
}

/* A number up to `end`, which is passed; false when it is none. */
static bool range_number(const char **text, char end, uint64_t *number)
{
    char digits[24];
    const char *found = end ? strchr(*text, end) : *text + strlen(*text);
    size_t size = found ? (size_t)(found - *text) : sizeof digits;
    if (size >= sizeof digits)
        return false;
    memcpy(digits, *text, size);
    digits[size] = '\0';
    *text = found + (end ? 1 : 0);
    return s3_number(digits, number);
}

/* "bytes 0-99/1000", "bytes 0-99/" and a star, or of a refusal a star and "/1000".  A second
 * range is one too many. */
static bool take_range(struct s3_answer *a, const char *value)
{
    uint64_t first, last, total = UINT64_MAX;
    if (strncmp(value, "bytes ", 6) != 0 || a->has_range)
        return false;
    value += 6;
    if (strncmp(value, "*/", 2) == 0)
        return s3_number(value + 2, &a->range_total);
    if (!range_number(&value, '-', &first) || !range_number(&value, '/', &last) || first > last)
        return false;
    if (strcmp(value, "*") != 0 && (!s3_number(value, &total) || last >= total))
        return false;
    a->has_range = true;
    a->range_first = first;
    a->range_last = last;
    a->range_total = total;
    return true;
}

static bool take_date(struct s3_answer *a, const char *value)
{
    s3_http_date(value, &a->date_ns);
    return true;
}

static bool take_modified(struct s3_answer *a, const char *value)
{
    s3_http_date(value, &a->object.modified_ns);
    return true;
}

/* Seconds, or a date: against the answer's own, which stands before it as a rule. */
static bool take_retry(struct s3_answer *a, const char *value)
{
    uint64_t seconds = 0;
    int64_t until;
    if (!s3_number(value, &seconds) && s3_http_date(value, &until)) {
        int64_t now = a->date_ns ? a->date_ns : lagan_host_table->wall_ns();
        seconds = until > now ? (uint64_t)((until - now) / 1000000000) : 0;
    }
    a->retry_after_ms =
        (uint32_t)(seconds < RETRY_MOST_SECONDS ? seconds : RETRY_MOST_SECONDS) * 1000;
    return true;
}

static bool take_etag(struct s3_answer *a, const char *value)
{
    s3_etag_copy(a->object.etag, value, strlen(value));
    return true;
}

static bool take_version(struct s3_answer *a, const char *value)
{
    copy(a->object.version, sizeof a->object.version, value);
    return true;
}

static bool take_class(struct s3_answer *a, const char *value)
{
    copy(a->object.storage_class, sizeof a->object.storage_class, value);
    return true;
}

static bool take_marker(struct s3_answer *a, const char *value)
{
    a->object.marker = strcmp(value, "true") == 0;
    return true;
}

static bool take_replication(struct s3_answer *a, const char *value)
{
    copy(a->object.replication, sizeof a->object.replication, value);
    return true;
}

static bool take_lock(struct s3_answer *a, const char *value)
{
    if (!s3_iso_date(value, &a->object.lock_until_ns))
        s3_http_date(value, &a->object.lock_until_ns);
    return true;
}

static bool take_hold(struct s3_answer *a, const char *value)
{
    a->on_hold = strcmp(value, "ON") == 0;
    return true;
}

/* Of encryption with the store's own key alone the ETag is the content's MD5. */
static bool take_encryption(struct s3_answer *a, const char *value)
{
    a->is_sealed = a->is_sealed || strcmp(value, "AES256") != 0;
    return true;
}

static bool take_own_key(struct s3_answer *a, const char *value)
{
    (void)value;
    a->is_sealed = true;
    return true;
}

/* ongoing-request="false", expiry-date="...": a warmed copy is there. */
static bool take_restore(struct s3_answer *a, const char *value)
{
    a->object.warming = strstr(value, "ongoing-request=\"true\"") != NULL;
    a->is_warm = strstr(value, "ongoing-request=\"false\"") != NULL;
    return true;
}

static bool take_archive_status(struct s3_answer *a, const char *value)
{
    a->object.archived = *value != '\0';
    return true;
}

static bool take_region(struct s3_answer *a, const char *value)
{
    copy(a->region, sizeof a->region, value);
    return true;
}

static bool take_location(struct s3_answer *a, const char *value)
{
    copy(a->location, sizeof a->location, value);
    return true;
}

static bool take_encoding(struct s3_answer *a, const char *value)
{
    (void)value;
    a->is_chunked = true;
    return true;
}

static bool take_header(struct s3_answer *a, const char *name, const char *value)
{
    static const struct {
        const char *name;
        bool (*take)(struct s3_answer *a, const char *value);
    } known[] = {{"content-length", take_length},
                 {"content-range", take_range},
                 {"transfer-encoding", take_encoding},
                 {"date", take_date},
                 {"last-modified", take_modified},
                 {"retry-after", take_retry},
                 {"etag", take_etag},
                 {"location", take_location},
                 {"x-amz-version-id", take_version},
                 {"x-amz-storage-class", take_class},
                 {"x-amz-delete-marker", take_marker},
                 {"x-amz-replication-status", take_replication},
                 {"x-amz-object-lock-retain-until-date", take_lock},
                 {"x-amz-object-lock-legal-hold", take_hold},
                 {"x-amz-restore", take_restore},
                 {"x-amz-server-side-encryption", take_encryption},
                 {"x-amz-server-side-encryption-customer-algorithm", take_own_key},
                 {"x-amz-archive-status", take_archive_status},
                 {"x-amz-bucket-region", take_region}};
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if (strcmp(name, known[i].name) == 0)
            return known[i].take(a, value);
    return true;
}

/* What belongs to an object and not to the answer. */
static bool is_of_object(const char *name)
{
    static const char *const names[] = {"content-type",
                                        "content-encoding",
                                        "content-language",
                                        "content-disposition",
                                        "cache-control",
                                        "expires",
                                        "x-amz-tagging-count",
                                        "x-amz-object-lock-mode",
                                        "x-amz-object-lock-legal-hold",
                                        "x-amz-website-redirect-location"};
    if (strncmp(name, "x-amz-meta-", 11) == 0)
        return true;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (strcmp(name, names[i]) == 0)
            return true;
    return false;
}

/* In lower case, and as if every store said x-amz-; false when it is too long. */
static bool take_name(struct s3_answer *a, char name[NAME_SIZE], const char *line, size_t size)
{
    static const char *const prefixes[] = {"x-oss-", "x-cos-", "x-obs-", "x-goog-"};
    char found[NAME_SIZE];
    if (size + 1 >= sizeof found)
        return false;
    for (size_t i = 0; i < size; i++)
        found[i] = (char)tolower((unsigned char)line[i]);
    found[size] = '\0';
    if (strncmp(found, "x-amz-", 6) == 0 || strncmp(found, "x-guploader", 11) == 0)
        a->from_store = true;
    for (size_t i = 0; i < sizeof prefixes / sizeof prefixes[0]; i++) {
        size_t skipped = strlen(prefixes[i]);
        if (strncmp(found, prefixes[i], skipped) != 0 || size - skipped + 7 >= NAME_SIZE)
            continue;
        a->from_store = true;
        memcpy(name, "x-amz-", 6);
        memcpy(name + 6, found + skipped, size - skipped + 1);
        return true;
    }
    memcpy(name, found, size + 1);
    return true;
}

/* Terminates the value in the text of headers, where it and the name stay when they are wanted.
 */
static bool take_pair(struct s3_answer *a, const char *line, size_t name_size,
                      const char *value, size_t value_size)
{
    char name[NAME_SIZE];
    size_t start = a->collected.size;
    if (!take_name(a, name, line, name_size))
        return true;
    s3_text_add(&a->collected, name, strlen(name) + 1);
    s3_text_add(&a->collected, value, value_size);
    s3_text_add(&a->collected, "", 1);
    if (a->collected.failed)
        return false;
    value = a->collected.data + start + strlen(name) + 1;
    bool good = take_header(a, name, value);
    enum s3_dialect_id hint = s3_dialect_of_header(name, value);
    if (hint != S3_DIALECT_GENERIC && a->hint != S3_DIALECT_SWIFT)
        a->hint = hint;
    if (!a->headers || !is_of_object(name))
        a->collected.size = start;
    return good;
}

static bool take_line(struct s3_answer *a, const char *line, size_t size)
{
    const char *colon = memchr(line, ':', size);
    const char *value;
    if (!colon || colon == line || memchr(line, '\0', size) || a->status == 0)
        return false;
    if (++a->header_count > S3_HEADER_LIMIT)
        return false;
    value = colon + 1;
    size -= (size_t)(value - line);
    while (size > 0 && (*value == ' ' || *value == '\t')) {
        value++;
        size--;
    }
    while (size > 0 && (value[size - 1] == ' ' || value[size - 1] == '\t'))
        size--;
    return take_pair(a, line, (size_t)(colon - line), value, size);
}

static void hand_over_headers(const struct s3_answer *a)
{
    const char *at = a->collected.data;
    const char *end = at ? at + a->collected.size : NULL;
    while (at && at < end) {
        const char *value = at + strlen(at) + 1;
        a->headers->add(a->headers->context, at, value);
        at = value + strlen(value) + 1;
    }
}

/* The head is complete. */
static bool end_head(struct s3_answer *a, struct lagan_op *op)
{
    if (a->status < 200) {
        a->status = 0;
        return ++a->interim <= INTERIM_LIMIT;
    }
    a->headers_done = true;
    a->object.bytes = a->has_range && a->range_total != UINT64_MAX ? a->range_total
                      : a->has_length                              ? a->length
                                                                   : 0;
    if (s3_class_is_archive(a->object.storage_class))
        a->object.archived = true;
    if (a->is_warm)
        a->object.archived = false;
    if (!s3_answer_is_good(a))
        return true;
    if (a->accept)
        a->refused = a->accept(a->context, op, a);
    if (a->refused == LAGAN_OK && a->headers)
        hand_over_headers(a);
    return a->refused == LAGAN_OK;
}

bool s3_answer_line(struct s3_answer *a, struct lagan_op *op, const char *line, size_t size)
{
    bool good;
    if (__builtin_add_overflow(a->header_bytes, size, &a->header_bytes) ||
        a->header_bytes > S3_HEADER_BYTES) {
        a->bad = true;
        return false;
    }
    /* Behind the body there may be more of them: nothing that counts. */
    if (a->headers_done)
        return true;
    while (size > 0 && (line[size - 1] == '\n' || line[size - 1] == '\r'))
        size--;
    if (a->status == 0)
        good = size > 5 && strncmp(line, "HTTP/", 5) == 0 && take_status(a, line, size);
    else if (size == 0)
        good = end_head(a, op);
    else
        good = take_line(a, line, size);
    if (!good && a->refused == LAGAN_OK)
        a->bad = true;
    return good;
}

static bool keep_body(struct s3_answer *a, const char *data, size_t size)
{
    uint64_t limit = s3_answer_is_good(a) && a->body_limit ? a->body_limit : S3_BODY_LIMIT;
    /* Of an error, the beginning is enough. */
    if (!s3_answer_is_good(a) && a->body.size + size > limit)
        return true;
    if (a->body_bytes > limit) {
        a->bad = true;
        return false;
    }
    s3_text_add(&a->body, data, size);
    if (a->body.failed)
        a->refused = LAGAN_INTERNAL;
    return !a->body.failed;
}

bool s3_answer_bytes(struct s3_answer *a, struct lagan_op *op, const char *data, size_t size)
{
    (void)op;
    if (!a->headers_done || __builtin_add_overflow(a->body_bytes, size, &a->body_bytes)) {
        a->bad = true;
        return false;
    }
    if (!s3_answer_is_good(a) || !a->take)
        return keep_body(a, data, size);
    if (a->body_limit && a->body_bytes > a->body_limit) {
        a->bad = true;
        return false;
    }
    a->refused = a->take(a->context, data, size);
    return a->refused == LAGAN_OK;
}

void s3_answer_made(const struct s3_answer *answer, struct s3_made *made)
{
    if (!made)
        return;
    memcpy(made->etag, answer->object.etag, sizeof made->etag);
    memcpy(made->version, answer->object.version, sizeof made->version);
}
