/* SPDX-License-Identifier: Apache-2.0 */
/* test_isolate.c - drivers in processes of their own: they do what they do in this one, and
 * whatever they do to their process harms nobody else.  Targets and keys; sources are in
 * test_isolate_source.c. */
#include "driver/describe.h"
#include "driver/isolate.h"
#include "driver/operation.h"
#include "driver_fixture.h"
#include "target_aspects.h"
#include "unit.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define SECOND_NS INT64_C(1000000000)

static struct driver_host *host;

static int open_host(void **state)
{
    (void)state;
    host = fixture_host("test-drivers");
    return 0;
}

static int close_host(void **state)
{
    (void)state;
    driver_host_free(host);
    return 0;
}

static const struct driver *load(const char *name, enum lagan_kind kind, bool isolated)
{
    struct error e = ERROR_INIT;
    const struct driver *d = driver_load_isolated(host, name, kind, isolated, &e);
    assert_success(d ? 0 : -1, e);
    assert_int_equal(driver_is_isolated(d), isolated);
    return d;
}

/* An instance with `words`, ready; NULL and `e` when it fails on the way. */
static struct instance *make(const char *name, enum lagan_kind kind, bool isolated,
                             const char *const *words, struct error *e)
{
    struct instance *i = instance_new(load(name, kind, isolated), e);
    for (; i && *words; words++) {
        if (instance_set_word(i, *words, e) < 0) {
            instance_free(i);
            return NULL;
        }
    }
    if (i && instance_ready(i, e) < 0) {
        instance_free(i);
        return NULL;
    }
    return i;
}

static int64_t now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * SECOND_NS + now.tv_nsec;
}

/* Facts */

static void same_text(const char *a, const char *b)
{
    assert_int_equal(a == NULL, b == NULL);
    if (a)
        assert_string_equal(a, b);
}

static void same_parameters(const struct driver *a, const struct driver *b)
{
    assert_int_equal(driver_parameter_count(a), driver_parameter_count(b));
    for (size_t i = 0; i < driver_parameter_count(a); i++) {
        const struct lagan_parameter *x = driver_parameter(a, i), *y = driver_parameter(b, i);
        same_text(x->name, y->name);
        same_text(x->default_value, y->default_value);
        same_text(x->choices, y->choices);
        same_text(x->help, y->help);
        assert_int_equal(x->type, y->type);
        assert_int_equal(x->flags, y->flags);
        assert_int_equal(x->minimum, y->minimum);
        assert_int_equal(x->maximum, y->maximum);
    }
}

static void same_slots(const struct driver *a, const struct driver *b)
{
    static const char *const own[] = {"load", "start", "stop"}; /* the helper's business */
    assert_int_equal(driver_slot_count(a), driver_slot_count(b));
    for (size_t i = 0; i < driver_slot_count(a); i++) {
        struct driver_slot x = driver_slot(a, i), y = driver_slot(b, i);
        bool inside = false;
        for (size_t k = 0; k < sizeof own / sizeof own[0]; k++)
            inside = inside || strcmp(x.name, own[k]) == 0;
        if (!inside && x.present != y.present)
            print_error("%s: %s\n", driver_name(a), x.name);
        assert_true(inside || x.present == y.present);
    }
}

static void isolate_tells_the_same_facts(void **state)
{
    static const struct {
        const char *name;
        enum lagan_kind kind;
    } drivers[] = {{"tgt_dir", LAGAN_KIND_TARGET},   {"tgt_mem", LAGAN_KIND_TARGET},
                   {"tgt_probe", LAGAN_KIND_TARGET}, {"src_files", LAGAN_KIND_SOURCE},
                   {"src_mem", LAGAN_KIND_SOURCE},   {"src_exec", LAGAN_KIND_SOURCE},
                   {"key_file", LAGAN_KIND_KEY},     {"key_exec", LAGAN_KIND_KEY}};
    (void)state;
    for (size_t i = 0; i < sizeof drivers / sizeof drivers[0]; i++) {
        const struct driver *a = load(drivers[i].name, drivers[i].kind, false);
        const struct driver *b = load(drivers[i].name, drivers[i].kind, true);
        assert_ptr_not_equal(a, b);
        same_text(driver_name(a), driver_name(b));
        same_text(driver_version(a), driver_version(b));
        same_text(driver_licence(a), driver_licence(b));
        same_text(driver_summary(a), driver_summary(b));
        same_text(driver_home(a), driver_home(b));
        same_text(driver_path(a), driver_path(b));
        assert_int_equal(driver_threads(a), driver_threads(b));
        assert_int_equal(driver_max_parallel(a), driver_max_parallel(b));
        assert_int_equal(driver_traits(a), driver_traits(b));
        assert_int_equal(driver_abi_minor(a), driver_abi_minor(b));
        same_parameters(a, b);
        same_slots(a, b);
    }
}

