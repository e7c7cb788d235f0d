/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dialect.h - what the stores that speak S3 do differently, in one table.
 *
 * `auto` takes the dialect by the name of the endpoint's host (`host_suffix`); where that says
 * nothing, by what the first answer looks like (`server`, a start of its Server header; RGW and
 * Swift by their request ids).  Until then, and where nothing fits, GENERIC holds: what every
 * store can be expected to do.
 *
 * Sources: the stores' own descriptions of their S3 interfaces; RGW 16.2 and Swift 2.30 as they
 * were seen to behave.
 */
#ifndef PLUGINS_COMMON_S3_DIALECT_H
#define PLUGINS_COMMON_S3_DIALECT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What a store is known to do: bits of struct s3_dialect.marks. */
enum {
    S3_CAN_VERSIONS = 1 << 0,
    S3_CAN_TAGS = 1 << 1,
    S3_CAN_ACL = 1 << 2,
    S3_CAN_LOCK = 1 << 3,
    S3_CAN_CLASSES = 1 << 4,
    S3_CAN_REMOVE_MANY = 1 << 5,
    /* Conditional puts are honoured; a probe decides all the same. */
    S3_CAN_PUT_IF_ABSENT = 1 << 6,
    /* If-None-Match of CompleteMultipartUpload is honoured. */
    S3_CAN_COMPLETE_IF_ABSENT = 1 << 7,
    /* x-amz-copy-source-if-match is honoured. */
    S3_CAN_COPY_IF_MATCH = 1 << 8,
    /* x-amz-checksum-sha256 is compared. */
    S3_CAN_CHECKSUM = 1 << 9,
    /* x-amz-content-sha256 is compared with what came; else Content-MD5 is sent. */
    S3_CAN_PAYLOAD_HASH = 1 << 10,
    /* The bucket's name goes into the host unless `style` says otherwise. */
    S3_IS_VIRTUAL = 1 << 11,
    /* NextVersionIdMarker is wrong: the last VersionId is the marker. */
    S3_IS_MARKER_WRONG = 1 << 12,
    /* If-Match of puts is compared without quotes. */
    S3_IS_MATCH_BARE = 1 << 13,
    /* Listings by ListObjects with a marker: ListObjectsV2 is not known to work. */
    S3_IS_LIST_V1 = 1 << 14,
    /* Copies and uploads in parts take no tags with them: they are put afterwards. */
    S3_IS_TAGS_APART = 1 << 15,
    /* An ETag of 32 hex digits is the MD5 of what was put, unless that is encrypted with a key
     * of its own. */
    S3_IS_ETAG_SUM = 1 << 16
};

/* All rows have these. */
#define S3_MARKS_USUAL                                                                         \
    (S3_CAN_VERSIONS | S3_CAN_TAGS | S3_CAN_ACL | S3_CAN_CLASSES | S3_CAN_REMOVE_MANY)

#define S3_GIB(n) ((uint64_t)(n) << 30)

/*
 * X(symbol, name, prefix, server, host_suffix, host_prefix, region, copy_maximum, marks)
 *
 *   prefix        of headers in answers, read as if it were x-amz-
 *   server        how the Server header starts; NULL = not told by it
 *   host_suffix   how names of its hosts end; NULL = they are the owner's
 *   host_prefix   what stands before the region in names of hosts; NULL = none is in them
 *   region        that is signed for when none is given or found in the name
 *   copy_maximum  bytes that one copy request may copy
 */
