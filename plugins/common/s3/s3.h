/* SPDX-License-Identifier: Apache-2.0 */
/*
 * s3.h - a client of object stores that speak S3: AWS S3, Ceph RGW, Swift's S3 API, MinIO,
 * Alibaba OSS, Tencent COS, Huawei OBS, Google's XML API.
 *
 * A client is one bucket of one store with credentials.  All calls may be made from any thread,
 * several at a time; each uses a connection of its own, kept open between calls.  Every call
 * blocks, takes an op and returns a class of <lagan/driver.h> with lagan_fail() called, outcome
 * and retry-after set; nothing is retried, but for one renewal of credentials that have expired
 * and one answer that names the bucket's right region.  Keys are byte strings of 1 to 1024
 * bytes without zero; they are sent as they are (percent-encoded, dots and double slashes
 * kept).
 *
 * Classes.  404 NOT_FOUND (a missing bucket: scope handle), 412 and 409 of conditional puts
 * EXISTS, of other conditions PRECONDITION, 304 PRECONDITION, 401 and wrong signatures AUTH,
 * 403 DENIED (objects under lock IMMUTABLE, quota NO_SPACE), 429, 503 and SlowDown BUSY with
 * retry-after, other 5xx and broken connections TRANSIENT (outcome unknown once the request was
 * sent), InvalidObjectState OFFLINE, 501 UNSUPPORTED, checksums that differ CORRUPT, answers
 * that cannot be understood CORRUPT, EntityTooLarge and long keys LIMIT, redirects to another
 * host DENIED.
 *
 * Sources: "Amazon Simple Storage Service API Reference"; "Signature Version 4 signing
 * process"; what the other stores do differently stands in dialect.h.
 */
#ifndef PLUGINS_COMMON_S3_S3_H
#define PLUGINS_COMMON_S3_S3_H

#include <lagan/driver.h>
#include <lagan/target.h>

#include <stdbool.h>

struct s3;

enum {
    S3_KEY_LIMIT = 1024,
    S3_LIST_LIMIT = 1000,   /* most keys of a page, and of a removal of many */
    S3_PART_LIMIT = 10000,  /* parts of an upload */
    S3_VERSION_SIZE = 1025, /* bytes of a version id with its terminator */
    S3_ETAG_SIZE = 160,
    S3_CLASS_SIZE = 64,
    S3_PART_MINIMUM_BYTES = 5 << 20
};

/*
 * Parameters that all drivers of object stores share: S3_PARAMETERS is a list of struct
 * lagan_parameter rows for the driver's table.  s3_configure() takes a value whose row is one
 * of them.
 *
 *   endpoint       https://HOST[:PORT]; http:// where TLS is not wanted (told by `check`)
 *   bucket         required
 *   region         "us-east-1" unless the dialect or an answer says otherwise
 *   credentials    SECRET: ACCESS:SECRET[:TOKEN] or a JSON object as credential processes give
 *                  it (AccessKeyId, SecretAccessKey, SessionToken, Expiration), which access
 *                  keys with a colon need
 *   credentials-from  given (by `credentials`), environment (AWS_...), profile, none
 *                  (anonymous); default: given when there are any, else environment
 *   profile, profile-file  of the shared credentials file, with credential_process honoured;
 *                  read, and run, again before they expire
 *   style          auto, path, virtual
 *   dialect        auto, aws, rgw, swift, minio, oss, cos, obs, gcs
 *   ca-file        certificates of authorities; the system's when absent
 *   connections    most at a time, 1..256, default 16
 *   stall          (nearly) no byte for so long breaks the connection, default 60s: TRANSIENT
 */
