/* SPDX-License-Identifier: Apache-2.0 */
/* test_config_regions.c - regions, limits, mirrors and prices in configuration files. */
#include "config_fixture.h"
#include "scratch.h"
#include "unit.h"

#include <stdio.h>
#include <string.h>

#define REGION "region r { target tgt_dir { path = /x } }\n"
#define ZONE(name) "zone " name " { target t { path = /" name " } } "
#define ZONES ZONE("a") ZONE("b") ZONE("c")

/* Regions, and what stands beside them; each row names what it is about. */
static const struct config_row region_rows[] = {
    /* zones (VLT-05) */
    {"region r { " ZONES "}", ""},
    {"region r { " ZONE("a") "}", ""},
    {"region r { " ZONE("a") ZONE("b") "}", ":1: the region 'r' has two zones: it has one"},
    {"region r { " ZONES "target t { } }", ":1: the region 'r' has a target and zones"},
    {"region r { " ZONES "\nzone d { } }", ":2: the zone 'd' of the region 'r' has no target"},
    {"region r { " ZONES "\nzone d { target t { } target u { } } }",
     ":2: the zone 'd' of the region 'r' has 2 targets"},
    {"region r { " ZONES ZONE("a") "}", "the section 'zone a' is there already"},
    {"region r { " ZONES "\nzone A { target t { } } }",
     ":2: the zone 'A' of the region 'r' is there already, as 'a'"},
    {"region r { " ZONES "\nzone d { target t { path = /b } } }",
     ":2: the zones 'b' and 'd' of the region 'r' are at the same place"},
    {"region r { " ZONES "\nzone d { target t { path = /b// } } }",
     ":2: the zones 'b' and 'd' of the region 'r' are at the same place"},
    {"region r { " ZONES "\nzone d { target u { path = /b } } }", ""},
    {"region r { " ZONES "\nzone d { target t { path = /b host = x } } }", ""},
    {"region r { " ZONES "\nzone x/y { target t { } } }", ":2: the name 'x/y' of a zone"},
    {"region r { " ZONES "\nzone -x { target t { } } }", ":2: the name '-x' of a zone"},
    {"region r { " ZONES "\nzone d { path = /x } }", ":2: no such option 'path'; known here: "
                                                     "target"},
    {"region r { " ZONES ZONE("d") ZONE("e") ZONE("f") ZONE("g") ZONE("h") ZONE("i") ZONE("j")
         ZONE("k") ZONE("l") ZONE("m") ZONE("n") ZONE("o") ZONE("p") "}",
     ""},
    {"region r { " ZONES ZONE("d") ZONE("e") ZONE("f") ZONE("g") ZONE("h") ZONE("i") ZONE("j")
         ZONE("k") ZONE("l") ZONE("m") ZONE("n") ZONE("o") ZONE("p") ZONE("q") "}",
     ":1: the region 'r' has more than 16 zones"},
    /* projects (LOC-02) */
    {"region r { projects = { a, b } default-project = b target t { } }", ""},
    {"region r { default-project = default target t { } }", ""},
    {"region r { projects = { a, b }\ndefault-project = c target t { } }",
     ":2: default-project = 'c': it is none of `projects`"},
    {"region r {\nprojects = { } target t { } }", ":2: the region 'r' has no project"},
    {"region r { default-project = main target t { } }", "it is none of `projects`"},
    /* send and receive (LOC-01, LOC-05) */
    {"region r { send = yes receive = no target t { } }", ""},
    {"region r {\nsend = maybe target t { } }", ":2: send = 'maybe': yes or no"},
    {"region r {\nreceive = \"\" target t { } }", ":2: receive = '': yes or no"},
    /* destinations (LOC-06, LOC-07) */
    {"region r { destinations = { s } target t { } }\nregion s { target t { } }", ""},
    {"region r {\ndestinations = { x } target t { } }\nregion s { target t { } }",
     ":2: there is no region 'x' in "},
    {"region r {\ndestinations = { x } target t { } }\nregion s { target t { } }",
     "there are: r, s"},
    {"region r {\ndestinations = { r } target t { } }",
     ":2: destinations = 'r': a region is no destination of its own"},
    {"region r {\ndestinations = { s, s } target t { } }\nregion s { target t { } }",
     ":2: destinations = 's': it stands there twice"},
    {"region r {\ndestinations = { } target t { } }", ":2: the region 'r' has an empty list"},
    {"region r {\ndestinations = { a/b } target t { } }", ":2: the name 'a/b' of a region"},
    /* account (LOC-03), domains (LOC-10), key */
    {"region r { account = acme target t { } }", ""},
    {"region r {\naccount = \"\" target t { } }", ":2: account = '': a name of 1 to 64 bytes"},
    {"region r {\naccount = a123456789b123456789c123456789d123456789e123456789f123456789g1234"
     "5 target t { } }",
     "a name of 1 to 64 bytes"},
    {"region r { domains { site = a power = b } target t { } }", ""},
    {"region r { domains { } target t { } }", ""},
    {"region r { domains {\nsite = \"\" } target t { } }",
     ":2: site = '': a name of 1 to 64 bytes"},
    {"region r { domains { site = a\nsite = b } target t { } }",
     ":2: 'site' is set already, on line 1"},
    {"region r { domains { Site = a } target t { } }", ":1: 'Site' is no key"},
    {"region r { domains { a=1 b=1 c=1 d=1 e=1 f=1 g=1 h=1 i=1 j=1 k=1 l=1 m=1 n=1 o=1 p=1 } "
     "target t { } }",
     ""},
    {"region r { domains { a=1 b=1 c=1 d=1 e=1 f=1 g=1 h=1 i=1 j=1 k=1 l=1 m=1 n=1 o=1 p=1 "
     "q=1 } target t { } }",
     ":1: more than 16 labels"},
    {"region r { key = \"key_exec:command=x\" target t { } }", ""},
    {"region r {\nkey = \":x\" target t { } }", ":2: '' is no driver"},
    {"region r {\nkey = \"../x:y\" target t { } }", ":2: '../x' is no driver"},
    /* the list of labels that a mirror must not share */
    {"mirror { distinct = { site, admin } }", ""},
    {"mirror { distinct = { site, site } }", ":1: distinct = 'site': it stands there twice"},
    {"mirror { distinct = { Site } }", ":1: distinct = 'Site': the name of a label"},
    {"mirror { distinct = { \"\" } }", ":1: distinct = '': the name of a label"},
    {"mirror { speed = 3 }", ":1: no such option 'speed'; known here: history-delay"},
    {"prices { speed = 3 }", ":1: no such option 'speed'; known here: stored, replicated"},
    {"mirror { } mirror { }", "the section 'mirror' is there already"},
    {"prices { } prices { }", "the section 'prices' is there already"},
    /* bandwidth (SCH-12), currency */
    {"limits { bandwidth = \"0:24:5120\" }", ""},
    {"limits { bandwidth = \"8:18:1|18:22:2\" }", ""},
    {"limits {\nbandwidth = \"8:18:1|17:22:2\" }",
     ":2: bandwidth '17:22:2': it lies over another range"},
    {"limits { bandwidth = fast }", ":1: bandwidth 'fast': not three numbers"},
    {"prices { currency = EUR }", ""},
    {"prices { currency = \"\" }", ":1: currency = '': a currency of 1 to 8 bytes"},
    {"prices { currency = Doubloons }", "a currency of 1 to 8 bytes"},
};

