/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lagan/source.h - the contract of source drivers (`src_...`).
 *
 * An instance is one thing to protect: a directory tree, a bucket, a disk.  Its content is a
 * sorted map from keys to entries.  The host walks it, reads what changed, and can write
 * entries back into an instance of the same driver that is opened with LAGAN_OPEN_RESTORE.
 *
 * Keys.  A key is a byte string that names an entry within its source.  For trees of files it
 * is the path below the root, its components joined by zero bytes; the root itself is the empty
 * key.  For buckets it is the object's key as it is; for disks the driver's manual page says.
 * Keys sort as unsigned bytes, a prefix before what it is a prefix of, which for files means
 * component by component and parents before children, whatever the locale.  A key occurs once.
 *
 * A backup, as the driver sees it
 *
 *   open (READ_ONLY), capabilities, estimate; walk_open; walk_next until END, on one thread.
 *   Beside it, on several threads where the thread model allows: entry_open, extents, read_at,
 *   entry_metadata, entry_close and metadata for each entry that is new or whose stamp differs.
 * walk_close, close.  An error of the walk fails the backup; an error of one entry is recorded
 * in the backup and named, and the backup goes on (exit status 3).
 *
 * A restore
 *
 *   open (RESTORE, with INITIALISE when the place may be new), capabilities.  In key order
 *   entry_stat and node_create for directories; beside it, on several threads, entry_stat and
 *   entry_create .. entry_commit or node_create for what lies in them; link_create once the
 *   first name is in place; last directory_finish, deepest first.  An error of scope item is
 *   named and the restore goes on (exit status 3); any other ends it.
 *
 * The order of slots in the tables is part of the ABI; "mandatory" slots are checked at load.
 * Later minors append slots for discovery, snapshots, change tokens and changed extents.
 *
 * Log of additions
 *   1.0  2026-11  first version
 *   1.2  2026-11  LAGAN_ENTRY_STREAM
 *   1.4  2026-11  type MARKER, versions, pieces and prefixes in walks, names of properties,
 *                 place_name, entry_copy, entry_remove; their capabilities
 */
#ifndef LAGAN_SOURCE_H
#define LAGAN_SOURCE_H

#include <lagan/driver.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * Types of entries: X(symbol, value, name).  Values are part of the ABI and of the vault
 * format.
 *
 * - DIRECTORY: has entries below it; no content of its own.
 * - FILE, OBJECT, VOLUME: have content, read with entry_open: a file of a tree, an object of a
 *   bucket, a disk.
 * - SYMLINK: its target is in `link`; never followed.
 * - CHARACTER, BLOCK: device nodes; recorded by number, never opened.
 * - FIFO, SOCKET: recorded, never opened.
 * - MARKER: since 1.4.  Says that the object was deleted from this moment on, though older
 *   versions of it may be there; no content.  Occurs in walks of versions alone.
 * - ERROR: see struct lagan_entry.
 */
#define LAGAN_ENTRY_TYPES(X)                                                                   \
    X(DIRECTORY, 1, "directory")                                                               \
    X(FILE, 2, "file")                                                                         \
    X(SYMLINK, 3, "symlink")                                                                   \
    X(CHARACTER, 4, "character-device")                                                        \
    X(BLOCK, 5, "block-device")                                                                \
    X(FIFO, 6, "fifo")                                                                         \
    X(SOCKET, 7, "socket")                                                                     \
    X(OBJECT, 8, "object")                                                                     \
    X(VOLUME, 9, "volume")                                                                     \
    X(MARKER, 10, "delete-marker")                                                             \
    X(ERROR, 255, "error")

enum lagan_entry_type {
#define X(symbol, value, name) LAGAN_ENTRY_##symbol = value,
    LAGAN_ENTRY_TYPES(X)
#undef X
};

/* Which members of struct lagan_entry mean something (bits of `present`). */

/* bytes */
#define LAGAN_HAS_BYTES UINT64_C(1)
/* mode */
#define LAGAN_HAS_MODE UINT64_C(2)
/* user, group, and the names where not NULL */
#define LAGAN_HAS_OWNER UINT64_C(4)
/* mtime_s, mtime_ns */
#define LAGAN_HAS_MTIME UINT64_C(8)
/* links */
#define LAGAN_HAS_LINKS UINT64_C(16)
/* device_major, device_minor */
#define LAGAN_HAS_DEVICE UINT64_C(32)

