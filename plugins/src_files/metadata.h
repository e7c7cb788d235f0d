/* SPDX-License-Identifier: Apache-2.0 */
/*
 * metadata.h - which inode flags are kept.
 */
#ifndef SRC_FILES_METADATA_H
#define SRC_FILES_METADATA_H

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

#endif
