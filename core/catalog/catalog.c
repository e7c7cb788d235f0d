/* SPDX-License-Identifier: Apache-2.0 */
/*
 * catalog.c - opening and closing the catalog, its file's life (made under another name, set
 * aside when damaged), transactions, settings.
 *
 * Beside the file lies a lock file.  Who opens, makes, migrates or sets aside holds its byte
 * OPENING alone; who has the catalog open shares its byte PRESENCE, so that a file that
 * somebody else uses is never moved away.
 */
#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "base/text.h"
#include "catalog/catalog_private.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define DAMAGED_PREFIX "catalog.damaged-"
#define LOCK_FILE "catalog.lock"

enum { OPENING = 0, PRESENCE = 1, LOCK_WAIT_MS = 30000, LOCK_STEP_MS = 20 };

static const char *const suffixes[] = {"", "-wal", "-shm"};
enum { SUFFIXES = sizeof(suffixes) / sizeof(suffixes[0]) };

void catalog_lock(struct catalog *c)
{
    OBJECT_CHECK(c, CATALOG_MAGIC);
    ASSERT(pthread_mutex_lock(&c->mutex) == 0);
}

void catalog_unlock(struct catalog *c)
{
    ASSERT(pthread_mutex_unlock(&c->mutex) == 0);
}

const char *catalog_path(const struct catalog *c)
{
    OBJECT_CHECK(c, CATALOG_MAGIC);
    return c->path;
}

/* Locks */

/* Open-file locks, since those of a process would go with any close of the file in it. */
static int try_lock(const struct catalog *c, int byte, int type)
{
    struct flock lock = {
        .l_type = (short)type, .l_whence = SEEK_SET, .l_start = byte, .l_len = 1};

    return fcntl(c->lock_fd, F_OFD_SETLK, &lock);
}

static int lock_opening(struct catalog *c, struct error *e)
{
    const struct timespec step = {.tv_nsec = LOCK_STEP_MS * 1000000L};

    for (int waited = 0; waited < LOCK_WAIT_MS; waited += LOCK_STEP_MS) {
        if (try_lock(c, OPENING, F_WRLCK) == 0)
            return 0;
        if (errno != EAGAIN && errno != EACCES && errno != EINTR)
            return error_errno(e, errno, "cannot lock the catalog %s", c->path);
        nanosleep(&step, NULL);
    }
    return error_set(e, LAGAN_BUSY, ERROR_LOCKED,
                     "the catalog %s: another program has been opening it for %d s", c->path,
                     LOCK_WAIT_MS / 1000);
}

static int open_lock_file(struct catalog *c, const char *state, struct error *e)
{
    char *path CLEANUP_TEXT = NULL;

    if (asprintf(&path, "%s/" LOCK_FILE, state) < 0) {
        path = NULL;
        return error_no_memory(e, "the catalog");
    }
    c->lock_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (c->lock_fd < 0)
        return error_errno(e, errno, "cannot open %s", path);
    return lock_opening(c, e);
}

/* The folder */

static int check_folder(const char *state, struct error *e)
{
    struct stat found;

    if (stat(state, &found) != 0)
        return error_errno(e, errno, "the state folder %s", state);
    if (found.st_uid != geteuid() && found.st_uid != 0)
        return error_set(e, LAGAN_DENIED, ERROR_FAILED,
                         "the state folder %s belongs to user %u: it must be yours", state,
                         (unsigned)found.st_uid);
    if ((found.st_mode & 022) != 0)
        return error_set(e, LAGAN_DENIED, ERROR_FAILED,
                         "the state folder %s can be written by others: run `chmod go-w` on it",
                         state);
    return 0;
}

/* Whether a damaged file was set aside here. */
static bool has_damaged(const char *state)
{
    DIR *folder = opendir(state);
    bool found = false;

    if (folder == NULL)
        return false;
    for (struct dirent *entry; !found && (entry = readdir(folder)) != NULL;)
        found = strncmp(entry->d_name, DAMAGED_PREFIX, strlen(DAMAGED_PREFIX)) == 0;
    closedir(folder);
    return found;
}

/* Making */

static int fill_random(void *data, size_t size, struct error *e)
{
    if (getrandom(data, size, 0) != (ssize_t)size)
        return error_errno(e, errno, "random bytes");
    return 0;
}

static int make_writer_id(struct catalog *c, struct error *e)
{
    uint8_t id[CATALOG_ID_SIZE];
    char text[2 * CATALOG_ID_SIZE + 1];

    if (fill_random(id, sizeof(id), e) != 0)
        return -1;
    text_hex(id, sizeof(id), text);
    return catalog_setting_set(c, "writer_id", text, e);
}

