/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_driver_abi.c - the public headers as bytes: sizes, offsets and values that modules built
 * yesterday rely on.  A row is never changed; what is appended to the headers is appended here,
 * together with a line in the header's log of additions.
 */
#define LAGAN_HOST_SIDE 1
#include <lagan/key.h>
#include <lagan/source.h>
#include <lagan/target.h>

#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct pin {
    const char *name;
    uint64_t found;
    uint64_t pinned;
};

#define SIZE(type, bytes)                                                                      \
    {                                                                                          \
#type, sizeof(struct type), bytes                                                      \
    }
#define AT(type, member, offset)                                                               \
    {                                                                                          \
#type "." #member, offsetof(struct type, member), offset                               \
    }
#define VALUE(symbol, value)                                                                   \
    {                                                                                          \
#symbol, symbol, value                                                                 \
    }

/* On machines with pointers and offsets of 64 bits. */
static const struct pin pins[] = {
    /* <lagan/driver.h> */
    VALUE(LAGAN_ABI_MAJOR, 1),
    VALUE(LAGAN_ABI_MINOR, 2),
    VALUE(LAGAN_DRIVER_MAGIC, 0x7672646e6167616c),
    VALUE(LAGAN_OK, 0),
    VALUE(LAGAN_END, 1),
    VALUE(LAGAN_TRANSIENT, 2),
    VALUE(LAGAN_BUSY, 3),
    VALUE(LAGAN_TIMEOUT, 4),
    VALUE(LAGAN_NOT_FOUND, 5),
    VALUE(LAGAN_EXISTS, 6),
    VALUE(LAGAN_PRECONDITION, 7),
    VALUE(LAGAN_DENIED, 8),
    VALUE(LAGAN_AUTH, 9),
    VALUE(LAGAN_IMMUTABLE, 10),
    VALUE(LAGAN_CORRUPT, 11),
    VALUE(LAGAN_NO_SPACE, 12),
    VALUE(LAGAN_LIMIT, 13),
    VALUE(LAGAN_OFFLINE, 14),
    VALUE(LAGAN_CHANGED, 15),
    VALUE(LAGAN_UNSUPPORTED, 16),
    VALUE(LAGAN_INVALID, 17),
    VALUE(LAGAN_CANCELLED, 18),
    VALUE(LAGAN_IO, 19),
    VALUE(LAGAN_INTERNAL, 20),
    VALUE(LAGAN_CLASS_COUNT, 21),
    VALUE(LAGAN_SCOPE_ITEM, 0),
    VALUE(LAGAN_SCOPE_HANDLE, 1),
    VALUE(LAGAN_SCOPE_INSTANCE, 2),
    VALUE(LAGAN_OUTCOME_NOT_DONE, 0),
    VALUE(LAGAN_OUTCOME_DONE, 1),
    VALUE(LAGAN_OUTCOME_UNKNOWN, 2),
    VALUE(LAGAN_LEVEL_ERROR, 0),
    VALUE(LAGAN_LEVEL_WARNING, 1),
    VALUE(LAGAN_LEVEL_INFO, 2),
    VALUE(LAGAN_LEVEL_DEBUG, 3),
    VALUE(LAGAN_LEVEL_TRACE, 4),
    VALUE(LAGAN_TEXT_SIZE, 512),
    SIZE(lagan_error, 536),
    AT(lagan_error, error_class, 0),
    AT(lagan_error, scope, 4),
    AT(lagan_error, outcome, 8),
    AT(lagan_error, retry_after_ms, 12),
    AT(lagan_error, native, 16),
    AT(lagan_error, flags, 20),
    AT(lagan_error, text, 24),
    SIZE(lagan_op, 576),
    AT(lagan_op, size, 0),
    AT(lagan_op, reserved, 4),
    AT(lagan_op, id, 8),
    AT(lagan_op, deadline_ns, 16),
    AT(lagan_op, cancel_fd, 24),
    AT(lagan_op, bandwidth_class, 28),
    AT(lagan_op, error, 32),
    AT(lagan_op, host_private, 568),
    VALUE(LAGAN_FEATURE_LOG, 1),
    VALUE(LAGAN_FEATURE_PROGRESS, 2),
    VALUE(LAGAN_FEATURE_STREAM, 4),
    VALUE(LAGAN_TRAIT_NOT_MIRRORED, 1),
    VALUE(LAGAN_TRAIT_BY_POLICY, 2),
    VALUE(LAGAN_TRAIT_NOT_FROM_MIRROR, 4),
    VALUE(LAGAN_TRAIT_SERVICE, 8),
    SIZE(lagan_host, 72),
    AT(lagan_host, size, 0),
    AT(lagan_host, abi_minor, 4),
    AT(lagan_host, features, 8),
    AT(lagan_host, cancelled, 16),
    AT(lagan_host, fail, 24),
    AT(lagan_host, log, 32),
    AT(lagan_host, progress, 40),
    AT(lagan_host, sleep, 48),
    AT(lagan_host, random, 56),
    AT(lagan_host, wall_ns, 64),
    VALUE(LAGAN_PARAMETER_TEXT, 1),
    VALUE(LAGAN_PARAMETER_PATH, 2),
    VALUE(LAGAN_PARAMETER_BOOL, 3),
    VALUE(LAGAN_PARAMETER_INTEGER, 4),
    VALUE(LAGAN_PARAMETER_SIZE, 5),
    VALUE(LAGAN_PARAMETER_DURATION, 6),
    VALUE(LAGAN_PARAMETER_CHOICE, 7),
    VALUE(LAGAN_PARAMETER_SECRET, 8),
    VALUE(LAGAN_PARAMETER_REQUIRED, 1),
    VALUE(LAGAN_PARAMETER_REPEATABLE, 2),
    VALUE(LAGAN_PARAMETER_BARE, 4),
    VALUE(LAGAN_PARAMETER_ADVANCED, 8),
    VALUE(LAGAN_PARAMETER_PLACE, 16),
    SIZE(lagan_parameter, 56),
    AT(lagan_parameter, name, 0),
    AT(lagan_parameter, type, 8),
    AT(lagan_parameter, flags, 12),
    AT(lagan_parameter, default_value, 16),
    AT(lagan_parameter, minimum, 24),
    AT(lagan_parameter, maximum, 32),
    AT(lagan_parameter, choices, 40),
    AT(lagan_parameter, help, 48),
    SIZE(lagan_value, 24),
    AT(lagan_value, type, 0),
    AT(lagan_value, size, 4),
    AT(lagan_value, text, 8),
    AT(lagan_value, number, 16),
    VALUE(LAGAN_KIND_SOURCE, 1),
    VALUE(LAGAN_KIND_TARGET, 2),
    VALUE(LAGAN_KIND_KEY, 3),
    VALUE(LAGAN_THREADS_SERIAL_DRIVER, 0),
    VALUE(LAGAN_THREADS_SERIAL_HANDLE, 1),
    VALUE(LAGAN_THREADS_PARALLEL, 2),
    SIZE(lagan_common_ops, 72),
    AT(lagan_common_ops, load, 0),
    AT(lagan_common_ops, instance_new, 8),
    AT(lagan_common_ops, instance_free, 16),
    AT(lagan_common_ops, configure, 24),
    AT(lagan_common_ops, configured, 32),
    AT(lagan_common_ops, start, 40),
    AT(lagan_common_ops, stop, 48),
    AT(lagan_common_ops, open, 56),
    AT(lagan_common_ops, close, 64),
    VALUE(LAGAN_OPEN_READ_ONLY, 1),
    VALUE(LAGAN_OPEN_INITIALISE, 2),
    VALUE(LAGAN_OPEN_RESTORE, 4),
    SIZE(lagan_driver, 112),
    AT(lagan_driver, magic, 0),
    AT(lagan_driver, size, 8),
    AT(lagan_driver, abi_major, 12),
    AT(lagan_driver, abi_minor, 14),
    AT(lagan_driver, kind, 16),
    AT(lagan_driver, threads, 20),
    AT(lagan_driver, pointer_bytes, 24),
    AT(lagan_driver, offset_bytes, 26),
    AT(lagan_driver, max_parallel, 28),
    AT(lagan_driver, name, 32),
    AT(lagan_driver, version, 40),
    AT(lagan_driver, licence, 48),
    AT(lagan_driver, summary, 56),
    AT(lagan_driver, home, 64),
    AT(lagan_driver, required_features, 72),
    AT(lagan_driver, parameters, 80),
    AT(lagan_driver, parameter_bytes, 88),
    AT(lagan_driver, ops_bytes, 92),
    AT(lagan_driver, ops, 96),
    AT(lagan_driver, traits, 104),
    /* <lagan/source.h> */
    VALUE(LAGAN_ENTRY_DIRECTORY, 1),
    VALUE(LAGAN_ENTRY_FILE, 2),
    VALUE(LAGAN_ENTRY_SYMLINK, 3),
    VALUE(LAGAN_ENTRY_CHARACTER, 4),
    VALUE(LAGAN_ENTRY_BLOCK, 5),
    VALUE(LAGAN_ENTRY_FIFO, 6),
    VALUE(LAGAN_ENTRY_SOCKET, 7),
    VALUE(LAGAN_ENTRY_OBJECT, 8),
    VALUE(LAGAN_ENTRY_VOLUME, 9),
    VALUE(LAGAN_ENTRY_ERROR, 255),
    VALUE(LAGAN_HAS_BYTES, 1),
    VALUE(LAGAN_HAS_MODE, 2),
    VALUE(LAGAN_HAS_OWNER, 4),
    VALUE(LAGAN_HAS_MTIME, 8),
    VALUE(LAGAN_HAS_LINKS, 16),
    VALUE(LAGAN_HAS_DEVICE, 32),
    VALUE(LAGAN_ENTRY_SPARSE, 1),
    VALUE(LAGAN_ENTRY_BLOCKS, 2),
    VALUE(LAGAN_ENTRY_STREAM, 4),
    VALUE(LAGAN_ID_SIZE, 64),
    VALUE(LAGAN_STAMP_SIZE, 32),
    SIZE(lagan_entry, 160),
    AT(lagan_entry, size, 0),
    AT(lagan_entry, type, 4),
    AT(lagan_entry, key, 8),
    AT(lagan_entry, key_size, 16),
    AT(lagan_entry, id, 24),
    AT(lagan_entry, id_size, 32),
    AT(lagan_entry, stamp, 40),
    AT(lagan_entry, stamp_size, 48),
    AT(lagan_entry, present, 56),
    AT(lagan_entry, flags, 64),
    AT(lagan_entry, bytes, 72),
    AT(lagan_entry, mode, 80),
    AT(lagan_entry, user, 84),
    AT(lagan_entry, group, 88),
    AT(lagan_entry, links, 92),
    AT(lagan_entry, user_name, 96),
    AT(lagan_entry, group_name, 104),
    AT(lagan_entry, mtime_s, 112),
    AT(lagan_entry, mtime_ns, 120),
    AT(lagan_entry, device_major, 124),
    AT(lagan_entry, device_minor, 128),
    AT(lagan_entry, error_class, 132),
    AT(lagan_entry, link, 136),
    AT(lagan_entry, link_size, 144),
    AT(lagan_entry, error_text, 152),
    SIZE(lagan_entry_collector, 16),
    AT(lagan_entry_collector, context, 0),
    AT(lagan_entry_collector, add, 8),
    VALUE(LAGAN_SELECT_SKIP, 0),
    VALUE(LAGAN_SELECT_TAKE, 1),
    SIZE(lagan_walk_request, 48),
    AT(lagan_walk_request, size, 0),
    AT(lagan_walk_request, reserved, 4),
    AT(lagan_walk_request, flags, 8),
    AT(lagan_walk_request, after, 16),
    AT(lagan_walk_request, after_size, 24),
    AT(lagan_walk_request, select, 32),
    AT(lagan_walk_request, select_context, 40),
    VALUE(LAGAN_EXTENT_DATA, 1),
    VALUE(LAGAN_EXTENT_HOLE, 2),
    VALUE(LAGAN_EXTENT_ZERO, 3),
    SIZE(lagan_extent_collector, 16),
    AT(lagan_extent_collector, context, 0),
    AT(lagan_extent_collector, add, 8),
    VALUE(LAGAN_METADATA_XATTR, 1),
    VALUE(LAGAN_METADATA_FLAGS, 2),
    VALUE(LAGAN_METADATA_PROPERTY, 3),
    SIZE(lagan_metadata, 32),
    AT(lagan_metadata, kind, 0),
    AT(lagan_metadata, name_size, 4),
    AT(lagan_metadata, name, 8),
    AT(lagan_metadata, value, 16),
    AT(lagan_metadata, value_size, 24),
    SIZE(lagan_metadata_collector, 24),
    AT(lagan_metadata_collector, context, 0),
    AT(lagan_metadata_collector, add, 8),
    AT(lagan_metadata_collector, lost, 16),
    VALUE(LAGAN_READ_CONSISTENT, 0),
    VALUE(LAGAN_READ_CHANGED, 1),
    SIZE(lagan_source_capabilities, 16),
    AT(lagan_source_capabilities, size, 0),
    AT(lagan_source_capabilities, sorted, 4),
    AT(lagan_source_capabilities, resume, 5),
    AT(lagan_source_capabilities, extents, 6),
    AT(lagan_source_capabilities, random_read, 7),
    AT(lagan_source_capabilities, hard_links, 8),
    AT(lagan_source_capabilities, restore, 9),
    AT(lagan_source_capabilities, sparse_write, 10),
    AT(lagan_source_capabilities, reserved, 11),
    AT(lagan_source_capabilities, max_parallel, 12),
    VALUE(LAGAN_FINDING_OK, 0),
    VALUE(LAGAN_FINDING_WARNING, 1),
    VALUE(LAGAN_FINDING_ERROR, 2),
    SIZE(lagan_finding_collector, 16),
    AT(lagan_finding_collector, context, 0),
    AT(lagan_finding_collector, add, 8),
    VALUE(LAGAN_CREATE_REPLACE, 1),
    VALUE(LAGAN_CREATE_UNPRIVILEGED, 2),
    VALUE(LAGAN_CREATE_NUMERIC_OWNERS, 4),
    VALUE(LAGAN_CREATE_NO_OWNERS, 8),
    VALUE(LAGAN_CREATE_SYNC, 16),
    SIZE(lagan_source_ops, 240),
    AT(lagan_source_ops, common, 0),
    AT(lagan_source_ops, capabilities, 72),
    AT(lagan_source_ops, check, 80),
    AT(lagan_source_ops, estimate, 88),
    AT(lagan_source_ops, walk_open, 96),
    AT(lagan_source_ops, walk_next, 104),
    AT(lagan_source_ops, walk_close, 112),
    AT(lagan_source_ops, entry_open, 120),
    AT(lagan_source_ops, read_at, 128),
    AT(lagan_source_ops, extents, 136),
    AT(lagan_source_ops, entry_close, 144),
    AT(lagan_source_ops, metadata, 152),
    AT(lagan_source_ops, entry_stat, 160),
    AT(lagan_source_ops, entry_create, 168),
    AT(lagan_source_ops, write_at, 176),
    AT(lagan_source_ops, write_zero, 184),
    AT(lagan_source_ops, entry_commit, 192),
    AT(lagan_source_ops, entry_abort, 200),
    AT(lagan_source_ops, node_create, 208),
    AT(lagan_source_ops, directory_finish, 216),
    AT(lagan_source_ops, link_create, 224),
    AT(lagan_source_ops, entry_metadata, 232),
    /* <lagan/target.h> */
    VALUE(LAGAN_KEY_LIMIT, 200),
    VALUE(LAGAN_SUPPORT_NONE, 0),
    VALUE(LAGAN_SUPPORT_EMULATED, 1),
    VALUE(LAGAN_SUPPORT_NATIVE, 2),
    SIZE(lagan_target_capabilities, 40),
    AT(lagan_target_capabilities, size, 0),
    AT(lagan_target_capabilities, put_if_absent, 4),
    AT(lagan_target_capabilities, staged_put, 5),
    AT(lagan_target_capabilities, durable_put, 6),
    AT(lagan_target_capabilities, read_after_write, 7),
    AT(lagan_target_capabilities, list_consistent, 8),
    AT(lagan_target_capabilities, list_sorted, 9),
    AT(lagan_target_capabilities, ranged_get, 10),
    AT(lagan_target_capabilities, checksum, 11),
    AT(lagan_target_capabilities, remove, 12),
    AT(lagan_target_capabilities, reserved, 13),
    AT(lagan_target_capabilities, max_parallel, 16),
    AT(lagan_target_capabilities, max_object_bytes, 24),
    AT(lagan_target_capabilities, preferred_bytes, 32),
    SIZE(lagan_object, 32),
    AT(lagan_object, size, 0),
    AT(lagan_object, flags, 4),
    AT(lagan_object, key, 8),
    AT(lagan_object, bytes, 16),
    AT(lagan_object, modified_ns, 24),
    SIZE(lagan_object_collector, 16),
    AT(lagan_object_collector, context, 0),
    AT(lagan_object_collector, add, 8),
    SIZE(lagan_content, 16),
    AT(lagan_content, context, 0),
    AT(lagan_content, read, 8),
    SIZE(lagan_sink, 24),
    AT(lagan_sink, context, 0),
    AT(lagan_sink, room, 8),
    AT(lagan_sink, filled, 16),
    VALUE(LAGAN_PUT_IF_ABSENT, 1),
    VALUE(LAGAN_PUT_DURABLE, 2),
    VALUE(LAGAN_TO_THE_END, 0xffffffffffffffff),
    SIZE(lagan_target_ops, 176),
    AT(lagan_target_ops, common, 0),
    AT(lagan_target_ops, capabilities, 72),
    AT(lagan_target_ops, put, 80),
    AT(lagan_target_ops, stage_begin, 88),
    AT(lagan_target_ops, stage_write, 96),
    AT(lagan_target_ops, stage_commit, 104),
    AT(lagan_target_ops, stage_abort, 112),
    AT(lagan_target_ops, get, 120),
    AT(lagan_target_ops, stat, 128),
    AT(lagan_target_ops, list, 136),
    AT(lagan_target_ops, remove, 144),
    AT(lagan_target_ops, flush, 152),
    AT(lagan_target_ops, capacity, 160),
    AT(lagan_target_ops, sweep, 168),
    /* <lagan/key.h> */
    VALUE(LAGAN_WRAPPED_LIMIT, 16384),
    SIZE(lagan_key_ops, 96),
    AT(lagan_key_ops, common, 0),
    AT(lagan_key_ops, wrap, 72),
    AT(lagan_key_ops, unwrap, 80),
    AT(lagan_key_ops, identify, 88),
};

