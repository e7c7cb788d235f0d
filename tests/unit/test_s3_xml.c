/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_s3_xml.c - answers of object stores as flat events: what is read, what is refused, and
 * the text that goes into documents.
 */
#include "common/s3/operation.h"
#include "s3_fixture.h"

#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char head[] = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";

/* What a reader was told, one event behind the other: "path=text;", and "+path;" of begins. */
struct told {
    struct s3_text text;
    const char *stop_at; /* path whose end is refused with BUSY */
};

static uint32_t on_begin(void *context, const char *path)
{
    struct told *told = context;
    s3_text_format(&told->text, "+%s;", path);
    return LAGAN_OK;
}

static uint32_t on_end(void *context, const char *path, const char *text, size_t size)
{
    struct told *told = context;
    assert_int_equal(strlen(text), size);
    s3_text_format(&told->text, "%s=%s;", path, text);
    return told->stop_at && strcmp(path, told->stop_at) == 0 ? LAGAN_BUSY : LAGAN_OK;
}

/* Reads `size` bytes in pieces of `piece`; the class of the end. */
static uint32_t read_bytes(const char *data, size_t size, size_t piece, const char *root,
                           struct told *told, char code[S3_XML_CODE_SIZE])
{
    struct lagan_op op = fixture_op();
    struct s3_xml_reader reader = {
        .context = told, .root = root, .begin = on_begin, .end = on_end};
    struct s3_xml *x = s3_xml_new(&op, &reader);
    uint32_t result = LAGAN_OK;
    assert_non_null(x);
    for (size_t at = 0; at < size && result == LAGAN_OK; at += piece)
        result = s3_xml_feed(x, data + at, size - at < piece ? size - at : piece);
    if (result == LAGAN_OK)
        result = s3_xml_finish(x);
    else
        assert_int_equal(s3_xml_finish(x), result); /* the first reason stays */
    if (result == LAGAN_CORRUPT) {
        assert_int_equal(op.error.error_class, LAGAN_CORRUPT);
        assert_true(op.error.text[0] != '\0');
    }
    if (code)
        snprintf(code, S3_XML_CODE_SIZE, "%s",
                 result == LAGAN_OK && s3_xml_refusal(x) ? s3_xml_refusal(x) : "");
    s3_xml_free(x);
    return result;
}

static uint32_t read_text(const char *text, const char *root)
{
    struct told told = {0};
    uint32_t result = read_bytes(text, strlen(text), strlen(text), root, &told, NULL);
    s3_text_free(&told.text);
    return result;
}

static void xml_tells_events(void **state)
{
    static const char document[] =
        " \r\n<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?><!-- <a> -->\n"
        "<s3:R xmlns:s3=\"http://x/\" a='1'>\n  "
        "<Name>a&amp;b&lt;&gt;&quot;&apos;&#65;&#x42;</Name>"
        "<C><Key>\xc3\xa9 <![CDATA[<&>]]>!</Key><s3:Size u=\"1\"> 7 </s3:Size><?p q?><E/></C>\n"
        "<C/> tail </s3:R>\n<!-- end -->\n";
    static const char events[] =
        "+Name;Name=a&b<>\"'AB;+C;+C/Key;C/Key=\xc3\xa9 <&>!;+C/Size;C/Size= 7 ;+C/E;C/E=;C=;"
        "+C;C=;";
    (void)state;
    for (size_t piece = 1; piece <= sizeof document; piece++) {
        struct told told = {0};
        assert_int_equal(read_bytes(document, sizeof document - 1, piece, "R", &told, NULL),
                         LAGAN_OK);
        assert_string_equal(told.text.data, events);
        s3_text_free(&told.text);
    }
}

static void xml_refuses(void **state)
{
    static const char *const documents[] = {
        "",
        " \n",
        "plain text",
        "<html><body>Bad gateway</body>",
        "<R><a></R>",
        "<R/><R/>",
        "<R/>junk",
        "<Other/>",
        "<R>\xff\xfe</R>",
        "<R>&unknown;</R>",
        "<R a=1/>",
        "<!DOCTYPE R><R/>",
        "<!DOCTYPE R SYSTEM 'file:///etc/passwd'><R/>",
        "<!DOCTYPE R [<!ENTITY a 'aa'><!ENTITY b '&a;&a;'>]><R>&b;</R>",
        "<!DOCTYPE R [<!ENTITY x SYSTEM 'file:///etc/passwd'>]><R>&x;</R>",
        "<!DOCTYPE R [<!ENTITY % p SYSTEM 'http://127.0.0.1:1/'> %p;]><R/>",
        "<R xmlns:a='&x;'/>",
        "<R><a><b><c><d><e><f><g><h><i><j><k><l><m/></l></k></j></i></h></g></f></e></d></c></"
        "b>"
        "</a></R>",
        "<R><aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa/></R>",
    };
    (void)state;
    for (size_t i = 0; i < sizeof documents / sizeof documents[0]; i++) {
        uint32_t result = read_text(documents[i], "R");
        if (result != LAGAN_CORRUPT)
            fail_msg("taken with %u: %s", result, documents[i]);
    }
    assert_int_equal(read_text("<R/>", "R"), LAGAN_OK);
    assert_int_equal(read_text("<Any><a/></Any>", NULL), LAGAN_OK);
}

