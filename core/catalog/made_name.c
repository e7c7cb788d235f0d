/* SPDX-License-Identifier: Apache-2.0 */
/* made_name.c - names for what people did not name, and ids for what has no name. */
#include "base/text.h"
#include "catalog/catalog_private.h"

#include <errno.h>
#include <string.h>
#include <sys/random.h>

enum { START_SIZE = 2, ID_BYTES = (CATALOG_TASK_ID_SIZE - 1 - START_SIZE) / 2 };

int made_id(const char *start, char id[CATALOG_TASK_ID_SIZE], struct error *e)
{
    uint8_t random[ID_BYTES];

    if (getrandom(random, sizeof(random), 0) != sizeof(random))
        return error_errno(e, errno, "random bytes");
    memcpy(id, start, START_SIZE);
    text_hex(random, sizeof(random), id + START_SIZE);
    return 0;
}

bool made_id_range(const char *start, const char *text, char first[CATALOG_TASK_ID_SIZE],
                   char last[CATALOG_TASK_ID_SIZE])
{
    uint8_t low[ID_BYTES], high[ID_BYTES];

    if (strncmp(text, start, START_SIZE) == 0)
        text += START_SIZE;
    if (!id_range(text, ID_BYTES, low, high))
        return false;
    memcpy(first, start, START_SIZE);
    memcpy(last, start, START_SIZE);
    text_hex(low, ID_BYTES, first + START_SIZE);
    text_hex(high, ID_BYTES, last + START_SIZE);
    return true;
}

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
