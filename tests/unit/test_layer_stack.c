/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_layer_stack.c - the stack itself: its order, its verbs; serial, timeout, trace and
 * statistics; and what the retry layer does with calls that break off half the way.  The driver
 * is a table of this file, which breaks off where a test says.
 */
#include "base/log.h"
#include "driver/layer_reply.h"
#include "driver/operation.h"
#include "unit.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* What the driver of this file does. */
static struct {
    unsigned failures;    /* so many calls fail yet, with ... */
    uint32_t error_class; /* this class, ... */
    uint32_t outcome, scope, retry_after_ms;
    bool without_words; /* and no details, ... */
    size_t breaks_at;   /* after so many bytes or things */
    unsigned calls, puts;
    bool slow; /* sleeps until it is told to end */
    atomic_int inside, most_inside;
    bool exists; /* a put meets this: */
    const char *there;
    int64_t mtime_s; /* of the entry, grows with each open when `moves` */
    bool moves;
} script;

static const char content[] = "0123456789abcdefghij";

static uint32_t break_off(struct lagan_op *op)
{
    if (script.failures == 0)
        return LAGAN_OK;
    script.failures--;
    if (script.without_words)
        return script.error_class;
    layer_fail(op, script.error_class, script.outcome, "broken off");
    op->error.scope = script.scope;
    op->error.retry_after_ms = script.retry_after_ms;
    return script.error_class;
}

static uint32_t do_get(void *handle, struct lagan_op *op, const char *key, uint64_t offset,
                       uint64_t length, const struct lagan_sink *sink)
{
    size_t most = script.failures > 0 ? script.breaks_at : SIZE_MAX;
    const char *from = script.there ? script.there : content;
    uint64_t end = length == LAGAN_TO_THE_END ? strlen(from) : offset + length;
    (void)handle;
    (void)key;
    script.calls++;
    for (; offset < end && most > 0; most--) {
        size_t size = 0;
        char *room = sink->room(sink->context, &size);
        if (!room)
            return layer_fail(op, LAGAN_INVALID, 0, "no room");
        *room = from[offset++];
        uint32_t result = sink->filled(sink->context, 1);
        if (result != LAGAN_OK)
            return result;
    }
    return break_off(op);
}

static uint32_t do_list(void *handle, struct lagan_op *op, const char *prefix,
                        const char *start_after, uint32_t limit,
                        const struct lagan_object_collector *objects, int *more)
{
    size_t most = script.failures > 0 ? script.breaks_at : SIZE_MAX;
    uint32_t given = 0;
    char letter = start_after[0] ? (char)(start_after[strlen(prefix)] + 1) : 'a';
    (void)handle;
    script.calls++;
    assert_true(limit > 0);
    for (; letter <= 'j' && given < limit && most > 0; letter++, given++, most--) {
        char key[32];
        snprintf(key, sizeof key, "%s%c", prefix, letter);
        struct lagan_object object = {.size = sizeof object, .key = key, .bytes = 1};
        uint32_t result = objects->add(objects->context, &object);
        if (result != LAGAN_OK)
            return result;
    }
    *more = letter <= 'j';
    return break_off(op);
}

static uint32_t do_put(void *handle, struct lagan_op *op, const char *key, uint64_t bytes,
                       const struct lagan_content *from, uint64_t flags, const uint8_t *sha256)
{
    char read[64];
    (void)handle;
    (void)key;
    (void)flags;
    (void)sha256;
    script.puts++;
    uint32_t result = from->read(from->context, 0, read, (size_t)bytes);
    if (result != LAGAN_OK)
        return result;
    result = break_off(op);
    if (result == LAGAN_OK && script.exists)
        return layer_fail(op, LAGAN_EXISTS, LAGAN_OUTCOME_NOT_DONE, "the name is taken");
    return result;
}

static uint32_t do_stat(void *handle, struct lagan_op *op, const char *key,
                        struct lagan_object *object)
{
    (void)handle;
    (void)key;
    if (!script.there)
        return layer_fail(op, LAGAN_NOT_FOUND, LAGAN_OUTCOME_NOT_DONE, "nothing is there");
    object->bytes = strlen(script.there);
    return LAGAN_OK;
}

