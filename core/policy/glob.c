/* SPDX-License-Identifier: Apache-2.0 */
/* glob.c - compiling and matching one component of a rule. */
#include "policy/glob.h"

#include <stdlib.h>
#include <string.h>

enum piece_kind { PIECE_BYTE, PIECE_ANY, PIECE_STAR, PIECE_SET };

struct glob_piece {
    uint8_t kind;
    uint8_t byte; /* PIECE_BYTE */
    uint16_t set; /* PIECE_SET */
};

struct glob_set {
    uint64_t bits[4];
};

/* The word being compiled. */
struct input {
    const uint8_t *at, *end;
    const char *why;
};

static void set_add(struct glob_set *set, uint8_t byte)
{
    set->bits[byte >> 6] |= UINT64_C(1) << (byte & 63);
}

static bool set_has(const struct glob_set *set, uint8_t byte)
{
    return (set->bits[byte >> 6] >> (byte & 63)) & 1;
}

static bool in_range(int byte, int first, int last)
{
    return byte >= first && byte <= last;
}

/* The classes of the C locale: rules mean the same whatever the locale. */
static bool class_has(const char *name, int b)
{
    bool lower = in_range(b, 'a', 'z'), upper = in_range(b, 'A', 'Z');
    bool digit = in_range(b, '0', '9'), graph = in_range(b, 0x21, 0x7e);
    bool alpha = lower || upper, blank = b == ' ' || b == '\t';
    bool hex = digit || in_range(b, 'a', 'f') || in_range(b, 'A', 'F');
    const struct {
        const char *name;
        bool member;
    } rows[] = {{"alnum", alpha || digit},
                {"alpha", alpha},
                {"blank", blank},
                {"cntrl", b < 0x20 || b == 0x7f},
                {"digit", digit},
                {"graph", graph},
                {"lower", lower},
                {"print", graph || b == ' '},
                {"punct", graph && !alpha && !digit},
                {"space", b == ' ' || in_range(b, '\t', '\r')},
                {"upper", upper},
                {"xdigit", hex}};

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        if (strcmp(rows[i].name, name) == 0)
            return rows[i].member;
    return false;
}

/* At "[:": adds a class.  False when it is none, and nothing was taken. */
static bool take_class(struct input *in, struct glob_set *set)
{
    char name[8];
    size_t length = 0;
    const uint8_t *at = in->at + 2;
    bool any = false;

    while (at < in->end && in_range(*at, 'a', 'z') && length < sizeof(name) - 1)
        name[length++] = (char)*at++;
    name[length] = '\0';
    if (in->end - at < 2 || at[0] != ':' || at[1] != ']')
        return false;
    for (int b = 0; b < 256; b++) {
        if (class_has(name, b)) {
            set_add(set, (uint8_t)b);
            any = true;
        }
    }
    if (any)
        in->at = at + 2;
    return any;
}

/* One byte inside a bracket, which a backslash may precede; -1 at the end of the word. */
static int take_member(struct input *in)
{
    if (in->at < in->end && *in->at == '\\')
        in->at++;
    return in->at < in->end ? *in->at++ : -1;
}

/* Behind "[" and its negation: all up to the closing bracket. */
static int take_members(struct input *in, struct glob_set *set)
{
    int low = -1; /* what a following '-' starts from */

    for (bool first = true;; first = false) {
        if (in->at >= in->end)
            return -1;
        if (*in->at == ']' && !first) {
            in->at++;
            return 0;
        }
        if (*in->at == '[' && in->end - in->at > 1 && in->at[1] == ':' && take_class(in, set)) {
            low = -1;
            continue;
        }
        if (*in->at == '-' && low >= 0 && in->end - in->at > 1 && in->at[1] != ']') {
            in->at++;
            int high = take_member(in);
            for (int b = low; b <= high; b++)
                set_add(set, (uint8_t)b);
            low = -1;
            continue;
        }
        low = take_member(in);
        if (low < 0)
            return -1;
        set_add(set, (uint8_t)low);
    }
}

