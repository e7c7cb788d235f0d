/* SPDX-License-Identifier: Apache-2.0 */
/* test_runner_metrics.c - the endpoint of metrics, asked over a socket. */
#include <config.h>

#include "catalog_fixture.h"
#include "runner/metrics_endpoint.h"
#include "scratch.h"
#include "tell_fixture.h"
#include "unit.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* A port that nobody had a moment ago. */
static unsigned free_port(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof(address);
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    assert_true(fd >= 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &size), 0);
    close(fd);
    return ntohs(address.sin_port);
}

/* The whole answer to `request`; the caller frees. */
static char *ask(unsigned port, const char *request)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons((uint16_t)port),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct timeval limit = {.tv_sec = 10};
    char *answer = calloc(1, 1 << 20);
    size_t got = 0;
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    assert_true(fd >= 0 && answer != NULL);
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
    assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
    assert_int_equal(send(fd, request, strlen(request), MSG_NOSIGNAL), strlen(request));
    for (ssize_t more; (more = read(fd, answer + got, (1 << 20) - 1 - got)) > 0;)
        got += (size_t)more;
    close(fd);
    return answer;
}

#define REST " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"

static void expect_answer(unsigned port, const char *request, const char *status,
                          const char *part)
{
    char *answer = ask(port, request);

    if (strncmp(answer, status, strlen(status)) != 0 || strstr(answer, part) == NULL)
        fail_msg("%s: %s", request, answer);
    free(answer);
}

static void endpoint_answers(void **state)
{
    unsigned port = free_port();
    struct setup *s = tell_open("metrics { listen = \"127.0.0.1:%u\" }\n", port);
    struct metrics_endpoint *endpoint = NULL, *second = NULL;
    struct error e = ERROR_INIT;

    (void)state;
    must(metrics_endpoint_start(s, &endpoint, &e), &e);
    assert_non_null(endpoint);
    for (int i = 0; i < 3; i++)
        expect_answer(port, "GET /metrics" REST, "HTTP/1.1 200",
                      "\nlagan_figures_timestamp_seconds 1800000000.000\n");
    expect_answer(port, "GET /metrics" REST, "HTTP/1.1 200", "text/plain; version=0.0.4");
    expect_answer(port, "GET /metrics?x=y" REST, "HTTP/1.1 200", "lagan_build_info");
    expect_answer(port, "GET /" REST, "HTTP/1.1 404", "only /metrics");
    expect_answer(port, "GET /metrics/../../etc/passwd" REST, "HTTP/1.1 404", "only /metrics");
    expect_answer(port, "DELETE /metrics" REST, "HTTP/1.1 405", "Allow: GET, HEAD");
    expect_answer(port,
                  "POST /metrics HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n"
                  "Connection: close\r\n\r\nabc",
                  "HTTP/1.1 405", "only GET");
    char *head = ask(port, "HEAD /metrics" REST);
    assert_null(strstr(head, "lagan_"));
    free(head);
    assert_int_equal(metrics_endpoint_start(s, &second, &e), -1);
    assert_int_equal(e.error_class, LAGAN_BUSY);
    assert_non_null(strstr(e.text, "cannot listen on 127.0.0.1:"));
    assert_null(second);
    metrics_endpoint_stop(endpoint);
    /* The port is free again at once. */
    e = ERROR_INIT;
    must(metrics_endpoint_start(s, &endpoint, &e), &e);
    metrics_endpoint_stop(endpoint);
    setup_close(s);
}

static void endpoint_is_not_wanted(void **state)
{
    struct setup *s = tell_open("metrics { file = /x }\n%s", "");
    struct metrics_endpoint *endpoint = NULL;
    struct error e = ERROR_INIT;

    (void)state;
    must(metrics_endpoint_start(s, &endpoint, &e), &e);
    assert_null(endpoint);
    metrics_endpoint_stop(endpoint);
    setup_close(s);
}

static const struct CMUnitTest tests[] = {
    tell_test(endpoint_is_not_wanted),
#ifdef HAVE_MICROHTTPD
    tell_test(endpoint_answers),
#endif
};

int main(void)
{
#ifndef HAVE_MICROHTTPD
    (void)ask;
    (void)expect_answer;
    (void)free_port;
    (void)endpoint_answers;
#endif
    return cmocka_run_group_tests(tests, NULL, NULL);
}