static void isolate_refuses_what_the_host_refuses(void **state)
{
    static const char *const names[] = {"tgt_magic", "tgt_major", "tgt_slot", "tgt_symbol",
                                        "tgt_load",  "tgt_null",  "tgt_gone"};
    struct driver_host *broken = fixture_host("broken-drivers");
    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        struct error here = ERROR_INIT, there = ERROR_INIT;
        assert_null(driver_load_kind(broken, names[i], LAGAN_KIND_TARGET, &here));
        assert_null(driver_load_isolated(broken, names[i], LAGAN_KIND_TARGET, true, &there));
        assert_string_equal(here.text, there.text);
        assert_int_equal(here.code, there.code);
    }
    struct error e = ERROR_INIT;
    assert_null(driver_load_isolated(broken, "tgt_crash", LAGAN_KIND_TARGET, true, &e));
    assert_error(e, LAGAN_INTERNAL, "ended by signal 6 (Aborted)");
    assert_null(driver_load_isolated(broken, "tgt_exit", LAGAN_KIND_TARGET, true, &e));
    assert_error(e, LAGAN_INTERNAL, "ended its process (exit status");
    driver_host_free(broken);
}

/* Targets */

static void behaves(const char *driver, const char *place, const char *option)
{
    for (size_t i = 0; target_aspects[i]; i++) {
        struct error e = ERROR_INIT;
        char *scratch = fixture_scratch();
        char word[4200];
        const char *const words[] = {word, option, NULL};
        bool memory = strcmp(driver, "tgt_mem") == 0;
        snprintf(word, sizeof word, "%s=%s%s", place,
                 memory ? strrchr(scratch, '/') + 1 : scratch, memory ? "" : "/objects/here");
        struct instance *instance = make(driver, LAGAN_KIND_TARGET, true, words, &e);
        assert_success(instance ? 0 : -1, e);
        struct target *t = target_open(instance, LAGAN_OPEN_INITIALISE, &e);
        assert_success(t ? 0 : -1, e);
        target_aspects[i](t);
        target_close(t);
        instance_free(instance);
        fixture_scratch_remove(scratch);
    }
}

static void isolate_target_behaves(void **state)
{
    (void)state;
    behaves("tgt_mem", "name", "stages=yes");
    behaves("tgt_dir", "path", NULL);
    behaves("tgt_dir", "path", "temporary-files=named");
}

static uint32_t give(void *context, uint64_t offset, void *data, size_t size)
{
    const uint8_t *bytes = context;
    memcpy(data, bytes + offset, size);
    return LAGAN_OK;
}

static uint32_t give_nothing(void *context, uint64_t offset, void *data, size_t size)
{
    (void)context;
    (void)offset;
    (void)data;
    (void)size;
    return LAGAN_OFFLINE;
}

static int refuse_piece(void *context, const void *data, size_t size, struct error *e)
{
    (void)context;
    (void)data;
    (void)size;
    return error_set(e, LAGAN_LIMIT, ERROR_FAILED, "enough");
}

