/* SPDX-License-Identifier: Apache-2.0 */
/*
 * client.h - the inside of a client: settings, credentials, signatures, connections.  The calls
 * that are built on it (listings, uploads, ...) need s3_private.h only.
 */
#ifndef PLUGINS_COMMON_S3_CLIENT_H
#define PLUGINS_COMMON_S3_CLIENT_H

#include "common/s3/s3_private.h"

#include <curl/curl.h>
#include <pthread.h>
#include <stdatomic.h>

/*
 * settings.c
 */

/* In the order of the parameter `credentials-from`. */
enum s3_origin {
    S3_FROM_GIVEN,
    S3_FROM_ENVIRONMENT,
    S3_FROM_PROFILE,
    S3_FROM_NOBODY,
    S3_FROM_UNSAID
};

/* In the order of the parameter `style`. */
enum s3_style { S3_STYLE_AUTO, S3_STYLE_PATH, S3_STYLE_VIRTUAL };

struct s3_settings {
    char *endpoint;
    char *bucket;
    char *region; /* NULL = by the dialect */
    char *profile;
    char *profile_file;
    char *ca_file;
    struct s3_text secret; /* `credentials` */
    enum s3_origin origin;
    enum s3_style style;
    bool dialect_is_auto;
    enum s3_dialect_id dialect;
    unsigned connections;
    int64_t stall_ns;

    /* From s3_configured. */
    bool tls;
    char *host;      /* of the endpoint, lower case, without the port */
    char *authority; /* host and, unless it is the scheme's own, port */
};

/*
 * credentials.c, ...: whose name requests carry.
 */

enum { S3_SECRET_LIMIT = 64 << 10 };

/* A set of credentials.  Never changes; freed with its last holder. */
struct s3_keys {
    atomic_uint holders;
    char *access;
    char *secret;
    char *token;        /* NULL = none */
    int64_t expires_ns; /* since 1970; 0 = never */
};

/* NULL without memory.  `token` may be NULL. */
struct s3_keys *s3_keys_new(const char *access, const char *secret, const char *token,
                            int64_t expires_ns);
/* NULL is fine. */
void s3_keys_release(struct s3_keys *keys);

/* What a client knows of its credentials. */
struct s3_wallet {
    const struct s3_settings *settings;
    pthread_mutex_t lock; /* held while they are renewed: others wait for the result */
    struct s3_keys *keys; /* NULL = none yet, or anonymous */
};

void s3_wallet_init(struct s3_wallet *wallet, const struct s3_settings *settings);
void s3_wallet_clear(struct s3_wallet *wallet);
/* The credentials of now into `*keys`, to be released by the caller; NULL = anonymous.
 * `refused`: those that the store has just said to be expired, or NULL; they are renewed then.
 * AUTH when there are none, or none that hold. */
uint32_t s3_wallet_keys(struct s3_wallet *wallet, struct lagan_op *op,
                        const struct s3_keys *refused, struct s3_keys **keys);
/* Whether asking again can give others. */
bool s3_wallet_renews(const struct s3_wallet *wallet);

/* credentials_text.c: parts of it; `*keys` is new.  AUTH, INTERNAL. */

/* ACCESS:SECRET[:TOKEN] or JSON.  `from` says where it is from, for people. */
uint32_t s3_keys_parse(struct lagan_op *op, const char *text, size_t size, const char *from,
                       struct s3_keys **keys);
/* A flat JSON object's member into `value`, which is emptied: false when the text is no JSON
 * object.  Members that are no strings are passed over. */
bool s3_json_member(const char *text, size_t size, const char *name, struct s3_text *value);

/* credentials_profile.c. */

/* The value of `name` in the section `profile` of the file's text; NULL when there is none.
 * Ends at a line break or at the end of the text; `*size` without blanks around it. */
const char *s3_profile_find(const char *text, const char *profile, const char *name,
                            size_t *size);
uint32_t s3_keys_from_profile(struct lagan_op *op, const struct s3_settings *settings,
                              struct s3_keys **keys);

/* credentials_command.c: runs the line of a credential process and takes its answer. */
uint32_t s3_keys_from_command(struct lagan_op *op, const char *line, struct s3_keys **keys);

/*
 * sign.c
 */

/* What is signed. */
struct s3_signing {
    const char *method;
    const char *path;  /* encoded */
    const char *query; /* encoded, sorted, every pair with "="; "" = none */
    const struct s3_keys *keys;
    const char *region;
    const char *date;         /* 20111203T101530Z */
    const char *payload_hash; /* hexadecimal, or UNSIGNED-PAYLOAD */
};

/* Value of the Authorization header into `authorization`, over all headers of the request
 * (host, x-amz-date and x-amz-content-sha256 among them).  Signature version 4. */
void s3_sign(const struct s3_signing *signing, const struct s3_request *request,
             struct s3_text *authorization);

/*
 * answer.c: no network in it.
 */

/* Before each attempt: what came is forgotten, what is wanted stays. */
void s3_answer_reset(struct s3_answer *answer);
/* A line of the head, with or without its line break; bytes of the body; the end.  False: the
 * rest is not wanted (`refused`, `bad`). */
bool s3_answer_line(struct s3_answer *answer, struct lagan_op *op, const char *line,
                    size_t size);
