#include "collector/journal/feed.hpp"

#include "collector/journal/journal.hpp"
#include "tests/collector/journal_entries.hpp"
#include "tests/support/temp_dir.hpp"

#include <gtest/gtest.h>

#include <thread>

namespace muster::collector {
namespace {

using namespace std::chrono_literals;

class Feeding : public ::testing::Test {
  protected:
    Feeding() : journal_(opened()) {}

    Journal opened() {
        JournalOptions options;
        options.directory = dir_ / "journal";
        options.durability = Durability::normal;
        options.segment_bytes = 512U << 10U;
        auto journal = Journal::open(options);
        EXPECT_TRUE(journal) << journal.error().text();
        return std::move(*journal);
    }

    FoldFeed feed(Lsn next, FeedOptions options = {}) {
        auto reader = JournalReader::open(dir_ / "journal");
        return {std::move(*reader), next, journal_.next_lsn() - 1, options};
    }

    std::vector<Entry> append(int count) {
        std::vector<Pending> pending;
        for (int i = 0; i < count; ++i) {
            pending.push_back(some_entry(EntryKind::command, std::string(100, 'x')));
        }
        seconds_ += 1s;
        auto appended = journal_.append(std::move(pending), moment(seconds_));
        EXPECT_TRUE(journal_.maintain(Elapsed(seconds_)));
        return std::move(appended->entries);
    }

    static std::vector<Lsn> take(FoldFeed& feed) {
        std::vector<Lsn> lsns;
        const auto entries = feed.take(0s);
        EXPECT_TRUE(entries) << entries.error().text();
        for (const Entry& entry : *entries) {
            lsns.push_back(entry.lsn);
        }
        return lsns;
    }

    test::TempDir dir_;
    Journal journal_;
    Duration seconds_{};
};

TEST_F(Feeding, GivesWhatIsPosted) {
    FoldFeed feed = this->feed(1);
    EXPECT_TRUE(take(feed).empty());
    feed.post(append(2));
    feed.post(append(1));
    EXPECT_EQ(feed.lag().entries, 3U);
    EXPECT_EQ(take(feed), (std::vector<Lsn>{1, 2, 3}));
    EXPECT_EQ(feed.lag().entries, 0U);
    EXPECT_EQ(feed.lag().bytes, 0U);
}

TEST_F(Feeding, BeginsWithTheFiles) {
    append(5);
    FoldFeed feed = this->feed(3);
    feed.post(append(1));
    EXPECT_EQ(take(feed), (std::vector<Lsn>{3, 4, 5}));
    EXPECT_EQ(take(feed), (std::vector<Lsn>{6}));
}

TEST_F(Feeding, FillsFromTheFilesWhatDidNotFitInMemory) {
    FoldFeed feed = this->feed(1, {.memory_bytes = 700, .read_entries = 4, .take_bytes = 400});
    for (int i = 0; i < 4; ++i) {
        feed.post(append(5));
    }
    EXPECT_LE(feed.lag().bytes, 700U);
    EXPECT_EQ(feed.lag().entries, 20U);
    std::vector<Lsn> all;
    while (feed.lag().entries > 0) {
        for (const Lsn lsn : take(feed)) {
            all.push_back(lsn);
        }
        if (all.size() >= 8 && journal_.next_lsn() == 21) {
            feed.post(append(3));
        }
    }
    ASSERT_EQ(all.size(), 23U);
    for (std::size_t i = 0; i < all.size(); ++i) {
        EXPECT_EQ(all[i], i + 1);
    }
}

TEST_F(Feeding, WakesAReaderThatWaits) {
    FoldFeed feed = this->feed(1);
    std::thread waker([&feed] { feed.wake(); });
    EXPECT_TRUE(feed.take(1min)->empty());
    waker.join();
}

TEST_F(Feeding, KeepsRetentionFromWhatARestartNeeds) {
    append(3);
    FoldFeed feed = this->feed(2);
    EXPECT_EQ(feed.kept_from(), 2U);
    take(feed);
    EXPECT_EQ(feed.kept_from(), 2U) << "given is not saved";
    feed.keep_from(4);
    EXPECT_EQ(feed.kept_from(), 4U);
}

TEST_F(Feeding, LosesAndRepeatsNothingUnderASlowReader) {
    constexpr Lsn total = 3000;
    FoldFeed feed = this->feed(1, {.memory_bytes = 20'000, .read_entries = 64});
    std::thread writer([this, &feed] {
        for (Lsn done = 0; done < total; done += 10) {
            feed.post(append(10));
        }
    });
    Lsn expected = 1;
    std::size_t takes = 0;
    bool in_order = true;
    while (expected <= total && in_order) {
        const auto entries = feed.take(10s);
        ASSERT_TRUE(entries) << entries.error().text();
        ASSERT_FALSE(entries->empty());
        for (const Entry& entry : *entries) {
            in_order = in_order && entry.lsn == expected++;
        }
        // Slow now and then, so that the writer runs ahead and memory overflows.
        for (std::size_t spin = 0; ++takes % 7 == 0 && feed.lag().entries < 300 && spin < 200'000;
             ++spin) {
            std::this_thread::yield();
        }
    }
    writer.join();
    EXPECT_TRUE(in_order);
    EXPECT_EQ(expected, total + 1);
}

}  // namespace
}  // namespace muster::collector
