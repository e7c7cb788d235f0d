/* SPDX-License-Identifier: Apache-2.0 */
/* replica_choose.c - the replication vault that replicas go into. */
#include "mirror/replica_private.h"

#include <stdio.h>
#include <string.h>

/* Vaults that fit, while nobody has said which. */
struct search {
    const struct replica_asking *a;
    uint8_t found[CATALOG_ID_SIZE];
    size_t count;
    char names[256]; /* of the first ones */
};

static bool fits(const struct replica_asking *a, const struct catalog_vault *row)
{
    struct error ignored = ERROR_INIT;
    const struct replica_wish wish = {
        .source = a->source, .destination = row, .region = a->to->name};

    return strcmp(row->region, a->to->name) == 0 && strcmp(row->project, a->project) == 0 &&
           replica_subject_fits(&wish, REPLICA_OF_DESTINATION, &ignored) == 0;
}

static int visit(void *context, const struct catalog_vault *row, struct error *e)
{
    struct search *search = context;
    size_t used = strlen(search->names);

    (void)e;
    if (!fits(search->a, row))
        return 0;
    if (search->count++ == 0)
        memcpy(search->found, row->uuid, CATALOG_ID_SIZE);
    snprintf(search->names + used, sizeof(search->names) - used, "%s%s", used ? ", " : "",
             row->name);
    return 0;
}

static int choose_only(struct replica_asking *a, struct error *e)
{
    struct search search = {.a = a};
    struct catalog *catalog = setup_catalog(a->setup);

    if (catalog_vault_list(catalog, visit, &search, e) != 0)
        return -1;
    if (search.count == 0)
        return error_set(e, LAGAN_PRECONDITION, ERROR_REPLICA_VAULT,
                         "the region %s has no available replication vault of type %s in "
                         "project %s; `lagan vault create NAME --region %s --role replication "
                         "--type %s` makes one",
                         a->to->name, catalog_vault_type_name(a->source->type), a->project,
                         a->to->name, catalog_vault_type_name(a->source->type));
    if (search.count > 1)
        return error_set(e, LAGAN_PRECONDITION, ERROR_REPLICA_VAULT,
                         "the region %s has several replication vaults (%s); say with --into "
                         "which one takes the replicas",
                         a->to->name, search.names);
    a->destination = catalog_vault_get(catalog, search.found, e);
    return a->destination != NULL ? 0 : -1;
}

/* One that lies elsewhere is found too, for the rule to say so. */
static int choose_given(struct replica_asking *a, struct error *e)
{
    struct catalog *catalog = setup_catalog(a->setup);
    const char *into = a->request->into;
    struct error elsewhere = ERROR_INIT;

    a->destination = catalog_vault_find(catalog, a->to->name, into, e);
    if (a->destination == NULL && e->code == ERROR_NO_VAULT)
        a->destination = catalog_vault_find(catalog, NULL, into, &elsewhere);
    if (a->destination == NULL)
        return -1;
    *e = ERROR_INIT;
    if (strcmp(a->destination->region, a->to->name) != 0 || a->request->project == NULL ||
        strcmp(a->destination->project, a->project) == 0)
        return 0;
    return error_set(e, LAGAN_PRECONDITION, ERROR_REPLICA_VAULT,
                     "the vault %s is in project %s of region %s, not in %s",
                     a->destination->name, a->destination->project, a->to->name, a->project);
}

int replica_choose(struct replica_asking *a, struct error *e)
{
    return a->request->into != NULL ? choose_given(a, e) : choose_only(a, e);
}
