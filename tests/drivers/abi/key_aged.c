/* SPDX-License-Identifier: Apache-2.0 */
/*
 * key_aged.c - as its author wrote it for ABI 1.0, and never changed since.  Built with the
 * headers of each minor, and with those of tomorrow (OF_TOMORROW fills what they have behind
 * what is known).
 *
 * a key provider: 32 random bytes in a file, and AES-256-GCM of OpenSSL.
 *
 * Wrapped form: the magic word, the key's id, a nonce, the sealed secret, its tag.  The id
 * tells another key (AUTH) from an altered form (CORRUPT); it and the context are
 * authenticated.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE 1
#endif
#include <lagan/key.h>

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    KEY_BYTES = 32,
    ID_BYTES = 8,
    NONCE_BYTES = 12,
    TAG_BYTES = 16,
    SECRET_LIMIT = 1024,
    AT_ID = 8,
    AT_NONCE = AT_ID + ID_BYTES,
    AT_SECRET = AT_NONCE + NONCE_BYTES,
    OVERHEAD = AT_SECRET + TAG_BYTES
};

static const uint8_t magic[AT_ID] = {'l', 'a', 'g', 'a', 'n', 'k', 'x', '1'};

static const struct lagan_parameter parameters[] = {
    {.name = "path",
     .type = LAGAN_PARAMETER_PATH,
     .flags = LAGAN_PARAMETER_REQUIRED | LAGAN_PARAMETER_BARE,
     .help = "the file that holds the key, with mode 0600"},
    {.name = NULL},
};

struct instance {
    char *path;
};

struct handle {
    char *path; /* the instance's */
    uint8_t key[KEY_BYTES];
    uint8_t id[ID_BYTES];
};

/* ---- errors ---- */

static uint32_t class_of(int number)
{
    static const struct {
        int number;
        uint32_t error_class;
    } classes[] = {
        {ENOENT, LAGAN_NOT_FOUND}, {ENOTDIR, LAGAN_NOT_FOUND}, {EEXIST, LAGAN_EXISTS},
        {EACCES, LAGAN_DENIED},    {EPERM, LAGAN_DENIED},      {ELOOP, LAGAN_DENIED},
        {ENOSPC, LAGAN_NO_SPACE},  {EROFS, LAGAN_IMMUTABLE},
    };
    for (size_t i = 0; i < sizeof classes / sizeof classes[0]; i++)
        if (classes[i].number == number)
            return classes[i].error_class;
    return LAGAN_IO;
}

/* From errno. */
static uint32_t fail_errno(struct lagan_op *op, const char *what)
{
    int number = errno;
    return lagan_fail(op, class_of(number), number, "%s: %s", what, strerror(number));
}

static uint32_t no_memory(struct lagan_op *op)
{
    return lagan_fail(op, LAGAN_INTERNAL, ENOMEM, "out of memory");
}

static uint32_t crypto_failed(struct lagan_op *op)
{
    return lagan_fail(op, LAGAN_INTERNAL, 0, "the cryptographic library failed");
}

/* ---- the key's file ---- */

/* Refuses a file that others could have read. */
static uint32_t check_private(struct lagan_op *op, int fd, const char *path)
{
    struct stat status;
    if (fstat(fd, &status) != 0)
        return fail_errno(op, path);
    if (!S_ISREG(status.st_mode) || (status.st_uid != geteuid() && status.st_uid != 0))
        return lagan_fail(op, LAGAN_DENIED, 0, "%s is refused: it must be a file of yours",
                          path);
    if (status.st_mode & (S_IRWXG | S_IRWXO))
        return lagan_fail(op, LAGAN_DENIED, 0,
                          "%s is refused: others could read the key; chmod 600 it", path);
    return LAGAN_OK;
}

static uint32_t read_key(struct lagan_op *op, const char *path, uint8_t key[KEY_BYTES])
{
    uint8_t bytes[KEY_BYTES + 1];
    uint32_t result;
    ssize_t got;
    int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    if (fd < 0)
        return fail_errno(op, path);
    result = check_private(op, fd, path);
    if (result == LAGAN_OK) {
        do
            got = read(fd, bytes, sizeof bytes);
        while (got < 0 && errno == EINTR);
        if (got < 0)
            result = fail_errno(op, path);
        else if (got != KEY_BYTES)
            result = lagan_fail(op, LAGAN_CORRUPT, 0, "%s does not hold a key", path);
        else
            memcpy(key, bytes, KEY_BYTES);
        OPENSSL_cleanse(bytes, sizeof bytes);
    }
    close(fd);
    return result;
}

/* Writes a new key and syncs it; 0, or -1 with errno. */
static int write_key(int fd)
{
    uint8_t key[KEY_BYTES];
    ssize_t written;
    lagan_random(key, sizeof key);
    written = write(fd, key, sizeof key);
    OPENSSL_cleanse(key, sizeof key);
    if (written >= 0 && written < KEY_BYTES)
        errno = ENOSPC;
    return written == KEY_BYTES && fsync(fd) == 0 ? 0 : -1;
}