enum { PIN_COUNT = sizeof(pins) / sizeof(pins[0]) };

static void abi_is_pinned(void **state)
{
    size_t moved = 0;

    (void)state;
    if (sizeof(void *) != 8 || sizeof(off_t) != 8)
        skip();
    for (size_t i = 0; i < PIN_COUNT; i++) {
        if (pins[i].found == pins[i].pinned)
            continue;
        print_error("%s is %llu, and was %llu\n", pins[i].name,
                    (unsigned long long)pins[i].found, (unsigned long long)pins[i].pinned);
        moved++;
    }
    assert_int_equal(moved, 0);
}

static int is_pinned(const char *name, size_t size)
{
    for (size_t i = 0; i < PIN_COUNT; i++)
        if (strlen(pins[i].name) == size && memcmp(pins[i].name, name, size) == 0)
            return 1;
    return 0;
}

/* Each line "struct lagan_NAME {" of a header has its row. */
static void check_header(const char *header)
{
    static const char start[] = "struct ";
    const char *top = getenv("abs_top_srcdir");
    char path[4096];
    char line[256];
    size_t structs = 0;
    FILE *stream;

    if (!top)
        skip();
    snprintf(path, sizeof path, "%s/include/lagan/%s", top, header);
    stream = fopen(path, "r");
    assert_non_null(stream);
    while (fgets(line, sizeof line, stream)) {
        const char *name = line + sizeof start - 1;

        if (strncmp(line, start, sizeof start - 1) != 0 || !strchr(line, '{'))
            continue;
        structs++;
        if (!is_pinned(name, strcspn(name, " ")))
            fail_msg("%s: no row for %s", header, line);
    }
    fclose(stream);
    assert_true(structs > 0);
}

static void abi_has_all_structs(void **state)
{
    static const char *const headers[] = {"driver.h", "source.h", "target.h", "key.h"};

    (void)state;
    for (size_t i = 0; i < sizeof headers / sizeof headers[0]; i++)
        check_header(headers[i]);
}

/* The head that every descriptor is filled with, and the numbers in it. */
static void abi_head(void **state)
{
    static const struct lagan_driver made = {LAGAN_DRIVER_HEAD};

    (void)state;
    assert_memory_equal(&made.magic, "lagandrv", 8);
    assert_int_equal(made.size, sizeof(struct lagan_driver));
    assert_int_equal(made.abi_major, LAGAN_ABI_MAJOR);
    assert_int_equal(made.abi_minor, LAGAN_ABI_MINOR);
    assert_int_equal(made.pointer_bytes, sizeof(void *));
    assert_int_equal(made.offset_bytes, sizeof(off_t));
    assert_int_equal(made.parameter_bytes, sizeof(struct lagan_parameter));
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(abi_is_pinned),
    cmocka_unit_test(abi_has_all_structs),
    cmocka_unit_test(abi_head),
};

UNIT_MAIN(tests)
