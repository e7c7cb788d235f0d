/* SPDX-License-Identifier: Apache-2.0 */
/* test_object_rules.c - rules of OBJ-03 to OBJ-16 as tables, and what copies say of themselves.
 */
#include "base/object.h"
#include "engine/object_origin.h"
#include "policy/object_rules.h"
#include "unit.h"

#include <stdio.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const int64_t SECOND_NS = INT64_C(1000000000);

/* A code that stands for: allowed. */
enum { FINE = -1 };

static void check_code(const char *what, int result, int code, const struct error *e)
{
    if (result != (code == FINE ? 0 : -1) || (code != FINE && (int)e->code != code))
        fail_msg("%s: %s, not %s (%s)", what, result ? error_code_name(e->code) : "allowed",
                 code == FINE ? "allowed" : error_code_name((uint32_t)code), e->text);
    if (result != 0 && (strstr(e->text, "(null)") != NULL || strlen(e->text) < 30))
        fail_msg("%s: '%s'", what, e->text);
}

/* ---- settings ---- */

static int parse(const char *const *words, struct object_rule *rule, struct error *e)
{
    static struct object_rule_pair pairs[32];
    static char texts[32][400];
    size_t count = 0;

    for (; words[count] != NULL; count++) {
        snprintf(texts[count], sizeof(texts[count]), "%s", words[count]);
        char *equals = strchr(texts[count], '=');
        *equals = '\0';
        pairs[count] = (struct object_rule_pair){texts[count], equals + 1};
    }
    *rule = (struct object_rule){.name = "r", .from = "s3:x/a", .to = "s3:x/b"};
    return object_rule_parse(pairs, count, rule, e);
}

static void settings_one_by_one(void **state)
{
    static const struct {
        const char *id;
        int code;
        const char *words[14];
    } cases[] = {
        {"OBJ-01", FINE, {NULL}},
        {"OBJ-05", FINE, {"priority=1", NULL}},
        {"OBJ-05", FINE, {"priority=1000", NULL}},
        {"OBJ-05", ERROR_RULE_PRIORITY, {"priority=0", NULL}},
        {"OBJ-05", ERROR_RULE_PRIORITY, {"priority=1001", NULL}},
        {"OBJ-05", ERROR_RULE_PRIORITY, {"priority=-1", NULL}},
        {"OBJ-05", ERROR_RULE_PRIORITY, {"priority=high", NULL}},
        {"OBJ-06", FINE, {"tag=a=1", NULL}},
        {"OBJ-06", FINE, {"tag=a=", NULL}},
        {"OBJ-06", FINE, {"tag=a=b=c", NULL}},
        {"OBJ-06",
         FINE,
         {"tag=a=1", "tag=b=1", "tag=c=1", "tag=d=1", "tag=e=1", "tag=f=1", "tag=g=1",
          "tag=h=1", "tag=i=1", "tag=j=1", NULL}},
        {"OBJ-06",
         ERROR_RULE_TAGS,
         {"tag=a=1", "tag=b=1", "tag=c=1", "tag=d=1", "tag=e=1", "tag=f=1", "tag=g=1",
          "tag=h=1", "tag=i=1", "tag=j=1", "tag=k=1", NULL}},
        {"OBJ-06", ERROR_RULE_TAGS, {"tag=a=1", "tag=a=2", NULL}},
        {"OBJ-06", ERROR_RULE_TAGS, {"tag=novalue", NULL}},
        {"OBJ-06", ERROR_RULE_TAGS, {"tag==x", NULL}},
        {"OBJ-06", FINE, {"tag=a=1", "delete-marker=disabled", NULL}},
        {"OBJ-06", ERROR_RULE_TAGS_MARKER, {"tag=a=1", "delete-marker=enabled", NULL}},
        {"OBJ-07", FINE, {"delete-marker=enabled", NULL}},
        {"OBJ-07", ERROR_RULE_SETTING, {"delete-marker=on", NULL}},
        {"OBJ-11", FINE, {"class=keep", NULL}},
        {"OBJ-11", FINE, {"class=STANDARD_IA", NULL}},
        {"OBJ-11", ERROR_RULE_SETTING, {"class=", NULL}},
        {"OBJ-15", FINE, {"rpo=15m", "parallel=64", "every=1s", NULL}},
        {"OBJ-15", ERROR_RULE_SETTING, {"parallel=65", NULL}},
        {"OBJ-15", ERROR_RULE_SETTING, {"parallel=0", NULL}},
        {"OBJ-15", ERROR_RULE_SETTING, {"every=0", NULL}},
        {"OBJ-15", ERROR_RULE_SETTING, {"rpo=1mo", NULL}},
        {"OBJ-02", FINE, {"verify=content", "acl=leave", "attempts=100", NULL}},
        {"OBJ-02", ERROR_RULE_SETTING, {"verify=hash", NULL}},
        {"OBJ-02", ERROR_RULE_SETTING, {"attempts=101", NULL}},
        {"form", ERROR_RULE_SETTING, {"prefix=a", "prefix=b", NULL}},
        {"form", ERROR_RULE_SETTING, {"prefx=a", NULL}},
        {"form", ERROR_PARAMETER, {"bandwidth=fast", NULL}},
    };
    (void)state;

    for (size_t i = 0; i < COUNT(cases); i++) {
        struct error e = ERROR_INIT;
        struct object_rule rule;
        char what[64];
        snprintf(what, sizeof(what), "%s, case %zu", cases[i].id, i);
        check_code(what, parse(cases[i].words, &rule, &e), cases[i].code, &e);
    }
}

