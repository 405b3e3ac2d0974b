#include "cmdb/identification.hpp"

#include "cmdb/components.hpp"

#include <boost/unordered/unordered_flat_map.hpp>

#include <algorithm>
#include <map>
#include <tuple>
#include <utility>

namespace muster::cmdb {

namespace {

using Verdict = IdentityChange::Verdict;

std::string object_name(std::string_view source, std::string_view object) {
    return std::string(source) + '\x1f' + std::string(object);
}

CiId id_from(const Statement& oldest) {
    return CiId{Uuid::named("ci\n" + oldest.source + "\n" + oldest.object)};
}

void add_once(std::vector<CiId>& list, CiId ci) {
    if (!ci.is_nil() && std::ranges::find(list, ci) == list.end()) {
        list.push_back(ci);
    }
}

}  // namespace

std::string_view to_string(IdentityChange::Verdict::Kind kind) {
    switch (kind) {
        case Verdict::Kind::created:
            return "created";
        case Verdict::Kind::joined:
            return "joined";
        case Verdict::Kind::split:
            return "split";
        case Verdict::Kind::kept_apart:
            return "kept_apart";
        case Verdict::Kind::retired:
            return "retired";
        case Verdict::Kind::returned:
            return "returned";
    }
    return "unknown";
}

struct Identification::Impl {
    using Index = std::uint32_t;

    struct Record {
        Statement statement;
        CiId ci;
        bool present = true;
    };

    std::vector<Record> records;
    boost::unordered_flat_map<std::string, Index> by_object;
    boost::unordered_flat_map<std::string, std::vector<Index>> by_key;
    boost::unordered_flat_map<CiId, std::vector<Index>, UuidHash> by_ci;

    const Record* find(std::string_view source, std::string_view object) const {
        const auto found = by_object.find(object_name(source, object));
        return found == by_object.end() ? nullptr : &records[found->second];
    }

    void index_keys(Index index) {
        for (const Key& key : records[index].statement.keys) {
            if (key.trust == KeyTrust::trusted) {
                by_key[key_text(key)].push_back(index);
            }
        }
    }

    void unindex_keys(Index index) {
        for (const Key& key : records[index].statement.keys) {
            if (const auto found = by_key.find(key_text(key)); found != by_key.end()) {
                std::erase(found->second, index);
                if (found->second.empty()) {
                    by_key.erase(found);
                }
            }
        }
    }

    bool retired(CiId ci) const {
        const auto found = by_ci.find(ci);
        return found == by_ci.end() || std::ranges::none_of(found->second, [this](Index index) {
                   return records[index].present;
               });
    }

    /// Statements that share a trusted key with this one, itself included; empty when nobody does.
    std::vector<Index> neighbours(Index index) const {
        std::vector<Index> out;
        for (const Key& key : records[index].statement.keys) {
            const auto found = by_key.find(key_text(key));
            if (found != by_key.end() && found->second.size() > 1) {
                out.insert(out.end(), found->second.begin(), found->second.end());
            }
        }
        return out;
    }

    /// Everything that trusted keys connect with the seeds, in order of index.
    std::vector<Index> closure(std::vector<Index> seeds) const {
        std::vector<Index> reached = std::move(seeds);
        std::ranges::sort(reached);
        reached.erase(std::ranges::unique(reached).begin(), reached.end());
        std::vector<Index> open = reached;
        while (!open.empty()) {
            const Index index = open.back();
            open.pop_back();
            for (const Index next : neighbours(index)) {
                const auto at = std::ranges::lower_bound(reached, next);
                if (at == reached.end() || *at != next) {
                    reached.insert(at, next);
                    open.push_back(next);
                }
            }
        }
        return reached;
    }

    void move(Index index, CiId to) {
        const CiId from = records[index].ci;
        if (from == to) {
            return;
        }
        if (const auto found = by_ci.find(from); found != by_ci.end()) {
            std::erase(found->second, index);
            if (found->second.empty()) {
                by_ci.erase(found);
            }
        }
        records[index].ci = to;
        auto& members = by_ci[to];
        members.insert(std::ranges::lower_bound(members, index), index);
    }

    /// Decides anew for everything `seeds` connect with.
    IdentityChange decide(std::vector<Index> seeds) {
        const std::vector<Index> reached = closure(std::move(seeds));
        std::vector<const Statement*> statements;
        statements.reserve(reached.size());
        for (const Index index : reached) {
            statements.push_back(&records[index].statement);
        }
        const Partition partition = partition_by_keys(statements);
        IdentityChange change;
        std::vector<CiId> group_ids;
        std::vector<std::vector<CiId>> origins;
        std::vector<bool> known;
        for (const auto& group : partition.groups) {
            group_ids.push_back(id_from(*statements[group.front()]));
            known.push_back(by_ci.contains(group_ids.back()));
            std::vector<CiId>& from = origins.emplace_back();
            for (const std::size_t position : group) {
                add_once(from, records[reached[position]].ci);
            }
        }
        // All moves before any verdict: whether an old id is gone is known only at the end.
        for (std::size_t at = 0; at < partition.groups.size(); ++at) {
            for (const std::size_t position : partition.groups[at]) {
                move(reached[position], group_ids[at]);
            }
        }
        for (std::size_t at = 0; at < partition.groups.size(); ++at) {
            if (!known[at] && origins[at].empty()) {
                change.ledger.push_back(
                    {Verdict::Kind::created, group_ids[at], {}, "first statement of it"}
                );
            }
            note_origins(change, group_ids[at], origins[at]);
        }
        for (const auto& cut : partition.cuts) {
            change.ledger.push_back(
                {Verdict::Kind::kept_apart, group_ids[cut.group], group_ids[cut.other], cut.reason}
            );
        }
        return change;
    }

