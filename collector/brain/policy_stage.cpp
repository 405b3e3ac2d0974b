#include "collector/brain/policy_stage.hpp"

#include "base/bytes.hpp"
#include "base/log.hpp"
#include "collector/brain/availability/batch.hpp"
#include "collector/brain/availability/judgement.hpp"
#include "collector/brain/availability/limits.hpp"
#include "collector/brain/cmdb_stage.hpp"
#include "collector/brain/host_watch.hpp"
#include "collector/brain/incidents/faults.hpp"
#include "collector/brain/observations_stage.hpp"
#include "collector/brain/plan_changes.hpp"
#include "collector/brain/planning.hpp"
#include "collector/brain/presence.hpp"
#include "collector/brain/probe_moves.hpp"
#include "collector/brain/replanning.hpp"
#include "collector/brain/telling/channels.hpp"
#include "collector/journal/entries.pb.h"

#include <algorithm>
#include <map>
#include <numeric>
#include <string_view>
#include <utility>

namespace muster::collector {

namespace {

constexpr std::size_t epochs_kept = 32;
constexpr std::size_t name_bytes = 256;

/// Probes that nobody runs, or whose agent was revoked, find one.
void reassign_orphans(Fold& fold, Changes& changes) {
    State& state = fold.state;
    AgentChooser chooser(state);
    for (Slot slot = 0; slot < state.cold.size(); ++slot) {
        const ColdProbe& cold = state.cold[slot];
        if (cold.id.is_nil()) {
            continue;
        }
        const bool orphaned =
            cold.agent == nothing || state.agents[cold.agent].state == AgentState::revoked;
        if (orphaned && assign_probe(fold, chooser, slot, changes) &&
            std::ranges::find(changes.added, slot) == changes.added.end()) {
            changes.updated.push_back(slot);
        }
    }
}

/// Replaces the whole plan: new pools of specs and names, probes added, changed, removed.
void apply_plan(
    Fold& fold, std::vector<DesiredProbe> desired, std::vector<Spec> specs, Names names
) {
    State& state = fold.state;
    follow_merges(fold);
    keep_ids(state, specs, names, desired);
    follow_wanted(fold, desired);
    Changes changes;
    std::vector<std::uint32_t> wanted_at(state.cold.size(), nothing);
    std::vector<const DesiredProbe*> added;
    for (std::uint32_t at = 0; at < desired.size(); ++at) {
        const DesiredProbe& wanted = desired[at];
        const auto known = state.slot_by_id.find(wanted.id);
        if (known == state.slot_by_id.end()) {
            added.push_back(&wanted);
            continue;
        }
        const ColdProbe& had = state.cold[known->second];
        wanted_at[known->second] = at;
        const Difference found = difference(state, had, wanted, specs[wanted.spec], names);
        if (found != Difference::none) {
            changes.updated.push_back(known->second);
        }
        if (found == Difference::measuring) {
            changes.of_agent(had.agent);
        }
    }
    std::vector<Slot> removed;
    for (Slot slot = 0; slot < state.cold.size(); ++slot) {
        if (!state.cold[slot].id.is_nil() && wanted_at[slot] == nothing) {
            removed.push_back(slot);
        }
    }
    remove_probes(fold, removed);
    state.specs = std::move(specs);
    state.names = std::move(names);
    for (Slot slot = 0; slot < wanted_at.size(); ++slot) {
        if (wanted_at[slot] != nothing) {
            const DesiredProbe& wanted = desired[wanted_at[slot]];
            ColdProbe& cold = state.cold[slot];
            cold.spec = wanted.spec;
            cold.name = wanted.name;
            cold.origin = wanted.origin;
            cold.host = wanted.host;
            mark_slot(state, slot);
        }
    }
    for (const DesiredProbe* wanted : added) {
        if (!state.slot_by_id.contains(wanted->id
            )) {  // the same name twice would be the same probe
            add_probe(fold, *wanted, changes);
        }
    }
    std::vector<bool> has_row_change(state.cold.size());
    for (const Slot slot : changes.updated) {
        adopt_rule(state, slot);
        has_row_change[slot] = true;
    }
    for (const Slot slot : changes.added) {
        has_row_change[slot] = true;
    }
    AgentChooser chooser(state);
    for (Slot slot = 0; slot < state.cold.size(); ++slot) {
        if (!state.cold[slot].id.is_nil() && assign_probe(fold, chooser, slot, changes) &&
            !has_row_change[slot]) {
            changes.updated.push_back(slot);
        }
    }
    finish_changes(fold, changes);
}

AgentIndex enrol(Fold& fold, AgentId id) {
    State& state = fold.state;
    const auto [place, is_new] =
        state.agent_by_id.emplace(id, static_cast<AgentIndex>(state.agents.size()));
    if (is_new) {
        state.agents.emplace_back();
        state.agents.back().id = id;
        state.agents.back().watch = host_watch_id(state.agents.back());
        state.epoch_pages.grow(state.agents.size());
    }
    return place->second;
}

cmdb::Statement statement_of(const proto::AgentEnrolled& body, const AgentId& id, WallTime now) {
    cmdb::Statement said;
    said.source = "enrolment";
    said.object = id.text();
    said.ci_class = "agent";
    said.observed = now;
    said.keys.push_back({.space = "agent", .kind = "agent_id", .value = id.text(), .rank = 1});
    said.attributes.push_back({"name", printable(body.name(), name_bytes), {}});
    if (!body.hostname().empty()) {
        const std::string hostname = printable(body.hostname(), name_bytes);
        said.keys.push_back(
            {.space = "dns",
             .kind = "hostname",
             .value = hostname,
             .rank = 9,
             .trust = cmdb::KeyTrust::supporting}
        );
        said.attributes.push_back({"hostname", hostname, {}});
    }
    if (!body.site().empty()) {
        said.attributes.push_back({"site", printable(body.site(), name_bytes), {}});
        said.relations.push_back({"located_in", "site/" + printable(body.site(), name_bytes), {}});
    }
    for (const auto& [name, value] : body.labels()) {
        said.attributes.push_back(
            {"label." + printable(name, name_bytes), printable(value, name_bytes), {}}
        );
    }
    return said;
}

/// CIs of a class that nobody declares any more are of themselves alone: their own probes stay, what is inherited is gone.
void tell_lost_classes(const State& state) {
    std::map<std::string_view, std::size_t> lost;
    for (const CiState& ci : state.cis) {
        const bool is_there = !ci.retired && ci.merged_into.is_nil();
        if (is_there && state.model.find(ci.ci_class) == nullptr) {
            ++lost[ci.ci_class];
        }
    }
    for (const auto& [name, count] : lost) {
        log(LogLevel::warning,
            "class.lost",
            {{"class", name},
             {"cis", count},
             {"why", "no file declares it any more; declare it again, or reclassify them"}});
    }
}

}  // namespace

void fold_config(Fold& fold, const Entry& entry) {
    proto::ConfigLoaded body;
    if (!body.ParseFromString(entry.body)) {
        return;
    }
    std::vector<config::ConfigText> files;
    for (auto& file : *body.mutable_files()) {
        files.push_back({std::move(*file.mutable_name()), std::move(*file.mutable_text())});
    }
    config::Issues misfits;
    cmdb::Model model = cmdb::declared_model(files, misfits);
    auto watch = config::parse_watch(files, fold.options.probe_types);
    if (!watch || !misfits.empty()) {
        const Error why = watch ? misfits.error() : watch.error();
        log(LogLevel::error, "config.unreadable", {{"why", why.text()}});
        return;
    }
    State& state = fold.state;
    state.model = std::move(model);
    tell_lost_classes(state);
    state.config_hash = body.hash();
    if (body.silent_after_ns() > 0) {
        state.silent_after = Duration{body.silent_after_ns()};
    }
    if (body.silent_incident_after_ns() > 0) {
        state.silent_incident_after = Duration{body.silent_incident_after_ns()};
    }
    configure_channels(fold, watch->channels);
    state.policies = std::move(watch->policies);
    state.thresholds = std::move(watch->thresholds);
    state.causes.watch = watch->host_watch;
    state.causes.brake = watch->storm;
    state.incident_rules = watch->incidents;
    state.plan_pages.mark(0);
    declare_targets(fold, watch->targets);
    state.targets = declared_targets(watch->targets);
    std::vector<Spec> specs;
    Names names;
    state.spec_index.clear();
    Planner planner(state, fold.model, specs, names);
    std::vector<CiIndex> all(state.cis.size());
    std::iota(all.begin(), all.end(), CiIndex{0});
    planner.want(all);
    add_host_watches(state, planner);
    apply_plan(fold, planner.take(), std::move(specs), std::move(names));
    fold.store.insert_event({.wall = fold.wall, .kind = "configuration", .change = "loaded"});
    fold.changed_cis.clear();
}

void fold_enrolled(Fold& fold, const Entry& entry) {
    proto::AgentEnrolled body;
    if (!body.ParseFromString(entry.body)) {
        return;
    }
    const auto uuid = Uuid::from_bytes(body.agent_id());
    if (!uuid) {
        return;
    }
    State& state = fold.state;
    const AgentId id{*uuid};
    fold.shown.push_back(id);
    const bool is_new = !state.agent_by_id.contains(id);
    const AgentIndex index = enrol(fold, id);
    std::vector<cmdb::Statement> said{statement_of(body, id, fold.wall)};
    if (!body.site().empty()) {
        const std::string site = printable(body.site(), name_bytes);
        said.push_back(place_statement(fold.model, said.front().source, "site", site, fold.wall));
    }
    const CiIndex ci = declare(fold, std::move(said), fold.wall);
    Agent& agent = state.agents[index];
    agent.name = printable(body.name(), name_bytes);
    agent.site = printable(body.site(), name_bytes);
    agent.hostname = printable(body.hostname(), name_bytes);
    agent.ci = ci;
    state.cis[ci].agent = index;
    if (is_new) {
        fold.store.insert_agent(agent, state.cis[ci].id, fold.wall);
    } else {
        agent.state = agent.state == AgentState::revoked ? AgentState::enrolled : agent.state;
        fold.store.update_agent(agent, fold.wall);
    }
    want_host_watch(fold);
    fold.changed_cis.push_back(ci);
    plan_changed_cis(fold);
    Changes changes;
    reassign_orphans(fold, changes);
    fold.touched_cis.push_back(ci);
    finish_changes(fold, changes);
}

void fold_revoked(Fold& fold, const Entry& entry) {
    proto::AgentDisconnected body;  // agent_id is field 1 in every body about one agent
    const bool read = body.ParseFromString(entry.body);
    const auto uuid = Uuid::from_bytes(body.agent_id());
    if (!read || !uuid) {
        return;
    }
    fold.shown.emplace_back(*uuid);
    const auto found = fold.state.agent_by_id.find(AgentId{*uuid});
    if (found == fold.state.agent_by_id.end()) {
        return;
    }
    forget_presence(fold, found->second);
    forget_observations(fold, found->second);
    want_host_watch(fold);
    Changes changes;
    reassign_orphans(fold, changes);
    finish_changes(fold, changes);
}

void fold_issued(Fold& fold, const Entry& entry) {
    proto::AssignmentIssued body;
    if (!body.ParseFromString(entry.body)) {
        return;
    }
    const auto uuid = Uuid::from_bytes(body.agent_id());
    const auto found =
        uuid ? fold.state.agent_by_id.find(AgentId{*uuid}) : fold.state.agent_by_id.end();
    if (found == fold.state.agent_by_id.end()) {
        return;
    }
    Agent& agent = fold.state.agents[found->second];
    if (body.epoch() <= agent.issued_epoch) {
        return;  // asked for again after a restart, when the first was not folded yet
    }
    Agent::Epoch epoch{.epoch = body.epoch(), .slots = {}};
    epoch.slots.reserve(static_cast<std::size_t>(body.probe_ids_size()));
    for (const std::string& raw : body.probe_ids()) {
        const auto id = Uuid::from_bytes(raw);
        const auto slot =
            id ? fold.state.slot_by_id.find(ProbeId{*id}) : fold.state.slot_by_id.end();
        epoch.slots.push_back(slot == fold.state.slot_by_id.end() ? nothing : slot->second);
    }
    if (agent.epochs.size() == epochs_kept) {
        const auto oldest = agent.epochs.begin();
        agent.epochs.erase(oldest->epoch == agent.running_epoch ? oldest + 1 : oldest);
    }
    agent.epochs.push_back(std::move(epoch));
    agent.issued_epoch = body.epoch();
    agent.wanted_epoch = std::max(agent.wanted_epoch, agent.issued_epoch);
    fold.state.epoch_pages.mark(found->second);
    fold.store.update_agent_epoch(agent);
    fold.issued.insert(found->second);
}

std::string wanted_assignment(const State& state, AgentIndex index) {
    const Agent& agent = state.agents[index];
    if (agent.wanted_epoch <= agent.issued_epoch || agent.state == AgentState::revoked) {
        return {};
    }
    proto::AssignmentIssued body;
    body.set_agent_id(std::string(agent.id.raw()));
    body.set_epoch(agent.wanted_epoch);
    for (const Slot slot : agent.wanted) {
        body.add_probe_ids(std::string(state.cold[slot].id.raw()));
    }
    return body.SerializeAsString();
}

IssuedAssignments issued_assignment(const State& state, AgentIndex index) {
    const Agent& agent = state.agents[index];
    IssuedAssignments out;
    out.agent = agent.id;
    out.epoch = agent.issued_epoch;
    const auto list = std::make_shared<AssignmentList>();
    for (const Agent::Epoch& epoch : agent.epochs) {
        const auto count = static_cast<std::uint32_t>(epoch.slots.size());
        if (epoch.epoch != agent.issued_epoch) {
            out.earlier.emplace_back(epoch.epoch, count);
            continue;
        }
        out.dense_count = count;
        list->reserve(count);
        for (std::uint32_t dense = 0; dense < count; ++dense) {
            const Slot slot = epoch.slots[dense];
            if (slot != nothing && state.cold[slot].agent == index) {
                const ColdProbe& cold = state.cold[slot];
                list->add(dense, cold.id, state.specs[cold.spec].probe, state.names[cold.host]);
            }
        }
    }
    out.items = list;
    return out;
}

}  // namespace muster::collector
