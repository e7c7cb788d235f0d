/* SPDX-License-Identifier: Apache-2.0 */
/* test_driver_zones.c - a target of several zones: as good as one, and better when one is lost
 * (INT-03, VLT-05). */
#include "driver/zones.h"

#include "base/log.h"
#include "crypto/hash.h"
#include "driver_fixture.h"
#include "target_aspects.h"
#include "unit.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MOST = 5, PACKS = 40, SMALLS = 12 };

/* Zones of one kind. */
struct fixture {
    struct driver_host *host;
    char *scratch;
    const char *driver, *option;
    size_t count;
    struct instance *instance[MOST];
    struct target *target;
};

static const char *const names[MOST] = {"amber", "birch", "cedar", "delta", "ember"};

static char *zone_folder(const struct fixture *f, size_t zone)
{
    char *path = NULL;
    assert_true(asprintf(&path, "%s/%s", f->scratch, names[zone]) > 0);
    return path;
}

static struct instance *configure(struct fixture *f, size_t zone)
{
    char place[4200];
    char *folder = zone_folder(f, zone);
    const char *words[3] = {place, f->option, NULL};
    if (strcmp(f->driver, "tgt_mem") == 0)
        snprintf(place, sizeof place, "name=%s-%s", strrchr(f->scratch, '/') + 1, names[zone]);
    else
        snprintf(place, sizeof place, "path=%s", folder);
    free(folder);
    return fixture_instance(f->host, f->driver, words);
}

/* The result of target_zones over the places as they are. */
static struct target *try_open(struct fixture *f, uint64_t flags, struct error *e)
{
    struct zone_place places[MOST] = {0};
    for (size_t i = 0; i < f->count; i++) {
        places[i].name = names[i];
        places[i].target = target_open(f->instance[i], flags, &places[i].why);
    }
    return target_zones(places, f->count, e);
}

static void reopen(struct fixture *f, uint64_t flags)
{
    struct error e = ERROR_INIT;
    target_close(f->target);
    f->target = try_open(f, flags, &e);
    assert_success(f->target ? 0 : -1, e);
}

static struct fixture fixture_open(const char *driver, const char *option, size_t count)
{
    struct fixture f = {.host = fixture_host("test-drivers"),
                        .scratch = fixture_scratch(),
                        .driver = driver,
                        .option = option,
                        .count = count};
    for (size_t i = 0; i < count; i++)
        f.instance[i] = configure(&f, i);
    reopen(&f, LAGAN_OPEN_INITIALISE);
    return f;
}

static void fixture_close(struct fixture *f)
{
    target_close(f->target);
    for (size_t i = 0; i < f->count; i++)
        instance_free(f->instance[i]);
    driver_host_free(f->host);
    fixture_scratch_remove(f->scratch);
}

/* A zone burns down. */
static void lose(const struct fixture *f, size_t zone)
{
    fixture_scratch_remove(zone_folder(f, zone));
}

/* A zone is unplugged, and comes back. */
static void unplug(const struct fixture *f, size_t zone, bool back)
{
    char *path = zone_folder(f, zone);
    char *away = NULL;
    assert_true(asprintf(&away, "%s.away", path) > 0);
    assert_int_equal(rename(back ? away : path, back ? path : away), 0);
    free(away);
    free(path);
}

static void pack_key(size_t number, char key[128])
{
    uint8_t hash[HASH_SIZE];
    hash_sha256(&number, sizeof number, hash);
    int used = snprintf(key, 128, "packs/%02x/", hash[0]);
    for (size_t i = 0; i < sizeof hash; i++)
        used += snprintf(key + used, 128 - (size_t)used, "%02x", hash[i]);
}

static void small_key(size_t number, char key[128])
{
    snprintf(key, 128, "seals/%04zu", number);
}

/* Every other pack is staged. */
static void put_pack(struct target *t, size_t number)
{
    struct error e = ERROR_INIT;
    char key[128];
    pack_key(number, key);
    if (number % 2 == 0) {
        aspects_put(t, key, key);
        return;
    }
    struct stage *s = target_stage_begin(t, 0, &e);
    assert_success(s ? 0 : -1, e);
    assert_success(stage_write(s, key, 6, &e), e);
    assert_success(stage_write(s, key + 6, strlen(key) - 6, &e), e);
    assert_success(stage_commit(s, key, &e), e);
}

