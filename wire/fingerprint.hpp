// Owns: the mark by which agent and collector know whether they speak of the same record.
#pragma once

#include "wire/record.hpp"

#include <cstdint>

namespace muster::wire {

/// Of all that the record says but `possible_duplicate`. Two histories of one spool that parted (a snapshot of the machine was
/// restored) differ in every record after that, since each carries the nanosecond it was made: one equal mark proves an
/// equal past. Never 0, which means "not known". Not against forgery: who says it has proved who he is.
std::uint64_t fingerprint(const Record& record);

}  // namespace muster::wire