static void settings_by_default(void **state)
{
    static const char *const nothing[] = {NULL};
    static const char *const tagged[] = {"tag=team=blue", NULL};
    static const char *const keep[] = {"class=keep", NULL};
    static const char *const cold[] = {"class=COLD", NULL};
    struct error e = ERROR_INIT;
    struct object_rule rule;
    (void)state;

    assert_int_equal(parse(nothing, &rule, &e), 0);
    assert_true(rule.delete_marker); /* OBJ-07 */
    assert_null(rule.storage_class); /* OBJ-11: that of the original */
    assert_true(rule.keep_acl);
    assert_int_equal(rule.every_ns, 60 * SECOND_NS);
    assert_int_equal(rule.rpo_ns, 0);
    assert_int_equal(rule.priority, 0);
    assert_int_equal(rule.prefix_size, 0);
    assert_int_equal(parse(keep, &rule, &e), 0);
    assert_null(rule.storage_class);
    assert_int_equal(parse(cold, &rule, &e), 0);
    assert_string_equal(rule.storage_class, "COLD");
    assert_int_equal(parse(tagged, &rule, &e), 0);
    assert_false(rule.delete_marker); /* OBJ-06 */
    assert_int_equal(rule.tag_count, 1);
    assert_int_equal(rule.tags[0].name_size, 4);
    assert_int_equal(rule.tags[0].value_size, 4);
}

static void settings_are_all_known(void **state)
{
    (void)state;
    for (int i = 0; i < OBJECT_RULE_SETTING_COUNT; i++)
        assert_int_equal(
            object_rule_setting_find(object_rule_setting_name((enum object_rule_setting)i)), i);
    assert_int_equal(object_rule_setting_find("nothing"), -1);
}

/* ---- OBJ-03 ---- */

