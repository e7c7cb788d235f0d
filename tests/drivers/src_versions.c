/* SPDX-License-Identifier: Apache-2.0 */
/*
 * src_versions.c - a folder that behaves as a bucket with versions does, for tests: flat keys,
 * versions with ids of their own, delete markers, properties, tags, copies within one store.
 *
 *     PATH/KEY/TIME@ID    a version: KEY with what is not [A-Za-z0-9_-] as %XX, TIME as in the
 *                         keys of versions.  It holds the line "object" or "marker", lines
 *                         NAME=VALUE (%XX for control characters and %), an empty line,
 * content. PATH/.versioning    "on" (as without it), "suspended" or "none" PATH/.broken names
 * of folders, one per line, whose content cannot be read PATH/.requests      if it is there, a
 * byte for each slot that would be a request of a store: w(alk page) o(pen) m(etadata) s(tat)
 * p(ut) c(opy) d(elete)
 *
 * Folders beside each other are of one store.  Nobody but tests has to rely on any of this.
 */
#include "src_versions.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const struct lagan_parameter parameters[] = {
    {.name = "path",
     .type = LAGAN_PARAMETER_PATH,
     .flags = LAGAN_PARAMETER_REQUIRED | LAGAN_PARAMETER_BARE | LAGAN_PARAMETER_PLACE,
     .help = "the folder"},
    {.name = "phantoms",
     .type = LAGAN_PARAMETER_INTEGER,
     .default_value = "0",
     .maximum = 1000000000,
     .help = "so many old objects more in listings, which cannot be read"},
    {.name = NULL},
};

uint32_t no_memory(struct lagan_op *op)
{
    return lagan_fail(op, LAGAN_INTERNAL, ENOMEM, "out of memory");
}

uint32_t fail_errno(struct lagan_op *op, const char *what)
{
    int number = errno;
    return lagan_fail(op, number == ENOENT ? LAGAN_NOT_FOUND : LAGAN_IO, number, "%s: %s", what,
                      strerror(number));
}

void count_request(const struct handle *h, char what)
{
    char path[PATH_SIZE];
    snprintf(path, sizeof path, "%s/.requests", h->path);
    int fd = open(path, O_WRONLY | O_APPEND | O_CLOEXEC);
    if (fd < 0)
        return;
    ssize_t ignored = write(fd, &what, 1);
    (void)ignored;
    close(fd);
}

/* ---- names ---- */

void names_free(struct names *names)
{
    free(names->items);
    *names = (struct names){0};
}

static int names_add(struct names *names, const char *name)
{
    if (names->count == names->room) {
        size_t room = names->room ? 2 * names->room : 16;
        void *grown = realloc(names->items, room * sizeof *names->items);
        if (!grown)
            return -1;
        names->items = grown;
        names->room = room;
    }
    snprintf(names->items[names->count++], NAME_SIZE, "%s", name);
    return 0;
}

static int in_byte_order(const void *a, const void *b)
{
    return strcmp(a, b);
}

static bool plain(unsigned char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           c == '-' || c == '_';
}

/* The folder of a key; -1 when it is too long. */
int encode(const void *key, size_t size, char name[NAME_SIZE])
{
    const unsigned char *bytes = key;
    size_t used = 0;
    for (size_t i = 0; i < size; i++) {
        if (used + 4 > NAME_SIZE)
            return -1;
        if (plain(bytes[i]))
            name[used++] = (char)bytes[i];
        else
            used += (size_t)snprintf(name + used, 4, "%%%02X", bytes[i]);
    }
    name[used] = '\0';
    return used == 0 ? -1 : 0;
}

/* In place; gives the size. */
static size_t decode(char *text)
{
    size_t used = 0;
    for (const char *at = text; *at; at++) {
        unsigned byte;
        if (*at == '%' && sscanf(at + 1, "%2x", &byte) == 1) {
            text[used++] = (char)byte;
            at += 2;
        } else {
            text[used++] = *at;
        }
    }
    text[used] = '\0';
    return used;
}