static uint32_t do_flush(void *handle, struct lagan_op *op)
{
    int inside = atomic_fetch_add(&script.inside, 1) + 1;
    uint32_t result = LAGAN_OK;
    (void)handle;
    script.calls++;
    if (inside > atomic_load(&script.most_inside))
        atomic_store(&script.most_inside, inside);
    if (layer_sleep(op, script.slow ? INT64_C(10000000000) : 1000000) != 0)
        result = LAGAN_CANCELLED;
    atomic_fetch_sub(&script.inside, 1);
    return result;
}

static uint32_t do_remove(void *handle, struct lagan_op *op, const char *key)
{
    (void)key;
    return do_flush(handle, op);
}

static const union driver_ops target_ops = {.target = {.get = do_get,
                                                       .list = do_list,
                                                       .put = do_put,
                                                       .stat = do_stat,
                                                       .flush = do_flush,
                                                       .remove = do_remove}};

static uint32_t do_open(void *handle, struct lagan_op *op, const void *key, size_t key_size,
                        const void *id, size_t id_size,
                        const struct lagan_entry_collector *attributes, void **reader)
{
    struct lagan_entry entry = {.size = sizeof entry,
                                .type = LAGAN_ENTRY_FILE,
                                .key = key,
                                .key_size = key_size,
                                .present = LAGAN_HAS_BYTES | LAGAN_HAS_MTIME,
                                .bytes = 5,
                                .mtime_s = script.mtime_s};
    (void)id;
    (void)id_size;
    script.calls++;
    script.mtime_s += script.moves;
    uint32_t result = attributes->add(attributes->context, &entry);
    if (result == LAGAN_OK)
        result = break_off(op);
    *reader = handle;
    return result;
}

static uint32_t do_metadata(void *handle, struct lagan_op *op, const void *key, size_t key_size,
                            uint32_t type, const struct lagan_metadata_collector *pieces)
{
    static const char *const names[] = {"user.a", "user.ab", "user.b", "user.c"};
    size_t most = script.failures > 0 ? script.breaks_at : SIZE_MAX;
    (void)handle;
    (void)key;
    (void)key_size;
    (void)type;
    script.calls++;
    pieces->lost(pieces->context, "user.0", "unreadable");
    for (size_t i = 0; i < 4 && most > 0; i++, most--) {
        struct lagan_metadata piece = {.kind = LAGAN_METADATA_XATTR,
                                       .name = names[i],
                                       .name_size = (uint32_t)strlen(names[i])};
        uint32_t result = pieces->add(pieces->context, &piece);
        if (result != LAGAN_OK)
            return result;
    }
    return break_off(op);
}

static uint32_t do_extents(void *reader, struct lagan_op *op, uint64_t offset, uint64_t length,
                           const struct lagan_extent_collector *extents)
{
    size_t most = script.failures > 0 ? script.breaks_at : SIZE_MAX;
    (void)reader;
    script.calls++;
    for (uint64_t end = offset + length; offset < end && most > 0; offset++, most--) {
        uint32_t result = extents->add(extents->context, offset, 1, LAGAN_EXTENT_DATA);
        if (result != LAGAN_OK)
            return result;
    }
    return break_off(op);
}

static const union driver_ops source_ops = {
    .source = {.entry_open = do_open, .metadata = do_metadata, .extents = do_extents}};

/* A stack over one of the tables, with `words` (name, value, ..., NULL) set. */
static struct layer_stack *stack_of(enum lagan_kind kind, pthread_mutex_t *lock,
                                    const char *const *words)
{
    const struct layer_place place = {.driver = "tgt_script",
                                      .kind = kind,
                                      .ops =
                                          kind == LAGAN_KIND_TARGET ? &target_ops : &source_ops,
                                      .lock = lock};
    struct layer_settings settings;
    struct error e = ERROR_INIT;
    assert_int_equal(layer_settings_init(&settings, &e), 0);
    assert_int_equal(layer_settings_set(&settings, "retry-pause", "1ms", &e), 0);
    for (; *words; words += 2)
        if (layer_settings_set(&settings, words[0], words[1], &e) != 0)
            fail_msg("%s", e.text);
    struct layer_stack *stack = layer_stack_new(&settings, &place, &e);
    layer_settings_free(&settings);
    if (!stack)
        fail_msg("%s", e.text);
    return stack;
}

#define STACK(kind, ...) stack_of(kind, NULL, (const char *const[]){__VA_ARGS__ NULL})