static void ends_keep_versions(void **state)
{
    static const int codes[3][3] = {
        /* from NONE */ {ERROR_RULE_SOURCE_VERSIONS, ERROR_RULE_SOURCE_VERSIONS,
                         ERROR_RULE_SOURCE_VERSIONS},
        /* from KEPT */
        {ERROR_RULE_DESTINATION_VERSIONS, FINE, ERROR_RULE_DESTINATION_VERSIONS},
        /* from SUSPENDED */
        {ERROR_RULE_SOURCE_VERSIONS, ERROR_RULE_SOURCE_VERSIONS, ERROR_RULE_SOURCE_VERSIONS}};
    struct object_rule rule = {.name = "r", .from = "s3:x/a", .to = "s3:x/b"};
    struct error e = ERROR_INIT;
    (void)state;

    for (unsigned from = 0; from < 3; from++) {
        for (unsigned to = 0; to < 3; to++) {
            char what[64];
            snprintf(what, sizeof(what), "OBJ-03, %u to %u", from, to);
            check_code(what,
                       object_rule_check_ends(&rule, (enum object_versions)from,
                                              (enum object_versions)to, &e),
                       codes[from][to], &e);
        }
    }
    rule.to = rule.from;
    check_code("into itself",
               object_rule_check_ends(&rule, OBJECT_VERSIONS_KEPT, OBJECT_VERSIONS_KEPT, &e),
               ERROR_RULE_SAME_PLACE, &e);
}

/* ---- rules beside each other ---- */

static struct object_rule rule_to(const char *name, const char *to, const char *prefix,
                                  unsigned priority)
{
    return (struct object_rule){.name = name,
                                .from = "s3:x/a",
                                .to = to,
                                .enabled = true,
                                .prefix = prefix,
                                .prefix_size = strlen(prefix),
                                .priority = priority,
                                .delete_marker = true};
}

static void rules_beside_each_other(void **state)
{
    static const struct {
        const char *id;
        const char *to[2], *prefix[2];
        unsigned priority[2];
        int code;
    } cases[] = {
        {"OBJ-05", {"b", "b"}, {"x/", "y/"}, {0, 0}, FINE},
        {"OBJ-05", {"b", "b"}, {"x/", "x/y/"}, {0, 0}, ERROR_RULE_OVERLAP},
        {"OBJ-05", {"b", "b"}, {"x/y/", "x/"}, {0, 0}, ERROR_RULE_OVERLAP},
        {"OBJ-05", {"b", "b"}, {"x/", "x/"}, {0, 0}, ERROR_RULE_OVERLAP},
        {"OBJ-05", {"b", "c"}, {"x/", "x/y/"}, {0, 0}, FINE},
        {"OBJ-05", {"b", "b"}, {"x/", "x/y/"}, {1, 2}, FINE},
        {"OBJ-05", {"b", "b"}, {"x/", "y/"}, {1, 0}, ERROR_RULE_PRIORITY_MIXED},
        {"OBJ-05", {"b", "c"}, {"x/", "y/"}, {0, 7}, ERROR_RULE_PRIORITY_MIXED},
        {"OBJ-05", {"b", "b"}, {"x/", "y/"}, {7, 7}, ERROR_RULE_PRIORITY_TAKEN},
        {"OBJ-05", {"b", "c"}, {"x/", "y/"}, {7, 7}, ERROR_RULE_PRIORITY_TAKEN},
        {"OBJ-13", {"b", "c"}, {"", "y/"}, {0, 0}, ERROR_RULE_WHOLE},
        {"OBJ-13", {"b", "c"}, {"y/", ""}, {1, 2}, ERROR_RULE_WHOLE},
        {"OBJ-13", {"b", "c"}, {"", ""}, {0, 0}, ERROR_RULE_WHOLE},
    };
    (void)state;

    for (size_t i = 0; i < COUNT(cases); i++) {
        struct object_rule rules[2];
        struct error e = ERROR_INIT;
        char what[64];
        for (int n = 0; n < 2; n++)
            rules[n] = rule_to(n ? "two" : "one", cases[i].to[n], cases[i].prefix[n],
                               cases[i].priority[n]);
        snprintf(what, sizeof(what), "%s, case %zu", cases[i].id, i);
        check_code(what, object_rules_check(rules, 2, 0, &e), cases[i].code, &e);
        assert_int_equal(object_rules_check(&rules[0], 1, 0, &e), 0); /* alone: any */
    }
}

