/* SPDX-License-Identifier: Apache-2.0 */
/* seal_memo.c - see seal_memo.h. */
#include "vault/seal_memo.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

struct seal_memo {
    pthread_mutex_t lock;
    struct seal **seals; /* in the order of their names */
    size_t count;
    size_t room;
};

struct seal_memo *seal_memo_new(void)
{
    struct seal_memo *m = calloc(1, sizeof(*m));

    if (m != NULL)
        pthread_mutex_init(&m->lock, NULL);
    return m;
}

void seal_memo_free(struct seal_memo *m)
{
    if (m == NULL)
        return;
    for (size_t i = 0; i < m->count; i++)
        seal_free(m->seals[i]);
    free(m->seals);
    pthread_mutex_destroy(&m->lock);
    free(m);
}

/* Where `name` is or belongs. */
static size_t place_of(const struct seal_memo *m, const char *name, bool *found)
{
    size_t low = 0, high = m->count;

    *found = false;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = strcmp(m->seals[middle]->name, name);
        if (order == 0)
            *found = true;
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

struct seal *seal_memo_find(struct seal_memo *m, const char *name, uint64_t bytes, bool opened)
{
    struct seal *seal = NULL;
    bool found;

    if (m == NULL)
        return NULL;
    pthread_mutex_lock(&m->lock);
    size_t at = place_of(m, name, &found);
    if (found && m->seals[at]->object_bytes == bytes && m->seals[at]->opened == opened)
        seal = seal_share(m->seals[at]);
    pthread_mutex_unlock(&m->lock);
    return seal;
}

static bool make_room(struct seal_memo *m)
{
    if (m->count < m->room)
        return true;
    size_t room = m->room == 0 ? 64 : 2 * m->room;
    struct seal **grown = reallocarray(m->seals, room, sizeof(struct seal *));
    if (grown == NULL)
        return false;
    m->seals = grown;
    m->room = room;
    return true;
}

void seal_memo_keep(struct seal_memo *m, const char *name, struct seal *seal)
{
    bool found;

    if (m == NULL)
        return;
    pthread_mutex_lock(&m->lock);
    size_t at = place_of(m, name, &found);
    if (found) {
        seal_free(m->seals[at]);
        m->seals[at] = seal_share(seal);
    } else if (make_room(m)) {
        memmove(&m->seals[at + 1], &m->seals[at], (m->count - at) * sizeof(struct seal *));
        m->seals[at] = seal_share(seal);
        m->count++;
    }
    pthread_mutex_unlock(&m->lock);
}
