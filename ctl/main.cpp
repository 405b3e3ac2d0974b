// Owns: the process `muster`: streams, environment, exit code. Leaves to program.hpp: everything else.
#include "base/log.hpp"
#include "ctl/program.hpp"

#include <array>
#include <cerrno>
#include <climits>
#include <csignal>
#include <cstdlib>
#include <iostream>
#include <termios.h>
#include <unistd.h>

namespace {

std::string own_folder() {
    std::array<char, PATH_MAX> path{};
    const ssize_t length = ::readlink("/proc/self/exe", path.data(), path.size() - 1);
    const std::string own(path.data(), length > 0 ? static_cast<std::size_t>(length) : 0);
    return own.substr(0, own.rfind('/') + 1);
}

/// The line is not shown, nor the line break that ends it.
muster::Result<muster::Secret> ask_secret(std::string_view prompt) {
    std::cerr << prompt << std::flush;
    termios shown{};
    if (::tcgetattr(STDIN_FILENO, &shown) != 0) {
        return muster::system_failure("the terminal cannot be asked for a secret", errno);
    }
    termios hidden = shown;
    hidden.c_lflag &= ~static_cast<tcflag_t>(ECHO);
    ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &hidden);
    std::string line;
    std::getline(std::cin, line);
    ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &shown);
    std::cerr << "\n";
    return muster::Secret(std::move(line));
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
    if (::isatty(STDIN_FILENO) == 1) {
        world.ask_secret = ask_secret;
    }
    for (const char* name : {"MUSTER_SERVER", "HOME", "XDG_CONFIG_HOME", "NO_COLOR"}) {
        if (const char* value = std::getenv(name); value != nullptr) {
            world.environment[name] = value;
        }
    }
    return muster::ctl::run(world, {argv + 1, argv + argc});
}