/* Characters that no document can hold, as some stores write them where a key has them. */
static void xml_passes_over_impossible_text(void **state)
{
    static const char document[] = "<R><a>x&#x01;</a><a>&#31;</a><b>y</b><a>\x02</a><a>&#0;</"
                                   "a><a>&#00000;</a><c>&#x9;&#65;"
                                   "&#x0d;</c><d><a>&#x1F;</a></d><e>&amp;#1;</e></R>";
    static const char events[] = "+a;+a;+b;b=y;+a;+a;+a;+c;c=\tA\r;+d;+d/a;d=;+e;e=&#1;;";
    (void)state;
    for (size_t piece = 1; piece <= sizeof document; piece++) {
        struct told told = {0};
        assert_int_equal(read_bytes(document, sizeof document - 1, piece, "R", &told, NULL),
                         LAGAN_OK);
        assert_string_equal(told.text.data, events);
        s3_text_free(&told.text);
    }
    assert_int_equal(read_text("<R>&#x110000;</R>", "R"), LAGAN_CORRUPT);
    assert_int_equal(read_text("<R>&#000000000000000000065;</R>", "R"), LAGAN_OK);
    assert_int_equal(read_text("<R>&#;</R>", "R"), LAGAN_CORRUPT);
    assert_int_equal(read_text("<R>&#x;</R>", "R"), LAGAN_CORRUPT);
    assert_int_equal(read_text("<R>&#1", "R"), LAGAN_CORRUPT);
    assert_int_equal(read_text("<R/>&", "R"), LAGAN_CORRUPT);
}

/* However it is cut, it is never taken for whole. */
static void xml_notices_cuts(void **state)
{
    static const char document[] = "<?xml version=\"1.0\"?><R><Contents><Key>a</Key></Contents>"
                                   "<IsTruncated>false</IsTruncated></R>";
    (void)state;
    for (size_t size = 0; size < sizeof document - 1; size++) {
        struct told told = {0};
        assert_int_equal(read_bytes(document, size, 7, "R", &told, NULL), LAGAN_CORRUPT);
        s3_text_free(&told.text);
    }
}

/* `start`, then `middle` until `size` bytes have passed, then `end`. */
static uint32_t read_long(const char *start, const char *middle, const char *end, size_t size)
{
    struct told told = {0};
    struct s3_text text = {0};
    s3_text_string(&text, start);
    while (text.size < size)
        s3_text_string(&text, middle);
    s3_text_string(&text, end);
    uint32_t result = read_bytes(text.data, text.size, 100000, "R", &told, NULL);
    s3_text_free(&text);
    s3_text_free(&told.text);
    return result;
}

static void xml_is_bounded(void **state)
{
    (void)state;
    assert_int_equal(read_long("<R><a>", "x", "</a></R>", S3_XML_TEXT_LIMIT), LAGAN_OK);
    assert_int_equal(read_long("<R><a>", "x", "</a></R>", S3_XML_TEXT_LIMIT + 100),
                     LAGAN_CORRUPT);
    assert_int_equal(read_long("<R><a b='", "x", "'/></R>", S3_XML_TOKEN_LIMIT / 2), LAGAN_OK);
    assert_int_equal(read_long("<R><a b='", "x", "'/></R>", 4 * S3_XML_TOKEN_LIMIT),
                     LAGAN_CORRUPT);
    assert_int_equal(read_long("<R><!-- ", "x", "--></R>", 4 * S3_XML_TOKEN_LIMIT),
                     LAGAN_CORRUPT);
    assert_int_equal(read_long("<R>", "<a/>", "</R>", 4 * S3_XML_ELEMENT_LIMIT - 16), LAGAN_OK);
    assert_int_equal(read_long("<R>", "<a/>", "</R>", 4 * S3_XML_ELEMENT_LIMIT + 16),
                     LAGAN_CORRUPT);
    assert_int_equal(read_long("<R>", "<!-- a comment to fill the answer with -->", "</R>",
                               S3_XML_BYTES_LIMIT - 100),
                     LAGAN_OK);
    assert_int_equal(read_long("<R>", "<!-- a comment to fill the answer with -->", "</R>",
                               S3_XML_BYTES_LIMIT + 100),
                     LAGAN_CORRUPT);
    /* Text between elements belongs to none and is not kept. */
    assert_int_equal(read_long("<R><a/>", "x", "</R>", 10 * S3_XML_TEXT_LIMIT), LAGAN_OK);
}

