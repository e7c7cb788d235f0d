/* SPDX-License-Identifier: Apache-2.0 */
/* token.c - finds the token, opens a session and logs in. */
#include "key_pkcs11/key_pkcs11.h"

#include <stdio.h>
#include <string.h>

enum { SLOT_LIMIT = 256, LIST_BYTES = 200 };

/* Text of a token is padded with blanks to its full width. */
static void copy_padded(const unsigned char *text, size_t size, char *out)
{
    while (size > 0 && (text[size - 1] == ' ' || text[size - 1] == '\0'))
        size--;
    memcpy(out, text, size);
    out[size] = '\0';
}

static void read_names(const struct ck_token_info *info, char label[33], char serial[17])
{
    copy_padded(info->label, sizeof info->label, label);
    copy_padded(info->serial_number, sizeof info->serial_number, serial);
}

static bool is_meant(const struct pkcs11_settings *s, ck_slot_id_t slot, const char *label,
                     const char *serial)
{
    return (!s->token || strcmp(s->token, label) == 0) &&
           (!s->serial || strcmp(s->serial, serial) == 0) &&
           (s->slot < 0 || (ck_slot_id_t)s->slot == slot);
}

/* What a look at all slots has found. */
struct search {
    size_t matches;
    ck_slot_id_t slot;
    struct ck_token_info info;
    char others[LIST_BYTES]; /* labels of tokens that are there but not meant */
};

static void add_other(struct search *search, const char *label)
{
    size_t used = strlen(search->others);
    snprintf(search->others + used, sizeof search->others - used, "%s\"%s\"",
             used > 0 ? ", " : "", label);
}

static void look_at_slot(struct pkcs11_token *t, ck_slot_id_t slot, struct search *search)
{
    struct ck_token_info info;
    char label[33];
    char serial[17];
    if (t->module->functions->C_GetTokenInfo(slot, &info) != CKR_OK ||
        !(info.flags & CKF_TOKEN_INITIALIZED))
        return;
    read_names(&info, label, serial);
    if (!is_meant(t->settings, slot, label, serial)) {
        add_other(search, label);
        return;
    }
    search->matches++;
    search->slot = slot;
    search->info = info;
}

/* "token t1, serial 0123, slot 4" as the settings have it. */
static void describe_wanted(const struct pkcs11_settings *s, char *text, size_t room)
{
    char slot[32] = "";
    if (s->slot >= 0)
        snprintf(slot, sizeof slot, " in slot %lld", (long long)s->slot);
    snprintf(text, room, "token%s%.64s%s%.64s%s", s->token ? " " : "", s->token ? s->token : "",
             s->serial ? ", serial " : "", s->serial ? s->serial : "", slot);
}

static uint32_t judge_search(struct pkcs11_token *t, struct lagan_op *op,
                             const struct search *search)
{
    char wanted[200];
    describe_wanted(t->settings, wanted, sizeof wanted);
    if (search->matches == 0)
        return lagan_fail(op, LAGAN_OFFLINE, 0, "%s is not there; tokens that are: %s", wanted,
                          search->others[0] ? search->others : "none");
    if (search->matches > 1)
        return lagan_fail(op, LAGAN_UNSUPPORTED, 0,
                          "%zu tokens are there that could be meant; say which one by serial",
                          search->matches);
    t->slot = search->slot;
    read_names(&search->info, t->label, t->serial);
    return LAGAN_OK;
}

static uint32_t find_token(struct pkcs11_token *t, struct lagan_op *op,
                           struct ck_token_info *info)
{
    ck_slot_id_t slots[SLOT_LIMIT];
    unsigned long count = 0;
    struct search search = {0};
    ck_rv_t rv = t->module->functions->C_GetSlotList(1, NULL, &count);
    if (rv == CKR_OK && count > SLOT_LIMIT)
        return lagan_fail(op, LAGAN_LIMIT, 0, "the module has %lu slots", count);
    if (rv == CKR_OK)
        rv = t->module->functions->C_GetSlotList(1, slots, &count);
    if (rv != CKR_OK)
        return pkcs11_fail(t, op, rv, "the module does not list its tokens");
    for (unsigned long i = 0; i < count; i++)
        look_at_slot(t, slots[i], &search);
    *info = search.info;
    return judge_search(t, op, &search);
}

