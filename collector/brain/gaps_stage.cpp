#include "collector/brain/gaps_stage.hpp"

#include <algorithm>
#include <utility>

namespace muster::collector {

namespace {

/// Of one agent. A sick or hostile one may tell of thousands a second.
constexpr std::uint64_t gaps_kept = 1000;

}  // namespace

void fold_gap(Fold& fold, AgentIndex index, const DecodedBatch& batch) {
    const Agent& agent = fold.state.agents[index];
    const wire::Gap& gap = *batch.gap;
    fold.store.insert_gap(
        {.agent = agent.id,
         .lsn = fold.lsn,
         .ordinal = fold.next_ordinal(),
         .wall = fold.wall,
         .spool = batch.spool,
         .seq = batch.seq,
         .span = batch.span,
         .results = batch.lost,
         .gap = gap}
    );
    // It never saw more of the future than we did.
    const WallTime to = std::min(gap.to, fold.wall);
    if (batch.lost > 0 && gap.from != WallTime{} && gap.from < to && agent.gap_from != gap.from) {
        fold.store.insert_lost(agent.id, gap.from, to, fold.lsn);
    }
    fold.agents_with_gaps.insert(index);
}

void trim_gaps(Fold& fold) {
    for (const AgentIndex index : std::exchange(fold.agents_with_gaps, {})) {
        fold.store.trim_gaps(fold.state.agents[index].id, gaps_kept);
    }
}

}  // namespace muster::collector