/* Hints (bits of `flags`). */

/* It may have holes: the host asks `extents` before it reads. */
#define LAGAN_ENTRY_SPARSE UINT64_C(1)
/* It is changed in place, block by block, and nothing ever moves in it (a disk, an image of
 * one, a database): the host cuts it at fixed distances.  Told by entry_open. */
#define LAGAN_ENTRY_BLOCKS UINT64_C(2)
/* Nobody knows its length before it was read: `bytes` is 0 and means nothing.  The host reads
 * it once, from the beginning on and in turn, until read_at gives less than was asked for.
 * Told by the walk and by entry_open alike; needs LAGAN_FEATURE_STREAM. */
#define LAGAN_ENTRY_STREAM UINT64_C(4)

/*
 * Versions.  A place that keeps versions of its entries shows them in a walk that asks for
 * them, each under a key of its own:
 *
 *     the object's key | zero byte | LAGAN_VERSION_TIME_SIZE hex digits | version id
 *
 * The digits (0-9a-f) are the moment it was made, in nanoseconds since 1970, or when two are of
 * one moment a later one, so that keys sort from the oldest version to the newest.  The current
 * one is among them and is told by LAGAN_FACT_CURRENT.  All slots that take a key take these
 * too; the slots that write make a new version of the object, and its id is the place's own.
 * `select` is asked with the object's key alone.
 */
enum { LAGAN_VERSION_TIME_SIZE = 16 };

/* Most bytes of an entry's id, and of its stamp. */
enum { LAGAN_ID_SIZE = 64, LAGAN_STAMP_SIZE = 32 };

/*
 * One entry of a source.  It goes both ways: a driver hands it to a collector, the host hands
 * it to the slots that write back.  All pointers are valid during that call only.  Members
 * without their bit in `present` mean nothing.
 *
 * An entry of type ERROR stands for something that exists but could not be examined: key,
 * error_class and error_text are set and nothing else.  The walk goes on behind it.
 *
 * A DIRECTORY may carry error_class and error_text too: the entry itself is complete, but its
 * content could not be listed, or not to the end.
 */
struct lagan_entry {
    /* sizeof(struct lagan_entry) of whoever fills it. */
    uint32_t size;
    /* enum lagan_entry_type. */
    uint32_t type;
    /* The key; not terminated, may hold any byte. */
    const void *key;
    /* Bytes of the key; 0 for the root. */
    size_t key_size;
    /* Equal ids name the same content under several keys (hard links).  Opaque. */
    const void *id;
    /* At most LAGAN_ID_SIZE; 0 when the source has no such thing. */
    size_t id_size;
    /* Equal stamps of one key in two walks mean that content and metadata are unchanged between
     * them; the converse need not hold.  A change that leaves the stamp as it was is lost: when
     * in doubt (a change within the clock's tick), give none.  Opaque. */
    const void *stamp;
    /* At most LAGAN_STAMP_SIZE; 0 = read it every time. */
    size_t stamp_size;
    /* LAGAN_HAS_... */
    uint64_t present;
    /* LAGAN_ENTRY_SPARSE and other hints. */
    uint64_t flags;
    /* Length of the content in bytes. */
    uint64_t bytes;
    /* The 12 permission bits (07777). */
    uint32_t mode;
    /* Owner by number. */
    uint32_t user;
    uint32_t group;
    /* Number of names of this content, below the root or elsewhere; from 1. */
    uint32_t links;
    /* Owner by name, terminated; NULL = none known. */
    const char *user_name;
    const char *group_name;
    /* Last change of the content: seconds since 1970, may be negative ... */
    int64_t mtime_s;
    /* ... and 0..999999999 nanoseconds. */
    uint32_t mtime_ns;
    /* Of a CHARACTER or BLOCK. */
    uint32_t device_major;
    uint32_t device_minor;
    /* Of an ERROR, or of a DIRECTORY that could not be listed; else LAGAN_OK. */
    uint32_t error_class;
    /* Target of a SYMLINK, any bytes, not terminated. */
    const void *link;
    /* Bytes of it; at most 65536. */
    size_t link_size;
    /* With error_class: one line, terminated, as in lagan_fail(); else NULL. */
    const char *error_text;
    /* Since 1.4.  What is known of it without looking further, in the order of (kind, name):
     * from walks with LAGAN_WALK_PIECES, from entry_open and from entry_stat; NULL when there
     * is nothing.  To slots that write, NULL, for pieces come as a parameter of their own; but
     * to entry_create, for stores that want to know them at once, what entry_commit will be
     * given, where the host knows it by then. */
    const struct lagan_metadata *pieces;
    /* How many. */
    size_t piece_count;
};

