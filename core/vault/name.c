/* SPDX-License-Identifier: Apache-2.0 */
/* name.c - the grammar of object names as a table of patterns, one per kind. */
#include "vault/name.h"
#include "base/text.h"

#include <stdio.h>
#include <string.h>

/*
 * Patterns: `H` takes the hash, `h` its first byte ahead of it, `I` the id, `U` the uuid, `N`
 * the number in hexadecimal, `D` the number as one decimal digit, `T` a time; all else stands
 * for itself.
 */
static const struct pattern {
    enum name_kind kind;
    uint8_t hash_bytes;
    const char *text;
} patterns[] = {
    {NAME_CONF, 0, "conf/N"},
    {NAME_KEY, 16, "keys/H"},
    {NAME_PACK, 32, "packs/h/H"},
    {NAME_RUN, 32, "runs/D-I-H"},
    {NAME_ROLL, 32, "rolls/H"},
    {NAME_SEAL, 0, "seals/T-I"},
    {NAME_TOMBSTONE, 0, "seals/T-I.gone"},
    {NAME_SESSION, 0, "sessions/N/U"},
    {NAME_SESSION_DONE, 0, "sessions/N/U.done"},
    {NAME_SESSION_SIGN, 0, "sessions/N/U.I"},
    {NAME_CONDEMN, 0, "prune/N.condemn"},
    {NAME_DELETE, 0, "prune/N.delete"},
    {NAME_MOVE, 32, "moves/H"},
    {NAME_PARITY, 32, "parity/H"},
    {NAME_ABOUT, 0, "about/N"},
    {NAME_AUDIT, 0, "audit/U-I"},
    {NAME_LOCK, 0, "locks/N"},
    {NAME_NOTE, 0, "notes/U-N"},
};

/* Takes `size` bytes of lower-case hexadecimal; the text behind them, or NULL. */
static const char *take_hex(const char *text, void *data, size_t size)
{
    char digits[2 * 32 + 1];

    if (strspn(text, "0123456789abcdef") < 2 * size)
        return NULL;
    memcpy(digits, text, 2 * size);
    digits[2 * size] = '\0';
    return text_unhex(digits, data, size) == 0 ? text + 2 * size : NULL;
}

static const char *take_number(const char *text, size_t size, uint64_t *value)
{
    uint8_t bytes[8];

    text = take_hex(text, bytes, size);
    *value = 0;
    for (size_t i = 0; text != NULL && i < size; i++)
        *value = *value << 8 | bytes[i];
    return text;
}

/* 20261121t075658z; whether that is a day of the calendar matters to nobody. */
static const char *take_time(const char *text)
{
    static const char form[] = "ddddddddtddddddz";

    for (size_t i = 0; i < sizeof(form) - 1; i++)
        if (form[i] == 'd' ? text[i] < '0' || text[i] > '9' : text[i] != form[i])
            return NULL;
    return text + sizeof(form) - 1;
}

/* Takes what one letter of a pattern stands for. */
static const char *take_piece(char letter, uint8_t hash_bytes, const char *text,
                              struct name *name, uint8_t *first)
{
    uint64_t number;

    switch (letter) {
    case 'H':
        name->has_hash = true;
        return take_hex(text, name->hash, hash_bytes);
    case 'h':
        return take_hex(text, first, 1);
    case 'I':
        return take_number(text, 8, &name->id);
    case 'U':
        return take_hex(text, name->uuid, sizeof(name->uuid));
    case 'N':
        text = take_number(text, 4, &number);
        name->number = (uint32_t)number;
        return text;
    case 'D':
        name->number = (uint32_t)(*text - '0');
        return *text >= '0' && *text <= '9' ? text + 1 : NULL;
    case 'T':
        return take_time(text);
    default:
        return *text == letter ? text + 1 : NULL;
    }
}

static bool match(const struct pattern *p, const char *text, struct name *name)
{
    size_t prefix = strcspn(p->text, "HhIUNDT");
    uint8_t first = 0;

    *name = (struct name){.kind = p->kind};
    if (strncmp(text, p->text, prefix) != 0)
        return false;
    text += prefix;
    for (const char *letter = p->text + prefix; *letter != '\0'; letter++) {
        text = take_piece(*letter, p->hash_bytes, text, name, &first);
        if (text == NULL)
            return false;
    }
    return *text == '\0' && (p->kind != NAME_PACK || first == name->hash[0]);
}

