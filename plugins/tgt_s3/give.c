/* SPDX-License-Identifier: Apache-2.0 */
/* give.c - storage class and lock of what is put; the checks that all calls begin with. */
#include "tgt_s3/tgt_s3.h"

#include <string.h>

/* Below these nothing lies that backups need: signs of sessions, and an index that is made anew
 * from the packs.  Locked, they would only pile up. */
static const char *const unlocked[] = {"sessions/", "runs/"};

static bool begins(const char *key, const char *folder)
{
    return strncmp(key, folder, strlen(folder)) == 0;
}

static bool is_locked(const char *key)
{
    for (size_t i = 0; i < sizeof unlocked / sizeof unlocked[0]; i++)
        if (begins(key, unlocked[i]))
            return false;
    return true;
}

struct s3_give give_private(const char *mark, struct s3_pair *pair)
{
    *pair = (struct s3_pair){.name = MARK_HEADER, .value = mark};
    return (struct s3_give){.headers = pair, .header_count = 1};
}

struct s3_give give_of(const struct store *s, const char *key, const char *mark,
                       struct s3_pair *pair)
{
    const struct instance *i = s->instance;
    const char *class = begins(key, "packs/") ? i->pack_class : i->small_class;
    struct s3_give give = give_private(mark, pair);
    give.storage_class = class[0] ? class : NULL;
    if (i->lock_mode && is_locked(key)) {
        give.lock_mode = i->lock_mode;
        give.lock_until_ns = lagan_host_table->wall_ns() + i->lock_for_ns;
    }
    return give;
}

uint32_t call_check(const struct store *s, struct lagan_op *op, uint64_t flags, uint64_t known)
{
    uint64_t unknown = flags & ~known & UINT32_MAX;
    if (unknown)
        return lagan_fail(op, LAGAN_UNSUPPORTED, 0, "unknown flags 0x%llx",
                          (unsigned long long)unknown);
    if (lagan_cancelled(op))
        return lagan_fail(op, LAGAN_CANCELLED, 0, "cancelled");
    if (s->read_only)
        return lagan_fail(op, LAGAN_DENIED, 0, "the bucket was opened for reading only");
    return LAGAN_OK;
}

void fail_outcome(struct lagan_op *op, uint32_t outcome)
{
    op->error.outcome = outcome;
}

uint32_t fail_taken(struct lagan_op *op)
{
    return lagan_fail(op, LAGAN_EXISTS, 0, "the name is taken");
}
