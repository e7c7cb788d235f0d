/* SPDX-License-Identifier: Apache-2.0 */
/* target_aspects.h - what every target must do, whatever it stands on; and words to say so. */
#ifndef TARGET_ASPECTS_H
#define TARGET_ASPECTS_H

#include "driver/zones.h"

/* Each is given an empty target.  NULL at the end. */
extern void (*const target_aspects[])(struct target *t);

/* Stores a text. */
void aspects_put(struct target *t, const char *key, const char *text);
/* The object holds exactly these bytes. */
void aspects_expect(struct target *t, const char *key, const void *data, size_t size);
/* The object is not there, for certain. */
void aspects_expect_absent(struct target *t, const char *key);
/* How many objects are listed. */
size_t aspects_count(struct target *t);

#endif
