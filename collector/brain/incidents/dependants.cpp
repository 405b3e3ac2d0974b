#include "collector/brain/incidents/dependants.hpp"

#include <algorithm>
#include <functional>
#include <set>

namespace muster::collector {

namespace {

using Travels = cmdb::RelationType::Travels;
using Redundancy = cmdb::RelationType::Redundancy;

struct Edge {
    const cmdb::RelationType* type = nullptr;
    CiIndex other = nothing;
};

enum class Direction { forward, backward };

CiIndex index_of(const State& state, std::string_view source, std::string_view object) {
    const auto found = state.ci_by_id.find(state.identity.ci_of(source, object));
    return found == state.ci_by_id.end() || state.cis[found->second].retired ? nothing
                                                                             : found->second;
}

void add_forward(
    const State& state,
    const cmdb::Model& model,
    const cmdb::Statement& said,
    std::vector<Edge>& out
) {
    for (const cmdb::Related& each : said.relations) {
        out.push_back({model.relation(each.type), index_of(state, said.source, each.to)});
    }
}

void add_backward(
    const State& state,
    const cmdb::Model& model,
    const cmdb::Statement& said,
    std::vector<Edge>& out
) {
    for (const std::uint32_t number : state.related.naming(said.source, said.object)) {
        const cmdb::Statement& other = state.identity.numbered(number);
        for (const cmdb::Related& each : other.relations) {
            if (other.source == said.source && each.to == said.object) {
                out.push_back(
                    {model.relation(each.type), index_of(state, other.source, other.object)}
                );
            }
        }
    }
}

/// Relations of the CI in one direction, whoever says them.
std::vector<Edge> edges_of(
    const State& state, const cmdb::Model& model, CiIndex ci, Direction direction
) {
    std::vector<Edge> out;
    for (const cmdb::Statement* each : state.identity.members(state.cis[ci].id)) {
        direction == Direction::forward ? add_forward(state, model, *each, out)
                                        : add_backward(state, model, *each, out);
    }
    std::erase_if(out, [ci](const Edge& edge) {
        return edge.type == nullptr || edge.other == nothing || edge.other == ci;
    });
    return out;
}

/// Another of the same kind does for `affected` what `failed` did.
bool is_stood_in_for(
    const State& state, const cmdb::Model& model, CiIndex failed, const Edge& affected
) {
    if (affected.type->redundancy != Redundancy::members) {
        return false;
    }
    const Direction back =
        affected.type->travels == Travels::from_to ? Direction::backward : Direction::forward;
    return std::ranges::any_of(edges_of(state, model, affected.other, back), [&](const Edge& each) {
        const CiState& other = state.cis[each.other];
        return each.type == affected.type && each.other != failed && other.state != "down" &&
               other.ci_class == state.cis[failed].ci_class;
    });
}

/// What fails at once when the CI does.
std::vector<CiIndex> affected_by(const State& state, const cmdb::Model& model, CiIndex ci) {
    std::vector<CiIndex> out;
    for (const Direction direction : {Direction::forward, Direction::backward}) {
        const Travels wanted =
            direction == Direction::forward ? Travels::from_to : Travels::to_from;
        for (const Edge& edge : edges_of(state, model, ci, direction)) {
            if (edge.type->travels == wanted && !is_stood_in_for(state, model, ci, edge)) {
                out.push_back(edge.other);
            }
        }
    }
    return out;
}

/// What the CI is in, a part of, or runs on.
std::vector<CiIndex> above(const State& state, const cmdb::Model& model, CiIndex ci) {
    std::vector<CiIndex> out;
    for (const Edge& edge : edges_of(state, model, ci, Direction::forward)) {
        if (edge.type->name == "located_in" || edge.type->name == "runs_on") {
            out.push_back(edge.other);
        }
    }
    for (const Edge& edge : edges_of(state, model, ci, Direction::backward)) {
        if (edge.type->name == "contains" || edge.type->name == "provides") {
            out.push_back(edge.other);
        }
    }
    return out;
}

/// Breadth first; `next` tells what follows one, `is_wanted` ends the walk at the first of its kind.
std::vector<CiIndex> walk(
    CiIndex from,
    const std::function<std::vector<CiIndex>(CiIndex)>& next,
    const std::function<bool(CiIndex)>& is_last
) {
    std::vector<CiIndex> out;
    std::set<CiIndex> seen{from};
    std::vector<CiIndex> level{from};
    for (std::size_t step = 0; step < farthest_dependant && !level.empty(); ++step) {
        std::vector<CiIndex> further;
        for (const CiIndex ci : level) {
            for (const CiIndex other : next(ci)) {
                if (out.size() == most_dependants || !seen.insert(other).second) {
                    continue;
                }
                out.push_back(other);
                further.push_back(other);
                if (is_last(other)) {
                    return out;
                }
            }
        }
        level = std::move(further);
    }
    return out;
}

}  // namespace

std::vector<CiIndex> dependants_of(const State& state, const cmdb::Model& model, CiIndex ci) {
    return walk(
        ci, [&](CiIndex at) { return affected_by(state, model, at); }, [](CiIndex) { return false; }
    );
}

CiIndex place_above(
    const State& state, const cmdb::Model& model, CiIndex ci, std::string_view place_class
) {
    const auto is_it = [&](CiIndex at) {
        return model.is_a(state.cis[at].ci_class, place_class) && !state.cis[at].name.empty();
    };
    const std::vector<CiIndex> passed =
        walk(ci, [&](CiIndex at) { return above(state, model, at); }, is_it);
    return !passed.empty() && is_it(passed.back()) ? passed.back() : nothing;
}

}  // namespace muster::collector
