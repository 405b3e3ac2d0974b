#include "tests/support/halted_thread.hpp"

#include "tests/support/eventually.hpp"
#include "tests/support/temp_dir.hpp"

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>

namespace muster::test {

HaltedThread::HaltedThread(pid_t process, const std::string& name) {
    std::error_code gone;
    const std::string tasks = "/proc/" + std::to_string(process) + "/task";
    for (const auto& each : std::filesystem::directory_iterator(tasks, gone)) {
        if (read_text(each.path() / "comm") == name + "\n") {
            folder_ = each.path();
            thread_ = std::atoi(each.path().filename().c_str());
        }
    }
    if (thread_ < 0) {
        complaint_ = "no thread is called " + name;
        return;
    }
    if (::ptrace(PTRACE_SEIZE, thread_, nullptr, nullptr) != 0) {
        complaint_ = std::string("ptrace: ") + std::strerror(errno);
        return;
    }
    is_held_ = true;
    if (!eventually(std::chrono::seconds(10), [this] { return halt(); })) {
        complaint_ = name + " never waits for work";
    }
}

HaltedThread::~HaltedThread() {
    if (is_held_) {
        ::ptrace(PTRACE_DETACH, thread_, nullptr, nullptr);
    }
}

/// Lets it go on where it was at work.
bool HaltedThread::halt() {
    int status = 0;
    if (::ptrace(PTRACE_INTERRUPT, thread_, nullptr, nullptr) != 0 ||
        ::waitpid(thread_, &status, __WALL) != thread_) {
        return false;
    }
    if (is_waiting()) {
        return true;
    }
    ::ptrace(PTRACE_CONT, thread_, nullptr, nullptr);
    return false;
}

bool HaltedThread::is_waiting() const {
    const int call = std::atoi(read_text(folder_ + "/syscall").c_str());
    return call == SYS_futex || call == SYS_restart_syscall;
}

}  // namespace muster::test