static void put_all(struct target *t, size_t from, size_t packs, size_t smalls)
{
    struct error e = ERROR_INIT;
    char key[128];
    for (size_t i = from; i < from + packs; i++)
        put_pack(t, i);
    for (size_t i = from; i < from + smalls; i++) {
        small_key(i, key);
        aspects_put(t, key, key);
    }
    assert_success(target_flush(t, &e), e);
}

static void expect_all(struct target *t, size_t from, size_t packs, size_t smalls)
{
    char key[128];
    for (size_t i = from; i < from + packs; i++) {
        pack_key(i, key);
        aspects_expect(t, key, key, strlen(key));
    }
    for (size_t i = from; i < from + smalls; i++) {
        small_key(i, key);
        aspects_expect(t, key, key, strlen(key));
    }
}

/* In how many zones an object is. */
static size_t copies(const struct fixture *f, const char *key)
{
    size_t found = 0;
    for (size_t i = 0; i < f->count; i++) {
        struct error e = ERROR_INIT;
        struct target *zone = target_zone(f->target, i, &e);
        uint64_t bytes;
        found += zone && target_stat(zone, key, &bytes, &e) == 0;
    }
    return found;
}

static struct target *zone_of(const struct fixture *f, size_t zone)
{
    struct error e = ERROR_INIT;
    struct target *t = target_zone(f->target, zone, &e);
    assert_success(t ? 0 : -1, e);
    return t;
}

static void behave(const char *driver, const char *option, size_t count)
{
    for (size_t i = 0; target_aspects[i]; i++) {
        struct fixture f = fixture_open(driver, option, count);
        target_aspects[i](f.target);
        fixture_close(&f);
    }
}

static void zones_in_memory_behave(void **state)
{
    (void)state;
    behave("tgt_mem", NULL, 3);
}

static void zones_with_stages_behave(void **state)
{
    (void)state;
    behave("tgt_mem", "stages=yes", 3);
}

static void zones_of_folders_behave(void **state)
{
    (void)state;
    behave("tgt_dir", NULL, 3);
}

static void five_zones_behave(void **state)
{
    (void)state;
    behave("tgt_mem", "stages=yes", MOST);
}

static void zones_share_packs_and_copy_the_rest(void **state)
{
    struct fixture f = fixture_open("tgt_dir", NULL, 3);
    char key[128];
    (void)state;
    put_all(f.target, 0, PACKS, SMALLS);
    for (size_t i = 0; i < PACKS; i++) {
        pack_key(i, key);
        assert_int_equal(copies(&f, key), 2);
    }
    for (size_t i = 0; i < SMALLS; i++) {
        small_key(i, key);
        assert_int_equal(copies(&f, key), 3);
    }
    /* The load is spread: two packs of three in each zone, more or less. */
    for (size_t i = 0; i < 3; i++) {
        size_t objects = aspects_count(zone_of(&f, i));
        assert_in_range(objects, SMALLS + PACKS / 2, SMALLS + PACKS * 5 / 6);
    }
    assert_int_equal(aspects_count(f.target), PACKS + SMALLS);
    fixture_close(&f);
}

/* A walk in pages. */
struct walk {
    char last[128];
    size_t count;
};

static int follow(void *context, const char *key, uint64_t bytes, struct error *e)
{
    struct walk *w = context;
    (void)e;
    assert_true(strcmp(key, w->last) > 0);
    assert_int_equal(bytes, strlen(key));
    snprintf(w->last, sizeof w->last, "%s", key);
    w->count++;
    return 0;
}

/* Each zone has other packs, and so pages that end elsewhere. */
static void zones_list_packs_in_pages(void **state)
{
    static const uint32_t limits[] = {1, 2, 7, 1000};
    struct fixture f = fixture_open("tgt_mem", NULL, MOST);
    (void)state;
    put_all(f.target, 0, PACKS, SMALLS);
    for (size_t i = 0; i < sizeof limits / sizeof limits[0]; i++) {
        struct walk w = {.count = 0};
        bool more = true;
        while (more) {
            struct error e = ERROR_INIT;
            char from[128];
            memcpy(from, w.last, sizeof from);
            assert_success(
                target_list_page(f.target, "packs/", from, limits[i], follow, &w, &more, &e),
                e);
        }
        assert_int_equal(w.count, PACKS);
    }
    fixture_close(&f);
}

