/* SPDX-License-Identifier: Apache-2.0 */
/*
 * listing.c - getdents64 with a big buffer, names in blocks that never move, one sort.
 */
#include "src_files/listing.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum {
    BLOCK_FIRST_BYTES = 2048,
    BLOCK_LIMIT_BYTES = 1 << 20,
    NAMES_FIRST = 32,
};

struct listing_block {
    struct listing_block *next;
    size_t used;
    size_t size;
    char text[];
};

static char *text_room(struct listing *l, size_t size)
{
    struct listing_block *block = l->blocks;
    if (block == NULL || block->size - block->used < size) {
        size_t bytes = block ? block->size * 2 : BLOCK_FIRST_BYTES;
        if (bytes > BLOCK_LIMIT_BYTES)
            bytes = BLOCK_LIMIT_BYTES;
        block = malloc(sizeof *block + bytes);
        if (block == NULL)
            return NULL;
        block->next = l->blocks;
        block->used = 0;
        block->size = bytes;
        l->blocks = block;
        l->bytes += sizeof *block + bytes;
    }
    char *room = block->text + block->used;
    block->used += size;
    return room;
}

static int names_grow(struct listing *l)
{
    size_t room = l->room ? l->room * 2 : NAMES_FIRST;
    struct listed *names = reallocarray(l->names, room, sizeof *names);
    if (names == NULL)
        return ENOMEM;
    l->bytes += (room - l->room) * sizeof *names;
    l->names = names;
    l->room = room;
    return 0;
}

static uint64_t head_of(const char *name, size_t size)
{
    uint64_t head = 0;
    for (size_t i = 0; i < 8; i++)
        head = head << 8 | (i < size ? (unsigned char)name[i] : 0);
    return head;
}

int listing_add(struct listing *l, const char *name, size_t size, uint8_t type)
{
    if (l->count == l->room && names_grow(l) != 0)
        return ENOMEM;
    char *text = text_room(l, size + 1);
    if (text == NULL)
        return ENOMEM;
    memcpy(text, name, size);
    text[size] = 0;
    l->names[l->count++] = (struct listed){
        .head = head_of(name, size), .text = text, .size = (uint16_t)size, .type = type};
    return 0;
}

static int compare_text(const struct listed *a, const char *name, size_t size)
{
    size_t shorter = a->size < size ? a->size : size;
    int order = memcmp(a->text, name, shorter);
    if (order != 0)
        return order;
    return (a->size > size) - (a->size < size);
}

static int compare(const void *left, const void *right)
{
    const struct listed *a = left;
    const struct listed *b = right;
    if (a->head != b->head)
        return a->head < b->head ? -1 : 1;
    return compare_text(a, b->text, b->size);
}

static bool is_dots(const char *name)
{
    return name[0] == '.' && (name[1] == 0 || (name[1] == '.' && name[2] == 0));
}

/* Adds what one call has returned. */
static int add_all(struct listing *l, const char *data, size_t size)
{
    for (size_t at = 0; at < size;) {
        const struct dirent64 *entry = (const void *)(data + at);
        if (!is_dots(entry->d_name) &&
            listing_add(l, entry->d_name, strlen(entry->d_name), entry->d_type) != 0)
            return ENOMEM;
        at += entry->d_reclen;
    }
    return 0;
}

/* File systems that change while they are read may hand out a name twice. */
static void drop_doubles(struct listing *l)
{
    size_t kept = l->count > 0 ? 1 : 0;
    for (size_t i = 1; i < l->count; i++)
        if (compare(&l->names[i], &l->names[kept - 1]) != 0)
            l->names[kept++] = l->names[i];
    l->count = kept;
}

int listing_read(struct listing *l, int fd, char *buffer, const atomic_bool *stop)
{
    int error = 0;
    while (error == 0 && !atomic_load_explicit(stop, memory_order_relaxed)) {
        ssize_t got = getdents64(fd, buffer, LISTING_BUFFER_BYTES);
        if (got <= 0) {
            error = got < 0 ? errno : 0;
            break;
        }
        error = add_all(l, buffer, (size_t)got);
    }
    if (l->count > 1)
        qsort(l->names, l->count, sizeof *l->names, compare);
    drop_doubles(l);
    return error;
}

size_t listing_search(const struct listing *l, const char *name, size_t size)
{
    size_t low = 0, high = l->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (compare_text(&l->names[middle], name, size) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

bool listing_has(const struct listing *l, const char *name)
{
    size_t size = strlen(name);
    size_t at = listing_search(l, name, size);
    return at < l->count && compare_text(&l->names[at], name, size) == 0;
}

void listing_clear(struct listing *l)
{
    while (l->blocks != NULL) {
        struct listing_block *block = l->blocks;
        l->blocks = block->next;
        free(block);
    }
    free(l->names);
    memset(l, 0, sizeof *l);
}
