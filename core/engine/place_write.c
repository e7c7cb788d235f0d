/* SPDX-License-Identifier: Apache-2.0 */
/* place_write.c - whole files and objects, written to folders and sources; see place_file.h. */
#include "base/clock.h"
#include "base/file.h"
#include "base/object.h"
#include "engine/place_file_private.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PART_SIZE = 256 * 1024, FILE_MODE = 0600, FOLDER_MODE = 0700 };

static const int64_t SECOND_NS = INT64_C(1000000000);

/* ---- opening ---- */

/* A source that is not registered: the folder `path`. */
static struct catalog_source *row_of_path(struct setup *s, const char *path, struct error *e)
{
    const struct driver *driver = NULL;

    if (setup_driver(s, SETUP_PATH_DRIVER, LAGAN_KIND_SOURCE, &driver, e) != 0)
        return NULL;
    const struct lagan_parameter *place =
        driver_parameter_marked(driver, LAGAN_PARAMETER_PLACE);
    ASSERT(place != NULL);
    struct catalog_source *row = catalog_source_new(e);
    if (row == NULL)
        return NULL;
    snprintf(row->driver, sizeof(row->driver), "%s", SETUP_PATH_DRIVER);
    snprintf(row->name, sizeof(row->name), "%s", "folder");
    if (catalog_pairs_add(&row->parameters, place->name, path, e) == 0)
        return row;
    catalog_source_free(row);
    return NULL;
}

int place_output_open(struct setup *s, const char *text, struct place_output *place,
                      struct error *e)
{
    bool is_path = strchr(text, '/') != NULL;
    struct place_output opened = {.name = strdup(text)};

    if (opened.name == NULL)
        return error_no_memory(e, "a place");
    if (is_path && file_make_directories(text, FOLDER_MODE, e) != 0) {
        place_output_close(&opened);
        return -1;
    }
    struct catalog_source *row =
        is_path ? row_of_path(s, text, e) : catalog_source_find(setup_catalog(s), text, e);
    int result =
        row == NULL ? -1 : setup_source_open_row(s, row, LAGAN_OPEN_RESTORE, &opened.source, e);
    catalog_source_free(row);
    if (result != 0) {
        place_output_close(&opened);
        return -1;
    }
    opened.flat = place_is_flat(opened.source.source);
    *place = opened;
    return 0;
}

void place_output_close(struct place_output *place)
{
    open_source_close(&place->source);
    free(place->name);
    *place = (struct place_output){0};
}

/* ---- writing ---- */

static struct lagan_entry entry_of(const struct place_output *place, const struct buffer *key,
                                   uint32_t type, uint64_t bytes)
{
    int64_t now = clock_wall_ns();

    (void)place;
    return (struct lagan_entry){.size = sizeof(struct lagan_entry),
                                .type = type,
                                .key = key->data,
                                .key_size = key->size,
                                .present = LAGAN_HAS_BYTES | LAGAN_HAS_MODE | LAGAN_HAS_MTIME,
                                .bytes = bytes,
                                .mode = type == LAGAN_ENTRY_DIRECTORY ? FOLDER_MODE : FILE_MODE,
                                .links = 1,
                                .mtime_s = now / SECOND_NS,
                                .mtime_ns = (uint32_t)(now % SECOND_NS)};
}

