/* SPDX-License-Identifier: Apache-2.0 */
/*
 * library.h - libraries of the system that few commands need, loaded when one does: linked,
 * they would cost every start of the program more than its own work.  They are built against,
 * their headers give the types.
 */
#ifndef CORE_BASE_LIBRARY_H
#define CORE_BASE_LIBRARY_H

#include "base/error.h"

#include <stddef.h>

struct library_symbol {
    const char *name;
    void *place; /* of a pointer to that function */
};

/* Loads `file`, as the linker would find it ("libcurl.so.4"), for good, and fills in all of
 * `symbols`.  -1 with class UNSUPPORTED, which names `package`, when it is not there or lacks
 * one.  One thread at a time. */
int library_load(const char *file, const char *package, const struct library_symbol *symbols,
                 size_t count, struct error *e);

#endif
