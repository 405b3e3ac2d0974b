// Backups of a collector's folder: whole or not there at all. The stores are SQLite files in use; the real ones are in
// tests/e2e/backup_test.cpp.
#include "collector/backup/backup_thread.hpp"
#include "collector/backup/file_copies.hpp"
#include "collector/journal/segments.hpp"
#include "collector/migrations.hpp"
#include "tests/support/eventually.hpp"
#include "tests/support/forgetful_folders.hpp"
#include "tests/support/small_disk.hpp"
#include "tests/support/temp_dir.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <span>

namespace muster::collector {
namespace {

using namespace std::chrono_literals;
using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

std::string error_of(const Result<Backup>& backup) {
    return backup ? "" : backup.error().text();
}

std::vector<std::string> names_in(const std::string& folder) {
    RealFiles files;
    return files.exists(folder) ? files.list(folder).value() : std::vector<std::string>{};
}

/// A byte in the middle of a file is another one.
void damage(const std::string& path) {
    std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
    const auto middle = static_cast<std::streamoff>(std::filesystem::file_size(path) / 2);
    file.seekg(middle);
    const int was = file.get();
    file.seekp(middle);
    file.put(static_cast<char>(was ^ 0x55));
}

class BackingUp : public ::testing::Test {
  protected:
    BackingUp() {
        for (const char* folder : {"/journal", "/history", "/ca"}) {
            std::filesystem::create_directories(data_ + folder);
        }
        test::write_text(data_ + "/installation", "an id\n");
        test::write_text(data_ + "/ca/ca.key", "a key");
        test::write_text(data_ + "/admin.token", "a secret");
        state_.emplace(make("/state.db", brain_migrations()));
        access_.emplace(make("/access.db", enrolment_migrations()));
        catalog_.emplace(make("/history/catalog.db", history_migrations()));
        segment(1, 3);
        segment(4, 9);
        EXPECT_TRUE(state_->execute("UPDATE fold SET folded = 8, snapshot = 5"));
    }

    Database make(const std::string& name, std::span<const Migration> migrations) {
        auto database = Database::open(data_ + name, {});
        EXPECT_TRUE(database->migrate(migrations));
        return std::move(*database);
    }

    void segment(Lsn first, Lsn last) {
        Database database = make("/journal/" + segment_name(first), journal_migrations());
        for (Lsn lsn = first; lsn <= last; ++lsn) {
            EXPECT_TRUE(database.execute(
                "INSERT INTO entry VALUES(" + std::to_string(lsn) + ", 1, 1, 0, 0, 'body')"
            ));
        }
    }

    /// As a store's thread does it, but at once.
    static Status copy(Database& database, const std::string& to) {
        auto copy = DatabaseCopy::begin(database, to);
        Result<bool> more = copy ? Result<bool>(true) : failure(copy.error());
        while (more && *more) {
            more = copy->step(1U << 20U);
        }
        return more ? Status{} : Status{failure(more.error())};
    }

    BackupSources sources() {
        using Stop = const std::stop_token&;
        return {
            .state = [this](
                         const CopyPlace& to, Stop
                     ) { return copy(*state_, to.folder + "/state.db"); },
            .access = [this](
                          const CopyPlace& to, Stop
                      ) { return copy(*access_, to.folder + "/access.db"); },
            .history =
                [this](const CopyPlace& to, Stop) {
                    test::write_text(data_ + "/history/raw.block", "results");
                    const auto placed =
                        link_or_copy(data_ + "/history/raw.block", to.links + "/raw.block");
                    return placed ? copy(*catalog_, to.folder + "/catalog.db")
                                  : Status{failure(placed.error())};
                },
            .journal =
                [this](const CopyPlace& to, Stop) {
                    const auto segments = list_segments(data_ + "/journal").value();
                    for (const Lsn first : segments) {
                        const auto placed = link_or_copy(
                            data_ + "/journal/" + segment_name(first),
                            to.links + "/" + segment_name(first)
                        );
                        if (!placed) {
                            return Status{failure(placed.error())};
                        }
                    }
                    return Status{};
                }
        };
    }

    Result<Backup> back_up(const BackupSources& from, WallTime at) {
        return make_backup(files_, plan_, from, at, {});
    }

    static WallTime at(int hour) {
        return parse_rfc3339("2026-12-01T00:00:00Z").value() + hour * 1h;
    }

