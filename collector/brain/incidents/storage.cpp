#include "collector/brain/incidents/storage.hpp"

#include "base/bytes.hpp"
#include "collector/brain/incidents/record.hpp"
#include "collector/brain/incidents/symptoms.hpp"
#include "collector/journal/entries.pb.h"

#include <string>

namespace muster::collector {

namespace {

std::string mebibytes(std::uint64_t bytes) {
    return std::to_string(bytes >> 20U) + " MiB";
}

Incident describe(const Fold& fold, const proto::CollectorStorage& body) {
    Incident incident;
    incident.kind = "storage_full";
    incident.key = storage_full_key;
    incident.title = "the collector's disk is full: no results are taken";
    incident.urgency = "high";
    incident.expected = "more than " + mebibytes(body.reserve_bytes()) + " free";
    incident.seen = mebibytes(body.free_bytes()) + " free where " + printable(body.path()) + " is";
    incident.reason = "full";
    incident.started = fold.wall;
    incident.detected = fold.wall;
    return incident;
}

}  // namespace

void fold_storage(Fold& fold, const Entry& entry) {
    proto::CollectorStorage body;
    if (!body.ParseFromString(entry.body)) {
        return;
    }
    State& state = fold.state;
    const auto open = state.open_by_key.find(std::string(storage_full_key));
    if (body.is_full() && open == state.open_by_key.end()) {
        const std::string why = cause_why(
            "hardly anything is left on the file system, and what could be spared is gone",
            "had there been old entries or results to spare, they would have given way first",
            {{"path", body.path()},
             {"free", mebibytes(body.free_bytes())},
             {"takes results again above", mebibytes(body.reserve_bytes())}}
        );
        open_incident(fold, describe(fold, body), why, Telling::told);
    }
    if (body.is_full() || open == state.open_by_key.end()) {
        return;
    }
    if (Incident* incident = open_incident_of(state, open->second)) {
        resolve_incident(
            fold,
            *incident,
            "system",
            mebibytes(body.free_bytes()) + " are free again; agents send what they kept",
            fold.wall,
            Telling::told
        );
    }
}

}  // namespace muster::collector
