/* SPDX-License-Identifier: Apache-2.0 */
/*
 * generate.c - entries by formula.
 *
 * Entry i stands in directory d(i / MEM_FAN); the first of each MEM_FAN entries is the
 * directory itself.  The place within the directory decides what an entry is.
 */
#include "src_mem/mem.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Places in a directory. */
enum {
    AT_DIRECTORY = 0,
    AT_SYMLINK = 1,
    AT_FIFO = 2,
    AT_DEVICE = 3,
    AT_TWIN = 4, /* hard links: this one and the next */
    AT_OTHER_TWIN = 5,
    AT_SPARSE = 6,
    AT_EMPTY = 7,
    AT_BIG = 8,
    AT_SAME = 9, /* the same content in all directories */
    AT_PLAIN = 10,
    BIG_FACTOR = 8,
    SPARSE_FACTOR = 16,
};

/* splitmix64's finisher: every bit of the input moves every bit of the output */
static uint64_t mix(uint64_t x)
{
    x += UINT64_C(0x9e3779b97f4a7c15);
    x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
    return x ^ (x >> 31);
}

/* The place of entry `index` (1...) in its directory. */
static unsigned place_of(uint64_t index)
{
    return (unsigned)((index - 1) % MEM_FAN);
}

static uint32_t type_of(uint64_t index)
{
    if (index == 0)
        return LAGAN_ENTRY_DIRECTORY;
    switch (place_of(index)) {
    case AT_DIRECTORY:
        return LAGAN_ENTRY_DIRECTORY;
    case AT_SYMLINK:
        return LAGAN_ENTRY_SYMLINK;
    case AT_FIFO:
        return LAGAN_ENTRY_FIFO;
    case AT_DEVICE:
        return LAGAN_ENTRY_CHARACTER;
    default:
        return LAGAN_ENTRY_FILE;
    }
}

static int compare_indexes(const void *a, const void *b)
{
    uint64_t left = *(const uint64_t *)a;
    uint64_t right = *(const uint64_t *)b;
    return (left > right) - (left < right);
}

static bool is_mutated(const struct mem_formula *f, uint64_t index)
{
    return f->mutated_count > 0 &&
           bsearch(&index, f->mutated, f->mutated_count, sizeof index, compare_indexes) != NULL;
}

int mem_generate_prepare(struct mem_formula *f)
{
    if (f->mutate == 0)
        return 0;
    f->mutated = calloc(f->mutate, sizeof *f->mutated);
    if (f->mutated == NULL)
        return ENOMEM;
    uint64_t last = 0;
    for (uint64_t i = 0; i < f->mutate; i++) {
        uint64_t index = i * f->count / f->mutate + 1;
        if (index <= last)
            index = last + 1;
        if (place_of(index) < AT_PLAIN)
            index += AT_PLAIN - place_of(index);
        if (index > f->count)
            break;
        f->mutated[f->mutated_count++] = last = index;
    }
    return 0;
}

/* Twins are one file: all but the key comes from the first. */
static uint64_t original_of(uint64_t index)
{
    return index > 0 && place_of(index) == AT_OTHER_TWIN ? index - 1 : index;
}

/* What the content of an entry depends on. */
static uint64_t content_of(const struct mem_formula *f, uint64_t index)
{
    if (index > 0 && place_of(index) == AT_SAME)
        return mix(f->seed);
    return mix(f->seed ^ mix(original_of(index)));
}

static uint64_t length_of(const struct mem_formula *f, uint64_t index)
{
    uint64_t length;
    if (type_of(index) != LAGAN_ENTRY_FILE)
        return 0;
    switch (place_of(index)) {
    case AT_EMPTY:
        return 0;
    case AT_SPARSE:
        return f->size * SPARSE_FACTOR;
    case AT_BIG:
        return f->size * BIG_FACTOR;
    case AT_SAME:
        return f->size;
    default:
        length = f->size > 0 ? mix(content_of(f, index)) % (2 * f->size) : 0;
    }
    /* Some of the mutated grow, all of them change in the middle. */
    return is_mutated(f, index) && index % 3 == 0 ? length + 100 : length;
}

static void make_key(uint64_t index, struct mem_item *item)
{
    int size = 0;
    if (index > 0) {
        uint64_t directory = (index - 1) / MEM_FAN;
        size = snprintf(item->key, sizeof item->key, "d%08llu", (unsigned long long)directory);
        if (place_of(index) != AT_DIRECTORY) {
            size++; /* the zero byte between the components */
            size += snprintf(item->key + size, sizeof item->key - (size_t)size, "e%02u",
                             place_of(index));
        }
    }
    item->entry.key = item->key;
    item->entry.key_size = (size_t)size;
}

