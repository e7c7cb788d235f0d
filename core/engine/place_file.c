/* SPDX-License-Identifier: Apache-2.0 */
/* place_file.c - see place_file.h: reading, and what names mean. */
#include "engine/place_file.h"

#include "base/file.h"
#include "base/object.h"
#include "engine/place_file_private.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { INPUT_MAGIC = 0x706c696e, NEAR_LEVELS = 32 };

struct place_input {
    uint32_t magic;
    char *name;
    int fd; /* -1: an object */
    struct open_source source;
    struct entry_reader *reader;
    uint64_t offset;
};

bool place_is_flat(const struct source *s)
{
    return (driver_traits(source_driver(s)) & LAGAN_TRAIT_FLAT) != 0;
}

void place_key(bool flat, const char *text, struct buffer *key)
{
    buffer_clear(key);
    for (; *text != '\0'; text++)
        buffer_append_u8(key, !flat && *text == '/' ? 0 : (uint8_t)*text);
}

int place_text_split(const char *text, char **source, const char **key, struct error *e)
{
    const char *name = text + strlen(PLACE_SOURCE), *slash = strchr(name, '/');

    if (slash == NULL || slash == name || slash[1] == '\0')
        return error_set(e, LAGAN_INVALID, ERROR_USAGE,
                         "'%.200s': write source:NAME/KEY for an object of a source", text);
    *source = strndup(name, (size_t)(slash - name));
    if (*source == NULL)
        return error_no_memory(e, "a name");
    *key = slash + 1;
    return 0;
}

bool place_text_is_object(const char *text)
{
    return strncmp(text, PLACE_SOURCE, strlen(PLACE_SOURCE)) == 0;
}

/* A relative path becomes an absolute one; the file need not exist. */
static char *absolute(const char *text, struct error *e)
{
    char *here CLEANUP_TEXT = text[0] == '/' ? NULL : getcwd(NULL, 0);
    char *made = NULL;

    if (text[0] != '/' && here == NULL) {
        error_errno(e, errno, "the present folder");
        return NULL;
    }
    if (asprintf(&made, "%s%s%s", here != NULL ? here : "", here != NULL ? "/" : "", text) <
        0) {
        error_no_memory(e, "a path");
        return NULL;
    }
    return made;
}

char *place_file_text(struct setup *s, const char *text, struct error *e)
{
    char *name CLEANUP_TEXT = NULL;
    const char *key;

    if (!place_text_is_object(text))
        return absolute(text, e);
    if (place_text_split(text, &name, &key, e) != 0)
        return NULL;
    struct catalog_source *row = catalog_source_find(setup_catalog(s), name, e);
    if (row == NULL)
        return NULL;
    catalog_source_free(row);
    char *copy = strdup(text);
    if (copy == NULL)
        error_no_memory(e, "a name");
    return copy;
}

/* ---- opening ---- */

static struct place_input *input_new(const char *name, struct error *e)
{
    struct place_input *in = calloc(1, sizeof(*in));

    if (in != NULL)
        in->name = strdup(name);
    if (in == NULL || in->name == NULL) {
        free(in);
        error_no_memory(e, "an open file");
        return NULL;
    }
    in->magic = INPUT_MAGIC;
    in->fd = -1;
    return in;
}

static struct place_input *open_path(const char *path, struct error *e)
{
    struct place_input *in = input_new(path, e);

    if (in == NULL)
        return NULL;
    in->fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (in->fd >= 0)
        return in;
    error_errno(e, errno, "cannot open %s", path);
    place_input_close(in);
    return NULL;
}

static uint32_t ignore_entry(void *context, const struct lagan_entry *entry)
{
    (void)context;
    (void)entry;
    return LAGAN_OK;
}

static int open_reader(struct place_input *in, const char *key, struct error *e)
{
    const struct lagan_entry_collector ignore = {NULL, ignore_entry};
    struct buffer bytes CLEANUP_BUFFER = BUFFER_INIT;

    place_key(place_is_flat(in->source.source), key, &bytes);
    if (buffer_check(&bytes, e) != 0)
        return -1;
    in->reader =
        source_entry_open(in->source.source, bytes.data, bytes.size, NULL, 0, &ignore, e);
    return in->reader != NULL ? 0 : error_context(e, "cannot open %s", in->name);
}

static struct place_input *open_object(struct setup *s, const char *text, struct error *e)
{
    char *name CLEANUP_TEXT = NULL;
    const char *key;
    struct catalog_source *row = NULL;

