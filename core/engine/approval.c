/* SPDX-License-Identifier: Apache-2.0 */
/* approval.c - see approval.h. */
#include "engine/approval.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/text.h"
#include "catalog/audit.h"
#include "catalog/mirror.h"
#include "crypto/secret.h"
#include "crypto/signature.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

_Static_assert((int)CATALOG_APPROVAL_KEY == (int)SIGNATURE_PUBLIC_SIZE, "keys are Ed25519");
_Static_assert((int)CATALOG_APPROVAL_SIGNATURE == (int)SIGNATURE_SIZE,
               "signatures are Ed25519");

#define KEY_HEAD "lagan-approver-key-1 "
enum { KEY_FILE_LIMIT = 4096, ID_BYTES = 8, MESSAGE_SIZE = 1024 };

static const struct {
    const char *name, *words;
} operations[] = {
#define X(symbol, name, words) {name, words},
    APPROVAL_OPERATIONS(X)
#undef X
};

/* ---- who is asked ---- */

/* A mirror has no approvers of its own, as a rule: then those of its vault. */
static int read_approvers(struct setup *s, const uint8_t vault[CATALOG_ID_SIZE],
                          struct catalog_approvers *approvers, struct error *e)
{
    struct catalog *c = setup_catalog(s);
    struct catalog_mirror mirror;
    struct error none = ERROR_INIT;
    if (catalog_approvers_get(c, vault, approvers, e) != 0)
        return -1;
    if (approvers->needed > 0)
        return 0;
    if (catalog_mirror_get(c, vault, &mirror, &none) == 0)
        return catalog_approvers_get(c, mirror.source, approvers, e);
    if (none.code == ERROR_NO_MIRROR)
        return 0;
    *e = none;
    return -1;
}

static const struct catalog_approver *find_approver(const struct catalog_approvers *all,
                                                    const char *name)
{
    for (size_t i = 0; i < all->count; i++) {
        if (strcmp(all->items[i].name, name) == 0)
            return &all->items[i];
    }
    return NULL;
}

/* ---- what is signed ---- */

static size_t message_of(const struct catalog_request *r, char message[MESSAGE_SIZE])
{
    char vault[2 * CATALOG_ID_SIZE + 1];
    text_hex(r->vault, CATALOG_ID_SIZE, vault);
    int length =
        snprintf(message, MESSAGE_SIZE, "lagan/1/approval\n%s\n%s\n%s\n%s\n%" PRId64 "\n",
                 r->id, vault, r->operation, r->subject, r->until_ns);
    return (size_t)length < MESSAGE_SIZE ? (size_t)length : MESSAGE_SIZE - 1;
}

struct counting {
    const struct catalog_request *request;
    const struct catalog_approvers *approvers;
    uint32_t granted;
};

/* One that was signed by another key than the registered one is none. */
static int count_one(void *context, const struct catalog_approval *row, struct error *e)
{
    struct counting *counting = context;
    const struct catalog_approver *approver = find_approver(counting->approvers, row->approver);
    struct error why = ERROR_INIT;
    char message[MESSAGE_SIZE];
    size_t length = message_of(counting->request, message);
    (void)e;
    if (approver &&
        signature_check(approver->public_key, message, length, row->signature, &why) == 0)
        counting->granted++;
    return 0;
}

static int count(struct setup *s, const struct catalog_request *request,
                 const struct catalog_approvers *approvers, uint32_t *granted, struct error *e)
{
    struct counting counting = {request, approvers, 0};
    if (catalog_approval_list(setup_catalog(s), request->id, count_one, &counting, e) != 0)
        return -1;
    *granted = counting.granted;
    return 0;
}

int approval_count(struct setup *s, const struct catalog_request *request, uint32_t *granted,
                   uint32_t *needed, struct error *e)
{
    struct catalog_approvers approvers;
    if (read_approvers(s, request->vault, &approvers, e) != 0)
        return -1;
    *needed = approvers.needed;
    return count(s, request, &approvers, granted, e);
}

/* ---- asking ---- */

static int note(struct setup *s, enum catalog_event event, const struct catalog_request *r,
                const char *who, struct error *e)
{
    return catalog_audit_add(setup_catalog(s), event, r->id, e, "%s %s%s%s", r->operation,
                             r->subject, who[0] ? ": " : "", who);
}

static int end(struct setup *s, int result, struct error *e)
{
    if (result == 0)
        return catalog_commit(setup_catalog(s), e);
    catalog_rollback(setup_catalog(s));
    return -1;
}

