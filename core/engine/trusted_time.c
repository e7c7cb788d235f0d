/* SPDX-License-Identifier: Apache-2.0 */
/* trusted_time.c - see trusted_time.h. */
#include "engine/trusted_time.h"

#include "base/clock.h"
#include "catalog/audit.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SETTING "trusted_time"
#define MARK_EVERY_NS (INT64_C(3600) * 1000000000)

enum { MARK_SIZE = 160 };

/* A mark that cannot be read counts as none: whoever can write to the catalog could take it
 * away as well. */
static bool parse_mark(const char *text, struct trust_mark *mark)
{
    struct trust_mark made = {.trusted_ns = 0};
    int end = 0;
    if (sscanf(text, "%" SCNd64 " %" SCNd64 " %" SCNd64 " %39s%n", &made.trusted_ns,
               &made.wall_ns, &made.boot_ns, made.boot_id, &end) != 4 ||
        text[end] != '\0')
        return false;
    *mark = made;
    return true;
}

static int read_mark(struct catalog *c, struct trust_mark *mark, struct error *e)
{
    struct error why = ERROR_INIT;
    char *text = catalog_setting_get(c, SETTING, &why);
    *mark = (struct trust_mark){.trusted_ns = 0};
    if (!text && why.error_class != LAGAN_OK) {
        *e = why;
        return -1;
    }
    if (text)
        parse_mark(text, mark);
    free(text);
    return 0;
}

static int write_mark(struct catalog *c, const struct trust_mark *mark, struct error *e)
{
    char text[MARK_SIZE];
    snprintf(text, sizeof(text), "%" PRId64 " %" PRId64 " %" PRId64 " %s", mark->trusted_ns,
             mark->wall_ns, mark->boot_ns, mark->boot_id[0] ? mark->boot_id : "-");
    return catalog_setting_set(c, SETTING, text, e);
}

static enum trust_verdict advance(const struct trust_mark *last, struct trust_mark *next)
{
    char boot[CLOCK_BOOT_ID_SIZE];
    clock_boot_id(boot);
    return trust_advance(last, clock_wall_ns(), clock_boot_ns(), boot, false, next);
}

static bool is_due(const struct trust_mark *last, const struct trust_mark *next)
{
    return last->trusted_ns == 0 || strcmp(last->boot_id, next->boot_id) != 0 ||
           next->boot_ns - last->boot_ns >= MARK_EVERY_NS;
}

int trusted_time_read(struct catalog *c, struct trusted_time *time, struct error *e)
{
    struct trust_mark last, next;
    if (catalog_begin(c, e) != 0)
        return -1;
    if (read_mark(c, &last, e) != 0) {
        catalog_rollback(c);
        return -1;
    }
    enum trust_verdict verdict = advance(&last, &next);
    bool good = verdict == TRUST_FIRST || verdict == TRUST_GOOD;
    if (good && is_due(&last, &next) && write_mark(c, &next, e) != 0) {
        catalog_rollback(c);
        return -1;
    }
    if (catalog_commit(c, e) != 0)
        return -1;
    *time = (struct trusted_time){
        .now_ns = next.trusted_ns < next.wall_ns ? next.trusted_ns : next.wall_ns,
        .wall_ns = next.wall_ns,
        .verdict = verdict,
        .doubtful = !good,
    };
    return 0;
}

int trusted_time_accept(struct catalog *c, struct error *e)
{
    static const struct trust_mark none;
    struct trust_mark mark;
    char now[CLOCK_TEXT_SIZE];
    advance(&none, &mark);
    clock_format_utc(mark.wall_ns, now);
    if (catalog_begin(c, e) != 0)
        return -1;
    if (write_mark(c, &mark, e) != 0 ||
        catalog_audit_add(c, CATALOG_EVENT_EXPIRY_RELEASE, "clock", e,
                          "the clock was said to be right at %s", now) != 0) {
        catalog_rollback(c);
        return -1;
    }
    return catalog_commit(c, e);
}

void trusted_time_explain(const struct trusted_time *time, char *text, size_t size)
{
    static const char *const sentences[] = {
        [TRUST_FIRST] = "the clock is taken as it is",
        [TRUST_GOOD] = "the clock is as it should be",
        [TRUST_AHEAD] = "the clock is ahead of the time that has passed",
        [TRUST_BEHIND] = "the clock was set back",
        [TRUST_WAS_OFF] = "this machine was off for longer than is believed",
    };
    char wall[CLOCK_TEXT_SIZE], trusted[CLOCK_TEXT_SIZE];
    clock_format_utc(time->wall_ns, wall);
    clock_format_utc(time->now_ns, trusted);
    if (!time->doubtful)
        snprintf(text, size, "%s", sentences[time->verdict]);
    else
        snprintf(text, size,
                 "%s: it says %s, and by no more than %s can be relied on; nothing goes by "
                 "time until it is right, or `lagan policy release --clock` says that it is",
                 sentences[time->verdict], wall, trusted);
}
