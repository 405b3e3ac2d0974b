// Owns: how receipts are counted.
#pragma once

#include <cstdint>
#include <map>
#include <string>

namespace muster::collector {

/// By reason: what was withheld, how often.
using ReceiptCounts = std::map<std::string, std::uint64_t>;

}  // namespace muster::collector
