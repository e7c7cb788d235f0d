/* SPDX-License-Identifier: Apache-2.0 */
/*
 * owners.c - two tables, one by number and one by name, that only grow.
 */
#include "src_files/owners.h"

#include <errno.h>
#include <grp.h>
#include <pthread.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>

enum { SLOTS = 256, ANSWER_START_BYTES = 1024, ANSWER_LIMIT_BYTES = 1 << 20 };

struct owner {
    struct owner *next;
    enum owner_kind kind;
    uint32_t number;
    bool known; /* has both a number and a name */
    char *name;
};

struct owners {
    pthread_mutex_t lock;
    struct owner *by_number[SLOTS];
    struct owner *by_name[SLOTS];
};

struct owners *owners_new(void)
{
    struct owners *o = calloc(1, sizeof *o);
    if (o != NULL)
        pthread_mutex_init(&o->lock, NULL);
    return o;
}

static void free_slots(struct owner **slots)
{
    for (size_t i = 0; i < SLOTS; i++) {
        while (slots[i] != NULL) {
            struct owner *gone = slots[i];
            slots[i] = gone->next;
            free(gone->name);
            free(gone);
        }
    }
}

void owners_free(struct owners *o)
{
    if (o == NULL)
        return;
    free_slots(o->by_number);
    free_slots(o->by_name);
    pthread_mutex_destroy(&o->lock);
    free(o);
}

/* Asks the system: by number when `name` is NULL, else by name.  0 or a system error. */
static int look_up(struct owner *owner, const char *name, char *answer, size_t size)
{
    struct passwd user, *found_user = NULL;
    struct group group, *found_group = NULL;
    int error;
    if (owner->kind == OWNER_USER)
        error = name ? getpwnam_r(name, &user, answer, size, &found_user)
                     : getpwuid_r(owner->number, &user, answer, size, &found_user);
    else
        error = name ? getgrnam_r(name, &group, answer, size, &found_group)
                     : getgrgid_r(owner->number, &group, answer, size, &found_group);
    if (found_user == NULL && found_group == NULL)
        return error;
    owner->number = found_user ? found_user->pw_uid : found_group->gr_gid;
    if (name == NULL)
        owner->name = strdup(found_user ? found_user->pw_name : found_group->gr_name);
    owner->known = owner->name != NULL;
    return 0;
}

/* Fills `owner`, whatever room the answer needs. */
static void ask(struct owner *owner, const char *name)
{
    for (size_t size = ANSWER_START_BYTES; size <= ANSWER_LIMIT_BYTES; size *= 4) {
        char *answer = malloc(size);
        if (answer == NULL)
            return;
        int error = look_up(owner, name, answer, size);
        free(answer);
        if (error != ERANGE)
            return;
    }
}

static struct owner *remember(struct owner **slot, const struct owner *asked)
{
    struct owner *owner = malloc(sizeof *owner);
    if (owner == NULL)
        return NULL;
    *owner = *asked;
    owner->next = *slot;
    *slot = owner;
    return owner;
}

static struct owner *find_number(struct owners *o, enum owner_kind kind, uint32_t number)
{
    struct owner **slot = &o->by_number[(number + kind) % SLOTS];
    for (struct owner *owner = *slot; owner != NULL; owner = owner->next)
        if (owner->kind == kind && owner->number == number)
            return owner;
    struct owner asked = {.kind = kind, .number = number};
    ask(&asked, NULL);
    asked.number = number;
    struct owner *owner = remember(slot, &asked);
    if (owner == NULL)
        free(asked.name);
    return owner;
}

static unsigned name_slot(const char *name)
{
    unsigned hash = 5381;
    for (; *name; name++)
        hash = hash * 33 + (unsigned char)*name;
    return hash % SLOTS;
}

static struct owner *find_name(struct owners *o, enum owner_kind kind, const char *name)
{
    struct owner **slot = &o->by_name[name_slot(name)];
    for (struct owner *owner = *slot; owner != NULL; owner = owner->next)
        if (owner->kind == kind && strcmp(owner->name, name) == 0)
            return owner;
    struct owner asked = {.kind = kind, .name = strdup(name)};
    if (asked.name == NULL)
        return NULL;
    ask(&asked, name);
    struct owner *owner = remember(slot, &asked);
    if (owner == NULL)
        free(asked.name);
    return owner;
}

const char *owners_name(struct owners *o, enum owner_kind kind, uint32_t number)
{
    pthread_mutex_lock(&o->lock);
    const struct owner *owner = find_number(o, kind, number);
    const char *name = owner && owner->known ? owner->name : NULL;
    pthread_mutex_unlock(&o->lock);
    return name;
}

bool owners_number(struct owners *o, enum owner_kind kind, const char *name, uint32_t *number)
{
    pthread_mutex_lock(&o->lock);
    const struct owner *owner = find_name(o, kind, name);
    bool known = owner && owner->known;
    if (known)
        *number = owner->number;
    pthread_mutex_unlock(&o->lock);
    return known;
}
