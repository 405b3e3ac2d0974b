#include "collector/api/routes.hpp"

#include "collector/api/route_rows.hpp"

#include <vector>

namespace muster::collector {

std::span<const Route> routes() {
    static const std::vector<Route> table = [] {
        std::vector<Route> all;
        for (const auto part :
             {health_rows(), incident_rows(), inventory_rows(), watch_rows(), access_rows()}) {
            all.insert(all.end(), part.begin(), part.end());
        }
        return all;
    }();
    return table;
}

std::string_view to_string(Method method) {
    switch (method) {
        case Method::get:
            return "GET";
        case Method::post:
            return "POST";
        case Method::put:
            return "PUT";
        case Method::patch:
            return "PATCH";
        case Method::remove:
            return "DELETE";
        case Method::undeclared:
            break;
    }
    return "";
}

}  // namespace muster::collector
