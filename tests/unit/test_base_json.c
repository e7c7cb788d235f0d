/* SPDX-License-Identifier: Apache-2.0 */
/* test_base_json.c - JSON lines: structure, escapes, names of any bytes. */
#include "base/json.h"
#include "base/json_read.h"
#include "unit.h"

#include <math.h>
#include <string.h>

static void expect_line(struct buffer *out, const char *wanted)
{
    buffer_append_u8(out, 0);
    assert_string_equal((char *)out->data, wanted);
    buffer_clear(out);
}

static void json_nests(void **state)
{
    struct buffer out CLEANUP_BUFFER = BUFFER_INIT;
    struct json j = json_to(&out);

    (void)state;
    json_object(&j, NULL);
    json_text(&j, "a", "x");
    json_array(&j, "b");
    json_unsigned(&j, NULL, UINT64_MAX);
    json_signed(&j, NULL, INT64_MIN);
    json_object(&j, NULL);
    json_object_end(&j);
    json_array(&j, NULL);
    json_array_end(&j);
    json_array_end(&j);
    json_object(&j, "c");
    json_bool(&j, "t", true);
    json_bool(&j, "f", false);
    json_null(&j, "n");
    json_text(&j, "none", NULL);
    json_object_end(&j);
    json_time(&j, "when", INT64_C(1795247818999999999));
    json_object_end(&j);
    json_end_line(&j);
    json_object(&j, NULL);
    json_object_end(&j);
    json_end_line(&j);
    expect_line(&out, "{\"a\":\"x\",\"b\":[18446744073709551615,-9223372036854775808,{},[]],"
                      "\"c\":{\"t\":true,\"f\":false,\"n\":null,\"none\":null},"
                      "\"when\":\"2026-11-21T07:56:58Z\"}\n{}\n");
}

static void json_escapes(void **state)
{
    struct buffer out CLEANUP_BUFFER = BUFFER_INIT;
    struct json j = json_to(&out);

    (void)state;
    json_text(&j, NULL,
              "q\" b\\ n\n t\t e\x1b d\x7f \xc2\x9b \xe2\x80\xae \xe2\x80\xa8 \xc3\xa9 /");
    expect_line(
        &out, "\"q\\\" b\\\\ n\\n t\\t e\\u001b d\\u007f \\u009b \\u202e \\u2028 \xc3\xa9 /\"");
    j = json_to(&out);
    json_text(&j, NULL, "\xf0\x9f\x98\x80 \xff\xfe");
    expect_line(&out, "\"\xf0\x9f\x98\x80 \xef\xbf\xbd\xef\xbf\xbd\"");
}

static void json_bytes_of_any_kind(void **state)
{
    struct buffer out CLEANUP_BUFFER = BUFFER_INIT;
    struct json j = json_to(&out);

    (void)state;
    json_object(&j, NULL);
    json_bytes(&j, "clean", "abc", 3);
    json_bytes(&j, "path", "a\xff\0", 3);
    json_bytes(&j, "empty", "", 0);
    json_array(&j, "list");
    json_bytes(&j, NULL, "\xff", 1);
    json_array_end(&j);
    json_object_end(&j);
    expect_line(&out,
                "{\"clean\":\"abc\",\"path\":\"a\xef\xbf\xbd\\u0000\",\"path_hex\":\"61ff00\","
                "\"empty\":\"\",\"list\":[\"\xef\xbf\xbd\"]}");
}

static void json_reals(void **state)
{
    struct buffer out CLEANUP_BUFFER = BUFFER_INIT;
    struct json j = json_to(&out);

    (void)state;
    json_array(&j, NULL);
    json_real(&j, NULL, 0.1);
    json_real(&j, NULL, -2.5);
    json_real(&j, NULL, 1.0 / 3);
    json_real(&j, NULL, NAN);
    json_real(&j, NULL, INFINITY);
    json_array_end(&j);
    expect_line(&out, "[0.1,-2.5,0.33333333333333331,null,null]");
}

/* ---- reading ---- */

static int add_value(void *context, const char *way, enum json_kind kind, const char *value,
                     struct error *e)
{
    static const char letters[] = "\"#+-0";

    (void)e;
    buffer_append_format(context, "%s=%c%s;", way, letters[kind], value);
    return 0;
}

static void expect_values(const char *text, const char *wanted)
{
    struct buffer out CLEANUP_BUFFER = BUFFER_INIT;
    struct error e = ERROR_INIT;

    assert_int_equal(json_read(text, strlen(text), add_value, &out, &e), 0);
    buffer_append_u8(&out, 0);
    assert_string_equal((const char *)out.data, wanted);
}

static void json_reads(void **state)
{
    (void)state;
    expect_values("{}", "");
    expect_values(" { \"a\" : \"x\" , \"b\":{\"c\":-1.5e3,\"d\":[true,false,null,[],{}]},"
                  "\"e\":[[1,2],{\"f\":3}] }\n",
                  "a=\"x;b.c=#-1.5e3;b.d.0=+true;b.d.1=-false;b.d.2=0null;e.0.0=#1;e.0.1=#2;"
                  "e.1.f=#3;");
    expect_values("{\"k\":\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9\\u20AC\\ud83d\\ude00\"}",
                  "k=\"\"\\/\b\f\n\r\t\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80;");
}

static void json_refuses(void **state)
{
    static const char *const texts[] = {
        "",
        "[]",
        "{",
        "{\"a\"}",
        "{\"a\":}",
        "{\"a\":1,}",
        "{\"a\":[1,]}",
        "{\"a\":[1}",
        "{\"a\" 1}",
        "{a:1}",
        "{\"a\":1} x",
        "{\"a\":1 \"b\":2}",
        "{\"a\":tru}",
        "{\"a\":\"x}",
        "{\"a\":\"\\x\"}",
        "{\"a\":\"\\u12\"}",
        "{\"a\":\"\\u0000\"}",
        "{\"a\":\"\\ud800\"}",
        "{\"a\":\"\\udc00\"}",
        "{\"a\":\"\n\"}",
        "{\"a\":[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]}",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        struct buffer out CLEANUP_BUFFER = BUFFER_INIT;
        struct error e = ERROR_INIT;

        if (json_read(texts[i], strlen(texts[i]), add_value, &out, &e) == 0)
            fail_msg("taken: %s", texts[i]);
        assert_int_equal(e.code, ERROR_PARAMETER);
    }
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(json_nests),
    cmocka_unit_test(json_escapes),
    cmocka_unit_test(json_bytes_of_any_kind),
    cmocka_unit_test(json_reals),
    cmocka_unit_test(json_reads),
    cmocka_unit_test(json_refuses),
};
UNIT_MAIN(tests)
