// Owns: the program muster-inventory: what only root may read of this machine, once, to whoever holds the other end of standard
// output. Leaves to agent/discovery: reading it. Exit codes: 0 told, 1 not told, 2 wrong usage.
#include "agent/discovery/helper.hpp"
#include "agent/discovery/items.hpp"
#include "base/clock.hpp"
#include "base/log.hpp"

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <iostream>
#include <string>
#include <string_view>
#include <unistd.h>

namespace muster::agent {

namespace {

constexpr std::string_view usage =
    "usage: muster-inventory [--root DIR]\n"
    "Writes what only root may read of this machine to standard output, for muster-agent.\n"
    "Started by systemd for each connection to muster-inventory.socket (docs/inventory.md).\n";

/// With Accept=yes the connection is standard input and output; with LISTEN_FDS alone it is descriptor 3 (sd_listen_fds(3)).
int connection() {
    constexpr int first_passed = 3;
    const char* const passed = std::getenv("LISTEN_FDS");
    const char* const for_whom = std::getenv("LISTEN_PID");
    const bool is_passed = passed != nullptr && std::string_view(passed) == "1" &&
                           for_whom != nullptr && std::to_string(::getpid()) == for_whom;
    return is_passed ? first_passed : STDOUT_FILENO;
}

int fail(const Error& error) {
    log(LogLevel::error, "inventory.not_told", {{"why", error.text()}});
    return 1;
}

Status write_all(int descriptor, std::string_view bytes) {
    while (!bytes.empty()) {
        const ssize_t written = ::write(descriptor, bytes.data(), bytes.size());
        if (written < 0 && errno != EINTR) {
            return system_failure("cannot write to the agent", errno);
        }
        bytes.remove_prefix(static_cast<std::size_t>(written < 0 ? 0 : written));
    }
    return {};
}

int tell(const std::string& root) {
    const SystemClock clock;
    const auto frame = frame_for_agent(observe_privileged(Root(root), clock.wall()));
    if (!frame) {
        return fail(frame.error());
    }
    const Status written = write_all(connection(), *frame);
    return written ? 0 : fail(written.error());
}

int run(int argc, char** argv) {
    configure_log(LogFormat::text, LogLevel::info);
    std::signal(SIGPIPE, SIG_IGN);
    // Whoever connects and does not read must not keep a process of root alive.
    ::alarm(static_cast<unsigned>(
        std::chrono::duration_cast<std::chrono::seconds>(helper_within).count()
    ));
    if (argc == 1) {
        return tell("/");
    }
    if (argc == 3 && std::string_view(argv[1]) == "--root") {
        return tell(argv[2]);
    }
    std::cerr << usage;
    return 2;
}

}  // namespace

}  // namespace muster::agent

int main(int argc, char** argv) {
    return muster::agent::run(argc, argv);
}