static void run_loss(size_t count, size_t lost)
{
    struct fixture f = fixture_open("tgt_dir", NULL, count);
    put_all(f.target, 0, PACKS, SMALLS);
    lose(&f, lost);
    reopen(&f, 0);
    expect_all(f.target, 0, PACKS, SMALLS);
    assert_int_equal(aspects_count(f.target), PACKS + SMALLS);
    aspects_expect_absent(f.target, "packs/00/nothing");
    aspects_expect_absent(f.target, "seals/nothing");
    put_all(f.target, 1000, 10, 4);
    expect_all(f.target, 1000, 10, 4);
    assert_int_equal(aspects_count(f.target), PACKS + SMALLS + 14);
    fixture_close(&f);
}

static void zones_survive_each_loss(void **state)
{
    (void)state;
    for (size_t lost = 0; lost < 3; lost++)
        run_loss(3, lost);
    for (size_t lost = 0; lost < MOST; lost += 2)
        run_loss(MOST, lost);
}

/* What is written while one zone is away survives the loss of another one. */
static void zones_survive_a_loss_after_an_absence(void **state)
{
    (void)state;
    for (size_t away = 0; away < 3; away++) {
        for (size_t lost = 0; lost < 3; lost++) {
            struct fixture f = fixture_open("tgt_dir", NULL, 3);
            put_all(f.target, 0, 10, 4);
            unplug(&f, away, false);
            reopen(&f, 0);
            put_all(f.target, 100, 10, 4);
            unplug(&f, away, true);
            lose(&f, lost);
            reopen(&f, 0);
            expect_all(f.target, 0, 10, 4);
            expect_all(f.target, 100, 10, 4);
            assert_int_equal(aspects_count(f.target), 28);
            fixture_close(&f);
        }
    }
}

static void zones_refuse_when_two_are_missing(void **state)
{
    struct fixture f = fixture_open("tgt_dir", NULL, 3);
    struct error e = ERROR_INIT;
    (void)state;
    put_all(f.target, 0, 4, 4);
    lose(&f, 0);
    unplug(&f, 2, false);
    assert_null(try_open(&f, 0, &e));
    assert_error(e, LAGAN_OFFLINE, "of 3 zones 2 are missing, among them amber");
    assert_int_equal(e.code, ERROR_ZONE_MISSING);
    assert_int_equal(error_exit_status(&e), 5);
    lose(&f, 1);
    assert_null(try_open(&f, 0, &e));
    assert_int_equal(e.error_class, LAGAN_NOT_FOUND);
    unplug(&f, 2, true);
    fixture_close(&f);
}

static void zones_know_what_is_missing(void **state)
{
    struct fixture f = fixture_open("tgt_dir", NULL, 3);
    struct error e = ERROR_INIT;
    (void)state;
    lose(&f, 1);
    reopen(&f, 0);
    assert_int_equal(target_zone_count(f.target), 3);
    assert_string_equal(target_zone_name(f.target, 1), "birch");
    assert_non_null(target_zone(f.target, 0, &e));
    assert_null(target_zone(f.target, 1, &e));
    assert_int_equal(e.error_class, LAGAN_NOT_FOUND);
    assert_int_equal(target_zone_count(zone_of(&f, 0)), 0);
    fixture_close(&f);
}

static void remember_line(void *context, enum log_level level, const char *line)
{
    size_t *lines = context;
    *lines += level == LOG_WARNING && strstr(line, ", the others stand in for it: ") != NULL;
}

static void zones_warn_once(void **state)
{
    struct fixture f = fixture_open("tgt_dir", NULL, 3);
    size_t lines = 0;
    (void)state;
    log_set_sink(remember_line, &lines);
    put_all(f.target, 0, 4, 4);
    assert_int_equal(lines, 0);
    lose(&f, 1);
    reopen(&f, 0);
    put_all(f.target, 10, 4, 4);
    expect_all(f.target, 0, 4, 4);
    assert_int_equal(lines, 1);
    /* Nor of another zone. */
    struct error e = ERROR_INIT;
    put_pack(f.target, 50);
    lose(&f, 2);
    assert_int_equal(target_flush(f.target, &e), -1);
    log_set_sink(NULL, NULL);
    assert_int_equal(lines, 1);
    fixture_close(&f);
}

