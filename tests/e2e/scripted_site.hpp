// Owns: a real collector and an agent whose results follow a script: what must come out is computed, not remembered. Leaves to tests:
// what happens meanwhile.
#pragma once

#include "base/files.hpp"
#include "base/random.hpp"
#include "collector/history/history.hpp"
#include "collector/journal/journal_reader.hpp"
#include "tests/support/eventually.hpp"
#include "tests/support/own_network.hpp"
#include "tests/support/scripted_agent.hpp"
#include "tests/support/site.hpp"
#include "tests/support/webhook_listener.hpp"

#include <gtest/gtest.h>

#include <csignal>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <sstream>
#include <string>
#include <vector>

namespace muster::test {

using namespace std::chrono_literals;

/// Six probes watch hosts that fail by turns.
class ScriptedSite : public ::testing::Test {
  protected:
    explicit ScriptedSite(ScriptOfResults script = {}) : agent_(site_, script) {}

    void SetUp() override {
        std::string why;
        ASSERT_TRUE(enter_own_network(why)) << why;
        ASSERT_NO_FATAL_FAILURE(build_network());
        hook_.emplace();
        std::string watch = "channels:\n  - {name: ops, type: webhook, url: \"" + hook_->url() +
                            "\", secret: {file: " + (site_.dir() / "hmac") +
                            "}}\nincidents: {reopen_within: 0s}\n";
        write_text(site_.dir() / "hmac", "hook key");
        watch += agent_.targets(
            "    breach: {failures: 3}\n    recover: {successes: 2}\n    hold: 250ms\n"
            "    flapping: {transitions: 100, over: 1s}\n"
        );
        site_.configure(watch);
        ASSERT_NO_FATAL_FAILURE(site_.start_collector());
        // Enrolled as any agent, then the script takes over its identity.
        ASSERT_NO_FATAL_FAILURE(site_.enrol_agent());
        start_script();
        ASSERT_TRUE(eventually(10s, [&] { return produced() > script_.quiet; }));
    }

    /// Between the two, and where the collector is called then: before anything is started.
    virtual void build_network() {}

    void start_script() { agent_.start(address_, within_); }

    std::uint64_t produced() const { return agent_.produced(); }

    void kill_collector(std::map<std::string, std::string> environment = {}) {
        site_.collector().kill_now();
        ASSERT_NO_FATAL_FAILURE(site_.start_collector(std::move(environment)));
    }

    void kill_agent() {
        agent_.kill();
        start_script();
    }

    void let_run(SeededRandom& random, Duration at_most) {
        const Duration pause =
            std::chrono::milliseconds(random.below(static_cast<std::uint64_t>(to_ms(at_most))));
        EXPECT_TRUE(throughout(pause, [&] { return agent_.running(); }));
    }

    void kill_both_by_turns(SeededRandom& random, int kills) {
        for (int kill = 0; kill < kills; ++kill) {
            let_run(random, 900ms);
            if (kill % 2 == 0) {
                ASSERT_NO_FATAL_FAILURE(kill_collector());
            } else {
                kill_agent();
            }
        }
    }

    /// Lets the script end where all is well, waits until everything is stored and told; gives the last record.
    std::uint64_t finish() {
        const std::uint64_t last = script_.calm_from(produced() + 40, 40);
        agent_.finish_at(last);
        const std::size_t faults = script_.faults(last, 3, 2).size();
        EXPECT_TRUE(eventually(20s, [&] {
            return site_.incidents().size() >= faults && site_.open_incidents() == 0 &&
                   hook_->received().size() >= 2 * faults;
        }));
        return last;
    }

    /// What the agent noted of its script: record 1 was taken at `t0`; dense id → probe.
    struct Noted {
        std::uint32_t epoch = 0;
        WallTime t0{};
        std::vector<std::uint32_t> order;
    };

    Noted noted() const {
        std::istringstream text(read_text(site_.agent_dir() + "/script"));
        Noted found;
        std::int64_t t0 = 0;
        text >> found.epoch >> t0;
        found.t0 = wall_from_ns(t0);
        for (std::uint32_t probe = 0; text >> probe;) {
            found.order.push_back(probe);
        }
        return found;
    }

    WallTime time_of(const Noted& script, std::uint64_t seq) const {
        return script.t0 + static_cast<std::int64_t>(seq - 1) * script_.period;
    }

    wire::ResultState state_of(std::uint32_t probe, std::uint64_t seq) const {
        return script_.is_down(probe, seq) ? wire::ResultState::critical : wire::ResultState::ok;
    }

    /// All that must be as in an undisturbed run. Stops the collector.
    void expect_the_script(std::uint64_t last) {
        const Noted script = noted();
        ASSERT_EQ(script.order.size(), script_.probes);
        expect_incidents(script, last);
        std::vector<ProbeId> ids;
        for (std::uint32_t probe = 0; probe < script_.probes; ++probe) {
            const auto id = Uuid::parse(site_.probe_id("t" + std::to_string(probe) + " icmp"));
            ASSERT_TRUE(id) << "t" << probe << " has no probe";
            ids.emplace_back(*id);
        }
        EXPECT_EQ(site_.stop_collector(), 0);
        expect_journal(script, last);
        expect_history(script, last, ids);
    }

    void expect_journal(const Noted& script, std::uint64_t last) {
        std::uint64_t next = 1;
        each_entry(1, [&](const collector::Entry& entry) {
            if (entry.batches) {
                for (const collector::DecodedBatch& batch : *entry.batches) {
                    EXPECT_EQ(batch.seq, next++);
                    EXPECT_FALSE(batch.gap);
                    expect_unaltered(script, batch);
                }
            }
        });
        EXPECT_EQ(next, last + 1);
    }

