/* SPDX-License-Identifier: Apache-2.0 */
/* xml.c - answers of object stores as flat events; see xml.h. */
#include "common/s3/xml.h"

#include <ctype.h>
#include <expat.h>
#include <stdlib.h>
#include <string.h>

enum {
    FEED_BYTES = 16 << 10, /* that expat gets at a time: it takes an int */
    REFERENCE_LIMIT = 12   /* bytes of "&#x10FFFF;" and some zeroes */
};

/* Stands for what no document can hold: U+FDD0, which is no character in any text. */
static const char impossible[] = "\xef\xb7\x90";

struct s3_xml {
    XML_Parser parser;
    struct lagan_op *op;
    struct s3_xml_reader reader;
    uint32_t result;
    unsigned depth; /* of the element at work: 1 = the root */
    bool refused;   /* the root is Error */
    bool leaf;      /* no element has ended since the last one began */
    bool replaced;  /* something stands for what no document can hold */
    bool begun;     /* a byte that is no white space has come */
    uint64_t bytes; /* that expat got */
    uint32_t elements;
    size_t text_size;
    size_t path_sizes[S3_XML_DEPTH_LIMIT + 1];
    char path[S3_XML_DEPTH_LIMIT * (S3_XML_NAME_LIMIT + 1) + 1]; /* below the root */
    char text[S3_XML_TEXT_LIMIT + 1];
    char refusal[S3_XML_CODE_SIZE];
    size_t reference_size; /* of what may be a number for a character */
    char reference[REFERENCE_LIMIT + 1];
    size_t ready_size;
    char ready[FEED_BYTES]; /* for expat */
};

static void stop(struct s3_xml *x, uint32_t result)
{
    if (x->result == LAGAN_OK)
        x->result = result;
    XML_StopParser(x->parser, XML_FALSE);
}

static void refuse(struct s3_xml *x, const char *why)
{
    if (x->result == LAGAN_OK)
        lagan_fail(x->op, LAGAN_CORRUPT, 0, "the store's answer %s", why);
    stop(x, LAGAN_CORRUPT);
}

static const char *local_name(const char *name)
{
    const char *colon = strrchr(name, ':');
    return colon ? colon + 1 : name;
}

static void take_refusal(struct s3_xml *x)
{
    size_t most = sizeof x->refusal - 1;
    size_t size = x->text_size < most ? x->text_size : most;
    if (strcmp(x->path, "Code") != 0)
        return;
    memcpy(x->refusal, x->text, size);
    x->refusal[size] = '\0';
}

/* An Error may be what is asked for: then it is no refusal. */
static bool is_root(struct s3_xml *x, const char *name)
{
    const char *root = x->reader.root;
    x->refused = strcmp(name, "Error") == 0 && (!root || strcmp(root, "Error") != 0);
    return x->refused || !root || strcmp(name, root) == 0;
}

/* The path grows by the name; false when there is no place. */
static bool push(struct s3_xml *x, const char *name)
{
    size_t size = strlen(name);
    size_t at = x->path_sizes[x->depth];
    if (x->depth == S3_XML_DEPTH_LIMIT || size == 0 || size > S3_XML_NAME_LIMIT)
        return false;
    x->depth++;
    if (x->depth > 1) {
        if (at > 0)
            x->path[at++] = '/';
        memcpy(x->path + at, name, size);
        at += size;
        x->path[at] = '\0';
    }
    x->path_sizes[x->depth] = at;
    return true;
}

static void XMLCALL on_start(void *context, const XML_Char *name, const XML_Char **attributes)
{
    struct s3_xml *x = context;
    uint32_t result = LAGAN_OK;
    (void)attributes;
    name = local_name(name);
    if (x->result != LAGAN_OK)
        return;
    if (x->depth == 0 && !is_root(x, name)) {
        refuse(x, "is of another kind");
        return;
    }
    if (++x->elements > S3_XML_ELEMENT_LIMIT || !push(x, name)) {
        refuse(x, "has too many elements, too deep ones or too long a name");
        return;
    }
    x->leaf = true;
    x->text_size = 0;
    if (x->depth > 1 && !x->refused && x->reader.begin)
        result = x->reader.begin(x->reader.context, x->path);
    if (result != LAGAN_OK)
        stop(x, result);
}

static void XMLCALL on_end(void *context, const XML_Char *name)
{
    struct s3_xml *x = context;
    uint32_t result = LAGAN_OK;
    (void)name;
    /* Of an empty element it is called even when its begin was refused. */
    if (x->result != LAGAN_OK)
        return;
    x->text[x->text_size] = '\0';
    if (x->depth > 1 && x->refused)
        take_refusal(x);
    else if (x->leaf && x->replaced && strstr(x->text, impossible))
        result = LAGAN_OK;
    else if (x->depth > 1 && x->reader.end)
        result = x->reader.end(x->reader.context, x->path, x->text, x->text_size);
    x->depth--;
    x->path[x->depth > 0 ? x->path_sizes[x->depth] : 0] = '\0';
    x->leaf = false;
    x->text_size = 0;
    if (result != LAGAN_OK)
        stop(x, result);
}

static void XMLCALL on_text(void *context, const XML_Char *data, int size)
{
    struct s3_xml *x = context;
    if (!x->leaf || x->result != LAGAN_OK)
        return;
    if ((size_t)size > S3_XML_TEXT_LIMIT - x->text_size) {
        refuse(x, "has too long a text");
        return;
    }
    memcpy(x->text + x->text_size, data, (size_t)size);
    x->text_size += (size_t)size;
}

