// Owns: the bytes of each section of a saved state. Leaves to snapshot: pages, what is written
// when.
#pragma once

#include "collector/brain/state.hpp"

#include <array>
#include <span>
#include <string>
#include <string_view>

namespace muster::collector {

/// Version of all sections together: older ones are read, newer ones refused. A release that changes them says how
/// to go on.
inline constexpr std::uint32_t snapshot_version = 8;

/// A part of the state that is saved as one text. `decode` answers false for bytes it cannot have
/// written.
struct SectionCodec {
    std::string_view name;
    std::string (*encode)(const State& state);
    bool (*decode)(State& state, std::string_view bytes);
    /// The version that first had it: a state saved by an older one has nothing of it.
    std::uint32_t since = 1;
};

/// Small parts, written whenever their bytes differ.
std::span<const SectionCodec> small_sections();
/// Large parts that change with the configuration, written when marked: statements; plan (specs and
/// names) and targets.
SectionCodec statements_section();
SectionCodec plan_section();
SectionCodec targets_section();
/// Of a state from before version 4, which has no targets, when all else is read: as their probes are judged.
void derive_targets(State& state);

/// One page of an array: bytes of a range.
std::string encode_hot_page(const State& state, std::size_t page);
std::string encode_cold_page(const State& state, std::size_t page);
std::string encode_ci_page(const State& state, std::size_t page);
/// One agent's sets of probes.
std::string encode_epochs(const State& state, std::size_t agent);

/// Pages must come in order. The number of probes and agents is known by then.
bool decode_hot_page(State& state, std::size_t page, std::string_view bytes);
bool decode_cold_page(State& state, std::size_t page, std::string_view bytes);
bool decode_ci_page(State& state, std::size_t page, std::string_view bytes);
bool decode_epochs(State& state, std::size_t agent, std::string_view bytes);

}  // namespace muster::collector
