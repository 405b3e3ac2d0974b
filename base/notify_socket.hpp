// Owns: what a daemon tells its service manager: sd_notify(3)'s protocol without its library. Leaves to the daemons: when.
#pragma once

#include "base/task.hpp"

#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace muster {

/// The socket named by NOTIFY_SOCKET: a path, or `@name` in the abstract namespace. Every message is one datagram, sent
/// without waiting; one that cannot be sent is lost: the manager must never hold a daemon up. Any thread.
class NotifySocket {
  public:
    /// No manager listens: everything is said to nobody.
    NotifySocket() = default;
    /// `address` as in NOTIFY_SOCKET; `watchdog`: the manager ends a daemon that is silent for this long.
    explicit NotifySocket(std::string address, std::optional<Duration> watchdog = std::nullopt);

    /// From NOTIFY_SOCKET, WATCHDOG_USEC and WATCHDOG_PID, which are then taken out of the environment: child processes
    /// are not to speak for us. Called by main() before threads start.
    static NotifySocket from_environment();

    bool has_listener() const { return !address_.empty(); }

    /// READY=1: the daemon does its work; also at the end of a reload.
    void ready(std::string_view status) const;
    /// STATUS=: one line for people.
    void status(std::string_view text) const;
    /// RELOADING=1 with the time of the monotonic clock (systemd 253 and later ask for it).
    void reloading() const;
    /// STOPPING=1.
    void stopping(std::string_view why) const;
    /// WATCHDOG=1: alive.
    void alive() const;
    /// EXTEND_TIMEOUT_USEC=: starting or stopping goes on and takes at most this much longer.
    void extend(Duration by) const;

    /// Half of the watchdog's period, how often `alive` is due; nothing: no watchdog.
    std::optional<Duration> alive_every() const;

  private:
    void send(std::string_view message) const;

    std::string address_;
    std::optional<Duration> watchdog_;
};

/// Says `alive` whenever it is due and `makes_progress` says so, for ever; ends at once without a watchdog. Runs on the
/// loop it watches over: a loop that stands still says nothing.
Task<void> keep_alive(NotifySocket socket, std::function<bool()> makes_progress);

}  // namespace muster
