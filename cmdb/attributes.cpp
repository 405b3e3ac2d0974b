#include "cmdb/attributes.hpp"

#include <algorithm>
#include <tuple>
#include <vector>

namespace muster::cmdb {

namespace {

/// One value of one statement.
struct Candidate {
    const Statement* statement;
    const Told* told;
};

bool is_weaker(const Candidate& a, const Candidate& b) {
    const auto strength = [](const Candidate& each) {
        const bool speaks = !each.told->value.empty();
        return std::tuple(
            speaks,
            -static_cast<std::int64_t>(source_rank(each.statement->source)),
            each.told->since
        );
    };
    const auto left = strength(a);
    const auto right = strength(b);
    return left != right ? left < right
                         : std::tie(a.statement->source, a.statement->object) >
                               std::tie(b.statement->source, b.statement->object);
}

/// The intervals of one attribute; `told` are all its values, by (since, source, object).
void sweep(const std::vector<Candidate>& told, std::vector<AttributeInterval>& out) {
    std::vector<Candidate> current;  // at most one of a statement
    const std::size_t first = out.size();
    for (std::size_t at = 0; at < told.size();) {
        const WallTime now = told[at].told->since;
        for (; at < told.size() && told[at].told->since == now; ++at) {
            std::erase_if(current, [&](const Candidate& each) {
                return each.statement == told[at].statement;
            });
            current.push_back(told[at]);
        }
        const Candidate& winner = *std::ranges::max_element(current, is_weaker);
        const bool goes_on = out.size() > first && out.back().to == WallTime{} &&
                             out.back().value == winner.told->value &&
                             out.back().source == winner.statement->source;
        if (goes_on) {
            continue;
        }
        if (out.size() > first && out.back().to == WallTime{}) {
            out.back().to = now;
        }
        if (!winner.told->value.empty()) {
            out.push_back(
                {winner.told->name, winner.told->value, winner.statement->source, now, WallTime{}}
            );
        }
    }
}

}  // namespace

std::uint32_t source_rank(std::string_view source) {
    if (source == "manual") {
        return 0;
    }
    if (source == "configuration") {
        return 1;
    }
    return source == "enrolment" ? 2 : 3;
}

std::vector<AttributeInterval> timeline(std::span<const Statement* const> statements) {
    std::vector<Candidate> told;
    for (const Statement* statement : statements) {
        for (const Told& each : statement->attributes) {
            told.push_back({statement, &each});
        }
    }
    std::ranges::sort(told, [](const Candidate& a, const Candidate& b) {
        return std::tie(a.told->name, a.told->since, a.statement->source, a.statement->object) <
               std::tie(b.told->name, b.told->since, b.statement->source, b.statement->object);
    });
    std::vector<AttributeInterval> out;
    std::vector<Candidate> of_name;
    for (std::size_t at = 0; at < told.size(); ++at) {
        of_name.push_back(told[at]);
        if (at + 1 == told.size() || told[at + 1].told->name != told[at].told->name) {
            sweep(of_name, out);
            of_name.clear();
        }
    }
    return out;
}

Projection project(const Model& model, std::span<const Statement* const> statements) {
    Projection out;
    std::uint32_t strongest = ~0U;
    for (const Statement* statement : statements) {
        strongest = std::min(strongest, source_rank(statement->source));
    }
    std::vector<const Statement*> ordered(statements.begin(), statements.end());
    std::ranges::sort(ordered, [](const auto* a, const auto* b) {
        return std::tie(a->observed, a->source, a->object) <
               std::tie(b->observed, b->source, b->object);
    });
    for (const Statement* statement : ordered) {
        const bool may_say = source_rank(statement->source) == strongest;
        if (may_say && (out.ci_class.empty() ||
                        model.depth(statement->ci_class) > model.depth(out.ci_class))) {
            out.ci_class = statement->ci_class;
        }
    }
    for (AttributeInterval& each : timeline(statements)) {
        if (each.to == WallTime{}) {
            out.attributes.try_emplace(
                std::move(each.name),
                AttributeValue{std::move(each.value), std::move(each.source), each.from}
            );
        }
    }
    return out;
}

}  // namespace muster::cmdb
