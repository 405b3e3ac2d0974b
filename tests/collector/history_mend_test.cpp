// T-14, history's part: its catalog is damaged, gone, or ahead of the journal. What takes its place is the newest good backup's,
// and the rest is folded anew from the journal; no start fails because of it.
#include "collector/backup/history_mend.hpp"

#include "collector/backup/backup_folder.hpp"
#include "collector/backup/file_copies.hpp"
#include "tests/collector/history_fixture.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

namespace muster::collector::test {
namespace {

class MendedHistory : public HistoryStore {
  protected:
    MendedHistory() {
        data_ = folder / "data";
        backups_ = folder / "backups";
        std::filesystem::create_directories(data_);
    }

    void open_there() {
        history.reset();
        auto opened = History::open(files, data_ + "/history", options);
        ASSERT_TRUE(opened) << opened.error().text();
        history.emplace(std::move(*opened));
        for (const Entry& entry : journal) {
            if (entry.lsn >= history->next_lsn()) {
                ASSERT_TRUE(history->fold(entry));
            }
        }
    }

    /// As a backup leaves history.
    void back_up() {
        const std::string to = backups_ + "/20261201T000000.000Z";
        std::filesystem::create_directories(to + "/history");
        auto copy = history->begin_copy(to + "/history");
        ASSERT_TRUE(copy);
        Result<bool> more = true;
        while (more && *more) {
            more = copy->step(1U << 20U);
        }
        ASSERT_TRUE(history->link_blocks(to + "/history"));
        Manifest manifest;
        manifest.version = "1";
        const auto names = files.list(to + "/history");
        for (const std::string& name : *names) {
            manifest.files.push_back(
                {.path = "history/" + name,
                 .bytes = file_bytes(to + "/history/" + name),
                 .sha256 = file_digest(files, to + "/history/" + name, {}).value(),
                 .rows = {}}
            );
        }
        ASSERT_TRUE(write_file_atomically(
            files, to + "/" + std::string(manifest_name), to_json_text(manifest)
        ));
    }

    void work(std::int64_t from_ms) {
        measure(from_ms, 30);
        ASSERT_TRUE(history->seal());
    }

    void mend(Lsn last) {
        const HistoryMending mending{
            .data_dir = data_, .backups = backups_, .last = last, .depth = StoreDepth::whole
        };
        const Status mended = mend_history(files, mending, {}, at_ms(day_ms));
        ASSERT_TRUE(mended) << mended.error().text();
    }

    void spoil() const {
        const std::string path = data_ + "/history/catalog.db";
        const auto size = std::filesystem::file_size(path);
        std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
        for (std::uintmax_t at = 4096; at < size; at += 4096) {
            file.seekp(static_cast<std::streamoff>(at));
            file.write(std::string(4096, '\0').data(), 4096);
        }
    }

    bool was_set_aside() const {
        for (const auto& entry : std::filesystem::directory_iterator(data_)) {
            if (entry.path().filename().string().starts_with("replaced.")) {
                return std::filesystem::exists(entry.path() / "history");
            }
        }
        return false;
    }

    void expect_all(std::size_t results) {
        open_there();
        EXPECT_EQ(values("a").size(), results);
        EXPECT_EQ(history->stats().damaged, 0U);
    }

    std::string data_;
    std::string backups_;
};

TEST_F(MendedHistory, T14HasTheBackupsBlocksAndFoldsTheRestAnew) {
    open_there();
    issue(1, {"a", "b"});
    work(day_ms);
    back_up();
    const Lsn in_backup = history->next_lsn();
    work(day_ms + 1'000'000);
    history.reset();
    spoil();
    mend(journal.back().lsn);
    EXPECT_TRUE(was_set_aside());
    auto opened = History::open(files, data_ + "/history", options);
    ASSERT_TRUE(opened) << opened.error().text();
    EXPECT_EQ(opened->next_lsn(), in_backup);
    history.emplace(std::move(*opened));
    expect_all(60);
}

TEST_F(MendedHistory, T14WithoutABackupIsWhatTheJournalHolds) {
    open_there();
    issue(1, {"a", "b"});
    work(day_ms);
    history.reset();
    spoil();
    mend(journal.back().lsn);
    EXPECT_TRUE(was_set_aside());
    expect_all(30);
}

TEST_F(MendedHistory, T14DoesNotTakeBlocksWithoutACatalogForNothing) {
    open_there();
    issue(1, {"a", "b"});
    work(day_ms);
    back_up();
    history.reset();
    for (const char* name : {"catalog.db", "catalog.db-wal", "catalog.db-shm"}) {
        std::filesystem::remove(data_ + "/history/" + name);
    }
    mend(journal.back().lsn);
    EXPECT_TRUE(was_set_aside());
    expect_all(30);
}

TEST_F(MendedHistory, T14IsNeverAheadOfTheJournal) {
    open_there();
    issue(1, {"a", "b"});
    work(day_ms);
    history.reset();
    mend(journal.back().lsn - 1);
    EXPECT_TRUE(was_set_aside());
}

TEST_F(MendedHistory, T14ThatIsWholeStaysAsItIs) {
    open_there();
    issue(1, {"a", "b"});
    work(day_ms);
    history.reset();
    mend(journal.back().lsn);
    EXPECT_FALSE(was_set_aside());
    std::filesystem::rename(data_ + "/history", data_ + "/history.new");
    mend(journal.back().lsn);  // cut short between two renames
    expect_all(30);
}

}  // namespace
}  // namespace muster::collector::test
