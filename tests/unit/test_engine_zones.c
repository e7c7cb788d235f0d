/* SPDX-License-Identifier: Apache-2.0 */
/* test_engine_zones.c - what is in which zone, found and mended (INT-03). */
#include "crypto/hash.h"
#include "driver_fixture.h"
#include "engine/zone_mend.h"
#include "target_aspects.h"
#include "unit.h"
#include "vault/name.h"

#include <stdio.h>
#include <string.h>

enum { ZONES = 3 };

struct fixture {
    struct driver_host *host;
    char *scratch;
    struct instance *instance[ZONES];
    struct target *zone[ZONES];
    char found[4000]; /* what was told */
    struct zone_repair_result result;
};

static char letters[ZONES][2] = {"a", "b", "c"};
static char *const names[ZONES] = {letters[0], letters[1], letters[2]};

static struct fixture fixture_open(void)
{
    struct fixture f = {.host = fixture_host("test-drivers"), .scratch = fixture_scratch()};
    for (size_t i = 0; i < ZONES; i++) {
        char name[80];
        const char *const words[] = {name, "stages=yes", NULL};
        struct error e = ERROR_INIT;
        snprintf(name, sizeof name, "name=%s-%s", strrchr(f.scratch, '/') + 1, names[i]);
        f.instance[i] = fixture_instance(f.host, "tgt_mem", words);
        f.zone[i] = target_open(f.instance[i], LAGAN_OPEN_INITIALISE, &e);
        assert_success(f.zone[i] ? 0 : -1, e);
    }
    return f;
}

static void fixture_close(struct fixture *f)
{
    for (size_t i = 0; i < ZONES; i++) {
        target_close(f->zone[i]);
        instance_free(f->instance[i]);
    }
    driver_host_free(f->host);
    fixture_scratch_remove(f->scratch);
}

static void take_finding(void *context, const char *object, const char *zone, const char *text)
{
    struct fixture *f = context;
    size_t used = strlen(f->found);
    snprintf(f->found + used, sizeof f->found - used, "%s|%s|%s\n", object, zone ? zone : "-",
             text);
}

/* Mends with the zones of `which`, a bit each. */
static void mend(struct fixture *f, unsigned which, bool read_all)
{
    struct zone_mending m = {.count = ZONES,
                             .names = names,
                             .read_all = read_all,
                             .context = f,
                             .found = take_finding,
                             .result = &f->result};
    struct error e = ERROR_INIT;
    f->found[0] = '\0';
    f->result = (struct zone_repair_result){.zones = ZONES};
    for (size_t i = 0; i < ZONES; i++) {
        if (!(which & 1u << i))
            continue;
        m.zone[i] = f->zone[i];
        m.there++;
    }
    assert_success(zone_mend(&m, &e), e);
}

static void expect(const struct fixture *f, uint64_t objects, uint64_t complete,
                   uint64_t copied, uint64_t replaced, uint64_t lost)
{
    assert_int_equal(f->result.objects, objects);
    assert_int_equal(f->result.complete, complete);
    assert_int_equal(f->result.copied, copied);
    assert_int_equal(f->result.replaced, replaced);
    assert_int_equal(f->result.lost, lost);
}

/* The name of a pack of these bytes. */
static void pack_of(const char *text, char name[NAME_SIZE])
{
    uint8_t hash[HASH_SIZE];
    hash_sha256(text, strlen(text), hash);
    name_of_pack(hash, name);
}

static bool has(struct target *zone, const char *key)
{
    struct error e = ERROR_INIT;
    uint64_t bytes;
    return target_stat(zone, key, &bytes, &e) == 0;
}

static size_t copies(const struct fixture *f, const char *key)
{
    return (size_t)has(f->zone[0], key) + has(f->zone[1], key) + has(f->zone[2], key);
}

/* From each zone alone: packs to one more, everything else to all. */
static void zones_mend_what_is_in_too_few(void **state)
{
    (void)state;
    for (size_t zone = 0; zone < ZONES; zone++) {
        struct fixture f = fixture_open();
        char name[NAME_SIZE];
        pack_of("pack", name);
        aspects_put(f.zone[zone], name, "pack");
        aspects_put(f.zone[zone], "conf/00000001", "conf");
        mend(&f, 7, false);
        expect(&f, 2, 0, 3, 0, 0);
        assert_int_equal(f.result.copied_bytes, 12);
        assert_int_equal(copies(&f, name), 2);
        assert_int_equal(copies(&f, "conf/00000001"), 3);
        mend(&f, 7, true);
        expect(&f, 2, 2, 0, 0, 0);
        assert_string_equal(f.found, "");
        fixture_close(&f);
    }
}

/* Without one of the zones: what two can hold. */
static void zones_mend_without_one(void **state)
{
    struct fixture f = fixture_open();
    char name[NAME_SIZE];
    (void)state;
    pack_of("pack", name);
    aspects_put(f.zone[0], name, "pack");
    aspects_put(f.zone[0], "conf/00000001", "conf");
    mend(&f, 5, false);
    expect(&f, 2, 0, 2, 0, 0);
    assert_true(has(f.zone[2], name) && has(f.zone[2], "conf/00000001"));
    assert_int_equal(aspects_count(f.zone[1]), 0);
    mend(&f, 7, false);
    expect(&f, 2, 1, 1, 0, 0);
    fixture_close(&f);
}

