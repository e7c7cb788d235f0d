/* SPDX-License-Identifier: Apache-2.0 */
/* test_driver_host.c - which modules are loaded, which are refused, and with which words. */
#include "driver/describe.h"
#include "driver_fixture.h"
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void expect_one_sentence(const char *text, const char *file)
{
    assert_non_null(strstr(text, file));
    assert_null(strchr(text, '\n'));
    assert_true(text[strlen(text) - 1] != '.');
}

static void driver_host_loads_and_tells(void **state)
{
    struct driver_host *host = fixture_host("test-drivers");
    struct error e = ERROR_INIT;
    const struct driver *d = driver_load(host, "tgt_probe", &e);
    (void)state;
    assert_success(d ? 0 : -1, e);
    assert_string_equal(driver_name(d), "tgt_probe");
    assert_string_equal(driver_version(d), "0.9");
    assert_string_equal(driver_licence(d), "Apache-2.0");
    assert_string_equal(driver_home(d), "https://example.org/probe");
    assert_int_equal(driver_kind(d), LAGAN_KIND_TARGET);
    assert_int_equal(driver_threads(d), LAGAN_THREADS_SERIAL_DRIVER);
    assert_int_equal(driver_abi_major(d), LAGAN_ABI_MAJOR);
    assert_int_equal(driver_parameter_count(d), 10);
    assert_string_equal(driver_parameter_marked(d, LAGAN_PARAMETER_BARE)->name, "label");
    assert_null(driver_parameter_marked(d, LAGAN_PARAMETER_PLACE));
    assert_null(driver_parameter_find(d, "nothing"));
    assert_ptr_equal(driver_load(host, "tgt_probe", &e), d);
    driver_host_free(host);
}

static void driver_host_tells_slots(void **state)
{
    struct driver_host *host = fixture_host("test-drivers");
    struct error e = ERROR_INIT;
    const struct driver *d = driver_load(host, "tgt_probe", &e);
    size_t present = 0;
    (void)state;
    assert_non_null(d);
    assert_int_equal(driver_slot_count(d), 9 + 20);
    assert_string_equal(driver_slot(d, 0).name, "load");
    assert_false(driver_slot(d, 0).present);
    assert_string_equal(driver_slot(d, 9).name, "capabilities");
    assert_true(driver_slot(d, 9).mandatory);
    assert_string_equal(driver_slot(d, 21).name, "sweep");
    for (size_t i = 0; i < driver_slot_count(d); i++)
        present += driver_slot(d, i).present;
    assert_int_equal(present, 8 + 8);
    driver_host_free(host);
}

static void driver_host_checks_kind(void **state)
{
    struct driver_host *host = fixture_host("test-drivers");
    struct error e = ERROR_INIT;
    (void)state;
    assert_non_null(driver_load_kind(host, "key_file", LAGAN_KIND_KEY, &e));
    assert_null(driver_load_kind(host, "key_file", LAGAN_KIND_TARGET, &e));
    assert_error(e, LAGAN_INVALID, "key_file is of kind key");
    driver_host_free(host);
}

static void driver_host_refuses_names(void **state)
{
    static const char *const names[] = {
        "../tgt_dir", "/tgt_dir", "Tgt",
        "tgt-dir",    "",         "1tgt",
        "tgt_dir.so", "tgt dir",  "tgt_a_name_that_is_too_long_to_be_taken"};
    struct driver_host *host = fixture_host("test-drivers");
    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        struct error e = ERROR_INIT;
        assert_null(driver_load(host, names[i], &e));
        assert_error(e, LAGAN_INVALID, "there is no driver");
        assert_int_equal(e.code, ERROR_NO_DRIVER);
    }
    struct error e = ERROR_INIT;
    assert_null(driver_load(host, "tgt_missing", &e));
    assert_error(e, LAGAN_NOT_FOUND, "tgt_missing.so does not exist");
    assert_int_equal(e.code, ERROR_NO_DRIVER);
    driver_host_free(host);
}

