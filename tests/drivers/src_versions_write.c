/* SPDX-License-Identifier: Apache-2.0 */
/* src_versions_write.c - writing, copying and removing; see src_versions.c. */
#include "src_versions.h"

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { COPY_BYTES = 65536 };

static const char place_start[] = "versions:";

/* Names are given under it, so that versions of one key have times of their own. */
static pthread_mutex_t changes = PTHREAD_MUTEX_INITIALIZER;

struct writer {
    const struct handle *handle;
    char folder[NAME_SIZE];
    uint64_t flags, bytes;
    int fd; /* of content without a name */
};

/* ---- giving a version its name ---- */

static int write_all(int fd, const void *data, size_t size)
{
    const char *at = data;
    while (size > 0) {
        ssize_t done = write(fd, at, size);
        if (done < 0)
            return -1;
        at += done;
        size -= (size_t)done;
    }
    return 0;
}

static int copy_content(int from, uint64_t offset, uint64_t bytes, int to)
{
    char data[COPY_BYTES];
    while (bytes > 0) {
        size_t want = bytes < sizeof data ? (size_t)bytes : sizeof data;
        ssize_t got = pread(from, data, want, (off_t)offset);
        if (got <= 0 || write_all(to, data, (size_t)got) != 0)
            return -1;
        offset += (uint64_t)got;
        bytes -= (uint64_t)got;
    }
    return 0;
}

/* What people give an object; what the place says of it is not kept. */
static void write_piece(FILE *out, const struct lagan_metadata *piece)
{
    const unsigned char *value = piece->value;
    if (strncmp(piece->name, LAGAN_FACT, strlen(LAGAN_FACT)) == 0)
        return;
    fprintf(out, "%s=", piece->name);
    for (size_t i = 0; i < piece->value_size; i++)
        fprintf(out, value[i] < ' ' || value[i] == '%' ? "%%%02X" : "%c", value[i]);
    fputc('\n', out);
}

static int write_head(int fd, const char *kind, const struct lagan_metadata *pieces,
                      size_t count)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    if (!out)
        return -1;
    fprintf(out, "%s\n", kind);
    for (size_t i = 0; i < count; i++)
        write_piece(out, &pieces[i]);
    fputc('\n', out);
    int result = fclose(out) == 0 && size < HEAD_SIZE ? write_all(fd, text, size) : -1;
    free(text);
    return result;
}

static void make_id(const struct handle *h, char id[24])
{
    uint64_t number;
    lagan_random(&number, sizeof number);
    if (h->versions == LAGAN_VERSIONS_KEPT)
        snprintf(id, 24, "v%016llx", (unsigned long long)number);
    else
        snprintf(id, 24, "null");
}

/* Later than all that the key has. */
static uint64_t make_time(const struct names *names)
{
    uint64_t now = (uint64_t)lagan_host_table->wall_ns();
    if (names->count > 0) {
        uint64_t last = strtoull(names->items[names->count - 1], NULL, 16);
        if (now <= last)
            now = last + 1;
    }
    return now;
}

/* Where only one is kept, the one before goes. */
static void drop_replaced(const struct handle *h, const char *folder, const struct names *names)
{
    char full[PATH_SIZE];
    for (size_t i = 0; h->versions != LAGAN_VERSIONS_KEPT && i < names->count; i++) {
        snprintf(full, sizeof full, "%s/%s/%s", h->path, folder, names->items[i]);
        if (h->versions == LAGAN_VERSIONS_NONE || strcmp(id_of(names->items[i]), "null") == 0)
            unlink(full);
    }
}

