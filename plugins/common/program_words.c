/* SPDX-License-Identifier: Apache-2.0 */
/* program_words.c - lines of the protocol of lagan-exec(7): taken apart, and put together. */
#include "common/program.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int hex_digit(char letter)
{
    static const char digits[] = "0123456789abcdef";
    const char *at =
        memchr(digits, letter >= 'A' && letter <= 'F' ? letter - 'A' + 'a' : letter,
               sizeof digits - 1);
    return at ? (int)(at - digits) : -1;
}

/* In place; false for a `%` without two digits behind it. */
static bool decode(char *text, size_t *size)
{
    size_t out = 0;
    for (size_t in = 0; in < *size; in++) {
        if (text[in] != '%') {
            text[out++] = text[in];
            continue;
        }
        int high = *size - in > 2 ? hex_digit(text[in + 1]) : -1;
        int low = high >= 0 ? hex_digit(text[in + 2]) : -1;
        if (low < 0)
            return false;
        text[out++] = (char)(high << 4 | low);
        in += 2;
    }
    text[out] = '\0';
    *size = out;
    return true;
}

static bool is_name(const char *text, size_t size)
{
    for (size_t i = 0; i < size; i++)
        if ((text[i] < 'a' || text[i] > 'z') &&
            (i == 0 || ((text[i] < '0' || text[i] > '9') && text[i] != '-')))
            return false;
    return size > 0 && size <= 32;
}

static bool has_controls(const char *text, size_t size)
{
    for (size_t i = 0; i < size; i++)
        if ((unsigned char)text[i] < ' ' || text[i] == 0x7f)
            return true;
    return false;
}

/* `text` is a string. */
static bool add_word(struct program_line *line, char *text)
{
    char *sign = strchr(text, '=');
    size_t name_size = sign ? (size_t)(sign - text) : strlen(text);
    struct program_word word = {.name = text};
    if (line->count == PROGRAM_WORD_LIMIT || !is_name(text, name_size))
        return false;
    text[name_size] = '\0';
    if (sign) {
        word.value = sign + 1;
        word.size = strlen(sign + 1);
        if (!decode(sign + 1, &word.size))
            return false;
    }
    if (program_find(line, text))
        return false;
    line->words[line->count++] = word;
    return true;
}

/* What stands behind the verb. */
static bool add_next(struct program_line *line, char *text)
{
    /* The one number that is so frequent in scripts that it has no name. */
    if (strcmp(line->verb, "data") == 0 && line->count == 0) {
        line->words[line->count++] =
            (struct program_word){.name = "bytes", .value = text, .size = strlen(text)};
        return true;
    }
    return add_word(line, text);
}

bool program_line_parse(struct program_line *line, char *text, size_t size)
{
    char *next = text;
    line->verb = NULL;
    line->count = 0;
    line->wrong = NULL;
    if (size > PROGRAM_LINE_LIMIT || has_controls(text, size))
        return false;
    text[size] = '\0';
    while (next) {
        char *word = next + strspn(next, " ");
        next = strchr(word, ' ');
        if (next)
            *next++ = '\0';
        if (!*word)
            continue;
        if (line->verb) {
            if (!add_next(line, word))
                return false;
        } else if (is_name(word, strlen(word)))
            line->verb = word;
        else
            return false;
    }
    return line->verb != NULL;
}

const struct program_word *program_find(const struct program_line *line, const char *name)
{
    for (size_t i = 0; i < line->count; i++)
        if (strcmp(line->words[i].name, name) == 0)
            return &line->words[i];
    return NULL;
}

static bool is_wrong(struct program_line *line, const char *name)
{
    if (!line->wrong)
        line->wrong = name;
    return false;
}

bool program_take_bytes(struct program_line *line, const char *name, size_t limit,
                        const char **data, size_t *size)
{
    const struct program_word *word = program_find(line, name);
    if (!word)
        return false;
    if (!word->value || word->size > limit)
        return is_wrong(line, name);
    *data = word->value;
    *size = word->size;
    return true;
}

bool program_take_text(struct program_line *line, const char *name, size_t limit,
                       const char **text)
{
    const char *data;
    size_t size;
    if (!program_take_bytes(line, name, limit, &data, &size))
        return false;
    if (strlen(data) != size)
        return is_wrong(line, name);
    *text = data;
    return true;
}

/* Digits from `text` on; how many, 0 when the number is too large. */
static size_t take_digits(const char *text, unsigned base, uint64_t maximum, uint64_t *number)
{
    uint64_t value = 0;
    size_t i = 0;
    for (; text[i] >= '0' && text[i] < (char)('0' + base); i++) {
        unsigned digit = (unsigned)(text[i] - '0');
        if (__builtin_mul_overflow(value, base, &value) ||
            __builtin_add_overflow(value, digit, &value) || value > maximum)
            return 0;
    }
    *number = value;
    return i;
}

bool program_take_number(struct program_line *line, const char *name, uint64_t maximum,
                         uint64_t *number)
{
    const struct program_word *word = program_find(line, name);
    uint64_t value;
    size_t digits;
    if (!word)
        return false;
    digits = word->value ? take_digits(word->value, 10, maximum, &value) : 0;
    if (digits == 0 || digits != word->size)
        return is_wrong(line, name);
    *number = value;
    return true;
}

