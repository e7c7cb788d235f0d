/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_s3_xml.c - any bytes as the document that an object store answers with: listings,
 * versions, parts of an upload, removals, single texts.  The first byte says which, and in what
 * pieces the rest comes.
 */
#include "base/object.h"
#include "common/s3/listing.h"
#include "common/s3/upload.h"
#include "driver/operation.h"
#include "fuzz.h"

#include <stdlib.h>
#include <string.h>

const struct lagan_host *lagan_host_table;

const char fuzz_name[] = "s3_xml";
const char *const fuzz_words[] = {"<Contents>",
                                  "</Contents>",
                                  "<Version>",
                                  "</Version>",
                                  "<DeleteMarker>",
                                  "</DeleteMarker>",
                                  "<Key>a</Key>",
                                  "<Key>p/b</Key>",
                                  "<Key>%2F%00+</Key>",
                                  "<Key>&#x1;</Key>",
                                  "<Size>1</Size>",
                                  "<LastModified>2026-01-02T03:04:05.678Z</LastModified>",
                                  "<ETag>&quot;e&quot;</ETag>",
                                  "<VersionId>null</VersionId>",
                                  "<IsLatest>true</IsLatest>",
                                  "<EncodingType>url</EncodingType>",
                                  "<IsTruncated>true</IsTruncated>",
                                  "<IsTruncated>false</IsTruncated>",
                                  "<NextKeyMarker>k</NextKeyMarker>",
                                  "<Part>",
                                  "</Part>",
                                  "<PartNumber>1</PartNumber>",
                                  "<Deleted>",
                                  "</Deleted>",
                                  "<Error>",
                                  "</Error>",
                                  "<Code>AccessDenied</Code>",
                                  "<!DOCTYPE a [<!ENTITY b 'c'>]>",
                                  "<![CDATA[",
                                  "]]>",
                                  "<!--",
                                  "-->",
                                  "<?xml version=\"1.0\"?>",
                                  "&#",
                                  "&#x",
                                  ";",
                                  "&amp;",
                                  "\xef\xb7\x90",
                                  "/>",
                                  NULL};

enum kind { LISTING, VERSIONS, PARTS, REMOVALS, TEXTS, KINDS };
static const char *const kind_names[] = {"listing", "versions", "parts", "removals", "texts"};

#define SEED(kind, text) add(context, kind text, sizeof kind text - 1)
#define ENTRY                                                                                  \
    "<Key>p/a</Key><LastModified>2026-01-02T03:04:05.678Z</LastModified><ETag>\"e\"</ETag>"    \
    "<Size>7</Size><StorageClass>STANDARD</StorageClass>"

void fuzz_seeds(fuzz_add_function *add, void *context)
{
    SEED(
        "\x00",
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<ListBucketResult xmlns=\"x\"><Name>b"
        "</Name><EncodingType>url</EncodingType><IsTruncated>true</IsTruncated><Contents>" ENTRY
        "</Contents><NextContinuationToken>t&#x1;</NextContinuationToken>"
        "</ListBucketResult>");
    SEED("\x01",
         "<ListVersionsResult><IsTruncated>false</IsTruncated><Version>" ENTRY
         "<VersionId>v1</VersionId><IsLatest>true</IsLatest></Version><DeleteMarker><Key>q"
         "</Key><VersionId>null</VersionId><IsLatest>true</IsLatest></DeleteMarker>"
         "</ListVersionsResult>");
    SEED("\x02", "<ListPartsResult><Part><PartNumber>1</PartNumber><Size>5</Size><ETag>e</ETag>"
                 "</Part><IsTruncated>false</IsTruncated></ListPartsResult>");
    SEED("\x03", "<DeleteResult><Deleted><Key>a</Key></Deleted><Error><Key>b</Key><VersionId>1"
                 "</VersionId><Code>AccessDenied</Code></Error></DeleteResult>");
    SEED("\x04", " \n<CopyObjectResult><ETag>&quot;e&quot;</ETag></CopyObjectResult>");
    SEED("\x04", "<Error><Code>SlowDown</Code><Message>m</Message></Error>");
    SEED("\x04", "<!DOCTYPE a [<!ENTITY b 'cc'><!ENTITY d '&b;&b;'>]><CopyObjectResult>&d;"
                 "</CopyObjectResult>");
}

/* What a listing promises to whoever takes it. */
struct check {
    char key[S3_KEY_LIMIT + 1];
    size_t key_size;
    size_t count;
};

static uint32_t check_object(void *context, const struct s3_object *o)
{
    struct check *c = context;
    size_t least = o->key_size < c->key_size ? o->key_size : c->key_size;
    ASSERT(o->key_size > 0 && o->key_size <= S3_KEY_LIMIT);
    ASSERT(!memchr(o->key, '\0', o->key_size));
    ASSERT(o->key_size >= 2 && memcmp(o->key, "p/", 2) == 0);
    int order = memcmp(c->key, o->key, least);
    ASSERT(order < 0 || (order == 0 && c->key_size <= o->key_size));
    memcpy(c->key, o->key, o->key_size);
    c->key_size = o->key_size;
    ASSERT(++c->count <= 3);
    return LAGAN_OK;
}

