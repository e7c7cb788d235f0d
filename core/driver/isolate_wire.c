/* SPDX-License-Identifier: Apache-2.0 */
/* isolate_wire.c - see isolate_wire.h. */
#include "driver/isolate_wire.h"

#include "driver/source.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    KEY_LIMIT = 512 << 10, /* bytes of a key */
    LINK_LIMIT = 65536,
    NAME_LIMIT = 65536,   /* of an attribute */
    PIECES_LIMIT = 65536, /* of an entry */
    VALUE_LIMIT = WIRE_BODY_BYTES,
    FDS_LIMIT = 2
};

void wire_put_text(struct buffer *b, const char *text)
{
    buffer_append_u8(b, text != NULL);
    if (text)
        buffer_append_counted(b, text, strlen(text) + 1);
}

bool wire_get_text(struct reader *r, const char **text)
{
    size_t size = 0;
    *text = NULL;
    if (reader_u8(r) == 0)
        return !r->failed;
    const uint8_t *data = reader_counted(r, &size);
    if (!data || size == 0 || memchr(data, 0, size) != data + size - 1)
        return false;
    *text = (const char *)data;
    return true;
}

bool wire_get_some_text(struct reader *r, const char **text)
{
    return wire_get_text(r, text) && *text;
}

void wire_put_bytes(struct buffer *b, const void *data, size_t size)
{
    buffer_append_varint(b, size);
    if (size > 0)
        buffer_append(b, data, size);
}

bool wire_get_bytes(struct reader *r, size_t limit, const void **data, size_t *size)
{
    *data = reader_counted(r, size);
    return *data && *size <= limit;
}

void wire_put_error(struct buffer *b, const struct lagan_error *error)
{
    char text[LAGAN_TEXT_SIZE];
    memcpy(text, error->text, sizeof text);
    text[sizeof text - 1] = '\0';
    buffer_append_u32(b, error->error_class);
    buffer_append_u32(b, error->scope);
    buffer_append_u32(b, error->outcome);
    buffer_append_u32(b, error->retry_after_ms);
    buffer_append_u32(b, (uint32_t)error->native);
    wire_put_text(b, text);
}

bool wire_get_error(struct reader *r, struct lagan_error *error)
{
    const char *text;
    struct lagan_error got = {.error_class = reader_u32(r)};
    got.scope = reader_u32(r);
    got.outcome = reader_u32(r);
    got.retry_after_ms = reader_u32(r);
    got.native = (int32_t)reader_u32(r);
    if (!wire_get_some_text(r, &text) || strlen(text) >= sizeof got.text ||
        got.scope > LAGAN_SCOPE_INSTANCE || got.outcome > LAGAN_OUTCOME_UNKNOWN)
        return false;
    memcpy(got.text, text, strlen(text) + 1);
    *error = got;
    return true;
}

/* The plain members of an entry, in order. */
#define ENTRY_NUMBERS(X)                                                                       \
    X(type, u32)                                                                               \
    X(present, u64)                                                                            \
    X(flags, u64)                                                                              \
    X(bytes, u64)                                                                              \
    X(mode, u32)                                                                               \
    X(user, u32)                                                                               \
    X(group, u32)                                                                              \
    X(links, u32)                                                                              \
    X(mtime_ns, u32)                                                                           \
    X(device_major, u32)                                                                       \
    X(device_minor, u32)                                                                       \
    X(error_class, u32)

void wire_put_entry(struct buffer *b, const struct lagan_entry *entry)
{
#define X(member, width) buffer_append_##width(b, entry->member);
    ENTRY_NUMBERS(X)
#undef X
    buffer_append_u64(b, (uint64_t)entry->mtime_s);
    wire_put_bytes(b, entry->key, entry->key_size);
    wire_put_bytes(b, entry->id, entry->id_size);
    wire_put_bytes(b, entry->stamp, entry->stamp_size);
    wire_put_bytes(b, entry->link, entry->link_size);
    bool named = (entry->present & LAGAN_HAS_OWNER) != 0;
    wire_put_text(b, named ? entry->user_name : NULL);
    wire_put_text(b, named ? entry->group_name : NULL);
    wire_put_text(b, entry->error_class != LAGAN_OK ? entry->error_text : NULL);
}