#define S3_DIALECTS(X)                                                                         \
    X(GENERIC, "generic", "x-amz-", NULL, NULL, NULL, "us-east-1", S3_GIB(5),                  \
      S3_CAN_VERSIONS | S3_CAN_ACL | S3_IS_LIST_V1)                                            \
    X(AWS, "aws", "x-amz-", "AmazonS3", ".amazonaws.com", "s3.", "us-east-1", S3_GIB(5),       \
      S3_MARKS_USUAL | S3_CAN_LOCK | S3_CAN_PUT_IF_ABSENT | S3_CAN_COMPLETE_IF_ABSENT |        \
          S3_CAN_COPY_IF_MATCH | S3_CAN_CHECKSUM | S3_CAN_PAYLOAD_HASH | S3_IS_VIRTUAL |       \
          S3_IS_ETAG_SUM)                                                                      \
    X(RGW, "rgw", "x-amz-", "Ceph", NULL, NULL, "us-east-1", S3_GIB(5),                        \
      S3_MARKS_USUAL | S3_CAN_LOCK | S3_CAN_PUT_IF_ABSENT | S3_CAN_PAYLOAD_HASH |              \
          S3_IS_MATCH_BARE | S3_IS_TAGS_APART | S3_IS_ETAG_SUM)                                \
    X(SWIFT, "swift", "x-amz-", NULL, NULL, NULL, "us-east-1", S3_GIB(5),                      \
      S3_CAN_VERSIONS | S3_CAN_ACL | S3_CAN_REMOVE_MANY | S3_CAN_COMPLETE_IF_ABSENT |          \
          S3_CAN_COPY_IF_MATCH | S3_CAN_PAYLOAD_HASH | S3_IS_MARKER_WRONG | S3_IS_ETAG_SUM)    \
    X(MINIO, "minio", "x-amz-", "MinIO", NULL, NULL, "us-east-1", S3_GIB(5),                   \
      S3_MARKS_USUAL | S3_CAN_LOCK | S3_CAN_PUT_IF_ABSENT | S3_CAN_COPY_IF_MATCH |             \
          S3_CAN_CHECKSUM | S3_CAN_PAYLOAD_HASH | S3_IS_ETAG_SUM)                              \
    X(OSS, "oss", "x-oss-", "AliyunOSS", ".aliyuncs.com", "oss-", "cn-hangzhou", S3_GIB(1),    \
      S3_MARKS_USUAL | S3_CAN_COPY_IF_MATCH | S3_IS_VIRTUAL)                                   \
    X(COS, "cos", "x-cos-", "tencent-cos", ".myqcloud.com", "cos.", "ap-guangzhou", S3_GIB(5), \
      S3_MARKS_USUAL | S3_CAN_COPY_IF_MATCH | S3_IS_VIRTUAL | S3_IS_LIST_V1)                   \
    X(OBS, "obs", "x-obs-", "OBS", ".myhuaweicloud.com", "obs.", "cn-north-1", S3_GIB(5),      \
      S3_MARKS_USUAL | S3_CAN_COPY_IF_MATCH | S3_IS_VIRTUAL | S3_IS_LIST_V1)                   \
    X(GCS, "gcs", "x-goog-", "UploadServer", "storage.googleapis.com", NULL, "auto",           \
      S3_GIB(5), S3_CAN_ACL | S3_CAN_CLASSES)

enum s3_dialect_id {
#define X(symbol, name, prefix, server, host_suffix, host_prefix, region, copy, marks)         \
    S3_DIALECT_##symbol,
    S3_DIALECTS(X)
#undef X
        S3_DIALECT_COUNT
};

struct s3_dialect {
    const char *name;
    const char *prefix;
    const char *server;
    const char *host_suffix;
    const char *host_prefix;
    const char *region;
    uint64_t copy_maximum_bytes;
    uint32_t marks;
};

/* A row; `id` below S3_DIALECT_COUNT. */
const struct s3_dialect *s3_dialect_row(enum s3_dialect_id id);
/* By its name; S3_DIALECT_COUNT when there is none. */
enum s3_dialect_id s3_dialect_named(const char *name);
/* By the name of a host; GENERIC when it says nothing. */
enum s3_dialect_id s3_dialect_of_host(const char *host);
/* By a header of an answer (its name in lower case); GENERIC when it says nothing. */
enum s3_dialect_id s3_dialect_of_header(const char *name, const char *value);
/* The region that stands in the name of a host into `region` of `room` bytes; false when there
 * is none. */
bool s3_dialect_region(enum s3_dialect_id id, const char *host, char *region, size_t room);

#endif
