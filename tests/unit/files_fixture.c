/* SPDX-License-Identifier: Apache-2.0 */
/* files_fixture.c - see files_fixture.h. */
#include "files_fixture.h"

#include "unit.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

char *files_scratch;

static struct driver_host *the_host(void)
{
    static struct driver_host *host; /* modules stay in memory anyway */
    if (!host)
        host = fixture_host("test-drivers");
    return host;
}

const char *files_path(const char *name)
{
    static char path[4096];
    snprintf(path, sizeof path, "%s%s%s", files_scratch, *name ? "/" : "", name);
    return path;
}

int files_setup(void **state)
{
    (void)state;
    umask(022);
    files_scratch = fixture_scratch();
    if (chmod(files_scratch, 0755) != 0)
        return -1;
    return chdir(files_scratch);
}

int files_setup_in_memory(void **state)
{
    const char *folder = getenv("TMPDIR");
    char *before = folder ? strdup(folder) : NULL;
    if (access("/dev/shm", W_OK) == 0)
        setenv("TMPDIR", "/dev/shm", 1);
    int result = files_setup(state);
    if (before)
        setenv("TMPDIR", before, 1);
    else
        unsetenv("TMPDIR");
    free(before);
    return result;
}

/* Paths may be longer than a path can be, which only the tool copes with. */
int files_teardown(void **state)
{
    char command[4200];
    (void)state;
    if (chdir("/") != 0)
        return -1;
    snprintf(command, sizeof command, "rm -rf '%s'", files_scratch);
    int status = system(command);
    free(files_scratch);
    return status;
}

int files_try_open(struct files *f, uint64_t flags, const char *path, struct error *e)
{
    const char *const words[] = {path, NULL};
    f->instance = fixture_instance(the_host(), "src_files", words);
    f->source = source_open(f->instance, flags, e);
    if (f->source)
        return 0;
    instance_free(f->instance);
    f->instance = NULL;
    return -1;
}

void files_open(struct files *f, uint64_t flags, const char *const *words)
{
    struct error e = ERROR_INIT;
    f->instance = fixture_instance(the_host(), "src_files", words);
    f->source = source_open(f->instance, flags, &e);
    assert_success(f->source ? 0 : -1, e);
}

void files_open_path(struct files *f, uint64_t flags, const char *path)
{
    const char *const words[] = {path, NULL};
    files_open(f, flags, words);
}

void files_close(struct files *f)
{
    source_close(f->source);
    instance_free(f->instance);
    f->source = NULL;
    f->instance = NULL;
}

static void *copy(const void *data, size_t size)
{
    char *bytes = malloc(size + 1);
    assert_non_null(bytes);
    if (size > 0)
        memcpy(bytes, data, size);
    bytes[size] = 0;
    return bytes;
}

static uint32_t add_found(void *context, const struct lagan_entry *entry)
{
    struct found_list *list = context;
    if (list->count == list->room) {
        list->room = list->room ? list->room * 2 : 64;
        list->entries = reallocarray(list->entries, list->room, sizeof *list->entries);
        assert_non_null(list->entries);
    }
    struct found *found = &list->entries[list->count++];
    *found = (struct found){.entry = *entry};
    found->key = copy(entry->key, entry->key_size);
    found->link = copy(entry->link, entry->link_size);
    found->user_name = entry->user_name ? strdup(entry->user_name) : NULL;
    assert_true(entry->id_size <= sizeof found->id);
    assert_true(entry->stamp_size <= sizeof found->stamp);
    if (entry->id_size > 0)
        memcpy(found->id, entry->id, entry->id_size);
    if (entry->stamp_size > 0)
        memcpy(found->stamp, entry->stamp, entry->stamp_size);
    snprintf(found->error_text, sizeof found->error_text, "%s",
             entry->error_text ? entry->error_text : "");
    found->entry.key = found->key;
    found->entry.link = found->link;
    found->entry.user_name = found->user_name;
    found->entry.group_name = NULL;
    found->entry.error_text = NULL;
    found->entry.id = NULL; /* the list may move: see id */
    found->entry.stamp = NULL;
    return LAGAN_OK;
}

struct lagan_entry_collector found_collector(struct found_list *list)
{
    return (struct lagan_entry_collector){.context = list, .add = add_found};
}

void found_clear(struct found_list *list)
{
    for (size_t i = 0; i < list->count; i++) {
        free(list->entries[i].key);
        free(list->entries[i].link);
        free(list->entries[i].user_name);
    }
    free(list->entries);
    *list = (struct found_list){0};
}

