// T-15: what an agent remembers of streams that it has drained and deleted, whatever becomes of the list and however many there are.
#include "agent/finished_streams.hpp"

#include "base/bytes.hpp"
#include "base/random.hpp"
#include "tests/agent/faulty_files.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

namespace muster::agent {
namespace {

using testing::SizeIs;

const std::string path = "/spool/finished";
const AgentId agent(Uuid::named("agent"));

FinishedLine line(std::uint64_t number, std::uint64_t folder, std::uint64_t growing) {
    return {
        .stream =
            {.spool = SpoolId(Uuid::named("stream " + std::to_string(number))),
             .begins_at = 5,
             .results_at_begin = 20,
             .last_seq = 9 + number,
             .results = 120 + number,
             .from = wall_from_ns(1'790'000'000'000'000'000) + std::chrono::seconds(number),
             .to = wall_from_ns(1'790'000'000'000'000'000) + std::chrono::seconds(number + 1)},
        .folder = folder,
        .growing = growing
    };
}

FinishedLine line(std::uint64_t number) {
    return line(number, number, number + 1);
}

class FinishedList : public ::testing::Test {
  protected:
    FinishedStreams open() { return {files, path, agent}; }

    /// So many are noted, and durable.
    void fill(std::uint64_t count) {
        FinishedStreams list = open();
        for (std::uint64_t number = 1; number <= count; ++number) {
            list.note(line(number));
        }
        ASSERT_TRUE(list.save());
    }

    std::string content() { return *read_file(files.memory, path, 1U << 20U); }

    void overwrite(const std::string& text) {
        ASSERT_TRUE(write_file_atomically(files.memory, path, text));
    }

    FaultyFiles files;
};

TEST_F(FinishedList, T15IsThereAfterARestartInItsOrder) {
    EXPECT_THAT(open().lines(), SizeIs(0));
    fill(3);
    FinishedStreams list = open();
    ASSERT_THAT(list.lines(), SizeIs(3));
    EXPECT_EQ(list.lines()[0], line(1));
    EXPECT_EQ(list.lines()[2], line(3));
    FinishedLine longer = line(2);
    longer.stream.last_seq = 40;
    list.note(longer);
    ASSERT_TRUE(list.save());
    const FinishedStreams again = open();
    ASSERT_THAT(again.lines(), SizeIs(3)) << "a stream is there once";
    EXPECT_EQ(again.lines()[1], line(3));
    EXPECT_EQ(again.lines()[2], longer);
}

TEST_F(FinishedList, T15OfWhichALineIsDamagedHasTheOthers) {
    fill(3);
    const std::string whole = content();
    const std::size_t second = whole.find(to_hex(line(2).stream.spool.raw()));
    for (std::size_t at = 0; at < whole.size(); ++at) {
        std::string spoilt = whole;
        spoilt[at] = static_cast<char>(spoilt[at] ^ 1);
        overwrite(spoilt);
        const FinishedStreams list = open();
        EXPECT_GE(list.lines().size(), whole[at] == '\n' ? 1U : 2U) << at;
        for (const FinishedLine& each : list.lines()) {
            EXPECT_TRUE(each == line(1) || each == line(2) || each == line(3)) << at;
        }
    }
    overwrite(whole.substr(0, second + 10));
    EXPECT_THAT(open().lines(), SizeIs(1)) << "cut off";
    overwrite(std::string(100, '\0') + "\n\n  \n");
    EXPECT_THAT(open().lines(), SizeIs(0));
}

TEST_F(FinishedList, T15OfAnotherAgentIsNotThisOnes) {
    fill(3);
    const AgentId other(Uuid::named("enrolled anew"));
    FinishedStreams list(files, path, other);
    EXPECT_THAT(list.lines(), SizeIs(0)) << "no collector knows it by this name";
    list.note(line(7));
    ASSERT_TRUE(list.save());
    EXPECT_THAT(FinishedStreams(files, path, other).lines(), SizeIs(1));
    EXPECT_THAT(open().lines(), SizeIs(0));
}

TEST_F(FinishedList, T15ThatCannotBeWrittenIsWrittenWhenItCan) {
    FinishedStreams list = open();
    files.disk.is_dead = true;
    list.note(line(1));
    EXPECT_FALSE(list.save());
    EXPECT_FALSE(list.save()) << "not taken for written";
    files.disk.is_dead = false;
    EXPECT_TRUE(list.save());
    EXPECT_EQ(open().lines(), std::vector{line(1)});
}

TEST_F(FinishedList, T15ThatCannotBeReadAtTheStartIsNotOverwritten) {
    fill(2);
    files.disk.unreadable_path = path;
    files.disk.unreadable_end = 1U << 20U;
    FinishedStreams list = open();
    EXPECT_THAT(list.lines(), SizeIs(0));
    list.note(line(3));
    EXPECT_FALSE(list.save());
    files.disk.unreadable_path.clear();
    EXPECT_TRUE(list.save());
    EXPECT_THAT(list.lines(), SizeIs(3));
    EXPECT_THAT(open().lines(), SizeIs(3));
}

TEST_F(FinishedList, T15TellsNoTimeThatACollectorWouldNotBelieve) {
    FinishedStreams list = open();
    FinishedLine odd = line(1);
    odd.stream.from = wall_from_ns(-5);
    list.note(odd);
    EXPECT_EQ(list.lines().front().stream.from, WallTime{});
    EXPECT_TRUE(wire::from_proto(wire::to_proto(list.lines().front().stream)));
}

TEST_F(FinishedList, T15IsBoundedAndForgetsNoResults) {
    FinishedStreams list = open();
    std::uint64_t results = 0;
    for (std::uint64_t number = 1; number <= 5000; ++number) {
        results += line(number).stream.results - line(number).stream.results_at_begin;
        list.note(line(number));
        ASSERT_LE(list.lines().size(), wire::most_finished);
    }
    std::uint64_t told = 0;
    std::uint64_t streams = 0;
    for (const FinishedLine& each : list.lines()) {
        told += each.stream.results - each.stream.results_at_begin + each.stream.earlier_results;
        streams += 1 + each.stream.earlier_streams;
        ASSERT_TRUE(wire::from_proto(wire::to_proto(each.stream)));
    }
    EXPECT_EQ(told, results);
    EXPECT_EQ(streams, 5000U);
    for (std::size_t at = list.lines().size() - 16; at < list.lines().size(); ++at) {
        EXPECT_EQ(list.lines()[at].stream.earlier_streams, 0U) << "the newest are told one by one";
    }
    ASSERT_TRUE(list.save());
    EXPECT_EQ(open().lines(), list.lines());
}

/// Streams begin, are confirmed in any order among those that are there, and are noted some time later; one of them holds a result.
class AnyHistory {
  public:
    AnyHistory(FinishedStreams& list, std::uint64_t seed, std::uint64_t marked)
        : list_(list), random_(seed), marked_(marked) {
        begin();
    }

