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

/// The newest moment at which a value was said.
WallTime last_of(const Told& told) {
    return std::max(told.since, told.last);
}

/// Whether a name's values may have had others before them that are forgotten.
bool is_before(Values::const_iterator from, Values::const_iterator to, WallTime at) {
    return static_cast<std::size_t>(to - from) >= values_remembered && at < from->since;
}

/// What is said of one moment takes its place among the values of its name, which are by `since` and differ from their neighbours.
void insert(Values& out, Values::const_iterator from, Values::const_iterator to, const Told& said) {
    if (is_before(from, to, said.since)) {
        out.insert(out.end(), from, to);
        return;
    }
    Values all(from, to);
    const auto next = std::ranges::upper_bound(all, said.since, {}, &Told::since);
    const auto holds = next == all.begin() ? all.end() : std::prev(next);
    if (holds == all.end() || last_of(*holds) < said.since) {
        all.insert(next, said);
    } else if (holds->value == said.value) {
        holds->last = last_of(*holds);
    } else if (const bool is_at_end = last_of(*holds) == said.since,
               is_at_start = holds->since == said.since;
               (!is_at_start && !is_at_end) || holds->value < said.value) {
        // Of two at one moment the greater, whichever is heard first. Within a value's time: it holds again when it was said last.
        const Told again{holds->name, holds->value, last_of(*holds), last_of(*holds)};
        if (is_at_start) {
            *holds = said;
        } else {
            holds->last = holds->since;
        }
        auto place = is_at_start ? holds : all.insert(std::next(holds), said);
        if (!is_at_end) {
            all.insert(std::next(place), again);
        }
    }
    Values kept;
    for (Told& each : all) {
        if (!kept.empty() && kept.back().value == each.value) {
            kept.back().last = last_of(each);
        } else {
            kept.push_back(std::move(each));
        }
    }
    const std::size_t count = std::min(kept.size(), values_remembered);
    out.insert(out.end(), kept.end() - static_cast<std::ptrdiff_t>(count), kept.end());
}

/// The moment of which a statement speaks.
WallTime moment_of(const Statement& now, WallTime at) {
    return now.observed == WallTime{} ? at : now.observed;
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
    const bool in_any_order =
        saying != Saying::replaces && hearing_of(now.source) == Hearing::any_order;
    const WallTime moment = in_any_order ? moment_of(now, at) : at;
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
        if (in_any_order && word != nullptr) {
            const WallTime since = word->since == WallTime{} ? moment : word->since;
            insert(merged, old, end, {word->name, word->value, since, since});
        } else {
            append(merged, old, end, word, at);
        }
        old = end;
        said = is_said ? std::next(said) : said;
    }
    now.attributes = std::move(merged);
    const bool is_late = in_any_order && moment < heard(former);
    // What a late look did not see may have come since, and what it saw may have gone.
    now.relations = is_late && saying == Saying::looks
                        ? former.relations
                        : joined(former.relations, std::move(now.relations), saying, moment);
    if (is_late) {
        now.keys = former.keys;
        now.ci_class = former.ci_class;
        now.below = former.below;
        now.missing = former.missing;
    }
    if (former.observed != WallTime{}) {
        now.observed = former.observed;
    }
    return now;
}

Hearing hearing_of(std::string_view source) {
    return source.starts_with("api/") ? Hearing::any_order : Hearing::in_order;
}

WallTime heard(const Statement& statement) {
    if (hearing_of(statement.source) == Hearing::in_order) {
        return {};
    }
    WallTime latest = statement.missing;
    for (const Told& each : statement.attributes) {
        latest = std::max(latest, last_of(each));
    }
    return latest;
}

bool is_outdated(const Statement& former, const Statement& now, bool stands, WallTime at) {
    if (hearing_of(now.source) == Hearing::in_order) {
        return false;
    }
    const WallTime moment = moment_of(now, at);
    if (!stands && moment < heard(former)) {
        return true;
    }
    return std::ranges::any_of(now.attributes, [&](const Told& said) {
        const auto known = std::ranges::equal_range(former.attributes, said.name, {}, &Told::name);
        const WallTime since = said.since == WallTime{} ? moment : said.since;
        return !said.value.empty() && is_before(known.begin(), known.end(), since);
    });
}

bool says_the_same(const Statement& a, const Statement& b) {
    const auto is_alike = [](const Told& one, const Told& other) {
        return one.name == other.name && one.value == other.value && one.since == other.since;
    };
    return a.source == b.source && a.object == b.object && a.ci_class == b.ci_class &&
           a.keys == b.keys && a.observed == b.observed && a.below == b.below &&
           a.relations == b.relations && a.missing == b.missing &&
           std::ranges::equal(a.attributes, b.attributes, is_alike);
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
