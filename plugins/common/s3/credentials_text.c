/* SPDX-License-Identifier: Apache-2.0 */
/*
 * credentials_text.c - credentials as people and programs write them: ACCESS:SECRET[:TOKEN], or
 * the JSON object of credential processes.
 *
 * Source: "Sourcing credentials with an external process"; RFC 8259.
 */
#include "common/s3/client.h"

#include <stdlib.h>
#include <string.h>

enum { DEPTH_LIMIT = 32 };

/* A text at work: `at` moves up to `end`. */
struct cursor {
    const char *at;
    const char *end;
};

static void skip_blanks(struct cursor *c)
{
    while (c->at < c->end && strchr(" \t\r\n", *c->at) && *c->at)
        c->at++;
}

static bool skip_letter(struct cursor *c, char letter)
{
    skip_blanks(c);
    if (c->at == c->end || *c->at != letter)
        return false;
    c->at++;
    return true;
}

static bool take_hex(struct cursor *c, uint32_t *point)
{
    char digits[5] = "";
    char *rest;
    if (c->end - c->at < 4)
        return false;
    memcpy(digits, c->at, 4);
    *point = (uint32_t)strtoul(digits, &rest, 16);
    c->at += 4;
    /* Halves of pairs and zeroes have no place in credentials. */
    return rest == digits + 4 && digits[0] != '+' && digits[0] != '-' && digits[0] != ' ' &&
           *point != 0 && (*point < 0xd800 || *point > 0xdfff);
}

static void add_point(struct s3_text *out, uint32_t point)
{
    char bytes[3];
    size_t size = 0;
    if (point < 0x80) {
        bytes[size++] = (char)point;
    } else if (point < 0x800) {
        bytes[size++] = (char)(0xc0 | point >> 6);
        bytes[size++] = (char)(0x80 | (point & 63));
    } else {
        bytes[size++] = (char)(0xe0 | point >> 12);
        bytes[size++] = (char)(0x80 | (point >> 6 & 63));
        bytes[size++] = (char)(0x80 | (point & 63));
    }
    s3_text_add(out, bytes, size);
}

static bool take_escape(struct cursor *c, struct s3_text *out)
{
    static const char letters[] = "\"\\/bfnrt";
    static const char meanings[] = "\"\\/\b\f\n\r\t";
    const char *found;
    uint32_t point;
    if (c->at == c->end)
        return false;
    if (*c->at == 'u') {
        c->at++;
        if (!take_hex(c, &point))
            return false;
        add_point(out, point);
        return true;
    }
    found = *c->at ? strchr(letters, *c->at) : NULL;
    if (!found)
        return false;
    s3_text_add(out, &meanings[found - letters], 1);
    c->at++;
    return true;
}

/* A string with its quotes into `out`, which is emptied. */
static bool take_string(struct cursor *c, struct s3_text *out)
{
    s3_text_wipe(out);
    s3_text_add(out, "", 0);
    if (!skip_letter(c, '"'))
        return false;
    while (c->at < c->end && *c->at != '"') {
        char letter = *c->at++;
        if ((unsigned char)letter < ' ')
            return false;
        if (letter != '\\')
            s3_text_add(out, &letter, 1);
        else if (!take_escape(c, out))
            return false;
    }
    return c->at++ < c->end;
}

/* Any value up to the comma or the brace behind it; what is in it is not looked at closely. */
static bool skip_value(struct cursor *c)
{
    struct s3_text string = {0};
    int depth = 0;
    bool good = true;
    for (skip_blanks(c); good && c->at < c->end; skip_blanks(c)) {
        char letter = *c->at;
        if (depth == 0 && (letter == ',' || letter == '}'))
            break;
        if (letter == '"') {
            good = take_string(c, &string);
            continue;
        }
        if (letter == '{' || letter == '[')
            depth++;
        if (letter == '}' || letter == ']')
            depth--;
        good = depth >= 0 && depth <= DEPTH_LIMIT;
        c->at++;
    }
    s3_text_wipe(&string);
    return good && c->at < c->end;
}

/* One member: its value into `value` when it is the string `name`. */
static bool take_member(struct cursor *c, const char *name, struct s3_text *found,
                        struct s3_text *value)
{
    if (!take_string(c, found) || !skip_letter(c, ':'))
        return false;
    skip_blanks(c);
    if (c->at < c->end && *c->at == '"' && found->data && strcmp(found->data, name) == 0)
        return take_string(c, value);
    return skip_value(c);
}

