// Owns: what a journal holds of each agent, read from its files. Leaves to delivery_book.hpp: what it should hold.
#pragma once

#include "collector/journal/entries.pb.h"
#include "collector/journal/entry.hpp"
#include "collector/journal/pending.hpp"

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace muster::test {

struct JournalContents {
    std::map<AgentId, std::vector<collector::proto::BatchEntry::Item>> items;
    std::map<AgentId, std::vector<collector::AgentCursor>> cursors;
    std::map<collector::EntryKind, std::uint64_t> entries;
    std::uint64_t quarantined = 0;
};

/// Whether somebody writes it or not.
JournalContents read_journal(const std::string& directory);

}  // namespace muster::test
