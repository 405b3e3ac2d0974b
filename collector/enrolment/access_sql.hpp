// Owns: the text of every statement of access_store, by name. Leaves to access_store.cpp: binding and reading.
#pragma once

#include <string_view>

namespace muster::collector {

inline constexpr std::string_view insert_join_token =
    "INSERT INTO join_token(id, hash, site, name, max_uses, created, expires, created_by) "
    "VALUES(?, ?, ?, ?, ?, ?, ?, ?)";
inline constexpr std::string_view use_join_token =
    "UPDATE join_token SET uses = uses + 1 WHERE id = ? AND hash = ? AND uses < max_uses "
    "AND expires > ? AND revoked = 0";
inline constexpr std::string_view find_join_token =
    "SELECT id, site, name, uses, max_uses, created, expires, created_by, revoked FROM join_token "
    "WHERE id = ? AND hash = ?";
inline constexpr std::string_view all_join_tokens =
    "SELECT id, site, name, uses, max_uses, created, expires, created_by, revoked FROM join_token "
    "ORDER BY created DESC, id LIMIT 1000";
inline constexpr std::string_view withdraw_join_token =
    "UPDATE join_token SET revoked = 1 WHERE id = ? AND revoked = 0";
inline constexpr std::string_view find_agent_name =
    "SELECT id, name, site, hostname, serial, state = 'active', next_serial FROM agent WHERE name "
    "= ?";
inline constexpr std::string_view renew_agent_row =
    "UPDATE agent SET site = ?, hostname = ?, version = ?, serial = ?, not_after = ?, "
    "next_serial = '', next_not_after = 0 WHERE id = ? AND state = 'active'";
inline constexpr std::string_view promise_certificate =
    "UPDATE agent SET next_serial = ?, next_not_after = ? "
    "WHERE id = ? AND serial = ? AND state = 'active'";
inline constexpr std::string_view replace_certificate =
    "UPDATE agent SET serial = next_serial, not_after = next_not_after, next_serial = '', "
    "next_not_after = 0 WHERE id = ? AND next_serial = ?";
inline constexpr std::string_view insert_agent_row =
    "INSERT INTO agent(id, name, site, hostname, version, serial, not_after, state, enrolled) "
    "VALUES(?, ?, ?, ?, ?, ?, ?, 'active', ?)";
inline constexpr std::string_view all_agents =
    "SELECT id, name, site, hostname, serial, state = 'active', next_serial FROM agent ORDER BY "
    "enrolled, id";
inline constexpr std::string_view unannounced_agents =
    "SELECT id, name, site, hostname, serial, state = 'active', next_serial FROM agent WHERE "
    "announced = 0 "
    "ORDER BY enrolled, id";
inline constexpr std::string_view announce_agent = "UPDATE agent SET announced = 1 WHERE id = ?";
inline constexpr std::string_view revoke_agent =
    "UPDATE agent SET state = 'revoked', announced = 0 WHERE id = ? AND state = 'active'";

}  // namespace muster::collector