/* Each module and a part of the sentence that refuses it; NULL = must load. */
static const struct {
    const char *name;
    const char *reason;
} modules[] = {
    {"tgt_sound", NULL},
    {"tgt_minor", NULL},
    {"tgt_old", NULL},
    {"tgt_first", NULL},
    {"tgt_magic", "magic word"},
    {"tgt_short", "too short (64 bytes"},
    {"tgt_stub", "too short (4 bytes)"},
    {"tgt_major", "built for ABI 2.4 and this program has ABI 1.4"},
    {"tgt_slot", "lacks the function \"put\""},
    {"tgt_stages", "lacks the function \"stage_write\""},
    {"tgt_symbol", "undefined symbol: symbol_that_nobody_defines"},
    {"tgt_name", "calls itself \"tgt_somebody_else\""},
    {"tgt_feature", "requires a feature of the program that this one does not have (bits 0x1"},
    {"tgt_pointer", "pointers of 2 bytes"},
    {"tgt_offset", "file offsets of 4 bytes"},
    {"tgt_kind", "it is a key driver, and its name does not say so"},
    {"tgt_threads", "thread model (9)"},
    {"tgt_version", "has no version"},
    {"tgt_table", "table of functions is too short"},
    {"tgt_null", "hands out no descriptor"},
    {"tgt_export", "does not export tgt_export_LTX_lagan_driver"},
    {"tgt_default", "\"much\" is not a size"},
    {"tgt_type", "parameter odd has a type (99)"},
    {"tgt_bare", "more than one parameter takes the bare word"},
    {"tgt_configure", "lacks the function \"configure\""},
};

static void driver_host_judges_descriptors(void **state)
{
    struct driver_host *host = fixture_host("broken-drivers");
    (void)state;
    for (size_t i = 0; i < sizeof modules / sizeof modules[0]; i++) {
        struct error e = ERROR_INIT;
        const struct driver *d = driver_load(host, modules[i].name, &e);
        char file[64];
        snprintf(file, sizeof file, "/%s.so", modules[i].name);
        if (!modules[i].reason) {
            assert_success(d ? 0 : -1, e);
            continue;
        }
        if (d)
            print_error("%s was accepted\n", modules[i].name);
        assert_null(d);
        assert_error(e, e.error_class, modules[i].reason);
        assert_int_equal(e.code, ERROR_DRIVER_REFUSED);
        expect_one_sentence(e.text, file);
        assert_null(driver_load(host, modules[i].name, &e));
    }
    driver_host_free(host);
}

static void driver_host_accepts_newer_minor(void **state)
{
    struct driver_host *host = fixture_host("broken-drivers");
    struct error e = ERROR_INIT;
    const struct driver *d = driver_load(host, "tgt_minor", &e);
    (void)state;
    assert_non_null(d);
    assert_int_equal(driver_abi_minor(d), LAGAN_ABI_MINOR + 7);
    /* Slots that this program does not know are not taken for known ones. */
    assert_int_equal(driver_slot_count(d), 9 + 20);
    assert_false(driver_slot(d, 21).present);
    driver_host_free(host);
}

static void driver_host_accepts_shorter_tables(void **state)
{
    struct driver_host *host = fixture_host("broken-drivers");
    struct error e = ERROR_INIT;
    const struct driver *d = driver_load(host, "tgt_old", &e);
    (void)state;
    assert_success(d ? 0 : -1, e);
    /* What lies behind the table's end is not a slot. */
    assert_string_equal(driver_slot(d, 21).name, "sweep");
    assert_false(driver_slot(d, 21).present);
    driver_host_free(host);
}

static void driver_host_reports_failed_load(void **state)
{
    struct driver_host *host = fixture_host("broken-drivers");
    struct error e = ERROR_INIT;
    (void)state;
    assert_null(driver_load(host, "tgt_load", &e));
    assert_error(e, LAGAN_INTERNAL, "the library below is too old");
    assert_non_null(strstr(e.text, "tgt_load"));
    driver_host_free(host);
}

static void driver_host_describes_in_child(void **state)
{
    struct driver_host *host = fixture_host("test-drivers");
    struct error e = ERROR_INIT;
    struct driver_description *told = driver_describe_in_child(host, "tgt_probe", &e);
    const struct driver *d = driver_load(host, "tgt_probe", &e);
    (void)state;
    assert_success(told ? 0 : -1, e);
    assert_string_equal(told->name, "tgt_probe");
    assert_string_equal(told->path, driver_path(d));
    assert_string_equal(told->home, driver_home(d));
    assert_int_equal(told->kind, LAGAN_KIND_TARGET);
    assert_int_equal(told->parameter_count, driver_parameter_count(d));
    for (size_t i = 0; i < told->parameter_count; i++) {
        const struct lagan_parameter *row = driver_parameter(d, i);
        assert_string_equal(told->parameters[i].name, row->name);
        assert_string_equal(told->parameters[i].help, row->help);
        assert_int_equal(told->parameters[i].minimum, row->minimum);
        assert_int_equal(told->parameters[i].flags, row->flags);
    }
    assert_string_equal(told->parameters[6].choices, "red|green|blue");
    assert_null(told->parameters[0].default_value);
    assert_int_equal(told->slot_count, driver_slot_count(d));
    assert_string_equal(told->slots[9].name, "capabilities");
    driver_description_free(told);
    driver_host_free(host);
}

