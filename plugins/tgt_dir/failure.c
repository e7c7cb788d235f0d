/* SPDX-License-Identifier: Apache-2.0 */
/* failure.c - what an errno value means to the host. */
#include "tgt_dir/tgt_dir.h"

#include <errno.h>
#include <string.h>

static const struct {
    int number;
    uint32_t error_class;
    uint32_t scope;
} meanings[] = {
    {ENOSPC, LAGAN_NO_SPACE, LAGAN_SCOPE_INSTANCE},
    {EDQUOT, LAGAN_NO_SPACE, LAGAN_SCOPE_INSTANCE},
    {EFBIG, LAGAN_NO_SPACE, LAGAN_SCOPE_ITEM},
    {EROFS, LAGAN_IMMUTABLE, LAGAN_SCOPE_INSTANCE},
    {ENOENT, LAGAN_NOT_FOUND, LAGAN_SCOPE_ITEM},
    {EACCES, LAGAN_DENIED, LAGAN_SCOPE_ITEM},
    {EPERM, LAGAN_DENIED, LAGAN_SCOPE_ITEM},
    {EEXIST, LAGAN_EXISTS, LAGAN_SCOPE_ITEM},
    {ENAMETOOLONG, LAGAN_LIMIT, LAGAN_SCOPE_ITEM},
    {EMLINK, LAGAN_LIMIT, LAGAN_SCOPE_ITEM},
    {ENOTDIR, LAGAN_LIMIT, LAGAN_SCOPE_ITEM},
    {ELOOP, LAGAN_DENIED, LAGAN_SCOPE_ITEM},
    {EXDEV, LAGAN_DENIED, LAGAN_SCOPE_ITEM},
    {EMFILE, LAGAN_BUSY, LAGAN_SCOPE_ITEM},
    {ENFILE, LAGAN_BUSY, LAGAN_SCOPE_ITEM},
    {EAGAIN, LAGAN_TRANSIENT, LAGAN_SCOPE_ITEM},
    {EINTR, LAGAN_TRANSIENT, LAGAN_SCOPE_ITEM},
    {ETIMEDOUT, LAGAN_TRANSIENT, LAGAN_SCOPE_HANDLE},
    {EHOSTDOWN, LAGAN_OFFLINE, LAGAN_SCOPE_HANDLE},
    {ENOTCONN, LAGAN_OFFLINE, LAGAN_SCOPE_HANDLE},
    {ENODEV, LAGAN_OFFLINE, LAGAN_SCOPE_HANDLE},
    {ENOMEM, LAGAN_INTERNAL, LAGAN_SCOPE_ITEM},
    {ESTALE, LAGAN_IO, LAGAN_SCOPE_HANDLE},
};

uint32_t fail_errno(struct lagan_op *op, int number, const char *what)
{
    uint32_t error_class = LAGAN_IO;
    uint32_t scope = LAGAN_SCOPE_ITEM;
    char reason[128];
    for (size_t i = 0; i < sizeof meanings / sizeof meanings[0]; i++) {
        if (meanings[i].number == number) {
            error_class = meanings[i].error_class;
            scope = meanings[i].scope;
        }
    }
    lagan_fail(op, error_class, number, "%s: %s", what,
               strerror_r(number, reason, sizeof reason));
    op->error.scope = scope;
    return error_class;
}

uint32_t check_flags(struct lagan_op *op, uint64_t flags, uint64_t known)
{
    uint64_t unknown = flags & UINT32_MAX & ~known;
    if (!unknown)
        return LAGAN_OK;
    return lagan_fail(op, LAGAN_UNSUPPORTED, 0, "unknown flags 0x%llx",
                      (unsigned long long)unknown);
}

uint32_t check_cancelled(struct lagan_op *op)
{
    if (!lagan_cancelled(op))
        return LAGAN_OK;
    return lagan_fail(op, LAGAN_CANCELLED, 0, "interrupted");
}
