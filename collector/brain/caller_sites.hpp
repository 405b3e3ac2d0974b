// Owns: which sites' records a command may touch, as its body says. Leaves to the API: who sees which; to the commands:
// where a record is.
#pragma once

#include <boost/json/fwd.hpp>

#include <functional>
#include <optional>
#include <set>
#include <string>

namespace muster::collector {

/// Nothing: all, also records of no site.
using CallerSites = std::optional<std::set<std::string, std::less<>>>;

/// The member "sites" of a body.
CallerSites caller_sites(const boost::json::object& body);

}  // namespace muster::collector