/* What an interrupted writer left in one zone is completed, and was there all the same. */
static void zones_complete_what_exists(void **state)
{
    struct error e = ERROR_INIT;
    char key[128];
    (void)state;
    for (size_t zone = 0; zone < 3; zone++) {
        struct fixture f = fixture_open("tgt_dir", NULL, 3);
        pack_key(zone, key);
        aspects_put(zone_of(&f, zone), key, key);
        assert_true(copies(&f, key) == 1);
        int result = target_put(f.target, key, key, strlen(key), &e);
        assert_true(result == 0 || e.error_class == LAGAN_EXISTS);
        assert_true(copies(&f, key) >= 2);
        aspects_put(zone_of(&f, zone), "seals/1", "first");
        result = target_put(f.target, "seals/1", "first", 5, &e);
        assert_true(result == 0 || e.error_class == LAGAN_EXISTS);
        assert_int_equal(copies(&f, "seals/1"), 3);
        aspects_expect(f.target, "seals/1", "first", 5);
        fixture_close(&f);
    }
}

/* A seal that is seen stays, whatever zone is lost next. */
static void zones_complete_seals_that_are_listed(void **state)
{
    (void)state;
    for (size_t zone = 0; zone < 3; zone++) {
        struct fixture f = fixture_open("tgt_dir", NULL, 3);
        aspects_put(zone_of(&f, zone), "seals/1", "seal");
        aspects_put(zone_of(&f, zone), "keys/1", "slot");
        reopen(&f, LAGAN_OPEN_READ_ONLY);
        assert_int_equal(aspects_count(f.target), 2);
        assert_int_equal(copies(&f, "seals/1"), 1);
        reopen(&f, 0);
        assert_int_equal(aspects_count(f.target), 2);
        assert_true(copies(&f, "seals/1") >= 2);
        assert_int_equal(copies(&f, "keys/1"), 1);
        lose(&f, zone);
        reopen(&f, LAGAN_OPEN_READ_ONLY);
        aspects_expect(f.target, "seals/1", "seal", 4);
        fixture_close(&f);
    }
}

/* Whatever zone it is in, what is there first stays, and nothing of the second remains. */
static void zones_keep_what_was_first(void **state)
{
    struct error e = ERROR_INIT;
    (void)state;
    for (size_t zone = 0; zone < 3; zone++) {
        for (size_t key = 0; key < 8; key++) {
            char name[128];
            struct fixture f = fixture_open("tgt_mem", NULL, 3);
            small_key(key, name);
            for (size_t i = 0; i < 3; i++)
                if (i != zone)
                    aspects_put(zone_of(&f, i), name, "first");
            assert_int_equal(target_put(f.target, name, "other", 5, &e), -1);
            assert_error(e, LAGAN_EXISTS, "put seals/");
            aspects_expect(f.target, name, "first", 5);
            for (size_t i = 0; i < 3; i++) {
                struct error ignored = ERROR_INIT;
                struct buffer out = BUFFER_INIT;
                if (target_get_all(zone_of(&f, i), name, 100, &out, &ignored) == 0)
                    assert_memory_equal(out.data, "first", 5);
                buffer_free(&out);
            }
            fixture_close(&f);
        }
    }
}

static uint32_t read_nothing(void *context, uint64_t offset, void *data, size_t size)
{
    (void)context;
    (void)offset;
    (void)data;
    return size == 0 ? LAGAN_OK : LAGAN_INVALID;
}

/* A put of nothing with the checksum of a pack asks whether the pack is there. */
static void zones_answer_with_a_checksum(void **state)
{
    static const struct lagan_content nothing = {.read = read_nothing};
    struct fixture f = fixture_open("tgt_dir", NULL, 3);
    (void)state;
    for (size_t i = 0; i < 20; i++) {
        struct error e = ERROR_INIT;
        uint8_t hash[HASH_SIZE];
        char key[128];
        hash_sha256(&i, sizeof i, hash);
        pack_key(i, key);
        assert_int_equal(target_put_content(f.target, key, 0, &nothing, hash, &e), -1);
        assert_int_equal(e.error_class, LAGAN_CORRUPT);
        put_pack(f.target, i);
        assert_int_equal(target_put_content(f.target, key, 0, &nothing, hash, &e), -1);
        assert_int_equal(e.error_class, LAGAN_EXISTS);
        assert_int_equal(copies(&f, key), 2);
    }
    fixture_close(&f);
}

