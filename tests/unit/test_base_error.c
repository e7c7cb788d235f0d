/* SPDX-License-Identifier: Apache-2.0 */
/* test_base_error.c - errors: filling, mapping, prefixes, names. */
#include "base/error.h"
#include "unit.h"

#include <errno.h>
#include <string.h>

static void error_set_fills_all(void **state)
{
    struct error e;

    (void)state;
    memset(&e, 0x5a, sizeof(e));
    assert_int_equal(error_set(&e, LAGAN_CORRUPT, ERROR_INTEGRITY, "pack %d is cut", 7), -1);
    assert_int_equal(e.error_class, LAGAN_CORRUPT);
    assert_int_equal(e.code, ERROR_INTEGRITY);
    assert_int_equal(e.scope, LAGAN_SCOPE_ITEM);
    assert_int_equal(e.outcome, LAGAN_OUTCOME_NOT_DONE);
    assert_int_equal(e.retry_after_ms, 0);
    assert_int_equal(e.native, 0);
    assert_string_equal(e.text, "pack 7 is cut");
}

static void error_set_escapes(void **state)
{
    struct error e = ERROR_INIT;

    (void)state;
    error_set(&e, LAGAN_IO, ERROR_FAILED, "a\nb\x1b[2J\x7f c:\\d \xff \xe2\x80\xae é");
    assert_string_equal(e.text, "a\\x0ab\\x1b[2J\\x7f c:\\d \\xff \\xe2\\x80\\xae \xc3\xa9");
}

