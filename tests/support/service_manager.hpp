// Owns: a service manager as daemons see it: a NOTIFY_SOCKET, and everything that was said to it.
#pragma once

#include "base/time.hpp"
#include "tests/support/temp_dir.hpp"

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace muster::test {

/// Receives on a real datagram socket. Used by one thread.
class ServiceManager {
  public:
    enum class Address { path, abstract };
    explicit ServiceManager(Address address = Address::path);
    ~ServiceManager();
    ServiceManager(const ServiceManager&) = delete;
    ServiceManager& operator=(const ServiceManager&) = delete;

    /// For a daemon that is to be watched: NOTIFY_SOCKET and WATCHDOG_USEC. WATCHDOG_PID is left out: it is not known
    /// before the daemon runs.
    std::map<std::string, std::string> environment(Duration watchdog) const;

    /// Every message so far, in order.
    const std::vector<std::string>& heard();
    /// How many messages hold this text.
    std::size_t count(std::string_view text);
    /// Waits for a message that holds this text.
    bool hears(std::string_view text, Duration patience);
    /// Waits for one more than there are now.
    bool hears_again(std::string_view text, Duration patience);

  private:
    TempDir dir_;
    std::string address_;
    int socket_ = -1;
    std::vector<std::string> heard_;
};

/// Stops one thread of a child, by its name ("brain"; the main thread bears the program's), and only this one, for as
/// long as this lives. Made and destroyed on one thread.
class StoppedThread {
  public:
    StoppedThread(int pid, const std::string& name);
    ~StoppedThread();
    StoppedThread(const StoppedThread&) = delete;
    StoppedThread& operator=(const StoppedThread&) = delete;

    /// False where there is no such thread, or it cannot be traced.
    bool is_stopped() const { return thread_ > 0; }

  private:
    int thread_ = -1;
};

}  // namespace muster::test
