/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fetch.c - one request at a time over a connection that is kept: sent, its headers read, its
 * body handed out as it is asked for.  Redirects are followed here, where the host that they
 * lead to can be looked at first (RFC 9110, sections 13 to 15).
 */
#include "src_urls.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <time.h>

enum { POLL_MS = 500, HEADERS_LIMIT = 128 << 10, MS_PER_SECOND = 1000 };

static int64_t now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

/* ---- headers ---- */

/* The value of the header `name` in a line, or NULL. */
static const char *value_of(const char *line, const char *name)
{
    size_t size = strlen(name);
    if (strncasecmp(line, name, size) != 0 || line[size] != ':')
        return NULL;
    line += size + 1;
    return line + strspn(line, " \t");
}

static bool number_of(const char *text, uint64_t *value, const char **end)
{
    uint64_t number = 0;
    const char *at = text;
    for (; *at >= '0' && *at <= '9'; at++)
        if (__builtin_mul_overflow(number, (uint64_t)10, &number) ||
            __builtin_add_overflow(number, (uint64_t)(*at - '0'), &number))
            return false;
    *value = number;
    *end = at;
    return at > text;
}

/* "bytes 10-99/100", "bytes 10-99/<star>" */
static void take_range(struct answer *a, const char *value)
{
    uint64_t last;
    const char *at;
    if (strncasecmp(value, "bytes ", 6) != 0 || !number_of(value + 6, &a->range_first, &at) ||
        *at != '-' || !number_of(at + 1, &last, &at) || *at != '/')
        return;
    a->has_range = true;
    if (!number_of(at + 1, &a->range_total, &at))
        a->range_total = UINT64_MAX;
}

static void take_header(struct answer *a, const char *line)
{
    const char *value, *end;
    uint64_t seconds;
    if ((value = value_of(line, "content-length")))
        a->has_length = number_of(value, &a->length, &end);
    else if ((value = value_of(line, "content-range")))
        take_range(a, value);
    else if ((value = value_of(line, "etag")))
        snprintf(a->tag, sizeof a->tag, "%s", strlen(value) < sizeof a->tag ? value : "");
    else if ((value = value_of(line, "content-type")))
        snprintf(a->type, sizeof a->type, "%s", value);
    else if ((value = value_of(line, "retry-after")) && number_of(value, &seconds, &end))
        a->retry_after_ms =
            seconds < UINT32_MAX / MS_PER_SECOND ? (uint32_t)seconds * MS_PER_SECOND : 0;
    else if ((value = value_of(line, "last-modified"))) {
        a->time_s = (int64_t)curl_getdate(value, NULL);
        a->has_time = a->time_s >= 0;
    }
}

static size_t on_header(char *data, size_t size, size_t count, void *context)
{
    struct fetch *f = context;
    char line[1024];
    size_t length = size * count, kept = length < sizeof line ? length : sizeof line - 1;
    memcpy(line, data, kept);
    line[kept] = '\0';
    line[strcspn(line, "\r\n")] = '\0';
    f->moved_ns = now_ns();
    if (strncmp(line, "HTTP/", 5) == 0) {
        const char *code = strchr(line, ' ');
        f->answer = (struct answer){.status = code ? strtol(code, NULL, 10) : 0,
                                    .range_total = UINT64_MAX};
    } else if (line[0] == '\0') {
        f->answer.complete = f->answer.status >= 200;
    } else {
        take_header(&f->answer, line);
    }
    return length;
}

bool fetch_total(const struct answer *answer, uint64_t *bytes)
{
    if (answer->has_range)
        *bytes = answer->range_total;
    else
        *bytes = answer->length;
    return answer->has_range ? answer->range_total != UINT64_MAX : answer->has_length;
}

/* ---- body ---- */

static bool keep_spare(struct fetch *f, const uint8_t *data, size_t size)
{
    if (f->spare_room < size) {
        uint8_t *grown = realloc(f->spare, size);
        if (grown == NULL)
            return false;
        f->spare = grown;
        f->spare_room = size;
    }
    memcpy(f->spare, data, size);
    f->spare_at = 0;
    f->spare_size = size;
    return true;
}

static size_t on_body(char *data, size_t size, size_t count, void *context)
{
    struct fetch *f = context;
    const uint8_t *at = (const uint8_t *)data;
    size_t left = size * count;
    if (f->room_size == 0 || f->spare_size > 0) {
        f->paused = true;
        return CURL_WRITEFUNC_PAUSE;
    }
    f->moved_ns = now_ns();
    size_t skipped = f->skip < left ? (size_t)f->skip : left;
    f->skip -= skipped;
    at += skipped;
    left -= skipped;
    size_t taken = left < f->room_size ? left : f->room_size;
    if (taken > 0)
        memcpy(f->room, at, taken);
    f->room += taken;
    f->room_size -= taken;
    if (left > taken && !keep_spare(f, at + taken, left - taken))
        return 0;
    return size * count;
}

