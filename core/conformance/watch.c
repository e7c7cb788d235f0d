/* SPDX-License-Identifier: Apache-2.0 */
/* watch.c - what a process writes and syncs, seen through notifications of its system calls. */
#include "conformance/watch.h"

#include "conformance/trial_private.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { FILE_LIMIT = 4096, PATH_SIZE = 4096 };
#define LOOK "target.h, Durable"

/* Calls that are reported, and what they mean. */
enum meaning { WRITES, SYNCS, SYNCS_ALL, WRITES_SECOND };
static const struct {
    long number;
    enum meaning meaning;
} calls[] = {
    {SYS_write, WRITES},     {SYS_pwrite64, WRITES}, {SYS_writev, WRITES},
    {SYS_pwritev, WRITES},   {SYS_pwritev2, WRITES}, {SYS_ftruncate, WRITES},
    {SYS_fallocate, WRITES}, {SYS_sendfile, WRITES}, {SYS_copy_file_range, WRITES_SECOND},
    {SYS_fsync, SYNCS},      {SYS_fdatasync, SYNCS}, {SYS_syncfs, SYNCS_ALL},
    {SYS_sync, SYNCS_ALL},
};
enum { CALLS = sizeof calls / sizeof calls[0] };

/* A file or folder that a call has named. */
struct seen {
    dev_t device;
    ino_t inode;
    unsigned long first, written, synced; /* when, by the number of the call; 0 = never */
};

/* What is below the place. */
struct inventory {
    struct seen *rows; /* folders: device and inode alone */
    size_t count;
};

struct watch {
    struct trial *trial;
    const char *place;
    int listener;      /* notifications */
    int talk;          /* marks from the child, and go-ons to it */
    unsigned long now; /* counts calls */
    unsigned long all_synced;
    struct seen seen[FILE_LIMIT];
    size_t seen_count;
    struct inventory before; /* folders at the start */
};

/* The child. */

static int install_filter(void)
{
    struct sock_filter filter[CALLS + 3];
    struct sock_fprog program = {.filter = filter};
    size_t n = 0;
    filter[n++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
                                               offsetof(struct seccomp_data, nr));
    for (size_t i = 0; i < CALLS; i++)
        filter[n++] = (struct sock_filter)BPF_JUMP(
            BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)calls[i].number, (uint8_t)(CALLS - i), 0);
    filter[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
    filter[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF);
    program.len = (unsigned short)n;
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
        return -1;
    return (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER,
                        &program);
}

/* sendmsg and recvmsg are not among the calls that are reported. */
static int send_fd(int talk, int fd)
{
    char byte = fd >= 0 ? 'L' : 'X';
    struct iovec data = {.iov_base = &byte, .iov_len = 1};
    union {
        struct cmsghdr header;
        char bytes[CMSG_SPACE(sizeof(int))];
    } control = {.bytes = {0}};
    struct msghdr message = {.msg_iov = &data, .msg_iovlen = 1};
    if (fd >= 0) {
        message.msg_control = &control;
        message.msg_controllen = sizeof control;
        control.header.cmsg_level = SOL_SOCKET;
        control.header.cmsg_type = SCM_RIGHTS;
        control.header.cmsg_len = CMSG_LEN(sizeof fd);
        memcpy(CMSG_DATA(&control.header), &fd, sizeof fd);
    }
    return sendmsg(talk, &message, 0) == 1 ? 0 : -1;
}

/* The end that the child has. */
static int child_talk = -1;

void watch_mark(struct trial *t)
{
    char byte = 'M';
    (void)t;
    if (send(child_talk, &byte, 1, 0) != 1 || recv(child_talk, &byte, 1, 0) != 1)
        _exit(TRIAL_STATUS_FAILED);
}

struct watched {
    void (*function)(struct trial *t, void *context);
    void *context;
    int talk;
};

static void live_watched(struct trial *t, void *context)
{
    struct watched *w = context;
    int listener = install_filter();
    char byte;
    child_talk = w->talk;
    if (send_fd(w->talk, listener) < 0 || listener < 0)
        _exit(0);
    close(listener);
    if (recv(w->talk, &byte, 1, 0) != 1)
        _exit(TRIAL_STATUS_FAILED);
    w->function(t, w->context);
}

