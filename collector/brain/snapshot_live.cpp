#include "collector/brain/packing.hpp"
#include "collector/brain/planning.hpp"
#include "collector/brain/snapshot_parts.hpp"

#include <algorithm>

namespace muster::collector {

namespace {

Agent unpack_agent(Unpacker& in, std::uint32_t version) {
    Agent agent;
    agent.id = in.id<AgentId>();
    agent.watch = host_watch_id(agent);
    agent.name = in.text();
    agent.site = in.text();
    agent.hostname = in.text();
    agent.version = in.text();
    agent.address = in.text();
    agent.ci = in.u32();
    agent.state = in.choice(AgentState::revoked);
    agent.linked = in.u8() != 0;
    agent.awaited = in.u8() != 0;
    agent.heard = in.elapsed();
    agent.heard_wall = in.wall();
    for (std::size_t left = in.count(24); left > 0; --left) {
        const SpoolId spool = in.id<SpoolId>();
        agent.backlog.push_back({spool, in.u64()});
    }
    agent.gap_reason = in.text();
    agent.gap_from = in.wall();
    agent.gap_first_record = in.wall();
    agent.observed_from = version >= 3 ? in.wall() : WallTime{};
    agent.silence_timer = in.u64();
    agent.hello_boot = in.u64();
    for (std::size_t left = in.count(12); left > 0; --left) {
        const std::uint64_t boot = in.u64();
        agent.boots.push_back({boot, in.u32()});
    }
    agent.wanted_epoch = in.u32();
    agent.issued_epoch = in.u32();
    agent.running_epoch = in.u32();
    return agent;
}

}  // namespace

std::string encode_troubles(const State& state) {
    std::vector<Slot> slots;
    slots.reserve(state.troubles.size());
    for (const auto& [slot, trouble] : state.troubles) {
        slots.push_back(slot);
    }
    std::ranges::sort(slots);
    Packer out;
    out.count(slots.size());
    for (const Slot slot : slots) {
        const Trouble& trouble = state.troubles.at(slot);
        out.u32(slot);
        out.time(trouble.first_failed);
        out.time(trouble.exceeded_at);
        out.time(trouble.interval_from);
        out.u64(trouble.interval_lsn);
        out.u32(trouble.interval_ordinal);
        out.text(trouble.reason);
        out.text(trouble.expected);
        out.text(trouble.seen);
    }
    return out.take();
}

bool decode_troubles(State& state, std::string_view bytes) {
    Unpacker in(bytes);
    for (std::size_t left = in.count(40); left > 0; --left) {
        const Slot slot = in.u32();
        Trouble trouble;
        trouble.first_failed = in.wall();
        trouble.exceeded_at = in.wall();
        trouble.interval_from = in.wall();
        trouble.interval_lsn = in.u64();
        trouble.interval_ordinal = in.u32();
        trouble.reason = in.text();
        trouble.expected = in.text();
        trouble.seen = in.text();
        state.troubles.emplace(slot, std::move(trouble));
    }
    return in.done();
}

std::string encode_agents(const State& state) {
    Packer out;
    out.count(state.agents.size());
    for (const Agent& agent : state.agents) {
        out.id(agent.id);
        out.text(agent.name);
        out.text(agent.site);
        out.text(agent.hostname);
        out.text(agent.version);
        out.text(agent.address);
        out.u32(agent.ci);
        out.choice(agent.state);
        out.u8(agent.linked ? 1 : 0);
        out.u8(agent.awaited ? 1 : 0);
        out.time(agent.heard);
        out.time(agent.heard_wall);
        out.count(agent.backlog.size());
        for (const Agent::Backlog& each : agent.backlog) {
            out.id(each.spool);
            out.u64(each.until);
        }
        out.text(agent.gap_reason);
        out.time(agent.gap_from);
        out.time(agent.gap_first_record);
        out.time(agent.observed_from);
        out.u64(agent.silence_timer);
        out.u64(agent.hello_boot);
        out.count(agent.boots.size());
        for (const Agent::Boot& boot : agent.boots) {
            out.u64(boot.boot);
            out.u32(boot.id);
        }
        out.u32(agent.wanted_epoch);
        out.u32(agent.issued_epoch);
        out.u32(agent.running_epoch);
    }
    return out.take();
}

bool decode_agents(State& state, std::string_view bytes) {
    Unpacker in(bytes);
    for (std::size_t left = in.count(100); left > 0; --left) {
        state.agents.push_back(unpack_agent(in, state.loaded_version));
        state.agent_by_id.emplace(
            state.agents.back().id, static_cast<AgentIndex>(state.agents.size() - 1)
        );
    }
    return in.done();
}

std::string encode_faults(const State& state) {
    Packer out;
    out.count(state.faults.size());
    for (const auto& [ci, fault] : state.faults) {
        out.u32(ci);
        out.choice(fault.phase);
        out.u64(fault.timer);
        out.u64(fault.incident);
        out.count(fault.members.size());
        for (const Fault::Member& member : fault.members) {
            out.u32(member.probe);
            out.id(member.id);
            out.time(member.first_failed);
            out.time(member.exceeded_at);
            out.time(member.recovered_at);
            out.text(member.reason);
            out.text(member.expected);
            out.text(member.seen);
        }
    }
    return out.take();
}

bool decode_faults(State& state, std::string_view bytes) {
    Unpacker in(bytes);
    for (std::size_t left = in.count(29); left > 0; --left) {
        Fault& fault = state.faults[in.u32()];
        fault.phase = in.choice(Fault::Phase::withheld);
        fault.timer = in.u64();
        fault.incident = in.u64();
        for (std::size_t members = in.count(60); members > 0; --members) {
            Fault::Member member;
            member.probe = in.u32();
            member.id = in.id<ProbeId>();
            member.first_failed = in.wall();
            member.exceeded_at = in.wall();
            member.recovered_at = in.wall();
            member.reason = in.text();
            member.expected = in.text();
            member.seen = in.text();
            fault.members.push_back(std::move(member));
        }
    }
    return in.done();
}

std::string encode_incidents(const State& state) {
    Packer out;
    out.count(state.incidents.size());
    for (const auto& [number, incident] : state.incidents) {
        out.u64(number);
        for (const std::string* text :
             {&incident.kind,
              &incident.key,
              &incident.probe_type,
              &incident.probe_name,
              &incident.host,
              &incident.title,
              &incident.state,
              &incident.urgency,
              &incident.expected,
              &incident.seen,
              &incident.reason,
              &incident.acknowledged_by,
              &incident.resolved_by,
              &incident.resolution}) {
            out.text(*text);
        }
        out.u32(incident.ci);
        out.u32(incident.agent);
        out.id(incident.probe);
        out.u32(incident.priority);
        for (const WallTime time :
             {incident.started,
              incident.detected,
              incident.opened,
              incident.acknowledged,
              incident.resolved}) {
            out.time(time);
        }
        out.time(incident.settled);
        out.u8(incident.detected_late ? 1 : 0);
        out.u32(incident.round);
        out.u64(incident.version);
        out.count(incident.told.size());
        for (const std::string& channel : incident.told) {
            out.text(channel);
        }
        pack_record(out, incident);
        out.u64(incident.reason_timer);
    }
    pack_incident_rules(out, state.incident_rules);
    return out.take();
}

bool decode_incidents(State& state, std::string_view bytes) {
    Unpacker in(bytes);
    for (std::size_t left = in.count(200); left > 0; --left) {
        Incident incident;
        incident.number = in.u64();
        for (std::string* text :
             {&incident.kind,
              &incident.key,
              &incident.probe_type,
              &incident.probe_name,
              &incident.host,
              &incident.title,
              &incident.state,
              &incident.urgency,
              &incident.expected,
              &incident.seen,
              &incident.reason,
              &incident.acknowledged_by,
              &incident.resolved_by,
              &incident.resolution}) {
            *text = in.text();
        }
        incident.ci = in.u32();
        incident.agent = in.u32();
        incident.probe = in.id<ProbeId>();
        incident.priority = in.u32();
        for (WallTime* time :
             {&incident.started,
              &incident.detected,
              &incident.opened,
              &incident.acknowledged,
              &incident.resolved}) {
            *time = in.wall();
        }
        incident.settled = in.elapsed();
        incident.detected_late = in.u8() != 0;
        incident.round = in.u32();
        incident.version = in.u64();
        for (std::size_t told = in.count(8); told > 0; --told) {
            incident.told.push_back(in.text());
        }
        if (state.loaded_version >= 3) {
            unpack_record(in, incident);
        } else {
            incident.impact = "medium";
        }
        incident.reason_timer = state.loaded_version >= 7 ? in.u64() : 0;
        if (!incident.is_over()) {
            state.open_by_key.emplace(incident.key, incident.number);
        }
        state.last_by_key[incident.key] = incident.number;
        state.incidents.emplace(incident.number, std::move(incident));
    }
    if (state.loaded_version >= 3) {
        state.incident_rules = unpack_incident_rules(in);
    }
    return in.done();
}

std::string encode_timers(const State& state) {
    Packer out;
    out.count(state.timers.size());
    for (const Timer& timer : state.timers) {
        out.time(timer.due);
        out.u64(timer.id);
        out.choice(timer.kind);
        out.u64(timer.subject);
    }
    return out.take();
}

bool decode_timers(State& state, std::string_view bytes) {
    Unpacker in(bytes);
    for (std::size_t left = in.count(25); left > 0; --left) {
        Timer timer;
        timer.due = in.elapsed();
        timer.id = in.u64();
        timer.kind = in.choice(Timer::last_kind);
        timer.subject = in.u64();
        state.timers.insert(state.timers.end(), timer);
    }
    return in.done();
}

}  // namespace muster::collector