bool wire_get_entry(struct reader *r, struct lagan_entry *entry)
{
    *entry = (struct lagan_entry){.size = sizeof *entry};
#define X(member, width) entry->member = reader_##width(r);
    ENTRY_NUMBERS(X)
#undef X
    entry->mtime_s = (int64_t)reader_u64(r);
    return wire_get_bytes(r, KEY_LIMIT, &entry->key, &entry->key_size) &&
           wire_get_bytes(r, LAGAN_ID_SIZE, &entry->id, &entry->id_size) &&
           wire_get_bytes(r, LAGAN_STAMP_SIZE, &entry->stamp, &entry->stamp_size) &&
           wire_get_bytes(r, LINK_LIMIT, &entry->link, &entry->link_size) &&
           wire_get_text(r, &entry->user_name) && wire_get_text(r, &entry->group_name) &&
           wire_get_text(r, &entry->error_text) && entry->mtime_ns < 1000000000;
}

void wire_put_piece(struct buffer *b, const struct lagan_metadata *piece)
{
    buffer_append_u32(b, piece->kind);
    wire_put_text(b, piece->name);
    wire_put_bytes(b, piece->value, piece->value_size);
}

bool wire_get_piece(struct reader *r, struct lagan_metadata *piece)
{
    *piece = (struct lagan_metadata){.kind = reader_u32(r)};
    if (!wire_get_some_text(r, &piece->name) ||
        !wire_get_bytes(r, VALUE_LIMIT, &piece->value, &piece->value_size))
        return false;
    size_t size = strlen(piece->name);
    piece->name_size = (uint32_t)size;
    return size <= NAME_LIMIT;
}

bool wire_has_content(uint32_t type)
{
    return type == LAGAN_ENTRY_FILE || type == LAGAN_ENTRY_OBJECT || type == LAGAN_ENTRY_VOLUME;
}

/* Records */

void wire_put_entry_record(struct buffer *b, const struct lagan_entry *entry)
{
    size_t count;
    const struct lagan_metadata *pieces = source_entry_pieces(entry, &count);
    buffer_append_u8(b, WIRE_RECORD_ENTRY);
    wire_put_entry(b, entry);
    buffer_append_u32(b, (uint32_t)count);
    for (size_t i = 0; i < count; i++)
        wire_put_piece(b, &pieces[i]);
}

void wire_put_lost(struct buffer *b, const char *name, const char *reason)
{
    buffer_append_u8(b, WIRE_RECORD_LOST);
    wire_put_text(b, name ? name : "");
    wire_put_text(b, reason ? reason : "");
}

void wire_put_object(struct buffer *b, const struct lagan_object *object)
{
    buffer_append_u8(b, WIRE_RECORD_OBJECT);
    wire_put_text(b, object->key ? object->key : "");
    buffer_append_u64(b, object->bytes);
    buffer_append_u64(b, (uint64_t)object->modified_ns);
}

void wire_put_extent(struct buffer *b, uint64_t offset, uint64_t length, uint32_t type)
{
    buffer_append_u8(b, WIRE_RECORD_EXTENT);
    buffer_append_u64(b, offset);
    buffer_append_u64(b, length);
    buffer_append_u32(b, type);
}

void wire_put_finding(struct buffer *b, uint32_t severity, const char *text, const char *remedy)
{
    buffer_append_u8(b, WIRE_RECORD_FINDING);
    buffer_append_u32(b, severity);
    wire_put_text(b, text ? text : "");
    wire_put_text(b, remedy);
}

