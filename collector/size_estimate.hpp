// Owns: how much disk a collector will need: reading the question, the figures, the answer as text.
// Leaves to settings.hpp: what is configured.
#pragma once

#include "base/result.hpp"
#include "base/time.hpp"
#include "config/programs.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace muster::collector {

/// What was said of the devices; what was not is assumed.
struct SizeQuestion {
    std::uint64_t devices = 0;
    std::optional<std::uint64_t> probes = std::nullopt;  ///< of each device
    std::optional<std::uint64_t> values = std::nullopt;  ///< of each probe
    std::optional<Duration> interval = std::nullopt;     ///< between two results of a probe
};

/// "500 devices", "2000 devices, 20 probes each, every 30s", "40 hosts with 3 probes and 5 values every 5 minutes".
/// `invalid`: tells the word that was not understood, and an example.
Result<SizeQuestion> parse_size_question(std::string_view text);

/// Bytes of one kind of file.
struct SizeShare {
    double a_day = 0;
    double kept = 0;  ///< once nothing grows any more
};

struct SizeEstimate {
    double results_a_day = 0;
    SizeShare journal;
    SizeShare raw;
    SizeShare five_minutes;
    SizeShare hourly;
    SizeShare state;
    double history_cut = 0;  ///< bytes that history.keep does not leave room for

    double all_kept() const;
};

/// Under the configuration given; what the question leaves open as `size_text` says.
SizeEstimate estimate_size(const SizeQuestion& question, const config::CollectorConfig& process);

/// The answer for people: a table by kind, the sum, and what was assumed. Ends with a line break.
std::string size_text(const SizeQuestion& question, const config::CollectorConfig& process);

}  // namespace muster::collector