    void live(std::uint64_t streams) {
        while (next_stream_ < streams) {
            const std::uint64_t what = random_.below(4);
            if (what == 0 && alive_.size() < 8) {
                begin();
            } else if (what == 1) {
                confirm(alive_[random_.below(alive_.size())]);
            } else if (what == 2) {
                note_one();
            } else {
                rename_growing();
            }
        }
    }

    /// When all of the stream had been confirmed, among all of them; 0: it was not noted.
    std::uint64_t noted_confirmation(std::uint64_t stream) const {
        const auto found = noted_.find(SpoolId(Uuid::named("stream " + std::to_string(stream))));
        return found == noted_.end() ? 0 : found->second;
    }

    /// What a collector is told to lack that went back to a state after so many confirmations.
    std::uint64_t told_at(std::uint64_t confirmations) const {
        std::uint64_t told = 0;
        for (const FinishedLine& each : list_.lines()) {
            const wire::FinishedStream& stream = each.stream;
            const bool is_there = noted_.at(stream.spool) <= confirmations;
            told +=
                is_there ? 0 : stream.results - stream.results_at_begin + stream.earlier_results;
        }
        return told;
    }

    std::uint64_t confirmations() const { return confirmations_; }

  private:
    struct Alive {
        std::uint64_t stream = 0;
        std::uint64_t folder = 0;
        std::uint64_t confirmed = 0;  // 0: not all of it
    };

    void begin() { alive_.push_back({.stream = next_stream_++, .folder = next_folder_++}); }

    void confirm(Alive& one) {
        one.confirmed = one.confirmed == 0 ? ++confirmations_ : one.confirmed;
    }

    /// The one that grows is never gone.
    void note_one() {
        const std::size_t at = random_.below(alive_.size());
        if (at + 1 < alive_.size() && alive_[at].confirmed != 0) {
            note(alive_[at]);
            alive_.erase(alive_.begin() + static_cast<std::ptrdiff_t>(at));
        }
    }

    void rename_growing() {
        Alive& growing = alive_.back();
        if (growing.confirmed != 0) {
            note(growing);
            growing.stream = next_stream_++;
            growing.confirmed = 0;
        }
    }

    void note(const Alive& one) {
        FinishedLine noted = line(one.stream, one.folder, alive_.back().folder);
        noted.stream.results = noted.stream.results_at_begin + (one.stream == marked_ ? 1U : 0U);
        noted_[noted.stream.spool] = one.confirmed;
        list_.note(noted);
    }

    FinishedStreams& list_;
    SeededRandom random_;
    std::uint64_t marked_;
    std::vector<Alive> alive_;
    std::map<SpoolId, std::uint64_t> noted_;
    std::uint64_t next_stream_ = 1;
    std::uint64_t next_folder_ = 1;
    std::uint64_t confirmations_ = 0;
};

TEST_F(FinishedList, T15TellsEverythingThatIsLackingHoweverManyThereWere) {
    for (std::uint64_t marked = 1; marked < 400; marked += 9) {
        FinishedStreams list = open();
        AnyHistory history(list, marked % 7, marked);
        history.live(400);
        const std::uint64_t confirmed = history.noted_confirmation(marked);
        if (confirmed == 0) {
            continue;
        }
        EXPECT_EQ(history.told_at(history.confirmations()), 0U) << "nothing is lacking";
        for (std::uint64_t backup = 0; backup < confirmed; ++backup) {
            ASSERT_EQ(history.told_at(backup), 1U)
                << "stream " << marked << ", backup after " << backup << " of " << confirmed;
        }
    }
}

}  // namespace
}  // namespace muster::agent
