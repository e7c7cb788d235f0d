/* SPDX-License-Identifier: Apache-2.0 */
/*
 * web.h - one request by HTTP: the seam through which the core reaches the network.  Storage
 * and keys are drivers and never pass here.
 *
 * TLS certificates are verified, redirections are not followed, only http and https are spoken,
 * what the server answers is not kept.
 */
#ifndef CORE_ENGINE_WEB_H
#define CORE_ENGINE_WEB_H

#include "base/error.h"

#include <stddef.h>

struct web_request {
    const char *url;
    const char *header; /* one more line, "Name: value"; NULL = none */
    const char *type;   /* the media type of the body */
    const char
        *ca_file;     /* certificates that vouch for the server; NULL = those of the system */
    const void *body; /* sent by POST; NULL = GET */
    size_t body_size;
    int64_t timeout_ns; /* for all of it */
};

/* 0 when the server answered with a status of 200 to 299.  Else -1: class INVALID for an answer
 * that would be the same again, TRANSIENT, OFFLINE or TIMEOUT for what may pass, CANCELLED
 * after operation_cancel_all (driver/operation.h); `native` is the HTTP status, if there was
 * one.  The text holds neither path nor header.  UNSUPPORTED in a build without libcurl.  Any
 * thread. */
int web_send(const struct web_request *request, struct error *e);

#endif
