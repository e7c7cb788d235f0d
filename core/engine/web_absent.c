/* SPDX-License-Identifier: Apache-2.0 */
/* web_absent.c - web.h in a build without libcurl. */
#include "engine/web.h"

int web_send(const struct web_request *request, struct error *e)
{
    (void)request;
    return error_set(e, LAGAN_UNSUPPORTED, ERROR_FAILED,
                     "this lagan was built without libcurl and cannot call URLs");
}