static void XMLCALL on_doctype(void *context, const XML_Char *name, const XML_Char *system,
                               const XML_Char *public, int subset)
{
    (void)name;
    (void)system;
    (void)public;
    (void)subset;
    refuse(context, "has a document type");
}

static void XMLCALL on_entity(void *context, const XML_Char *name, int parameter)
{
    (void)name;
    (void)parameter;
    refuse(context, "has an entity");
}

struct s3_xml *s3_xml_new(struct lagan_op *op, const struct s3_xml_reader *reader)
{
    struct s3_xml *x = calloc(1, sizeof *x);
    if (!x)
        return NULL;
    x->parser = XML_ParserCreate("UTF-8");
    if (!x->parser) {
        free(x);
        return NULL;
    }
    x->op = op;
    x->reader = *reader;
    XML_SetUserData(x->parser, x);
    XML_SetElementHandler(x->parser, on_start, on_end);
    XML_SetCharacterDataHandler(x->parser, on_text);
    XML_SetStartDoctypeDeclHandler(x->parser, on_doctype);
    XML_SetSkippedEntityHandler(x->parser, on_entity);
    return x;
}

void s3_xml_free(struct s3_xml *x)
{
    if (!x)
        return;
    XML_ParserFree(x->parser);
    free(x);
}

/* Also after a stop: the first reason stays. */
static uint32_t parse(struct s3_xml *x, const char *data, size_t size, bool last)
{
    if (XML_Parse(x->parser, data, (int)size, last) == XML_STATUS_ERROR &&
        x->result == LAGAN_OK) {
        enum XML_Error code = XML_GetErrorCode(x->parser);
        x->result = code == XML_ERROR_NO_MEMORY ? LAGAN_INTERNAL : LAGAN_CORRUPT;
        lagan_fail(x->op, x->result, (int)code, "the store's answer is not XML: %s",
                   XML_ErrorString(code));
    }
    return x->result;
}

/* Expat keeps what it has not understood yet. */
static void check_token(struct s3_xml *x)
{
    XML_Index at = XML_GetCurrentByteIndex(x->parser);
    if (at >= 0 && x->bytes > (uint64_t)at + S3_XML_TOKEN_LIMIT)
        refuse(x, "has too long a tag");
}

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* Hands over what is ready. */
static void flush(struct s3_xml *x)
{
    if (x->ready_size == 0 || x->result != LAGAN_OK)
        return;
    x->bytes += x->ready_size;
    if (x->bytes > S3_XML_BYTES_LIMIT)
        refuse(x, "is too long");
    else if (parse(x, x->ready, x->ready_size, false) == LAGAN_OK)
        check_token(x);
    x->ready_size = 0;
}

static void add_ready(struct s3_xml *x, const char *data, size_t size)
{
    if (size > sizeof x->ready - x->ready_size)
        flush(x);
    memcpy(x->ready + x->ready_size, data, size);
    x->ready_size += size;
}

static bool is_possible(unsigned long character)
{
    return character >= ' ' || character == '\t' || character == '\n' || character == '\r';
}

/* A whole reference, "&#...;": of what number? */
static bool is_possible_reference(const char *text)
{
    bool hexadecimal = text[2] == 'x';
    return is_possible(strtoul(text + (hexadecimal ? 3 : 2), NULL, hexadecimal ? 16 : 10));
}

static void add_impossible(struct s3_xml *x)
{
    x->replaced = true;
    add_ready(x, impossible, strlen(impossible));
}

/* Whether `c` can go on a reference of which `size` bytes came. */
static bool continues(size_t size, char c)
{
    static const char digits[] = "0123456789abcdefABCDEF";
    if (size == 1)
        return c == '#';
    return (size == 2 && c == 'x') || (c != '\0' && strchr(digits, c));
}

/* A byte behind an ampersand; false when it is no part of a reference by number. */
static bool take_reference(struct s3_xml *x, char c)
{
    bool ends = c == ';' && isxdigit((unsigned char)x->reference[x->reference_size - 1]);
    bool taken =
        ends || (x->reference_size < REFERENCE_LIMIT - 1 && continues(x->reference_size, c));
    if (taken)
        x->reference[x->reference_size++] = c;
    if (taken && !ends)
        return true;
    x->reference[x->reference_size] = '\0';
    if (ends && !is_possible_reference(x->reference))
        add_impossible(x);
    else
        add_ready(x, x->reference, x->reference_size);
    x->reference_size = 0;
    return taken;
}

static bool is_plain(char c)
{
    return c != '&' && is_possible((unsigned char)c);
}

/* Takes some of the bytes, at least one; how many. */
static size_t take_some(struct s3_xml *x, const char *at, size_t size)
{
    size_t plain = 0;
    if (x->reference_size > 0 && take_reference(x, *at))
        return 1;
    while (plain < size && plain < sizeof x->ready && is_plain(at[plain]))
        plain++;
    if (plain > 0)
        add_ready(x, at, plain);
    else if (*at == '&')
        x->reference[x->reference_size++] = *at;
    else
        add_impossible(x);
    return plain > 0 ? plain : 1;
}

uint32_t s3_xml_feed(struct s3_xml *x, const void *data, size_t size)
{
    const char *at = data;
    const char *end = at + size;
    while (at < end && !x->begun && is_space(*at))
        at++;
    x->begun = x->begun || at < end;
    while (at < end && x->result == LAGAN_OK)
        at += take_some(x, at, (size_t)(end - at));
    flush(x);
    return x->result;
}

uint32_t s3_xml_finish(struct s3_xml *x)
{
    if (x->result != LAGAN_OK)
        return x->result;
    return parse(x, x->reference, x->reference_size, true);
}

const char *s3_xml_refusal(const struct s3_xml *x)
{
    return x->refused ? x->refusal : NULL;
}
