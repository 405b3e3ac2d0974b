#include "collector/api/caller_sites.hpp"

#include "collector/api/json.hpp"

#include <string>
#include <utility>

namespace muster::collector {

void put_sites(const Call& call, boost::json::object& body) {
    body.erase("sites");
    if (!call.actor.scope.is_everything()) {
        boost::json::array sites;
        for (const std::string& site : call.actor.scope.sites()) {
            sites.push_back(json_text(site));
        }
        body["sites"] = std::move(sites);
    }
}

}  // namespace muster::collector
