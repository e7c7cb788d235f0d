/* SPDX-License-Identifier: Apache-2.0 */
/* test_catalog_name.c - what things may be called, and made names. */
#include "catalog/name.h"
#include "unit.h"

#include <string.h>

#define HAN "\xe5\xa4\x87\xe4\xbb\xbd" /* "backup" in Chinese */
#define A63 "a23456789b123456789c123456789d123456789e123456789f123456789g123"

static const struct {
    enum name_kind kind;
    const char *name;
    const char *part; /* of the refusal; NULL = fine */
} names[] = {
    {NAME_VAULT, "v", NULL},
    {NAME_VAULT, "Vault_1-x", NULL},
    {NAME_VAULT, "0", NULL},
    {NAME_VAULT, "_", NULL},
    {NAME_VAULT, "latest", NULL},
    {NAME_VAULT, A63 "4", NULL},
    {NAME_VAULT, A63 "45", "is too long"},
    {NAME_VAULT, "", "is empty"},
    {NAME_VAULT, "-x", "starts with '-'"},
    {NAME_SOURCE, "-", "starts with '-'"},
    {NAME_REGION, "--region", "starts with '-'"},
    {NAME_BACKUP, "-x", NULL},
    {NAME_BACKUP, "latest", "selects the newest"},
    {NAME_BACKUP, "latest-1", NULL},
    {NAME_BACKUP, "latest~1", "contains '~'"},
    {NAME_VAULT, "a b", "contains the byte 0x20"},
    {NAME_VAULT, "a/b", "contains '/'"},
    {NAME_VAULT, "..", "contains '.'"},
    {NAME_VAULT, "a\n", "contains the byte 0x0a"},
    {NAME_VAULT, "\xc3\xa9", "contains the byte 0xc3"},
    {NAME_VAULT, "a%n", "contains '%'"},
    {NAME_VAULT, "$(x)", "contains '$'"},
    {NAME_VAULT, "[COPY]-v", "contains '['"},
    {NAME_REPLICA, "r_1-2", NULL},
    {NAME_REPLICA, "-r", NULL},
    {NAME_REPLICA, HAN, NULL},
    {NAME_REPLICA, "a" HAN "_1", NULL},
    {NAME_REPLICA, "\xf0\xa0\x80\x80", NULL},                 /* U+20000, beyond the BMP */
    {NAME_REPLICA, "\xe3\x80\x81", "contains the byte 0xe3"}, /* U+3001, a mark */
    {NAME_REPLICA, "\xe3\x81\x82", "contains the byte 0xe3"}, /* Hiragana */
    {NAME_REPLICA, "\xe4\xb8", "contains the byte 0xe4"},     /* cut short */
    {NAME_REPLICA, "\xff", "contains the byte 0xff"},
    {NAME_REPLICA, "a\x01", "contains the byte 0x01"},
    {NAME_REPLICA, "a b", "contains the byte 0x20"},
    {NAME_REPLICA, "a<b", "contains '<'"},
    {NAME_REPLICA, "", "is empty"},
    {NAME_REPLICA, "latest", "selects the newest"},
    {NAME_VAULT, HAN, "contains the byte 0xe5"},
    {NAME_BACKUP, HAN, "contains the byte 0xe5"},
};

static void name_rules(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        struct error e = ERROR_INIT;
        int result = name_check(names[i].kind, names[i].name, &e);
        if (names[i].part == NULL ? result != 0
                                  : result == 0 || strstr(e.text, names[i].part) == NULL)
            fail_msg("'%s': %s", names[i].name, e.text);
        if (result != 0)
            assert_int_equal(e.code, ERROR_NAME_INVALID);
    }
}

static void repeat(char *text, const char *part, unsigned count)
{
    size_t size = strlen(part);

    for (unsigned i = 0; i < count; i++)
        memcpy(text + i * size, part, size + 1);
}

static void name_descriptions(void **state)
{
    struct error e = ERROR_INIT;
    char text[DESCRIPTION_SIZE + 8] = "";

    (void)state;
    assert_int_equal(name_check_description("", &e), 0);
    assert_int_equal(name_check_description("any <words>, \xc3\xa9 \xe4\xb8\xad", &e), 0);
    repeat(text, "\xf0\x9f\x92\xbe", DESCRIPTION_LIMIT);
    assert_int_equal(strlen(text), DESCRIPTION_SIZE - 1);
    assert_int_equal(name_check_description(text, &e), 0);
    repeat(text, "\xf0\x9f\x92\xbe", DESCRIPTION_LIMIT + 1);
    assert_int_equal(name_check_description(text, &e), -1);
    assert_non_null(strstr(e.text, "256 characters"));
    assert_int_equal(name_check_description("a\nb", &e), -1);
    assert_non_null(strstr(e.text, "U+000A"));
    assert_int_equal(name_check_description("a\xe2\x80\xae", &e), -1);
    assert_int_equal(name_check_description("a\xff", &e), -1);
    assert_non_null(strstr(e.text, "at byte 2"));
}

/* NAM-02: 255 characters, whatever their bytes. */
static void name_replica_length(void **state)
{
    struct error e = ERROR_INIT;
    char text[NAME_REPLICA_SIZE + 8] = "";

    (void)state;
    repeat(text, "\xf0\xa0\x80\x80", NAME_REPLICA_LIMIT);
    assert_int_equal(strlen(text), NAME_REPLICA_SIZE - 1);
    assert_int_equal(name_check(NAME_REPLICA, text, &e), 0);
    repeat(text, "\xf0\xa0\x80\x80", NAME_REPLICA_LIMIT + 1);
    assert_int_equal(name_check(NAME_REPLICA, text, &e), -1);
    assert_non_null(strstr(e.text, "1 to 255"));
    repeat(text, "r", NAME_REPLICA_LIMIT);
    assert_int_equal(name_check(NAME_REPLICA, text, &e), 0);
    repeat(text, "r", NAME_REPLICA_LIMIT + 1);
    assert_int_equal(name_check(NAME_REPLICA, text, &e), -1);
}

