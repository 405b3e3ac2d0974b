#include "base/database.hpp"

#include "tests/base/temporary_folder.hpp"

#include <gtest/gtest.h>

#include <array>
#include <filesystem>
#include <sys/stat.h>

namespace muster {
namespace {

Database opened(const std::string& path, DatabaseOptions options = {}) {
    auto database = Database::open(path, options);
    EXPECT_TRUE(database) << database.error().text();
    return std::move(*database);
}

std::int64_t number(Database& database, std::string_view sql) {
    auto statement = database.prepare(sql);
    EXPECT_TRUE(statement) << statement.error().text();
    EXPECT_TRUE(statement->step().value_or(false));
    return statement->integer(0);
}

std::string word(Database& database, std::string_view sql) {
    auto statement = database.prepare(sql);
    EXPECT_TRUE(statement) << statement.error().text();
    EXPECT_TRUE(statement->step().value_or(false));
    return std::string(statement->text(0));
}

class DatabaseFile : public testing::Test {
  protected:
    TemporaryFolder folder_;
    std::string path_ = folder_.file("state.db");
};

TEST_F(DatabaseFile, IsOpenedByTheRules) {
    Database database = opened(path_);
    EXPECT_EQ(word(database, "PRAGMA journal_mode"), "wal");
    EXPECT_EQ(number(database, "PRAGMA synchronous"), 2) << "FULL";
    EXPECT_EQ(number(database, "PRAGMA foreign_keys"), 1);
    EXPECT_EQ(number(database, "PRAGMA trusted_schema"), 0);
    EXPECT_EQ(number(database, "PRAGMA cell_size_check"), 1);
    EXPECT_EQ(number(database, "PRAGMA temp_store"), 2) << "MEMORY";
    EXPECT_EQ(number(database, "PRAGMA busy_timeout"), 5000);
    EXPECT_EQ(number(database, "PRAGMA journal_size_limit"), 64 << 20);
    EXPECT_FALSE(database.prepare("SELECT load_extension('x')")->step());
    struct stat info{};
    ASSERT_EQ(stat(path_.c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 0777U, 0600U);
}

TEST_F(DatabaseFile, TakesPageSizeAndDurabilityFromItsOptions) {
    Database database = opened(path_, {.durability = Durability::normal, .page_bytes = 16384});
    EXPECT_EQ(number(database, "PRAGMA page_size"), 16384);
    EXPECT_EQ(number(database, "PRAGMA synchronous"), 1) << "NORMAL";
}

TEST_F(DatabaseFile, SaysWhatItCannotOpen) {
    const auto missing = Database::open(folder_.file("none/state.db"), {});
    ASSERT_FALSE(missing);
    EXPECT_EQ(missing.error().kind(), ErrorKind::io);
    EXPECT_NE(missing.error().text().find("none/state.db"), std::string::npos);
    RealFiles files;
    ASSERT_TRUE(write_file_atomically(files, path_, std::string(8192, 'x')));
    EXPECT_EQ(Database::open(path_, {}).error().kind(), ErrorKind::corrupt);
}

TEST_F(DatabaseFile, ReadersSeeWhatIsCommittedAndCannotWrite) {
    Database writer = opened(path_);
    ASSERT_TRUE(writer.execute("CREATE TABLE t(x)"));
    Database reader = opened(path_, {.mode = DatabaseMode::reader});
    ASSERT_TRUE(writer.begin());
    ASSERT_TRUE(writer.execute("INSERT INTO t VALUES(1)"));
    EXPECT_EQ(number(reader, "SELECT count(*) FROM t"), 0);
    ASSERT_TRUE(writer.commit());
    EXPECT_EQ(number(reader, "SELECT count(*) FROM t"), 1);
    EXPECT_EQ(reader.execute("INSERT INTO t VALUES(2)").error().kind(), ErrorKind::refused);
}

TEST_F(DatabaseFile, StopsWhatTakesLongerThanItMayAndGoesOnAfterwards) {
    Database writer = opened(path_);
    Database reader = opened(path_, {.mode = DatabaseMode::reader});
    auto endless = reader.prepare(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n"
    );
    reader.limit_time(std::chrono::milliseconds(1));
    const auto row = endless->step();
    ASSERT_FALSE(row);
    EXPECT_EQ(row.error().kind(), ErrorKind::timeout);
    EXPECT_EQ(row.error().what(), too_long);
    EXPECT_TRUE(reader.is_out_of_time());
    reader.limit_time(std::nullopt);
    EXPECT_FALSE(reader.is_out_of_time());
    EXPECT_EQ(number(reader, "SELECT 1"), 1);
}

void add_rows(Database& database, int count) {
    ASSERT_TRUE(database.begin());
    auto insert = database.prepare("INSERT INTO t VALUES(zeroblob(4000))");
    for (int i = 0; i < count; ++i) {
        ASSERT_TRUE(insert->run());
    }
    ASSERT_TRUE(database.commit());
}

TEST_F(DatabaseFile, CheckpointsByHandAndKnowsItsWal) {
    Database database = opened(path_);
    ASSERT_TRUE(database.execute("CREATE TABLE t(x)"));
    EXPECT_GT(database.wal_bytes(), 0U);
    add_rows(database, 2000);
    add_rows(database, 1);
    EXPECT_GT(database.wal_bytes(), 7U << 20U) << "nothing checkpoints by itself";
    ASSERT_TRUE(database.checkpoint());
    add_rows(database, 1);
    EXPECT_LT(database.wal_bytes(), 1U << 20U) << "the log starts over";
}

TEST_F(DatabaseFile, ALargeWalIsStartedOverAtOnce) {
    Database database = opened(path_, {.durability = Durability::normal});
    ASSERT_TRUE(database.execute("CREATE TABLE t(x)"));
    add_rows(database, 17'000);
    EXPECT_GT(database.wal_bytes(), 64U << 20U);
    ASSERT_TRUE(database.checkpoint());
    EXPECT_EQ(database.wal_bytes(), 0U);
}

TEST_F(DatabaseFile, CheckpointDoesNotFailWhileAReaderHoldsOn) {
    Database writer = opened(path_);
    ASSERT_TRUE(writer.execute("CREATE TABLE t(x); INSERT INTO t VALUES(1)"));
    Database reader = opened(path_, {.mode = DatabaseMode::reader});
    ASSERT_TRUE(reader.begin());
    EXPECT_EQ(number(reader, "SELECT count(*) FROM t"), 1);
    ASSERT_TRUE(writer.execute("INSERT INTO t VALUES(2)"));
    EXPECT_TRUE(writer.checkpoint());
    EXPECT_EQ(number(reader, "SELECT count(*) FROM t"), 1);
}

#ifndef NDEBUG
using DatabaseDeathTest = DatabaseFile;

TEST_F(DatabaseDeathTest, ASecondWriterOfOneFileIsOurBug) {
    const Database first = opened(path_);
    EXPECT_DEATH(static_cast<void>(Database::open(path_, {})), "second connection.*state.db");
    EXPECT_DEATH(
        static_cast<void>(Database::open(folder_.path() + "/./state.db", {})), "second connection"
    );
}
#endif

TEST_F(DatabaseFile, MayBeReopenedAfterItsWriterIsGone) {
    {
        const Database first = opened(path_);
    }
    const Database second = opened(path_);
}

class DatabaseInMemory : public testing::Test {
  protected:
    Database database_ = opened("", {.mode = DatabaseMode::memory});
};

TEST_F(DatabaseInMemory, BindsAndReadsEveryType) {
    ASSERT_TRUE(database_.execute("CREATE TABLE t(a, b, c, d, e)"));
    auto insert = database_.prepare("INSERT INTO t VALUES(?, ?, ?, ?, ?)");
    ASSERT_TRUE(insert);
    const std::string blob("\0\xff", 2);
    insert->bind(0, std::int64_t{-7})
        .bind(1, 0.5)
        .bind_text(2, "zwölf")
        .bind_blob(3, blob)
        .bind_null(4);
    EXPECT_EQ(insert->run(), 1);
    EXPECT_EQ(database_.last_insert_id(), 1);
    insert->bind_blob(3, {}).bind_text(2, {});
    EXPECT_EQ(insert->run(), 1) << "may be bound and run again";
    auto select = database_.prepare("SELECT * FROM t");
    ASSERT_TRUE(select->step().value_or(false));
    EXPECT_EQ(select->columns(), 5);
    EXPECT_EQ(select->integer(0), -7);
    EXPECT_EQ(select->real(1), 0.5);
    EXPECT_EQ(select->text(2), "zwölf");
    EXPECT_EQ(select->blob(3), blob);
    EXPECT_TRUE(select->is_null(4));
    ASSERT_TRUE(select->step().value_or(false));
    EXPECT_FALSE(select->is_null(3)) << "empty is not null";
    EXPECT_FALSE(select->is_null(2));
    EXPECT_EQ(select->step(), false);
    EXPECT_EQ(select->step(), true) << "from the beginning again";
}

TEST_F(DatabaseInMemory, CountsChangedRows) {
    ASSERT_TRUE(database_.execute("CREATE TABLE t(x); INSERT INTO t VALUES(1), (2), (3)"));
    EXPECT_EQ(database_.prepare("UPDATE t SET x = x + 1 WHERE x > 1")->run(), 2);
    EXPECT_EQ(database_.prepare("DELETE FROM t WHERE x > 100")->run(), 0);
    EXPECT_EQ(database_.prepare("SELECT * FROM t")->run(), 0);
}

TEST_F(DatabaseInMemory, TellsConflictsFromMistakes) {
    ASSERT_TRUE(database_.execute("CREATE TABLE t(x PRIMARY KEY); INSERT INTO t VALUES(1)"));
    EXPECT_EQ(
        database_.prepare("INSERT INTO t VALUES(1)")->run().error().kind(), ErrorKind::conflict
    );
    EXPECT_EQ(database_.prepare("SELECT nothing").error().kind(), ErrorKind::internal);
    EXPECT_FALSE(database_.prepare("SELECT \"text\"")) << "double quotes are for names";
}

TEST_F(DatabaseInMemory, TransactionsRollBackUnlessCommitted) {
    ASSERT_TRUE(database_.execute("CREATE TABLE t(x)"));
    {
        auto dropped = Transaction::begin(database_);
        ASSERT_TRUE(dropped);
        EXPECT_TRUE(database_.in_transaction());
        ASSERT_TRUE(database_.execute("INSERT INTO t VALUES(1)"));
    }
    EXPECT_FALSE(database_.in_transaction());
    EXPECT_EQ(number(database_, "SELECT count(*) FROM t"), 0);
    {
        auto kept = Transaction::begin(database_);
        ASSERT_TRUE(database_.execute("INSERT INTO t VALUES(1)"));
        EXPECT_TRUE(kept->commit());
    }
    EXPECT_EQ(number(database_, "SELECT count(*) FROM t"), 1);
    auto outer = Transaction::begin(database_);
    EXPECT_FALSE(Transaction::begin(database_)) << "no transaction inside another";
}

constexpr std::array<Migration, 2> two_steps{
    {{.number = 1, .sql = "CREATE TABLE a(x)"}, {.number = 2, .sql = "CREATE TABLE b(x)"}}
};

TEST_F(DatabaseInMemory, MigratesOnceAndInOrder) {
    ASSERT_TRUE(database_.migrate(std::span(two_steps).first(1)));
    EXPECT_EQ(number(database_, "PRAGMA user_version"), 1);
    ASSERT_TRUE(database_.migrate(two_steps));
    ASSERT_TRUE(database_.migrate(two_steps)) << "nothing left to do";
    EXPECT_EQ(number(database_, "PRAGMA user_version"), 2);
    EXPECT_EQ(number(database_, "SELECT count(*) FROM sqlite_schema"), 2);
}

TEST_F(DatabaseInMemory, AFailedMigrationLeavesNothingBehind) {
    constexpr std::array<Migration, 1> broken{
        {{.number = 1, .sql = "CREATE TABLE a(x); CREATE TABLE a(x);"}}
    };
    const auto done = database_.migrate(broken);
    ASSERT_FALSE(done);
    EXPECT_NE(done.error().text().find("migration 1"), std::string::npos);
    EXPECT_EQ(number(database_, "PRAGMA user_version"), 0);
    EXPECT_EQ(number(database_, "SELECT count(*) FROM sqlite_schema"), 0);
}

TEST_F(DatabaseInMemory, RefusesAFileFromTheFuture) {
    ASSERT_TRUE(database_.execute("PRAGMA user_version=9"));
    const auto done = database_.migrate(two_steps);
    ASSERT_FALSE(done);
    EXPECT_EQ(done.error().kind(), ErrorKind::invalid);
    EXPECT_NE(done.error().what().find("newer version"), std::string::npos);
}

std::string copied(Database& source, const std::string& path) {
    auto copy = DatabaseCopy::begin(source, path);
    EXPECT_TRUE(copy) << copy.error().text();
    Result<bool> more = true;
    while (more && *more) {
        more = copy->step(1);
    }
    EXPECT_TRUE(more) << more.error().text();
    return path;
}

TEST_F(DatabaseFile, IsCopiedInUseWithWhatIsWrittenMeanwhile) {
    Database database = opened(path_);
    ASSERT_TRUE(database.execute("CREATE TABLE t(x)"));
    constexpr std::string_view grow =
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 200) "
        "INSERT INTO t SELECT randomblob(2000) FROM n";
    ASSERT_TRUE(database.execute(grow));
    auto copy = DatabaseCopy::begin(database, folder_.file("copy.db"));
    ASSERT_TRUE(copy) << copy.error().text();
    ASSERT_TRUE(copy->step(40'000).value());
    ASSERT_TRUE(database.execute("UPDATE t SET x = 'early' WHERE rowid = 1"));
    ASSERT_TRUE(database.execute(grow));
    ASSERT_TRUE(database.checkpoint());
    {
        auto open = Transaction::begin(database);
        ASSERT_TRUE(database.execute("UPDATE t SET x = 'never' WHERE rowid = 2"));
        EXPECT_TRUE(copy->step(1U << 30U).value()) << "not inside of a transaction";
    }
    Result<bool> more = true;
    while (more && *more) {
        more = copy->step(40'000);
    }
    ASSERT_TRUE(more) << more.error().text();
    EXPECT_FALSE(std::filesystem::exists(folder_.file("copy.db-wal")));
    Database read = opened(folder_.file("copy.db"), {.mode = DatabaseMode::frozen});
    EXPECT_EQ(word(read, "PRAGMA quick_check"), "ok");
    EXPECT_EQ(number(read, "SELECT count(*) FROM t"), 400);
    EXPECT_EQ(number(read, "SELECT count(*) FROM t WHERE x = 'early'"), 1);
    EXPECT_EQ(number(read, "SELECT count(*) FROM t WHERE x = 'never'"), 0);
    EXPECT_FALSE(DatabaseCopy::begin(database, folder_.file("copy.db"))) << "it is there already";
}

TEST_F(DatabaseFile, CopyCanBeWrittenAsItsOriginal) {
    Database database = opened(path_, {.page_bytes = 16384});
    ASSERT_TRUE(database.execute("CREATE TABLE t(x); INSERT INTO t VALUES (1)"));
    Database again = opened(copied(database, folder_.file("copy 100% #1?.db")));
    EXPECT_EQ(word(again, "PRAGMA journal_mode"), "wal");
    EXPECT_EQ(number(again, "PRAGMA page_size"), 16384);
    ASSERT_TRUE(again.execute("INSERT INTO t VALUES (2)"));
    EXPECT_EQ(number(again, "SELECT count(*) FROM t"), 2);
    EXPECT_EQ(number(database, "SELECT count(*) FROM t"), 1);
}

TEST_F(DatabaseFile, FrozenIsReadWithoutAnythingBesideIt) {
    const std::string odd = folder_.file("50% #1?.db");
    {
        Database database = opened(odd);
        ASSERT_TRUE(database.execute("CREATE TABLE t(x); INSERT INTO t VALUES (7)"));
        ASSERT_TRUE(database.empty_wal());
        EXPECT_EQ(std::filesystem::file_size(odd + "-wal"), 0U);
    }
    std::filesystem::remove(odd + "-wal");
    std::filesystem::remove(odd + "-shm");
    Database read = opened(odd, {.mode = DatabaseMode::frozen});
    EXPECT_EQ(number(read, "SELECT x FROM t"), 7);
    EXPECT_FALSE(read.execute("INSERT INTO t VALUES (8)"));
    EXPECT_FALSE(std::filesystem::exists(odd + "-wal"));
    EXPECT_FALSE(std::filesystem::exists(odd + "-shm"));
}

}  // namespace
}  // namespace muster
