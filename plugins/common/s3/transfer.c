/* SPDX-License-Identifier: Apache-2.0 */
/*
 * transfer.c - one attempt of a request over one connection.
 *
 * The library repeats a request by itself when a connection that was kept open turns out to be
 * closed.  For reading that is welcome; a change may have been made already, so that it is told
 * as broken instead, with an unknown outcome.
 */
#include "common/s3/client.h"

#include <string.h>
#include <sys/socket.h>
#include <time.h>

enum {
    BUFFER_BYTES = 512 << 10,
    UNKNOWN_BUFFER_BYTES = 128 << 10,
    SMALL_BUFFER_BYTES = 16 << 10,
    CONNECT_MS = 30000,
    DRIP_BYTES = 100,   /* a second: less counts as nothing */
    IDLE_SECONDS = 20,  /* stores close connections that are idle for longer */
    PATIENT_TIMES = 10, /* see s3_request.patient */
};

#define SECOND_NS INT64_C(1000000000)

static int64_t now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * SECOND_NS + now.tv_nsec;
}

static bool changes(const struct s3_request *request)
{
    return request->method != S3_GET && request->method != S3_HEAD;
}

/* Requests that clean up go on for a second. */
static bool is_cancelled(const struct s3_transfer *t)
{
    return lagan_cancelled(t->op) && now_ns() >= t->clean_up_end_ns;
}

static int look(void *context, curl_off_t a, curl_off_t b, curl_off_t c, curl_off_t d)
{
    (void)a;
    (void)b;
    (void)c;
    (void)d;
    return is_cancelled(context) ? 1 : 0;
}

/* As the library does it, but closed in programs that others start. */
static curl_socket_t open_socket(void *context, curlsocktype purpose,
                                 struct curl_sockaddr *address)
{
    (void)context;
    (void)purpose;
    int fd = socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
    return fd < 0 ? CURL_SOCKET_BAD : fd;
}

static size_t take_line(char *data, size_t one, size_t size, void *context)
{
    struct s3_transfer *t = context;
    (void)one;
    return s3_answer_line(t->answer, t->op, data, size) ? size : 0;
}

static size_t take_bytes(char *data, size_t one, size_t size, void *context)
{
    struct s3_transfer *t = context;
    (void)one;
    return s3_answer_bytes(t->answer, t->op, data, size) ? size : 0;
}

/* Hands over the content's next bytes. */
static size_t give_bytes(char *data, size_t one, size_t size, void *context)
{
    struct s3_transfer *t = context;
    uint64_t left = t->request->bytes - t->position;
    (void)one;
    if (size > left)
        size = (size_t)left;
    if (size == 0)
        return 0;
    if (t->payload->data)
        memcpy(data, t->payload->data + t->position, size);
    else
        t->content =
            t->request->content->read(t->request->content->context, t->position, data, size);
    if (t->content != LAGAN_OK)
        return CURL_READFUNC_ABORT;
    t->position += size;
    if (t->position == t->request->bytes)
        t->whole = true;
    return size;
}

static int rewind_to(void *context, curl_off_t offset, int origin)
{
    struct s3_transfer *t = context;
    if (origin != SEEK_SET || offset < 0 || (uint64_t)offset > t->request->bytes)
        return CURL_SEEKFUNC_FAIL;
    t->position = (uint64_t)offset;
    return CURL_SEEKFUNC_OK;
}

static int before_request(void *context, char *a, char *b, int c, int d)
{
    struct s3_transfer *t = context;
    (void)a;
    (void)b;
    (void)c;
    (void)d;
    if (t->begun && changes(t->request)) {
        t->again = true;
        return CURL_PREREQFUNC_ABORT;
    }
    t->begun = true;
    return CURL_PREREQFUNC_OK;
}

static CURLcode first(CURLcode left, CURLcode right)
{
    return left != CURLE_OK ? left : right;
}

#define SET(option, value) code = first(code, curl_easy_setopt(easy, option, value))