/* ---- life ---- */

static void look_for_end(struct fetch *f)
{
    CURLMsg *message;
    int left;
    while ((message = curl_multi_info_read(f->multi, &left)) != NULL)
        if (message->msg == CURLMSG_DONE) {
            f->ended = true;
            f->code = message->data.result;
        }
}

/* Programs that the host starts inherit no connection. */
static curl_socket_t open_socket(void *context, curlsocktype purpose, struct curl_sockaddr *to)
{
    (void)context;
    (void)purpose;
    return socket(to->family, to->socktype | SOCK_CLOEXEC, to->protocol);
}

static bool set_up(struct fetch *f)
{
    const struct instance *i = f->handle->instance;
    CURL *c = f->easy;
    return curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L) == CURLE_OK &&
           curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "http,https") == CURLE_OK &&
           curl_easy_setopt(c, CURLOPT_FOLLOWLOCATION, 0L) == CURLE_OK &&
           curl_easy_setopt(c, CURLOPT_SSL_VERIFYPEER, 1L) == CURLE_OK &&
           curl_easy_setopt(c, CURLOPT_SSL_VERIFYHOST, 2L) == CURLE_OK &&
           curl_easy_setopt(c, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1) == CURLE_OK &&
           curl_easy_setopt(c, CURLOPT_USERAGENT, "lagan src_urls") == CURLE_OK &&
           curl_easy_setopt(c, CURLOPT_ERRORBUFFER, f->why) == CURLE_OK &&
           curl_easy_setopt(c, CURLOPT_HEADERFUNCTION, on_header) == CURLE_OK &&
           curl_easy_setopt(c, CURLOPT_HEADERDATA, f) == CURLE_OK &&
           curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, on_body) == CURLE_OK &&
           curl_easy_setopt(c, CURLOPT_WRITEDATA, f) == CURLE_OK &&
           curl_easy_setopt(c, CURLOPT_OPENSOCKETFUNCTION, open_socket) == CURLE_OK &&
           curl_easy_setopt(c, CURLOPT_BUFFERSIZE, 128L << 10) == CURLE_OK &&
           (i->ca_file == NULL || curl_easy_setopt(c, CURLOPT_CAINFO, i->ca_file) == CURLE_OK);
}

void fetch_free(struct fetch *f)
{
    if (f == NULL)
        return;
    fetch_stop(f);
    curl_easy_cleanup(f->easy);
    curl_multi_cleanup(f->multi);
    curl_slist_free_all(f->headers);
    free(f->spare);
    free(f->url);
    free(f);
}

struct fetch *fetch_take(struct handle *h, struct lagan_op *op)
{
    pthread_mutex_lock(&h->lock);
    struct fetch *f = h->idle;
    if (f != NULL)
        h->idle = f->next;
    pthread_mutex_unlock(&h->lock);
    if (f != NULL)
        return f;
    f = calloc(1, sizeof *f);
    if (f != NULL) {
        f->handle = h;
        f->multi = curl_multi_init();
        f->easy = curl_easy_init();
    }
    if (f != NULL && f->multi != NULL && f->easy != NULL && set_up(f))
        return f;
    fetch_free(f);
    out_of_memory(op);
    return NULL;
}

void fetch_give(struct fetch *f)
{
    if (f == NULL)
        return;
    fetch_stop(f);
    free(f->spare);
    f->spare = NULL;
    f->spare_room = 0;
    pthread_mutex_lock(&f->handle->lock);
    f->next = f->handle->idle;
    f->handle->idle = f;
    pthread_mutex_unlock(&f->handle->lock);
}

void fetch_stop(struct fetch *f)
{
    int running;
    /* What has come to its end, and was not seen yet, leaves its connection for others. */
    if (f->running && !f->ended && !f->paused && f->spare_size == 0 && f->room_size == 0 &&
        f->answer.complete && curl_multi_perform(f->multi, &running) == CURLM_OK)
        look_for_end(f);
    if (f->running)
        curl_multi_remove_handle(f->multi, f->easy);
    f->running = false;
    f->spare_size = f->spare_at = 0;
    f->room_size = 0;
    f->paused = false;
}

/* ---- a request ---- */

