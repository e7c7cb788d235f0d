/* SPDX-License-Identifier: Apache-2.0 */
/* library.c - see library.h. */
#include "base/library.h"

#include <dlfcn.h>
#include <string.h>

static int missing(const char *file, const char *package, struct error *e)
{
    const char *why = dlerror();

    return error_set(e, LAGAN_UNSUPPORTED, ERROR_FAILED,
                     "%s cannot be loaded (%s): install the package %s", file,
                     why != NULL ? why : "no reason given", package);
}

int library_load(const char *file, const char *package, const struct library_symbol *symbols,
                 size_t count, struct error *e)
{
    void *handle = dlopen(file, RTLD_NOW | RTLD_LOCAL);

    if (handle == NULL)
        return missing(file, package, e);
    for (size_t i = 0; i < count; i++) {
        void *found = dlsym(handle, symbols[i].name);
        if (found == NULL) {
            missing(file, package, e);
            dlclose(handle);
            return -1;
        }
        memcpy(symbols[i].place, &found, sizeof(found));
    }
    return 0;
}
