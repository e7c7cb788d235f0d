/* SPDX-License-Identifier: Apache-2.0 */
/* distrust.c - an empty file for each pack. */
#include "vault/distrust.h"
#include "base/text.h"
#include "vault/local.h"

#include <string.h>

static const char folder[] = "distrusted";

void distrust_note(const struct vault *v, const uint8_t hash[32])
{
    char name[65];

    text_hex(hash, 32, name);
    local_save(v, folder, name, "", 0);
}

void distrust_forget(const struct vault *v, const uint8_t hash[32])
{
    char name[65];

    text_hex(hash, 32, name);
    local_remove(v, folder, name);
}

struct listing {
    void (*each)(void *context, const uint8_t hash[32]);
    void *context;
};

static void look_at(void *context, const char *name)
{
    const struct listing *l = context;
    uint8_t hash[32];

    if (text_unhex(name, hash, sizeof(hash)) == 0)
        l->each(l->context, hash);
}

void distrust_list(const struct vault *v, void (*each)(void *context, const uint8_t hash[32]),
                   void *context)
{
    struct listing l = {each, context};

    local_list(v, folder, look_at, &l);
}
