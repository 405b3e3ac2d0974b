// Owns: what is to be probed, from configuration and CIs: pools of specs and names, ids of probes,
// who probes. Leaves to policy_stage: what differs from before.
#pragma once

#include "collector/brain/fold.hpp"

#include <boost/unordered/unordered_flat_map.hpp>

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace muster::collector {

/// A probe as configuration wants it.
struct DesiredProbe {
    ProbeId id;
    CiIndex ci = nothing;
    SpecIndex spec = nothing;
    NameIndex name = nothing;
    NameIndex origin = nothing;
    NameIndex host = nothing;
};

/// Adds to pools it does not own; both live in State, or are on their way there.
class Planner {
  public:
    /// Specs are found again by the index in `state`, which has the thresholds as well.
    Planner(State& state, const cmdb::Model& model, std::vector<Spec>& specs, Names& names)
        : state_(state), model_(model), specs_(specs), names_(names) {}

    /// Everything that targets and policies want of these CIs, judged as the thresholds of now say: the one place that
    /// decides it, for a whole configuration and for single CIs.
    void want(std::span<const CiIndex> cis);
    /// Everything a policy wants of a CI that it matches. Probes that need an address skip CIs
    /// without one.
    void add_policy(const config::Policy& policy, const CiState& ci, CiIndex index);
    /// The watch of an agent's host, of the CI that stands for it. `port`: TCP, tried where a ping is not answered; 0: none.
    void add_host_watch(
        const config::HostWatch& watch,
        const Agent& agent,
        CiIndex index,
        std::string_view host,
        std::uint32_t port
    );

    std::vector<DesiredProbe> take() { return std::move(desired_); }

  private:
    void add(
        std::string_view origin,
        std::string_view name,
        Spec judged,
        std::string_view whose,  ///< part of the probe's id
        CiIndex index,
        std::string_view host
    );
    void add_targets_of(CiIndex index);
    void add_target(const DeclaredTarget& target, CiIndex index);
    config::Rule rule_of(
        const config::Candidate& origin, std::string_view type, std::string_view name, CiIndex index
    );
    std::shared_ptr<const ProbeSpec> probe_spec(const config::ProbeDeclaration& probe);
    SpecIndex intern(Spec judged);

    State& state_;
    const cmdb::Model& model_;
    std::vector<Spec>& specs_;
    Names& names_;
    std::vector<DesiredProbe> desired_;
    config::ProbeDeclaration last_;                // repeated probes come in a row
    std::shared_ptr<const ProbeSpec> last_probe_;  // of last_; shared with specs
    SpecIndex last_spec_ = nothing;
    CiIndex looked_at_ = nothing;  ///< whose thresholds `thresholds_` are
    std::vector<const config::Threshold*> thresholds_;
};

/// The probe that watches the host of the agent: the same whatever CI the host turns out to be.
ProbeId host_watch_id(const Agent& agent);

/// The spec among `specs` that is equal; `next`, and found again from now on, where none is.
SpecIndex index_spec(
    State& state, const std::vector<Spec>& specs, const Spec& spec, SpecIndex next
);
bool equal_specs(const Spec& a, const Spec& b);

/// Who probes: remembers its answers, so it lives no longer than the agents stay as they are.
class AgentChooser {
  public:
    explicit AgentChooser(const State& state) : state_(state) {}

    /// The first agent by enrolment that the vantage names and that is not revoked; `nothing` where
    /// there is none.
    AgentIndex choose(const config::Vantage& from, std::string_view ci_site);

  private:
    const State& state_;
    boost::unordered_flat_map<std::string, AgentIndex> chosen_;
};

/// Whether a threshold is about the CI.
bool threshold_matches(
    const cmdb::Model& model, const config::Threshold& threshold, const CiState& ci
);

/// measuring: what its agent does differs. judging: only what is made of it, which the agent need not know.
enum class Difference { none, judging, measuring };

/// What a probe that is there lacks of what is wanted; `spec` and `names` are those of the plan.
Difference difference(
    const State& state,
    const ColdProbe& had,
    const DesiredProbe& wanted,
    const Spec& spec,
    const Names& names
);

bool policy_matches(const cmdb::Model& model, const config::Policy& policy, const CiState& ci);

}  // namespace muster::collector
