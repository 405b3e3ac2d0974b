// Owns: how often one address may fail at something before it must wait. No clock of its own.
#pragma once

#include "base/time.hpp"

#include <cstdint>
#include <map>
#include <string>

namespace muster::collector {

/// Counts failures by key (an address) in windows. Bounded: at most 4,096 keys; beyond, the oldest windows are forgotten.
class AttemptLimiter {
  public:
    AttemptLimiter(std::uint32_t failures, Duration window) : most_(failures), window_(window) {}

    /// Whether another attempt may be made; otherwise `wait` is how long until then.
    bool allows(const std::string& key, MonoTime now, Duration& wait) const;
    void failed(const std::string& key, MonoTime now);

  private:
    struct Window {
        MonoTime began{};
        std::uint32_t failures = 0;
    };

    std::uint32_t most_;
    Duration window_;
    std::map<std::string, Window> windows_;
};

}  // namespace muster::collector