static void error_set_cuts_whole_characters(void **state)
{
    struct error e = ERROR_INIT;
    char text[2 * ERROR_TEXT_SIZE];

    (void)state;
    for (size_t i = 0; i + 2 < sizeof(text); i += 2)
        memcpy(text + i, "\xc3\xa9", 3);
    error_set(&e, LAGAN_IO, ERROR_FAILED, "%s", text);
    assert_in_range(strlen(e.text), ERROR_TEXT_SIZE - 12, ERROR_TEXT_SIZE - 1);
    assert_memory_equal(e.text, text, strlen(e.text) / 2 * 2);
    memset(text, '\n', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    error_set(&e, LAGAN_IO, ERROR_FAILED, "%s", text);
    assert_int_equal(strlen(e.text) % 4, 0);
}

static void error_set_from_itself(void **state)
{
    struct error e = ERROR_INIT;

    (void)state;
    error_set(&e, LAGAN_IO, ERROR_FAILED, "inner");
    error_set(&e, LAGAN_DENIED, ERROR_FAILED, "outer, because %s", e.text);
    assert_string_equal(e.text, "outer, because inner");
    error_errno(&e, EIO, "again: %s", e.text);
    assert_string_equal(e.text, "again: outer, because inner: Input/output error");
}

static void error_errno_maps(void **state)
{
    static const struct {
        int number;
        uint32_t error_class, code;
    } rows[] = {
        {ENOSPC, LAGAN_NO_SPACE, ERROR_NO_SPACE},
        {EDQUOT, LAGAN_NO_SPACE, ERROR_NO_SPACE},
        {EACCES, LAGAN_DENIED, ERROR_FAILED},
        {EPERM, LAGAN_DENIED, ERROR_FAILED},
        {EROFS, LAGAN_IMMUTABLE, ERROR_FAILED},
        {ENOENT, LAGAN_NOT_FOUND, ERROR_FAILED},
        {ENOTDIR, LAGAN_NOT_FOUND, ERROR_FAILED},
        {EEXIST, LAGAN_EXISTS, ERROR_CONFLICT},
        {EIO, LAGAN_IO, ERROR_FAILED},
        {ENOMEM, LAGAN_INTERNAL, ERROR_NO_MEMORY},
        {EINTR, LAGAN_TRANSIENT, ERROR_TEMPORARY},
        {EAGAIN, LAGAN_TRANSIENT, ERROR_TEMPORARY},
        {ESTALE, LAGAN_TRANSIENT, ERROR_TEMPORARY},
        {ENAMETOOLONG, LAGAN_LIMIT, ERROR_FAILED},
        {EFBIG, LAGAN_LIMIT, ERROR_FAILED},
        {ETIMEDOUT, LAGAN_TIMEOUT, ERROR_TEMPORARY},
        {99999, LAGAN_IO, ERROR_FAILED},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct error e = ERROR_INIT;

        assert_int_equal(error_errno(&e, rows[i].number, "cannot read %s", "/x"), -1);
        assert_int_equal(e.error_class, rows[i].error_class);
        assert_int_equal(e.code, rows[i].code);
        assert_int_equal(e.native, rows[i].number);
        assert_memory_equal(e.text, "cannot read /x: ", 16);
        assert_true(strlen(e.text) > 16);
    }
}

static void error_context_prefixes(void **state)
{
    struct error e = ERROR_INIT;
    char longer[ERROR_TEXT_SIZE];

    (void)state;
    error_errno(&e, ENOSPC, "cannot write %s", "a\tb");
    e.scope = LAGAN_SCOPE_INSTANCE;
    e.retry_after_ms = 5;
    assert_int_equal(error_context(&e, "vault %s", "home\n"), -1);
    assert_string_equal(e.text,
                        "vault home\\x0a: cannot write a\\x09b: No space left on device");
    assert_int_equal(e.scope, LAGAN_SCOPE_INSTANCE);
    assert_int_equal(e.retry_after_ms, 5);
    assert_int_equal(e.native, ENOSPC);
    memset(longer, 'x', sizeof(longer) - 1);
    longer[sizeof(longer) - 1] = '\0';
    error_context(&e, "%s", longer);
    assert_string_equal(e.text, longer);
}

static void error_names_and_statuses(void **state)
{
    struct error e = ERROR_INIT;

    (void)state;
    assert_string_equal(error_code_name(ERROR_WRONG_KEY), "wrong-key");
    assert_string_equal(error_code_name(ERROR_CODE_COUNT), "unknown");
    assert_string_equal(error_class_name(LAGAN_NOT_FOUND), "not-found");
    assert_string_equal(error_class_name(LAGAN_CLASS_COUNT), "unknown");
    error_set(&e, LAGAN_AUTH, ERROR_WRONG_KEY, "no slot opens");
    assert_int_equal(error_exit_status(&e), 12);
    error_set(&e, LAGAN_CANCELLED, ERROR_INTERRUPTED, "stopped");
    assert_int_equal(error_exit_status(&e), 130);
    e.code = 12345;
    assert_int_equal(error_exit_status(&e), 1);
    error_no_memory(&e, "reading");
    assert_int_equal(e.code, ERROR_NO_MEMORY);
    assert_string_equal(e.text, "reading: out of memory");
}

static void error_class_gives_code(void **state)
{
    (void)state;
    assert_int_equal(error_code_of_class(LAGAN_NO_SPACE), ERROR_NO_SPACE);
    assert_int_equal(error_code_of_class(LAGAN_CORRUPT), ERROR_INTEGRITY);
    assert_int_equal(error_code_of_class(LAGAN_BUSY), ERROR_TEMPORARY);
    assert_int_equal(error_code_of_class(LAGAN_CANCELLED), ERROR_INTERRUPTED);
    assert_int_equal(error_code_of_class(LAGAN_DENIED), ERROR_FAILED);
    assert_int_equal(error_code_of_class(LAGAN_CLASS_COUNT), ERROR_FAILED);
    assert_int_equal(error_code_of_class(UINT32_MAX), ERROR_FAILED);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(error_set_fills_all),
    cmocka_unit_test(error_set_escapes),
    cmocka_unit_test(error_set_cuts_whole_characters),
    cmocka_unit_test(error_set_from_itself),
    cmocka_unit_test(error_errno_maps),
    cmocka_unit_test(error_context_prefixes),
    cmocka_unit_test(error_names_and_statuses),
    cmocka_unit_test(error_class_gives_code),
};
UNIT_MAIN(tests)
