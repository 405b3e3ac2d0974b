// Owns: how users, tokens and rows of the audit look in JSON, and what routes about people share.
// Leaves to enrolment/: which of them count.
#pragma once

#include "collector/api/json.hpp"
#include "collector/api/routes.hpp"
#include "collector/enrolment/access_types.hpp"
#include "collector/enrolment/store_tools.hpp"

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace muster::collector {

inline constexpr std::size_t shortest_password = 10;
inline constexpr std::size_t longest_password = 1024;
inline constexpr std::size_t longest_site = 255;
inline constexpr std::size_t most_sites = 1000;
inline constexpr std::array<std::string_view, 3> role_names = {
    "viewer", "operator", "administrator"
};
/// Tokens may do less than people: numbers of /metrics alone.
inline constexpr std::array<std::string_view, 4> token_role_names = {
    "metrics", "viewer", "operator", "administrator"
};

json::array sites_json(const std::vector<std::string>& sites);
json::object user_json(const User& user);
json::object token_json(const ApiToken& token);
json::object audit_json(const AuditRow& row);

/// A password for somebody to choose: long enough, and not the name.
Secret new_password(Form& form, std::string_view field, const std::string& user);

/// How long until a password for `name` may be tried from here; nothing: now, and this is counted as an attempt.
std::optional<Duration> sign_in_wait(const Call& call, const std::string& name);
/// The attempt was right.
void signed_in(const Call& call, const std::string& name);
/// 429 with Retry-After.
HttpResponse too_many_sign_ins(Duration wait);

}  // namespace muster::collector