/* The file's companions, from the one in the row `first` of suffixes on. */
static void remove_companions(const char *path, size_t first)
{
    char name[4096 + 16];

    for (size_t i = first; i < SUFFIXES; i++)
        if (snprintf(name, sizeof(name), "%s%s", path, suffixes[i]) < (int)sizeof(name))
            unlink(name);
}

static int fill_new(struct catalog *c, const char *path, struct error *e)
{
    int fd CLEANUP_FD = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

    if (fd < 0)
        return error_errno(e, errno, "cannot make the catalog %s", c->path);
    file_close(&fd); /* before SQLite locks it */
    if (connection_open(c, path, false, e) != 0)
        return -1;
    int result = schema_migrate(c, e);
    if (result == 0)
        result = make_writer_id(c, e);
    if (result == 0)
        result = connection_empty_log(c, e);
    connection_close(c);
    return result;
}

/* Under another name until it is complete: a catalog that is empty or half made is then always
 * a damaged one, never a new one. */
static int make_file(struct catalog *c, struct error *e)
{
    char *path CLEANUP_TEXT = NULL;

    if (asprintf(&path, "%s.new", c->path) < 0) {
        path = NULL;
        return error_no_memory(e, "the catalog");
    }
    remove_companions(path, 0);
    if (fill_new(c, path, e) != 0) {
        remove_companions(path, 0);
        return -1;
    }
    remove_companions(path, 1);
    if (rename(path, c->path) != 0)
        return error_errno(e, errno, "cannot make the catalog %s", c->path);
    return file_sync_parent(c->path, e);
}

static int damaged_before(const struct catalog *c, struct error *e)
{
    return error_set(
        e, LAGAN_CORRUPT, ERROR_INTEGRITY,
        "the catalog %s was damaged and has been set aside beside it as " DAMAGED_PREFIX
        "...: run `lagan catalog rebuild`",
        c->path);
}

static int make_if_absent(struct catalog *c, const char *state, unsigned flags, struct error *e)
{
    struct stat found;

    if (lstat(c->path, &found) == 0) {
        if (!S_ISREG(found.st_mode))
            return error_set(e, LAGAN_INVALID, ERROR_FAILED,
                             "the catalog %s is not a regular file", c->path);
        if ((found.st_mode & 077) != 0 && chmod(c->path, 0600) != 0)
            return error_errno(e, errno, "the catalog %s", c->path);
        return 0;
    }
    if (errno != ENOENT)
        return error_errno(e, errno, "the catalog %s", c->path);
    if ((flags & CATALOG_OPEN_REBUILD) == 0 && has_damaged(state))
        return damaged_before(c, e);
    if ((flags & CATALOG_OPEN_EXISTING) != 0)
        return error_set(e, LAGAN_NOT_FOUND, ERROR_FAILED,
                         "there is no catalog %s: run `lagan init`, or `lagan catalog rebuild` "
                         "when there are vaults already",
                         c->path);
    return make_file(c, e);
}

/* Setting aside */

static int rename_aside(const struct catalog *c, const char *state, const char *stamp)
{
    char from[4096 + 16], to[4096 + 64];

    /* The log first: a file without its log is older, a log without its file is nothing. */
    for (size_t i = SUFFIXES; i-- > 0;) {
        int from_size = snprintf(from, sizeof(from), "%s%s", c->path, suffixes[i]);
        int to_size =
            snprintf(to, sizeof(to), "%s/" DAMAGED_PREFIX "%s%s", state, stamp, suffixes[i]);
        if (from_size >= (int)sizeof(from) || to_size >= (int)sizeof(to))
            return -1;
        if (renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE) != 0 &&
            !(errno == ENOENT && i > 0))
            return -1;
    }
    return 0;
}

/* Adds to `e`, which says what is wrong, where the file went, and `next`.  False when it
 * stays. */
static bool set_aside(struct catalog *c, const char *state, const char *next, struct error *e)
{
    char stamp[CLOCK_TEXT_SIZE];
    struct error ignored;
    char why[ERROR_TEXT_SIZE];
    char *advice;

    e->code = ERROR_INTEGRITY;
    memcpy(why, e->text, sizeof(why));
    advice = strstr(why, "; run `"); /* the new line ends with it */
    if (advice != NULL)
        *advice = '\0';
    if (try_lock(c, PRESENCE, F_WRLCK) != 0)
        return false; /* somebody works with it: leave it where it is */
    clock_format_name(clock_wall_ns(), stamp);
    if (rename_aside(c, state, stamp) != 0) {
        error_errno(e, errno, "%.500s; it cannot be set aside", why);
        return false;
    }
    (void)file_sync_parent(c->path, &ignored);
    error_set(e, LAGAN_CORRUPT, ERROR_INTEGRITY,
              "%.560s; it was set aside as " DAMAGED_PREFIX "%s%s", why, stamp, next);
    return true;
}

