// Owns: the probes of one agent's assignment epoch, kept small: messages are built when they are
// sent. Leaves to brain/planning: which probes; to intake: secrets, sending.
#pragma once

#include "base/time.hpp"
#include "base/uuid.hpp"
#include "config/param_spec.hpp"
#include "wire/link.pb.h"

#include <cstdint>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace muster::collector {

/// What many probes have in common. Never changed once shared.
struct ProbeSpec {
    std::string type;
    Duration interval{};
    Duration timeout{};
    std::string
        encoded;  ///< a serialised wire::proto::Assignment without dense, probe_id, host and secrets
    std::vector<std::pair<std::string, std::string>>
        secret_files;  ///< option name → path on the collector
    bool operator==(const ProbeSpec&) const = default;
};

/// ProbeSpec::encoded. Equal arguments give equal bytes.
std::string encode_spec(
    std::string_view type, Duration interval, Duration timeout, const config::Params& params
);

/// One assignment as it is sent. `secret_files`: option → path, to be filled in when sent.
struct AssignmentItem {
    wire::proto::Assignment assignment;
    std::vector<std::pair<std::string, std::string>> secret_files;
};

/// A list of assignments by rising dense id: 64 bytes an item instead of a kilobyte. `list[i]`
/// builds the item.
class AssignmentList {
  public:
    class Iterator {
      public:
        Iterator(const AssignmentList& list, std::size_t at) : list_(&list), at_(at) {}

        AssignmentItem operator*() const { return (*list_)[at_]; }

        Iterator& operator++() {
            ++at_;
            return *this;
        }

        bool operator!=(const Iterator& other) const { return at_ != other.at_; }

      private:
        const AssignmentList* list_;
        std::size_t at_;
    };

    void reserve(std::size_t items) { items_.reserve(items); }

    void add(
        std::uint32_t dense, ProbeId probe, std::shared_ptr<const ProbeSpec> spec, std::string host
    );

    std::size_t size() const { return items_.size(); }

    bool empty() const { return items_.empty(); }

    AssignmentItem operator[](std::size_t index) const;

    /// On the collector, of all items.
    std::set<std::string> secret_paths() const;

    Iterator begin() const { return {*this, 0}; }

    Iterator end() const { return {*this, items_.size()}; }

  private:
    struct Entry {
        std::uint32_t dense;
        ProbeId probe;
        std::shared_ptr<const ProbeSpec> spec;  // shared by the brain and every list that names it
        std::string host;
    };

    std::vector<Entry> items_;
};

}  // namespace muster::collector
