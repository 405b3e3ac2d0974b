#include "collector/api/class_catalog.hpp"

#include <utility>

namespace muster::collector {

namespace json = boost::json;

namespace {

json::object label_json(const cmdb::Label& label) {
    return {{"en", label.en}, {"zh", label.zh}};
}

json::array attributes_json(const cmdb::Model& model, const std::string& name) {
    json::array out;
    for (const cmdb::AttributeSpec& each : model.attributes(name)) {
        json::array values(each.values.begin(), each.values.end());
        out.push_back(json::object{
            {"name", each.name},
            {"type", each.type},
            {"unit", each.unit},
            {"values", std::move(values)},
            {"label", label_json(each.label)}
        });
    }
    return out;
}

std::string_view text_of(cmdb::KeyValues values) {
    switch (values) {
        case cmdb::KeyValues::single:
            return "single";
        case cmdb::KeyValues::many:
            return "many";
        case cmdb::KeyValues::renewed:
            return "renewed";
    }
    return "";
}

json::array keys_json(const cmdb::Model& model, const std::string& name) {
    json::array out;
    for (const cmdb::KeyRule& each : model.identification(name)) {
        json::array of(each.of.begin(), each.of.end());
        out.push_back(json::object{
            {"namespace", each.space},
            {"kind", each.kind},
            {"rank", each.rank},
            {"values", text_of(each.values)},
            {"of", std::move(of)}
        });
    }
    return out;
}

json::object class_json(const cmdb::Model& model, const std::string& name) {
    const cmdb::CiClass& its = *model.find(name);
    return {
        {"name", name},
        {"parent", its.parent.empty() ? json::value(nullptr) : json::value(its.parent)},
        {"label", label_json(its.label)},
        {"abstract", its.abstract},
        {"dependent", model.is_dependent(name)},
        {"icon", model.icon(name)},
        {"criticality", model.criticality(name)},
        {"patience", format_duration(model.patience(name))},
        {"precedence", model.precedence(name)},
        {"attributes", attributes_json(model, name)},
        {"keys", keys_json(model, name)}
    };
}

json::object relation_json(const cmdb::RelationType& type) {
    json::array pairs;
    for (const auto& [from, to] : type.pairs) {
        pairs.push_back(json::object{{"from", from}, {"to", to}});
    }
    return {
        {"name", type.name},
        {"reverse", type.reverse_name},
        {"label", label_json(type.label)},
        {"reverse_label", label_json(type.reverse)},
        {"pairs", std::move(pairs)},
        {"failure_travels", to_string(type.travels)},
        {"redundancy", to_string(type.redundancy)}
    };
}

}  // namespace

json::object classes_json(const cmdb::Model& model) {
    json::array classes;
    for (const std::string& name : model.names()) {
        classes.push_back(class_json(model, name));
    }
    json::array relations;
    for (const std::string& name : model.relation_names()) {
        relations.push_back(relation_json(*model.relation(name)));
    }
    return {{"classes", std::move(classes)}, {"relations", std::move(relations)}};
}

}  // namespace muster::collector