#define S3_PARAMETERS                                                                          \
    {"endpoint",                                                                               \
     LAGAN_PARAMETER_TEXT,                                                                     \
     LAGAN_PARAMETER_REQUIRED,                                                                 \
     NULL,                                                                                     \
     0,                                                                                        \
     0,                                                                                        \
     NULL,                                                                                     \
     "address of the store, https://HOST[:PORT]"},                                             \
        {"bucket", LAGAN_PARAMETER_TEXT, LAGAN_PARAMETER_REQUIRED, NULL, 1, 255,               \
         NULL,     "name of the bucket"},                                                      \
        {"region", LAGAN_PARAMETER_TEXT,                                                       \
         0,        NULL,                                                                       \
         0,        64,                                                                         \
         NULL,     "region that requests are signed for"},                                     \
        {"credentials",                                                                        \
         LAGAN_PARAMETER_SECRET,                                                               \
         0,                                                                                    \
         NULL,                                                                                 \
         0,                                                                                    \
         0,                                                                                    \
         NULL,                                                                                 \
         "ACCESS:SECRET[:TOKEN], or JSON as credential processes give it"},                    \
        {"credentials-from",                                                                   \
         LAGAN_PARAMETER_CHOICE,                                                               \
         0,                                                                                    \
         NULL,                                                                                 \
         0,                                                                                    \
         0,                                                                                    \
         "given|environment|profile|none",                                                     \
         "where credentials come from"},                                                       \
        {"profile", LAGAN_PARAMETER_TEXT,                                                      \
         0,         NULL,                                                                      \
         0,         128,                                                                       \
         NULL,      "profile in the shared credentials file"},                                 \
        {"profile-file", LAGAN_PARAMETER_PATH,         0, NULL, 0, 0,                          \
         NULL,           "the shared credentials file"},                                       \
        {"style",                                                                              \
         LAGAN_PARAMETER_CHOICE,                                                               \
         LAGAN_PARAMETER_ADVANCED,                                                             \
         "auto",                                                                               \
         0,                                                                                    \
         0,                                                                                    \
         "auto|path|virtual",                                                                  \
         "where the bucket's name goes: path or host"},                                        \
        {"dialect",                                                                            \
         LAGAN_PARAMETER_CHOICE,                                                               \
         LAGAN_PARAMETER_ADVANCED,                                                             \
         "auto",                                                                               \
         0,                                                                                    \
         0,                                                                                    \
         "auto|aws|rgw|swift|minio|oss|cos|obs|gcs",                                           \
         "which store it is"},                                                                 \
        {"ca-file", LAGAN_PARAMETER_PATH,                                                      \
         0,         NULL,                                                                      \
         0,         0,                                                                         \
         NULL,      "certificates of the authorities to trust"},                               \
        {"connections", LAGAN_PARAMETER_INTEGER, 0, "16", 1, 256,                              \
         NULL,          "connections at a time"},                                              \
    {                                                                                          \
        "stall", LAGAN_PARAMETER_DURATION, LAGAN_PARAMETER_ADVANCED, "60s", 1000000000,        \
            INT64_C(3600000000000), NULL, "give up when nothing moves for so long"             \
    }

struct s3_settings;
/* Once per process, from `load`. */
uint32_t s3_load(struct lagan_op *op);
/* NULL without memory. */
struct s3_settings *s3_settings_new(void);
/* NULL is fine; wipes secrets. */
void s3_settings_free(struct s3_settings *settings);
/* Takes the parameter `name`; `*taken` is false when it is none of S3_PARAMETERS. */
uint32_t s3_configure(struct s3_settings *settings, struct lagan_op *op, const char *name,
                      const struct lagan_value *value, bool *taken);
/* Cross-checks; from `configured`. */
uint32_t s3_configured(struct s3_settings *settings, struct lagan_op *op);

/* A client into `*client`; `settings` must outlive it.  Touches nothing outside but the sources
 * of credentials. */
uint32_t s3_open(const struct s3_settings *settings, struct lagan_op *op, struct s3 **client);
/* No call is running.  NULL is fine. */
void s3_close(struct s3 *client);

