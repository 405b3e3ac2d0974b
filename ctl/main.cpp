// Owns: the process `muster`: streams, environment, exit code. Leaves to program.hpp: everything else.
#include "base/log.hpp"
#include "ctl/program.hpp"

#include <array>
#include <climits>
#include <csignal>
#include <cstdlib>
#include <iostream>
#include <unistd.h>

namespace {

std::string own_folder() {
    std::array<char, PATH_MAX> path{};
    const ssize_t length = ::readlink("/proc/self/exe", path.data(), path.size() - 1);
    const std::string own(path.data(), length > 0 ? static_cast<std::size_t>(length) : 0);
    return own.substr(0, own.rfind('/') + 1);
}

}  // namespace

int main(int argc, char** argv) {
    std::signal(SIGPIPE, SIG_IGN);
    muster::configure_log(muster::LogFormat::text, muster::LogLevel::error);
    muster::RealFiles files;
    const muster::SystemClock clock;
    muster::SystemRandom random;
    muster::ctl::World world{
        .files = files,
        .clock = clock,
        .random = random,
        .in = std::cin,
        .out = std::cout,
        .err = std::cerr,
        .environment = {},
        .program_folder = own_folder(),
        .output_kind = ::isatty(STDOUT_FILENO) == 1 ? muster::ctl::OutputKind::terminal
                                                    : muster::ctl::OutputKind::pipe,
    };
    for (const char* name : {"MUSTER_SERVER", "HOME", "XDG_CONFIG_HOME", "NO_COLOR"}) {
        if (const char* value = std::getenv(name); value != nullptr) {
            world.environment[name] = value;
        }
    }
    return muster::ctl::run(world, {argv + 1, argv + argc});
}
