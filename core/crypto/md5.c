/* SPDX-License-Identifier: Apache-2.0 */
/* md5.c - see md5.h; without EVP for the reason that hash.c gives. */
#define OPENSSL_SUPPRESS_DEPRECATED 1
#include "crypto/md5.h"

#include <openssl/md5.h>

_Static_assert(sizeof(MD5_CTX) <= sizeof(struct md5), "struct md5 has room for OpenSSL's");

void md5_begin(struct md5 *m)
{
    MD5_Init((MD5_CTX *)m);
}

void md5_update(struct md5 *m, const void *data, size_t size)
{
    MD5_Update((MD5_CTX *)m, data, size);
}

void md5_finish(struct md5 *m, uint8_t out[MD5_SIZE])
{
    MD5_Final(out, (MD5_CTX *)m);
}
