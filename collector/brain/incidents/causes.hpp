// Owns: what is remembered of causes: who sees nothing, which site is cut off, which host is down,
// which storm blows, and what each of them explains. Leaves to correlation and its neighbours:
// deciding.
#pragma once

#include "base/time.hpp"
#include "config/watch.hpp"

#include <cstdint>
#include <deque>
#include <map>
#include <set>
#include <string>
#include <string_view>

namespace muster::collector {

/// Why a fault opens no incident of its own. The stored text of receipts is to_string of it.
enum class Withholding : std::uint8_t {
    path,          ///< the host does not answer its watcher, yet its agent is heard
    planned_stop,  ///< the agent said goodbye a moment ago
    quorum,        ///< other vantages see it well
    isolated,      ///< whoever sees it sees nothing at all
    site_cut_off,
    host_down,
    storm,
    window  ///< it is in maintenance
};

/// "agent is heard", "planned stop", "quorum", "vantage isolated", "site cut off", "host down",
/// "storm", "maintenance window".
std::string_view to_string(Withholding why);

/// A fault that is a symptom of something, by CI.
struct Withheld {
    Withholding why = Withholding::path;
    std::uint64_t cause = 0;  ///< incident; 0: none
};

/// An agent that sees nothing far away, though there is something to see.
struct Isolation {
    WallTime since{};
    std::uint64_t incident = 0;  ///< 0: not yet
    std::uint64_t timer = 0;
    std::set<std::uint32_t> cis;  ///< CIs that it alone speaks for now
};

/// The last time in which an agent was isolated: what it says late about it opens nothing.
struct BlindTime {
    WallTime from{};
    WallTime to{};
    std::uint32_t boot = 0;  ///< Agent::Boot::id of the answer that ended it; 0: it ended otherwise
    Duration answered{};     ///< agent's monotonic time of that answer
};

/// A site of which at least half of the agents are silent.
struct SiteCut {
    std::uint64_t incident = 0;  ///< 0: not yet
    std::uint64_t timer = 0;
};

/// Many faults with something in common but no known cause.
struct Storm {
    std::string key;               ///< "agent/…", "site/…", "subnet/…" or "everything"
    std::set<std::uint32_t> left;  ///< CIs that have not recovered
    std::uint32_t peak = 0;
    std::uint64_t timer = 0;  ///< waits for the last ones
};

struct RecentOpening {
    Elapsed at{};
    std::uint32_t ci = 0;
};

/// Ordered containers only: they are walked while folding.
struct Causes {
    config::HostWatch watch;
    config::StormBrake brake;
    std::map<std::uint32_t, Withheld> withheld;            ///< faults, by CI
    std::map<std::uint32_t, Isolation> isolations;         ///< by agent
    std::map<std::uint32_t, BlindTime> blind;              ///< by agent
    std::map<std::string, SiteCut> cuts;                   ///< by site
    std::map<std::uint32_t, std::uint64_t> hosts_down;     ///< agent → incident
    std::map<std::uint32_t, std::uint64_t> silences;       ///< agent → incident that explains it
    std::map<std::uint32_t, std::uint64_t> copies;         ///< agent that lives twice → timer
    std::map<std::uint32_t, Elapsed> goodbyes;             ///< agents stopped in an orderly way
    std::map<std::uint64_t, Storm> storms;                 ///< by incident
    std::map<std::uint32_t, std::uint64_t> left_by_storm;  ///< CI → storm it did not recover with
    std::map<std::uint64_t, std::set<std::uint32_t>> symptoms;  ///< incident → CIs listed under it
    std::map<std::uint32_t, Elapsed> patience;  ///< agent → its silence is no incident before
    std::deque<RecentOpening> recent;           ///< within `brake.within`
    bool watch_stale = false;                   ///< a timer will plan host watches anew
};

}  // namespace muster::collector
