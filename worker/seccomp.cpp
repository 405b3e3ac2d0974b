#include "worker/seccomp.hpp"

#include <cerrno>
#include <cstddef>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <vector>

namespace muster::worker {

namespace {

#if defined(__x86_64__)
constexpr std::uint32_t architecture = AUDIT_ARCH_X86_64;
#elif defined(__aarch64__)
constexpr std::uint32_t architecture = AUDIT_ARCH_AARCH64;
#else
constexpr std::uint32_t architecture = 0;
#endif

constexpr int allowed[] = {
    SYS_read,
    SYS_write,
    SYS_readv,
    SYS_writev,
    SYS_close,
    SYS_fstat,
    SYS_lseek,
    SYS_dup,
    SYS_fcntl,
    SYS_ioctl,
    SYS_mmap,
    SYS_munmap,
    SYS_mremap,
    SYS_mprotect,
    SYS_madvise,
    SYS_brk,
    SYS_futex,
    SYS_set_robust_list,
    SYS_get_robust_list,
    SYS_sched_yield,
    SYS_sched_getaffinity,
    SYS_getcpu,
    SYS_epoll_create1,
    SYS_epoll_ctl,
    SYS_epoll_pwait,
    SYS_eventfd2,
    SYS_timerfd_create,
    SYS_timerfd_settime,
    SYS_ppoll,
    SYS_pselect6,
    SYS_pipe2,
    SYS_clock_gettime,
    SYS_clock_getres,
    SYS_clock_nanosleep,
    SYS_nanosleep,
    SYS_gettimeofday,
    SYS_connect,
    SYS_bind,
    SYS_getsockname,
    SYS_getpeername,
    SYS_setsockopt,
    SYS_getsockopt,
    SYS_shutdown,
    SYS_sendto,
    SYS_sendmsg,
    SYS_sendmmsg,
    SYS_recvfrom,
    SYS_recvmsg,
    SYS_recvmmsg,
    SYS_rt_sigaction,
    SYS_rt_sigprocmask,
    SYS_rt_sigreturn,
    SYS_sigaltstack,
    SYS_restart_syscall,
    SYS_getpid,
    SYS_gettid,
    SYS_getppid,
    SYS_getuid,
    SYS_geteuid,
    SYS_getgid,
    SYS_getegid,
    SYS_tgkill,
    SYS_getrandom,
    SYS_getrusage,
    SYS_sysinfo,
    SYS_uname,
    SYS_prlimit64,
    SYS_prctl,
    SYS_rseq,
    SYS_membarrier,
    SYS_exit,
    SYS_exit_group,
#if defined(__x86_64__)
    SYS_epoll_wait,
    SYS_poll,
    SYS_select,
    SYS_time,
    SYS_pipe,
    SYS_dup2,
    SYS_arch_prctl,
#endif
};

constexpr int deadly[] = {
    SYS_execve,
    SYS_execveat,
    SYS_ptrace,
    SYS_process_vm_readv,
    SYS_process_vm_writev,
    SYS_mount,
    SYS_umount2,
    SYS_pivot_root,
    SYS_setns,
    SYS_unshare,
    SYS_bpf,
    SYS_init_module,
    SYS_finit_module,
    SYS_kexec_load,
    SYS_perf_event_open,
    SYS_userfaultfd,
    SYS_keyctl,
    SYS_add_key,
    SYS_request_key,
    SYS_chroot,
#if defined(__x86_64__)
    SYS_fork,
    SYS_vfork,
#endif
};

class Program {
  public:
    void load(std::size_t offset) {
        add(BPF_LD | BPF_W | BPF_ABS, 0, 0, static_cast<std::uint32_t>(offset));
    }

    void give(std::uint32_t verdict) { add(BPF_RET | BPF_K, 0, 0, verdict); }

    void if_equal(std::uint32_t value, std::uint32_t verdict) {
        add(BPF_JMP | BPF_JEQ | BPF_K, 0, 1, value);
        give(verdict);
    }

    void unless_equal(std::uint32_t value, std::uint32_t verdict) {
        add(BPF_JMP | BPF_JEQ | BPF_K, 1, 0, value);
        give(verdict);
    }

    /// The next `count` instructions are for this value alone.
    void only_for(std::uint32_t value, std::uint8_t count) {
        add(BPF_JMP | BPF_JEQ | BPF_K, 0, count, value);
    }

    sock_fprog finished() {
        return {.len = static_cast<unsigned short>(code_.size()), .filter = code_.data()};
    }

  private:
    void add(int code, std::uint8_t when_true, std::uint8_t when_false, std::uint32_t value) {
        code_.push_back(sock_filter{static_cast<std::uint16_t>(code), when_true, when_false, value}
        );
    }

    std::vector<sock_filter> code_;
};

Program make_program() {
    constexpr std::uint32_t refuse = SECCOMP_RET_ERRNO | EPERM;
    Program program;
    program.load(offsetof(seccomp_data, arch));
    program.unless_equal(architecture, SECCOMP_RET_KILL_PROCESS);
    program.load(offsetof(seccomp_data, nr));
    for (const int call : deadly) {
        program.if_equal(static_cast<std::uint32_t>(call), SECCOMP_RET_KILL_PROCESS);
    }
    for (const int call : allowed) {
        program.if_equal(static_cast<std::uint32_t>(call), SECCOMP_RET_ALLOW);
    }
    // socket(): IPv4 and IPv6 only; no netlink, no packet sockets, no new ways to local daemons.
    program.only_for(SYS_socket, 5);
    program.load(offsetof(seccomp_data, args[0]));
    program.if_equal(AF_INET, SECCOMP_RET_ALLOW);
    program.if_equal(AF_INET6, SECCOMP_RET_ALLOW);
    program.give(refuse);
    return program;
}

}  // namespace

Status install_seccomp_filter() {
    if (architecture == 0) {
        return failure(ErrorKind::unavailable, "no system call filter for this processor");
    }
    Program program = make_program();
    const sock_fprog finished = program.finished();
    if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &finished) != 0) {
        return system_failure("the kernel takes no system call filter", errno);
    }
    return {};
}

}  // namespace muster::worker