static void make_stamp(const struct mem_formula *f, uint64_t index, struct mem_item *item)
{
    uint64_t words[2] = {mix(content_of(f, index)), mix(index)};
    if (is_mutated(f, index))
        words[1] = ~words[1];
    memcpy(item->stamp, words, sizeof words);
    item->entry.stamp = item->stamp;
    item->entry.stamp_size = sizeof item->stamp;
}

static void make_special(const struct mem_formula *f, uint64_t index, struct mem_item *item)
{
    struct lagan_entry *entry = &item->entry;
    uint64_t twin = mix(index - place_of(index));
    entry->links = 1;
    switch (place_of(index)) {
    case AT_SYMLINK:
        entry->link = item->link;
        entry->link_size = (size_t)snprintf(item->link, sizeof item->link, "../nowhere/%llx",
                                            (unsigned long long)content_of(f, index));
        break;
    case AT_DEVICE:
        entry->present |= LAGAN_HAS_DEVICE;
        entry->device_major = 300;
        entry->device_minor = (uint32_t)(index % 70000);
        break;
    case AT_TWIN:
        memcpy(item->id, &twin, sizeof item->id);
        entry->id = item->id;
        entry->id_size = sizeof item->id;
        entry->links = 2;
        break;
    case AT_SPARSE:
        entry->flags = LAGAN_ENTRY_SPARSE;
        break;
    default:
        break;
    }
}

static void make_owner(uint64_t index, struct lagan_entry *entry)
{
    entry->mode = entry->type == LAGAN_ENTRY_DIRECTORY ? 0755 : 0640;
    entry->user = (uint32_t)(1000 + index % 3);
    entry->group = 100;
    /* By the number alone, as on any host: a leaf of a tree keeps one name for each number. */
    entry->user_name = entry->user % 2 ? "alice" : NULL;
    entry->group_name = "users";
}

void mem_generate(const struct mem_formula *f, uint64_t index, struct mem_item *item)
{
    uint64_t original = original_of(index);
    memset(item, 0, sizeof *item);
    struct lagan_entry *entry = &item->entry;
    entry->size = sizeof *entry;
    entry->type = type_of(original);
    entry->present = LAGAN_HAS_MODE | LAGAN_HAS_OWNER | LAGAN_HAS_MTIME;
    make_key(index, item);
    make_owner(original, entry);
    entry->mtime_s = 1600000000 + (int64_t)(original % 100000000) + is_mutated(f, index);
    entry->mtime_ns = (uint32_t)(mix(original) % 1000000000);
    if (entry->type == LAGAN_ENTRY_FILE) {
        entry->present |= LAGAN_HAS_BYTES;
        entry->bytes = length_of(f, original);
    }
    if (index > 0)
        make_stamp(f, original, item);
    if (entry->type != LAGAN_ENTRY_DIRECTORY) {
        entry->present |= LAGAN_HAS_LINKS;
        make_special(f, original, item);
    }
}

bool mem_generate_hole(const struct mem_formula *f, uint64_t index, uint64_t *start,
                       uint64_t *end)
{
    if (index == 0 || place_of(index) != AT_SPARSE || f->size == 0)
        return false;
    *start = f->size;
    *end = f->size * (SPARSE_FACTOR - 1);
    return true;
}

void mem_generate_content(const struct mem_formula *f, uint64_t index, uint64_t offset,
                          unsigned char *data, size_t size)
{
    static const char letters[] = "etaoin shrdlu\n.,";
    uint64_t base = content_of(f, index);
    uint64_t start = 0, end = 0, middle = length_of(f, index) / 2, word = 0;
    bool mutated = is_mutated(f, index);
    mem_generate_hole(f, index, &start, &end);
    for (size_t i = 0; i < size; i++) {
        uint64_t at = offset + i;
        if (i == 0 || at % 8 == 0)
            word = mix(base + at / 8);
        unsigned char byte = (unsigned char)(word >> (8 * (at % 8)));
        /* Every other file can be compressed. */
        if ((base & 1) != 0)
            byte = (unsigned char)letters[byte & 15];
        data[i] = at >= start && at < end ? 0 : byte;
        if (mutated && at == middle)
            data[i] ^= 0x55;
    }
}

uint32_t mem_generate_pieces(const struct mem_formula *f, uint64_t index,
                             const struct lagan_metadata_collector *pieces)
{
    uint64_t base = content_of(f, index);
    struct lagan_metadata piece = {.kind = LAGAN_METADATA_XATTR,
                                   .name = "user.mem.origin",
                                   .name_size = 15,
                                   .value = &base,
                                   .value_size = sizeof base};
    uint32_t result;
    index = original_of(index);
    if (index == 0 || place_of(index) % 4 != 0)
        return LAGAN_OK;
    result = pieces->add(pieces->context, &piece);
    if (result == LAGAN_OK && place_of(index) % 8 == 0) {
        piece.name = "user.mem.\377";
        piece.name_size = 10;
        piece.value_size = 0;
        result = pieces->add(pieces->context, &piece);
    }
    return result;
}
