/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lagan/source.h - the contract of source drivers (`src_...`).
 *
 * An instance is one thing to protect: a directory tree, a bucket, a disk.  Its content is a
 * sorted map from keys to entries.  The host walks it, reads what changed, and can write entries
 * back into an instance of the same driver that is opened with LAGAN_OPEN_RESTORE.
 *
 * Keys.  A key is a byte string that names an entry within its source.  For trees of files it is
 * the path below the root, its components joined by zero bytes; the root itself is the empty key.
 * For buckets it is the object's key as it is; for disks the driver's manual page says.  Keys
 * sort as unsigned bytes, a prefix before what it is a prefix of, which for files means component
 * by component and parents before children, whatever the locale.
 *
 * The order of slots in the tables is part of the ABI; "mandatory" slots are checked at load.
 * Later minors append slots for discovery, snapshots, change tokens and changed extents.
 *
 * Log of additions
 *   1.0  2026-11  first version
 */
#ifndef LAGAN_SOURCE_H
#define LAGAN_SOURCE_H

#include <lagan/driver.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Types of entries.  X(symbol, value, name).  Values are part of the ABI and of the vault format. */
#define LAGAN_ENTRY_TYPES(X)                                                                     \
    X(DIRECTORY, 1, "directory")                                                                 \
    X(FILE, 2, "file")                                                                           \
    X(SYMLINK, 3, "symlink")                                                                     \
    X(CHARACTER, 4, "character-device")                                                          \
    X(BLOCK, 5, "block-device")                                                                  \
    X(FIFO, 6, "fifo")                                                                           \
    X(SOCKET, 7, "socket")                                                                       \
    X(OBJECT, 8, "object")                                                                       \
    X(VOLUME, 9, "volume")                                                                       \
    X(ERROR, 255, "error")

enum lagan_entry_type {
#define X(symbol, value, name) LAGAN_ENTRY_##symbol = value,
    LAGAN_ENTRY_TYPES(X)
#undef X
};

/* Which members of struct lagan_entry mean something (bits of `present`). */
#define LAGAN_HAS_BYTES UINT64_C(1)
#define LAGAN_HAS_MODE UINT64_C(2)
#define LAGAN_HAS_OWNER UINT64_C(4)
#define LAGAN_HAS_MTIME UINT64_C(8)
#define LAGAN_HAS_LINKS UINT64_C(16)
#define LAGAN_HAS_DEVICE UINT64_C(32)

/* Hints (bits of `flags`). */
#define LAGAN_ENTRY_SPARSE UINT64_C(1) /* may have holes: ask extents before reading */

enum { LAGAN_ID_SIZE = 64, LAGAN_STAMP_SIZE = 32 };

/*
 * One entry of a source.  All pointers are valid during the call that hands the entry over.
 *
 * An entry of type ERROR stands for something that exists but could not be examined: key,
 * error_class and error_text are set and nothing else.  The walk goes on behind it.
 *
 * A DIRECTORY may carry error_class and error_text too: the entry itself is complete, but its
 * content could not be listed, or not to the end.
 */
struct lagan_entry {
    uint32_t size; /* sizeof(struct lagan_entry) */
    uint32_t type; /* enum lagan_entry_type */
    const void *key;
    size_t key_size;
    /* Equal ids name the same content under several keys (hard links); at most LAGAN_ID_SIZE bytes,
     * empty when the source has no such thing. */
    const void *id;
    size_t id_size;
    /* Equal stamps mean that content and metadata are unchanged since the last backup; the
     * converse need not hold.  At most LAGAN_STAMP_SIZE bytes; empty = always read. */
    const void *stamp;
    size_t stamp_size;
    uint64_t present; /* LAGAN_HAS_... */
    uint64_t flags;   /* LAGAN_ENTRY_... hints */
    uint64_t bytes;   /* length of the content */
    uint32_t mode;    /* the 12 permission bits */
    uint32_t user;
    uint32_t group;
    uint32_t links;         /* number of names of this content */
    const char *user_name;  /* NULL = none known */
    const char *group_name; /* NULL = none known */
    int64_t mtime_s;        /* seconds since 1970, may be negative */
    uint32_t mtime_ns;      /* 0..999999999 */
    uint32_t device_major;
    uint32_t device_minor;
    uint32_t error_class; /* of an ERROR entry, or of a DIRECTORY that could not be listed */
    const void *link;     /* target of a SYMLINK, any bytes */
    size_t link_size;
    const char *error_text; /* with error_class, one line */
};

/* Receives entries; copies what it keeps.  A result other than LAGAN_OK is returned by the calling
 * slot unchanged and at once. */
struct lagan_entry_collector {
    void *context;
    uint32_t (*add)(void *context, const struct lagan_entry *entry);
};

/* What the host's rules say of an entry that the walk has found. */
enum lagan_selection {
    LAGAN_SELECT_SKIP = 0, /* leave it out; of a directory, all that is below it too */
    LAGAN_SELECT_TAKE = 1
};

