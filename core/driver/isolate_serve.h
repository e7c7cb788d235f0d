/* SPDX-License-Identifier: Apache-2.0 */
/* isolate_serve.h - the helper's side of isolation: one driver, one instance, served call by
 * call.  Private to this room. */
#ifndef CORE_DRIVER_ISOLATE_SERVE_H
#define CORE_DRIVER_ISOLATE_SERVE_H

#include "driver/driver_private.h"
#include "driver/isolate_wire.h"
#include "driver/operation.h"

enum { HELPER_PATHS = 64 };

/* A channel for what a walk asks outside its calls. */
struct helper_questions {
    struct helper_questions *next;
    int64_t id;
    int socket;
    uint8_t *region;
    pthread_mutex_t lock; /* one question at a time */
};

/* The process. */
struct helper {
    struct driver driver; /* descriptor, parameters and table; no list, no lock */
    void *instance;
    bool loaded;
    bool started;
    char *paths[HELPER_PATHS]; /* of parameters of that type */
    size_t path_count;
    bool sealed;
    pthread_mutex_t lock; /* guards the questions */
    pthread_cond_t came;
    struct helper_questions *questions;
};

/* A channel and the call on it. */
struct serving {
    struct helper *helper;
    int socket;
    uint8_t *body;
    uint8_t *data;
    struct buffer request; /* a copy of the request's body: parts come into its place */
    struct reader in;      /* over it */
    struct buffer out;     /* the answer's body: records or what the verb has */
    struct wire_head call;
    struct wire_head answer;
    struct operation operation;
    size_t sink_filled; /* of a get: bytes in the data */
    uint64_t content_bytes;
    bool content_here; /* all of it is in the data */
    uint64_t handed;   /* records that went to a collector */
};

/* Serves one verb: takes what it needs out of s->call and s->in, and returns the result of the
 * driver; numbers, s->out and data are the answer's. */
typedef uint32_t serve_function(struct serving *s);
/* The functions of target and source verbs; NULL for others. */
serve_function *serve_target_find(uint32_t verb);
serve_function *serve_source_find(uint32_t verb);
serve_function *serve_entry_find(uint32_t verb);

/* Answers one call; false when the channel is at its end. */
bool serve_next(struct serving *s);

/* The op of the call. */
struct lagan_op *serve_op(struct serving *s);
/* What numbers[0] names: the driver's handle, walk, reader, ... */
void *serve_object(const struct serving *s);
/* Tells it of what a verb made. */
void serve_made(struct serving *s, const void *object);
/* Fails the call in the host's words: what it sent is broken. */
uint32_t serve_broken(struct serving *s);

/* Asks the host in the middle of a call; the host's result. */
uint32_t serve_ask(struct serving *s, enum wire_ask what, int64_t first, int64_t second,
                   uint64_t data_bytes);
/* Hands over the records so far when there are many; for collectors, whose result it is. */
uint32_t serve_part(struct serving *s);
/* Collectors whose records go to s->out. */
struct lagan_entry_collector serve_entries(struct serving *s);
struct lagan_metadata_collector serve_pieces(struct serving *s);

/* The process's questions channel `id`, which comes by another way: waited for. */
struct helper_questions *serve_questions(struct helper *h, int64_t id);

/* A line for the host's log. */
void helper_log(uint32_t level, const char *line);

#endif
