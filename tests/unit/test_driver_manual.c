/* SPDX-License-Identifier: Apache-2.0 */
/* test_driver_manual.c - the PARAMETERS section of each driver's manual page names exactly the
 * parameters of the driver. */
#include "driver/describe.h"
#include "driver_fixture.h"
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The section, from behind its heading to the next one; changes `page`. */
static char *find_section(char *page)
{
    static const char heading[] = "\n.Sh PARAMETERS\n";
    char *section = strstr(page, heading);
    char *end;
    if (!section)
        return NULL;
    section += sizeof heading - 2;
    end = strstr(section, "\n.Sh ");
    if (end)
        end[1] = '\0';
    return section;
}

static bool has_item(const char *section, const char *name)
{
    char item[100];
    snprintf(item, sizeof item, "\n.It Cm %s\n", name);
    return strstr(section, item) != NULL;
}

static size_t count_items(const char *section)
{
    size_t count = 0;
    while ((section = strstr(section, "\n.It ")) != NULL) {
        section++;
        count++;
    }
    return count;
}

static int check_page(void *context, const char *name,
                      const struct driver_description *description, const struct error *refused)
{
    char path[4200];
    const char *source = getenv("abs_top_srcdir");
    const char *folder = context;
    (void)refused;
    assert_non_null(description);
    snprintf(path, sizeof path, "%s/%s/%s/%s.7", source ? source : ".", folder, name, name);
    char *page = fixture_read_text(path);
    char *section = find_section(page);
    if (!section)
        print_error("%s has no section PARAMETERS\n", path);
    assert_non_null(section);
    for (size_t i = 0; i < description->parameter_count; i++) {
        if (!has_item(section, description->parameters[i].name))
            print_error("%s does not explain %s\n", path, description->parameters[i].name);
        assert_true(has_item(section, description->parameters[i].name));
    }
    assert_int_equal(count_items(section), description->parameter_count);
    free(page);
    return 0;
}

static void check_pages(const char *modules, char *sources)
{
    struct driver_host *host = fixture_host(modules);
    struct error e = ERROR_INIT;
    assert_success(driver_list_available(host, check_page, sources, &e), e);
    driver_host_free(host);
}

static void driver_manual_names_the_parameters(void **state)
{
    char plugins[] = "plugins";
    char examples[] = "doc/examples";
    (void)state;
    check_pages("drivers", plugins);
    check_pages("example-drivers", examples);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(driver_manual_names_the_parameters),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
