/* SPDX-License-Identifier: Apache-2.0 */
/* s3_fixture.c - see s3_fixture.h. */
#include "s3_fixture.h"

#include "driver/operation.h"
#include "unit.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { REQUEST_LIMIT = 1 << 20 };

const struct lagan_host *lagan_host_table;

void fixture_host_begin(void)
{
    struct lagan_op op = fixture_op();
    lagan_host_table = operation_host_table();
    if (s3_load(&op) != LAGAN_OK)
        abort();
}

struct lagan_op fixture_op(void)
{
    return (struct lagan_op){.size = sizeof(struct lagan_op), .cancel_fd = -1};
}

static const struct lagan_parameter *find_row(const char *name)
{
    static const struct lagan_parameter rows[] = {S3_PARAMETERS};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (strcmp(rows[i].name, name) == 0)
            return &rows[i];
    fail_msg("no parameter %s", name);
    return NULL;
}

static int64_t index_of(const char *choices, const char *choice)
{
    size_t size = strlen(choice);
    for (int64_t i = 0;; i++) {
        if (strncmp(choices, choice, size) == 0 &&
            (choices[size] == '|' || choices[size] == '\0'))
            return i;
        choices = strchr(choices, '|');
        if (!choices)
            fail_msg("no choice %s", choice);
        choices++;
    }
}

struct s3_settings *fixture_settings(const char *const *words)
{
    struct s3_settings *settings = s3_settings_new();
    struct lagan_op op = fixture_op();
    bool taken;
    assert_non_null(settings);
    for (; words[0]; words += 2) {
        const struct lagan_parameter *row = find_row(words[0]);
        struct lagan_value value = {
            .type = row->type, .size = (uint32_t)strlen(words[1]), .text = words[1]};
        if (row->type == LAGAN_PARAMETER_CHOICE)
            value.number = index_of(row->choices, words[1]);
        if (row->type == LAGAN_PARAMETER_INTEGER || row->type == LAGAN_PARAMETER_DURATION)
            value.number = strtoll(words[1], NULL, 10);
        if (s3_configure(settings, &op, words[0], &value, &taken) != LAGAN_OK)
            fail_msg("%s: %s", words[0], op.error.text);
    }
    if (s3_configured(settings, &op) != LAGAN_OK)
        fail_msg("%s", op.error.text);
    return settings;
}

struct s3 *fixture_client(struct s3_settings *settings)
{
    struct lagan_op op = fixture_op();
    struct s3 *client = NULL;
    if (s3_open(settings, &op, &client) != LAGAN_OK)
        fail_msg("%s", op.error.text);
    return client;
}

struct canned_store {
    const struct canned *answers;
    size_t count;
    size_t given;
    int listener;
    int stop[2]; /* a pipe: closed to end the thread */
    pthread_t thread;
    char port[8];
    char **bodies;
    char problem[2048];
    struct s3_settings *settings;
    struct s3 *client;
};

/* Reads a request into `text`: head and body.  False at the end of the connection. */
static bool read_request(int fd, char *text, size_t *size, const char **body)
{
    *size = 0;
    for (;;) {
        text[*size] = '\0';
        char *end = strstr(text, "\r\n\r\n");
        char *length = end ? strcasestr(text, "\r\ncontent-length:") : NULL;
        size_t wanted = length && length < end ? strtoul(length + 17, NULL, 10) : 0;
        if (end && *size >= (size_t)(end + 4 - text) + wanted) {
            *body = end + 4;
            return true;
        }
        ssize_t got = read(fd, text + *size, REQUEST_LIMIT - 1 - *size);
        if (got <= 0)
            return false;
        *size += (size_t)got;
    }
}

