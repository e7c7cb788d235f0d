/* SPDX-License-Identifier: Apache-2.0 */
/* tell_private.h - between the files that tell people. */
#ifndef CORE_ENGINE_TELL_PRIVATE_H
#define CORE_ENGINE_TELL_PRIVATE_H

#include "catalog/keep.h"
#include "engine/tell.h"

/* A notice on its way to one of the ways. */
struct tell_letter {
    const struct config_notify *way;
    const struct catalog_notice *notice;
    const char *host; /* this one's name */
};

/* Tells it now.  -1 with class OFFLINE, TIMEOUT or TRANSIENT when the way itself is away, so
 * that other notices would fare the same; any other class when it does not take this one. */
int tell_deliver(const struct tell_letter *letter, struct error *e);

/* The forms it gets: the lines that a command reads, a whole mail with its header (lines end
 * with LF, as sendmail wants them), a JSON object. */
void tell_compose_text(const struct tell_letter *letter, struct buffer *out);
void tell_compose_mail(const struct tell_letter *letter, struct buffer *out);
void tell_compose_json(const struct tell_letter *letter, struct buffer *out);

#endif
