/* SPDX-License-Identifier: Apache-2.0 */
/* settings.c - the parameters that drivers of object stores share. */
#include "common/s3/client.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PORT_MOST = 65535, HOST_LIMIT = 253 };

struct s3_settings *s3_settings_new(void)
{
    struct s3_settings *s = calloc(1, sizeof *s);
    if (!s)
        return NULL;
    s->origin = S3_FROM_UNSAID;
    s->dialect_is_auto = true;
    s->connections = 16;
    s->stall_ns = INT64_C(60000000000);
    return s;
}

void s3_settings_free(struct s3_settings *s)
{
    if (!s)
        return;
    free(s->endpoint);
    free(s->bucket);
    free(s->region);
    free(s->profile);
    free(s->profile_file);
    free(s->ca_file);
    free(s->host);
    free(s->authority);
    s3_text_wipe(&s->secret);
    free(s);
}

static uint32_t keep(struct lagan_op *op, char **place, const struct lagan_value *value)
{
    char *copy = strndup(value->text, value->size);
    if (!copy)
        return lagan_fail(op, LAGAN_INTERNAL, 0, "out of memory");
    free(*place);
    *place = copy;
    return LAGAN_OK;
}

static uint32_t keep_secret(struct s3_settings *s, struct lagan_op *op,
                            const struct lagan_value *value)
{
    s3_text_wipe(&s->secret);
    s3_text_add(&s->secret, value->text, value->size);
    return s->secret.failed ? lagan_fail(op, LAGAN_INTERNAL, 0, "out of memory") : LAGAN_OK;
}

static void set_dialect(struct s3_settings *s, const char *name)
{
    enum s3_dialect_id id = s3_dialect_named(name);
    s->dialect_is_auto = id == S3_DIALECT_COUNT;
    s->dialect = s->dialect_is_auto ? S3_DIALECT_GENERIC : id;
}

uint32_t s3_configure(struct s3_settings *s, struct lagan_op *op, const char *name,
                      const struct lagan_value *value, bool *taken)
{
    const struct {
        const char *name;
        char **place;
    } texts[] = {{"endpoint", &s->endpoint},
                 {"bucket", &s->bucket},
                 {"region", &s->region},
                 {"profile", &s->profile},
                 {"profile-file", &s->profile_file},
                 {"ca-file", &s->ca_file}};
    *taken = true;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        if (strcmp(name, texts[i].name) == 0)
            return keep(op, texts[i].place, value);
    if (strcmp(name, "credentials") == 0)
        return keep_secret(s, op, value);
    if (strcmp(name, "credentials-from") == 0)
        s->origin = (enum s3_origin)value->number;
    else if (strcmp(name, "style") == 0)
        s->style = (enum s3_style)value->number;
    else if (strcmp(name, "dialect") == 0)
        set_dialect(s, value->text);
    else if (strcmp(name, "connections") == 0)
        s->connections = (unsigned)value->number;
    else if (strcmp(name, "stall") == 0)
        s->stall_ns = value->number;
    else
        *taken = false;
    return LAGAN_OK;
}

static bool is_host(const char *text, size_t size)
{
    bool number = size > 2 && text[0] == '[' && text[size - 1] == ']';
    if (size < 1 || size > HOST_LIMIT)
        return false;
    for (size_t i = number ? 1 : 0; i < size - (number ? 1 : 0); i++) {
        unsigned char c = (unsigned char)text[i];
        if (number ? !isxdigit(c) && c != ':' && c != '.' : !isalnum(c) && !strchr("-._", c))
            return false;
    }
    return true;
}

/* The text behind the scheme, or NULL. */
static const char *skip_scheme(const char *endpoint, bool *tls)
{
    *tls = strncmp(endpoint, "https://", 8) == 0;
    if (*tls)
        return endpoint + 8;
    return strncmp(endpoint, "http://", 7) == 0 ? endpoint + 7 : NULL;
}

/* Where the host ends: at the port's colon, or at the end. */
static size_t host_size(const char *host)
{
    const char *bracket = host[0] == '[' ? strchr(host, ']') : NULL;
    const char *colon = strchr(bracket ? bracket : host, ':');
    return colon ? (size_t)(colon - host) : strlen(host);
}