static bool add_header(struct fetch *f, const char *name, const char *value)
{
    char line[64 + TAG_SIZE];
    snprintf(line, sizeof line, "%s: %s", name, value);
    struct curl_slist *grown = curl_slist_append(f->headers, line);
    if (grown != NULL)
        f->headers = grown;
    return grown != NULL;
}

static bool set_request(struct fetch *f, const struct wish *wish)
{
    char range[48] = "";
    curl_slist_free_all(f->headers);
    f->headers = NULL;
    if (wish->first_byte)
        snprintf(range, sizeof range, "0-0");
    else if (wish->from > 0)
        snprintf(range, sizeof range, "%llu-", (unsigned long long)wish->from);
    if (wish->match != NULL && !add_header(f, "If-Match", wish->match))
        return false;
    return curl_easy_setopt(f->easy, CURLOPT_URL, f->url) == CURLE_OK &&
           curl_easy_setopt(f->easy, CURLOPT_NOBODY, wish->method == FETCH_HEAD ? 1L : 0L) ==
               CURLE_OK &&
           curl_easy_setopt(f->easy, CURLOPT_HTTPGET, wish->method == FETCH_GET ? 1L : 0L) ==
               CURLE_OK &&
           curl_easy_setopt(f->easy, CURLOPT_NOBODY, wish->method == FETCH_HEAD ? 1L : 0L) ==
               CURLE_OK &&
           curl_easy_setopt(f->easy, CURLOPT_RANGE, range[0] ? range : NULL) == CURLE_OK &&
           curl_easy_setopt(f->easy, CURLOPT_HTTPHEADER, f->headers) == CURLE_OK;
}

/* What ended without all that was to come. */
static uint32_t broken(struct fetch *f, struct lagan_op *op)
{
    const char *why = f->why[0] ? f->why : curl_easy_strerror(f->code);
    uint32_t class = LAGAN_TRANSIENT;
    if (f->code == CURLE_PEER_FAILED_VERIFICATION || f->code == CURLE_SSL_CACERT_BADFILE)
        class = LAGAN_DENIED;
    else if (f->code == CURLE_URL_MALFORMAT || f->code == CURLE_UNSUPPORTED_PROTOCOL)
        class = LAGAN_INVALID;
    else if (f->code == CURLE_OUT_OF_MEMORY)
        class = LAGAN_INTERNAL;
    return lagan_fail(op, class, (int32_t)f->code, "%s", why);
}

/* Lets the request move a little. */
static uint32_t step(struct fetch *f, struct lagan_op *op)
{
    struct curl_waitfd cancelled = {.fd = op->cancel_fd, .events = CURL_WAIT_POLLIN};
    int running;
    if (lagan_cancelled(op))
        return lagan_fail(op, LAGAN_CANCELLED, 0, "cancelled");
    if (now_ns() - f->moved_ns > f->handle->instance->stall_ns)
        return lagan_fail(op, LAGAN_TRANSIENT, 0, "nothing came for too long");
    if (curl_multi_perform(f->multi, &running) != CURLM_OK)
        return lagan_fail(op, LAGAN_INTERNAL, 0, "libcurl cannot go on");
    look_for_end(f);
    if (!f->ended && !f->paused)
        curl_multi_poll(f->multi, &cancelled, op->cancel_fd >= 0 ? 1 : 0, POLL_MS, NULL);
    return LAGAN_OK;
}

static uint32_t send_once(struct fetch *f, struct lagan_op *op, const struct wish *wish)
{
    fetch_stop(f);
    f->ended = false;
    f->code = CURLE_OK;
    f->why[0] = '\0';
    f->answer = (struct answer){.range_total = UINT64_MAX};
    f->moved_ns = now_ns();
    if (!set_request(f, wish) || curl_multi_add_handle(f->multi, f->easy) != CURLM_OK)
        return out_of_memory(op);
    f->running = true;
    /* An answer to HEAD is followed to its end, so that its connection can be used again. */
    while (!f->ended && (!f->answer.complete || wish->method == FETCH_HEAD)) {
        uint32_t result = step(f, op);
        if (result != LAGAN_OK)
            return result;
    }
    if (f->answer.complete)
        return LAGAN_OK;
    return broken(f, op);
}

/* ---- redirects ---- */

static bool same_part(CURLU *a, CURLU *b, CURLUPart part)
{
    char *one = NULL, *other = NULL;
    bool same = curl_url_get(a, part, &one, CURLU_DEFAULT_PORT) == CURLUE_OK &&
                curl_url_get(b, part, &other, CURLU_DEFAULT_PORT) == CURLUE_OK &&
                strcasecmp(one, other) == 0;
    curl_free(one);
    curl_free(other);
    return same;
}

