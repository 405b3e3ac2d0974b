#include "cmdb/attributes.hpp"

#include <algorithm>
#include <tuple>
#include <vector>

namespace muster::cmdb {

namespace {

bool stronger(const Statement& a, const Statement& b) {
    const auto order = [](const Statement& s) {
        return std::tuple(
            source_rank(s.source),
            -to_ns(s.observed),
            std::string_view(s.source),
            std::string_view(s.object)
        );
    };
    return order(a) < order(b);
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

Projection project(const Model& model, std::span<const Statement* const> statements) {
    std::vector<const Statement*> ordered(statements.begin(), statements.end());
    std::ranges::sort(ordered, [](const auto* a, const auto* b) { return stronger(*a, *b); });
    Projection out;
    for (const Statement* statement : ordered) {
        const bool same_rank =
            source_rank(statement->source) == source_rank(ordered.front()->source);
        if (out.ci_class.empty() ||
            (same_rank && model.depth(statement->ci_class) > model.depth(out.ci_class))) {
            out.ci_class = statement->ci_class;
        }
        for (const auto& [name, value] : statement->attributes) {
            if (!value.empty()) {
                out.attributes.try_emplace(
                    name, AttributeValue{value, statement->source, statement->observed}
                );
            }
        }
    }
    return out;
}

}  // namespace muster::cmdb
