/* SPDX-License-Identifier: Apache-2.0 */
/* process.c - see process.h. */
#include "cli/process.h"

#include "crypto/secret.h"
#include "driver/operation.h"

#include <fcntl.h>
#include <malloc.h>
#include <signal.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { STATUS_INTERRUPTED = 130 };

/* Variables through which somebody else's configuration or code could get in. */
static const char *const dropped[] = {
    "LD_LIBRARY_PATH",   "LD_PRELOAD",    "LD_AUDIT",
    "LTDL_LIBRARY_PATH", "OPENSSL_CONF",  "OPENSSL_ENGINES",
    "OPENSSL_MODULES",   "SQLITE_TMPDIR", "SSL_CERT_FILE",
    "SSL_CERT_DIR",      "IFS",
};

/* A file that gets the number of a closed standard stream would be written to by messages.  The
 * wrong direction makes what is written there fail, as it should. */
static void occupy_standard_streams(void)
{
    static const int modes[] = {O_WRONLY, O_RDONLY, O_RDONLY};
    for (int fd = 0; fd <= 2; fd++) {
        if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", modes[fd]) < 0)
            _exit(1);
    }
}

static void on_signal(int number)
{
    static atomic_int count;
    (void)number;
    if (atomic_fetch_add(&count, 1) > 0)
        _exit(STATUS_INTERRUPTED);
    operation_cancel_all();
}

static void catch_signals(void)
{
    static const int stopping[] = {SIGINT, SIGTERM, SIGHUP};
    static const int ignored[] = {SIGPIPE, SIGXFSZ};
    struct sigaction before;
    struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESTART};
    sigset_t all;
    for (size_t i = 0; i < sizeof(stopping) / sizeof(stopping[0]); i++) {
        /* Whoever started us with a signal ignored (nohup) wants it so. */
        if (sigaction(stopping[i], NULL, &before) == 0 && before.sa_handler != SIG_IGN)
            sigaction(stopping[i], &action, NULL);
    }
    action.sa_handler = SIG_IGN;
    for (size_t i = 0; i < sizeof(ignored) / sizeof(ignored[0]); i++)
        sigaction(ignored[i], &action, NULL);
    sigemptyset(&all);
    sigprocmask(SIG_SETMASK, &all, NULL);
}

/* Buffers of chunks and blocks come and go on many threads.  Given back to the system when they
 * are freed, and with few arenas, memory stays flat however long a job runs. */
static void bound_memory(void)
{
    enum { ARENAS = 2, MAPPED_FROM_BYTES = 256 << 10 };
    mallopt(M_ARENA_MAX, ARENAS);
    mallopt(M_MMAP_THRESHOLD, MAPPED_FROM_BYTES);
}

static mode_t users_mask;

mode_t process_users_mask(void)
{
    return users_mask;
}

void process_prepare(void)
{
    bound_memory();
    occupy_standard_streams();
    for (size_t i = 0; i < sizeof(dropped) / sizeof(dropped[0]); i++)
        unsetenv(dropped[i]);
    users_mask = umask(077);
    crypto_harden_process();
    (void)operation_cancel_fd(); /* made here, where no signal can need it yet */
    catch_signals();
}