/* Receives entries; copies what it keeps. */
struct lagan_entry_collector {
    /* For `add`. */
    void *context;
    /* Takes one entry.  A result other than LAGAN_OK is returned by the calling slot unchanged
     * and at once, without lagan_fail(). */
    uint32_t (*add)(void *context, const struct lagan_entry *entry);
};

/* What the host's rules say of an entry that the walk has found. */
enum lagan_selection {
    /* Leave it out; of a directory, all that is below it too. */
    LAGAN_SELECT_SKIP = 0,
    /* Hand it over. */
    LAGAN_SELECT_TAKE = 1
};

/* Flags of a walk; since 1.4. */

/* Entries carry the pieces that the listing tells; only where the capability `pieces` is. */
#define LAGAN_WALK_PIECES UINT64_C(1)
/* All versions, whatever the parameters say; only where the capability `versions` is told. */
#define LAGAN_WALK_VERSIONS UINT64_C(2)
/* Current entries alone, whatever the parameters say; known where `versions` is. */
#define LAGAN_WALK_CURRENT UINT64_C(4)

/* How to walk. */
struct lagan_walk_request {
    /* sizeof(struct lagan_walk_request) of the host. */
    uint32_t size;
    /* 0. */
    uint32_t reserved;
    /* LAGAN_WALK_...; an unknown bit in the low half is UNSUPPORTED. */
    uint64_t flags;
    /* Start behind this key, which need not exist; NULL = from the beginning.  Only where the
     * capability `resume` is told; copied by walk_open. */
    const void *after;
    /* Bytes of it. */
    size_t after_size;
    /* Asked once for each entry but the root, before it is handed over and before a directory
     * is read; NULL = take all.  `type`: enum lagan_entry_type.  May be called from threads of
     * the driver, several at a time, between walk_open and the end of walk_close. */
    enum lagan_selection (*select)(void *context, const void *key, size_t key_size,
                                   uint32_t type);
    /* For `select`; lives until walk_close has returned. */
    void *select_context;
    /* Since 1.4.  Only keys that begin with these bytes, and the root; NULL = all.  Only where
     * the capability `prefix` is told; copied by walk_open. */
    const void *prefix;
    /* Bytes of it. */
    size_t prefix_size;
};

/* Types of ranges of an entry's content. */
enum lagan_extent_type {
    /* Must be read. */
    LAGAN_EXTENT_DATA = 1,
    /* Not allocated, reads as zeroes. */
    LAGAN_EXTENT_HOLE = 2,
    /* Allocated, reads as zeroes. */
    LAGAN_EXTENT_ZERO = 3
};

