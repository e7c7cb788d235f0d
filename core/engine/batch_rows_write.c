/* SPDX-License-Identifier: Apache-2.0 */
/* batch_rows_write.c - the rows of a batch job, written once; see batch_rows.h. */
#include "base/file.h"
#include "base/object.h"
#include "base/text.h"
#include "crypto/hash.h"
#include "engine/batch_rows_private.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { FOLDER_MODE = 0700, FILE_MODE = 0600, SET_FIRST = 1024 };

/* Keys by a hash of each: those that do not come in order. */
struct key_set {
    uint64_t *places; /* 0 = free */
    size_t room;      /* a power of two */
    size_t count;
};

struct batch_rows_writer {
    char *folder, *path, *temporary;
    FILE *file;
    uint64_t count, bytes;
    struct buffer last; /* key of the last row */
    struct buffer line;
    bool unsorted;
    struct key_set set;
};

char *batch_path(const char *folder, const char *name, struct error *e)
{
    char *path = NULL;

    if (asprintf(&path, "%s/%s", folder, name) < 0) {
        error_no_memory(e, "a path");
        return NULL;
    }
    return path;
}

static void writer_free(struct batch_rows_writer *w)
{
    if (w->file != NULL)
        fclose(w->file);
    free(w->folder);
    free(w->path);
    free(w->temporary);
    buffer_free(&w->last);
    buffer_free(&w->line);
    free(w->set.places);
    free(w);
}

struct batch_rows_writer *batch_rows_create(const char *folder, struct error *e)
{
    static const uint8_t head[BATCH_ROWS_HEAD];
    struct batch_rows_writer *w = calloc(1, sizeof(*w));

    if (w == NULL) {
        error_no_memory(e, "rows");
        return NULL;
    }
    w->folder = strdup(folder);
    w->path = batch_path(folder, "rows", e);
    w->temporary = batch_path(folder, "rows.new", e);
    if (w->folder != NULL && w->path != NULL && w->temporary != NULL &&
        file_make_directories(folder, FOLDER_MODE, e) == 0) {
        int fd = open(w->temporary, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, FILE_MODE);
        w->file = fd >= 0 ? fdopen(fd, "w+") : NULL;
        if (w->file != NULL && fwrite(head, 1, sizeof(head), w->file) == sizeof(head))
            return w;
        error_errno(e, errno, "cannot write %s", w->temporary);
    }
    writer_free(w);
    return NULL;
}

/* ---- no key twice (BAT-14) ---- */

static uint64_t hash_of(const void *key, size_t size)
{
    uint8_t hash[HASH_SIZE];

    hash_sha256(key, size, hash);
    uint64_t number = load_u64(hash);
    return number != 0 ? number : 1;
}

/* True when it was there. */
static bool set_put(struct key_set *set, uint64_t hash)
{
    size_t at = (size_t)hash & (set->room - 1);

    while (set->places[at] != 0) {
        if (set->places[at] == hash)
            return true;
        at = (at + 1) & (set->room - 1);
    }
    set->places[at] = hash;
    set->count++;
    return false;
}

static int set_grow(struct key_set *set, struct error *e)
{
    struct key_set grown = {.room = set->room != 0 ? 2 * set->room : SET_FIRST};

    if (2 * (set->count + 1) <= set->room)
        return 0;
    grown.places = calloc(grown.room, sizeof(grown.places[0]));
    if (grown.places == NULL)
        return error_no_memory(e, "the keys of a manifest");
    for (size_t i = 0; i < set->room; i++)
        if (set->places[i] != 0)
            set_put(&grown, set->places[i]);
    free(set->places);
    *set = grown;
    return 0;
}

/* 1 when there is a row, 0 at the end, -1. */
static int read_row(FILE *file, struct buffer *row, struct error *e)
{
    uint8_t size_bytes[4];

    if (fread(size_bytes, 1, sizeof(size_bytes), file) != sizeof(size_bytes))
        return ferror(file) ? error_errno(e, errno, "cannot read rows") : 0;
    uint32_t size = load_u32(size_bytes);
    buffer_clear(row);
    uint8_t *room = size <= BATCH_ROW_MOST ? buffer_reserve(row, size) : NULL;
    if (room == NULL || fread(room, 1, size, file) != size)
        return error_set(e, LAGAN_CORRUPT, ERROR_INTEGRITY, "the rows of the job are damaged");
    row->size = size;
    return 1;
}

