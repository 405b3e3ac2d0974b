#include "cmdb/components.hpp"

#include <algorithm>
#include <map>
#include <numeric>
#include <optional>
#include <tuple>

namespace muster::cmdb {

namespace {

/// (namespace, kind) → value, of the keys of one group that have one value.
using SingleValues = std::map<std::pair<std::string, std::string>, std::string>;

bool contradicts(const Key& key, const Member& member) {
    const bool counts =
        key.values == KeyValues::single || (key.values == KeyValues::renewed && member.is_live);
    return key.trust == KeyTrust::trusted && counts &&
           (key.space != parent_space || !member.below.is_nil());
}

std::string space_of(const Key& key, const Member& member) {
    return key.space == parent_space ? key.space + ' ' + member.below.text() : key.space;
}

std::string two_values(
    const std::pair<std::string, std::string>& kind, const std::string& a, const std::string& b
) {
    return kind.first.substr(0, kind.first.find(' ')) + "/" + kind.second + " is " +
           std::min(a, b) + " and " + std::max(a, b);
}

/// Groups under construction: disjoint sets with the single values of each.
class Groups {
  public:
    Groups(std::span<const Member> members, std::span<const Link> links)
        : parent_(members.size()), values_(members.size()) {
        std::iota(parent_.begin(), parent_.end(), std::size_t{0});
        for (std::size_t at = 0; at < members.size(); ++at) {
            for (const Key& key : members[at].statement->keys) {
                if (contradicts(key, members[at])) {
                    values_[at].try_emplace({space_of(key, members[at]), key.kind}, key.value);
                }
            }
        }
        for (const Link& link : links) {
            if (link.is_same) {
                join(link.a, link.b);
            } else {
                apart_.push_back(link);
            }
        }
    }

    std::size_t root(std::size_t at) {
        while (parent_[at] != at) {
            parent_[at] = parent_[parent_[at]];
            at = parent_[at];
        }
        return at;
    }

    /// What speaks against joining them, in words; nothing when they may be joined.
    std::optional<std::string> contradiction(std::size_t a, std::size_t b) {
        for (const Link& link : apart_) {
            const std::size_t x = root(link.a);
            const std::size_t y = root(link.b);
            if ((x == root(a) && y == root(b)) || (x == root(b) && y == root(a))) {
                return std::string{};  // a person's word needs no reason
            }
        }
        const SingleValues& one = values_[root(a)];
        const SingleValues& two = values_[root(b)];
        const SingleValues& lesser = one.size() < two.size() ? one : two;
        const SingleValues& greater = one.size() < two.size() ? two : one;
        for (const auto& [kind, value] : lesser) {
            const auto found = greater.find(kind);
            if (found != greater.end() && found->second != value) {
                return two_values(kind, found->second, value);
            }
        }
        return std::nullopt;
    }

    void join(std::size_t a, std::size_t b) {
        const std::size_t to = root(a);
        const std::size_t from = root(b);
        if (to != from) {
            parent_[from] = to;
            const bool is_lesser = values_[to].size() < values_[from].size();
            if (is_lesser) {
                values_[to].swap(values_[from]);
            }
            values_[to].merge(values_[from]);
            if (is_lesser) {  // of two values, which only a person's word can bring together, `to` has its own
                for (const auto& [kind, value] : values_[from]) {
                    values_[to][kind] = value;
                }
            }
            values_[from].clear();
        }
    }