bool name_parse(const char *text, struct name *name)
{
    struct name found;

    for (size_t i = 0; i < sizeof(patterns) / sizeof(patterns[0]); i++) {
        if (match(&patterns[i], text, &found)) {
            *name = found;
            return true;
        }
    }
    return false;
}

const char *name_kind_text(enum name_kind kind)
{
    static const char *const texts[] = {
#define X(symbol, prefix, text) text,
        NAME_KINDS(X)
#undef X
    };

    return (unsigned)kind < NAME_KIND_COUNT ? texts[kind] : "object";
}

void name_of_conf(uint32_t generation, char text[NAME_SIZE])
{
    snprintf(text, NAME_SIZE, "conf/%08x", generation);
}

void name_of_about(uint32_t generation, char text[NAME_SIZE])
{
    snprintf(text, NAME_SIZE, "about/%08x", generation);
}

void name_of_lock(uint32_t generation, char text[NAME_SIZE])
{
    snprintf(text, NAME_SIZE, "locks/%08x", generation);
}

void name_of_note(const uint8_t topic[16], uint32_t generation, char text[NAME_SIZE])
{
    char digits[33];

    text_hex(topic, 16, digits);
    snprintf(text, NAME_SIZE, "notes/%s-%08x", digits, generation);
}

void name_of_audit(const uint8_t writer[16], uint64_t line, char text[NAME_SIZE])
{
    char digits[33];

    text_hex(writer, 16, digits);
    snprintf(text, NAME_SIZE, "audit/%s-%016llx", digits, (unsigned long long)line);
}

/* `prefix`, then `size` bytes of `hash`. */
static void with_hash(const char *prefix, const uint8_t *hash, size_t size,
                      char text[NAME_SIZE])
{
    char digits[65];

    text_hex(hash, size, digits);
    snprintf(text, NAME_SIZE, "%s%s", prefix, digits);
}

void name_of_key(const uint8_t hash[32], char text[NAME_SIZE])
{
    with_hash("keys/", hash, 16, text);
}

void name_of_pack(const uint8_t hash[32], char text[NAME_SIZE])
{
    char prefix[16];

    snprintf(prefix, sizeof(prefix), "packs/%02x/", hash[0]);
    with_hash(prefix, hash, 32, text);
}

void name_of_run(uint32_t level, uint64_t sequence, const uint8_t hash[32],
                 char text[NAME_SIZE])
{
    char prefix[32];

    snprintf(prefix, sizeof(prefix), "runs/%u-%016llx-", level % 10,
             (unsigned long long)sequence);
    with_hash(prefix, hash, 32, text);
}

void name_of_roll(const uint8_t hash[32], char text[NAME_SIZE])
{
    with_hash("rolls/", hash, 32, text);
}

void name_of_move(const uint8_t hash[32], char text[NAME_SIZE])
{
    with_hash("moves/", hash, 32, text);
}

void name_of_condemn(uint32_t epoch, char text[NAME_SIZE])
{
    snprintf(text, NAME_SIZE, "prune/%08x.condemn", epoch);
}

void name_of_delete(uint32_t epoch, char text[NAME_SIZE])
{
    snprintf(text, NAME_SIZE, "prune/%08x.delete", epoch);
}

void name_of_session(uint32_t epoch, const uint8_t uuid[16], bool done, char text[NAME_SIZE])
{
    char digits[33];

    text_hex(uuid, 16, digits);
    snprintf(text, NAME_SIZE, "sessions/%08x/%s%s", epoch, digits, done ? ".done" : "");
}

void name_of_session_sign(uint32_t epoch, const uint8_t uuid[16], uint64_t number,
                          char text[NAME_SIZE])
{
    char digits[33];

    text_hex(uuid, 16, digits);
    snprintf(text, NAME_SIZE, "sessions/%08x/%s.%016llx", epoch, digits,
             (unsigned long long)number);
}
