/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_layer_emulate.c - what the host does in place of a driver equals what a driver does.
 *
 * One list of operations runs on targets that can do all by themselves and on such that can do
 * little; each writes down what every call said and what the store then held, and all must have
 * written the same.
 */
#include "crypto/hash.h"
#include "driver/target_private.h"
#include "layer_fixture.h"
#include "target_aspects.h"
#include "unit.h"

#include "base/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A target and how much of it is its own. */
static const struct variant {
    const char *driver;
    const char *option;
    const char *layer;
    bool native;  /* copy and rename are the driver's */
    bool as_ever; /* only its files have other names on their way: one list is enough */
} variants[] = {
    {"tgt_mem", "stages=yes", "retry=0", true, false},
    {"tgt_dir", NULL, "retry=0", true, false},
    {"tgt_dir", "temporary-files=named", "retry=0", true, true},
    {"tgt_mem", "plain=yes", "emulate-if-absent=yes", false, false},
    {"tgt_fault", NULL, "retry=0", false, false},
    {"tgt_fault", NULL, "prefix=some/where", false, false},
};
enum { VARIANTS = sizeof variants / sizeof variants[0] };

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

/* A target of the test's own. */
struct place {
    struct layered layered;
    char *scratch;
};

static struct place place_open(const struct variant *v)
{
    struct place p = {.scratch = fixture_scratch()};
    char word[4200];
    const char *words[] = {word, v->option, NULL};
    const char *layers[] = {v->layer, NULL};
    if (strcmp(v->driver, "tgt_dir") == 0)
        snprintf(word, sizeof word, "path=%s/store", p.scratch);
    else
        snprintf(word, sizeof word, "name=%s", strrchr(p.scratch, '/') + 1);
    p.layered = layered_open(host, v->driver, words, layers, LAGAN_OPEN_INITIALISE);
    return p;
}

static void place_close(struct place *p)
{
    layered_close(&p->layered);
    fixture_scratch_remove(p->scratch);
}

/* What is written down. */
struct record {
    struct target *target;
    struct buffer text;
};

static int show_object(void *context, const char *key, uint64_t bytes, struct error *e)
{
    struct record *r = context;
    struct buffer data CLEANUP_BUFFER = BUFFER_INIT;
    uint8_t hash[HASH_SIZE];
    char hex[2 * HASH_SIZE + 1];
    assert_success(target_get_all(r->target, key, (size_t)bytes, &data, e), *e);
    assert_int_equal(data.size, bytes);
    hash_sha256(data.data, data.size, hash);
    text_hex(hash, sizeof hash, hex);
    buffer_append_format(&r->text, "    %s %llu %.12s\n", key, (unsigned long long)bytes, hex);
    return 0;
}

/* A line for the call, and one for each object. */
static void say(struct record *r, const struct operation *o, uint32_t result, const char *what)
{
    struct error e = ERROR_INIT;
    uint32_t outcome =
        result != LAGAN_OK && o->op.error.error_class == result ? o->op.error.outcome : 0;
    buffer_append_format(&r->text, "%s: %s %u\n", what,
                         result == LAGAN_OK ? "ok" : error_class_name(result), outcome);
    assert_success(target_list(r->target, "", show_object, r, &e), e);
}

static uint32_t run(struct record *r, struct call *c, const char *what)
{
    struct operation o;
    uint32_t result = target_call(r->target, &o, c);
    say(r, &o, result, what);
    return result;
}

/* Bytes that are the same for one seed. */
struct bytes {
    uint32_t seed;
    uint64_t start;
};

static uint32_t read_bytes(void *context, uint64_t offset, void *data, size_t size)
{
    const struct bytes *b = context;
    uint8_t *out = data;
    for (size_t i = 0; i < size; i++)
        out[i] = (uint8_t)((b->start + offset + i + b->seed) * 2654435761u >> 15);
    return LAGAN_OK;
}

static void hash_bytes(uint32_t seed, uint64_t start, size_t bytes, uint8_t hash[HASH_SIZE])
{
    struct bytes b = {.seed = seed, .start = start};
    uint8_t *data = malloc(bytes + 1);
    assert_non_null(data);
    read_bytes(&b, 0, data, bytes);
    hash_sha256(data, bytes, hash);
    free(data);
}