/* Larger than what one message or one piece of a get holds. */
static void isolate_target_moves_large_objects(void **state)
{
    enum { BYTES = (9 << 20) + 12345 };
    const char *const words[] = {"name=large", "stages=yes", NULL};
    uint8_t *bytes = malloc(BYTES), *back = malloc(BYTES);
    struct lagan_content content = {bytes, give};
    struct error e = ERROR_INIT;
    struct instance *i = make("tgt_mem", LAGAN_KIND_TARGET, true, words, &e);
    struct target *t = i ? target_open(i, LAGAN_OPEN_INITIALISE, &e) : NULL;
    (void)state;
    assert_success(t ? 0 : -1, e);
    for (size_t k = 0; k < BYTES; k++)
        bytes[k] = (uint8_t)(k * 2654435761U >> 13);
    assert_success(target_put_content(t, "put", BYTES, &content, NULL, &e), e);
    memset(back, 0, BYTES);
    assert_success(target_get(t, "put", 0, back, BYTES, &e), e);
    assert_memory_equal(bytes, back, BYTES);
    assert_success(target_get(t, "put", 5 << 20, back, 3 << 20, &e), e);
    assert_memory_equal(bytes + (5 << 20), back, 3 << 20);
    content.read = give_nothing;
    assert_int_equal(target_put_content(t, "none", BYTES, &content, NULL, &e), -1);
    assert_int_equal(e.error_class, LAGAN_OFFLINE);
    assert_int_equal(target_put_content(t, "none", 10, &content, NULL, &e), -1);
    assert_int_equal(e.error_class, LAGAN_OFFLINE);
    aspects_expect_absent(t, "none");
    struct stage *stage = target_stage_begin(t, BYTES, &e);
    assert_success(stage ? 0 : -1, e);
    assert_success(stage_write(stage, bytes, BYTES, &e), e);
    assert_success(stage_commit(stage, "staged", &e), e);
    aspects_expect(t, "staged", bytes, BYTES);
    assert_int_equal(target_get_to(t, "put", 0, BYTES, refuse_piece, NULL, &e), -1);
    assert_error(e, LAGAN_LIMIT, "enough");
    aspects_expect(t, "put", bytes, BYTES);
    target_close(t);
    instance_free(i);
    free(bytes);
    free(back);
}

static int count_object(void *context, const char *key, uint64_t bytes, struct error *e)
{
    (void)key;
    (void)bytes;
    (void)e;
    ++*(size_t *)context;
    return 0;
}

static void isolate_lies_are_caught_as_always(void **state)
{
    static const char *const lies[] = {"order",     "repeat",    "stuck",    "foreign",
                                       "long-page", "short-get", "long-get", "other-prefix"};
    (void)state;
    for (size_t k = 0; k < sizeof lies / sizeof lies[0]; k++) {
        struct error said[2] = {ERROR_INIT, ERROR_INIT};
        for (int isolated = 0; isolated < 2; isolated++) {
            const char *const words[] = {lies[k], NULL};
            struct error *e = &said[isolated];
            char data[10];
            size_t count = 0;
            bool more = false;
            struct instance *i = make("tgt_liar", LAGAN_KIND_TARGET, isolated, words, e);
            struct target *t = i ? target_open(i, 0, e) : NULL;
            assert_success(t ? 0 : -1, *e);
            if (strstr(lies[k], "get"))
                assert_int_equal(target_get(t, "a/1", 0, data, sizeof data, e), -1);
            else
                assert_int_equal(
                    target_list_page(t, "a/", "", 2, count_object, &count, &more, e), -1);
            target_close(t);
            instance_free(i);
        }
        if (strcmp(lies[k], "long-get") != 0) /* the helper's memory notices it first */
            assert_string_equal(said[0].text, said[1].text);
    }
}

/* Keys */

static struct key_provider *provider(const char *path, bool isolated, uint64_t flags,
                                     struct instance **i)
{
    const char *const words[] = {path, NULL};
    struct error e = ERROR_INIT;
    *i = make("key_file", LAGAN_KIND_KEY, isolated, words, &e);
    assert_success(*i ? 0 : -1, e);
    struct key_provider *p = key_provider_open(*i, flags, &e);
    assert_success(p ? 0 : -1, e);
    return p;
}