/* A rule for all keys with a tag is not one for the whole. */
static void rules_with_tags_are_not_whole(void **state)
{
    struct object_rule rules[2] = {rule_to("one", "b", "", 1), rule_to("two", "b", "x/", 2)};
    struct error e = ERROR_INIT;
    (void)state;

    rules[0].tags[0] = (struct object_tag){"k", "v", 1, 1};
    rules[0].tag_count = 1;
    assert_int_equal(object_rules_check(rules, 2, 0, &e), 0);
}

static void rules_are_not_too_many(void **state)
{
    static struct object_rule rules[OBJECT_RULE_LIMIT + 1];
    static char prefixes[OBJECT_RULE_LIMIT + 1][16];
    struct error e = ERROR_INIT;
    (void)state;

    for (size_t i = 0; i < COUNT(rules); i++) {
        snprintf(prefixes[i], sizeof(prefixes[i]), "p%05zu/", i);
        rules[i] = rule_to("r", "b", prefixes[i], 0);
    }
    check_code("OBJ-04", object_rules_check(rules, OBJECT_RULE_LIMIT, 0, &e), FINE, &e);
    check_code("OBJ-04", object_rules_check(rules, OBJECT_RULE_LIMIT + 1, 0, &e),
               ERROR_RULE_LIMIT, &e);
    check_code("OBJ-04", object_rules_check(rules, 3, 2, &e), ERROR_RULE_LIMIT, &e);
}

/* ---- what becomes of a version ---- */

static void versions_that_are_new(void **state)
{
    const int64_t s = SECOND_NS;
    const struct object_gap gaps[] = {{10 * s, 20 * s + s / 2}};
    const struct object_window window = {20 * s + s / 2, gaps, 1};
    const struct {
        const char *id;
        int64_t made_ns;
        bool whole;
        enum object_skip skip;
    } cases[] = {
        {"OBJ-01", 21 * s, false, OBJECT_SKIP_NONE},
        {"OBJ-01", 20 * s + s / 2, false, OBJECT_SKIP_NONE},
        {"OBJ-09", 9 * s, false, OBJECT_SKIP_PRE_EXISTING},
        {"OBJ-09", 10 * s - 1, false, OBJECT_SKIP_PRE_EXISTING},
        {"OBJ-12", 10 * s, false, OBJECT_SKIP_SWITCHED_OFF},
        {"OBJ-12", 20 * s + s / 2 - 1, false, OBJECT_SKIP_SWITCHED_OFF},
        {"OBJ-12", 19 * s, true, OBJECT_SKIP_SWITCHED_OFF},
        /* a store that tells seconds: made in the second in which the rule was switched on */
        {"OBJ-01", 20 * s, true, OBJECT_SKIP_NONE},
        {"OBJ-12", 20 * s, false, OBJECT_SKIP_SWITCHED_OFF},
    };
    (void)state;

    for (size_t i = 0; i < COUNT(cases); i++) {
        enum object_skip skip = object_rule_is_new(&window, cases[i].made_ns, cases[i].whole);
        if (skip != cases[i].skip)
            fail_msg("%s, case %zu: %s, not %s", cases[i].id, i, object_skip_name(skip),
                     object_skip_name(cases[i].skip));
    }
}

static const struct object_tag blue = {"team", "blue", 4, 4};
static const struct object_tag red = {"team", "red", 4, 3};

