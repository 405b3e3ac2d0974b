// Owns: what is to be probed, from configuration and CIs: pools of specs and names, ids of probes,
// who probes. Leaves to policy_stage: what differs from before.
#pragma once

#include "collector/brain/fold.hpp"

#include <boost/unordered/unordered_flat_map.hpp>

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
    Planner(
        std::vector<Spec>& specs,
        boost::unordered_flat_map<std::uint64_t, SpecIndex>& index,
        Names& names
    )
        : specs_(specs), index_(index), names_(names) {}

    /// Everything a target declares for itself.
    void add_target(const config::Target& target, const CiState& ci, CiIndex index);
    /// Everything a policy wants of a CI that it matches. Probes that need an address skip CIs
    /// without one.
    void add_policy(const config::Policy& policy, const CiState& ci, CiIndex index);
    /// The watch of an agent's host.
    void add_host_watch(
        const config::HostWatch& watch, const CiState& ci, CiIndex index, std::string_view host
    );

    std::vector<DesiredProbe> take() { return std::move(desired_); }

  private:
    void add(
        std::string_view origin,
        const config::ProbeDeclaration& probe,
        Spec judged,
        const CiState& ci,
        CiIndex index,
        std::string host
    );
    SpecIndex intern(const config::ProbeDeclaration& probe, Spec judged);

    std::vector<Spec>& specs_;
    boost::unordered_flat_map<std::uint64_t, SpecIndex>& index_;
    Names& names_;
    std::vector<DesiredProbe> desired_;
    config::ProbeDeclaration last_;  // repeated probes come in a row
    SpecIndex last_spec_ = nothing;
};

/// The probe that watches the host of the agent whose CI it is.
ProbeId host_watch_id(const CiState& ci);

/// For finding equal specs again.
std::uint64_t spec_hash(const Spec& spec);
bool equal_specs(const Spec& a, const Spec& b);

/// "host" of "scheme://user@host:port/path"; empty where there is none. [v6] without brackets.
std::string host_of_url(std::string_view url);

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

bool policy_matches(const cmdb::Model& model, const config::Policy& policy, const CiState& ci);

}  // namespace muster::collector