/* A zone that goes while objects are on their way. */
static void zones_survive_a_loss_while_writing(void **state)
{
    (void)state;
    for (size_t lost = 0; lost < 3; lost++) {
        struct fixture f = fixture_open("tgt_dir", "temporary-files=named", 3);
        struct error e = ERROR_INIT;
        struct stage *stages[6];
        char key[128];
        put_all(f.target, 0, 10, 4);
        for (size_t i = 0; i < 6; i++) {
            stages[i] = target_stage_begin(f.target, 0, &e);
            assert_success(stages[i] ? 0 : -1, e);
            pack_key(50 + i, key);
            assert_success(stage_write(stages[i], key, strlen(key), &e), e);
        }
        lose(&f, lost);
        for (size_t i = 0; i < 6; i++) {
            pack_key(50 + i, key);
            assert_success(stage_commit(stages[i], key, &e), e);
        }
        put_all(f.target, 100, 10, 4);
        expect_all(f.target, 0, 10, 4);
        expect_all(f.target, 50, 6, 0);
        expect_all(f.target, 100, 10, 4);
        for (size_t i = 50; i < 56; i++) {
            pack_key(i, key);
            assert_int_equal(copies(&f, key), 2);
        }
        fixture_close(&f);
    }
}

/* Packs that a zone took and could not make durable are copied before the flush says yes. */
static void zones_replace_what_was_not_flushed(void **state)
{
    (void)state;
    for (size_t lost = 0; lost < 3; lost++) {
        struct fixture f = fixture_open("tgt_dir", NULL, 3);
        struct error e = ERROR_INIT;
        for (size_t i = 0; i < 20; i++)
            put_pack(f.target, i);
        lose(&f, lost);
        assert_success(target_flush(f.target, &e), e);
        for (size_t i = 0; i < 20; i++) {
            char key[128];
            pack_key(i, key);
            assert_int_equal(copies(&f, key), 2);
        }
        fixture_close(&f);
    }
}

/* A zone without room is passed over; when two have none, that is said. */
static void zones_run_full(void **state)
{
    struct fixture f = {.host = fixture_host("test-drivers"),
                        .scratch = fixture_scratch(),
                        .driver = "tgt_mem",
                        .count = 3};
    struct error e = ERROR_INIT;
    char text[600];
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        f.option = i == 0 ? "limit=2000" : i == 1 ? "limit=8000" : NULL;
        f.instance[i] = configure(&f, i);
    }
    reopen(&f, LAGAN_OPEN_INITIALISE);
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    int result = 0;
    for (size_t i = 0; i < 100 && result == 0; i++) {
        char key[128];
        small_key(i, key);
        result = target_put(f.target, key, text, strlen(text), &e);
        if (result == 0)
            assert_true(copies(&f, key) >= 2);
        else
            aspects_expect_absent(f.target, key);
    }
    assert_int_equal(result, -1);
    assert_error(e, LAGAN_NO_SPACE, "of 3 zones 2 are full");
    assert_int_equal(error_exit_status(&e), 14);
    assert_true(aspects_count(f.target) > 10);
    fixture_close(&f);
}

static void zones_fail_when_a_second_one_goes(void **state)
{
    struct fixture f = fixture_open("tgt_dir", NULL, 3);
    struct error e = ERROR_INIT;
    (void)state;
    put_all(f.target, 0, 10, 2);
    put_pack(f.target, 20);
    lose(&f, 0);
    lose(&f, 1);
    assert_int_equal(target_put(f.target, "seals/later", "x", 1, &e), -1);
    assert_int_equal(e.code, ERROR_ZONE_MISSING);
    assert_int_equal(target_flush(f.target, &e), -1);
    assert_int_equal(e.code, ERROR_ZONE_MISSING);
    fixture_close(&f);
}

/* It would come back with the zone. */
static void zones_tell_what_could_not_be_removed(void **state)
{
    struct fixture f = fixture_open("tgt_dir", NULL, 3);
    struct error e = ERROR_INIT;
    (void)state;
    put_all(f.target, 0, 2, 2);
    unplug(&f, 2, false);
    reopen(&f, 0);
    assert_int_equal(target_remove(f.target, "seals/0000", &e), -1);
    assert_error(e, LAGAN_OFFLINE, "remove seals/0000");
    assert_int_equal(e.code, ERROR_ZONE_MISSING);
    assert_int_equal(e.outcome, LAGAN_OUTCOME_UNKNOWN);
    unplug(&f, 2, true);
    reopen(&f, 0);
    assert_success(target_remove(f.target, "seals/0000", &e), e);
    aspects_expect_absent(f.target, "seals/0000");
    fixture_close(&f);
}

