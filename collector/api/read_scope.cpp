#include "collector/api/read_scope.hpp"

#include "collector/api/json.hpp"

#include <algorithm>
#include <utility>

namespace muster::collector {

ReadScope ReadScope::everything() {
    ReadScope scope;
    scope.is_everything_ = true;
    return scope;
}

ReadScope ReadScope::of_sites(std::vector<std::string> sites) {
    ReadScope scope;
    std::ranges::sort(sites);
    const auto repeated = std::ranges::unique(sites);
    sites.erase(repeated.begin(), repeated.end());
    json::array names;
    for (const std::string& site : sites) {
        names.push_back(json_text(site));
    }
    scope.sites_ = std::move(sites);
    scope.bound_ = json::serialize(names);
    return scope;
}

bool ReadScope::allows(std::string_view site) const {
    return is_everything_ || std::ranges::binary_search(sites_, site);
}

void ReadScope::bind(Statement& statement, int position) const {
    if (is_everything_) {
        statement.bind_null(position);
    } else {
        statement.bind_text(position, bound_);
    }
}

}  // namespace muster::collector
