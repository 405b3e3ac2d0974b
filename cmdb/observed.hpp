// Owns: what a source has seen in one run → statements. Leaves to identification: which of them are the same; to the
// owner: who may say what.
#pragma once

#include "base/result.hpp"
#include "cmdb/model.hpp"
#include "cmdb/statement.hpp"
#include "wire/observations.hpp"

#include <string>
#include <vector>

namespace muster::cmdb {

/// Who has seen it, and where. Nothing of this is taken from what was sent.
struct Observer {
    std::string source;   ///< "agent/<id>"
    std::string site;     ///< what it sees is there, and its addresses count within; empty: no site
    std::string link;     ///< address from which it talks; empty: not known
    WallTime earliest{};  ///< nothing was seen before
    WallTime latest{};    ///< nor after
};

/// Statements, those that others are part of first. An object is of its item's class, below the nearest thing up its
/// parent relations that stands for itself. Keys are canonical; those that a class computes of its attributes are added.
/// Relations whose classes may not be joined by them are left out. A machine is given the address by which it is reached:
/// that of its link where it has it, else its first global one, IPv4 before IPv6, real interfaces before made-up ones.
std::vector<Statement> statements_of(
    const Model& model, const Observer& observer, const wire::Observations& seen
);

/// Keys that a class computes of attributes: "parent" and "space" as they count for statements of `site`.
std::vector<Key> computed_keys(
    const Model& model,
    std::string_view ci_class,
    const Attributes& attributes,
    std::string_view site
);

/// When the run was: the latest of its items.
WallTime time_of(const Observer& observer, const wire::Observations& seen);

}  // namespace muster::cmdb
