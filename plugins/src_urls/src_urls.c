/* SPDX-License-Identifier: Apache-2.0 */
/* src_urls.c - a list of URLs as a source: descriptor, parameters, open and close. */
#include "src_urls.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { CONNECTIONS_LIMIT = 64, READ_BYTES = 1 << 20 };

enum row { ROW_LIST, ROW_REDIRECTS, ROW_CONNECTIONS, ROW_CA_FILE, ROW_STALL };

static const struct lagan_parameter parameters[] = {
    [ROW_LIST] = {.name = "list",
                  .type = LAGAN_PARAMETER_TEXT,
                  .flags = LAGAN_PARAMETER_REQUIRED | LAGAN_PARAMETER_BARE,
                  .minimum = 1,
                  .maximum = 4096,
                  .help = "file with the list, or its own http:// or https:// URL"},
    [ROW_REDIRECTS] = {.name = "redirects",
                       .type = LAGAN_PARAMETER_CHOICE,
                       .default_value = "same-host",
                       .choices = "same-host|any|never",
                       .help = "which other places answers may lead to"},
    [ROW_CONNECTIONS] = {.name = "connections",
                         .type = LAGAN_PARAMETER_INTEGER,
                         .default_value = "16",
                         .minimum = 1,
                         .maximum = CONNECTIONS_LIMIT,
                         .help = "requests at a time"},
    [ROW_CA_FILE] = {.name = "ca-file",
                     .type = LAGAN_PARAMETER_PATH,
                     .help = "certificates of the authorities to trust"},
    [ROW_STALL] = {.name = "stall",
                   .type = LAGAN_PARAMETER_DURATION,
                   .flags = LAGAN_PARAMETER_ADVANCED,
                   .default_value = "60s",
                   .minimum = 1000000000,
                   .maximum = INT64_C(3600000000000),
                   .help = "give up when nothing comes for so long"},
    {.name = NULL},
};

uint32_t out_of_memory(struct lagan_op *op)
{
    return lagan_fail(op, LAGAN_INTERNAL, ENOMEM, "out of memory");
}

static uint32_t urls_load(struct lagan_op *op)
{
    return curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK ? LAGAN_OK : out_of_memory(op);
}

static uint32_t urls_instance_new(struct lagan_op *op, void **instance)
{
    *instance = calloc(1, sizeof(struct instance));
    return *instance != NULL ? LAGAN_OK : out_of_memory(op);
}

static void urls_instance_free(void *instance)
{
    struct instance *i = instance;
    if (i == NULL)
        return;
    free(i->list);
    free(i->ca_file);
    free(i);
}

static uint32_t set_text(char **text, struct lagan_op *op, const struct lagan_value *value)
{
    free(*text);
    *text = strndup(value->text, value->size);
    return *text != NULL ? LAGAN_OK : out_of_memory(op);
}

static uint32_t urls_configure(void *instance, struct lagan_op *op, uint32_t row,
                               const struct lagan_value *value)
{
    struct instance *i = instance;
    switch ((enum row)row) {
    case ROW_LIST:
        return set_text(&i->list, op, value);
    case ROW_REDIRECTS:
        i->redirects = (enum redirects)value->number;
        return LAGAN_OK;
    case ROW_CONNECTIONS:
        i->connections = (long)value->number;
        return LAGAN_OK;
    case ROW_CA_FILE:
        return set_text(&i->ca_file, op, value);
    case ROW_STALL:
        i->stall_ns = value->number;
        return LAGAN_OK;
    }
    return lagan_fail(op, LAGAN_INVALID, 0, "no such parameter");
}

/* ---- the list ---- */

static bool is_url(const char *text)
{
    return strncmp(text, "http://", 7) == 0 || strncmp(text, "https://", 8) == 0;
}

/* Bytes that grow, up to the limit of lists. */
struct bytes {
    char *data;
    size_t size, room;
};

