/* SPDX-License-Identifier: Apache-2.0 */
/* config_text.c - see config_text.h. */
#include <config.h>

#include "engine/config_text.h"

#include "engine/config_parse.h"
#include "policy/bandwidth.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

enum { CURRENCY_LIMIT = 8, TEXT_LIMIT = 2000, ADDRESS_LIMIT = 254, DAY_MINUTES = 1440 };

/* Forms */

/* Printable ASCII without blanks. */
static bool is_plain(const char *text)
{
    size_t size = strlen(text);

    if (size == 0 || size > TEXT_LIMIT)
        return false;
    for (size_t i = 0; i < size; i++)
        if (text[i] <= ' ' || text[i] > '~')
            return false;
    return true;
}

bool config_text_is_url(const char *text)
{
    const char *rest = NULL;

    if (strncmp(text, "http://", 7) == 0)
        rest = text + 7;
    else if (strncmp(text, "https://", 8) == 0)
        rest = text + 8;
    if (rest == NULL || !is_plain(text) || strpbrk(text, "\"\\<>^`{|}#") != NULL)
        return false;
    size_t host = strcspn(rest, "/?");
    return host > 0 && rest[0] != ':' && memchr(rest, '@', host) == NULL;
}

bool config_text_is_address(const char *text, size_t size)
{
    static const char marks[] = "!#$%&'*+-/=?^_`{|}~.";
    size_t at = size;

    if (size == 0 || size > ADDRESS_LIMIT || text[0] == '-' || text[0] == '.')
        return false;
    for (size_t i = 0; i < size; i++) {
        char c = text[i];
        bool letter =
            (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        if (c == '@' && at == size)
            at = i;
        else if (!letter && (c == '\0' || strchr(marks, c) == NULL))
            return false;
    }
    return at > 0 && at + 1 != size;
}

bool config_text_is_addresses(const char *text)
{
    for (;;) {
        text += strspn(text, " ");
        size_t size = strcspn(text, ",");
        size_t used = size;

        while (used > 0 && text[used - 1] == ' ')
            used--;
        if (!config_text_is_address(text, used))
            return false;
        if (text[size] == '\0')
            return true;
        text += size + 1;
    }
}

bool config_text_is_one_of(const char *choices, const char *text)
{
    size_t size = strlen(text);

    for (;;) {
        size_t length = strcspn(choices, "|");
        if (length == size && memcmp(choices, text, size) == 0)
            return true;
        if (choices[length] == '\0')
            return false;
        choices += length + 1;
    }
}

static bool is_currency(const char *text)
{
    return parse_is_word(text) && strlen(text) <= CURRENCY_LIMIT;
}

static bool is_io_class(const char *text)
{
    return config_text_is_one_of("idle|best-effort|none", text);
}

static bool is_log_format(const char *text)
{
    return config_text_is_one_of("text|json", text);
}

static bool is_absolute(const char *text)
{
    size_t size = strlen(text);
    return text[0] == '/' && size > 1 && size <= TEXT_LIMIT && text[size - 1] != '/';
}

/* "08:00" at `text` as minutes; 24:00 is the end of the day; -1 when it is none. */
static int minutes_of(const char *text)
{
    static const char form[] = "dd:dd";

    for (size_t i = 0; i < 5; i++)
        if (form[i] == 'd' ? text[i] < '0' || text[i] > '9' : text[i] != form[i])
            return -1;
    int hours = (text[0] - '0') * 10 + text[1] - '0';
    int minutes = (text[3] - '0') * 10 + text[4] - '0';
    return minutes > 59 || hours * 60 + minutes > DAY_MINUTES ? -1 : hours * 60 + minutes;
}

/* "08:00-20:00", not empty. */
static bool read_window(const char *text, int *from, int *until)
{
    if (strlen(text) != 11 || text[5] != '-')
        return false;
    *from = minutes_of(text);
    *until = minutes_of(text + 6);
    return *from >= 0 && *from < DAY_MINUTES && *until >= 0 && *from != *until;
}

static bool is_window(const char *text)
{
    int from, until;
    return read_window(text, &from, &until);
}

bool config_window_holds(const char *window, unsigned minute)
{
    int from, until, now = (int)minute;

    if (window == NULL || !read_window(window, &from, &until))
        return true;
    if (from < until)
        return now >= from && now < until;
    return now >= from || now < until;
}

/* "127.0.0.1:9120" or "[::1]:9120". */
static bool is_listener(const char *text)
{
    const char *colon = strrchr(text, ':');
    char host[64];
    struct in6_addr address;
    unsigned port = 0;
    int used = 0;

    if (colon == NULL || sscanf(colon, ":%5u%n", &port, &used) != 1 || colon[used] != '\0' ||
        colon[1] < '0' || colon[1] > '9' || port == 0 || port > 65535)
        return false;
    size_t size = (size_t)(colon - text);
    bool six = size > 2 && text[0] == '[' && text[size - 1] == ']';
    if (six) {
        text++;
        size -= 2;
    }
    if (size >= sizeof(host))
        return false;
    memcpy(host, text, size);
    host[size] = '\0';
    return inet_pton(six ? AF_INET6 : AF_INET, host, &address) == 1;
}

/* X(key, form, what holds when nothing is said, what is right) */
#define TEXTS(X)                                                                               \
    X("currency", is_currency, "", "a currency of 1 to 8 bytes, such as EUR")                  \
    X("io-class", is_io_class, "best-effort", "idle, best-effort or none")                     \
    X("expire-window", is_window, NULL, "two times of day, such as \"08:00-20:00\"")           \
    X("ping", config_text_is_url, NULL,                                                        \
      "a URL that starts with http:// or https://, without user or password")                  \
    X("log-format", is_log_format, "text", "text or json")                                     \
    X("file", is_absolute, NULL, "the absolute path of a file")                                \
    X("listen", is_listener, NULL,                                                             \
      "a numeric address and a port, such as \"127.0.0.1:9120\" or \"[::1]:9120\"")

static const struct text_rule {
    const char *key;
    bool (*fits)(const char *text);
    const char *initial, *right;
} rules[] = {
#define X(...) {__VA_ARGS__},
    TEXTS(X)
#undef X
};

static const struct text_rule *rule_of(const char *key)
{
    for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++)
        if (strcmp(rules[i].key, key) == 0)
            return &rules[i];
    return NULL;
}

const char *config_text_default(const char *key)
{
    const struct text_rule *rule = rule_of(key);
    return rule != NULL ? rule->initial : NULL;
}

/* What this build cannot do is said where it is asked for, not when it is needed. */
static int check_built(const struct parse *p, unsigned line, const char *key, const char *value)
{
#ifndef HAVE_CURL
    if (strcmp(key, "ping") == 0)
        return parse_bad_value(p, line, key, value, "this lagan was built without libcurl");
#endif
#ifndef HAVE_MICROHTTPD
    if (strcmp(key, "listen") == 0)
        return parse_bad_value(p, line, key, value,
                               "this lagan was built without libmicrohttpd; `file` works");
#endif
    (void)p, (void)line, (void)key, (void)value;
    return 0;
}

int parse_check_text(struct parse *p, unsigned line, const char *key, const char *value)
{
    const struct text_rule *rule = rule_of(key);
    struct config_place place = parse_place(p, line);
    struct bandwidth ignored;

    if (rule == NULL)
        return bandwidth_parse(value, &ignored, p->e) == 0 ? 0 : config_context(p->e, &place);
    if (!rule->fits(value))
        return parse_bad_value(p, line, key, value, rule->right);
    return check_built(p, line, key, value);
}