static void put(struct record *r, const char *key, uint64_t bytes, uint32_t seed,
                uint64_t flags, const uint8_t *sha256)
{
    struct bytes b = {.seed = seed};
    struct lagan_content content = {.context = &b, .read = read_bytes};
    struct call c = {.verb = CALL_PUT, .with.put = {key, bytes, &content, flags, sha256}};
    run(r, &c, "put");
}

/* Each with more bytes than some buffer on its way. */
static const uint64_t sizes[] = {0, 1, 4097, (1 << 20) - 1, 1 << 20, (5 << 20) + 4321};

static void puts_with_flags(struct record *r)
{
    uint8_t right[HASH_SIZE], wrong[HASH_SIZE] = {1};
    put(r, "a/1", 100, 1, LAGAN_PUT_IF_ABSENT, NULL);
    put(r, "a/1", 200, 2, LAGAN_PUT_IF_ABSENT, NULL);
    put(r, "a/2", 100, 3, LAGAN_PUT_IF_ABSENT | LAGAN_PUT_DURABLE, NULL);
    put(r, "a/2", 101, 3, LAGAN_PUT_IF_ABSENT | LAGAN_PUT_DURABLE, NULL);
    hash_bytes(4, 0, (1 << 20) + 5, right);
    put(r, "a/3", (1 << 20) + 5, 4, LAGAN_PUT_IF_ABSENT, wrong);
    put(r, "a/3", (1 << 20) + 5, 4, LAGAN_PUT_IF_ABSENT, right);
    put(r, "a/3", 0, 4, LAGAN_PUT_IF_ABSENT, right);
    put(r, "a/4", 0, 4, LAGAN_PUT_IF_ABSENT, right);
}

static void copy(struct record *r, const char *from, const char *to, uint64_t flags)
{
    struct call c = {.verb = CALL_COPY, .with.copy = {from, to, flags}};
    run(r, &c, "copy");
}

static void copies(struct record *r)
{
    char from[32], to[32];
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        snprintf(from, sizeof from, "from/%zu", i);
        snprintf(to, sizeof to, "to/here/%zu", i);
        put(r, from, sizes[i], (uint32_t)i, LAGAN_PUT_IF_ABSENT, NULL);
        copy(r, from, to, LAGAN_PUT_IF_ABSENT | (i % 2 ? LAGAN_PUT_DURABLE : 0));
    }
    copy(r, "from/1", "to/here/2", LAGAN_PUT_IF_ABSENT);
    copy(r, "from/1", "from/1", LAGAN_PUT_IF_ABSENT);
    copy(r, "nothing", "to/here/9", LAGAN_PUT_IF_ABSENT);
    copy(r, "nothing", "to/here/1", LAGAN_PUT_IF_ABSENT);
}

static void change_name(struct record *r, const char *from, const char *to, uint64_t flags)
{
    struct call c = {.verb = CALL_RENAME, .with.copy = {from, to, flags}};
    run(r, &c, "rename");
}

static void renames(struct record *r)
{
    char from[32], to[32];
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        snprintf(from, sizeof from, "from/%zu", i);
        snprintf(to, sizeof to, "to/here/%zu", i);
        put(r, from, sizes[i], (uint32_t)i, LAGAN_PUT_IF_ABSENT, NULL);
        change_name(r, from, to, LAGAN_PUT_IF_ABSENT | (i % 2 ? LAGAN_PUT_DURABLE : 0));
    }
    change_name(r, "to/here/1", "to/here/2", LAGAN_PUT_IF_ABSENT);
    change_name(r, "to/here/1", "to/here/1", LAGAN_PUT_IF_ABSENT);
    change_name(r, "from/1", "to/here/9", LAGAN_PUT_IF_ABSENT);
    change_name(r, "to/here/1", "from/1", LAGAN_PUT_IF_ABSENT);
}

/* An upload as it goes on; the object's bytes are those of its seed. */
struct uploading {
    struct record *record;
    void *upload;
    uint32_t seed;
};

static struct uploading begin(struct record *r, const char *key, uint64_t bytes, uint32_t seed)
{
    struct uploading u = {.record = r, .seed = seed};
    struct call c = {.verb = CALL_MULTIPART_BEGIN,
                     .with.multipart_begin = {key, bytes, &u.upload}};
    assert_int_equal(run(r, &c, "begin"), LAGAN_OK);
    return u;
}