int compare(const void *a, size_t a_size, const void *b, size_t b_size)
{
    size_t shorter = a_size < b_size ? a_size : b_size;
    int order = shorter > 0 ? memcmp(a, b, shorter) : 0;
    return order ? order : (a_size > b_size) - (a_size < b_size);
}

/* All names in a folder but hidden ones, sorted; one that is not there is empty. */
uint32_t list_folder(struct lagan_op *op, const char *path, struct names *names)
{
    DIR *stream = opendir(path);
    const struct dirent *entry;
    uint32_t result = LAGAN_OK;
    if (!stream)
        return errno == ENOENT ? (uint32_t)LAGAN_OK : fail_errno(op, path);
    while (result == LAGAN_OK && (entry = readdir(stream)) != NULL) {
        if (entry->d_name[0] != '.' && names_add(names, entry->d_name) != 0)
            result = no_memory(op);
    }
    closedir(stream);
    if (names->count > 0)
        qsort(names->items, names->count, sizeof *names->items, in_byte_order);
    return result;
}

/* ---- versions in files ---- */

static int by_name(const void *a, const void *b)
{
    const struct lagan_metadata *one = a, *other = b;
    return strcmp(one->name, other->name);
}

static void add_piece(struct version *v, const char *name, const char *value, size_t size)
{
    if (v->count == PIECES)
        return;
    v->pieces[v->count++] = (struct lagan_metadata){LAGAN_METADATA_PROPERTY,
                                                    (uint32_t)strlen(name), name, value, size};
}

static void take_line(struct version *v, char *line)
{
    char *value = strchr(line, '=');
    if (!value)
        return;
    *value++ = '\0';
    add_piece(v, line, value, decode(value));
}

/* FNV-1a over the content from `offset` on. */
void make_etag(int fd, uint64_t offset, char etag[24])
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    unsigned char bytes[65536];
    ssize_t got;
    while ((got = pread(fd, bytes, sizeof bytes, (off_t)offset)) > 0) {
        for (ssize_t i = 0; i < got; i++)
            hash = (hash ^ bytes[i]) * UINT64_C(0x100000001b3);
        offset += (uint64_t)got;
    }
    snprintf(etag, 24, "%016llx", (unsigned long long)hash);
}

static uint32_t parse_head(struct lagan_op *op, struct version *v, size_t got)
{
    char *at = v->head, *end;
    v->head[got] = '\0';
    for (bool first = true; (end = strchr(at, '\n')) != NULL; at = end + 1, first = false) {
        *end = '\0';
        if (end == at) {
            v->content = (uint64_t)(end + 1 - v->head);
            return LAGAN_OK;
        }
        if (first)
            v->marker = strcmp(at, "marker") == 0;
        else
            take_line(v, at);
    }
    return lagan_fail(op, LAGAN_CORRUPT, 0, "%s has no head", v->name);
}

const char *id_of(const char *name)
{
    const char *at = strchr(name, '@');
    return at ? at + 1 : "";
}

static void add_facts(struct version *v, int fd)
{
    const char *id = id_of(v->name);
    if (!v->marker) {
        make_etag(fd, v->content, v->etag);
        add_piece(v, LAGAN_FACT_ETAG, v->etag, strlen(v->etag));
    }
    add_piece(v, LAGAN_FACT_VERSION, id, strlen(id));
    if (v->current)
        add_piece(v, LAGAN_FACT_CURRENT, "yes", 3);
    qsort(v->pieces, v->count, sizeof v->pieces[0], by_name);
}

/* Reads the head of PATH/FOLDER/name into `v`; the open file into `*file`, or closes it. */
static uint32_t load(struct lagan_op *op, const char *path, const char *folder,
                     const char *name, bool current, struct version *v, int *file)
{
    char full[PATH_SIZE];
    struct stat status;
    snprintf(full, sizeof full, "%s/%s/%s", path, folder, name);
    int fd = open(full, O_RDONLY | O_CLOEXEC);
    ssize_t got = fd < 0 ? -1 : pread(fd, v->head, HEAD_SIZE - 1, 0);
    if (got < 0 || fstat(fd, &status) != 0) {
        uint32_t result = fail_errno(op, name);
        if (fd >= 0)
            close(fd);
        return result;
    }
    snprintf(v->name, sizeof v->name, "%s", name);
    v->current = current;
    v->marker = false;
    v->count = 0;
    uint32_t result = parse_head(op, v, (size_t)got);
    if (result == LAGAN_OK) {
        v->bytes = (uint64_t)status.st_size - v->content;
        add_facts(v, fd);
    }
    if (file && result == LAGAN_OK)
        *file = fd;
    else
        close(fd);
    return result;
}