static void isolate_key_wraps_the_same(void **state)
{
    static const char secret[] = "the secret of a vault, 32 bytes..";
    char *scratch = fixture_scratch();
    char path[4200], here[512], there[512], back[64];
    struct buffer wrapped = BUFFER_INIT;
    struct error e = ERROR_INIT;
    struct instance *a, *b;
    size_t size = 0;
    (void)state;
    snprintf(path, sizeof path, "path=%s/key", scratch);
    struct key_provider *isolated = provider(path, true, LAGAN_OPEN_INITIALISE, &b);
    struct key_provider *bare = provider(path, false, 0, &a);
    assert_success(key_provider_wrap(isolated, "c", 1, secret, sizeof secret, &wrapped, &e), e);
    assert_success(key_provider_unwrap(bare, "c", 1, wrapped.data, wrapped.size, back,
                                       sizeof back, &size, &e),
                   e);
    assert_int_equal(size, sizeof secret);
    assert_memory_equal(back, secret, size);
    memset(back, 0, sizeof back);
    assert_success(key_provider_unwrap(isolated, "c", 1, wrapped.data, wrapped.size, back,
                                       sizeof back, &size, &e),
                   e);
    assert_memory_equal(back, secret, size);
    assert_int_equal(key_provider_unwrap(isolated, "d", 1, wrapped.data, wrapped.size, back,
                                         sizeof back, &size, &e),
                     -1);
    assert_int_equal(e.error_class, LAGAN_CORRUPT);
    assert_success(key_provider_identify(isolated, here, sizeof here, &e), e);
    assert_success(key_provider_identify(bare, there, sizeof there, &e), e);
    assert_string_equal(here, there);
    key_provider_close(isolated);
    key_provider_close(bare);
    instance_free(a);
    instance_free(b);
    buffer_free(&wrapped);
    fixture_scratch_remove(scratch);
}

/* Harm */

/* Calls every slot of a target in turn; the first error, if any. */
static int call_all(struct target *t, struct error *e)
{
    uint64_t a, b;
    char data[1];
    struct stage *stage = target_stage_begin(t, 0, e);
    if (!stage)
        return -1;
    if (stage_write(stage, "x", 1, e) < 0) {
        stage_abort(stage);
        return -1;
    }
    if (stage_commit(stage, "staged", e) < 0)
        return -1;
    stage = target_stage_begin(t, 0, e);
    stage_abort(stage);
    if (target_put(t, "key", "x", 1, e) < 0 || target_stat(t, "key", &a, e) < 0 ||
        target_list(t, "", NULL, NULL, e) < 0 || target_remove(t, "key", e) < 0 ||
        target_flush(t, e) < 0 || target_capacity(t, &a, &b, e) < 0 ||
        target_sweep(t, 0, NULL, e) < 0)
        return -1;
    /* It delivers nothing, which is an error of its own. */
    target_get(t, "key", 0, data, 1, e);
    return -1;
}

/* All of a life with a driver that does `how` in `slot`; the error that came of it. */
static void suffer(const char *slot, const char *how, const char *number, struct error *e)
{
    char words[3][64];
    const char *const list[] = {words[0], words[1], words[2], NULL};
    snprintf(words[0], sizeof words[0], "slot=%s", slot);
    snprintf(words[1], sizeof words[1], "how=%s", how);
    snprintf(words[2], sizeof words[2], "number=%s", number);
    *e = ERROR_INIT;
    struct instance *i = make("tgt_ill", LAGAN_KIND_TARGET, true, list, e);
    struct target *t = i ? target_open(i, 0, e) : NULL;
    if (t)
        call_all(t, e);
    target_close(t);
    instance_free(i);
}

static void isolate_crash_in_each_slot(void **state)
{
    static const char *const slots[] = {
        "configure",   "configured",   "start",    "open", "capabilities", "stage_begin",
        "stage_write", "stage_commit", "put",      "get",  "stat",         "list",
        "remove",      "flush",        "capacity", "sweep"};
    struct error e;
    (void)state;
    for (size_t k = 0; k < sizeof slots / sizeof slots[0]; k++) {
        suffer(slots[k], "crash", "0", &e);
        assert_error(e, LAGAN_INTERNAL, "tgt_ill: ");
        assert_error(e, LAGAN_INTERNAL, "the driver ended by signal 11 (Segmentation fault)");
        assert_int_equal(e.scope, LAGAN_SCOPE_INSTANCE);
        assert_int_equal(e.native, SIGSEGV);
    }
    suffer("stat", "abort", "0", &e);
    assert_error(e, LAGAN_INTERNAL,
                 "tgt_ill: stat key: the driver ended by signal 6 (Aborted)");
    suffer("put", "exit", "0", &e);
    assert_error(e, LAGAN_INTERNAL,
                 "tgt_ill: put key: the driver ended its process (exit status 7)");
    assert_int_equal(e.outcome, LAGAN_OUTCOME_UNKNOWN);
    /* Where nobody can be told: nothing comes of it. */
    suffer("close", "crash", "0", &e);
    suffer("stop", "crash", "0", &e);
    suffer("instance_free", "crash", "0", &e);
    suffer("stage_abort", "crash", "0", &e);
}

