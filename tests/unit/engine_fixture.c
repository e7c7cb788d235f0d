/* SPDX-License-Identifier: Apache-2.0 */
/* engine_fixture.c - see engine_fixture.h. */
#include "engine_fixture.h"

#include "crypto/hash.h"
#include "driver/operation.h"
#include "engine/key_text.h"
#include "unit.h"

#include <fcntl.h>
#include <fts.h>
#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { STORE_MEMORY = 4 << 20 };

const char *path_of(const char *format, ...)
{
    static char paths[8][4096];
    static unsigned next;
    char *path = paths[next++ % 8];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(path, sizeof(paths[0]), format, arguments);
    va_end(arguments);
    return path;
}

/* In memory where there is room for it: many small files are made and synced. */
static void choose_scratch(void)
{
    if (!getenv("TMPDIR") && access("/dev/shm", W_OK) == 0)
        setenv("TMPDIR", "/dev/shm", 1);
}

void engine_make(struct engine *g, const char *driver, vault_fixture_tune *tune)
{
    *g = (struct engine){0};
    choose_scratch();
    operation_cancel_reset(); /* should an earlier test have failed on the way */
    vault_fixture_make(&g->vault, driver, false, tune);
}

void engine_make_limited(struct engine *g, uint64_t bytes, vault_fixture_tune *tune)
{
    *g = (struct engine){0};
    choose_scratch();
    operation_cancel_reset(); /* should an earlier test have failed on the way */
    vault_fixture_make_limited(&g->vault, bytes, tune);
}

void engine_drop(struct engine *g)
{
    reports_clear(&g->reports);
    for (size_t i = 0; i < ENGINE_PATHS; i++)
        free(g->paths[i]);
    vault_fixture_drop(&g->vault);
}

const char *engine_path(struct engine *g, const char *name)
{
    const char *path = path_of("%s/%s", g->vault.scratch, name);
    size_t i = 0;
    while (i < ENGINE_PATHS && g->paths[i] && strcmp(g->paths[i], path) != 0)
        i++;
    assert_true(i < ENGINE_PATHS);
    if (!g->paths[i])
        g->paths[i] = strdup(path);
    return g->paths[i];
}

void origin_open(struct engine *g, struct origin *o, const char *driver, uint64_t flags,
                 const char *const *words)
{
    o->instance = fixture_instance(g->vault.host, driver, words);
    o->source = NULL;
    origin_reopen(o, flags);
}

void origin_files(struct engine *g, struct origin *o, uint64_t flags, const char *path)
{
    const char *words[] = {path, NULL};
    origin_open(g, o, "src_files", flags, words);
}

void origin_mem(struct engine *g, struct origin *o, const char *const *words)
{
    origin_open(g, o, "src_mem", LAGAN_OPEN_READ_ONLY, words);
}

void origin_reopen(struct origin *o, uint64_t flags)
{
    struct error e = ERROR_INIT;
    source_close(o->source);
    o->source = source_open(o->instance, flags, &e);
    assert_success(o->source ? 0 : -1, e);
}

void origin_close(struct origin *o)
{
    source_close(o->source);
    instance_free(o->instance);
    *o = (struct origin){0};
}

static void take_progress(void *context, const struct job_progress *progress)
{
    struct reports *r = context;
    r->progress = *progress;
    if (r->hook)
        r->hook(r->hook_context, progress);
    if ((r->cancel_after_bytes > 0 && progress->bytes_done >= r->cancel_after_bytes) ||
        (r->cancel_after_entries > 0 && progress->entries_done >= r->cancel_after_entries))
        operation_cancel_all();
}

static void take_problem(void *context, const struct job_problem *problem)
{
    struct reports *r = context;
    struct buffer path = BUFFER_INIT;
    if (r->count == r->room) {
        r->room = r->room ? r->room * 2 : 16;
        r->items = reallocarray(r->items, r->room, sizeof(*r->items));
        assert_non_null(r->items);
    }
    key_text(&path, problem->key, problem->key_size);
    buffer_append_u8(&path, 0);
    assert_false(path.failed);
    r->items[r->count++] = (struct report){.path = (char *)path.data,
                                           .error_class = problem->error_class,
                                           .text = strdup(problem->text),
                                           .warning = problem->warning};
}

void reports_clear(struct reports *r)
{
    for (size_t i = 0; i < r->count; i++) {
        free(r->items[i].path);
        free(r->items[i].text);
    }
    free(r->items);
    *r = (struct reports){0};
}

const struct report *reports_find(const struct reports *r, const char *path)
{
    for (size_t i = 0; i < r->count; i++) {
        if (strcmp(r->items[i].path, path) == 0)
            return &r->items[i];
    }
    return NULL;
}

size_t reports_problems(const struct reports *r)
{
    size_t count = 0;
    for (size_t i = 0; i < r->count; i++)
        count += !r->items[i].warning;
    return count;
}

