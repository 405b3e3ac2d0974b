// Owns: the spools of one agent in a faulty file system.
#pragma once

#include "agent/spool_set.hpp"
#include "tests/agent/spool_fixture.hpp"

#include <string>
#include <vector>

namespace muster::agent {

class SpoolSetTest : public SpoolTest {
  protected:
    SpoolSet open_set() { return SpoolSet::open(files, "/spool", random, options, now, wall); }

    static Spool& growing(SpoolSet& set) { return *set.find(set.positions().front().spool); }

    /// So many records of the growing spool, each of `bytes`.
    static void fill_set(
        SpoolSet& set,
        int count,
        std::size_t bytes = 10,
        wire::DropClass drop_class = wire::DropClass::results
    ) {
        for (int at = 0; at < count; ++at) {
            wire::Record one = record(std::string(bytes, 'x'));
            one.drop_class = drop_class;
            ASSERT_TRUE(set.append(std::move(one)));
        }
        ASSERT_TRUE(set.sync());
    }

    static void expect_set_balance(SpoolSet& set) {
        const SpoolCounters counters = set.counters();
        std::uint64_t untold = 0;
        for (const wire::SpoolPosition& position : set.positions()) {
            untold += set.find(position.spool)->untold().results;
        }
        EXPECT_EQ(
            counters.found_results + counters.appended_results + counters.refused_results,
            counters.acked_results + set.waiting_results() + counters.all_gaps() + untold
        );
    }

    static void ack_all(SpoolSet& set, const wire::SpoolPosition& position) {
        set.find(position.spool)->ack(position.next_seq - 1);
    }

    std::vector<std::string> folders() {
        auto names = *files.list("/spool");
        std::erase_if(names, [](const std::string& name) { return !spool_folder_of(name); });
        return names;
    }
};

}  // namespace muster::agent
