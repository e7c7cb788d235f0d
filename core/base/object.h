/* SPDX-License-Identifier: Apache-2.0 */
/*
 * object.h - assertions that stay in release builds, and magic numbers for long-lived objects.
 *
 * A long-lived object is opaque to its users and starts with `uint32_t magic`.  Every entry
 * point begins with OBJECT_CHECK; destructors accept NULL, clear the magic and free.
 */
#ifndef CORE_BASE_OBJECT_H
#define CORE_BASE_OBJECT_H

#include <stdint.h>

/* Ends the process with file, line and the expression.  For programmers' errors only. */
_Noreturn void object_assert_failed(const char *expression, const char *file, int line);

#define ASSERT(expression)                                                                     \
    ((expression) ? (void)0 : object_assert_failed(#expression, __FILE__, __LINE__))

/* `object` is not NULL and is alive and of the type that `expected` names. */
#define OBJECT_CHECK(object, expected)                                                         \
    do {                                                                                       \
        ASSERT((object) != NULL);                                                              \
        ASSERT((object)->magic == (expected));                                                 \
    } while (0)

#endif
