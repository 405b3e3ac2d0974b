// T-07: the disk of the collector's data_dir is full. Nothing is confirmed that is not stored, people can read and are told, and
// when there is room again everything that agents kept is taken, without a restart.
#include "collector/journal/journal_reader.hpp"
#include "tests/support/eventually.hpp"
#include "tests/support/scripted_agent.hpp"
#include "tests/support/site.hpp"
#include "tests/support/small_disk.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <map>

namespace muster::test {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

class FullDisk : public ::testing::Test {
  protected:
    void SetUp() override {
        if (!disk_.problem().empty()) {
            GTEST_SKIP() << "needs the right to mount: " << disk_.problem();
        }
        std::filesystem::create_directory_symlink(disk_.path(), site_.data_dir());
        site_.configure(agent_.targets());
        ASSERT_NO_FATAL_FAILURE(site_.start_collector());
        ASSERT_NO_FATAL_FAILURE(site_.enrol_agent());
        agent_.start();
        ASSERT_NO_FATAL_FAILURE(agent_.wait_for(60));
    }

    std::size_t said(const std::string& event) const {
        const std::string log = site_.collector_log();
        std::size_t count = 0;
        for (std::size_t at = log.find(event); at != std::string::npos;
             at = log.find(event, at + 1)) {
            ++count;
        }
        return count;
    }

    /// How often each record is in the journal.
    std::map<std::uint64_t, int> stored() const {
        std::map<std::uint64_t, int> seen;
        auto reader = collector::JournalReader::open(site_.data_dir() + "/journal");
        for (collector::Lsn next = 1;;) {
            const auto entries = reader->read(next, 256, 1U << 20U);
            EXPECT_TRUE(entries) << entries.error().text();
            if (!entries || entries->empty()) {
                return seen;
            }
            for (const collector::Entry& entry : *entries) {
                for (std::size_t at = 0; entry.batches && at < entry.batches->size(); ++at) {
                    ++seen[(*entry.batches)[at].seq];
                }
            }
            next = entries->back().lsn + 1;
        }
    }

    /// The state of the last incident of that kind; empty: there is none.
    std::string told() {
        std::string state;
        for (const boost::json::value& incident : site_.incidents()) {
            if (text_of(incident, "kind") == "storage_full") {
                state = text_of(incident, "state");
            }
        }
        return state;
    }

    SmallDisk disk_{160U << 20U};
    Site site_;
    ScriptedAgent agent_{site_};
};

TEST_F(FullDisk, T07StopsWhatComesInAloneAndTakesItAllWhenThereIsRoomAgain) {
    disk_.fill();
    ASSERT_TRUE(eventually(20s, [&] { return said(" storage.full ") == 1; }));
    EXPECT_TRUE(eventually(20s, [&] { return told() == "new"; }))
        << "what the ballast freed serves to tell";
    EXPECT_EQ(said(" storage.ballast_given_up "), 1U);
    disk_.fill();
    const std::size_t before = stored().size();
    const std::uint64_t made = agent_.produced();
    ASSERT_NO_FATAL_FAILURE(agent_.wait_for(120));
    // What was on its way may have found a place in the journal's log.
    EXPECT_LT(stored().size(), before + (agent_.produced() - made) / 2);
    EXPECT_EQ(site_.get("/probes").status, 200);
    EXPECT_EQ(site_.get("/incidents").status, 200);
    EXPECT_TRUE(site_.collector().running());

    disk_.make_room();
    ASSERT_TRUE(eventually(20s, [&] { return said(" storage.ample ") == 1; }));
    EXPECT_TRUE(eventually(30s, [&] { return told() == "resolved"; }));
    EXPECT_TRUE(eventually(30s, [&] { return stored().size() + 20 > agent_.produced(); }));
    EXPECT_EQ(said(" collector.ready "), 1U) << "without a restart";

    // Killed on a full disk, it comes back as soon as there is room.
    disk_.fill();
    ASSERT_TRUE(eventually(20s, [&] { return said(" storage.full ") == 2; }));
    site_.collector().signal(SIGKILL);
    ASSERT_TRUE(eventually(10s, [&] { return !site_.collector().running(); }));
    disk_.make_room();
    ASSERT_NO_FATAL_FAILURE(site_.start_collector());
    EXPECT_TRUE(eventually(30s, [&] { return told() == "resolved"; }));
    const std::uint64_t last = agent_.produced() + 20;
    ASSERT_NO_FATAL_FAILURE(agent_.finish_at(last, 60s));
    EXPECT_EQ(site_.stop_collector(), 0);
    const std::map<std::uint64_t, int> all = stored();
    EXPECT_EQ(all.size(), last);
    EXPECT_TRUE(std::ranges::all_of(all, [](const auto& one) { return one.second == 1; }))
        << "each record once";
    EXPECT_EQ(said(" store.restored "), 0U);
}

}  // namespace
}  // namespace muster::test