static void isolate_dead_driver_fails_at_once(void **state)
{
    const char *const words[] = {"slot=stat", NULL};
    struct error e = ERROR_INIT;
    uint64_t bytes;
    struct instance *i = make("tgt_ill", LAGAN_KIND_TARGET, true, words, &e);
    struct target *t = i ? target_open(i, 0, &e) : NULL;
    (void)state;
    assert_success(t ? 0 : -1, e);
    struct stage *stage = target_stage_begin(t, 0, &e);
    assert_int_equal(target_stat(t, "key", &bytes, &e), -1);
    int64_t start = now_ns();
    for (int k = 0; k < 100; k++) {
        assert_int_equal(target_flush(t, &e), -1);
        assert_error(e, LAGAN_INTERNAL, "tgt_ill: flush: the driver ended by signal 11");
        assert_int_equal(e.outcome, LAGAN_OUTCOME_NOT_DONE);
    }
    assert_int_equal(stage_write(stage, "x", 1, &e), -1);
    stage_abort(stage);
    target_close(t);
    instance_free(i);
    assert_true(now_ns() - start < SECOND_NS / 2);
    /* Others go on. */
    const char *const sound[] = {"slot=none", NULL};
    i = make("tgt_ill", LAGAN_KIND_TARGET, true, sound, &e);
    t = i ? target_open(i, 0, &e) : NULL;
    assert_success(t ? 0 : -1, e);
    assert_success(target_flush(t, &e), e);
    target_close(t);
    instance_free(i);
}

static void isolate_forged_answers_are_seen(void **state)
{
    (void)state;
    enum { WITHOUT = 0, SEQUENCES = 12, FORGERIES = 9 };
    for (int which = 0; which < FORGERIES; which++) {
        /* Those that are looked into need the number of the call: one of these is it. */
        int last = which >= 1 && which <= 3 ? SEQUENCES : WITHOUT;
        for (int sequence = WITHOUT; sequence <= last; sequence++) {
            struct error e;
            char number[16];
            snprintf(number, sizeof number, "%d", which + 100 * sequence);
            suffer("stat", "forge", number, &e);
            assert_error(e, LAGAN_INTERNAL, "tgt_ill: ");
            assert_int_equal(e.scope, LAGAN_SCOPE_INSTANCE);
        }
    }
    struct error e;
    suffer("stat", "close", "0", &e);
    assert_error(e, LAGAN_INTERNAL, "tgt_ill: stat key: the driver ended by signal 9");
}

static void isolate_blocking_driver_is_ended(void **state)
{
    static const char *const slots[] = {"stat", "flush", "open"};
    (void)state;
    isolate_set_grace(SECOND_NS / 4);
    operation_set_limit(SECOND_NS / 4);
    for (size_t k = 0; k < sizeof slots / sizeof slots[0]; k++) {
        struct error e;
        int64_t start = now_ns();
        suffer(slots[k], "block", "0", &e);
        assert_error(e, LAGAN_TIMEOUT, "tgt_ill: ");
        assert_error(e, LAGAN_TIMEOUT,
                     "the driver did not answer in time; its process was ended");
        assert_true(now_ns() - start < 5 * SECOND_NS);
    }
    operation_set_limit(0);
    isolate_set_grace(10 * SECOND_NS);
}

static void *cancel_soon(void *unused)
{
    const struct timespec wait = {.tv_nsec = 200000000};
    nanosleep(&wait, NULL);
    operation_cancel_all();
    return unused;
}

static void isolate_blocking_driver_is_cancelled(void **state)
{
    struct error e;
    pthread_t thread;
    int64_t start = now_ns();
    (void)state;
    isolate_set_grace(SECOND_NS / 2);
    assert_int_equal(pthread_create(&thread, NULL, cancel_soon, NULL), 0);
    suffer("stat", "block", "0", &e);
    pthread_join(thread, NULL);
    operation_cancel_reset();
    isolate_set_grace(10 * SECOND_NS);
    assert_error(e, LAGAN_CANCELLED, "tgt_ill: stat key: the driver did not take notice");
    assert_true(now_ns() - start < 5 * SECOND_NS);
}

