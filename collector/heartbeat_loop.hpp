// Owns: telling somebody outside that the collector is well (a dead man's switch). Leaves to its owner: whether it is.
#pragma once

#include "base/clock.hpp"
#include "base/files.hpp"
#include "base/task.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

namespace muster::collector {

struct HeartbeatOptions {
    std::string url;  ///< empty: nobody is told
    Duration every = std::chrono::minutes(1);
    std::string ca_file;  ///< the authority of a private https endpoint; empty: the system's
    const Clock* clock = nullptr;  ///< outlives the loop; without it `last_sent` stays unset
};

/// What became of it so far.
struct HeartbeatCounts {
    std::uint64_t sent = 0;     ///< answered with 2xx
    std::uint64_t failed = 0;   ///< anything else
    std::uint64_t skipped = 0;  ///< the collector was not well
    WallTime last_sent{};       ///< zero: never
};

/// A GET every `every`, while `is_well` says so; one at a time, each within `every` and 10 s. Failures are logged when they
/// begin and when they end. Belongs to the loop's thread; blocks nothing.
class HeartbeatLoop {
  public:
    struct Impl;
    HeartbeatLoop(
        asio::io_context& loop,
        HeartbeatOptions options,
        Files& files,
        std::function<bool()> is_well
    );
    ~HeartbeatLoop();
    HeartbeatLoop(const HeartbeatLoop&) = delete;
    HeartbeatLoop& operator=(const HeartbeatLoop&) = delete;

    void start();
    void stop();
    HeartbeatCounts counts() const;

  private:
    std::shared_ptr<Impl> impl_;  // shared with its coroutine
};

}  // namespace muster::collector