static void write_answer(int fd, const struct canned *answer, bool is_head)
{
    const char *body = answer->body ? answer->body : "";
    char head[2048];
    int size = snprintf(head, sizeof head, "HTTP/1.1 %s\r\n%sContent-Length: %zu\r\n\r\n",
                        answer->status, answer->headers ? answer->headers : "",
                        strlen(body) + (answer->cut ? 10 : 0));
    assert_true(size > 0 && (size_t)size < sizeof head);
    if (send(fd, head, (size_t)size, MSG_NOSIGNAL) == size && !is_head && body[0])
        (void)!send(fd, body, strlen(body), MSG_NOSIGNAL);
}

/* Answers one request; false when the connection is to be closed. */
static bool answer_request(struct canned_store *s, int fd, const char *text, const char *body)
{
    const struct canned *answer = &s->answers[s->given];
    if (s->given == s->count) {
        snprintf(s->problem, sizeof s->problem, "a request too many: %.*s",
                 (int)strcspn(text, "\r"), text);
        return false;
    }
    if (answer->expect && !strstr(text, answer->expect))
        snprintf(s->problem, sizeof s->problem, "request %zu without %s: %.1200s", s->given,
                 answer->expect, text);
    s->bodies[s->given++] = strdup(body);
    if (!answer->status)
        return false;
    write_answer(fd, answer, strncmp(text, "HEAD ", 5) == 0);
    return !answer->cut;
}

static void serve(struct canned_store *s, int fd)
{
    char *text = malloc(REQUEST_LIMIT);
    size_t size;
    const char *body;
    while (text && read_request(fd, text, &size, &body))
        if (!answer_request(s, fd, text, body))
            break;
    free(text);
    close(fd);
}

static void *run_store(void *context)
{
    struct canned_store *s = context;
    for (;;) {
        int fd = accept(s->listener, NULL, NULL);
        if (fd < 0)
            return NULL;
        serve(s, fd);
    }
}

struct canned_store *canned_begin(const struct canned *answers, size_t count)
{
    struct canned_store *s = calloc(1, sizeof *s);
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    assert_non_null(s);
    s->answers = answers;
    s->count = count;
    s->bodies = calloc(count + 1, sizeof *s->bodies);
    s->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(s->listener, (struct sockaddr *)&address, size), 0);
    assert_int_equal(listen(s->listener, 8), 0);
    assert_int_equal(getsockname(s->listener, (struct sockaddr *)&address, &size), 0);
    snprintf(s->port, sizeof s->port, "%u", ntohs(address.sin_port));
    assert_int_equal(pthread_create(&s->thread, NULL, run_store, s), 0);
    return s;
}

struct s3 *canned_client_with(struct canned_store *store, const char *const *more)
{
    char endpoint[64];
    const char *words[32] = {"endpoint", endpoint, "bucket", "bucket",
                             "style",    "path",   "region", "us-east-1"};
    size_t count = 8;
    snprintf(endpoint, sizeof endpoint, "http://127.0.0.1:%s", store->port);
    for (; *more && count < 31; more++)
        words[count++] = *more;
    store->settings = fixture_settings(words);
    store->client = fixture_client(store->settings);
    return store->client;
}

struct s3 *canned_client(struct canned_store *store, const char *dialect)
{
    const char *const words[] = {"dialect", dialect, "credentials", "access:secret", NULL};
    return canned_client_with(store, words);
}

const char *canned_body(const struct canned_store *store, size_t number)
{
    return number < store->given && store->bodies[number] ? store->bodies[number] : "";
}

void canned_end(struct canned_store *s)
{
    s3_close(s->client); /* which ends the connection that is being served */
    s3_settings_free(s->settings);
    shutdown(s->listener, SHUT_RDWR);
    pthread_join(s->thread, NULL);
    close(s->listener);
    if (s->problem[0])
        fail_msg("%s", s->problem);
    if (s->given != s->count)
        fail_msg("%zu of %zu answers were asked for", s->given, s->count);
    for (size_t i = 0; i < s->count; i++)
        free(s->bodies[i]);
    free(s->bodies);
    free(s);
}
