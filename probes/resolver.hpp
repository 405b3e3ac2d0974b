// Owns: host names to addresses, with a deadline and a memory. Leaves to runner.cpp: which of the addresses to use.
#pragma once

#include "base/task.hpp"

#include <boost/asio/io_context.hpp>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace muster::probes {

/// fresh: asked just now. remembered: asked less than `keep` ago. stale: older, since the name service does not answer.
enum class Freshness { literal, fresh, remembered, stale };

struct Resolved {
    std::vector<std::string>
        addresses;    ///< at least one; in the order of RFC 6724, as the system gives them
    Duration took{};  ///< zero unless fresh
    Freshness freshness = Freshness::literal;
};

struct ResolverOptions {
    std::uint32_t threads = 4;
    Duration keep = std::chrono::seconds(60);
    std::size_t names = 100'000;  ///< remembered at most; beyond it the oldest goes
    /// Blocking; called on the resolver's own threads. By default getaddrinfo.
    std::function<Result<std::vector<std::string>>(const std::string& host)> lookup = nullptr;
};

/// Belongs to its loop's thread. Lookups that hang occupy a thread of the resolver but nobody waits for them beyond the deadline,
/// and destruction does not wait for them either.
class Resolver {
  public:
    Resolver(asio::io_context& loop, ResolverOptions options);
    ~Resolver();
    Resolver(const Resolver&) = delete;
    Resolver& operator=(const Resolver&) = delete;

    /// `not_found`: the name does not exist. `timeout`: no answer in time. `unavailable`: the name service failed.
    /// Where an older answer is known it is given instead, after a quarter of the time left.
    Task<Result<Resolved>> resolve(std::string host, Deadline deadline);

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace muster::probes