/* Each setting that is one value at its borders (LIM-01): the least and the most are taken,
 * what lies beyond is not. */
static const struct {
    const char *row, *section, *key, *below, *least, *most, *above, *part;
} borders[] = {
    {"LIM-01 transfers", "limits", "transfers", "0", "1", "256", "257", "from 1 to 256"},
    {"LIM-01 vaults", "limits", "vaults", "0", "1", "100000", "100001", "from 1 to 100000"},
    {"LIM-01 mirrors", "limits", "mirrors", "0", "1", "100000", "100001", "from 1 to 100000"},
    {"LIM-01 sources", "limits", "sources", "0", "1", "100000", "100001", "from 1 to 100000"},
    {"LIM-01 tags", "limits", "tags", "0", "1", "1000", "1001", "from 1 to 1000"},
    {"LIM-01 task history", "limits", "task-history", "0", "1s", "3650d", "3651d",
     "1s to 3650d"},
    {"QUE retry budget", "limits", "retry-budget", "999ms", "1", "720h", "31d", "1s to 30d"},
    {"VLT undelete", "limits", "undelete", "-1", "0", "3650d", "87600001m", "0 to 3650d"},
    {"VLT age", "limits", "vault-age", "1y", "0s", "3650d", "522w", "0 to 3650d"},
    {"MIR history delay", "mirror", "history-delay", "1.5h", "0", "30d", "2592001", "0 to 30d"},
    {"DEL delete delay", "mirror", "delete-delay", "d", "0", "3650d", "3651d", "0 to 3650d"},
    {"DEL delete limit", "mirror", "delete-limit", "0", "1", "1000000000", "1000000001",
     "from 1 to 1000000000"},
    {"MET-13 rpo", "mirror", "rpo", "soon", "0", "3650d", "99999999999999999w", "0 to 3650d"},
    {"MET-02 stored", "prices", "stored", "-1", "0", "1000000", "1000000.000000001",
     "0 to 1000000"},
    {"MET-02 replicated", "prices", "replicated", ".5", "0.0", "999999.999999999", "1000001",
     "0 to 1000000"},
    {"MET-02 restored", "prices", "restored", "0,5", "0.023", "1000000.0", "1e3",
     "0 to 1000000"},
    {"MET-02 digits", "prices", "stored", "1.", "0.123456789", "1000000", "0.1234567890",
     "0 to 1000000"},
};

static bool takes_value(size_t border, const char *value, struct error *e)
{
    char text[200];

    int size = snprintf(text, sizeof(text), "%s {\n%s = \"%s\" }", borders[border].section,
                        borders[border].key, value);
    struct config *c = config_text(text, (size_t)size, e);
    config_free(c);
    return c != NULL;
}

