// The section of snapshot_codec.hpp about what targets ask for.
#include "collector/brain/packing.hpp"
#include "collector/brain/snapshot_codec.hpp"
#include "collector/brain/snapshot_parts.hpp"

#include <map>
#include <utility>

namespace muster::collector {

namespace {

std::string encode_targets(const State& state) {
    const DeclaredTargets& targets = state.targets;
    Packer out;
    out.count(targets.asked.size());
    for (const AskedProbe& asked : targets.asked) {
        pack_probe(out, *asked.probe);
        pack_parts(out, asked.parts);
        out.choice(asked.urgency);
        pack_vantage(out, asked.from);
        out.text(asked.url_host);
    }
    out.count(targets.all.size());
    for (const DeclaredTarget& target : targets.all) {
        out.text(target.name);
        out.count(target.probes.size());
        for (const DeclaredTarget::Probe& probe : target.probes) {
            out.u32(probe.asked);
            out.text(probe.name);
        }
    }
    return out.take();
}

bool decode_targets(State& state, std::string_view bytes) {
    DeclaredTargets& targets = state.targets;
    Unpacker in(bytes);
    for (std::size_t left = in.count(60); left > 0; --left) {
        AskedProbe& asked = targets.asked.emplace_back();
        asked.probe = unpack_probe(in);
        asked.parts = unpack_parts(in);
        asked.urgency = in.choice(config::Urgency::low);
        asked.from = unpack_vantage(in, state.loaded_version);
        asked.url_host = in.text();
    }
    bool is_good = true;
    for (std::size_t left = in.count(16); left > 0; --left) {
        DeclaredTarget target;
        target.name = in.text();
        for (std::size_t probes = in.count(12); probes > 0; --probes) {
            const std::uint32_t asked = in.u32();
            is_good = is_good && asked < targets.asked.size();
            target.probes.push_back({asked, in.text()});
        }
        targets.add(std::move(target));
    }
    return is_good && in.done();
}

/// Each piece of a rule said by itself.
config::RuleParts parts_of(const config::Rule& rule) {
    config::RuleParts parts;
    parts.answering = config::Answering{rule.failures, rule.availability};
    parts.metrics = rule.metrics;
    parts.successes = rule.successes;
    parts.hold = rule.hold;
    parts.flapping = rule.flapping;
    return parts;
}

}  // namespace

SectionCodec targets_section() {
    return {"targets", encode_targets, decode_targets, 4};
}

void derive_targets(State& state) {
    constexpr std::string_view origin = "target ";
    std::map<std::string, DeclaredTarget> found;
    for (const ColdProbe& cold : state.cold) {
        if (cold.id.is_nil() || !state.names[cold.origin].starts_with(origin) ||
            state.specs[cold.spec].from.place != 0) {
            continue;
        }
        const Spec& spec = state.specs[cold.spec];
        DeclaredTarget& target = found[state.names[cold.origin].substr(origin.size())];
        target.probes.push_back(
            {static_cast<std::uint32_t>(state.targets.asked.size()), state.names[cold.name]}
        );
        state.targets.asked.push_back(
            {.probe = spec.probe,
             .parts = parts_of(spec.rule),
             .urgency = spec.urgency,
             .from = spec.from,
             .url_host = state.names[cold.host]}
        );
    }
    for (auto& [name, target] : found) {
        target.name = name;
        state.targets.add(std::move(target));
    }
}

}  // namespace muster::collector
