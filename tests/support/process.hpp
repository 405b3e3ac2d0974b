// Owns: a child process of a test: started, watched, stopped by pid.
#pragma once

#include "base/time.hpp"

#include <map>
#include <optional>
#include <string>
#include <sys/types.h>
#include <vector>

namespace muster::test {

/// A running child; killed (SIGKILL) and reaped by the destructor. Output of both streams goes to one file.
class Process {
  public:
    struct Options {
        std::map<std::string, std::string> environment;  ///< added to ours
        std::string output_path;                         ///< appended to; empty: /dev/null
    };

    static Process start(std::vector<std::string> arguments, Options options);
    Process(Process&& other) noexcept;
    Process& operator=(Process&& other) noexcept;
    ~Process();

    pid_t pid() const { return pid_; }

    void signal(int number) const;
    /// The exit code, 128 + signal when it was killed; nothing when it still runs after `patience`.
    std::optional<int> wait(Duration patience);
    bool running();
    /// SIGKILL and reap.
    void kill_now();

  private:
    Process() = default;
    pid_t pid_ = -1;
    std::optional<int> exit_code_;
};

struct CommandResult {
    int exit_code = -1;
    std::string output;  ///< both streams
};

/// Runs to the end (at most `patience`, then it is killed and the code is −1).
CommandResult run_command(
    std::vector<std::string> arguments,
    Duration patience = std::chrono::seconds(30),
    std::map<std::string, std::string> environment = {}
);

/// The folder of the programs under test (MUSTER_BIN_DIR, set by CMake).
std::string program(const std::string& name);

}  // namespace muster::test