/* A cancellation reaches a driver that takes notice, and is taken back for the next job. */
static void isolate_cancellation_is_passed_on(void **state)
{
    const char *const words[] = {"name=cancelled", NULL};
    struct error e = ERROR_INIT;
    struct instance *i = make("tgt_mem", LAGAN_KIND_TARGET, true, words, &e);
    struct target *t = i ? target_open(i, LAGAN_OPEN_INITIALISE, &e) : NULL;
    (void)state;
    assert_success(t ? 0 : -1, e);
    operation_cancel_all();
    assert_int_equal(target_put(t, "key", "x", 1, &e), -1);
    assert_int_equal(e.error_class, LAGAN_CANCELLED);
    operation_cancel_reset();
    assert_success(target_put(t, "key", "x", 1, &e), e);
    target_close(t);
    instance_free(i);
}

/* The process */

static void read_status(pid_t id, const char *name, char *value, size_t room)
{
    char path[64], line[256];
    snprintf(path, sizeof path, "/proc/%d/status", (int)id);
    FILE *file = fopen(path, "re");
    assert_non_null(file);
    value[0] = '\0';
    while (fgets(line, sizeof line, file))
        if (strncmp(line, name, strlen(name)) == 0 && line[strlen(name)] == ':')
            snprintf(value, room, "%s", line + strlen(name) + 2);
    fclose(file);
    value[strcspn(value, "\n")] = '\0';
}

static void isolate_process_has_no_rights(void **state)
{
    const char *const words[] = {"name=rights", NULL};
    char value[128];
    struct error e = ERROR_INIT;
    struct instance *i = make("tgt_mem", LAGAN_KIND_TARGET, true, words, &e);
    struct target *t = i ? target_open(i, LAGAN_OPEN_INITIALISE, &e) : NULL;
    pid_t id = i ? isolate_process_id(i) : 0;
    (void)state;
    assert_success(t ? 0 : -1, e);
    assert_true(id > 0);
    read_status(id, "CapEff", value, sizeof value);
    /* CHOWN, DAC_OVERRIDE and FOWNER at most: bits 0, 1 and 3; of what its programs may have,
     * DAC_READ_SEARCH too. */
    assert_int_equal(strtoull(value, NULL, 16) & ~UINT64_C(11), 0);
    read_status(id, "CapBnd", value, sizeof value);
    if (geteuid() == 0)
        assert_int_equal(strtoull(value, NULL, 16) & ~UINT64_C(15), 0);
    read_status(id, "NoNewPrivs", value, sizeof value);
    assert_string_equal(value, "1");
    read_status(id, "Seccomp", value, sizeof value);
    assert_string_equal(value, "2");
    target_close(t);
    instance_free(i);
    assert_int_equal(kill(id, 0), -1);
}

/* Standard streams, control, log; a channel's socket; the module; what tells of cancellation.
 */
static void isolate_process_has_its_own_descriptors(void **state)
{
    enum { MOST = 8 };
    const char *const words[] = {"name=descriptors", NULL};
    struct error e = ERROR_INIT;
    int mine = open("/etc/passwd", O_RDONLY); /* not close-on-exec, as a careless library's */
    struct instance *i = make("tgt_mem", LAGAN_KIND_TARGET, true, words, &e);
    struct target *t = i ? target_open(i, LAGAN_OPEN_INITIALISE, &e) : NULL;
    char path[64], name[320], link[256];
    size_t count = 0;
    (void)state;
    assert_success(t ? 0 : -1, e);
    snprintf(path, sizeof path, "/proc/%d/fd", (int)isolate_process_id(i));
    DIR *folder = opendir(path);
    assert_non_null(folder);
    for (struct dirent *entry = readdir(folder); entry; entry = readdir(folder)) {
        snprintf(name, sizeof name, "%s/%s", path, entry->d_name);
        ssize_t size = readlink(name, link, sizeof link - 1);
        if (size <= 0)
            continue;
        link[size] = '\0';
        assert_null(strstr(link, "passwd"));
        count++;
    }
    closedir(folder);
    assert_in_range(count, 6, MOST);
    close(mine);
    target_close(t);
    instance_free(i);
}