void reports_print(const struct reports *r)
{
    for (size_t i = 0; i < r->count; i++)
        print_error("    %s %s: %s: %s\n", r->items[i].warning ? "warning" : "problem",
                    r->items[i].path, error_class_name(r->items[i].error_class),
                    r->items[i].text);
}

void assert_problems(const struct reports *r, const char *const *paths)
{
    size_t wanted = 0;
    bool good = true;
    for (; paths[wanted]; wanted++) {
        const struct report *report = reports_find(r, paths[wanted]);
        if (!report || report->warning)
            print_error("no problem with %s\n", paths[wanted]);
        good = good && report && !report->warning;
    }
    if (!good || reports_problems(r) != wanted)
        reports_print(r);
    assert_true(good);
    assert_int_equal(reports_problems(r), wanted);
}

struct backup_request engine_backup_request(struct engine *g, struct origin *o,
                                            const struct seal *parent)
{
    reports_clear(&g->reports);
    return (struct backup_request){
        .source = o->source,
        .vault = g->vault.vault,
        .parent = parent,
        .source_id = g->vault.source,
        .writer_id = g->vault.writer,
        .source_name = "test",
        .host = "host",
        .threads = 2,
        .reporter = {&g->reports, take_progress, take_problem},
    };
}

struct seal *engine_backup_as(struct engine *g, const struct backup_request *request)
{
    struct error e = ERROR_INIT;
    struct seal *seal = NULL;
    (void)g;
    assert_success(backup_run(request, &seal, &e), e);
    assert_non_null(seal);
    return seal;
}

struct seal *engine_backup(struct engine *g, struct origin *o, const struct seal *parent)
{
    struct backup_request request = engine_backup_request(g, o, parent);
    return engine_backup_as(g, &request);
}

struct restore_request engine_restore_request(struct engine *g, const struct seal *seal,
                                              struct origin *o)
{
    reports_clear(&g->reports);
    return (struct restore_request){
        .vault = g->vault.vault,
        .seal = seal,
        .place = o->source,
        .threads = 2,
        .reporter = {&g->reports, take_progress, take_problem},
    };
}

int engine_restore_try(struct engine *g, struct restore_request *request,
                       struct restore_result *result, struct error *e)
{
    assert_success(store_open(g->vault.vault, STORE_MEMORY, &request->store, e), *e);
    int done = restore_run(request, result, e);
    store_close(request->store);
    request->store = NULL;
    return done;
}

struct restore_result engine_restore(struct engine *g, struct restore_request *request)
{
    struct restore_result result = {0};
    struct error e = ERROR_INIT;
    assert_success(engine_restore_try(g, request, &result, &e), e);
    return result;
}

struct restore_result engine_restore_to(struct engine *g, const struct seal *seal,
                                        const char *path)
{
    struct origin place;
    origin_files(g, &place, LAGAN_OPEN_RESTORE | LAGAN_OPEN_INITIALISE, path);
    struct restore_request request = engine_restore_request(g, seal, &place);
    struct restore_result result = engine_restore(g, &request);
    origin_close(&place);
    return result;
}

static struct store *open_store(struct engine *g)
{
    struct error e = ERROR_INIT;
    struct store *store = NULL;
    assert_success(store_open(g->vault.vault, STORE_MEMORY, &store, &e), e);
    return store;
}

struct tree_entry *engine_entry(struct engine *g, const struct seal *seal, const uint8_t *key,
                                size_t key_size)
{
    struct error e = ERROR_INIT;
    struct store *store = open_store(g);
    struct chunk_access access = store_access(store);
    struct tree_entry *entry = NULL;
    int found = tree_find(&access, &seal->root, key, key_size, &entry, &e);
    store_close(store);
    assert_success(found < 0 ? -1 : 0, e);
    return entry;
}

void engine_content(struct engine *g, const struct tree_entry *entry, struct buffer *out)
{
    struct error e = ERROR_INIT;
    struct store *store = open_store(g);
    struct chunk_access access = store_access(store);
    struct chunk_record record;
    int got = 0;
    struct content_cursor *cursor = content_cursor_new(&access, &entry->content, &e);
    assert_success(cursor ? 0 : -1, e);
    while ((got = content_cursor_next(cursor, &record, &e)) == 1) {
        if (!chunk_is_hole(&record.id)) {
            assert_success(store_get(store, CHUNK_DATA, &record.id, out, &e), e);
            continue;
        }
        uint8_t *room = buffer_reserve(out, record.bytes);
        assert_non_null(room);
        memset(room, 0, record.bytes);
        out->size += record.bytes;
    }
    assert_success(got, e);
    content_cursor_free(cursor);
    store_close(store);
}

void assert_same_root(const struct seal *a, const struct seal *b)
{
    assert_int_equal(a->root.height, b->root.height);
    assert_int_equal(a->root.entries, b->root.entries);
    assert_int_equal(a->root.bytes, b->root.bytes);
    assert_memory_equal(a->root.id.bytes, b->root.id.bytes, CHUNK_ID_SIZE);
}

