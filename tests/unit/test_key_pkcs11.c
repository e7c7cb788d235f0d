/* SPDX-License-Identifier: Apache-2.0 */
/* test_key_pkcs11.c - keys in tokens, with SoftHSM: every kind of key, and every way in which a
 * token or a key can be missing. */
#include "key_fixture.h"
#include "unit.h"

#include <dlfcn.h>
#define CRYPTOKI_GNU 1
#include <p11-kit/pkcs11.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *const modules[] = {"/usr/lib/softhsm/libsofthsm2.so",
                                      "/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so",
                                      "/usr/lib/aarch64-linux-gnu/softhsm/libsofthsm2.so"};
static const char *module;

struct fixture {
    struct driver_host *host;
    char *scratch;
    char module_word[200];
    char pin_word[200];
    char tokens[200];
    char away[200];
};

/* Runs a command of the token's own tools; the test fails when it does. */
__attribute__((format(printf, 1, 2))) static void run(const char *format, ...)
{
    char line[1000];
    char whole[1200];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    snprintf(whole, sizeof whole, "{ %s; } >run.log 2>&1 || { cat run.log >&2; exit 1; }",
             line);
    if (system(whole) != 0)
        fail_msg("%s", line);
}

/* A PKCS#11 tool with the user logged in to the token t1. */
#define TOOL "pkcs11-tool --module %s --token-label t1 --login --pin 5678 "

static struct fixture fixture_open(void)
{
    struct fixture f = {.host = fixture_host("test-drivers"), .scratch = fixture_scratch()};
    char path[120];
    char text[300];
    assert_int_equal(chdir(f.scratch), 0);
    snprintf(f.tokens, sizeof f.tokens, "%s/tokens", f.scratch);
    snprintf(f.away, sizeof f.away, "%s/away", f.scratch);
    assert_int_equal(mkdir(f.tokens, 0700), 0);
    snprintf(path, sizeof path, "%s/softhsm2.conf", f.scratch);
    snprintf(text, sizeof text, "directories.tokendir = %s\nobjectstore.backend = file\n",
             f.tokens);
    fixture_write_text(path, text, 0600);
    assert_int_equal(setenv("SOFTHSM2_CONF", path, 1), 0);
    run("softhsm2-util --init-token --free --label t1 --so-pin 1234 --pin 5678");
    snprintf(f.module_word, sizeof f.module_word, "module=%s", module);
    snprintf(path, sizeof path, "%s/pin", f.scratch);
    fixture_write_text(path, "5678\n", 0600);
    snprintf(f.pin_word, sizeof f.pin_word, "pin=file:%s", path);
    return f;
}

static void fixture_close(struct fixture *f)
{
    assert_int_equal(chdir("/"), 0);
    driver_host_free(f->host);
    fixture_scratch_remove(f->scratch);
}

static struct key_opened open_key(const struct fixture *f, const char *key, uint64_t flags)
{
    const char *const words[] = {f->module_word, "token=t1", f->pin_word, key, NULL};
    return key_open(f->host, "key_pkcs11", words, flags);
}

static uint32_t fails(const struct fixture *f, const char *key, uint32_t error_class,
                      const char *part)
{
    const char *const words[] = {f->module_word, "token=t1", f->pin_word, key, NULL};
    return key_open_fails(f->host, "key_pkcs11", words, 0, error_class, part);
}

static void assert_identity(struct key_opened *k, const char *part)
{
    struct error e = ERROR_INIT;
    char shown[300];
    assert_success(key_provider_identify(k->provider, shown, sizeof shown, &e), e);
    if (!strstr(shown, part))
        fail_msg("no \"%s\" in \"%s\"", part, shown);
}

static void key_pkcs11_makes_a_key_once(void **state)
{
    struct fixture f = fixture_open();
    (void)state;
    assert_int_equal(fails(&f, "key=k1", LAGAN_NOT_FOUND, "key k1 is not in token t1"),
                     ERROR_KEY_UNAVAILABLE);
    struct key_opened k = open_key(&f, "key=k1", LAGAN_OPEN_INITIALISE);
    struct buffer wrapped = key_wrap_secret(&k);
    assert_identity(&k, "token t1 (");
    assert_identity(&k, "AES-256 key k1, id ");
    key_close(&k);
    k = open_key(&f, "k1", LAGAN_OPEN_INITIALISE);
    key_unwrap_secret(&k, &wrapped);
    key_close(&k);
    /* It stays where it is: sensitive, never extractable, one of it. */
    run(TOOL "-O --type secrkey >list && grep -c 'Secret Key' list | grep -x 1 &&"
             " grep -i 'never extractable' list && grep -i sensitive list",
        module);
    buffer_free(&wrapped);
    fixture_close(&f);
}

