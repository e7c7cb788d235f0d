/* SPDX-License-Identifier: Apache-2.0 */
/* test_policy_place.c - what regions allow (LOC rows, VLT-05, VLT-06). */
#include "policy/place.h"

#include "unit.h"

#include <stdio.h>
#include <string.h>

/* Configurations own their texts; nothing writes to these. */
#define T(text) ((char[]){text})
static char *const projects[] = {T("main"), T("lab")};
static char *const to_west[] = {T("west"), T("north")};
static const struct place_label east_labels[] = {
    {T("site"), T("dresden")}, {T("power"), T("drewag")}, {T("admin"), T("jo")}};
static const struct place_label west_labels[] = {{T("power"), T("drewag")},
                                                 {T("site"), T("berlin")},
                                                 {T("admin"), T("jo")},
                                                 {T("rack"), T("7")}};

static const struct place east = {.name = "east",
                                  .can_send = true,
                                  .can_receive = true,
                                  .account = "",
                                  .projects = projects,
                                  .project_count = 2,
                                  .project_default = 1,
                                  .domains = east_labels,
                                  .domain_count = 3,
                                  .zone_count = 1};
static const struct place west = {.name = "west",
                                  .can_send = true,
                                  .can_receive = true,
                                  .account = "",
                                  .projects = projects,
                                  .project_count = 1,
                                  .domains = west_labels,
                                  .domain_count = 4,
                                  .zone_count = 3};

/* From and to, changed in one way; what place_route says. */
struct row {
    const char *row;
    enum { NOTHING, SILENT, DEAF, BOTH, SAME, ACCOUNT, ACCOUNTS, LISTED, UNLISTED } change;
    int code; /* 0 = allowed */
    const char *part;
};

static const struct row rows[] = {
    {"LOC-01 a region that receives", NOTHING, 0, ""},
    {"LOC-01 a region that does not receive", DEAF, ERROR_REGION_CANNOT_RECEIVE,
     "the region west takes nothing"},
    {"LOC-05 a region that does not send", SILENT, ERROR_REGION_CANNOT_SEND,
     "the region east sends nothing"},
    {"LOC-05 what the source lacks comes first", BOTH, ERROR_REGION_CANNOT_SEND, "east"},
    {"LOC-03 one account, named", ACCOUNTS, 0, ""},
    {"LOC-03 another account", ACCOUNT, ERROR_ACCOUNT_DIFFERS,
     "east and west belong to different accounts ('' and 'acme')"},
    {"LOC-06 a permitted destination", LISTED, 0, ""},
    {"LOC-06 another destination", UNLISTED, ERROR_DESTINATION_FORBIDDEN,
     "east may not send to south; its `destinations` are: west, north"},
    {"LOC-07 the same region", SAME, ERROR_SAME_REGION, "the region east is the source's own"},
};

static void change(struct place *from, struct place *to, const struct row *row)
{
    *from = east;
    *to = row->change == SAME ? east : west;
    from->can_send = row->change != SILENT && row->change != BOTH;
    to->can_receive = row->change != DEAF && row->change != BOTH;
    if (row->change == ACCOUNT || row->change == ACCOUNTS)
        to->account = "acme";
    if (row->change == ACCOUNTS)
        from->account = "acme";
    if (row->change == LISTED || row->change == UNLISTED) {
        from->destinations = to_west;
        from->destination_count = 2;
    }
    if (row->change == UNLISTED)
        to->name = "south";
}

static void place_routes_LOC_01_03_05_06_07(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct place from, to;
        struct error e = ERROR_INIT;
        change(&from, &to, &rows[i]);
        int result = place_route(&from, &to, &e);
        if (result != (rows[i].code ? -1 : 0) || e.code != (unsigned)rows[i].code ||
            !strstr(e.text, rows[i].part))
            fail_msg("%s: %s", rows[i].row, e.text);
    }
}

static void place_projects_LOC_02(void **state)
{
    const char *project = NULL;
    struct error e = ERROR_INIT;
    (void)state;
    assert_int_equal(place_project(&west, NULL, &project, &e), 0);
    assert_string_equal(project, "main");
    assert_int_equal(place_project(&east, NULL, &project, &e), 0);
    assert_string_equal(project, "lab");
    assert_int_equal(place_project(&east, "main", &project, &e), 0);
    assert_string_equal(project, "main");
    assert_int_equal(place_project(&east, "Main", &project, &e), -1);
    assert_int_equal(e.code, ERROR_NO_PROJECT);
    assert_string_equal(e.text, "the region east has no project 'Main'; there are: main, lab");
    assert_string_equal(project, "main");
}

static void place_redundancy_VLT_05_06(void **state)
{
    struct place p = west;
    (void)state;
    for (size_t zones = 1; zones <= 16; zones++) {
        p.zone_count = zones;
        assert_int_equal(place_zone_redundant(&p), zones >= 3);
        assert_string_equal(place_redundancy(&p), zones >= 3 ? "zrs" : "lrs");
    }
    /* Neither sending nor receiving has a say. */
    p.can_send = p.can_receive = false;
    assert_string_equal(place_redundancy(&p), "zrs");
}

static void place_domains_LOC_10(void **state)
{
    const struct place_label *shared[PLACE_DOMAIN_LIMIT] = {NULL};
    struct place bare = west;
    (void)state;
    assert_int_equal(place_shared_domains(&east, &west, shared), 2);
    assert_string_equal(shared[0]->name, "power");
    assert_ptr_equal(shared[0], &east_labels[1]);
    assert_string_equal(shared[1]->name, "admin");
    bare.domain_count = 0;
    assert_int_equal(place_shared_domains(&east, &bare, shared), 0);
    assert_int_equal(place_shared_domains(&bare, &east, shared), 0);
    assert_int_equal(place_shared_domains(&east, &east, shared), 3);
}

static void place_distinct_LOC_10(void **state)
{
    char *const distinct[] = {T("site"), T("rack"), T("power")};
    struct error e = ERROR_INIT;
    (void)state;
    assert_int_equal(place_distinct(&east, &west, distinct, 0, &e), 0);
    assert_int_equal(place_distinct(&east, &west, distinct, 2, &e), 0);
    assert_int_equal(place_distinct(&east, &west, distinct, 3, &e), -1);
    assert_int_equal(e.code, ERROR_DESTINATION_FORBIDDEN);
    assert_non_null(strstr(e.text, "east and west share power = drewag"));
}

/* However long the lists are, the line ends well. */
static void place_names_are_cut(void **state)
{
    static char text[60][8];
    char *many[60];
    struct place p = east;
    const char *project;
    struct error e = ERROR_INIT;
    (void)state;
    for (size_t i = 0; i < 60; i++) {
        snprintf(text[i], sizeof text[i], "name%02zu", i);
        many[i] = text[i];
    }
    p.projects = many;
    p.project_count = 60;
    assert_int_equal(place_project(&p, "none", &project, &e), -1);
    assert_true(strlen(e.text) < 400);
    assert_non_null(strstr(e.text, "there are: name00, name01"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(place_routes_LOC_01_03_05_06_07),
        cmocka_unit_test(place_projects_LOC_02),
        cmocka_unit_test(place_redundancy_VLT_05_06),
        cmocka_unit_test(place_domains_LOC_10),
        cmocka_unit_test(place_distinct_LOC_10),
        cmocka_unit_test(place_names_are_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