/* Gives the file without a name its own.  `name`: TIME@ID of what was made. */
static uint32_t publish(const struct handle *h, struct lagan_op *op, const char *folder, int fd,
                        char name[NAME_SIZE])
{
    char full[PATH_SIZE], link[64], id[24];
    struct names names = {0};
    snprintf(full, sizeof full, "%s/%s", h->path, folder);
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    pthread_mutex_lock(&changes);
    uint32_t result = list_folder(op, full, &names);
    if (result == LAGAN_OK) {
        make_id(h, id);
        snprintf(name, NAME_SIZE, "%016llx@%s", (unsigned long long)make_time(&names), id);
        snprintf(full, sizeof full, "%s/%s", h->path, folder);
        if (mkdir(full, 0700) != 0 && errno != EEXIST)
            result = fail_errno(op, folder);
        snprintf(full, sizeof full, "%s/%s/%s", h->path, folder, name);
    }
    if (result == LAGAN_OK && linkat(AT_FDCWD, link, AT_FDCWD, full, AT_SYMLINK_FOLLOW) != 0)
        result = fail_errno(op, name);
    if (result == LAGAN_OK)
        drop_replaced(h, folder, &names);
    pthread_mutex_unlock(&changes);
    names_free(&names);
    return result;
}

static void tell_facts(const struct lagan_metadata_collector *made, const char *etag,
                       const char *id)
{
    const struct lagan_metadata facts[] = {
        {LAGAN_METADATA_PROPERTY, strlen(LAGAN_FACT_ETAG), LAGAN_FACT_ETAG, etag, strlen(etag)},
        {LAGAN_METADATA_PROPERTY, strlen(LAGAN_FACT_VERSION), LAGAN_FACT_VERSION, id,
         strlen(id)}};
    for (size_t i = 0; made && made->add && i < 2; i++)
        made->add(made->context, &facts[i]);
}

