/* SPDX-License-Identifier: Apache-2.0 */
/* layer_reply.h - for layers that answer a call themselves, or that make calls of their own. */
#ifndef CORE_DRIVER_LAYER_REPLY_H
#define CORE_DRIVER_LAYER_REPLY_H

#include "driver/layer.h"

/* Fills the op with an error of the layer's own (outcome: enum lagan_outcome) and returns
 * `error_class`. */
uint32_t layer_fail(struct lagan_op *op, uint32_t error_class, uint32_t outcome,
                    const char *format, ...) __attribute__((format(printf, 4, 5)));

/* Answers a call that has an op without handing it on: as layer_fail, and lets go of the object
 * that the call would have used up (a stage to be committed, ...). */
uint32_t layer_refuse(struct layer *self, struct call *c, uint32_t error_class,
                      uint32_t outcome, const char *format, ...)
    __attribute__((format(printf, 5, 6)));

/* Lets go of what a call with CALL_MAKES has made below: its caller is to hear of a failure. */
void layer_unmake(struct layer *self, struct call *c);

/* True once the op is cancelled or past its deadline; never for NULL. */
bool layer_cancelled(struct lagan_op *op);
/* Sleeps; non-zero when it was cut short because the call should end. */
int layer_sleep(struct lagan_op *op, int64_t ns);

#endif
