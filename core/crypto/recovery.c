/* SPDX-License-Identifier: Apache-2.0 */
/* recovery.c - see recovery.h. */
#include "crypto/recovery.h"

#include "crypto/secret.h"

#include <ctype.h>
#include <string.h>

enum { GROUPS = 13, DATA_CHARACTERS = 4, GROUP_CHARACTERS = 5 };

static const char alphabet[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

static unsigned group_check(const uint8_t values[DATA_CHARACTERS], unsigned group)
{
    unsigned sum = group;
    for (unsigned i = 0; i < DATA_CHARACTERS; i++)
        sum += (2 * (i + 1) + 1) * values[i];
    return sum % 32;
}

/* Bits `at`..`at` + 4 of the key, zero beyond its end. */
static uint8_t key_bits(const uint8_t *key, unsigned at)
{
    unsigned value = 0;
    for (unsigned bit = at; bit < at + 5; bit++) {
        unsigned set = bit < RECOVERY_KEY_SIZE * 8 ? (key[bit / 8] >> (7 - bit % 8)) & 1 : 0;
        value = value << 1 | set;
    }
    return (uint8_t)value;
}

void recovery_format(const uint8_t key[RECOVERY_KEY_SIZE], char text[RECOVERY_TEXT_SIZE])
{
    char *next = text;
    for (unsigned group = 0; group < GROUPS; group++) {
        uint8_t values[DATA_CHARACTERS];
        for (unsigned i = 0; i < DATA_CHARACTERS; i++) {
            values[i] = key_bits(key, (group * DATA_CHARACTERS + i) * 5);
            *next++ = alphabet[values[i]];
        }
        *next++ = alphabet[group_check(values, group)];
        *next++ = group + 1 < GROUPS ? '-' : 0;
    }
}

/* The value of a character, -1 for none. */
static int character_value(char c)
{
    int upper = toupper((unsigned char)c);
    if (upper == 'O')
        upper = '0';
    if (upper == 'I' || upper == 'L')
        upper = '1';
    const char *found = upper ? strchr(alphabet, upper) : NULL;
    return found ? (int)(found - alphabet) : -1;
}

/* Puts five bits at bit `at` of the key; false when bits beyond its end are not zero. */
static int key_put(uint8_t *key, unsigned at, unsigned value)
{
    for (unsigned i = 0; i < 5; i++) {
        unsigned set = (value >> (4 - i)) & 1;
        if (at + i >= RECOVERY_KEY_SIZE * 8) {
            if (set)
                return -1;
            continue;
        }
        key[(at + i) / 8] |= (uint8_t)(set << (7 - (at + i) % 8));
    }
    return 0;
}

/* Collects the values of all characters; the number found, at most one more than there should
 * be. */
static int text_values(const char *text, uint8_t *values, unsigned limit, unsigned *count,
                       struct error *e)
{
    *count = 0;
    for (const char *c = text; *c; c++) {
        if (*c == '-' || isspace((unsigned char)*c))
            continue;
        int value = character_value(*c);
        if (value < 0)
            return error_set(e, LAGAN_INVALID, ERROR_WRONG_KEY,
                             "recovery key: group %u holds a character that none has",
                             *count / GROUP_CHARACTERS + 1);
        if (*count < limit)
            values[*count] = (uint8_t)value;
        ++*count;
    }
    return 0;
}

int recovery_parse(const char *text, uint8_t key[RECOVERY_KEY_SIZE], struct error *e)
{
    uint8_t values[GROUPS * GROUP_CHARACTERS];
    uint8_t bytes[RECOVERY_KEY_SIZE] = {0};
    unsigned count = 0;
    int result = -1;

    if (text_values(text, values, sizeof(values), &count, e) != 0)
        goto out;
    if (count != sizeof(values)) {
        error_set(e, LAGAN_INVALID, ERROR_WRONG_KEY,
                  "recovery key: %u characters instead of %zu (13 groups of 5)", count,
                  sizeof(values));
        goto out;
    }
    for (unsigned group = 0; group < GROUPS; group++) {
        const uint8_t *v = values + group * GROUP_CHARACTERS;
        int fits = v[DATA_CHARACTERS] == group_check(v, group) ? 0 : -1;
        for (unsigned i = 0; fits == 0 && i < DATA_CHARACTERS; i++)
            fits = key_put(bytes, (group * DATA_CHARACTERS + i) * 5, v[i]);
        if (fits != 0) {
            error_set(e, LAGAN_INVALID, ERROR_WRONG_KEY,
                      "recovery key: group %u is mistyped; compare it with the print",
                      group + 1);
            goto out;
        }
    }
    memcpy(key, bytes, sizeof(bytes));
    result = 0;
out:
    secret_wipe(values, sizeof(values));
    secret_wipe(bytes, sizeof(bytes));
    return result;
}
