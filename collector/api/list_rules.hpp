// Owns: for each list its name, its key, the fields `q` may name, its orders. docs/api.md lists the fields; a test compares.
// Leaves to list_query.hpp: what is done with them.
#pragma once

#include "cmdb/model.hpp"
#include "collector/api/list_query.hpp"

namespace muster::collector {

const ListRules& incident_list();
const ListRules& window_list();
/// Its fields are the attributes of all classes.
ListRules ci_list(const cmdb::Model& model);
/// The same at a moment: without what is known of now alone.
ListRules past_ci_list(const cmdb::Model& model);
inline constexpr std::string_view past_cis = "cis at";  ///< its name
const ListRules& probe_list();
const ListRules& agent_list();
const ListRules& receipt_list();
const ListRules& audit_list();
const ListRules& user_list();
const ListRules& token_list();
const ListRules& join_token_list();
const ListRules& backup_list();
const ListRules& quarantine_list();
const ListRules& policy_list();
const ListRules& threshold_list();
const ListRules& target_list();
const ListRules& applied_list();
const ListRules& channel_list();

}  // namespace muster::collector
