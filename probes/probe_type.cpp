#include "probes/probe_type.hpp"

namespace muster::probes {

const ProbeType* find_probe_type(std::string_view name) {
    for (const ProbeType* type : probe_types()) {
        if (type->name == name) {
            return type;
        }
    }
    return nullptr;
}

std::vector<config::ProbeSchema> probe_schemas() {
    std::vector<config::ProbeSchema> schemas;
    for (const ProbeType* type : probe_types()) {
        schemas.push_back({.name = type->name, .params = type->params, .metrics = type->metrics});
    }
    return schemas;
}

}  // namespace muster::probes