static void driver_host_survives_crashes(void **state)
{
    struct driver_host *host = fixture_host("broken-drivers");
    struct error e = ERROR_INIT;
    (void)state;
    assert_null(driver_describe_in_child(host, "tgt_crash", &e));
    assert_int_equal(e.code, ERROR_DRIVER_REFUSED);
    assert_error(e, LAGAN_INTERNAL, "when asked to describe itself");
    expect_one_sentence(e.text, "/tgt_crash.so");
    assert_null(driver_describe_in_child(host, "tgt_exit", &e));
    assert_error(e, LAGAN_INTERNAL, "exit status 3");
    expect_one_sentence(e.text, "/tgt_exit.so");
    assert_null(driver_describe_in_child(host, "tgt_magic", &e));
    assert_error(e, LAGAN_UNSUPPORTED, "magic word");
    assert_null(driver_describe_in_child(host, "no_such", &e));
    assert_error(e, LAGAN_NOT_FOUND, "does not exist");
    driver_host_free(host);
}

/* What a listing showed. */
struct shown {
    char last[DRIVER_NAME_LIMIT + 1];
    size_t described;
    size_t refused;
};

static int show(void *context, const char *name, const struct driver_description *description,
                const struct error *refused)
{
    struct shown *shown = context;
    assert_true(strcmp(name, shown->last) > 0);
    snprintf(shown->last, sizeof shown->last, "%s", name);
    shown->described += description != NULL;
    shown->refused += refused != NULL;
    assert_true((description != NULL) != (refused != NULL));
    return 0;
}

static void driver_host_lists_without_loading(void **state)
{
    struct driver_host *host = fixture_host("broken-drivers");
    struct shown shown = {.last = ""};
    struct error e = ERROR_INIT;
    (void)state;
    assert_success(driver_list_available(host, show, &shown, &e), e);
    assert_int_equal(shown.described, 4);
    /* Those of the table that are refused, and load, crash and exit. */
    assert_int_equal(shown.refused, sizeof modules / sizeof modules[0] - 4 + 3);
    driver_host_free(host);
}

/* A folder with a copy of a sound module, to be spoilt. */
struct place {
    char *scratch;
    char file[4200];
    struct driver_host *host;
};

static void copy_module(const char *to)
{
    char command[9000];
    snprintf(command, sizeof command, "cp '%s/tgt_sound.so' '%s' && chmod 755 '%s'",
             fixture_folder("broken-drivers"), to, to);
    assert_int_equal(system(command), 0);
}

static struct place place_new(void)
{
    struct place p = {.scratch = fixture_scratch()};
    struct error e = ERROR_INIT;
    snprintf(p.file, sizeof p.file, "%s/tgt_sound.so", p.scratch);
    copy_module(p.file);
    p.host = driver_host_new(p.scratch, &e);
    assert_success(p.host ? 0 : -1, e);
    return p;
}

static void place_free(struct place *p)
{
    driver_host_free(p->host);
    chmod(p->scratch, 0700);
    fixture_scratch_remove(p->scratch);
}

static void expect_refusal(struct place *p, const char *part)
{
    struct error e = ERROR_INIT;
    assert_null(driver_load(p->host, "tgt_sound", &e));
    assert_error(e, LAGAN_DENIED, part);
    assert_int_equal(e.code, ERROR_DRIVER_REFUSED);
    expect_one_sentence(e.text, p->scratch);
}

static void driver_host_accepts_a_private_copy(void **state)
{
    struct place p = place_new();
    struct error e = ERROR_INIT;
    (void)state;
    assert_success(driver_load(p.host, "tgt_sound", &e) ? 0 : -1, e);
    place_free(&p);
}

static void driver_host_refuses_writable_file(void **state)
{
    struct place p = place_new();
    (void)state;
    chmod(p.file, 0757);
    expect_refusal(&p, "others can write to it");
    chmod(p.file, 0775);
    expect_refusal(&p, "others can write to it");
    place_free(&p);
}

static void driver_host_refuses_writable_folder(void **state)
{
    struct place p = place_new();
    (void)state;
    chmod(p.scratch, 0777);
    expect_refusal(&p, "others can write to it (mode 0777)");
    chmod(p.scratch, 01777); /* sticky helps folders above, not this one */
    expect_refusal(&p, "others can write to it (mode 1777)");
    place_free(&p);
}

