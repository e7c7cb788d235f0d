/* SPDX-License-Identifier: Apache-2.0 */
/* policy_row.c - see policy_row.h. */
#include "engine/policy_row.h"

#include <stdlib.h>
#include <string.h>

int policy_row_parse(const struct catalog_policy *row, struct policy **policy, struct error *e)
{
    size_t count = row->settings.count;
    unsigned kind =
        row->kind == CATALOG_POLICY_BACKUP ? POLICY_FOR_BACKUP : POLICY_FOR_REPLICATION;
    struct policy_pair *pairs = calloc(count + 1, sizeof(*pairs));
    if (!pairs)
        return error_no_memory(e, "the settings of a policy");
    for (size_t i = 0; i < count; i++)
        pairs[i] =
            (struct policy_pair){row->settings.items[i].name, row->settings.items[i].value};
    int result = policy_parse(kind, pairs, count, row->created_ns, policy, e);
    free(pairs);
    return result == 0 ? 0 : error_context(e, "policy %s", row->name);
}

int policy_row_find(struct catalog *c, const char *name, enum catalog_policy_kind kind,
                    struct policy **policy, struct error *e)
{
    struct error why = ERROR_INIT;
    struct catalog_policy *row = catalog_policy_find(c, name, &why);
    if (!row && why.code != ERROR_NO_POLICY && why.code != ERROR_AMBIGUOUS) {
        *e = why;
        return -1;
    }
    int found = row && strcmp(row->name, name) == 0 && row->kind == kind;
    if (found && policy_row_parse(row, policy, e) != 0)
        found = -1;
    catalog_policy_free(row);
    return found;
}