/* Opening */

static int read_writer_id(struct catalog *c, struct error *e)
{
    char *text CLEANUP_TEXT = catalog_setting_get(c, "writer_id", e);

    if (text != NULL && text_unhex(text, c->writer_id, sizeof(c->writer_id)) == 0)
        return 0;
    if (e->error_class != LAGAN_OK)
        return -1;
    return error_set(e, LAGAN_CORRUPT, ERROR_INTEGRITY,
                     "the catalog %s: the file is damaged (it has no writer id)", c->path);
}

static int open_checked(struct catalog *c, struct error *e)
{
    if (connection_open(c, c->path, false, e) != 0)
        return -1;
    if (connection_check(c, e) != 0 || schema_check(c, e) != 0 || schema_migrate(c, e) != 0)
        return -1;
    return read_writer_id(c, e);
}

/* A file that SQLite can open but not understand is damaged as well. */
static bool is_damage(struct error *e)
{
    if (e->error_class == LAGAN_INTERNAL && e->native == SQLITE_ERROR)
        e->error_class = LAGAN_CORRUPT;
    return e->error_class == LAGAN_CORRUPT;
}

/* Sets the file aside.  True when a new one is to be made at once: who rebuilds is not told to
 * rebuild. */
static bool replace_damaged(struct catalog *c, const char *state, unsigned flags,
                            struct error *e)
{
    if ((flags & CATALOG_OPEN_REBUILD) == 0) {
        (void)set_aside(c, state, ": run `lagan catalog rebuild`", e);
        return false;
    }
    if (!set_aside(c, state, "", e))
        return false;
    log_write(LOG_WARNING, "catalog", "%s", e->text);
    return true;
}

/* Everything that happens under the lock OPENING. */
static int open_locked(struct catalog *c, const char *state, unsigned flags, struct error *e)
{
    if (open_lock_file(c, state, e) != 0 || make_if_absent(c, state, flags, e) != 0)
        return -1;
    *e = ERROR_INIT;
    if (open_checked(c, e) != 0) {
        connection_close(c);
        if (!is_damage(e) || !replace_damaged(c, state, flags, e))
            return -1;
        *e = ERROR_INIT;
        if (make_file(c, e) != 0 || open_checked(c, e) != 0)
            return -1;
    }
    if (try_lock(c, PRESENCE, F_RDLCK) != 0 || try_lock(c, OPENING, F_UNLCK) != 0)
        return error_errno(e, errno, "cannot lock the catalog %s", c->path);
    return 0;
}

static struct catalog *allocate(const char *state, struct error *e)
{
    struct catalog *c = calloc(1, sizeof(*c));
    pthread_mutexattr_t attributes;

    if (c == NULL || asprintf(&c->path, "%s/" CATALOG_FILE, state) < 0) {
        free(c);
        error_no_memory(e, "the catalog");
        return NULL;
    }
    c->magic = CATALOG_MAGIC;
    c->lock_fd = -1;
    pthread_mutexattr_init(&attributes);
    pthread_mutexattr_settype(&attributes, PTHREAD_MUTEX_RECURSIVE);
    pthread_mutex_init(&c->mutex, &attributes);
    pthread_mutexattr_destroy(&attributes);
    return c;
}

int catalog_open(const char *state, unsigned flags, struct catalog **catalog, struct error *e)
{
    struct error why = ERROR_INIT;

    if (file_make_directories(state, 0700, e) != 0 || check_folder(state, e) != 0)
        return -1;
    struct catalog *c = allocate(state, e);
    if (c == NULL)
        return -1;
    if (open_locked(c, state, flags, &why) != 0) {
        catalog_close(c);
        *e = why;
        return -1;
    }
    *catalog = c;
    return 0;
}

void catalog_close(struct catalog *c)
{
    if (c == NULL)
        return;
    OBJECT_CHECK(c, CATALOG_MAGIC);
    ASSERT(c->depth == 0 && c->listing == 0);
    connection_close(c);
    file_close(&c->lock_fd);
    pthread_mutex_destroy(&c->mutex);
    free(c->path);
    c->magic = 0;
    free(c);
}

