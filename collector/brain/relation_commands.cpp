#include "collector/brain/relation_commands.hpp"

#include "collector/brain/said_by_hand.hpp"
#include "collector/relation_name.hpp"

#include <boost/json.hpp>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>
#include <utility>
#include <vector>

namespace muster::collector {

namespace {

/// A person states no more of one CI.
constexpr std::size_t most_stated = 1'000;

/// What the command is about; the ends are nil where they are not there.
struct Relation {
    CiId from;
    CiId to;
    std::string type;
};

Relation relation_of(const Fold& fold, const CommandCall& call) {
    return {
        ci_named(fold, call.body, "from"),
        ci_named(fold, call.body, "to"),
        text_of(call.body, "type")
    };
}

const CiState& state_of(const Fold& fold, CiId ci) {
    return fold.state.cis[fold.state.ci_by_id.at(ci)];
}

/// Kinds that may join these two, in this direction.
std::vector<std::string> kinds_between(
    const cmdb::Model& model, std::string_view from, std::string_view to
) {
    std::vector<std::string> out;
    for (std::string& name : model.relation_names()) {
        if (model.may_relate(name, from, to)) {
            out.push_back(std::move(name));
        }
    }
    return out;
}

std::string listed(const std::vector<std::string>& kinds) {
    return kinds.empty() ? "none" : fmt::format("{}", fmt::join(kinds, ", "));
}

/// A kind by the name that it has read from its other end.
std::string read_backwards(const cmdb::Model& model, std::string_view name) {
    for (std::string& each : model.relation_names()) {
        if (model.relation(each)->reverse_name == name) {
            return std::move(each);
        }
    }
    return {};
}

/// Why it cannot be so; empty where it may.
std::string flaw_of(const Fold& fold, const Relation& wanted) {
    const cmdb::Model& model = fold.model;
    const CiState& from = state_of(fold, wanted.from);
    const CiState& to = state_of(fold, wanted.to);
    if (model.relation(wanted.type) == nullptr) {
        if (const std::string kind = read_backwards(model, wanted.type); !kind.empty()) {
            return fmt::format(
                "\"{}\" is \"{}\" read backwards: state that \"{}\" {} \"{}\"",
                wanted.type,
                kind,
                to.name,
                kind,
                from.name
            );
        }
        return fmt::format(
            "there is no kind of relation \"{}\", expected one of those between a {} and a {}: {}",
            wanted.type,
            from.ci_class,
            to.ci_class,
            listed(kinds_between(model, from.ci_class, to.ci_class))
        );
    }
    if (model.may_relate(wanted.type, from.ci_class, to.ci_class)) {
        return {};
    }
    return fmt::format(
        "a {} does not stand to a {} as \"{}\"{}, expected one of: {}",
        from.ci_class,
        to.ci_class,
        wanted.type,
        model.may_relate(wanted.type, to.ci_class, from.ci_class) ? " (the other way round it may)"
                                                                  : "",
        listed(kinds_between(model, from.ci_class, to.ci_class))
    );
}

/// Whether a statement says the relation, by whatever name its source has for the other end.
bool is_said(
    const Fold& fold, const cmdb::Statement& by, const cmdb::Related& each, const Relation& wanted
) {
    return each.type == wanted.type && fold.state.identity.ci_of(by.source, each.to) == wanted.to;
}

/// The statements of the first end that say it.
std::vector<const cmdb::Statement*> said_by(const Fold& fold, const Relation& wanted) {
    std::vector<const cmdb::Statement*> out;
    for (const cmdb::Statement* each : fold.state.identity.members(wanted.from)) {
        if (std::ranges::any_of(each->relations, [&](const cmdb::Related& related) {
                return is_said(fold, *each, related, wanted);
            })) {
            out.push_back(each);
        }
    }
    return out;
}

std::string reason_of(const Relation& wanted, const CommandCall& call) {
    const std::string reason = text_of(call.body, "reason");
    return wanted.type + (reason.empty() ? "" : ": " + reason);
}

boost::json::object relation_json(const Relation& relation) {
    const RelationName name{relation.type, relation.from.uuid(), relation.to.uuid()};
    return {{"relation", to_text(name)}};
}

bool is_manual(const cmdb::Statement* statement) {
    return statement->source == manual;
}

}  // namespace

Verdict relate_cis_by_hand(Fold& fold, const CommandCall& call) {
    const Relation wanted = relation_of(fold, call);
    if (wanted.from.is_nil() || wanted.to.is_nil()) {
        return nothing_there(text_of(call.body, wanted.from.is_nil() ? "from" : "to"));
    }
    if (wanted.from == wanted.to) {
        return unacceptable("to", "both ends are one CI, expected another");
    }
    if (const std::string flaw = flaw_of(fold, wanted); !flaw.empty()) {
        return unacceptable("type", flaw);
    }
    const auto saying = said_by(fold, wanted);
    const bool is_stated = std::ranges::any_of(saying, is_manual);
    CiPlan plan;
    const std::string target = remark(fold, wanted.to, plan).object;
    cmdb::Statement& said = remark(fold, wanted.from, plan);
    if (!is_stated && said.relations.size() >= most_stated) {
        return problem(
            409,
            "Conflict",
            fmt::format(
                "{} relations of \"{}\" are stated by hand, expected fewer: let a tool submit them "
                "as observations",
                said.relations.size(),
                state_of(fold, wanted.from).name
            )
        );
    }
    if (!is_stated) {
        said.relations.push_back({wanted.type, target, {}});
        plan.notes.push_back({"relate", wanted.from, wanted.to, reason_of(wanted, call)});
    }
    return answer(
        fold,
        call,
        std::move(plan),
        oldest_of(fold.state.identity, wanted.from),
        is_stated ? 200 : 201,
        relation_json(wanted)
    );
}

Verdict withdraw_relation_by_hand(Fold& fold, const CommandCall& call) {
    const Relation wanted = relation_of(fold, call);
    if (wanted.from.is_nil() || wanted.to.is_nil()) {
        return nothing_there(text_of(call.body, wanted.from.is_nil() ? "from" : "to"));
    }
    const auto saying = said_by(fold, wanted);
    if (saying.empty()) {
        return problem(
            404,
            "Not Found",
            fmt::format(
                "\"{}\" does not stand to \"{}\" as \"{}\"",
                state_of(fold, wanted.from).name,
                state_of(fold, wanted.to).name,
                wanted.type
            )
        );
    }
    CiPlan plan;
    plan.cis = {wanted.from, wanted.to};
    std::set<std::string> others;
    for (const cmdb::Statement* each : saying) {
        if (!is_manual(each)) {
            others.insert(each->source);
            continue;
        }
        cmdb::Statement& said = plan.statements.emplace_back(said_again(*each));
        std::erase_if(said.relations, [&](const cmdb::Related& related) {
            return is_said(fold, *each, related, wanted);
        });
    }
    if (plan.statements.empty()) {
        return problem(
            409,
            "Conflict",
            fmt::format(
                "nobody has stated it: {} sees it, and it ends when that sees it no more",
                fmt::join(others, ", ")
            )
        );
    }
    plan.notes.push_back({"unrelate", wanted.from, wanted.to, reason_of(wanted, call)});
    return answer(
        fold,
        call,
        std::move(plan),
        oldest_of(fold.state.identity, wanted.from),
        200,
        relation_json(wanted)
    );
}

}  // namespace muster::collector
