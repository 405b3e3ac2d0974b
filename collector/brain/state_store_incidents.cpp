// Rows of state_store about incidents and maintenance windows.
#include "collector/brain/state_store_impl.hpp"

#include <boost/json.hpp>

namespace muster::collector {

namespace {

std::optional<std::int64_t> when_known(std::uint64_t number) {
    return number == 0 ? std::nullopt : std::optional(static_cast<std::int64_t>(number));
}

}  // namespace

void StateStore::insert_incident(
    const State& state, const Incident& incident, std::string_view why
) {
    const CiId ci = incident.ci == nothing ? CiId{} : state.cis[incident.ci].id;
    const AgentId agent = incident.agent == nothing ? AgentId{} : state.agents[incident.agent].id;
    impl_->run(
        StateQuery::insert_incident,
        incident.number,
        std::string_view(incident.kind),
        std::string_view(incident.key),
        when_set(ci),
        when_set(agent),
        when_set(incident.probe),
        std::string_view(incident.title),
        std::string_view(incident.place),
        std::string_view(incident.state),
        incident.priority,
        std::string_view(incident.urgency),
        std::string_view(incident.expected),
        std::string_view(incident.seen),
        std::string_view(incident.reason),
        to_ns(incident.started),
        to_ns(incident.detected),
        to_ns(incident.opened),
        std::int64_t{incident.detected_late ? 1 : 0},
        why,
        incident.version,
        std::string_view(incident.site),
        std::string_view(incident.service),
        std::string_view(incident.impact),
        std::string_view(incident.impact_basis),
        std::string_view(incident.team),
        std::string_view(incident.assignee),
        std::string_view(incident.reporter),
        std::string_view(incident.description),
        when_known(incident.previous)
    );
}

void StateStore::update_incident(const Incident& incident) {
    const bool acknowledged = incident.acknowledged != WallTime{};
    const bool resolved = incident.resolved != WallTime{};
    const auto when = [](bool is, const std::string& text) {
        return is ? std::optional(std::string_view(text)) : std::nullopt;
    };
    impl_->run(
        StateQuery::update_incident,
        incident.number,
        std::string_view(incident.state),
        when_set(incident.acknowledged),
        when(acknowledged, incident.acknowledged_by),
        when_set(incident.resolved),
        when(resolved, incident.resolved_by),
        when(resolved || incident.state == "cancelled", incident.resolution),
        incident.version,
        std::string_view(incident.kind),
        std::string_view(incident.title),
        incident.priority,
        std::string_view(incident.urgency),
        std::string_view(incident.impact),
        std::string_view(incident.impact_basis),
        std::string_view(incident.expected),
        std::string_view(incident.seen),
        std::string_view(incident.reason),
        std::string_view(incident.team),
        std::string_view(incident.assignee),
        std::string_view(incident.pending_reason),
        std::string_view(incident.pending_text),
        when_set(incident.pending_since),
        when_set(incident.closed),
        std::string_view(incident.closed_by),
        incident.round - 1
    );
}

void StateStore::describe_incident(
    const State& state, const Incident& incident, std::string_view why
) {
    const AgentId agent = incident.agent == nothing ? AgentId{} : state.agents[incident.agent].id;
    impl_->run(
        StateQuery::describe_incident,
        incident.number,
        when_set(agent),
        when_set(incident.probe),
        to_ns(incident.started),
        to_ns(incident.detected),
        std::int64_t{incident.detected_late ? 1 : 0},
        why
    );
}

void StateStore::insert_link(const LinkRow& row) {
    impl_->run(
        StateQuery::insert_link,
        row.incident,
        row.type,
        row.other,
        row.actor,
        to_ns(row.wall),
        row.lsn
    );
}

void StateStore::insert_window(const Window& window, CiId ci) {
    if (impl_->writing == Writing::off) {
        return;
    }
    std::optional<std::string> sites;
    if (!window.is_everywhere) {
        sites =
            boost::json::serialize(boost::json::array(window.sites.begin(), window.sites.end()));
    }
    impl_->run(
        StateQuery::insert_window,
        window.number,
        std::string_view(window.scope),
        std::string_view(window.match.text()),
        when_set(ci),
        sites ? std::optional(std::string_view(*sites)) : std::nullopt,
        to_string(window.phase),
        to_ns(window.from),
        to_ns(window.to),
        std::string_view(window.reason),
        to_ns(window.created),
        std::string_view(window.created_by),
        when_set(window.ended),
        std::string_view(window.ended_by),
        window.version
    );
    const std::string number = std::to_string(window.number);
    insert_event(
        {.wall = window.created,
         .kind = "window",
         .change = to_string(window.phase),
         .actor = window.created_by,
         .text = number}
    );
}

void StateStore::update_window(const Window& window) {
    impl_->run(
        StateQuery::update_window,
        window.number,
        to_string(window.phase),
        to_ns(window.to),
        when_set(window.ended),
        std::string_view(window.ended_by),
        window.version
    );
    const bool is_over = window.ended != WallTime{};
    const std::string number = std::to_string(window.number);
    insert_event(
        {.wall = is_over ? window.ended : window.from,
         .kind = "window",
         .change = to_string(window.phase),
         .actor = is_over ? window.ended_by : window.created_by,
         .text = number}
    );
}

void StateStore::insert_window_ci(const WindowMemberRow& row) {
    impl_->run(
        StateQuery::insert_window_ci,
        row.window,
        Blob{row.ci.raw()},
        to_ns(row.from),
        row.lsn,
        row.ordinal
    );
}

void StateStore::end_window_ci(std::uint64_t window, CiId ci, WallTime to) {
    impl_->run(StateQuery::end_window_ci, window, Blob{ci.raw()}, to_ns(to));
}

}  // namespace muster::collector
