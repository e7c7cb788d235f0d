/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ahead.c - one lock, two lists: the steps that wait, in order, and all that were not taken.
 */
#include "src_files/ahead.h"

#include "src_files/failure.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <time.h>
#include <unistd.h>

enum { NETWORK_THREADS = 16, ROTATING_THREADS = 2, THREADS_LIMIT = 8, WAIT_NS = 100000000 };

struct ahead {
    struct scan *scan;
    pthread_mutex_t lock;
    pthread_cond_t work;     /* there is something to do */
    pthread_cond_t progress; /* a step was done */
    struct step waiting;     /* ring of the steps that are queued or running, in order */
    struct step *newest;     /* of all that were not taken */
    size_t ready_bytes;
    unsigned idle;             /* threads that wait for work */
    bool exhausted;            /* memory ran out; no step is done any more */
    const struct step *needed; /* the walk waits for it */
    unsigned thread_count;
    pthread_t threads[];
};

static void put_behind(struct step *place, struct step *step)
{
    step->before = place;
    step->behind = place->behind;
    place->behind->before = step;
    place->behind = step;
}

static void put_on_record(struct ahead *a, struct step *step)
{
    step->older = a->newest;
    step->newer = NULL;
    if (a->newest != NULL)
        a->newest->newer = step;
    a->newest = step;
}

static void take_off_record(struct ahead *a, struct step *step)
{
    if (step->newer != NULL)
        step->newer->older = step->older;
    else
        a->newest = step->older;
    if (step->older != NULL)
        step->older->newer = step->newer;
}

/* The steps that came out of `step` take its place, in order. */
static unsigned queue_results(struct ahead *a, struct step *step)
{
    unsigned count = 0;
    struct step *place = step;
    struct portion *portion = step->portion;
    for (size_t i = 0; i <= portion->count; i++) {
        struct step *next = i < portion->count ? portion->records[i].child : portion->further;
        if (next == NULL)
            continue;
        put_behind(place, next);
        put_on_record(a, next);
        place = next;
        count++;
    }
    return count;
}

static void finish(struct ahead *a, struct step *step, int error)
{
    unsigned more = 0;
    if (error != 0)
        a->exhausted = true;
    /* A portion may be there even if the step that goes on behind it is not. */
    if (step->portion != NULL)
        more = queue_results(a, step);
    step->before->behind = step->behind;
    step->behind->before = step->before;
    step->state = STEP_DONE;
    a->ready_bytes += step->bytes;
    if (a->needed == step || a->exhausted)
        pthread_cond_signal(&a->progress);
    for (unsigned i = 1; i < more && i <= a->idle; i++)
        pthread_cond_signal(&a->work);
}

/* The first step that nobody does yet, or NULL. */
static struct step *first_queued(struct ahead *a)
{
    if (a->exhausted || (a->ready_bytes > AHEAD_BYTES && !a->needed))
        return NULL;
    for (struct step *step = a->waiting.behind; step != &a->waiting; step = step->behind)
        if (step->state == STEP_QUEUED)
            return step;
    return NULL;
}

static void *work(void *context)
{
    struct ahead *a = context;
    struct scan_scratch scratch = {0};
    pthread_mutex_lock(&a->lock);
    while (!atomic_load(&a->scan->stop)) {
        struct step *step = first_queued(a);
        if (step == NULL) {
            a->idle++;
            pthread_cond_wait(&a->work, &a->lock);
            a->idle--;
            continue;
        }
        step->state = STEP_RUNNING;
        pthread_mutex_unlock(&a->lock);
        int error = scan_step_do(a->scan, &scratch, step);
        pthread_mutex_lock(&a->lock);
        finish(a, step, error);
    }
    pthread_mutex_unlock(&a->lock);
    scan_scratch_clear(&scratch);
    return NULL;
}

static void prepare(struct ahead *a, struct scan *scan, struct step *root)
{
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&a->progress, &attributes);
    pthread_condattr_destroy(&attributes);
    pthread_cond_init(&a->work, NULL);
    pthread_mutex_init(&a->lock, NULL);
    a->scan = scan;
    a->waiting.before = a->waiting.behind = &a->waiting;
    put_behind(&a->waiting, root);
    put_on_record(a, root);
}

struct ahead *ahead_start(struct scan *scan, unsigned threads, struct step *root)
{
    struct ahead *a = calloc(1, sizeof *a + threads * sizeof a->threads[0]);
    if (a == NULL) {
        scan_step_free(root);
        return NULL;
    }
    prepare(a, scan, root);
    while (a->thread_count < threads &&
           pthread_create(&a->threads[a->thread_count], NULL, work, a) == 0)
        a->thread_count++;
    if (a->thread_count == 0) {
        ahead_stop(a);
        return NULL;
    }
    return a;
}