/* Makes an AES key that may encrypt and decrypt, or wrap and unwrap, or neither, with the
 * module itself: the tools cannot say no. */
static void make_aes(const char *label, unsigned char encrypts, unsigned char wraps)
{
    struct ck_function_list *f = NULL;
    CK_C_GetFunctionList get;
    ck_slot_id_t slots[8];
    unsigned long count = 8;
    unsigned long bytes = 32;
    unsigned char yes = 1;
    unsigned char pin[] = "5678";
    unsigned char id = 0x5a;
    char copy[32];
    ck_session_handle_t session;
    ck_object_handle_t made;
    struct ck_mechanism mechanism = {CKM_AES_KEY_GEN, NULL, 0};
    snprintf(copy, sizeof copy, "%s", label);
    struct ck_attribute wanted[] = {{CKA_VALUE_LEN, &bytes, sizeof bytes},
                                    {CKA_TOKEN, &yes, 1},
                                    {CKA_PRIVATE, &yes, 1},
                                    {CKA_ENCRYPT, &encrypts, 1},
                                    {CKA_DECRYPT, &encrypts, 1},
                                    {CKA_WRAP, &wraps, 1},
                                    {CKA_UNWRAP, &wraps, 1},
                                    {CKA_ID, &id, 1},
                                    {CKA_LABEL, copy, strlen(copy)}};
    void *library = dlopen(module, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
    assert_non_null(library);
    void *symbol = dlsym(library, "C_GetFunctionList");
    memcpy(&get, &symbol, sizeof get);
    assert_int_equal(get(&f), CKR_OK);
    assert_int_equal(f->C_Initialize(NULL), CKR_OK);
    assert_int_equal(f->C_GetSlotList(1, slots, &count), CKR_OK);
    assert_int_equal(
        f->C_OpenSession(slots[0], CKF_SERIAL_SESSION | CKF_RW_SESSION, NULL, NULL, &session),
        CKR_OK);
    assert_int_equal(f->C_Login(session, CKU_USER, pin, 4), CKR_OK);
    assert_int_equal(
        f->C_GenerateKey(session, &mechanism, wanted, sizeof wanted / sizeof wanted[0], &made),
        CKR_OK);
    assert_int_equal(f->C_Finalize(NULL), CKR_OK);
    dlclose(library);
}

/* Keys as an administrator makes them, and the way in which each is used: byte 8 of the form.
 */
static const struct kind {
    const char *make; /* NULL: one that may only wrap */
    uint8_t way;
    const char *identity;
} kinds[] = {
    {"--keygen --key-type AES:32", 1, "AES-256"},
    {"--keygen --key-type AES:16", 1, "AES-128"},
    {NULL, 2, "AES-256"},
    {"--keypairgen --key-type RSA:2048 --usage-decrypt", 4, "RSA-2048"},
};

static void make_kind(size_t i)
{
    char label[8];
    snprintf(label, sizeof label, "k%zu", i);
    if (kinds[i].make)
        run(TOOL "%s --label %s --id 0%zu", module, kinds[i].make, label, i);
    else
        make_aes(label, 0, 1);
}

static void key_pkcs11_uses_every_kind_of_key(void **state)
{
    struct fixture f = fixture_open();
    (void)state;
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        char word[20];
        make_kind(i);
        snprintf(word, sizeof word, i % 2 ? "id=0%zu" : "key=k%zu", i);
        struct key_opened k = open_key(&f, word, 0);
        struct buffer wrapped = key_wrap_secret(&k);
        if (wrapped.data[8] != kinds[i].way)
            fail_msg("key k%zu: way %u", i, wrapped.data[8]);
        assert_identity(&k, kinds[i].identity);
        key_keeps_the_contract(&k);
        buffer_free(&wrapped);
        key_close(&k);
    }
    fixture_close(&f);
}

static void key_pkcs11_tells_other_keys_apart(void **state)
{
    struct fixture f = fixture_open();
    struct buffer forms[4];
    (void)state;
    for (size_t i = 0; i < 4; i++) {
        char word[20];
        make_kind(i);
        snprintf(word, sizeof word, "key=k%zu", i);
        struct key_opened k = open_key(&f, word, 0);
        forms[i] = key_wrap_secret(&k);
        key_close(&k);
    }
    for (size_t i = 0; i < 16; i++) {
        char word[20];
        snprintf(word, sizeof word, "key=k%zu", i / 4);
        struct key_opened k = open_key(&f, word, 0);
        if (i / 4 == i % 4)
            key_unwrap_secret(&k, &forms[i % 4]);
        else
            assert_int_equal(key_unwrap_fails(&k, &forms[i % 4], LAGAN_AUTH, ""),
                             ERROR_WRONG_KEY);
        key_close(&k);
    }
    /* Deleted, and made again under the same name. */
    run(TOOL "--delete-object --type secrkey --label k0", module);
    run(TOOL "--keygen --key-type AES:32 --label k0 --id 00", module);
    struct key_opened k = open_key(&f, "key=k0", 0);
    assert_int_equal(key_unwrap_fails(&k, &forms[0], LAGAN_AUTH, "another key wrapped this"),
                     ERROR_WRONG_KEY);
    key_close(&k);
    for (size_t i = 0; i < 4; i++)
        buffer_free(&forms[i]);
    fixture_close(&f);
}

