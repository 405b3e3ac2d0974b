// Owns: saving the whole state in pages, only those that changed, and loading it. Leaves to
// snapshot_codec: the bytes.
#pragma once

#include "collector/brain/state.hpp"
#include "collector/brain/state_store.hpp"

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace muster::collector {

/// Remembers what is stored, so that only differences are written.
class Snapshot {
  public:
    /// Fills an empty state. `corrupt` when pages are missing or unreadable.
    Status load(StateStore& store, State& state);
    /// One transaction with the position. Everything that was marked is unmarked.
    Status save(StateStore& store, State& state);

    std::uint64_t pages_written() const { return pages_written_; }

  private:
    void save_text(StateStore& store, std::string_view section, const std::string& bytes);
    Status load_text(StateStore& store, std::string_view section, std::string& bytes);

    /// Hash of each page of each small section, as stored.
    std::map<std::string, std::vector<std::uint64_t>, std::less<>> stored_;
    std::uint64_t pages_written_ = 0;
};

/// Every section in one text: equal for equal states.
std::string whole_state(const State& state);

}  // namespace muster::collector
