// The rows of state_store; opening and transactions are in state_store.cpp.
#include "collector/brain/state_store_impl.hpp"

#include <algorithm>

namespace muster::collector {

void StateStore::insert_ci(const CiState& ci, WallTime created, Lsn lsn) {
    impl_->run(
        StateQuery::insert_ci,
        Blob{ci.id.raw()},
        std::string_view(ci.ci_class),
        std::string_view(ci.name),
        std::string_view(ci.address),
        std::string_view(ci.site),
        std::string_view(ci.service),
        std::string_view(ci.source),
        std::string_view(ci.state),
        to_ns(created),
        lsn
    );
}

void StateStore::update_ci(const CiState& ci) {
    impl_->run(
        StateQuery::update_ci,
        Blob{ci.id.raw()},
        std::string_view(ci.ci_class),
        std::string_view(ci.name),
        std::string_view(ci.address),
        std::string_view(ci.site),
        std::string_view(ci.service),
        std::string_view(ci.source),
        when_set(ci.ended),
        when_set(ci.merged_into),
        when_set(ci.missing)
    );
}

void StateStore::update_ci_state(const CiState& ci, WallTime since) {
    impl_->run(
        StateQuery::update_ci_state, Blob{ci.id.raw()}, std::string_view(ci.state), to_ns(since)
    );
    insert_event({.wall = since, .kind = "ci", .change = ci.state, .ci = ci.id});
}

void StateStore::insert_agent(const Agent& agent, CiId ci, WallTime enrolled) {
    impl_->run(
        StateQuery::insert_agent,
        Blob{agent.id.raw()},
        std::string_view(agent.name),
        Blob{ci.raw()},
        std::string_view(agent.site),
        std::string_view(agent.hostname),
        std::string_view(agent.version),
        std::string_view(agent.address),
        to_string(agent.state),
        to_ns(enrolled)
    );
    insert_event(
        {.wall = enrolled, .kind = "agent", .change = to_string(agent.state), .agent = agent.id}
    );
}

void StateStore::update_agent(const Agent& agent, WallTime state_since) {
    impl_->run(
        StateQuery::update_agent,
        Blob{agent.id.raw()},
        std::string_view(agent.name),
        std::string_view(agent.site),
        std::string_view(agent.hostname),
        std::string_view(agent.version),
        std::string_view(agent.address),
        to_string(agent.state),
        to_ns(state_since)
    );
    insert_event(
        {.wall = state_since, .kind = "agent", .change = to_string(agent.state), .agent = agent.id}
    );
}

void StateStore::update_agent_epoch(const Agent& agent) {
    impl_->run(
        StateQuery::update_agent_epoch,
        Blob{agent.id.raw()},
        agent.issued_epoch,
        static_cast<std::uint64_t>(agent.epochs.empty() ? 0 : agent.epochs.back().slots.size())
    );
}

void StateStore::insert_unobserved(AgentId agent, WallTime from, std::string_view reason, Lsn lsn) {
    impl_->run(StateQuery::insert_unobserved, Blob{agent.raw()}, to_ns(from), reason, lsn);
}

void StateStore::close_unobserved(AgentId agent, WallTime from, WallTime to) {
    impl_->run(StateQuery::close_unobserved, Blob{agent.raw()}, to_ns(from), to_ns(to));
}

void StateStore::delete_unobserved(AgentId agent, WallTime from) {
    impl_->run(StateQuery::delete_unobserved, Blob{agent.raw()}, to_ns(from));
}

void StateStore::insert_gap(const GapRow& row) {
    const auto known = [](WallTime time) {
        return time == WallTime{} ? std::optional<std::int64_t>() : to_ns(time);
    };
    impl_->run(
        StateQuery::insert_gap,
        Blob{row.agent.raw()},
        row.lsn,
        row.ordinal,
        Blob{row.spool.raw()},
        row.seq,
        row.span,
        row.results,
        wire::to_string(row.gap.reason),
        known(row.gap.from),
        known(row.gap.to),
        to_ns(row.wall)
    );
}

void StateStore::insert_lost(AgentId agent, WallTime from, WallTime to, Lsn lsn) {
    impl_->run(StateQuery::extend_lost, Blob{agent.raw()}, to_ns(from), to_ns(to));
    impl_->run(StateQuery::insert_lost, Blob{agent.raw()}, to_ns(from), to_ns(to), lsn);
}

void StateStore::trim_gaps(AgentId agent, std::uint64_t most) {
    impl_->run(StateQuery::trim_gaps, Blob{agent.raw()}, most);
    impl_->run(StateQuery::trim_lost, Blob{agent.raw()}, most);
}

void StateStore::insert_probe(const State& state, Slot probe, WallTime since) {
    if (impl_->writing == Writing::off) {
        return;
    }
    const ColdProbe& cold = state.cold[probe];
    const Spec& spec = state.specs[cold.spec];
    const SpecText& text = impl_->spec_text.of(spec);
    const AgentId agent = cold.agent == nothing ? AgentId{} : state.agents[cold.agent].id;
    impl_->run(
        StateQuery::insert_probe,
        Blob{cold.id.raw()},
        Blob{state.cis[cold.ci].id.raw()},
        when_set(agent),
        std::string_view(spec.probe->type),
        std::string_view(state.names[cold.name]),
        std::string_view(state.names[cold.origin]),
        std::string_view(state.names[cold.host]),
        to_ms(spec.probe->interval),
        to_ms(spec.probe->timeout),
        std::string_view(text.params),
        std::string_view(text.rule),
        std::string_view("unproven"),
        to_ns(since),
        cold.row
    );
}

void StateStore::update_probe_definition(const State& state, Slot probe) {
    if (impl_->writing == Writing::off) {
        return;
    }
    const ColdProbe& cold = state.cold[probe];
    const Spec& spec = state.specs[cold.spec];
    const SpecText& text = impl_->spec_text.of(spec);
    const AgentId agent = cold.agent == nothing ? AgentId{} : state.agents[cold.agent].id;
    impl_->run(
        StateQuery::update_probe_definition,
        cold.row,
        Blob{state.cis[cold.ci].id.raw()},
        when_set(agent),
        std::string_view(spec.probe->type),
        std::string_view(state.names[cold.name]),
        std::string_view(state.names[cold.origin]),
        std::string_view(state.names[cold.host]),
        to_ms(spec.probe->interval),
        to_ms(spec.probe->timeout),
        std::string_view(text.params),
        std::string_view(text.rule)
    );
}

void StateStore::remove_probe(const ColdProbe& probe, Lsn lsn) {
    impl_->run(StateQuery::remove_probe, probe.row, lsn);
}

void StateStore::update_probe_state(
    const ColdProbe& probe, std::string_view state, WallTime since, const Trouble* trouble
) {
    const std::string_view none;
    impl_->run(
        StateQuery::update_probe_state,
        probe.row,
        state,
        to_ns(since),
        trouble == nullptr ? std::nullopt : when_set(trouble->exceeded_at),
        trouble == nullptr ? none : std::string_view(trouble->reason),
        trouble == nullptr ? none : std::string_view(trouble->expected),
        trouble == nullptr ? none : std::string_view(trouble->seen)
    );
}

void StateStore::update_probe_seen(const ColdProbe& probe, const Trouble& trouble) {
    impl_->run(
        StateQuery::update_probe_seen,
        probe.row,
        std::string_view(trouble.reason),
        std::string_view(trouble.expected),
        std::string_view(trouble.seen)
    );
}

void StateStore::update_probe_exceeded(const ColdProbe& probe, WallTime exceeded_since) {
    impl_->run(StateQuery::update_probe_exceeded, probe.row, when_set(exceeded_since));
}

void StateStore::update_probe_proven(const ColdProbe& probe, WallTime at) {
    impl_->run(StateQuery::update_probe_proven, probe.row, to_ns(at));
}

void StateStore::insert_interval(ProbeId probe, std::string_view state, const Trouble& trouble) {
    impl_->run(
        StateQuery::insert_interval,
        Blob{probe.raw()},
        to_ns(trouble.interval_from),
        state,
        trouble.interval_lsn,
        trouble.interval_ordinal
    );
}

void StateStore::close_interval(ProbeId probe, const Trouble& trouble, WallTime to) {
    impl_->run(
        StateQuery::close_interval,
        Blob{probe.raw()},
        to_ns(trouble.interval_from),
        trouble.interval_lsn,
        trouble.interval_ordinal,
        to_ns(std::max(to, trouble.interval_from))
    );
}

void StateStore::update_flapping(
    std::uint64_t incident, WallTime since, std::uint32_t transitions
) {
    impl_->run(StateQuery::update_flapping, incident, when_set(since), transitions);
}

void StateStore::insert_timeline(const TimelineRow& row) {
    impl_->run(
        StateQuery::insert_timeline,
        row.incident,
        row.lsn,
        row.ordinal,
        to_ns(row.wall),
        row.kind,
        row.actor,
        row.text,
        row.data
    );
    insert_event(
        {.wall = row.wall,
         .kind = "incident",
         .change = row.kind,
         .incident = row.incident,
         .actor = row.actor,
         .text = row.text}
    );
}

void StateStore::begin_entry(Lsn lsn) {
    impl_->event_lsn = lsn;
    impl_->event_ordinal = 0;
}

void StateStore::insert_event(const EventRow& row) {
    if (impl_->writing == Writing::off) {
        return;
    }
    impl_->run(
        StateQuery::insert_event,
        impl_->event_lsn,
        impl_->event_ordinal++,
        to_ns(row.wall),
        row.kind,
        row.change,
        row.incident == 0 ? std::nullopt : std::optional(row.incident),
        when_set(row.ci),
        when_set(row.agent),
        row.actor,
        row.text
    );
    impl_->events_written = true;
}

void StateStore::insert_outbox(const OutboxRow& row) {
    impl_->run(
        StateQuery::insert_outbox,
        row.id,
        row.incident,
        row.transition,
        row.channel,
        to_ns(row.created),
        row.payload,
        row.lsn,
        row.ordinal
    );
}

void StateStore::update_outbox(
    std::string_view id,
    std::string_view state,
    std::uint32_t attempts,
    std::string_view last_error,
    WallTime sent
) {
    impl_->run(StateQuery::update_outbox, id, state, attempts, last_error, when_set(sent));
}

void StateStore::insert_verdict(const KeptVerdict& verdict, Lsn lsn) {
    impl_->run(
        StateQuery::insert_verdict,
        std::string_view(verdict.actor),
        std::string_view(verdict.key),
        lsn,
        std::int64_t{verdict.verdict.status},
        std::string_view(verdict.verdict.body),
        std::string_view(verdict.verdict.etag)
    );
}

void StateStore::delete_verdict(std::string_view actor, std::string_view key) {
    impl_->run(StateQuery::delete_verdict, actor, key);
}

void StateStore::insert_receipt(const ReceiptRow& row) {
    if (impl_->writing == Writing::on) {
        ++impl_->receipts_written[std::string(row.reason)];
    }
    impl_->run(
        StateQuery::insert_receipt,
        row.lsn,
        row.ordinal,
        to_ns(row.wall),
        when_set(row.ci),
        when_set(row.probe),
        row.reason,
        row.data
    );
}

}  // namespace muster::collector