    RealFiles files_;
    SystemClock clock_;
    test::TempDir dir_;
    std::string data_ = dir_ / "data";
    BackupPlan plan_{
        .data_dir = data_, .folder = dir_ / "backups", .version = "1.2", .installation = "an id"
    };
    std::optional<Database> state_;
    std::optional<Database> access_;
    std::optional<Database> catalog_;
};

TEST_F(BackingUp, TakesEverythingAndSaysWhatItIs) {
    const auto backup = back_up(sources(), at(1));
    ASSERT_TRUE(backup) << error_of(backup);
    EXPECT_EQ(backup->name, "20261201T010000.000Z");
    EXPECT_THAT(names_in(plan_.folder), ElementsAre(backup->name));
    const std::string folder = plan_.folder + "/" + backup->name;
    const auto manifest = read_manifest(files_, folder);
    ASSERT_TRUE(manifest) << manifest.error().text();
    EXPECT_EQ(manifest->version, "1.2");
    EXPECT_EQ(manifest->installation, "an id");
    EXPECT_EQ(manifest->made, at(1));
    EXPECT_EQ(manifest->first, 1U);
    EXPECT_EQ(manifest->last, 9U);
    EXPECT_EQ(manifest->state, 8U);
    EXPECT_EQ(manifest->history, 0U);
    std::vector<std::string> paths;
    for (const BackupFile& file : manifest->files) {
        paths.push_back(file.path);
        if (file.path == "journal/" + segment_name(4)) {
            EXPECT_EQ(file.rows.at("entry"), 6);
        }
    }
    EXPECT_THAT(
        paths,
        ElementsAre(
            "access.db",
            "ca/ca.key",
            "history/catalog.db",
            "history/raw.block",
            "installation",
            "journal/" + segment_name(1),
            "journal/" + segment_name(4),
            "state.db"
        )
    ) << "and no token that is a secret";
    EXPECT_EQ(std::filesystem::hard_link_count(folder + "/history/raw.block"), 2U);
    EXPECT_TRUE(verify_backup(files_, folder, *manifest));
    EXPECT_EQ(
        std::filesystem::status(folder + "/state.db").permissions(),
        std::filesystem::perms::owner_read | std::filesystem::perms::owner_write
    );
}

/// A sealed segment whose log could not be emptied is copied by SQLite, which syncs no copies.
TEST_F(BackingUp, IsDurableOnceItIsGood) {
    muster::test::ForgetfulFolders disk(dir_.path());
    const auto backup = make_backup(disk, plan_, sources(), at(1), {});
    ASSERT_TRUE(backup) << error_of(backup);
    const std::string unfinished = plan_.folder + "/" + unfinished_name(backup->name);
    for (const char* name : {"state.db", "access.db", "history/catalog.db"}) {
        EXPECT_THAT(disk.synced_files(), Contains(unfinished + "/" + name));
    }
    for (const Lsn first : {Lsn{1}, Lsn{4}}) {
        EXPECT_THAT(disk.synced_files(), Contains(unfinished + "/journal/" + segment_name(first)));
    }
    disk.power_on();
    const std::string folder = plan_.folder + "/" + backup->name;
    const Status there = verify_backup(files_, folder, backup->manifest);
    EXPECT_TRUE(there) << there.error().text();
    EXPECT_TRUE(read_manifest(files_, folder));
}

TEST_F(BackingUp, SoundRowsThatSqliteDoubtsAreSound) {
    ASSERT_TRUE(
        state_->execute("INSERT INTO probe_interval VALUES (x'00', 5, NULL, 'critical', 3, 0)")
    );
    const auto backup = back_up(sources(), at(1));
    ASSERT_TRUE(backup) << error_of(backup);
}

TEST_F(BackingUp, OneChangedByteOrMissingFileIsFound) {
    const auto backup = back_up(sources(), at(1));
    ASSERT_TRUE(backup) << error_of(backup);
    const std::string folder = plan_.folder + "/" + backup->name;
    damage(folder + "/access.db");
    const auto changed = verify_backup(files_, folder, backup->manifest);
    ASSERT_FALSE(changed);
    EXPECT_THAT(changed.error().text(), AllOf(HasSubstr("not as it was"), HasSubstr("access.db")));
    std::filesystem::remove(folder + "/access.db");
    const auto missing = verify_backup(files_, folder, backup->manifest);
    ASSERT_FALSE(missing);
    EXPECT_THAT(missing.error().text(), HasSubstr("missing"));
}

TEST_F(BackingUp, WhatIsNotGoodLeavesNothing) {
    BackupSources bad = sources();
    bad.state = [this](const CopyPlace& to, const std::stop_token&) {
        const Status copied = copy(*state_, to.folder + "/state.db");
        damage(to.folder + "/state.db");
        std::ofstream(to.folder + "/state.db", std::ios::in | std::ios::out).write("nonsense", 8);
        return copied;
    };
    const auto damaged = back_up(bad, at(1));
    ASSERT_FALSE(damaged);
    EXPECT_EQ(damaged.error().kind(), ErrorKind::corrupt);
    EXPECT_THAT(names_in(plan_.folder), IsEmpty());

    ASSERT_TRUE(state_->execute("UPDATE fold SET folded = 10"));
    EXPECT_THAT(error_of(back_up(sources(), at(1))), HasSubstr("the journal ends at 9"));
    ASSERT_TRUE(state_->execute("UPDATE fold SET folded = 8"));
    std::filesystem::remove(data_ + "/journal/" + segment_name(4));
    segment(6, 9);
    EXPECT_THAT(error_of(back_up(sources(), at(1))), HasSubstr("lacks the entries before 6"));
    std::filesystem::remove(data_ + "/journal/" + segment_name(1));
    segment(7, 9);
    std::filesystem::remove(data_ + "/journal/" + segment_name(6));
    EXPECT_THAT(error_of(back_up(sources(), at(1))), HasSubstr("the journal begins at 7"))
        << "what the state remembers was saved at 5";
    EXPECT_THAT(names_in(plan_.folder), IsEmpty());
    EXPECT_FALSE(std::filesystem::exists(data_ + "/backup.links"));
}

TEST_F(BackingUp, IsRefusedWhereThereIsNoRoom) {
    const test::SmallDisk disk(4U << 20U);
    if (!disk.problem().empty()) {
        GTEST_SKIP() << disk.problem();
    }
    plan_.folder = disk / "backups";
    const auto backup = back_up(sources(), at(1));
    ASSERT_FALSE(backup);
    EXPECT_EQ(backup.error().kind(), ErrorKind::full);
    EXPECT_THAT(backup.error().text(), HasSubstr("set backup.keep lower, or backup.dir"));
}

TEST_F(BackingUp, ToAnotherDiskIsACopyOfEverything) {
    const test::SmallDisk disk(128U << 20U);
    if (!disk.problem().empty()) {
        GTEST_SKIP() << disk.problem();
    }
    plan_.folder = disk / "backups";
    const auto backup = back_up(sources(), at(1));
    ASSERT_TRUE(backup) << error_of(backup);
    const std::string folder = plan_.folder + "/" + backup->name;
    EXPECT_TRUE(verify_backup(files_, folder, backup->manifest));
    EXPECT_EQ(std::filesystem::hard_link_count(folder + "/history/raw.block"), 1U);
    EXPECT_FALSE(std::filesystem::exists(data_ + "/backup.links"));
}

TEST_F(BackingUp, LeftoversGoAndOnlyThey) {
    ASSERT_TRUE(back_up(sources(), at(1)));
    const std::string good = backup_name(at(1));
    std::filesystem::create_directories(plan_.folder + "/" + backup_name(at(2)));
    std::filesystem::create_directories(plan_.folder + "/" + unfinished_name(backup_name(at(3))));
    std::filesystem::create_directories(plan_.folder + "/somebody's own");
    ASSERT_TRUE(sweep_backups(files_, plan_.folder));
    EXPECT_THAT(names_in(plan_.folder), ElementsAre(good, "somebody's own"));
}

TEST_F(BackingUp, SoManyStayAsAreToBeKept) {
    for (const int hour : {1, 2, 4, 3}) {
        ASSERT_TRUE(back_up(sources(), at(hour)));
    }
    ASSERT_TRUE(prune_backups(files_, plan_.folder, 3));
    EXPECT_THAT(
        names_in(plan_.folder),
        ElementsAre(backup_name(at(2)), backup_name(at(3)), backup_name(at(4)))
    );
    const auto all = backups_in(files_, plan_.folder);
    ASSERT_TRUE(all);
    EXPECT_EQ(all->back().name, backup_name(at(3)))
        << "the last one made, whatever the calendar said";
    EXPECT_EQ(all->back().manifest.number, 4U);
    EXPECT_EQ(back_up(sources(), at(3)).error().kind(), ErrorKind::conflict);
}

TEST_F(BackingUp, AManifestThatLeavesItsFolderOrIsNewerIsRefused) {
    Manifest manifest;
    manifest.files.push_back({.path = "../access.db", .bytes = 1, .sha256 = "", .rows = {}});
    const std::string path = dir_ / std::string(manifest_name);
    test::write_text(path, to_json_text(manifest));
    EXPECT_EQ(read_manifest(files_, dir_.path()).error().kind(), ErrorKind::corrupt);
    test::write_text(path, "{\"format\": 2}");
    EXPECT_EQ(read_manifest(files_, dir_.path()).error().kind(), ErrorKind::invalid);
    test::write_text(path, "{\"format\": 1");
    EXPECT_EQ(read_manifest(files_, dir_.path()).error().kind(), ErrorKind::corrupt);
}

class BackingUpRegularly : public BackingUp {
  protected:
    BackupThread open(Duration every, BackupSources from) {
        auto opened = BackupThread::open(
            files_, clock_, {.plan = plan_, .every = every, .keep = 2}, std::move(from)
        );
        EXPECT_TRUE(opened) << opened.error().text();
        return std::move(*opened);
    }

