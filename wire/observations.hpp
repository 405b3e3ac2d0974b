// Owns: what a source has seen in one run, as plain values, and their codec. Leaves to record.hpp: the record around
// them; to the collector: what they mean.
#pragma once

#include "base/result.hpp"
#include "base/time.hpp"

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace muster::wire {

/// Something that tells one thing from another, such as {"smbios", "uuid", "4c4c4544-…"}.
struct ObservedKey {
    std::string space;  ///< whose names these are
    std::string kind;
    std::string value;

    bool operator==(const ObservedKey&) const = default;
};

/// One thing that was seen.
struct ObservedItem {
    std::string object;    ///< the source's own stable name, unique in its run: "interface/eth0"
    std::string ci_class;  ///< a hint: "interface"
    std::vector<ObservedKey> keys;
    std::map<std::string, std::string> attributes;  ///< snake_case with the unit → text
    WallTime observed{};

    bool operator==(const ObservedItem&) const = default;
};

/// `items[from]` stands to `items[to]` as `type` says: "contains", "runs_on", …
struct ObservedRelation {
    std::uint32_t from = 0;
    std::uint32_t to = 0;
    std::string type;

    bool operator==(const ObservedRelation&) const = default;
};

/// One run of one source.
struct Observations {
    std::string run;    ///< a name no two runs of the source share
    bool full = false;  ///< what is absent of this source is missing
    std::vector<ObservedItem> items;
    std::vector<ObservedRelation> relations;
    std::vector<std::string> lacking;  ///< facts that could not be seen and why, readable

    bool operator==(const Observations&) const = default;
};

/// Bounds checked while decoding; beyond them the payload is `corrupt`.
struct ObservationLimits {
    std::size_t items = 20'000;
    std::size_t keys_an_item = 64;
    std::size_t attributes_an_item = 128;
    std::size_t facts = 200'000;  ///< keys and attributes of all items together
    std::size_t relations = 100'000;
    std::size_t lacking = 1'000;
    std::size_t text_bytes = 4096;  ///< of any text
};

/// The payload (a serialised proto::Observations, uncompressed); the same bytes for the same observations.
std::string encode_observations(const Observations& observations);

/// Reads hostile bytes. `corrupt` when malformed, a limit is passed, an object is nameless or named twice, a class, a
/// key's kind or value, an attribute's name or a relation's type is empty, or a relation points outside. Texts come back printable; in keys,
/// what is not is written as \xNN, so that different keys stay different.
Result<Observations> decode_observations(
    std::string_view payload, const ObservationLimits& limits = {}
);

/// Bytes held in memory, roughly.
std::size_t memory_bytes(const Observations& observations);

}  // namespace muster::wire
