// Owns: thresholds by query or pin, and which of several wins for one probe: most specific first. docs/policies.md prints
// the order. Leaves to rule_reader.hpp: reading; to collector/brain: which CIs a query matches.
#pragma once

#include "config/query.hpp"
#include "config/rule.hpp"

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace muster::config {

/// `thresholds:`: pieces of rules for the probes of the CIs that `match` or `pin` names.
struct Threshold {
    std::string name;
    Query match;             ///< empty with `pin`
    std::string pin;         ///< name or id of one CI
    std::string probe_type;  ///< empty: any
    std::string probe_name;  ///< empty: any
    RuleParts parts;
};

/// In order of rising weight: what is shipped, what the policy says, a query on the class, on the site, on a label or any
/// other attribute, and the CI itself.
enum class Specificity : std::uint8_t { shipped, policy, ci_class, site, label, pin };

/// "pin", "label", "site", "class", "policy", "shipped"
std::string_view to_string(Specificity specificity);

/// One place that says something of a probe's rule.
struct Candidate {
    std::string origin;  ///< "threshold core", "target intranet", "policy web", "shipped defaults"
    Specificity specificity = Specificity::shipped;
    std::uint32_t fields = 0;          ///< different fields its query names
    const RuleParts* parts = nullptr;  // whoever made the candidate keeps it alive
};

/// How specific a threshold is, by its pin or by what its query names.
Candidate candidate_of(const Threshold& threshold);
/// Whether it is about probes of this type and name.
bool concerns(const Threshold& threshold, std::string_view probe_type, std::string_view probe_name);

/// The shipped defaults: 3 failures, 2 successes, hold 5s, flapping 5 in 30m.
const RuleParts& shipped_parts();

/// Most specific first. Equals: thresholds before targets and policies, then more fields, then by name.
void rank(std::vector<Candidate>& candidates);

/// For every piece the first candidate that names it; metrics of `probe_type` only.
Rule resolve(std::span<const Candidate> ranked, std::string_view probe_type);

/// The rule that one place gives by itself, over the shipped defaults; metrics of every type.
Rule rule_of(const RuleParts& parts);

}  // namespace muster::config