static void xml_finds_errors(void **state)
{
    static const char document[] =
        "\n<?xml "
        "version=\"1.0\"?>\n<Error><Code>InternalError</Code><Message>no</Message></Error>";
    struct told told = {0};
    char code[S3_XML_CODE_SIZE];
    (void)state;
    assert_int_equal(
        read_bytes(document, sizeof document - 1, 9, "CopyObjectResult", &told, code),
        LAGAN_OK);
    assert_string_equal(code, "InternalError");
    assert_null(told.text.data); /* the reader is told nothing of it */
    assert_int_equal(read_bytes(document, sizeof document - 1, 9, NULL, &told, code), LAGAN_OK);
    assert_string_equal(code, "InternalError");
    assert_null(told.text.data);
    assert_int_equal(read_bytes(document, sizeof document - 1, 9, "Error", &told, code),
                     LAGAN_OK);
    assert_string_equal(code, "");
    assert_string_equal(told.text.data, "+Code;Code=InternalError;+Message;Message=no;");
    s3_text_free(&told.text);
}

static void xml_ends_with_reader(void **state)
{
    struct told told = {.stop_at = "b"};
    (void)state;
    assert_int_equal(read_bytes("<R><a/><b/><c/></R>", 19, 19, "R", &told, NULL), LAGAN_BUSY);
    assert_string_equal(told.text.data, "+a;a=;+b;b=;");
    s3_text_free(&told.text);
}

static void xml_writes_text(void **state)
{
    static const char odd[] = "a<b>&\"'\r\n\t\xc3\xa9 /%+";
    struct told told = {0};
    struct s3_text text = {0};
    (void)state;
    s3_text_format(&text, "%s<R><a>", head);
    s3_text_escape(&text, odd, sizeof odd - 1);
    s3_text_string(&text, "</a></R>");
    assert_null(strchr(text.data + sizeof head + 6, '\n'));
    assert_int_equal(read_bytes(text.data, text.size, 5, "R", &told, NULL), LAGAN_OK);
    s3_text_free(&text);
    s3_text_format(&text, "+a;a=%s;", odd);
    assert_string_equal(told.text.data, text.data);
    s3_text_free(&text);
    s3_text_free(&told.text);
}

static void xml_knows_what_it_can_hold(void **state)
{
    static const struct {
        const char *text;
        bool fits;
    } cases[] = {
        {"", true},
        {"a b/..//%+&<>\"'", true},
        {"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80", true},
        {"\xef\xbf\xbd", true},
        {"\n", false}, /* a store may give another line break back */
        {"\r", false},
        {"\t", false},
        {"\x01", false},
        {"\x7f", false},
        {"\x80", false},
        {"\xc3", false},
        {"\xc0\xaf", false},         /* not the shortest form */
        {"\xe0\x80\xaf", false},     /* nor this */
        {"\xed\xa0\x80", false},     /* a surrogate */
        {"\xef\xbf\xbe", false},     /* U+FFFE */
        {"\xf4\x90\x80\x80", false}, /* beyond U+10FFFF */
        {"\xf8\x88\x80\x80\x80", false},
        {"a\xe2\x82", false},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        if (s3_xml_can_hold(cases[i].text, strlen(cases[i].text)) != cases[i].fits)
            fail_msg("case %zu", i);
}

static void xml_decodes_keys(void **state)
{
    char good[] = "a+b%20c%2Bd%2f%C3%A9%25";
    char cut[] = "a%2";
    char wrong[] = "a%zz";
    (void)state;
    size_t size = s3_decode_form(good, sizeof good - 1);
    assert_int_equal(size, 11);
    assert_memory_equal(good, "a b c+d/\xc3\xa9%", 11);
    assert_true(s3_decode_form(cut, 3) == SIZE_MAX);
    assert_true(s3_decode_form(wrong, 4) == SIZE_MAX);
}

static void copy_source_names_original(void **state)
{
    static const struct {
        const char *bucket, *key, *version, *text;
    } cases[] = {
        {"b", "k", NULL, "/b/k"},
        {"b", "/k", NULL, "/b//k"},
        {"b", "a//b/../c", NULL, "/b/a//b/../c"},
        {"b.x", "a b+c%20?d#e&f=g", NULL, "/b.x/a%20b%2Bc%2520%3Fd%23e%26f%3Dg"},
        {"b", "\n\xc3\xa9:~", NULL, "/b/%0A%C3%A9%3A~"},
        {"b", "k?versionId=x", "v/1+2", "/b/k%3FversionId%3Dx?versionId=v%2F1%2B2"},
        {"b", "k", "null", "/b/k?versionId=null"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct s3_original from = {
            .key = cases[i].key, .key_size = strlen(cases[i].key), .version = cases[i].version};
        struct s3_text text = {0};
        s3_copy_source(&text, cases[i].bucket, &from);
        assert_string_equal(text.data, cases[i].text);
        s3_text_free(&text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(xml_tells_events),
        cmocka_unit_test(xml_refuses),
        cmocka_unit_test(xml_passes_over_impossible_text),
        cmocka_unit_test(xml_notices_cuts),
        cmocka_unit_test(xml_is_bounded),
        cmocka_unit_test(xml_finds_errors),
        cmocka_unit_test(xml_ends_with_reader),
        cmocka_unit_test(xml_writes_text),
        cmocka_unit_test(xml_knows_what_it_can_hold),
        cmocka_unit_test(xml_decodes_keys),
        cmocka_unit_test(copy_source_names_original),
    };
    fixture_host_begin();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
