/* SPDX-License-Identifier: Apache-2.0 */
/* execute.c - sends a request, signed, and again where the answer says what was wrong with it.
 */
#include "common/s3/client.h"

#include <string.h>
#include <strings.h>

/* One call. */
struct call {
    struct s3 *client;
    struct lagan_op *op;
    struct s3_request *request;
    struct s3_answer *answer;
    struct s3_payload payload;
    struct s3_keys *keys;
    char region[S3_REGION_SIZE];
    bool renewed; /* the credentials */
    bool moved;   /* the region */
};

static const char *bucket_of(const struct s3 *client, const struct s3_request *request)
{
    return request->bucket ? request->bucket : client->settings->bucket;
}

static void add_host(const struct s3 *client, const struct s3_request *request,
                     struct s3_text *out)
{
    const char *bucket = bucket_of(client, request);
    if (s3_is_virtual(client, bucket))
        s3_text_format(out, "%s.", bucket);
    s3_text_string(out, client->settings->authority);
}

static void add_path(const struct s3 *client, const struct s3_request *request,
                     struct s3_text *out)
{
    const char *bucket = bucket_of(client, request);
    bool is_virtual = s3_is_virtual(client, bucket);
    s3_text_string(out, "/");
    if (!is_virtual)
        s3_text_encode(out, bucket, strlen(bucket), false);
    if (!request->key)
        return;
    if (!is_virtual)
        s3_text_string(out, "/");
    s3_text_encode(out, request->key, request->key_size, true);
}

static void sign(struct call *c, const struct s3_text *path, const char *host)
{
    struct s3_text query = {0};
    struct s3_text authorization = {0};
    char date[17];
    s3_basic_write(date, lagan_host_table->wall_ns());
    s3_add_header(c->request, "host", host);
    s3_add_header(c->request, "x-amz-date", date);
    s3_add_header(c->request, "x-amz-content-sha256", c->payload.hash);
    if (c->keys->token)
        s3_add_header(c->request, "x-amz-security-token", c->keys->token);
    s3_request_query(c->request, true, &query);
    struct s3_signing signing = {.method = s3_method_name(c->request->method),
                                 .path = path->data,
                                 .query = query.data ? query.data : "",
                                 .keys = c->keys,
                                 .region = c->region,
                                 .date = date,
                                 .payload_hash = c->payload.hash};
    authorization.failed = query.failed;
    s3_sign(&signing, c->request, &authorization);
    if (authorization.failed)
        c->request->flaw = S3_FLAW_MEMORY;
    else
        s3_add_header(c->request, "authorization", authorization.data);
    s3_text_free(&query);
    s3_text_free(&authorization);
}

static void remove_header(struct s3_request *request, const char *name)
{
    for (size_t i = 0; i < request->header_count; i++)
        if (strcasecmp(request->headers[i].name, name) == 0)
            request->headers[i] = request->headers[--request->header_count];
}

/* All that goes with the body. */
static void add_body_headers(struct call *c)
{
    if (c->payload.md5[0])
        s3_add_header(c->request, "content-md5", c->payload.md5);
    if (c->payload.checksum[0] && c->request->key && c->request->method == S3_PUT)
        s3_add_header(c->request, "x-amz-checksum-sha256", c->payload.checksum);
}

static bool append(struct curl_slist **list, const char *line)
{
    struct curl_slist *longer = curl_slist_append(*list, line);
    if (longer)
        *list = longer;
    return longer != NULL;
}

static bool has_header(const struct s3_request *request, const char *name)
{
    for (size_t i = 0; i < request->header_count; i++)
        if (strcasecmp(request->headers[i].name, name) == 0)
            return true;
    return false;
}

/* What the library would add by itself is left out; it waits for 100 Continue with long bodies
 * alone. */
static bool append_own(struct curl_slist **list, const struct s3_request *request)
{
    return append(list, "Accept:") && append(list, "User-Agent: lagan") &&
           (has_header(request, "content-type") || append(list, "Content-Type:")) &&
           append(list,
                  request->bytes >= S3_EXPECT_BODY_BYTES ? "Expect: 100-continue" : "Expect:");
}

static bool list_headers(const struct s3_request *request, struct curl_slist **list)
{
    struct s3_text line = {0};
    bool good = append_own(list, request);
    for (size_t i = 0; i < request->header_count && good; i++) {
        const struct s3_item *item = &request->headers[i];
        line.size = 0;
        /* A header without a value has a semicolon here, and none on the wire. */
        s3_text_format(&line, "%s%s%s", item->name, item->size ? ": " : ";",
                       s3_item_value(request, item));
        good = !line.failed && append(list, line.data);
    }
    s3_text_free(&line);
    return good;
}

