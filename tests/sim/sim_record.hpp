// Owns: what both simulated collectors do with a record: read it, fold it anew, answer for a receiver of messages. Leaves to them:
// when.
#pragma once

#include "collector/brain/brain.hpp"
#include "collector/journal/journal_writer.hpp"

#include <string>
#include <vector>

namespace muster::test {

/// An entry to be.
collector::Pending pending(collector::EntryKind kind, std::string body);

/// That the message arrived at the first attempt.
collector::Pending delivered(const std::string& outbox_id);

/// Rows of one column of the state.db at `path`, in order.
Result<std::vector<std::string>> try_column_of(const std::string& path, const std::string& sql);
std::vector<std::string> column_of(const std::string& path, const std::string& sql);

/// The whole journal folded into a new record at `state_path`.
collector::Brain refolded_brain(const std::string& journal, const std::string& state_path);

}  // namespace muster::test