static void config_borders_LIM_01(void **state)
{
    struct error e;

    (void)state;
    for (size_t i = 0; i < sizeof(borders) / sizeof(borders[0]); i++) {
        if (!takes_value(i, borders[i].least, &e) || !takes_value(i, borders[i].most, &e))
            fail_msg("%s: %s", borders[i].row, e.text);
        const char *bad[] = {borders[i].below, borders[i].above};
        for (size_t j = 0; j < 2; j++)
            if (takes_value(i, bad[j], &e) || strstr(e.text, borders[i].part) == NULL ||
                strstr(e.text, "lagan.conf:2: ") == NULL || e.code != ERROR_CONFIG)
                fail_msg("%s = %s: %s", borders[i].row, bad[j], e.text);
    }
}

static void config_defaults_LIM_01(void **state)
{
    const int64_t second = 1000000000, day = 86400 * second;
    struct error e;
    struct config *c = config_text(REGION, strlen(REGION), &e);

    (void)state;
    if (c == NULL)
        fail_msg("%s", e.text);
    assert_int_equal(c->limits.transfers, 8);
    assert_int_equal(c->limits.vaults, 100);
    assert_int_equal(c->limits.mirrors, 5);
    assert_int_equal(c->limits.sources, 256);
    assert_int_equal(c->limits.tags, 20);
    assert_true(c->limits.retry_budget_ns == 7200 * second);
    assert_true(c->limits.task_history_ns == 30 * day);
    assert_true(c->limits.undelete_ns == 14 * day);
    assert_true(c->limits.vault_age_ns == 0);
    assert_null(c->limits.bandwidth);
    assert_true(c->mirror.history_delay_ns == 5400 * second);
    assert_true(c->mirror.delete_delay_ns == 7 * day);
    assert_int_equal(c->mirror.delete_limit, 10);
    assert_true(c->mirror.rpo_ns == day);
    assert_int_equal(c->mirror.distinct_count, 0);
    assert_true(c->prices.stored == 0 && c->prices.replicated == 0 && c->prices.restored == 0);
    assert_string_equal(c->prices.currency, "");
    const struct config_region *r = &c->regions[0];
    assert_true(r->can_send && r->can_receive);
    assert_int_equal(r->zone_count, 1);
    assert_string_equal(r->zone_names[0], "");
    assert_int_equal(r->project_default, 0);
    assert_string_equal(r->account, "");
    assert_null(r->key);
    config_free(c);
}

static void config_of_regions(void **state)
{
    static const char text[] = "region west {\n"
                               "  projects = { main, lab }  default-project = lab\n"
                               "  " ZONES "\n"
                               "  send = no  receive = yes\n"
                               "  destinations = { east }\n"
                               "  account = acme\n"
                               "  domains { site = \"Dresden 1\"  power = drewag }\n"
                               "  key = \"key_file:path=/k\"\n"
                               "}\n"
                               "region east { target t { } }\n"
                               "mirror { rpo = 12h distinct = { site } }\n"
                               "limits { bandwidth = \"0:24:1\" }\n"
                               "prices { stored = 0.0215 currency = EUR }\n";
    struct place place;
    struct error e;
    struct config *c = config_text(text, strlen(text), &e);

    (void)state;
    if (c == NULL)
        fail_msg("%s", e.text);
    const struct config_region *r = &c->regions[0];
    assert_int_equal(r->zone_count, 3);
    assert_string_equal(r->zone_names[2], "c");
    assert_string_equal(config_parameter_find(&r->zones[2], "path")->value, "/c");
    assert_int_equal(r->zones[2].place.line, 3);
    assert_int_equal(r->project_default, 1);
    assert_string_equal(r->key, "key_file:path=/k");
    assert_int_equal(r->destinations_place.line, 5);
    config_region_place(r, &place);
    assert_string_equal(place.name, "west");
    assert_true(!place.can_send && place.can_receive);
    assert_int_equal(place.destination_count, 1);
    assert_string_equal(place.destinations[0], "east");
    assert_string_equal(place.account, "acme");
    assert_int_equal(place.project_count, 2);
    assert_int_equal(place.project_default, 1);
    assert_int_equal(place.domain_count, 2);
    assert_string_equal(place.domains[0].name, "site");
    assert_string_equal(place.domains[0].value, "Dresden 1");
    assert_int_equal(place.zone_count, 3);
    assert_string_equal(c->mirror.distinct[0], "site");
    assert_string_equal(c->limits.bandwidth, "0:24:1");
    assert_true(c->prices.stored > 0.02149 && c->prices.stored < 0.02151);
    config_free(c);
}

static void config_corpus_of_regions(void **state)
{
    (void)state;
    config_try(region_rows, sizeof(region_rows) / sizeof(region_rows[0]));
}

static const struct CMUnitTest tests[] = {
    scratch_test(config_corpus_of_regions),
    scratch_test(config_borders_LIM_01),
    scratch_test(config_defaults_LIM_01),
    scratch_test(config_of_regions),
};

UNIT_MAIN(tests)
