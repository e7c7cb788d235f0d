/* SPDX-License-Identifier: Apache-2.0 */
/* target_names.c - copies and new names of a target's objects, and the time of its store. */
#include "base/object.h"
#include "driver/spool.h"
#include "driver/target_private.h"
#include "driver/zones_private.h"

#include <unistd.h>

/* An object on its way through a private file. */
struct passage {
    int file;
    uint64_t bytes;
};

static int take_piece(void *context, const void *data, size_t size, struct error *e)
{
    struct passage *p = context;
    if (spool_write(p->file, p->bytes, data, size, e) != 0)
        return -1;
    p->bytes += size;
    return 0;
}

static uint32_t read_piece(void *context, uint64_t offset, void *data, size_t size)
{
    const struct passage *p = context;
    struct error ignored = ERROR_INIT;
    return spool_read(p->file, offset, data, size, &ignored) == 0 ? LAGAN_OK : LAGAN_IO;
}

/* Reads and puts: for what no single driver can copy. */
static int copy_through(struct target *t, const char *from, const char *to, struct error *e)
{
    struct passage p = {.file = spool_open(e)};
    struct lagan_content content = {.context = &p, .read = read_piece};
    int result;
    if (p.file < 0)
        return -1;
    result = target_get_to(t, from, 0, LAGAN_TO_THE_END, take_piece, &p, e);
    if (result == 0)
        result = target_put_content(t, to, p.bytes, &content, NULL, e);
    close(p.file);
    return result;
}

static int check_keys(const struct target *t, const char *verb, const char *from,
                      const char *to, struct error *e)
{
    if (target_check_key(t, verb, from, e) != 0)
        return -1;
    return target_check_key(t, verb, to, e);
}

int target_copy_object(struct target *t, const char *from, const char *to, struct error *e)
{
    struct call c = {.verb = CALL_COPY, .with.copy = {from, to, LAGAN_PUT_IF_ABSENT}};
    struct operation o;
    if (check_keys(t, "copy", from, to, e) != 0)
        return -1;
    if (t->zones || t->capabilities.copy == LAGAN_SUPPORT_NONE)
        return copy_through(t, from, to, e);
    return operation_end(&o, target_call(t, &o, &c), e, "copy %s to %s", from, to);
}

int target_rename(struct target *t, const char *from, const char *to, struct error *e)
{
    struct call c = {.verb = CALL_RENAME, .with.copy = {from, to, LAGAN_PUT_IF_ABSENT}};
    struct operation o;
    if (check_keys(t, "rename", from, to, e) != 0)
        return -1;
    if (!t->zones && t->capabilities.rename != LAGAN_SUPPORT_NONE)
        return operation_end(&o, target_call(t, &o, &c), e, "rename %s to %s", from, to);
    if (target_copy_object(t, from, to, e) != 0)
        return -1;
    if (target_remove(t, from, e) == 0)
        return 0;
    e->outcome = LAGAN_OUTCOME_UNKNOWN;
    return -1;
}

static struct target *first_zone(const struct zones *z)
{
    for (size_t i = 0; i < z->count; i++)
        if (zone_reads(&z->zone[i]))
            return z->zone[i].target;
    return NULL;
}

int target_clock(struct target *t, int64_t *now_ns, struct error *e)
{
    struct target *asked;
    int64_t told = 0;
    struct call c = {.verb = CALL_CLOCK, .with.clock = &told};
    struct operation o;
    OBJECT_CHECK(t, TARGET_MAGIC);
    asked = t->zones ? first_zone(t->zones) : t;
    if (!asked)
        return zones_missing(t->zones, "clock", "", e);
    if (operation_end(&o, target_call(asked, &o, &c), e, "clock") < 0)
        return -1;
    *now_ns = told;
    return 0;
}