static void key_pkcs11_refuses_unsuitable_keys(void **state)
{
    struct fixture f = fixture_open();
    (void)state;
    make_aes("idle", 0, 0);
    assert_int_equal(fails(&f, "key=idle", LAGAN_DENIED, "may not decrypt: it was disabled"),
                     ERROR_KEY_UNAVAILABLE);
    run(TOOL "--keypairgen --key-type RSA:1024 --usage-decrypt --label weak --id 02", module);
    fails(&f, "key=weak", LAGAN_UNSUPPORTED, "RSA key of 1024 bits");
    run(TOOL "--keygen --key-type AES:32 --label twin --id 03", module);
    run(TOOL "--keygen --key-type AES:32 --label twin --id 04", module);
    fails(&f, "key=twin", LAGAN_UNSUPPORTED, "several of key twin; say which one");
    const char *const words[] = {f.module_word, "token=t1", f.pin_word,
                                 "key=twin",    "id=04",    NULL};
    struct key_opened k = key_open(f.host, "key_pkcs11", words, 0);
    assert_identity(&k, "id 04");
    key_close(&k);
    fixture_close(&f);
}

static void key_pkcs11_maps_logins(void **state)
{
    struct fixture f = fixture_open();
    const char *const without[] = {f.module_word, "token=t1", "key=k1", NULL};
    const char *const wrong[] = {f.module_word, "token=t1", "key=k1", f.pin_word, NULL};
    (void)state;
    assert_int_equal(key_open_fails(f.host, "key_pkcs11", without, 0, LAGAN_AUTH,
                                    "wants a PIN; give pin=file:PATH"),
                     ERROR_KEY_UNAVAILABLE);
    fixture_write_text("pin", "0000\n", 0600);
    assert_int_equal(
        key_open_fails(f.host, "key_pkcs11", wrong, 0, LAGAN_AUTH, "the PIN is wrong"),
        ERROR_KEY_UNAVAILABLE);
    fixture_write_text("pin", "0\n", 0600);
    key_open_fails(f.host, "key_pkcs11", wrong, 0, LAGAN_AUTH, "the PIN is wrong");
    fixture_write_text("pin", "5678\n", 0600);
    struct key_opened k = open_key(&f, "key=k1", LAGAN_OPEN_INITIALISE);
    key_close(&k);
    fixture_close(&f);
}

static void key_pkcs11_finds_tokens(void **state)
{
    struct fixture f = fixture_open();
    const char *const any[] = {f.module_word, f.pin_word, "key=k1", NULL};
    const char *const other[] = {f.module_word, f.pin_word, "token=t9", "key=k1", NULL};
    const char *const serial[] = {f.module_word, f.pin_word, "serial=none", "key=k1", NULL};
    (void)state;
    struct key_opened k = open_key(&f, "key=k1", LAGAN_OPEN_INITIALISE);
    key_close(&k);
    k = key_open(f.host, "key_pkcs11", any, 0);
    key_close(&k);
    assert_int_equal(key_open_fails(f.host, "key_pkcs11", other, 0, LAGAN_OFFLINE,
                                    "token t9 is not there; tokens that are: \"t1\""),
                     ERROR_KEY_UNAVAILABLE);
    key_open_fails(f.host, "key_pkcs11", serial, 0, LAGAN_OFFLINE, "serial none");
    run("softhsm2-util --init-token --free --label t2 --so-pin 1234 --pin 5678");
    key_open_fails(f.host, "key_pkcs11", any, 0, LAGAN_UNSUPPORTED, "2 tokens are there");
    fixture_close(&f);
}

static void key_pkcs11_opens_lost_sessions_again(void **state)
{
    struct fixture f = fixture_open();
    struct key_opened k = open_key(&f, "key=k1", LAGAN_OPEN_INITIALISE);
    struct buffer wrapped = key_wrap_secret(&k);
    (void)state;
    /* The token goes while a handle is open. */
    assert_int_equal(rename(f.tokens, f.away), 0);
    assert_int_equal(mkdir(f.tokens, 0700), 0);
    assert_int_equal(fails(&f, "key=k1", LAGAN_OFFLINE, "token t1 is not there"),
                     ERROR_KEY_UNAVAILABLE);
    assert_int_equal(rmdir(f.tokens), 0);
    assert_int_equal(rename(f.away, f.tokens), 0);
    key_unwrap_secret(&k, &wrapped);
    /* The key goes, for good. */
    run(TOOL "--delete-object --type secrkey --label k1", module);
    assert_int_equal(key_unwrap_fails(&k, &wrapped, LAGAN_NOT_FOUND, "k1 is not in token t1"),
                     ERROR_KEY_UNAVAILABLE);
    buffer_free(&wrapped);
    key_close(&k);
    fixture_close(&f);
}

