/* SPDX-License-Identifier: Apache-2.0 */
/* batch_rules.c - see batch_rules.h: the rules. */
#include "policy/batch_rules.h"

#include "base/text.h"

int batch_rule_total(const struct batch_plan *plan, uint64_t total_bytes, struct error *e)
{
    char total[TEXT_SIZE_SIZE], limit[TEXT_SIZE_SIZE];

    if (total_bytes <= plan->total_limit)
        return 0;
    text_format_size(total_bytes, total);
    text_format_size(plan->total_limit, limit);
    return error_set(e, LAGAN_LIMIT, ERROR_BATCH_TOTAL,
                     "the objects have more than %s together (%s so far), which max-total "
                     "allows: make several jobs, or set max-total=unlimited",
                     limit, total);
}

int batch_rule_profile(const struct batch_plan *plan, bool customer_key, struct error *e)
{
    if (!plan->compat)
        return 0;
    if (plan->verify_given && plan->verify != BATCH_VERIFY_SIZE)
        return error_set(e, LAGAN_INVALID, ERROR_BATCH_PROFILE,
                         "profile=compat: stores do not verify copies by ETag; leave verify "
                         "out, or use profile=native");
    if (customer_key)
        return error_set(e, LAGAN_INVALID, ERROR_BATCH_PROFILE,
                         "profile=compat: stores copy no objects that are encrypted with "
                         "customers' own keys; use profile=native");
    return 0;
}

bool batch_rule_too_many_failures(const struct batch_plan *plan, uint64_t operations,
                                  uint64_t failed)
{
    /* In floating point nothing overflows, and the limit needs no more digits. */
    return operations > plan->failure_after &&
           (double)failed * 100.0 > (double)plan->failure_percent * (double)operations;
}

bool batch_rule_preempts(int32_t waiting, int32_t running)
{
    return waiting > running;
}