/* Finds what a key, with or without a version, means.  `v` is large: the caller allocates. */
uint32_t find(struct lagan_op *op, const char *path, const void *key, size_t size,
              char folder[NAME_SIZE], struct version *v, int *file)
{
    const char *suffix = memchr(key, 0, size);
    size_t object = suffix ? (size_t)(suffix - (const char *)key) : size;
    char full[PATH_SIZE], wanted[NAME_SIZE] = "";
    struct names names = {0};
    if (encode(key, object, folder) != 0)
        return lagan_fail(op, LAGAN_NOT_FOUND, 0, "there is no such key");
    if (suffix && size - object > 1 + LAGAN_VERSION_TIME_SIZE)
        snprintf(wanted, sizeof wanted, "%.16s@%.*s", suffix + 1, (int)(size - object - 17),
                 suffix + 17);
    snprintf(full, sizeof full, "%s/%s", path, folder);
    uint32_t result = list_folder(op, full, &names);
    size_t at = names.count;
    for (size_t i = 0; i < names.count; i++) {
        /* As stores do it: who does not know when a version was made, knows its id. */
        bool by_id = strncmp(wanted, "0000000000000000", 16) == 0;
        if (!suffix ||
            strcmp(names.items[i] + (by_id ? 16 : 0), wanted + (by_id ? 16 : 0)) == 0)
            at = i;
    }
    if (result == LAGAN_OK && at == names.count)
        result = lagan_fail(op, LAGAN_NOT_FOUND, 0, "there is no such key");
    if (result == LAGAN_OK)
        result = load(op, path, folder, names.items[at], at + 1 == names.count, v, file);
    if (result == LAGAN_OK && !suffix && v->marker) {
        if (file)
            close(*file);
        result = lagan_fail(op, LAGAN_NOT_FOUND, 0, "it is deleted");
    }
    names_free(&names);
    return result;
}

/* ---- entries ---- */

/* A listing of a store tells facts and classes, a look at the object all but tags. */
static bool told(enum tell tell, const char *name)
{
    if (tell == TELL_LISTED)
        return strncmp(name, LAGAN_FACT, strlen(LAGAN_FACT)) == 0 ||
               strcmp(name, LAGAN_PROPERTY_CLASS) == 0;
    return tell == TELL_ALL || (tell == TELL_HEAD && strncmp(name, LAGAN_PROPERTY_TAG,
                                                             strlen(LAGAN_PROPERTY_TAG)) != 0);
}

uint32_t hand_over(const struct version *v, const void *key, size_t size, enum tell tell,
                   const struct lagan_entry_collector *entries)
{
    struct lagan_metadata pieces[PIECES];
    struct lagan_entry e = {.size = sizeof e, .key = key, .key_size = size};
    const char *id = id_of(v->name);
    long long time_ns = (long long)strtoull(v->name, NULL, 16);
    for (size_t i = 0; i < v->count; i++) {
        if (told(tell, v->pieces[i].name))
            pieces[e.piece_count++] = v->pieces[i];
    }
    e.pieces = e.piece_count > 0 ? pieces : NULL;
    e.type = v->marker ? LAGAN_ENTRY_MARKER : LAGAN_ENTRY_OBJECT;
    e.present = LAGAN_HAS_MTIME | (v->marker ? 0 : LAGAN_HAS_BYTES);
    e.bytes = v->marker ? 0 : v->bytes;
    e.mtime_s = time_ns / 1000000000;
    e.mtime_ns = (uint32_t)(time_ns % 1000000000);
    e.id = e.stamp = id;
    e.id_size = e.stamp_size = strlen(id);
    if (e.stamp_size > LAGAN_STAMP_SIZE || strcmp(id, "null") == 0)
        e.stamp_size = 0;
    return entries->add(entries->context, &e);
}

