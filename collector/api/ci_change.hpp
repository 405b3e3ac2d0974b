// Owns: the way of every change of what is known: names become ids as the caller sees them, then the brain decides. Leaves to the
// routes: what is changed.
#pragma once

#include "collector/api/routes.hpp"

#include <boost/json.hpp>

#include <map>
#include <string>

namespace muster::collector {

/// Names of members of the body → the CIs they are, as the caller wrote them.
using NamedCis = std::map<std::string, std::string>;

/// The command, with ids in place of names; the brain's verdict is the answer. Takes "dry_run" and If-Match of the CI "id".
/// 404 for a CI that the caller does not see.
Task<HttpResponse> submit_change(
    Call call, std::string name, boost::json::object body, NamedCis names
);

}  // namespace muster::collector
