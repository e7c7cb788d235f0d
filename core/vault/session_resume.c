/* SPDX-License-Identifier: Apache-2.0 */
/* session_resume.c - taking up what an interrupted session has stored. */
#include "base/log.h"
#include "vault/name.h"
#include "vault/session_private.h"
#include "vault/stored.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Name of the seal that the session has written, "" when it has none. */
static int find_seal(struct session *s, const uint8_t uuid[16], char name[SEAL_NAME_SIZE],
                     struct error *e)
{
    struct seal_list list = {0};

    name[0] = '\0';
    if (vault_backups(s->vault, &list, NULL, NULL, e) < 0)
        return -1;
    for (size_t i = 0; i < list.count; i++)
        if (memcmp(list.seals[i]->session, uuid, 16) == 0)
            snprintf(name, SEAL_NAME_SIZE, "%s", list.seals[i]->name);
    seal_list_free(&list);
    return 0;
}

/* The interrupted session had sealed its backup: only its end is missing. */
static int finish_old(struct session *s, const struct journal_content *content,
                      const char *seal, struct error *e)
{
    struct session_object object = s->object;

    memcpy(object.session, content->owner.session, sizeof(object.session));
    object.seal = seal;
    return session_object_finish(s->vault, &object, content->owner.epoch, e);
}

/* True when there is something to take up; its journal is the session's then. */
static int take_over(struct session *s, struct journal_content *content, struct error *e)
{
    char seal[SEAL_NAME_SIZE];
    struct journal *j = journal_take_over(s->vault, s->object.writer, s->source, content);

    if (j == NULL)
        return 0;
    if (find_seal(s, content->owner.session, seal, e) < 0) {
        journal_close(j);
        return -1;
    }
    if (seal[0] == '\0' && content->sealed[0] != '\0')
        snprintf(seal, sizeof(seal), "%s", content->sealed);
    if (seal[0] == '\0') {
        s->journal = j;
        memcpy(s->object.session, content->owner.session, sizeof(s->object.session));
        return 1;
    }
    int result = finish_old(s, content, seal, e);
    free(content->packs);
    *content = (struct journal_content){0};
    if (result < 0)
        journal_close(j);
    else
        journal_finish(j);
    return result;
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
    if (session_object_register(s->vault, &s->object, &s->epoch, e) < 0)
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
