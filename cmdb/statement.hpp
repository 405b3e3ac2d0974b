// Owns: what a source says of one of its objects: the only thing a configuration item is computed
// from.
#pragma once

#include "base/time.hpp"

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace muster::cmdb {

/// trusted: connects statements into one CI. supporting: is kept and shown, never decides.
enum class KeyTrust : std::uint8_t { trusted, supporting };
/// single: a CI has one value of this kind, two are a contradiction (a serial). many: it may have
/// several (MAC addresses).
enum class KeyValues : std::uint8_t { single, many };

/// Something that tells one thing from another: (namespace, kind, canonical value).
struct Key {
    std::string space;       ///< "vendor", "agent", "configuration"
    std::string kind;        ///< "serial", "machine_key"
    std::string value;       ///< canonical
    std::uint32_t rank = 1;  ///< 1 is the strongest
    KeyTrust trust = KeyTrust::trusted;
    KeyValues values = KeyValues::single;
    bool operator==(const Key&) const = default;
};

/// By rising name, each name once.
using Attributes = std::vector<std::pair<std::string, std::string>>;

/// The current statement of one (source, object). `observed` is when it was first made and decides
/// age.
struct Statement {
    std::string source;    ///< "configuration", "enrolment"
    std::string object;    ///< the source's own name for the thing
    std::string ci_class;  ///< a hint
    std::vector<Key> keys;
    Attributes attributes;
    WallTime observed;
    bool operator==(const Statement&) const = default;
};

}  // namespace muster::cmdb