static uint32_t set_host(struct s3_settings *s, struct lagan_op *op, const char *host,
                         size_t size, uint64_t port)
{
    char authority[HOST_LIMIT + 8];
    uint64_t usual = s->tls ? 443 : 80;
    free(s->host);
    free(s->authority);
    s->host = strndup(host, size);
    for (size_t i = 0; s->host && i < size; i++)
        s->host[i] = (char)tolower((unsigned char)s->host[i]);
    if (s->host && port != usual)
        snprintf(authority, sizeof authority, "%s:%u", s->host, (unsigned)port);
    s->authority = s->host ? strdup(port != usual ? authority : s->host) : NULL;
    return s->authority ? LAGAN_OK : lagan_fail(op, LAGAN_INTERNAL, 0, "out of memory");
}

static uint32_t take_endpoint(struct s3_settings *s, struct lagan_op *op)
{
    char text[HOST_LIMIT + 16];
    const char *host = s->endpoint ? skip_scheme(s->endpoint, &s->tls) : NULL;
    size_t size = host ? strlen(host) : 0;
    uint64_t port = s->tls ? 443 : 80;
    if (size > 0 && host[size - 1] == '/')
        size--;
    if (!host || size >= sizeof text)
        return lagan_fail(op, LAGAN_INVALID, 0,
                          "endpoint: https://HOST[:PORT] or http://HOST[:PORT] is allowed");
    snprintf(text, sizeof text, "%.*s", (int)size, host);
    size = host_size(text);
    if (!is_host(text, size) || (text[size] == ':' && (!s3_number(text + size + 1, &port) ||
                                                       port < 1 || port > PORT_MOST)))
        return lagan_fail(op, LAGAN_INVALID, 0,
                          "endpoint: a name or address and a port are allowed behind the "
                          "scheme, no path and nothing else");
    return set_host(s, op, text, size, port);
}

/* Older buckets may have capitals and underscores. */
static uint32_t check_bucket(const struct s3_settings *s, struct lagan_op *op)
{
    const char *c = s->bucket ? s->bucket : "";
    if (!*c || !isalnum((unsigned char)*c))
        return lagan_fail(op, LAGAN_INVALID, 0,
                          "bucket: the name begins with a letter or digit");
    for (; *c; c++)
        if (!isalnum((unsigned char)*c) && !strchr("-._", *c))
            return lagan_fail(op, LAGAN_INVALID, 0,
                              "bucket: letters, digits, '-', '.' and '_' are allowed");
    return LAGAN_OK;
}

static uint32_t check_origin(struct s3_settings *s, struct lagan_op *op)
{
    struct s3_keys *keys = NULL;
    if (s->origin == S3_FROM_UNSAID)
        s->origin = s->secret.size > 0              ? S3_FROM_GIVEN
                    : s->profile || s->profile_file ? S3_FROM_PROFILE
                                                    : S3_FROM_ENVIRONMENT;
    if (s->origin == S3_FROM_GIVEN && s->secret.size == 0)
        return lagan_fail(op, LAGAN_INVALID, 0,
                          "credentials-from=given needs the parameter credentials");
    if (s->origin != S3_FROM_GIVEN && s->secret.size > 0)
        return lagan_fail(op, LAGAN_INVALID, 0,
                          "credentials are given, but credentials-from says otherwise");
    if (s->origin != S3_FROM_GIVEN)
        return LAGAN_OK;
    if (s3_keys_parse(op, s->secret.data, s->secret.size, "credentials", &keys) != LAGAN_OK)
        return lagan_fail(
            op, LAGAN_INVALID, 0,
            "credentials: ACCESS:SECRET[:TOKEN] is allowed, or a JSON object with "
            "AccessKeyId and SecretAccessKey");
    s3_keys_release(keys);
    return LAGAN_OK;
}

static uint32_t check_region(const struct s3_settings *s, struct lagan_op *op)
{
    for (const char *c = s->region ? s->region : ""; *c; c++)
        if (!isalnum((unsigned char)*c) && *c != '-' && *c != '_')
            return lagan_fail(op, LAGAN_INVALID, 0,
                              "region: letters, digits, '-' and '_' are allowed");
    return LAGAN_OK;
}

uint32_t s3_configured(struct s3_settings *s, struct lagan_op *op)
{
    uint32_t result = take_endpoint(s, op);
    if (result == LAGAN_OK)
        result = check_bucket(s, op);
    if (result == LAGAN_OK)
        result = check_region(s, op);
    if (result == LAGAN_OK && s->dialect_is_auto)
        s->dialect = s3_dialect_of_host(s->host);
    if (result == LAGAN_OK)
        result = check_origin(s, op);
    return result;
}
