// kill -9 at random moments and at every failpoint: what was produced is stored once, unaltered, and the incidents and messages
// are those of an undisturbed run. The results follow a script, so what must come out is computed, not remembered.
#include "base/random.hpp"
#include "collector/journal/journal_reader.hpp"
#include "tests/support/eventually.hpp"
#include "tests/support/script_of_results.hpp"
#include "tests/support/site.hpp"
#include "tests/support/webhook_listener.hpp"

#include <gtest/gtest.h>

#include <csignal>
#include <filesystem>
#include <map>
#include <set>

namespace muster::test {
namespace {

using namespace std::chrono_literals;

constexpr const char* failpoints[] = {
    "journal.before_commit",
    "journal.after_commit",
    "brain.before_commit",
    "brain.after_commit",
    "brain.before_snapshot",
    "brain.mid_snapshot",
    "brain.after_snapshot",
    "history.mid_block",
    "history.after_block",
    "notify.after_send",
};

class Killed : public ::testing::Test {
  protected:
    void SetUp() override {
        std::string watch = "channels:\n  - {name: ops, type: webhook, url: \"" + hook_.url() +
                            "\", secret: {file: " + (site_.dir() / "hmac") + "}}\ntargets:\n";
        write_text(site_.dir() / "hmac", "hook key");
        for (std::uint32_t probe = 0; probe < script_.probes; ++probe) {
            const std::string number = std::to_string(probe);
            watch += "  - name: t" + number + "\n    address: 127.1.0." + number +
                     "\n    breach: {failures: 3}\n    recover: {successes: 2}\n    hold: 250ms\n"
                     "    probes: [{type: icmp, interval: 100ms, timeout: 50ms}]\n";
        }
        site_.configure(watch);
        ASSERT_NO_FATAL_FAILURE(site_.start_collector());
        // Enrolled as any agent, then the script takes over its identity.
        ASSERT_NO_FATAL_FAILURE(site_.start_agent());
        site_.agent().kill_now();
        std::filesystem::remove_all(site_.agent_dir() + "/spool");
        start_script();
        ASSERT_TRUE(eventually(10s, [&] { return produced() > script_.quiet; }));
    }

    void start_script() {
        agent_.emplace(Process::start(
            {program("scripted-agent"),
             site_.agent_dir(),
             "localhost:" + std::to_string(site_.agents_port()),
             std::to_string(script_.seed)},
            {{}, site_.dir() / "scripted.log"}
        ));
    }

    std::uint64_t produced() const {
        return std::strtoull(read_text(site_.agent_dir() + "/progress").c_str(), nullptr, 10);
    }

    void kill_collector(std::map<std::string, std::string> environment = {}) {
        site_.collector().kill_now();
        ASSERT_NO_FATAL_FAILURE(site_.start_collector(std::move(environment)));
    }

    void kill_agent() {
        agent_->kill_now();
        start_script();
    }

    /// Lets the script end where all is well, waits until everything is stored and told; gives the last record.
    std::uint64_t finish() {
        const std::uint64_t last = script_.calm_from(produced() + 40, 40);
        write_text(site_.agent_dir() + "/stop_at", std::to_string(last));
        EXPECT_TRUE(eventually(90s, [&] { return !read_text(site_.agent_dir() + "/done").empty(); })
        ) << read_text(site_.dir() / "scripted.log");
        const std::size_t faults = script_.faults(last, 3, 2).size();
        EXPECT_TRUE(eventually(20s, [&] {
            return site_.incidents().size() >= faults && site_.open_incidents() == 0 &&
                   hook_.received().size() >= 2 * faults;
        }));
        return last;
    }

    void expect_ledger(std::uint64_t last) {
        EXPECT_EQ(site_.stop_collector(), 0);
        auto reader = collector::JournalReader::open(site_.data_dir() + "/journal");
        ASSERT_TRUE(reader) << reader.error().text();
        std::map<std::uint64_t, int> seen;
        for (collector::Lsn next = 1;;) {
            const auto entries = reader->read(next, 256, 1 << 20);
            ASSERT_TRUE(entries) << entries.error().text();
            if (entries->empty()) {
                break;
            }
            for (const collector::Entry& entry : *entries) {
                EXPECT_EQ(entry.lsn, next++);
                if (entry.batches) {
                    for (const collector::DecodedBatch& batch : *entry.batches) {
                        ++seen[batch.seq];
                        expect_unaltered(batch);
                    }
                }
            }
        }
        EXPECT_EQ(seen.size(), last);
        for (std::uint64_t seq = 1; seq <= last; ++seq) {
            EXPECT_EQ(seen[seq], 1) << "record " << seq;
        }
    }

