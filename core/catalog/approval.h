/* SPDX-License-Identifier: Apache-2.0 */
/*
 * approval.h - who has to approve of what destroys something in a vault, what was asked for,
 * and who has approved.  Signatures are checked above (engine/approval.h).  Conventions: see
 * catalog.h.
 */
#ifndef CORE_CATALOG_APPROVAL_H
#define CORE_CATALOG_APPROVAL_H

#include "catalog/catalog.h"

enum {
    CATALOG_APPROVER_LIMIT = 32, /* of one vault */
    CATALOG_APPROVAL_KEY = 32,
    CATALOG_APPROVAL_SIGNATURE = 64,
    CATALOG_REQUEST_ID_SIZE = 17
};

struct catalog_approver {
    char name[NAME_SIZE];
    uint8_t public_key[CATALOG_APPROVAL_KEY];
};

/* `{0}`: nobody has to approve. */
struct catalog_approvers {
    uint32_t needed; /* so many of them; 0 = none */
    size_t count;
    struct catalog_approver items[CATALOG_APPROVER_LIMIT]; /* ascending by name */
};
int catalog_approvers_get(struct catalog *c, const uint8_t vault[CATALOG_ID_SIZE],
                          struct catalog_approvers *approvers, struct error *e);
/* Replaces all of them. */
int catalog_approvers_set(struct catalog *c, const uint8_t vault[CATALOG_ID_SIZE],
                          const struct catalog_approvers *approvers, struct error *e);

#define CATALOG_REQUEST_STATES(X)                                                              \
    X(WAITING, "waiting")                                                                      \
    X(USED, "used")                                                                            \
    X(CANCELLED, "cancelled")
enum catalog_request_state {
#define X(symbol, name) CATALOG_REQUEST_##symbol,
    CATALOG_REQUEST_STATES(X)
#undef X
};
const char *catalog_request_state_name(enum catalog_request_state state);

struct catalog_request {
    char id[CATALOG_REQUEST_ID_SIZE];
    uint8_t vault[CATALOG_ID_SIZE];
    char operation[32];
    char subject[CATALOG_TEXT_SIZE];
    char actor[CATALOG_TEXT_SIZE]; /* who asked */
    enum catalog_request_state state;
    int64_t created_ns, until_ns;
};
/* The id is given; fills in the actor, the user of this process on this host. */
int catalog_request_insert(struct catalog *c, struct catalog_request *request, struct error *e);
/* By id (abbreviated, at least 4 digits).  NO_APPROVAL, AMBIGUOUS. */
int catalog_request_find(struct catalog *c, const char *text, struct catalog_request *request,
                         struct error *e);
/* The one that waits for this operation on this subject of the vault, and is not over at
 * `now_ns`: 1, 0, -1. */
int catalog_request_waiting(struct catalog *c, const uint8_t vault[CATALOG_ID_SIZE],
                            const char *operation, const char *subject, int64_t now_ns,
                            struct catalog_request *request, struct error *e);
int catalog_request_end(struct catalog *c, const char *id, enum catalog_request_state state,
                        struct error *e);
/* Newest first; `vault` NULL = of all. */
int catalog_request_list(struct catalog *c, const uint8_t *vault,
                         int (*each)(void *context, const struct catalog_request *request,
                                     struct error *e),
                         void *context, struct error *e);

struct catalog_approval {
    char approver[NAME_SIZE];
    uint8_t signature[CATALOG_APPROVAL_SIGNATURE];
    int64_t at_ns;
};
/* 1, or 0 when the approver has approved already. */
int catalog_approval_insert(struct catalog *c, const char *request,
                            const struct catalog_approval *approval, struct error *e);
/* By name of the approver. */
int catalog_approval_list(struct catalog *c, const char *request,
                          int (*each)(void *context, const struct catalog_approval *approval,
                                      struct error *e),
                          void *context, struct error *e);

#endif