enum { BROKEN = LAGAN_CLASS_COUNT };

bool wire_get_pieces(struct reader *r, struct lagan_metadata **pieces, size_t *count)
{
    uint32_t wanted = reader_u32(r);
    *pieces = NULL;
    *count = 0;
    if (r->failed || wanted > PIECES_LIMIT)
        return false;
    if (wanted > 0 && !(*pieces = calloc(wanted, sizeof **pieces)))
        return false;
    while (*count < wanted)
        if (!wire_get_piece(r, &(*pieces)[(*count)++])) {
            free(*pieces);
            return false;
        }
    return true;
}

static uint32_t deliver_entry(struct reader *r, const struct wire_collectors *to)
{
    struct lagan_entry entry;
    struct lagan_metadata *pieces;
    size_t count;
    if (!wire_get_entry(r, &entry) || !to->entries || !wire_get_pieces(r, &pieces, &count))
        return BROKEN;
    entry.pieces = pieces;
    entry.piece_count = count;
    uint32_t result = to->entries->add(to->entries->context, &entry);
    free(pieces);
    return result;
}

static uint32_t deliver_piece(struct reader *r, const struct wire_collectors *to)
{
    struct lagan_metadata piece;
    const struct lagan_metadata_collector *taker = to->pieces ? to->pieces : to->lost;
    if (!wire_get_piece(r, &piece) || (!taker && !to->nobody))
        return BROKEN;
    return taker && taker->add ? taker->add(taker->context, &piece) : (uint32_t)LAGAN_OK;
}

static uint32_t deliver_lost(struct reader *r, const struct wire_collectors *to)
{
    const struct lagan_metadata_collector *lost = to->pieces ? to->pieces : to->lost;
    const char *name, *reason;
    if (!wire_get_some_text(r, &name) || !wire_get_some_text(r, &reason) ||
        (!lost && !to->nobody))
        return BROKEN;
    if (lost)
        lost->lost(lost->context, name, reason);
    return LAGAN_OK;
}

static uint32_t deliver_object(struct reader *r, const struct wire_collectors *to)
{
    struct lagan_object object = {.size = sizeof object};
    if (!wire_get_some_text(r, &object.key) || !to->objects)
        return BROKEN;
    object.bytes = reader_u64(r);
    object.modified_ns = (int64_t)reader_u64(r);
    if (r->failed)
        return BROKEN;
    return to->objects->add(to->objects->context, &object);
}

static uint32_t deliver_extent(struct reader *r, const struct wire_collectors *to)
{
    uint64_t offset = reader_u64(r), length = reader_u64(r);
    uint32_t type = reader_u32(r);
    if (r->failed || !to->extents)
        return BROKEN;
    return to->extents->add(to->extents->context, offset, length, type);
}

static uint32_t deliver_finding(struct reader *r, const struct wire_collectors *to)
{
    uint32_t severity = reader_u32(r);
    const char *text, *remedy;
    if (!wire_get_some_text(r, &text) || !wire_get_text(r, &remedy) || !to->findings ||
        severity > LAGAN_FINDING_ERROR)
        return BROKEN;
    to->findings->add(to->findings->context, severity, text, remedy);
    return LAGAN_OK;
}

static const struct {
    enum wire_record record;
    uint32_t (*deliver)(struct reader *r, const struct wire_collectors *to);
} deliveries[] = {
    {WIRE_RECORD_ENTRY, deliver_entry},   {WIRE_RECORD_PIECE, deliver_piece},
    {WIRE_RECORD_LOST, deliver_lost},     {WIRE_RECORD_OBJECT, deliver_object},
    {WIRE_RECORD_EXTENT, deliver_extent}, {WIRE_RECORD_FINDING, deliver_finding},
};

static uint32_t deliver_one(struct reader *r, const struct wire_collectors *to)
{
    uint8_t record = reader_u8(r);
    for (size_t i = 0; i < sizeof deliveries / sizeof deliveries[0]; i++)
        if (deliveries[i].record == record)
            return deliveries[i].deliver(r, to);
    return BROKEN;
}

