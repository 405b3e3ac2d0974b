// T-15: a collector goes back to a backup, and its agent has drained and deleted a spool meanwhile: what was in it is a gap that says
// how much, once.
#include "collector/journal/journal_reader.hpp"
#include "tests/support/eventually.hpp"
#include "tests/support/own_network.hpp"
#include "tests/support/site.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <map>

namespace muster::test {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

/// Of one spool in a journal.
struct Held {
    std::uint64_t last_seq = 0;
    std::uint64_t results = 0;
    std::vector<std::uint64_t> restored_gaps;  // results in each
};

std::map<SpoolId, Held> held_in(const std::string& journal) {
    std::map<SpoolId, Held> held;
    auto reader = collector::JournalReader::open(journal);
    EXPECT_TRUE(reader) << journal;
    for (collector::Lsn next = 1; reader;) {
        const auto entries = reader->read(next, 256, 1U << 20U);
        EXPECT_TRUE(entries) << journal;
        if (!entries || entries->empty()) {
            break;
        }
        for (const collector::Entry& entry : *entries) {
            next = entry.lsn + 1;
            for (std::size_t at = 0; entry.batches && at < entry.batches->size(); ++at) {
                const collector::DecodedBatch& batch = (*entry.batches)[at];
                Held& spool = held[batch.spool];
                EXPECT_EQ(batch.seq, spool.last_seq + 1) << "in order, each once";
                spool.last_seq = batch.seq + batch.span - 1;
                spool.results += batch.results.size() + batch.lost;
                if (batch.gap && batch.gap->reason == wire::GapReason::restored) {
                    spool.restored_gaps.push_back(batch.lost);
                }
            }
        }
    }
    return held;
}

/// An agent that keeps nothing of what is confirmed, and begins a new spool after every outage.
class ForgetfulAgent : public ::testing::Test {
  protected:
    void SetUp() override {
        std::string why;
        ASSERT_TRUE(enter_own_network(why)) << why;
        site_.configure(
            "targets:\n  - name: host\n    class: server\n    address: 127.0.0.9\n    probes:\n"
            "      - {type: icmp, count: 1, interval: 100ms, timeout: 50ms}\n"
        );
        ASSERT_NO_FATAL_FAILURE(site_.start_collector());
        ASSERT_NO_FATAL_FAILURE(site_.enrol_agent());
        write_text(
            site_.dir() / "agent1.yaml",
            "data_dir: " + site_.agent_dir() +
                "\nspool: {flush: 50ms, retain_acked: 1ms, renew_after: 200ms}\n"
                "link: {backoff_least: 50ms, backoff_most: 500ms}\n"
        );
        site_.resume_agent();
        ASSERT_TRUE(eventually(20s, [&] { return site_.probe_states()["host icmp"] == "ok"; }));
    }

    /// So many more results than now are stored.
    void wait_for_results(std::uint64_t more) {
        const auto stored = [this] {
            return std::strtoull(site_.metric("muster_results_folded_total").c_str(), nullptr, 10);
        };
        const std::uint64_t until = stored() + more;
        ASSERT_TRUE(eventually(20s, [&] { return stored() >= until; })) << site_.agent_log();
    }

    std::vector<std::string> spools() const {
        std::vector<std::string> found;
        for (const auto& each : std::filesystem::directory_iterator(site_.agent_dir() + "/spool")) {
            if (each.is_directory()) {
                found.push_back(each.path());
            }
        }
        return found;
    }

    std::uintmax_t bytes_of(const std::string& spool) const {
        std::uintmax_t bytes = 0;
        for (const auto& each : std::filesystem::directory_iterator(spool)) {
            bytes += each.path().extension() == ".seg" ? each.file_size() : 0;
        }
        return bytes;
    }

    boost::json::array gaps() {
        const boost::json::value agent = site_.get("/agents/agent1").body;
        const auto* found =
            agent.if_object() != nullptr ? agent.as_object().if_contains("gaps") : nullptr;
        return found != nullptr ? found->as_array() : boost::json::array();
    }

    Site site_;
};

TEST_F(ForgetfulAgent, T15TellsARestoredCollectorWhatItHadInASpoolThatIsNoMore) {
    ASSERT_EQ(site_.muster({"backup"}).exit_code, 0);
    ASSERT_NO_FATAL_FAILURE(wait_for_results(10));

    // An outage: what is made meanwhile is in the old spool, what comes after it in a new one.
    EXPECT_EQ(site_.stop_collector(), 0);
    const std::string old = spools().at(0);
    const std::uintmax_t before = bytes_of(old);
    ASSERT_TRUE(eventually(20s, [&] { return bytes_of(old) > before + 500; }));
    ASSERT_NO_FATAL_FAILURE(site_.start_collector());
    ASSERT_TRUE(eventually(20s, [&] { return !std::filesystem::exists(old); }))
        << site_.agent_log();
    EXPECT_EQ(spools().size(), 1U);
    ASSERT_NO_FATAL_FAILURE(wait_for_results(5));

    site_.collector().kill_now();
    const CommandResult restored = run_command(
        {program("muster-collector"), "--config", site_.dir() / "collector.yaml", "restore"}
    );
    ASSERT_EQ(restored.exit_code, 0) << restored.output;
    const auto backed_up = held_in(site_.data_dir() + "/journal");
    std::string replaced;
    for (const auto& each : std::filesystem::directory_iterator(site_.data_dir())) {
        if (each.path().filename().string().starts_with("replaced.")) {
            replaced = each.path() / "journal";
        }
    }
    const auto lost = held_in(replaced);
    ASSERT_EQ(backed_up.size(), 1U);
    ASSERT_EQ(lost.size(), 2U);
    const auto& [spool, kept] = *backed_up.begin();
    const std::uint64_t expected = lost.at(spool).results - kept.results;
    EXPECT_GE(expected, 10U);

    ASSERT_NO_FATAL_FAILURE(site_.start_collector());
    ASSERT_TRUE(eventually(20s, [&] { return !gaps().empty(); })) << site_.agent_log();
    EXPECT_EQ(text_of(gaps().at(0), "reason"), "restored");
    EXPECT_EQ(gaps().at(0).at("results").to_number<std::uint64_t>(), expected);
    EXPECT_THAT(site_.collector_log(), HasSubstr(" intake.finished_lost "));
    // Once: not again with the next connection, of another process, to another one.
    EXPECT_EQ(site_.stop_agent(), 0);
    EXPECT_EQ(site_.stop_collector(), 0);
    ASSERT_NO_FATAL_FAILURE(site_.start_collector());
    site_.resume_agent();
    ASSERT_NO_FATAL_FAILURE(wait_for_results(5));
    EXPECT_EQ(gaps().size(), 1U);
    EXPECT_EQ(site_.stop_agent(), 0);
    EXPECT_EQ(site_.stop_collector(), 0);

    const auto held = held_in(site_.data_dir() + "/journal");
    EXPECT_THAT(held.at(spool).restored_gaps, testing::ElementsAre(expected));
    EXPECT_EQ(held.at(spool).results, lost.at(spool).results);
    EXPECT_EQ(held.at(spool).last_seq, lost.at(spool).last_seq);
    for (const auto& [other, what] : held) {
        EXPECT_TRUE(other == spool || what.restored_gaps.empty())
            << "what the agent still has it sends again";
    }
}

}  // namespace
}  // namespace muster::test