static bool is_https(CURLU *url)
{
    char *scheme = NULL;
    bool https = curl_url_get(url, CURLUPART_SCHEME, &scheme, 0) == CURLUE_OK &&
                 strcasecmp(scheme, "https") == 0;
    curl_free(scheme);
    return https;
}

/* One host: name and port; from http to https the port may be the other default one. */
static bool is_same_host(const char *from, const char *to)
{
    CURLU *a = curl_url(), *b = curl_url();
    bool same = a != NULL && b != NULL &&
                curl_url_set(a, CURLUPART_URL, from, 0) == CURLUE_OK &&
                curl_url_set(b, CURLUPART_URL, to, 0) == CURLUE_OK &&
                same_part(a, b, CURLUPART_HOST) && (!is_https(a) || is_https(b)) &&
                (same_part(a, b, CURLUPART_PORT) || (!is_https(a) && is_https(b)));
    curl_url_cleanup(a);
    curl_url_cleanup(b);
    return same;
}

static uint32_t follow(struct fetch *f, struct lagan_op *op)
{
    enum redirects rule = f->handle->instance->redirects;
    char *to = NULL;
    curl_easy_getinfo(f->easy, CURLINFO_REDIRECT_URL, &to);
    if (to == NULL)
        return lagan_fail(op, LAGAN_IO, (int32_t)f->answer.status,
                          "the answer leads to no other place");
    if (rule == REDIRECTS_NEVER || (rule == REDIRECTS_SAME_HOST && !is_same_host(f->url, to)))
        return lagan_fail(op, LAGAN_DENIED, (int32_t)f->answer.status,
                          "it leads to another place (%.200s), which redirects=%s forbids", to,
                          rule == REDIRECTS_NEVER ? "never" : "same-host");
    if (++f->redirects > REDIRECTS)
        return lagan_fail(op, LAGAN_DENIED, (int32_t)f->answer.status,
                          "it leads on and on to other places");
    char *copy = strdup(to);
    if (copy == NULL)
        return out_of_memory(op);
    free(f->url);
    f->url = copy;
    return LAGAN_OK;
}

static bool is_redirect(long status)
{
    return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

uint32_t fetch_begin(struct fetch *f, struct lagan_op *op, const struct wish *wish)
{
    char *url = strdup(wish->url);
    if (url == NULL)
        return out_of_memory(op);
    fetch_stop(f);
    free(f->url);
    f->url = url;
    f->redirects = 0;
    f->skip = 0;
    uint32_t result = send_once(f, op, wish);
    while (result == LAGAN_OK && is_redirect(f->answer.status)) {
        result = follow(f, op);
        if (result == LAGAN_OK)
            result = send_once(f, op, wish);
    }
    return result;
}

uint32_t fetch_read(struct fetch *f, struct lagan_op *op, void *data, size_t size, size_t *got)
{
    size_t had = f->spare_size - f->spare_at;
    size_t taken = had < size ? had : size;
    if (taken > 0)
        memcpy(data, f->spare + f->spare_at, taken);
    f->spare_at += taken;
    if (f->spare_at == f->spare_size)
        f->spare_at = f->spare_size = 0;
    f->room = (uint8_t *)data + taken;
    f->room_size = size - taken;
    f->moved_ns = now_ns();
    while (f->room_size > 0 && !f->ended) {
        if (f->paused) {
            f->paused = false;
            curl_easy_pause(f->easy, CURLPAUSE_CONT);
        }
        uint32_t result = step(f, op);
        if (result != LAGAN_OK) {
            f->room_size = 0;
            return result;
        }
    }
    *got = size - f->room_size;
    f->room_size = 0;
    if (*got < size && f->code != CURLE_OK)
        return broken(f, op);
    return LAGAN_OK;
}

uint32_t fetch_status(const struct fetch *f, struct lagan_op *op)
{
    static const struct {
        long status;
        uint32_t class;
    } classes[] = {{401, LAGAN_AUTH},      {403, LAGAN_DENIED},    {404, LAGAN_NOT_FOUND},
                   {408, LAGAN_TRANSIENT}, {410, LAGAN_NOT_FOUND}, {412, LAGAN_CHANGED},
                   {429, LAGAN_BUSY},      {503, LAGAN_BUSY}};
    long status = f->answer.status;
    uint32_t class = status >= 500 ? LAGAN_TRANSIENT : LAGAN_IO;
    for (size_t i = 0; i < sizeof classes / sizeof classes[0]; i++)
        if (classes[i].status == status)
            class = classes[i].class;
    lagan_fail(op, class, (int32_t)status, "the server answered with the status %ld", status);
    op->error.retry_after_ms = f->answer.retry_after_ms;
    return class;
}
