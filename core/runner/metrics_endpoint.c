/* SPDX-License-Identifier: Apache-2.0 */
/* metrics_endpoint.c - see metrics_endpoint.h. */
#include "runner/metrics_endpoint.h"

#include "base/library.h"
#include "base/log.h"
#include "base/object.h"
#include "engine/tell.h"

#include <arpa/inet.h>
#include <errno.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

enum {
    ENDPOINT_MAGIC = 0x4554454d,
    CONNECTIONS = 16,
    TIMEOUT_SECONDS = 30,
    CONNECTION_BYTES = 16 << 10
};

/* X(member, function): what is used of the library, which is loaded when somebody listens. */
#define MHD_FUNCTIONS(X)                                                                       \
    X(start, MHD_start_daemon)                                                                 \
    X(stop, MHD_stop_daemon)                                                                   \
    X(response, MHD_create_response_from_buffer)                                               \
    X(add_header, MHD_add_response_header)                                                     \
    X(queue, MHD_queue_response)                                                               \
    X(destroy, MHD_destroy_response)

static struct {
#define X(member, function) __typeof__(&function) member;
    MHD_FUNCTIONS(X)
#undef X
} mhd;

static int load(struct error *e)
{
    static const struct library_symbol symbols[] = {
#define X(member, function) {#function, &mhd.member},
        MHD_FUNCTIONS(X)
#undef X
    };

    return library_load("libmicrohttpd.so.12", "libmicrohttpd12", symbols,
                        sizeof(symbols) / sizeof(symbols[0]), e);
}

struct metrics_endpoint {
    uint32_t magic;
    struct setup *setup;
    struct MHD_Daemon *daemon;
};

/* The address of the configuration, whose form was checked when it was read. */
struct address {
    struct sockaddr_storage socket;
    bool six;
};

static void read_address(const char *text, struct address *address)
{
    const char *colon = strrchr(text, ':');
    char host[64] = "";
    uint16_t port = htons((uint16_t)strtoul(colon + 1, NULL, 10));

    *address = (struct address){.six = text[0] == '['};
    size_t size = (size_t)(colon - text) - (address->six ? 2 : 0);
    memcpy(host, text + address->six, size < sizeof(host) ? size : sizeof(host) - 1);
    if (address->six) {
        struct sockaddr_in6 *to = (struct sockaddr_in6 *)&address->socket;
        to->sin6_family = AF_INET6;
        to->sin6_port = port;
        inet_pton(AF_INET6, host, &to->sin6_addr);
    } else {
        struct sockaddr_in *to = (struct sockaddr_in *)&address->socket;
        to->sin_family = AF_INET;
        to->sin_port = port;
        inet_pton(AF_INET, host, &to->sin_addr);
    }
}

static enum MHD_Result answer(struct MHD_Connection *connection, unsigned status,
                              const char *type, const char *extra, struct buffer *text)
{
    struct MHD_Response *response = mhd.response(text->size, text->data, MHD_RESPMEM_MUST_COPY);
    enum MHD_Result result = MHD_NO;

    if (response == NULL)
        return MHD_NO;
    mhd.add_header(response, "Content-Type", type);
    mhd.add_header(response, "Cache-Control", "no-store");
    mhd.add_header(response, "X-Content-Type-Options", "nosniff");
    if (extra != NULL)
        mhd.add_header(response, "Allow", extra);
    result = mhd.queue(connection, status, response);
    mhd.destroy(response);
    return result;
}

static enum MHD_Result refuse(struct MHD_Connection *connection, unsigned status,
                              const char *words, const char *extra)
{
    struct buffer text CLEANUP_BUFFER = BUFFER_INIT;

    buffer_append_format(&text, "%s\n", words);
    return answer(connection, status, "text/plain; charset=utf-8", extra, &text);
}

static enum MHD_Result serve(void *context, struct MHD_Connection *connection, const char *url,
                             const char *method, const char *version, const char *upload,
                             size_t *upload_size, void **state)
{
    struct metrics_endpoint *endpoint = context;
    struct buffer text CLEANUP_BUFFER = BUFFER_INIT;
    struct error e = ERROR_INIT;

    (void)version, (void)upload, (void)upload_size, (void)state;
    if (strcmp(method, "GET") != 0 && strcmp(method, "HEAD") != 0)
        return refuse(connection, MHD_HTTP_METHOD_NOT_ALLOWED, "only GET", "GET, HEAD");
    if (strcmp(url, "/metrics") != 0)
        return refuse(connection, MHD_HTTP_NOT_FOUND, "only /metrics is here", NULL);
    if (tell_metrics(endpoint->setup, &text, &e) == 0)
        return answer(connection, MHD_HTTP_OK, "text/plain; version=0.0.4; charset=utf-8", NULL,
                      &text);
    /* What went wrong is for those who may read the log. */
    log_write(LOG_WARNING, "metrics", "%s", e.text);
    return refuse(connection, MHD_HTTP_SERVICE_UNAVAILABLE, "the catalog cannot be read", NULL);
}

static int cannot_listen(const char *where, int number, struct error *e)
{
    error_errno(e, number != 0 ? number : EIO, "cannot listen on %s for metrics", where);
    if (number == EADDRINUSE)
        e->error_class = LAGAN_BUSY;
    return -1;
}

int metrics_endpoint_start(struct setup *s, struct metrics_endpoint **endpoint, struct error *e)
{
    const char *where = setup_config(s)->metrics.listen;
    struct metrics_endpoint *made;
    struct address address;

    *endpoint = NULL;
    if (where == NULL)
        return 0;
    if (load(e) != 0)
        return -1;
    made = calloc(1, sizeof(*made));
    if (made == NULL)
        return error_no_memory(e, "the metrics");
    made->magic = ENDPOINT_MAGIC;
    made->setup = s;
    read_address(where, &address);
    errno = 0;
    made->daemon =
        mhd.start(MHD_USE_INTERNAL_POLLING_THREAD | (address.six ? MHD_USE_IPv6 : 0), 0, NULL,
                  NULL, serve, made, MHD_OPTION_SOCK_ADDR, (struct sockaddr *)&address.socket,
                  MHD_OPTION_CONNECTION_LIMIT, (unsigned)CONNECTIONS,
                  MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)TIMEOUT_SECONDS,
                  MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)CONNECTION_BYTES, MHD_OPTION_END);
    if (made->daemon == NULL) {
        int number = errno;
        free(made);
        return cannot_listen(where, number, e);
    }
    *endpoint = made;
    return 0;
}

void metrics_endpoint_stop(struct metrics_endpoint *endpoint)
{
    if (endpoint == NULL)
        return;
    OBJECT_CHECK(endpoint, ENDPOINT_MAGIC);
    mhd.stop(endpoint->daemon);
    endpoint->magic = 0;
    free(endpoint);
}
