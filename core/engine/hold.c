/* SPDX-License-Identifier: Apache-2.0 */
/* hold.c - see hold.h. */
#include "engine/hold.h"

#include "base/log.h"
#include "catalog/policy.h"

#include <string.h>

static void warn(struct hold *h, const struct error *why)
{
    log_write(LOG_WARNING, "hook", "%s", why->text);
    if (h->warning.error_class == LAGAN_OK)
        h->warning = *why;
}

static int read_settings(struct hold *h, const struct hold_request *request, struct error *e)
{
    enum policy_consistency wanted = POLICY_CONSISTENCY_NONE;
    size_t count = 0;
    if (catalog_source_settings_get(request->catalog, request->source, &h->settings, e) != 0 ||
        hook_consistency_read(&h->settings, &wanted, e) != 0)
        return -1;
    h->wanted = wanted > request->wanted ? wanted : request->wanted;
    if (request->policy)
        h->sets[count++] = *request->policy;
    if (hook_set_read(&h->settings, &h->sets[count], e) != 0)
        return -1;
    h->hooks = hooks_new(h->sets, count + 1, e);
    return h->hooks ? 0 : -1;
}

int hold_begin(struct hold *h, const struct hold_request *request, struct error *e)
{
    struct error why = ERROR_INIT;
    bool frozen = false, freezes = false;
    *h = (struct hold){.facts = request->facts};
    if (read_settings(h, request, e) != 0)
        return error_context(e, "the settings of the source");
    for (size_t i = 0; i < sizeof(h->sets) / sizeof(h->sets[0]); i++)
        freezes = freezes || h->sets[i].commands[HOOK_FREEZE];
    if (hooks_begin(h->hooks, &h->facts, &frozen, &why, e) != 0)
        return -1;
    if (!frozen)
        h->why = why;
    if (!frozen && freezes)
        warn(h, &why);
    if (hooks_path(h->hooks))
        hold_release(h); /* the snapshot is made */
    return 0;
}

const char *hold_path(const struct hold *h)
{
    return h->hooks ? hooks_path(h->hooks) : NULL;
}

/* Says why less was reached than was wanted. */
static void explain(struct hold *h)
{
    struct error why = h->why;
    h->why = ERROR_INIT;
    if (h->reached >= h->wanted)
        return;
    if (why.error_class == LAGAN_OK)
        error_set(&why, LAGAN_IO, ERROR_HOOK_FAILED, "the freeze commands reach no more");
    h->why = why;
}

void hold_release(struct hold *h)
{
    struct error why = ERROR_INIT;
    if (!h->hooks)
        return;
    if (h->released && !hooks_path(h->hooks)) {
        h->reached = POLICY_CONSISTENCY_NONE;
        error_set(&h->why, LAGAN_CHANGED, ERROR_HOOK_FAILED,
                  "the source had to be read again after it was thawed");
        explain(h);
    }
    if (h->released)
        return;
    h->released = true;
    if (hooks_thaw(h->hooks, &h->facts, &why) != 0) {
        if (h->why.error_class == LAGAN_OK)
            h->why = why;
        warn(h, &why);
    }
    h->reached = hooks_reached(h->hooks);
    explain(h);
}

int hold_tag(const struct hold *h, struct seal *seal, struct error *e)
{
    if (seal_add_tag(seal, HOLD_TAG_REACHED, policy_consistency_name(h->reached), e) != 0 ||
        seal_add_tag(seal, HOLD_TAG_WANTED, policy_consistency_name(h->wanted), e) != 0)
        return -1;
    if (h->why.error_class == LAGAN_OK)
        return 0;
    return seal_add_tag(seal, HOLD_TAG_WHY, h->why.text, e);
}

void hold_end(struct hold *h, const char *backup, const char *status, const struct error *why)
{
    struct hook_facts facts = h->facts;
    struct error failure = ERROR_INIT;
    if (!h->hooks)
        return;
    facts.backup = backup;
    facts.status = status;
    facts.error = why ? why->text : NULL;
    if (hooks_end(h->hooks, &facts, &failure) != 0)
        warn(h, &failure);
}

void hold_free(struct hold *h)
{
    hooks_free(h->hooks);
    catalog_pairs_clear(&h->settings);
    *h = (struct hold){0};
}

/* NONE for what is not known. */
static enum policy_consistency parse(const char *text)
{
    enum policy_consistency found = POLICY_CONSISTENCY_APP;
    while (found > POLICY_CONSISTENCY_NONE && strcmp(policy_consistency_name(found), text) != 0)
        found--;
    return found;
}

bool hold_is_less(const struct catalog_backup *row)
{
    return parse(row->consistency) < parse(row->consistency_wanted);
}
