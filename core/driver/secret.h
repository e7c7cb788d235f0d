/* SPDX-License-Identifier: Apache-2.0 */
/* secret.h - reads secrets from where their specification says. */
#ifndef CORE_DRIVER_SECRET_H
#define CORE_DRIVER_SECRET_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>

enum { SECRET_LIMIT = 65536 }; /* bytes of a secret */

/* A secret in memory that is wiped when freed. */
struct secret_text {
    char *data; /* zero-terminated */
    size_t size;
};

/* True for file:PATH, fd:N, command:LINE, credential:NAME with something behind the colon. */
bool secret_check_form(const char *specification);

/*
 * Reads the secret that `specification` names; one newline at its end is dropped.  Errors name
 * the file, descriptor or command and never the secret: not there, others can read it, empty,
 * longer than SECRET_LIMIT, a command that fails or takes longer than a minute.
 */
int secret_text_read(const char *specification, struct secret_text *secret, struct error *e);
/* Wipes and frees; `{0}` is fine. */
void secret_text_free(struct secret_text *secret);

#endif
