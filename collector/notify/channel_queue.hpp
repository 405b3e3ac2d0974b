// Owns: when a channel's next message is sent: in order, one at a time, with back-off, never beyond its rate. No clock, no
// store, no socket.
// Leaves to notifier: doing it.
#pragma once

#include "base/random.hpp"
#include "base/time.hpp"
#include "collector/meter.hpp"
#include "collector/notify/outbox_row.hpp"

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <vector>

namespace muster::collector {

struct BackOff {
    Duration least = std::chrono::seconds(1);
    Duration most = std::chrono::minutes(5);
};

/// What the owner of a ChannelQueue is to do next.
struct NotifyAction {
    enum class Kind { load, send, wait };
    Kind kind = Kind::wait;
    OutboxPosition after;                ///< load: rows of this channel beyond this, oldest first
    const OutboxRow* row = nullptr;      ///< send: valid until the next event
    std::optional<MonoTime> until = {};  ///< wait: then ask again; nothing: until the next event
};

/// The messages of one channel. Ask `next`, do it, tell what came of it. A message that was delivered is never given
/// again by this object, whatever the store still says; one that failed holds up those after it.
class ChannelQueue {
  public:
    /// Rows asked for at once.
    static constexpr std::size_t page = 64;

    /// `after`: up to here everything was delivered by a queue before this one.
    explicit ChannelQueue(BackOff back_off, OutboxPosition after = {}, config::Rate rate = {})
        : back_off_(back_off), meter_(rate), delivered_(after) {}

    NotifyAction next(MonoTime now) const;

    /// The store may hold new rows.
    void poke() { stale_ = true; }

    /// The answer to `load`: at most `page` rows beyond `after`, in order.
    void loaded(std::vector<OutboxRow> rows);

    /// An attempt begins now: it counts against the channel's rate, whatever comes of it. So do attempts that bypass the
    /// queue, which may go where the rate would have waited.
    void attempting(MonoTime now) { meter_.take(now.time_since_epoch()); }

    /// The attempt is over: what was on its way for a while may have arrived as late as this, and counts from here.
    void attempted(MonoTime now) { meter_.ended(now.time_since_epoch()); }

    /// The answers to `send`. A failed message is read again before the next attempt: it may have been given up.
    void delivered();
    /// Waits twice as long each time, up to `most`, with jitter; at least `retry_after` (never beyond `most`).
    void failed(MonoTime now, Random& random, Duration retry_after = Duration{0});

    /// It takes messages, as one beside the queue has shown: what waits need not wait longer.
    void working() { not_before_.reset(); }

    /// The last message delivered.
    OutboxPosition position() const { return delivered_; }

    /// Attempts at the message at the head, this run.
    std::uint32_t attempts() const { return attempts_; }

  private:
    BackOff back_off_;
    Meter meter_;
    std::deque<OutboxRow> rows_;
    OutboxPosition delivered_;
    bool stale_ = true;
    std::uint32_t attempts_ = 0;
    std::optional<MonoTime> not_before_;
    std::string attempted_;  // id that `attempts_` counts
};

}  // namespace muster::collector
