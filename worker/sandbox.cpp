#include "worker/sandbox.hpp"

#include "base/capabilities.hpp"
#include "worker/seccomp.hpp"

#include <array>
#include <cerrno>
#include <cstring>
#include <linux/landlock.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace muster::worker {

namespace {

constexpr std::uint64_t files_of_first_landlock =
    (LANDLOCK_ACCESS_FS_MAKE_SYM << 1) - 1;     // every right of version 1
constexpr std::uint64_t refer = 1ull << 13;     // version 2
constexpr std::uint64_t truncate = 1ull << 14;  // version 3

std::string problem(std::string_view what) {
    return std::string(what) + ": " + std::strerror(errno);
}

void limit(int resource, rlim_t most, std::string_view what, std::vector<std::string>& missing) {
    rlimit now{};
    if (getrlimit(static_cast<__rlimit_resource_t>(resource), &now) == 0 && now.rlim_max < most) {
        most = now.rlim_max;
    }
    const rlimit wanted{.rlim_cur = most, .rlim_max = most};
    if (setrlimit(static_cast<__rlimit_resource_t>(resource), &wanted) != 0) {
        missing.push_back(problem(what));
    }
}

void shut_file_system(std::vector<std::string>& missing) {
    const long version =
        syscall(SYS_landlock_create_ruleset, nullptr, 0, LANDLOCK_CREATE_RULESET_VERSION);
    if (version < 1) {
        missing.push_back(problem("no Landlock; the system call filter alone keeps files shut"));
        return;
    }
    landlock_ruleset_attr rules{};
    rules.handled_access_fs = files_of_first_landlock;
    rules.handled_access_fs |= version >= 2 ? refer : 0;
    rules.handled_access_fs |= version >= 3 ? truncate : 0;
    const long made = syscall(SYS_landlock_create_ruleset, &rules, sizeof rules, 0);
    if (made < 0) {
        missing.push_back(problem("no Landlock; the system call filter alone keeps files shut"));
        return;
    }
    const int descriptor = static_cast<int>(made);
    if (syscall(SYS_landlock_restrict_self, descriptor, 0) != 0) {
        missing.push_back(problem("no Landlock; the system call filter alone keeps files shut"));
    }
    close(descriptor);
}

}  // namespace

void close_descriptors_above(int last) {
    // The agent opens everything close-on-exec; this is the second lock, and kernels before 5.9 do without.
    (void)syscall(SYS_close_range, static_cast<unsigned int>(last) + 1, ~0u, 0);
}

std::vector<std::string> enter_sandbox(const SandboxOptions& options) {
    std::vector<std::string> missing;
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) {
        missing.push_back(problem("new privileges are not forbidden"));
    }
    (void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);  // secrets pass through here: no core, no ptrace
    limit(RLIMIT_CORE, 0, "core files are not forbidden", missing);
    if (options.address_space > 0) {
        limit(RLIMIT_AS, options.address_space, "memory is not bounded", missing);
    }
    if (const Status dropped = drop_capabilities(); !dropped) {
        missing.push_back(dropped.error().text());
    }
    shut_file_system(missing);
    const auto filter = install_seccomp_filter();
    if (!filter) {
        missing.push_back(filter.error().text());
    }
    return missing;
}

}  // namespace muster::worker