static int make_request(struct setup *s, const struct catalog_vault *row, const char *operation,
                        const char *subject, struct catalog_request *made, struct error *e)
{
    uint8_t id[ID_BYTES];
    *made = (struct catalog_request){.state = CATALOG_REQUEST_WAITING,
                                     .created_ns = clock_wall_ns(),
                                     .until_ns = clock_wall_ns() + APPROVAL_WAIT_NS};
    crypto_random(id, sizeof(id));
    text_hex(id, sizeof(id), made->id);
    memcpy(made->vault, row->uuid, sizeof(made->vault));
    snprintf(made->operation, sizeof(made->operation), "%s", operation);
    snprintf(made->subject, sizeof(made->subject), "%s", subject);
    if (catalog_begin(setup_catalog(s), e) != 0)
        return -1;
    int result = catalog_request_insert(setup_catalog(s), made, e);
    if (result == 0)
        result = note(s, CATALOG_EVENT_APPROVAL_REQUEST, made, row->name, e);
    return end(s, result, e);
}

static int refuse(const struct catalog_vault *row, enum approval_operation operation,
                  const struct catalog_request *request, uint32_t granted, uint32_t needed,
                  struct error *e)
{
    char until[CLOCK_TEXT_SIZE];
    clock_format_utc(request->until_ns, until);
    return error_set(e, LAGAN_PRECONDITION, ERROR_APPROVAL_NEEDED,
                     "%s %.80s in the vault %s needs %u approvals, and has %u: `lagan approval "
                     "grant %s KEYFILE` gives one, until %s; then give the command again",
                     operations[operation].words, request->subject, row->name, needed, granted,
                     request->id, until);
}

/* The words that a request is found by again: cut where they would not fit. */
static void cut_subject(const char *subject, char cut[CATALOG_TEXT_SIZE])
{
    text_escape_line(cut, CATALOG_TEXT_SIZE, subject, strlen(subject));
}

/* 1 and `*request`: enough have approved; 0: nobody has to; -1. */
static int look(struct setup *s, const struct catalog_vault *row,
                enum approval_operation operation, const char *subject, bool ask,
                struct catalog_request *request, struct error *e)
{
    const char *name = operations[operation].name;
    struct catalog_approvers approvers;
    char words[CATALOG_TEXT_SIZE];
    uint32_t granted = 0;
    if (read_approvers(s, row->uuid, &approvers, e) != 0)
        return -1;
    if (approvers.needed == 0)
        return 0;
    cut_subject(subject, words);
    int found = catalog_request_waiting(setup_catalog(s), row->uuid, name, words,
                                        clock_wall_ns(), request, e);
    if (found > 0 && count(s, request, &approvers, &granted, e) != 0)
        return -1;
    if (found < 0 || (found > 0 && granted >= approvers.needed))
        return found;
    if (found == 0 && ask && make_request(s, row, name, words, request, e) != 0)
        return -1;
    if (found == 0 && !ask)
        return error_set(e, LAGAN_PRECONDITION, ERROR_APPROVAL_NEEDED,
                         "somebody else has used the approvals of this meanwhile");
    return refuse(row, operation, request, granted, approvers.needed, e);
}

int approval_ask(struct setup *s, const struct catalog_vault *row,
                 enum approval_operation operation, const char *subject, struct error *e)
{
    struct catalog_request request;
    return look(s, row, operation, subject, true, &request, e) < 0 ? -1 : 0;
}

int approval_spend(struct setup *s, const struct catalog_vault *row,
                   enum approval_operation operation, const char *subject, struct error *e)
{
    struct catalog_request request;
    if (catalog_begin(setup_catalog(s), e) != 0)
        return -1;
    int found = look(s, row, operation, subject, false, &request, e);
    int result = found < 0 ? -1 : 0;
    if (found > 0)
        result = catalog_request_end(setup_catalog(s), request.id, CATALOG_REQUEST_USED, e);
    if (found > 0 && result == 0)
        result = note(s, CATALOG_EVENT_APPROVAL_USE, &request, row->name, e);
    return end(s, result, e);
}

/* ---- keys ---- */

int approval_key_make(const char *path, uint8_t public_key[CATALOG_APPROVAL_KEY],
                      struct error *e)
{
    uint8_t seed[SIGNATURE_SEED_SIZE];
    char text[sizeof(KEY_HEAD) + 2 * SIGNATURE_SEED_SIZE + 2] = KEY_HEAD;
    crypto_random(seed, sizeof(seed));
    text_hex(seed, sizeof(seed), text + strlen(KEY_HEAD));
    size_t length = strlen(text);
    text[length++] = '\n';
    int result = signature_public(seed, public_key, e);
    if (result == 0)
        result = file_write_new(path, text, length, 0600, NULL, e);
    secret_wipe(seed, sizeof(seed));
    secret_wipe(text, sizeof(text));
    return result;
}

