/* SPDX-License-Identifier: Apache-2.0 */
/* test_base_buffer.c - encoding and decoding, above all of bytes that should not be. */
#include "base/buffer.h"
#include "unit.h"

#include <string.h>

static void buffer_round_trip(void **state)
{
    struct buffer b CLEANUP_BUFFER = BUFFER_INIT;
    struct error e = ERROR_INIT;
    size_t size;

    (void)state;
    buffer_append_u8(&b, 0x12);
    buffer_append_u16(&b, 0x3456);
    buffer_append_u32(&b, 0x789abcde);
    buffer_append_u64(&b, UINT64_C(0x0123456789abcdef));
    buffer_append_zeroes(&b, 3);
    buffer_append_counted(&b, "chunk", 5);
    buffer_append_format(&b, "%s-%d", "pack", 42);
    assert_int_equal(buffer_check(&b, &e), 0);
    assert_memory_equal(b.data, "\x12\x56\x34\xde\xbc\x9a\x78\xef\xcd\xab\x89\x67\x45\x23\x01",
                        15);

    struct reader r = reader_of(b.data, b.size);
    assert_int_equal(reader_u8(&r), 0x12);
    assert_int_equal(reader_u16(&r), 0x3456);
    assert_int_equal(reader_u32(&r), 0x789abcde);
    assert_true(reader_u64(&r) == UINT64_C(0x0123456789abcdef));
    assert_memory_equal(reader_take(&r, 3), "\0\0\0", 3);
    assert_memory_equal(reader_counted(&r, &size), "chunk", 5);
    assert_int_equal(size, 5);
    assert_memory_equal(reader_take(&r, 7), "pack-42", 7);
    assert_true(reader_done(&r));
}

static const uint64_t varints[] = {
    0, 1, 0x7f, 0x80, 0x3fff, 0x4000, UINT32_MAX, INT64_MAX, UINT64_C(1) << 63, UINT64_MAX,
};

static void buffer_varints(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(varints) / sizeof(varints[0]); i++) {
        struct buffer b CLEANUP_BUFFER = BUFFER_INIT;

        buffer_append_varint(&b, varints[i]);
        for (size_t cut = 0; cut < b.size; cut++) {
            struct reader part = reader_of(b.data, cut);
            assert_true(reader_varint(&part) == 0);
            assert_true(part.failed);
        }
        struct reader r = reader_of(b.data, b.size);
        assert_true(reader_varint(&r) == varints[i]);
        assert_true(reader_done(&r));
    }
}

static void buffer_signed(void **state)
{
    static const int64_t values[] = {0, -1, 1, -64, 64, INT32_MIN, INT64_MAX, INT64_MIN};
    struct buffer b CLEANUP_BUFFER = BUFFER_INIT;

    (void)state;
    for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++)
        buffer_append_signed(&b, values[i]);
    assert_memory_equal(b.data, "\x00\x01\x02\x7f", 4);
    struct reader r = reader_of(b.data, b.size);
    for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++)
        assert_true(reader_signed(&r) == values[i]);
    assert_true(reader_done(&r));
}

static void reader_refuses_varint(const char *bytes, size_t size)
{
    struct reader r = reader_of(bytes, size);

    assert_true(reader_varint(&r) == 0);
    assert_true(r.failed);
    assert_int_equal(r.left, 0);
}

static void reader_varint_canonical(void **state)
{
    (void)state;
    reader_refuses_varint("\x80\x00", 2);
    reader_refuses_varint("\xff\x80\x00", 3);
    /* 2^64, 2^70 - 1, and eleven bytes */
    reader_refuses_varint("\x80\x80\x80\x80\x80\x80\x80\x80\x80\x02", 10);
    reader_refuses_varint("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x7f", 10);
    reader_refuses_varint("\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01", 11);
}

static void reader_stays_failed(void **state)
{
    struct reader r = reader_of("\x01\x02\x03\x04", 4);
    size_t size = 7;

    (void)state;
    assert_int_equal(reader_u16(&r), 0x0201);
    assert_int_equal(reader_u32(&r), 0);
    assert_true(r.failed);
    assert_int_equal(reader_u8(&r), 0);
    assert_null(reader_take(&r, 0));
    assert_null(reader_counted(&r, &size));
    assert_int_equal(size, 0);
    assert_false(reader_done(&r));
}

static void reader_of_nothing(void **state)
{
    struct reader r = reader_of(NULL, 0);

    (void)state;
    assert_non_null(reader_take(&r, 0));
    assert_true(reader_done(&r));
    assert_null(reader_take(&r, 1));
    assert_true(r.failed);
}

