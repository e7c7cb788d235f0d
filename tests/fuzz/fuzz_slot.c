/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_slot.c - any bytes as a key slot. */
#include "base/object.h"
#include "fuzz_records.h"
#include "vault/slot.h"

const char fuzz_name[] = "slot";
const char *const fuzz_words[] = {"LAGANSLO", "key_file", NULL};

void fuzz_seeds(fuzz_add_function *add, void *context)
{
    fuzz_seed_records("slot", add, context);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slot s;
    struct error e = ERROR_INIT;
    int result = slot_decode(data, size, "keys/slot", &s, &e);

    if (result == 0) {
        struct masters *masters = masters_new(&e);
        ASSERT(masters != NULL);
        ASSERT(memchr(s.label, 0, sizeof(s.label)) && memchr(s.driver, 0, sizeof(s.driver)));
        ASSERT(memchr(s.identity, 0, sizeof(s.identity)));
        result = slot_open(&s, records_kek, "keys/slot", masters, &e);
        ASSERT(result != 0 || (masters->count >= 1 && masters->count <= MASTERS_LIMIT));
        masters_free(masters);
    }
    fuzz_outcome(result == 0 ? NULL : &e);
    return 0;
}
