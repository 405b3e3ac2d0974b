#include "cmdb/identity_graph.hpp"

#include <boost/unordered/unordered_flat_set.hpp>

#include <algorithm>
#include <iterator>
#include <map>
#include <utility>

namespace muster::cmdb {

namespace {

using Verdict = IdentityChange::Verdict;

CiId id_from(const Statement& oldest) {
    return CiId{Uuid::named("ci\n" + oldest.source + "\n" + oldest.object)};
}

void sort_once(std::vector<std::uint32_t>& list) {
    std::ranges::sort(list);
    const auto repeated = std::ranges::unique(list);
    list.erase(repeated.begin(), repeated.end());
}

/// The groups as their first statements came: what is told of them is told in the order in which it was said.
std::vector<std::size_t> in_order_of_arrival(
    const Partition& partition, const std::vector<std::uint32_t>& reached
) {
    std::vector<std::pair<std::uint32_t, std::size_t>> first;
    for (std::size_t at = 0; at < partition.groups.size(); ++at) {
        first.emplace_back(reached[std::ranges::min(partition.groups[at])], at);
    }
    std::ranges::sort(first);
    std::vector<std::size_t> order;
    for (const auto& [index, at] : first) {
        order.push_back(at);
    }
    return order;
}

template <class Map, class Key>
void take_out(Map& map, const Key& key, std::uint32_t at) {
    if (const auto found = map.find(key); found != map.end()) {
        std::erase(found->second, at);
        if (found->second.empty()) {
            map.erase(found);
        }
    }
}

}  // namespace

std::string object_name(std::string_view source, std::string_view object) {
    return std::string(source) + '\x1f' + std::string(object);
}

void each_once(std::vector<CiId>& list) {
    boost::unordered_flat_set<CiId, UuidHash> seen;
    std::erase_if(list, [&](CiId ci) { return ci.is_nil() || !seen.insert(ci).second; });
}

const Identification::Impl::Record* Identification::Impl::find(
    std::string_view source, std::string_view object
) const {
    const auto found = by_object.find(object_name(source, object));
    return found == by_object.end() ? nullptr : &records[found->second];
}

Identification::Impl::Index Identification::Impl::add(Statement statement) {
    const auto at = static_cast<Index>(records.size());
    by_object.emplace(object_name(statement.source, statement.object), at);
    by_source[statement.source].push_back(at);
    records.push_back({std::move(statement), {}, true, {}});
    return at;
}

void Identification::Impl::index(Index at) {
    Record& record = records[at];
    const Statement& said = record.statement;
    record.below = {};
    if (!said.below.empty()) {
        parts[object_name(said.source, said.below)].push_back(at);
        const Record* whole = find(said.source, said.below);
        record.below = whole == nullptr ? CiId{} : whole->ci;
    }
    for (const Key& key : said.keys) {
        const std::string text = key_text(key, record.below);
        if (key.trust == KeyTrust::trusted && !text.empty()) {
            by_key[text].push_back(at);
            if (count_of_holders(text) == most_holders + 1) {
                cross(text);
            }
        }
    }
}

void Identification::Impl::unindex(Index at) {
    const Record& record = records[at];
    const Statement& said = record.statement;
    for (const Key& key : said.keys) {
        const std::string text = key_text(key, record.below);
        const bool was_crowded = is_crowded(text);
        take_out(by_key, text, at);
        if (was_crowded && !is_crowded(text)) {
            cross(text);
        }
    }
    if (!said.below.empty()) {
        take_out(parts, object_name(said.source, said.below), at);
    }
}

void Identification::Impl::index_words() {
    same.clear();
    for (const Word& word : words) {
        const auto a = by_object.find(object_name(word.a.source, word.a.object));
        const auto b = by_object.find(object_name(word.b.source, word.b.object));
        if (word.is_same && a != by_object.end() && b != by_object.end()) {
            same[a->second].push_back(b->second);
            same[b->second].push_back(a->second);
        }
    }
}

bool Identification::Impl::retired(CiId ci) const {
    const auto found = by_ci.find(ci);
    return found == by_ci.end() ||
           std::ranges::none_of(found->second, [this](Index at) { return records[at].present; });
}

Member Identification::Impl::member(Index at) const {
    const Record& record = records[at];
    const bool is_live = record.present && record.statement.missing == WallTime{};
    return {&record.statement, record.below, is_live};
}

Identification::Impl::Indexes Identification::Impl::holders(const Key& key, CiId below) const {
    const auto found = by_key.find(key_text(key, below));
    return found == by_key.end() ? Indexes{} : found->second;
}

std::size_t Identification::Impl::count_of_holders(const std::string& key_text) const {
    const auto found = by_key.find(key_text);
    const auto elsewhere = holders_elsewhere.find(key_text);
    return (found == by_key.end() ? 0 : found->second.size()) +
           (elsewhere == holders_elsewhere.end() ? 0 : elsewhere->second);
}

bool Identification::Impl::is_crowded(const std::string& key_text) const {
    return count_of_holders(key_text) > most_holders;
}

/// There and back again is no change.
void Identification::Impl::cross(const std::string& key_text) {
    if (!crossed.erase(key_text)) {
        crossed.insert(key_text);
    }
}

std::set<std::string> Identification::Impl::keys_of(std::span<const Statement> said) const {
    std::set<std::string> out;
    const auto add = [&](const std::vector<Key>& keys, CiId below) {
        for (const Key& key : keys) {
            if (std::string text = key_text(key, below); by_key.contains(text)) {
                out.insert(std::move(text));
            }
        }
    };
    for (const Statement& each : said) {
        const Record* whole = find(each.source, each.below);
        add(each.keys, whole == nullptr ? CiId{} : whole->ci);
        if (const Record* former = find(each.source, each.object); former != nullptr) {
            add(former->statement.keys, former->below);
        }
    }
    return out;
}

/// Keys that count for nothing, though some of these have them.
std::set<std::string> Identification::Impl::crowded_among(const Indexes& reached) const {
    std::set<std::string> out;
    for (const Index at : reached) {
        for (const Key& key : records[at].statement.keys) {
            if (std::string text = key_text(key, records[at].below); is_crowded(text)) {
                out.insert(std::move(text));
            }
        }
    }
    return out;
}

Identification::Impl::Indexes Identification::Impl::neighbours(Index at) const {
    Indexes out;
    for (const Key& key : records[at].statement.keys) {
        const std::string text = key_text(key, records[at].below);
        const auto found = by_key.find(text);
        if (found != by_key.end() && found->second.size() > 1 && !is_crowded(text)) {
            out.insert(out.end(), found->second.begin(), found->second.end());
        }
    }
    if (const auto said = same.find(at); said != same.end()) {
        out.insert(out.end(), said->second.begin(), said->second.end());
    }
    looks += 1 + out.size();
    return out;
}

Identification::Impl::Indexes Identification::Impl::closure(Indexes from) const {
    Indexes reached = std::move(from);
    sort_once(reached);
    boost::unordered_flat_set<Index> known(reached.begin(), reached.end());
    for (std::size_t done = 0; done < reached.size(); ++done) {
        for (const Index next : neighbours(reached[done])) {
            if (known.insert(next).second) {
                reached.push_back(next);
            }
        }
    }
    std::ranges::sort(reached);
    return reached;
}

std::vector<Link> Identification::Impl::links_among(const Indexes& reached) const {
    std::vector<Link> out;
    for (const Word& word : words) {
        const auto a = by_object.find(object_name(word.a.source, word.a.object));
        const auto b = by_object.find(object_name(word.b.source, word.b.object));
        if (a == by_object.end() || b == by_object.end()) {
            continue;
        }
        const auto first = std::ranges::lower_bound(reached, a->second);
        const auto second = std::ranges::lower_bound(reached, b->second);
        if (first != reached.end() && *first == a->second && second != reached.end() &&
            *second == b->second) {
            out.push_back(
                {static_cast<std::size_t>(first - reached.begin()),
                 static_cast<std::size_t>(second - reached.begin()),
                 word.is_same}
            );
        }
    }
    return out;
}

/// `group` in order of index.
void Identification::Impl::move(const Indexes& group, CiId to, IdentityChange& change) {
    std::map<CiId, Indexes> leaving;
    Indexes coming;
    for (const Index at : group) {
        Record& record = records[at];
        if (record.ci != to) {
            leaving[record.ci].push_back(at);
            coming.push_back(at);
            change.moved.push_back({record.statement.source, record.statement.object, record.ci, to}
            );
            record.ci = to;
        }
    }
    for (const auto& [from, gone] : leaving) {
        if (const auto found = by_ci.find(from); found != by_ci.end()) {
            Indexes left;
            std::ranges::set_difference(found->second, gone, std::back_inserter(left));
            if (left.empty()) {
                by_ci.erase(found);
            } else {
                found->second = std::move(left);
            }
        }
    }
    if (!coming.empty()) {
        Indexes& members = by_ci[to];
        const Indexes had = std::exchange(members, {});
        std::ranges::merge(had, coming, std::back_inserter(members));
    }
}

/// Where the members of one group come from.
void Identification::Impl::note_origins(
    IdentityChange& change, CiId id, const std::vector<CiId>& origins, const Said& said
) const {
    const auto is_among = [](const std::vector<CiId>& all, CiId wanted) {
        return std::ranges::find(all, wanted) != all.end();
    };
    for (const CiId old : origins) {
        if (old == id) {
            continue;
        }
        const bool emptied = !by_ci.contains(old);
        change.ledger.push_back(
            {emptied ? Verdict::Kind::joined : Verdict::Kind::split,
             id,
             old,
             emptied ? (is_among(said.one, old) ? "a person says that they are one"
                                                : "a trusted key connects them")
                     : (is_among(said.two, old) ? "a person says that they are two"
                                                : "nothing connects them any more")}
        );
        change.touched.push_back(old);
        change.decided.push_back(old);
    }
    change.touched.push_back(id);
    change.decided.push_back(id);
}

void Identification::Impl::decide(Indexes from, IdentityChange& change) {
    for (const std::string& text : std::exchange(crossed, {})) {
        if (const auto found = by_key.find(text); found != by_key.end()) {
            from.insert(from.end(), found->second.begin(), found->second.end());
        }
    }
    const Indexes reached = closure(std::move(from));
    looks += reached.size();
    std::vector<Member> members;
    members.reserve(reached.size());
    for (const Index at : reached) {
        members.push_back(member(at));
    }
    const std::vector<Link> links = links_among(reached);
    const Partition partition = partition_by_keys(members, links, crowded_among(reached));
    Said said;
    for (const Link& link : links) {
        const CiId a = records[reached[link.a]].ci;
        const CiId b = records[reached[link.b]].ci;
        if (link.is_same == (a != b)) {
            std::vector<CiId>& whom = link.is_same ? said.one : said.two;
            whom.push_back(a);
            whom.push_back(b);
        }
    }
    each_once(said.one);
    each_once(said.two);
    std::vector<CiId> group_ids;
    std::vector<std::vector<CiId>> origins;
    std::vector<bool> known;
    for (const auto& group : partition.groups) {
        group_ids.push_back(id_from(*members[group.front()].statement));
        known.push_back(by_ci.contains(group_ids.back()));
        std::vector<CiId>& its_origins = origins.emplace_back();
        for (const std::size_t position : group) {
            its_origins.push_back(records[reached[position]].ci);
        }
        each_once(its_origins);
    }
    // All moves before any verdict: whether an old id is gone is known only at the end.
    for (std::size_t at = 0; at < partition.groups.size(); ++at) {
        Indexes group;
        for (const std::size_t position : partition.groups[at]) {
            group.push_back(reached[position]);
        }
        std::ranges::sort(group);
        move(group, group_ids[at], change);
    }
    for (const std::size_t at : in_order_of_arrival(partition, reached)) {
        if (!known[at] && origins[at].empty()) {
            change.ledger.push_back(
                {Verdict::Kind::created, group_ids[at], {}, "first statement of it"}
            );
        }
        note_origins(change, group_ids[at], origins[at], said);
    }
    const boost::unordered_flat_set<CiId, UuidHash> decided(group_ids.begin(), group_ids.end());
    std::erase_if(change.apart, [&](const auto& pair) {
        return decided.contains(pair.first.first) || decided.contains(pair.first.second);
    });
    for (const auto& cut : partition.cuts) {
        const CiId a = group_ids[cut.group];
        const CiId b = group_ids[cut.other];
        change.ledger.push_back({Verdict::Kind::kept_apart, a, b, cut.reason});
        change.apart.emplace(std::minmax(a, b), cut.reason);
    }
    follow_parts(reached, change);
}

/// Keys of parts count below their whole: where it became another CI, they count there.
void Identification::Impl::follow_parts(const Indexes& reached, IdentityChange& change) {
    Indexes moved;
    for (const Index at : reached) {
        const Statement& said = records[at].statement;
        const auto found = parts.find(object_name(said.source, said.object));
        if (found == parts.end()) {
            continue;
        }
        const Indexes its_parts = found->second;
        for (const Index part : its_parts) {
            if (records[part].below != records[at].ci) {
                const Indexes former = neighbours(part);
                moved.insert(moved.end(), former.begin(), former.end());
                moved.push_back(part);
                unindex(part);
                index(part);
            }
        }
    }
    if (!moved.empty() || !crossed.empty()) {
        decide(std::move(moved), change);
    }
}

}  // namespace muster::cmdb
