/* SPDX-License-Identifier: Apache-2.0 */
/* prune_sessions.c - whoever prunes is registered too, and waits for sessions of others. */
#include "base/clock.h"
#include "vault/prune_private.h"

#include <stdlib.h>
#include <string.h>

#define SIGN_EVERY_NS (INT64_C(600) * 1000000000)

int prune_enlist(struct prune *p, struct error *e)
{
    struct session_object *o = &p->object;

    process_text_self(p->process);
    *o = (struct session_object){
        .kind = SESSION_PRUNE, .created_ns = clock_wall_ns(), .process = p->process};
    memcpy(o->vault, vault_settings(p->vault)->uuid, sizeof(o->vault));
    memcpy(o->writer, p->request.writer_id, sizeof(o->writer));
    crypto_random(o->session, sizeof(o->session));
    prune_epochs_free(&p->epochs);
    if (session_object_register(p->vault, o, &p->epoch, &p->epochs, e) != 0)
        return -1;
    p->enlisted = true;
    p->sign_ns = clock_boot_ns();
    return 0;
}

int prune_sign(struct prune *p, struct error *e)
{
    int64_t silent = clock_boot_ns() - p->sign_ns;

    if (!p->enlisted || silent < SIGN_EVERY_NS)
        return 0;
    if (silent > PRUNE_PRUNER_SILENCE_NS / 2)
        return error_set(e, LAGAN_BUSY, ERROR_TEMPORARY,
                         "prune has stood still for so long that others may go on without it; "
                         "run it again");
    p->sign_ns += silent;
    return session_object_sign(p->vault, &p->object, p->epoch, ++p->signs, e);
}

int prune_sessions_list(struct prune *p, struct error *e)
{
    struct session_entry *found;
    size_t count;

    if (session_object_list(p->vault, &found, &count, e) != 0)
        return -1;
    free(p->sessions);
    p->sessions = found;
    p->session_count = count;
    return 0;
}

static bool is_own(const struct prune *p, const struct session_entry *s)
{
    return p->enlisted && memcmp(s->session, p->object.session, sizeof(s->session)) == 0;
}

/* Signs of the future are as good as of now. */
static bool is_silent(const struct prune *p, const struct session_entry *s)
{
    int64_t limit = p->request.silence_ns;

    if (s->kind == SESSION_PRUNE && limit > PRUNE_PRUNER_SILENCE_NS)
        limit = PRUNE_PRUNER_SILENCE_NS;
    return clock_wall_ns() - s->sign_ns >= limit;
}

bool prune_session_lives(const struct prune *p, const struct session_entry *s)
{
    return s->open && !s->dead && !is_own(p, s) && !is_silent(p, s);
}

bool prune_session_is_open(const struct prune *p, const uint8_t session[16])
{
    for (size_t i = 0; i < p->session_count; i++)
        if (memcmp(p->sessions[i].session, session, 16) == 0)
            return prune_session_lives(p, &p->sessions[i]);
    return false;
}

static int pass_over(struct prune *p, const struct session_entry *s, struct error *e)
{
    uint8_t(*grown)[16] = reallocarray(p->passed, p->passed_count + 1, sizeof(*grown));

    if (grown == NULL)
        return error_no_memory(e, "the list of sessions");
    p->passed = grown;
    memcpy(p->passed[p->passed_count++], s->session, 16);
    return 0;
}

/* Writers that began after the epoch do not build on what it names.  Who copies may bring a
 * pack of that name again at any time. */
int prune_sessions_wait(struct prune *p, uint32_t number, uint64_t *count, struct error *e)
{
    *count = 0;
    if (prune_sessions_list(p, e) != 0)
        return -1;
    for (size_t i = 0; i < p->session_count; i++) {
        const struct session_entry *s = &p->sessions[i];

        if (!s->open || is_own(p, s) || s->kind == SESSION_PRUNE ||
            (s->kind != SESSION_COPY && s->epoch >= number))
            continue;
        if (prune_session_lives(p, s))
            ++*count;
        else if (pass_over(p, s, e) != 0)
            return -1;
    }
    return 0;
}

int prune_sessions_copying(struct prune *p, struct error *e)
{
    if (prune_sessions_list(p, e) != 0)
        return -1;
    for (size_t i = 0; i < p->session_count; i++)
        if (p->sessions[i].kind == SESSION_COPY && prune_session_lives(p, &p->sessions[i]))
            return 1;
    return 0;
}

void prune_delist(struct prune *p)
{
    struct error ignored = ERROR_INIT;
    char name[NAME_SIZE];

    if (!p->enlisted)
        return;
    name_of_session(p->epoch, p->object.session, false, name);
    target_remove(vault_target(p->vault), name, &ignored);
    for (uint64_t i = 1; i <= p->signs; i++) {
        name_of_session_sign(p->epoch, p->object.session, i, name);
        target_remove(vault_target(p->vault), name, &ignored);
    }
    p->enlisted = false;
}
