/* SPDX-License-Identifier: Apache-2.0 */
/* tell.c - see tell.h. */
#include "mirror/tell.h"

#include "base/text.h"
#include "engine/tell.h"
#include "mirror/state.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The name of a vault; its id when the catalog does not know it any more. */
static void name_of(struct setup *s, const uint8_t vault[CATALOG_ID_SIZE],
                    char name[CATALOG_TEXT_SIZE])
{
    struct error ignored = ERROR_INIT;
    struct catalog_vault *row = catalog_vault_get(setup_catalog(s), vault, &ignored);

    if (row != NULL)
        memcpy(name, row->name, CATALOG_TEXT_SIZE);
    else
        text_hex(vault, CATALOG_ID_SIZE, name);
    catalog_vault_free(row);
}

static int tell_of(struct setup *s, enum tell_event event, const uint8_t vault[CATALOG_ID_SIZE],
                   const char *what, const char *body, struct error *e)
{
    char name[CATALOG_TEXT_SIZE], subject[CATALOG_TEXT_SIZE];
    struct tell_notice notice = {.event = event, .subject = subject, .body = body};

    name_of(s, vault, name);
    snprintf(subject, sizeof(subject), "mirror %.120s %s", name, what);
    return tell(s, &notice, e);
}

/* Whether a lag was told of already stands in the catalog, as runners come and go. */
static int tell_lag(struct setup *s, const struct catalog_mirror *now,
                    const struct catalog_lag *lag, int64_t now_ns, struct error *e)
{
    struct catalog *c = setup_catalog(s);
    struct mirror_progress progress;
    struct error why = ERROR_INIT;
    char setting[80] = "told-lag:", age[TEXT_SIZE_SIZE], limit[TEXT_SIZE_SIZE];
    char bytes[TEXT_SIZE_SIZE], body[300];

    text_hex(now->vault, CATALOG_ID_SIZE, setting + strlen(setting));
    mirror_progress(now, lag, now_ns, &progress);
    char *told = catalog_setting_get(c, setting, &why);
    bool known = told != NULL && told[0] != '\0';
    free(told);
    if (known == !progress.rpo_holds)
        return 0;
    if (catalog_setting_set(c, setting, progress.rpo_holds ? "" : "1", e) != 0)
        return -1;
    if (progress.rpo_holds)
        return 0;
    if (catalog_mirror_breach(c, now->vault, e) != 0)
        return -1;
    text_format_duration(progress.lag_ns, age);
    text_format_duration(now->rpo_ns, limit);
    text_format_size(lag->bytes, bytes);
    snprintf(body, sizeof(body),
             "It is %s behind its vault, and may be %s: %llu backups (%s) are not there yet.",
             age, limit, (unsigned long long)lag->backups, bytes);
    return tell_of(s, TELL_MIRROR_LAGS, now->vault, "lags", body, e);
}

int mirror_tell_change(struct setup *s, const struct catalog_mirror *before,
                       const struct catalog_mirror *now, const struct catalog_lag *lag,
                       int64_t now_ns, struct error *e)
{
    if (now->state == CATALOG_MIRROR_ERROR && before->state != CATALOG_MIRROR_ERROR &&
        tell_of(s, TELL_MIRROR_ERROR, now->vault, "is in error",
                now->why.error_class != LAGAN_OK ? now->why.text
                                                 : "`lagan task dead` shows what was given up.",
                e) != 0)
        return -1;
    if (now->braked_ns != 0 && before->braked_ns == 0 &&
        tell_of(s, TELL_MIRROR_BRAKED, now->vault, "is braked",
                "Too many backups were deleted within a day: the deletions wait until `lagan "
                "mirror release` says that they were meant.",
                e) != 0)
        return -1;
    return tell_lag(s, now, lag, now_ns, e);
}

int mirror_tell_given_up(struct setup *s, const struct catalog_item *item,
                         const struct error *why, struct error *e)
{
    char name[CATALOG_TEXT_SIZE], subject[CATALOG_TEXT_SIZE];
    struct buffer body CLEANUP_BUFFER = BUFFER_INIT;
    struct tell_notice notice = {.event = TELL_GIVEN_UP, .subject = subject};

    name_of(s, item->lane, name);
    snprintf(subject, sizeof(subject), "given up for %.120s: %s %s", name,
             catalog_operation_name(item->operation), item->subject);
    buffer_append_format(&body,
                         "%s\n`lagan task dead` shows each attempt, `lagan task retry` "
                         "starts it again.",
                         why->text);
    buffer_append_u8(&body, 0);
    if (buffer_check(&body, e) != 0)
        return -1;
    notice.body = (const char *)body.data;
    return tell(s, &notice, e);
}
