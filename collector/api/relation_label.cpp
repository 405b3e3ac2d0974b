#include "collector/api/relation_label.hpp"

namespace muster::collector {

std::string relation_label(const cmdb::Model& model, std::string_view type, RelationEnd seen_from) {
    const cmdb::RelationType* known = model.relation(type);
    const bool is_outgoing = seen_from == RelationEnd::from;
    if (known == nullptr) {
        return (is_outgoing ? "" : "← ") + std::string(type);
    }
    return is_outgoing ? known->label.en : known->reverse.en;
}

}  // namespace muster::collector