static int read_key(const char *path, uint8_t seed[SIGNATURE_SEED_SIZE], struct error *e)
{
    struct buffer file CLEANUP_BUFFER = BUFFER_INIT;
    int result = file_read(path, KEY_FILE_LIMIT, &file, e);
    if (result != 0)
        return -1;
    buffer_append_u8(&file, 0);
    if (buffer_check(&file, e) != 0)
        return -1;
    char *text = (char *)file.data;
    text[strcspn(text, "\r\n")] = '\0';
    if (strncmp(text, KEY_HEAD, strlen(KEY_HEAD)) != 0 ||
        text_unhex(text + strlen(KEY_HEAD), seed, SIGNATURE_SEED_SIZE) != 0)
        result =
            error_set(e, LAGAN_INVALID, ERROR_APPROVAL_REFUSED,
                      "%s is no key of an approver; `lagan approval key FILE` makes one", path);
    secret_wipe(file.data, file.size);
    return result;
}

/* ---- approving ---- */

static int refused(const struct catalog_request *request, const char *why, struct error *e)
{
    return error_set(e, LAGAN_PRECONDITION, ERROR_APPROVAL_REFUSED, "the request %s %s",
                     request->id, why);
}

static int check_open(const struct catalog_request *request, struct error *e)
{
    if (request->state != CATALOG_REQUEST_WAITING)
        return refused(request,
                       request->state == CATALOG_REQUEST_USED ? "has been carried out already"
                                                              : "was cancelled",
                       e);
    if (request->until_ns <= clock_wall_ns())
        return refused(request, "has waited for too long; give the command anew", e);
    return 0;
}

/* Whose key it is. */
static int find_signer(struct setup *s, const struct catalog_request *request,
                       const uint8_t seed[SIGNATURE_SEED_SIZE], struct catalog_approver *signer,
                       struct error *e)
{
    struct catalog_approvers approvers;
    uint8_t public_key[SIGNATURE_PUBLIC_SIZE];
    if (read_approvers(s, request->vault, &approvers, e) != 0 ||
        signature_public(seed, public_key, e) != 0)
        return -1;
    for (size_t i = 0; i < approvers.count; i++) {
        *signer = approvers.items[i];
        if (memcmp(signer->public_key, public_key, sizeof(public_key)) == 0)
            return 0;
    }
    return refused(request, "does not ask for the holder of this key", e);
}

static int store(struct setup *s, const struct catalog_request *request,
                 const struct catalog_approval *approval, struct error *e)
{
    if (catalog_begin(setup_catalog(s), e) != 0)
        return -1;
    int made = catalog_approval_insert(setup_catalog(s), request->id, approval, e);
    int result = made < 0 ? -1 : 0;
    if (made == 0) {
        catalog_rollback(setup_catalog(s));
        return refused(request, "has the approval of the holder of this key already", e);
    }
    if (result == 0)
        result = note(s, CATALOG_EVENT_APPROVAL_GRANT, request, approval->approver, e);
    return end(s, result, e);
}

static int sign(struct setup *s, const struct catalog_request *request,
                const uint8_t seed[SIGNATURE_SEED_SIZE], struct error *e)
{
    struct catalog_approval approval = {.at_ns = 0};
    struct catalog_approver signer;
    char message[MESSAGE_SIZE];
    size_t length = message_of(request, message);
    if (check_open(request, e) != 0 || find_signer(s, request, seed, &signer, e) != 0 ||
        signature_make(seed, message, length, approval.signature, e) != 0)
        return -1;
    memcpy(approval.approver, signer.name, sizeof(approval.approver));
    return store(s, request, &approval, e);
}

int approval_grant(struct setup *s, const char *text, const char *key_path,
                   struct catalog_request *request, uint32_t *missing, struct error *e)
{
    uint8_t seed[SIGNATURE_SEED_SIZE];
    uint32_t granted = 0, needed = 0;
    if (catalog_request_find(setup_catalog(s), text, request, e) != 0 ||
        read_key(key_path, seed, e) != 0)
        return -1;
    int result = sign(s, request, seed, e);
    secret_wipe(seed, sizeof(seed));
    if (result != 0 || approval_count(s, request, &granted, &needed, e) != 0)
        return -1;
    *missing = granted < needed ? needed - granted : 0;
    return 0;
}

int approval_cancel(struct setup *s, const char *text, struct catalog_request *request,
                    struct error *e)
{
    struct catalog *c = setup_catalog(s);
    if (catalog_request_find(c, text, request, e) != 0 || check_open(request, e) != 0 ||
        catalog_begin(c, e) != 0)
        return -1;
    int result = catalog_request_end(c, request->id, CATALOG_REQUEST_CANCELLED, e);
    if (result == 0)
        result = note(s, CATALOG_EVENT_APPROVAL_CANCEL, request, "", e);
    return end(s, result, e);
}

/* ---- who approves ---- */

