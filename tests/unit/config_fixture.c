/* SPDX-License-Identifier: Apache-2.0 */
/* config_fixture.c - see config_fixture.h. */
#include "config_fixture.h"

#include "scratch.h"
#include "unit.h"

#include <string.h>

struct config *config_again(struct error *e)
{
    *e = ERROR_INIT;
    return config_load(scratch_path("lagan.conf"), e);
}

struct config *config_text(const char *text, size_t size, struct error *e)
{
    scratch_write("lagan.conf", text, size, 0600);
    return config_again(e);
}

void config_try(const struct config_row *table, size_t count)
{
    size_t wrong = 0;
    struct error e;

    for (size_t i = 0; i < count; i++) {
        struct config *c = config_text(table[i].text, strlen(table[i].text), &e);
        bool accept = *table[i].part == '\0';
        if (c == NULL ? accept || strstr(e.text, table[i].part) == NULL ||
                            strstr(e.text, "lagan.conf") == NULL || e.code != ERROR_CONFIG
                      : !accept) {
            print_error("'%s': %s\n", table[i].text, c != NULL ? "accepted" : e.text);
            wrong++;
        }
        config_free(c);
    }
    print_message("%zu texts\n", count);
    assert_int_equal(wrong, 0);
}
