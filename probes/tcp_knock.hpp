// Owns: whether a TCP port answers; not a byte is read. Leaves to tcp_run.hpp: what is said there.
#pragma once

#include "base/task.hpp"

#include <boost/system/error_code.hpp>

#include <cstdint>
#include <string>
#include <string_view>

namespace muster::probes {

/// The reason code of a connection that failed: "refused", "reset", "unreachable", "timeout", or "connect" for anything else.
std::string_view tcp_reason(const boost::system::error_code& problem);
/// The same in words, as they stand in a sentence: "connection refused".
std::string tcp_words(const boost::system::error_code& problem);

struct Knock {
    std::string reason;  ///< as tcp_reason; empty: connected
    std::string words;
    Duration took{};
};

/// Connects to an IP address and hangs up.
Task<Knock> knock_at(std::string address, std::uint16_t port, Deadline deadline);

}  // namespace muster::probes
