// Owns: which sites' records a caller may see, as every query takes it. Leaves to the stores: where a record's site stands.
#pragma once

#include "base/database.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace muster::collector {

/// The sites whose records an answer may show. Has no default: whoever reads says for whom. What is outside looks as if it
/// were not there. A value; safe to copy to another thread.
class ReadScope {
  public:
    /// Every record, also those of no site.
    static ReadScope everything();
    /// Records of these sites alone; of none where the list is empty.
    static ReadScope of_sites(std::vector<std::string> sites);

    bool is_everything() const { return is_everything_; }

    /// The sites of a scope that is not everything; sorted, each once.
    const std::vector<std::string>& sites() const { return sites_; }

    bool allows(std::string_view site) const;

    /// Binds the parameter of a query's scope. The query says `(?N IS NULL OR <site> IN (SELECT value FROM json_each(?N)))`:
    /// null for everything, else a JSON array of names.
    void bind(Statement& statement, int position) const;

    friend bool operator==(const ReadScope&, const ReadScope&) = default;

  private:
    ReadScope() = default;

    bool is_everything_ = false;
    std::vector<std::string> sites_;
    std::string bound_;
};

}  // namespace muster::collector
