/* SPDX-License-Identifier: Apache-2.0 */
/*
 * metadata.h - further metadata of files, and which inode flags are kept.
 */
#ifndef SRC_FILES_METADATA_H
#define SRC_FILES_METADATA_H

#include <lagan/source.h>
#include <linux/fs.h>
#include <stdint.h>

/* Flags that a user can set and that mean something on another file system: not how the content
 * is stored (extents, inline data, hash trees), not casefold, which only an empty directory
 * takes. */
#define METADATA_FLAGS                                                                         \
    ((uint32_t)FS_SECRM_FL | FS_UNRM_FL | FS_COMPR_FL | FS_SYNC_FL | FS_IMMUTABLE_FL |         \
     FS_APPEND_FL | FS_NODUMP_FL | FS_NOATIME_FL | FS_NOCOMP_FL | FS_JOURNAL_DATA_FL |         \
     FS_NOTAIL_FL | FS_DIRSYNC_FL | FS_TOPDIR_FL | FS_NOCOW_FL | FS_PROJINHERIT_FL)

/* Those that forbid every further change, also to us: set last. */
#define METADATA_LOCKING_FLAGS ((uint32_t)FS_IMMUTABLE_FL | FS_APPEND_FL)

/* Hands over the extended attributes and the inode flags of an open file. */
uint32_t metadata_hand_over(int fd, struct lagan_op *op,
                            const struct lagan_metadata_collector *pieces);

#endif
