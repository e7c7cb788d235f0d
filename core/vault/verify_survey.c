/* SPDX-License-Identifier: Apache-2.0 */
/* verify_survey.c - what is there, and which names no vault has. */
#include "driver/operation.h"
#include "vault/verify_private.h"

#include <stdlib.h>
#include <string.h>

static int remember(struct verify *c, const char *key, const struct name *name, uint64_t bytes,
                    struct error *e)
{
    struct verify_object *grown;

    if ((c->object_count & (c->object_count - 1)) == 0) {
        grown = realloc(c->objects, (c->object_count * 2 + 1) * sizeof(*grown));
        if (grown == NULL)
            return error_no_memory(e, "the list of objects");
        c->objects = grown;
    }
    c->objects[c->object_count] =
        (struct verify_object){.text = strdup(key), .name = *name, .bytes = bytes};
    if (c->objects[c->object_count].text == NULL)
        return error_no_memory(e, "the list of objects");
    c->object_count++;
    return 0;
}

static int collect(void *context, const char *key, uint64_t bytes, struct error *e)
{
    struct verify *c = context;
    struct name name;

    if (!name_parse(key, &name)) {
        if (c->request->backup == NULL)
            verify_found_text(c, key, false, ERROR_FAILED,
                              "no object of a vault has this name");
        return operation_check(e);
    }
    if (name.kind == NAME_SEAL || name.kind == NAME_TOMBSTONE)
        return 0; /* a listing of their own, before this one */
    return remember(c, key, &name, bytes, e);
}

static void find_ranges(struct verify *c)
{
    for (size_t i = 0; i < c->object_count; i++) {
        enum name_kind kind = c->objects[i].name.kind;

        if (c->range[kind].end == 0)
            c->range[kind].first = i;
        c->range[kind].end = i + 1;
    }
}

int verify_survey(struct verify *c, struct error *e)
{
    if (seal_scan_list(c->vault, &c->scan, e) != 0 ||
        target_list(vault_target(c->vault), "", collect, c, e) != 0)
        return -1;
    find_ranges(c);
    c->needed = calloc(c->object_count + 1, 1);
    if (c->needed == NULL)
        return error_no_memory(e, "the list of objects");
    return 0;
}

struct verify_object *verify_find(struct verify *c, enum name_kind kind, const uint8_t hash[32])
{
    size_t low = c->range[kind].first, high = c->range[kind].end;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = memcmp(c->objects[middle].name.hash, hash, 32);

        if (order == 0)
            return &c->objects[middle];
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}
