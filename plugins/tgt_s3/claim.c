/* SPDX-License-Identifier: Apache-2.0 */
/*
 * claim.c - one of several writers of a name wins, in a store that knows no conditional put.
 *
 * What all agree on is whose body gets the name, by rounds over objects that are put once and
 * never changed (doc/decisions/0020-conditional-puts.md; E. Gafni and L. Lamport, "Disk Paxos",
 * with one disk).  A claim is an empty object
 *
 *     @claims/KEY@NUMBER-ID.1            "no round below this one shall end"
 *     @claims/KEY@NUMBER-ID.2-CHOSEN     "this round gives the name to the body CHOSEN"
 *
 * whose number and id, compared as text, order the rounds.  A writer lists all claims of the
 * name behind each claim that it makes, and ends the round when it sees a higher one.  Before
 * the second claim it takes over what the highest second claim has chosen.  Whoever comes
 * through both copies the chosen body to the name, if there is nothing by then; claims go only
 * when the name is there, so that who misses them finds the name.
 *
 * No clock is asked, and a writer that stops anywhere leaves nothing that could alter an object
 * later: what it would still copy are the bytes that are there.
 */
#include "tgt_s3/tgt_s3.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    ROUNDS = 20,
    ROUND_SIZE = 8 + 1 + ID_SIZE, /* NUMBER-ID, terminated */
    CLAIMS_LIMIT = 256,           /* of one name that are looked at */
    LOOKS = 8                     /* before a new round is begun */
};
#define PAUSE_NS INT64_C(100000000)

/* What a listing of the claims says. */
struct view {
    size_t prefix_size;        /* of names, up to NUMBER */
    char highest[ROUND_SIZE];  /* of anybody */
    char deciding[ROUND_SIZE]; /* the highest that has chosen */
    char chosen[ID_SIZE];      /* what it chose */
    size_t count;
    char (*names)[S3_KEY_LIMIT + 1]; /* in the bucket */
    bool crowded;
};

/* A name being claimed. */
struct contest {
    struct store *store;
    const struct claimed *claimed;
    struct name name;
    char round[ROUND_SIZE]; /* ours */
    char winner[ID_SIZE];   /* once it is known */
    bool told;              /* others may complete what we have chosen */
    struct view view;
};

/* "NUMBER-ID.1" or "NUMBER-ID.2-CHOSEN" behind the prefix. */
static void see_claim(struct view *v, const char *claim, size_t size)
{
    char round[ROUND_SIZE];
    size_t at = ROUND_SIZE - 1;
    if (size < at + 2 || claim[at] != '.')
        return;
    memcpy(round, claim, at);
    round[at] = '\0';
    if (strcmp(round, v->highest) > 0)
        memcpy(v->highest, round, sizeof round);
    if (claim[at + 1] != '2' || size != at + 3 + ID_SIZE - 1 || strcmp(round, v->deciding) <= 0)
        return;
    memcpy(v->deciding, round, sizeof round);
    memcpy(v->chosen, claim + at + 3, ID_SIZE - 1);
    v->chosen[ID_SIZE - 1] = '\0';
}

static uint32_t take_claim(void *context, const struct s3_object *found)
{
    struct view *v = context;
    see_claim(v, found->key + v->prefix_size, found->key_size - v->prefix_size);
    if (v->count == CLAIMS_LIMIT || found->key_size > S3_KEY_LIMIT) {
        v->crowded = true;
        return LAGAN_OK;
    }
    memcpy(v->names[v->count], found->key, found->key_size);
    v->names[v->count][found->key_size] = '\0';
    v->count++;
    return LAGAN_OK;
}

static uint32_t list_claims(struct contest *c, struct lagan_op *op)
{
    struct view *v = &c->view;
    struct name prefix = name_format(c->store, CLAIMS "%s@", c->claimed->key);
    struct s3_object_collector collector = {.context = v, .add = take_claim};
    struct name after = {.size = 0};
    bool more = true;
    v->prefix_size = prefix.size;
    v->highest[0] = v->deciding[0] = v->chosen[0] = '\0';
    v->count = 0;
    v->crowded = false;
    while (more) {
        struct s3_page page = {.prefix = prefix.text,
                               .prefix_size = prefix.size,
                               .after = after.text,
                               .after_size = after.size,
                               .limit = S3_LIST_LIMIT};
        uint32_t result = s3_list(c->store->client, op, &page, &collector, &more);
        if (result != LAGAN_OK)
            return result;
        if (more && v->crowded)
            return lagan_fail(op, LAGAN_BUSY, 0, "too many writers want this name");
        if (more && v->count > 0) {
            after.size = strlen(v->names[v->count - 1]);
            memcpy(after.text, v->names[v->count - 1], after.size + 1);
        }
    }
    return LAGAN_OK;
}

