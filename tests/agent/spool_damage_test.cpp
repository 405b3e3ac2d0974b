// What a disk, a power cut or a hand does to the files of a spool that is not running (T-12, T-13).
#include "agent/spool_files.hpp"
#include "tests/agent/spool_fixture.hpp"
#include "tests/support/ledger.hpp"

#include <gtest/gtest.h>

#include <map>

namespace muster::agent {
namespace {

class DamagedSpool : public SpoolTest {
  protected:
    struct Stored {
        std::size_t begin;
        std::size_t end;
        std::uint32_t count;
    };

    /// Several segments, closed as an agent that stops closes them.
    void make_spool() {
        options.segment_bytes = 12'000;
        options.memory_bytes = 0;
        auto spool = open();
        for (int at = 0; at < 120; ++at) {
            const auto size = static_cast<std::size_t>(random.below(700));
            const auto count = static_cast<std::uint32_t>(1 + random.below(50));
            ASSERT_TRUE(spool->append(ledger.make(count, wire::DropClass::results, size)));
            if (at % 3 == 0) {
                ASSERT_TRUE(spool->sync());
            }
        }
        ASSERT_TRUE(spool->sync());
        ledger.promise();
        ASSERT_TRUE(spool->save_acked());
        const auto names = files.list(spool_dir());
        for (const std::string& name : *names) {
            before[name] = content(name);
        }
        const SpoolId folder = spool_folder_of(spool_dir().substr(7))->id;
        for (const auto& [name, bytes] : before) {
            if (name.ends_with(".seg")) {
                const auto scan = scan_segment(bytes, checksum_seed(folder), 1);
                for (const FoundRecord& found : scan.records) {
                    stored[name].push_back(
                        {found.offset, found.offset + found.head.stored_bytes(), found.head.count}
                    );
                }
            }
        }
        dir = spool_dir();
    }

    /// The files as they were closed, but `name` with other bytes.
    void put_back(const std::string& name, const std::string& bytes) {
        const auto names = files.list(dir);
        for (const std::string& old : *names) {
            ASSERT_TRUE(files.memory.remove(dir + "/" + old));
        }
        for (const auto& [one, whole] : before) {
            auto file = files.memory.open(dir + "/" + one, OpenMode::create_new);
            ASSERT_TRUE((*file)->append(one == name ? bytes : whole));
        }
    }

    void remove(const std::string& name) { ASSERT_TRUE(files.memory.remove(dir + "/" + name)); }

    static void deliver(Spool& spool, test::Ledger& book) {
        for (;;) {
            const auto part = spool.read(book.committed() + 1, 4000);
            ASSERT_TRUE(part);
            if (part->empty()) {
                return;
            }
            book.take(*part);
            spool.sent(book.committed());
            spool.ack(book.committed());
        }
    }

    /// Started, given a few more records, stopped in the middle, started again: everything is there or told.
    test::Ledger run() {
        test::Ledger book = ledger;
        {
            auto spool = open();
            EXPECT_TRUE(spool);
            if (!spool) {
                return book;
            }
            expect_balance(*spool);
            for (int at = 0; at < 3; ++at) {
                EXPECT_TRUE(spool->append(book.make(5)));
            }
            EXPECT_TRUE(spool->sync());
            book.promise();
            book.take(*spool->read(1, 2000));
            spool->ack(book.committed());
            EXPECT_TRUE(spool->save_acked());
            expect_balance(*spool);
        }
        auto spool = open();
        EXPECT_TRUE(spool);
        if (spool) {
            deliver(*spool, book);
            expect_balance(*spool);
            EXPECT_EQ(spool->waiting_results(), 0U);
        }
        return book;
    }

    /// Results of records of which a byte from `begin` to `end` is stored in `name`.
    std::uint64_t results_within(const std::string& name, std::size_t begin, std::size_t end) {
        std::uint64_t results = 0;
        for (const Stored& one : stored[name]) {
            results += one.begin < end && begin < one.end ? one.count : 0;
        }
        return results;
    }

