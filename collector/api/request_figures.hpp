// Owns: requests counted by route, method and status, with how long each took. Leaves to api.cpp: when one is over.
#pragma once

#include "collector/figures/histogram.hpp"

#include <compare>
#include <cstdint>
#include <map>
#include <string>

namespace muster::collector {

/// Belongs to the loop's thread. Bounded by the table of routes: what fits none of them counts as one.
class RequestFigures {
  public:
    /// `route` is the pattern, "none" for an address without one. Methods that HTTP does not know count as "other".
    void count(const std::string& route, const std::string& method, int status, Duration took);

    struct Key {
        std::string route;
        std::string method;
        int status = 0;
        friend auto operator<=>(const Key&, const Key&) = default;
    };

    const std::map<Key, std::uint64_t>& requests() const { return requests_; }

    const std::map<std::string, Histogram>& durations() const { return durations_; }

  private:
    std::map<Key, std::uint64_t> requests_;
    std::map<std::string, Histogram> durations_;
};

}  // namespace muster::collector
