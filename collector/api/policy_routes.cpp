#include "collector/api/apply_answer.hpp"
#include "collector/api/declared_object.hpp"
#include "collector/api/handlers.hpp"
#include "collector/api/json.hpp"
#include "collector/api/list_rules.hpp"
#include "collector/api/policy_store.hpp"
#include "collector/api/verdict_answer.hpp"

#include <algorithm>
#include <utility>

namespace muster::collector {

namespace {

constexpr std::size_t most_files = 256;
constexpr std::size_t names_shown = 20;

using Counts = std::map<std::string, PolicyCount>;

json::object policy_json(const config::Policy& policy, const Counts& counts) {
    const auto found = counts.find("policy " + policy.name);
    const PolicyCount count = found == counts.end() ? PolicyCount{} : found->second;
    return {
        {"name", json_text(policy.name)},
        {"match", json_text(policy.match.text())},
        {"urgency", urgency_word(policy.urgency)},
        {"hold", own_hold(policy.parts)},
        {"probes", probes_json(policy.probes)},
        {"cis", count.cis},
        {"assigned_probes", count.probes}
    };
}

Task<Result<Counts>> read_counts(Call call) {
    std::function<Result<Counts>(StateConnection&)> work =
        [scope = call.actor.scope](StateConnection& connection) {
            return count_by_origin(connection, scope);
        };
    co_return co_await call.context->state->query<Counts>(std::move(work));
}

/// {"files": [{"name", "text"}], "dry_run", "prune"}; what is wrong lands in `flaws`.
ApplyRequest read_request(const json::object& body, std::vector<Flaw>& flaws) {
    ApplyRequest out;
    const auto flag = [&](std::string_view name) {
        const json::value* value = body.if_contains(name);
        if (value != nullptr && !value->is_bool()) {
            flaws.push_back({"/" + std::string(name), "expected true or false"});
        }
        return value != nullptr && value->is_bool() && value->get_bool();
    };
    out.mode = flag("dry_run") ? ApplyMode::dry_run : ApplyMode::apply;
    out.prune = flag("prune") ? Prune::yes : Prune::no;
    for (const auto& [name, value] : body) {
        if (name != "files" && name != "dry_run" && name != "prune") {
            flaws.push_back({"/" + std::string(name), "unknown; expected files, dry_run or prune"});
        }
    }
    const json::value* list = body.if_contains("files");
    if (list == nullptr || !list->is_array() || list->get_array().size() > most_files) {
        flaws.push_back({"/files", "expected a list of at most 256 files"});
        return out;
    }
    std::size_t at = 0;
    for (const json::value& each : list->get_array()) {
        const std::string pointer = "/files/" + std::to_string(at++);
        const json::object* file = each.if_object();
        const json::value* name = file == nullptr ? nullptr : file->if_contains("name");
        const json::value* text = file == nullptr ? nullptr : file->if_contains("text");
        if (name == nullptr || text == nullptr || !name->is_string() || !text->is_string()) {
            flaws.push_back({pointer, R"(expected {"name": "web.yaml", "text": "…"})"});
            continue;
        }
        const auto full = applied_name(std::string_view(name->get_string()));
        if (!full) {
            flaws.push_back({pointer + "/name", full.error().what()});
            continue;
        }
        if (std::ranges::find(out.texts, *full, &config::ConfigText::name) != out.texts.end()) {
            flaws.push_back({pointer + "/name", "this file is there twice"});
            continue;
        }
        out.texts.push_back({*full, std::string(text->get_string())});
    }
    return out;
}

json::array first_names(const std::vector<std::string>& names) {
    json::array out;
    for (std::size_t at = 0; at < std::min(names.size(), names_shown); ++at) {
        out.push_back(json_text(names[at]));
    }
    return out;
}

std::vector<std::string> beyond(std::vector<std::string> names, std::vector<std::string> others) {
    std::ranges::sort(names);
    std::ranges::sort(others);
    std::vector<std::string> out;
    std::ranges::set_difference(names, others, std::back_inserter(out));
    return out;
}

/// What the policies that differ match, before and after.
Task<Result<json::array>> effects(Call call, std::vector<ApplyOutcome::Match> matches) {
    std::function<Result<json::array>(StateConnection&)> work =
        [matches = std::move(matches),
         scope = call.actor.scope](StateConnection& connection) -> Result<json::array> {
        std::vector<config::Query> queries;
        for (const ApplyOutcome::Match& match : matches) {
            queries.push_back(match.before);
            queries.push_back(match.after);
        }
        const auto found = matching_cis(connection, scope, connection.model(), queries);
        if (!found) {
            return failure(found.error());
        }
        json::array out;
        for (std::size_t at = 0; at < matches.size(); ++at) {
            const std::vector<std::string>& before = (*found)[2 * at];
            const std::vector<std::string>& after = (*found)[2 * at + 1];
            out.push_back(json::object{
                {"policy", json_text(matches[at].policy)},
                {"matched_before", before.size()},
                {"matched_after", after.size()},
                {"gained", first_names(beyond(after, before))},
                {"lost", first_names(beyond(before, after))}
            });
        }
        return out;
    };
    co_return co_await call.context->state->query<json::array>(std::move(work));
}

}  // namespace

Task<HttpResponse> list_policies(Call call) {
    const Result<Counts> counts = co_await read_counts(call);
    if (!counts) {
        co_return problem_of(counts.error());
    }
    json::array items;
    for (const config::Policy& policy : call.context->configuration()->running().watch.policies) {
        items.push_back(policy_json(policy, *counts));
    }
    co_return whole_list(call.query, policy_list(), std::move(items), "name");
}

Task<HttpResponse> show_policy(Call call) {
    const Result<Counts> counts = co_await read_counts(call);
    if (!counts) {
        co_return problem_of(counts.error());
    }
    const config::LoadedCollector& running = call.context->configuration()->running();
    const std::string& name = call.path.at("id");
    const auto policy = std::ranges::find(running.watch.policies, name, &config::Policy::name);
    if (policy == running.watch.policies.end()) {
        co_return problem(404, "there is no policy with this name: " + name);
    }
    co_return declared_answer(call, "policies", name, policy_json(*policy, *counts));
}

Task<HttpResponse> put_policy(Call call) {
    std::string name = call.path.at("id");
    const std::vector<config::Policy>& all =
        call.context->configuration()->running().watch.policies;
    const auto found = std::ranges::find(all, name, &config::Policy::name);
    json::object shown = found == all.end() ? json::object() : policy_json(*found, {});
    return put_object(std::move(call), "policies", std::move(name), std::move(shown));
}

Task<HttpResponse> delete_policy(Call call) {
    std::string name = call.path.at("id");
    return delete_object(std::move(call), "policies", std::move(name));
}

Task<HttpResponse> list_applied(Call call) {
    const ConfigurationKeeper* const keeper = call.context->configuration();
    json::array items;
    for (const config::ConfigText& text : applied_of(keeper->running())) {
        items.push_back(
            json::object{{"name", text.name.substr(applied_prefix.size())}, {"text", text.text}}
        );
    }
    const std::string etag = keeper->etag();
    HttpResponse response = whole_list(call.query, applied_list(), std::move(items), "name");
    response.headers.emplace_back("ETag", etag);
    co_return response;
}

Task<HttpResponse> apply_texts(Call call) {
    boost::system::error_code unreadable;
    const json::value parsed = json::parse(call.request.body, unreadable);
    if (unreadable || !parsed.is_object()) {
        co_return problem(400, "the body is not a JSON object");
    }
    std::vector<Flaw> flaws;
    ApplyRequest request = read_request(parsed.get_object(), flaws);
    if (!flaws.empty()) {
        co_return problem(400, "nothing was applied", flaws);
    }
    request.if_match = header_of(call, "if-match");
    Task<Result<ClassUse>> counting =
        declared_use(call.context->state, call.context->configuration());
    Result<ClassUse> in_use = co_await std::move(counting);
    if (!in_use) {
        co_return problem_of(in_use.error());
    }
    request.in_use = std::move(*in_use);
    const std::size_t channels = call.context->configuration()->running().watch.channels.size();
    const Result<ApplyOutcome> outcome = call.context->apply(request);
    if (!outcome) {
        co_return apply_refused(outcome.error(), request);
    }
    std::size_t unchanged = 0;
    json::array warnings = warnings_json(*outcome, request);
    warn_of_no_channel(*outcome, channels, warnings);
    json::object body{
        {"dry_run", request.mode == ApplyMode::dry_run},
        {"changes", changes_json(*outcome, unchanged)},
        {"unchanged", unchanged},
        {"warnings", std::move(warnings)}
    };
    const Result<json::array> matched = co_await effects(call, outcome->matches);
    if (!matched) {
        co_return problem_of(matched.error());
    }
    body["policies"] = *matched;
    if (request.mode == ApplyMode::apply) {
        const Result<Verdict> verdict = co_await confirm_applied(call, *outcome);
        if (!verdict) {
            co_return problem_of(verdict.error());
        }
        if (verdict->status >= 400) {
            co_return verdict_answer(*verdict);
        }
    }
    HttpResponse response = json_answer(body);
    response.headers.emplace_back("ETag", outcome->etag);
    co_return response;
}

}  // namespace muster::collector
