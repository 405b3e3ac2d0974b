// Rows of state_store about what explains what.
#include "collector/brain/state_store_impl.hpp"

namespace muster::collector {

void StateStore::insert_symptom(const SymptomRow& row) {
    impl_->run(
        StateQuery::insert_symptom,
        row.incident,
        row.lsn,
        row.ordinal,
        Blob{row.ci.raw()},
        row.name,
        row.text,
        to_ns(row.since)
    );
}

void StateStore::end_symptom(std::uint64_t incident, CiId ci, WallTime until) {
    impl_->run(StateQuery::end_symptom, incident, Blob{ci.raw()}, to_ns(until));
}

}  // namespace muster::collector