/* Makes a call with an op of its own; class and text go to `e`. */
static uint32_t make(struct layer_stack *stack, struct call c, struct error *e)
{
    struct operation o;
    assert_int_equal(operation_enter(&o, "tgt_script", NULL), LAGAN_OK);
    c.op = &o.op;
    uint32_t result = layer_stack_call(stack, &c);
    *e = ERROR_INIT;
    if (result != LAGAN_OK)
        operation_end(&o, result, e, "call");
    return result;
}

static int script_reset(void **state)
{
    (void)state;
    memset(&script, 0, sizeof script);
    script.error_class = LAGAN_TRANSIENT;
    return 0;
}

/* Callbacks that write down what they get. */
struct notes {
    char text[200];
    char piece[4];
};

static void *note_room(void *context, size_t *size)
{
    struct notes *n = context;
    *size = sizeof n->piece;
    return n->piece;
}

static uint32_t note_filled(void *context, size_t size)
{
    struct notes *n = context;
    size_t used = strlen(n->text);
    assert_true(used + size < sizeof n->text);
    memcpy(n->text + used, n->piece, size);
    n->text[used + size] = '\0';
    return LAGAN_OK;
}

static uint32_t note_object(void *context, const struct lagan_object *object)
{
    struct notes *n = context;
    strcat(n->text, object->key);
    return LAGAN_OK;
}

static uint32_t note_entry(void *context, const struct lagan_entry *entry)
{
    struct notes *n = context;
    (void)entry;
    strcat(n->text, "e");
    return LAGAN_OK;
}

static uint32_t note_piece(void *context, const struct lagan_metadata *piece)
{
    struct notes *n = context;
    strcat(n->text, piece->name + 5);
    strcat(n->text, " ");
    return LAGAN_OK;
}

static void note_lost(void *context, const char *name, const char *reason)
{
    struct notes *n = context;
    (void)reason;
    strcat(n->text, name + 5);
    strcat(n->text, "! ");
}

static uint32_t note_extent(void *context, uint64_t offset, uint64_t length, uint32_t type)
{
    struct notes *n = context;
    char digit[] = {(char)('0' + offset), '\0'};
    (void)type;
    assert_int_equal(length, 1);
    strcat(n->text, digit);
    return LAGAN_OK;
}

/* The layers of a stack, but for one that is there or not as the driver needs it. */
static void describe(const struct layer_stack *stack, char text[200])
{
    static const char left_out[] = "emulate, ";
    char *found;
    layer_stack_describe(stack, text, 200);
    found = strstr(text, left_out);
    if (found)
        memmove(found, found + sizeof left_out - 1, strlen(found + sizeof left_out - 1) + 1);
}

static void stack_order(void **state)
{
    static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    static const char *const all[] = {"statistics", "yes",   "timeout", "1s", "trace",
                                      "yes",        "fault", "put:io",  NULL};
    static const char *const none[] = {"retry", "0", NULL};
    static const char *const simple[] = {NULL};
    char text[200];
    struct layer_stack *stack = stack_of(LAGAN_KIND_TARGET, &lock, all);
    (void)state;
    describe(stack, text);
    assert_string_equal(text, "statistics, retry, timeout, trace, fault, serial");
    layer_stack_free(stack);
    stack = stack_of(LAGAN_KIND_TARGET, NULL, simple);
    describe(stack, text);
    assert_string_equal(text, "retry");
    layer_stack_free(stack);
    stack = stack_of(LAGAN_KIND_SOURCE, NULL, none);
    describe(stack, text);
    assert_string_equal(text, "");
    layer_stack_free(stack);
    layer_stack_free(NULL);
}

/* Every verb has a name of its own within its kind, and says so when the driver lacks it. */
static void stack_verbs(void **state)
{
    static const union driver_ops empty;
    struct error e;
    struct operation o;
    (void)state;
    assert_int_equal(operation_enter(&o, "x", NULL), LAGAN_OK);
    for (int i = 0; i < (int)CALL_VERB_COUNT; i++) {
        enum call_verb verb = (enum call_verb)i;
        struct call c = {.verb = verb, .op = &o.op};
        bool releases = (call_verb_flags(verb) & CALL_RELEASES) != 0;
        assert_int_equal(call_verb_find(call_verb_kind(verb), call_verb_name(verb)), verb);
        assert_int_equal(call_execute(&empty, &c), releases ? LAGAN_OK : LAGAN_UNSUPPORTED);
        assert_int_equal(call_made(&c) == NULL || (call_verb_flags(verb) & CALL_MAKES), 1);
    }
    assert_int_equal(call_verb_find(LAGAN_KIND_SOURCE, "put"), CALL_VERB_COUNT);
    struct layer_stack *stack = STACK(LAGAN_KIND_TARGET, "statistics", "yes", );
    assert_int_equal(make(stack, (struct call){.verb = CALL_CAPACITY}, &e), LAGAN_UNSUPPORTED);
    layer_stack_free(stack);
}

