// Owns: what is remembered of maintenance windows. Leaves to windows.hpp: when they begin and end, what they cover.
#pragma once

#include "base/time.hpp"
#include "config/query.hpp"

#include <cstdint>
#include <limits>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace muster::collector {

/// Time a CI spent in a window. The last one, where it left and came back.
struct WindowMember {
    WallTime from{};
    WallTime to{};  ///< 0: it is in it
};

/// A time in which what fails among some CIs opens no incident.
struct Window {
    enum class Phase : std::uint8_t { planned, active, ended, cancelled };

    std::uint64_t number = 0;
    Phase phase = Phase::planned;
    std::string scope;         ///< as its maker wrote it: a name or a query
    config::Query match = {};  ///< over CIs; without text: `ci` alone
    std::uint32_t ci = std::numeric_limits<std::uint32_t>::max();
    bool is_everywhere = true;       ///< its maker saw every site
    std::vector<std::string> sites;  ///< else these
    WallTime from{};
    WallTime to{};  ///< as planned; as it was, once it is over
    std::string reason;
    WallTime created{};
    std::string created_by;
    WallTime ended{};      ///< 0: not yet
    std::string ended_by;  ///< "system", or who cancelled it
    std::uint64_t version = 0;
    std::map<std::uint32_t, WindowMember> members;  ///< by CI
    // What members bring along, while it is active.
    std::set<std::string> reached_sites;
    std::set<std::string> reached_addresses;
};

/// "planned", "active", "ended", "cancelled"
std::string_view to_string(Window::Phase phase);
/// "WIN-3"
std::string window_name(std::uint64_t number);

struct Windows {
    std::map<std::uint64_t, Window> all;  ///< and those that ended within a day
    std::uint64_t next = 1;
    std::uint64_t timer = 0;  ///< waits for the next beginning or end
};

}  // namespace muster::collector
