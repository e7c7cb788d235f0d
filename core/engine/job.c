/* SPDX-License-Identifier: Apache-2.0 */
/* job.c - what errors mean to jobs. */
#include "engine/job.h"

bool job_error_ends(const struct error *why)
{
    return why->scope != LAGAN_SCOPE_ITEM || why->code == ERROR_NO_MEMORY ||
           why->error_class == LAGAN_CANCELLED || why->error_class == LAGAN_NO_SPACE;
}
