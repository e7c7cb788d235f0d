/* SPDX-License-Identifier: Apache-2.0 */
/* web.c - see web.h. */
#include <config.h>

#include "engine/web.h"

#include "base/library.h"
#include "driver/operation.h"

#include <curl/curl.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

enum { ANSWER_LIMIT = 1 << 20, CONNECT_MS = 10000, HOST_SHOWN = 200 };

/* One request at work. */
struct call {
    const struct web_request *request;
    CURL *handle;
    struct curl_slist *headers;
    size_t answered; /* bytes */
    char why[CURL_ERROR_SIZE];
};

/* X(member, function): what is used of the library, which is loaded when somebody is told. */
#define CURL_FUNCTIONS(X)                                                                      \
    X(global_init, curl_global_init)                                                           \
    X(easy_init, curl_easy_init)                                                               \
    X(easy_setopt, curl_easy_setopt)                                                           \
    X(easy_perform, curl_easy_perform)                                                         \
    X(easy_getinfo, curl_easy_getinfo)                                                         \
    X(easy_strerror, curl_easy_strerror)                                                       \
    X(easy_cleanup, curl_easy_cleanup)                                                         \
    X(slist_append, curl_slist_append)                                                         \
    X(slist_free_all, curl_slist_free_all)

static struct {
#define X(member, function) __typeof__(&function) member;
    CURL_FUNCTIONS(X)
#undef X
} curl;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static bool loaded;

static int load(struct error *e)
{
    static const struct library_symbol symbols[] = {
#define X(member, function) {#function, &curl.member},
        CURL_FUNCTIONS(X)
#undef X
    };
    int result = 0;

    pthread_mutex_lock(&lock);
    if (!loaded) {
        result = library_load("libcurl.so.4", "libcurl4", symbols,
                              sizeof(symbols) / sizeof(symbols[0]), e);
        loaded = result == 0 && curl.global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK;
        if (result == 0 && !loaded)
            result = error_no_memory(e, "libcurl");
    }
    pthread_mutex_unlock(&lock);
    return result;
}

/* Paths may hold secrets: only scheme and host are shown. */
static int host_length(const char *url)
{
    const char *host = strstr(url, "://");
    size_t front = host != NULL ? (size_t)(host - url) + 3 : 0;
    size_t length = front + strcspn(url + front, "/?");

    return length > HOST_SHOWN ? HOST_SHOWN : (int)length;
}

static size_t take_answer(char *data, size_t size, size_t count, void *context)
{
    struct call *call = context;

    (void)data;
    call->answered += size * count;
    return call->answered > ANSWER_LIMIT ? 0 : size * count;
}

static int look(void *context, curl_off_t a, curl_off_t b, curl_off_t c, curl_off_t d)
{
    (void)context, (void)a, (void)b, (void)c, (void)d;
    return operation_all_cancelled();
}

static bool add_header(struct call *call, const char *line)
{
    struct curl_slist *grown = curl.slist_append(call->headers, line);

    if (grown != NULL)
        call->headers = grown;
    return grown != NULL;
}

static bool set_headers(struct call *call)
{
    const struct web_request *r = call->request;
    char type[128];

    snprintf(type, sizeof(type), "Content-Type: %s", r->type != NULL ? r->type : "text/plain");
    if (r->body != NULL && (!add_header(call, type) || !add_header(call, "Expect:")))
        return false;
    if (r->header != NULL && !add_header(call, r->header))
        return false;
    return curl.easy_setopt(call->handle, CURLOPT_HTTPHEADER, call->headers) == CURLE_OK;
}

static bool set_protocols(CURL *h)
{
#if LIBCURL_VERSION_NUM >= 0x075500
    return curl.easy_setopt(h, CURLOPT_PROTOCOLS_STR, "http,https") == CURLE_OK;
#else
    return curl.easy_setopt(h, CURLOPT_PROTOCOLS, CURLPROTO_HTTP | CURLPROTO_HTTPS) == CURLE_OK;
#endif
}