static void add_url(const struct s3 *client, struct s3_request *request, const char *host,
                    const struct s3_text *path, struct s3_text *url)
{
    s3_text_format(url, "%s://%s%s", client->settings->tls ? "https" : "http", host,
                   path->data ? path->data : "");
    if (request->query_count > 0) {
        s3_text_string(url, "?");
        s3_request_query(request, false, url);
    }
}

/* URL and headers of an attempt. */
static uint32_t prepare(struct call *c, struct s3_text *url, struct curl_slist **headers)
{
    struct s3_text host = {0};
    struct s3_text path = {0};
    add_host(c->client, c->request, &host);
    add_path(c->client, c->request, &path);
    if (!host.failed && !path.failed) {
        add_body_headers(c);
        remove_header(c->request, "authorization");
        remove_header(c->request, "x-amz-security-token");
        if (c->keys)
            sign(c, &path, host.data);
        add_url(c->client, c->request, host.data, &path, url);
    } else
        c->request->flaw = S3_FLAW_MEMORY;
    s3_text_free(&host);
    s3_text_free(&path);
    uint32_t result = s3_request_check(c->op, c->request);
    if (result == LAGAN_OK && (url->failed || !list_headers(c->request, headers)))
        result = lagan_fail(c->op, LAGAN_INTERNAL, 0, "out of memory");
    return result;
}

static uint32_t attempt(struct call *c)
{
    struct s3_text url = {0};
    struct s3_transfer t = {.client = c->client,
                            .op = c->op,
                            .request = c->request,
                            .answer = c->answer,
                            .payload = &c->payload};
    s3_answer_reset(c->answer);
    uint32_t result = prepare(c, &url, &t.headers);
    if (result == LAGAN_OK)
        result = s3_pool_take(&c->client->pool, c->op, &t.connection);
    if (result == LAGAN_OK) {
        CURLcode code = s3_transfer_run(&t, url.data);
        s3_learn(c->client, c->answer);
        result = s3_transfer_judge(&t, code);
        s3_pool_give(&c->client->pool, t.connection);
    }
    curl_slist_free_all(t.headers);
    s3_text_free(&url);
    return result;
}

static bool says_expired(const struct s3_answer *answer)
{
    /* HEAD has no body that could tell the reason. */
    return strcmp(answer->error.code, "ExpiredToken") == 0 ||
           strcmp(answer->error.code, "TokenRefreshRequired") == 0;
}

static bool may_be_expired(const struct call *c)
{
    return says_expired(c->answer) ||
           (c->request->method == S3_HEAD && c->keys && c->keys->token &&
            (c->answer->status == 400 || c->answer->status == 403));
}

/* Whether another attempt is worth it; only answers that refuse the request lead to one. */
static bool adapt(struct call *c, struct s3_keys **refused)
{
    int status = c->answer->status;
    if (!c->renewed && s3_wallet_renews(&c->client->wallet) && may_be_expired(c)) {
        c->renewed = true;
        *refused = c->keys;
        c->keys = NULL;
        return true;
    }
    if (!c->moved && (status == 400 || status == 403 || (status >= 300 && status < 309)) &&
        strcmp(c->answer->region, c->region) != 0 &&
        s3_region_set(c->client, c->answer->region)) {
        c->moved = true;
        return true;
    }
    return false;
}

static uint32_t run(struct call *c)
{
    struct s3_keys *refused = NULL;
    uint32_t result;
    do {
        s3_region_copy(c->client, c->region);
        if (!c->keys) {
            result = s3_wallet_keys(&c->client->wallet, c->op, refused, &c->keys);
            if (result != LAGAN_OK)
                break;
        }
        result = attempt(c);
    } while (result != LAGAN_OK && c->answer->headers_done && adapt(c, &refused));
    s3_keys_release(refused);
    return result;
}

uint32_t s3_execute(struct s3 *client, struct lagan_op *op, struct s3_request *request,
                    struct s3_answer *answer)
{
    struct call c = {.client = client, .op = op, .request = request, .answer = answer};
    uint32_t result = s3_request_check(op, request);
    if (result == LAGAN_OK && lagan_cancelled(op) && !request->clean_up)
        result = lagan_fail(op, LAGAN_CANCELLED, 0, "cancelled");
    if (result == LAGAN_OK)
        result = s3_payload_make(client, op, request, &c.payload);
    if (result == LAGAN_OK)
        result = run(&c);
    s3_keys_release(c.keys);
    s3_payload_free(&c.payload);
    return result;
}
