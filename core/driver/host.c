/* SPDX-License-Identifier: Apache-2.0 */
/* host.c - the drivers of one directory: loaded once, kept, and asked what they are. */
#include "driver/host.h"

#include "base/object.h"
#include "driver/driver_private.h"
#include "driver/isolate_private.h"
#include "driver/operation.h"
#include "driver/slots.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct driver_host {
    uint32_t magic;
    char *directory;
    struct driver *drivers;
};

enum { HOST_MAGIC = 0x64726873 };

/* libltdl is not made for threads; modules belong to the process, so does the lock. */
static pthread_mutex_t loading = PTHREAD_MUTEX_INITIALIZER;

/* The folder's true path, checked on the way down. */
static char *checked_directory(const char *directory, struct error *e)
{
    char *path;
    int fd;
    if (directory[0] != '/') {
        error_set(e, LAGAN_INVALID, ERROR_CONFIG, "driver folder %s is not an absolute path",
                  directory);
        return NULL;
    }
    path = realpath(directory, NULL);
    if (!path) {
        error_errno(e, errno, "driver folder %s", directory);
        e->code = ERROR_CONFIG;
        return NULL;
    }
    fd = module_open_directory(path, e);
    if (fd < 0) {
        free(path);
        return NULL;
    }
    close(fd);
    return path;
}

struct driver_host *driver_host_new(const char *directory, struct error *e)
{
    struct driver_host *host = calloc(1, sizeof *host);
    int prepared;
    if (!host) {
        error_no_memory(e, "the driver host");
        return NULL;
    }
    host->magic = HOST_MAGIC;
    host->directory = checked_directory(directory, e);
    pthread_mutex_lock(&loading);
    prepared = host->directory ? module_prepare(e) : -1;
    pthread_mutex_unlock(&loading);
    if (prepared < 0) {
        driver_host_free(host);
        return NULL;
    }
    return host;
}

static void driver_free(struct driver *d)
{
    if (!d)
        return;
    if (d->serial) {
        pthread_mutex_destroy(d->serial);
        free(d->serial);
    }
    isolate_facts_free(d->isolated);
    free(d->parameters);
    free(d->path);
    d->magic = 0;
    free(d);
}

void driver_host_free(struct driver_host *host)
{
    if (!host)
        return;
    OBJECT_CHECK(host, HOST_MAGIC);
    while (host->drivers) {
        struct driver *d = host->drivers;
        host->drivers = d->next;
        driver_free(d);
    }
    free(host->directory);
    host->magic = 0;
    free(host);
}

const char *driver_host_directory(const struct driver_host *host)
{
    OBJECT_CHECK(host, HOST_MAGIC);
    return host->directory;
}

static struct driver *driver_new(const char *directory, const char *name, struct error *e)
{
    struct driver *d = calloc(1, sizeof *d);
    if (d) {
        d->magic = DRIVER_MAGIC;
        d->serial = malloc(sizeof *d->serial);
        if (d->serial)
            pthread_mutex_init(d->serial, NULL);
        if (asprintf(&d->path, "%s/%s.so", directory, name) < 0)
            d->path = NULL;
    }
    if (d && d->serial && d->path)
        return d;
    driver_free(d);
    error_no_memory(e, "a driver");
    return NULL;
}

/* Calls the driver's `load`, once per module. */
static int driver_start(struct driver *d, struct error *e)
{
    struct operation o;
    uint32_t result = LAGAN_OK;
    if (d->module->load_done || !d->ops.common.load)
        return 0;
    result = operation_enter(&o, d->descriptor.name, NULL);
    if (result == LAGAN_OK)
        result = operation_leave(&o, d->ops.common.load(&o.op));
    d->module->load_done = result == LAGAN_OK;
    return operation_end(&o, result, e, "load %s", d->path);
}

/* Into this process. */
static int load_here(struct driver *d, const char *directory, const char *name, struct error *e)
{
    d->module = module_load(directory, name, d->path, e);
    if (!d->module ||
        descriptor_adopt(d, name, d->module->describe(operation_host_table()), e) < 0)
        return -1;
    return driver_start(d, e);
}

static struct driver *load_new(struct driver_host *host, const char *name, bool isolated,
                               struct error *e)
{
    struct driver *d = driver_new(host->directory, name, e);
    if (!d)
        return NULL;
    if ((isolated ? isolate_describe(d, host->directory, name, e)
                  : load_here(d, host->directory, name, e)) < 0) {
        driver_free(d);
        return NULL;
    }
    d->next = host->drivers;
    host->drivers = d;
    return d;
}

static const struct driver *load(struct driver_host *host, const char *name, bool isolated,
                                 struct error *e)
{
    struct driver *d;
    OBJECT_CHECK(host, HOST_MAGIC);
    if (!module_name_is_valid(name)) {
        error_set(
            e, LAGAN_INVALID, ERROR_NO_DRIVER,
            "there is no driver \"%s\": names are made of a-z, 0-9 and _, and start with a "
            "letter",
            name);
        return NULL;
    }
    pthread_mutex_lock(&loading);
    d = host->drivers;
    while (d &&
           (strcmp(d->descriptor.name, name) != 0 || (d->isolated != NULL) != isolated))
        d = d->next;
    if (!d)
        d = load_new(host, name, isolated, e);
    pthread_mutex_unlock(&loading);
    return d;
}

const struct driver *driver_load(struct driver_host *host, const char *name, struct error *e)
{
    return load(host, name, false, e);
}

const struct driver *driver_load_kind(struct driver_host *host, const char *name,
                                      enum lagan_kind kind, struct error *e)
{
    return driver_load_isolated(host, name, kind, false, e);
}

const struct driver *driver_load_isolated(struct driver_host *host, const char *name,
                                          enum lagan_kind kind, bool isolated, struct error *e)
{
    const struct driver *d = load(host, name, isolated, e);
    if (d && d->descriptor.kind != kind) {
        error_set(e, LAGAN_INVALID, ERROR_NO_DRIVER,
                  "driver %s is of kind %s, and a driver of kind %s is needed here", name,
                  driver_kind_name(d->descriptor.kind), driver_kind_name(kind));
        return NULL;
    }
    return d;
}

pthread_mutex_t *driver_lock(const struct driver *d, pthread_mutex_t *handle_lock)
{
    switch (d->descriptor.threads) {
    case LAGAN_THREADS_PARALLEL:
        return NULL;
    case LAGAN_THREADS_SERIAL_HANDLE:
        return handle_lock;
    default:
        return d->serial;
    }
}

void driver_lock_take(pthread_mutex_t *lock)
{
    if (lock)
        pthread_mutex_lock(lock);
}

void driver_lock_release(pthread_mutex_t *lock)
{
    if (lock)
        pthread_mutex_unlock(lock);
}
