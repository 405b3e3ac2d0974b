#include "collector/history/history_thread.hpp"

#include "base/expect.hpp"
#include "collector/journal/journal.hpp"
#include "tests/collector/history_entries.hpp"
#include "tests/support/temp_dir.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <gtest/gtest.h>

namespace muster::collector::test {
namespace {

using namespace std::chrono_literals;

/// Fails its writes while told to.
class FullFiles final : public Files {
  public:
    Result<std::unique_ptr<File>> open(const std::string& path, OpenMode mode) override {
        if (is_full && mode == OpenMode::create_new) {
            return failure(ErrorKind::full, "no space left on device", path);
        }
        return real.open(path, mode);
    }

    Status create_directories(const std::string& path) override {
        return real.create_directories(path);
    }

    Result<std::vector<std::string>> list(const std::string& path) override {
        return real.list(path);
    }

    Status rename(const std::string& from, const std::string& to) override {
        return real.rename(from, to);
    }

    Status remove(const std::string& path) override { return real.remove(path); }

    Status remove_directory(const std::string& path) override {
        return real.remove_directory(path);
    }

    bool exists(const std::string& path) override { return real.exists(path); }

    Status sync_directory(const std::string& path) override { return real.sync_directory(path); }

    Result<std::uint64_t> free_bytes(const std::string& path) override {
        return real.free_bytes(path);
    }

    RealFiles real;
    std::atomic<bool> is_full = false;
};

class HistoryThreads : public testing::Test {
  protected:
    HistoryThreads() {
        expect(Journal::open({.directory = folder / "journal"}).has_value(), "no journal");
        HistoryOptions options;
        options.seal_every = 5s;
        auto history = History::open(files, folder / "history", options);
        expect(history.has_value(), "no history");
        auto reader = JournalReader::open(folder / "journal");
        expect(reader.has_value(), "no reader");
        feed.emplace(std::move(*reader), history->next_lsn(), 0);
        thread.emplace(std::move(*history), *feed, loop, [](const Error&) { FAIL(); });
        feed->post({line.issued(agent, 1, {probe_named("a")})});
    }

    void measure(int count) {
        for (int i = 0; i < count; ++i) {
            feed->post({line.batch(agent, 1, {{0, day_ms + measured++ * 1000, {7}}})});
        }
    }

    Result<HistorySeries> ask() {
        Result<HistorySeries> answer = failure(ErrorKind::internal, "no answer");
        const auto done = [&answer](std::exception_ptr thrown, Result<HistorySeries> got) {
            EXPECT_EQ(thrown, nullptr);
            answer = std::move(got);
        };
        const HistoryQuery query{
            .probe = probe_named("a"), .from = at_ms(0), .to = at_ms(2 * day_ms)
        };
        asio::co_spawn(loop, thread->query(query), done);
        loop.restart();
        loop.run();
        return answer;
    }

    /// Each question waits for the thread; there is nothing to wait for in between.
    template <class Condition>
    bool asked_until(Condition condition) {
        const auto end = std::chrono::steady_clock::now() + 20s;
        while (std::chrono::steady_clock::now() < end) {
            const auto answer = ask();
            if (answer && condition(*answer)) {
                return true;
            }
        }
        return false;
    }

    muster::test::TempDir folder;
    FullFiles files;
    asio::io_context loop;
    std::optional<FoldFeed> feed;
    std::optional<HistoryThread> thread;
    const AgentId agent = agent_named("one");
    EntryLine line;
    int measured = 0;
};

TEST_F(HistoryThreads, AnswersWhatWasPosted) {
    measure(3);
    EXPECT_TRUE(asked_until([](const HistorySeries& answer) { return answer.points.size() == 3; }));
    EXPECT_EQ(thread->stats().samples, 3U);
}

TEST_F(HistoryThreads, TellsTheFeedWhatItStillWants) {
    measure(12);
    EXPECT_TRUE(asked_until([this](const HistorySeries&) { return feed->kept_from() > 10; }));
    EXPECT_TRUE(asked_until([](const HistorySeries& answer) { return answer.points.size() == 12; })
    );
}

TEST_F(HistoryThreads, FullDiskOnlyDelays) {
    files.is_full = true;
    measure(12);
    EXPECT_TRUE(asked_until([](const HistorySeries& answer) { return answer.points.size() == 4; }));
    EXPECT_EQ(feed->kept_from(), 1U);
    files.is_full = false;
    EXPECT_TRUE(asked_until([](const HistorySeries& answer) { return answer.points.size() == 12; })
    );
    EXPECT_TRUE(asked_until([this](const HistorySeries&) { return feed->kept_from() > 10; }));
}

TEST_F(HistoryThreads, AnswersClosedOnceItStops) {
    thread->stop();
    const auto answer = ask();
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().kind(), ErrorKind::closed);
}

}  // namespace
}  // namespace muster::collector::test