  private:
    std::vector<std::size_t> parent_;
    std::vector<SingleValues> values_;
    std::vector<Link> apart_;
};

using Strength = std::tuple<std::uint32_t, std::string, std::string, std::string>;

struct Contradiction {
    std::size_t a;
    std::size_t b;
    std::string reason;
};

/// Notes what a shared key would have connected.
void keep_apart(
    Groups& groups,
    const std::string& key,
    const std::vector<std::size_t>& holders,
    const std::string& shared,
    std::vector<Contradiction>& against
) {
    std::set<std::size_t> roots{groups.root(holders.front())};
    for (const std::size_t later : holders) {
        if (roots.insert(groups.root(later)).second) {
            against.push_back({holders.front(), later, key + " is shared, but " + shared});
        }
    }
}

/// Connects `holders` (oldest first) with each other as far as nothing speaks against it.
void connect(
    Groups& groups,
    const std::string& key,
    const std::vector<std::size_t>& holders,
    std::vector<Contradiction>& against
) {
    for (std::size_t later = 1; later < holders.size(); ++later) {
        std::optional<std::string> first_reason;
        bool joined = false;
        for (std::size_t earlier = 0; earlier < later && !joined; ++earlier) {
            if (groups.root(holders[earlier]) == groups.root(holders[later])) {
                joined = true;
                continue;
            }
            auto reason = groups.contradiction(holders[earlier], holders[later]);
            if (!reason) {
                groups.join(holders[earlier], holders[later]);
                joined = true;
            } else if (!first_reason) {
                first_reason = std::move(reason);
            }
        }
        if (!joined && first_reason && !first_reason->empty()) {
            against.push_back(
                {holders.front(), holders[later], key + " is shared, but " + *first_reason}
            );
        }
    }
}

/// Joins what trusted keys connect, from the strongest to the weakest.
std::vector<Contradiction> join_all(
    Groups& groups,
    std::span<const Member> members,
    const std::vector<std::size_t>& by_age,
    const std::set<std::string>& crowded
) {
    std::map<Strength, std::vector<std::size_t>> links;
    std::map<Strength, const Key*> keys;
    for (const std::size_t at : by_age) {
        for (const Key& key : members[at].statement->keys) {
            const std::string text = key_text(key, members[at].below);
            if (key.trust == KeyTrust::trusted && !text.empty() && !crowded.contains(text)) {
                const Strength strength{key.rank, space_of(key, members[at]), key.kind, key.value};
                links[strength].push_back(at);
                keys.try_emplace(strength, &key);
            }
        }
    }
    std::vector<Contradiction> against;
    for (const auto& [strength, holders] : links) {
        if (holders.size() < 2) {
            continue;
        }
        std::vector<Member> having;
        having.reserve(holders.size());
        for (const std::size_t at : holders) {
            having.push_back(members[at]);
        }
        const Key& key = *keys.at(strength);
        if (const auto shared = why_shared(having, key)) {
            keep_apart(groups, key_words(key), holders, *shared, against);
        } else {
            connect(groups, key_words(key), holders, against);
        }
    }
    return against;
}

}  // namespace

std::string key_words(const Key& key) {
    return key.space + "/" + key.kind + "/" + key.value;
}

std::string key_text(const Key& key, CiId below) {
    if (key.space != parent_space) {
        return key_words(key);
    }
    return below.is_nil() ? std::string{} : below.text() + "/" + key.kind + "/" + key.value;
}

bool older(const Statement& a, const Statement& b) {
    return std::tie(a.observed, a.source, a.object) < std::tie(b.observed, b.source, b.object);
}

std::optional<std::string> why_shared(std::span<const Member> holders, const Key& key) {
    SingleValues values;
    for (const Member& holder : holders) {
        if (!holder.is_live) {
            continue;
        }
        for (const Key& other : holder.statement->keys) {
            if (other.rank >= key.rank || !contradicts(other, holder)) {
                continue;
            }
            const std::pair kind(space_of(other, holder), other.kind);
            const auto [known, is_new] = values.try_emplace(kind, other.value);
            if (!is_new && known->second != other.value) {
                return two_values(kind, known->second, other.value);
            }
        }
    }
    return std::nullopt;
}

Partition partition_by_keys(
    std::span<const Member> members,
    std::span<const Link> links,
    const std::set<std::string>& crowded
) {
    std::vector<std::size_t> by_age(members.size());
    std::iota(by_age.begin(), by_age.end(), std::size_t{0});
    std::ranges::sort(by_age, [&](std::size_t a, std::size_t b) {
        return older(*members[a].statement, *members[b].statement);
    });
    Groups groups(members, links);
    std::vector<Contradiction> against;
    if (members.size() > 1) {
        against = join_all(groups, members, by_age, crowded);
    }
    Partition out;
    std::map<std::size_t, std::size_t> group_of_root;
    for (const std::size_t at : by_age) {
        const auto [place, is_new] = group_of_root.emplace(groups.root(at), out.groups.size());
        if (is_new) {
            out.groups.emplace_back();
        }
        out.groups[place->second].push_back(at);
    }
    for (Contradiction& each : against) {
        const std::size_t a = group_of_root[groups.root(each.a)];
        const std::size_t b = group_of_root[groups.root(each.b)];
        if (a != b) {
            out.cuts.push_back({std::min(a, b), std::max(a, b), std::move(each.reason)});
        }
    }
    return out;
}

}  // namespace muster::cmdb