/* A get that breaks off is taken up where it was. */
static void retry_resumes_get(void **state)
{
    static const uint64_t lengths[] = {8, LAGAN_TO_THE_END};
    struct layer_stack *stack = STACK(LAGAN_KIND_TARGET, );
    (void)state;
    for (size_t at = 0; at <= 8; at++)
        for (size_t i = 0; i < 2; i++) {
            struct notes n = {0};
            struct lagan_sink sink = {&n, note_room, note_filled};
            struct error e;
            script.failures = 2;
            script.breaks_at = at < 8 ? at / 2 : at;
            assert_int_equal(
                make(stack,
                     (struct call){.verb = CALL_GET, .with.get = {"k", 3, lengths[i], &sink}},
                     &e),
                LAGAN_OK);
            assert_string_equal(n.text, i == 0 ? "3456789a" : content + 3);
        }
    layer_stack_free(stack);
}

/* A page that breaks off is completed, and nothing is shown twice. */
static void retry_resumes_list(void **state)
{
    struct layer_stack *stack = STACK(LAGAN_KIND_TARGET, );
    (void)state;
    for (uint32_t limit = 1; limit <= 12; limit++)
        for (size_t at = 0; at <= 10; at++) {
            struct notes n = {0};
            struct lagan_object_collector objects = {&n, note_object};
            struct error e;
            int more = -1;
            char wanted[] = "abcdefghij";
            script.failures = 1;
            script.breaks_at = at;
            assert_int_equal(make(stack,
                                  (struct call){.verb = CALL_LIST,
                                                .with.list = {"", "", limit, &objects, &more}},
                                  &e),
                             LAGAN_OK);
            wanted[limit < 10 ? limit : 10] = '\0';
            assert_string_equal(n.text, wanted);
            assert_int_equal(more != 0, limit < 10);
        }
    layer_stack_free(stack);
}

static void retry_resumes_sources(void **state)
{
    struct layer_stack *stack = STACK(LAGAN_KIND_SOURCE, );
    (void)state;
    for (size_t at = 0; at <= 4; at++) {
        struct notes pieces = {0}, ranges = {0};
        struct lagan_metadata_collector metadata = {&pieces, note_piece, note_lost};
        struct lagan_extent_collector extents = {&ranges, note_extent};
        struct error e;
        script.breaks_at = at;
        script.failures = 1;
        assert_int_equal(
            make(stack,
                 (struct call){.verb = CALL_METADATA, .with.metadata = {"k", 1, 2, &metadata}},
                 &e),
            LAGAN_OK);
        assert_string_equal(pieces.text, "0! a ab b c ");
        script.failures = 1;
        assert_int_equal(
            make(stack, (struct call){.verb = CALL_EXTENTS, .with.extents = {2, 4, &extents}},
                 &e),
            LAGAN_OK);
        assert_string_equal(ranges.text, "2345");
    }
    layer_stack_free(stack);
}

/* Attributes are handed over once, and belong to what is read. */
static void retry_opens_once(void **state)
{
    struct layer_stack *stack = STACK(LAGAN_KIND_SOURCE, );
    struct notes n = {0};
    struct lagan_entry_collector entries = {&n, note_entry};
    void *reader = NULL;
    const struct call c = {.verb = CALL_ENTRY_OPEN,
                           .with.entry_open = {"k", 1, NULL, 0, &entries, &reader}};
    struct error e;
    (void)state;
    script.failures = 3;
    assert_int_equal(make(stack, c, &e), LAGAN_OK);
    assert_string_equal(n.text, "e");
    assert_int_equal(script.calls, 4);
    script.failures = 1;
    script.moves = true;
    assert_int_equal(make(stack, c, &e), LAGAN_CHANGED);
    layer_stack_free(stack);
}

static uint32_t read_text(void *context, uint64_t offset, void *data, size_t size)
{
    memcpy(data, (const char *)context + offset, size);
    return LAGAN_OK;
}

