#include "probes/worker_process.hpp"

#include <fmt/format.h>

#include <array>
#include <cerrno>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

namespace muster::probes {

namespace {

/// posix_spawn's two C structures, released together.
struct SpawnPlan {
    SpawnPlan() {
        posix_spawn_file_actions_init(&actions);
        posix_spawnattr_init(&attributes);
    }

    ~SpawnPlan() {
        posix_spawn_file_actions_destroy(&actions);
        posix_spawnattr_destroy(&attributes);
    }

    SpawnPlan(const SpawnPlan&) = delete;
    SpawnPlan& operator=(const SpawnPlan&) = delete;

    posix_spawn_file_actions_t actions{};
    posix_spawnattr_t attributes{};
};

int spawn(pid_t& pid, const std::string& program, int channel) {
    SpawnPlan plan;
    posix_spawn_file_actions_addopen(&plan.actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_addopen(&plan.actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
    posix_spawn_file_actions_adddup2(&plan.actions, channel, worker_channel_descriptor);
    posix_spawn_file_actions_addclosefrom_np(&plan.actions, worker_channel_descriptor + 1);

    // Its own group: Ctrl-C is for us, who then end it in order.
    sigset_t none;
    sigset_t all;
    sigemptyset(&none);
    sigfillset(&all);
    posix_spawnattr_setsigmask(&plan.attributes, &none);
    posix_spawnattr_setsigdefault(&plan.attributes, &all);
    posix_spawnattr_setpgroup(&plan.attributes, 0);
    posix_spawnattr_setflags(
        &plan.attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF
    );

    std::string name = "muster-probe-worker";
    std::string language = "LANG=C.UTF-8";
    const std::array<char*, 2> arguments{name.data(), nullptr};
    const std::array<char*, 2> environment{language.data(), nullptr};
    return posix_spawn(
        &pid, program.c_str(), &plan.actions, &plan.attributes, arguments.data(), environment.data()
    );
}

}  // namespace

Result<std::unique_ptr<WorkerProcess>> WorkerProcess::start(
    asio::io_context& loop, const std::string& program
) {
    std::array<int, 2> pair{};
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair.data()) != 0) {
        return system_failure("cannot make a socket pair for a worker", errno);
    }
    pid_t pid = 0;
    const int problem = spawn(pid, program, pair[1]);
    ::close(pair[1]);
    if (problem != 0) {
        ::close(pair[0]);
        return system_failure("cannot start the probe worker", problem, program);
    }
    return std::unique_ptr<WorkerProcess>(new WorkerProcess(loop, pid, pair[0]));
}

WorkerProcess::~WorkerProcess() {
    channel_.close();
    if (!reaped_) {
        kill();
        int status = 0;
        waitpid(pid_, &status, 0);
    }
}

void WorkerProcess::kill() {
    if (!reaped_) {
        ::kill(pid_, SIGKILL);
    }
}

std::optional<std::string> WorkerProcess::ended() {
    int status = 0;
    if (reaped_ || waitpid(pid_, &status, WNOHANG) != pid_) {
        return std::nullopt;
    }
    reaped_ = true;
    if (WIFSIGNALED(status)) {
        return fmt::format("killed by signal {}", WTERMSIG(status));
    }
    return fmt::format("exit status {}", WEXITSTATUS(status));
}

}  // namespace muster::probes
