// Owns: the part of Intake that finds out, after a collector went back to a backup, what it lacks of streams that an agent has
// deleted since, and stores a gap in place of it. Leaves to wire/out_stream.hpp: streams of which the agent still has something.
#include "base/log.hpp"
#include "collector/intake/intake.hpp"
#include "wire/gap.hpp"

#include <algorithm>
#include <limits>
#include <utility>

namespace muster::collector {

namespace {

std::uint32_t clamped(std::uint64_t number) {
    return static_cast<std::uint32_t>(
        std::min<std::uint64_t>(number, std::numeric_limits<std::uint32_t>::max())
    );
}

}  // namespace

/// A collector of this agent confirmed all that it tells of, so what is not there was there once. The session may end here.
void Intake::tell_lost(SessionId id, const wire::proto::Hello& hello, Actions& out) {
    const AgentId agent = sessions_.at(id).agent;
    std::uint64_t streams = 0;
    for (const wire::proto::FinishedStream& said : hello.finished()) {
        const auto finished = wire::from_proto(said);
        if (!finished) {
            continue;  // the link has refused it
        }
        streams += stage_lost(sessions_.at(id), *finished, out) ? 1 : 0;
        if (!sessions_.contains(id)) {
            return;
        }
    }
    if (streams > 0) {
        log(LogLevel::warning,
            "intake.finished_lost",
            {{"agent", agent.text()},
             {"spools", streams},
             {"why",
              "this collector went back to a backup, and the agent has deleted meanwhile what it "
              "had confirmed; gaps of reason restored say how much"}});
    }
}

/// True: there is a gap for what is missing of it. It moves the stream's cursor to the end, as any record does in the transaction
/// that stores it, so that it is told once.
bool Intake::stage_lost(Session& session, const wire::FinishedStream& finished, Actions& out) {
    Agent& owner = agent(session.agent);
    Stream& known = owner.streams.try_emplace(finished.spool).first->second;
    const bool is_new = !known.is_stored && known.staged == known.committed;
    if (is_new) {
        known.committed = known.staged = finished.begins_at - 1;
        known.results = finished.results_at_begin;
    }
    if (known.staged >= finished.last_seq) {
        return false;
    }
    CursorUpdate step{
        .agent = session.agent,
        .spool = finished.spool,
        .first_seq = known.staged + 1,
        .last_seq = finished.last_seq
    };
    if (known.staged != known.committed) {
        end_straddled(session, step, known.staged, out);
        return false;
    }
    const std::uint64_t results = finished.results - std::min(finished.results, known.results);
    const wire::Gap gap{
        .reason = wire::GapReason::restored,
        .drop_class = wire::DropClass::state,
        // When the first that is missing was made is known where all of it is.
        .from = is_new ? finished.from : WallTime{},
        .to = finished.to
    };
    wire::server_action::Append lost{finished.spool, step.first_seq, {}};
    lost.records.push_back(wire::make_gap(
        gap,
        clamped(step.last_seq + 1 - step.first_seq),
        clamped(results + finished.earlier_results)
    ));
    on_records(session, std::move(lost), out);
    return true;
}

}  // namespace muster::collector