/* The whole key first, then its name, which replaces nothing: there is never half a key. */
static int make_in_folder(int folder, const char *name)
{
    char private_name[64];
    uint64_t number;
    int result, saved, fd;
    lagan_random(&number, sizeof number);
    snprintf(private_name, sizeof private_name, ".lagan-key-%016llx",
             (unsigned long long)number);
    fd = openat(folder, private_name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
                0600);
    if (fd < 0)
        return -1;
    result = write_key(fd);
    if (result == 0)
        result = linkat(folder, private_name, folder, name, 0);
    if (result == 0)
        result = fsync(folder);
    saved = errno;
    close(fd);
    unlinkat(folder, private_name, 0);
    errno = saved;
    return result;
}

static uint32_t make_key(struct lagan_op *op, const char *path)
{
    char *for_folder = strdup(path);
    char *for_name = strdup(path);
    uint32_t result = LAGAN_OK;
    int folder = -1;
    if (!for_folder || !for_name) {
        result = no_memory(op);
    } else {
        folder = open(dirname(for_folder), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (folder < 0 || make_in_folder(folder, basename(for_name)) != 0)
            result = fail_errno(op, path);
    }
    if (folder >= 0)
        close(folder);
    free(for_folder);
    free(for_name);
    return result;
}

/* ---- instances and handles ---- */

static uint32_t instance_new(struct lagan_op *op, void **instance)
{
    *instance = calloc(1, sizeof(struct instance));
    return *instance ? (uint32_t)LAGAN_OK : no_memory(op);
}

static void instance_free(void *instance)
{
    struct instance *i = instance;
    free(i->path);
    free(i);
}

/* There is one row, and the host has made the path absolute. */
static uint32_t configure(void *instance, struct lagan_op *op, uint32_t row,
                          const struct lagan_value *value)
{
    struct instance *i = instance;
    (void)row;
    free(i->path);
    i->path = strdup(value->text);
    return i->path ? (uint32_t)LAGAN_OK : no_memory(op);
}

/* The first bytes of a digest of the key: tells keys apart, and says nothing about them. */
static int make_id(struct handle *h)
{
    uint8_t digest[EVP_MAX_MD_SIZE];
    if (EVP_Digest(h->key, KEY_BYTES, digest, NULL, EVP_sha256(), NULL) != 1)
        return -1;
    memcpy(h->id, digest, ID_BYTES);
    return 0;
}

static void close_handle(void *handle)
{
    struct handle *h = handle;
    OPENSSL_cleanse(h, sizeof *h);
    free(h);
}

static uint32_t load_key(struct lagan_op *op, struct handle *h, int may_make)
{
    uint32_t result = read_key(op, h->path, h->key);
    if (result == LAGAN_NOT_FOUND && may_make) {
        result = make_key(op, h->path);
        /* Somebody may just have made it: theirs is as good. */
        if (result == LAGAN_OK || result == LAGAN_EXISTS)
            result = read_key(op, h->path, h->key);
    }
    if (result == LAGAN_OK && make_id(h) != 0)
        result = crypto_failed(op);
    return result;
}

static uint32_t open_handle(void *instance, struct lagan_op *op, uint64_t flags, void **handle)
{
    const struct instance *i = instance;
    struct handle *h;
    uint32_t result;
    if (flags & UINT32_MAX & ~(LAGAN_OPEN_READ_ONLY | LAGAN_OPEN_INITIALISE))
        return lagan_fail(op, LAGAN_UNSUPPORTED, 0, "unknown flags");
    if (lagan_cancelled(op))
        return LAGAN_CANCELLED;
    h = calloc(1, sizeof *h);
    if (!h)
        return no_memory(op);
    h->path = i->path;
    result = load_key(op, h, (flags & LAGAN_OPEN_INITIALISE) != 0);
    if (result != LAGAN_OK) {
        close_handle(h);
        return result;
    }
    *handle = h;
    return LAGAN_OK;
}

/* ---- wrapping ---- */

/* What is authenticated beside the secret: the form's head, and what it is bound to. */
static int add_context(EVP_CIPHER_CTX *c, const uint8_t *form, const void *context, size_t size)
{
    int length;
    if (EVP_CipherUpdate(c, NULL, &length, form, AT_NONCE) != 1)
        return 0;
    return size == 0 || EVP_CipherUpdate(c, NULL, &length, context, (int)size) == 1;
}

static int seal(const struct handle *h, uint8_t *form, const void *context, size_t context_size,
                const void *secret, size_t size)
{
    EVP_CIPHER_CTX *c = EVP_CIPHER_CTX_new();
    uint8_t *tag = form + AT_SECRET + size;
    int length;
    int done = c &&
               EVP_EncryptInit_ex(c, EVP_aes_256_gcm(), NULL, h->key, form + AT_NONCE) == 1 &&
               add_context(c, form, context, context_size) &&
               EVP_EncryptUpdate(c, form + AT_SECRET, &length, secret, (int)size) == 1 &&
               EVP_EncryptFinal_ex(c, tag, &length) == 1 &&
               EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_AEAD_GET_TAG, TAG_BYTES, tag) == 1;
    EVP_CIPHER_CTX_free(c);
    return done;
}

