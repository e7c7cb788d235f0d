/* SPDX-License-Identifier: Apache-2.0 */
/* entry.c - objects as entries: attributes, ids and stamps. */
#include "src_bucket/src_bucket.h"

#include <openssl/evp.h>
#include <string.h>

enum { SETTLED_S = 3 };

static int64_t seconds_of(int64_t ns)
{
    int64_t seconds = ns / 1000000000;
    return ns % 1000000000 < 0 ? seconds - 1 : seconds;
}

static size_t put(uint8_t *at, const void *data, size_t size)
{
    memcpy(at, data, size);
    return size;
}

/*
 * What tells one state of an object from another, whoever tells of it: a listing (which knows
 * no version ids but when it is one of versions) or the answer to a GET (whose times are whole
 * seconds).  A version's content never changes; that of the version `null` does.
 */
static void make_id(const void *key, size_t key_size, const struct s3_object *object,
                    bool versioned, uint8_t id[BUCKET_STAMP_SIZE])
{
    uint8_t bytes[8 + 8 + 1 + S3_ETAG_SIZE + S3_VERSION_SIZE + BUCKET_ENTRY_KEY_SIZE];
    uint64_t seconds = (uint64_t)seconds_of(object->modified_ns);
    const char *version = versioned && object->version[0] ? object->version : "null";
    size_t size = put(bytes, &object->bytes, 8);
    size += put(bytes + size, &seconds, 8);
    bytes[size++] = object->marker;
    size += put(bytes + size, object->etag, strlen(object->etag) + 1);
    size += put(bytes + size, version, strlen(version) + 1);
    size += put(bytes + size, key, key_size < S3_KEY_LIMIT ? key_size : S3_KEY_LIMIT);
    if (EVP_Q_digest(NULL, "SHA256", NULL, bytes, size, id, NULL) != 1)
        memset(id, 0, BUCKET_STAMP_SIZE);
}

/* Two changes within a second leave one time behind, but never one version. */
static bool is_settled(const struct s3_object *object, bool versioned)
{
    int64_t now = lagan_host_table->wall_ns();
    if (versioned && object->version[0] && strcmp(object->version, "null") != 0)
        return true;
    return seconds_of(object->modified_ns) + SETTLED_S <= seconds_of(now);
}

static void add_piece(struct bucket_entry *made, const char *name, const char *value)
{
    struct lagan_metadata *piece = &made->pieces[made->entry.piece_count++];
    *piece = (struct lagan_metadata){.kind = LAGAN_METADATA_PROPERTY,
                                     .name_size = (uint32_t)strlen(name),
                                     .name = name,
                                     .value = value,
                                     .value_size = strlen(value)};
}

/* In the order of their names. */
static void add_pieces(struct bucket_entry *made, const struct s3_object *object,
                       bool versioned)
{
    if (object->current || !versioned)
        add_piece(made, LAGAN_FACT_CURRENT, "yes");
    if (object->etag[0])
        add_piece(made, LAGAN_FACT_ETAG, object->etag);
    if (strchr(object->etag, '-') != NULL)
        add_piece(made, LAGAN_FACT_MULTIPART, "yes");
    if (object->replication[0])
        add_piece(made, LAGAN_FACT_REPLICATION, object->replication);
    if (object->version[0])
        add_piece(made, LAGAN_FACT_VERSION, object->version);
    if (object->storage_class[0])
        add_piece(made, LAGAN_PROPERTY_CLASS, object->storage_class);
    made->entry.pieces = made->pieces;
}

void bucket_entry_make(struct bucket_entry *made, const void *key, size_t key_size,
                       const struct s3_object *object, bool versioned, bool pieces)
{
    struct lagan_entry *entry = &made->entry;
    make_id(key, key_size, object, versioned, made->stamp);
    *entry = (struct lagan_entry){
        .size = sizeof *entry,
        .type = object->marker ? LAGAN_ENTRY_MARKER : LAGAN_ENTRY_OBJECT,
        .key = key,
        .key_size = key_size,
        .id = made->stamp,
        .id_size = BUCKET_STAMP_SIZE,
        .stamp = made->stamp,
        .stamp_size = is_settled(object, versioned) ? BUCKET_STAMP_SIZE : 0,
        .present = LAGAN_HAS_MTIME,
        .mtime_s = seconds_of(object->modified_ns),
    };
    if (!object->marker) {
        entry->present |= LAGAN_HAS_BYTES;
        entry->bytes = object->bytes;
    }
    if (pieces)
        add_pieces(made, object, versioned);
}

bool bucket_entry_is(const void *key, size_t key_size, const struct s3_object *object,
                     bool versioned, const void *id, size_t id_size)
{
    uint8_t own[BUCKET_STAMP_SIZE];
    if (id_size == 0)
        return true;
    make_id(key, key_size, object, versioned, own);
    return id_size == sizeof own && memcmp(own, id, id_size) == 0;
}

void bucket_entry_root(struct lagan_entry *entry)
{
    *entry = (struct lagan_entry){.size = sizeof *entry,
                                  .type = LAGAN_ENTRY_DIRECTORY,
                                  .key = "",
                                  .stamp = "root",
                                  .stamp_size = 4}; /* it has nothing that could change */
}
