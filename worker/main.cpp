// Owns: the start of muster-probe-worker. The agent starts it, with its channel at descriptor 3; it has no options.
#include "base/clock.hpp"
#include "base/log.hpp"
#include "probes/worker_process.hpp"
#include "worker/sandbox.hpp"
#include "worker/worker.hpp"

#include <boost/asio/co_spawn.hpp>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <string>
#include <sys/socket.h>

namespace {

using muster::LogLevel;

// The sanitizers reserve more address space than any bound allows.
#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
constexpr std::uint64_t address_space = 0;
#else
constexpr std::uint64_t address_space = 1ull << 30;
#endif
#else
constexpr std::uint64_t address_space = 1ull << 30;
#endif

bool is_socket(int descriptor) {
    int type = 0;
    socklen_t bytes = sizeof type;
    return getsockopt(descriptor, SOL_SOCKET, SO_TYPE, &type, &bytes) == 0 && type == SOCK_STREAM;
}

}  // namespace

int main() {
    using muster::probes::worker_channel_descriptor;
    if (!is_socket(worker_channel_descriptor)) {
        std::fputs(
            "muster-probe-worker is started by muster-agent and by `muster probe`, not by hand\n",
            stderr
        );
        return 2;
    }
    muster::worker::close_descriptors_above(worker_channel_descriptor);
    std::signal(SIGPIPE, SIG_IGN);
    muster::configure_log(muster::LogFormat::text, LogLevel::info);

    const muster::SystemClock clock;
    muster::asio::io_context loop(1);
    auto worker = muster::worker::Worker::open(loop, clock, worker_channel_descriptor);
    if (!worker) {
        log(LogLevel::error, "worker.start_failed", {{"why", worker.error().text()}});
        return 1;
    }
    const muster::worker::SandboxOptions sandbox{.address_space = address_space};
    for (const std::string& gap : muster::worker::enter_sandbox(sandbox)) {
        log(LogLevel::notice, "worker.sandbox_incomplete", {{"what", gap}});
    }
    muster::asio::co_spawn(loop, (*worker)->serve(), [&loop](const std::exception_ptr&) {
        loop.stop();
    });
    loop.run();
    // Nothing is left to flush, and the libraries' exit handlers want files that are shut away.
    std::_Exit(0);
}