static void zones_copy_and_compare(void **state)
{
    struct fixture f = fixture_open("tgt_dir", NULL, 3);
    struct error e = ERROR_INIT;
    struct target *a = zone_of(&f, 0), *b = zone_of(&f, 1);
    uint8_t hash[HASH_SIZE];
    (void)state;
    aspects_put(a, "runs/1", "content");
    hash_sha256("content", 7, hash);
    assert_success(target_copy(a, b, "runs/1", hash, &e), e);
    aspects_expect(b, "runs/1", "content", 7);
    assert_success(target_copy(a, b, "runs/1", NULL, &e), e);
    assert_int_equal(target_compare(a, b, "runs/1", &e), 1);
    hash[0] ^= 1;
    aspects_put(a, "runs/2", "content");
    assert_int_equal(target_copy(a, b, "runs/2", hash, &e), -1);
    assert_error(e, LAGAN_CORRUPT, "copy runs/2");
    aspects_expect_absent(b, "runs/2");
    aspects_put(b, "runs/2", "contenT");
    assert_int_equal(target_compare(a, b, "runs/2", &e), 0);
    assert_int_equal(target_compare(a, b, "runs/3", &e), -1);
    assert_int_equal(e.error_class, LAGAN_NOT_FOUND);
    fixture_close(&f);
}

enum { THREADS = 4, EACH = 25 };

struct worker {
    struct target *target;
    size_t number;
    pthread_t thread;
    atomic_int *faults;
};

static void *work(void *context)
{
    struct worker *w = context;
    char key[128];
    for (size_t i = 0; i < EACH; i++) {
        struct error e = ERROR_INIT;
        struct buffer out = BUFFER_INIT;
        size_t number = 10000 * (w->number + 1) + i;
        struct stage *s = target_stage_begin(w->target, 0, &e);
        pack_key(number, key);
        if (!s || stage_write(s, key, strlen(key), &e) != 0 || stage_commit(s, key, &e) != 0 ||
            target_get_all(w->target, key, 200, &out, &e) != 0 || out.size != strlen(key))
            atomic_fetch_add(w->faults, 1);
        buffer_free(&out);
        /* And one object that all want to make. */
        small_key(i, key);
        if (target_put(w->target, key, key, strlen(key), &e) != 0 &&
            e.error_class != LAGAN_EXISTS)
            atomic_fetch_add(w->faults, 1);
        if (i % 8 == 0 && target_flush(w->target, &e) != 0)
            atomic_fetch_add(w->faults, 1);
    }
    return NULL;
}

/* With all zones, and with one that goes in the middle. */
static void zones_work_in_parallel(void **state)
{
    (void)state;
    for (int round = 0; round < 2; round++) {
        struct fixture f = fixture_open("tgt_dir", NULL, 3);
        struct worker workers[THREADS];
        atomic_int faults = 0;
        for (size_t i = 0; i < THREADS; i++) {
            workers[i] = (struct worker){.target = f.target, .number = i, .faults = &faults};
            pthread_create(&workers[i].thread, NULL, work, &workers[i]);
        }
        if (round == 1)
            lose(&f, 1);
        for (size_t i = 0; i < THREADS; i++)
            pthread_join(workers[i].thread, NULL);
        assert_int_equal(faults, 0);
        for (size_t i = 0; i < THREADS; i++)
            expect_all(f.target, 10000 * (i + 1), EACH, 0);
        expect_all(f.target, 0, 0, EACH);
        assert_int_equal(aspects_count(f.target), THREADS * EACH + EACH);
        fixture_close(&f);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(zones_in_memory_behave),
        cmocka_unit_test(zones_with_stages_behave),
        cmocka_unit_test(zones_of_folders_behave),
        cmocka_unit_test(five_zones_behave),
        cmocka_unit_test(zones_share_packs_and_copy_the_rest),
        cmocka_unit_test(zones_list_packs_in_pages),
        cmocka_unit_test(zones_survive_each_loss),
        cmocka_unit_test(zones_survive_a_loss_after_an_absence),
        cmocka_unit_test(zones_refuse_when_two_are_missing),
        cmocka_unit_test(zones_know_what_is_missing),
        cmocka_unit_test(zones_warn_once),
        cmocka_unit_test(zones_complete_what_exists),
        cmocka_unit_test(zones_complete_seals_that_are_listed),
        cmocka_unit_test(zones_keep_what_was_first),
        cmocka_unit_test(zones_answer_with_a_checksum),
        cmocka_unit_test(zones_survive_a_loss_while_writing),
        cmocka_unit_test(zones_replace_what_was_not_flushed),
        cmocka_unit_test(zones_run_full),
        cmocka_unit_test(zones_fail_when_a_second_one_goes),
        cmocka_unit_test(zones_tell_what_could_not_be_removed),
        cmocka_unit_test(zones_copy_and_compare),
        cmocka_unit_test(zones_work_in_parallel),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