/* What the dialect or a probe says of the store. */
struct s3_features {
    const char *dialect;       /* "aws", ... */
    bool conditional_put;      /* If-None-Match: * holds for put_object; see s3_probe */
    bool conditional_complete; /* and for completing uploads */
    bool versions;             /* it can keep versions */
    bool tags;
    bool acl;
    bool object_lock;
    bool storage_classes;
    bool copy_condition;          /* x-amz-copy-source-if-match is honoured */
    bool remove_many;             /* one request for up to S3_LIST_LIMIT keys */
    bool checksum_header;         /* x-amz-checksum-sha256 is compared */
    bool version_marker_is_wrong; /* NextVersionIdMarker is not to be trusted */
    uint64_t copy_maximum_bytes;  /* of one copy request */
    uint64_t part_maximum_bytes;
};
/* Valid as long as the client; conditional_put only after s3_probe. */
const struct s3_features *s3_features(const struct s3 *client);
/* Finds out, with an object below `prefix` that is removed again, whether conditional puts are
 * honoured; remembered.  Also answers whether the bucket is there and may be written. */
uint32_t s3_probe(struct s3 *client, struct lagan_op *op, const char *prefix);
/* scheme://host:port/bucket. */
const char *s3_place(const struct s3 *client);
const char *s3_bucket(const struct s3 *client);
/* The store's clock, by the Date of a small request. */
uint32_t s3_clock(struct s3 *client, struct lagan_op *op, int64_t *now_ns);

/* A header or tag: name and value, terminated, in UTF-8.  Owned by whoever made it. */
struct s3_pair {
    const char *name;
    const char *value;
};

/* What a put, copy or new upload gives an object.  `{0}` is nothing special. */
struct s3_give {
    const struct s3_pair *headers; /* Content-Type, x-amz-meta-..., as they are sent */
    size_t header_count;
    const struct s3_pair *tags;
    size_t tag_count;
    const char *storage_class; /* NULL = the bucket's */
    const char *lock_mode;     /* GOVERNANCE, COMPLIANCE, or NULL */
    int64_t lock_until_ns;     /* with lock_mode: since 1970 */
    bool legal_hold;
    bool if_absent;       /* EXISTS when the key is taken */
    const char *if_match; /* an ETag without quotes, or NULL */
};

/* What came of it. */
struct s3_made {
    char etag[S3_ETAG_SIZE];       /* without quotes; "" = not told */
    char version[S3_VERSION_SIZE]; /* "" = none */
};

/* An object as HEAD, GET or a listing tell it. */
struct s3_object {
    const char *key; /* as long as the call; NULL from s3_head and s3_get */
    size_t key_size;
    uint64_t bytes;
    int64_t modified_ns; /* whole seconds from HEAD and GET, milliseconds from listings */
    char etag[S3_ETAG_SIZE];
    char version[S3_VERSION_SIZE];     /* "" = none; "null" is an id too */
    char storage_class[S3_CLASS_SIZE]; /* "" = STANDARD */
    bool current;                      /* of listings of versions */
    bool marker;                       /* a delete marker */
    char replication[16];              /* HEAD: x-amz-replication-status */
    int64_t lock_until_ns;             /* HEAD */
    bool archived;                     /* HEAD, GET: must be warmed first; OFFLINE to read */
    bool warming;                      /* is being warmed */
};

/* Receives the headers of an answer that belong to an object: names in lower case. */
struct s3_header_collector {
    void *context;
    void (*add)(void *context, const char *name, const char *value);
};

/* Receives objects in key order; a result other than OK ends the call with it. */
struct s3_object_collector {
    void *context;
    uint32_t (*add)(void *context, const struct s3_object *object);
};

/* Puts `bytes` from `content` in one request.  `sha256`: 32 bytes or NULL; sent as the signed
 * payload hash (and as a checksum where the store keeps one); without it the content is read
 * twice over http and sent unsigned over https.  Content-MD5 is sent where the dialect has no
 * better.  `made` may be NULL. */
