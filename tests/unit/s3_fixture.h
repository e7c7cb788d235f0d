/* SPDX-License-Identifier: Apache-2.0 */
/*
 * s3_fixture.h - what tests of the S3 client share: the host's functions for code of drivers, a
 * client of a store, and a store that gives the answers it was told to give.
 */
#ifndef TESTS_UNIT_S3_FIXTURE_H
#define TESTS_UNIT_S3_FIXTURE_H

#include "common/s3/s3_private.h"

/* Makes lagan_fail() and its like work; once, at the start of main. */
void fixture_host_begin(void);
/* An op that nobody cancels. */
struct lagan_op fixture_op(void);

/* A client by words NAME, VALUE, ..., NULL; the test fails when it cannot be made. */
struct s3_settings *fixture_settings(const char *const *words);
struct s3 *fixture_client(struct s3_settings *settings);

/* An answer that is given: status and reason, further header lines that end with \r\n, body. */
struct canned {
    const char *expect; /* part that the request's head must hold; NULL = anything */
    const char *status; /* "200 OK"; NULL = the connection is closed without an answer */
    const char *headers;
    const char *body;
    bool cut; /* the body ends before the length that was told */
};

/* A store on a port of 127.0.0.1, in a thread of its own, that gives one answer after the
 * other; what comes after the last one is closed without an answer. */
struct canned_store;
struct canned_store *canned_begin(const struct canned *answers, size_t count);
/* Its client, of a bucket "bucket" and of the dialect. */
struct s3 *canned_client(struct canned_store *store, const char *dialect);
/* The same with further words, NAME, VALUE, ..., NULL: credentials among them. */
struct s3 *canned_client_with(struct canned_store *store, const char *const *more);
/* The body of request `number` (from 0); "" when there was none. */
const char *canned_body(const struct canned_store *store, size_t number);
/* Ends it and its client, and fails the test unless every answer was given, to the requests
 * that were expected, and no other request came. */
void canned_end(struct canned_store *store);

#endif
