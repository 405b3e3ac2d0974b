// What other tools submit: read strictly, bound to who sends it, then as what agents see.
#include "base/bytes.hpp"
#include "cmdb/observed.hpp"
#include "collector/brain/ci_commands.hpp"
#include "collector/brain/ci_plan.hpp"
#include "collector/brain/commands.hpp"

#include <boost/json.hpp>

#include <algorithm>
#include <set>
#include <utility>

namespace muster::collector {

namespace json = boost::json;

namespace {

const wire::ObservationLimits limits{.items = 2'000, .facts = 50'000, .relations = 10'000};

/// Whose keys are proved otherwise: nobody claims them here.
bool is_reserved(std::string_view space) {
    return space == "agent" || space == "configuration";
}

/// Reads the body of `POST /observations`; the first flaw in words.
class Reader {
  public:
    Reader(const cmdb::Model& model, WallTime now) : model_(model), now_(now) {}

    std::string read(const json::object& body, wire::Observations& out) {
        out.run = text_of(body, "run");
        const std::string completeness = text_of(body, "completeness");
        if (completeness != "full" && completeness != "partial") {
            return "completeness: expected full or partial";
        }
        out.full = completeness == "full";
        const json::value* items = body.if_contains("items");
        if (items == nullptr || !items->is_array() || items->get_array().size() > limits.items) {
            return "items: expected a list of at most " + std::to_string(limits.items);
        }
        for (const json::value& item : items->get_array()) {
            if (!item.is_object() || !add_item(item.get_object(), out)) {
                return at_item(out.items.size() - (flaw_.empty() ? 0 : 1));
            }
        }
        return read_relations(body, out);
    }

  private:
    std::string at_item(std::size_t index) const {
        return "items/" + std::to_string(index) + ": " +
               (flaw_.empty() ? "expected an object" : flaw_);
    }

    bool blame(std::string flaw) {
        flaw_ = std::move(flaw);
        return false;
    }

    bool add_item(const json::object& from, wire::Observations& out) {
        wire::ObservedItem& item = out.items.emplace_back();
        item.ci_class = text_of(from, "class");
        item.object = text_of(from, "object");
        if (item.object.size() > limits.text_bytes) {
            return blame("object: expected a text of at most 4096 bytes");
        }
        item.observed = now_;
        const cmdb::CiClass* known = model_.find(item.ci_class);
        if (known == nullptr || known->abstract) {
            return blame("class: nothing can be of class \"" + item.ci_class + "\"");
        }
        if (const std::string at = text_of(from, "observed_at"); !at.empty()) {
            const auto time = parse_rfc3339(at);
            if (!time) {
                return blame("observed_at: expected 2026-11-22T09:26:00Z");
            }
            item.observed = *time;
        }
        return add_keys(from, item) && add_attributes(from, item) && name_it(item);
    }

    bool add_keys(const json::object& from, wire::ObservedItem& item) {
        const json::value* keys = from.if_contains("keys");
        if (keys == nullptr) {
            return true;
        }
        if (!keys->is_array() || keys->get_array().size() > limits.keys_an_item) {
            return blame("keys: expected a list of at most " + std::to_string(limits.keys_an_item));
        }
        for (const json::value& each : keys->get_array()) {
            const json::object* key = each.if_object();
            if (key == nullptr) {
                return blame("keys: expected objects of kind and value");
            }
            wire::ObservedKey found{
                text_of(*key, "namespace"), text_of(*key, "kind"), text_of(*key, "value")
            };
            for (const std::string* text : {&found.space, &found.kind, &found.value}) {
                if (text->size() > limits.text_bytes) {
                    return blame("keys: expected texts of at most 4096 bytes");
                }
            }
            if (found.space.empty()) {
                found.space = space_of(item.ci_class, found.kind);
            }
            if (found.kind.empty() || found.value.empty() || is_reserved(found.space)) {
                return blame(
                    "keys: \"" + found.space + "/" + found.kind +
                    "\" is nothing that may be said here"
                );
            }
            item.keys.push_back(std::move(found));
        }
        return true;
    }

    /// The namespace that a class knows the kind in.
    std::string space_of(const std::string& ci_class, const std::string& kind) const {
        for (const cmdb::KeyRule& rule : model_.identification(ci_class)) {
            if (rule.kind == kind && !is_reserved(rule.space)) {
                return rule.space;
            }
        }
        return "other";
    }

    bool add_attributes(const json::object& from, wire::ObservedItem& item) {
        const json::value* attributes = from.if_contains("attributes");
        if (attributes == nullptr) {
            return true;
        }
        const json::object* values = attributes->if_object();
        if (values == nullptr || values->size() > limits.attributes_an_item) {
            return blame(
                "attributes: expected an object of at most " +
                std::to_string(limits.attributes_an_item)
            );
        }
        for (const auto& [name, value] : *values) {
            if (!value.is_string() || value.get_string().size() > limits.text_bytes) {
                return blame(
                    "attributes/" + printable(std::string_view(name), 64) + ": expected a text"
                );
            }
            item.attributes[printable(std::string_view(name), 64)] =
                printable(std::string_view(value.get_string()), limits.text_bytes);
        }
        return true;
    }

    /// Without a name of its source's own a thing is called by its strongest key, else by its name.
    bool name_it(wire::ObservedItem& item) {
        if (item.object.empty() && !item.keys.empty()) {
            item.object =
                item.ci_class + "/" + item.keys.front().kind + "/" + item.keys.front().value;
        } else if (item.object.empty() && item.attributes.contains("name")) {
            item.object = item.ci_class + "/name/" + item.attributes.at("name");
        }
        if (item.object.empty()) {
            return blame("expected an object, a key or a name to know it by");
        }
        return named_.insert(item.object).second ||
               blame("object: \"" + item.object + "\" is named twice");
    }

    std::string read_relations(const json::object& body, wire::Observations& out) const {
        const json::value* relations = body.if_contains("relations");
        if (relations == nullptr) {
            return {};
        }
        if (!relations->is_array() || relations->get_array().size() > limits.relations) {
            return "relations: expected a list of at most " + std::to_string(limits.relations);
        }
        for (const json::value& each : relations->get_array()) {
            const json::object* relation = each.if_object();
            const std::string type =
                relation == nullptr ? std::string{} : text_of(*relation, "type");
            const std::string here = "relations/" + std::to_string(out.relations.size()) + ": ";
            if (model_.relation(type) == nullptr) {
                return here + "there is no kind of relation \"" + type + "\"";
            }
            const auto from = index_of(*relation, "from", out.items.size());
            const auto to = index_of(*relation, "to", out.items.size());
            if (from >= out.items.size() || to >= out.items.size()) {
                return here + "from and to: expected positions in items";
            }
            const std::string& one = out.items[from].ci_class;
            const std::string& two = out.items[to].ci_class;
            if (!model_.may_relate(type, one, two)) {
                return here + "a " + one + " does not stand to a " + two + " as \"" + type + "\"";
            }
            out.relations.push_back(
                {static_cast<std::uint32_t>(from), static_cast<std::uint32_t>(to), type}
            );
        }
        return {};
    }

    static std::size_t index_of(
        const json::object& relation, std::string_view key, std::size_t absent
    ) {
        const json::value* value = relation.if_contains(key);
        const bool is_index = value != nullptr && value->is_int64() && value->get_int64() >= 0;
        return is_index ? static_cast<std::size_t>(value->get_int64()) : absent;
    }

    const cmdb::Model& model_;
    WallTime now_;
    std::string flaw_;
    std::set<std::string> named_;
};

}  // namespace

Verdict take_observations(Fold& fold, const CommandCall& call) {
    wire::Observations seen;
    const std::string flaw = Reader(fold.model, fold.wall).read(call.body, seen);
    if (!flaw.empty()) {
        return problem(400, "Bad Request", flaw);
    }
    cmdb::Observer observer;
    observer.source = "api/" + std::string(call.actor);
    observer.site = text_of(call.body, "site");
    observer.latest = fold.wall;
    CiPlan plan;
    plan.statements = cmdb::statements_of(fold.model, observer, seen);
    plan.saying = seen.full ? cmdb::Saying::looks : cmdb::Saying::adds;
    plan.at = seen.items.empty() ? fold.wall : cmdb::time_of(observer, seen);
    if (seen.full) {
        std::set<std::string> named;
        for (const wire::ObservedItem& item : seen.items) {
            named.insert(item.object);
        }
        for (std::string& object : fold.state.identity.objects(observer.source)) {
            const cmdb::Statement& known = *fold.state.identity.find(observer.source, object);
            if (!named.contains(object) && plan.at >= cmdb::heard(known)) {
                plan.missed.push_back({observer.source, std::move(object)});
            }
        }
    }
    const bool is_dry = is_dry_run(call.body);
    Preview preview = preview_of(fold, plan, caller_sites(call.body));
    if (preview.is_foreign) {
        return foreign_sites();
    }
    json::object body = std::move(preview.body);
    body["source"] = observer.source;
    body["dry_run"] = is_dry;
    json::array missing;
    for (const cmdb::ObjectName& name : plan.missed) {
        missing.push_back(json::value(name.object));
    }
    body["missing"] = std::move(missing);
    if (!is_dry) {
        perform(fold, plan, call.actor);
    }
    return {.status = 200, .body = json::serialize(body), .etag = {}};
}

}  // namespace muster::collector
