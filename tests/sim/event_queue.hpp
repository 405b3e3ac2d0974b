// Owns: what happens next in simulated time.
#pragma once

#include "base/clock.hpp"

#include <cstdint>
#include <functional>
#include <queue>
#include <vector>

namespace muster::test {

/// Events by (time, order of posting). The clock moves only here.
class EventQueue {
  public:
    explicit EventQueue(ManualClock& clock) : clock_(clock) {}

    MonoTime now() const { return clock_.mono(); }

    WallTime wall() const { return clock_.wall(); }

    void at(MonoTime when, std::function<void()> what) {
        events_.push({when, order_++, std::move(what)});
    }

    void after(Duration wait, std::function<void()> what) { at(now() + wait, std::move(what)); }

    /// MonoTime::max() when nothing is posted.
    MonoTime next() const { return events_.empty() ? MonoTime::max() : events_.top().when; }

    /// Moves the clock to `when` (never back) and runs what is due by then, in order.
    void run_until(MonoTime when) {
        if (when > now()) {
            clock_.advance(when - now());
        }
        while (!events_.empty() && events_.top().when <= now()) {
            const std::function<void()> what = events_.top().what;
            events_.pop();
            what();
        }
    }

  private:
    struct Event {
        MonoTime when;
        std::uint64_t order;
        std::function<void()> what;

        bool operator>(const Event& other) const {
            return when != other.when ? when > other.when : order > other.order;
        }
    };

    ManualClock& clock_;
    std::uint64_t order_ = 0;
    std::priority_queue<Event, std::vector<Event>, std::greater<>> events_;
};

}  // namespace muster::test