/* The folders above a file, from the top down; those that are there stay as they are. */
static int make_folders(struct place_output *place, const char *key, struct error *e)
{
    struct buffer bytes CLEANUP_BUFFER = BUFFER_INIT;

    for (const char *slash = strchr(key, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        char *above CLEANUP_TEXT = strndup(key, (size_t)(slash - key));
        if (above == NULL)
            return error_no_memory(e, "a folder");
        place_key(false, above, &bytes);
        struct lagan_entry entry = entry_of(place, &bytes, LAGAN_ENTRY_DIRECTORY, 0);
        if (buffer_check(&bytes, e) != 0 ||
            source_node_create(place->source.source, &entry, 0, NULL, 0, NULL, e) != 0)
            return error_context(e, "cannot make the folder %s", above);
    }
    return 0;
}

/* Where the bytes come from: a file, or memory. */
struct origin {
    int fd;
    const uint8_t *data;
    uint64_t bytes;
};

static int write_all(struct entry_writer *w, const struct origin *from, struct error *e)
{
    uint8_t *part = malloc(PART_SIZE);
    uint64_t offset = 0;
    int result = part != NULL ? 0 : error_no_memory(e, "a part of a file");

    while (result == 0 && offset < from->bytes) {
        uint64_t left = from->bytes - offset;
        size_t size = left < PART_SIZE ? (size_t)left : PART_SIZE, got = size;
        if (from->data != NULL)
            memcpy(part, from->data + offset, size);
        else
            result = file_read_at(from->fd, offset, part, size, &got, "a scratch file", e);
        if (result == 0 && got != size)
            result = error_set(e, LAGAN_CHANGED, ERROR_FAILED, "a scratch file is too short");
        if (result == 0)
            result = entry_writer_write(w, offset, part, size, e);
        offset += size;
    }
    free(part);
    return result;
}

static int put(struct place_output *place, const char *key, const char *type,
               const struct origin *from, struct error *e)
{
    struct buffer bytes CLEANUP_BUFFER = BUFFER_INIT;
    const struct lagan_metadata piece = {.kind = LAGAN_METADATA_PROPERTY,
                                         .name_size = sizeof(LAGAN_PROPERTY_TYPE) - 1,
                                         .name = LAGAN_PROPERTY_TYPE,
                                         .value = type,
                                         .value_size = strlen(type)};

    place_key(place->flat, key, &bytes);
    if (buffer_check(&bytes, e) != 0 || (!place->flat && make_folders(place, key, e) != 0))
        return -1;
    struct lagan_entry entry = entry_of(
        place, &bytes, place->flat ? LAGAN_ENTRY_OBJECT : LAGAN_ENTRY_FILE, from->bytes);
    struct entry_writer *w = source_entry_create(place->source.source, &entry,
                                                 LAGAN_CREATE_REPLACE | LAGAN_CREATE_SYNC, e);
    if (w == NULL)
        return -1;
    if (write_all(w, from, e) != 0) {
        entry_writer_abort(w);
        return -1;
    }
    return entry_writer_commit(w, place->flat ? &piece : NULL, place->flat ? 1 : 0, NULL, e);
}

int place_output_put(struct place_output *place, const char *key, const char *type, int fd,
                     uint64_t bytes, struct error *e)
{
    const struct origin from = {.fd = fd, .bytes = bytes};

    return put(place, key, type, &from, e) == 0
               ? 0
               : error_context(e, "cannot write %s to %s", key, place->name);
}

int place_output_put_bytes(struct place_output *place, const char *key, const char *type,
                           const void *data, size_t size, struct error *e)
{
    const struct origin from = {.fd = -1, .data = data, .bytes = size};

    return put(place, key, type, &from, e) == 0
               ? 0
               : error_context(e, "cannot write %s to %s", key, place->name);
}

int place_file_put(struct setup *s, const char *text, const char *type, int fd, uint64_t bytes,
                   struct error *e)
{
    char *name CLEANUP_TEXT = NULL;
    const char *key, *slash = strrchr(text, '/');
    struct place_output place = {0};

    if (place_text_is_object(text)) {
        if (place_text_split(text, &name, &key, e) != 0)
            return -1;
    } else {
        name = slash == text ? strdup("/") : strndup(text, (size_t)(slash - text));
        key = slash + 1;
        if (name == NULL)
            return error_no_memory(e, "a path");
    }
    if (place_output_open(s, name, &place, e) != 0)
        return -1;
    int result = place_output_put(&place, key, type, fd, bytes, e);
    place_output_close(&place);
    return result;
}

int place_scratch(struct setup *s, struct error *e)
{
    const char *state = setup_config(s)->state;
    int fd = open(state, O_TMPFILE | O_RDWR | O_CLOEXEC, FILE_MODE);

    /* Not every file system has files without a name. */
    if (fd < 0 && (errno == EOPNOTSUPP || errno == EISDIR || errno == ENOENT)) {
        char *path CLEANUP_TEXT = NULL;
        if (asprintf(&path, "%s/scratch-XXXXXX", state) < 0) {
            path = NULL;
            return error_no_memory(e, "a path");
        }
        fd = mkostemp(path, O_CLOEXEC);
        if (fd >= 0)
            unlink(path);
    }
    return fd >= 0 ? fd : error_errno(e, errno, "a scratch file in %s", state);
}
