/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tell_mail.c - a notice as a mail: RFC 5322 with a header that nothing in a text can add to
 * (RFC 2047), and a body in quoted-printable (RFC 2045).  Lines end with LF: sendmail makes
 * them what the network wants.
 */
#include "engine/tell_private.h"

#include "base/clock.h"
#include "base/text.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

enum {
    ENCODED_ROOM = 63, /* of an encoded word of 75 characters, beside its marks */
    NAME_ROOM = 10,    /* of the first line, for the header's name */
    PLAIN_LIMIT = 66,  /* bytes of a header's text that need no folding */
    QUOTED_LIMIT = 75  /* characters of a line, before its "=" */
};

static bool is_plain(const char *text)
{
    size_t size = strlen(text);

    for (size_t i = 0; i < size; i++)
        if (text[i] < ' ' || text[i] > '~')
            return false;
    return size <= PLAIN_LIMIT && strstr(text, "=?") == NULL;
}

static bool is_letter(uint8_t byte)
{
    return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
           (byte >= '0' && byte <= '9');
}

/* One character of UTF-8 (or a byte that is none) as it stands in an encoded word. */
static size_t encode_character(const char *text, size_t size, char out[16])
{
    uint32_t code = 0;
    size_t length = text_decode_utf8(text, size, &code), used = 0;

    if (length == 0)
        length = 1;
    for (size_t i = 0; i < length; i++) {
        uint8_t byte = (uint8_t)text[i];
        if (is_letter(byte))
            out[used++] = (char)byte;
        else
            used += (size_t)snprintf(out + used, 16 - used, "=%02X", byte);
    }
    out[used] = '\0';
    return length;
}

/* Encoded words on lines of their own; no character is cut in two. */
static void add_encoded(struct buffer *out, const char *text)
{
    size_t size = strlen(text), in_word = NAME_ROOM;
    char piece[16];

    buffer_append_format(out, "=?UTF-8?Q?");
    for (size_t at = 0; at < size;) {
        at += encode_character(text + at, size - at, piece);
        if (in_word + strlen(piece) > ENCODED_ROOM) {
            buffer_append_format(out, "?=\n =?UTF-8?Q?");
            in_word = 0;
        }
        buffer_append_format(out, "%s", piece);
        in_word += strlen(piece);
    }
    buffer_append_format(out, "?=");
}

static void add_text(struct buffer *out, const char *name, const char *text)
{
    buffer_append_format(out, "%s: ", name);
    if (is_plain(text))
        buffer_append_format(out, "%s", text);
    else
        add_encoded(out, text);
    buffer_append_u8(out, '\n');
}

/* English whatever the locale is. */
static void add_date(struct buffer *out, int64_t wall_ns)
{
    static const char days[] = "SunMonTueWedThuFriSat";
    static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    time_t seconds = (time_t)(wall_ns / 1000000000);
    struct tm date;

    gmtime_r(&seconds, &date);
    buffer_append_format(out, "Date: %.3s, %d %.3s %d %02d:%02d:%02d +0000\n",
                         days + 3 * date.tm_wday, date.tm_mday, months + 3 * date.tm_mon,
                         date.tm_year + 1900, date.tm_hour, date.tm_min, date.tm_sec);
}

/* One line for each address, so that none of them grows too long. */
static void add_receivers(struct buffer *out, const char *addresses)
{
    const char *front = "To: ";

    while (*addresses != '\0') {
        addresses += strspn(addresses, ", ");
        size_t length = strcspn(addresses, ", ");
        if (length > 0)
            buffer_append_format(out, "%s%.*s", front, (int)length, addresses);
        front = ",\n ";
        addresses += length;
    }
    buffer_append_u8(out, '\n');
}

/* The same for each try, so that a notice that is told twice is seen to be one. */
static void add_message_id(struct buffer *out, const struct tell_letter *letter)
{
    char host[128];
    size_t used = 0;

    for (const char *at = letter->host; *at != '\0' && used < sizeof(host) - 1; at++)
        host[used++] = is_letter((uint8_t)*at) || *at == '.' || *at == '-' ? *at : '-';
    host[used] = '\0';
    buffer_append_format(out, "Message-ID: <lagan.%lld.%lld@%s>\n",
                         (long long)letter->notice->number,
                         (long long)letter->notice->created_ns, used > 0 ? host : "localhost");
}

static void add_header(struct buffer *out, const struct tell_letter *letter)
{
    struct buffer subject CLEANUP_BUFFER = BUFFER_INIT;

    if (letter->way->from != NULL)
        buffer_append_format(out, "From: %s\n", letter->way->from);
    add_receivers(out, letter->way->mail);
    buffer_append_format(&subject, "lagan on %s: %s: %s", letter->host,
                         letter->notice->severity, letter->notice->subject);
    buffer_append_u8(&subject, 0);
    add_text(out, "Subject", subject.failed ? "lagan" : (const char *)subject.data);
    add_date(out, letter->notice->created_ns);
    add_message_id(out, letter);
    buffer_append_format(out,
                         "Auto-Submitted: auto-generated\n"
                         "X-Lagan-Event: %s\n"
                         "X-Lagan-Severity: %s\n"
                         "MIME-Version: 1.0\n"
                         "Content-Type: text/plain; charset=UTF-8\n"
                         "Content-Transfer-Encoding: quoted-printable\n",
                         letter->notice->event, letter->notice->severity);
}

/* What a byte is in quoted-printable; blanks before the end of a line, a first point and a
 * "From " at a line's start do not get through everything. */
static size_t quote(const uint8_t *text, size_t size, size_t at, bool first, char out[4])
{
    uint8_t byte = text[at];
    bool last = at + 1 == size || text[at + 1] == '\n';
    bool plain = byte >= ' ' && byte <= '~' && byte != '=';

    if ((byte == ' ' && last) || (first && (byte == '.' || byte == 'F')))
        plain = false;
    if (plain) {
        out[0] = (char)byte;
        out[1] = '\0';
        return 1;
    }
    snprintf(out, 4, "=%02X", byte);
    return 3;
}

static void add_quoted(struct buffer *out, const uint8_t *text, size_t size)
{
    size_t column = 0;
    char piece[4];

    for (size_t at = 0; at < size; at++) {
        if (text[at] == '\n') {
            buffer_append_u8(out, '\n');
            column = 0;
            continue;
        }
        size_t length = quote(text, size, at, column == 0, piece);
        if (column + length > QUOTED_LIMIT) {
            buffer_append_format(out, "=\n");
            column = 0;
            length = quote(text, size, at, true, piece);
        }
        buffer_append(out, piece, length);
        column += length;
    }
}

void tell_compose_mail(const struct tell_letter *letter, struct buffer *out)
{
    struct buffer text CLEANUP_BUFFER = BUFFER_INIT;

    add_header(out, letter);
    buffer_append_u8(out, '\n');
    tell_compose_text(letter, &text);
    add_quoted(out, text.data, text.size);
}
