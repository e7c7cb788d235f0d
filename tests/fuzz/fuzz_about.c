/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_about.c - any bytes as what a copy of a vault says of itself.  The signature comes
 * before what the fields say, but after their form: all of the parser is within reach.
 */
#include "base/object.h"
#include "fuzz_records.h"
#include "vault/about_codec.h"

const char fuzz_name[] = "about";
const char *const fuzz_words[] = {"LAGANABO", "name", "tag:", NULL};

void fuzz_seeds(fuzz_add_function *add, void *context)
{
    fuzz_seed_records("about", add, context);
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
    const struct trust trust = {records_uuid, keys_root_public(fixed_keys())};
    struct vault_about about = {.generation = 0};
    struct error e = ERROR_INIT;
    int result = about_decode(data, size, "about/00000005", &trust, &about, &e);

    fuzz_outcome(result == 0 ? NULL : &e);
    for (size_t i = 1; result == 0 && i < about.pair_count; i++)
        ASSERT(strcmp(about.pairs[i - 1].name, about.pairs[i].name) < 0);
    vault_about_free(&about);
    return 0;
}
