// Owns: putting the parts of one epoch of assignments together. Leaves to link_client.cpp: what is done with the whole.
#pragma once

#include "base/result.hpp"
#include "wire/link.pb.h"

#include <cstddef>
#include <optional>

namespace muster::wire {

/// Parts arrive in order, 0 … parts-1 of one epoch; part 0 of an epoch drops what there was of another.
class AssignmentParts {
  public:
    /// `most` items are accepted in one epoch.
    explicit AssignmentParts(std::size_t most) : most_(most) {}

    /// The whole, once its last part is there. `corrupt` out of order, `full` beyond the bound.
    Result<std::optional<proto::Assignments>> add(proto::Assignments part);

    void clear() { partial_.Clear(); }

  private:
    std::size_t most_;
    proto::Assignments partial_;  // parts 0 … partial_.part()
};

}  // namespace muster::wire