void ahead_stop(struct ahead *a)
{
    if (a == NULL)
        return;
    pthread_mutex_lock(&a->lock);
    atomic_store(&a->scan->stop, true);
    pthread_cond_broadcast(&a->work);
    pthread_mutex_unlock(&a->lock);
    for (unsigned i = 0; i < a->thread_count; i++)
        pthread_join(a->threads[i], NULL);
    while (a->newest != NULL) {
        struct step *step = a->newest;
        take_off_record(a, step);
        scan_step_free(step);
    }
    pthread_cond_destroy(&a->work);
    pthread_cond_destroy(&a->progress);
    pthread_mutex_destroy(&a->lock);
    free(a);
}

/* With the lock held: waits a little for progress. */
static void wait_a_little(struct ahead *a)
{
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_nsec += WAIT_NS;
    if (until.tv_nsec >= 1000000000) {
        until.tv_nsec -= 1000000000;
        until.tv_sec++;
    }
    pthread_cond_timedwait(&a->progress, &a->lock, &until);
}

/* With the lock held: LAGAN_OK once `step` is done. */
static uint32_t wait_for(struct ahead *a, struct lagan_op *op, const struct step *step)
{
    uint32_t result = LAGAN_OK;
    while (step->state != STEP_DONE && result == LAGAN_OK) {
        a->needed = step;
        if (a->idle > 0)
            pthread_cond_signal(&a->work);
        wait_a_little(a);
        a->needed = NULL;
        if (step->state != STEP_DONE && lagan_cancelled(op))
            result = lagan_fail(op, LAGAN_CANCELLED, 0, "cancelled");
        else if (step->state != STEP_DONE && a->exhausted)
            result = failure_memory(op);
    }
    if (result == LAGAN_OK && (step->portion == NULL || a->exhausted))
        result = failure_memory(op);
    return result;
}

uint32_t ahead_take(struct ahead *a, struct lagan_op *op, struct step *step,
                    struct branch **branch, struct portion **portion)
{
    pthread_mutex_lock(&a->lock);
    uint32_t result = wait_for(a, op, step);
    if (result == LAGAN_OK) {
        take_off_record(a, step);
        bool was_full = a->ready_bytes > AHEAD_BYTES;
        a->ready_bytes -= step->bytes;
        if (was_full && a->ready_bytes <= AHEAD_BYTES && a->idle > 0)
            pthread_cond_broadcast(&a->work);
    }
    pthread_mutex_unlock(&a->lock);
    if (result != LAGAN_OK)
        return result;
    *branch = step->branch;
    *portion = step->portion;
    free(step);
    return LAGAN_OK;
}

static bool is_network(int root)
{
    static const long networks[] = {NFS_SUPER_MAGIC,  SMB_SUPER_MAGIC,  CIFS_SUPER_MAGIC,
                                    SMB2_SUPER_MAGIC, CEPH_SUPER_MAGIC, FUSE_SUPER_MAGIC,
                                    AFS_SUPER_MAGIC,  V9FS_MAGIC};
    struct statfs system;
    if (fstatfs(root, &system) != 0)
        return false;
    for (size_t i = 0; i < sizeof networks / sizeof networks[0]; i++)
        if ((unsigned)system.f_type == (unsigned)networks[i])
            return true;
    return false;
}

/* Whether the disk below a file system turns; a partition asks its disk. */
static bool is_rotating(unsigned major_number, unsigned minor_number)
{
    static const char *const places[] = {"queue", "../queue"};
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
        char path[96], answer = 0;
        snprintf(path, sizeof path, "/sys/dev/block/%u:%u/%s/rotational", major_number,
                 minor_number, places[i]);
        int fd = open(path, O_RDONLY | O_CLOEXEC);
        if (fd < 0)
            continue;
        ssize_t got = read(fd, &answer, 1);
        close(fd);
        return got == 1 && answer == '1';
    }
    return false;
}

unsigned ahead_automatic(int root)
{
    struct attributes a;
    if (is_network(root))
        return NETWORK_THREADS;
    if (attributes_read(root, "", &a) == 0 && is_rotating(a.system_major, a.system_minor))
        return ROTATING_THREADS;
    long processors = sysconf(_SC_NPROCESSORS_ONLN);
    if (processors < 2)
        return 2;
    return processors < THREADS_LIMIT ? (unsigned)processors : THREADS_LIMIT;
}
