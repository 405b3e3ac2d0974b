// Owns: a rate kept exactly: when one more may go. No clock. Leaves to its users: what goes, and what becomes of the rest.
#pragma once

#include "config/channel.hpp"

namespace muster::collector {

/// A bucket that is full at first (generic cell rate algorithm, ITU-T I.371): half of the rate may go at once, the rest
/// comes back evenly, so that no span of `rate.per` ever holds more than `rate.messages`. Times are since the epoch of
/// whatever clock its owner uses.
class Meter {
  public:
    explicit Meter(config::Rate rate);

    /// From when on one more may go.
    Duration earliest() const;

    bool allows(Duration now) const { return now >= earliest(); }

    /// One goes now, whether it may or not.
    void take(Duration now);

    /// What was taken is over only now, and may have arrived as late as this.
    void ended(Duration now);

    /// What there is to remember of it, beside the rate.
    Duration used_until() const { return used_until_; }

    void restore(Duration used_until) { used_until_ = used_until; }

    /// The same use under another rate.
    void change(config::Rate rate);

  private:
    Duration interval_{};
    Duration tolerance_{};
    Duration used_until_ = Duration::min() / 2;  ///< when the bucket is full again
};

}  // namespace muster::collector
