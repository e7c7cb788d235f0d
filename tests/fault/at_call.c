/* SPDX-License-Identifier: Apache-2.0 */
/*
 * at_call.c - runs a program and lets one of its system calls go wrong:
 *
 *     at_call [-k N | -e ERRNO -n N [-s]] [-o FILE] CALL[,CALL...] COMMAND [ARGUMENT...]
 *
 * The calls named are counted over all threads and children together, in the order in which the
 * kernel sees them.  -k N kills the whole program (SIGKILL) instead of its N-th call; -e ERRNO
 * -n N lets that call fail instead, with -s also all that follow.  -o writes how many calls
 * there were to FILE.  `create` stands for openat that may write or make a file.
 *
 * Why not strace alone: it counts per thread, so that the first link of one thread hides the
 * first links of all others.  The exit status is the program's, 137 when it was killed, 77
 * where this cannot be done, 99 for wrong arguments.
 */
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

enum { STATUS_WRONG = 99, STATUS_SKIP = 77, STATUS_KILLED = 137 };
enum { CALL_LIMIT = 40, FILTER_LIMIT = 2 * CALL_LIMIT + 16 };

/* What can be named; a system call that this machine lacks is passed over. */
static const struct known_call {
    const char *name;
    long number;
} known_calls[] = {
    {"write", SYS_write},         {"pwrite64", SYS_pwrite64},
    {"writev", SYS_writev},       {"pwritev", SYS_pwritev},
    {"fsync", SYS_fsync},         {"fdatasync", SYS_fdatasync},
    {"syncfs", SYS_syncfs},       {"sync_file_range", SYS_sync_file_range},
    {"linkat", SYS_linkat},       {"renameat", SYS_renameat},
    {"renameat2", SYS_renameat2}, {"unlinkat", SYS_unlinkat},
    {"mkdirat", SYS_mkdirat},     {"create", SYS_openat},
    {"openat2", SYS_openat2},     {"ftruncate", SYS_ftruncate},
    {"fallocate", SYS_fallocate}, {"close", SYS_close},
    {"flock", SYS_flock},         {"fcntl", SYS_fcntl},
    {"munmap", SYS_munmap},       {"read", SYS_read},
    {"pread64", SYS_pread64},     {"fchmod", SYS_fchmod},
    {"fchown", SYS_fchown},       {"utimensat", SYS_utimensat},
    {"fsetxattr", SYS_fsetxattr}, {"symlinkat", SYS_symlinkat},
    {"mknodat", SYS_mknodat},
#ifdef SYS_rename
    {"link", SYS_link},           {"rename", SYS_rename},
    {"unlink", SYS_unlink},       {"rmdir", SYS_rmdir},
    {"mkdir", SYS_mkdir},
#endif
};
enum { KNOWN_COUNT = sizeof(known_calls) / sizeof(known_calls[0]) };

/* What is asked for. */
struct wish {
    long numbers[CALL_LIMIT];
    size_t count;
    unsigned long at; /* 0 = never */
    int error;        /* 0 = kill */
    int sticky;
    const char *report;
};

static void stop(int status, const char *words)
{
    fprintf(stderr, "at_call: %s: %s\n", words, strerror(errno));
    exit(status);
}

static void add_call(struct wish *w, const char *name)
{
    for (size_t i = 0; i < KNOWN_COUNT; i++)
        if (strcmp(known_calls[i].name, name) == 0 && w->count < CALL_LIMIT) {
            w->numbers[w->count++] = known_calls[i].number;
            return;
        }
}

static int error_number(const char *name)
{
    static const struct {
        const char *name;
        int value;
    } errors[] = {{"ENOSPC", ENOSPC}, {"EIO", EIO},       {"EDQUOT", EDQUOT}, {"EROFS", EROFS},
                  {"ENOMEM", ENOMEM}, {"EMFILE", EMFILE}, {"EACCES", EACCES}, {"EINTR", EINTR}};

    for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++)
        if (strcmp(errors[i].name, name) == 0)
            return errors[i].value;
    errno = EINVAL;
    stop(STATUS_WRONG, name);
    return 0;
}

static char **parse(int argc, char **argv, struct wish *w)
{
    int option;

    while ((option = getopt(argc, argv, "+k:n:e:so:")) != -1) {
        switch (option) {
        case 'k':
        case 'n':
            w->at = strtoul(optarg, NULL, 10);
            break;
        case 'e':
            w->error = error_number(optarg);
            break;
        case 's':
            w->sticky = 1;
            break;
        case 'o':
            w->report = optarg;
            break;
        default:
            exit(STATUS_WRONG);
        }
    }
    errno = EINVAL;
    if (argc - optind < 2)
        stop(STATUS_WRONG, "CALL[,CALL...] COMMAND are missing");
    for (char *next = argv[optind], *name; (name = strsep(&next, ",")) != NULL;)
        add_call(w, name);
    return argv + optind + 1;
}