bool program_take_octal(struct program_line *line, const char *name, uint32_t maximum,
                        uint32_t *number)
{
    const struct program_word *word = program_find(line, name);
    uint64_t value;
    size_t digits;
    if (!word)
        return false;
    digits = word->value ? take_digits(word->value, 8, maximum, &value) : 0;
    if (digits == 0 || digits != word->size)
        return is_wrong(line, name);
    *number = (uint32_t)value;
    return true;
}

/* [-]SECONDS[.DIGITS], to the end of the string. */
static bool parse_time(const char *text, int64_t *seconds, uint32_t *ns)
{
    bool negative = *text == '-';
    uint64_t whole;
    uint64_t part = 0;
    size_t digits = take_digits(text + negative, 10, INT64_MAX / 2, &whole);
    if (digits == 0)
        return false;
    text += (size_t)negative + digits;
    if (*text == '.') {
        size_t behind = take_digits(text + 1, 10, 999999999, &part);
        if (behind == 0 || behind > 9)
            return false;
        text += 1 + behind;
        for (; behind < 9; behind++)
            part *= 10;
    }
    *seconds = negative ? -(int64_t)whole : (int64_t)whole;
    if (negative && part > 0) {
        *seconds -= 1;
        part = 1000000000 - part;
    }
    *ns = (uint32_t)part;
    return *text == '\0';
}

bool program_take_time(struct program_line *line, const char *name, int64_t *seconds,
                       uint32_t *ns)
{
    const struct program_word *word = program_find(line, name);
    int64_t whole;
    uint32_t part;
    if (!word)
        return false;
    if (!word->value || strlen(word->value) != word->size ||
        !parse_time(word->value, &whole, &part))
        return is_wrong(line, name);
    *seconds = whole;
    *ns = part;
    return true;
}

bool program_take_choice(struct program_line *line, const char *name,
                         const char *const *choices, uint32_t *index)
{
    const struct program_word *word = program_find(line, name);
    uint32_t found = 0;
    if (!word)
        return false;
    while (choices[found] && (!word->value || strcmp(choices[found], word->value) != 0))
        found++;
    if (!word->value)
        found--;
    else if (!choices[found] || strlen(word->value) != word->size)
        return is_wrong(line, name);
    *index = found;
    return true;
}

static const char *const class_names[] = {
#define X(symbol, value, name, meaning) [LAGAN_##symbol] = name,
    LAGAN_CLASSES(X)
#undef X
};

uint32_t program_class_of(const char *name, size_t size)
{
    for (uint32_t i = 0; i < LAGAN_CLASS_COUNT; i++)
        if (strlen(class_names[i]) == size && memcmp(class_names[i], name, size) == 0)
            return i;
    return LAGAN_CLASS_COUNT;
}

const char *program_class_name(uint32_t error_class)
{
    return class_names[error_class < LAGAN_CLASS_COUNT ? error_class : (uint32_t)LAGAN_IO];
}

/* The length of the sequence of UTF-8 that starts here, or 0. */
static size_t sequence_size(const unsigned char *text)
{
    static const struct {
        unsigned char mask, lead;
        uint32_t least;
    } shapes[] = {{0x80, 0, 0}, {0xe0, 0xc0, 0x80}, {0xf0, 0xe0, 0x800}, {0xf8, 0xf0, 0x10000}};
    for (size_t n = 0; n < sizeof shapes / sizeof shapes[0]; n++) {
        uint32_t letter = text[0] & (unsigned char)~shapes[n].mask;
        if ((text[0] & shapes[n].mask) != shapes[n].lead)
            continue;
        for (size_t i = 1; i <= n; i++) {
            if ((text[i] & 0xc0) != 0x80)
                return 0;
            letter = letter << 6 | (text[i] & 0x3f);
        }
        if (letter < shapes[n].least || letter > 0x10ffff || (letter >> 11) == 0x1b)
            return 0;
        return n + 1;
    }
    return 0;
}

void program_clean(char *text)
{
    size_t size;
    for (; *text; text += size) {
        size = sequence_size((const unsigned char *)text);
        if (size == 0 || (unsigned char)*text < ' ' || *text == 0x7f ||
            (size == 2 && memcmp(text, "\xc2\xa0", 2) < 0)) {
            *text = '?';
            size = 1;
        }
    }
}

/* One of the words that may stand between class and text; false = the text begins here. */
static bool take_detail(struct program_error *error, struct program_line *word)
{
    static const char *const scopes[] = {"item", "handle", "instance", NULL};
    static const char *const outcomes[] = {"not-done", "done", "unknown", NULL};
    uint64_t number;
    if (program_take_number(word, "native", INT32_MAX, &number))
        error->native = (int32_t)number;
    else if (program_take_number(word, "retry-after", UINT32_MAX, &number))
        error->retry_after_ms = (uint32_t)number;
    else
        return (program_find(word, "scope") && program_find(word, "scope")->value &&
                program_take_choice(word, "scope", scopes, &error->scope)) ||
               (program_find(word, "outcome") && program_find(word, "outcome")->value &&
                program_take_choice(word, "outcome", outcomes, &error->outcome));
    return true;
}

