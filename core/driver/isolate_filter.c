/* SPDX-License-Identifier: Apache-2.0 */
/* isolate_filter.c - a classic BPF program, as seccomp(2) takes it: what no driver needs and
 * what would lead out of its process is refused. */
#include "driver/isolate_filter.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

#if defined(__x86_64__)
#define FILTER_ARCHITECTURE AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define FILTER_ARCHITECTURE AUDIT_ARCH_AARCH64
#elif defined(__riscv) && __riscv_xlen == 64
#define FILTER_ARCHITECTURE AUDIT_ARCH_RISCV64
#elif defined(__powerpc64__) && defined(__LITTLE_ENDIAN__)
#define FILTER_ARCHITECTURE AUDIT_ARCH_PPC64LE
#elif defined(__s390x__)
#define FILTER_ARCHITECTURE AUDIT_ARCH_S390X
#endif

#ifdef FILTER_ARCHITECTURE

/* Calls with the same numbers everywhere that older headers lack. */
enum {
    CALL_PIDFD_GETFD = 438,
    CALL_OPEN_TREE = 428,
    CALL_MOVE_MOUNT = 429,
    CALL_FSOPEN = 430,
    CALL_FSCONFIG = 431,
    CALL_FSMOUNT = 432,
    CALL_FSPICK = 433,
    CALL_MOUNT_SETATTR = 442,
    CALL_IO_URING_SETUP = 425,
    CALL_CLONE3 = 435
};

static const uint32_t refused[] = {
    /* other processes */
    SYS_ptrace, SYS_process_vm_readv, SYS_process_vm_writev, SYS_kcmp, CALL_PIDFD_GETFD,
    SYS_perf_event_open, SYS_userfaultfd,
    /* the tree of files */
    SYS_mount, SYS_umount2, SYS_pivot_root, SYS_chroot, CALL_OPEN_TREE, CALL_MOVE_MOUNT,
    CALL_FSOPEN, CALL_FSCONFIG, CALL_FSMOUNT, CALL_FSPICK, CALL_MOUNT_SETATTR,
    SYS_open_by_handle_at, SYS_quotactl, SYS_swapon, SYS_swapoff,
    /* other namespaces */
    SYS_setns, SYS_unshare,
    /* the kernel */
    SYS_bpf, SYS_init_module, SYS_finit_module, SYS_delete_module, SYS_kexec_load,
#ifdef SYS_kexec_file_load
    SYS_kexec_file_load,
#endif
#ifdef SYS_iopl
    SYS_iopl, SYS_ioperm,
#endif
    SYS_reboot, SYS_acct, SYS_syslog, SYS_settimeofday, SYS_clock_settime, SYS_adjtimex,
    SYS_clock_adjtime, SYS_sethostname, SYS_setdomainname,
    /* keys of others, and calls that no filter sees */
    SYS_keyctl, SYS_add_key, SYS_request_key, CALL_IO_URING_SETUP};

enum {
    REFUSED = sizeof refused / sizeof refused[0],
    NEW_NAMESPACES = CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC |
                     CLONE_NEWUTS | CLONE_NEWCGROUP,
    OTHER_NUMBERS = 0x40000000, /* x32's */
#ifdef __s390x__
    CLONE_FLAGS_AT = 1,
#else
    CLONE_FLAGS_AT = 0,
#endif
    PROGRAM_LIMIT = REFUSED + 16
};

struct program {
    struct sock_filter steps[PROGRAM_LIMIT];
    unsigned short count;
};

static void add(struct program *p, uint16_t code, uint32_t value, uint8_t yes, uint8_t no)
{
    p->steps[p->count++] = (struct sock_filter){code, yes, no, value};
}

static void add_load(struct program *p, size_t offset)
{
    add(p, BPF_LD | BPF_W | BPF_ABS, (uint32_t)offset, 0, 0);
}

static void add_return(struct program *p, uint32_t what)
{
    add(p, BPF_RET | BPF_K, what, 0, 0);
}

/* Jumps are forward and short: each comparison of a number leads to the refusal at the end. */
static void compose(struct program *p)
{
    enum { EQUAL = BPF_JMP | BPF_JEQ | BPF_K, AT_LEAST = BPF_JMP | BPF_JGE | BPF_K };
    enum { ANY_BIT = BPF_JMP | BPF_JSET | BPF_K };
    const uint32_t no = SECCOMP_RET_ERRNO | EPERM;
    add_load(p, offsetof(struct seccomp_data, arch));
    add(p, EQUAL, FILTER_ARCHITECTURE, 1, 0);
    add_return(p, no);
    add_load(p, offsetof(struct seccomp_data, nr));
    add(p, AT_LEAST, OTHER_NUMBERS, 0, 1);
    add_return(p, no);
    /* Its flags are in memory, which no filter sees; the C library does without. */
    add(p, EQUAL, CALL_CLONE3, 0, 1);
    add_return(p, SECCOMP_RET_ERRNO | ENOSYS);
    for (size_t i = 0; i < REFUSED; i++)
        add(p, EQUAL, refused[i], (uint8_t)(REFUSED - i + 3), 0);
    add(p, EQUAL, SYS_clone, 0, 2);
    add_load(p, offsetof(struct seccomp_data, args) + CLONE_FLAGS_AT * sizeof(uint64_t));
    add(p, ANY_BIT, NEW_NAMESPACES, 1, 0);
    add_return(p, SECCOMP_RET_ALLOW);
    add_return(p, no);
}

int filter_install(void)
{
    struct program p = {.count = 0};
    compose(&p);
    struct sock_fprog program = {.len = p.count, .filter = p.steps};
    if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, &program) == 0)
        return 0;
    return -1;
}

#else

int filter_install(void)
{
    errno = ENOSYS;
    return -1;
}

#endif
