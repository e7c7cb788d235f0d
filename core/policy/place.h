/* SPDX-License-Identifier: Apache-2.0 */
/*
 * place.h - what a region allows: where its vaults may be mirrored and replicated to, which
 * project something belongs to, how redundant its vaults are, and what fails together.  Every
 * way in (commands, policies, lists of what is permitted) asks these functions and no others.
 *
 * All are pure; any threads.  Errors have one line that names the region and what to do.
 */
#ifndef CORE_POLICY_PLACE_H
#define CORE_POLICY_PLACE_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>

/* Zones from which on a region's vaults survive the loss of any one of them. */
enum { PLACE_ZONES_REDUNDANT = 3, PLACE_DOMAIN_LIMIT = 16 };

/* One thing that a region stands on and that can fail: `site = dresden`. */
struct place_label {
    char *name;
    char *value;
};

/* A region as these rules see it.  Everything belongs to whoever filled it. */
struct place {
    const char *name;
    bool can_send;
    bool can_receive;
    char *const *destinations; /* names of regions it may send to; none = all that receive */
    size_t destination_count;
    const char *account;   /* "" = that of all who name none */
    char *const *projects; /* at least one */
    size_t project_count;
    size_t project_default;            /* index */
    const struct place_label *domains; /* at most PLACE_DOMAIN_LIMIT, each name once */
    size_t domain_count;
    size_t zone_count; /* from 1 */
};

/* LOC-05: whether its vaults may have mirrors and replicas elsewhere; REGION_CANNOT_SEND. */
int place_may_send(const struct place *from, struct error *e);
/* LOC-01: whether it takes mirrors and replicas of others; REGION_CANNOT_RECEIVE. */
int place_may_receive(const struct place *to, struct error *e);
/* LOC-07: SAME_REGION when both are one. */
int place_differs(const struct place *from, const struct place *to, struct error *e);
/* LOC-03: ACCOUNT_DIFFERS unless both belong to one account. */
int place_same_account(const struct place *from, const struct place *to, struct error *e);
/* LOC-06: DESTINATION_FORBIDDEN when `from` lists its destinations and `to` is none of them. */
int place_destination_allowed(const struct place *from, const struct place *to,
                              struct error *e);
/* All of the above, in the order SAME_REGION, REGION_CANNOT_SEND, REGION_CANNOT_RECEIVE,
 * ACCOUNT_DIFFERS, DESTINATION_FORBIDDEN: 0 when `from` may replicate to `to`. */
int place_route(const struct place *from, const struct place *to, struct error *e);

/* LOC-02: the project called `name`, or the default one for NULL, into `*project` (belongs to
 * `place`).  NO_PROJECT with the ones there are. */
int place_project(const struct place *place, const char *name, const char **project,
                  struct error *e);

/* VLT-05, VLT-06: whether objects of vaults here are to survive the loss of any one zone.  The
 * zones of the region alone decide, for vaults and mirrors alike. */
bool place_zone_redundant(const struct place *place);
/* "zrs" or "lrs".  Static. */
const char *place_redundancy(const struct place *place);

/* LOC-10: the labels that both have with the same value, into `shared` (room for
 * PLACE_DOMAIN_LIMIT; they belong to `a`).  Returns how many. */
size_t place_shared_domains(const struct place *a, const struct place *b,
                            const struct place_label *shared[PLACE_DOMAIN_LIMIT]);
/* LOC-10: DESTINATION_FORBIDDEN when both share one of the `count` labels in `distinct`. */
int place_distinct(const struct place *from, const struct place *to, char *const *distinct,
                   size_t count, struct error *e);

#endif