static uint32_t make_room(struct bytes *b, struct lagan_op *op)
{
    if (b->room - b->size > READ_BYTES)
        return LAGAN_OK;
    if (b->size > LIST_LIMIT_BYTES)
        return lagan_fail(op, LAGAN_LIMIT, 0, "the list is longer than 1 GiB");
    size_t room = 2 * b->room + 2 * (size_t)READ_BYTES;
    char *grown = realloc(b->data, room + 1);
    if (grown == NULL)
        return out_of_memory(op);
    b->data = grown;
    b->room = room;
    return LAGAN_OK;
}

static uint32_t read_file(const char *path, struct lagan_op *op, struct bytes *b)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    struct stat found;
    uint32_t result = LAGAN_OK;
    ssize_t got = 1;
    if (fd < 0)
        return lagan_fail(op, errno == ENOENT ? LAGAN_NOT_FOUND : LAGAN_IO, errno,
                          "cannot open the list %s: %s", path, strerror(errno));
    if (fstat(fd, &found) != 0 || !S_ISREG(found.st_mode))
        result = lagan_fail(op, LAGAN_INVALID, 0, "the list %s is no file", path);
    while (result == LAGAN_OK && got > 0) {
        result = make_room(b, op);
        got = result == LAGAN_OK ? read(fd, b->data + b->size, READ_BYTES) : 0;
        if (got < 0)
            result = lagan_fail(op, LAGAN_IO, errno, "cannot read the list %s: %s", path,
                                strerror(errno));
        b->size += got > 0 ? (size_t)got : 0;
    }
    close(fd);
    return result;
}

static uint32_t read_url(struct handle *h, struct lagan_op *op, struct bytes *b)
{
    const struct wish wish = {.url = h->instance->list, .method = FETCH_GET};
    struct fetch *f = fetch_take(h, op);
    size_t got = READ_BYTES;
    if (f == NULL)
        return LAGAN_INTERNAL;
    uint32_t result = fetch_begin(f, op, &wish);
    if (result == LAGAN_OK && f->answer.status != 200)
        result = fetch_status(f, op);
    while (result == LAGAN_OK && got == READ_BYTES) {
        result = make_room(b, op);
        if (result == LAGAN_OK)
            result = fetch_read(f, op, b->data + b->size, READ_BYTES, &got);
        b->size += result == LAGAN_OK ? got : 0;
    }
    fetch_give(f);
    return result;
}

static uint32_t load_list(struct handle *h, struct lagan_op *op)
{
    struct bytes b = {0};
    uint32_t result = make_room(&b, op);
    if (result == LAGAN_OK)
        result = is_url(h->instance->list) ? read_url(h, op, &b)
                                           : read_file(h->instance->list, op, &b);
    if (result != LAGAN_OK) {
        free(b.data);
        return result;
    }
    b.data[b.size] = '\0';
    return list_parse(&h->list, op, b.data, b.size);
}

/* ---- the handle ---- */

static void urls_close(void *handle)
{
    struct handle *h = handle;
    if (h == NULL)
        return;
    while (h->idle != NULL) {
        struct fetch *f = h->idle;
        h->idle = f->next;
        fetch_free(f);
    }
    list_free(&h->list);
    pthread_mutex_destroy(&h->lock);
    free(h);
}

static uint32_t urls_open(void *instance, struct lagan_op *op, uint64_t flags, void **handle)
{
    if ((flags & UINT32_MAX & ~LAGAN_OPEN_READ_ONLY) != 0)
        return lagan_fail(op, LAGAN_UNSUPPORTED, 0, "a list of URLs can only be read");
    if (lagan_cancelled(op))
        return lagan_fail(op, LAGAN_CANCELLED, 0, "cancelled");
    struct handle *h = calloc(1, sizeof *h);
    if (h == NULL)
        return out_of_memory(op);
    h->instance = instance;
    pthread_mutex_init(&h->lock, NULL);
    uint32_t result = load_list(h, op);
    if (result == LAGAN_OK) {
        *handle = h;
        return LAGAN_OK;
    }
    urls_close(h);
    op->error.scope = LAGAN_SCOPE_INSTANCE;
    return result;
}

