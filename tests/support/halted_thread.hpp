// Owns: one thread of a running process that stands still while all others go on: a part of a daemon that hangs.
#pragma once

#include <string>
#include <sys/types.h>

namespace muster::test {

/// By ptrace, from the calling thread, which must be the one that ends it. Halted where it waits for work, so that it holds nothing that
/// others need.
class HaltedThread {
  public:
    /// The thread of that name (`top -H`). `complaint()` says where it could not be halted.
    HaltedThread(pid_t process, const std::string& name);
    /// It goes on.
    ~HaltedThread();
    HaltedThread(const HaltedThread&) = delete;
    HaltedThread& operator=(const HaltedThread&) = delete;

    const std::string& complaint() const { return complaint_; }

  private:
    bool halt();
    bool is_waiting() const;

    std::string folder_;  // of the thread in /proc
    pid_t thread_ = -1;
    bool is_held_ = false;
    std::string complaint_;
};

}  // namespace muster::test
