// Policies and thresholds one by one: PUT and DELETE by natural name go through the same door as `apply`.
#include "base/bytes.hpp"
#include "base/crypto.hpp"
#include "collector/api/apply_answer.hpp"
#include "collector/api/handlers.hpp"
#include "collector/api/json.hpp"
#include "collector/api/list_rules.hpp"
#include "collector/api/verdict_answer.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <utility>

namespace muster::collector {

namespace {

constexpr std::size_t etag_digits = 16;
constexpr std::size_t name_digits = 12;

/// The file that holds one object put over the API: names may have any letters, files may not.
std::string own_file(std::string_view list, const std::string& name) {
    return std::string(applied_prefix) + std::string(list) + "-" +
           to_hex(sha256(name)).substr(0, name_digits) + ".yaml";
}

std::string object_etag(const DeclaredObject& object) {
    std::string all;
    for (const auto& [field, value] : object.fields) {
        all += to_hex(sha256(field)) + to_hex(sha256(value));
    }
    return '"' + to_hex(sha256(all)).substr(0, etag_digits) + '"';
}

std::optional<DeclaredObject> declared(
    const Call& call, std::string_view list, const std::string& name
) {
    const DeclaredObjects objects = objects_of(call.context->configuration()->running().texts);
    const auto found = objects.find({std::string(list), name});
    return found == objects.end() ? std::nullopt : std::optional(found->second);
}

/// Why the object cannot be changed here, or nothing.
std::optional<HttpResponse> obstacle(
    const Call& call,
    std::string_view list,
    const std::string& name,
    const std::optional<DeclaredObject>& had
) {
    const std::string if_match = header_of(call, "if-match");
    const bool agrees =
        if_match.empty() ||
        (had && (if_match == "*" || if_match.find(object_etag(*had)) != std::string::npos));
    if (!agrees) {
        return problem(412, "it has changed since it was read, or is not there; read it again");
    }
    if (had && had->file != own_file(list, name)) {
        return problem(
            409,
            "it is declared in " + had->file + ", line " + std::to_string(had->line) +
                "; change it there, or take it out of that file first"
        );
    }
    return std::nullopt;
}

/// Numbers with a point as people write them: the serialiser's "5E-1" is no number in a file.
void write_out_numbers(json::value& value) {
    if (value.is_double()) {
        value = json_text(fmt::format("{}", value.get_double()));
    } else if (value.is_array()) {
        for (json::value& each : value.get_array()) {
            write_out_numbers(each);
        }
    } else if (value.is_object()) {
        for (auto& [name, each] : value.get_object()) {
            write_out_numbers(each);
        }
    }
}

Task<HttpResponse> take(Call call, ApplyRequest request, int status) {
    const Result<ApplyOutcome> outcome = call.context->apply(request);
    if (!outcome) {
        co_return apply_refused(outcome.error(), {});
    }
    std::size_t unchanged = 0;
    const json::object body{{"changes", changes_json(*outcome, unchanged)}};
    Task<Result<Verdict>> confirming = confirm_applied(call, *outcome);
    const Result<Verdict> verdict = co_await std::move(confirming);
    if (!verdict) {
        co_return problem_of(verdict.error());
    }
    if (verdict->status >= 400) {
        co_return verdict_answer(*verdict);
    }
    co_return json_answer(body, status);
}

Task<HttpResponse> put_object(Call call, std::string list) {
    const std::string name = call.path.at("id");
    boost::system::error_code unreadable;
    json::value parsed = json::parse(call.request.body, unreadable);
    if (unreadable || !parsed.is_object()) {
        co_return problem(400, "the body is not a JSON object");
    }
    write_out_numbers(parsed);
    json::object object = std::move(parsed.get_object());
    const json::value* given = object.if_contains("name");
    if (given != nullptr && (!given->is_string() || given->get_string() != name)) {
        co_return problem(400, "nothing was changed", {{"/name", "expected the name in the path"}});
    }
    object["name"] = json_text(name);
    const std::optional<DeclaredObject> had = declared(call, list, name);
    if (std::optional<HttpResponse> no = obstacle(call, list, name, had)) {
        co_return std::move(*no);
    }
    ApplyRequest request;
    const json::object text{{list, json::array{std::move(object)}}};
    request.texts.push_back({own_file(list, name), json::serialize(text) + "\n"});
    Task<HttpResponse> taking = take(call, std::move(request), had ? 200 : 201);
    HttpResponse response = co_await std::move(taking);
    if (const auto has = declared(call, list, name); has && response.status < 300) {
        response.headers.emplace_back("ETag", object_etag(*has));
    }
    co_return response;
}

Task<HttpResponse> delete_object(Call call, std::string list) {
    const std::string name = call.path.at("id");
    const std::optional<DeclaredObject> had = declared(call, list, name);
    if (!had && header_of(call, "if-match").empty()) {
        co_return problem(404, "nothing of this name is declared: " + name);
    }
    if (std::optional<HttpResponse> no = obstacle(call, list, name, had)) {
        co_return std::move(*no);
    }
    ApplyRequest request;
    request.texts = applied_of(call.context->configuration()->running());
    std::erase_if(request.texts, [&](const config::ConfigText& text) {
        return text.name == own_file(list, name);
    });
    request.prune = Prune::yes;
    Task<HttpResponse> taking = take(std::move(call), std::move(request), 200);
    co_return co_await std::move(taking);
}

json::object threshold_json(const config::Threshold& threshold) {
    const config::Candidate candidate = config::candidate_of(threshold);
    json::object out{
        {"name", json_text(threshold.name)},
        {"match", nullptr},
        {"pin", nullptr},
        {"probe_type", json_text(threshold.probe_type)},
        {"probe_name", json_text(threshold.probe_name)},
        {"specificity", config::to_string(candidate.specificity)}
    };
    if (threshold.pin.empty()) {
        out["match"] = json_text(threshold.match.text());
    } else {
        out["pin"] = json_text(threshold.pin);
    }
    const config::RuleParts& parts = threshold.parts;
    json::array says;
    if (parts.answering) {
        says.push_back(json_text(
            config::answering_text(parts.answering->failures, parts.answering->availability)
        ));
    }
    for (const config::MetricLimit& limit : parts.metrics) {
        says.push_back(json_text(limit.probe_type + " " + config::limit_text(limit)));
    }
    if (parts.successes) {
        says.push_back(json_text("recovers after " + std::to_string(*parts.successes)));
    }
    if (parts.hold) {
        says.push_back(json_text("held " + format_duration(*parts.hold)));
    }
    if (parts.flapping) {
        says.push_back(json_text(
            "flapping at " + std::to_string(parts.flapping->transitions) + " transitions in " +
            format_duration(parts.flapping->over)
        ));
    }
    out["says"] = std::move(says);
    return out;
}

}  // namespace

std::string declared_etag(const Call& call, std::string_view list, const std::string& name) {
    const std::optional<DeclaredObject> object = declared(call, list, name);
    return object ? object_etag(*object) : std::string();
}

Task<HttpResponse> put_policy(Call call) {
    return put_object(std::move(call), "policies");
}

Task<HttpResponse> delete_policy(Call call) {
    return delete_object(std::move(call), "policies");
}

Task<HttpResponse> put_threshold(Call call) {
    return put_object(std::move(call), "thresholds");
}

Task<HttpResponse> delete_threshold(Call call) {
    return delete_object(std::move(call), "thresholds");
}

Task<HttpResponse> list_thresholds(Call call) {
    json::array items;
    for (const config::Threshold& threshold :
         call.context->configuration()->running().watch.thresholds) {
        items.push_back(threshold_json(threshold));
    }
    co_return whole_list(call.query, threshold_list(), std::move(items), "name");
}

Task<HttpResponse> show_threshold(Call call) {
    const std::string& name = call.path.at("id");
    const std::vector<config::Threshold>& all =
        call.context->configuration()->running().watch.thresholds;
    const auto found = std::ranges::find(all, name, &config::Threshold::name);
    if (found == all.end()) {
        co_return problem(404, "there is no threshold with this name: " + name);
    }
    json::object body = threshold_json(*found);
    if (const auto object = declared(call, "thresholds", name)) {
        body["file"] = object->file;
        body["line"] = object->line;
    }
    HttpResponse response = json_answer(body);
    response.headers.emplace_back("ETag", declared_etag(call, "thresholds", name));
    co_return response;
}

}  // namespace muster::collector