static uint32_t urls_capabilities(void *handle, struct lagan_op *op,
                                  struct lagan_source_capabilities *capabilities)
{
    const struct handle *h = handle;
    (void)op;
    capabilities->sorted = 1;
    capabilities->resume = 1;
    capabilities->random_read = 1;
    capabilities->max_parallel = (uint32_t)h->instance->connections;
    capabilities->prefix = 1;
    capabilities->pieces = 1;
    return LAGAN_OK;
}

static uint32_t urls_check(void *handle, struct lagan_op *op,
                           const struct lagan_finding_collector *findings)
{
    struct handle *h = handle;
    const char *first = h->list.count > 0 ? h->list.text + h->list.items[0].url : NULL;
    const struct wish wish = {.url = first, .method = FETCH_GET, .first_byte = true};
    if (first == NULL) {
        findings->add(findings->context, LAGAN_FINDING_WARNING, "the list is empty", NULL);
        return LAGAN_OK;
    }
    findings->add(findings->context, LAGAN_FINDING_OK, "the list can be read", NULL);
    struct fetch *f = fetch_take(h, op);
    if (f == NULL)
        return LAGAN_INTERNAL;
    uint32_t result = fetch_begin(f, op, &wish);
    if (result == LAGAN_OK && f->answer.status != 200 && f->answer.status != 206)
        result = fetch_status(f, op);
    if (result != LAGAN_OK)
        findings->add(findings->context, LAGAN_FINDING_ERROR, op->error.text,
                      "see to the first URL of the list");
    else if (f->answer.status == 200)
        findings->add(findings->context, LAGAN_FINDING_WARNING,
                      "the server sends no parts: what breaks off is read from the start again",
                      NULL);
    else
        findings->add(findings->context, LAGAN_FINDING_OK, "the server sends parts", NULL);
    if (strncmp(first, "http://", 7) == 0)
        findings->add(findings->context, LAGAN_FINDING_WARNING,
                      "http:// shows and lets change what is read on the way", "use https://");
    fetch_give(f);
    return LAGAN_OK;
}

static uint32_t urls_estimate(void *handle, struct lagan_op *op, uint64_t *bytes,
                              uint64_t *entries)
{
    const struct handle *h = handle;
    (void)op;
    *bytes = 0;
    *entries = h->list.count;
    return LAGAN_OK;
}

static const struct lagan_source_ops ops = {
    .common =
        {
            .load = urls_load,
            .instance_new = urls_instance_new,
            .instance_free = urls_instance_free,
            .configure = urls_configure,
            .open = urls_open,
            .close = urls_close,
        },
    .capabilities = urls_capabilities,
    .check = urls_check,
    .estimate = urls_estimate,
    .walk_open = urls_walk_open,
    .walk_next = urls_walk_next,
    .walk_close = urls_walk_close,
    .entry_open = urls_entry_open,
    .read_at = urls_read_at,
    .entry_close = urls_entry_close,
    .metadata = urls_metadata,
};

static const struct lagan_driver descriptor = {
    LAGAN_DRIVER_HEAD,
    .kind = LAGAN_KIND_SOURCE,
    .threads = LAGAN_THREADS_PARALLEL,
    .max_parallel = 16,
    .required_features = LAGAN_FEATURE_STREAM,
    .name = "src_urls",
    .version = "1.0",
    .licence = "Apache-2.0",
    .summary = "a list of URLs, read over HTTP",
    .parameters = parameters,
    .ops_bytes = sizeof ops,
    .ops = &ops,
    .traits = LAGAN_TRAIT_FLAT,
};

LAGAN_DRIVER(src_urls, &descriptor)