uint32_t s3_put(struct s3 *client, struct lagan_op *op, const char *key, size_t key_size,
                uint64_t bytes, const struct lagan_content *content, const uint8_t *sha256,
                const struct s3_give *give, struct s3_made *made);
/* Delivers exactly `length` bytes from `offset` (LAGAN_TO_THE_END) to `sink`; lengths of the
 * answer are checked.  `version` NULL = the current one; `if_match` an ETag or NULL
 * (PRECONDITION).  `told`, `headers` may be NULL; both know what they will before the first
 * byte comes, and still do when the sink ends the call. */
uint32_t s3_get(struct s3 *client, struct lagan_op *op, const char *key, size_t key_size,
                const char *version, const char *if_match, uint64_t offset, uint64_t length,
                const struct lagan_sink *sink, struct s3_object *told,
                const struct s3_header_collector *headers);
/* NOT_FOUND also for a delete marker, with `told->marker` set. */
uint32_t s3_head(struct s3 *client, struct lagan_op *op, const char *key, size_t key_size,
                 const char *version, struct s3_object *told,
                 const struct s3_header_collector *headers);
/* Absent is OK.  `bypass`: of a GOVERNANCE lock. */
uint32_t s3_remove(struct s3 *client, struct lagan_op *op, const char *key, size_t key_size,
                   const char *version, bool bypass, struct s3_made *made);

/* One of those that s3_remove_many takes, and what became of it. */
struct s3_removal {
    const char *key;
    size_t key_size;
    const char *version; /* or NULL */
    uint32_t result;     /* a class */
};
/* Up to S3_LIST_LIMIT; one by one where the store cannot.  OK when the request worked, whatever
 * the single results are. */
uint32_t s3_remove_many(struct s3 *client, struct lagan_op *op, struct s3_removal *removals,
                        size_t count);

/* Copies within the store.  `keep`: headers, tags and class of the original except for what
 * `give` has; else only what `give` has.  In parts when `from->bytes` is beyond
 * copy_maximum_bytes; an original that changes meanwhile is PRECONDITION, and nothing stays of
 * the copy.  Conditions of `give` are looked at just before, not by the store.  With `keep`, a
 * class in `give` saves a request where the store has classes.  A 200 answer with an error in
 * its body is an error.  Where tags cannot be sent along (RGW) they are put afterwards: when
 * that fails, the outcome is DONE. */
struct s3_original {
    const char *bucket; /* NULL = the client's own */
    const char *key;
    size_t key_size;
    const char *version;  /* or NULL */
    const char *if_match; /* ETag, or NULL */
    uint64_t bytes;
};
uint32_t s3_copy(struct s3 *client, struct lagan_op *op, const struct s3_original *from,
                 const char *key, size_t key_size, bool keep, const struct s3_give *give,
                 struct s3_made *made);

/* Uploads in parts.  An upload belongs to its client; parts may be put from several threads.
 * Conditions of `give` are not looked at: see s3_upload_complete. */
struct s3_upload;
uint32_t s3_upload_begin(struct s3 *client, struct lagan_op *op, const char *key,
                         size_t key_size, const struct s3_give *give,
                         struct s3_upload **upload);
/* An upload of an earlier process: `id` as s3_upload_id told it; what parts are there is asked
 * for.  NOT_FOUND when it is over, but for Swift, which still tells its parts.  Tags that were
 * given at its begin are lost where they cannot be sent along (RGW): put them afterwards. */
uint32_t s3_upload_resume(struct s3 *client, struct lagan_op *op, const char *key,
                          size_t key_size, const char *id, struct s3_upload **upload);
const char *s3_upload_id(const struct s3_upload *upload);
/* Whether part `number` (from 1) is there, and with how many bytes. */
bool s3_upload_has(const struct s3_upload *upload, uint32_t number, uint64_t *bytes);
uint32_t s3_upload_part(struct s3_upload *upload, struct lagan_op *op, uint32_t number,
                        uint64_t bytes, const struct lagan_content *content,
                        const uint8_t *sha256);
