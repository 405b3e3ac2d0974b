#include "collector/brain/observations_stage.hpp"

#include "cmdb/observed.hpp"
#include "collector/brain/cmdb_stage.hpp"
#include "collector/brain/cmdb_work.hpp"
#include "collector/brain/host_watch.hpp"
#include "collector/brain/incidents/hosts.hpp"

#include <algorithm>
#include <charconv>
#include <set>
#include <string>

namespace muster::collector {

namespace {

/// Things that one agent names at a time; a run that makes them more is refused.
constexpr std::size_t most_objects = 20'000;
constexpr std::string_view agent_source = "agent/";
constexpr std::string_view tcp_endpoint = "endpoint/tcp/";
constexpr std::uint32_t ssh_port = 22;

/// What was sent without what is proved otherwise: which agent it is, what is configured, where it is.
wire::Observations own_words(
    const Agent& agent, const cmdb::Model& model, wire::Observations seen
) {
    const std::string id = agent.id.text();
    for (wire::ObservedItem& item : seen.items) {
        const bool is_place = model.is_a(item.ci_class, "location");
        std::erase_if(item.keys, [&](const wire::ObservedKey& key) {
            return key.space == "configuration" || (key.space == "agent" && key.value != id);
        });
        item.attributes.erase("site");
        if (is_place) {  // places are known by their names, and everybody's
            item.attributes.erase("name");
            std::erase_if(item.keys, [](const wire::ObservedKey& key) {
                return key.space == "place";
            });
        }
    }
    return seen;
}

/// It can be connected to from elsewhere, at the address from which its agent talks.
bool is_open_to_network(const cmdb::Statement& endpoint, std::string_view address) {
    const std::string_view reachable = cmdb::value_of(endpoint, "reachable");
    const std::string_view place = cmdb::value_of(endpoint, "listen_address");
    const bool is_everywhere = place == "0.0.0.0" || place == "::";
    return (reachable.empty() || reachable == "network") && (is_everywhere || place == address);
}

/// 0 where it is none.
std::uint32_t port_of(const cmdb::Statement& endpoint) {
    const std::string_view text = cmdb::value_of(endpoint, "port");
    std::uint16_t port = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
    return error == std::errc{} && end == text.data() + text.size() ? port : 0;
}

/// How many things its source would name after the run.
std::size_t count_of_objects(
    const cmdb::Identification& identity,
    const std::string& source,
    const std::vector<cmdb::Statement>& statements
) {
    std::size_t count = identity.objects(source).size();
    for (const cmdb::Statement& each : statements) {
        const bool is_known = identity.find(source, each.object) != nullptr &&
                              !identity.is_removed(source, each.object);
        count += is_known ? 0 : 1;
    }
    return count;
}

/// Nothing of the run counts; the ledger of what the agent is says why.
void refuse_run(Fold& fold, const Agent& agent, std::size_t count) {
    CmdbWork work(fold);
    work.note(
        "refused",
        fold.state.identity.ci_of("enrolment", agent.id.text()),
        {},
        "what it saw was left out: it would name " + std::to_string(count) + " things, more than " +
            std::to_string(most_objects)
    );
    work.finish();
}

/// The machine and the agent are in the agent's site.
void place(
    const cmdb::Model& model,
    const cmdb::Observer& observer,
    std::vector<cmdb::Statement>& statements
) {
    if (observer.site.empty() || statements.empty()) {
        return;
    }
    cmdb::Statement site =
        place_statement(model, observer.source, "site", observer.site, statements.front().observed);
    for (cmdb::Statement& each : statements) {
        if (each.below.empty() && model.may_relate("located_in", each.ci_class, "site") &&
            (model.is_a(each.ci_class, "hardware") || each.ci_class == "agent")) {
            each.relations.push_back({"located_in", site.object, each.observed});
        }
    }
    statements.insert(statements.begin(), std::move(site));
}

}  // namespace

std::string source_of(const Agent& agent) {
    return std::string(agent_source) + agent.id.text();
}

AgentIndex agent_of_machine(const State& state, const cmdb::Statement& statement) {
    if (statement.object != machine_object || !statement.source.starts_with(agent_source)) {
        return nothing;
    }
    const auto id = Uuid::parse(statement.source.substr(agent_source.size()));
    const auto found = id ? state.agent_by_id.find(AgentId{*id}) : state.agent_by_id.end();
    return found == state.agent_by_id.end() ? nothing : found->second;
}

std::uint32_t listening_port(const State& state, const Agent& agent) {
    const std::string source = source_of(agent);
    const std::string_view address = host_part(agent.address);
    std::uint32_t best = 0;
    for (const std::string& object : state.identity.objects(source)) {
        if (!object.starts_with(tcp_endpoint)) {
            continue;
        }
        const cmdb::Statement& endpoint = *state.identity.find(source, object);
        if (endpoint.missing != WallTime{} || !is_open_to_network(endpoint, address)) {
            continue;
        }
        const std::uint32_t port = port_of(endpoint);
        if (port == ssh_port) {
            return port;
        }
        best = best == 0 || (port != 0 && port < best) ? port : best;
    }
    return best;
}

void fold_observations(Fold& fold, AgentIndex index, const wire::Observations& seen) {
    const Agent& agent = fold.state.agents[index];
    const cmdb::Statement* enrolled = fold.state.identity.find("enrolment", agent.id.text());
    cmdb::Observer observer;
    observer.source = source_of(agent);
    observer.site = agent.site;
    observer.link = host_part(agent.address);
    // Enrolment is older, whatever its clock says: the agent stays the CI that it was.
    observer.earliest =
        enrolled == nullptr ? WallTime{} : enrolled->observed + std::chrono::nanoseconds(1);
    observer.latest = std::max(fold.wall, observer.earliest);
    std::vector<cmdb::Statement> statements =
        cmdb::statements_of(fold.model, observer, own_words(agent, fold.model, seen));
    place(fold.model, observer, statements);
    const std::size_t count = count_of_objects(fold.state.identity, observer.source, statements);
    if (count > most_objects) {
        refuse_run(fold, agent, count);
        return;
    }
    const WallTime at = cmdb::time_of(observer, seen);
    const cmdb::Saying saying = seen.full ? cmdb::Saying::looks : cmdb::Saying::adds;
    std::set<std::string> absent;
    if (seen.full) {
        for (std::string& object : fold.state.identity.objects(observer.source)) {
            absent.insert(std::move(object));
        }
    }
    const std::uint32_t former_port = listening_port(fold.state, agent);
    CmdbWork work(fold);
    for (cmdb::Statement& each : statements) {
        absent.erase(each.object);
        work.submit(std::move(each), saying, at);
    }
    for (const std::string& object : absent) {
        work.miss(observer.source, object, at);
    }
    work.finish();
    if (listening_port(fold.state, agent) != former_port) {
        want_host_watch(fold);
    }
}

void forget_observations(Fold& fold, AgentIndex index) {
    const std::string source = source_of(fold.state.agents[index]);
    CmdbWork work(fold);
    for (const std::string& object : fold.state.identity.objects(source)) {
        work.miss(source, object, fold.wall);
    }
    work.finish();
}

}  // namespace muster::collector
