// Owns: who follows the stream of events, how many may, and waking them. Leaves to event_stream.hpp: what each is sent.
#pragma once

#include "base/task.hpp"

#include <boost/asio/steady_timer.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <set>

namespace muster::collector {

inline constexpr std::size_t most_followers = 64;

/// Belongs to the loop's thread; outlives every follower.
class EventHub {
  public:
    EventHub() = default;
    EventHub(const EventHub&) = delete;
    EventHub& operator=(const EventHub&) = delete;

    /// A place among the followers, for as long as it lives.
    class Place {
      public:
        explicit Place(EventHub& hub) : hub_(&hub) { ++hub_->followers_; }

        Place(const Place&) = delete;
        Place& operator=(const Place&) = delete;

        ~Place() { --hub_->followers_; }

      private:
        EventHub* hub_;
    };

    bool is_full() const { return followers_ >= most_followers; }

    std::size_t followers() const { return followers_; }

    /// Events were committed.
    void wake();

    /// Counts the calls of `wake`: what was read after this number was taken is as new as it.
    std::uint64_t revision() const { return revision_; }

    /// Until `wake` is called after `seen`, or `at_most` has passed.
    Task<void> wait(std::uint64_t seen, Duration at_most);

  private:
    std::size_t followers_ = 0;
    std::uint64_t revision_ = 0;
    std::set<boost::asio::steady_timer*> waiting_;  // of coroutines in `wait`
};

}  // namespace muster::collector