/* Receives ranges, ascending and contiguous from the offset that was asked for. */
struct lagan_extent_collector {
    /* For `add`. */
    void *context;
    /* Takes `length` (from 1) bytes at `offset` of enum lagan_extent_type.  A result other than
     * LAGAN_OK is returned by the calling slot unchanged and at once. */
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

/* One piece of metadata.  Within an entry (kind, name) is unique.  All pointers are valid
 * during the call that hands it over. */
struct lagan_metadata {
    /* enum lagan_metadata_kind.  A writer passes over kinds that it does not know, and reports
     * them as lost. */
    uint32_t kind;
    /* Bytes of `name`, without its terminator. */
    uint32_t name_size;
    /* Any bytes but zero; zero-terminated as well. */
    const char *name;
    /* Any bytes. */
    const void *value;
    size_t value_size;
};

/*
 * Names of properties (LAGAN_METADATA_PROPERTY), since 1.4; values are text without a
 * terminator.
 *
 * What people give an object: these names, `meta:NAME` (user metadata, NAME in lower case) and
 * `tag:KEY`.
 */
#define LAGAN_PROPERTY_TYPE "content-type"
#define LAGAN_PROPERTY_ENCODING "content-encoding"
#define LAGAN_PROPERTY_LANGUAGE "content-language"
#define LAGAN_PROPERTY_DISPOSITION "content-disposition"
#define LAGAN_PROPERTY_CACHE "cache-control"
#define LAGAN_PROPERTY_EXPIRES "expires"
#define LAGAN_PROPERTY_REDIRECT "website-redirect-location"
/* The store's own name of it: STANDARD, STANDARD_IA, ... */
#define LAGAN_PROPERTY_CLASS "storage-class"
/* An access control list as the store writes it. */
#define LAGAN_PROPERTY_ACL "acl"
#define LAGAN_PROPERTY_META "meta:"
#define LAGAN_PROPERTY_TAG "tag:"
/* What the place says of an object; slots that write pass over these in silence. */
#define LAGAN_FACT "fact:"
#define LAGAN_FACT_ETAG "fact:etag"
#define LAGAN_FACT_VERSION "fact:version-id"
/* "yes": the current version. */
#define LAGAN_FACT_CURRENT "fact:current"
/* "yes": it was uploaded in parts. */
#define LAGAN_FACT_MULTIPART "fact:multipart"
/* PENDING, COMPLETED, FAILED or REPLICA. */
#define LAGAN_FACT_REPLICATION "fact:replication-status"
/* In the form `ALGORITHM:HEX`, of the whole content. */
#define LAGAN_FACT_CHECKSUM "fact:checksum"

/* Receives pieces in ascending order of (kind, name).  As a parameter of slots that write, only
 * `lost` is called, and since 1.4, where it is not NULL, `add` with facts of what was made
 * (LAGAN_FACT_ETAG, LAGAN_FACT_VERSION); the collector may be NULL: nobody wants to know. */
struct lagan_metadata_collector {
    /* For both. */
    void *context;
    /* Takes one piece.  A result other than LAGAN_OK is returned by the calling slot unchanged
     * and at once. */
    uint32_t (*add)(void *context, const struct lagan_metadata *piece);
    /* Metadata `name` exists but could not be read, or could not be set, for `reason` (one
     * line).  Becomes a warning of the entry; the call goes on. */
    void (*lost)(void *context, const char *name, const char *reason);
};

/* Verdict of entry_close on what was read since entry_open. */
enum lagan_read_verdict {
    /* What was read is what the entry held at one moment. */
    LAGAN_READ_CONSISTENT = 0,
    /* The entry was written to, truncated or replaced meanwhile.  The host reads it once more,
     * then keeps what it has and names the entry. */
    LAGAN_READ_CHANGED = 1
};

/* What a place does when an entry is replaced or removed; since 1.4. */
enum lagan_versions {
    /* It forgets what was there. */
    LAGAN_VERSIONS_NONE = 0,
    /* It keeps it as an older version. */
    LAGAN_VERSIONS_KEPT = 1,
    /* It shows the versions that it has kept, and makes no further ones. */
    LAGAN_VERSIONS_SUSPENDED = 2
};

/* What a source promises; asked once after open.  The host zeroes it and sets `size` first; 0
 * is the least promise everywhere. */
struct lagan_source_capabilities {
    /* Bytes that the host knows; the driver writes no member behind them. */
    uint32_t size;
    /* 1: the walk is in key order.  The host refuses a source that is not sorted. */
    uint8_t sorted;
    /* 1: walk requests with `after` work. */
    uint8_t resume;
    /* 1: `extents` tells holes without reading them. */
    uint8_t extents;
    /* 1: read_at takes any offset; 0: only 0 and then where the last one ended. */
    uint8_t random_read;
    /* 1: equal ids tell hard links, and `links` is right. */
    uint8_t hard_links;
    /* 1: the slots that write back work; the host refuses the claim when one is absent. */
    uint8_t restore;
    /* 1: write_zero makes holes. */
    uint8_t sparse_write;
    /* 0. */
    uint8_t reserved;
    /* Useful number of entries read at a time; advice, 0 = unknown. */
    uint32_t max_parallel;
    /* Since 1.4: walk requests with `prefix` work. */
    uint8_t prefix;
    /* Since 1.4: enum lagan_versions. */
    uint8_t versions;
    /* Since 1.4: LAGAN_WALK_PIECES works. */
    uint8_t pieces;
    /* Since 1.4: 1: entry_copy and place_name work. */
    uint8_t copy;
    /* Since 1.4: 1: entry_remove works. */
    uint8_t remove;
    /* 0. */
    uint8_t reserved_after_remove[3];
};

/* Severity of a finding of `check`. */
enum lagan_severity {
    /* Looked at and found good. */
    LAGAN_FINDING_OK = 0,
    /* A backup will lack something, or be slower than it could. */
    LAGAN_FINDING_WARNING = 1,
    /* A backup will fail. */
    LAGAN_FINDING_ERROR = 2
};

/* Receives findings. */
struct lagan_finding_collector {
    /* For `add`. */
    void *context;
    /* `severity`: enum lagan_severity; `text`: what was looked at and found, one line;
     * `remedy`: what to do, one line, NULL = nothing. */
    void (*add)(void *context, uint32_t severity, const char *text, const char *remedy);
};

/* Flags of entry_create, node_create, directory_finish and link_create. */

/* Replace what is there, in one step where the place can; without it: LAGAN_EXISTS. */
#define LAGAN_CREATE_REPLACE UINT64_C(1)
/* Leave out what gives rights: setuid and setgid bits, file capabilities, device nodes. */
#define LAGAN_CREATE_UNPRIVILEGED UINT64_C(2)
/* Numbers of owners count, not names.  Without it a name that is known here wins. */
#define LAGAN_CREATE_NUMERIC_OWNERS UINT64_C(4)
/* Leave owners alone. */
#define LAGAN_CREATE_NO_OWNERS UINT64_C(8)
/* Durable when entry_commit or the slot itself returns. */
#define LAGAN_CREATE_SYNC UINT64_C(16)
/* Of entry_copy alone, since 1.4: the copy gets the pieces of the original, except where one of
 * those that are given has the same name. */
#define LAGAN_CREATE_KEEP_PIECES UINT64_C(32)

/*
 * The table of a source driver.  Mandatory beside the common ones: capabilities, walk_open,
 * walk_next, walk_close, entry_open, read_at, entry_close.  With the capability `restore`:
 * entry_stat, entry_create, write_at, write_zero, entry_commit, entry_abort, node_create,
 * directory_finish.
 *
 * Any slot with an op may also return CANCELLED, TIMEOUT, TRANSIENT, BUSY, AUTH, OFFLINE and
 * INTERNAL.
 */
struct lagan_source_ops {
    struct lagan_common_ops common;