/* A pack's name tells which copy is good, wherever it is. */
static void zones_mend_bad_packs(void **state)
{
    (void)state;
    for (size_t good = 0; good < ZONES; good++) {
        for (int longer = 0; longer < 2; longer++) {
            struct fixture f = fixture_open();
            size_t bad = (good + 1) % ZONES;
            char name[NAME_SIZE], told[300];
            pack_of("pack", name);
            aspects_put(f.zone[good], name, "pack");
            aspects_put(f.zone[bad], name, longer ? "pack and more" : "pacK");
            mend(&f, 7, false);
            /* Of one length nobody looks unless told to. */
            expect(&f, 1, !longer, longer, longer, 0);
            mend(&f, 7, true);
            expect(&f, 1, longer, !longer, !longer, 0);
            aspects_expect(f.zone[bad], name, "pack", 4);
            snprintf(told, sizeof told, "%s|%s|the copy is damaged", name, names[bad]);
            assert_true(longer || strstr(f.found, told) != NULL);
            fixture_close(&f);
        }
    }
}

/* A bad copy alone is not spread, and not removed. */
static void zones_mend_nothing_from_a_bad_copy(void **state)
{
    struct fixture f = fixture_open();
    char name[NAME_SIZE], told[300];
    (void)state;
    pack_of("pack", name);
    aspects_put(f.zone[1], name, "pacK");
    mend(&f, 7, false);
    expect(&f, 1, 0, 0, 0, 1);
    assert_int_equal(copies(&f, name), 1);
    snprintf(told, sizeof told, "%s|-|no zone has a sound copy\n", name);
    assert_string_equal(f.found, told);
    fixture_close(&f);
}

/* Where the name says nothing, most of the copies decide; two that differ do not. */
static void zones_mend_by_majority(void **state)
{
    static const char key[] = "conf/00000001";
    (void)state;
    for (size_t odd = 0; odd < ZONES; odd++) {
        struct fixture f = fixture_open();
        for (size_t i = 0; i < ZONES; i++)
            aspects_put(f.zone[i], key, i == odd ? "CONF" : "conf");
        mend(&f, 7, true);
        expect(&f, 1, 0, 1, 1, 0);
        aspects_expect(f.zone[odd], key, "conf", 4);
        fixture_close(&f);
    }
    struct fixture f = fixture_open();
    aspects_put(f.zone[0], key, "conf");
    aspects_put(f.zone[1], key, "CONF");
    mend(&f, 7, false);
    expect(&f, 1, 0, 0, 0, 1);
    assert_string_equal(f.found, "conf/00000001|-|the zones have different copies of it\n");
    assert_int_equal(copies(&f, key), 2);
    fixture_close(&f);
}

/* More than a page of a listing, and no zone gets more than others. */
static void zones_mend_many(void **state)
{
    enum { MANY = 2500 };
    struct fixture f = fixture_open();
    char text[32], name[NAME_SIZE];
    size_t sizes[ZONES];
    (void)state;
    for (size_t i = 0; i < MANY; i++) {
        snprintf(text, sizeof text, "pack %zu", i);
        pack_of(text, name);
        aspects_put(f.zone[i % 2], name, text);
    }
    mend(&f, 7, false);
    expect(&f, MANY, 0, MANY, 0, 0);
    for (size_t i = 0; i < ZONES; i++)
        sizes[i] = aspects_count(f.zone[i]);
    assert_int_equal(sizes[0] + sizes[1] + sizes[2], 2 * MANY);
    for (size_t i = 0; i < ZONES; i++)
        assert_in_range(sizes[i], MANY / 3, MANY);
    mend(&f, 7, true);
    expect(&f, MANY, MANY, 0, 0, 0);
    fixture_close(&f);
}

static void zones_are_surveyed(void **state)
{
    struct fixture f = fixture_open();
    struct zone_place places[ZONES];
    struct error e = ERROR_INIT;
    struct zone_repair_result found;
    char name[NAME_SIZE];
    (void)state;
    pack_of("pack", name);
    aspects_put(f.zone[0], name, "pack");
    aspects_put(f.zone[1], name, "pack");
    for (size_t i = 0; i < ZONES; i++)
        aspects_put(f.zone[i], "conf/00000001", "conf");
    aspects_put(f.zone[2], "keys/x", "key");
    for (size_t i = 0; i < ZONES; i++)
        places[i] = (struct zone_place){.name = names[i], .target = f.zone[i]};
    struct target *t = target_zones(places, ZONES, &e);
    assert_success(t ? 0 : -1, e);
    assert_success(zone_survey(t, &found, &e), e);
    assert_int_equal(found.objects, 3);
    assert_int_equal(found.complete, 2);
    assert_int_equal(found.incomplete, 1);
    assert_int_equal(found.missing, 0);
    target_close(t);
    for (size_t i = 0; i < ZONES; i++)
        f.zone[i] = NULL;
    fixture_close(&f);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(zones_mend_what_is_in_too_few),
    cmocka_unit_test(zones_mend_without_one),
    cmocka_unit_test(zones_mend_bad_packs),
    cmocka_unit_test(zones_mend_nothing_from_a_bad_copy),
    cmocka_unit_test(zones_mend_by_majority),
    cmocka_unit_test(zones_mend_many),
    cmocka_unit_test(zones_are_surveyed),
};

UNIT_MAIN(tests)
