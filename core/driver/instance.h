/* SPDX-License-Identifier: Apache-2.0 */
/*
 * instance.h - one configured use of a driver: its parameters as people write them, checked and
 * handed to the driver.
 *
 *     struct instance *i = instance_new(driver, e);
 *     instance_set(i, "path", "/srv/lagan", e);       any number, any order
 *     instance_ready(i, e);                           defaults, configure, configured, start
 *     struct target *t = target_open(i, 0, e);        or source_open, key_provider_open
 *     ...
 *     target_close(t); instance_free(i);
 *
 * Secrets are never written out: their value says where to read them - file:PATH (a regular
 * file of ours that neither group nor others can read), fd:N, command:LINE (run by /bin/sh, its
 * standard output), credential:NAME (a file in $CREDENTIALS_DIRECTORY).  One trailing newline
 * is dropped; at most 64 KiB.  The host's copy is wiped after the instance was opened.
 *
 * Each message names the driver, the parameter, the value (never a secret), the reason and the
 * form that would be right.  Code PARAMETER.  One thread at a time until instance_ready has
 * returned.
 */
#ifndef CORE_DRIVER_INSTANCE_H
#define CORE_DRIVER_INSTANCE_H

#include "base/buffer.h"
#include "driver/host.h"
#include "driver/layer_settings.h"

struct instance;

/* A new instance of `d`, which must outlive it. */
struct instance *instance_new(const struct driver *d, struct error *e);
/* Stops the driver's instance if it was started, wipes secrets and frees.  Handles must be
 * closed. NULL is fine. */
void instance_free(struct instance *i);

/* Takes one value for the parameter `key`.  Errors: no such parameter (the message lists those
 * there are), a second value for one that is not repeatable, a value out of form or range. */
int instance_set(struct instance *i, const char *key, const char *value, struct error *e);
/* Takes "key=value", or a bare word for the driver's bare parameter.  A word counts as
 * key=value when what stands before its first '=' is the form of a parameter's name
 * ([a-z][a-z0-9-]*). */
int instance_set_word(struct instance *i, const char *word, struct error *e);
/* Hands all values and defaults to the driver, in the table's order, and starts the instance.
 * Errors: a required parameter is missing; the driver refuses a value. */
int instance_ready(struct instance *i, struct error *e);

/* Says which layers (layer.h) what is opened from now on has; copied.  Without this: none. */
int instance_set_layers(struct instance *i, const struct layer_settings *settings,
                        struct error *e);
/* As set, or NULL. */
const struct layer_settings *instance_layers(const struct instance *i);
/* Appends a text that tells the place of the instance from any other: the driver and the values
 * that were set, without secrets. */
int instance_identity(const struct instance *i, struct buffer *out, struct error *e);

const struct driver *instance_driver(const struct instance *i);

/*
 * Checks `value` for the parameter `key` of `d` without an instance, and appends to `out` (may
 * be NULL) the form in which to keep it: a path made absolute, all else as written.  Secrets
 * are checked for their form but not read.  Errors as instance_set.
 */
int instance_check_value(const struct driver *d, const char *key, const char *value,
                         struct buffer *out, struct error *e);

/* For target.h, source.h and key.h: calls the driver's open, again where the layers say so of
 * other calls and the failure may pass.  The handle is the driver's. */
int instance_open(struct instance *i, uint64_t flags, void **handle, struct error *e);

#endif