/* The rows so far came in order; from now on each is remembered. */
static int remember_all(struct batch_rows_writer *w, struct error *e)
{
    struct buffer row CLEANUP_BUFFER = BUFFER_INIT;
    int found = fflush(w->file) == 0 && fseek(w->file, BATCH_ROWS_HEAD, SEEK_SET) == 0
                    ? 1
                    : error_errno(e, errno, "cannot read rows");

    while (found > 0 && (found = read_row(w->file, &row, e)) > 0) {
        struct reader reader = reader_of(row.data, row.size);
        size_t size;
        reader_u64(&reader);
        const uint8_t *key = reader_counted(&reader, &size);
        if (key == NULL || set_grow(&w->set, e) != 0)
            return -1;
        set_put(&w->set, hash_of(key, size));
    }
    w->unsorted = true;
    return found < 0 || fseek(w->file, 0, SEEK_END) != 0 ? -1 : 0;
}

static int twice(const char *where, uint64_t line, const void *key, size_t size,
                 struct error *e)
{
    char shown[200];

    text_escape_line(shown, sizeof(shown), key, size);
    return error_set(
        e, LAGAN_INVALID, ERROR_MANIFEST,
        "%s:%llu: the object %s was named before; a job copies one version of each", where,
        (unsigned long long)line, shown);
}

static int check_key(struct batch_rows_writer *w, const void *key, size_t size,
                     const char *where, uint64_t line, struct error *e)
{
    size_t common = size < w->last.size ? size : w->last.size;
    int order = common > 0 ? memcmp(w->last.data, key, common) : 0;

    if (w->count == 0 || w->unsorted)
        order = -1;
    else if (order == 0)
        order = w->last.size < size ? -1 : w->last.size > size;
    if (order == 0)
        return twice(where, line, key, size, e);
    if (order > 0 && remember_all(w, e) != 0)
        return -1;
    if (!w->unsorted)
        return 0;
    if (w->set.count >= BATCH_UNSORTED_MOST)
        return error_set(
            e, LAGAN_LIMIT, ERROR_MANIFEST,
            "%s:%llu: a manifest of more than %d objects has to be in the order of "
            "its keys: sort it, in the C locale",
            where, (unsigned long long)line, BATCH_UNSORTED_MOST);
    if (set_grow(&w->set, e) != 0)
        return -1;
    return set_put(&w->set, hash_of(key, size)) ? twice(where, line, key, size, e) : 0;
}

/* ---- rows ---- */

int batch_rows_add(struct batch_rows_writer *w, const void *key, size_t key_size,
                   const char *version, uint64_t bytes, const char *where, uint64_t line,
                   struct error *e)
{
    uint8_t size[4];

    if (check_key(w, key, key_size, where, line, e) != 0)
        return -1;
    buffer_clear(&w->last);
    buffer_append(&w->last, key, key_size);
    buffer_clear(&w->line);
    buffer_append_u64(&w->line, bytes);
    buffer_append_counted(&w->line, key, key_size);
    buffer_append_counted(&w->line, version, strlen(version) + 1);
    if (buffer_check(&w->line, e) != 0 || buffer_check(&w->last, e) != 0)
        return -1;
    store_u32(size, (uint32_t)w->line.size);
    if (fwrite(size, 1, sizeof(size), w->file) != sizeof(size) ||
        fwrite(w->line.data, 1, w->line.size, w->file) != w->line.size)
        return error_errno(e, errno, "cannot write %s", w->temporary);
    w->count++;
    if (__builtin_add_overflow(w->bytes, bytes, &w->bytes))
        w->bytes = UINT64_MAX;
    return 0;
}

uint64_t batch_rows_bytes(const struct batch_rows_writer *w)
{
    return w->bytes;
}

static int write_head(struct batch_rows_writer *w, struct error *e)
{
    uint8_t head[BATCH_ROWS_HEAD] = BATCH_ROWS_MAGIC;

    store_u64(head + BATCH_ROWS_MAGIC_ROOM, w->count);
    store_u64(head + BATCH_ROWS_MAGIC_ROOM + 8, w->bytes);
    if (fflush(w->file) != 0 || fseek(w->file, 0, SEEK_SET) != 0 ||
        fwrite(head, 1, sizeof(head), w->file) != sizeof(head) || fflush(w->file) != 0 ||
        fsync(fileno(w->file)) != 0)
        return error_errno(e, errno, "cannot write %s", w->temporary);
    return 0;
}

int batch_rows_commit(struct batch_rows_writer *w, uint64_t *count, uint64_t *bytes,
                      struct error *e)
{
    /* Marks first: rows with the marks of others would be taken for done. */
    int result = write_head(w, e);

    if (result == 0)
        result = batch_marks_create(w->folder, w->count, e);
    if (result == 0 && rename(w->temporary, w->path) != 0)
        result = error_errno(e, errno, "cannot rename %s", w->temporary);
    if (result == 0)
        result = file_sync_parent(w->path, e);
    if (result == 0) {
        *count = w->count;
        *bytes = w->bytes;
        writer_free(w);
        return 0;
    }
    batch_rows_abort(w);
    return -1;
}

void batch_rows_abort(struct batch_rows_writer *w)
{
    if (w == NULL)
        return;
    unlink(w->temporary);
    writer_free(w);
}