    /* Fills `capabilities`, whose `size` is set and whose rest is zero.  An error fails the
     * open. */
    uint32_t (*capabilities)(void *handle, struct lagan_op *op,
                             struct lagan_source_capabilities *capabilities);

    /* Looks at parameters, rights and tools, and reports findings; changes nothing, and may run
     * beside a backup.  Returns OK whatever it found, or why it could not look.  Absent: `lagan
     * source check` only opens the source. */
    uint32_t (*check)(void *handle, struct lagan_op *op,
                      const struct lagan_finding_collector *findings);

    /* Bytes and entries below the root, as far as can be said within a second; either may be 0
     * = unknown.  For progress alone: errors are ignored.  Absent: unknown. */
    uint32_t (*estimate)(void *handle, struct lagan_op *op, uint64_t *bytes, uint64_t *entries);

    /* Starts a walk over all entries in key order, the root first, into `*walk`.  The request
     * is copied; its select function is used until walk_close.  Several walks may be open.
     * Returns OK, NOT_FOUND or DENIED (the root), UNSUPPORTED (a flag, `after`), IO. */
    uint32_t (*walk_open)(void *handle, struct lagan_op *op,
                          const struct lagan_walk_request *request, void **walk);

    /* Hands over 1..`limit` entries and returns OK, or none and END when there are no more.  A
     * walk that was cut short never looks like END: it returns an error of scope handle.  What
     * concerns one entry only is handed over as an ERROR entry instead. */
    uint32_t (*walk_next)(void *walk, struct lagan_op *op, uint32_t limit,
                          const struct lagan_entry_collector *entries);

