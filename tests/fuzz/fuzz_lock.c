/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_lock.c - any bytes as a record of a lock.  The signature comes before what the kinds of
 * records say, but behind their common fields.
 */
#include "base/object.h"
#include "fuzz_records.h"
#include "vault/lock_codec.h"

const char fuzz_name[] = "lock";
const char *const fuzz_words[] = {"LAGANLCK", NULL};

void fuzz_seeds(fuzz_add_function *add, void *context)
{
    fuzz_seed_records("lock, ", add, context);
}

static const struct keys *fixed_keys(void)
{
    static struct keys *keys;

    if (keys == NULL)
        keys = records_keys();
    return keys;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const names[] = {"locks/00000003", "locks/00000004", "locks/80000005"};
    const struct trust trust = {records_uuid, keys_root_public(fixed_keys())};

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        struct lock_record r;
        struct error e = ERROR_INIT;
        int result = lock_decode(data, size, names[i], &trust, &r, &e);

        fuzz_outcome(result == 0 ? NULL : &e);
        if (result == 0)
            ASSERT((r.kind == LOCK_MARK) == (r.generation >= LOCK_MARK_FIRST));
    }
    return 0;
}