    /// Where the members of one group come from.
    void note_origins(IdentityChange& change, CiId id, const std::vector<CiId>& origins) const {
        for (const CiId old : origins) {
            if (old == id) {
                continue;
            }
            const bool emptied = !by_ci.contains(old);
            change.ledger.push_back(
                {emptied ? Verdict::Kind::joined : Verdict::Kind::split,
                 id,
                 old,
                 emptied ? "a trusted key connects them" : "no trusted key connects them any more"}
            );
            add_once(change.touched, old);
        }
        add_once(change.touched, id);
    }
};

Identification::Identification() : impl_(std::make_unique<Impl>()) {}

Identification::Identification(Identification&&) noexcept = default;
Identification& Identification::operator=(Identification&&) noexcept = default;
Identification::~Identification() = default;

IdentityChange Identification::submit(Statement statement) {
    Impl& impl = *impl_;
    const std::string name = object_name(statement.source, statement.object);
    const auto next = static_cast<Impl::Index>(impl.records.size());
    const auto [place, is_new] = impl.by_object.emplace(name, next);
    const Impl::Index index = place->second;
    std::vector<Impl::Index> seeds{index};
    bool returned = false;
    if (is_new) {
        impl.records.push_back({std::move(statement), {}, true});
    } else {
        auto& record = impl.records[index];
        returned = !record.present && impl.retired(record.ci);
        record.present = true;
        statement.observed = record.statement.observed;
        if (record.statement.keys != statement.keys) {
            const auto former = impl.closure({index});
            seeds.insert(seeds.end(), former.begin(), former.end());
            impl.unindex_keys(index);
        }
        const bool same_keys = record.statement.keys == statement.keys;
        record.statement = std::move(statement);
        if (same_keys) {
            IdentityChange change{.ledger = {}, .touched = {record.ci}};
            if (returned) {
                change.ledger.push_back(
                    {Verdict::Kind::returned, record.ci, {}, "its source names it again"}
                );
            }
            return change;
        }
    }
    impl.index_keys(index);
    IdentityChange change = impl.decide(std::move(seeds));
    if (returned) {
        change.ledger.push_back(
            {Verdict::Kind::returned, impl.records[index].ci, {}, "its source names it again"}
        );
    }
    return change;
}

IdentityChange Identification::remove(std::string_view source, std::string_view object) {
    Impl& impl = *impl_;
    IdentityChange change;
    const auto found = impl.by_object.find(object_name(source, object));
    if (found == impl.by_object.end() || !impl.records[found->second].present) {
        return change;
    }
    auto& record = impl.records[found->second];
    record.present = false;
    change.touched.push_back(record.ci);
    if (impl.retired(record.ci)) {
        change.ledger.push_back(
            {Verdict::Kind::retired, record.ci, {}, "no source names it any more"}
        );
    }
    return change;
}

CiId Identification::ci_of(std::string_view source, std::string_view object) const {
    const auto* record = impl_->find(source, object);
    return record == nullptr ? CiId{} : record->ci;
}

const Statement* Identification::find(std::string_view source, std::string_view object) const {
    const auto* record = impl_->find(source, object);
    return record == nullptr ? nullptr : &record->statement;
}

std::vector<const Statement*> Identification::members(CiId ci) const {
    std::vector<const Statement*> out;
    const auto found = impl_->by_ci.find(ci);
    if (found == impl_->by_ci.end()) {
        return out;
    }
    const bool all = impl_->retired(ci);
    for (const Impl::Index index : found->second) {
        if (all || impl_->records[index].present) {
            out.push_back(&impl_->records[index].statement);
        }
    }
    std::ranges::sort(out, [](const auto* a, const auto* b) { return older(*a, *b); });
    return out;
}

bool Identification::is_retired(CiId ci) const {
    return impl_->retired(ci);
}

std::vector<std::string> Identification::objects(std::string_view source) const {
    std::vector<std::string> out;
    for (const auto& record : impl_->records) {
        if (record.present && record.statement.source == source) {
            out.push_back(record.statement.object);
        }
    }
    return out;
}

std::size_t Identification::size() const {
    return impl_->records.size();
}

std::vector<Identification::Saved> Identification::save() const {
    std::vector<Saved> out;
    out.reserve(impl_->records.size());
    for (const auto& record : impl_->records) {
        out.push_back({record.statement, record.ci, record.present});
    }
    return out;
}

Identification Identification::load(std::vector<Saved> saved) {
    Identification out;
    Impl& impl = *out.impl_;
    for (Saved& each : saved) {
        const auto index = static_cast<Impl::Index>(impl.records.size());
        impl.by_object.emplace(object_name(each.statement.source, each.statement.object), index);
        impl.by_ci[each.ci].push_back(index);
        impl.records.push_back({std::move(each.statement), each.ci, each.present});
        impl.index_keys(index);
    }
    return out;
}

}  // namespace muster::cmdb