static void versions_that_are_decided(void **state)
{
    struct object_rule rules[] = {rule_to("low", "b", "x/", 9), rule_to("high", "b", "x/y/", 1),
                                  rule_to("tagged", "b", "x/", 5),
                                  rule_to("quiet", "b", "x/", 20)};
    const struct {
        const char *id;
        size_t at;
        const char *key;
        bool marker, is_copy;
        const struct object_tag *tag;
        enum object_skip skip;
    } cases[] = {
        {"OBJ-01", 0, "x/1", false, false, NULL, OBJECT_SKIP_NONE},
        {"OBJ-09", 0, "x/1", false, true, NULL, OBJECT_SKIP_IS_COPY},
        {"OBJ-10", 0, "x/1", true, true, NULL, OBJECT_SKIP_IS_COPY},
        {"OBJ-05", 0, "x/y/1", false, false, NULL, OBJECT_SKIP_OTHER_RULE},
        {"OBJ-05", 1, "x/y/1", false, false, NULL, OBJECT_SKIP_NONE},
        {"OBJ-05", 0, "x/1", false, false, &blue, OBJECT_SKIP_OTHER_RULE},
        {"OBJ-05", 0, "x/1", false, false, &red, OBJECT_SKIP_NONE},
        {"OBJ-06", 2, "x/1", false, false, &blue, OBJECT_SKIP_NONE},
        {"OBJ-06", 2, "x/1", false, false, &red, OBJECT_SKIP_OTHER_TAGS},
        {"OBJ-06", 2, "x/1", false, false, NULL, OBJECT_SKIP_OTHER_TAGS},
        {"OBJ-06", 2, "x/1", true, false, NULL, OBJECT_SKIP_DELETE_MARKER},
        {"OBJ-07", 0, "x/1", true, false, NULL, OBJECT_SKIP_NONE},
        {"OBJ-07", 3, "x/1", true, false, NULL, OBJECT_SKIP_DELETE_MARKER},
        {"OBJ-05", 3, "x/1", false, false, &red, OBJECT_SKIP_OTHER_RULE},
    };
    (void)state;

    rules[2].tags[0] = blue;
    rules[2].tag_count = 1;
    rules[2].delete_marker = rules[3].delete_marker = false;
    for (size_t i = 0; i < COUNT(cases); i++) {
        const struct object_facts facts = {.key = cases[i].key,
                                           .key_size = strlen(cases[i].key),
                                           .marker = cases[i].marker,
                                           .is_copy = cases[i].is_copy,
                                           .tags = cases[i].tag,
                                           .tag_count = cases[i].tag != NULL};
        enum object_skip skip = object_rules_decide(rules, COUNT(rules), cases[i].at, &facts);
        if (skip != cases[i].skip)
            fail_msg("%s, case %zu: %s, not %s", cases[i].id, i, object_skip_name(skip),
                     object_skip_name(cases[i].skip));
    }
    rules[1].enabled = false; /* what is switched off takes nothing */
    const struct object_facts facts = {
        .key = "x/y/1", .key_size = 5, .tags = &red, .tag_count = 1};
    assert_int_equal(object_rules_decide(rules, COUNT(rules), 0, &facts), OBJECT_SKIP_NONE);
}

/* OBJ-06: tags are a request each. */
static void tags_are_asked_for_where_they_count(void **state)
{
    struct object_rule rules[] = {rule_to("plain", "b", "x/", 9),
                                  rule_to("tagged", "b", "x/y/", 5),
                                  rule_to("first", "b", "x/", 1)};
    (void)state;

    rules[1].tags[0] = blue;
    rules[1].tag_count = 1;
    assert_false(object_rules_need_tags(rules, 3, 0, "x/1", 3));
    assert_true(object_rules_need_tags(rules, 3, 0, "x/y/1", 5));
    assert_true(object_rules_need_tags(rules, 3, 1, "x/y/1", 5));
    assert_false(object_rules_need_tags(rules, 3, 2, "x/y/1", 5));
}

