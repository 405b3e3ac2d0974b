#include "collector/brain/incidents/commands.hpp"

#include "base/bytes.hpp"
#include "collector/brain/incidents/faults.hpp"
#include "collector/brain/incidents/record.hpp"
#include "collector/journal/entries.pb.h"

#include <boost/json.hpp>

#include <utility>

namespace muster::collector {

namespace json = boost::json;

namespace {

constexpr Duration verdicts_kept = std::chrono::hours(24);
constexpr std::size_t text_bytes = 16 << 10;

Verdict problem(int status, std::string_view title, const std::string& detail) {
    const json::object body{
        {"type", "about:blank"}, {"title", title}, {"status", status}, {"detail", detail}
    };
    return {.status = status, .body = json::serialize(body), .etag = {}};
}

std::string etag_of(const Incident& incident) {
    return "\"" + std::to_string(incident.version) + "\"";
}

Verdict success(const Incident& incident) {
    json::object body{
        {"number", incident_name(incident.number)},
        {"state", incident.state},
        {"title", incident.title},
        {"acknowledged", nullptr},
        {"acknowledged_by", nullptr},
        {"resolved", nullptr},
        {"resolved_by", nullptr}
    };
    if (incident.acknowledged != WallTime{}) {
        body["acknowledged"] = format_rfc3339(incident.acknowledged);
        body["acknowledged_by"] = incident.acknowledged_by;
    }
    if (incident.resolved != WallTime{}) {
        body["resolved"] = format_rfc3339(incident.resolved);
        body["resolved_by"] = incident.resolved_by;
    }
    return {.status = 200, .body = json::serialize(body), .etag = etag_of(incident)};
}

/// "W/" and a list of tags are as good as one tag here.
bool matches(std::string_view if_match, const Incident& incident) {
    return if_match.empty() || if_match == "*" ||
           if_match.find(etag_of(incident)) != std::string_view::npos ||
           if_match == std::to_string(incident.version);
}

std::string text_of(const json::object& body, std::string_view key) {
    const json::value* value = body.if_contains(key);
    return value != nullptr && value->is_string()
               ? printable(std::string_view(value->get_string()), text_bytes)
               : std::string{};
}

std::uint64_t number_of(const json::object& body) {
    const json::value* value = body.if_contains("number");
    if (value == nullptr) {
        return 0;
    }
    if (value->is_int64() && value->get_int64() > 0) {
        return static_cast<std::uint64_t>(value->get_int64());
    }
    return value->is_uint64() ? value->get_uint64() : 0;
}

Verdict acknowledge(Fold& fold, Incident& incident, const proto::CommandEntry& command) {
    if (incident.state == "resolved") {
        return problem(409, "Conflict", incident_name(incident.number) + " is resolved already");
    }
    if (incident.acknowledged == WallTime{}) {
        incident.acknowledged = fold.wall;
        incident.acknowledged_by = command.actor();
        incident.version = fold.lsn;
        fold.store.update_incident(incident);
        add_timeline(fold, incident, "acknowledged", command.actor(), {});
    }
    return success(incident);
}

Verdict comment(
    Fold& fold, Incident& incident, const proto::CommandEntry& command, const json::object& body
) {
    const std::string text = text_of(body, "text");
    if (text.empty()) {
        return problem(
            422, "Unprocessable Content", "\"text\" is missing: a comment says something"
        );
    }
    incident.version = fold.lsn;
    fold.store.update_incident(incident);
    add_timeline(fold, incident, "comment", command.actor(), text);
    return success(incident);
}

Verdict resolve(
    Fold& fold, Incident& incident, const proto::CommandEntry& command, const json::object& body
) {
    if (incident.state == "resolved") {
        return problem(409, "Conflict", incident_name(incident.number) + " is resolved already");
    }
    std::string text = text_of(body, "text");
    const std::string code = text_of(body, "code");
    if (!code.empty()) {
        text = text.empty() ? code : code + ": " + text;
    }
    resolve_incident(fold, incident, command.actor(), text, fold.wall, Telling::told);
    put_aside(fold, incident);
    return success(incident);
}

Verdict decide(Fold& fold, const proto::CommandEntry& command) {
    boost::system::error_code unreadable;
    const json::value parsed = json::parse(command.body(), unreadable);
    if (unreadable || !parsed.is_object()) {
        return problem(400, "Bad Request", "the body is not a JSON object");
    }
    const json::object& body = parsed.get_object();
    const std::uint64_t number = number_of(body);
    const auto found = fold.state.incidents.find(number);
    if (found == fold.state.incidents.end()) {
        return number != 0 && number < fold.state.next_incident
                   ? problem(409, "Conflict", incident_name(number) + " is closed")
                   : problem(404, "Not Found", "there is no such incident");
    }
    Incident& incident = found->second;
    if (!matches(command.if_match(), incident)) {
        return problem(
            412,
            "Precondition Failed",
            incident_name(number) + " has changed since it was read; read it again"
        );
    }
    if (command.name() == "incident.acknowledge") {
        return acknowledge(fold, incident, command);
    }
    if (command.name() == "incident.comment") {
        return comment(fold, incident, command, body);
    }
    if (command.name() == "incident.resolve") {
        return resolve(fold, incident, command, body);
    }
    return problem(
        404, "Not Found", "there is no command \"" + printable(command.name(), 64) + "\""
    );
}

}  // namespace

void fold_command(Fold& fold, const Entry& entry) {
    proto::CommandEntry command;
    if (!command.ParseFromString(entry.body)) {
        fold.verdict = problem(400, "Bad Request", "the command cannot be read");
        return;
    }
    const std::pair key(command.actor(), command.idempotency_key());
    if (const auto given = fold.state.verdicts.find(key); given != fold.state.verdicts.end()) {
        fold.verdict = given->second.verdict;
        return;
    }
    fold.verdict = decide(fold, command);
    if (!key.second.empty()) {
        KeptVerdict kept{key.first, key.second, fold.elapsed, *fold.verdict};
        fold.store.insert_verdict(kept, fold.lsn);
        fold.state.verdicts.emplace(key, std::move(kept));
        fold.state.arm(fold.elapsed + verdicts_kept, Timer::Kind::forget_verdict, 0);
    }
}

void forget_old_verdicts(Fold& fold) {
    for (auto at = fold.state.verdicts.begin(); at != fold.state.verdicts.end();) {
        if (at->second.given + verdicts_kept <= fold.elapsed) {
            fold.store.delete_verdict(at->second.actor, at->second.key);
            at = fold.state.verdicts.erase(at);
        } else {
            ++at;
        }
    }
}

}  // namespace muster::collector