    void expect_unaltered(const collector::DecodedBatch& batch) {
        ASSERT_EQ(batch.results.size(), script_.probes);
        std::multiset<std::int64_t> stored(
            batch.results.values.begin(), batch.results.values.end()
        );
        std::multiset<std::int64_t> wanted;
        std::size_t down = 0;
        for (std::uint32_t probe = 0; probe < script_.probes; ++probe) {
            wanted.insert(script_.value(probe, batch.seq));
            down += script_.is_down(probe, batch.seq) ? 1 : 0;
        }
        EXPECT_EQ(stored, wanted) << "record " << batch.seq;
        EXPECT_EQ(static_cast<std::size_t>(std::ranges::count(batch.results.state, 2)), down);
    }

    /// One incident a fault, on the right item, begun at the right result; opened and resolved told once each.
    void expect_incidents(std::uint64_t last, const boost::json::array& incidents) {
        std::istringstream script_file(read_text(site_.agent_dir() + "/script"));
        std::int64_t epoch = 0;
        std::int64_t t0 = 0;
        script_file >> epoch >> t0;
        std::multiset<std::string> wanted;
        for (const ScriptOfResults::Fault& fault : script_.faults(last, 3, 2)) {
            const WallTime began =
                wall_from_ns(t0) + static_cast<std::int64_t>(fault.first - 1) * script_.period;
            wanted.insert("t" + std::to_string(fault.probe) + " " + format_rfc3339(began));
        }
        std::multiset<std::string> found;
        for (const boost::json::value& incident : incidents) {
            found.insert(text_of(incident.at("ci"), "name") + " " + text_of(incident, "started"));
            EXPECT_EQ(text_of(incident, "state"), "resolved");
        }
        EXPECT_EQ(found, wanted);
        std::multiset<std::string> told;
        for (const HookCall& call : hook_.received()) {
            const boost::json::value message = boost::json::parse(call.body);
            told.insert(text_of(message, "subject") + " " + text_of(message, "type"));
        }
        EXPECT_EQ(told.size(), 2 * wanted.size());
        EXPECT_EQ((std::set<std::string>(told.begin(), told.end()).size()), told.size())
            << "told twice";
    }

    ScriptOfResults script_;
    WebhookListener hook_;
    Site site_;
    std::optional<Process> agent_;
};

TEST_F(Killed, NotAtAllIsWhatTheOthersAreComparedWith) {
    EXPECT_TRUE(eventually(30s, [&] { return produced() > 300; }));
    const std::uint64_t last = finish();
    const boost::json::array incidents = site_.incidents();
    expect_incidents(last, incidents);
    expect_ledger(last);
}

TEST_F(Killed, AtEveryFailpointChangesNothing) {
    for (const char* failpoint : failpoints) {
        SCOPED_TRACE(failpoint);
        for (const char* pass : {":1", ":3"}) {
            ASSERT_NO_FATAL_FAILURE(
                kill_collector({{"MUSTER_FAILPOINT", std::string(failpoint) + pass}})
            );
            EXPECT_TRUE(eventually(30s, [&] { return !site_.collector().running(); }))
                << "never reached";
        }
    }
    ASSERT_NO_FATAL_FAILURE(kill_collector());
    const std::uint64_t last = finish();
    const boost::json::array incidents = site_.incidents();
    expect_incidents(last, incidents);
    expect_ledger(last);
}

TEST_F(Killed, TwentyTimesAtRandomMomentsChangesNothing) {
    SeededRandom random(20261122);
    for (int round = 0; round < 20; ++round) {
        const Duration pause = std::chrono::milliseconds(random.below(900));
        EXPECT_TRUE(throughout(pause, [&] { return agent_->running(); }));
        if (round % 2 == 0) {
            ASSERT_NO_FATAL_FAILURE(kill_collector());
        } else {
            kill_agent();
        }
    }
    const std::uint64_t last = finish();
    const boost::json::array incidents = site_.incidents();
    expect_incidents(last, incidents);
    expect_ledger(last);
}

}  // namespace
}  // namespace muster::test