static int unseal(const struct handle *h, const uint8_t *form, const void *context,
                  size_t context_size, uint8_t *secret, size_t size)
{
    EVP_CIPHER_CTX *c = EVP_CIPHER_CTX_new();
    uint8_t tag[TAG_BYTES];
    int length;
    int done;
    memcpy(tag, form + AT_SECRET + size, TAG_BYTES);
    done = c && EVP_DecryptInit_ex(c, EVP_aes_256_gcm(), NULL, h->key, form + AT_NONCE) == 1 &&
           add_context(c, form, context, context_size) &&
           EVP_DecryptUpdate(c, secret, &length, form + AT_SECRET, (int)size) == 1 &&
           EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_AEAD_SET_TAG, TAG_BYTES, tag) == 1 &&
           EVP_DecryptFinal_ex(c, secret, &length) == 1;
    EVP_CIPHER_CTX_free(c);
    return done;
}

static uint32_t wrap(void *handle, struct lagan_op *op, const void *context,
                     size_t context_size, const void *secret, size_t secret_size, void *wrapped,
                     size_t room, size_t *wrapped_size)
{
    const struct handle *h = handle;
    uint8_t *form = wrapped;
    if (secret_size > SECRET_LIMIT || context_size > LAGAN_WRAPPED_LIMIT ||
        room < OVERHEAD + secret_size)
        return lagan_fail(op, LAGAN_LIMIT, 0, "the secret is too long");
    if (lagan_cancelled(op))
        return LAGAN_CANCELLED;
    memcpy(form, magic, sizeof magic);
    memcpy(form + AT_ID, h->id, ID_BYTES);
    lagan_random(form + AT_NONCE, NONCE_BYTES);
    if (!seal(h, form, context, context_size, secret, secret_size))
        return crypto_failed(op);
    *wrapped_size = OVERHEAD + secret_size;
    return LAGAN_OK;
}

/* The form comes from storage: nothing in it is believed before the tag was compared. */
static uint32_t unwrap(void *handle, struct lagan_op *op, const void *context,
                       size_t context_size, const void *wrapped, size_t wrapped_size,
                       void *secret, size_t room, size_t *secret_size)
{
    const struct handle *h = handle;
    const uint8_t *form = wrapped;
    size_t size;
    if (wrapped_size <= OVERHEAD || wrapped_size > OVERHEAD + SECRET_LIMIT ||
        memcmp(form, magic, sizeof magic) != 0)
        return lagan_fail(op, LAGAN_CORRUPT, 0, "this is no key that was wrapped here");
    if (memcmp(form + AT_ID, h->id, ID_BYTES) != 0)
        return lagan_fail(op, LAGAN_AUTH, 0, "another key wrapped this");
    size = wrapped_size - OVERHEAD;
    if (size > room || context_size > LAGAN_WRAPPED_LIMIT)
        return lagan_fail(op, LAGAN_LIMIT, 0, "the secret is too long");
    if (lagan_cancelled(op))
        return LAGAN_CANCELLED;
    if (!unseal(h, form, context, context_size, secret, size)) {
        OPENSSL_cleanse(secret, size);
        return lagan_fail(op, LAGAN_CORRUPT, 0,
                          "the wrapped key was altered, or belongs to another vault");
    }
    *secret_size = size;
    return LAGAN_OK;
}

static uint32_t identify(void *handle, struct lagan_op *op, char *text, size_t room)
{
    const struct handle *h = handle;
    char id[2 * ID_BYTES + 1];
    (void)op;
    for (size_t i = 0; i < ID_BYTES; i++)
        snprintf(id + 2 * i, 3, "%02x", h->id[i]);
    snprintf(text, room, "file %s, id %s", h->path, id);
    return LAGAN_OK;
}

static const struct lagan_key_ops ops = {
    .common = {.instance_new = instance_new,
               .instance_free = instance_free,
               .configure = configure,
               .open = open_handle,
               .close = close_handle},
    .wrap = wrap,
    .unwrap = unwrap,
    .identify = identify,
#ifdef OF_TOMORROW
    .of_tomorrow = {(void *)OF_TOMORROW},
#endif
};

/* A handle is not changed once it is open. */
static const struct lagan_driver descriptor = {
    LAGAN_DRIVER_HEAD,
    .kind = LAGAN_KIND_KEY,
    .threads = LAGAN_THREADS_PARALLEL,
    .name = "key_aged",
    .version = "1",
    .licence = "Apache-2.0",
    .summary = "a key in a file, and AES-256-GCM",
    .parameters = parameters,
    .ops_bytes = sizeof ops,
    .ops = &ops,
#ifdef OF_TOMORROW
    .of_tomorrow = {(void *)OF_TOMORROW},
#endif
#ifdef REQUIRED
    .required_features = REQUIRED,
#endif
};

LAGAN_DRIVER(key_aged, &descriptor)