static int nameless(const struct handle *h)
{
    return open(h->path, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
}

/* A version out of pieces and content. */
static uint32_t make(const struct handle *h, struct lagan_op *op, const char *folder,
                     const char *kind, const struct lagan_metadata *pieces, size_t count,
                     int content, uint64_t offset, uint64_t bytes,
                     const struct lagan_metadata_collector *made)
{
    char name[NAME_SIZE], etag[24];
    int fd = nameless(h);
    if (fd < 0)
        return fail_errno(op, folder);
    uint32_t result = LAGAN_OK;
    off_t start = -1;
    if (write_head(fd, kind, pieces, count) != 0 || (start = lseek(fd, 0, SEEK_CUR)) < 0 ||
        copy_content(content, offset, bytes, fd) != 0)
        result = lagan_fail(op, LAGAN_LIMIT, errno, "the version could not be written");
    if (result == LAGAN_OK)
        result = publish(h, op, folder, fd, name);
    if (result == LAGAN_OK) {
        make_etag(fd, (uint64_t)start, etag);
        tell_facts(made, etag, id_of(name));
    }
    close(fd);
    return result;
}

/* ---- slots ---- */

uint32_t entry_stat(void *handle, struct lagan_op *op, const void *key, size_t key_size,
                    const struct lagan_entry_collector *attributes)
{
    const struct handle *h = handle;
    char folder[NAME_SIZE];
    struct lagan_entry root = {
        .size = sizeof root, .type = LAGAN_ENTRY_DIRECTORY, .key = "", .key_size = 0};
    if (key_size == 0)
        return attributes->add(attributes->context, &root);
    struct version *v = malloc(sizeof *v);
    if (!v)
        return no_memory(op);
    count_request(h, 's');
    uint32_t result = find(op, h->path, key, key_size, folder, v, NULL);
    if (result == LAGAN_OK)
        result = hand_over(v, key, key_size, TELL_HEAD, attributes);
    free(v);
    return result;
}

/* The object's folder, and EXISTS when it is there and must not be. */
static uint32_t prepare(const struct handle *h, struct lagan_op *op, const void *key,
                        size_t key_size, uint64_t flags, char folder[NAME_SIZE])
{
    const char *suffix = memchr(key, 0, key_size);
    size_t object = suffix ? (size_t)(suffix - (const char *)key) : key_size;
    uint32_t result = LAGAN_OK;
    if (!h->writable)
        return lagan_fail(op, LAGAN_DENIED, 0, "opened to be read");
    if (encode(key, object, folder) != 0)
        return lagan_fail(op, LAGAN_LIMIT, 0, "the key is too long");
    if (flags & LAGAN_CREATE_REPLACE)
        return LAGAN_OK;
    struct version *v = malloc(sizeof *v);
    if (!v)
        return no_memory(op);
    if (find(op, h->path, key, object, folder, v, NULL) == LAGAN_OK)
        result = lagan_fail(op, LAGAN_EXISTS, 0, "there is such an object");
    free(v);
    return result;
}

uint32_t entry_create(void *handle, struct lagan_op *op, const struct lagan_entry *entry,
                      uint64_t flags, void **writer)
{
    const struct handle *h = handle;
    char folder[NAME_SIZE];
    uint32_t result = prepare(h, op, entry->key, entry->key_size, flags, folder);
    if (result != LAGAN_OK)
        return result;
    struct writer *w = calloc(1, sizeof *w);
    if (!w)
        return no_memory(op);
    memcpy(w->folder, folder, sizeof folder);
    w->handle = h;
    w->bytes = entry->bytes;
    w->fd = nameless(h);
    if (w->fd < 0) {
        free(w);
        return fail_errno(op, h->path);
    }
    *writer = w;
    return LAGAN_OK;
}

uint32_t write_at(void *writer, struct lagan_op *op, uint64_t offset, const void *data,
                  size_t size)
{
    const struct writer *w = writer;
    const char *at = data;
    if (lagan_cancelled(op))
        return LAGAN_CANCELLED;
    while (size > 0) {
        ssize_t done = pwrite(w->fd, at, size, (off_t)offset);
        if (done < 0)
            return fail_errno(op, w->folder);
        at += done;
        offset += (uint64_t)done;
        size -= (size_t)done;
    }
    return LAGAN_OK;
}

uint32_t write_zero(void *writer, struct lagan_op *op, uint64_t offset, uint64_t length)
{
    const struct writer *w = writer;
    struct stat status;
    if (fstat(w->fd, &status) != 0 || ((uint64_t)status.st_size < offset + length &&
                                       ftruncate(w->fd, (off_t)(offset + length)) != 0))
        return fail_errno(op, w->folder);
    return LAGAN_OK;
}

void entry_abort(void *writer)
{
    struct writer *w = writer;
    close(w->fd);
    free(w);
}

uint32_t entry_commit(void *writer, struct lagan_op *op, const struct lagan_metadata *pieces,
                      size_t count, const struct lagan_metadata_collector *lost)
{
    struct writer *w = writer;
    count_request(w->handle, 'p');
    uint32_t result = ftruncate(w->fd, (off_t)w->bytes) != 0 ? fail_errno(op, w->folder)
                      : lagan_cancelled(op)                  ? (uint32_t)LAGAN_CANCELLED
                                                             : (uint32_t)LAGAN_OK;
    if (result == LAGAN_OK)
        result =
            make(w->handle, op, w->folder, "object", pieces, count, w->fd, 0, w->bytes, lost);
    entry_abort(w);
    return result;
}

uint32_t node_create(void *handle, struct lagan_op *op, const struct lagan_entry *entry,
                     uint64_t flags, const struct lagan_metadata *pieces, size_t count,
                     const struct lagan_metadata_collector *lost)
{
    (void)handle;
    (void)flags;
    (void)pieces;
    (void)count;
    (void)lost;
    return entry->type == LAGAN_ENTRY_DIRECTORY
               ? (uint32_t)LAGAN_OK
               : lagan_fail(op, LAGAN_UNSUPPORTED, 0, "a bucket has objects alone");
}

uint32_t directory_finish(void *handle, struct lagan_op *op, const struct lagan_entry *entry,
                          uint64_t flags, const struct lagan_metadata *pieces, size_t count,
                          const struct lagan_metadata_collector *lost)
{
    return node_create(handle, op, entry, flags, pieces, count, lost);
}

uint32_t place_name(void *handle, struct lagan_op *op, char *name, size_t size)
{
    const struct handle *h = handle;
    int needed = snprintf(name, size, "%s%s", place_start, h->path);
    return needed >= 0 && (size_t)needed < size
               ? (uint32_t)LAGAN_OK
               : lagan_fail(op, LAGAN_LIMIT, 0, "the path is too long");
}

/* The folder of another place of the same store, or NULL. */
static const char *sibling(const struct handle *h, const char *place)
{
    const char *path = place + strlen(place_start), *end;
    if (strncmp(place, place_start, strlen(place_start)) != 0 || !(end = strrchr(path, '/')) ||
        strncmp(path, h->path, (size_t)(end - path) + 1) != 0 ||
        strchr(h->path + (end - path) + 1, '/'))
        return NULL;
    return path;
}

/* The original's pieces with those that are given in place of their likes. */
static size_t merge(const struct version *from, uint64_t flags,
                    const struct lagan_metadata *pieces, size_t count,
                    struct lagan_metadata all[2 * PIECES])
{
    size_t used = 0;
    for (size_t i = 0; i < from->count && flags & LAGAN_CREATE_KEEP_PIECES; i++) {
        bool given = false;
        for (size_t n = 0; n < count; n++)
            given = given || strcmp(pieces[n].name, from->pieces[i].name) == 0;
        if (!given)
            all[used++] = from->pieces[i];
    }
    for (size_t n = 0; n < count && n < PIECES; n++)
        all[used++] = pieces[n];
    return used;
}

uint32_t entry_copy(void *handle, struct lagan_op *op, const char *place, const void *from,
                    size_t from_size, const void *id, size_t id_size,
                    const struct lagan_entry *entry, uint64_t flags,
                    const struct lagan_metadata *pieces, size_t count,
                    const struct lagan_metadata_collector *lost)
{
    const struct handle *h = handle;
    const char *path = sibling(h, place);
    struct lagan_metadata all[2 * PIECES];
    char folder[NAME_SIZE], from_folder[NAME_SIZE];
    int fd = -1;
    if (!path)
        return lagan_fail(op, LAGAN_UNSUPPORTED, 0, "another store");
    count_request(h, 'c');
    uint32_t result = prepare(h, op, entry->key, entry->key_size, flags, folder);
    if (result != LAGAN_OK)
        return result;
    struct version *v = malloc(sizeof *v);
    if (!v)
        return no_memory(op);
    result = find(op, path, from, from_size, from_folder, v, &fd);
    if (result == LAGAN_OK) {
        const char *own = id_of(v->name);
        if (id_size > 0 && compare(id, id_size, own, strlen(own)) != 0)
            result = lagan_fail(op, LAGAN_CHANGED, 0, "it is another version");
        else
            result = make(h, op, folder, "object", all, merge(v, flags, pieces, count, all), fd,
                          v->content, v->bytes, lost);
        close(fd);
    }
    free(v);
    return result;
}

/* All versions of a place that keeps none. */
static void remove_all(const struct handle *h, struct lagan_op *op, const char *folder)
{
    char full[PATH_SIZE];
    struct names names = {0};
    snprintf(full, sizeof full, "%s/%s", h->path, folder);
    if (list_folder(op, full, &names) == LAGAN_OK)
        drop_replaced(h, folder, &names);
    names_free(&names);
}

uint32_t entry_remove(void *handle, struct lagan_op *op, const void *key, size_t key_size,
                      uint64_t flags)
{
    const struct handle *h = handle;
    const char *suffix = memchr(key, 0, key_size);
    char folder[NAME_SIZE], full[PATH_SIZE];
    count_request(h, 'd');
    uint32_t result = prepare(h, op, key, key_size, flags | LAGAN_CREATE_REPLACE, folder);
    if (result != LAGAN_OK)
        return result;
    if (suffix) {
        snprintf(full, sizeof full, "%s/%s/%.16s@%.*s", h->path, folder, suffix + 1,
                 (int)(key_size - (size_t)(suffix - (const char *)key) - 17), suffix + 17);
        /* As stores do it: who does not know when a version was made, knows its id. */
        glob_t found = {0};
        if (strncmp(suffix + 1, "0000000000000000", 16) == 0) {
            memset(strrchr(full, '/') + 1, '?', 16);
            if (glob(full, 0, NULL, &found) == 0)
                snprintf(full, sizeof full, "%s", found.gl_pathv[0]);
            globfree(&found);
        }
        return unlink(full) == 0 || errno == ENOENT ? (uint32_t)LAGAN_OK
                                                    : fail_errno(op, folder);
    }
    if (h->versions == LAGAN_VERSIONS_NONE) {
        remove_all(h, op, folder);
        return LAGAN_OK;
    }
    return make(h, op, folder, "marker", NULL, 0, -1, 0, 0, NULL);
}
