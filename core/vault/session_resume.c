/* SPDX-License-Identifier: Apache-2.0 */
/* session_resume.c - taking up what an interrupted session has stored. */
#include "base/log.h"
#include "vault/name.h"
#include "vault/session_private.h"
#include "vault/stored.h"

#include <stdlib.h>
#include <string.h>

/* The interrupted session had sealed its backup: only its end is missing, unless somebody took
 * it for dead meanwhile.  1 when `list` has such a seal, 0, -1. */
static int finish_sealed(struct session *s, const struct journal_content *content,
                         const struct seal_list *list, struct error *e)
{
    struct session_object object = s->object;
    const struct seal *seal = NULL;
    struct error why = ERROR_INIT;

    memcpy(object.session, content->owner.session, sizeof(object.session));
    for (size_t i = 0; i < list->count; i++)
        if (memcmp(list->seals[i]->session, object.session, 16) == 0)
            seal = list->seals[i];
    if (seal == NULL && content->sealed[0] == '\0')
        return 0;
    /* A seal that stood and is there no more was deleted; whether one stands is noted once that
     * was made sure of. */
    object.seal = seal != NULL ? seal->name : content->sealed;
    if (seal != NULL && content->sealed[0] == '\0') {
        int stands = session_prune_after(s, &object, seal->prune_epoch, seal, &why);

        if (stands < 0) {
            *e = why;
            return -1;
        }
        if (stands == 0)
            return 1; /* withdrawn, and its end is written */
    }
    return session_object_finish(s->vault, &object, content->owner.epoch, e) < 0 ? -1 : 1;
}

static int finish_old(struct session *s, const struct journal_content *content, struct error *e)
{
    struct seal_list list = {0};

    if (vault_backups(s->vault, &list, NULL, NULL, e) < 0)
        return -1;
    int result = finish_sealed(s, content, &list, e);
    seal_list_free(&list);
    return result;
}

/* True when there is something to take up; its journal is the session's then. */
static int take_over(struct session *s, struct journal_content *content, struct error *e)
{
    struct journal *j = journal_take_over(s->vault, s->object.writer, s->source, content);

    if (j == NULL)
        return 0;
    int finished = finish_old(s, content, e);
    if (finished == 0) {
        s->journal = j;
        memcpy(s->object.session, content->owner.session, sizeof(s->object.session));
        return 1;
    }
    free(content->packs);
    *content = (struct journal_content){0};
    if (finished < 0) {
        journal_close(j);
        return -1;
    }
    journal_finish(j);
    return 0;
}

int session_resume_begin(struct session *s, struct journal_content *content, struct error *e)
{
    struct journal_owner owner;

    *content = (struct journal_content){0};
    int result = take_over(s, content, e);
    if (result < 0)
        return -1;
    if (result == 0)
        crypto_random(s->object.session, sizeof(s->object.session));
    if (session_object_register(s->vault, &s->object, &s->epoch, &s->epochs, e) < 0)
        return -1;
    if (s->journal != NULL)
        return 0;
    memcpy(owner.session, s->object.session, sizeof(owner.session));
    memcpy(owner.writer, s->object.writer, sizeof(owner.writer));
    memcpy(owner.source, s->source, sizeof(owner.source));
    owner.epoch = s->epoch;
    s->journal = journal_create(s->vault, &owner);
    return 0;
}

/* The dead process may not have made the pack's name durable. */
static int put_again(struct session *s, const struct seal_pack *id, struct error *e)
{
    char name[NAME_SIZE];

    name_of_pack(id->hash, name);
    return stored_confirm(vault_target(s->vault), name, id->hash, e);
}

static int take_pack(struct session *s, const struct seal_pack *id, struct error *e)
{
    struct pack *pack;
    uint32_t number;

    if (pack_open_tail(s->vault, id, &pack, e) < 0)
        return -1;
    if (put_again(s, id, e) < 0) {
        pack_close(pack);
        return -1;
    }
    if (index_add(s->index, pack, &number, e) < 0)
        return -1;
    /* This backup is what adds the pack to the vault. */
    atomic_fetch_add(&s->bytes_stored, id->bytes);
    return session_mark(s, number, PACK_NEEDED | PACK_OWN | PACK_RESUMED, NULL, e);
}

int session_resume_packs(struct session *s, const struct journal_content *content,
                         struct error *e)
{
    for (size_t i = 0; i < content->pack_count; i++) {
        struct error why = ERROR_INIT;
        /* What was taken for the leftover of a dead session goes, and is stored anew. */
        if (prune_epochs_find(&s->epochs, content->packs[i].hash) != NULL)
            continue;
        if (take_pack(s, &content->packs[i], &why) == 0)
            continue;
        if (why.error_class != LAGAN_NOT_FOUND && why.error_class != LAGAN_CORRUPT) {
            *e = why;
            return -1;
        }
        log_write(LOG_WARNING, "vault", "of an interrupted session: %s", why.text);
    }
    return 0;
}
