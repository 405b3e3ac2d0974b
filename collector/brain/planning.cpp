#include "collector/brain/planning.hpp"

#include "collector/brain/cmdb_stage.hpp"
#include "collector/brain/incidents/hosts.hpp"
#include "collector/brain/observations_stage.hpp"

#include <algorithm>
#include <functional>
#include <utility>

namespace muster::collector {

namespace {

constexpr const char* host_watch_name = "host";
constexpr Duration longest_look = std::chrono::seconds(2);
/// The configuration's statement of a target has this and the target's name as its object.
constexpr std::string_view target_object = "target/";

std::uint64_t mix(std::uint64_t seed, std::uint64_t value) {
    return (seed ^ value) * 0x9E3779B97F4A7C15ULL + (seed >> 32U);
}

/// Each of several vantages has a probe of its own; the first is called as if it were alone.
ProbeId probe_id(
    std::string_view origin, std::string_view whose, std::string_view name, std::uint32_t place
) {
    std::string identity = "probe\n";
    identity += origin;
    identity += '\n';
    identity += whose;
    identity += '\n';
    identity += name;
    if (place != 0) {
        identity += "\nvantage " + std::to_string(place);
    }
    return ProbeId{Uuid::named(identity)};
}

std::uint64_t mix_limit(std::uint64_t hash, const config::MetricLimit& limit) {
    const std::hash<std::string_view> text;
    hash = mix(mix(mix(hash, text(limit.probe_type)), text(limit.metric)), text(limit.unit));
    hash = mix(mix(hash, limit.column), limit.decimals);
    hash = mix(mix(hash, static_cast<std::uint64_t>(limit.side)), limit.in_a_row);
    hash = mix(hash, static_cast<std::uint64_t>(limit.limit));
    return mix(hash, static_cast<std::uint64_t>(limit.clear));
}

/// Of every field that equal_specs compares.
std::uint64_t spec_hash(const Spec& spec) {
    const std::hash<std::string_view> text;
    std::uint64_t hash = text(spec.probe->encoded);
    for (const auto& [option, path] : spec.probe->secret_files) {
        hash = mix(mix(hash, text(option)), text(path));
    }
    hash = mix(hash, spec.rule.failures);
    hash = mix(hash, spec.rule.successes);
    if (const auto& availability = spec.rule.availability) {
        hash = mix(hash, static_cast<std::uint64_t>(availability->below));
        hash = mix(hash, static_cast<std::uint64_t>(availability->recover));
        hash = mix(hash, static_cast<std::uint64_t>(availability->over.count()));
        hash = mix(hash, availability->min_samples);
    }
    for (const config::MetricLimit& limit : spec.rule.metrics) {
        hash = mix_limit(hash, limit);
    }
    hash = mix(hash, spec.rule.flapping.transitions);
    hash = mix(hash, static_cast<std::uint64_t>(spec.rule.flapping.over.count()));
    hash = mix(hash, static_cast<std::uint64_t>(spec.rule.hold.count()));
    hash = mix(hash, static_cast<std::uint64_t>(spec.urgency));
    hash = mix(mix(hash, spec.from.any), mix(spec.from.quorum, spec.from.place));
    return mix(mix(hash, text(spec.from.agent)), text(spec.from.site));
}

bool equal_judging(const Spec& a, const Spec& b) {
    return a.rule == b.rule && a.urgency == b.urgency && a.from == b.from;
}

}  // namespace

bool equal_specs(const Spec& a, const Spec& b) {
    return (a.probe == b.probe || *a.probe == *b.probe) && equal_judging(a, b);
}

SpecIndex index_spec(
    State& state, const std::vector<Spec>& specs, const Spec& spec, SpecIndex next
) {
    for (std::uint64_t hash = spec_hash(spec);; ++hash) {
        const auto [place, is_new] = state.spec_index.emplace(hash, next);
        if (is_new || equal_specs(specs[place->second], spec)) {
            return place->second;
        }
    }
}

SpecIndex Planner::intern(Spec judged) {
    if (last_spec_ != nothing && specs_[last_spec_].probe == judged.probe &&
        equal_judging(specs_[last_spec_], judged)) {
        return last_spec_;
    }
    const auto next = static_cast<SpecIndex>(specs_.size());
    last_spec_ = index_spec(state_, specs_, judged, next);
    if (last_spec_ == next) {
        specs_.push_back(std::move(judged));
    }
    return last_spec_;
}

std::shared_ptr<const ProbeSpec> Planner::probe_spec(const config::ProbeDeclaration& probe) {
    if (last_probe_ == nullptr || !equal_declarations(probe, last_)) {
        last_probe_ = probe_spec_of(probe);
        last_ = probe;
    }
    return last_probe_;
}

void Planner::add(
    std::string_view origin,
    std::string_view name,
    Spec judged,
    std::string_view whose,
    CiIndex index,
    std::string_view host
) {
    if (host.empty()) {
        return;
    }
    for (std::uint32_t place = 0; place < std::max(1U, judged.from.any); ++place) {
        judged.from.place = place;
        desired_.push_back(
            {.id = probe_id(origin, whose, name, place),
             .ci = index,
             .spec = intern(judged),
             .name = names_.add(name),
             .origin = names_.add(origin),
             .host = names_.add(host)}
        );
    }
}

config::Rule Planner::rule_of(
    const config::Candidate& origin, std::string_view type, std::string_view name, CiIndex index
) {
    if (looked_at_ != index) {
        looked_at_ = index;
        thresholds_.clear();
        for (const config::Threshold& threshold : state_.thresholds) {
            if (threshold_matches(model_, threshold, state_.cis[index])) {
                thresholds_.push_back(&threshold);
            }
        }
    }
    if (thresholds_.empty()) {
        return config::resolve(std::span(&origin, 1), type);
    }
    std::vector<config::Candidate> candidates{origin};
    for (const config::Threshold* threshold : thresholds_) {
        if (config::concerns(*threshold, type, name)) {
            candidates.push_back(config::candidate_of(*threshold));
        }
    }
    config::rank(candidates);
    return config::resolve(candidates, type);
}

void Planner::want(std::span<const CiIndex> cis) {
    for (const CiIndex index : cis) {
        add_targets_of(index);
    }
    for (const config::Policy& policy : state_.policies) {
        for (const CiIndex index : cis) {
            if (policy_matches(model_, policy, state_.cis[index])) {
                add_policy(policy, state_.cis[index], index);
            }
        }
    }
}

void Planner::add_targets_of(CiIndex index) {
    if (state_.cis[index].retired || state_.targets.all.empty()) {
        return;
    }
    for (const cmdb::Statement* said : state_.identity.members(state_.cis[index].id)) {
        if (said->source != "configuration" || !said->object.starts_with(target_object)) {
            continue;
        }
        const DeclaredTarget* target =
            state_.targets.find(said->object.substr(target_object.size()));
        if (target != nullptr) {
            add_target(*target, index);
        }
    }
}

void Planner::add_target(const DeclaredTarget& target, CiIndex index) {
    // Stays its own, whatever else its CI turns out to be.
    const std::string whose = "configuration/target/" + target.name;
    for (const DeclaredTarget::Probe& probe : target.probes) {
        const AskedProbe& asked = state_.targets.asked[probe.asked];
        // Declared by hand for this one CI: as good as a pin.
        const config::Candidate origin{
            .origin = "target " + target.name,
            .specificity = config::Specificity::pin,
            .parts = &asked.parts
        };
        Spec judged{
            asked.probe,
            rule_of(origin, asked.probe->type, probe.name, index),
            asked.urgency,
            asked.from
        };
        const std::string& address = state_.cis[index].address;
        add(origin.origin,
            probe.name,
            std::move(judged),
            whose,
            index,
            address.empty() ? asked.url_host : address);
    }
}

void Planner::add_policy(const config::Policy& policy, const CiState& ci, CiIndex index) {
    const config::Candidate origin{
        .origin = "policy " + policy.name,
        .specificity = config::Specificity::policy,
        .parts = &policy.parts
    };
    const std::string whose = ci.source + '/' + ci.key;
    for (const config::ProbeDeclaration& probe : policy.probes) {
        Spec judged{
            probe_spec(probe),
            rule_of(origin, probe.type, probe.name, index),
            policy.urgency,
            policy.from
        };
        const auto url = ci.address.empty() ? probe.params.find("url") : probe.params.end();
        add(origin.origin,
            probe.name,
            std::move(judged),
            whose,
            index,
            url == probe.params.end() ? ci.address : host_of_url(url->second));
    }
}

void Planner::add_host_watch(
    const config::HostWatch& watch,
    const Agent& agent,
    CiIndex index,
    std::string_view host,
    std::uint32_t port
) {
    config::ProbeDeclaration look;
    look.type = "host";
    look.name = host_watch_name;
    look.interval = watch.interval;
    look.timeout = std::min<Duration>(watch.interval, longest_look);
    look.params = {{"count", "1"}, {"ip", "any"}};
    if (port != 0) {
        look.params["port"] = std::to_string(port);
    }
    config::Rule rule;
    rule.failures = watch.failures;
    add(host_watch_origin,
        look.name,
        {probe_spec(look), rule, config::Urgency::high, {}},
        source_of(agent),
        index,
        host);
}

ProbeId host_watch_id(const Agent& agent) {
    return probe_id(host_watch_origin, source_of(agent), host_watch_name, 0);
}

AgentIndex AgentChooser::choose(const config::Vantage& from, std::string_view ci_site) {
    const std::string_view site = from.site == "same" ? ci_site : std::string_view(from.site);
    const std::string asked =
        from.agent + '\n' + std::string(site) + '\n' + std::to_string(from.place);
    const auto [place, is_new] = chosen_.emplace(asked, nothing);
    if (!is_new) {
        return place->second;
    }
    std::uint32_t passed = 0;
    for (AgentIndex index = 0; index < state_.agents.size(); ++index) {
        const Agent& agent = state_.agents[index];
        const bool fits = agent.state != AgentState::revoked &&
                          (from.agent.empty() || agent.name == from.agent) &&
                          (site.empty() || agent.site == site);
        if (fits && passed++ == from.place) {
            place->second = index;
            break;
        }
    }
    return place->second;
}

bool threshold_matches(
    const cmdb::Model& model, const config::Threshold& threshold, const CiState& ci
) {
    if (ci.retired) {
        return false;
    }
    if (!threshold.pin.empty()) {
        return threshold.pin == ci.name || threshold.pin == ci.id.text();
    }
    return threshold.match.matches(
        [&ci](std::string_view field) { return ci_field(ci, field); },
        [&model](std::string_view name, std::string_view wanted) {
            return model.is_a(name, wanted);
        }
    );
}

Difference difference(
    const State& state,
    const ColdProbe& had,
    const DesiredProbe& wanted,
    const Spec& spec,
    const Names& names
) {
    const Spec& former = state.specs[had.spec];
    if (*former.probe != *spec.probe || state.names[had.host] != names[wanted.host]) {
        return Difference::measuring;
    }
    const bool is_same = equal_specs(former, spec) && state.names[had.name] == names[wanted.name] &&
                         state.names[had.origin] == names[wanted.origin];
    return is_same ? Difference::none : Difference::judging;
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
