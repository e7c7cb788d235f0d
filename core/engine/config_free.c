/* SPDX-License-Identifier: Apache-2.0 */
/* config_free.c - freeing a configuration, also one that was read but in part. */
#include "engine/config.h"

#include <stdlib.h>

static void free_texts(char **list, size_t count)
{
    for (size_t i = 0; i < count; i++)
        free(list[i]);
    free(list);
}

static void clear_parameters(struct config_parameter *parameters, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        free(parameters[i].name);
        free(parameters[i].value);
    }
    free(parameters);
}

static void clear_driver(struct config_driver *d)
{
    clear_parameters(d->parameters, d->parameter_count);
    clear_parameters(d->layers, d->layer_count);
    free(d->name);
}

static void clear_region(struct config_region *r)
{
    for (size_t i = 0; i < r->zone_count; i++)
        clear_driver(&r->zones[i]);
    for (size_t i = 0; i < r->domain_count; i++) {
        free(r->domains[i].name);
        free(r->domains[i].value);
    }
    free(r->zones);
    free_texts(r->zone_names, r->zone_count);
    free(r->domains);
    free_texts(r->projects, r->project_count);
    free_texts(r->destinations, r->destination_count);
    free(r->account);
    free(r->key);
    free(r->name);
}

static void clear_notify(struct config_notify *n)
{
    free(n->name);
    free(n->command);
    free(n->mail);
    free(n->webhook);
    free(n->ca_file);
    free(n->header);
    free(n->from);
    free(n->sendmail);
    free(n->severity);
    free_texts(n->events, n->event_count);
}

void config_free(struct config *c)
{
    if (c == NULL)
        return;
    for (size_t i = 0; i < c->region_count; i++)
        clear_region(&c->regions[i]);
    for (size_t i = 0; i < c->default_count; i++)
        clear_driver(&c->defaults[i]);
    for (size_t i = 0; i < c->notify_count; i++)
        clear_notify(&c->notify[i]);
    free(c->regions);
    free(c->defaults);
    free(c->notify);
    free_texts(c->drivers, c->driver_count);
    free_texts(c->files, c->file_count);
    free_texts(c->mirror.distinct, c->mirror.distinct_count);
    free(c->limits.bandwidth);
    free(c->prices.currency);
    free(c->runner.io_class);
    free(c->runner.bandwidth);
    free(c->runner.expire_window);
    free(c->runner.ping);
    free(c->runner.log_format);
    free(c->metrics.file);
    free(c->metrics.listen);
    free(c->path);
    free(c->state);
    free(c);
}
