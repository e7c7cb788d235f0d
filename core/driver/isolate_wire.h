/* SPDX-License-Identifier: Apache-2.0 */
/*
 * isolate_wire.h - what the host and a driver's helper process say to each other.  Private to
 * this room.
 *
 * Both ends are the same program, so that heads are plain structs.  A channel is a pair of
 * SOCK_SEQPACKET sockets, on which only heads travel, and a region of shared memory of fixed
 * size: first the body (encoded texts and records), behind it the data (bytes of content).  One
 * call at a time runs on a channel:
 *
 *     host                                helper
 *     CALL verb, body, data         ->
 *                                   <-    ASK (content, sink, part, ...)      any number
 *     REPLY result, data            ->
 *                                   <-    ANSWER result, error, records, data
 *
 * The host does not trust the helper: it copies a body before it reads it, and takes bytes of
 * data once.
 */
#ifndef CORE_DRIVER_ISOLATE_WIRE_H
#define CORE_DRIVER_ISOLATE_WIRE_H

#include "base/buffer.h"

#include <lagan/source.h>
#include <lagan/target.h>

enum {
    WIRE_BODY_BYTES = 1 << 20,
    WIRE_DATA_BYTES = 4 << 20,
    WIRE_REGION_BYTES = WIRE_BODY_BYTES + WIRE_DATA_BYTES,
    WIRE_PART_BYTES = 256 << 10, /* of records, after which they are handed over */
    WIRE_SINK_BYTES = 1 << 20,   /* of a get, after which they are handed over */
    WIRE_SMALL_BYTES = 256 << 10 /* content that comes along with its entry */
};

enum wire_kind {
    WIRE_CALL = 1,
    WIRE_ANSWER,
    WIRE_ASK,
    WIRE_REPLY,
    /* On the control socket. */
    WIRE_CHANNEL, /* with the socket and the region of a further channel */
    WIRE_CANCEL,
    WIRE_RESUME, /* takes a cancellation back; answered with WIRE_REPLY */
    WIRE_LOG     /* on the socket for log lines: level in `verb`, the line behind the head */
};

/* Calls: X(symbol).  What a verb's numbers, body and data hold stands where both ends use it:
 * in isolate_X.c (host) and isolate_serve_X.c (helper). */
#define WIRE_VERBS(X)                                                                          \
    X(DESCRIBE)                                                                                \
    X(INSTANCE_NEW)                                                                            \
    X(CONFIGURE)                                                                               \
    X(CONFIGURED)                                                                              \
    X(SEAL)                                                                                    \
    X(START)                                                                                   \
    X(OPEN)                                                                                    \
    X(CLOSE)                                                                                   \
    X(FINISH)                                                                                  \
    X(CAPABILITIES)                                                                            \
    X(PUT)                                                                                     \
    X(STAGE_BEGIN)                                                                             \
    X(STAGE_WRITE)                                                                             \
    X(STAGE_COMMIT)                                                                            \
    X(STAGE_ABORT)                                                                             \
    X(GET)                                                                                     \
    X(STAT)                                                                                    \
    X(LIST)                                                                                    \
    X(REMOVE)                                                                                  \
    X(FLUSH)                                                                                   \
    X(CAPACITY)                                                                                \
    X(SWEEP)                                                                                   \
    X(MULTIPART_BEGIN)                                                                         \
    X(PART_PUT)                                                                                \
    X(MULTIPART_COMPLETE)                                                                      \
    X(MULTIPART_ABORT)                                                                         \
    X(COPY)                                                                                    \
    X(RENAME)                                                                                  \
    X(CLOCK)                                                                                   \
    X(CHECK)                                                                                   \
    X(ESTIMATE)                                                                                \
    X(WALK_OPEN)                                                                               \
    X(WALK_NEXT)                                                                               \
    X(WALK_CLOSE)                                                                              \
    X(ENTRY_OPEN)                                                                              \
    X(READ_AT)                                                                                 \
    X(EXTENTS)                                                                                 \
    X(ENTRY_CLOSE)                                                                             \
    X(METADATA)                                                                                \
    X(ENTRY_METADATA)                                                                          \
    X(ENTRY_STAT)                                                                              \
    X(ENTRY_CREATE)                                                                            \
    X(WRITE_AT)                                                                                \
    X(WRITE_ZERO)                                                                              \
    X(ENTRY_COMMIT)                                                                            \
    X(ENTRY_ABORT)                                                                             \
    X(NODE_CREATE)                                                                             \
    X(DIRECTORY_FINISH)                                                                        \
    X(LINK_CREATE)                                                                             \
    X(PLACE_NAME)                                                                              \
    X(ENTRY_COPY)                                                                              \
    X(ENTRY_REMOVE)                                                                            \
    X(WRAP)                                                                                    \
    X(UNWRAP)                                                                                  \
    X(IDENTIFY)

enum wire_verb {
#define X(symbol) WIRE_##symbol,
    WIRE_VERBS(X)
#undef X
        WIRE_VERB_COUNT
};