static void part_with_hash(struct uploading *u, uint32_t number, uint64_t start, uint64_t bytes,
                           const uint8_t *sha256)
{
    struct bytes b = {.seed = u->seed, .start = start};
    struct lagan_content content = {.context = &b, .read = read_bytes};
    struct call c = {.verb = CALL_PART_PUT,
                     .object = u->upload,
                     .with.part_put = {number, bytes, &content, sha256}};
    run(u->record, &c, "part");
}

static void part(struct uploading *u, uint32_t number, uint64_t start, uint64_t bytes)
{
    part_with_hash(u, number, start, bytes, NULL);
}

static void complete(struct uploading *u, uint32_t parts, uint64_t flags)
{
    struct call c = {.verb = CALL_MULTIPART_COMPLETE,
                     .object = u->upload,
                     .with.multipart_complete = {parts, flags}};
    run(u->record, &c, "complete");
}

enum { PART = (1 << 20) + 7 };

static void uploads_in_any_order(struct record *r)
{
    static const uint32_t orders[][3] = {{1, 2, 3}, {3, 1, 2}, {2, 3, 1}};
    for (size_t i = 0; i < 3; i++) {
        char key[32];
        snprintf(key, sizeof key, "parts/%zu", i);
        struct uploading u = begin(r, key, 2 * PART + 99, (uint32_t)i);
        for (size_t j = 0; j < 3; j++) {
            uint32_t number = orders[i][j];
            part(&u, number, (uint64_t)(number - 1) * PART, number == 3 ? 99 : PART);
        }
        complete(&u, 3, LAGAN_PUT_IF_ABSENT | LAGAN_PUT_DURABLE);
    }
    /* Of unequal length, one put twice, and one too many. */
    struct uploading u = begin(r, "parts/odd", 300, 9);
    part(&u, 2, 10, 250);
    part(&u, 1, 77, 10);
    part(&u, 1, 0, 10);
    part(&u, 4, 0, 50);
    part(&u, 3, 260, 40);
    complete(&u, 3, LAGAN_PUT_IF_ABSENT);
    u = begin(r, "parts/one", 1, 5);
    part(&u, 1, 0, 1);
    complete(&u, 1, LAGAN_PUT_IF_ABSENT);
}

static void uploads_that_fail(struct record *r)
{
    uint8_t right[HASH_SIZE], wrong[HASH_SIZE] = {2};
    struct uploading u = begin(r, "bad/missing", 100, 1);
    part(&u, 1, 0, 50);
    part(&u, 3, 50, 50);
    complete(&u, 3, LAGAN_PUT_IF_ABSENT);
    u = begin(r, "bad/short", 100, 1);
    part(&u, 1, 0, 50);
    complete(&u, 1, LAGAN_PUT_IF_ABSENT);
    u = begin(r, "bad/long", 100, 1);
    part(&u, 1, 0, 150);
    complete(&u, 1, LAGAN_PUT_IF_ABSENT);
    u = begin(r, "bad/number", 100, 1);
    part(&u, 0, 0, 100);
    complete(&u, 1, LAGAN_PUT_IF_ABSENT);
    hash_bytes(1, 0, 100, right);
    u = begin(r, "good/checked", 100, 1);
    part_with_hash(&u, 1, 0, 100, wrong);
    part_with_hash(&u, 1, 0, 100, right);
    complete(&u, 1, LAGAN_PUT_IF_ABSENT);
    u = begin(r, "good/checked", 3, 7);
    part(&u, 1, 0, 3);
    complete(&u, 1, LAGAN_PUT_IF_ABSENT);
}

static void uploads_at_once(struct record *r)
{
    struct uploading one = begin(r, "same", 100, 1);
    struct uploading two = begin(r, "same", 100, 2);
    part(&one, 1, 0, 100);
    part(&two, 1, 0, 100);
    complete(&two, 1, LAGAN_PUT_IF_ABSENT);
    complete(&one, 1, LAGAN_PUT_IF_ABSENT);
    one = begin(r, "aborted", 100, 1);
    part(&one, 1, 0, 100);
    target_release(r->target, CALL_MULTIPART_ABORT, one.upload);
}

