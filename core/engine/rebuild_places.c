/* SPDX-License-Identifier: Apache-2.0 */
/* rebuild_places.c - finds the vaults on a region's target. */
#include "engine/rebuild.h"

#include <stdio.h>
#include <string.h>

/* A component of a key; longer ones are no vault's. */
enum { COMPONENT_SIZE = LAGAN_KEY_LIMIT + 1 };

static int first_key(void *context, const char *key, uint64_t bytes, struct error *e)
{
    char *first = context;
    (void)bytes;
    (void)e;
    if (!first[0])
        snprintf(first, COMPONENT_SIZE, "%s", key);
    return 0;
}

/* Whether there is any object whose key starts with `prefix`: 1, 0, -1. */
static int has_objects(struct target *target, const char *prefix, struct error *e)
{
    char first[COMPONENT_SIZE] = "";
    bool more = false;
    if (target_list_page(target, prefix, "", 1, first_key, first, &more, e) != 0)
        return -1;
    return first[0] ? 1 : 0;
}

/* Goes from one first component of keys to the next, a page of one object each. */
static int each_component(struct target *target,
                          int (*each)(void *context, const char *prefix, struct error *e),
                          void *context, struct error *e)
{
    char after[COMPONENT_SIZE + 1] = "";
    for (;;) {
        char key[COMPONENT_SIZE] = "";
        char conf[COMPONENT_SIZE + 8];
        bool more = false;
        if (target_list_page(target, "", after, 1, first_key, key, &more, e) != 0)
            return -1;
        if (!key[0])
            return 0;
        char *slash = strchr(key, '/');
        if (!slash) { /* an object at the top belongs to no vault */
            memcpy(after, key, sizeof(key));
            continue;
        }
        *slash = '\0';
        snprintf(conf, sizeof(conf), "%s/conf/", key);
        int vault = has_objects(target, conf, e);
        int result = vault > 0 ? each(context, key, e) : vault;
        if (result != 0)
            return result;
        /* Behind everything that starts with "key/": '0' is the byte after '/'. */
        snprintf(after, sizeof(after), "%s0", key);
    }
}

int rebuild_places(struct setup *s, const struct config_region *region,
                   int (*each)(void *context, const char *prefix, struct error *e),
                   void *context, struct error *e)
{
    struct open_target top = {0};
    if (setup_target_open(s, region, "", LAGAN_OPEN_READ_ONLY, &top, e) != 0)
        return -1;
    int result = has_objects(top.target, "conf/", e);
    if (result > 0)
        result = each(context, "", e);
    else if (result == 0)
        result = each_component(top.target, each, context, e);
    open_target_close(&top);
    return result;
}