/* A job that runs by itself must not use up the last attempt that a person has left. */
static uint32_t check_pin_state(struct lagan_op *op, ck_flags_t flags, const char *label)
{
    if (flags & CKF_USER_PIN_LOCKED)
        return lagan_fail(op, LAGAN_AUTH, 0,
                          "the PIN of token %s is locked after too many wrong ones; the "
                          "token's security officer unlocks it",
                          label);
    if (flags & CKF_USER_PIN_FINAL_TRY)
        return lagan_fail(op, LAGAN_AUTH, 0,
                          "the next wrong PIN would lock token %s, so none was tried; log in "
                          "once by hand with the right one",
                          label);
    return LAGAN_OK;
}

static uint32_t log_in(struct pkcs11_token *t, struct lagan_op *op, ck_flags_t flags)
{
    const struct pkcs11_settings *s = t->settings;
    char what[80];
    uint32_t result;
    ck_rv_t rv;
    if (!(flags & CKF_LOGIN_REQUIRED))
        return LAGAN_OK;
    if (!s->pin && !(flags & CKF_PROTECTED_AUTHENTICATION_PATH))
        return lagan_fail(op, LAGAN_AUTH, 0, "token %s wants a PIN; give pin=file:PATH",
                          t->label);
    result = check_pin_state(op, flags, t->label);
    if (result != LAGAN_OK)
        return result;
    snprintf(what, sizeof what, "log in to token %s", t->label);
    rv = t->module->functions->C_Login(t->session, CKU_USER, (unsigned char *)s->pin,
                                       s->pin ? s->pin_size : 0);
    if (rv == CKR_OK || rv == CKR_USER_ALREADY_LOGGED_IN)
        return LAGAN_OK;
    return pkcs11_fail(t, op, rv, what);
}

static uint32_t open_session(struct pkcs11_token *t, struct lagan_op *op, bool writable)
{
    struct ck_token_info info;
    ck_flags_t flags = CKF_SERIAL_SESSION | (writable ? CKF_RW_SESSION : 0);
    ck_rv_t rv;
    uint32_t result = find_token(t, op, &info);
    if (result != LAGAN_OK)
        return result;
    rv = t->module->functions->C_OpenSession(t->slot, flags, NULL, NULL, &t->session);
    if (rv != CKR_OK)
        return pkcs11_fail(t, op, rv, "no session with the token");
    t->connected = true;
    return log_in(t, op, info.flags);
}

uint32_t pkcs11_connect(struct pkcs11_token *t, struct lagan_op *op, bool make)
{
    uint32_t result = LAGAN_OK;
    t->lost = false;
    if (lagan_cancelled(op))
        return LAGAN_CANCELLED;
    if (!t->module)
        t->module = pkcs11_module_take(op, t->settings->module, &result);
    if (t->module)
        result = open_session(t, op, false);
    if (result == LAGAN_OK)
        result = pkcs11_key_find(t, op);
    if (result == LAGAN_NOT_FOUND && make) {
        /* Only who makes a key needs a session that may write. */
        pkcs11_disconnect(t);
        t->module = pkcs11_module_take(op, t->settings->module, &result);
        result = t->module ? open_session(t, op, true) : result;
        if (result == LAGAN_OK)
            result = pkcs11_key_make(t, op);
    }
    if (result != LAGAN_OK)
        pkcs11_disconnect(t);
    return result;
}

void pkcs11_disconnect(struct pkcs11_token *t)
{
    if (t->connected)
        t->module->functions->C_CloseSession(t->session);
    t->connected = false;
    /* A module that is ended and begun again looks for its tokens anew. */
    pkcs11_module_release(t->module);
    t->module = NULL;
}
