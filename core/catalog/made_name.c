/* SPDX-License-Identifier: Apache-2.0 */
/* made_name.c - names for what people did not name. */
#include "catalog/catalog_private.h"

#include <errno.h>
#include <sys/random.h>

/* With four digits there are 65536 names: after a few collisions eight digits are used. */
enum { SHORT_TRIES = 8, TRIES = 64 };

int name_search(enum name_kind kind,
                int (*taken)(const struct name_search *search, const char *name,
                             struct error *e),
                const struct name_search *search, char name[NAME_SIZE], struct error *e)
{
    for (int try = 0; try < TRIES; try++) {
        char candidate[NAME_SIZE];
        uint32_t number;

        if (getrandom(&number, sizeof(number), 0) != sizeof(number))
            return error_errno(e, errno, "random bytes");
        name_make(kind, try < SHORT_TRIES ? number & 0xffff : number | 0x10000, candidate);
        catalog_lock(search->catalog);
        int found = taken(search, candidate, e);
        catalog_unlock(search->catalog);
        if (found < 0)
            return -1;
        if (found == 0) {
            for (int i = 0; i < NAME_SIZE; i++)
                name[i] = candidate[i];
            return 0;
        }
    }
    return error_set(e, LAGAN_EXISTS, ERROR_NAME_TAKEN, "no free name was found; give one");
}