static void compare(void (*operations)(struct record *r))
{
    struct buffer first = BUFFER_INIT;
    for (size_t i = 0; i < VARIANTS; i++) {
        if (variants[i].as_ever && operations != uploads_at_once && operations != renames)
            continue;
        struct place p = place_open(&variants[i]);
        struct record r = {.target = p.layered.target};
        operations(&r);
        buffer_append_u8(&r.text, 0);
        assert_false(r.text.failed);
        if (i == 0) {
            first = r.text;
        } else {
            if (strcmp((char *)first.data, (char *)r.text.data) != 0)
                print_error("%s %s %s differs:\n%s\nfrom:\n%s\n", variants[i].driver,
                            variants[i].option ? variants[i].option : "", variants[i].layer,
                            (char *)r.text.data, (char *)first.data);
            assert_string_equal((char *)first.data, (char *)r.text.data);
            buffer_free(&r.text);
        }
        place_close(&p);
    }
    buffer_free(&first);
}

static void emulate_puts_equals_native(void **state)
{
    (void)state;
    compare(puts_with_flags);
}

static void emulate_copy_equals_native(void **state)
{
    (void)state;
    compare(copies);
}

static void emulate_rename_equals_native(void **state)
{
    (void)state;
    compare(renames);
}

static void emulate_multipart_equals_native(void **state)
{
    (void)state;
    compare(uploads_in_any_order);
    compare(uploads_that_fail);
    compare(uploads_at_once);
}

/* The comparison means something only while both kinds are in it. */
static void emulate_tells_what_is_native(void **state)
{
    (void)state;
    for (size_t i = 0; i < VARIANTS; i++) {
        struct place p = place_open(&variants[i]);
        const struct lagan_target_capabilities *c = target_capabilities(p.layered.target);
        uint8_t wanted = variants[i].native ? LAGAN_SUPPORT_NATIVE : LAGAN_SUPPORT_EMULATED;
        assert_int_equal(c->copy, wanted);
        assert_int_equal(c->rename, wanted);
        assert_int_not_equal(c->multipart, LAGAN_SUPPORT_NONE);
        assert_int_not_equal(c->durable_put, LAGAN_SUPPORT_NONE);
        assert_int_not_equal(c->checksum, LAGAN_SUPPORT_NONE);
        assert_int_equal(c->put_if_absent,
                         i == 3 ? LAGAN_SUPPORT_EMULATED : LAGAN_SUPPORT_NATIVE);
        place_close(&p);
    }
}

/* Everything else that a target must do, too: one of several writers wins, ... */
static void emulate_keeps_what_targets_must_do(void **state)
{
    (void)state;
    for (size_t i = 0; i < VARIANTS; i++) {
        /* What drivers do themselves has been looked at elsewhere. */
        for (size_t j = 0; !variants[i].native && target_aspects[j]; j++) {
            struct place p = place_open(&variants[i]);
            /* tgt_fault's capacity counts its calls. */
            bool last = !target_aspects[j + 1];
            if (!last || strcmp(variants[i].driver, "tgt_fault") != 0)
                target_aspects[j](p.layered.target);
            place_close(&p);
        }
    }
}

/* A plain store without the setting is refused: a put could replace an object. */
static void emulate_if_absent_must_be_asked_for(void **state)
{
    static const char *const words[] = {"name=plain-alone", "plain=yes", NULL};
    struct instance *i = fixture_instance(host, "tgt_mem", words);
    struct error e = ERROR_INIT;
    (void)state;
    assert_null(target_open(i, LAGAN_OPEN_INITIALISE, &e));
    assert_error(e, LAGAN_UNSUPPORTED, "only where the name is free");
    instance_free(i);
}

enum { RACERS = 4, ROUNDS = 5 };

/* Writers of one process that put the same names. */
struct race {
    struct target *target;
    pthread_barrier_t start;
    atomic_int winners;
};

static void *run_race(void *context)
{
    struct race *race = context;
    char key[16];
    for (int round = 0; round < ROUNDS; round++) {
        struct error e = ERROR_INIT;
        snprintf(key, sizeof key, "race/%d", round);
        pthread_barrier_wait(&race->start);
        if (target_put(race->target, key, "me", 2, &e) == 0)
            atomic_fetch_add(&race->winners, 1);
        else
            assert_int_equal(e.error_class, LAGAN_EXISTS);
    }
    return NULL;
}