/* The watcher. */

static int receive_fd(int talk)
{
    char byte = 'X';
    struct iovec data = {.iov_base = &byte, .iov_len = 1};
    union {
        struct cmsghdr header;
        char bytes[CMSG_SPACE(sizeof(int))];
    } control = {.bytes = {0}};
    struct msghdr message = {.msg_iov = &data,
                             .msg_iovlen = 1,
                             .msg_control = &control,
                             .msg_controllen = sizeof control};
    int fd = -1;
    if (recvmsg(talk, &message, MSG_CMSG_CLOEXEC) == 1 && byte == 'L' &&
        message.msg_controllen >= sizeof control.header)
        memcpy(&fd, CMSG_DATA(&control.header), sizeof fd);
    return fd;
}

static struct seen *find_seen(struct watch *w, dev_t device, ino_t inode)
{
    for (size_t i = 0; i < w->seen_count; i++)
        if (w->seen[i].device == device && w->seen[i].inode == inode)
            return &w->seen[i];
    return NULL;
}

static struct seen *see(struct watch *w, dev_t device, ino_t inode)
{
    struct seen *s = find_seen(w, device, inode);
    if (s)
        return s;
    if (w->seen_count == FILE_LIMIT)
        trial_skip(w->trial, "the driver writes too many files to be watched");
    s = &w->seen[w->seen_count++];
    *s = (struct seen){.device = device, .inode = inode};
    return s;
}

/* Whether each write through this descriptor is durable by itself. */
static bool is_synchronous(pid_t pid, int fd)
{
    char path[64];
    char line[128];
    unsigned flags = 0;
    FILE *file;
    snprintf(path, sizeof path, "/proc/%d/fdinfo/%d", pid, fd);
    file = fopen(path, "re");
    if (!file)
        return false;
    while (fgets(line, sizeof line, file))
        if (strncmp(line, "flags:", 6) == 0)
            flags = (unsigned)strtoul(line + 6, NULL, 8);
    fclose(file);
    return (flags & O_DSYNC) != 0;
}

static void note_call(struct watch *w, pid_t pid, long number, const uint64_t *arguments)
{
    enum meaning meaning = WRITES;
    char path[64];
    struct stat status;
    struct seen *s;
    int fd;
    for (size_t i = 0; i < CALLS; i++)
        if (calls[i].number == number)
            meaning = calls[i].meaning;
    w->now++;
    if (meaning == SYNCS_ALL) {
        w->all_synced = w->now;
        return;
    }
    fd = (int)arguments[meaning == WRITES_SECOND ? 2 : 0];
    snprintf(path, sizeof path, "/proc/%d/fd/%d", pid, fd);
    if (stat(path, &status) < 0 || !(S_ISREG(status.st_mode) || S_ISDIR(status.st_mode)))
        return;
    s = see(w, status.st_dev, status.st_ino);
    if (meaning != SYNCS && s->first == 0)
        s->first = w->now;
    if (meaning != SYNCS)
        s->written = w->now;
    if (meaning == SYNCS || is_synchronous(pid, fd))
        s->synced = w->now;
}

static void take_notice(struct watch *w)
{
    struct seccomp_notif notice = {0};
    struct seccomp_notif_resp answer = {0};
    uint64_t arguments[6];
    if (ioctl(w->listener, SECCOMP_IOCTL_NOTIF_RECV, &notice) < 0)
        return;
    memcpy(arguments, notice.data.args, sizeof arguments);
    note_call(w, (pid_t)notice.pid, notice.data.nr, arguments);
    answer.id = notice.id;
    answer.flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE;
    ioctl(w->listener, SECCOMP_IOCTL_NOTIF_SEND, &answer);
    trial_tick(w->trial);
}

/* The folders below the place; nftw has no context. */
static struct inventory *taking;

static int take_folder(const char *path, const struct stat *status, int type, struct FTW *at)
{
    (void)path;
    (void)at;
    if ((type == FTW_D || type == FTW_DNR) && taking->count < FILE_LIMIT)
        taking->rows[taking->count++] =
            (struct seen){.device = status->st_dev, .inode = status->st_ino};
    return 0;
}