bool s3_answer_bytes(struct s3_answer *answer, struct lagan_op *op, const char *data,
                     size_t size);
void s3_answer_end(struct s3_answer *answer, struct lagan_op *op);
static inline bool s3_answer_is_good(const struct s3_answer *answer)
{
    return answer->status >= 200 && answer->status < 300;
}

/*
 * answer_error.c
 */

/* What became of the bytes of a request. */
struct s3_sending {
    bool begun; /* a connection stood and the request was on its way */
    bool whole; /* its last byte was handed over */
};

/* The class of an answer that is not good, with lagan_fail() called. */
uint32_t s3_fail_status(struct s3 *client, struct lagan_op *op,
                        const struct s3_request *request, const struct s3_answer *answer,
                        const struct s3_sending *sending);
/* Sets the outcome in the op: of requests that change something and were sent whole, UNKNOWN;
 * else NOT_DONE.  Returns `result`. */
uint32_t s3_fail_outcome(struct lagan_op *op, const struct s3_request *request,
                         const struct s3_sending *sending, uint32_t result);

/*
 * request.c
 */

/* The flaw of a request, and its key. */
uint32_t s3_request_check(struct lagan_op *op, const struct s3_request *request);
/* The query, sorted; `canonical`: with "=" behind bare names too, as it is signed. */
void s3_request_query(struct s3_request *request, bool canonical, struct s3_text *out);
/* Terminated, of headers. */
const char *s3_item_value(const struct s3_request *request, const struct s3_item *item);

/*
 * payload.c: the body of a request, made ready once for all attempts.
 */

struct s3_payload {
    const uint8_t *data; /* in memory, or NULL: as it goes, from the request's content */
    uint8_t *owned;
    char hash[2 * S3_SHA256_BYTES + 1]; /* hexadecimal, or UNSIGNED-PAYLOAD */
    char md5[2 * S3_MD5_BYTES + 1];     /* base64, "" = not sent */
    char checksum[48];                  /* base64 of the SHA-256, "" = not sent */
};

/* Reads what is needed of the content.  What it says, INTERNAL. */
uint32_t s3_payload_make(struct s3 *client, struct lagan_op *op,
                         const struct s3_request *request, struct s3_payload *payload);
void s3_payload_free(struct s3_payload *payload);

/*
 * connect.c: connections.
 */

struct s3_connection {
    struct s3_connection *next;
    CURL *easy;
    char why[CURL_ERROR_SIZE];
};

struct s3_pool {
    pthread_mutex_t lock;
    pthread_cond_t returned;
    struct s3_connection *idle; /* the last one used first: it is the warmest */
    unsigned count;             /* all that there are */
    unsigned limit;
};

/* False without memory. */
bool s3_pool_init(struct s3_pool *pool, unsigned limit);
void s3_pool_clear(struct s3_pool *pool);
/* Waits for one where all are taken.  CANCELLED, INTERNAL. */
uint32_t s3_pool_take(struct s3_pool *pool, struct lagan_op *op,
                      struct s3_connection **connection);
void s3_pool_give(struct s3_pool *pool, struct s3_connection *connection);

/*
 * client.c
 */

struct s3 {
    uint64_t magic;
    const struct s3_settings *settings;
    struct s3_wallet wallet;
    struct s3_pool pool;
    char *place;
    pthread_mutex_t lock; /* of the region and of changes of features */
    char region[S3_REGION_SIZE];
    bool region_is_sure; /* given, or told by the store */
    atomic_int dialect;  /* enum s3_dialect_id */
    bool probed;
    /* One set that was handed out is never written again: one of each dialect, with and without
     * honoured conditional puts. */
    struct s3_features features[S3_DIALECT_COUNT][2];
    atomic_int conditional; /* which of both */
};

/* Takes what an answer says of the store: its dialect, where it is not known yet. */
void s3_learn(struct s3 *client, const struct s3_answer *answer);
/* The region that is signed for. */
void s3_region_copy(struct s3 *client, char region[S3_REGION_SIZE]);
/* Another region, as the store says; false when it is the same, or no region. */
bool s3_region_set(struct s3 *client, const char *region);
/* Whether the bucket's name stands in the host. */
bool s3_is_virtual(const struct s3 *client, const char *bucket);

/*
 * transfer.c: one attempt.
 */

/* One request on its way. */
struct s3_transfer {
    struct s3 *client;
    struct lagan_op *op;
    struct s3_request *request;
    struct s3_answer *answer;
    const struct s3_payload *payload;
    struct s3_connection *connection;
    struct curl_slist *headers;
    int64_t clean_up_end_ns; /* of requests that clean up: when patience ends */
    uint64_t position;       /* of the content: what was handed over */
    bool begun;
    bool whole;       /* all of it was handed over, once at least */
    bool again;       /* the library wanted to repeat a change */
    uint32_t content; /* what the content said; OK = nothing */
};

/* Sends `request` to `url` with t->headers, and fills t->answer.  What curl says. */
CURLcode s3_transfer_run(struct s3_transfer *t, const char *url);
/* What became of it, with lagan_fail() called unless it is OK. */
uint32_t s3_transfer_judge(struct s3_transfer *t, CURLcode code);

#endif
