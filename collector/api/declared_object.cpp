#include "collector/api/declared_object.hpp"

#include "base/bytes.hpp"
#include "base/crypto.hpp"
#include "collector/api/apply_answer.hpp"
#include "collector/api/declaration.hpp"
#include "collector/api/entity_tag.hpp"
#include "collector/api/object_pointer.hpp"
#include "collector/api/verdict_answer.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <optional>
#include <sstream>
#include <utility>
#include <vector>

namespace muster::collector {

namespace {

constexpr std::size_t etag_digits = 16;
constexpr std::size_t name_digits = 12;

/// The file that holds one object put over the API: names may have any letters, files may not.
std::string own_file(std::string_view list, const std::string& name) {
    return std::string(applied_prefix) + std::string(list) + "-" +
           to_hex(sha256(name)).substr(0, name_digits) + ".yaml";
}

/// Of what is declared; begins the tag of every answer about it.
std::string object_tag(const DeclaredObject& object) {
    std::string all;
    for (const auto& [field, value] : object.fields) {
        all += to_hex(sha256(field)) + to_hex(sha256(value));
    }
    return to_hex(sha256(all)).substr(0, etag_digits);
}

std::optional<DeclaredObject> declared(
    const Call& call, std::string_view list, const std::string& name
) {
    const DeclaredObjects objects = objects_of(call.context->configuration()->running().texts);
    const auto found = objects.find({std::string(list), name});
    return found == objects.end() ? std::nullopt : std::optional(found->second);
}

/// Whether If-Match allows a change of what is declared.
bool agrees(const std::string& if_match, const std::optional<DeclaredObject>& had) {
    if (if_match.empty()) {
        return true;
    }
    const auto tags = parse_entity_tags(if_match);
    return had && tags && std::ranges::any_of(*tags, [&](const std::string& tag) {
               return tag == "*" || tag == '"' + object_tag(*had) + '"' ||
                      tag.starts_with('"' + object_tag(*had) + '.');
           });
}

/// Why the object cannot be changed here, or nothing.
std::optional<HttpResponse> obstacle(
    const Call& call,
    std::string_view list,
    const std::string& name,
    const std::optional<DeclaredObject>& had
) {
    if (!agrees(header_of(call, "if-match"), had)) {
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

/// The caller sent one object: a line "applied/FILE:1:57: what" about it is told of its member.
Flaw flaw_of(const config::ConfigText& text, const std::string& line) {
    if (!line.starts_with(text.name + ":")) {
        return {"", line};
    }
    const char* from = line.c_str() + text.name.size() + 1;
    char* end = nullptr;
    config::Position at;
    at.line = static_cast<int>(std::strtol(from, &end, 10));
    at.column = *end == ':' ? static_cast<int>(std::strtol(end + 1, &end, 10)) : 0;
    std::string pointer = pointer_into_object(text.text, at);
    std::string_view rest(end);
    rest.remove_prefix(rest.starts_with(": ") ? 2 : 0);
    // In a file the place is a line; here the pointer has said the member's name.
    const std::string member = pointer.substr(pointer.rfind('/') + 1) + ": ";
    rest.remove_prefix(!pointer.empty() && rest.starts_with(member) ? member.size() : 0);
    return {std::move(pointer), std::string(rest)};
}

HttpResponse refused(const Error& error, const std::vector<config::ConfigText>& given) {
    if (error.kind() != ErrorKind::invalid || given.size() != 1) {
        return apply_refused(error, {});
    }
    std::vector<Flaw> flaws;
    std::istringstream lines(error.text());
    for (std::string line; std::getline(lines, line);) {
        flaws.push_back(flaw_of(given.front(), line));
    }
    return problem(400, "nothing was changed", flaws);
}

/// Secrets of the object that cannot be read.
json::array warnings(const ApplyOutcome& outcome, const std::vector<config::ConfigText>& given) {
    json::array out;
    for (const UnreadSecret& secret : outcome.unread) {
        for (const config::ConfigText& text : given) {
            if (text.name == secret.place.file) {
                out.push_back(json::object{
                    {"pointer", pointer_into_object(text.text, secret.place.at)},
                    {"detail", json_text(secret.why)}
                });
            }
        }
    }
    return out;
}

/// `own`: the texts of the caller's object; none where it goes.
Task<HttpResponse> take(
    Call call, ApplyRequest request, std::vector<config::ConfigText> own, int status
) {
    const std::size_t channels = call.context->configuration()->running().watch.channels.size();
    const Result<ApplyOutcome> outcome = call.context->apply(request);
    if (!outcome) {
        co_return refused(outcome.error(), own);
    }
    std::size_t unchanged = 0;
    json::array told = warnings(*outcome, own);
    warn_of_no_channel(*outcome, channels, told);
    const json::object body{
        {"changes", changes_json(*outcome, unchanged)}, {"warnings", std::move(told)}
    };
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

}  // namespace

Task<HttpResponse> put_object(Call call, std::string list, std::string name, json::object shown) {
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
    const std::optional<json::object> before =
        declaration_of(call.context->configuration()->running().texts, list, name);
    if (before) {
        shown = with_declaration(std::move(shown), *before, list);
    }
    keep_declaration(object, shown, before.value_or(json::object()), list);
    const std::optional<DeclaredObject> had = declared(call, list, name);
    if (std::optional<HttpResponse> no = obstacle(call, list, name, had)) {
        co_return std::move(*no);
    }
    ApplyRequest request;
    const json::object text{{list, json::array{std::move(object)}}};
    request.texts.push_back({own_file(list, name), json::serialize(text) + "\n"});
    std::vector<config::ConfigText> own = request.texts;
    Task<HttpResponse> taking = take(call, std::move(request), std::move(own), had ? 200 : 201);
    HttpResponse response = co_await std::move(taking);
    if (const auto has = declared(call, list, name); has && response.status < 300) {
        response.headers.emplace_back("ETag", '"' + object_tag(*has) + '"');
    }
    co_return response;
}

Task<HttpResponse> delete_object(Call call, std::string list, std::string name) {
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
    std::vector<config::ConfigText> none;
    Task<HttpResponse> taking = take(std::move(call), std::move(request), std::move(none), 200);
    co_return co_await std::move(taking);
}

HttpResponse declared_answer(
    const Call& call, std::string_view list, const std::string& name, json::object body
) {
    const std::optional<DeclaredObject> object = declared(call, list, name);
    if (!object) {
        return json_answer(body);
    }
    if (auto its = declaration_of(call.context->configuration()->running().texts, list, name)) {
        if (list == "channels" && call.actor.granted < Permission::edit) {
            its->erase("url");
        }
        body = with_declaration(std::move(body), *its, list);
    }
    body["file"] = json_text(object->file);
    body["line"] = object->line;
    HttpResponse response = json_answer(body);
    const std::string whole = entity_tag_of(response.body);
    response.headers.emplace_back("ETag", '"' + object_tag(*object) + '.' + whole.substr(1));
    return response;
}

json::array probes_json(std::span<const config::ProbeDeclaration> probes) {
    json::array out;
    for (const config::ProbeDeclaration& probe : probes) {
        out.push_back(json::object{
            {"type", probe.type},
            {"name", json_text(probe.name)},
            {"interval", format_duration(probe.interval)},
            {"timeout", format_duration(probe.timeout)}
        });
    }
    return out;
}

json::value own_hold(const config::RuleParts& parts) {
    return parts.hold ? json_text(format_duration(*parts.hold)) : json::value(nullptr);
}

std::string_view urgency_word(config::Urgency urgency) {
    static constexpr std::string_view words[] = {"high", "medium", "low"};
    return words[static_cast<std::size_t>(urgency)];
}

}  // namespace muster::collector
