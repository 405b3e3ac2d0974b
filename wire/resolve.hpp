// Owns: names to addresses for clients of the collector and the command line. Leaves to probes/resolver: those of probes.
#pragma once

#include "base/task.hpp"

#include <boost/asio/ip/tcp.hpp>

#include <cstdint>
#include <string>
#include <vector>

namespace muster::wire {

using Endpoints = std::vector<asio::ip::tcp::endpoint>;

/// At least one. An address in text needs no look-up; names are looked up on a thread of Asio's. `timeout` at the deadline,
/// `unavailable` when the name is unknown.
Task<Result<Endpoints>> resolve(
    asio::io_context* loop, std::string host, std::uint16_t port, Deadline deadline
);

}  // namespace muster::wire
