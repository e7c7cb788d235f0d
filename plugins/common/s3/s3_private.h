/* SPDX-License-Identifier: Apache-2.0 */
/*
 * s3_private.h - what the files of the S3 client share: a request, its answer, and the one
 * function that sends the former and receives the latter.
 *
 * A call is
 *
 *     struct s3_request request = s3_request_of(S3_GET, key, key_size);
 *     struct s3_answer answer = {0};
 *     s3_add_query(&request, "tagging", NULL, 0);
 *     uint32_t result = s3_execute(client, op, &request, &answer);
 *     ... answer.body, answer.object ...
 *     s3_answer_free(&answer);
 *     s3_request_free(&request);
 *
 * What the adders meet (no memory, too much, a line break in a header) is kept in the request
 * and told by s3_execute, so that they need no checks.
 */
#ifndef PLUGINS_COMMON_S3_S3_PRIVATE_H
#define PLUGINS_COMMON_S3_S3_PRIVATE_H

#include "common/s3/dialect.h"
#include "common/s3/s3.h"

#include <stdarg.h>
#include <stdbool.h>

enum {
    S3_QUERY_LIMIT = 16,            /* pairs behind the question mark */
    S3_HEADER_LIMIT = 128,          /* headers of a request, and of an answer */
    S3_HEADER_BYTES = 64 << 10,     /* all headers of an answer together */
    S3_BODY_LIMIT = 1 << 20,        /* body of an answer in memory, unless told otherwise */
    S3_SMALL_BODY_BYTES = 64 << 10, /* bodies up to here are sent with their headers */
    S3_EXPECT_BODY_BYTES = 1 << 20, /* bodies from here on wait for 100 Continue */
    S3_REGION_SIZE = 65,
    S3_SHA256_BYTES = 32,
    S3_MD5_BYTES = 16
};

/*
 * text.c: bytes that grow, numbers and dates as text, sums.
 */