/* ---- instances and handles ---- */

static uint32_t instance_new(struct lagan_op *op, void **instance)
{
    *instance = calloc(1, sizeof(struct instance));
    return *instance ? (uint32_t)LAGAN_OK : no_memory(op);
}

static void instance_free(void *instance)
{
    struct instance *i = instance;
    free(i->path);
    free(i);
}

static uint32_t configure(void *instance, struct lagan_op *op, uint32_t row,
                          const struct lagan_value *value)
{
    struct instance *i = instance;
    if (row == 1) {
        i->phantoms = (uint32_t)value->number;
        return LAGAN_OK;
    }
    free(i->path);
    i->path = strdup(value->text);
    return i->path ? (uint32_t)LAGAN_OK : no_memory(op);
}

static uint8_t read_versioning(const char *path)
{
    char full[PATH_SIZE], word[16] = "on";
    snprintf(full, sizeof full, "%s/.versioning", path);
    FILE *file = fopen(full, "re");
    if (file) {
        if (fscanf(file, "%15s", word) != 1)
            word[0] = '\0';
        fclose(file);
    }
    return strcmp(word, "on") == 0          ? LAGAN_VERSIONS_KEPT
           : strcmp(word, "suspended") == 0 ? LAGAN_VERSIONS_SUSPENDED
                                            : LAGAN_VERSIONS_NONE;
}

static uint32_t open_handle(void *instance, struct lagan_op *op, uint64_t flags, void **handle)
{
    const struct instance *i = instance;
    if (flags & UINT32_MAX &
        ~(LAGAN_OPEN_READ_ONLY | LAGAN_OPEN_INITIALISE | LAGAN_OPEN_RESTORE))
        return lagan_fail(op, LAGAN_UNSUPPORTED, 0, "unknown flags");
    if (flags & LAGAN_OPEN_INITIALISE && mkdir(i->path, 0700) != 0 && errno != EEXIST)
        return fail_errno(op, i->path);
    if (access(i->path, R_OK | X_OK) != 0)
        return fail_errno(op, i->path);
    struct handle *h = malloc(sizeof *h);
    if (!h)
        return no_memory(op);
    *h = (struct handle){i, i->path, (flags & LAGAN_OPEN_RESTORE) != 0,
                         read_versioning(i->path)};
    *handle = h;
    return LAGAN_OK;
}

static void close_handle(void *handle)
{
    free(handle);
}

static uint32_t capabilities(void *handle, struct lagan_op *op,
                             struct lagan_source_capabilities *can)
{
    const struct handle *h = handle;
    (void)op;
    can->sorted = can->resume = can->random_read = can->restore = 1;
    can->prefix = can->pieces = can->copy = can->remove = 1;
    can->versions = h->versions;
    can->max_parallel = 4;
    return LAGAN_OK;
}

/* ---- walking ---- */

struct folder {
    char name[NAME_SIZE];
    char key[KEY_SIZE];
    size_t key_size;
};

struct walk {
    const struct handle *handle;
    struct lagan_walk_request request;
    char *after, *prefix;
    struct folder *folders; /* by key */
    size_t count, next;
    uint32_t phantom;
    bool root_done;
    struct version version; /* room for the one at hand */
};

static void walk_close(void *walk)
{
    struct walk *w = walk;
    free(w->folders);
    free(w->after);
    free(w->prefix);
    free(w);
}

static int by_key(const void *a, const void *b)
{
    const struct folder *one = a, *other = b;
    return compare(one->key, one->key_size, other->key, other->key_size);
}

