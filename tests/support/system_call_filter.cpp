#include "tests/support/system_call_filter.hpp"

#include "base/expect.hpp"

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <map>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/syscall.h>

namespace muster::test {
namespace {

#if defined(__x86_64__)
constexpr std::uint32_t architecture = AUDIT_ARCH_X86_64;
#elif defined(__aarch64__)
constexpr std::uint32_t architecture = AUDIT_ARCH_AARCH64;
#endif

/// Of the kernel's headers; written by tests/CMakeLists.txt.
const std::map<std::string, std::uint32_t>& call_numbers() {
    static const std::map<std::string, std::uint32_t> numbers{
#include "system_call_numbers.inc"
    };
    return numbers;
}

constexpr std::uint32_t refused(std::uint32_t error_number) {
    return SECCOMP_RET_ERRNO | error_number;
}

/// Instructions in the order in which they are tried; who gets through to the end is given the last verdict.
class Filter {
  public:
    Filter() {
        load(offsetof(seccomp_data, arch));
        add(BPF_JMP | BPF_JEQ | BPF_K, architecture, 1, 0);
        give(SECCOMP_RET_KILL_PROCESS);
        load(offsetof(seccomp_data, nr));
    }

    void allow(std::uint32_t call) { when_equal(call, SECCOMP_RET_ALLOW); }

    /// An argument of `call` that has every bit of `bits`.
    void refuse_bits(std::uint32_t call, unsigned argument, std::uint32_t bits) {
        add(BPF_JMP | BPF_JEQ | BPF_K, call, 0, 5);
        load_argument(argument);
        add(BPF_ALU | BPF_AND | BPF_K, bits, 0, 0);
        when_equal(bits, refused(EPERM));
        load(offsetof(seccomp_data, nr));
    }

    /// The rest is about `call` alone, and about this argument.
    void only(std::uint32_t call, unsigned argument) {
        add(BPF_JMP | BPF_JEQ | BPF_K, call, 1, 0);
        give(SECCOMP_RET_ALLOW);
        load_argument(argument);
    }

    void when_equal(std::uint32_t value, std::uint32_t verdict) {
        add(BPF_JMP | BPF_JEQ | BPF_K, value, 0, 1);
        give(verdict);
    }

    bool install(std::uint32_t otherwise) {
        give(otherwise);
        const sock_fprog program{
            .len = static_cast<unsigned short>(code_.size()), .filter = code_.data()
        };
        return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
    }

  private:
    void load(std::size_t offset) {
        add(BPF_LD | BPF_W | BPF_ABS, static_cast<std::uint32_t>(offset), 0, 0);
    }

    void load_argument(unsigned which) {
        load(offsetof(seccomp_data, args) + which * sizeof(std::uint64_t));
    }

    void give(std::uint32_t verdict) { add(BPF_RET | BPF_K, verdict, 0, 0); }

    void add(int code, std::uint32_t value, std::uint8_t when_true, std::uint8_t when_false) {
        code_.push_back({static_cast<std::uint16_t>(code), when_true, when_false, value});
    }

    std::vector<sock_filter> code_;
};

std::uint32_t family_number(const std::string& name) {
    const std::map<std::string, std::uint32_t> numbers{
        {"AF_INET", AF_INET},
        {"AF_INET6", AF_INET6},
        {"AF_UNIX", AF_UNIX},
        {"AF_NETLINK", AF_NETLINK},
    };
    const auto found = numbers.find(name);
    expect(found != numbers.end(), "family_number knows " + name);
    return found->second;
}

}  // namespace

bool allow_only_calls(const std::set<std::string>& names) {
    Filter filter;
    for (const std::string& name : names) {
        const auto number = call_numbers().find(name);
        if (number != call_numbers().end()) {
            filter.allow(number->second);
        }
    }
    return filter.install(SECCOMP_RET_KILL_PROCESS);
}

bool allow_only_families(const std::vector<std::string>& names) {
    Filter filter;
    filter.only(SYS_socket, 0);
    for (const std::string& name : names) {
        if (name != "none") {
            filter.when_equal(family_number(name), SECCOMP_RET_ALLOW);
        }
    }
    return filter.install(refused(EAFNOSUPPORT));
}

bool deny_writable_code() {
    Filter filter;
    filter.refuse_bits(SYS_mmap, 2, PROT_WRITE | PROT_EXEC);
    filter.refuse_bits(SYS_mprotect, 2, PROT_EXEC);
    filter.refuse_bits(SYS_pkey_mprotect, 2, PROT_EXEC);
    filter.refuse_bits(SYS_shmat, 2, SHM_EXEC);
    return filter.install(SECCOMP_RET_ALLOW);
}

}  // namespace muster::test