/* What becomes of a put whose answer was lost: done, taken by another, or made again. */
static void retry_resolves_put(void **state)
{
    static const struct {
        const char *there;
        uint32_t outcome, error_class, result;
        bool exists, without_words;
        unsigned puts;
    } rows[] = {
        {NULL, LAGAN_OUTCOME_NOT_DONE, LAGAN_TRANSIENT, LAGAN_OK, false, false, 2},
        {NULL, LAGAN_OUTCOME_DONE, LAGAN_TRANSIENT, LAGAN_OK, false, false, 1},
        {NULL, LAGAN_OUTCOME_UNKNOWN, LAGAN_BUSY, LAGAN_OK, false, false, 2},
        {"mine", LAGAN_OUTCOME_UNKNOWN, LAGAN_TRANSIENT, LAGAN_OK, false, false, 1},
        {"mine", LAGAN_OUTCOME_UNKNOWN, LAGAN_TRANSIENT, LAGAN_OK, false, true, 1},
        {"them", LAGAN_OUTCOME_UNKNOWN, LAGAN_TRANSIENT, LAGAN_EXISTS, false, false, 1},
        {"longer", LAGAN_OUTCOME_UNKNOWN, LAGAN_TRANSIENT, LAGAN_EXISTS, false, false, 1},
        {"min", LAGAN_OUTCOME_UNKNOWN, LAGAN_TRANSIENT, LAGAN_EXISTS, false, false, 1},
        {"mine", LAGAN_OUTCOME_NOT_DONE, LAGAN_TRANSIENT, LAGAN_EXISTS, true, false, 2},
        {NULL, LAGAN_OUTCOME_UNKNOWN, LAGAN_IO, LAGAN_IO, false, false, 1},
    };
    char mine[] = "mine";
    struct lagan_content from = {mine, read_text};
    struct layer_stack *stack = STACK(LAGAN_KIND_TARGET, );
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct error e;
        script_reset(NULL);
        script.failures = 1;
        script.there = rows[i].there;
        script.outcome = rows[i].outcome;
        script.error_class = rows[i].error_class;
        script.exists = rows[i].exists;
        script.without_words = rows[i].without_words;
        uint32_t result =
            make(stack,
                 (struct call){.verb = CALL_PUT,
                               .with.put = {"k", 4, &from, LAGAN_PUT_IF_ABSENT, NULL}},
                 &e);
        if (result != rows[i].result || script.puts != rows[i].puts)
            fail_msg("row %zu: %s after %u puts: %s", i, error_class_name(result), script.puts,
                     e.text);
    }
    layer_stack_free(stack);
}

/* Calls that reach beyond one item are over; advice of the store is kept to. */
static void retry_heeds_details(void **state)
{
    struct layer_stack *stack = STACK(LAGAN_KIND_TARGET, );
    struct notes n = {0};
    struct lagan_sink sink = {&n, note_room, note_filled};
    const struct call c = {.verb = CALL_GET, .with.get = {"k", 0, 4, &sink}};
    struct error e;
    int64_t before = operation_now_ns();
    (void)state;
    script.failures = 1;
    script.retry_after_ms = 300;
    assert_int_equal(make(stack, c, &e), LAGAN_OK);
    assert_true(operation_now_ns() - before >= 300000000);
    script.failures = 1;
    script.scope = LAGAN_SCOPE_HANDLE;
    assert_int_equal(make(stack, c, &e), LAGAN_TRANSIENT);
    assert_int_equal(e.scope, LAGAN_SCOPE_HANDLE);
    assert_int_equal(script.calls, 3);
    layer_stack_free(stack);
}

static uint32_t refuse_filled(void *context, size_t size)
{
    (void)context;
    (void)size;
    return LAGAN_TRANSIENT;
}

/* What the caller's own function says is no reason to call again. */
static void retry_heeds_refusals(void **state)
{
    struct layer_stack *stack = STACK(LAGAN_KIND_TARGET, );
    struct notes n = {0};
    struct lagan_sink sink = {&n, note_room, refuse_filled};
    struct error e;
    (void)state;
    assert_int_equal(
        make(stack, (struct call){.verb = CALL_GET, .with.get = {"k", 0, 4, &sink}}, &e),
        LAGAN_TRANSIENT);
    assert_int_equal(script.calls, 1);
    layer_stack_free(stack);
}

