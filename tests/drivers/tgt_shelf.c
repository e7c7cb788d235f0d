/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tgt_shelf.c - a small store of objects in one folder, built once sound and once for each
 * FAULT under the name MODULE: ten that are broken and five doubles, each of which the
 * conformance suite must catch, and none of which may cost anybody a backup that was called
 * done.
 *
 * An object is a file whose name is 'o' and the key with '+' for '/'.  It is written without a
 * name and linked when it is complete, so that no writer ever leaves anything behind.
 */
#include <lagan/target.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define TEXT_OF(x) #x
#define NAME_OF(x) TEXT_OF(x)
#define REGISTER(module, descriptor) LAGAN_DRIVER(module, descriptor)

/*
 * What is wrong with it: the ten that are broken ...
 *
 * - LEAKS: get keeps its descriptor.
 * - SORTS: listings go folder by folder: "a/b" before "a-b".
 * - DEAF: nobody looks at the cancellation.
 * - TEARS: an object has its name from its first byte on (and nothing is staged).
 * - REPEATS: each third put fails as TRANSIENT and not done, and is done.
 * - FORGETS: nothing is handed to the disk, whatever flush says; with `power-cut` what a handle
 *   has put is gone when it is closed.
 * - SHORTENS: get gives half of what is long, and says OK.
 * - CRASHES: at the end of a long object.
 * - BLOCKS: flush never returns.
 * - CORRUPTS: one bit of each object that is not small.
 *
 * ... and the five doubles:
 *
 * - FAULTY: the call `at` of `verb` fails with `class`, before or after its effect.
 * - SLOW: each call takes a while, and three seconds to notice that it was cancelled.
 * - EVENTUAL: what was put shows after half a second.
 * - SHORT: a listing ends after two objects of those that there are, and says it is complete.
 * - LYING: claims put-if-absent and checksums, and replaces objects and compares nothing.
 */
enum fault {
    NONE,
    LEAKS,
    SORTS,
    DEAF,
    TEARS,
    REPEATS,
    FORGETS,
    SHORTENS,
    CRASHES,
    BLOCKS,
    CORRUPTS,
    FAULTY,
    SLOW,
    EVENTUAL,
    SHORT,
    LYING
};

static const enum fault fault = FAULT;

enum { NAME_BYTES = LAGAN_KEY_LIMIT + 2, STEP_BYTES = 256 << 10, LONG_BYTES = 64 << 10 };
enum verb { ANY, PUT, COMMIT, GET, STAT, LIST, REMOVE, FLUSH };
enum { ROW_PATH, ROW_VERB, ROW_AT, ROW_CLASS, ROW_AFTER, ROW_CUT };

static const struct lagan_parameter parameters[] = {
    [ROW_PATH] = {.name = "path",
                  .type = LAGAN_PARAMETER_PATH,
                  .flags =
                      LAGAN_PARAMETER_REQUIRED | LAGAN_PARAMETER_BARE | LAGAN_PARAMETER_PLACE,
                  .help = "the folder"},
    [ROW_VERB] = {.name = "verb",
                  .type = LAGAN_PARAMETER_CHOICE,
                  .choices = "any|put|commit|get|stat|list|remove|flush",
                  .default_value = "any",
                  .help = "of the faulty double: which calls fail"},
    [ROW_AT] = {.name = "at",
                .type = LAGAN_PARAMETER_INTEGER,
                .maximum = 1000000,
                .default_value = "3",
                .help = "of the faulty double: every so many of them"},
    [ROW_CLASS] = {.name = "class",
                   .type = LAGAN_PARAMETER_INTEGER,
                   .minimum = 1,
                   .maximum = LAGAN_CLASS_COUNT - 1,
                   .default_value = "2",
                   .help = "of the faulty double: with which class"},
    [ROW_AFTER] = {.name = "after",
                   .type = LAGAN_PARAMETER_BOOL,
                   .default_value = "no",
                   .help = "of the faulty double: whether the call takes effect first"},
    [ROW_CUT] = {.name = "power-cut",
                 .type = LAGAN_PARAMETER_BOOL,
                 .default_value = "no",
                 .help = "of the one that forgets: what was put is lost at the close"},
    {.name = NULL},
};

