#include "collector/brain/ci_commands.hpp"

#include "base/bytes.hpp"
#include "cmdb/keys.hpp"
#include "cmdb/observed.hpp"
#include "collector/brain/said_by_hand.hpp"

#include <boost/json.hpp>

#include <algorithm>
#include <utility>

namespace muster::collector {

namespace json = boost::json;

namespace {

constexpr std::size_t name_bytes = 256;
constexpr std::size_t value_bytes = 4096;
/// Each statement that is taken is told apart from each that stays: so many words at most.
constexpr std::size_t most_words = 1'000;

Verdict refused(const std::string& detail) {
    return problem(400, "Bad Request", detail);
}

void set_value(cmdb::Statement& said, const std::string& name, std::string value) {
    std::erase_if(said.attributes, [&](const cmdb::Told& each) { return each.name == name; });
    if (!value.empty()) {
        said.attributes.push_back({name, std::move(value), {}});
    }
}

/// Why a value may not be said of a class; empty where it may.
std::string flaw_of(
    const cmdb::Model& model,
    const std::string& ci_class,
    const std::string& name,
    const std::string& value
) {
    if (name.starts_with("label.") && name.size() > 6) {
        return {};
    }
    for (const cmdb::AttributeSpec& spec : model.attributes(ci_class)) {
        if (spec.name == name) {
            const bool fits = spec.values.empty() || value.empty() ||
                              std::ranges::find(spec.values, value) != spec.values.end();
            return fits ? std::string{} : name + ": \"" + value + "\" is none of its values";
        }
    }
    return "class " + ci_class + " has no attribute \"" + name + "\"";
}

/// Takes the members of `from` as values; the first flaw in words.
std::string take_values(const Fold& fold, const json::value* from, cmdb::Statement& said) {
    if (from == nullptr) {
        return {};
    }
    if (!from->is_object()) {
        return "attributes: expected an object of texts";
    }
    for (const auto& [key, value] : from->get_object()) {
        const std::string name = printable(std::string_view(key), name_bytes);
        if (!value.is_string()) {
            return name + ": expected a text";
        }
        const std::string text = printable(std::string_view(value.get_string()), value_bytes);
        if (std::string flaw = flaw_of(fold.model, said.ci_class, name, text); !flaw.empty()) {
            return flaw;
        }
        set_value(said, name, text);
    }
    return {};
}

/// What a person types in identifies as what a tool finds does.
void add_keys(const Fold& fold, cmdb::Statement& said) {
    const cmdb::Attributes values = cmdb::values_of(said);
    const std::string site(cmdb::value_of(said, "site"));
    said.keys = cmdb::computed_keys(fold.model, said.ci_class, values, site);
    const auto add = [&](std::string_view space, std::string_view kind, const std::string& value) {
        if (auto key = cmdb::canonical_key(fold.model, said.ci_class, space, kind, value); key) {
            said.keys.push_back(std::move(*key));
        }
    };
    const std::string serial(cmdb::value_of(said, "serial"));
    const std::string maker(cmdb::value_of(said, "manufacturer"));
    if (!serial.empty() && !maker.empty()) {
        add("vendor", "serial", maker + " " + serial);
    }
    add("smbios", "uuid", std::string(cmdb::value_of(said, "smbios_uuid")));
}

bool is_concrete(const cmdb::Model& model, const std::string& name) {
    const cmdb::CiClass* found = model.find(name);
    return found != nullptr && !found->abstract;
}

}  // namespace

Verdict create_ci_by_hand(Fold& fold, const CommandCall& call) {
    CiPlan plan;
    cmdb::Statement& said = plan.statements.emplace_back();
    said.source = manual;
    said.object = "made/" + std::to_string(fold.lsn);
    said.ci_class = text_of(call.body, "class");
    said.observed = fold.wall;
    if (!is_concrete(fold.model, said.ci_class)) {
        return refused("class: nothing can be of class \"" + said.ci_class + "\"");
    }
    if (std::string flaw = take_values(fold, call.body.if_contains("attributes"), said);
        !flaw.empty()) {
        return refused(flaw);
    }
    const std::string name(cmdb::value_of(said, "name"));
    if (name.empty()) {
        return refused("name: expected a text");
    }
    const bool is_there = std::ranges::any_of(fold.state.cis, [&](const CiState& ci) {
        return !ci.retired && ci.name == name && ci.ci_class == said.ci_class &&
               ci.site == cmdb::value_of(said, "site");
    });
    if (is_there) {
        return problem(
            409,
            "Conflict",
            said.ci_class + " \"" + name +
                "\" is there already; edit it, or give this one another name"
        );
    }
    add_keys(fold, said);
    const cmdb::ObjectName about{said.source, said.object};
    return answer(fold, call, std::move(plan), about, 201);
}

Verdict edit_ci_by_hand(Fold& fold, const CommandCall& call) {
    const CiId ci = ci_named(fold, call.body, "id");
    if (ci.is_nil()) {
        return nothing_there(text_of(call.body, "id"));
    }
    CiPlan plan;
    cmdb::Statement& said = remark(fold, ci, plan);
    if (std::string flaw = take_values(fold, call.body.if_contains("set"), said); !flaw.empty()) {
        return refused(flaw);
    }
    const json::value* unset = call.body.if_contains("unset");
    if (unset != nullptr && unset->is_array()) {
        for (const json::value& name : unset->get_array()) {
            if (name.is_string()) {
                set_value(said, std::string(std::string_view(name.get_string())), {});
            }
        }
    }
    return answer(fold, call, std::move(plan), oldest_of(fold.state.identity, ci));
}

Verdict retire_ci_by_hand(Fold& fold, const CommandCall& call) {
    const CiId ci = ci_named(fold, call.body, "id");
    if (ci.is_nil()) {
        return nothing_there(text_of(call.body, "id"));
    }
    CiPlan plan;
    set_value(remark(fold, ci, plan), "lifecycle", "retired");
    plan.notes.push_back({"retire", ci, {}, text_of(call.body, "reason")});
    return answer(fold, call, std::move(plan), oldest_of(fold.state.identity, ci));
}

Verdict merge_cis_by_hand(Fold& fold, const CommandCall& call) {
    const CiId ci = ci_named(fold, call.body, "id");
    const CiId other = ci_named(fold, call.body, "other");
    if (ci.is_nil() || other.is_nil()) {
        return nothing_there(text_of(call.body, ci.is_nil() ? "id" : "other"));
    }
    if (ci == other) {
        return problem(409, "Conflict", "both are one already");
    }
    const auto class_of = [&](CiId id) {
        return fold.state.cis[fold.state.ci_by_id.at(id)].ci_class;
    };
    const std::string one = class_of(ci);
    const std::string two = class_of(other);
    if (!fold.model.is_a(one, two) && !fold.model.is_a(two, one)) {
        return problem(
            409,
            "Conflict",
            "the classes " + one + " and " + two +
                " cannot be one CI; reclassify one of the two first"
        );
    }
    CiPlan plan;
    plan.cis = {ci, other};
    plan.words.push_back(
        {oldest_of(fold.state.identity, ci), oldest_of(fold.state.identity, other), true}
    );
    plan.notes.push_back({"merge", ci, other, text_of(call.body, "reason")});
    return answer(fold, call, std::move(plan), oldest_of(fold.state.identity, ci));
}

Verdict unmerge_ci_by_hand(Fold& fold, const CommandCall& call) {
    const CiId ci = ci_named(fold, call.body, "id");
    if (ci.is_nil()) {
        return nothing_there(text_of(call.body, "id"));
    }
    const cmdb::Identification& identity = fold.state.identity;
    CiPlan plan;
    plan.cis = {ci};
    for (const cmdb::Word& word : identity.words()) {
        if (word.is_same && identity.ci_of(word.a.source, word.a.object) == ci &&
            !is_remark(word.a.source, word.a.object) && !is_remark(word.b.source, word.b.object)) {
            plan.taken_back.push_back(word);
        }
    }
    if (plan.taken_back.empty()) {
        return problem(
            409, "Conflict", "nobody merged anything into it; to take it apart, split it"
        );
    }
    plan.notes.push_back({"unmerge", ci, {}, text_of(call.body, "reason")});
    return answer(fold, call, std::move(plan), oldest_of(identity, ci));
}

Verdict split_ci_by_hand(Fold& fold, const CommandCall& call) {
    const CiId ci = ci_named(fold, call.body, "id");
    if (ci.is_nil()) {
        return nothing_there(text_of(call.body, "id"));
    }
    const cmdb::Identification& identity = fold.state.identity;
    std::vector<cmdb::ObjectName> taken;
    const json::value* wanted = call.body.if_contains("statements");
    if (wanted != nullptr && wanted->is_array()) {
        if (wanted->get_array().size() > most_words) {
            return refused("statements: expected at most " + std::to_string(most_words));
        }
        for (const json::value& each : wanted->get_array()) {
            if (each.is_object()) {
                taken.push_back(
                    {text_of(each.get_object(), "source"), text_of(each.get_object(), "object")}
                );
            }
        }
    }
    std::vector<cmdb::ObjectName> left;
    for (const cmdb::Statement* each : identity.all_members(ci)) {
        const cmdb::ObjectName name{each->source, each->object};
        if (std::ranges::find(taken, name) == taken.end()) {
            left.push_back(name);
        }
    }
    if (taken.empty() || left.empty() ||
        taken.size() + left.size() != identity.all_members(ci).size()) {
        return refused("statements: expected some, and not all, of those that this CI is made of");
    }
    if (taken.size() * left.size() > most_words) {
        return refused(
            "statements: " + std::to_string(taken.size()) + " of " +
            std::to_string(taken.size() + left.size()) +
            " are too many to split off at once; take fewer of them"
        );
    }
    CiPlan plan;
    plan.cis = {ci};
    for (const cmdb::Word& word : identity.words()) {
        const bool from = std::ranges::find(taken, word.a) != taken.end();
        const bool to = std::ranges::find(taken, word.b) != taken.end();
        if (word.is_same && from != to) {
            plan.taken_back.push_back(word);
        }
    }
    for (const cmdb::ObjectName& each : taken) {
        for (const cmdb::ObjectName& other : left) {
            plan.words.push_back({other, each, false});
        }
    }
    plan.notes.push_back({"split_by_hand", ci, {}, text_of(call.body, "reason")});
    return answer(fold, call, std::move(plan), taken.front());
}

Verdict tell_cis_apart_by_hand(Fold& fold, const CommandCall& call) {
    const CiId ci = ci_named(fold, call.body, "id");
    const CiId other = ci_named(fold, call.body, "other");
    if (ci.is_nil() || other.is_nil()) {
        return nothing_there(text_of(call.body, ci.is_nil() ? "id" : "other"));
    }
    if (ci == other) {
        return problem(409, "Conflict", "both are one; split it, or take the merge back");
    }
    CiPlan plan;
    plan.cis = {ci, other};
    plan.words.push_back(
        {oldest_of(fold.state.identity, ci), oldest_of(fold.state.identity, other), false}
    );
    plan.notes.push_back({"not_same", ci, other, text_of(call.body, "reason")});
    return answer(fold, call, std::move(plan), oldest_of(fold.state.identity, ci));
}

Verdict reclassify_ci_by_hand(Fold& fold, const CommandCall& call) {
    const CiId ci = ci_named(fold, call.body, "id");
    if (ci.is_nil()) {
        return nothing_there(text_of(call.body, "id"));
    }
    const std::string wanted = text_of(call.body, "class");
    if (!is_concrete(fold.model, wanted)) {
        return refused("class: nothing can be of class \"" + wanted + "\"");
    }
    CiPlan plan;
    remark(fold, ci, plan).ci_class = wanted;
    plan.notes.push_back({"reclassify", ci, {}, text_of(call.body, "reason")});
    return answer(fold, call, std::move(plan), oldest_of(fold.state.identity, ci));
}

}  // namespace muster::collector