/* Transactions */

static int begin_outermost(struct catalog *c, struct error *e)
{
    if (c->broken)
        return error_set(e, LAGAN_IO, ERROR_FAILED,
                         "the catalog %s: an earlier write could not be made durable; nothing "
                         "more is written until it is opened again",
                         c->path);
    c->failed = false;
    return query_execute(c, "BEGIN IMMEDIATE", e);
}

int catalog_begin(struct catalog *c, struct error *e)
{
    catalog_lock(c);
    ASSERT(c->listing == 0);
    if (c->depth == 0 && begin_outermost(c, e) != 0) {
        catalog_unlock(c);
        return -1;
    }
    c->depth++;
    return 0;
}

static int commit_outermost(struct catalog *c, struct error *e)
{
    if (c->failed) {
        if (!sqlite3_get_autocommit(c->db))
            sqlite3_exec(c->db, "ROLLBACK", NULL, NULL, NULL);
        return error_set(
            e, LAGAN_INVALID, ERROR_FAILED,
            "the catalog %s: a step of the change failed, so nothing of it is kept", c->path);
    }
    if (query_execute(c, "COMMIT", e) == 0)
        return 0;
    if (!sqlite3_get_autocommit(c->db))
        sqlite3_exec(c->db, "ROLLBACK", NULL, NULL, NULL);
    return -1;
}

int catalog_commit(struct catalog *c, struct error *e)
{
    OBJECT_CHECK(c, CATALOG_MAGIC);
    ASSERT(c->depth > 0);
    c->depth--;
    int result = c->depth == 0 ? commit_outermost(c, e) : 0;
    catalog_unlock(c);
    return result;
}

void catalog_rollback(struct catalog *c)
{
    OBJECT_CHECK(c, CATALOG_MAGIC);
    ASSERT(c->depth > 0);
    c->depth--;
    c->failed = true;
    /* SQLite rolls back by itself after some errors. */
    if (c->depth == 0 && !sqlite3_get_autocommit(c->db))
        sqlite3_exec(c->db, "ROLLBACK", NULL, NULL, NULL);
    catalog_unlock(c);
}

int write_end(struct catalog *c, int result, struct error *e)
{
    if (result == 0)
        return catalog_commit(c, e);
    catalog_rollback(c);
    return result;
}

int write_begin_light(struct catalog *c, struct error *e)
{
    catalog_lock(c);
    bool outermost = c->depth == 0;
    if (outermost)
        sqlite3_exec(c->db, "PRAGMA synchronous = NORMAL", NULL, NULL, NULL);
    if (catalog_begin(c, e) == 0)
        return 0;
    if (outermost)
        sqlite3_exec(c->db, "PRAGMA synchronous = FULL", NULL, NULL, NULL);
    catalog_unlock(c);
    return -1;
}

int write_end_light(struct catalog *c, int result, struct error *e)
{
    result = write_end(c, result, e);
    if (c->depth == 0 && query_execute(c, "PRAGMA synchronous = FULL", e) != 0)
        result = -1;
    catalog_unlock(c);
    return result;
}

/* Settings */

char *catalog_setting_get(struct catalog *c, const char *name, struct error *e)
{
    static const char sql[] = "SELECT value FROM settings WHERE name = ?";
    char *value = NULL;
    struct query q;

    catalog_lock(c);
    if (query_start(c, sql, &q, e) == 0) {
        query_text(&q, name);
        if (query_step(&q, e) > 0 && (value = row_text_copy(&q)) == NULL)
            error_no_memory(e, "a setting");
        query_end(&q);
    }
    catalog_unlock(c);
    return value;
}

int catalog_setting_set(struct catalog *c, const char *name, const char *value, struct error *e)
{
    static const char sql[] = "INSERT INTO settings VALUES (?, ?)"
                              " ON CONFLICT (name) DO UPDATE SET value = excluded.value";
    struct query q;

    if (catalog_begin(c, e) != 0)
        return -1;
    int result = query_start(c, sql, &q, e);
    if (result == 0) {
        query_text(&q, name);
        query_text(&q, value);
        result = query_finish(&q, e);
    }
    return write_end(c, result, e);
}

void catalog_writer_id(const struct catalog *c, uint8_t id[CATALOG_ID_SIZE])
{
    OBJECT_CHECK(c, CATALOG_MAGIC);
    memcpy(id, c->writer_id, CATALOG_ID_SIZE);
}