    test::Ledger ledger;
    std::map<std::string, std::string> before;
    std::map<std::string, std::vector<Stored>> stored;
    std::string dir;
};

TEST_F(DamagedSpool, T12_OneFlippedBitLosesOneRecordAtMost) {
    make_spool();
    const auto names = segments();
    ASSERT_GE(names.size(), 3U);
    for (int mutation = 0; mutation < 1200; ++mutation) {
        const std::string& name = names[random.below(names.size())];
        std::string bytes = before[name];
        const std::size_t at = random.below(bytes.size());
        bytes[at] = static_cast<char>(bytes[at] ^ (1 << random.below(8)));
        put_back(name, bytes);
        const test::Ledger book = run();
        ASSERT_EQ(book.problem(), "") << name << " at " << at;
        ASSERT_EQ(book.gap_results(), results_within(name, at, at + 1)) << name << " at " << at;
    }
}

TEST_F(DamagedSpool, T12_AZeroedPageLosesTheRecordsThatLieInIt) {
    make_spool();
    const auto names = segments();
    for (int mutation = 0; mutation < 500; ++mutation) {
        const std::string& name = names[random.below(names.size())];
        std::string bytes = before[name];
        const std::size_t at = random.below(bytes.size() / 512) * 512;
        const std::size_t end = std::min(bytes.size(), at + (mutation % 2 == 0 ? 4096 : 512));
        std::fill(
            bytes.begin() + static_cast<long>(at), bytes.begin() + static_cast<long>(end), '\0'
        );
        put_back(name, bytes);
        const test::Ledger book = run();
        ASSERT_EQ(book.problem(), "") << name << " at " << at;
        ASSERT_EQ(book.gap_results(), results_within(name, at, end)) << name << " at " << at;
    }
}

TEST_F(DamagedSpool, T12_ASegmentCutAnywhereLosesWhatWasBehind) {
    make_spool();
    std::size_t mutations = 0;
    for (const std::string& name : segments()) {
        const std::string& whole = before[name];
        for (std::size_t at = 0; at < whole.size(); at += 128) {
            put_back(name, whole.substr(0, at));
            const test::Ledger book = run();
            ASSERT_EQ(book.problem(), "") << name << " at " << at;
            ASSERT_EQ(book.gap_results(), results_within(name, at, whole.size()))
                << name << " at " << at;
            ++mutations;
        }
    }
    EXPECT_GT(mutations, 300U);
}

TEST_F(DamagedSpool, T12_SeveralDamagesAtOnceAreEachTold) {
    make_spool();
    const auto names = segments();
    for (int mutation = 0; mutation < 150; ++mutation) {
        put_back("", "");
        for (int hit = 0; hit < 5; ++hit) {
            const std::string& name = names[random.below(names.size())];
            std::string bytes = content(name);
            const std::size_t at = random.below(bytes.size());
            const std::size_t end = std::min(bytes.size(), at + random.below(300));
            for (std::size_t one = at; one < end; ++one) {
                bytes[one] = static_cast<char>(random.below(256));
            }
            overwrite(name, bytes);
        }
        ASSERT_EQ(run().problem(), "");
    }
}

TEST_F(DamagedSpool, T13_EverySegmentThatIsDeletedIsTold) {
    make_spool();
    const auto names = segments();
    for (std::size_t first = 0; first < names.size(); ++first) {
        for (std::size_t last = first; last < names.size(); ++last) {
            put_back("", "");
            std::uint64_t gone = 0;
            for (std::size_t at = first; at <= last; ++at) {
                remove(names[at]);
                gone += results_within(names[at], 0, 1U << 30U);
            }
            const test::Ledger book = run();
            ASSERT_EQ(book.problem(), "") << first << " to " << last;
            EXPECT_EQ(book.gap_results(wire::GapReason::missing), gone) << first << " to " << last;
            EXPECT_EQ(book.gap_records(), 1U) << "one gap, delivered once";
        }
    }
}

TEST_F(DamagedSpool, T13_WithoutTheFileOfWhatIsAcknowledgedEverythingIsSentAgain) {
    make_spool();
    for (const bool is_damaged : {false, true}) {
        put_back("acked", "muster-spool 2\nnonsense\n");
        if (!is_damaged) {
            remove("acked");
        }
        const test::Ledger book = run();
        EXPECT_EQ(book.problem(), "");
        EXPECT_EQ(book.gap_records(), 0U);
    }
}

TEST_F(DamagedSpool, T13_NumbersOfADeletedTailAreNotUsedAgain) {
    // Killed, not stopped: the file of what is acknowledged is older than the newest records.
    options.segment_bytes = 1000;
    std::uint64_t next_seq = 0;
    {
        auto spool = open();
        for (int at = 0; at < 30; ++at) {
            fill(*spool, 1);
            ASSERT_TRUE(spool->sync());
        }
        next_seq = spool->position().next_seq;
    }
    ASSERT_TRUE(files.memory.remove(spool_dir() + "/" + segments().back()));
    auto spool = open();
    ASSERT_TRUE(spool);
    EXPECT_GE(spool->position().next_seq, next_seq);
    const std::uint64_t first_new = spool->position().next_seq;
    EXPECT_EQ(spool->append(record("new")), first_new);
    ASSERT_TRUE(spool->sync());
    EXPECT_EQ(spool->read(first_new, 1)->front().record.payload, "new");
}

TEST_F(DamagedSpool, LosesOnlyWhatASectorHeldThatCannotBeRead) {
    make_spool();
    const auto names = segments();
    put_back("", "");
    files.disk.unreadable_path = dir + "/" + names[1];
    files.disk.unreadable_begin = 4096;
    files.disk.unreadable_end = 8192;
    test::Ledger book = ledger;
    auto spool = open();
    ASSERT_TRUE(spool);
    files.disk.unreadable_path.clear();
    deliver(*spool, book);
    EXPECT_EQ(book.problem(), "");
    EXPECT_EQ(book.gap_results(wire::GapReason::damaged), results_within(names[1], 4096, 8192));
}

}  // namespace
}  // namespace muster::agent
