/* SPDX-License-Identifier: Apache-2.0 */
/*
 * recovery.h - a recovery key as text that people can print, keep and type.
 *
 * 32 bytes become 13 groups of five characters, joined by dashes: 65 characters of the alphabet
 * 0123456789ABCDEFGHJKMNPQRSTVWXYZ, five bits each, most significant first.  The first four of
 * a group carry 20 bits of the key (the last group's 16 bits are followed by four zero bits);
 * the fifth is the check of its group: (sum over i = 1..4 of (2 i + 1) x value of character i,
 * plus the group's number from 0) modulo 32.  So a typing error is found in its group.
 */
#ifndef CORE_CRYPTO_RECOVERY_H
#define CORE_CRYPTO_RECOVERY_H

#include "base/error.h"

enum { RECOVERY_KEY_SIZE = 32, RECOVERY_TEXT_SIZE = 13 * 6 };

void recovery_format(const uint8_t key[RECOVERY_KEY_SIZE], char text[RECOVERY_TEXT_SIZE]);
/* Tolerates lower case, spaces and dashes anywhere, and O for 0, I and L for 1.  Names the
 * group that is wrong.  `key` is untouched on failure. */
int recovery_parse(const char *text, uint8_t key[RECOVERY_KEY_SIZE], struct error *e);

#endif