bool s3_json_member(const char *text, size_t size, const char *name, struct s3_text *value)
{
    struct cursor c = {text, text + size};
    struct s3_text found = {0};
    bool good = skip_letter(&c, '{');
    s3_text_wipe(value);
    while (good && !skip_letter(&c, '}')) {
        good = take_member(&c, name, &found, value);
        if (good && !skip_letter(&c, ',')) {
            good = skip_letter(&c, '}');
            break;
        }
    }
    skip_blanks(&c);
    s3_text_wipe(&found);
    return good && c.at == c.end && !value->failed;
}

static bool is_sendable(const char *text)
{
    for (; text && *text; text++)
        if ((unsigned char)*text <= ' ' || (unsigned char)*text >= 0x7f)
            return false;
    return true;
}

static uint32_t make_keys(struct lagan_op *op, const char *access, const char *secret,
                          const char *token, int64_t expires_ns, const char *from,
                          struct s3_keys **keys)
{
    if (!access || !*access || !secret || !*secret)
        return lagan_fail(op, LAGAN_AUTH, 0, "%s holds no access key or no secret key", from);
    if (!is_sendable(access) || !is_sendable(secret) || !is_sendable(token))
        return lagan_fail(op, LAGAN_AUTH, 0, "%s holds blanks or letters that no key has",
                          from);
    *keys = s3_keys_new(access, secret, token, expires_ns);
    return *keys ? LAGAN_OK : lagan_fail(op, LAGAN_INTERNAL, 0, "out of memory");
}

static uint32_t keys_of_json(struct lagan_op *op, const char *text, size_t size,
                             const char *from, struct s3_keys **keys)
{
    static const char *const names[] = {"AccessKeyId", "SecretAccessKey", "SessionToken",
                                        "Expiration"};
    struct s3_text values[4] = {0};
    int64_t expires_ns = 0;
    uint32_t result = LAGAN_OK;
    for (size_t i = 0; i < 4 && result == LAGAN_OK; i++)
        if (!s3_json_member(text, size, names[i], &values[i]))
            result = lagan_fail(op, LAGAN_AUTH, 0, "%s is no JSON object", from);
    if (result == LAGAN_OK && values[3].size > 0 && !s3_iso_date(values[3].data, &expires_ns))
        result = lagan_fail(op, LAGAN_AUTH, 0, "%s holds an Expiration that is no date", from);
    if (result == LAGAN_OK)
        result = make_keys(op, values[0].data, values[1].data, values[2].data, expires_ns, from,
                           keys);
    for (size_t i = 0; i < 4; i++)
        s3_text_wipe(&values[i]);
    return result;
}

static uint32_t keys_of_words(struct lagan_op *op, const char *text, size_t size,
                              const char *from, struct s3_keys **keys)
{
    struct s3_text copy = {0};
    uint32_t result;
    s3_text_add(&copy, text, size);
    if (copy.failed)
        return lagan_fail(op, LAGAN_INTERNAL, 0, "out of memory");
    char *secret = strchr(copy.data, ':');
    if (secret)
        *secret++ = '\0';
    char *token = secret ? strchr(secret, ':') : NULL;
    if (token)
        *token++ = '\0';
    result = make_keys(op, copy.data, secret, token, 0, from, keys);
    s3_text_wipe(&copy);
    return result;
}

uint32_t s3_keys_parse(struct lagan_op *op, const char *text, size_t size, const char *from,
                       struct s3_keys **keys)
{
    while (size > 0 && strchr(" \t\r\n", text[size - 1]) && text[size - 1])
        size--;
    while (size > 0 && strchr(" \t\r\n", *text) && *text) {
        text++;
        size--;
    }
    if (size > S3_SECRET_LIMIT || memchr(text, '\0', size))
        return lagan_fail(op, LAGAN_AUTH, 0, "%s is longer than %d bytes or holds a zero", from,
                          S3_SECRET_LIMIT);
    if (size > 0 && *text == '{')
        return keys_of_json(op, text, size, from, keys);
    return keys_of_words(op, text, size, from, keys);
}