struct instance {
    char *path;
    enum verb verb;
    uint64_t at;
    uint32_t error_class;
    bool after, cut;
};

struct store {
    const struct instance *instance;
    int folder;
    bool read_only;
    atomic_ullong calls, puts;
    pthread_mutex_t lock;    /* of what is below */
    char (*put)[NAME_BYTES]; /* names of what will be lost */
    size_t put_count;
};

struct stage {
    struct store *store;
    int file;
    uint64_t bytes;
};

static uint32_t no_memory(struct lagan_op *op)
{
    return lagan_fail(op, LAGAN_INTERNAL, ENOMEM, "out of memory");
}

static uint32_t fail_errno(struct lagan_op *op, int number, const char *what)
{
    static const struct {
        int number;
        uint32_t error_class;
    } classes[] = {
        {ENOENT, LAGAN_NOT_FOUND}, {EEXIST, LAGAN_EXISTS},      {EACCES, LAGAN_DENIED},
        {EPERM, LAGAN_DENIED},     {EROFS, LAGAN_IMMUTABLE},    {ENOSPC, LAGAN_NO_SPACE},
        {EDQUOT, LAGAN_NO_SPACE},  {ENAMETOOLONG, LAGAN_LIMIT}, {EFBIG, LAGAN_LIMIT}};
    char reason[96];
    uint32_t error_class = LAGAN_IO;
    for (size_t i = 0; i < sizeof classes / sizeof classes[0]; i++)
        if (classes[i].number == number)
            error_class = classes[i].error_class;
    return lagan_fail(op, error_class, number, "%s: %s", what,
                      strerror_r(number, reason, sizeof reason));
}

static uint32_t check_cancelled(struct lagan_op *op)
{
    if (fault == DEAF || !lagan_cancelled(op))
        return LAGAN_OK;
    if (fault == SLOW)
        sleep(3);
    return lagan_fail(op, LAGAN_CANCELLED, 0, "cancelled");
}

static uint32_t check_flags(struct lagan_op *op, uint64_t flags, uint64_t known)
{
    return flags & UINT32_MAX & ~known ? lagan_fail(op, LAGAN_UNSUPPORTED, 0, "unknown flags")
                                       : (uint32_t)LAGAN_OK;
}

/* Whether this call of the faulty double fails. */
static bool fails(struct store *s, enum verb verb)
{
    const struct instance *i = s->instance;
    if (fault != FAULTY || i->at == 0 || (i->verb != ANY && i->verb != verb))
        return false;
    return (atomic_fetch_add(&s->calls, 1) + 1) % i->at == 0;
}

static uint32_t fail_as_told(struct store *s, struct lagan_op *op)
{
    return lagan_fail(op, s->instance->error_class, 0, "as it was told to");
}

/* For what cannot be done by halves: fails without effect. */
static uint32_t begin(struct store *s, struct lagan_op *op, enum verb verb)
{
    uint32_t result = check_cancelled(op);
    if (fault == SLOW)
        usleep(20000);
    return result == LAGAN_OK && fails(s, verb) ? fail_as_told(s, op) : result;
}

/* For what changes something: an error behind it tells the outcome. */
static uint32_t end(struct store *s, struct lagan_op *op, bool failing, uint32_t result)
{
    if (!failing || result != LAGAN_OK)
        return result;
    fail_as_told(s, op);
    op->error.outcome = LAGAN_OUTCOME_UNKNOWN;
    return op->error.error_class;
}

static void name_of_key(const char *key, char name[NAME_BYTES])
{
    snprintf(name, NAME_BYTES, "o%s", key);
    for (char *at = name; *at; at++)
        *at = *at == '/' ? '+' : *at;
}

