// Owns: what is recorded of one thing explaining another: symptoms of an incident, receipts for what
// was withheld, the end of a cause. Leaves to correlation: whether it does.
#pragma once

#include "collector/brain/fold.hpp"

#include <boost/json/object.hpp>

#include <string>
#include <string_view>

namespace muster::collector {

/// As an incident of that kind withholds.
Withholding withholding_by(std::string_view kind);

/// What a person wants to know of a page that was not sent.
struct WithheldPage {
    Withholding why = Withholding::path;
    std::uint64_t cause = 0;     ///< incident; 0: none
    std::string rule;            ///< "more than 20 incidents within 1m"
    std::string text;            ///< one sentence
    std::string counterfactual;  ///< what would have paged
    boost::json::object inputs{};
};

/// The receipt of a fault that opens nothing of its own.
void add_withheld_receipt(Fold& fold, CiIndex ci, ProbeId probe, const WithheldPage& page);

/// Lines in its timeline for what fails beside the member that speaks for the fault.
void list_other_members(Fold& fold, const Fault& fault, const Incident& incident);

/// `ci` joins the symptoms of an incident: a row, a line in its timeline. Nothing when it is there.
void add_symptom_of(Fold& fold, std::uint64_t incident, CiIndex ci, std::string_view text);
/// It is none any more.
void end_symptom_of(Fold& fold, std::uint64_t incident, CiIndex ci, std::string_view text);

/// Resolves the incident unless somebody did, and sets free all that it explained: what still fails
/// after the time a recovery takes is decided anew.
void end_cause(Fold& fold, std::uint64_t incident, std::string_view text, WallTime at);

/// A silence becomes a symptom of `cause`; an incident of its own is resolved into it.
void explain_silence(Fold& fold, AgentIndex agent, std::uint64_t cause);

/// An open incident turns out to be a symptom of another: it is resolved, those who were told of it
/// hear why, and what it explained is explained by the other.
void absorb(Fold& fold, std::uint64_t number, std::uint64_t cause);

/// The incident with that number unless it is over or forgotten; null otherwise.
/// Services that the incident touches, by name: those of its CI and of what is listed under it. At most `most_services`.
inline constexpr std::size_t most_services = 20;
std::vector<std::string> services_affected(const State& state, const Incident& incident);

Incident* open_incident_of(State& state, std::uint64_t number);

/// The JSON kept as the reason of an incident.
std::string cause_why(
    std::string_view rule, std::string_view counterfactual, boost::json::object inputs
);

}  // namespace muster::collector