/* Details from `text` on; what stands behind them. */
static char *take_details(struct program_error *error, char *text)
{
    for (;;) {
        char copy[64] = "x ";
        struct program_line line;
        size_t size;
        text += strspn(text, " ");
        size = strcspn(text, " ");
        if (size == 0 || size > sizeof copy - 4)
            return text;
        memcpy(copy + 2, text, size);
        if (!program_line_parse(&line, copy, size + 2) || !take_detail(error, &line))
            return text;
        text += size;
    }
}

bool program_error_parse(struct program_error *error, char *text, size_t size)
{
    size_t name_size;
    *error = (struct program_error){.outcome = LAGAN_OUTCOME_NOT_DONE};
    if (memchr(text, '\0', size))
        return false;
    text[size] = '\0';
    text += strspn(text, " ");
    name_size = strcspn(text, " ");
    error->error_class = program_class_of(text, name_size);
    if (error->error_class == LAGAN_CLASS_COUNT || error->error_class == LAGAN_OK ||
        error->error_class == LAGAN_END)
        return false;
    text = take_details(error, text + name_size);
    program_clean(text);
    error->text = text;
    return true;
}

/* Room for `size` more bytes and a zero. */
static bool make_room(struct program_text *text, size_t size)
{
    size_t room = text->room ? text->room : 256;
    char *data;
    if (text->failed || size > 4 * (size_t)PROGRAM_LINE_LIMIT) {
        text->failed = true;
        return false;
    }
    while (room - text->size <= size)
        room *= 2;
    if (room == text->room)
        return true;
    data = realloc(text->data, room);
    if (!data) {
        text->failed = true;
        return false;
    }
    text->data = data;
    text->room = room;
    return true;
}

static void add_plain(struct program_text *text, const char *plain, size_t size)
{
    if (!make_room(text, size))
        return;
    memcpy(text->data + text->size, plain, size);
    text->size += size;
}

static void add_name(struct program_text *text, const char *name, bool value)
{
    add_plain(text, " ", 1);
    add_plain(text, name, strlen(name));
    if (value)
        add_plain(text, "=", 1);
}

void program_add_verb(struct program_text *text, const char *verb)
{
    add_plain(text, verb, strlen(verb));
}

void program_add_flag(struct program_text *text, const char *name, bool set)
{
    if (set)
        add_name(text, name, false);
}

/* These stand for themselves. */
static bool is_plain(unsigned char letter)
{
    return (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z') ||
           (letter >= '0' && letter <= '9') || (letter && strchr("._-/,:@+~", letter));
}

void program_add_bytes(struct program_text *text, const char *name, const void *data,
                       size_t size)
{
    static const char digits[] = "0123456789ABCDEF";
    const unsigned char *bytes = data;
    add_name(text, name, true);
    if (size > PROGRAM_LINE_LIMIT)
        text->failed = true;
    if (!make_room(text, 3 * size))
        return;
    for (size_t i = 0; i < size; i++) {
        if (is_plain(bytes[i])) {
            text->data[text->size++] = (char)bytes[i];
            continue;
        }
        text->data[text->size++] = '%';
        text->data[text->size++] = digits[bytes[i] >> 4];
        text->data[text->size++] = digits[bytes[i] & 15];
    }
}

void program_add_string(struct program_text *text, const char *name, const char *value)
{
    program_add_bytes(text, name, value, strlen(value));
}

void program_add_number(struct program_text *text, const char *name, uint64_t number)
{
    char digits[24];
    add_name(text, name, true);
    add_plain(text, digits, (size_t)snprintf(digits, sizeof digits, "%" PRIu64, number));
}

void program_add_octal(struct program_text *text, const char *name, uint32_t number)
{
    char digits[16];
    add_name(text, name, true);
    add_plain(text, digits, (size_t)snprintf(digits, sizeof digits, "%" PRIo32, number));
}

void program_add_time(struct program_text *text, const char *name, int64_t seconds, uint32_t ns)
{
    char digits[40];
    bool negative = seconds < 0;
    uint64_t whole = negative ? 0 - (uint64_t)seconds : (uint64_t)seconds;
    if (negative && ns > 0) {
        whole -= 1;
        ns = 1000000000 - ns;
    }
    add_name(text, name, true);
    add_plain(text, digits,
              (size_t)snprintf(digits, sizeof digits, "%s%" PRIu64 ".%09" PRIu32,
                               negative ? "-" : "", whole, ns));
}

void program_add_newline(struct program_text *text)
{
    const char *before = text->data ? memrchr(text->data, '\n', text->size) : NULL;
    size_t begins = before ? (size_t)(before - text->data) + 1 : 0;
    if (text->size - begins > PROGRAM_LINE_LIMIT)
        text->failed = true;
    add_plain(text, "\n", 1);
}

void program_text_free(struct program_text *text)
{
    free(text->data);
    *text = (struct program_text){0};
}
