#include "collector/api/request_figures.hpp"

#include <algorithm>
#include <array>
#include <string_view>

namespace muster::collector {

namespace {

constexpr std::array<std::string_view, 7> known_methods = {
    "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"
};

}  // namespace

void RequestFigures::count(
    const std::string& route, const std::string& method, int status, Duration took
) {
    const bool is_known = std::ranges::find(known_methods, method) != known_methods.end();
    ++requests_[{route, is_known ? method : "other", status}];
    durations_[route].observe(took);
}

}  // namespace muster::collector
