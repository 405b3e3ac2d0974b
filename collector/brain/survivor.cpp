#include "collector/brain/survivor.hpp"

namespace muster::collector {

namespace {

/// Merges and splits in turn may close a circle.
constexpr int longest_chain = 32;

}  // namespace

CiIndex survivor_of(const State& state, CiIndex ci) {
    for (int step = 0; step < longest_chain; ++step) {
        const auto into = state.ci_by_id.find(state.cis[ci].merged_into);
        if (into == state.ci_by_id.end()) {
            break;
        }
        ci = into->second;
    }
    return ci;
}

}  // namespace muster::collector