static void driver_host_refuses_writable_folder_above(void **state)
{
    struct place p = place_new();
    struct error e = ERROR_INIT;
    char above[4200];
    char inner[4300];
    (void)state;
    snprintf(above, sizeof above, "%s/above", p.scratch);
    snprintf(inner, sizeof inner, "%s/drivers", above);
    assert_int_equal(mkdir(above, 0755) | mkdir(inner, 0755), 0);
    chmod(above, 0777);
    assert_null(driver_host_new(inner, &e));
    assert_error(e, LAGAN_DENIED, "/above is refused: others can write to it");
    chmod(above, 01777);
    struct driver_host *host = driver_host_new(inner, &e);
    assert_success(host ? 0 : -1, e);
    driver_host_free(host);
    place_free(&p);
}

static void driver_host_refuses_links(void **state)
{
    struct place p = place_new();
    char other[4300];
    (void)state;
    snprintf(other, sizeof other, "%s/elsewhere", p.scratch);
    assert_int_equal(rename(p.file, other), 0);
    assert_int_equal(symlink(other, p.file), 0);
    expect_refusal(&p, "symbolic link");
    place_free(&p);
}

static void driver_host_refuses_other_types(void **state)
{
    struct place p = place_new();
    (void)state;
    assert_int_equal(unlink(p.file), 0);
    assert_int_equal(mkfifo(p.file, 0600), 0);
    expect_refusal(&p, "not a regular file");
    assert_int_equal(unlink(p.file), 0);
    fixture_write_text(p.file, "no shared object at all", 0755);
    expect_refusal(&p, "/tgt_sound.so is refused: file too short");
    place_free(&p);
}

static void driver_host_refuses_other_owners(void **state)
{
    (void)state;
    if (geteuid() != 0) {
        print_message("needs root\n");
        skip();
    }
    struct place p = place_new();
    assert_int_equal(chown(p.file, 65534, 65534), 0);
    expect_refusal(&p, "belongs neither to root nor");
    assert_int_equal(chown(p.file, 0, 0) | chown(p.scratch, 65534, 65534), 0);
    expect_refusal(&p, "belongs to user 65534");
    assert_int_equal(chown(p.scratch, 0, 0), 0);
    place_free(&p);
}

static void driver_host_refuses_folders(void **state)
{
    struct error e = ERROR_INIT;
    (void)state;
    assert_null(driver_host_new("relative/drivers", &e));
    assert_error(e, LAGAN_INVALID, "not an absolute path");
    assert_null(driver_host_new("/no/such/folder", &e));
    assert_error(e, LAGAN_NOT_FOUND, "/no/such/folder");
    assert_int_equal(e.code, ERROR_CONFIG);
}

static void driver_host_clears_the_environment(void **state)
{
    struct driver_host *host = fixture_host("test-drivers");
    (void)state;
    assert_null(getenv("LD_LIBRARY_PATH"));
    assert_null(getenv("LTDL_LIBRARY_PATH"));
    driver_host_free(host);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(driver_host_clears_the_environment),
        cmocka_unit_test(driver_host_loads_and_tells),
        cmocka_unit_test(driver_host_tells_slots),
        cmocka_unit_test(driver_host_checks_kind),
        cmocka_unit_test(driver_host_refuses_names),
        cmocka_unit_test(driver_host_judges_descriptors),
        cmocka_unit_test(driver_host_accepts_newer_minor),
        cmocka_unit_test(driver_host_accepts_shorter_tables),
        cmocka_unit_test(driver_host_reports_failed_load),
        cmocka_unit_test(driver_host_describes_in_child),
        cmocka_unit_test(driver_host_survives_crashes),
        cmocka_unit_test(driver_host_lists_without_loading),
        cmocka_unit_test(driver_host_accepts_a_private_copy),
        cmocka_unit_test(driver_host_refuses_writable_file),
        cmocka_unit_test(driver_host_refuses_writable_folder),
        cmocka_unit_test(driver_host_refuses_writable_folder_above),
        cmocka_unit_test(driver_host_refuses_links),
        cmocka_unit_test(driver_host_refuses_other_types),
        cmocka_unit_test(driver_host_refuses_other_owners),
        cmocka_unit_test(driver_host_refuses_folders),
    };
    /* What a careless environment would bring; the first host must remove it. */
    setenv("LTDL_LIBRARY_PATH", "/tmp", 1);
    setenv("LD_LIBRARY_PATH", "/tmp", 1);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
