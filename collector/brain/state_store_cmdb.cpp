// Rows of state_store about configuration items: statements, keys, values, relations, the ledger.
#include "collector/brain/state_store_impl.hpp"

#include <boost/json.hpp>

namespace muster::collector {

namespace json = boost::json;

namespace {

/// [[name, value, source, from, to]]; `to` is null while it holds.
std::string timeline_json(const std::vector<cmdb::AttributeInterval>& timeline) {
    json::array out;
    for (const cmdb::AttributeInterval& each : timeline) {
        json::array one{each.name, each.value, each.source, to_ns(each.from), nullptr};
        if (each.to != WallTime{}) {
            one[4] = to_ns(each.to);
        }
        out.push_back(std::move(one));
    }
    return json::serialize(out);
}

}  // namespace

void StateStore::put_statement(const cmdb::Statement& statement, CiId ci, Lsn lsn) {
    if (impl_->writing == Writing::off) {
        return;
    }
    const std::string keys = keys_json(statement.keys);
    const std::string attributes = attributes_json(cmdb::values_of(statement));
    impl_->run(
        StateQuery::put_statement,
        std::string_view(statement.source),
        std::string_view(statement.object),
        Blob{ci.raw()},
        std::string_view(statement.ci_class),
        std::string_view(keys),
        std::string_view(attributes),
        to_ns(statement.observed),
        lsn,
        when_set(statement.missing)
    );
}

void StateStore::remove_statement(std::string_view source, std::string_view object, Lsn lsn) {
    impl_->run(StateQuery::remove_statement, source, object, lsn);
}

void StateStore::move_statement(std::string_view source, std::string_view object, CiId ci) {
    impl_->run(StateQuery::move_statement, source, object, Blob{ci.raw()});
}

void StateStore::put_key(const cmdb::Key& key, CiId ci, std::string_view state) {
    impl_->run(
        StateQuery::put_key,
        std::string_view(key.space),
        std::string_view(key.kind),
        std::string_view(key.value),
        Blob{ci.raw()},
        state
    );
}

void StateStore::remove_keys(CiId ci) {
    impl_->run(StateQuery::remove_keys, Blob{ci.raw()});
}

void StateStore::insert_attribute(CiId ci, const cmdb::AttributeInterval& interval, Lsn lsn) {
    impl_->run(
        StateQuery::insert_attribute,
        Blob{ci.raw()},
        std::string_view(interval.name),
        std::string_view(interval.value),
        std::string_view(interval.source),
        to_ns(interval.from),
        when_set(interval.to),
        lsn
    );
}

void StateStore::put_attributes(
    CiId ci, const std::vector<cmdb::AttributeInterval>& timeline, Lsn lsn
) {
    if (impl_->writing == Writing::off) {
        return;
    }
    const std::string intervals = timeline_json(timeline);
    const Blob id{ci.raw()};
    impl_->run(StateQuery::supersede_attributes, id, lsn, std::string_view(intervals));
    impl_->run(StateQuery::forget_attributes, id, lsn, std::string_view(intervals));
    impl_->run(StateQuery::put_attributes, id, lsn, std::string_view(intervals));
}

void StateStore::insert_relation(
    const RelationRow& row, CiId from, CiId to, WallTime valid_from, Lsn lsn
) {
    impl_->run(
        StateQuery::insert_relation,
        row.source,
        row.object,
        row.type,
        row.target,
        Blob{from.raw()},
        Blob{to.raw()},
        to_ns(valid_from),
        lsn
    );
}

void StateStore::end_relation(const RelationRow& row, WallTime valid_to, Lsn lsn) {
    const std::int64_t to = to_ns(valid_to);
    impl_->run(StateQuery::close_relation, row.source, row.object, row.type, row.target, to, lsn);
    impl_->run(StateQuery::supersede_relation, row.source, row.object, row.type, row.target, lsn);
    impl_->run(StateQuery::cut_relation, row.source, row.object, row.type, row.target, to, lsn);
}

void StateStore::move_relations(
    std::string_view source, std::string_view object, CiId ci, Lsn lsn
) {
    const Blob id{ci.raw()};
    impl_->run(StateQuery::move_relations, source, object, id, lsn);
    impl_->run(StateQuery::supersede_relations, source, object, lsn);
    impl_->run(StateQuery::turn_relations, source, object, id, lsn);
}

void StateStore::insert_ledger(const LedgerRow& row) {
    impl_->run(
        StateQuery::insert_ledger,
        row.lsn,
        row.ordinal,
        to_ns(row.wall),
        row.kind,
        Blob{row.ci.raw()},
        when_set(row.other),
        row.actor,
        row.reason
    );
}

void StateStore::remove_duplicates(CiId ci) {
    impl_->run(StateQuery::remove_duplicates, Blob{ci.raw()});
}

void StateStore::put_duplicate(CiId ci, CiId other, std::string_view reason, WallTime since) {
    impl_->run(StateQuery::put_duplicate, Blob{ci.raw()}, Blob{other.raw()}, reason, to_ns(since));
}

void StateStore::update_agent_ci(const Agent& agent, CiId ci) {
    impl_->run(StateQuery::update_agent_ci, Blob{agent.id.raw()}, Blob{ci.raw()});
}

}  // namespace muster::collector