    if (place_text_split(text, &name, &key, e) != 0)
        return NULL;
    struct place_input *in = input_new(text, e);
    if (in != NULL)
        row = catalog_source_find(setup_catalog(s), name, e);
    int result =
        row == NULL ? -1 : setup_source_open_row(s, row, LAGAN_OPEN_READ_ONLY, &in->source, e);
    if (result == 0)
        result = open_reader(in, key, e);
    catalog_source_free(row);
    if (result == 0)
        return in;
    place_input_close(in);
    return NULL;
}

struct place_input *place_input_open(struct setup *s, const char *text, struct error *e)
{
    return place_text_is_object(text) ? open_object(s, text, e) : open_path(text, e);
}

/* Names in manifests are not trusted: no part of one leads out of where it is looked for. */
static bool is_inside(const char *key)
{
    for (const char *part = key;; part++) {
        size_t size = strcspn(part, "/");
        if (size == 0 || (size <= 2 && strncmp(part, "..", size) == 0))
            return false;
        part += size;
        if (*part == '\0')
            return true;
    }
}

/* `text` up to the slash before its last part, or -1 when there is none to take away. */
static int cut_last(char *text, size_t least)
{
    char *slash = strrchr(text, '/');

    if (slash == NULL || (size_t)(slash - text) < least)
        return -1;
    *slash = '\0';
    return 0;
}

struct place_input *place_input_open_near(struct setup *s, const char *text, const char *key,
                                          struct error *e)
{
    char *folder CLEANUP_TEXT = strdup(text);
    size_t least = place_text_is_object(text) ? strcspn(text, "/") : 0;

    if (folder == NULL) {
        error_no_memory(e, "a path");
        return NULL;
    }
    if (!is_inside(key)) {
        error_set(e, LAGAN_INVALID, ERROR_MANIFEST, "%s: the file '%.200s' has no name of ours",
                  text, key);
        return NULL;
    }
    for (int i = 0; i < NEAR_LEVELS && cut_last(folder, least) == 0; i++) {
        char *near CLEANUP_TEXT = NULL;
        struct error why = ERROR_INIT;
        if (asprintf(&near, "%s/%s", folder, key) < 0) {
            near = NULL;
            error_no_memory(e, "a path");
            return NULL;
        }
        struct place_input *in = place_input_open(s, near, &why);
        if (in != NULL)
            return in;
        if (why.error_class != LAGAN_NOT_FOUND) {
            *e = why;
            return NULL;
        }
    }
    error_set(e, LAGAN_NOT_FOUND, ERROR_MANIFEST,
              "%s: its file %.200s is neither in its folder nor in one above it", text, key);
    return NULL;
}

/* ---- reading ---- */

int place_input_read(struct place_input *in, void *data, size_t size, size_t *got,
                     struct error *e)
{
    int result;

    OBJECT_CHECK(in, INPUT_MAGIC);
    if (in->fd < 0) {
        result = entry_reader_read(in->reader, in->offset, data, size, got, e);
        if (result != 0)
            error_context(e, "%s", in->name);
    } else {
        *got = 0;
        result = 0;
        while (result == 0 && *got < size) {
            ssize_t count = read(in->fd, (char *)data + *got, size - *got);
            if (count == 0)
                break;
            if (count > 0)
                *got += (size_t)count;
            else if (errno != EINTR)
                result = error_errno(e, errno, "cannot read %s", in->name);
        }
    }
    if (result == 0)
        in->offset += *got;
    return result;
}

int place_input_all(struct place_input *in, size_t limit, struct buffer *out, struct error *e)
{
    char part[16 * 1024];
    size_t got, sum = 0;

    do {
        if (place_input_read(in, part, sizeof(part), &got, e) != 0)
            return -1;
        sum += got;
        if (sum > limit)
            return error_set(e, LAGAN_LIMIT, ERROR_MANIFEST, "%s has more than %zu bytes",
                             in->name, limit);
        buffer_append(out, part, got);
    } while (got == sizeof(part));
    return buffer_check(out, e);
}

const char *place_input_name(const struct place_input *in)
{
    OBJECT_CHECK(in, INPUT_MAGIC);
    return in->name;
}

void place_input_close(struct place_input *in)
{
    if (in == NULL)
        return;
    OBJECT_CHECK(in, INPUT_MAGIC);
    entry_reader_drop(in->reader);
    open_source_close(&in->source);
    file_close(&in->fd);
    free(in->name);
    in->magic = 0;
    free(in);
}
