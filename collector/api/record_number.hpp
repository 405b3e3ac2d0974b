// Owns: numbers of records as people write them. Leaves to the stores: which record it is.
#pragma once

#include "collector/api/page.hpp"

#include <cstdint>
#include <string_view>

namespace muster::collector {

/// 31 of "31", and with the prefix "INC-" of "INC-31" and "inc-31"; 0 where it is no number from 1 on.
std::int64_t record_number(std::string_view text, std::string_view prefix);

/// Where a page of records goes on that are listed from the highest number down; `invalid` for a cursor of something else.
Result<std::int64_t> before_number(const PageRequest& page);

}  // namespace muster::collector
