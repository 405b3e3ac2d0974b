#include "collector/brain/caller_sites.hpp"

#include <boost/json.hpp>

namespace muster::collector {

namespace json = boost::json;

CallerSites caller_sites(const json::object& body) {
    const json::value* sites = body.if_contains("sites");
    if (sites == nullptr) {
        return std::nullopt;
    }
    std::set<std::string, std::less<>> out;
    for (const json::value& site : sites->is_array() ? sites->get_array() : json::array{}) {
        if (site.is_string()) {
            out.emplace(site.get_string());
        }
    }
    return out;
}

}  // namespace muster::collector
