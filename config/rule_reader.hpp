// Owns: reading `breach:`, `recover:`, `hold:` and `flapping:` of one place, and refusing what one failed result would satisfy.
// Leaves to rule.hpp: what they are; to threshold.hpp: which place wins.
#pragma once

#include "config/param_spec.hpp"
#include "config/reader.hpp"
#include "config/rule.hpp"

#include <optional>
#include <span>
#include <string_view>
#include <vector>

namespace muster::config {

/// What one place says, with what later checks need.
struct ReadRule {
    RuleParts parts;
    Position availability_at{};        ///< of the condition on availability
    bool availability_single = false;  ///< it says `allow_single: true`
};

class RuleReader {
  public:
    RuleReader(const Source& source, std::span<const ProbeSchema> types)
        : source_(source), types_(types) {}

    /// `used`: the types of the probes it is about; each metric must be one of theirs. Pieces that are absent stay unnamed.
    ReadRule read(const MapReader& owner, std::span<const std::string_view> used) const;

    /// Complains where a condition on availability is satisfied by one failed result of a probe run so often, or never judged.
    void check_window(
        const ReadRule& rule, std::string_view probe_name, Duration interval, Duration timeout
    ) const;

  private:
    void read_breach(const MapReader& owner, std::span<const std::string_view> used, ReadRule& into)
        const;
    void read_condition(
        const YamlNode& node, std::span<const std::string_view> used, ReadRule& into
    ) const;
    void read_failures(const MapReader& reader, RuleParts& into) const;
    void read_availability(const MapReader& reader, ReadRule& into) const;
    void read_metric(
        const MapReader& reader, std::span<const std::string_view> used, RuleParts& into
    ) const;
    void read_recover(const MapReader& owner, RuleParts& into) const;
    std::optional<PartsPerMillion> read_share(
        const MapReader& reader, std::string_view key, std::string_view sign
    ) const;
    void unknown_metric(
        const MapReader& reader, std::string_view metric, std::span<const std::string_view> used
    ) const;

    const Source& source_;
    std::span<const ProbeSchema> types_;
};

}  // namespace muster::config