/* Calls take so long that all would have looked before the first has put. */
static void emulate_if_absent_lets_one_thread_win(void **state)
{
    static const char *const words[] = {"name=plain-race", "plain=yes", NULL};
    static const char *const layers[] = {"emulate-if-absent=yes", "latency=5ms", NULL};
    struct layered l = layered_open(host, "tgt_mem", words, layers, LAGAN_OPEN_INITIALISE);
    struct race race = {.target = l.target};
    pthread_t threads[RACERS];
    (void)state;
    pthread_barrier_init(&race.start, NULL, RACERS);
    for (size_t i = 0; i < RACERS; i++)
        pthread_create(&threads[i], NULL, run_race, &race);
    for (size_t i = 0; i < RACERS; i++)
        pthread_join(threads[i], NULL);
    pthread_barrier_destroy(&race.start);
    assert_int_equal(race.winners, ROUNDS);
    layered_close(&l);
}

/* Opens a store that lacks everything, with a rule of faults. */
static struct layered faulty(const char *rule)
{
    static unsigned number;
    char name[32], fault[64];
    const char *words[] = {name, "plain=yes", NULL};
    const char *layers[] = {fault, "emulate-if-absent=yes", NULL};
    snprintf(name, sizeof name, "name=emulate-%u", ++number);
    snprintf(fault, sizeof fault, "fault=%s", rule);
    return layered_open(host, "tgt_mem", words, layers, LAGAN_OPEN_INITIALISE);
}

static void emulate_stops_where_a_step_fails(void **state)
{
    static const struct {
        const char *rule;
        uint32_t error_class;
        uint32_t outcome;
        bool from, to;
    } rows[] = {
        {"get:io", LAGAN_IO, LAGAN_OUTCOME_NOT_DONE, true, false},
        {"put:no-space:after:1", LAGAN_NO_SPACE, LAGAN_OUTCOME_NOT_DONE, true, false},
        {"put:transient:after:1:effect", LAGAN_TRANSIENT, LAGAN_OUTCOME_UNKNOWN, true, true},
        {"remove:denied", LAGAN_DENIED, LAGAN_OUTCOME_UNKNOWN, true, true},
        {"stat:auth:at:2", LAGAN_AUTH, LAGAN_OUTCOME_NOT_DONE, true, false},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct layered l = faulty(rows[i].rule);
        struct error e = ERROR_INIT;
        uint64_t bytes = 0;
        aspects_put(l.target, "from", "text");
        assert_int_equal(target_rename(l.target, "from", "to", &e), -1);
        assert_error(e, rows[i].error_class, rows[i].rule);
        assert_int_equal(e.outcome, rows[i].outcome);
        assert_int_equal(target_stat(l.target, "from", &bytes, &e) == 0, rows[i].from);
        assert_int_equal(target_stat(l.target, "to", &bytes, &e) == 0, rows[i].to);
        layered_close(&l);
    }
}

/* A flush that fails leaves the object in doubt, not the call undone. */
static void emulate_durable_tells_of_doubt(void **state)
{
    struct layered l = faulty("flush:io");
    struct record r = {.target = l.target};
    (void)state;
    put(&r, "a", 3, 1, LAGAN_PUT_IF_ABSENT | LAGAN_PUT_DURABLE, NULL);
    buffer_append_u8(&r.text, 0);
    assert_non_null(strstr((char *)r.text.data, "put: io 2\n    a 3"));
    buffer_free(&r.text);
    layered_close(&l);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(emulate_tells_what_is_native),
        cmocka_unit_test(emulate_puts_equals_native),
        cmocka_unit_test(emulate_copy_equals_native),
        cmocka_unit_test(emulate_rename_equals_native),
        cmocka_unit_test(emulate_multipart_equals_native),
        cmocka_unit_test(emulate_keeps_what_targets_must_do),
        cmocka_unit_test(emulate_if_absent_must_be_asked_for),
        cmocka_unit_test(emulate_if_absent_lets_one_thread_win),
        cmocka_unit_test(emulate_stops_where_a_step_fails),
        cmocka_unit_test(emulate_durable_tells_of_doubt),
    };
    return cmocka_run_group_tests(tests, open_host, close_host);
}
