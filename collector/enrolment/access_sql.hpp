// Owns: the text of every statement of access_store, by name. Leaves to access_store.cpp: binding and reading.
#pragma once

#include <string_view>

namespace muster::collector {

inline constexpr std::string_view insert_join_token =
    "INSERT INTO join_token(id, hash, site, name, max_uses, created, expires, created_by, sources) "
    "VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?)";
inline constexpr std::string_view use_join_token =
    "UPDATE join_token SET uses = uses + 1 WHERE id = ? AND hash = ? AND uses < max_uses "
    "AND expires > ? AND revoked = 0";
inline constexpr std::string_view find_join_token =
    "SELECT id, site, name, uses, max_uses, created, expires, created_by, revoked, sources "
    "FROM join_token WHERE id = ? AND hash = ?";
inline constexpr std::string_view all_join_tokens =
    "SELECT id, site, name, uses, max_uses, created, expires, created_by, revoked, sources "
    "FROM join_token ORDER BY created DESC, id LIMIT 1000";
inline constexpr std::string_view withdraw_join_token =
    "UPDATE join_token SET revoked = 1 WHERE id = ? AND revoked = 0";
inline constexpr std::string_view find_agent_name =
    "SELECT id, name, site, hostname, serial, state = 'active', next_serial, authorities "
    "FROM agent WHERE name = ?";
inline constexpr std::string_view find_agent_id =
    "SELECT id, name, site, hostname, serial, state = 'active', next_serial, authorities "
    "FROM agent WHERE id = ?";
inline constexpr std::string_view forget_recoveries =
    "DELETE FROM agent_recovery WHERE agent = ? AND at <= ?";
inline constexpr std::string_view count_recoveries =
    "SELECT COUNT(*) FROM agent_recovery WHERE agent = ?";
inline constexpr std::string_view insert_recovery =
    "INSERT INTO agent_recovery(agent, at) VALUES(?, ?)";
inline constexpr std::string_view renew_agent_row =
    "UPDATE agent SET site = ?, hostname = ?, version = ?, serial = ?, not_after = ?, "
    "issuer = ?, next_serial = '', next_not_after = 0, next_issuer = '' "
    "WHERE id = ? AND state = 'active'";
inline constexpr std::string_view promise_certificate =
    "UPDATE agent SET next_serial = ?, next_not_after = ?, next_issuer = ? "
    "WHERE id = ? AND serial = ? AND state = 'active'";
inline constexpr std::string_view replace_certificate =
    "UPDATE agent SET serial = next_serial, not_after = next_not_after, issuer = next_issuer, "
    "next_serial = '', next_not_after = 0, next_issuer = '' WHERE id = ? AND next_serial = ? "
    "RETURNING issuer";
inline constexpr std::string_view insert_agent_row =
    "INSERT INTO agent(id, name, site, hostname, version, serial, not_after, state, enrolled, "
    "issuer) VALUES(?, ?, ?, ?, ?, ?, ?, 'active', ?, ?)";
inline constexpr std::string_view note_authorities =
    "UPDATE agent SET authorities = ? WHERE id = ?";
inline constexpr std::string_view agents_without_authorities =
    "SELECT name FROM agent WHERE state = 'active' AND authorities <> ? ORDER BY name";
inline constexpr std::string_view agents_of_other_issuer =
    "SELECT name FROM agent WHERE state = 'active' AND issuer <> ? ORDER BY name";
inline constexpr std::string_view all_agents =
    "SELECT id, name, site, hostname, serial, state = 'active', next_serial, authorities "
    "FROM agent ORDER BY enrolled, id";
inline constexpr std::string_view unannounced_agents =
    "SELECT id, name, site, hostname, serial, state = 'active', next_serial, authorities "
    "FROM agent WHERE announced = 0 ORDER BY enrolled, id";
inline constexpr std::string_view announce_agent = "UPDATE agent SET announced = 1 WHERE id = ?";
inline constexpr std::string_view revoke_agent =
    "UPDATE agent SET state = 'revoked', announced = 0 WHERE id = ? AND state = 'active'";

}  // namespace muster::collector