/* An attempt that takes too long ends; what may be repeated is. */
static void timeout_cuts_off(void **state)
{
    struct layer_stack *stack =
        STACK(LAGAN_KIND_TARGET, "timeout", "50ms", "retry", "2", "retry-pause", "1ms", );
    struct error e;
    int64_t before = operation_now_ns();
    (void)state;
    script.slow = true;
    assert_int_equal(make(stack, (struct call){.verb = CALL_FLUSH}, &e), LAGAN_TIMEOUT);
    assert_non_null(strstr(e.text, "it took longer than"));
    assert_int_equal(script.calls, 1);
    assert_int_equal(make(stack, (struct call){.verb = CALL_REMOVE, .with.remove = {"k"}}, &e),
                     LAGAN_TIMEOUT);
    assert_non_null(strstr(e.text, ", after 3 attempts in "));
    assert_int_equal(e.outcome, LAGAN_OUTCOME_UNKNOWN);
    assert_int_equal(script.calls, 4);
    assert_true(operation_now_ns() - before < 2000000000);
    layer_stack_free(stack);
}

static void *flush_often(void *stack)
{
    struct error e;
    for (int i = 0; i < 20; i++)
        make(stack, (struct call){.verb = CALL_FLUSH}, &e);
    return NULL;
}

/* With a lock one call at a time reaches the driver. */
static void serial_keeps_apart(void **state)
{
    static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    static const char *const words[] = {"retry", "0", NULL};
    pthread_t threads[4];
    (void)state;
    for (int locked = 0; locked < 2; locked++) {
        struct layer_stack *stack = stack_of(LAGAN_KIND_TARGET, locked ? &lock : NULL, words);
        script_reset(NULL);
        for (int i = 0; i < 4; i++)
            pthread_create(&threads[i], NULL, flush_often, stack);
        for (int i = 0; i < 4; i++)
            pthread_join(threads[i], NULL);
        if (locked)
            assert_int_equal(atomic_load(&script.most_inside), 1);
        else
            assert_true(atomic_load(&script.most_inside) > 1);
        layer_stack_free(stack);
    }
}

static char logged[4096];

static void keep_line(void *context, enum log_level level, const char *line)
{
    (void)context;
    (void)level;
    if (strlen(logged) + strlen(line) + 2 < sizeof logged) {
        strcat(logged, line);
        strcat(logged, "\n");
    }
}

/* One line for each attempt, and the sums at the end. */
static void stack_tells(void **state)
{
    struct layer_stack *stack = STACK(LAGAN_KIND_TARGET, "statistics", "yes", "trace", "yes", );
    struct notes n = {0};
    struct lagan_sink sink = {&n, note_room, note_filled};
    struct error e;
    const char *first;
    (void)state;
    logged[0] = '\0';
    log_set_sink(keep_line, NULL);
    log_set_level(LOG_INFO);
    script.failures = 1;
    script.breaks_at = 1;
    make(stack,
         (struct call){.verb = CALL_GET, .with.get = {"a/b", 0, LAGAN_TO_THE_END, &sink}}, &e);
    layer_stack_free(stack);
    log_set_level(LOG_WARNING);
    log_set_sink(NULL, NULL);
    first = strstr(logged, ": get a/b: transient, ");
    assert_non_null(first);
    assert_non_null(strstr(first, "warning: tgt_script: get a/b: broken off; it is tried "
                                  "again in "));
    assert_non_null(strstr(first, ": get a/b: ok, "));
    assert_non_null(strstr(first, "get: it worked at attempt 2"));
    assert_non_null(strstr(first, "statistics: get: calls 1, errors 0, moved 20 B in "));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(stack_order, script_reset),
        cmocka_unit_test_setup(stack_verbs, script_reset),
        cmocka_unit_test_setup(retry_resumes_get, script_reset),
        cmocka_unit_test_setup(retry_resumes_list, script_reset),
        cmocka_unit_test_setup(retry_resumes_sources, script_reset),
        cmocka_unit_test_setup(retry_opens_once, script_reset),
        cmocka_unit_test_setup(retry_resolves_put, script_reset),
        cmocka_unit_test_setup(retry_heeds_details, script_reset),
        cmocka_unit_test_setup(retry_heeds_refusals, script_reset),
        cmocka_unit_test_setup(timeout_cuts_off, script_reset),
        cmocka_unit_test_setup(serial_keeps_apart, script_reset),
        cmocka_unit_test_setup(stack_tells, script_reset),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
