/* SPDX-License-Identifier: Apache-2.0 */
/* command_usage.c - what was stored, sent and restored, by month, and what it cost. */
#include "cli/session.h"

#include "base/text.h"
#include "catalog/usage.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The lines of the list, kept until the catalog may be asked for names and regions. */
struct lines {
    struct catalog_usage *items;
    size_t count;
};

static int keep(void *context, const struct catalog_usage *usage, struct error *e)
{
    struct lines *lines = context;
    void *grown = reallocarray(lines->items, lines->count + 1, sizeof(*lines->items));
    if (!grown)
        return error_no_memory(e, "usage");
    lines->items = grown;
    lines->items[lines->count++] = *usage;
    return 0;
}

/* Only the internet costs when something is restored (RST-06). */
static double price_of(const struct config_prices *prices, const struct catalog_usage *usage)
{
    switch (usage->kind) {
    case CATALOG_USAGE_STORED:
        return prices->stored;
    case CATALOG_USAGE_REPLICATED:
        return prices->replicated;
    case CATALOG_USAGE_RESTORED:
        return strcmp(usage->route, "internet") == 0 ? prices->restored : 0;
    }
    return 0;
}

static void record_amount(struct session *s, const struct catalog_usage *usage)
{
    const struct config_prices *prices = &setup_config(s->setup)->prices;
    double price = price_of(prices, usage);
    char amount[64];
    if (price <= 0)
        return;
    snprintf(amount, sizeof(amount), "%.4f%s%s", (double)usage->bytes / (1 << 30) * price,
             prices->currency && prices->currency[0] ? " " : "",
             prices->currency ? prices->currency : "");
    record_text(&s->output, "amount", amount);
}

static void record_usage(struct session *s, const struct catalog_usage *usage,
                         const struct catalog_vault *row)
{
    struct output *o = &s->output;
    record_begin(o, "usage");
    record_text(o, "month", usage->month);
    record_text(o, "kind", catalog_usage_kind_name(usage->kind));
    record_text(o, "vault", row ? row->name : "");
    record_id(o, "vault_id", usage->vault);
    record_text(o, "region", row ? row->region : "");
    record_text(o, "route", usage->route);
    record_size(o, "bytes", usage->bytes);
    if (usage->kind == CATALOG_USAGE_STORED)
        record_number(o, "days", usage->samples);
    record_amount(s, usage);
    record_end(o);
}

/* Vaults that are gone are of no region any more. */
static void show(struct session *s, const struct catalog_usage *usage)
{
    const char *region = session_value(s, OPTION_REGION);
    struct error gone = ERROR_INIT;
    struct catalog_vault *row = catalog_vault_get(session_catalog(s), usage->vault, &gone);
    if (!region || (row && strcmp(row->region, region) == 0))
        record_usage(s, usage, row);
    catalog_vault_free(row);
}

static int check_month(const char *month, struct error *e)
{
    static const char form[] = "dddd-dd";
    size_t size = month ? strlen(month) : 0;
    if (!month)
        return 0;
    for (size_t i = 0; size == strlen(form) && i < size; i++)
        if (form[i] == 'd' ? month[i] < '0' || month[i] > '9' : month[i] != form[i])
            size = 0;
    if (size == strlen(form) && strcmp(month + 5, "01") >= 0 && strcmp(month + 5, "12") <= 0)
        return 0;
    return error_set(e, LAGAN_INVALID, ERROR_USAGE, "--month %s: a month is written as 2026-11",
                     month);
}

int command_usage(struct session *s, struct error *e)
{
    static const struct column columns[] = {
        {"month", "MONTH", false}, {"kind", "KIND", false},  {"vault", "VAULT", false},
        {"route", "ROUTE", false}, {"bytes", "BYTES", true}, {"amount", "AMOUNT", true}};
    const char *month = session_value(s, OPTION_MONTH);
    const struct config_region *region = NULL;
    struct catalog_vault *vault = NULL;
    struct lines lines = {0};
    if (check_month(month, e) != 0 || session_setup(s, NEED_CATALOG, e) != 0)
        return -1;
    if (session_given(s, OPTION_REGION) &&
        setup_region(s->setup, session_value(s, OPTION_REGION), &region, e) != 0)
        return -1;
    if (session_given(s, OPTION_VAULT)) {
        vault = catalog_vault_find(session_catalog(s), session_value(s, OPTION_REGION),
                                   session_value(s, OPTION_VAULT), e);
        if (!vault)
            return -1;
    }
    int result = catalog_usage_list(session_catalog(s), month, vault ? vault->uuid : NULL, keep,
                                    &lines, e);
    catalog_vault_free(vault);
    output_table(&s->output, columns, sizeof(columns) / sizeof(columns[0]));
    for (size_t i = 0; result == 0 && i < lines.count; i++)
        show(s, &lines.items[i]);
    output_table_end(&s->output, "nothing yet; `lagan run` samples what is stored once a day");
    free(lines.items);
    return result;
}