static void take_inventory(struct watch *w)
{
    w->before.count = 0;
    taking = &w->before;
    nftw(w->place, take_folder, 16, FTW_PHYS);
}

static bool was_there(const struct inventory *i, const struct stat *status)
{
    for (size_t n = 0; n < i->count; n++)
        if (i->rows[n].device == status->st_dev && i->rows[n].inode == status->st_ino)
            return true;
    return false;
}

static bool is_synced(struct watch *w, const struct stat *status, unsigned long since)
{
    const struct seen *s = find_seen(w, status->st_dev, status->st_ino);
    return w->all_synced > since || (s && s->synced > since);
}

/* The watch and the number of files that were judged; nftw has no context. */
static struct watch *judging;
static size_t judged;

/* The name of a written file is new, and so may be those of the folders above it: each folder
 * in which a name is new must have been synced since the file was first written. */
static void judge_names(struct watch *w, const char *file, unsigned long first)
{
    char path[PATH_SIZE];
    struct stat status;
    char *slash;
    snprintf(path, sizeof path, "%s", file);
    while ((slash = strrchr(path, '/')) && (size_t)(slash - path) >= strlen(w->place)) {
        *slash = '\0';
        if (stat(path, &status) < 0)
            return;
        EXPECT(w->trial, is_synced(w, &status, first), LOOK,
               "flush returned, and the folder %s, in which a name is new, was not synced: "
               "after a power loss the object has no name",
               path);
        if (was_there(&w->before, &status))
            return;
    }
}

static int judge_file(const char *path, const struct stat *status, int type, struct FTW *at)
{
    struct watch *w = judging;
    const struct seen *s = find_seen(w, status->st_dev, status->st_ino);
    (void)at;
    if (type != FTW_F || !s || s->written == 0)
        return 0;
    EXPECT(w->trial, s->synced > s->written || w->all_synced > s->written, LOOK,
           "flush returned, and %s was written and not synced since: after a power loss its "
           "bytes are gone",
           path);
    judge_names(w, path, s->first);
    judged++;
    return 0;
}

static void judge_mark(struct watch *w)
{
    judging = w;
    judged = 0;
    nftw(w->place, judge_file, 16, FTW_PHYS);
    if (judged == 0)
        trial_skip(w->trial, "no file below %s was seen to be written: nothing can be said",
                   w->place);
    /* Folders that are there by now are durable, and new no more. */
    take_inventory(w);
}

/* Until the child has ended. */
static void follow(struct watch *w, pid_t child)
{
    struct pollfd fds[2] = {{.fd = w->listener, .events = POLLIN},
                            {.fd = w->talk, .events = POLLIN}};
    char byte;
    while (poll(fds, 2, -1) >= 0) {
        if (fds[0].revents & POLLIN) {
            take_notice(w);
            continue;
        }
        if (fds[1].revents & POLLIN && recv(w->talk, &byte, 1, 0) == 1) {
            judge_mark(w);
            send(w->talk, &byte, 1, MSG_NOSIGNAL);
            continue;
        }
        if (fds[0].revents || fds[1].revents)
            break;
    }
    trial_wait(w->trial, child);
}

void watch_run(struct trial *t, const char *place,
               void (*function)(struct trial *t, void *context), void *context)
{
    struct watch *w = trial_share(t, sizeof *w);
    struct watched work = {.function = function, .context = context};
    int ends[2];
    pid_t child;
    *w = (struct watch){.trial = t, .place = place, .listener = -1};
    w->before.rows = trial_share(t, FILE_LIMIT * sizeof *w->before.rows);
    take_inventory(w);
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
        trial_skip(t, "this machine gives no socket pair");
    w->talk = ends[0];
    work.talk = ends[1];
    child = trial_fork(t, live_watched, &work);
    close(ends[1]);
    w->listener = receive_fd(w->talk);
    if (w->listener < 0)
        trial_skip(t, "system calls cannot be watched here (seccomp)");
    send(w->talk, "G", 1, MSG_NOSIGNAL);
    follow(w, child);
    close(w->listener);
    close(w->talk);
}