    /// Entries of the stopped collector's journal from `next` on, in order, without a hole.
    void each_entry(
        collector::Lsn next, const std::function<void(const collector::Entry&)>& visit
    ) {
        auto reader = collector::JournalReader::open(site_.data_dir() + "/journal");
        ASSERT_TRUE(reader) << reader.error().text();
        while (true) {
            const auto entries = reader->read(next, 256, 1U << 20U);
            ASSERT_TRUE(entries) << entries.error().text();
            if (entries->empty()) {
                return;
            }
            for (const collector::Entry& entry : *entries) {
                EXPECT_EQ(entry.lsn, next++);
                visit(entry);
            }
        }
    }

    /// Probe by probe: state, value, time, and what was noted where the state changed.
    void expect_unaltered(const Noted& script, const collector::DecodedBatch& batch) {
        SCOPED_TRACE("record " + std::to_string(batch.seq));
        const wire::ResultBatch& results = batch.results;
        ASSERT_EQ(results.epoch, script.epoch);
        ASSERT_EQ(results.size(), script_.probes);
        ASSERT_EQ(results.values.size(), script_.probes) << "one value each";
        std::size_t notes = 0;
        for (std::uint32_t at = 0; at < results.size(); ++at) {
            EXPECT_EQ(results.probe[at], at);
            const std::uint32_t probe = script.order.at(results.probe[at]);
            EXPECT_EQ(results.values[at], script_.value(probe, batch.seq)) << "probe " << probe;
            EXPECT_EQ(wire::ResultState{results.state[at]}, state_of(probe, batch.seq));
            EXPECT_EQ(
                batch.wall + std::chrono::milliseconds(results.time_ms[at]),
                time_of(script, batch.seq)
            );
            if (batch.seq > 1 && state_of(probe, batch.seq) != state_of(probe, batch.seq - 1)) {
                ASSERT_LT(notes, results.notes.size());
                const wire::ResultNote& note = results.notes[notes++];
                const bool is_down = script_.is_down(probe, batch.seq);
                EXPECT_EQ(note.index, at);
                EXPECT_EQ(note.reason, is_down ? "timeout" : "");
                EXPECT_EQ(note.seen, is_down ? "no reply" : "a reply");
            }
        }
        EXPECT_EQ(results.notes.size(), notes);
    }

    /// The blocks that the collector left and the journal behind them hold each result of the script once.
    void expect_history(const Noted& script, std::uint64_t last, const std::vector<ProbeId>& ids) {
        RealFiles files;
        auto history = collector::History::open(files, site_.data_dir() + "/history", {});
        ASSERT_TRUE(history) << history.error().text();
        EXPECT_GT(history->stats().blocks, 0U) << "none was ever made";
        EXPECT_EQ(history->stats().damaged, 0U);
        each_entry(history->next_lsn(), [&](const collector::Entry& entry) {
            const Status folded = history->fold(entry);
            EXPECT_TRUE(folded) << folded.error().text();
        });
        for (std::uint32_t probe = 0; probe < script_.probes; ++probe) {
            SCOPED_TRACE("t" + std::to_string(probe));
            collector::HistoryQuery query;
            query.probe = ids[probe];
            query.to = time_of(script, last) + 24h;
            const auto series = history->query(query);
            ASSERT_TRUE(series) << series.error().text();
            EXPECT_FALSE(series->is_cut);
            EXPECT_EQ(series->unreadable_blocks, 0U);
            ASSERT_EQ(series->points.size(), last);
            for (std::uint64_t seq = 1; seq <= last; ++seq) {
                const collector::HistoryPoint& point = series->points[seq - 1];
                ASSERT_EQ(
                    point.at, std::chrono::floor<std::chrono::milliseconds>(time_of(script, seq))
                );
                ASSERT_EQ(point.state, state_of(probe, seq)) << "record " << seq;
                ASSERT_EQ(point.measured, 1U) << "record " << seq;
                ASSERT_EQ(point.min, script_.value(probe, seq)) << "record " << seq;
                ASSERT_EQ(point.max, script_.value(probe, seq)) << "record " << seq;
            }
        }
    }

    /// One incident a fault, on the right item, begun at the right result; opened and resolved told once each.
    void expect_incidents(const Noted& script, std::uint64_t last) {
        std::multiset<std::string> wanted;
        for (const ScriptOfResults::Fault& fault : script_.faults(last, 3, 2)) {
            wanted.insert(
                "t" + std::to_string(fault.probe) + " " +
                format_rfc3339(time_of(script, fault.first))
            );
        }
        std::multiset<std::string> found;
        std::multiset<std::string> to_tell;
        for (const boost::json::value& incident : site_.incidents()) {
            found.insert(text_of(incident.at("ci"), "name") + " " + text_of(incident, "started"));
            EXPECT_EQ(text_of(incident, "state"), "resolved");
            to_tell.insert(text_of(incident, "id") + " net.muster.incident.opened");
            to_tell.insert(text_of(incident, "id") + " net.muster.incident.resolved");
        }
        EXPECT_EQ(found, wanted);
        std::multiset<std::string> told;
        for (const HookCall& call : hook_->received()) {
            const boost::json::value message = boost::json::parse(call.body);
            told.insert(text_of(message, "subject") + " " + text_of(message, "type"));
        }
        EXPECT_EQ(told, to_tell);
    }

    std::optional<WebhookListener> hook_;
    Site site_;
    ScriptedAgent agent_;
    const ScriptOfResults& script_ = agent_.script();
    std::vector<std::string> within_;  // a command to run the agent by
    std::string address_ = "127.0.0.1";
};

}  // namespace muster::test