static int take_set(struct input *in, struct glob_set *set)
{
    bool negated = in->at < in->end && (*in->at == '!' || *in->at == '^');

    *set = (struct glob_set){{0}};
    if (negated)
        in->at++;
    if (take_members(in, set) != 0) {
        in->why = "a '[' has no ']'; write \\[ for the character itself";
        return -1;
    }
    for (size_t i = 0; negated && i < 4; i++)
        set->bits[i] = ~set->bits[i];
    return 0;
}

static int take_piece(struct glob *g, struct input *in, struct glob_piece *piece)
{
    uint8_t byte = *in->at++;

    *piece = (struct glob_piece){.kind = PIECE_BYTE, .byte = byte};
    switch (byte) {
    case '*':
        piece->kind = PIECE_STAR;
        return 0;
    case '?':
        piece->kind = PIECE_ANY;
        return 0;
    case '[':
        piece->kind = PIECE_SET;
        piece->set = (uint16_t)g->set_count;
        return take_set(in, &g->sets[g->set_count++]);
    case '\\':
        if (in->at >= in->end) {
            in->why = "a backslash ends it; write \\\\ for the character itself";
            return -1;
        }
        piece->byte = *in->at++;
        return 0;
    default:
        return 0;
    }
}

/* Most words have nothing to interpret: these are compared as they are. */
static void find_literal(struct glob *g)
{
    for (size_t i = 0; i < g->count; i++)
        if (g->pieces[i].kind != PIECE_BYTE)
            return;
    g->literal = malloc(g->count + 1);
    for (size_t i = 0; g->literal != NULL && i < g->count; i++)
        g->literal[i] = g->pieces[i].byte;
}

int glob_compile(struct glob *g, const char *text, size_t size, const char **why)
{
    struct input in = {.at = (const uint8_t *)text, .end = (const uint8_t *)text + size};
    struct glob made = {0};
    size_t brackets = 0;

    for (size_t i = 0; i < size; i++)
        brackets += text[i] == '[';
    made.pieces = calloc(size + 1, sizeof(*made.pieces));
    made.sets = calloc(brackets + 1, sizeof(*made.sets));
    if (made.pieces == NULL || made.sets == NULL)
        goto fail;
    while (in.at < in.end) {
        struct glob_piece piece;
        if (take_piece(&made, &in, &piece) != 0)
            goto fail;
        bool repeated = piece.kind == PIECE_STAR && made.count > 0 &&
                        made.pieces[made.count - 1].kind == PIECE_STAR;
        if (!repeated)
            made.pieces[made.count++] = piece;
    }
    find_literal(&made);
    *g = made;
    return 0;

fail:
    *why = in.why;
    glob_clear(&made);
    return -1;
}

void glob_clear(struct glob *g)
{
    free(g->pieces);
    free(g->sets);
    free(g->literal);
    *g = (struct glob){0};
}

static bool piece_match(const struct glob *g, size_t piece, uint8_t byte)
{
    const struct glob_piece *p = &g->pieces[piece];

    switch (p->kind) {
    case PIECE_BYTE:
        return p->byte == byte;
    case PIECE_SET:
        return set_has(&g->sets[p->set], byte);
    default:
        return p->kind == PIECE_ANY;
    }
}

bool glob_match(const struct glob *g, const uint8_t *word, size_t size)
{
    size_t piece = 0, at = 0;
    size_t star = SIZE_MAX, star_at = 0; /* the last star, and where it ends for now */

    if (g->literal != NULL)
        return size == g->count && memcmp(g->literal, word, size) == 0;
    while (at < size) {
        if (piece < g->count && g->pieces[piece].kind == PIECE_STAR) {
            star = piece++;
            star_at = at;
        } else if (piece < g->count && piece_match(g, piece, word[at])) {
            piece++;
            at++;
        } else if (star != SIZE_MAX) {
            /* Only the last star needs another try: what is before it can stay. */
            piece = star + 1;
            at = ++star_at;
        } else {
            return false;
        }
    }
    while (piece < g->count && g->pieces[piece].kind == PIECE_STAR)
        piece++;
    return piece == g->count;
}
