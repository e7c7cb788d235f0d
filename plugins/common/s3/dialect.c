/* SPDX-License-Identifier: Apache-2.0 */
/* dialect.c - looks things up in the table of dialects. */
#include "common/s3/dialect.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

static const struct s3_dialect rows[] = {
#define X(symbol, name_, prefix_, server_, suffix_, before_, region_, copy_, marks_)           \
    [S3_DIALECT_##symbol] = {.name = name_,                                                    \
                             .prefix = prefix_,                                                \
                             .server = server_,                                                \
                             .host_suffix = suffix_,                                           \
                             .host_prefix = before_,                                           \
                             .region = region_,                                                \
                             .copy_maximum_bytes = copy_,                                      \
                             .marks = marks_},
    S3_DIALECTS(X)
#undef X
};

const struct s3_dialect *s3_dialect_row(enum s3_dialect_id id)
{
    return &rows[id];
}

enum s3_dialect_id s3_dialect_named(const char *name)
{
    int id = 0;
    while (id < S3_DIALECT_COUNT && strcmp(rows[id].name, name) != 0)
        id++;
    return (enum s3_dialect_id)id;
}

static bool ends_with(const char *text, const char *end)
{
    size_t size = strlen(text);
    size_t end_size = strlen(end);
    return size >= end_size && strcasecmp(text + size - end_size, end) == 0;
}

enum s3_dialect_id s3_dialect_of_host(const char *host)
{
    for (int id = 0; id < S3_DIALECT_COUNT; id++)
        if (rows[id].host_suffix && ends_with(host, rows[id].host_suffix))
            return (enum s3_dialect_id)id;
    return S3_DIALECT_GENERIC;
}

enum s3_dialect_id s3_dialect_of_header(const char *name, const char *value)
{
    if (strcmp(name, "x-trans-id") == 0 || strcmp(name, "x-openstack-request-id") == 0)
        return S3_DIALECT_SWIFT;
    /* Swift has such ids too, but tells the above as well. */
    if (strcmp(name, "x-amz-request-id") == 0 && strncmp(value, "tx0000", 6) == 0)
        return S3_DIALECT_RGW;
    if (strcmp(name, "server") != 0)
        return S3_DIALECT_GENERIC;
    for (int id = 0; id < S3_DIALECT_COUNT; id++)
        if (rows[id].server && strncmp(value, rows[id].server, strlen(rows[id].server)) == 0)
            return (enum s3_dialect_id)id;
    return S3_DIALECT_GENERIC;
}

/* s3.eu-west-1.amazonaws.com, oss-cn-hangzhou.aliyuncs.com: what stands between; at other
 * places a word that is no region (s3.dualstack..., -internal) stands there too. */
bool s3_dialect_region(enum s3_dialect_id id, const char *host, char *region, size_t room)
{
    const struct s3_dialect *row = &rows[id];
    size_t skipped;
    size_t size;
    if (!row->host_prefix || !ends_with(host, row->host_suffix))
        return false;
    skipped = strlen(row->host_prefix);
    size = strlen(host) - strlen(row->host_suffix);
    if (size <= skipped || strncasecmp(host, row->host_prefix, skipped) != 0)
        return false;
    host += skipped;
    size -= skipped;
    if (size > 10 && strncasecmp(host, "dualstack.", 10) == 0) {
        host += 10;
        size -= 10;
    }
    if (size > 9 && strncasecmp(host + size - 9, "-internal", 9) == 0)
        size -= 9;
    if (memchr(host, '.', size) || !memchr(host, '-', size) || size >= room)
        return false;
    snprintf(region, room, "%.*s", (int)size, host);
    return true;
}