    static BackupRow::State state_of(const BackupThread& thread, const std::string& name) {
        for (const BackupRow& row : thread.list()) {
            if (row.name == name) {
                return row.state;
            }
        }
        return BackupRow::State::failed;
    }
};

TEST_F(BackingUpRegularly, MakesThemWhenDueAndKeepsTheNewest) {
    BackupThread thread = open(20ms, sources());
    thread.start();
    EXPECT_TRUE(test::eventually(20s, [&] { return thread.figures().made >= 4; }));
    thread.stop();
    EXPECT_EQ(thread.figures().kept, 2U);
    EXPECT_EQ(thread.trouble(), "");
    EXPECT_EQ(names_in(plan_.folder).size(), 2U);
}

TEST_F(BackingUpRegularly, T18OneMadeWhileTheCalendarWasWrongHoldsNothingUpAndGoesInItsTurn) {
    const auto wrong = back_up(sources(), clock_.wall() + 10 * 365 * 24h);
    ASSERT_TRUE(wrong);
    ASSERT_TRUE(back_up(sources(), clock_.wall() - 1h));
    BackupThread thread = open(20ms, sources());
    thread.start();
    EXPECT_TRUE(test::eventually(20s, [&] { return thread.figures().made >= 3; }));
    thread.stop();
    EXPECT_THAT(names_in(plan_.folder), Not(Contains(wrong->name)));
    EXPECT_EQ(thread.figures().kept, 2U);
}

TEST_F(BackingUpRegularly, MakesOneWhenAskedAndOnlyOneAtATime) {
    BackupThread thread = open(0s, sources());
    const auto asked = thread.request();
    ASSERT_TRUE(asked);
    EXPECT_EQ(state_of(thread, asked->name), BackupRow::State::making);
    EXPECT_EQ(thread.request().error().kind(), ErrorKind::conflict);
    thread.start();
    EXPECT_TRUE(test::eventually(20s, [&] {
        return state_of(thread, asked->name) == BackupRow::State::good;
    }));
    thread.stop();
    const BackupThread again = open(0s, sources());
    EXPECT_EQ(state_of(again, asked->name), BackupRow::State::good) << "it is read from the folder";
}

TEST_F(BackingUpRegularly, SaysThatOneFailedUntilOneIsGood) {
    std::atomic<bool> is_broken = true;
    BackupSources from = sources();
    const auto good = from.access;
    from.access = [&is_broken, good](const CopyPlace& to, const std::stop_token& stop) {
        return is_broken ? Status{failure(ErrorKind::io, "the disk is gone")} : good(to, stop);
    };
    BackupThread thread = open(20ms, from);
    thread.start();
    EXPECT_TRUE(test::eventually(20s, [&] { return !thread.trouble().empty(); }));
    EXPECT_THAT(thread.trouble(), HasSubstr("the disk is gone"));
    EXPECT_GE(thread.figures().failed, 1U);
    is_broken = false;
    EXPECT_TRUE(test::eventually(20s, [&] { return thread.trouble().empty(); }));
    EXPECT_GE(thread.figures().made, 1U);
}

}  // namespace
}  // namespace muster::collector
