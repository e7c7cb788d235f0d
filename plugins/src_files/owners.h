/* SPDX-License-Identifier: Apache-2.0 */
/*
 * owners.h - the names of users and groups, each asked of the system once.
 */
#ifndef SRC_FILES_OWNERS_H
#define SRC_FILES_OWNERS_H

#include <stdbool.h>
#include <stdint.h>

struct owners;

enum owner_kind { OWNER_USER = 0, OWNER_GROUP = 1 };

/* NULL when memory runs out. */
struct owners *owners_new(void);
void owners_free(struct owners *o);
/* The name that a number has, NULL when it has none.  Valid as long as `o`.  Thread-safe. */
const char *owners_name(struct owners *o, enum owner_kind kind, uint32_t number);
/* The number that a name has here; false when it has none.  Thread-safe. */
bool owners_number(struct owners *o, enum owner_kind kind, const char *name, uint32_t *number);

#endif
