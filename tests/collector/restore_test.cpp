// Changing over to a backup's files: whole, or to be ended by the next start. Real backups go back in tests/e2e/restore_test.cpp.
#include "collector/backup/restore.hpp"

#include "collector/enrolment/access_store.hpp"
#include "tests/support/temp_dir.hpp"

#include <gtest/gtest.h>

#include <filesystem>

namespace muster::collector {
namespace {

using namespace std::chrono_literals;

class ChangingOver : public ::testing::Test {
  protected:
    ChangingOver() {
        for (const char* folder : {"/journal", "/restore.new/journal"}) {
            std::filesystem::create_directories(data_ + folder);
        }
        test::write_text(data_ + "/journal/1", "was there");
        test::write_text(data_ + "/state.db", "was there");
        test::write_text(data_ + "/state.db-wal", "was there");
        test::write_text(data_ + "/applied.json", "was there");
        test::write_text(data_ + "/lasting", "stays");
        test::write_text(data_ + "/restore.new/journal/1", "backup");
        test::write_text(data_ + "/restore.new/state.db", "backup");
    }

    void mark(const std::string& word) {
        test::write_text(data_ + "/restoring", word + " " + aside_ + "\n");
    }

    void expect_done() {
        const Status done = finish_restore(files_, data_);
        ASSERT_TRUE(done) << done.error().text();
        EXPECT_EQ(test::read_text(data_ + "/state.db"), "backup");
        EXPECT_EQ(test::read_text(data_ + "/journal/1"), "backup");
        EXPECT_EQ(test::read_text(data_ + "/lasting"), "stays");
        EXPECT_FALSE(files_.exists(data_ + "/state.db-wal"));
        EXPECT_FALSE(files_.exists(data_ + "/applied.json")) << "the backup has none";
        EXPECT_FALSE(files_.exists(data_ + "/restore.new"));
        EXPECT_FALSE(files_.exists(data_ + "/restoring"));
        for (const char* name : {"/state.db", "/state.db-wal", "/applied.json", "/journal/1"}) {
            EXPECT_EQ(test::read_text(aside_ + name), "was there") << name;
        }
    }

    RealFiles files_;
    test::TempDir dir_;
    std::string data_ = dir_.path();
    std::string aside_ = dir_ / "replaced.now";
};

TEST_F(ChangingOver, IsEndedWhereverItWasCutShort) {
    mark("aside");
    expect_done();
}

TEST_F(ChangingOver, IsEndedWhenSomeIsMovedAsideAlready) {
    std::filesystem::create_directories(aside_);
    std::filesystem::rename(data_ + "/state.db", aside_ + "/state.db");
    mark("aside");
    expect_done();
}

TEST_F(ChangingOver, IsEndedWhenSomeIsInPlaceAlready) {
    std::filesystem::create_directories(aside_);
    for (const char* name : {"/state.db", "/state.db-wal", "/applied.json", "/journal"}) {
        std::filesystem::rename(data_ + name, aside_ + name);
    }
    std::filesystem::rename(data_ + "/restore.new/state.db", data_ + "/state.db");
    mark("place");
    expect_done();
}

TEST_F(ChangingOver, ThatHadNotBegunChangesNothing) {
    ASSERT_TRUE(finish_restore(files_, data_));
    EXPECT_EQ(test::read_text(data_ + "/state.db"), "was there");
    EXPECT_FALSE(files_.exists(data_ + "/restore.new"));
}

TEST_F(ChangingOver, WithANoteThatCannotBeReadStopsAndSaysSo) {
    test::write_text(data_ + "/restoring", "asi");
    const Status done = finish_restore(files_, data_);
    ASSERT_FALSE(done);
    EXPECT_EQ(done.error().kind(), ErrorKind::corrupt);
    EXPECT_EQ(test::read_text(data_ + "/state.db"), "was there");
}

TEST_F(ChangingOver, WhatWasWithdrawnSinceTheBackupStaysWithdrawn) {
    auto access = AccessStore::open(data_ + "/access.db");
    ASSERT_TRUE(access) << access.error().text();
    SystemRandom random;
    const WallTime made = parse_rfc3339("2026-12-01T03:30:49Z").value();
    Actor actor;
    actor.name = "admin";
    const auto token = access->create_join_token(
        {.ttl = 1h, .max_uses = 2, .site = "", .name = ""}, actor, "pin", random, made - 1s
    );
    ASSERT_TRUE(token) << token.error().text();
    const std::string id = token->row.id;
    ASSERT_TRUE(access->restored(
        {{.at = made + 1s, .what = "join_token.used", .which = id},
         {.at = made + 2s, .what = "agent.certificate", .which = "no-uuid"},
         {.at = made + 2s, .what = "from a newer version", .which = "x"}},
        made,
        made + 1h
    ));
    const auto tokens = access->join_tokens();
    ASSERT_TRUE(tokens);
    EXPECT_EQ(tokens->at(0).uses, 1U);
    EXPECT_FALSE(tokens->at(0).revoked);
    ASSERT_TRUE(access->restored(
        {{.at = made + 3s, .what = "join_token.revoked", .which = id}}, made, made + 1h
    ));
    EXPECT_TRUE(access->join_tokens()->at(0).revoked);
}

}  // namespace
}  // namespace muster::collector
