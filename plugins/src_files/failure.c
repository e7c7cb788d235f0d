/* SPDX-License-Identifier: Apache-2.0 */
/*
 * failure.c - the table of system errors and classes.
 */
#include "src_files/failure.h"

#include <errno.h>
#include <string.h>

static const struct {
    int error_number;
    uint32_t error_class;
} classes[] = {
    {ENOENT, LAGAN_NOT_FOUND},
    {EACCES, LAGAN_DENIED},
    {EPERM, LAGAN_DENIED},
    {EROFS, LAGAN_IMMUTABLE},
    {ENOSPC, LAGAN_NO_SPACE},
    {EDQUOT, LAGAN_NO_SPACE},
    {ENAMETOOLONG, LAGAN_LIMIT},
    {EFBIG, LAGAN_LIMIT},
    {EMLINK, LAGAN_LIMIT},
    {EOVERFLOW, LAGAN_LIMIT},
    {EEXIST, LAGAN_EXISTS},
    {ENOTEMPTY, LAGAN_EXISTS},
    {EISDIR, LAGAN_EXISTS},
    {ELOOP, LAGAN_CHANGED},
    {ENOTDIR, LAGAN_CHANGED},
    {EXDEV, LAGAN_CHANGED},
    {ESTALE, LAGAN_CHANGED},
    {EMFILE, LAGAN_BUSY},
    {ENFILE, LAGAN_BUSY},
    {EBUSY, LAGAN_BUSY},
    {EAGAIN, LAGAN_TRANSIENT},
    {ETIMEDOUT, LAGAN_TRANSIENT},
    {EOPNOTSUPP, LAGAN_UNSUPPORTED},
    {ENOSYS, LAGAN_UNSUPPORTED},
    {ENOTTY, LAGAN_UNSUPPORTED},
    {EINVAL, LAGAN_INVALID},
    {ENOMEM, LAGAN_INTERNAL},
    {ECANCELED, LAGAN_CANCELLED},
};

uint32_t failure_class(int error_number)
{
    for (size_t i = 0; i < sizeof classes / sizeof classes[0]; i++)
        if (classes[i].error_number == error_number)
            return classes[i].error_class;
    return LAGAN_IO;
}

const char *failure_words(int error_number, char *text, size_t size)
{
    return strerror_r(error_number, text, size);
}

uint32_t failure_report(struct lagan_op *op, int error_number, const char *what)
{
    char text[128];
    return lagan_fail(op, failure_class(error_number), error_number, "%s: %s", what,
                      failure_words(error_number, text, sizeof text));
}

uint32_t failure_memory(struct lagan_op *op)
{
    return lagan_fail(op, LAGAN_INTERNAL, ENOMEM, "out of memory");
}

uint32_t failure_of_flags(struct lagan_op *op, uint64_t flags, uint64_t known)
{
    uint64_t unknown = flags & UINT64_C(0xffffffff) & ~known;
    if (unknown == 0)
        return LAGAN_OK;
    return lagan_fail(op, LAGAN_UNSUPPORTED, 0, "unknown flags 0x%llx",
                      (unsigned long long)unknown);
}