/* What a helper asks for in the middle of a call. */
enum wire_ask {
    WIRE_ASK_CONTENT, /* numbers: offset, size; the reply has the bytes in the data */
    WIRE_ASK_SINK,    /* takes the data */
    WIRE_ASK_PART,    /* takes the body, which is records */
    WIRE_ASK_SELECT   /* on a walk's own channel; numbers: type; the body is the key */
};

/* Bits of struct wire_head.flags. */
enum {
    WIRE_HAS_ERROR = 1, /* the body starts with a struct lagan_error, encoded */
    WIRE_HAS_LOG = 2    /* there are lines to be fetched */
};

struct wire_head {
    uint32_t kind; /* enum wire_kind */
    uint32_t verb; /* enum wire_verb, or enum wire_ask */
    uint32_t result;
    uint32_t flags;
    uint64_t body_bytes;
    uint64_t data_bytes;
    int64_t numbers[4]; /* as the verb has it */
    /* CALL: the op. */
    uint64_t op_id;
    int64_t deadline_ns;
    uint32_t bandwidth_class;
    uint32_t sequence; /* of the call on its channel; the answer repeats it */
    int64_t wall_ns;   /* by the host's clock, which tests replace */
    /* ANSWER: since the last one. */
    uint64_t progress_bytes;
    uint64_t progress_items;
};

/* Encodes and decodes.  What is decoded points into what the reader reads; false when it is
 * broken.  Texts come with their terminator. */
void wire_put_text(struct buffer *b, const char *text);
/* `*text` is NULL for an absent one. */
bool wire_get_text(struct reader *r, const char **text);
/* As wire_get_text, and refuses an absent one. */
bool wire_get_some_text(struct reader *r, const char **text);
void wire_put_bytes(struct buffer *b, const void *data, size_t size);
/* At most `limit` bytes. */
bool wire_get_bytes(struct reader *r, size_t limit, const void **data, size_t *size);
void wire_put_error(struct buffer *b, const struct lagan_error *error);
bool wire_get_error(struct reader *r, struct lagan_error *error);
void wire_put_entry(struct buffer *b, const struct lagan_entry *entry);
bool wire_get_entry(struct reader *r, struct lagan_entry *entry);
void wire_put_piece(struct buffer *b, const struct lagan_metadata *piece);
bool wire_get_piece(struct reader *r, struct lagan_metadata *piece);
/* A number and as many pieces, in memory of the caller's. */
bool wire_get_pieces(struct reader *r, struct lagan_metadata **pieces, size_t *count);

/* Whether entries of that type are opened to be read. */
bool wire_has_content(uint32_t type);

/* Records: what collectors take, one behind the other. */
enum wire_record {
    WIRE_RECORD_ENTRY = 'E',
    WIRE_RECORD_PIECE = 'M',
    WIRE_RECORD_LOST = 'L',
    WIRE_RECORD_OBJECT = 'O',
    WIRE_RECORD_EXTENT = 'X',
    WIRE_RECORD_FINDING = 'F'
};

/* Where records go; a record whose collector is NULL is broken. */
struct wire_collectors {
    const struct lagan_entry_collector *entries;
    const struct lagan_metadata_collector *pieces;
    const struct lagan_metadata_collector *lost; /* of slots that write: losses, and facts
                                                    where it has an `add` */
    bool nobody; /* pieces or losses that nobody wants to know */
    const struct lagan_object_collector *objects;
    const struct lagan_extent_collector *extents;
    const struct lagan_finding_collector *findings;
};

/* With its pieces. */
void wire_put_entry_record(struct buffer *b, const struct lagan_entry *entry);
void wire_put_lost(struct buffer *b, const char *name, const char *reason);
void wire_put_object(struct buffer *b, const struct lagan_object *object);
void wire_put_extent(struct buffer *b, uint64_t offset, uint64_t length, uint32_t type);
void wire_put_finding(struct buffer *b, uint32_t severity, const char *text,
                      const char *remedy);
/* Hands all records to their collectors.  LAGAN_OK, what a collector refused with, or
 * LAGAN_CLASS_COUNT when the records are broken. */
uint32_t wire_deliver(struct reader *r, const struct wire_collectors *to);

/* A region of shared memory of WIRE_REGION_BYTES that cannot shrink: its descriptor, or -1. */
int wire_region_make(struct error *e);
/* Maps it; NULL on failure. */
uint8_t *wire_region_map(int fd);
void wire_region_unmap(uint8_t *region);

/* Sends a head; with `fds` of `count` (at most 2) descriptors.  False when the other end is
 * gone. */
bool wire_send(int socket, const struct wire_head *head, const int *fds, size_t count);
/* Receives a head: 1; 0 when nothing came in time (EAGAIN); -1 at the end, or for what is no
 * head.  `fds` may be NULL; what came beyond `count` is closed; absent ones are -1. */
int wire_receive(int socket, struct wire_head *head, int *fds, size_t count);

#endif
