#include "tests/support/process.hpp"

#include "tests/support/eventually.hpp"
#include "tests/support/temp_dir.hpp"

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>
#include <utility>

namespace muster::test {
namespace {

std::vector<std::string> environment_with(const std::map<std::string, std::string>& extra) {
    std::vector<std::string> result;
    for (char** entry = environ; *entry != nullptr; ++entry) {
        const std::string text = *entry;
        if (!extra.contains(text.substr(0, text.find('=')))) {
            result.push_back(text);
        }
    }
    for (const auto& [name, value] : extra) {
        result.push_back(name + "=" + value);
    }
    return result;
}

std::vector<char*> pointers(std::vector<std::string>& texts) {
    std::vector<char*> result;
    for (std::string& text : texts) {
        result.push_back(text.data());
    }
    result.push_back(nullptr);
    return result;
}

}  // namespace

Process Process::start(std::vector<std::string> arguments, Options options) {
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
    const std::string output = options.output_path.empty() ? "/dev/null" : options.output_path;
    posix_spawn_file_actions_addopen(
        &actions, 1, output.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600
    );
    posix_spawn_file_actions_adddup2(&actions, 1, 2);
    std::vector<std::string> environment = environment_with(options.environment);
    std::vector<char*> argument_pointers = pointers(arguments);
    std::vector<char*> environment_pointers = pointers(environment);
    Process process;
    const int error = posix_spawnp(
        &process.pid_,
        arguments.front().c_str(),
        &actions,
        nullptr,
        argument_pointers.data(),
        environment_pointers.data()
    );
    posix_spawn_file_actions_destroy(&actions);
    if (error != 0) {
        process.pid_ = -1;
        process.exit_code_ = 127;
    }
    return process;
}

Process::Process(Process&& other) noexcept
    : pid_(std::exchange(other.pid_, -1)),
      exit_code_(std::exchange(other.exit_code_, std::nullopt)) {}

Process& Process::operator=(Process&& other) noexcept {
    if (this != &other) {
        kill_now();
        pid_ = std::exchange(other.pid_, -1);
        exit_code_ = std::exchange(other.exit_code_, std::nullopt);
    }
    return *this;
}

Process::~Process() {
    kill_now();
}

void Process::signal(int number) const {
    if (pid_ > 0 && !exit_code_) {
        ::kill(pid_, number);
    }
}

bool Process::running() {
    if (pid_ <= 0 || exit_code_) {
        return false;
    }
    int status = 0;
    const pid_t reaped = ::waitpid(pid_, &status, WNOHANG);
    if (reaped == pid_) {
        exit_code_ = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    }
    return !exit_code_;
}

std::optional<int> Process::wait(Duration patience) {
    eventually(patience, [this] { return !running(); }, std::chrono::milliseconds(5));
    return exit_code_;
}

void Process::kill_now() {
    if (running()) {
        ::kill(pid_, SIGKILL);
        wait(std::chrono::seconds(10));
    }
}

CommandResult run_command(
    std::vector<std::string> arguments,
    Duration patience,
    std::map<std::string, std::string> environment
) {
    const TempDir dir;
    Process process =
        Process::start(std::move(arguments), {std::move(environment), dir / "output"});
    const std::optional<int> code = process.wait(patience);
    process.kill_now();
    return {code.value_or(-1), read_text(dir / "output")};
}

std::string program(const std::string& name) {
    const char* folder = std::getenv("MUSTER_BIN_DIR");
    return std::string(folder != nullptr ? folder : MUSTER_BIN_DIR) + "/" + name;
}

}  // namespace muster::test
