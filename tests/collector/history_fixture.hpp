// Owns: a history in a folder of its own, the journal it folds, and questions to it.
#pragma once

#include "collector/history/history.hpp"
#include "tests/collector/history_entries.hpp"
#include "tests/support/temp_dir.hpp"

#include <gtest/gtest.h>

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace muster::collector::test {

using namespace std::chrono_literals;

class HistoryStore : public testing::Test {
  protected:
    HistoryStore() {
        options.seal_every = 60s;
        options.fan_in = {4, 3};
    }

    void open() {
        history.reset();
        auto opened = History::open(files, folder.path(), options);
        ASSERT_TRUE(opened) << opened.error().text();
        history.emplace(std::move(*opened));
    }

    /// What a crash and a new start would do: only blocks are left, and the journal.
    void restart() {
        open();
        for (const Entry& entry : journal) {
            if (entry.lsn >= history->next_lsn()) {
                ASSERT_TRUE(history->fold(entry));
            }
        }
    }

    void fold(Entry entry) {
        journal.push_back(std::move(entry));
        const Status folded = history->fold(journal.back());
        ASSERT_TRUE(folded) << folded.error().text();
    }

    void issue(std::uint32_t epoch, const std::vector<std::string>& names) {
        std::vector<ProbeId> probes;
        for (const std::string& name : names) {
            probes.push_back(probe_named(name));
        }
        fold(line.issued(agent, epoch, probes));
    }

    /// One result every ten seconds for each of two probes, `count` times from `from_ms` on, an entry each time.
    void measure(std::int64_t from_ms, int count) {
        for (int i = 0; i < count; ++i) {
            const std::int64_t at = from_ms + i * 10'000;
            fold(line.batch(agent, 1, {{0, at, {100 + i, i}}, {1, at + 5, {200 + i}}}));
        }
    }

    void merge_all() {
        auto more = history->merge_if_due();
        for (; more && *more; more = history->merge_if_due()) {
        }
        ASSERT_TRUE(more) << more.error().text();
    }

    HistorySeries ask(
        const std::string& probe,
        std::int64_t from_ms,
        std::int64_t to_ms,
        Duration step = {},
        std::uint32_t metric = 0
    ) {
        const HistoryQuery query{
            .probe = probe_named(probe),
            .from = at_ms(from_ms),
            .to = at_ms(to_ms),
            .step = step,
            .metric = metric
        };
        auto answer = history->query(query);
        EXPECT_TRUE(answer) << answer.error().text();
        return answer.value_or(HistorySeries{});
    }

    std::vector<std::int64_t> values(const std::string& probe, std::uint32_t metric = 0) {
        std::vector<std::int64_t> all;
        const HistorySeries answer = ask(probe, 0, day_ms * 2, {}, metric);
        for (const HistoryPoint& point : answer.points) {
            all.push_back(point.measured == 0 ? wire::absent_value : point.min);
        }
        return all;
    }

    /// Files of blocks whose name has `mark`: "-1.block" are results of level 1, "-5m", "-1h" roll-ups.
    std::size_t count(const std::string& mark) {
        std::size_t found = 0;
        for (const std::string& name : files_there()) {
            found += name.find(mark) != std::string::npos ? 1 : 0;
        }
        return found;
    }

    std::vector<std::string> files_there() { return files.list(folder.path()).value(); }

    /// Content by name.
    std::map<std::string, std::string> blocks() {
        std::map<std::string, std::string> found;
        for (const std::string& name : files_there()) {
            if (name.ends_with(".block")) {
                found[name] = *read_file(files, folder / name, 1 << 30);
            }
        }
        return found;
    }

    void damage(const std::string& name) {
        std::string bytes = *read_file(files, folder / name, 1 << 30);
        bytes[12] = static_cast<char>(bytes[12] ^ 1);  // in the part that every question reads
        ASSERT_TRUE(write_file_atomically(files, folder / name, bytes));
    }

    muster::test::TempDir folder;
    RealFiles files;
    HistoryOptions options;
    std::optional<History> history;
    const AgentId agent = agent_named("one");
    EntryLine line;
    std::vector<Entry> journal;
};

}  // namespace muster::collector::test
