// Owns: what the files of the snapshot codec share. Leaves to snapshot_codec.hpp: what others may
// use.
#pragma once

#include "collector/brain/packing.hpp"
#include "collector/brain/state.hpp"

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace muster::collector {

std::string encode_classes(const State& state);
bool decode_classes(State& state, std::string_view bytes);
std::string encode_troubles(const State& state);
bool decode_troubles(State& state, std::string_view bytes);
std::string encode_agents(const State& state);
bool decode_agents(State& state, std::string_view bytes);
std::string encode_faults(const State& state);
bool decode_faults(State& state, std::string_view bytes);
std::string encode_incidents(const State& state);
bool decode_incidents(State& state, std::string_view bytes);
std::string encode_telling(const State& state);
bool decode_telling(State& state, std::string_view bytes);
std::string encode_timers(const State& state);
bool decode_timers(State& state, std::string_view bytes);
std::string encode_causes(const State& state);
bool decode_causes(State& state, std::string_view bytes);
std::string encode_channels(const State& state);
bool decode_channels(State& state, std::string_view bytes);
std::string encode_windows(const State& state);
bool decode_windows(State& state, std::string_view bytes);

/// Of an incident, what version 3 added.
void pack_record(Packer& out, const Incident& incident);
void unpack_record(Unpacker& in, Incident& incident);
void pack_incident_rules(Packer& out, const config::IncidentRules& rules);
config::IncidentRules unpack_incident_rules(Unpacker& in);

void pack_rule(Packer& out, const config::Rule& rule);
config::Rule unpack_rule(Unpacker& in, std::uint32_t version);
void pack_parts(Packer& out, const config::RuleParts& parts);
config::RuleParts unpack_parts(Unpacker& in);
std::string encode_thresholds(const State& state);
bool decode_thresholds(State& state, std::string_view bytes);
std::string encode_limits(const State& state);
bool decode_limits(State& state, std::string_view bytes);
std::string encode_flaps(const State& state);
bool decode_flaps(State& state, std::string_view bytes);
void pack_probe(Packer& out, const ProbeSpec& probe);
std::shared_ptr<const ProbeSpec> unpack_probe(Unpacker& in);
void pack_vantage(Packer& out, const config::Vantage& from);
config::Vantage unpack_vantage(Unpacker& in, std::uint32_t version);

/// Any container of pairs of texts.
template <class Pairs>
void pack_pairs(Packer& out, const Pairs& pairs) {
    out.count(pairs.size());
    for (const auto& [name, value] : pairs) {
        out.text(name);
        out.text(value);
    }
}

std::vector<std::pair<std::string, std::string>> unpack_pairs(Unpacker& in);

}  // namespace muster::collector