static int check_set(const struct catalog_approvers *a, struct error *e)
{
    if (a->needed > a->count || (a->needed == 0) != (a->count == 0))
        return error_set(
            e, LAGAN_INVALID, ERROR_PARAMETER,
            "%u approvals of %zu approvers: it is one of them at least, and all of "
            "them at most",
            a->needed, a->count);
    for (size_t i = 0; i < a->count; i++) {
        for (size_t j = 0; j < i; j++) {
            if (memcmp(a->items[i].public_key, a->items[j].public_key, CATALOG_APPROVAL_KEY) ==
                0)
                return error_set(e, LAGAN_INVALID, ERROR_PARAMETER,
                                 "%s and %s have the same key: each approver has his own",
                                 a->items[j].name, a->items[i].name);
        }
    }
    return 0;
}

/* What it comes to, as far as one line tells. */
static void describe(const struct catalog_approvers *a, char text[CATALOG_TEXT_SIZE])
{
    char key[9];
    size_t used =
        (size_t)snprintf(text, CATALOG_TEXT_SIZE, "to %u of %zu", a->needed, a->count);
    for (size_t i = 0; i < a->count && used < CATALOG_TEXT_SIZE; i++) {
        text_hex(a->items[i].public_key, 4, key);
        used += (size_t)snprintf(text + used, CATALOG_TEXT_SIZE - used, "%s%.24s/%s",
                                 i == 0 ? ": " : ", ", a->items[i].name, key);
    }
}

int approval_set(struct setup *s, const struct catalog_vault *row,
                 const struct catalog_approvers *approvers, struct error *e)
{
    char words[CATALOG_TEXT_SIZE];
    if (check_set(approvers, e) != 0)
        return -1;
    describe(approvers, words);
    if (approval_ask(s, row, APPROVAL_APPROVERS, words, e) != 0 ||
        catalog_begin(setup_catalog(s), e) != 0)
        return -1;
    int result = approval_spend(s, row, APPROVAL_APPROVERS, words, e);
    if (result == 0)
        result = catalog_approvers_set(setup_catalog(s), row->uuid, approvers, e);
    if (result == 0)
        result = catalog_audit_add(setup_catalog(s), CATALOG_EVENT_APPROVERS, row->name, e,
                                   "%s", words);
    return end(s, result, e);
}

/* ---- in the vault ---- */

static const char NEEDED[] = "needed", APPROVER[] = "approver:";

int approval_note(struct setup *s, const struct catalog_vault *row, struct vault_note *made,
                  struct error *e)
{
    struct catalog_approvers approvers;
    char text[2 * CATALOG_APPROVAL_KEY + 1], name[VAULT_ABOUT_NAME_LIMIT + 1];
    if (catalog_approvers_get(setup_catalog(s), row->uuid, &approvers, e) != 0)
        return -1;
    if (approvers.needed == 0)
        return 0;
    snprintf(text, sizeof(text), "%u", approvers.needed);
    if (vault_about_add(&made->facts, NEEDED, text, e) != 0)
        return -1;
    for (size_t i = 0; i < approvers.count; i++) {
        text_hex(approvers.items[i].public_key, CATALOG_APPROVAL_KEY, text);
        snprintf(name, sizeof(name), "%s%s", APPROVER, approvers.items[i].name);
        if (vault_about_add(&made->facts, name, text, e) != 0)
            return -1;
    }
    return 0;
}

int approval_tell(struct setup *s, struct vault *v, const struct catalog_vault *row,
                  struct error *e)
{
    struct vault_note made = {.kind = VAULT_NOTE_APPROVAL};
    int result = approval_note(s, row, &made, e);
    if (result == 0)
        result = vault_note_write(v, &made, e);
    vault_note_free(&made);
    return result;
}

int approval_take(struct setup *s, const struct vault_note *found,
                  const struct catalog_vault *row, uint64_t *number, struct error *e)
{
    struct catalog_approvers approvers = {.needed = 0};
    const char *needed = vault_about_find(&found->facts, NEEDED);
    uint64_t least = 0;
    for (size_t i = 0; i < found->facts.pair_count; i++) {
        const struct seal_pair *pair = &found->facts.pairs[i];
        struct catalog_approver *made = &approvers.items[approvers.count];
        if (approvers.count == CATALOG_APPROVER_LIMIT ||
            strncmp(pair->name, APPROVER, strlen(APPROVER)) != 0 ||
            text_unhex(pair->value, made->public_key, sizeof(made->public_key)) != 0)
            continue;
        snprintf(made->name, sizeof(made->name), "%s", pair->name + strlen(APPROVER));
        approvers.count++;
    }
    if (!needed || text_parse_u64(needed, &least) != 0 || least == 0 || least > approvers.count)
        return 0;
    approvers.needed = (uint32_t)least;
    *number += approvers.count;
    return catalog_approvers_set(setup_catalog(s), row->uuid, &approvers, e);
}
