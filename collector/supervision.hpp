// Owns: what the service manager hears of the collector: that it starts, is ready, reloads, lives, stops.
// Leaves to base/notify_socket: the messages; to collector.cpp: the moments.
#pragma once

#include "base/notify_socket.hpp"
#include "collector/journal/feed.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>

namespace muster::collector {

/// Whether a fold has done something since the last look. One that has nothing to do is well.
class FoldProgress {
  public:
    explicit FoldProgress(const FoldFeed& feed);
    bool look();

  private:
    const FoldFeed* feed_;
    Lsn seen_;
};

/// Lives on the loop, which it watches over together with the brain.
class Supervision {
  public:
    /// `status`: one line for people; asked on the loop. `brain` outlives this.
    Supervision(NotifySocket socket, const FoldFeed& brain, std::function<std::string()> status);

    /// Until `ready`: asks for more time as long as the brain catches up. Then tells the status whenever it has changed,
    /// and keeps the watchdog content while loop and brain move. Nothing without a manager.
    void start(TaskGroup& tasks);
    void ready();
    /// Before and after reading the configuration again.
    void reloading() const;
    void reloaded() const;
    /// `patience`: how long stopping may take.
    void stopping(const std::string& why, Duration patience) const;

  private:
    Task<void> tell();

    NotifySocket socket_;
    const FoldFeed* brain_;
    std::function<std::string()> status_;
    std::string told_;
    bool is_ready_ = false;
};

/// What `systemctl status` shows while the brain catches up.
std::string status_line(Lsn behind);
/// And afterwards.
std::string status_line(
    std::uint16_t people_port, std::uint16_t agents_port, std::size_t agents, Lsn behind
);

}  // namespace muster::collector
