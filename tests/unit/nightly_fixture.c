/* SPDX-License-Identifier: Apache-2.0 */
/* nightly_fixture.c - see nightly_fixture.h. */
#include "nightly_fixture.h"
#include "catalog_fixture.h"
#include "run_fixture.h"

struct catalog_policy *nightly;

struct catalog *open_runs(void)
{
    struct catalog *c = open_catalog("s");

    add_vault(c, 10, "main");
    add_vault(c, 11, "other");
    nightly = add_policy(c, "nightly", CATALOG_POLICY_BACKUP);
    return c;
}

void close_runs(struct catalog *c)
{
    must_be_sound(c);
    catalog_policy_free(nightly);
    nightly = NULL;
    catalog_close(c);
}
