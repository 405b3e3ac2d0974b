// Owns: the fields by which incidents are searched, in lists and in bulk actions. Leaves to the brain and the API: where
// the facts come from.
#pragma once

#include "config/query.hpp"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace muster::collector {

/// One incident, as a query sees it.
struct IncidentFacts {
    std::uint64_t number = 0;
    std::string kind;
    std::string state;
    std::uint32_t priority = 3;
    std::string urgency;
    std::string impact;
    std::string title;
    std::string ci;
    std::string ci_class;
    std::string site;
    std::string service;
    std::string team;
    std::string assignee;
    std::string reporter;
    std::string agent;
    std::string probe;
    std::string probe_type;
    std::string probe_host;
    std::string ci_id;
    std::string agent_id;
    std::string place;
    std::string reason;
    std::string expected;
    std::string seen;
    std::string acknowledged_by;
    std::string resolved_by;
    std::string resolution;
    std::string pending_reason;
    std::int64_t age_minutes = 0;  ///< since it was opened
    std::int64_t reopened = 0;     ///< how often
    bool acknowledged = false;
    bool detected_late = false;
};

/// A field and what it is, in the order of docs/query.md.
struct IncidentField {
    std::string_view name;
    std::string_view summary;
    std::optional<std::string> (*value)(const IncidentFacts& facts);
};

std::span<const IncidentField> incident_fields();

/// What queries over incidents may name; classes are any.
config::Vocabulary incident_words();

/// Nothing where it has none.
std::optional<std::string> incident_field(const IncidentFacts& facts, std::string_view field);

}  // namespace muster::collector
