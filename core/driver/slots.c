/* SPDX-License-Identifier: Apache-2.0 */
/* slots.c - the slots of each kind of driver. */
#include "driver/slots.h"

#include <string.h>

#define COMMON_SLOT(slot, need)                                                                \
    {                                                                                          \
#slot, offsetof(struct lagan_common_ops, slot), need                                   \
    }
#define SOURCE_SLOT(slot, need)                                                                \
    {                                                                                          \
#slot, offsetof(struct lagan_source_ops, slot), need                                   \
    }
#define TARGET_SLOT(slot, need)                                                                \
    {                                                                                          \
#slot, offsetof(struct lagan_target_ops, slot), need                                   \
    }
#define KEY_SLOT(slot, need)                                                                   \
    {                                                                                          \
#slot, offsetof(struct lagan_key_ops, slot), need                                      \
    }

static const struct slot common_slots[] = {
    COMMON_SLOT(load, SLOT_OPTIONAL),           COMMON_SLOT(instance_new, SLOT_MANDATORY),
    COMMON_SLOT(instance_free, SLOT_MANDATORY), COMMON_SLOT(configure, SLOT_PARAMETERS),
    COMMON_SLOT(configured, SLOT_OPTIONAL),     COMMON_SLOT(start, SLOT_OPTIONAL),
    COMMON_SLOT(stop, SLOT_OPTIONAL),           COMMON_SLOT(open, SLOT_MANDATORY),
    COMMON_SLOT(close, SLOT_MANDATORY),
};

static const struct slot source_slots[] = {
    SOURCE_SLOT(capabilities, SLOT_MANDATORY),    SOURCE_SLOT(check, SLOT_OPTIONAL),
    SOURCE_SLOT(estimate, SLOT_OPTIONAL),         SOURCE_SLOT(walk_open, SLOT_MANDATORY),
    SOURCE_SLOT(walk_next, SLOT_MANDATORY),       SOURCE_SLOT(walk_close, SLOT_MANDATORY),
    SOURCE_SLOT(entry_open, SLOT_MANDATORY),      SOURCE_SLOT(read_at, SLOT_MANDATORY),
    SOURCE_SLOT(extents, SLOT_OPTIONAL),          SOURCE_SLOT(entry_close, SLOT_MANDATORY),
    SOURCE_SLOT(metadata, SLOT_OPTIONAL),         SOURCE_SLOT(entry_stat, SLOT_OPTIONAL),
    SOURCE_SLOT(entry_create, SLOT_OPTIONAL),     SOURCE_SLOT(write_at, SLOT_OPTIONAL),
    SOURCE_SLOT(write_zero, SLOT_OPTIONAL),       SOURCE_SLOT(entry_commit, SLOT_OPTIONAL),
    SOURCE_SLOT(entry_abort, SLOT_OPTIONAL),      SOURCE_SLOT(node_create, SLOT_OPTIONAL),
    SOURCE_SLOT(directory_finish, SLOT_OPTIONAL), SOURCE_SLOT(link_create, SLOT_OPTIONAL),
    SOURCE_SLOT(entry_metadata, SLOT_OPTIONAL),   SOURCE_SLOT(place_name, SLOT_OPTIONAL),
    SOURCE_SLOT(entry_copy, SLOT_OPTIONAL),       SOURCE_SLOT(entry_remove, SLOT_OPTIONAL),
};

static const struct slot target_slots[] = {
    TARGET_SLOT(capabilities, SLOT_MANDATORY),
    TARGET_SLOT(put, SLOT_MANDATORY),
    TARGET_SLOT(stage_begin, SLOT_STAGES),
    TARGET_SLOT(stage_write, SLOT_STAGES),
    TARGET_SLOT(stage_commit, SLOT_STAGES),
    TARGET_SLOT(stage_abort, SLOT_STAGES),
    TARGET_SLOT(get, SLOT_MANDATORY),
    TARGET_SLOT(stat, SLOT_MANDATORY),
    TARGET_SLOT(list, SLOT_MANDATORY),
    TARGET_SLOT(remove, SLOT_MANDATORY),
    TARGET_SLOT(flush, SLOT_MANDATORY),
    TARGET_SLOT(capacity, SLOT_OPTIONAL),
    TARGET_SLOT(sweep, SLOT_OPTIONAL),
    TARGET_SLOT(multipart_begin, SLOT_MULTIPART),
    TARGET_SLOT(part_put, SLOT_MULTIPART),
    TARGET_SLOT(multipart_complete, SLOT_MULTIPART),
    TARGET_SLOT(multipart_abort, SLOT_MULTIPART),
    TARGET_SLOT(copy, SLOT_OPTIONAL),
    TARGET_SLOT(rename, SLOT_OPTIONAL),
    TARGET_SLOT(clock, SLOT_OPTIONAL),
};

static const struct slot key_slots[] = {
    KEY_SLOT(wrap, SLOT_MANDATORY),
    KEY_SLOT(unwrap, SLOT_MANDATORY),
    KEY_SLOT(identify, SLOT_OPTIONAL),
};

#define COUNT(table) (sizeof(table) / sizeof(table)[0])

static const struct {
    const struct slot *slots;
    size_t count;
    size_t table_bytes;
} kinds[] = {
    [LAGAN_KIND_SOURCE] = {source_slots, COUNT(source_slots), sizeof(struct lagan_source_ops)},
    [LAGAN_KIND_TARGET] = {target_slots, COUNT(target_slots), sizeof(struct lagan_target_ops)},
    [LAGAN_KIND_KEY] = {key_slots, COUNT(key_slots), sizeof(struct lagan_key_ops)},
};

const struct slot *slots_common(size_t *count)
{
    *count = COUNT(common_slots);
    return common_slots;
}

const struct slot *slots_of_kind(uint32_t kind, size_t *count)
{
    *count = kind < COUNT(kinds) ? kinds[kind].count : 0;
    return kind < COUNT(kinds) ? kinds[kind].slots : NULL;
}

size_t slots_table_bytes(uint32_t kind)
{
    return kind < COUNT(kinds) ? kinds[kind].table_bytes : 0;
}

bool slot_is_present(const union driver_ops *ops, const struct slot *slot)
{
    static const uint8_t nothing[sizeof(void *)];
    return memcmp((const uint8_t *)ops + slot->offset, nothing, sizeof nothing) != 0;
}

/* Groups come all together or not at all. */
static bool any_of_group(const union driver_ops *ops, const struct slot *slots, size_t count,
                         enum slot_need group)
{
    for (size_t i = 0; i < count; i++)
        if (slots[i].need == group && slot_is_present(ops, &slots[i]))
            return true;
    return false;
}

int slots_check(const union driver_ops *ops, uint32_t kind, bool has_parameters,
                const char **missing)
{
    size_t counts[2];
    const struct slot *tables[2] = {slots_common(&counts[0]), slots_of_kind(kind, &counts[1])};
    const bool needed[] = {
        [SLOT_OPTIONAL] = false,
        [SLOT_MANDATORY] = true,
        [SLOT_PARAMETERS] = has_parameters,
        [SLOT_STAGES] = any_of_group(ops, tables[1], counts[1], SLOT_STAGES),
        [SLOT_MULTIPART] = any_of_group(ops, tables[1], counts[1], SLOT_MULTIPART),
    };
    for (size_t t = 0; t < 2; t++) {
        for (size_t i = 0; i < counts[t]; i++) {
            const struct slot *slot = &tables[t][i];
            if (needed[slot->need] && !slot_is_present(ops, slot)) {
                *missing = slot->name;
                return -1;
            }
        }
    }
    return 0;
}
