#include "collector/api/access_json.hpp"

#include "base/bytes.hpp"

#include <utility>

namespace muster::collector {

namespace {

json::value time_or_null(const std::optional<WallTime>& time) {
    return time ? json_time(*time) : json::value(nullptr);
}

}  // namespace

json::array sites_json(const std::vector<std::string>& sites) {
    json::array names;
    for (const std::string& site : sites) {
        names.push_back(json_text(site));
    }
    return names;
}

json::object user_json(const User& user) {
    return {
        {"name", json_text(user.name)},
        {"role", json_text(user.role)},
        {"sites", sites_json(user.sites)},
        {"language", json_text(user.language)},
        {"time_zone", json_text(user.time_zone)},
        {"disabled", user.disabled},
        {"created", json_time(user.created)},
        {"created_by", json_text(user.created_by)},
        {"signed_in", time_or_null(user.signed_in)},
        {"version", user.version}
    };
}

json::object token_json(const ApiToken& token) {
    json::object body{
        {"id", json_text(token.id)},
        {"name", json_text(token.name)},
        {"owner", nullptr},
        {"role", json_text(token.role)},
        {"sites", sites_json(token.sites)},
        {"created", json_time(token.created)},
        {"created_by", json_text(token.created_by)},
        {"expires", time_or_null(token.expires)},
        {"last_used", time_or_null(token.last_used)},
        {"revoked", token.revoked}
    };
    if (!token.owner.empty()) {
        body["owner"] = json_text(token.owner);
    }
    return body;
}

json::object audit_json(const AuditRow& row) {
    return {
        {"id", row.id},
        {"at", json_time(row.at)},
        {"actor", json_text(row.actor)},
        {"action", json_text(row.action)},
        {"target", json_text(row.target)},
        {"peer", json_text(row.peer)},
        {"hash", json_text(to_hex(row.hash))}
    };
}

Secret new_password(Form& form, std::string_view field, const std::string& user) {
    std::string text = form.text(field, Form::Presence::required, longest_password);
    if (!text.empty() && text.size() < shortest_password) {
        form.blame(field, "expected at least " + std::to_string(shortest_password) + " characters");
    } else if (!text.empty() && text == user) {
        form.blame(field, "expected something else than the name");
    }
    return Secret(std::move(text));
}

}  // namespace muster::collector
