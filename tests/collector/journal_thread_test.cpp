#include "collector/journal/journal_thread.hpp"

#include "tests/collector/journal_entries.hpp"
#include "tests/support/temp_dir.hpp"

#include <boost/asio/executor_work_guard.hpp>
#include <gtest/gtest.h>

#include <optional>

namespace muster::collector {
namespace {

using namespace std::chrono_literals;

class JournalAtWork : public ::testing::Test {
  protected:
    JournalAtWork() {
        JournalWriterOptions options;
        options.journal.directory = dir_ / "journal";
        options.journal.durability = Durability::normal;
        options.tick = 50ms;
        auto writer = JournalWriter::open(options, clock_);
        EXPECT_TRUE(writer) << writer.error().text();
        auto reader = JournalReader::open(options.journal.directory);
        feed_.emplace(std::move(*reader), 1, 1);
        thread_.emplace(
            std::move(*writer), clock_, loop_, std::vector<FoldFeed*>{&*feed_}, [](Error) {}
        );
    }

    /// Runs the loop until `count` answers have come.
    void run_until(const std::size_t& answers, std::size_t count) {
        loop_.restart();
        const auto work = asio::make_work_guard(loop_);
        const auto end = std::chrono::steady_clock::now() + 10s;
        while (answers < count && std::chrono::steady_clock::now() < end) {
            loop_.run_one_for(100ms);
        }
        EXPECT_EQ(answers, count);
    }

    std::vector<Entry> take_until(EntryKind kind) {
        std::vector<Entry> all;
        for (int i = 0; i < 100; ++i) {
            auto entries = feed_->take(1s);
            EXPECT_TRUE(entries) << entries.error().text();
            for (Entry& entry : *entries) {
                all.push_back(std::move(entry));
                if (all.back().kind == kind) {
                    return all;
                }
            }
        }
        ADD_FAILURE() << "no " << to_string(kind);
        return all;
    }

    test::TempDir dir_;
    SystemClock clock_;
    asio::io_context loop_;
    std::optional<FoldFeed> feed_;
    std::optional<JournalThread> thread_;
};

TEST_F(JournalAtWork, AnswersEachRequestWithItsOwnEntries) {
    std::vector<AppendAnswer> answers;
    std::size_t count = 0;
    const auto keep = [&](Result<AppendAnswer> answer) {
        ASSERT_TRUE(answer) << answer.error().text();
        answers.push_back(std::move(*answer));
        ++count;
    };
    const AgentId agent = agent_named("a");
    const SpoolId spool = spool_named("s");
    thread_->append(together(some_batch(agent, spool, 1, 2)), keep);
    thread_->append(
        together(some_entry(EntryKind::command, "a"), some_entry(EntryKind::command, "b")), keep
    );
    thread_->append(together(some_batch(agent, spool, 1, 2)), keep);
    run_until(count, 3);
    EXPECT_TRUE(answers[0].rejected.empty());
    ASSERT_EQ(answers[1].lsns.size(), 2U);
    EXPECT_EQ(answers[1].lsns[1], answers[1].lsns[0] + 1);
    ASSERT_EQ(answers[2].rejected.size(), 1U);
    EXPECT_EQ(answers[2].rejected[0].committed_seq, 2U);
}

TEST_F(JournalAtWork, GivesTheFoldsEverythingInOrder) {
    thread_->append(together(some_entry(EntryKind::command, "a")), {});
    thread_->append(together(some_entry(EntryKind::delivery_result, "b")), {});
    const auto entries = take_until(EntryKind::delivery_result);
    EXPECT_EQ(entries.front().kind, EntryKind::collector_started);
    for (std::size_t i = 0; i < entries.size(); ++i) {
        EXPECT_EQ(entries[i].lsn, i + 1);
    }
}

TEST_F(JournalAtWork, TicksByItself) {
    take_until(EntryKind::tick);
}

TEST_F(JournalAtWork, CommitsWhatWasPostedBeforeItStops) {
    std::size_t count = 0;
    const auto answered = [&count](const Result<AppendAnswer>& answer) { count += answer ? 1 : 0; };
    for (int i = 0; i < 100; ++i) {
        thread_->append(together(some_entry(EntryKind::command, "x")), answered);
    }
    thread_->stop();
    run_until(count, 100);
    std::optional<ErrorKind> late;
    thread_->append(
        together(some_entry(EntryKind::command, "x")),
        [&](Result<AppendAnswer> answer) {
            late = answer.error().kind();
            ++count;
        }
    );
    run_until(count, 101);
    EXPECT_EQ(late, ErrorKind::closed);
}

}  // namespace
}  // namespace muster::collector