static uint32_t feed(struct lagan_op *op, const struct s3_xml_reader *reader,
                     const uint8_t *data, size_t size, size_t piece)
{
    struct s3_xml *x = s3_xml_new(op, reader);
    uint32_t result = LAGAN_OK;
    ASSERT(x);
    for (size_t at = 0; at < size && result == LAGAN_OK; at += piece)
        result = s3_xml_feed(x, data + at, size - at < piece ? size - at : piece);
    if (result == LAGAN_OK)
        result = s3_xml_finish(x);
    ASSERT(s3_xml_finish(x) == result || result == LAGAN_OK);
    if (result == LAGAN_OK && s3_xml_refusal(x)) {
        ASSERT(strlen(s3_xml_refusal(x)) < S3_XML_CODE_SIZE);
        result = LAGAN_CORRUPT;
    }
    s3_xml_free(x);
    return result;
}

static uint32_t run_listing(struct lagan_op *op, bool of_versions, const uint8_t *data,
                            size_t size, size_t piece)
{
    struct s3_page page = {.prefix = "p/", .prefix_size = 2, .after = "", .limit = 3};
    struct check check = {.count = 0};
    struct s3_object_collector objects = {.context = &check, .add = check_object};
    struct s3_listing l;
    ASSERT(s3_listing_begin(&l, op, &page, of_versions) == LAGAN_OK);
    struct s3_xml_reader reader = s3_listing_reader(&l);
    uint32_t result = feed(op, &reader, data, size, piece);
    if (result == LAGAN_OK)
        result = s3_listing_check(&l);
    if (result == LAGAN_OK)
        result = s3_listing_deliver(&l, &objects);
    s3_listing_end(&l);
    return result;
}

static uint32_t run_parts(struct lagan_op *op, const uint8_t *data, size_t size, size_t piece)
{
    struct s3_upload *upload = s3_upload_new(NULL, "k", 1, "u");
    struct s3_parts parts = {.op = op, .upload = upload};
    struct s3_xml_reader reader = s3_parts_reader(&parts);
    uint32_t result = feed(op, &reader, data, size, piece);
    ASSERT(upload->room <= 2 * S3_PART_LIMIT);
    s3_upload_free(upload);
    return result;
}

static uint32_t run_removals(struct lagan_op *op, const uint8_t *data, size_t size,
                             size_t piece)
{
    struct s3_removal list[] = {{.key = "a", .key_size = 1, .result = LAGAN_TRANSIENT},
                                {.key = "b", .key_size = 1, .version = "1"},
                                {.key = "b", .key_size = 1, .version = "2"}};
    struct s3_removal *sorted[] = {&list[2], &list[1], &list[0]};
    struct s3_removing removing = {.op = op, .sorted = sorted, .count = 3};
    struct s3_xml_reader reader = s3_removing_reader(&removing);
    uint32_t result = feed(op, &reader, data, size, piece);
    for (size_t i = 0; i < 3; i++)
        ASSERT(list[i].result < LAGAN_CLASS_COUNT);
    s3_text_free(&removing.key);
    s3_text_free(&removing.version);
    s3_text_free(&removing.code);
    return result;
}

static uint32_t run_texts(struct lagan_op *op, const uint8_t *data, size_t size, size_t piece)
{
    char etag[16] = "";
    char code[8] = "";
    struct s3_field list[] = {{.path = "ETag", .value = etag, .room = sizeof etag},
                              {.path = "Code", .value = code, .room = sizeof code}};
    struct s3_fields fields = {.op = op, .list = list, .count = 2};
    struct s3_xml_reader reader = s3_fields_reader(&fields);
    uint32_t result = feed(op, &reader, data, size, piece);
    ASSERT(strlen(etag) < sizeof etag && strlen(code) < sizeof code);
    return result;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct lagan_op op = {.size = sizeof op, .cancel_fd = -1};
    struct error why = ERROR_INIT;
    uint32_t result = LAGAN_OK;
    lagan_host_table = operation_host_table();
    if (size == 0)
        return 0;
    enum kind kind = (enum kind)(data[0] % KINDS);
    size_t piece = data[0] < 128 ? size : (size_t)1 + (data[0] - 128) / KINDS;
    data++;
    size--;
    if (kind == LISTING || kind == VERSIONS)
        result = run_listing(&op, kind == VERSIONS, data, size, piece);
    else if (kind == PARTS)
        result = run_parts(&op, data, size, piece);
    else if (kind == REMOVALS)
        result = run_removals(&op, data, size, piece);
    else
        result = run_texts(&op, data, size, piece);
    if (result != LAGAN_OK)
        error_set(&why, result, ERROR_FAILED, "%s: %s", kind_names[kind], op.error.text);
    fuzz_outcome(result != LAGAN_OK ? &why : NULL);
    return 0;
}