static uint32_t gather(struct lagan_op *op, struct walk *w)
{
    struct names names = {0};
    uint32_t result = list_folder(op, w->handle->path, &names);
    w->folders = result == LAGAN_OK ? calloc(names.count + 1, sizeof *w->folders) : NULL;
    if (result == LAGAN_OK && !w->folders)
        result = no_memory(op);
    for (size_t i = 0; result == LAGAN_OK && i < names.count; i++) {
        struct folder *folder = &w->folders[w->count];
        snprintf(folder->name, sizeof folder->name, "%s", names.items[i]);
        snprintf(folder->key, sizeof folder->key, "%s", names.items[i]);
        folder->key_size = decode(folder->key);
        if (!w->prefix || (folder->key_size >= w->request.prefix_size &&
                           memcmp(folder->key, w->prefix, w->request.prefix_size) == 0))
            w->count++;
    }
    names_free(&names);
    if (w->count > 0)
        qsort(w->folders, w->count, sizeof *w->folders, by_key);
    return result;
}

static char *copy_bytes(const void *data, size_t size)
{
    char *copy = data ? malloc(size + 1) : NULL;
    if (copy)
        memcpy(copy, data, size);
    return copy;
}

static uint32_t walk_open(void *handle, struct lagan_op *op,
                          const struct lagan_walk_request *request, void **walk)
{
    const struct handle *h = handle;
    uint64_t known = LAGAN_WALK_PIECES | LAGAN_WALK_VERSIONS | LAGAN_WALK_CURRENT;
    if (request->flags & UINT32_MAX & ~known)
        return lagan_fail(op, LAGAN_UNSUPPORTED, 0, "unknown flags");
    if (request->flags & LAGAN_WALK_VERSIONS && h->versions == LAGAN_VERSIONS_NONE)
        return lagan_fail(op, LAGAN_UNSUPPORTED, 0, "no versions are kept");
    struct walk *w = calloc(1, sizeof *w);
    if (!w)
        return no_memory(op);
    w->handle = h;
    w->request = *request;
    w->after = copy_bytes(request->after, request->after_size);
    w->prefix = copy_bytes(request->prefix, request->prefix_size);
    uint32_t result = (request->after && !w->after) || (request->prefix && !w->prefix)
                          ? no_memory(op)
                          : gather(op, w);
    if (result != LAGAN_OK) {
        walk_close(w);
        return result;
    }
    *walk = w;
    return LAGAN_OK;
}

static bool is_behind(const struct walk *w, const void *key, size_t size)
{
    return !w->after || compare(key, size, w->after, w->request.after_size) > 0;
}

static bool selected(const struct walk *w, const void *key, size_t size, uint32_t type)
{
    return !w->request.select ||
           w->request.select(w->request.select_context, key, size, type) == LAGAN_SELECT_TAKE;
}

/* One version, under its own key or its object's. */
static uint32_t show(struct walk *w, const struct folder *folder,
                     const struct lagan_entry_collector *entries, uint32_t *handed)
{
    bool versions = (w->request.flags & LAGAN_WALK_VERSIONS) != 0;
    const struct version *v = &w->version;
    char key[KEY_SIZE + NAME_SIZE];
    size_t size = folder->key_size;
    memcpy(key, folder->key, size);
    if (versions) {
        key[size++] = '\0';
        size += (size_t)snprintf(key + size, NAME_SIZE, "%.16s%s", v->name, id_of(v->name));
    }
    if (!is_behind(w, key, size) ||
        !selected(w, folder->key, folder->key_size,
                  v->marker ? LAGAN_ENTRY_MARKER : LAGAN_ENTRY_OBJECT))
        return LAGAN_OK;
    ++*handed;
    return hand_over(v, key, size,
                     w->request.flags & LAGAN_WALK_PIECES ? TELL_LISTED : TELL_NOTHING,
                     entries);
}

