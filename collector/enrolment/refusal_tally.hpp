// Owns: how many refusals of one kind are told in a minute, so that a flood does not fill the audit. No clock of its own.
#pragma once

#include "base/time.hpp"

#include <cstdint>
#include <optional>

namespace muster::collector {

/// At most 60 a minute; the others are counted, and told with the next one.
class RefusalTally {
  public:
    /// How many went untold since the one told last; nothing where this one goes untold too.
    std::optional<std::uint64_t> admit(MonoTime now);

  private:
    MonoTime began_{};
    std::uint32_t told_ = 0;
    std::uint64_t untold_ = 0;
};

}  // namespace muster::collector
