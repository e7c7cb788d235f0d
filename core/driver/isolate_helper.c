/* SPDX-License-Identifier: Apache-2.0 */
/* isolate_helper.c - the life of a helper process.
 *
 * It starts with descriptor 3, over which the host tells it of channels and cancellations, and
 * descriptor 4, into which it logs.  Until the sandbox is closed one thread does all; then each
 * channel gets one.  When the host goes, so does the helper, whatever the driver does: the end
 * of the control socket shows it to the main thread, and an alarm to calls before that. */
#include "driver/isolate.h"
#include "driver/isolate_serve.h"

#include "base/clock.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

enum { CONTROL_SOCKET = 3 };
#define QUESTIONS_NS (INT64_C(20) * 1000000000)

static void channel_close(struct serving *s)
{
    close(s->socket);
    wire_region_unmap(s->body);
    buffer_free(&s->request);
    buffer_free(&s->out);
    free(s);
}

static struct serving *channel_new(struct helper *h, int socket, int region)
{
    struct serving *s = calloc(1, sizeof *s);
    uint8_t *mapped = region >= 0 ? wire_region_map(region) : NULL;
    if (region >= 0)
        close(region);
    if (!s || !mapped || socket < 0)
        _exit(1);
    s->helper = h;
    s->socket = socket;
    s->body = mapped;
    s->data = mapped + WIRE_BODY_BYTES;
    return s;
}

static void *channel_serve(void *argument)
{
    struct serving *s = argument;
    while (serve_next(s))
        ;
    channel_close(s);
    return NULL;
}

static void channel_start(struct serving *s)
{
    pthread_t thread;
    if (pthread_create(&thread, NULL, channel_serve, s) != 0)
        _exit(1);
    pthread_detach(thread);
}

static void questions_came(struct helper *h, int64_t id, int socket, int region)
{
    struct helper_questions *q = calloc(1, sizeof *q);
    if (!q || socket < 0 || region < 0)
        _exit(1);
    q->id = id;
    q->socket = socket;
    q->region = wire_region_map(region);
    close(region);
    if (!q->region)
        _exit(1);
    pthread_mutex_init(&q->lock, NULL);
    pthread_mutex_lock(&h->lock);
    q->next = h->questions;
    h->questions = q;
    pthread_cond_broadcast(&h->came);
    pthread_mutex_unlock(&h->lock);
}

/* With the lock: takes it off the list. */
static struct helper_questions *questions_take(struct helper *h, int64_t id)
{
    for (struct helper_questions **at = &h->questions; *at; at = &(*at)->next) {
        struct helper_questions *q = *at;
        if (q->id == id) {
            *at = q->next;
            return q;
        }
    }
    return NULL;
}

struct helper_questions *serve_questions(struct helper *h, int64_t id)
{
    struct helper_questions *q;
    int64_t end = operation_now_ns() + QUESTIONS_NS;
    pthread_mutex_lock(&h->lock);
    while (!(q = questions_take(h, id)) && operation_now_ns() < end)
        clock_wait(&h->came, &h->lock, end - operation_now_ns());
    pthread_mutex_unlock(&h->lock);
    return q;
}

/* One message of the host; false at the end. */
static bool control_next(struct helper *h)
{
    struct wire_head head;
    int fds[2];
    if (wire_receive(CONTROL_SOCKET, &head, fds, 2) != 1)
        return false;
    switch (head.kind) {
    case WIRE_CHANNEL:
        if (head.numbers[0] != 0)
            questions_came(h, head.numbers[0], fds[0], fds[1]);
        else
            channel_start(channel_new(h, fds[0], fds[1]));
        return true;
    case WIRE_CANCEL:
        operation_cancel_all();
        return true;
    case WIRE_RESUME:
        operation_cancel_reset();
        head.kind = WIRE_REPLY;
        return wire_send(CONTROL_SOCKET, &head, NULL, 0);
    default:
        return false;
    }
}

static void ignore(int number)
{
    (void)number;
}

/* What ends the host is for the host to decide on.  Handlers, since what is ignored stays so in
 * programs that a driver starts. */
static void ignore_signals(void)
{
    static const int ours[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};
    static const int broken[] = {SIGPIPE, SIGXFSZ};
    struct sigaction action = {.sa_handler = ignore, .sa_flags = SA_RESTART};
    for (size_t i = 0; i < sizeof ours / sizeof ours[0]; i++)
        sigaction(ours[i], &action, NULL);
    action.sa_handler = SIG_IGN;
    for (size_t i = 0; i < sizeof broken / sizeof broken[0]; i++)
        sigaction(broken[i], &action, NULL);
}

static bool is_helper(void)
{
    int type = 0;
    socklen_t size = sizeof type;
    return getsockopt(CONTROL_SOCKET, SOL_SOCKET, SO_TYPE, &type, &size) == 0 &&
           type == SOCK_SEQPACKET;
}

int isolate_helper_main(void)
{
    static struct helper helper = {.lock = PTHREAD_MUTEX_INITIALIZER,
                                   .came = PTHREAD_COND_INITIALIZER};
    const struct rlimit none = {0, 0};
    struct wire_head head;
    int fds[2];
    if (!is_helper())
        return 2;
    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
    setrlimit(RLIMIT_CORE, &none);
    ignore_signals();
    (void)operation_cancel_fd();
    if (wire_receive(CONTROL_SOCKET, &head, fds, 2) != 1 || head.kind != WIRE_CHANNEL)
        _exit(1);
    struct serving *first = channel_new(&helper, fds[0], fds[1]);
    while (!helper.sealed)
        if (!serve_next(first))
            _exit(0);
    channel_start(first);
    while (control_next(&helper))
        ;
    /* Not exit: nothing that the driver has left behind is to run. */
    _exit(0);
}