/* How to walk. */
struct lagan_walk_request {
    uint32_t size;     /* sizeof(struct lagan_walk_request) */
    uint32_t reserved; /* 0 */
    uint64_t flags;    /* 0 */
    /* Start behind this key (it need not exist); NULL = from the beginning. */
    const void *after;
    size_t after_size;
    /* Asked once for each entry but the root, before it is handed over and before a directory is
     * read; NULL = take all.  May be called from threads of the driver. */
    enum lagan_selection (*select)(void *context, const void *key, size_t key_size, uint32_t type);
    void *select_context;
};

/* A range of an entry's content. */
enum lagan_extent_type {
    LAGAN_EXTENT_DATA = 1, /* must be read */
    LAGAN_EXTENT_HOLE = 2, /* not allocated, reads as zeroes */
    LAGAN_EXTENT_ZERO = 3  /* allocated, reads as zeroes */
};

/* Receives ranges, ascending and contiguous from the offset that was asked for. */
struct lagan_extent_collector {
    void *context;
    uint32_t (*add)(void *context, uint64_t offset, uint64_t length, uint32_t type);
};

/* Kinds of further metadata. */
enum lagan_metadata_kind {
    /* A Linux extended attribute under its full name, value as stored, which includes
     * system.posix_acl_access, system.posix_acl_default and security.capability. */
    LAGAN_METADATA_XATTR = 1,
    /* Inode flags as of FS_IOC_GETFLAGS, little-endian u32, empty name. */
    LAGAN_METADATA_FLAGS = 2,
    /* A property of a bucket's object: content type, tags, ... */
    LAGAN_METADATA_PROPERTY = 3
};

/* One piece of metadata.  Within an entry (kind, name) is unique. */
struct lagan_metadata {
    uint32_t kind; /* enum lagan_metadata_kind */
    uint32_t name_size;
    const char *name; /* any bytes but zero, zero-terminated */
    const void *value;
    size_t value_size;
};

/* Receives pieces in ascending order of (kind, name).  `lost` is called for metadata that exists
 * but could not be read; it is recorded as a warning of the entry. */
struct lagan_metadata_collector {
    void *context;
    uint32_t (*add)(void *context, const struct lagan_metadata *piece);
    void (*lost)(void *context, const char *name, const char *reason);
};

/* Verdict of entry_close on what was read since entry_open. */
enum lagan_read_verdict {
    LAGAN_READ_CONSISTENT = 0,
    LAGAN_READ_CHANGED = 1 /* the entry was written to, truncated or replaced meanwhile */
};

/* What a source promises; asked once after open.  The host zeroes it and sets `size` first. */
struct lagan_source_capabilities {
    uint32_t size;
    uint8_t sorted;       /* 1: the walk is in key order (the host requires it today) */
    uint8_t resume;       /* 1: walk requests with `after` work */
    uint8_t extents;      /* 1: holes are reported without reading them */
    uint8_t random_read;  /* 1: read_at takes any offset; 0: only the next one */
    uint8_t hard_links;   /* 1: ids tell hard links */
    uint8_t restore;      /* 1: the write-back slots work */
    uint8_t sparse_write; /* 1: write_zero makes holes */
    uint8_t reserved;
    uint32_t max_parallel; /* useful number of entries read at a time; 0 = unknown */
};

/* Severity of a finding of `check`. */
enum lagan_severity { LAGAN_FINDING_OK = 0, LAGAN_FINDING_WARNING = 1, LAGAN_FINDING_ERROR = 2 };

/* Receives findings: what was looked at and what to do, one line each. */
struct lagan_finding_collector {
    void *context;
    void (*add)(void *context, uint32_t severity, const char *text, const char *remedy);
};

/* Flags of entry_create, node_create and link_create. */
#define LAGAN_CREATE_REPLACE UINT64_C(1) /* replace what is there; without it: LAGAN_EXISTS */
/* Leave out what gives rights: setuid and setgid bits, file capabilities, device nodes. */
#define LAGAN_CREATE_UNPRIVILEGED UINT64_C(2)
#define LAGAN_CREATE_NUMERIC_OWNERS UINT64_C(4) /* numbers count, not names */
#define LAGAN_CREATE_NO_OWNERS UINT64_C(8)      /* leave owners alone */
#define LAGAN_CREATE_SYNC UINT64_C(16)          /* durable when commit returns */

/*
 * The table of a source driver.  Mandatory beside the common ones: capabilities, walk_open,
 * walk_next, walk_close, entry_open, read_at, entry_close.  With `restore`: entry_stat,
 * entry_create, write_at, write_zero, entry_commit, entry_abort, node_create, directory_finish.
 */
struct lagan_source_ops {
    struct lagan_common_ops common;

    uint32_t (*capabilities)(void *handle, struct lagan_op *op,
                             struct lagan_source_capabilities *capabilities);

    /* Parameters, rights, tools: findings without side effects. */
    uint32_t (*check)(void *handle, struct lagan_op *op,
                      const struct lagan_finding_collector *findings);