uint32_t s3_upload_part_copy(struct s3_upload *upload, struct lagan_op *op, uint32_t number,
                             const struct s3_original *from, uint64_t offset, uint64_t length);
/* Of parts 1 to `parts`; INVALID when one was never put.  Frees the upload, also on failure
 * (then it is aborted, unless the outcome is unknown, even after a look at what is there).
 * `if_absent` is kept by the store where s3_features say conditional_complete, else by a look
 * just before.  With `made` (may be NULL) a store that tells no ETag or version is asked. */
uint32_t s3_upload_complete(struct s3_upload *upload, struct lagan_op *op, uint32_t parts,
                            bool if_absent, struct s3_made *made);
/* Frees it and removes what was uploaded; errors are logged. */
void s3_upload_abort(struct s3_upload *upload);
/* Frees it and leaves the parts in the store, for s3_upload_resume. */
void s3_upload_leave(struct s3_upload *upload);
/* Aborts the uploads below `prefix` that began before `before_ns`; counts them. */
uint32_t s3_uploads_sweep(struct s3 *client, struct lagan_op *op, const char *prefix,
                          int64_t before_ns, uint64_t *removed);

/* One page of a listing. */
struct s3_page {
    const char *prefix;
    size_t prefix_size;
    const char *after; /* a key; "" = from the first */
    size_t after_size;
    const char *after_version; /* of versions: behind this one of the key `after`, or NULL */
    uint32_t limit;            /* 1..S3_LIST_LIMIT */
};
/* Objects behind `after`, in the order of the bytes of their keys: checked, as are the prefix
 * and that the page moves on (CORRUPT).  `*more`: others follow. */
uint32_t s3_list(struct s3 *client, struct lagan_op *op, const struct s3_page *page,
                 const struct s3_object_collector *objects, bool *more);
/* All versions and markers, by key, newest first. */
uint32_t s3_list_versions(struct s3 *client, struct lagan_op *op, const struct s3_page *page,
                          const struct s3_object_collector *objects, bool *more);

/* Tags of an object, as pairs; the names and values are only valid during the call. */
struct s3_pair_collector {
    void *context;
    uint32_t (*add)(void *context, const char *name, const char *value);
};
uint32_t s3_tags_get(struct s3 *client, struct lagan_op *op, const char *key, size_t key_size,
                     const char *version, const struct s3_pair_collector *tags);
uint32_t s3_tags_put(struct s3 *client, struct lagan_op *op, const char *key, size_t key_size,
                     const char *version, const struct s3_pair *tags, size_t count);
/* The ACL document as the store writes it, up to 64 KiB; `*text` is from malloc. */
uint32_t s3_acl_get(struct s3 *client, struct lagan_op *op, const char *key, size_t key_size,
                    const char *version, char **text, size_t *size);
uint32_t s3_acl_put(struct s3 *client, struct lagan_op *op, const char *key, size_t key_size,
                    const char *version, const char *text, size_t size);

/* Whether versions are kept: enum lagan_versions of <lagan/source.h>. */
uint32_t s3_versioning(struct s3 *client, struct lagan_op *op, uint32_t *versions);
/* Whether the bucket has object lock. */
uint32_t s3_bucket_lock(struct s3 *client, struct lagan_op *op, bool *on);
/* Makes the bucket; EXISTS when it is ours already. */
uint32_t s3_bucket_create(struct s3 *client, struct lagan_op *op, bool with_lock);
uint32_t s3_lock_put(struct s3 *client, struct lagan_op *op, const char *key, size_t key_size,
                     const char *version, const char *mode, int64_t until_ns);
/* Asks for an archived object to be readable for `days`; OK also when it is under way. */
uint32_t s3_warm(struct s3 *client, struct lagan_op *op, const char *key, size_t key_size,
                 const char *version, uint32_t days);

#endif