static void key_pkcs11_has_many_instances(void **state)
{
    struct fixture f = fixture_open();
    struct key_opened one = open_key(&f, "key=k1", LAGAN_OPEN_INITIALISE);
    struct key_opened two = open_key(&f, "key=k2", LAGAN_OPEN_INITIALISE);
    struct buffer first = key_wrap_secret(&one);
    struct buffer second = key_wrap_secret(&two);
    (void)state;
    key_unwrap_secret(&one, &first);
    key_close(&one);
    key_unwrap_secret(&two, &second);
    key_unwrap_fails(&two, &first, LAGAN_AUTH, "another key wrapped this");
    key_close(&two);
    buffer_free(&first);
    buffer_free(&second);
    fixture_close(&f);
}

static void key_pkcs11_refuses_modules(void **state)
{
    struct fixture f = fixture_open();
    char word[300];
    const char *const words[] = {word, "key=k1", NULL};
    (void)state;
    snprintf(word, sizeof word, "module=%s/nosuch.so", f.scratch);
    key_open_fails(f.host, "key_pkcs11", words, 0, LAGAN_NOT_FOUND, "nosuch.so");
    snprintf(word, sizeof word, "module=%s/softhsm2.conf", f.scratch);
    key_open_fails(f.host, "key_pkcs11", words, 0, LAGAN_UNSUPPORTED, "cannot be loaded");
    assert_int_equal(chmod("softhsm2.conf", 0666), 0);
    key_open_fails(f.host, "key_pkcs11", words, 0, LAGAN_DENIED, "somebody else may write");
    snprintf(word, sizeof word, "module=%s/key_file.so", fixture_folder("test-drivers"));
    key_open_fails(f.host, "key_pkcs11", words, 0, LAGAN_UNSUPPORTED, "is no PKCS#11 module");
    fixture_close(&f);
}

static void key_pkcs11_checks_parameters(void **state)
{
    static const char *const words[][2] = {{"token=t1", "say which key"},
                                           {"id=3", "id"},
                                           {"id=xy", "pairs of hexadecimal digits"},
                                           {"id=123", "pairs of hexadecimal digits"},
                                           {"slot=-1", "slot"}};
    struct driver_host *host = fixture_host("test-drivers");
    struct error e = ERROR_INIT;
    const struct driver *d = driver_load(host, "key_pkcs11", &e);
    (void)state;
    assert_success(d ? 0 : -1, e);
    assert_true(driver_traits(d) & LAGAN_TRAIT_SERVICE);
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        struct instance *made = instance_new(d, &e);
        assert_success(made ? 0 : -1, e);
        if (instance_set_word(made, words[i][0], &e) == 0)
            assert_int_equal(instance_ready(made, &e), -1);
        assert_error(e, LAGAN_INVALID, words[i][1]);
        instance_free(made);
    }
    driver_host_free(host);
}

/* Why these tests cannot run here; NULL when they can. */
static const char *what_is_missing(void)
{
    for (size_t i = 0; i < sizeof modules / sizeof modules[0] && !module; i++)
        if (access(modules[i], R_OK) == 0)
            module = modules[i];
    if (!module || system("command -v softhsm2-util >/dev/null") != 0)
        return "SoftHSM (softhsm2)";
    return system("command -v pkcs11-tool >/dev/null") == 0 ? NULL : "pkcs11-tool (opensc)";
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(key_pkcs11_makes_a_key_once),
        cmocka_unit_test(key_pkcs11_uses_every_kind_of_key),
        cmocka_unit_test(key_pkcs11_tells_other_keys_apart),
        cmocka_unit_test(key_pkcs11_refuses_unsuitable_keys),
        cmocka_unit_test(key_pkcs11_maps_logins),
        cmocka_unit_test(key_pkcs11_finds_tokens),
        cmocka_unit_test(key_pkcs11_opens_lost_sessions_again),
        cmocka_unit_test(key_pkcs11_has_many_instances),
        cmocka_unit_test(key_pkcs11_refuses_modules),
        cmocka_unit_test(key_pkcs11_checks_parameters),
    };
    const char *missing = what_is_missing();
    if (missing) {
        print_message("SKIPPED: needs %s\n", missing);
        return 77;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