static uint32_t show_folder(struct walk *w, struct lagan_op *op,
                            const struct lagan_entry_collector *entries, uint32_t *handed)
{
    const struct folder *folder = &w->folders[w->next++];
    bool versions = (w->request.flags & LAGAN_WALK_VERSIONS) != 0;
    struct names names = {0};
    char full[PATH_SIZE];
    snprintf(full, sizeof full, "%s/%s", w->handle->path, folder->name);
    uint32_t result = list_folder(op, full, &names);
    for (size_t i = 0; result == LAGAN_OK && i < names.count; i++) {
        bool current = i + 1 == names.count;
        if (!versions && !current)
            continue;
        result =
            load(op, w->handle->path, folder->name, names.items[i], current, &w->version, NULL);
        if (result == LAGAN_NOT_FOUND)
            result = LAGAN_OK; /* it went just now */
        else if (result == LAGAN_OK && (versions || !w->version.marker))
            result = show(w, folder, entries, handed);
    }
    names_free(&names);
    return result;
}

static bool phantom_is_next(const struct walk *w, struct folder *phantom)
{
    if (w->phantom == w->handle->instance->phantoms)
        return false;
    phantom->key_size = (size_t)snprintf(phantom->key, sizeof phantom->key, "phantom-%09u",
                                         (unsigned)w->phantom);
    return w->next == w->count || by_key(phantom, &w->folders[w->next]) < 0;
}

/* They were there in 1970. */
static uint32_t show_phantom(struct walk *w, const struct folder *phantom,
                             const struct lagan_entry_collector *entries, uint32_t *handed)
{
    struct version *v = &w->version;
    w->phantom++;
    if (w->prefix && (phantom->key_size < w->request.prefix_size ||
                      memcmp(phantom->key, w->prefix, w->request.prefix_size) != 0))
        return LAGAN_OK;
    snprintf(v->name, sizeof v->name, "0000000000000001@p");
    v->marker = false;
    v->bytes = 1;
    v->count = 0;
    add_piece(v, LAGAN_FACT_CURRENT, "yes", 3);
    add_piece(v, LAGAN_FACT_ETAG, "phantom", 7);
    add_piece(v, LAGAN_FACT_VERSION, "p", 1);
    return show(w, phantom, entries, handed);
}

static uint32_t show_root(struct walk *w, const struct lagan_entry_collector *entries)
{
    struct lagan_entry e = {.size = sizeof e, .type = LAGAN_ENTRY_DIRECTORY, .key = ""};
    w->root_done = true;
    return w->after ? (uint32_t)LAGAN_OK : entries->add(entries->context, &e);
}

static uint32_t walk_next(void *walk, struct lagan_op *op, uint32_t limit,
                          const struct lagan_entry_collector *entries)
{
    struct walk *w = walk;
    struct folder phantom;
    uint32_t result = LAGAN_OK, handed = 0;
    count_request(w->handle, 'w');
    if (!w->root_done && !w->after)
        return show_root(w, entries);
    while (result == LAGAN_OK && handed < limit && !lagan_cancelled(op)) {
        if (phantom_is_next(w, &phantom))
            result = show_phantom(w, &phantom, entries, &handed);
        else if (w->next < w->count)
            result = show_folder(w, op, entries, &handed);
        else
            break;
    }
    if (result != LAGAN_OK || handed > 0)
        return result;
    return lagan_cancelled(op) ? LAGAN_CANCELLED : LAGAN_END;
}

/* ---- reading ---- */

struct reader {
    struct version version;
    int fd;
    bool broken;
};

static bool is_broken(const char *path, const char *folder)
{
    char full[PATH_SIZE], line[NAME_SIZE];
    bool found = false;
    snprintf(full, sizeof full, "%s/.broken", path);
    FILE *file = fopen(full, "re");
    while (file && !found && fscanf(file, "%255s", line) == 1)
        found = strcmp(line, folder) == 0;
    if (file)
        fclose(file);
    return found;
}