static uint32_t read_nothing(void *context, uint64_t offset, void *data, size_t size)
{
    (void)context;
    (void)offset;
    (void)data;
    (void)size;
    return LAGAN_OK;
}

static uint32_t make_claim(const struct contest *c, struct lagan_op *op, const char *what)
{
    static const struct lagan_content nothing = {.read = read_nothing};
    struct name name =
        name_format(c->store, CLAIMS "%s@%s.%s", c->claimed->key, c->round, what);
    struct s3_pair pair;
    struct s3_give give = give_private(c->claimed->id, &pair);
    return s3_put(c->store->client, op, name.text, name.size, 0, &nothing, NULL, &give, NULL);
}

/* Whose the name is; NOT_FOUND: nobody's as yet. */
static uint32_t look(struct contest *c, struct lagan_op *op)
{
    return name_look(c->store, op, &c->name, NULL, c->winner);
}

/* Ceph's gateway overlooks the lock that a copy is to be given. */
static void lock_copy(const struct contest *c, struct lagan_op *op, const struct s3_give *give,
                      const struct s3_made *made)
{
    if (s3_lock_put(c->store->client, op, c->name.text, c->name.size,
                    made->version[0] ? made->version : NULL, give->lock_mode,
                    give->lock_until_ns) != LAGAN_OK)
        lagan_log(op, LAGAN_LEVEL_WARNING, "%s is stored and could not be locked: %.300s",
                  c->claimed->key, op->error.text);
}

static uint32_t copy_body(const struct contest *c, struct lagan_op *op, const char *id)
{
    struct name from = name_format(c->store, TEMPORARY "%s", id);
    struct s3_original original = {
        .key = from.text, .key_size = from.size, .bytes = c->claimed->bytes};
    struct s3_object told = {0};
    struct s3_pair pair;
    struct s3_give give = give_of(c->store, c->claimed->key, id, &pair);
    if (strcmp(id, c->claimed->id) != 0) {
        uint32_t result = name_look(c->store, op, &from, &told, NULL);
        if (result != LAGAN_OK)
            return result;
        original.bytes = told.bytes;
    }
    struct s3_made made = {0};
    uint32_t result = s3_copy(c->store->client, op, &original, c->name.text, c->name.size,
                              false, &give, &made);
    if (result == LAGAN_OK && give.lock_mode)
        lock_copy(c, op, &give, &made);
    return result;
}

/* The decision is made: what is chosen gets the name, unless somebody was quicker. */
static uint32_t carry_out(struct contest *c, struct lagan_op *op, const char *chosen)
{
    uint32_t result = look(c, op);
    if (result != LAGAN_NOT_FOUND)
        return result;
    result = copy_body(c, op, chosen);
    if (result == LAGAN_OK) {
        snprintf(c->winner, sizeof c->winner, "%s", chosen);
        return LAGAN_OK;
    }
    /* Its body goes only when the name is there. */
    return result == LAGAN_NOT_FOUND ? look(c, op) : result;
}

/* One round: OK the name is there, BUSY a higher one was seen. */
static uint32_t run_round(struct contest *c, struct lagan_op *op)
{
    char chosen[ID_SIZE];
    char what[2 + ID_SIZE];
    unsigned long number = strtoul(c->view.highest, NULL, 16) + 1;
    snprintf(c->round, sizeof c->round, "%08lx-%.32s", number & 0xffffffff, c->claimed->id);
    uint32_t result = make_claim(c, op, "1");
    if (result == LAGAN_OK)
        result = list_claims(c, op);
    if (result != LAGAN_OK)
        return result;
    if (strcmp(c->view.highest, c->round) > 0)
        return LAGAN_BUSY;
    memcpy(chosen, c->view.chosen[0] ? c->view.chosen : c->claimed->id, sizeof chosen);
    snprintf(what, sizeof what, "2-%.32s", chosen);
    c->told = true;
    result = make_claim(c, op, what);
    if (result == LAGAN_OK)
        result = list_claims(c, op);
    if (result != LAGAN_OK)
        return result;
    if (strcmp(c->view.highest, c->round) > 0)
        return LAGAN_BUSY;
    return carry_out(c, op, chosen);
}

