/* SPDX-License-Identifier: Apache-2.0 */
/*
 * codec.h - compression of blocks.  Its contexts are costly to make and hold megabytes, so that
 * a few are kept and lent to whichever thread needs one.
 */
#ifndef CORE_VAULT_CODEC_H
#define CORE_VAULT_CODEC_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>

struct codec;

/* `level`: of zstd, for packing. */
struct codec *codec_new(int level, struct error *e);
/* No call may be running.  NULL is fine. */
void codec_free(struct codec *c);

/* Bytes that codec_pack wants as room for `size` bytes. */
size_t codec_bound(size_t size);
/* Packs `size` bytes into one frame; `*packed` receives its length.  Thread-safe. */
int codec_pack(struct codec *c, const void *data, size_t size, void *out, size_t room,
               size_t *packed, struct error *e);
/* Unpacks a frame that must have exactly `size` bytes; CORRUPT otherwise.  Thread-safe. */
int codec_unpack(struct codec *c, const void *frame, size_t frame_size, void *out, size_t size,
                 struct error *e);

#endif