static uint32_t entry_open(void *handle, struct lagan_op *op, const void *key, size_t key_size,
                           const void *id, size_t id_size,
                           const struct lagan_entry_collector *attributes, void **reader)
{
    const struct handle *h = handle;
    char folder[NAME_SIZE];
    struct reader *r = calloc(1, sizeof *r);
    if (!r)
        return no_memory(op);
    count_request(h, 'o');
    uint32_t result = find(op, h->path, key, key_size, folder, &r->version, &r->fd);
    if (result != LAGAN_OK) {
        free(r);
        return result;
    }
    const char *own = id_of(r->version.name);
    if (r->version.marker || (id_size > 0 && compare(id, id_size, own, strlen(own)) != 0))
        result = lagan_fail(op, LAGAN_CHANGED, 0, "it is another version");
    else
        result = hand_over(&r->version, key, key_size, TELL_HEAD, attributes);
    r->broken = is_broken(h->path, folder);
    if (result != LAGAN_OK) {
        close(r->fd);
        free(r);
        return result;
    }
    *reader = r;
    return LAGAN_OK;
}

static uint32_t read_at(void *reader, struct lagan_op *op, uint64_t offset, void *data,
                        size_t size, size_t *got)
{
    const struct reader *r = reader;
    if (lagan_cancelled(op))
        return LAGAN_CANCELLED;
    ssize_t done =
        r->broken ? -1 : pread(r->fd, data, size, (off_t)(r->version.content + offset));
    if (done < 0)
        return lagan_fail(op, LAGAN_IO, EIO, "the content cannot be read");
    *got = (size_t)done;
    return LAGAN_OK;
}

static uint32_t entry_close(void *reader, struct lagan_op *op, uint32_t *verdict)
{
    struct reader *r = reader;
    (void)op;
    if (verdict)
        *verdict = LAGAN_READ_CONSISTENT;
    close(r->fd);
    free(r);
    return LAGAN_OK;
}

static uint32_t hand_pieces(const struct version *v,
                            const struct lagan_metadata_collector *pieces)
{
    uint32_t result = LAGAN_OK;
    for (size_t i = 0; i < v->count && result == LAGAN_OK; i++)
        result = pieces->add(pieces->context, &v->pieces[i]);
    return result;
}

static uint32_t entry_metadata(void *reader, struct lagan_op *op,
                               const struct lagan_metadata_collector *pieces)
{
    const struct reader *r = reader;
    (void)op;
    return hand_pieces(&r->version, pieces);
}

static uint32_t metadata(void *handle, struct lagan_op *op, const void *key, size_t key_size,
                         uint32_t type, const struct lagan_metadata_collector *pieces)
{
    const struct handle *h = handle;
    char folder[NAME_SIZE];
    (void)type;
    if (key_size == 0)
        return LAGAN_OK;
    struct version *v = malloc(sizeof *v);
    if (!v)
        return no_memory(op);
    count_request(h, 'm');
    uint32_t result = find(op, h->path, key, key_size, folder, v, NULL);
    if (result == LAGAN_OK)
        result = hand_pieces(v, pieces);
    free(v);
    return result;
}

static const struct lagan_source_ops ops = {
    .common = {.instance_new = instance_new,
               .instance_free = instance_free,
               .configure = configure,
               .open = open_handle,
               .close = close_handle},
    .capabilities = capabilities,
    .walk_open = walk_open,
    .walk_next = walk_next,
    .walk_close = walk_close,
    .entry_open = entry_open,
    .read_at = read_at,
    .entry_close = entry_close,
    .metadata = metadata,
    .entry_stat = entry_stat,
    .entry_create = entry_create,
    .write_at = write_at,
    .write_zero = write_zero,
    .entry_commit = entry_commit,
    .entry_abort = entry_abort,
    .node_create = node_create,
    .directory_finish = directory_finish,
    .entry_metadata = entry_metadata,
    .place_name = place_name,
    .entry_copy = entry_copy,
    .entry_remove = entry_remove,
};

static const struct lagan_driver descriptor = {
    LAGAN_DRIVER_HEAD,
    .kind = LAGAN_KIND_SOURCE,
    .threads = LAGAN_THREADS_PARALLEL,
    .max_parallel = 4,
    .name = "src_versions",
    .version = "1.0",
    .licence = "Apache-2.0",
    .summary = "a folder that keeps versions as a bucket does, for tests",
    .parameters = parameters,
    .ops_bytes = sizeof ops,
    .ops = &ops,
    .traits = LAGAN_TRAIT_FLAT,
};

LAGAN_DRIVER(src_versions, &descriptor)
