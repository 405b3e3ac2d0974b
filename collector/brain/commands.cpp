#include "collector/brain/commands.hpp"

#include "base/bytes.hpp"
#include "collector/brain/ci_commands.hpp"
#include "collector/brain/incidents/commands.hpp"
#include "collector/brain/policy_commands.hpp"
#include "collector/brain/relation_commands.hpp"
#include "collector/brain/telling/channels.hpp"
#include "collector/brain/windows/commands.hpp"
#include "collector/journal/entries.pb.h"

#include <boost/json.hpp>

#include <algorithm>
#include <utility>

namespace muster::collector {

namespace json = boost::json;

namespace {

constexpr Duration verdicts_kept = std::chrono::hours(24);
constexpr std::size_t text_bytes = 16 << 10;

struct CommandRow {
    std::string_view name;
    CommandHandler handler;
};

/// Every command there is; docs/journal.md lists them with their bodies.
constexpr CommandRow commands[] = {
    {"config.apply", confirm_configuration},
    {"ci.create", create_ci_by_hand},
    {"ci.edit", edit_ci_by_hand},
    {"ci.retire", retire_ci_by_hand},
    {"ci.merge", merge_cis_by_hand},
    {"ci.unmerge", unmerge_ci_by_hand},
    {"ci.split", split_ci_by_hand},
    {"ci.not_same", tell_cis_apart_by_hand},
    {"ci.reclassify", reclassify_ci_by_hand},
    {"relation.create", relate_cis_by_hand},
    {"relation.delete", withdraw_relation_by_hand},
    {"observations.submit", take_observations},
    {"channel.test", channel_tested},
    {"incident.acknowledge", acknowledge_incident},
    {"incident.assign", assign_incident},
    {"incident.bulk", change_incidents},
    {"incident.cancel", cancel_incident},
    {"incident.close", close_incident},
    {"incident.comment", comment_on_incident},
    {"incident.create", create_incident},
    {"incident.edit", edit_incident},
    {"incident.link", link_incident},
    {"incident.pending", let_incident_wait},
    {"incident.reopen", reopen_incident_by_person},
    {"incident.resolve", resolve_incident_by_person},
    {"incident.resume", resume_incident},
    {"incident.take", take_incident},
    {"window.cancel", cancel_window},
    {"window.create", create_window},
};

Verdict decide(Fold& fold, const proto::CommandEntry& command) {
    boost::system::error_code unreadable;
    const json::value parsed = json::parse(command.body(), unreadable);
    if (unreadable || !parsed.is_object()) {
        return problem(400, "Bad Request", "the body is not a JSON object");
    }
    const CommandHandler handler = find_command(command.name());
    if (handler == nullptr) {
        return problem(
            404, "Not Found", "there is no command \"" + printable(command.name(), 64) + "\""
        );
    }
    return handler(
        fold,
        {.name = command.name(),
         .actor = command.actor(),
         .if_match = command.if_match(),
         .body = parsed.get_object()}
    );
}

}  // namespace

CommandHandler find_command(std::string_view name) {
    const auto* const row = std::ranges::find(commands, name, &CommandRow::name);
    return row == std::end(commands) ? nullptr : row->handler;
}

Verdict problem(int status, std::string_view title, const std::string& detail) {
    const json::object body{
        {"type", "about:blank"}, {"title", title}, {"status", status}, {"detail", detail}
    };
    return {.status = status, .body = json::serialize(body), .etag = {}};
}

Verdict unacceptable(std::string_view member, const std::string& detail) {
    const json::object body{
        {"type", "about:blank"},
        {"title", "Unprocessable Content"},
        {"status", 422},
        {"detail", "\"" + std::string(member) + "\": " + detail},
        {"errors",
         json::array{json::object{{"pointer", "/" + std::string(member)}, {"detail", detail}}}}
    };
    return {.status = 422, .body = json::serialize(body), .etag = {}};
}

std::string text_of(const json::object& body, std::string_view key) {
    const json::value* value = body.if_contains(key);
    return value != nullptr && value->is_string()
               ? printable(std::string_view(value->get_string()), text_bytes)
               : std::string{};
}

bool is_dry_run(const json::object& body) {
    const json::value* dry = body.if_contains("dry_run");
    return dry != nullptr && dry->is_bool() && dry->get_bool();
}

std::uint64_t number_of(const json::object& body, std::string_view key) {
    const json::value* value = body.if_contains(key);
    if (value == nullptr) {
        return 0;
    }
    if (value->is_int64() && value->get_int64() > 0) {
        return static_cast<std::uint64_t>(value->get_int64());
    }
    return value->is_uint64() ? value->get_uint64() : 0;
}

bool matches_etag(std::string_view if_match, std::string_view etag) {
    const std::string_view bare = etag.substr(1, etag.size() - 2);
    return if_match.empty() || if_match == "*" || if_match.find(etag) != std::string_view::npos ||
           if_match == bare;
}

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
