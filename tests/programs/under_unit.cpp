// Runs a program under the restrictions of a unit of systemd; a call that the unit does not allow kills it (SIGSYS).
//   under-unit [--root DIR] UNIT PROGRAM ARGUMENTS…
// With --root DIR is the whole machine, but for libraries, /etc without /etc/muster, and what the kernel shows.
#include "base/expect.hpp"
#include "tests/support/unit_sandbox.hpp"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <sched.h>
#include <string_view>
#include <sys/mount.h>
#include <unistd.h>

namespace {

void must(int result, const std::string& what) {
    muster::expect(result == 0, what + ": " + std::strerror(errno));
}

void bind_into(const std::string& root, const std::string& path) {
    if (std::filesystem::is_symlink(path)) {
        std::filesystem::create_symlink(std::filesystem::read_symlink(path), root + path);
    } else if (std::filesystem::exists(path)) {
        std::filesystem::create_directories(root + path);
        must(
            ::mount(path.c_str(), (root + path).c_str(), nullptr, MS_BIND | MS_REC, nullptr), path
        );
    }
}

/// The mounts are this process's own and end with it.
void enter_root(const std::string& root) {
    must(::unshare(CLONE_NEWNS), "unshare");
    must(::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr), "private mounts");
    for (const char* path : {"/usr/lib", "/usr/lib64", "/lib", "/lib64", "/etc", "/proc", "/dev"}) {
        bind_into(root, path);
    }
    const std::string settings = root + "/etc/muster";
    if (std::filesystem::exists(settings)) {
        must(::mount("tmpfs", settings.c_str(), "tmpfs", 0, nullptr), settings);
    }
    must(::chroot(root.c_str()), root);
    must(::chdir("/"), root);
}

}  // namespace

int main(int count, char** values) {
    std::string root;
    if (count > 2 && std::string_view(values[1]) == "--root") {
        root = values[2];
        values += 2;
        count -= 2;
    }
    if (count < 3) {
        std::fputs("usage: under-unit [--root DIR] UNIT PROGRAM ARGUMENTS…\n", stderr);
        return 2;
    }
    const muster::test::UnitFile unit(values[1]);
    const muster::test::CallGroups groups = muster::test::installed_call_groups();
    if (!root.empty()) {
        enter_root(root);
    }
    muster::test::enter_unit(unit, groups);
    ::execv(values[2], values + 2);
    std::fprintf(stderr, "%s: %s\n", values[2], std::strerror(errno));
    return 127;
}