/* What holds for all requests of the client. */
static CURLcode set_client(CURL *easy, const struct s3_settings *s, bool patient)
{
    CURLcode code = CURLE_OK;
    long stall = (long)(s->stall_ns / SECOND_NS) * (patient ? PATIENT_TIMES : 1);
    SET(CURLOPT_NOSIGNAL, 1L);
    SET(CURLOPT_OPENSOCKETFUNCTION, open_socket);
    SET(CURLOPT_PROTOCOLS_STR, s->tls ? "https" : "http");
    SET(CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    SET(CURLOPT_FOLLOWLOCATION, 0L);
    SET(CURLOPT_SSL_VERIFYPEER, 1L);
    SET(CURLOPT_SSL_VERIFYHOST, 2L);
    SET(CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    if (s->ca_file)
        SET(CURLOPT_CAINFO, s->ca_file);
    SET(CURLOPT_PATH_AS_IS, 1L);
    SET(CURLOPT_TCP_NODELAY, 1L);
    SET(CURLOPT_TCP_KEEPALIVE, 1L);
    SET(CURLOPT_MAXCONNECTS, 1L);
    SET(CURLOPT_MAXAGE_CONN, (long)IDLE_SECONDS);
    SET(CURLOPT_CONNECTTIMEOUT_MS, stall * 1000 < CONNECT_MS ? stall * 1000 : (long)CONNECT_MS);
    SET(CURLOPT_LOW_SPEED_LIMIT, (long)DRIP_BYTES);
    SET(CURLOPT_LOW_SPEED_TIME, stall);
    SET(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
    return code;
}

static CURLcode set_callbacks(CURL *easy, struct s3_transfer *t)
{
    CURLcode code = CURLE_OK;
    SET(CURLOPT_ERRORBUFFER, t->connection->why);
    SET(CURLOPT_NOPROGRESS, 0L);
    SET(CURLOPT_XFERINFOFUNCTION, look);
    SET(CURLOPT_XFERINFODATA, t);
    SET(CURLOPT_HEADERFUNCTION, take_line);
    SET(CURLOPT_HEADERDATA, t);
    SET(CURLOPT_WRITEFUNCTION, take_bytes);
    SET(CURLOPT_WRITEDATA, t);
    SET(CURLOPT_PREREQFUNCTION, before_request);
    SET(CURLOPT_PREREQDATA, t);
    return code;
}

/* Small bodies go out with their headers, in one call to the system. */
static CURLcode set_small_body(CURL *easy, const struct s3_transfer *t)
{
    CURLcode code = CURLE_OK;
    SET(CURLOPT_POST, 1L);
    SET(CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)t->request->bytes);
    SET(CURLOPT_POSTFIELDS, t->payload->data ? (const char *)t->payload->data : "");
    SET(CURLOPT_CUSTOMREQUEST, s3_method_name(t->request->method));
    return code;
}

static CURLcode set_large_body(CURL *easy, struct s3_transfer *t)
{
    CURLcode code = CURLE_OK;
    if (t->request->method == S3_PUT) {
        SET(CURLOPT_UPLOAD, 1L);
        SET(CURLOPT_INFILESIZE_LARGE, (curl_off_t)t->request->bytes);
    } else {
        SET(CURLOPT_POST, 1L);
        SET(CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)t->request->bytes);
    }
    SET(CURLOPT_READFUNCTION, give_bytes);
    SET(CURLOPT_READDATA, t);
    SET(CURLOPT_SEEKFUNCTION, rewind_to);
    SET(CURLOPT_SEEKDATA, t);
    SET(CURLOPT_UPLOAD_BUFFERSIZE, (long)BUFFER_BYTES);
    return code;
}

static bool is_small(const struct s3_transfer *t)
{
    return t->request->bytes == 0 ||
           (t->payload->data && t->request->bytes <= S3_SMALL_BODY_BYTES);
}

static CURLcode set_method(CURL *easy, struct s3_transfer *t)
{
    CURLcode code = CURLE_OK;
    switch (t->request->method) {
    case S3_GET:
        SET(CURLOPT_HTTPGET, 1L);
        break;
    case S3_HEAD:
        SET(CURLOPT_NOBODY, 1L);
        break;
    case S3_DELETE:
        SET(CURLOPT_CUSTOMREQUEST, "DELETE");
        break;
    default:
        return is_small(t) ? set_small_body(easy, t) : set_large_body(easy, t);
    }
    return code;
}

/* Large buffers for large bodies alone: they are allocated anew for each request. */
static long buffer_bytes(const struct s3_transfer *t)
{
    uint64_t expected = t->answer->expected_bytes;
    if (t->request->method != S3_GET || (expected > 0 && expected <= SMALL_BUFFER_BYTES))
        return SMALL_BUFFER_BYTES;
    if (expected == 0)
        return UNKNOWN_BUFFER_BYTES;
    return expected < BUFFER_BYTES ? (long)expected : BUFFER_BYTES;
}

CURLcode s3_transfer_run(struct s3_transfer *t, const char *url)
{
    CURL *easy = t->connection->easy;
    CURLcode code = CURLE_OK;
    curl_easy_reset(easy);
    t->connection->why[0] = '\0';
    if (t->request->clean_up)
        t->clean_up_end_ns = now_ns() + SECOND_NS;
    code = first(code, set_client(easy, t->client->settings, t->request->patient));
    code = first(code, set_callbacks(easy, t));
    code = first(code, set_method(easy, t));
    SET(CURLOPT_URL, url);
    SET(CURLOPT_HTTPHEADER, t->headers);
    SET(CURLOPT_BUFFERSIZE, buffer_bytes(t));
    if (code == CURLE_OK)
        code = curl_easy_perform(easy);
    if (code == CURLE_OK)
        s3_answer_end(t->answer, t->op);
    return code;
}

static struct s3_sending sending_of(const struct s3_transfer *t)
{
    return (struct s3_sending){.begun = t->begun, .whole = is_small(t) || t->whole};
}

/* X(what curl says, class, what we say). */
#define TROUBLES(X)                                                                            \
    X(CURLE_COULDNT_RESOLVE_HOST, TRANSIENT, "the store's name cannot be resolved")            \
    X(CURLE_COULDNT_RESOLVE_PROXY, TRANSIENT, "the proxy's name cannot be resolved")           \
    X(CURLE_COULDNT_CONNECT, TRANSIENT, "the store cannot be reached")                         \
    X(CURLE_OPERATION_TIMEDOUT, TRANSIENT, "nothing moves any more")                           \
    X(CURLE_PARTIAL_FILE, TRANSIENT, "the answer ended early")                                 \
    X(CURLE_GOT_NOTHING, TRANSIENT, "the connection was closed without an answer")             \
    X(CURLE_SEND_ERROR, TRANSIENT, "the connection broke while sending")                       \
    X(CURLE_RECV_ERROR, TRANSIENT, "the connection broke while receiving")                     \
    X(CURLE_SEND_FAIL_REWIND, TRANSIENT, "the connection broke while sending")                 \
    X(CURLE_SSL_CONNECT_ERROR, TRANSIENT, "TLS could not be set up")                           \
    X(CURLE_PEER_FAILED_VERIFICATION, DENIED, "the store's certificate is not to be trusted")  \
    X(CURLE_SSL_CACERT_BADFILE, INVALID, "ca-file cannot be used")                             \
    X(CURLE_OUT_OF_MEMORY, INTERNAL, "out of memory")                                          \
    X(CURLE_WEIRD_SERVER_REPLY, CORRUPT, "the answer is no HTTP")                              \
    X(CURLE_UNSUPPORTED_PROTOCOL, CORRUPT, "the answer is no HTTP")                            \
    X(CURLE_BAD_CONTENT_ENCODING, CORRUPT, "the answer is encoded in an unknown way")          \
    X(CURLE_URL_MALFORMAT, INVALID, "the endpoint cannot be used")

static uint32_t fail_trouble(const struct s3_transfer *t, CURLcode code)
{
    static const struct {
        CURLcode code;
        uint32_t error_class;
        const char *text;
    } rows[] = {
#define X(code, symbol, text) {code, LAGAN_##symbol, text},
        TROUBLES(X)
#undef X
    };
    const char *why = t->connection->why[0] ? t->connection->why : curl_easy_strerror(code);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (rows[i].code == code)
            return lagan_fail(t->op, rows[i].error_class, (int32_t)code, "%s: %s", rows[i].text,
                              why);
    return lagan_fail(t->op, LAGAN_TRANSIENT, (int32_t)code, "the request failed: %s", why);
}

/* The reason that the library was given for stopping, or else its own. */
static uint32_t fail_transfer(struct s3_transfer *t, CURLcode code)
{
    if (t->content != LAGAN_OK)
        return t->content;
    if (t->answer->refused != LAGAN_OK)
        return t->answer->refused;
    if (t->answer->bad)
        return lagan_fail(t->op, LAGAN_CORRUPT, t->answer->status,
                          "the answer is no HTTP that makes sense, or too large");
    if (t->again)
        return lagan_fail(t->op, LAGAN_TRANSIENT, 0,
                          "the store closed the connection without an answer");
    if (code == CURLE_ABORTED_BY_CALLBACK)
        return lagan_fail(t->op, LAGAN_CANCELLED, 0, "cancelled");
    return fail_trouble(t, code);
}

uint32_t s3_transfer_judge(struct s3_transfer *t, CURLcode code)
{
    struct s3_sending sending = sending_of(t);
    /* A refusal counts even when its body was cut off. */
    bool refused = t->answer->headers_done && t->answer->status >= 300 &&
                   t->answer->refused == LAGAN_OK && t->content == LAGAN_OK && !t->answer->bad;
    if (code == CURLE_OK && s3_answer_is_good(t->answer))
        return LAGAN_OK;
    if (refused && code != CURLE_ABORTED_BY_CALLBACK)
        return s3_fail_status(t->client, t->op, t->request, t->answer, &sending);
    if (code == CURLE_OK)
        return s3_fail_answer(t->op, t->request, t->answer, "the answer has no status");
    return s3_fail_outcome(t->op, t->request, &sending, fail_transfer(t, code));
}
