/* SPDX-License-Identifier: Apache-2.0 */
/* retry.c - see retry.h. */
#include "mirror/retry.h"

static const int64_t SECOND_NS = INT64_C(1000000000);
static const int64_t ITEM_FIRST_S = 5, ITEM_LAST_S = 600;
static const int64_t LANE_FIRST_S = 10, LANE_LAST_S = 300;

static const struct {
    uint32_t class;
    enum retry_verdict verdict;
} verdicts[] = {
    {LAGAN_CANCELLED, RETRY_UNDONE},   {LAGAN_OFFLINE, RETRY_AWAY},
    {LAGAN_AUTH, RETRY_AWAY},          {LAGAN_DENIED, RETRY_AWAY},
    {LAGAN_NO_SPACE, RETRY_AWAY},      {LAGAN_CORRUPT, RETRY_NEVER},
    {LAGAN_INVALID, RETRY_NEVER},      {LAGAN_UNSUPPORTED, RETRY_NEVER},
    {LAGAN_IMMUTABLE, RETRY_NEVER},    {LAGAN_EXISTS, RETRY_NEVER},
    {LAGAN_PRECONDITION, RETRY_NEVER},
};

enum retry_verdict retry_judge(const struct error *why)
{
    for (size_t i = 0; i < sizeof(verdicts) / sizeof(verdicts[0]); i++)
        if (verdicts[i].class == why->error_class)
            return verdicts[i].verdict;
    return why->scope > LAGAN_SCOPE_ITEM ? RETRY_AWAY : RETRY_AGAIN;
}

/* `first` doubled `times` times, up to `last`; the upper half of it at random. */
static int64_t wait_ns(int64_t first_s, int64_t last_s, uint64_t times, const struct error *why,
                       uint32_t random)
{
    int64_t wait = first_s;

    while (times-- > 0 && wait < last_s)
        wait *= 2;
    if (wait > last_s)
        wait = last_s;
    wait = wait * SECOND_NS / 2;
    wait += (int64_t)((double)wait * random / UINT32_MAX);
    int64_t asked = (int64_t)why->retry_after_ms * (SECOND_NS / 1000);
    return wait > asked ? wait : asked;
}

int64_t retry_item_at(const struct catalog_item *item, const struct error *why, int64_t now_ns,
                      int64_t budget_ns, uint32_t random)
{
    int64_t first = item->first_failure_ns != 0 ? item->first_failure_ns : now_ns;
    uint64_t failures = item->attempts > 0 ? item->attempts - 1 : 0;

    if (now_ns - first > budget_ns)
        return 0;
    return now_ns + wait_ns(ITEM_FIRST_S, ITEM_LAST_S, failures, why, random);
}

int64_t retry_lane_at(uint64_t tries, const struct error *why, int64_t now_ns, uint32_t random)
{
    return now_ns + wait_ns(LANE_FIRST_S, LANE_LAST_S, tries, why, random);
}
