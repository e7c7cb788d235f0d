/* SPDX-License-Identifier: Apache-2.0 */
/* stamp.c - see stamp.h. */
#include "engine/stamp.h"

#include "base/text.h"
#include "engine/hold.h"
#include "engine/replicate.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static int tag_time(struct seal *seal, const char *name, int64_t ns, struct error *e)
{
    char text[32];
    if (ns <= 0)
        return 0;
    snprintf(text, sizeof(text), "%" PRId64, ns);
    return seal_add_tag(seal, name, text, e);
}

int stamp_tag(const struct stamp *stamp, int64_t made_ns, struct seal *seal, struct error *e)
{
    if (!stamp)
        return 0;
    int64_t expires_ns =
        stamp->retention ? retention_expiry(stamp->retention, stamp->zone, made_ns) : 0;
    if (seal_add_tag(seal, STAMP_TAG_TRIGGER, stamp->trigger, e) != 0 ||
        seal_add_tag(seal, STAMP_TAG_POLICY, stamp->policy, e) != 0 ||
        tag_time(seal, STAMP_TAG_SLOT, stamp->slot_ns, e) != 0)
        return -1;
    return tag_time(seal, STAMP_TAG_EXPIRES, expires_ns, e);
}

static void read_text(const struct seal *seal, const char *name, char *text, size_t size)
{
    const char *value = replication_tag(seal, name);
    if (value && strlen(value) < size)
        snprintf(text, size, "%s", value);
}

static int64_t read_time(const struct seal *seal, const char *name)
{
    const char *value = replication_tag(seal, name);
    uint64_t number = 0;
    if (!value || text_parse_u64(value, &number) != 0 || number > INT64_MAX)
        return 0;
    return (int64_t)number;
}

void stamp_read(const struct seal *seal, struct catalog_backup *row)
{
    read_text(seal, STAMP_TAG_TRIGGER, row->trigger, sizeof(row->trigger));
    read_text(seal, STAMP_TAG_POLICY, row->policy, sizeof(row->policy));
    read_text(seal, HOLD_TAG_REACHED, row->consistency, sizeof(row->consistency));
    read_text(seal, HOLD_TAG_WANTED, row->consistency_wanted, sizeof(row->consistency_wanted));
    row->slot_ns = read_time(seal, STAMP_TAG_SLOT);
    row->expire_ns = read_time(seal, STAMP_TAG_EXPIRES);
    row->full = (seal->flags & SEAL_FULL) != 0;
}

bool stamp_is_tag(const char *name)
{
    static const char *const names[] = {STAMP_TAG_TRIGGER, STAMP_TAG_POLICY, STAMP_TAG_SLOT,
                                        STAMP_TAG_EXPIRES};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (strcmp(name, names[i]) == 0)
            return true;
    }
    return false;
}