/* OBJ-15: no object waits for ever, and small ones do not wait for large ones. */
static void turns_and_waits(void **state)
{
    const int64_t now = INT64_C(1800000000) * SECOND_NS;
    (void)state;

    assert_true(object_rule_turn_ns(now, 1000) < object_rule_turn_ns(now, UINT64_C(1) << 30));
    assert_true(object_rule_turn_ns(now, UINT64_C(5) << 30) <
                object_rule_turn_ns(now + 300 * SECOND_NS, 0));
    assert_int_equal(object_rule_turn_ns(now, UINT64_MAX), INT64_MAX);
    assert_int_equal(object_rule_wait_ns(1), SECOND_NS);
    assert_int_equal(object_rule_wait_ns(2), 2 * SECOND_NS);
    assert_int_equal(object_rule_wait_ns(100), 900 * SECOND_NS);
    for (unsigned i = 1; i < 100; i++)
        assert_true(object_rule_wait_ns(i) <= object_rule_wait_ns(i + 1));
}

/* ---- what copies say (OBJ-10) ---- */

static struct object_origin origin_of(const char *key, const char *version)
{
    return (struct object_origin){.rule = "one",
                                  .from = "https://east.example/photos",
                                  .to = "https://west.example/copies",
                                  .key = key,
                                  .key_size = strlen(key),
                                  .version = version,
                                  .version_size = strlen(version)};
}

static void origins_are_known_again(void **state)
{
    const struct object_origin origin = origin_of("a/b \xc3\xa4", "3/L4kqt JlcpXroDTDm\"");
    struct object_origin other = origin;
    char text[OBJECT_ORIGIN_SIZE];
    (void)state;

    object_origin_make(&origin, text);
    for (const char *at = text; *at != '\0'; at++)
        assert_true(*at >= ' ' && *at <= '~'); /* what headers can hold */
    size_t size = strlen(text);
    assert_true(object_origin_is_of(text, size, &origin));
    assert_true(object_origin_is_copy(text, size, origin.to, origin.key, origin.key_size));
    /* Another address of the same bucket: still a copy, or pairs would loop. */
    assert_true(object_origin_is_copy(text, size, "http://10.0.0.1:80/copies", origin.key,
                                      origin.key_size));
    /* Copied on by somebody to another bucket or key: an object of its own. */
    assert_false(object_origin_is_copy(text, size, "https://west.example/other", origin.key,
                                       origin.key_size));
    assert_false(object_origin_is_copy(text, size, origin.to, "a/c", 3));
    other.version = "4";
    other.version_size = 1;
    assert_false(object_origin_is_of(text, size, &other));
    other = origin;
    other.from = "https://east.example/other";
    assert_false(object_origin_is_of(text, size, &other));
    assert_false(object_origin_is_copy(text, size - 1, "x", "y", 1));
    assert_false(object_origin_is_copy("", 0, origin.to, origin.key, origin.key_size));
    assert_false(object_origin_is_copy("lagan1 ", 7, origin.to, origin.key, origin.key_size));
    assert_false(object_origin_is_copy("other rule", 10, origin.to, origin.key, 1));
}

static void origins_of_long_versions_fit(void **state)
{
    char version[1025];
    char text[OBJECT_ORIGIN_SIZE];
    (void)state;

    memset(version, '/', sizeof(version));
    version[sizeof(version) - 1] = '\0';
    const struct object_origin origin = origin_of("k", version);
    object_origin_make(&origin, text);
    assert_true(strlen(text) < OBJECT_ORIGIN_SIZE - 1);
    assert_true(object_origin_is_of(text, strlen(text), &origin));
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(settings_one_by_one),
    cmocka_unit_test(settings_by_default),
    cmocka_unit_test(settings_are_all_known),
    cmocka_unit_test(ends_keep_versions),
    cmocka_unit_test(rules_beside_each_other),
    cmocka_unit_test(rules_with_tags_are_not_whole),
    cmocka_unit_test(rules_are_not_too_many),
    cmocka_unit_test(versions_that_are_new),
    cmocka_unit_test(versions_that_are_decided),
    cmocka_unit_test(tags_are_asked_for_where_they_count),
    cmocka_unit_test(turns_and_waits),
    cmocka_unit_test(origins_are_known_again),
    cmocka_unit_test(origins_of_long_versions_fit),
};

UNIT_MAIN(tests)
