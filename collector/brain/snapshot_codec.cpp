#include "collector/brain/snapshot_codec.hpp"

#include "collector/brain/packing.hpp"
#include "collector/brain/snapshot_parts.hpp"

namespace muster::collector {

void pack_vantage(Packer& out, const config::Vantage& from) {
    out.text(from.agent);
    out.text(from.site);
    out.u32(from.any);
    out.u32(from.quorum);
    out.u32(from.place);
}

config::Vantage unpack_vantage(Unpacker& in, std::uint32_t version) {
    config::Vantage from;
    from.agent = in.text();
    from.site = in.text();
    if (version >= 3) {
        from.any = in.u32();
        from.quorum = in.u32();
        from.place = in.u32();
    }
    return from;
}

std::vector<std::pair<std::string, std::string>> unpack_pairs(Unpacker& in) {
    std::vector<std::pair<std::string, std::string>> out;
    for (std::size_t left = in.count(16); left > 0; --left) {
        std::string name = in.text();
        out.emplace_back(std::move(name), in.text());
    }
    return out;
}

namespace {

std::string encode_position(const State& state) {
    Packer out;
    out.u32(snapshot_version);
    out.u64(state.lsn);
    out.time(state.elapsed);
    out.time(state.wall);
    out.time(state.started_wall);
    out.text(state.installation);
    out.text(state.config_hash);
    out.duration(state.silent_after);
    out.duration(state.silent_incident_after);
    out.count(state.telling.all.size());
    for (const ChannelState& channel : state.telling.all) {
        out.text(channel.name);
    }
    out.u64(state.next_incident);
    out.u32(state.last_boot);
    out.u64(state.last_timer);
    out.u64(state.results);
    out.u32(state.last_row);
    out.u64(state.hot.size());
    out.u64(state.cis.size());
    out.count(state.free_slots.size());
    for (const Slot slot : state.free_slots) {
        out.u32(slot);
    }
    return out.take();
}

bool decode_position(State& state, std::string_view bytes) {
    Unpacker in(bytes);
    const std::uint32_t version = in.u32();
    if (version == 0 || version > snapshot_version) {
        return false;
    }
    state.loaded_version = version;
    state.lsn = in.u64();
    state.elapsed = in.elapsed();
    state.wall = in.wall();
    state.started_wall = in.wall();
    if (version >= 2) {
        state.installation = in.text();
    }
    state.config_hash = in.text();
    state.silent_after = in.duration();
    state.silent_incident_after = in.duration();
    for (std::size_t left = in.count(8); left > 0; --left) {
        ChannelState channel;  // section "channels" has the rest, where there is one
        channel.name = in.text();
        channel.id = ++state.telling.last_id;
        state.telling.all.push_back(std::move(channel));
    }
    state.next_incident = in.u64();
    state.last_boot = in.u32();
    state.last_timer = in.u64();
    state.results = in.u64();
    state.last_row = in.u32();
    const std::uint64_t probes = in.u64();
    const std::uint64_t cis = in.u64();
    for (std::size_t left = in.count(4); left > 0; --left) {
        state.free_slots.push_back(in.u32());
    }
    if (!in.done() || probes >= nothing || cis >= nothing) {
        return false;
    }
    state.hot.resize(static_cast<std::size_t>(probes));
    state.cold.resize(static_cast<std::size_t>(probes));
    state.cis.resize(static_cast<std::size_t>(cis));
    return true;
}

std::string encode_policies(const State& state) {
    Packer out;
    out.count(state.policies.size());
    for (const config::Policy& policy : state.policies) {
        out.text(policy.name);
        out.text(policy.match.text());
        pack_vantage(out, policy.from);
        pack_rule(out, policy.rule);
        pack_parts(out, policy.parts);
        out.choice(policy.urgency);
        out.count(policy.probes.size());
        for (const config::ProbeDeclaration& probe : policy.probes) {
            out.text(probe.type);
            out.text(probe.name);
            out.duration(probe.interval);
            out.duration(probe.timeout);
            pack_pairs(out, probe.params);
            pack_pairs(out, probe.secret_files);
        }
    }
    return out.take();
}

bool decode_policies(State& state, std::string_view bytes) {
    Unpacker in(bytes);
    for (std::size_t left = in.count(8); left > 0; --left) {
        config::Policy policy;
        policy.name = in.text();
        const auto match = config::Query::parse(in.text());
        if (!match) {
            return false;
        }
        policy.match = *match;
        policy.from = unpack_vantage(in, state.loaded_version);
        policy.rule = unpack_rule(in, state.loaded_version);
        if (state.loaded_version >= 3) {
            policy.parts = unpack_parts(in);
        } else {
            policy.parts.answering = config::Answering{policy.rule.failures, std::nullopt};
            policy.parts.successes = policy.rule.successes;
            policy.parts.hold = policy.rule.hold;
        }
        policy.urgency = in.choice(config::Urgency::low);
        for (std::size_t probes = in.count(8); probes > 0; --probes) {
            config::ProbeDeclaration probe;
            probe.type = in.text();
            probe.name = in.text();
            probe.interval = in.duration();
            probe.timeout = in.duration();
            for (auto& [name, value] : unpack_pairs(in)) {
                probe.params.emplace(std::move(name), std::move(value));
            }
            for (auto& [name, value] : unpack_pairs(in)) {
                probe.secret_files.emplace(std::move(name), std::move(value));
            }
            policy.probes.push_back(std::move(probe));
        }
        state.policies.push_back(std::move(policy));
    }
    return in.done();
}

}  // namespace

std::span<const SectionCodec> small_sections() {
    // Position first: it sizes the arrays.
    static constexpr SectionCodec all[] = {
        {"position", encode_position, decode_position},
        {"classes", encode_classes, decode_classes, 4},
        {"policies", encode_policies, decode_policies},
        {"troubles", encode_troubles, decode_troubles},
        {"agents", encode_agents, decode_agents},
        {"faults", encode_faults, decode_faults},
        {"incidents", encode_incidents, decode_incidents},
        {"telling", encode_telling, decode_telling},
        {"timers", encode_timers, decode_timers},
        {"causes", encode_causes, decode_causes, 3},
        {"channels", encode_channels, decode_channels, 3},
        {"windows", encode_windows, decode_windows, 3},
        {"thresholds", encode_thresholds, decode_thresholds, 3},
        {"limits", encode_limits, decode_limits, 3},
        {"flaps", encode_flaps, decode_flaps, 3},
    };
    return all;
}

}  // namespace muster::collector
