#include "collector/brain/planning.hpp"

#include "collector/brain/cmdb_stage.hpp"

#include <functional>
#include <utility>

namespace muster::collector {

namespace {

bool equal_declarations(const config::ProbeDeclaration& a, const config::ProbeDeclaration& b) {
    return a.type == b.type && a.interval == b.interval && a.timeout == b.timeout &&
           a.params == b.params && a.secret_files == b.secret_files;
}

std::uint64_t mix(std::uint64_t seed, std::uint64_t value) {
    return (seed ^ value) * 0x9E3779B97F4A7C15ULL + (seed >> 32U);
}

bool equal_judging(const Spec& a, const Spec& b) {
    return a.rule == b.rule && a.urgency == b.urgency && a.from == b.from;
}

}  // namespace

std::uint64_t spec_hash(const Spec& spec) {
    const std::hash<std::string_view> text;
    std::uint64_t hash = text(spec.probe->encoded);
    for (const auto& [option, path] : spec.probe->secret_files) {
        hash = mix(mix(hash, text(option)), text(path));
    }
    hash = mix(hash, spec.rule.failures);
    hash = mix(hash, spec.rule.successes);
    hash = mix(hash, static_cast<std::uint64_t>(spec.rule.hold.count()));
    hash = mix(hash, static_cast<std::uint64_t>(spec.urgency));
    return mix(mix(hash, text(spec.from.agent)), text(spec.from.site));
}

bool equal_specs(const Spec& a, const Spec& b) {
    return (a.probe == b.probe || *a.probe == *b.probe) && equal_judging(a, b);
}

SpecIndex Planner::intern(const config::ProbeDeclaration& probe, Spec judged) {
    if (last_spec_ != nothing && equal_declarations(probe, last_) &&
        equal_judging(specs_[last_spec_], judged)) {
        return last_spec_;
    }
    ProbeSpec made;
    made.type = probe.type;
    made.interval = probe.interval;
    made.timeout = probe.timeout;
    made.encoded = encode_spec(probe.type, probe.interval, probe.timeout, probe.params);
    made.secret_files.assign(probe.secret_files.begin(), probe.secret_files.end());
    judged.probe = std::make_shared<const ProbeSpec>(std::move(made));
    const auto next = static_cast<SpecIndex>(specs_.size());
    const auto [place, is_new] = index_.emplace(spec_hash(judged), next);
    const bool is_known = !is_new && equal_specs(specs_[place->second], judged);
    if (!is_known) {
        specs_.push_back(std::move(judged));
    }
    last_ = probe;
    last_spec_ = is_known ? place->second : next;
    return last_spec_;
}

void Planner::add(
    std::string_view origin,
    const config::ProbeDeclaration& probe,
    Spec judged,
    const CiState& ci,
    CiIndex index
) {
    std::string host = ci.address;
    if (host.empty()) {
        const auto url = probe.params.find("url");
        host = url == probe.params.end() ? std::string{} : host_of_url(url->second);
    }
    if (host.empty()) {
        return;
    }
    std::string identity = "probe\n";
    identity += origin;
    identity += '\n';
    identity += ci.source + '/' + ci.key;
    identity += '\n';
    identity += probe.name;
    desired_.push_back(
        {.id = ProbeId{Uuid::named(identity)},
         .ci = index,
         .spec = intern(probe, std::move(judged)),
         .name = names_.add(probe.name),
         .origin = names_.add(origin),
         .host = names_.add(host)}
    );
}

void Planner::add_target(const config::Target& target, const CiState& ci, CiIndex index) {
    const std::string origin = "target " + target.name;
    for (const config::ProbeDeclaration& probe : target.probes) {
        add(origin, probe, {nullptr, target.rule, target.urgency, target.from}, ci, index);
    }
}

void Planner::add_policy(const config::Policy& policy, const CiState& ci, CiIndex index) {
    const std::string origin = "policy " + policy.name;
    for (const config::ProbeDeclaration& probe : policy.probes) {
        add(origin, probe, {nullptr, policy.rule, policy.urgency, policy.from}, ci, index);
    }
}

std::string host_of_url(std::string_view url) {
    const std::size_t scheme = url.find("://");
    if (scheme == std::string_view::npos) {
        return {};
    }
    std::string_view rest = url.substr(scheme + 3);
    rest = rest.substr(0, rest.find_first_of("/?#"));
    if (const std::size_t at = rest.rfind('@'); at != std::string_view::npos) {
        rest.remove_prefix(at + 1);
    }
    if (rest.starts_with('[')) {
        return std::string(rest.substr(1, rest.find(']') - 1));
    }
    return std::string(rest.substr(0, rest.find(':')));
}

AgentIndex AgentChooser::choose(const config::Vantage& from, std::string_view ci_site) {
    const std::string_view site = from.site == "same" ? ci_site : std::string_view(from.site);
    const auto [place, is_new] = chosen_.emplace(from.agent + '\n' + std::string(site), nothing);
    if (!is_new) {
        return place->second;
    }
    for (AgentIndex index = 0; index < state_.agents.size(); ++index) {
        const Agent& agent = state_.agents[index];
        const bool fits = agent.state != AgentState::revoked &&
                          (from.agent.empty() || agent.name == from.agent) &&
                          (site.empty() || agent.site == site);
        if (fits) {
            place->second = index;
            break;
        }
    }
    return place->second;
}

bool policy_matches(const cmdb::Model& model, const config::Policy& policy, const CiState& ci) {
    return !ci.retired && policy.match.matches(
                              [&ci](std::string_view field) { return ci_field(ci, field); },
                              [&model](std::string_view name, std::string_view wanted) {
                                  return model.is_a(name, wanted);
                              }
                          );
}

}  // namespace muster::collector