/* NAM-04: an id of 36 characters keeps even the limit of 64. */
static void name_replica_default(void **state)
{
    char name[NAME_REPLICA_SIZE];
    struct error e = ERROR_INIT;

    (void)state;
    name_of_replica("0123456789abcdef", name);
    assert_string_equal(name, "manual_rep_from_0123456789abcdef");
    assert_int_equal(name_check(NAME_BACKUP, name, &e), 0);
    name_of_replica("9c0ff5ee-0000-4000-8000-0123456789ab", name);
    assert_int_equal(strlen(name), 52);
    assert_int_equal(name_check(NAME_BACKUP, name, &e), 0);
}

/* NAM-12 */
static void name_tags(void **state)
{
    struct error e = ERROR_INIT;
    char text[4 * NAME_TAG_LIMIT + 8] = "";

    (void)state;
    assert_int_equal(name_check_tag("owner", "", &e), 0);
    assert_int_equal(name_check_tag("k", "a = b, " HAN, &e), 0);
    assert_int_equal(name_check_tag("", "x", &e), -1);
    assert_int_equal(name_check_tag("a=b", "x", &e), -1);
    assert_int_equal(name_check_tag("a\tb", "x", &e), -1);
    assert_int_equal(name_check_tag("a", "x\n", &e), -1);
    assert_int_equal(name_check_tag("a", "\xff", &e), -1);
    repeat(text, "\xf0\xa0\x80\x80", NAME_TAG_LIMIT);
    assert_int_equal(name_check_tag(text, text, &e), 0);
    repeat(text, "\xf0\xa0\x80\x80", NAME_TAG_LIMIT + 1);
    assert_int_equal(name_check_tag(text, "", &e), -1);
    assert_non_null(strstr(e.text, "129 characters; at most 128"));
    assert_int_equal(name_check_tag("a", text, &e), -1);
}

/* NAM-10: what is made is shortened, and never refused. */
static void name_shortened(void **state)
{
    static const struct {
        const char *text;
        size_t limit, tail, room;
        const char *cut;
    } rows[] = {
        {"[COPY]-main", 64, 8, 80, "[COPY]-main"},
        {"0123456789", 10, 4, 80, "0123456789"},
        {"0123456789", 9, 4, 80, "0123~6789"},
        {"0123456789", 9, 0, 80, "01234567~"},
        {"0123456789", 20, 4, 11, "0123456789"},
        {"0123456789", 20, 4, 10, "0123~6789"},
        {HAN HAN HAN, 6, 1, 80, HAN HAN HAN},
        {HAN HAN HAN, 5, 1, 80, HAN "\xe5\xa4\x87~\xe4\xbb\xbd"},
        {HAN HAN HAN, 6, 0, 12, HAN "\xe5\xa4\x87~"},
        {"\xff\xff\xff\xff\xff", 4, 1, 80, "\xff\xff~\xff"},
        {"", 4, 1, 8, ""},
    };
    char out[80];

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        name_cut(rows[i].text, rows[i].limit, rows[i].tail, out, rows[i].room);
        if (strcmp(out, rows[i].cut) != 0)
            fail_msg("row %zu: '%s'", i, out);
    }
}

static void name_made(void **state)
{
    char name[NAME_SIZE];
    struct error e;

    (void)state;
    name_make(NAME_BACKUP, 0x1f2e, name);
    assert_string_equal(name, "manualbk_1f2e");
    name_make(NAME_VAULT, 7, name);
    assert_string_equal(name, "vault_0007");
    name_make(NAME_VAULT, 0x10007, name);
    assert_string_equal(name, "vault_00010007");
    assert_int_equal(name_check(NAME_VAULT, name, &e), 0);
    name_number("nightly", 1, name);
    assert_string_equal(name, "nightly-0001");
    name_number(A63 "4", 12, name);
    assert_int_equal(strlen(name), NAME_LIMIT);
    assert_string_equal(name + NAME_LIMIT - 5, "-0012");
}

static void name_from_any_text(void **state)
{
    static const char *const rows[][2] = {
        {"etc", "etc"}, {"My Files", "My_Files"},       {"--x", "x"},           {"-", "source"},
        {"", "source"}, {"\xc3\xa9t\xc3\xa9", "__t__"}, {A63 "45678", A63 "4"}, {"a.b", "a_b"},
    };
    char name[NAME_SIZE];
    struct error e;

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        name_from_text(NAME_SOURCE, rows[i][0], name);
        assert_string_equal(name, rows[i][1]);
        assert_int_equal(name_check(NAME_SOURCE, name, &e), 0);
    }
    name_from_text(NAME_BACKUP, "latest", name);
    assert_string_equal(name, "manualbk");
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(name_rules),          cmocka_unit_test(name_descriptions),
    cmocka_unit_test(name_replica_length), cmocka_unit_test(name_replica_default),
    cmocka_unit_test(name_tags),           cmocka_unit_test(name_shortened),
    cmocka_unit_test(name_made),           cmocka_unit_test(name_from_any_text),
};

UNIT_MAIN(tests)
