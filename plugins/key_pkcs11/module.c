/* SPDX-License-Identifier: Apache-2.0 */
/* module.c - loads PKCS#11 modules, each once per process. */
#include "key_pkcs11/key_pkcs11.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* The specification makes a module one thing per process; the driver's calls are serial. */
static struct pkcs11_module *modules;

/* Code of this process is only loaded from where nobody else could have put it. */
static uint32_t check_file(struct lagan_op *op, const char *path)
{
    struct stat status;
    char reason[128];
    if (stat(path, &status) < 0)
        return lagan_fail(op, errno == EACCES ? LAGAN_DENIED : LAGAN_NOT_FOUND, errno,
                          "the module %s: %s", path, strerror_r(errno, reason, sizeof reason));
    if (!S_ISREG(status.st_mode))
        return lagan_fail(op, LAGAN_DENIED, 0, "the module %s is no regular file", path);
    if ((status.st_uid != 0 && status.st_uid != geteuid()) ||
        (status.st_mode & (S_IWGRP | S_IWOTH)))
        return lagan_fail(op, LAGAN_DENIED, 0,
                          "the module %s is refused: somebody else may write to it", path);
    return LAGAN_OK;
}

static uint32_t open_library(struct lagan_op *op, struct pkcs11_module *m)
{
    CK_C_GetFunctionList get;
    void *symbol;
    uint32_t result = check_file(op, m->path);
    if (result != LAGAN_OK)
        return result;
    /* Modules leave handlers behind that run at the end of the process: they stay mapped. */
    m->library = dlopen(m->path, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
    if (!m->library)
        return lagan_fail(op, LAGAN_UNSUPPORTED, 0, "the module cannot be loaded: %s",
                          dlerror());
    symbol = dlsym(m->library, "C_GetFunctionList");
    memcpy(&get, &symbol, sizeof get);
    if (!symbol || get(&m->functions) != CKR_OK || !m->functions)
        return lagan_fail(op, LAGAN_UNSUPPORTED, 0, "%s is no PKCS#11 module", m->path);
    return LAGAN_OK;
}

static uint32_t initialise(struct lagan_op *op, struct pkcs11_module *m)
{
    struct ck_c_initialize_args arguments = {.flags = CKF_OS_LOCKING_OK};
    ck_rv_t rv = m->functions->C_Initialize(&arguments);
    if (rv == CKR_CANT_LOCK || rv == CKR_NEED_TO_CREATE_THREADS)
        rv = m->functions->C_Initialize(NULL);
    /* Another part of the process may use the same module; then it is theirs to end. */
    m->ours = rv == CKR_OK;
    if (rv != CKR_OK && rv != CKR_CRYPTOKI_ALREADY_INITIALIZED)
        return pkcs11_fail(NULL, op, rv, "the module cannot be initialised");
    return LAGAN_OK;
}

static void discard(struct pkcs11_module *m)
{
    if (m->ours)
        m->functions->C_Finalize(NULL);
    if (m->library)
        dlclose(m->library);
    free(m->path);
    free(m);
}

static struct pkcs11_module *load(struct lagan_op *op, const char *path, uint32_t *result)
{
    struct pkcs11_module *m = calloc(1, sizeof *m);
    if (m)
        m->path = strdup(path);
    if (!m || !m->path) {
        free(m);
        *result = lagan_fail(op, LAGAN_INTERNAL, 0, "out of memory");
        return NULL;
    }
    *result = open_library(op, m);
    if (*result == LAGAN_OK)
        *result = initialise(op, m);
    if (*result != LAGAN_OK) {
        discard(m);
        return NULL;
    }
    m->next = modules;
    modules = m;
    return m;
}

struct pkcs11_module *pkcs11_module_take(struct lagan_op *op, const char *path,
                                         uint32_t *result)
{
    struct pkcs11_module *m = modules;
    while (m && strcmp(m->path, path) != 0)
        m = m->next;
    if (!m)
        m = load(op, path, result);
    if (m)
        m->users++;
    return m;
}

void pkcs11_module_release(struct pkcs11_module *m)
{
    struct pkcs11_module **at = &modules;
    if (!m || --m->users > 0)
        return;
    while (*at != m)
        at = &(*at)->next;
    *at = m->next;
    discard(m);
}
