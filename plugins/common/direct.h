/* SPDX-License-Identifier: Apache-2.0 */
/*
 * direct.h - a long file written around the page cache and behind the caller's back.
 *
 * Bytes are gathered in a few aligned buffers; a thread of the stream's own writes each full
 * one with O_DIRECT.  That spares the copy into the page cache and the search for pages to hold
 * it, leaves the host's cache to the host's own work, and lets the caller go on while the disk
 * is busy.  What is not aligned, at the file's end and beside holes, goes through the page
 * cache.
 *
 * A stream is used by one thread at a time.
 */
#ifndef PLUGINS_COMMON_DIRECT_H
#define PLUGINS_COMMON_DIRECT_H

#include <stddef.h>
#include <stdint.h>

/* Shorter files are better off in the page cache. */
enum { DIRECT_WORTH_BYTES = 4 << 20 };

struct direct;

/* Bytes of a buffer: the longer one write is, the less it waits for the disk's answer, and each
 * stream holds four of them. */
enum { DIRECT_LEAST_BYTES = 512 << 10, DIRECT_BEST_BYTES = 1 << 20 };

/*
 * A stream that writes into `fd` by `buffer_bytes` (a multiple of 4096).  The descriptor stays
 * the caller's, who leaves it alone until direct_end; its O_DIRECT flag comes and goes
 * meanwhile.  NULL when the file system knows no O_DIRECT, or without memory: the caller then
 * writes as usual.
 */
struct direct *direct_begin(int fd, size_t buffer_bytes);

/*
 * Takes bytes (copied) that belong at `offset`; quick when they follow the last ones.  May wait
 * for the disk.  0, or the errno value of a write that has failed by now, of these bytes or of
 * earlier ones: from then on every call gives it.
 */
int direct_write(struct direct *d, uint64_t offset, const void *data, size_t size);

/* Waits until all that was given is written, as direct_write.  The stream can go on. */
int direct_wait(struct direct *d);

/* Writes what is left, waits for all of it and frees the stream: 0, or the errno value of the
 * first write that failed.  Nothing is synced.  NULL is fine. */
int direct_end(struct direct *d);

/* Frees the stream without writing what is left.  NULL is fine. */
void direct_drop(struct direct *d);

#endif
