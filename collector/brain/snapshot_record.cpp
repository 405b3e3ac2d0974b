// The bytes of what people add to incidents, and of maintenance windows.
#include "collector/brain/packing.hpp"
#include "collector/brain/snapshot_parts.hpp"

#include <array>
#include <utility>

namespace muster::collector {

namespace {

/// In the order of their bytes.
template <class AnyIncident>
auto texts_of(AnyIncident& incident) {
    return std::array{
        &incident.site,
        &incident.place,
        &incident.service,
        &incident.impact,
        &incident.impact_basis,
        &incident.team,
        &incident.assignee,
        &incident.pending_reason,
        &incident.pending_text,
        &incident.closed_by,
        &incident.reporter,
        &incident.description
    };
}

void pack_window(Packer& out, const Window& window) {
    out.u64(window.number);
    out.choice(window.phase);
    for (const std::string* text :
         {&window.scope, &window.match.text(), &window.reason, &window.created_by, &window.ended_by
         }) {
        out.text(*text);
    }
    out.u32(window.ci);
    out.u8(window.is_everywhere ? 1 : 0);
    out.count(window.sites.size());
    for (const std::string& site : window.sites) {
        out.text(site);
    }
    for (const WallTime time : {window.from, window.to, window.created, window.ended}) {
        out.time(time);
    }
    out.u64(window.version);
    out.count(window.members.size());
    for (const auto& [ci, member] : window.members) {
        out.u32(ci);
        out.time(member.from);
        out.time(member.to);
    }
    for (const std::set<std::string>* reached :
         {&window.reached_sites, &window.reached_addresses}) {
        out.count(reached->size());
        for (const std::string& each : *reached) {
            out.text(each);
        }
    }
}

bool unpack_window(Unpacker& in, Window& window) {
    window.number = in.u64();
    window.phase = in.choice(Window::Phase::cancelled);
    window.scope = in.text();
    const std::string match = in.text();
    window.reason = in.text();
    window.created_by = in.text();
    window.ended_by = in.text();
    window.ci = in.u32();
    window.is_everywhere = in.u8() != 0;
    for (std::size_t left = in.count(8); left > 0; --left) {
        window.sites.push_back(in.text());
    }
    for (WallTime* time : {&window.from, &window.to, &window.created, &window.ended}) {
        *time = in.wall();
    }
    window.version = in.u64();
    for (std::size_t left = in.count(20); left > 0; --left) {
        WindowMember& member = window.members[in.u32()];
        member.from = in.wall();
        member.to = in.wall();
    }
    for (std::set<std::string>* reached : {&window.reached_sites, &window.reached_addresses}) {
        for (std::size_t left = in.count(8); left > 0; --left) {
            reached->insert(in.text());
        }
    }
    if (match.empty()) {
        return true;
    }
    auto query = config::Query::parse(match);
    if (query) {
        window.match = std::move(*query);
    }
    return query.has_value();
}

}  // namespace

void pack_record(Packer& out, const Incident& incident) {
    for (const std::string* text : texts_of(incident)) {
        out.text(*text);
    }
    out.time(incident.pending_since);
    out.time(incident.closed);
    out.u64(incident.previous);
    out.count(incident.links.size());
    for (const auto& [type, other] : incident.links) {
        out.text(type);
        out.u64(other);
    }
}

void unpack_record(Unpacker& in, Incident& incident) {
    for (std::string* text : texts_of(incident)) {
        *text = in.text();
    }
    incident.pending_since = in.wall();
    incident.closed = in.wall();
    incident.previous = in.u64();
    for (std::size_t left = in.count(16); left > 0; --left) {
        std::string type = in.text();
        incident.links.emplace(std::move(type), in.u64());
    }
}

void pack_incident_rules(Packer& out, const config::IncidentRules& rules) {
    out.duration(rules.reopen_within);
    for (const auto& row : rules.priority) {
        for (const std::uint8_t priority : row) {
            out.u8(priority);
        }
    }
}

config::IncidentRules unpack_incident_rules(Unpacker& in) {
    config::IncidentRules rules;
    rules.reopen_within = in.duration();
    for (auto& row : rules.priority) {
        for (std::uint8_t& priority : row) {
            priority = in.u8();
        }
    }
    return rules;
}

std::string encode_windows(const State& state) {
    Packer out;
    out.u64(state.windows.next);
    out.u64(state.windows.timer);
    out.count(state.windows.all.size());
    for (const auto& [number, window] : state.windows.all) {
        pack_window(out, window);
    }
    return out.take();
}

bool decode_windows(State& state, std::string_view bytes) {
    Unpacker in(bytes);
    state.windows.next = in.u64();
    state.windows.timer = in.u64();
    for (std::size_t left = in.count(100); left > 0; --left) {
        Window window;
        if (!unpack_window(in, window)) {
            return false;
        }
        const std::uint64_t number = window.number;
        state.windows.all.emplace(number, std::move(window));
    }
    return in.done();
}

}  // namespace muster::collector