int compare_keys(const void *a, size_t a_size, const void *b, size_t b_size)
{
    size_t shorter = a_size < b_size ? a_size : b_size;
    int order = shorter > 0 ? memcmp(a, b, shorter) : 0;
    return order ? order : (a_size > b_size) - (a_size < b_size);
}

const struct found *found_find(const struct found_list *list, const void *key, size_t key_size)
{
    for (size_t i = 0; i < list->count; i++)
        if (compare_keys(list->entries[i].key, list->entries[i].entry.key_size, key,
                         key_size) == 0)
            return &list->entries[i];
    return NULL;
}

static void assert_ascending(const struct found_list *list)
{
    for (size_t i = 1; i < list->count; i++) {
        const struct lagan_entry *before = &list->entries[i - 1].entry;
        const struct lagan_entry *entry = &list->entries[i].entry;
        if (compare_keys(before->key, before->key_size, entry->key, entry->key_size) >= 0)
            print_error("\"%s\" does not belong behind \"%s\"\n", list->entries[i].key,
                        list->entries[i - 1].key);
        assert_true(compare_keys(before->key, before->key_size, entry->key, entry->key_size) <
                    0);
    }
}

void files_walk_selected(struct files *f, source_select_function *select, void *context,
                         const void *after, size_t after_size, struct found_list *list)
{
    struct error e = ERROR_INIT;
    struct lagan_entry_collector collector = found_collector(list);
    bool ended = false;
    struct walk *w = source_walk_open(f->source, select, context, after, after_size, &e);
    assert_success(w ? 0 : -1, e);
    while (!ended)
        assert_success(walk_next(w, 7, &collector, &ended, &e), e);
    walk_close(w);
    assert_ascending(list);
}

void files_walk(struct files *f, struct found_list *list)
{
    files_walk_selected(f, NULL, NULL, NULL, 0, list);
}

static void append(char *text, const char *more)
{
    assert_true(strlen(text) + strlen(more) < METADATA_TEXT_SIZE);
    strcat(text, more);
}

static uint32_t add_piece(void *context, const struct lagan_metadata *piece)
{
    char *text = context;
    const unsigned char *value = piece->value;
    append(text, piece->kind == LAGAN_METADATA_FLAGS ? "FLAGS" : piece->name);
    append(text, "=");
    for (size_t i = 0; i < piece->value_size && i < 40; i++) {
        char hex[3];
        snprintf(hex, sizeof hex, "%02x", value[i]);
        append(text, hex);
    }
    append(text, ";");
    return LAGAN_OK;
}

static void lose_piece(void *context, const char *name, const char *reason)
{
    (void)reason;
    append(context, "lost:");
    append(context, name);
    append(context, ";");
}

struct lagan_metadata_collector metadata_collector(char *text)
{
    text[0] = 0;
    return (struct lagan_metadata_collector){
        .context = text, .add = add_piece, .lost = lose_piece};
}

void make_file(const char *path, const char *text)
{
    fixture_write_text(path, text, 0644);
}

void make_directory(const char *path)
{
    assert_int_equal(mkdir(path, 0755), 0);
}

bool exists(const char *path)
{
    struct stat found;
    return lstat(path, &found) == 0;
}

void run_apart(int (*change)(void), void (*test)(void))
{
    int status;
    the_host(); /* modules are loaded with all rights */
    struct error e = ERROR_INIT;
    assert_non_null(driver_load(the_host(), "src_files", &e));
    fflush(NULL);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        if (change && change() != 0)
            _exit(77);
        test();
        _exit(0);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    if (WIFEXITED(status) && WEXITSTATUS(status) == 77) {
        print_message("skipped: the system does not let us give up rights\n");
        skip();
    }
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

int become_nobody(void)
{
    if (geteuid() != 0)
        return 0;
    return setgroups(0, NULL) != 0 || setgid(65534) != 0 || setuid(65534) != 0;
}

/* Lets `count` instructions judge each system call. */
static int filter_calls(struct sock_filter *code, size_t count)
{
    struct sock_fprog program = {.len = (unsigned short)count, .filter = code};
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
        return -1;
    return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program);
}

int lose_openat2(void)
{
    struct sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_openat2, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    return filter_calls(code, sizeof code / sizeof code[0]);
}

/* The kernel's own bit of O_TMPFILE; the other is O_DIRECTORY. */
enum { NAMELESS = O_TMPFILE & ~O_DIRECTORY };

int lose_nameless(void)
{
    struct sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_openat, 0, 3),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[2])),
        BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, NAMELESS, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EOPNOTSUPP),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    return filter_calls(code, sizeof code / sizeof code[0]);
}