uint32_t wire_deliver(struct reader *r, const struct wire_collectors *to)
{
    while (r->left > 0 && !r->failed) {
        uint32_t result = deliver_one(r, to);
        if (result != LAGAN_OK)
            return result;
    }
    return r->failed ? (uint32_t)BROKEN : (uint32_t)LAGAN_OK;
}

/* Memory and sockets */

int wire_region_make(struct error *e)
{
    int fd = memfd_create("lagan-driver", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (fd < 0 || ftruncate(fd, WIRE_REGION_BYTES) != 0 ||
        fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) != 0) {
        error_errno(e, errno, "memory that is shared with a driver");
        if (fd >= 0)
            close(fd);
        return -1;
    }
    return fd;
}

uint8_t *wire_region_map(int fd)
{
    void *region = mmap(NULL, WIRE_REGION_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    return region == MAP_FAILED ? NULL : region;
}

void wire_region_unmap(uint8_t *region)
{
    if (region)
        munmap(region, WIRE_REGION_BYTES);
}

bool wire_send(int socket, const struct wire_head *head, const int *fds, size_t count)
{
    union {
        char room[CMSG_SPACE(FDS_LIMIT * sizeof(int))];
        struct cmsghdr align;
    } control = {0};
    struct iovec part = {(void *)(uintptr_t)head, sizeof *head};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
    ssize_t sent;
    if (count == 0) {
        do
            sent = send(socket, head, sizeof *head, MSG_NOSIGNAL);
        while (sent < 0 && errno == EINTR);
        return sent == (ssize_t)sizeof *head;
    }
    message.msg_control = control.room;
    message.msg_controllen = CMSG_SPACE(count * sizeof(int));
    struct cmsghdr *rights = CMSG_FIRSTHDR(&message);
    rights->cmsg_level = SOL_SOCKET;
    rights->cmsg_type = SCM_RIGHTS;
    rights->cmsg_len = CMSG_LEN(count * sizeof(int));
    memcpy(CMSG_DATA(rights), fds, count * sizeof(int));
    do
        sent = sendmsg(socket, &message, MSG_NOSIGNAL);
    while (sent < 0 && errno == EINTR);
    return sent == (ssize_t)sizeof *head;
}

/* Takes the descriptors of a message; those that nobody asked for are closed. */
static void take_fds(struct msghdr *message, int *fds, size_t count)
{
    size_t taken = 0;
    for (struct cmsghdr *c = CMSG_FIRSTHDR(message); c; c = CMSG_NXTHDR(message, c)) {
        if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
            continue;
        size_t came = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        for (size_t i = 0; i < came; i++) {
            int fd;
            memcpy(&fd, CMSG_DATA(c) + i * sizeof fd, sizeof fd);
            if (taken < count)
                fds[taken++] = fd;
            else
                close(fd);
        }
    }
}

int wire_receive(int socket, struct wire_head *head, int *fds, size_t count)
{
    union {
        char room[CMSG_SPACE(FDS_LIMIT * sizeof(int))];
        struct cmsghdr align;
    } control = {0};
    struct iovec part = {head, sizeof *head};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
    ssize_t got;
    if (count > 0) {
        message.msg_control = control.room;
        message.msg_controllen = sizeof control.room;
    }
    for (size_t i = 0; i < count; i++)
        fds[i] = -1;
    do
        got = count > 0 ? recvmsg(socket, &message, MSG_CMSG_CLOEXEC)
                        : recv(socket, head, sizeof *head, 0);
    while (got < 0 && errno == EINTR);
    if (got < 0)
        return errno == EAGAIN ? 0 : -1;
    if (count > 0)
        take_fds(&message, fds, count);
    return got == (ssize_t)sizeof *head ? 1 : -1;
}
