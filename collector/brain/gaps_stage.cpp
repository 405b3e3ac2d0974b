#include "collector/brain/gaps_stage.hpp"

namespace muster::collector {

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
        fold.store.insert_unobserved(agent.id, gap.from, "results lost", fold.lsn);
        fold.store.close_unobserved(agent.id, gap.from, to);
    }
}

}  // namespace muster::collector
