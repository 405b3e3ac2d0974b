#include "worker/sandbox.hpp"

#include <gtest/gtest.h>

#include <array>
#include <csignal>
#include <fcntl.h>
#include <functional>
#include <netinet/in.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

namespace muster::worker {
namespace {

/// Runs `inside` in a child that has entered the sandbox; gives its exit status as waitpid does.
int in_sandbox(const std::function<int()>& inside, std::uint64_t address_space = 0) {
    const pid_t child = fork();
    if (child == 0) {
        (void)enter_sandbox({.address_space = address_space});
        _exit(inside());
    }
    int status = 0;
    waitpid(child, &status, 0);
    return status;
}

int exit_of(int status) {
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
}

TEST(Sandbox, ShutsTheFileSystem) {
    EXPECT_EQ(exit_of(in_sandbox([] { return open("/etc/passwd", O_RDONLY) < 0 ? 0 : 1; })), 0);
    EXPECT_EQ(
        exit_of(in_sandbox([] { return open("/tmp/x", O_WRONLY | O_CREAT, 0600) < 0 ? 0 : 1; })), 0
    );
    EXPECT_EQ(exit_of(in_sandbox([] { return open("/proc/self/maps", O_RDONLY) < 0 ? 0 : 1; })), 0);
}

TEST(Sandbox, LeavesSocketsOfTheInternetAndNoOthers) {
    EXPECT_EQ(exit_of(in_sandbox([] { return socket(AF_INET, SOCK_STREAM, 0) >= 0 ? 0 : 1; })), 0);
    EXPECT_EQ(exit_of(in_sandbox([] { return socket(AF_INET6, SOCK_DGRAM, 0) >= 0 ? 0 : 1; })), 0);
    for (const int family : {AF_UNIX, AF_NETLINK, AF_PACKET}) {
        EXPECT_EQ(
            exit_of(in_sandbox([family] { return socket(family, SOCK_DGRAM, 0) < 0 ? 0 : 1; })), 0
        ) << family;
    }
    EXPECT_EQ(
        exit_of(in_sandbox([] { return socket(AF_INET, SOCK_RAW, IPPROTO_ICMP) < 0 ? 0 : 1; })), 0
    ) << "no capability is left";
}

TEST(Sandbox, KillsWhoeverStartsAProgramOrTracesAnother) {
    const auto start = [] {
        std::array<char*, 1> none{nullptr};
        execve("/bin/true", none.data(), none.data());
        return 0;
    };
    EXPECT_EQ(exit_of(in_sandbox(start)), 1000 + SIGSYS);
    EXPECT_EQ(
        exit_of(in_sandbox([] { return static_cast<int>(syscall(SYS_ptrace, 0, 0, 0, 0)); })),
        1000 + SIGSYS
    );
}

TEST(Sandbox, BoundsMemory) {
#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
    GTEST_SKIP() << "sanitizers reserve more address space than any bound allows";
#endif
#endif
    const auto greedy = [] {
        rlimit bound{};
        getrlimit(RLIMIT_AS, &bound);
        const void* much =
            mmap(nullptr, std::size_t{1} << 30, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        return much == MAP_FAILED && bound.rlim_cur == (256u << 20) ? 0 : 1;
    };
    EXPECT_EQ(exit_of(in_sandbox(greedy, 256u << 20)), 0);
}

TEST(Sandbox, NamesNothingMissingOnThisKernel) {
    const pid_t child = fork();
    if (child == 0) {
        const auto missing = enter_sandbox({.address_space = 0});
        _exit(static_cast<int>(missing.size()));
    }
    int status = 0;
    waitpid(child, &status, 0);
    EXPECT_EQ(exit_of(status), 0);
}

}  // namespace
}  // namespace muster::worker
