/* SPDX-License-Identifier: Apache-2.0 */
/* migrate_rules.c - see migrate_rules.h: the rules. */
#include "policy/migrate_rules.h"

#include <stdio.h>
#include <string.h>

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           c == '_' || c == '-';
}

int migrate_rule_name(const char *name, struct error *e)
{
    size_t length = 0;

    while (is_letter(name[length]))
        length++;
    if (name[length] == '\0' && length >= 1 && length <= MIGRATE_NAME_LIMIT && name[0] != '-')
        return 0;
    return error_set(e, LAGAN_INVALID, ERROR_NAME_INVALID,
                     "the name '%.80s' of a migration: it has 1 to %d letters, digits, '_' or "
                     "'-', and does not begin with '-'",
                     name, MIGRATE_NAME_LIMIT);
}

bool migrate_rule_takes(const struct migrate_plan *plan, int64_t changed_ns)
{
    if (plan->since_ns == 0 && plan->before_ns == 0)
        return true;
    if (changed_ns == INT64_MIN)
        return false;
    return (plan->since_ns == 0 || changed_ns >= plan->since_ns) &&
           (plan->before_ns == 0 || changed_ns < plan->before_ns);
}

bool migrate_rule_pace(const struct migrate_plan *plan, char text[MIGRATE_PACE_SIZE])
{
    if (plan->mbps == 0)
        return false;
    snprintf(text, MIGRATE_PACE_SIZE, "0:24:%llu",
             (unsigned long long)(plan->mbps * 1000000 / 8 / 1024));
    return true;
}

bool migrate_rule_unit_full(const struct migrate_plan *plan, uint64_t files, uint64_t bytes,
                            uint64_t next_bytes)
{
    uint64_t sum;

    if (files == 0)
        return false;
    return files >= plan->unit_files || __builtin_add_overflow(bytes, next_bytes, &sum) ||
           sum > plan->unit_bytes;
}

bool migrate_rule_last_pass(const struct migrate_plan *plan, unsigned pass, uint64_t differing)
{
    return pass >= plan->passes || differing <= plan->until;
}

int64_t migrate_rule_left_ns(uint64_t done, uint64_t total, int64_t elapsed_ns)
{
    if (done == 0 || total == 0 || elapsed_ns <= 0)
        return -1;
    if (done >= total)
        return 0;
    double left = (double)elapsed_ns * ((double)(total - done) / (double)done);
    return left < 9e18 ? (int64_t)left : -1;
}
