#include "collector/api/class_catalog.hpp"

#include "collector/api/json.hpp"

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

/// Where it comes from: shipped, extended (shipped, with additions of the configuration), declared.
template <class Declared>
json::object origin_json(const std::vector<Declared>& declared, const std::string& name) {
    for (const Declared& each : declared) {
        if (each.value.name == name) {
            return {
                {"origin", each.as == cmdb::Declares::extension ? "extended" : "declared"},
                {"file", json_text(each.file)},
                {"line", each.name_at.line}
            };
        }
    }
    return {{"origin", "shipped"}, {"file", nullptr}, {"line", nullptr}};
}

json::object with_origin(json::object item, json::object origin) {
    for (auto& pair : origin) {
        item[pair.key()] = std::move(pair.value());
    }
    return item;
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
        classes.push_back(
            with_origin(class_json(model, name), origin_json(model.declared().classes, name))
        );
    }
    json::array relations;
    for (const std::string& name : model.relation_names()) {
        relations.push_back(with_origin(
            relation_json(*model.relation(name)), origin_json(model.declared().relations, name)
        ));
    }
    return {{"classes", std::move(classes)}, {"relations", std::move(relations)}};
}

}  // namespace muster::collector
