#include "cmdb/components.hpp"

#include <algorithm>
#include <map>
#include <numeric>
#include <optional>
#include <tuple>

namespace muster::cmdb {

namespace {

/// (namespace, kind) → value, of the `single` keys of one group.
using SingleValues = std::map<std::pair<std::string, std::string>, std::string>;

/// Groups under construction: disjoint sets with the single values of each.
class Groups {
  public:
    explicit Groups(std::span<const Statement* const> statements)
        : parent_(statements.size()), values_(statements.size()) {
        std::iota(parent_.begin(), parent_.end(), std::size_t{0});
        for (std::size_t at = 0; at < statements.size(); ++at) {
            for (const Key& key : statements[at]->keys) {
                if (key.trust == KeyTrust::trusted && key.values == KeyValues::single) {
                    values_[at].try_emplace({key.space, key.kind}, key.value);
                }
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
        const SingleValues& left = values_[root(a)];
        for (const auto& [kind, value] : values_[root(b)]) {
            const auto found = left.find(kind);
            if (found != left.end() && found->second != value) {
                return kind.first + "/" + kind.second + " is " + std::min(found->second, value) +
                       " and " + std::max(found->second, value);
            }
        }
        return std::nullopt;
    }

    void join(std::size_t a, std::size_t b) {
        const std::size_t to = root(a);
        const std::size_t from = root(b);
        if (to != from) {
            parent_[from] = to;
            values_[to].merge(values_[from]);
        }
    }

  private:
    std::vector<std::size_t> parent_;
    std::vector<SingleValues> values_;
};

using Strength = std::tuple<std::uint32_t, std::string, std::string, std::string>;

struct Contradiction {
    std::size_t a;
    std::size_t b;
    std::string reason;
};

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
        if (!joined && first_reason) {
            against.push_back(
                {holders.front(), holders[later], key + " is shared, but " + *first_reason}
            );
        }
    }
}

/// Joins what trusted keys connect, from the strongest to the weakest.
std::vector<Contradiction> join_all(
    Groups& groups,
    std::span<const Statement* const> statements,
    const std::vector<std::size_t>& by_age
) {
    std::map<Strength, std::vector<std::size_t>> links;
    for (const std::size_t at : by_age) {
        for (const Key& key : statements[at]->keys) {
            if (key.trust == KeyTrust::trusted) {
                links[{key.rank, key.space, key.kind, key.value}].push_back(at);
            }
        }
    }
    std::vector<Contradiction> against;
    for (const auto& [strength, holders] : links) {
        const auto& [rank, space, kind, value] = strength;
        std::string name = space;
        name.append("/").append(kind).append("/").append(value);
        connect(groups, name, holders, against);
    }
    return against;
}

}  // namespace

std::string key_text(const Key& key) {
    return key.space + "/" + key.kind + "/" + key.value;
}

bool older(const Statement& a, const Statement& b) {
    return std::tie(a.observed, a.source, a.object) < std::tie(b.observed, b.source, b.object);
}

Partition partition_by_keys(std::span<const Statement* const> statements) {
    std::vector<std::size_t> by_age(statements.size());
    std::iota(by_age.begin(), by_age.end(), std::size_t{0});
    std::ranges::sort(by_age, [&](std::size_t a, std::size_t b) {
        return older(*statements[a], *statements[b]);
    });
    Groups groups(statements);
    std::vector<Contradiction> against;
    if (statements.size() > 1) {
        against = join_all(groups, statements, by_age);
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