static void reader_counted_lies(void **state)
{
    struct buffer b CLEANUP_BUFFER = BUFFER_INIT;
    size_t size;

    (void)state;
    buffer_append_varint(&b, UINT64_MAX);
    buffer_append(&b, "abc", 3);
    struct reader r = reader_of(b.data, b.size);
    assert_null(reader_counted(&r, &size));
    assert_true(r.failed);
    buffer_clear(&b);
    buffer_append_counted(&b, NULL, 0);
    r = reader_of(b.data, b.size);
    assert_non_null(reader_counted(&r, &size));
    assert_int_equal(size, 0);
    assert_true(reader_done(&r));
}

static void reader_tlvs(void **state)
{
    struct buffer b CLEANUP_BUFFER = BUFFER_INIT;
    struct reader value;
    uint16_t type = 0;

    (void)state;
    buffer_append_tlv(&b, 7, "xyz", 3);
    buffer_append_tlv(&b, 0xffff, NULL, 0);
    struct reader r = reader_of(b.data, b.size);
    assert_true(reader_tlv(&r, &type, &value));
    assert_int_equal(type, 7);
    assert_memory_equal(reader_take(&value, 3), "xyz", 3);
    assert_true(reader_done(&value));
    assert_true(reader_tlv(&r, &type, &value));
    assert_int_equal(type, 0xffff);
    assert_true(reader_done(&value));
    assert_false(reader_tlv(&r, &type, &value));
    assert_true(reader_done(&r));
    for (size_t cut = 1; cut < 9; cut++) {
        r = reader_of(b.data, cut);
        type = 99;
        assert_false(reader_tlv(&r, &type, &value));
        assert_int_equal(type, 99);
        assert_true(r.failed);
    }
}

static void buffer_failure_sticks(void **state)
{
    struct buffer b CLEANUP_BUFFER = BUFFER_INIT;
    struct error e = ERROR_INIT;

    (void)state;
    buffer_append_u8(&b, 1);
    assert_null(buffer_reserve(&b, SIZE_MAX));
    assert_true(b.failed);
    buffer_append_u8(&b, 2);
    assert_int_equal(b.size, 1);
    assert_int_equal(buffer_check(&b, &e), -1);
    assert_int_equal(e.code, ERROR_NO_MEMORY);
    buffer_clear(&b);
    assert_null(buffer_reserve(&b, PTRDIFF_MAX));
    assert_true(b.failed);
    buffer_clear(&b);
    buffer_append(&b, NULL, 0);
    assert_int_equal(buffer_check(&b, &e), 0);
    assert_int_equal(b.size, 0);
}

static void buffer_grows(void **state)
{
    struct buffer b CLEANUP_BUFFER = BUFFER_INIT;
    size_t moves = 0;

    (void)state;
    assert_non_null(buffer_reserve(&b, 0));
    for (uint32_t i = 0; i < 100000; i++) {
        size_t before = b.room;
        buffer_append_u32(&b, i);
        moves += b.room != before;
    }
    assert_int_equal(b.size, 400000);
    assert_true(moves < 30);
    struct reader r = reader_of(b.data, b.size);
    for (uint32_t i = 0; i < 100000; i++)
        assert_int_equal(reader_u32(&r), i);
    buffer_free(&b);
    assert_null(b.data);
    buffer_free(NULL);
}

static void buffer_unaligned(void **state)
{
    uint8_t bytes[16];

    (void)state;
    for (size_t at = 0; at < 8; at++) {
        store_u64(bytes + at, UINT64_C(0x1122334455667788));
        assert_int_equal(bytes[at], 0x88);
        assert_true(load_u64(bytes + at) == UINT64_C(0x1122334455667788));
        store_u32(bytes + at, 0xa1b2c3d4);
        assert_int_equal(load_u32(bytes + at), 0xa1b2c3d4);
        store_u16(bytes + at, 0xbeef);
        assert_int_equal(load_u16(bytes + at), 0xbeef);
    }
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(buffer_round_trip),     cmocka_unit_test(buffer_varints),
    cmocka_unit_test(buffer_signed),         cmocka_unit_test(reader_varint_canonical),
    cmocka_unit_test(reader_stays_failed),   cmocka_unit_test(reader_of_nothing),
    cmocka_unit_test(reader_counted_lies),   cmocka_unit_test(reader_tlvs),
    cmocka_unit_test(buffer_failure_sticks), cmocka_unit_test(buffer_grows),
    cmocka_unit_test(buffer_unaligned),
};
UNIT_MAIN(tests)