/* Every call of the list stops the program; openat only when it may change something. */
static size_t make_filter(const struct wish *w, struct sock_filter *f)
{
    static const uint32_t writing = O_WRONLY | O_RDWR | O_CREAT | O_TRUNC;
    const uint32_t number_at = offsetof(struct seccomp_data, nr);
    const uint32_t flags_at = offsetof(struct seccomp_data, args[2]);
    size_t n = 0;

    f[n++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, number_at);
    for (size_t i = 0; i < w->count; i++) {
        uint32_t number = (uint32_t)w->numbers[i];

        if (number == SYS_openat) {
            f[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, number, 0, 4);
            f[n++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, flags_at);
            f[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, writing, 1, 0);
            f[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
            f[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRACE);
        } else {
            f[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, number, 0, 1);
            f[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRACE);
        }
    }
    f[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
    return n;
}

static void become_traced(const struct wish *w, char **command)
{
    struct sock_filter filter[FILTER_LIMIT];
    struct sock_fprog program = {(unsigned short)make_filter(w, filter), filter};

    if (ptrace(PTRACE_TRACEME, 0, 0, 0) != 0)
        stop(STATUS_SKIP, "tracing is not allowed");
    raise(SIGSTOP);
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
        prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0)
        stop(STATUS_SKIP, "filters of system calls are not allowed");
    execvp(command[0], command);
    stop(STATUS_WRONG, command[0]);
}

/* The stopped call is left out and gives the error instead. */
static void let_fail(pid_t thread, int error)
{
#if defined(__x86_64__)
    struct user_regs_struct r;
    struct iovec all = {&r, sizeof(r)};

    ptrace(PTRACE_GETREGSET, thread, NT_PRSTATUS, &all);
    r.orig_rax = (unsigned long long)-1;
    r.rax = (unsigned long long)-(long long)error;
    ptrace(PTRACE_SETREGSET, thread, NT_PRSTATUS, &all);
#elif defined(__aarch64__)
    struct user_regs_struct r;
    int none = -1;
    struct iovec all = {&r, sizeof(r)}, number = {&none, sizeof(none)};

    ptrace(PTRACE_GETREGSET, thread, NT_PRSTATUS, &all);
    r.regs[0] = (unsigned long long)-(long long)error;
    ptrace(PTRACE_SETREGSET, thread, NT_PRSTATUS, &all);
    ptrace(PTRACE_SETREGSET, thread, NT_ARM_SYSTEM_CALL, &number);
#else
    (void)thread;
    (void)error;
    stop(STATUS_SKIP, "failing calls are not known on this machine");
#endif
}

/* Whether the program goes on. */
static int on_call(const struct wish *w, pid_t program, pid_t thread, unsigned long count)
{
    if (w->at == 0 || count < w->at || (count > w->at && !w->sticky))
        return 1;
    if (w->error == 0) {
        kill(program, SIGKILL);
        kill(thread, SIGKILL); /* it may be of a process that the program has started */
        return 0;
    }
    let_fail(thread, w->error);
    return 1;
}

/* The signal that a stopped thread is to get when it goes on. */
static int signal_of(int status)
{
    int signal = WSTOPSIG(status);

    if (status >> 16 != 0 || signal == SIGSTOP || signal == SIGTRAP)
        return 0;
    return signal;
}

/* Lets the program run to its end; returns its exit status. */
static int follow(const struct wish *w, pid_t program, unsigned long *calls)
{
    int status, result = STATUS_KILLED;
    pid_t thread;

    while ((thread = waitpid(-1, &status, __WALL)) > 0) {
        if (!WIFSTOPPED(status)) {
            if (thread == program)
                result = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
            continue;
        }
        if (status >> 8 == (SIGTRAP | PTRACE_EVENT_SECCOMP << 8) &&
            !on_call(w, program, thread, ++*calls))
            continue;
        ptrace(PTRACE_CONT, thread, 0, signal_of(status));
    }
    return result;
}

static void write_report(const struct wish *w, unsigned long calls)
{
    FILE *out = w->report ? fopen(w->report, "w") : NULL;

    if (out == NULL)
        return;
    fprintf(out, "%lu\n", calls);
    fclose(out);
}

int main(int argc, char **argv)
{
    const long options = PTRACE_O_TRACESECCOMP | PTRACE_O_TRACECLONE | PTRACE_O_TRACEFORK |
                         PTRACE_O_TRACEVFORK | PTRACE_O_EXITKILL;
    struct wish w = {0};
    char **command = parse(argc, argv, &w);
    unsigned long calls = 0;
    int status;
    pid_t program = fork();

    if (program == 0)
        become_traced(&w, command);
    if (program < 0 || waitpid(program, &status, 0) != program)
        stop(STATUS_SKIP, "no process");
    if (!WIFSTOPPED(status))
        return WEXITSTATUS(status);
    if (ptrace(PTRACE_SETOPTIONS, program, 0, options) != 0)
        stop(STATUS_SKIP, "tracing is not allowed");
    ptrace(PTRACE_CONT, program, 0, 0);
    status = follow(&w, program, &calls);
    write_report(&w, calls);
    return status;
}
