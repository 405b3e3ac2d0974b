#include "cmdb/statement.hpp"

#include <algorithm>
#include <iterator>

namespace muster::cmdb {

namespace {

using Values = std::vector<Told>;

/// The values of one name, from `at` on: [at, end).
Values::const_iterator end_of_name(const Values& values, Values::const_iterator at) {
    return std::find_if(at, values.end(), [&](const Told& each) { return each.name != at->name; });
}

/// The past of one name and what is said now, as far as it is remembered.
void append(
    Values& out,
    Values::const_iterator from,
    Values::const_iterator to,
    const Told* now,
    WallTime at
) {
    const std::string_view last = from == to ? std::string_view{} : std::prev(to)->value;
    const bool changes = now != nullptr ? now->value != last : false;
    const auto known = static_cast<std::size_t>(to - from);
    const std::size_t kept = std::min(known, values_remembered - (changes ? 1 : 0));
    out.insert(out.end(), to - static_cast<std::ptrdiff_t>(kept), to);
    if (!changes) {
        return;
    }
    const WallTime said = now->since == WallTime{} ? at : now->since;
    const WallTime since = kept == 0 ? said : std::max(said, out.back().since);
    if (kept > 0 && out.back().since == since) {
        out.back().value = now->value;  // both at one moment: the later word
    } else {
        out.push_back({now->name, now->value, since});
    }
}

std::vector<Related> joined(
    const std::vector<Related>& former, std::vector<Related> now, Saying saying, WallTime at
) {
    for (Related& each : now) {
        const auto known = std::ranges::find_if(former, [&](const Related& old) {
            return old.type == each.type && old.to == each.to;
        });
        each.since = known != former.end()      ? known->since
                     : each.since == WallTime{} ? at
                                                : each.since;
    }
    if (saying == Saying::adds) {
        for (const Related& old : former) {
            const bool is_said = std::ranges::any_of(now, [&](const Related& each) {
                return old.type == each.type && old.to == each.to;
            });
            if (!is_said) {
                now.push_back(old);
            }
        }
    }
    std::ranges::sort(now);
    return now;
}

}  // namespace

Statement continued(const Statement& former, Statement now, Saying saying, WallTime at) {
    std::ranges::sort(now.attributes);
    Values merged;
    auto old = former.attributes.begin();
    auto said = now.attributes.cbegin();
    while (old != former.attributes.end() || said != now.attributes.cend()) {
        const bool is_old = old != former.attributes.end() &&
                            (said == now.attributes.cend() || old->name <= said->name);
        const bool is_said = said != now.attributes.cend() && (!is_old || said->name == old->name);
        const auto end = is_old ? end_of_name(former.attributes, old) : old;
        const Told silence{is_old ? old->name : std::string{}, {}, {}};
        // An empty value says nothing; only a source that says everything it knows takes a value back.
        const bool speaks = is_said && !said->value.empty();
        const Told* const word = speaks ? &*said : saying == Saying::replaces ? &silence : nullptr;
        append(merged, old, end, word, at);
        old = end;
        said = is_said ? std::next(said) : said;
    }
    now.attributes = std::move(merged);
    now.relations = joined(former.relations, std::move(now.relations), saying, at);
    if (former.observed != WallTime{}) {
        now.observed = former.observed;
    }
    return now;
}

void end_values(Statement& statement, WallTime at) {
    Statement silent = statement;
    silent.attributes.clear();
    silent.relations.clear();
    statement = continued(statement, std::move(silent), Saying::replaces, at);
}

std::string_view value_of(const Statement& statement, std::string_view name) {
    std::string_view found;
    for (const Told& each : statement.attributes) {
        if (each.name == name) {
            found = each.value;
        }
    }
    return found;
}

Attributes values_of(const Statement& statement) {
    Attributes out;
    for (const Told& each : statement.attributes) {
        if (!out.empty() && out.back().first == each.name) {
            out.back().second = each.value;
        } else {
            out.emplace_back(each.name, each.value);
        }
    }
    std::erase_if(out, [](const auto& each) { return each.second.empty(); });
    return out;
}

}  // namespace muster::cmdb
