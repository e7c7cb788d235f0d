/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_records.h - seeds out of the fixed objects that the tests of codecs have. */
#ifndef TESTS_FUZZ_FUZZ_RECORDS_H
#define TESTS_FUZZ_FUZZ_RECORDS_H

#include "base/buffer.h"
#include "fuzz.h"

#include "../unit/vault_records.h"

#include <string.h>

/* Hands over the objects of kinds whose description holds `word`. */
static inline void fuzz_seed_records(const char *word, fuzz_add_function *add, void *context)
{
    for (size_t i = 0; i < record_count; i++) {
        struct buffer object CLEANUP_BUFFER = BUFFER_INIT;
        if (strstr(records[i].what, word) == NULL)
            continue;
        records[i].encode(&object);
        add(context, object.data, object.size);
    }
}

#endif