void as_nobody(void (*test)(void))
{
    int status = 0;
    fflush(NULL);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        if (geteuid() == 0 &&
            (setgroups(0, NULL) != 0 || setgid(65534) != 0 || setuid(65534) != 0))
            _exit(1);
        test();
        _exit(0);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

char *tree_digest(const char *path, const char *options)
{
    const char *top = getenv("abs_top_srcdir");
    char *command = NULL, *text = NULL;
    size_t size = 0;
    assert_true(asprintf(&command, "python3 '%s/tests/corpus/tree_digest.py' %s '%s'",
                         top ? top : ".", options, path) > 0);
    FILE *output = popen(command, "re");
    FILE *memory = open_memstream(&text, &size);
    assert_non_null(output);
    assert_non_null(memory);
    char part[65536];
    size_t got;
    while ((got = fread(part, 1, sizeof(part), output)) > 0)
        fwrite(part, 1, got, memory);
    fclose(memory);
    assert_int_equal(pclose(output), 0);
    free(command);
    return text;
}

/* The hash of a file's content in hexadecimal. */
static void hash_file(const char *path, char text[2 * HASH_SIZE + 1])
{
    static uint8_t part[1 << 16];
    uint8_t digest[HASH_SIZE];
    struct hash hash;
    ssize_t got = 0;
    int fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    assert_true(fd >= 0);
    hash_begin(&hash);
    while ((got = read(fd, part, sizeof(part))) > 0)
        hash_update(&hash, part, (size_t)got);
    assert_int_equal(got, 0);
    hash_finish(&hash, digest);
    close(fd);
    for (size_t i = 0; i < HASH_SIZE; i++)
        snprintf(text + 2 * i, 3, "%02x", digest[i]);
}

static void print_entry(FILE *out, const FTSENT *entry, bool times)
{
    const struct stat *s = entry->fts_statp;
    char detail[4096] = "";
    if (S_ISREG(s->st_mode))
        hash_file(entry->fts_accpath, detail);
    if (S_ISLNK(s->st_mode))
        assert_true(readlink(entry->fts_accpath, detail, sizeof(detail) - 1) >= 0);
    fprintf(out, "%s %o %u:%u ", entry->fts_level > 0 ? entry->fts_path + strlen("./") : ".",
            s->st_mode, s->st_uid, s->st_gid);
    if (!S_ISDIR(s->st_mode))
        fprintf(out, "%lld %u %llx ", (long long)s->st_size, (unsigned)s->st_nlink,
                (unsigned long long)s->st_rdev);
    if (times && entry->fts_level > 0)
        fprintf(out, "%lld.%09ld ", (long long)s->st_mtim.tv_sec, s->st_mtim.tv_nsec);
    fprintf(out, "%s\n", detail);
}

static int by_name(const FTSENT **a, const FTSENT **b)
{
    return strcmp((*a)->fts_name, (*b)->fts_name);
}

char *tree_lines(const char *path, bool times)
{
    char here[] = ".", *tops[] = {here, NULL}, *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    int back = open(".", O_PATH | O_CLOEXEC);
    assert_int_equal(chdir(path), 0);
    FTS *walk = fts_open(tops, FTS_PHYSICAL, by_name);
    assert_non_null(out);
    assert_non_null(walk);
    for (FTSENT *entry; (entry = fts_read(walk)) != NULL;) {
        if (entry->fts_info == FTS_DP)
            continue;
        assert_true(entry->fts_info != FTS_NS && entry->fts_info != FTS_ERR);
        print_entry(out, entry, times);
    }
    fts_close(walk);
    fclose(out);
    assert_int_equal(fchdir(back), 0);
    close(back);
    return text;
}

void assert_same_tree(char *a, char *b)
{
    size_t at = 0, line = 0;
    while (a[at] && a[at] == b[at]) {
        at++;
        if (a[at - 1] == '\n')
            line = at;
    }
    if (a[at] != b[at])
        print_error("-%.*s\n+%.*s\n", (int)strcspn(a + line, "\n"), a + line,
                    (int)strcspn(b + line, "\n"), b + line);
    assert_int_equal(a[at], b[at]);
    free(a);
    free(b);
}

void put_bytes(const char *path, uint64_t seed, size_t size)
{
    uint8_t *data = malloc(size + 1);
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    assert_non_null(data);
    assert_true(fd >= 0);
    vault_fixture_content(seed, seed % 2 == 1, data, size);
    assert_int_equal(write(fd, data, size), (ssize_t)size);
    close(fd);
    free(data);
}

void put_text(const char *path, const char *text)
{
    fixture_write_text(path, text, 0644);
}

void put_directory(const char *path)
{
    assert_int_equal(mkdir(path, 0755), 0);
}

bool is_there(const char *path)
{
    struct stat found;
    return lstat(path, &found) == 0;
}

void let_age(void)
{
    nanosleep(&(struct timespec){.tv_nsec = 30000000}, NULL);
}