/* Whether EVENTUAL still hides it. */
static bool hidden(const struct stat *status)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return fault == EVENTUAL && (now.tv_sec - status->st_mtim.tv_sec) * 1000 +
                                        (now.tv_nsec - status->st_mtim.tv_nsec) / 1000000 <
                                    500;
}

/* The file that holds an object, or -1 with errno. */
static int open_object(struct store *s, const char *key, struct stat *status)
{
    char name[NAME_BYTES];
    name_of_key(key, name);
    int file = openat(s->folder, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    if (file < 0)
        return -1;
    if (fstat(file, status) == 0 && !hidden(status))
        return file;
    close(file);
    errno = ENOENT;
    return -1;
}

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
    switch (row) {
    case ROW_PATH:
        i->path = strdup(value->text);
        return i->path ? (uint32_t)LAGAN_OK : no_memory(op);
    case ROW_VERB:
        i->verb = (enum verb)value->number;
        break;
    case ROW_AT:
        i->at = (uint64_t)value->number;
        break;
    case ROW_CLASS:
        i->error_class = (uint32_t)value->number;
        break;
    case ROW_AFTER:
        i->after = value->number != 0;
        break;
    default:
        i->cut = value->number != 0;
        break;
    }
    return LAGAN_OK;
}

static uint32_t open_handle(void *instance, struct lagan_op *op, uint64_t flags, void **handle)
{
    const struct instance *i = instance;
    uint32_t result = check_flags(op, flags, LAGAN_OPEN_READ_ONLY | LAGAN_OPEN_INITIALISE);
    if (result == LAGAN_OK)
        result = check_cancelled(op);
    if (result != LAGAN_OK)
        return result;
    if ((flags & LAGAN_OPEN_INITIALISE) && mkdir(i->path, 0700) < 0 && errno != EEXIST)
        return fail_errno(op, errno, i->path);
    struct store *s = calloc(1, sizeof *s);
    if (!s)
        return no_memory(op);
    s->instance = i;
    s->read_only = (flags & LAGAN_OPEN_READ_ONLY) != 0;
    s->folder = open(i->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (s->folder < 0) {
        result = fail_errno(op, errno, i->path);
        free(s);
        return result;
    }
    pthread_mutex_init(&s->lock, NULL);
    *handle = s;
    return LAGAN_OK;
}

/* 0 or a system error. */
static int link_file(int file, int folder, const char *name)
{
    char path[32];
    snprintf(path, sizeof path, "/proc/self/fd/%d", file);
    return linkat(AT_FDCWD, path, folder, name, AT_SYMLINK_FOLLOW) < 0 ? errno : 0;
}

/* The power is cut some time after the close. */
static void remember_put(struct store *s, const char *name)
{
    if (fault != FORGETS || !s->instance->cut)
        return;
    pthread_mutex_lock(&s->lock);
    void *grown = reallocarray(s->put, s->put_count + 1, sizeof *s->put);
    if (!grown)
        abort();
    s->put = grown;
    snprintf(s->put[s->put_count++], NAME_BYTES, "%s", name);
    pthread_mutex_unlock(&s->lock);
}

static void close_handle(void *handle)
{
    struct store *s = handle;
    for (size_t i = 0; i < s->put_count; i++)
        unlinkat(s->folder, s->put[i], 0);
    free(s->put);
    pthread_mutex_destroy(&s->lock);
    close(s->folder);
    free(s);
}

static uint32_t capabilities(void *handle, struct lagan_op *op,
                             struct lagan_target_capabilities *told)
{
    (void)handle;
    (void)op;
    told->put_if_absent = LAGAN_SUPPORT_NATIVE;
    told->staged_put = fault == TEARS ? LAGAN_SUPPORT_NONE : LAGAN_SUPPORT_NATIVE;
    told->read_after_write = LAGAN_SUPPORT_NATIVE;
    told->list_consistent = LAGAN_SUPPORT_NATIVE;
    told->list_sorted = LAGAN_SUPPORT_NATIVE;
    told->ranged_get = LAGAN_SUPPORT_NATIVE;
    told->checksum = LAGAN_SUPPORT_EMULATED;
    told->remove = LAGAN_SUPPORT_NATIVE;
    return LAGAN_OK;
}

static uint32_t stage_begin(void *handle, struct lagan_op *op, uint64_t bytes_hint,
                            void **stage)
{
    struct store *s = handle;
    uint32_t result = check_cancelled(op);
    (void)bytes_hint;
    if (result != LAGAN_OK)
        return result;
    if (s->read_only)
        return lagan_fail(op, LAGAN_IMMUTABLE, 0, "opened for reading only");
    struct stage *made = malloc(sizeof *made);
    if (!made)
        return no_memory(op);
    *made = (struct stage){.store = s};
    made->file = openat(s->folder, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (made->file < 0) {
        result = fail_errno(op, errno, "a new object");
        free(made);
        return result;
    }
    *stage = made;
    return LAGAN_OK;
}

static uint32_t stage_write(void *stage, struct lagan_op *op, const void *data, size_t size)
{
    struct stage *st = stage;
    const char *next = data;
    while (size > 0) {
        size_t step = size < STEP_BYTES ? size : STEP_BYTES;
        uint32_t result = check_cancelled(op);
        if (result != LAGAN_OK)
            return result;
        ssize_t done = pwrite(st->file, next, step, (off_t)st->bytes);
        if (done < 0 && errno != EINTR)
            return fail_errno(op, errno, "writing");
        if (done > 0) {
            next += done;
            size -= (size_t)done;
            st->bytes += (uint64_t)done;
        }
    }
    return LAGAN_OK;
}

static void stage_abort(void *stage)
{
    struct stage *st = stage;
    close(st->file);
    free(st);
}

static volatile int *volatile nowhere;

/* What goes wrong when an object is complete and has no name yet. */
static void spoil(struct stage *st)
{
    unsigned char byte;
    off_t middle = (off_t)(st->bytes / 2);
    if (fault == CRASHES && st->bytes > LONG_BYTES)
        *nowhere = 1; /* raise() waits where a thread has its signals blocked */
    if (fault != CORRUPTS || st->bytes < 2000 || pread(st->file, &byte, 1, middle) != 1)
        return;
    byte ^= 4;
    if (pwrite(st->file, &byte, 1, middle) != 1)
        abort();
}

static uint32_t give_name(struct stage *st, struct lagan_op *op, const char *key)
{
    struct store *s = st->store;
    char name[NAME_BYTES];
    name_of_key(key, name);
    if (fault != FORGETS && fsync(st->file) < 0)
        return fail_errno(op, errno, "syncing the object");
    if (fault == LYING)
        unlinkat(s->folder, name, 0);
    int error = link_file(st->file, s->folder, name);
    if (error != 0)
        return fail_errno(op, error, "the name of the object");
    remember_put(s, name);
    if (fault != REPEATS || atomic_fetch_add(&s->puts, 1) % 3 != 2)
        return LAGAN_OK;
    return lagan_fail(op, LAGAN_TRANSIENT, ECONNRESET, "the connection was reset");
}

static uint32_t stage_commit(void *stage, struct lagan_op *op, const char *key, uint64_t flags)
{
    struct stage *st = stage;
    struct store *s = st->store;
    bool failing = fails(s, COMMIT);
    uint32_t result = check_flags(op, flags, LAGAN_PUT_IF_ABSENT);
    if (result == LAGAN_OK)
        result = check_cancelled(op);
    if (result == LAGAN_OK && failing && !s->instance->after)
        result = fail_as_told(s, op);
    if (result == LAGAN_OK) {
        spoil(st);
        result = end(s, op, failing, give_name(st, op, key));
    }
    stage_abort(st);
    return result;
}

/* Copies the content into the stage, and compares its SHA-256 unless that is NULL. */
static uint32_t copy_content(struct stage *st, struct lagan_op *op, uint64_t bytes,
                             const struct lagan_content *content, const uint8_t *sha256)
{
    EVP_MD_CTX *digest = EVP_MD_CTX_new();
    uint8_t *piece = malloc(STEP_BYTES), computed[EVP_MAX_MD_SIZE];
    uint32_t result = digest && piece && EVP_DigestInit_ex(digest, EVP_sha256(), NULL) == 1
                          ? (uint32_t)LAGAN_OK
                          : no_memory(op);
    while (result == LAGAN_OK && st->bytes < bytes) {
        size_t size = bytes - st->bytes < STEP_BYTES ? (size_t)(bytes - st->bytes) : STEP_BYTES;
        result = content->read(content->context, st->bytes, piece, size);
        if (result == LAGAN_OK)
            EVP_DigestUpdate(digest, piece, size);
        if (result == LAGAN_OK)
            result = stage_write(st, op, piece, size);
    }
    if (result == LAGAN_OK && sha256 && fault != LYING &&
        (EVP_DigestFinal_ex(digest, computed, NULL) != 1 || memcmp(computed, sha256, 32) != 0))
        result = lagan_fail(op, LAGAN_CORRUPT, 0, "the bytes do not have the given checksum");
    EVP_MD_CTX_free(digest);
    free(piece);
    return result;
}

/* TEARS gives the name first. */
static uint32_t put_torn(struct stage *st, struct lagan_op *op, const char *key, uint64_t bytes,
                         const struct lagan_content *content, const uint8_t *sha256)
{
    char name[NAME_BYTES];
    name_of_key(key, name);
    close(st->file);
    st->file = openat(st->store->folder, name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (st->file < 0) {
        uint32_t result = fail_errno(op, errno, "the name of the object");
        free(st);
        return result;
    }
    uint32_t result = copy_content(st, op, bytes, content, sha256);
    if (result != LAGAN_OK)
        unlinkat(st->store->folder, name, 0);
    stage_abort(st);
    return result;
}

static uint32_t put(void *handle, struct lagan_op *op, const char *key, uint64_t bytes,
                    const struct lagan_content *content, uint64_t flags, const uint8_t *sha256)
{
    struct store *s = handle;
    bool failing = fails(s, PUT);
    void *stage;
    uint32_t result = check_flags(op, flags, LAGAN_PUT_IF_ABSENT);
    if (result == LAGAN_OK && failing && !s->instance->after)
        result = fail_as_told(s, op);
    if (result == LAGAN_OK)
        result = stage_begin(s, op, bytes, &stage);
    if (result != LAGAN_OK)
        return result;
    if (fault == TEARS)
        return put_torn(stage, op, key, bytes, content, sha256);
    result = copy_content(stage, op, bytes, content, sha256);
    if (result == LAGAN_OK)
        return end(s, op, failing, stage_commit(stage, op, key, flags));
    stage_abort(stage);
    return result;
}

/* Hands a range of the file over, in as many pieces as the sink has rooms. */
static uint32_t deliver(struct lagan_op *op, int file, uint64_t offset, uint64_t length,
                        const struct lagan_sink *sink)
{
    while (length > 0) {
        size_t room = 0;
        uint32_t result = check_cancelled(op);
        void *data = result == LAGAN_OK ? sink->room(sink->context, &room) : NULL;
        if (result != LAGAN_OK)
            return result;
        if (!data)
            return lagan_fail(op, LAGAN_INVALID, 0, "the reader takes no more");
        room = room < length ? room : (size_t)length;
        room = room < STEP_BYTES ? room : STEP_BYTES;
        ssize_t done = pread(file, data, room, (off_t)offset);
        if (done < 0 && errno == EINTR)
            continue;
        if (done <= 0)
            return done < 0 ? fail_errno(op, errno, "reading")
                            : lagan_fail(op, LAGAN_CORRUPT, 0, "it is shorter than it was");
        offset += (uint64_t)done;
        length -= (uint64_t)done;
        result = sink->filled(sink->context, (size_t)done);
        if (result != LAGAN_OK)
            return result;
    }
    return LAGAN_OK;
}

static uint32_t get(void *handle, struct lagan_op *op, const char *key, uint64_t offset,
                    uint64_t length, const struct lagan_sink *sink)
{
    struct store *s = handle;
    struct stat status;
    uint32_t result = begin(s, op, GET);
    if (result != LAGAN_OK)
        return result;
    int file = open_object(s, key, &status);
    if (file < 0)
        return fail_errno(op, errno, "the object");
    uint64_t bytes = (uint64_t)status.st_size;
    if (length == LAGAN_TO_THE_END && offset <= bytes)
        length = bytes - offset;
    if (offset > bytes || length > bytes - offset)
        result = lagan_fail(op, LAGAN_INVALID, 0, "the range reaches beyond the end");
    else
        result = deliver(op, file, offset,
                         fault == SHORTENS && length >= 1000 ? length / 2 : length, sink);
    if (fault != LEAKS)
        close(file);
    return result;
}

static uint32_t stat_object(void *handle, struct lagan_op *op, const char *key,
                            struct lagan_object *object)
{
    struct store *s = handle;
    struct stat status;
    uint32_t result = begin(s, op, STAT);
    if (result != LAGAN_OK)
        return result;
    int file = open_object(s, key, &status);
    if (file < 0)
        return fail_errno(op, errno, "the object");
    object->bytes = (uint64_t)status.st_size;
    object->modified_ns = status.st_mtim.tv_sec * INT64_C(1000000000) + status.st_mtim.tv_nsec;
    close(file);
    return LAGAN_OK;
}

/* Keys of a listing, sorted. */
struct keys {
    char (*keys)[NAME_BYTES];
    size_t count;
    size_t room;
};

static uint32_t add_key(struct keys *k, struct lagan_op *op, const char *name)
{
    if (k->count == k->room) {
        size_t room = k->room ? k->room * 2 : 64;
        void *grown = reallocarray(k->keys, room, sizeof *k->keys);
        if (!grown)
            return no_memory(op);
        k->keys = grown;
        k->room = room;
    }
    char *key = k->keys[k->count++];
    snprintf(key, NAME_BYTES, "%s", name + 1);
    for (; *key; key++)
        *key = *key == '+' ? '/' : *key;
    return LAGAN_OK;
}

static int compare(const void *a, const void *b)
{
    return strcmp(a, b);
}

/* As a walk through folders would have it. */
static int compare_folders(const void *a, const void *b)
{
    const unsigned char *one = a, *other = b;
    while (*one && *one == *other) {
        one++;
        other++;
    }
    int left = *one == '/' ? 1 : *one, right = *other == '/' ? 1 : *other;
    return left - right;
}

static uint32_t gather(struct store *s, struct lagan_op *op, struct keys *k)
{
    int folder = openat(s->folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *names = folder >= 0 ? fdopendir(folder) : NULL;
    uint32_t result = names ? (uint32_t)LAGAN_OK : fail_errno(op, errno, "the folder");
    struct dirent *name = NULL;
    while (result == LAGAN_OK && (errno = 0, name = readdir(names)) != NULL) {
        struct stat status;
        if (name->d_name[0] == 'o' && strlen(name->d_name) < NAME_BYTES &&
            fstatat(s->folder, name->d_name, &status, AT_SYMLINK_NOFOLLOW) == 0 &&
            !hidden(&status))
            result = add_key(k, op, name->d_name);
    }
    if (result == LAGAN_OK && errno != 0)
        result = fail_errno(op, errno, "the folder");
    if (names)
        closedir(names);
    if (k->count > 0)
        qsort(k->keys, k->count, sizeof *k->keys, fault == SORTS ? compare_folders : compare);
    return result;
}

/* Hands one over; the length is the one of now, and what is gone by now is passed over. */
static uint32_t show(struct store *s, const char *key,
                     const struct lagan_object_collector *objects, uint32_t *limit)
{
    struct lagan_object object = {.size = sizeof object, .key = key};
    struct stat status;
    int file = open_object(s, key, &status);
    if (file < 0)
        return LAGAN_OK;
    close(file);
    object.bytes = (uint64_t)status.st_size;
    --*limit;
    return objects->add(objects->context, &object);
}

static uint32_t list(void *handle, struct lagan_op *op, const char *prefix,
                     const char *start_after, uint32_t limit,
                     const struct lagan_object_collector *objects, int *more)
{
    struct store *s = handle;
    struct keys k = {0};
    size_t i = 0;
    uint32_t result = begin(s, op, LIST);
    if (result == LAGAN_OK)
        result = gather(s, op, &k);
    if (fault == SHORT && limit > 2)
        limit = 2;
    for (; result == LAGAN_OK && limit > 0 && i < k.count; i++) {
        result = check_cancelled(op);
        if (result == LAGAN_OK && strncmp(k.keys[i], prefix, strlen(prefix)) == 0 &&
            strcmp(k.keys[i], start_after) > 0)
            result = show(s, k.keys[i], objects, &limit);
    }
    *more = 0;
    for (; fault != SHORT && i < k.count; i++)
        *more |= strncmp(k.keys[i], prefix, strlen(prefix)) == 0 &&
                 strcmp(k.keys[i], start_after) > 0;
    free(k.keys);
    return result;
}

static uint32_t remove_object(void *handle, struct lagan_op *op, const char *key)
{
    struct store *s = handle;
    char name[NAME_BYTES];
    bool failing = fails(s, REMOVE);
    uint32_t result = check_cancelled(op);
    if (result != LAGAN_OK)
        return result;
    if (s->read_only)
        return lagan_fail(op, LAGAN_IMMUTABLE, 0, "opened for reading only");
    if (failing && !s->instance->after)
        return fail_as_told(s, op);
    name_of_key(key, name);
    if (unlinkat(s->folder, name, 0) < 0 && errno != ENOENT)
        return fail_errno(op, errno, "removing the object");
    return end(s, op, failing, LAGAN_OK);
}

static uint32_t flush(void *handle, struct lagan_op *op)
{
    struct store *s = handle;
    uint32_t result = begin(s, op, FLUSH);
    while (fault == BLOCKS)
        pause();
    if (result == LAGAN_OK && fault != FORGETS && fsync(s->folder) < 0)
        result = fail_errno(op, errno, "syncing the folder");
    return result;
}

static const struct lagan_target_ops ops = {
    .common = {.instance_new = instance_new,
               .instance_free = instance_free,
               .configure = configure,
               .open = open_handle,
               .close = close_handle},
    .capabilities = capabilities,
    .put = put,
    .stage_begin = (FAULT) == TEARS ? NULL : stage_begin,
    .stage_write = (FAULT) == TEARS ? NULL : stage_write,
    .stage_commit = (FAULT) == TEARS ? NULL : stage_commit,
    .stage_abort = (FAULT) == TEARS ? NULL : stage_abort,
    .get = get,
    .stat = stat_object,
    .list = list,
    .remove = remove_object,
    .flush = flush,
};

static const struct lagan_driver descriptor = {
    LAGAN_DRIVER_HEAD,
    .kind = LAGAN_KIND_TARGET,
    .threads = LAGAN_THREADS_PARALLEL,
    .name = NAME_OF(MODULE),
    .version = "1.0",
    .licence = "Apache-2.0",
    .summary = "objects in a folder, for tests",
    .parameters = parameters,
    .ops_bytes = sizeof ops,
    .ops = &ops,
};

REGISTER(MODULE, &descriptor)
