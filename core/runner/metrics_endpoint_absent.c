/* SPDX-License-Identifier: Apache-2.0 */
/* metrics_endpoint_absent.c - metrics_endpoint.h in a build without libmicrohttpd. */
#include "runner/metrics_endpoint.h"

int metrics_endpoint_start(struct setup *s, struct metrics_endpoint **endpoint, struct error *e)
{
    *endpoint = NULL;
    if (setup_config(s)->metrics.listen == NULL)
        return 0;
    return error_set(e, LAGAN_UNSUPPORTED, ERROR_FAILED,
                     "this lagan was built without libmicrohttpd and cannot listen; "
                     "`metrics { file }` works");
}

void metrics_endpoint_stop(struct metrics_endpoint *endpoint)
{
    (void)endpoint;
}