static void isolate_process_is_locked_up(void **state)
{
    char *scratch = fixture_scratch();
    char words[3][4300];
    const char *const list[] = {"slot=stat", "how=look", words[0], NULL};
    struct error e = ERROR_INIT;
    uint64_t bytes;
    (void)state;
    snprintf(words[1], sizeof words[1], "%s/outside", scratch);
    snprintf(words[0], sizeof words[0], "look=%.240s/outside", scratch);
    fixture_write_text(words[1], "not for drivers", 0644);
    assert_int_equal(setenv("LAGAN_SECRET", "x", 1), 0);
    struct instance *i = make("tgt_ill", LAGAN_KIND_TARGET, true, list, &e);
    struct target *t = i ? target_open(i, 0, &e) : NULL;
    assert_success(t ? 0 : -1, e);
    assert_int_equal(target_stat(t, "key", &bytes, &e), -1);
    unsetenv("LAGAN_SECRET");
    /* EACCES and EPERM. */
    assert_error(e, LAGAN_DENIED, "read 13, write 13, ptrace 1, unshare 1, variables 0");
    target_close(t);
    instance_free(i);
    fixture_scratch_remove(scratch);
}

/* When the host goes, without a word, so do its helpers. */
static void isolate_process_ends_with_its_host(void **state)
{
    int pipes[2];
    pid_t helper = 0, child;
    int status;
    (void)state;
    assert_int_equal(pipe2(pipes, O_CLOEXEC), 0);
    child = fork();
    if (child == 0) {
        const char *const words[] = {"name=orphan", NULL};
        struct error e = ERROR_INIT;
        struct instance *i = make("tgt_mem", LAGAN_KIND_TARGET, true, words, &e);
        struct target *t = i ? target_open(i, LAGAN_OPEN_INITIALISE, &e) : NULL;
        pid_t id = t ? isolate_process_id(i) : 0;
        ssize_t written = write(pipes[1], &id, sizeof id);
        raise(written == sizeof id ? SIGKILL : SIGABRT);
    }
    assert_int_equal(read(pipes[0], &helper, sizeof helper), (ssize_t)sizeof helper);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(helper > 0);
    for (int k = 0; k < 400 && kill(helper, 0) == 0; k++) {
        char value[64];
        read_status(helper, "State", value, sizeof value);
        if (value[0] == 'Z') /* nobody has waited for it yet */
            break;
        usleep(10000);
    }
    char value[64] = "gone";
    if (kill(helper, 0) == 0)
        read_status(helper, "State", value, sizeof value);
    assert_true(strcmp(value, "gone") == 0 || value[0] == 'Z');
    close(pipes[0]);
    close(pipes[1]);
}

int main(int argc, char *argv[])
{
    if (argc > 1 && strcmp(argv[1], ISOLATE_COMMAND) == 0)
        return isolate_helper_main();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(isolate_tells_the_same_facts),
        cmocka_unit_test(isolate_refuses_what_the_host_refuses),
        cmocka_unit_test(isolate_target_behaves),
        cmocka_unit_test(isolate_target_moves_large_objects),
        cmocka_unit_test(isolate_lies_are_caught_as_always),
        cmocka_unit_test(isolate_key_wraps_the_same),
        cmocka_unit_test(isolate_crash_in_each_slot),
        cmocka_unit_test(isolate_dead_driver_fails_at_once),
        cmocka_unit_test(isolate_forged_answers_are_seen),
        cmocka_unit_test(isolate_blocking_driver_is_ended),
        cmocka_unit_test(isolate_blocking_driver_is_cancelled),
        cmocka_unit_test(isolate_cancellation_is_passed_on),
        cmocka_unit_test(isolate_process_has_no_rights),
        cmocka_unit_test(isolate_process_has_its_own_descriptors),
        cmocka_unit_test(isolate_process_is_locked_up),
        cmocka_unit_test(isolate_process_ends_with_its_host),
    };
    return cmocka_run_group_tests(tests, open_host, close_host);
}
