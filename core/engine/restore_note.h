/* SPDX-License-Identifier: Apache-2.0 */
/* restore_note.h - what the catalog has to say to a restore: whether it may be, and that it
 * was. */
#ifndef CORE_ENGINE_RESTORE_NOTE_H
#define CORE_ENGINE_RESTORE_NOTE_H

#include "engine/setup.h"

/* X(symbol, name): how what is restored travels, for the bill. */
#define RESTORE_ROUTES(X)                                                                      \
    X(LOCAL, "local")                                                                          \
    X(PRIVATE, "private")                                                                      \
    X(INTERNET, "internet")
enum restore_route {
#define X(symbol, name) RESTORE_ROUTE_##symbol,
    RESTORE_ROUTES(X)
#undef X
};
/* USAGE unless `text` is one of the names. */
int restore_route_parse(const char *text, enum restore_route *route, struct error *e);

/* NOT_RESTORABLE when the vault of `row` is a mirror and the driver of the backup says that its
 * backups are not restored from one (LAGAN_TRAIT_NOT_FROM_MIRROR).  Before any place is opened.
 */
int restore_may_be(struct setup *s, const struct catalog_vault *row, const struct seal *seal,
                   struct error *e);

/* Writes the line of the audit log and counts the bytes, both or neither. */
int restore_note(struct setup *s, const struct catalog_vault *row, const struct seal *seal,
                 const char *to, enum restore_route route, uint64_t bytes, struct error *e);

#endif
