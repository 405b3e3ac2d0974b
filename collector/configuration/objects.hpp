// Owns: the objects that texts declare (targets, policies, channels, …) and what differs between two sets of texts.
// Leaves to config/: whether they are valid.
#pragma once

#include "config/watch.hpp"

#include <map>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace muster::collector {

/// One element of a list of objects: its keys written out flat, "breach.failures" → "3", "probes.0.type" → "icmp".
struct DeclaredObject {
    std::string file;
    int line = 0;
    std::map<std::string, std::string> fields;
};

/// By (list, name): ("policies", "network gear answers").
using DeclaredObjects = std::map<std::pair<std::string, std::string>, DeclaredObject>;

/// Of texts that are valid; elements without a name and what is not a list of maps are left out.
DeclaredObjects objects_of(std::span<const config::ConfigText> texts);

struct ObjectChange {
    enum class Kind { created, changed, removed, unchanged };

    struct Field {
        std::string name;
        std::string before;  ///< empty: it was not there
        std::string after;
    };

    Kind kind = Kind::unchanged;
    std::string list;
    std::string name;
    std::string file;  ///< where it is declared; of a removed one, where it was
    std::vector<Field> fields;
};

std::string_view to_string(ObjectChange::Kind kind);

/// Every object of either set, by list and name.
std::vector<ObjectChange> compare_objects(
    const DeclaredObjects& before, const DeclaredObjects& after
);

}  // namespace muster::collector
