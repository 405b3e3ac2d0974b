// T-14: what a start makes of stores that were damaged while the collector was off: pages, headers, and logs of SQLite. It starts
// in the end, with the backup's files or with what is left, and what was withdrawn stays so.
#include "collector/backup/backup_folder.hpp"
#include "collector/backup/database_check.hpp"
#include "collector/backup/start_check.hpp"
#include "collector/enrolment/withdrawals.hpp"
#include "collector/journal/segments.hpp"
#include "tests/collector/restored_stores.hpp"

#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>

namespace muster::collector::test {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

/// What lies there is other than what was written.
void overwrite(const std::string& path, std::uintmax_t from, std::uintmax_t bytes) {
    std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(static_cast<std::streamoff>(from));
    file.write(std::string(bytes, '\x5a').data(), static_cast<std::streamsize>(bytes));
    ASSERT_TRUE(file.good()) << path;
}

enum class Part { header, pages };

void spoil(const std::string& path, Part part) {
    const auto size = std::filesystem::file_size(path);
    part == Part::header ? overwrite(path, 0, 100) : overwrite(path, 4096, size - 4096);
}

class DamagedStores : public RestoredStores {
  protected:
    std::string newest_segment() const {
        return "journal/" + segment_name(list_segments(data_ + "/journal").value().back());
    }

    /// The folder as a kill leaves it, with the logs of its databases, while the collector here goes on.
    std::string killed() {
        std::string folder = dir_ / ("killed." + std::to_string(++kills_));
        std::filesystem::copy(data_, folder, std::filesystem::copy_options::recursive);
        EXPECT_TRUE(note_running(files_, folder));
        return folder;
    }

    /// Of a start; nothing: all is whole.
    std::optional<Restored> check(const std::string& data) {
        now_ += 1h;
        auto checked =
            check_at_start(files_, {.data_dir = data, .folder = backups_, .from = ""}, 30s, now_);
        EXPECT_TRUE(checked) << checked.error().text();
        return checked ? *checked : std::nullopt;
    }

    void fold_all() {
        auto state = Database::open(data_ + "/state.db", {});
        const std::string folded = std::to_string(journal_->next_lsn() - 1);
        ASSERT_TRUE(state && state->execute("UPDATE fold SET folded = " + folded));
    }

    int kills_ = 0;
};

// T-14: the journal's newest file too, header and pages.
TEST_F(DamagedStores, T14GiveWayToTheNewestBackup) {
    back_up();
    journal(20);
    for (const char* damaged : {"state.db", "access.db", "journal"}) {
        for (const Part part : {Part::header, Part::pages}) {
            const std::string store =
                damaged == std::string("journal") ? newest_segment() : std::string(damaged);
            const std::string data = killed();
            for (const char* log : {"-wal", "-shm"}) {
                std::filesystem::remove(data + "/" + store + log);
            }
            // What the logs held is in the files.
            close();
            std::filesystem::copy(
                data_ + "/" + store,
                data + "/" + store,
                std::filesystem::copy_options::overwrite_existing
            );
            spoil(data + "/" + store, part);
            const auto restored = check(data);
            ASSERT_TRUE(restored) << store;
            EXPECT_TRUE(std::filesystem::exists(restored->aside + "/" + store));
            EXPECT_FALSE(check(data)) << "it is whole then";
            auto journal = Journal::open({.directory = data + "/journal"});
            auto access = AccessStore::open(data + "/access.db");
            EXPECT_TRUE(journal && access) << store;
            open();
        }
    }
}

// T-14: entries that were confirmed are in the log alone, and the log is damaged. What state.db has folded of them is missed.
TEST_F(DamagedStores, T14AJournalThatLostItsLogIsMissedByTheRecord) {
    back_up();
    journal(20);
    fold_all();
    const std::string segment = newest_segment();
    for (const std::uintmax_t from : {std::uintmax_t{0}, std::uintmax_t{32}}) {
        const std::string data = killed();
        const std::string log = data + "/" + segment + "-wal";
        ASSERT_GT(std::filesystem::file_size(log), 4096U);
        overwrite(log, from, 64);
        ASSERT_TRUE(check(data));
        EXPECT_FALSE(check(data));
        auto journal = Journal::open({.directory = data + "/journal"});
        EXPECT_TRUE(journal) << journal.error().text();
    }
}

// T-14: nobody has folded them yet: the collector starts with what is left, and agents send again what it has not.
TEST_F(DamagedStores, T14AJournalThatLostItsLogBeforeAnybodyFoldedItGoesOn) {
    back_up();
    journal(20);
    const Lsn end = journal_->next_lsn();
    for (const std::uintmax_t from : {std::uintmax_t{0}, std::uintmax_t{32}}) {
        const std::string data = killed();
        overwrite(data + "/" + newest_segment() + "-wal", from, 64);
        check(data);
        EXPECT_FALSE(check(data));
        auto journal = Journal::open({.directory = data + "/journal"});
        ASSERT_TRUE(journal) << journal.error().text();
        EXPECT_LT(journal->next_lsn(), end);
        ASSERT_TRUE(journal->append(std::vector<Pending>(1), journal->last_moment()));
    }
}

// T-14: SQLite takes a damaged log for one whose end was never written, and says nothing.
TEST_F(DamagedStores, T14WhatWasRevokedInADamagedLogIsRevokedAgain) {
    const CreatedJoinToken join = make_token(3);
    const AgentId revoked = enrol(join).id;
    back_up();
    close();
    open();
    ASSERT_TRUE(access_->revoke(revoked, admin_, now_));
    ASSERT_TRUE(access_->revoke_join_token(join.row.id, admin_, now_));
    const std::string data = killed();
    overwrite(data + "/access.db-wal", 0, 32);
    EXPECT_FALSE(check(data)) << "nobody can see it";
    const auto facts = read_lasting(files_, data + "/lasting");
    ASSERT_TRUE(facts);
    const auto again = withdraw_again(files_, data + "/access.db", *facts);
    ASSERT_TRUE(again) << again.error().text();
    EXPECT_EQ(*again, 2);
    EXPECT_EQ(withdraw_again(files_, data + "/access.db", *facts).value(), 0);
    auto access = AccessStore::open(data + "/access.db");
    ASSERT_TRUE(access);
    EXPECT_FALSE(access->agents().value().at(0).is_active);
    EXPECT_TRUE(access->join_tokens().value().at(0).revoked);
    EXPECT_EQ(access->unannounced().value().size(), 1U) << "the journal is told again";
}

// T-11, T-14: a kill between the making of a file and of its tables.
TEST_F(DamagedStores, T11ThoseWhoseMakingWasCutShortAreNotDamaged) {
    const Lsn last = journal_->next_lsn() - 1;
    close();
    muster::test::write_text(data_ + "/journal/" + segment_name(last + 1), "");
    muster::test::write_text(data_ + "/state.db", "");
    ASSERT_TRUE(note_running(files_, data_));
    EXPECT_FALSE(check(data_)) << "nothing was in them";
    open();
    EXPECT_EQ(journal_->next_lsn(), last + 2);
}

TEST_F(DamagedStores, T14NothingIsRevokedWhereNoAccessIsYet) {
    const std::vector<LastingFact> facts{{.at = now_, .what = "join_token.revoked", .which = "x"}};
    const std::string path = dir_ / "new.db";
    EXPECT_EQ(withdraw_again(files_, path, facts).value(), 0);
    EXPECT_FALSE(files_.exists(path));
    muster::test::write_text(path, "");
    EXPECT_EQ(withdraw_again(files_, path, facts).value(), 0);
}

}  // namespace
}  // namespace muster::collector::test