static bool set_limits(struct call *call)
{
    CURL *h = call->handle;
    long limit_ms = (long)(call->request->timeout_ns / 1000000);

    return curl.easy_setopt(h, CURLOPT_NOSIGNAL, 1L) == CURLE_OK &&
           curl.easy_setopt(h, CURLOPT_TIMEOUT_MS, limit_ms) == CURLE_OK &&
           curl.easy_setopt(h, CURLOPT_CONNECTTIMEOUT_MS, (long)CONNECT_MS) == CURLE_OK &&
           curl.easy_setopt(h, CURLOPT_FOLLOWLOCATION, 0L) == CURLE_OK &&
           curl.easy_setopt(h, CURLOPT_SSL_VERIFYPEER, 1L) == CURLE_OK &&
           curl.easy_setopt(h, CURLOPT_SSL_VERIFYHOST, 2L) == CURLE_OK &&
           (call->request->ca_file == NULL ||
            curl.easy_setopt(h, CURLOPT_CAINFO, call->request->ca_file) == CURLE_OK) &&
           curl.easy_setopt(h, CURLOPT_NOPROGRESS, 0L) == CURLE_OK &&
           curl.easy_setopt(h, CURLOPT_XFERINFOFUNCTION, look) == CURLE_OK && set_protocols(h);
}

static bool set_request(struct call *call)
{
    const struct web_request *r = call->request;
    CURL *h = call->handle;

    if (curl.easy_setopt(h, CURLOPT_URL, r->url) != CURLE_OK ||
        curl.easy_setopt(h, CURLOPT_USERAGENT, "lagan/" PACKAGE_VERSION) != CURLE_OK ||
        curl.easy_setopt(h, CURLOPT_ERRORBUFFER, call->why) != CURLE_OK ||
        curl.easy_setopt(h, CURLOPT_WRITEFUNCTION, take_answer) != CURLE_OK ||
        curl.easy_setopt(h, CURLOPT_WRITEDATA, call) != CURLE_OK)
        return false;
    if (r->body == NULL)
        return true;
    return curl.easy_setopt(h, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)r->body_size) ==
               CURLE_OK &&
           curl.easy_setopt(h, CURLOPT_POSTFIELDS, r->body) == CURLE_OK;
}

/* Class and text of a request that got no answer. */
static int no_answer(const struct call *call, CURLcode code, struct error *e)
{
    const char *url = call->request->url;
    const char *why = call->why[0] != '\0' ? call->why : curl.easy_strerror(code);
    uint32_t error_class = LAGAN_OFFLINE;

    if (code == CURLE_ABORTED_BY_CALLBACK && operation_all_cancelled())
        return operation_check(e);
    if (code == CURLE_OPERATION_TIMEDOUT)
        error_class = LAGAN_TIMEOUT;
    else if (code == CURLE_PEER_FAILED_VERIFICATION || code == CURLE_URL_MALFORMAT ||
             code == CURLE_UNSUPPORTED_PROTOCOL || code == CURLE_WRITE_ERROR ||
             code == CURLE_SSL_CACERT_BADFILE)
        error_class = LAGAN_INVALID;
    return error_set(e, error_class, ERROR_TEMPORARY, "%.*s: %s", host_length(url), url, why);
}

static int judge(const struct call *call, struct error *e)
{
    const char *url = call->request->url;
    long status = 0;

    curl.easy_getinfo(call->handle, CURLINFO_RESPONSE_CODE, &status);
    if (status >= 200 && status < 300)
        return 0;
    bool passing = status >= 500 || status == 408 || status == 429;
    error_set(e, passing ? LAGAN_TRANSIENT : LAGAN_INVALID, ERROR_TEMPORARY,
              "%.*s answered with the status %ld", host_length(url), url, status);
    e->native = (int32_t)status;
    return -1;
}

int web_send(const struct web_request *request, struct error *e)
{
    struct call call = {.request = request};
    int result = -1;

    if (load(e) != 0)
        return -1;
    call.handle = curl.easy_init();
    if (call.handle == NULL || !set_request(&call) || !set_limits(&call) ||
        !set_headers(&call)) {
        error_no_memory(e, "a request");
    } else {
        CURLcode code = curl.easy_perform(call.handle);
        result = code == CURLE_OK ? judge(&call, e) : no_answer(&call, code, e);
    }
    curl.easy_cleanup(call.handle);
    curl.slist_free_all(call.headers);
    return result;
}
