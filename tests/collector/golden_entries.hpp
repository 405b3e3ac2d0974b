// Owns: journal entries as golden files: one body of every kind as bytes, with the fields that are to be read from it.
#pragma once

#include "collector/journal/entry.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace muster::collector::golden {

/// A golden file "<kind>.v<version>", taken apart.
struct GoldenEntry {
    std::string kind;
    std::uint16_t version = 0;
    int number = -1;  ///< stored in the journal for the kind
    std::string body;
    std::string fields;  ///< one line each
};

/// Every kind of this release, by number.
std::vector<EntryKind> all_kinds();

/// An entry of every kind, in an order that makes sense: an agent joins, a target fails, a person looks, the agent goes.
/// Stamps are 4 s apart, from the moment 2023-11-14T22:13:20Z on. Batches carry their body and no decoded items.
std::vector<Entry> sample_journal();

/// The fields of a body, one "name = value" a line, batches down to their results. Empty for a kind without a body.
std::string fields_of(EntryKind kind, const std::string& body);

/// The text of the golden file of an entry.
std::string golden_text(const Entry& entry);
/// `corrupt` where `text` has not that form.
Result<GoldenEntry> parse_golden(const std::string& name, const std::string& text);

}  // namespace muster::collector::golden
