/* SPDX-License-Identifier: Apache-2.0 */
/* isolate_private.h - the host's side of isolation, as its files see it. */
#ifndef CORE_DRIVER_ISOLATE_PRIVATE_H
#define CORE_DRIVER_ISOLATE_PRIVATE_H

#include "driver/driver_private.h"
#include "driver/isolate.h"
#include "driver/isolate_wire.h"
#include "driver/operation.h"

/* What a description leaves behind: the memory that the descriptor of a driver points into. */
struct isolate_facts {
    char *directory;
    struct buffer texts;
    struct lagan_parameter *parameters; /* as told, ends with a NULL name */
};
void isolate_facts_free(struct isolate_facts *facts);

/* Describes `d`, whose path is set, with a helper that ends then, and fills it in. */
int isolate_describe(struct driver *d, const char *directory, const char *name,
                     struct error *e);
/* As the slot instance_new, for an isolated driver. */
uint32_t isolate_instance_new(const struct driver *d, struct lagan_op *op, void **instance);

/* The id of the helper behind what isolate_instance_new made. */
pid_t isolate_instance_process(void *instance);

/* The tables of functions that speak with a helper. */
extern const struct lagan_common_ops isolate_common_ops;
extern const struct lagan_target_ops isolate_target_ops;
extern const struct lagan_source_ops isolate_source_ops;
extern const struct lagan_key_ops isolate_key_ops;

/* A helper process. */
struct isolate_process;

/* A way to it, for one call at a time. */
struct isolate_channel {
    struct isolate_channel *next;
    int socket;
    uint32_t sequence; /* of calls */
    uint8_t *body;     /* the shared region */
    uint8_t *data;
    struct buffer out; /* the request's body */
    struct buffer in;  /* our copy of the answer's body */
};

/* Starts a helper with one channel.  `driver`: its name, for messages; outlives it. */
struct isolate_process *isolate_process_start(const char *driver, struct error *e);
/* Ends it, without a word to the driver, and waits.  NULL is fine. */
void isolate_process_end(struct isolate_process *p);
pid_t isolate_process_pid(struct isolate_process *p);
const char *isolate_process_driver(const struct isolate_process *p);

/* A free channel, a new one when there is none; NULL when the process is dead.  `pinned`: it is
 * to be kept beyond a call; NULL also when too many are. */
struct isolate_channel *isolate_channel_take(struct isolate_process *p, bool pinned);
void isolate_channel_give(struct isolate_process *p, struct isolate_channel *channel,
                          bool pinned);

/* A channel besides those, of which the helper knows as `*id`: for what it asks outside calls.
 * NULL when there can be none.  isolate_channel_free ends it. */
struct isolate_channel *isolate_channel_extra(struct isolate_process *p, int64_t *id);
/* NULL is fine. */
void isolate_channel_free(struct isolate_channel *channel);

/* Writes what the driver has logged to our log. */
void isolate_process_drain_log(struct isolate_process *p);
/* Passes a cancellation of everything on, once; the other takes it back after
 * operation_cancel_reset. */
void isolate_process_cancel(struct isolate_process *p);
void isolate_process_resume(struct isolate_process *p);

/* From now on there may be several channels: the helper's main thread listens for them. */
void isolate_process_sealed(struct isolate_process *p, bool writable);
/* What isolate_process_sealed was told: 0 not yet, 1 for reading, 2 for writing too. */
int isolate_process_seal(struct isolate_process *p);

/* The helper is dead, or speaks what it should not (`broken`, NULL = it is dead) and is killed
 * for that.  All its calls fail from now on. */
void isolate_process_fail(struct isolate_process *p, uint32_t error_class, const char *broken);
/* The class that calls of a dead helper fail with, and its details in op->error (`op` NULL:
 * none). `during`: the call was running, so that its outcome is unknown. */
uint32_t isolate_dead(struct isolate_process *p, struct lagan_op *op, bool during);

/* As lagan_fail, on the host's side; `op` may be NULL. */
uint32_t isolate_fail(struct lagan_op *op, uint32_t error_class, const char *text);

/* One call. */
struct isolate_call {
    struct isolate_process *process;
    struct isolate_channel *channel;
    struct lagan_op *op;   /* NULL for releases */
    int64_t limit_ns;      /* how long it may take without an op; 0 = a minute */
    struct wire_head head; /* the request; then the answer */
    struct wire_collectors to;
    const struct lagan_content *content;
    const struct lagan_sink *sink;
    uint32_t refused;     /* what a collector, a sink or a content said */
    bool secret;          /* what is in the channel is wiped */
    bool keep;            /* the channel is the caller's also after the call */
    struct reader answer; /* the body behind the error and, unless asked otherwise, records */
    bool own_records;     /* the caller reads the records by itself */
};

/* Begins: takes a channel, whose `out` is empty.  LAGAN_OK, or as isolate_dead. */
uint32_t isolate_call_begin(struct isolate_call *c, struct isolate_process *p,
                            struct lagan_op *op, uint32_t verb);
/* Makes the call and hands over what comes.  Unless `keep` the channel is given back by
 * isolate_call_end. */
uint32_t isolate_call_make(struct isolate_call *c);
void isolate_call_end(struct isolate_call *c);
/* Both. */
uint32_t isolate_call_run(struct isolate_call *c);
/* What the helper said cannot be: it is killed.  The class to return. */
uint32_t isolate_call_broken(struct isolate_call *c, const char *what);

/* A call that takes an object of the helper's and cannot fail. */
void isolate_release(struct isolate_process *p, uint32_t verb, int64_t token);

/* What an open of an isolated instance makes, and all that is made from it. */
struct isolate_batch;
struct isolate_handle {
    struct isolate_process *process;
    const struct driver *driver;
    int64_t token;        /* the helper's */
    pthread_mutex_t lock; /* guards the batches */
    struct isolate_batch *batches;
};
struct isolate_object {
    struct isolate_handle *handle;
    int64_t token;
};

/* The slot `capabilities` of either kind: `told` is of `size` bytes, for us; `capabilities` is
 * the caller's, of `room` bytes. */
uint32_t isolate_capabilities(struct isolate_handle *h, struct lagan_op *op, void *told,
                              size_t size, void *capabilities, uint32_t room);

/* isolate_ahead.c: an entry that is open for reading, by itself or read ahead. */
uint32_t isolate_entry_open(void *handle, struct lagan_op *op, const void *key, size_t key_size,
                            const void *id, size_t id_size,
                            const struct lagan_entry_collector *attributes, void **reader);
uint32_t isolate_read_at(void *reader, struct lagan_op *op, uint64_t offset, void *data,
                         size_t size, size_t *got);
uint32_t isolate_extents(void *reader, struct lagan_op *op, uint64_t offset, uint64_t length,
                         const struct lagan_extent_collector *extents);
uint32_t isolate_entry_close(void *reader, struct lagan_op *op, uint32_t *verdict);
uint32_t isolate_entry_metadata(void *reader, struct lagan_op *op,
                                const struct lagan_metadata_collector *pieces);

/* Metadata of an entry without content, if it was read ahead; true then, and `*result`. */
bool isolate_metadata_ahead(struct isolate_handle *h, struct lagan_op *op, const void *key,
                            size_t key_size, const struct lagan_metadata_collector *pieces,
                            uint32_t *result);

/* isolate_ahead.c: reads what `wishes` name in one go; see source.h. */
void isolate_read_ahead(void *handle, const struct source_wish *wishes, size_t count);
/* Lets go of all that was read ahead. */
void isolate_read_ahead_drop(struct isolate_handle *h);

#endif
