// Owns: what every command about configuration items has in common: the CI that is meant, what a person has said of it so far, and
// the answer. Leaves to ci_commands and relation_commands: what is decided; to ci_plan: trying out and doing.
#pragma once

#include "collector/brain/ci_plan.hpp"
#include "collector/brain/commands.hpp"

#include <string>
#include <string_view>

namespace muster::collector {

/// The source that people are.
inline constexpr std::string_view manual = "manual";

/// The CI whose id the member `key` of the body is; nil where there is none that stands.
CiId ci_named(const Fold& fold, const boost::json::object& body, std::string_view key);
/// 404
Verdict nothing_there(const std::string& name);

/// The first statement of a CI.
cmdb::ObjectName oldest_of(const cmdb::Identification& identity, CiId ci);

/// Whether it is what a person says of a CI that others named first: it goes with the CI, and keeps none in being.
bool is_remark(std::string_view source, std::string_view object);

/// The statement as said again: what it says now, without its past.
cmdb::Statement said_again(const cmdb::Statement& statement);

/// Adds the person's own statement of a CI to the plan: as it was said, or a new one that is bound to the CI. The reference lives until the next.
cmdb::Statement& remark(const Fold& fold, CiId ci, CiPlan& plan);

/// Does what is planned, unless the body has "dry_run": what it does, with "ci" (that of `about`) and "dry_run"; 403 where it
/// would touch what the caller may not.
/// `more`: members beside these.
Verdict answer(
    Fold& fold,
    const CommandCall& call,
    CiPlan plan,
    cmdb::ObjectName about,
    int status = 200,
    boost::json::object more = {}
);

}  // namespace muster::collector