    /* Ends a walk at any point, and waits for the driver's own threads that work for it. */
    void (*walk_close)(void *walk);

    /* Opens the entry `key` (FILE, OBJECT, VOLUME) for reading into `*reader` and hands over
     * exactly one entry: its attributes as opened.  Never follows a symlink, never waits on a
     * FIFO.  `id`: what the walk said, `id_size` 0 = any.  Many readers may be open.  Returns
     * OK, NOT_FOUND (it vanished), CHANGED (the key now names something of another type or
     * another id), DENIED, IO. */
    uint32_t (*entry_open)(void *handle, struct lagan_op *op, const void *key, size_t key_size,
                           const void *id, size_t id_size,
                           const struct lagan_entry_collector *attributes, void **reader);

    /* Reads from `offset` into `data`: `size` (from 1) bytes unless the end comes first. `*got`
     * is how many; 0 at or behind the end.  Returns OK, IO (a range that cannot be read, scope
     * item), UNSUPPORTED (an offset out of turn without `random_read`). */
    uint32_t (*read_at)(void *reader, struct lagan_op *op, uint64_t offset, void *data,
                        size_t size, size_t *got);

    /* Hands over ranges of [offset, offset + length), ascending and contiguous: at least one,
     * which begins at `offset`; none beyond the end of the request.  May stop early: the host
     * asks again from there.  Asked only for entries with the hint SPARSE.  Absent: all is
     * DATA. */
    uint32_t (*extents)(void *reader, struct lagan_op *op, uint64_t offset, uint64_t length,
                        const struct lagan_extent_collector *extents);

    /* Frees the reader, whatever it returns, and also when the op is cancelled.  `*verdict`:
     * enum lagan_read_verdict, set with OK; the pointer may be NULL. */
    uint32_t (*entry_close)(void *reader, struct lagan_op *op, uint32_t *verdict);

    /* Hands over the further metadata of the entry `key` of any type but ERROR; `type`: what
     * the walk said.  Never follows a symlink.  An error counts as "some metadata was lost", a
     * warning of the entry.  Absent: there is none. */
    uint32_t (*metadata)(void *handle, struct lagan_op *op, const void *key, size_t key_size,
                         uint32_t type, const struct lagan_metadata_collector *pieces);

    /*
     * Writing back, on a handle opened with LAGAN_OPEN_RESTORE.  The host calls in key order
     * but from several threads; parents come before children.  Nothing outside the root is ever
     * touched, whatever a key or a link says: a key with a component "", "." or ".." or one
     * that holds '/' is refused with INVALID, and no symlink is followed on the way.  Names
     * that cannot be stored are refused with LIMIT, never altered.
     *
     * Returns of those that create, besides the ones named there: OK, EXISTS (something is
     * there and REPLACE was not given, or a directory that is not empty is in the way),
     * NOT_FOUND (no parent), INVALID, LIMIT, DENIED, NO_SPACE, IMMUTABLE, UNSUPPORTED (the
     * place has no such thing), IO.
     */

    /* Hands over the attributes of what is at `key` now; a symlink as itself.  Returns OK,
     * NOT_FOUND (nothing is), DENIED, IO. */
    uint32_t (*entry_stat)(void *handle, struct lagan_op *op, const void *key, size_t key_size,
                           const struct lagan_entry_collector *attributes);

    /* Starts a FILE, OBJECT or VOLUME into `*writer`: without a name, or under a temporary one
     * that nobody takes for it, and readable by us alone.  Copies of `entry` what it needs
     * until the commit.  `flags`: LAGAN_CREATE_... */
    uint32_t (*entry_create)(void *handle, struct lagan_op *op, const struct lagan_entry *entry,
                             uint64_t flags, void **writer);

    /* Writes `size` (from 1) bytes at `offset`.  Any order; a range may be written again.
     * Returns OK, NO_SPACE, LIMIT, IO; after an error only entry_abort follows. */
    uint32_t (*write_at)(void *writer, struct lagan_op *op, uint64_t offset, const void *data,
                         size_t size);