    /* Bytes and entries below the root, as far as can be said quickly; either may be 0. */
    uint32_t (*estimate)(void *handle, struct lagan_op *op, uint64_t *bytes, uint64_t *entries);

    /* Starts a walk over all entries in key order, the root first.  The request is copied; its
     * select function is used until walk_close. */
    uint32_t (*walk_open)(void *handle, struct lagan_op *op,
                          const struct lagan_walk_request *request, void **walk);
    /* Hands over 1..`limit` entries and returns OK, or END when there are no more.  A walk that was
     * cut short never looks like END: it returns an error of scope handle. */
    uint32_t (*walk_next)(void *walk, struct lagan_op *op, uint32_t limit,
                          const struct lagan_entry_collector *entries);
    void (*walk_close)(void *walk);

    /* Opens one entry (FILE, OBJECT, VOLUME) for reading and hands over its attributes as opened.
     * Never follows a symlink, never waits on a FIFO.  NOT_FOUND when it vanished; CHANGED when the
     * key now names something of another type or (with `id_size` > 0) another id. */
    uint32_t (*entry_open)(void *handle, struct lagan_op *op, const void *key, size_t key_size,
                           const void *id, size_t id_size,
                           const struct lagan_entry_collector *attributes, void **reader);
    /* Fills `data` completely unless the end comes first; `*got` is 0 at or behind the end.  An
     * unreadable range is IO with scope item. */
    uint32_t (*read_at)(void *reader, struct lagan_op *op, uint64_t offset, void *data,
                        size_t size, size_t *got);
    /* Ranges of [offset, offset + length): at least one covering `offset`. */
    uint32_t (*extents)(void *reader, struct lagan_op *op, uint64_t offset, uint64_t length,
                        const struct lagan_extent_collector *extents);
    /* Always frees the reader.  `*verdict`: enum lagan_read_verdict; may be NULL. */
    uint32_t (*entry_close)(void *reader, struct lagan_op *op, uint32_t *verdict);

    /* Further metadata of an entry of any type. */
    uint32_t (*metadata)(void *handle, struct lagan_op *op, const void *key, size_t key_size,
                         uint32_t type, const struct lagan_metadata_collector *pieces);

    /*
     * Writing back, on a handle opened with LAGAN_OPEN_RESTORE.  The host calls in key order but
     * from several threads; parents come before children.  Nothing outside the root is ever
     * touched, whatever a key or a link says: a key with a component "", "." or ".." or one that
     * holds '/' is refused with INVALID, and no symlink is followed on the way.  Names that cannot be
     * stored are refused with LIMIT, never altered.
     */

    /* Attributes of what is there now; NOT_FOUND when nothing is. */
    uint32_t (*entry_stat)(void *handle, struct lagan_op *op, const void *key, size_t key_size,
                           const struct lagan_entry_collector *attributes);
    /* Starts a FILE (OBJECT, VOLUME) under a temporary name. `flags`: LAGAN_CREATE_... */
    uint32_t (*entry_create)(void *handle, struct lagan_op *op, const struct lagan_entry *entry,
                             uint64_t flags, void **writer);
    /* Any order; a range may be written again. */
    uint32_t (*write_at)(void *writer, struct lagan_op *op, uint64_t offset, const void *data,
                         size_t size);
    /* Makes a range read as zeroes: a hole where the place can have one. */
    uint32_t (*write_zero)(void *writer, struct lagan_op *op, uint64_t offset, uint64_t length);
    /* Sets the length to entry->bytes, applies owner, mode, metadata and times, and makes the file
     * visible in one step.  Frees the writer, also on failure.  Metadata that could not be set goes
     * to `lost->lost`; that alone is no failure. */
    uint32_t (*entry_commit)(void *writer, struct lagan_op *op, const struct lagan_metadata *pieces,
                             size_t count, const struct lagan_metadata_collector *lost);
    /* Leaves no trace and frees the writer. */
    void (*entry_abort)(void *writer);
    /* Creates anything that has no content.  A DIRECTORY that exists is fine; it is made private
     * (mode 0700) when new and gets its attributes from directory_finish. */
    uint32_t (*node_create)(void *handle, struct lagan_op *op, const struct lagan_entry *entry,
                            uint64_t flags, const struct lagan_metadata *pieces, size_t count,
                            const struct lagan_metadata_collector *lost);
    /* Gives a directory its owner, mode, metadata and times.  Called when everything below it is
     * done, deepest first. */
    uint32_t (*directory_finish)(void *handle, struct lagan_op *op,
                                 const struct lagan_entry *entry, uint64_t flags,
                                 const struct lagan_metadata *pieces, size_t count,
                                 const struct lagan_metadata_collector *lost);
    /* Makes `key` a further name of `existing`, which this restore has written. */
    uint32_t (*link_create)(void *handle, struct lagan_op *op, const void *key, size_t key_size,
                            const void *existing, size_t existing_size, uint64_t flags);
};

#ifdef __cplusplus
}
#endif

#endif
