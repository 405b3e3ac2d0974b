#include "collector/brain/said_by_hand.hpp"

#include <boost/json.hpp>

#include <algorithm>
#include <utility>

namespace muster::collector {

namespace json = boost::json;

Verdict nothing_there(const std::string& name) {
    return problem(404, "Not Found", "there is no CI \"" + name + "\"");
}

CiId ci_named(const Fold& fold, const json::object& body, std::string_view key) {
    const auto id = Uuid::parse(text_of(body, key));
    if (!id || fold.state.identity.members(CiId{*id}).empty()) {
        return {};
    }
    return CiId{*id};
}

cmdb::ObjectName oldest_of(const cmdb::Identification& identity, CiId ci) {
    const cmdb::Statement& oldest = *identity.all_members(ci).front();
    return {oldest.source, oldest.object};
}

bool is_remark(std::string_view source, std::string_view object) {
    return source == manual && object.starts_with("ci/");
}

cmdb::Statement said_again(const cmdb::Statement& statement) {
    cmdb::Statement said = statement;
    said.attributes.clear();
    for (const auto& [name, value] : cmdb::values_of(statement)) {
        said.attributes.push_back({name, value, {}});
    }
    return said;
}

cmdb::Statement& remark(const Fold& fold, CiId ci, CiPlan& plan) {
    const cmdb::Identification& identity = fold.state.identity;
    plan.cis.push_back(ci);
    for (const cmdb::Statement* each : identity.all_members(ci)) {
        if (each->source == manual) {
            return plan.statements.emplace_back(said_again(*each));
        }
    }
    cmdb::Statement said;
    said.source = manual;
    said.object = "ci/" + ci.text();
    said.ci_class = fold.state.cis[fold.state.ci_by_id.at(ci)].ci_class;
    said.observed = fold.wall;
    plan.words.push_back({oldest_of(identity, ci), {said.source, said.object}, true});
    return plan.statements.emplace_back(std::move(said));
}

Verdict answer(
    Fold& fold,
    const CommandCall& call,
    CiPlan plan,
    cmdb::ObjectName about,
    int status,
    json::object more
) {
    plan.at = fold.wall;
    for (cmdb::Statement& each : plan.statements) {
        std::ranges::sort(each.attributes);
    }
    const bool is_dry = is_dry_run(call.body);
    Preview preview = preview_of(fold, plan, caller_sites(call.body));
    if (preview.is_foreign) {
        return foreign_sites();
    }
    json::object body = std::move(preview.body);
    for (auto& [name, value] : more) {
        body[name] = std::move(value);
    }
    body["dry_run"] = is_dry;
    if (!is_dry) {
        perform(fold, plan, call.actor);
        body["ci"] = fold.state.identity.ci_of(about.source, about.object).text();
    }
    return {.status = is_dry ? 200 : status, .body = json::serialize(body), .etag = {}};
}

}  // namespace muster::collector
