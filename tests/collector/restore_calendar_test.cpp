// T-18: a restore goes by the order in which things happened, whatever the calendar said: which backup is the newest, and what was
// withdrawn since.
#include "tests/collector/restored_stores.hpp"

#include <filesystem>

namespace muster::collector::test {
namespace {

using namespace std::chrono_literals;

constexpr auto ten_years = 10 * 365 * 24h;

class RestoredByOrder : public RestoredStores {};

// T-18: the calendar leapt ahead, a backup was made, the calendar was set right.
TEST_F(RestoredByOrder, T18WhatWasWithdrawnAfterABackupOfTheFutureStaysWithdrawn) {
    const CreatedJoinToken join = make_token(3);
    const CreatedJoinToken withdrawn = make_token(3);
    const AgentId revoked = enrol(join).id;
    const auto api = access_->tokens().create(
        {.name = "api", .owner = "", .role = "viewer", .sites = {}, .expires = now_ + 1h},
        admin_,
        random_,
        now_
    );
    ASSERT_TRUE(api) << api.error().text();
    now_ += ten_years;
    const std::string future = back_up();
    now_ -= ten_years;
    ASSERT_TRUE(access_->revoke(revoked, admin_, now_));
    ASSERT_TRUE(access_->revoke_join_token(withdrawn.row.id, admin_, now_));
    ASSERT_TRUE(access_->tokens().revoke(api->row.id, admin_, now_));
    enrol(join);
    now_ += 1h;
    EXPECT_EQ(go_back(), future);
    EXPECT_FALSE(agent(revoked).is_active);
    EXPECT_TRUE(token(withdrawn.row.id).revoked);
    EXPECT_TRUE(access_->tokens().find(api->row.id).value()->revoked);
    EXPECT_EQ(token(join.row.id).uses, 2U) << "one is in the backup, one came after it";
}

// T-18: a backup of the future is no newer than those made after it.
TEST_F(RestoredByOrder, T18TheNewestBackupIsTheOneMadeLast) {
    now_ += ten_years;
    back_up();
    now_ -= ten_years;
    const std::string id = make_token(1).row.id;
    const std::string last = back_up();
    now_ += 1h;
    EXPECT_EQ(go_back(), last);
    EXPECT_EQ(token(id).uses, 0U);
}

TEST_F(RestoredByOrder, T18WhatIsUsedWhileABackupIsMadeCountsOnce) {
    const CreatedJoinToken join = make_token(3);
    back_up([&] {
        now_ += 1s;
        enrol(join);
    });
    now_ += 1h;
    go_back();
    EXPECT_EQ(token(join.row.id).uses, 1U);
}

TEST_F(RestoredByOrder, T18ARenewedCertificateKeepsWhoSignedIt) {
    const EnrolledAgent enrolled = enrol(make_token(1));
    const std::string backup = back_up();
    now_ += 1h;
    // The next authority, under which the agent renews.
    std::filesystem::remove_all(data_ + "/ca");
    authority_.emplace(
        std::move(*CertificateAuthority::open(files_, data_ + "/ca", {"localhost"}, now_))
    );
    const std::string request = wire::make_request("agent").value().request_pem;
    const auto renewed = access_->renew(enrolled, request, "peer", *authority_, 24h, now_);
    ASSERT_TRUE(renewed) << renewed.error().text();
    EnrolledAgent next = enrolled;
    next.next_serial = renewed->serial;
    ASSERT_TRUE(access_->adopt(next, "peer", now_));
    EXPECT_EQ(go_back(), backup);
    EXPECT_EQ(agent(enrolled.id).serial, renewed->serial);
    auto reader = Database::open(data_ + "/access.db", {.mode = DatabaseMode::reader});
    ASSERT_TRUE(reader);
    auto issuer = reader->prepare("SELECT issuer FROM agent");
    ASSERT_TRUE(issuer && *issuer->step());
    EXPECT_EQ(issuer->text(0), authority_->pin());
}

}  // namespace
}  // namespace muster::collector::test
