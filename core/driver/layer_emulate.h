/* SPDX-License-Identifier: Apache-2.0 */
/* layer_emulate.h - the parts of the layer that makes up for what a driver lacks. */
#ifndef CORE_DRIVER_LAYER_EMULATE_H
#define CORE_DRIVER_LAYER_EMULATE_H

#include "driver/layer_reply.h"

enum { EMULATE_LOCKS = 32 };

struct emulate {
    bool if_absent;                         /* as set: look before each put */
    struct lagan_target_capabilities below; /* as the driver told; zero before it was asked */
    /* Puts of one name from this stack follow one another while a put looks first. */
    pthread_mutex_t locks[EMULATE_LOCKS];
};

/* Copies the error `why` of the layer's own doing into the op; returns its class. */
uint32_t emulate_fail(struct lagan_op *op, const struct error *why);

/* emulate_put.c: calls that give an object its name. */

/* Hands on a call that names the object `key`; `flags`: those of the call.  Does what the
 * driver cannot do with them. */
uint32_t emulate_naming(struct layer *self, struct call *c, const char *key, uint64_t *flags);
/* put, with its checksum. */
uint32_t emulate_put(struct layer *self, struct call *c);
/* CORRUPT unless the content has the checksum. */
uint32_t emulate_check(struct lagan_op *op, uint64_t bytes, const struct lagan_content *content,
                       const uint8_t *sha256);

/* emulate_parts.c: uploads in parts. */

/* Whether uploads are objects of this layer. */
bool emulate_wraps_uploads(const struct emulate *m);
uint32_t emulate_multipart_begin(struct layer *self, struct call *c);
uint32_t emulate_part_put(struct layer *self, struct call *c);
uint32_t emulate_multipart_complete(struct layer *self, struct call *c);
uint32_t emulate_multipart_abort(struct layer *self, struct call *c);

/* emulate_copy.c */

uint32_t emulate_copy(struct layer *self, struct call *c);
uint32_t emulate_rename(struct layer *self, struct call *c);

#endif
