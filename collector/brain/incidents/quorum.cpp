#include "collector/brain/incidents/quorum.hpp"

#include "collector/brain/availability/limits.hpp"
#include "collector/brain/presence.hpp"

#include <algorithm>
#include <set>
#include <utility>

namespace muster::collector {

bool reaches_quorum(const State& state, CiIndex ci, const Fault& fault, Counted counted) {
    const auto counts = [&](Slot slot) {
        constexpr std::uint8_t exceeded = HotProbe::exceeded | HotProbe::limited;
        return counted == Counted::failing ? is_failing(state, slot)
                                           : (state.hot[slot].flags & exceeded) != 0;
    };
    std::set<std::pair<NameIndex, NameIndex>> asked;
    for (const Fault::Member& each : fault.members) {
        const ColdProbe& cold = state.cold[each.probe];
        const config::Vantage& from = state.specs[cold.spec].from;
        if (each.recovered_at != WallTime{} ||
            (counted == Counted::failing && !is_failing(state, each.probe))) {
            continue;
        }
        if (from.any <= 1) {
            return true;
        }
        if (!asked.emplace(cold.origin, cold.name).second) {
            continue;
        }
        std::uint32_t watching = 0;
        std::uint32_t failing = 0;
        for (Slot slot = 0; slot < state.cold.size(); ++slot) {
            const ColdProbe& other = state.cold[slot];
            const bool is_vantage = !other.id.is_nil() && other.ci == ci &&
                                    other.name == cold.name && other.origin == cold.origin &&
                                    other.agent != nothing;
            if (!is_vantage || (state.hot[slot].flags & HotProbe::proven) == 0 ||
                !is_observing(state.agents[other.agent]) ||
                state.causes.isolations.contains(other.agent)) {
                continue;
            }
            ++watching;
            failing += counts(slot) ? 1 : 0;
        }
        if (failing != 0 && failing >= std::min(from.quorum, watching)) {
            return true;
        }
    }
    return false;
}

}  // namespace muster::collector
