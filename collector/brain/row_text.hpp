// Owns: the JSON that stands in columns of state.db, but for incidents. Leaves to state_store: the
// rows.
#pragma once

#include "cmdb/statement.hpp"
#include "collector/brain/state.hpp"

#include <span>
#include <string>
#include <string_view>

namespace muster::collector {

/// [{"namespace","kind","value","rank","trusted"}]
std::string keys_json(std::span<const cmdb::Key> keys);
/// {"name":"value"}
std::string attributes_json(const cmdb::Attributes& attributes);
/// "3 failures in a row, recovers after 2 successes, held 5s"
std::string rule_text(const config::Rule& rule);

/// The columns `params` and `rule` of a probe.
struct SpecText {
    std::string params;  ///< {"option":"canonical value"}
    std::string rule;    ///< {"failures","successes","hold","urgency"}
};

/// Texts of the spec asked for last: probes of one spec come in a row.
class CachedSpecText {
  public:
    /// Valid until the next call.
    const SpecText& of(const Spec& spec);

  private:
    Spec spec_;
    SpecText text_;
};

/// A value in a dump: readable where it is plain text, else hexadecimal.
std::string dump_text(std::string_view value);

}  // namespace muster::collector
