/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_conf.c - any bytes as a generation of a vault's configuration. */
#include "base/object.h"
#include "fuzz_records.h"
#include "vault/conf.h"

const char fuzz_name[] = "conf";
const char *const fuzz_words[] = {"LAGANCON", NULL};

void fuzz_seeds(fuzz_add_function *add, void *context)
{
    fuzz_seed_records("conf", add, context);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct conf c;
    struct error e = ERROR_INIT;
    int result = conf_decode(data, size, "conf/00000002", &c, &e);

    fuzz_outcome(result == 0 ? NULL : &e);
    if (result == 0)
        ASSERT(vault_settings_check(&c.settings, "what was accepted", &e) == 0);
    return 0;
}
