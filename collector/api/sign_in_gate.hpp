// Owns: how often a password may be tried, by address and by account. No clock of its own.
#pragma once

#include "base/time.hpp"

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>

namespace muster::collector {

/// Counts an attempt as failed until it has succeeded, so that many at once gain nothing. From an address: 5 at will, then each
/// waits twice as long as the one before, up to a minute. For an account: 10 at will, then one each tenth of a second to one
/// each second from addresses that have not signed in to it; from those that have, no wait. Forgotten after 15 minutes
/// without an attempt. At most 4,096 of each are remembered; beyond, those longest unused go.
class SignInGate {
  public:
    /// Whether a password may be tried now; otherwise `wait` is how long until then.
    bool admit(
        const std::string& account, const std::string& address, MonoTime now, Duration& wait
    );
    /// The attempt admitted last for both was right.
    void succeeded(const std::string& account, const std::string& address, MonoTime now);

  private:
    struct Track {
        std::uint32_t failures = 0;
        MonoTime last{};
        MonoTime free_at{};
    };

    using Tracks = std::map<std::string, Track>;

    static Duration wait_of(const Tracks& tracks, const std::string& key, MonoTime now);
    static Track& track_of(Tracks& tracks, const std::string& key, MonoTime now);

    Tracks addresses_;
    Tracks accounts_;
    Tracks trusted_;  // "account address" of sign-ins that succeeded
};

}  // namespace muster::collector
