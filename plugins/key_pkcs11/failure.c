/* SPDX-License-Identifier: Apache-2.0 */
/* failure.c - what the return values of a PKCS#11 module mean. */
#include "key_pkcs11/key_pkcs11.h"

/* X(value, class, whether a new session may mend it, words) */
#define MEANINGS(X)                                                                            \
    X(CKR_PIN_INCORRECT, AUTH, false,                                                          \
      "the PIN is wrong; correct it before the token locks itself")                            \
    X(CKR_PIN_INVALID, AUTH, false, "the PIN is wrong: the token takes none of this form")     \
    X(CKR_PIN_LEN_RANGE, AUTH, false, "the PIN is wrong: the token takes none of this length") \
    X(CKR_PIN_EXPIRED, AUTH, false, "the PIN has expired; set another with the token's tool")  \
    X(CKR_PIN_LOCKED, AUTH, false,                                                             \
      "the PIN is locked after too many wrong ones; the token's security officer unlocks it")  \
    X(CKR_USER_PIN_NOT_INITIALIZED, AUTH, false, "the token has no user PIN yet; set one")     \
    X(CKR_USER_NOT_LOGGED_IN, AUTH, true, "the token wants a login; give pin")                 \
    X(CKR_USER_ANOTHER_ALREADY_LOGGED_IN, BUSY, false, "somebody else is logged in")           \
    X(CKR_USER_TOO_MANY_TYPES, BUSY, false, "too many kinds of users are logged in")           \
    X(CKR_TOKEN_NOT_PRESENT, OFFLINE, true, "the token is not there")                          \
    X(CKR_TOKEN_NOT_RECOGNIZED, OFFLINE, true, "the module does not recognise the token")      \
    X(CKR_DEVICE_REMOVED, OFFLINE, true, "the token was taken away")                           \
    X(CKR_SLOT_ID_INVALID, OFFLINE, true, "there is no such slot")                             \
    X(CKR_DEVICE_ERROR, IO, true, "the token has failed")                                      \
    X(CKR_DEVICE_MEMORY, IO, false, "the token's memory is full")                              \
    X(CKR_GENERAL_ERROR, IO, true, "the module has failed")                                    \
    X(CKR_FUNCTION_FAILED, IO, false, "the module could not do it")                            \
    X(CKR_HOST_MEMORY, INTERNAL, false, "out of memory")                                       \
    X(CKR_SESSION_COUNT, BUSY, false, "the token has too many sessions open")                  \
    X(CKR_SESSION_CLOSED, TRANSIENT, true, "the session was closed")                           \
    X(CKR_SESSION_HANDLE_INVALID, TRANSIENT, true, "the session is gone")                      \
    X(CKR_CRYPTOKI_NOT_INITIALIZED, TRANSIENT, true, "the module was ended")                   \
    X(CKR_OPERATION_ACTIVE, TRANSIENT, true, "the session is in the middle of something")      \
    X(CKR_OBJECT_HANDLE_INVALID, NOT_FOUND, true, "the key is gone from the token")            \
    X(CKR_KEY_HANDLE_INVALID, NOT_FOUND, true, "the key is gone from the token")               \
    X(CKR_WRAPPING_KEY_HANDLE_INVALID, NOT_FOUND, true, "the key is gone from the token")      \
    X(CKR_UNWRAPPING_KEY_HANDLE_INVALID, NOT_FOUND, true, "the key is gone from the token")    \
    X(CKR_KEY_FUNCTION_NOT_PERMITTED, DENIED, false,                                           \
      "the key may not be used for this: it was disabled, or made for something else")         \
    X(CKR_ACTION_PROHIBITED, DENIED, false, "the token forbids it")                            \
    X(CKR_FUNCTION_REJECTED, DENIED, false, "the user of the token refused it")                \
    X(CKR_TOKEN_WRITE_PROTECTED, DENIED, false, "the token is write-protected")                \
    X(CKR_SESSION_READ_ONLY, DENIED, false, "the token is write-protected")                    \
    X(CKR_FUNCTION_CANCELED, CANCELLED, false, "it was cancelled at the token")                \
    X(CKR_MECHANISM_INVALID, UNSUPPORTED, false, "the token does not know this mechanism")     \
    X(CKR_MECHANISM_PARAM_INVALID, UNSUPPORTED, false,                                         \
      "the token knows the mechanism, not "                                                    \
      "with these parameters")                                                                 \
    X(CKR_ARGUMENTS_BAD, UNSUPPORTED, false,                                                   \
      "the token knows the mechanism, not with these "                                         \
      "parameters")                                                                            \
    X(CKR_FUNCTION_NOT_SUPPORTED, UNSUPPORTED, false, "the module cannot do this")             \
    X(CKR_TEMPLATE_INCONSISTENT, UNSUPPORTED, false, "the token takes no such key")            \
    X(CKR_TEMPLATE_INCOMPLETE, UNSUPPORTED, false, "the token wants to know more of the key")  \
    X(CKR_ATTRIBUTE_TYPE_INVALID, UNSUPPORTED, false, "the token knows no such attribute")     \
    X(CKR_ATTRIBUTE_VALUE_INVALID, UNSUPPORTED, false, "the token takes no such attribute")    \
    X(CKR_KEY_SIZE_RANGE, UNSUPPORTED, false, "the key's size does not fit")                   \
    X(CKR_KEY_TYPE_INCONSISTENT, UNSUPPORTED, false, "the key's kind does not fit")            \
    X(CKR_ENCRYPTED_DATA_INVALID, AUTH, false, "another key wrapped this")                     \
    X(CKR_ENCRYPTED_DATA_LEN_RANGE, AUTH, false, "another key wrapped this")                   \
    X(CKR_WRAPPED_KEY_INVALID, AUTH, false, "another key wrapped this")                        \
    X(CKR_WRAPPED_KEY_LEN_RANGE, AUTH, false, "another key wrapped this")

static const struct meaning {
    ck_rv_t rv;
    uint32_t error_class;
    bool lost;
    const char *words;
} meanings[] = {
#define X(rv, symbol, lost, words) {rv, LAGAN_##symbol, lost, words},
    MEANINGS(X)
#undef X
};

uint32_t pkcs11_fail(struct pkcs11_token *t, struct lagan_op *op, ck_rv_t rv, const char *what)
{
    static const struct meaning unknown = {0, LAGAN_IO, true, "an error of the module's own"};
    const struct meaning *m = &unknown;
    for (size_t i = 0; i < sizeof meanings / sizeof meanings[0]; i++)
        if (meanings[i].rv == rv)
            m = &meanings[i];
    if (t)
        t->lost = m->lost;
    return lagan_fail(op, m->error_class, (int32_t)rv, "%s: %s (0x%lx)", what, m->words, rv);
}

/* Tokens that find the tag of AES-GCM wrong say so in many ways. */
bool pkcs11_is_foreign(ck_rv_t rv)
{
    return rv == CKR_ENCRYPTED_DATA_INVALID || rv == CKR_ENCRYPTED_DATA_LEN_RANGE ||
           rv == CKR_WRAPPED_KEY_INVALID || rv == CKR_WRAPPED_KEY_LEN_RANGE ||
           rv == CKR_DATA_INVALID || rv == CKR_DATA_LEN_RANGE || rv == CKR_GENERAL_ERROR ||
           rv == CKR_FUNCTION_FAILED || rv == CKR_ARGUMENTS_BAD || rv == CKR_BUFFER_TOO_SMALL;
}
