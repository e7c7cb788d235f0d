/* SPDX-License-Identifier: Apache-2.0 */
/*
 * metrics_endpoint.h - the metrics by HTTP, for a collector that comes to fetch them: GET
 * /metrics at the address of the configuration (`metrics { listen }`), and nothing else.  No
 * TLS, no password: listen on the loopback address, or put a proxy in front.
 */
#ifndef CORE_RUNNER_METRICS_ENDPOINT_H
#define CORE_RUNNER_METRICS_ENDPOINT_H

#include "engine/setup.h"

struct metrics_endpoint;

/* Serves from a thread of its own until metrics_endpoint_stop, with the catalog of `s`, which
 * outlives it.  One thread at a time.  `*endpoint` is NULL when the configuration has no
 * address.  -1 when the address cannot be listened to (class BUSY when it is taken), or
 * UNSUPPORTED in a build without libmicrohttpd. */
int metrics_endpoint_start(struct setup *s, struct metrics_endpoint **endpoint,
                           struct error *e);
/* NULL is fine.  Waits for an answer that is being given. */
void metrics_endpoint_stop(struct metrics_endpoint *endpoint);

#endif