/* `{0}` is empty.  A zero always stands behind the bytes. */
struct s3_text {
    char *data; /* NULL as long as nothing was added */
    size_t size;
    size_t room;
    bool failed; /* no memory: what was added since is missing */
};
void s3_text_add(struct s3_text *text, const void *data, size_t size);
void s3_text_string(struct s3_text *text, const char *string);
void s3_text_format(struct s3_text *text, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* Percent-encodes all but A-Z a-z 0-9 - _ . ~ and, with `slashes`, /. */
void s3_text_encode(struct s3_text *text, const char *data, size_t size, bool slashes);
void s3_text_wipe(struct s3_text *text); /* and empties it; frees */
void s3_text_free(struct s3_text *text);
/* Undoes percent-encoding in place, '+' stays; the new size, or SIZE_MAX when it is none. */
size_t s3_decode(char *data, size_t size);

/* Lower-case hexadecimal; `text` has 2 * size + 1 bytes. */
void s3_hex(char *text, const uint8_t *data, size_t size);
/* Of up to 48 bytes; `text` has 4 * ((size + 2) / 3) + 1 bytes. */
void s3_base64(char *text, const uint8_t *data, size_t size);
/* Decimal and nothing else; false when it is none or beyond UINT64_MAX. */
bool s3_number(const char *text, uint64_t *number);

/* "Sun, 06 Nov 1994 08:49:37 GMT" (and the two older forms): nanoseconds since 1970. */
bool s3_http_date(const char *text, int64_t *ns);
/* "2011-12-03T10:15:30.123Z", fraction optional: nanoseconds since 1970. */
bool s3_iso_date(const char *text, int64_t *ns);
/* The same with whole seconds, "2011-12-03T10:15:30Z": 21 bytes. */
void s3_iso_write(char text[21], int64_t ns);
/* "20111203T101530Z": 17 bytes. */
void s3_basic_write(char text[17], int64_t ns);

/* Sums of memory. */
void s3_sha256(const void *data, size_t size, uint8_t sum[S3_SHA256_BYTES]);
void s3_md5(const void *data, size_t size, uint8_t sum[S3_MD5_BYTES]);
/* Sums of contents; either may be NULL.  What the content says, INTERNAL. */
uint32_t s3_content_sums(struct lagan_op *op, const struct lagan_content *content,
                         uint64_t bytes, uint8_t *sha256, uint8_t *md5);

/*
 * request.c: what is asked.
 */

enum s3_method { S3_GET, S3_HEAD, S3_PUT, S3_POST, S3_DELETE };
const char *s3_method_name(enum s3_method method);

/* A query pair or header; the value lies in the request's text. */
struct s3_item {
    const char *name; /* not owned */
    size_t at;
    size_t size;
    bool bare; /* a query without "=" */
};

/* Why a request cannot be sent. */
enum s3_flaw { S3_FLAW_NONE, S3_FLAW_MEMORY, S3_FLAW_COUNT, S3_FLAW_HEADER };

struct s3_request {
    enum s3_method method;
    const char *key; /* NULL = the bucket; not owned */
    size_t key_size;
    const char *bucket; /* another one of the same store; NULL = the client's; not owned */
    struct s3_item queries[S3_QUERY_LIMIT]; /* values are percent-encoded */
    size_t query_count;
    struct s3_item headers[S3_HEADER_LIMIT];
    size_t header_count;
    struct s3_text text;
    enum s3_flaw flaw;

    /* The body: `bytes` of memory or of a content; both NULL = none.  Not owned. */
    const void *body;
    const struct lagan_content *content;
    uint64_t bytes;
    const uint8_t *sha256; /* of the body, or NULL = computed where it is needed */
    bool with_md5;         /* Content-MD5 must be sent */

    bool if_absent;    /* 409 and 412 mean EXISTS; set by s3_add_give */
    bool patient;      /* the store may be silent ten times as long: it copies or joins */
    bool sub_resource; /* 404 may also mean that the sub-resource is not set */
    bool clean_up;     /* goes on when the op is cancelled, for a second at most */
};

/* GET, HEAD and DELETE have no body; the rest gets one through the members. */
struct s3_request s3_request_of(enum s3_method method, const char *key, size_t key_size);
void s3_request_free(struct s3_request *request);
/* `name` lasts as long as the request.  `value` NULL: the name alone, as in ?acl.  It is
 * percent-encoded here. */
void s3_add_query(struct s3_request *request, const char *name, const char *value, size_t size);
void s3_add_query_text(struct s3_request *request, const char *name, const char *value);
void s3_add_query_number(struct s3_request *request, const char *name, uint64_t number);
/* `name` lasts as long as the request, any case.  Values with control characters are a flaw. */
void s3_add_header(struct s3_request *request, const char *name, const char *value);
void s3_add_header_format(struct s3_request *request, const char *name, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* Everything that `give` says, for put, copy and the begin of an upload. NULL is nothing. */
void s3_add_give(struct s3 *client, struct s3_request *request, const struct s3_give *give);
/* The parts of it. */
void s3_add_give_headers(struct s3_request *request, const struct s3_give *give);
void s3_add_give_tags(struct s3_request *request, const struct s3_give *give);
void s3_add_give_rest(struct s3 *client, struct s3_request *request,
                      const struct s3_give *give);

/*
 * answer.c, answer_error.c: what the store said.
 */

/* The error of a body. */
struct s3_error {
    char code[64];
    char message[256];
    char region[S3_REGION_SIZE];
    char endpoint[256]; /* of redirects */
};

struct s3_answer {
    /* What is wanted; all zero: a good body is kept in memory, up to S3_BODY_LIMIT. */

    /* Bytes of a good body at most, in memory or through `take`; 0 = S3_BODY_LIMIT in memory,
     * any number through `take`.  More is CORRUPT. */
    uint64_t body_limit;
    /* Of a good body, for the choice of buffers; 0 = not known. */
    uint64_t expected_bytes;
    /* Looks at status and headers of a good answer before its body; other than OK (with
     * lagan_fail called) ends the call with it.  May be NULL. */
    uint32_t (*accept)(void *context, struct lagan_op *op, const struct s3_answer *answer);
    /* Takes the body of a good answer piece by piece, instead of memory.  Other than OK ends
     * the call with it.  May be NULL. */
    uint32_t (*take)(void *context, const char *data, size_t size);
    void *context;                             /* of both */
    const struct s3_header_collector *headers; /* or NULL; only good answers */

    /* What came. */
    int status;              /* 0 = none */
    struct s3_object object; /* from the headers; bytes = of the whole object */
    bool has_length;         /* Content-Length */
    uint64_t length;         /* as it says */
    bool has_range;          /* Content-Range */
    uint64_t range_first;
    uint64_t range_last;
    uint64_t range_total;        /* UINT64_MAX = not told */
    int64_t date_ns;             /* 0 = none */
    uint32_t retry_after_ms;     /* 0 = none */
    char region[S3_REGION_SIZE]; /* that the bucket is in; "" = not told */
    char location[256];          /* of redirects: the host; "" = not told */
    enum s3_dialect_id hint;     /* which store the headers look like */
    struct s3_text body;         /* of a good answer without `take`, or of an error (bounded) */
    uint64_t body_bytes;         /* that came */
    struct s3_error error;       /* of an error's body */

    /* The parser's own. */
    struct s3_text collected; /* headers, until it is known that the answer is good */
    size_t header_count;
    size_t header_bytes;
    bool from_store; /* a header that only object stores send was there */
    bool on_hold;    /* legal hold */
    bool is_sealed;  /* encrypted so that the ETag is no sum of the content */
    bool is_warm;    /* a warmed copy is there */
    bool is_chunked;
    unsigned interim; /* answers 1xx */
    bool headers_done;
    bool bad;         /* not understood: CORRUPT */
    uint32_t refused; /* what accept, take or a limit said; OK = nothing */
};

/* Sends the request and receives the answer.  OK: the status is 2xx.  Else the class, with
 * lagan_fail() called; outcome, scope and retry-after set.  Renews credentials or the region
 * once where the answer asks for it.  Both structs are freed by the caller, in any case. */
uint32_t s3_execute(struct s3 *client, struct lagan_op *op, struct s3_request *request,
                    struct s3_answer *answer);
void s3_answer_free(struct s3_answer *answer);
/* For a status of 200 whose body is an <Error>: fails with what it says.  When it is none:
 * CORRUPT.  */
uint32_t s3_fail_in_body(struct s3 *client, struct lagan_op *op,
                         const struct s3_request *request, struct s3_answer *answer);
/* True when `body` begins with an <Error> (behind white space and a declaration). */
bool s3_body_is_error(const struct s3_text *body);
/* An answer that makes no sense, a mutation's outcome being unknown: CORRUPT. */
uint32_t s3_fail_answer(struct lagan_op *op, const struct s3_request *request,
                        const struct s3_answer *answer, const char *what);
/* The class that a code of an error (also of a single key in a batch) stands for; `status` 0 =
 * by the code alone. */
uint32_t s3_class_of(int status, const char *code, bool if_absent);
/* ETag and version of the answer into `made`, which may be NULL. */
void s3_answer_made(const struct s3_answer *answer, struct s3_made *made);
/* Copies an ETag without its quotes; cut to fit. */
void s3_etag_copy(char etag[S3_ETAG_SIZE], const char *text, size_t size);

/* Whether objects of that storage class must be warmed before they can be read. */
bool s3_class_is_archive(const char *name);

/* LIMIT or INVALID when the key is none: 1 to S3_KEY_LIMIT bytes without zero. */
uint32_t s3_key_check(struct lagan_op *op, const char *key, size_t key_size);
/* The row of the dialect in force: told, by the host's name, or by the first answer. */
const struct s3_dialect *s3_dialect(const struct s3 *client);
/* Whether content is sent over TLS. */
bool s3_is_tls(const struct s3 *client);

#endif
