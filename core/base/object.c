/* SPDX-License-Identifier: Apache-2.0 */
/* object.c - what a failed assertion does. */
#include "base/object.h"

#include <stdio.h>
#include <stdlib.h>

_Noreturn void object_assert_failed(const char *expression, const char *file, int line)
{
    fprintf(stderr, "lagan: %s:%d: this must hold, and does not: %s\n", file, line, expression);
    abort();
}
