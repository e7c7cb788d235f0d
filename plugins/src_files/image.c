/* SPDX-License-Identifier: Apache-2.0 */
/*
 * image.c - signatures, as blkid(8), file(1) and the formats' own specifications give them.
 */
#include "src_files/image.h"

#include <stddef.h>
#include <string.h>
#include <unistd.h>

enum { WORTH_BYTES = 64 << 20, HEAD_BYTES = 2048 };

/* What some kinds have at a place within the head. */
struct signature {
    size_t offset;
    size_t size;
    const char *bytes;
};

static const struct signature signatures[] = {
    {510, 2, "\x55\xaa"},         /* a partition table, or a boot sector */
    {512, 8, "EFI PART"},         /* GPT */
    {1080, 2, "\x53\xef"},        /* ext2, ext3, ext4 */
    {0, 4, "XFSB"},               /* XFS */
    {0, 6, "LUKS\xba\xbe"},       /* an encrypted disk */
    {536, 8, "LVM2 001"},         /* a physical volume of LVM */
    {0, 4, "QFI\xfb"},            /* qcow2 */
    {0, 4, "KDMV"},               /* VMDK */
    {0, 8, "vhdxfile"},           /* VHDX */
    {64, 4, "\x7f\x10\xda\xbe"},  /* VDI */
    {0, 16, "SQLite format 3\0"}, /* SQLite */
};

bool image_recognise(int fd, uint64_t bytes)
{
    unsigned char head[HEAD_BYTES];
    if (bytes < WORTH_BYTES || pread(fd, head, sizeof head, 0) != (ssize_t)sizeof head)
        return false;
    for (size_t i = 0; i < sizeof signatures / sizeof signatures[0]; i++) {
        const struct signature *s = &signatures[i];
        if (memcmp(head + s->offset, s->bytes, s->size) == 0)
            return true;
    }
    return false;
}
