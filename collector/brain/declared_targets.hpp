// Owns: what the targets of the configuration ask for, kept small: targets that ask for the same share it. Leaves to
// planning: thresholds, and which CI a target is.
#pragma once

#include "collector/brain/assignment_list.hpp"
#include "config/watch.hpp"

#include <boost/unordered/unordered_flat_map.hpp>

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace muster::collector {

/// One probe as a target declares it, before any threshold.
struct AskedProbe {
    std::shared_ptr<const ProbeSpec> probe;  // shared with specs of the plan; const
    config::RuleParts parts;
    config::Urgency urgency = config::Urgency::medium;
    config::Vantage from;
    std::string url_host;  ///< probed where the CI has no address
};

struct DeclaredTarget {
    struct Probe {
        std::uint32_t asked = 0;  ///< position in DeclaredTargets::asked
        std::string name;
    };

    std::string name;
    std::vector<Probe> probes;
};

struct DeclaredTargets {
    std::vector<AskedProbe> asked;
    std::vector<DeclaredTarget> all;
    boost::unordered_flat_map<std::string, std::uint32_t> by_name;

    void add(DeclaredTarget target);
    /// Null where none has this name.
    const DeclaredTarget* find(const std::string& name) const;
};

/// In the order of the configuration.
DeclaredTargets declared_targets(std::span<const config::Target> targets);

/// What agents are told of a probe.
std::shared_ptr<const ProbeSpec> probe_spec_of(const config::ProbeDeclaration& probe);

/// "host" of "scheme://user@host:port/path"; empty where there is none. [v6] without brackets.
std::string host_of_url(std::string_view url);

/// Equal in all that an agent is told, and in secrets.
bool equal_declarations(const config::ProbeDeclaration& a, const config::ProbeDeclaration& b);

}  // namespace muster::collector