/* Gives way to the one with the higher round, which ends soon unless its writer is dead: a new
 * round would only hold it up.  OK: the name is there. */
static uint32_t give_way(struct contest *c, struct lagan_op *op)
{
    uint32_t result = LAGAN_NOT_FOUND;
    for (unsigned i = 0; result == LAGAN_NOT_FOUND && i < LOOKS; i++) {
        uint16_t chance;
        lagan_random(&chance, sizeof chance);
        if (lagan_sleep(op, PAUSE_NS + PAUSE_NS * chance / UINT16_MAX) != 0)
            return lagan_fail(op, LAGAN_CANCELLED, 0, "cancelled");
        result = look(c, op);
    }
    return result;
}

static uint32_t run_rounds(struct contest *c, struct lagan_op *op)
{
    for (unsigned round = 0; round < ROUNDS; round++) {
        uint32_t result = run_round(c, op);
        if (result != LAGAN_BUSY || strcmp(c->view.highest, c->round) <= 0)
            return result;
        result = give_way(c, op);
        if (result != LAGAN_NOT_FOUND)
            return result;
    }
    return lagan_fail(op, LAGAN_BUSY, 0, "others go on wanting this name");
}

/* The name is there, so that claims and bodies have served.  What stays is swept later. */
static void clean(struct contest *c, struct lagan_op *op)
{
    struct s3_removal removals[CLAIMS_LIMIT + 1];
    struct view *v = &c->view;
    struct name body = name_format(c->store, TEMPORARY "%s", c->claimed->id);
    size_t count = 0;
    removals[count++] = (struct s3_removal){.key = body.text, .key_size = body.size};
    for (size_t i = 0; i < v->count; i++)
        removals[count++] =
            (struct s3_removal){.key = v->names[i], .key_size = strlen(v->names[i])};
    names_remove(c->store, op, removals, count);
}

static uint32_t contest(struct contest *c, struct lagan_op *op)
{
    uint32_t result = c->claimed->make
                          ? c->claimed->make(c->claimed->context, op, c->claimed->id)
                          : (uint32_t)LAGAN_OK;
    if (result != LAGAN_OK)
        fail_outcome(op, LAGAN_OUTCOME_NOT_DONE);
    if (result == LAGAN_OK)
        result = run_rounds(c, op);
    if (result == LAGAN_OK) {
        clean(c, op);
        return strcmp(c->winner, c->claimed->id) == 0 ? (uint32_t)LAGAN_OK : fail_taken(op);
    }
    /* Whoever comes next may give our body the name. */
    if (op->error.error_class == result)
        fail_outcome(op, c->told ? LAGAN_OUTCOME_UNKNOWN : LAGAN_OUTCOME_NOT_DONE);
    return result;
}

static void remove_body(struct store *s, struct lagan_op *op, const char *id)
{
    struct name body = name_format(s, TEMPORARY "%s", id);
    struct s3_removal removal = {.key = body.text, .key_size = body.size};
    names_remove(s, op, &removal, 1);
}

uint32_t claim_name(struct store *s, struct lagan_op *op, const struct claimed *claimed)
{
    struct contest c = {.store = s, .claimed = claimed, .name = name_of(s, claimed->key)};
    uint32_t result = look(&c, op);
    if (result == LAGAN_OK) {
        result = fail_taken(op);
    } else if (result == LAGAN_NOT_FOUND) {
        c.view.names = malloc(CLAIMS_LIMIT * sizeof *c.view.names);
        if (!c.view.names)
            return lagan_fail(op, LAGAN_INTERNAL, 0, "out of memory");
        result = contest(&c, op);
        free(c.view.names);
    }
    if (result != LAGAN_OK && !c.told && !claimed->make)
        remove_body(s, op, claimed->id);
    return result;
}

uint32_t claim_content(struct store *s, struct lagan_op *op, const struct claimed *claimed)
{
    struct contest c = {.store = s, .claimed = claimed, .name = name_of(s, claimed->key)};
    uint32_t result = look(&c, op);
    if (result == LAGAN_OK)
        result = fail_taken(op);
    else if (result == LAGAN_NOT_FOUND)
        result = copy_body(&c, op, claimed->id);
    remove_body(s, op, claimed->id);
    return result;
}
