/* SPDX-License-Identifier: Apache-2.0 */
/* test_cli_output.c - one record, as a table, as a sheet and as JSON. */
#include "unit.h"

#include "cli/output.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Standard output goes to a file while a test writes to it. */
struct captured {
    int saved;
    FILE *file;
    char text[4096];
};

static void capture(struct captured *c)
{
    fflush(stdout);
    c->saved = dup(STDOUT_FILENO);
    c->file = tmpfile();
    assert_non_null(c->file);
    assert_int_equal(dup2(fileno(c->file), STDOUT_FILENO), STDOUT_FILENO);
}

static void release(struct captured *c)
{
    fflush(stdout);
    dup2(c->saved, STDOUT_FILENO);
    close(c->saved);
    rewind(c->file);
    c->text[fread(c->text, 1, sizeof(c->text) - 1, c->file)] = '\0';
    fclose(c->file);
}

static const struct catalog_pair pair_items[] = {
    {(char *)(uintptr_t) "path", (char *)(uintptr_t) "/a b"},
    {(char *)(uintptr_t) "mark", (char *)(uintptr_t) "x"},
    {(char *)(uintptr_t) "mark", (char *)(uintptr_t) "\033y"}};

static void write_record(struct output *o, const char *name, uint64_t bytes)
{
    const struct catalog_pairs pairs = {(struct catalog_pair *)(uintptr_t)pair_items, 3};
    record_begin(o, "thing");
    record_text(o, "name", name);
    record_size(o, "bytes", bytes);
    record_number(o, "big_number", 12345678901);
    record_flag(o, "flag", true);
    record_time(o, "never", 0);
    record_duration(o, "took", INT64_C(1500000000));
    record_pairs(o, "pairs", &pairs);
    record_end(o);
}

static void output_tables(void **state)
{
    static const struct column columns[] = {
        {"bytes", "SIZE", true}, {"name", "NAME", false}, {"flag", "FLAG", false}};
    struct captured c;
    struct output o;
    struct error e = ERROR_INIT;
    (void)state;
    capture(&c);
    output_init(&o, false, false);
    output_table(&o, columns, 3);
    write_record(&o, "änd\033", 1);
    write_record(&o, NULL, 2048);
    output_table_end(&o, "none");
    output_table(&o, columns, 3);
    output_table_end(&o, "none");
    assert_int_equal(output_check(&o, &e), 0);
    output_free(&o);
    release(&c);
    assert_string_equal(c.text, "    SIZE  NAME     FLAG\n"
                                "     1 B  änd\\x1b  yes\n"
                                "2.00 KiB           yes\n"
                                "none\n");
}

static void output_sheets(void **state)
{
    struct captured c;
    struct output o;
    (void)state;
    capture(&c);
    output_init(&o, false, true);
    write_record(&o, "x\ny", 1);
    output_note(&o, "quiet");
    output_line(&o, "line %s", "a\033b");
    output_free(&o);
    release(&c);
    assert_string_equal(c.text, "name:             x\\x0ay\n"
                                "bytes:            1 B\n"
                                "big number:       12345678901\n"
                                "flag:             yes\n"
                                "took:             1.5s\n"
                                "pairs:            path=/a b mark=x mark=\\x1by\n"
                                "line a\\x1bb\n");
}

static void output_json(void **state)
{
    struct captured c;
    struct output o;
    (void)state;
    capture(&c);
    output_init(&o, true, false);
    output_line(&o, "no words");
    write_record(&o, "q\"\n", 1);
    output_free(&o);
    release(&c);
    assert_string_equal(
        c.text, "{\"type\":\"thing\",\"name\":\"q\\\"\\n\",\"name_hex\":\"71220a\",\"bytes\":1,"
                "\"big_number\":12345678901,\"flag\":true,\"never\":null,"
                "\"took\":1.5,\"pairs\":{\"path\":\"/a b\","
                "\"mark\":[\"x\",\"\\u001by\"]}}\n");
}

static void output_failures(void **state)
{
    struct error e = ERROR_INIT;
    struct output o;
    int saved, full;
    (void)state;
    fflush(stdout);
    saved = dup(STDOUT_FILENO);
    full = open("/dev/full", O_WRONLY);
    if (full < 0)
        skip();
    dup2(full, STDOUT_FILENO);
    output_init(&o, false, false);
    output_line(&o, "lost");
    int result = output_check(&o, &e);
    output_line(&o, "lost too");
    dup2(saved, STDOUT_FILENO);
    clearerr(stdout);
    close(saved);
    close(full);
    assert_int_equal(result, -1);
    assert_int_equal(o.failure, ENOSPC);
    assert_int_equal(e.code, ERROR_FAILED);
    output_free(&o);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(output_tables),
        cmocka_unit_test(output_sheets),
        cmocka_unit_test(output_json),
        cmocka_unit_test(output_failures),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
