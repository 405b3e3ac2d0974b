// Owns: the SQL that reads pages not sent, symptoms, and how a CI stood at a moment. Leaves to the brain: deciding and
// writing them.
#pragma once

#include "base/time.hpp"
#include "collector/api/page.hpp"
#include "collector/api/read_scope.hpp"
#include "collector/api/state_reader.hpp"

#include <boost/json.hpp>

#include <cstdint>
#include <span>
#include <string>

namespace muster::collector {

/// Empty members filter nothing. `ci`: 16 raw bytes. `from` is within, `to` is not.
struct ReceiptFilter {
    std::string ci;
    std::string reason;
    WallTime from{};
    WallTime to{};
};

/// Newest first.
Result<Page> read_receipts(
    StateConnection& connection,
    const ReadScope& scope,
    const ReceiptFilter& filter,
    const PageRequest& page
);

/// What an incident explains, oldest first: at most 1,000.
Result<json::array> read_symptoms(
    StateConnection& connection, const ReadScope& scope, std::int64_t incident
);

struct WhyQuestion {
    /// Of the answer's sentence.
    enum class Tense { present, past };

    WallTime at{};
    Tense tense = Tense::past;
    Duration silent_incident_after{};  ///< as it is configured
};

/// Why a CI paged at that moment, or did not: its probes then and who watched, its agents, maintenance, incidents, what it was
/// a symptom of, receipts of the hour before, and the answer in one sentence. `ci`: 16 raw bytes.
Result<json::object> read_ci_why(
    StateConnection& connection,
    const ReadScope& scope,
    const std::string& ci,
    const WhyQuestion& question
);

std::span<const NamedQuery> receipt_queries();

}  // namespace muster::collector