    /* Makes `length` (from 1) bytes at `offset` read as zeroes: a hole where the place can have
     * one.  Returns as write_at. */
    uint32_t (*write_zero)(void *writer, struct lagan_op *op, uint64_t offset, uint64_t length);

    /* Sets the length to entry->bytes, applies owner, mode, metadata and times, and makes the
     * file visible in one step.  Frees the writer, also on failure, when nothing is visible.
     * `pieces`: `count` of them, sorted; NULL when 0.  Metadata that could not be set goes to
     * `lost->lost`; that alone is no failure. */
    uint32_t (*entry_commit)(void *writer, struct lagan_op *op,
                             const struct lagan_metadata *pieces, size_t count,
                             const struct lagan_metadata_collector *lost);

    /* Leaves no trace and frees the writer. */
    void (*entry_abort)(void *writer);

    /* Creates anything that has no content, with all its attributes; pieces and `lost` as in
     * entry_commit.  A DIRECTORY that exists is fine and stays as it is, the root (made by
     * open) among them; a new one is private (mode 0700) and gets its attributes from
     * directory_finish. */
    uint32_t (*node_create)(void *handle, struct lagan_op *op, const struct lagan_entry *entry,
                            uint64_t flags, const struct lagan_metadata *pieces, size_t count,
                            const struct lagan_metadata_collector *lost);

    /* Gives a directory its owner, mode, metadata and times; pieces and `lost` as in
     * entry_commit.  Called when everything below it is done, deepest first, on one thread. */
    uint32_t (*directory_finish)(void *handle, struct lagan_op *op,
                                 const struct lagan_entry *entry, uint64_t flags,
                                 const struct lagan_metadata *pieces, size_t count,
                                 const struct lagan_metadata_collector *lost);

    /* Makes `key` a further name of `existing`, which this restore has written.  Absent, or
     * UNSUPPORTED: the entry is named as not restored. */
    uint32_t (*link_create)(void *handle, struct lagan_op *op, const void *key, size_t key_size,
                            const void *existing, size_t existing_size, uint64_t flags);

    /* As `metadata`, of the entry that `reader` reads: spares finding and opening it again, and
     * what it says belongs to the bytes that are read.  Called before entry_close.  Absent:
     * `metadata` is asked. */
    uint32_t (*entry_metadata)(void *reader, struct lagan_op *op,
                               const struct lagan_metadata_collector *pieces);

    /* Since 1.4.  Tells where entries are, as a terminated text of at most `size` bytes that
     * holds no secret: handles with equal texts up to the last '/' are of one store, within
     * which entry_copy works; behind it is the container's name.  Returns OK, LIMIT. */
    uint32_t (*place_name)(void *handle, struct lagan_op *op, char *name, size_t size);

    /* Since 1.4.  Creates `entry` with the content of the entry `from` of `place` (what
     * place_name said of a handle of the same store) without moving its bytes through the
     * host: visible in one step, as by entry_commit.  `id`: what the walk said of `from`,
     * `id_size` 0 = any.  `flags`, pieces and `lost` as in entry_create and entry_commit.
     * Returns as these, and NOT_FOUND (`from`), CHANGED (`from` has another id), UNSUPPORTED
     * (another store; the host reads and writes instead). */
    uint32_t (*entry_copy)(void *handle, struct lagan_op *op, const char *place,
                           const void *from, size_t from_size, const void *id, size_t id_size,
                           const struct lagan_entry *entry, uint64_t flags,
                           const struct lagan_metadata *pieces, size_t count,
                           const struct lagan_metadata_collector *lost);

    /* Since 1.4.  Removes the entry `key`, which has nothing below it.  A place that keeps
     * versions says so with a MARKER instead and keeps them; with the key of a version, that
     * version alone goes.  No restore calls it.  `flags`: 0.  Returns OK (it was absent, too),
     * EXISTS (a directory that is not empty), DENIED, IMMUTABLE, IO. */
    uint32_t (*entry_remove)(void *handle, struct lagan_op *op, const void *key,
                             size_t key_size, uint64_t flags);
};

#ifdef __cplusplus
}
#endif

#endif
