#include "collector/enrolment/authority_roll.hpp"

#include "base/clock.hpp"
#include "base/memory_files.hpp"
#include "collector/enrolment/certificate_authority.hpp"
#include "tests/support/power_cut_files.hpp"
#include "wire/certificates.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace muster::collector {
namespace {

using testing::HasSubstr;
using testing::Not;

class AuthorityRoll : public ::testing::Test {
  protected:
    CertificateAuthority started() {
        auto opened = CertificateAuthority::open(files_, "/data/ca", {"localhost"}, now_);
        EXPECT_TRUE(opened) << opened.error().text();
        return std::move(*opened);
    }

    std::string stored(const std::string& name) {
        return read_file(files_, "/data/ca/" + name, 1 << 20).value_or("");
    }

    /// A server's certificate and an agent's are of the authority that signs, which comes first.
    static void expect_whole(const CertificateAuthority& authority) {
        EXPECT_TRUE(authority.ca_pem().starts_with(authority.authority().certificate_pem));
        EXPECT_TRUE(
            wire::is_issued_by(authority.server_chain_pem(), authority.authority().certificate_pem)
        );
        const std::string request = wire::make_request("agent").value().request_pem;
        EXPECT_TRUE(wire::issue_agent(
            authority.authority(),
            request,
            AgentId{Uuid::named("a")},
            SystemClock().wall(),
            std::chrono::hours(1)
        ));
    }

    MemoryFiles files_;
    WallTime now_ = SystemClock().wall();
};

TEST_F(AuthorityRoll, AddsUsesAndDrops) {
    const CertificateAuthority first = started();
    EXPECT_EQ(roll_step(files_, "/data/ca"), RollStep::none);
    EXPECT_EQ(use_authority(files_, "/data/ca").error().kind(), ErrorKind::conflict);
    EXPECT_EQ(drop_authority(files_, "/data/ca").error().kind(), ErrorKind::conflict);

    ASSERT_TRUE(add_authority(files_, "/data/ca", now_));
    EXPECT_EQ(add_authority(files_, "/data/ca", now_).error().kind(), ErrorKind::conflict);
    const CertificateAuthority both = started();
    expect_whole(both);
    EXPECT_EQ(both.pin(), first.pin()) << "the old one still signs";
    EXPECT_EQ(both.server_chain_pem(), first.server_chain_pem());
    EXPECT_EQ(wire::count_authorities(both.ca_pem()).value(), 2U);

    ASSERT_TRUE(use_authority(files_, "/data/ca"));
    const CertificateAuthority used = started();
    expect_whole(used);
    EXPECT_NE(used.pin(), first.pin());
    EXPECT_EQ(wire::count_authorities(used.ca_pem()).value(), 2U);
    EXPECT_THAT(used.ca_pem(), HasSubstr(first.ca_pem())) << "what it signed still counts";
    EXPECT_EQ(used.link_identity().ca_pem, used.ca_pem());

    ASSERT_TRUE(drop_authority(files_, "/data/ca"));
    const CertificateAuthority last = started();
    expect_whole(last);
    EXPECT_EQ(last.pin(), used.pin());
    EXPECT_EQ(last.server_chain_pem(), used.server_chain_pem());
    EXPECT_EQ(last.ca_pem(), last.authority().certificate_pem);
    EXPECT_EQ(roll_step(files_, "/data/ca"), RollStep::none);
}

/// The files as they are after so many changes of use_authority: each is one rename or removal.
TEST_F(AuthorityRoll, IsFinishedByTheNextStartWhereverItWasCutShort) {
    const std::string old = started().authority().certificate_pem;
    ASSERT_TRUE(add_authority(files_, "/data/ca", now_));
    const std::string next = stored("next.crt");
    const std::string next_key = stored("next.key");
    const auto put = [this](const std::string& name, const std::string& content) {
        ASSERT_TRUE(write_file_atomically(files_, "/data/ca/" + name, content));
    };
    const std::string old_key = stored("ca.key");
    for (int changes = 1; changes <= 5; ++changes) {
        put("ca.crt", old);
        put("ca.key", old_key);
        put("next.crt", next);
        put("next.key", next_key);
        put("old.crt", old);
        if (changes >= 2) {
            put("ca.key", next_key);
        }
        if (changes >= 3) {
            put("ca.crt", next);
        }
        if (changes >= 4) {
            ASSERT_TRUE(files_.remove("/data/ca/next.crt"));
        }
        if (changes >= 5) {
            ASSERT_TRUE(files_.remove("/data/ca/next.key"));
        }
        const CertificateAuthority after = started();
        expect_whole(after);
        EXPECT_EQ(after.authority().certificate_pem, next) << changes;
        EXPECT_EQ(after.ca_pem(), next + old) << changes;
        EXPECT_EQ(roll_step(files_, "/data/ca"), RollStep::used) << changes;
    }
}

/// The two removals may reach the disk in either order.
TEST_F(AuthorityRoll, IsFinishedWhereAPowerCutBroughtBackTheNextCertificateAlone) {
    started();
    ASSERT_TRUE(add_authority(files_, "/data/ca", now_));
    const std::string next = stored("next.crt");
    ASSERT_TRUE(use_authority(files_, "/data/ca"));
    ASSERT_TRUE(write_file_atomically(files_, "/data/ca/next.crt", next));
    const CertificateAuthority after = started();
    expect_whole(after);
    EXPECT_EQ(after.authority().certificate_pem, next);
    EXPECT_EQ(roll_step(files_, "/data/ca"), RollStep::used);
}

/// Without the key a certificate is never put in place.
TEST_F(AuthorityRoll, IsNotGoneOnWithWhereTheNextKeyIsLost) {
    const std::string first = started().authority().certificate_pem;
    ASSERT_TRUE(add_authority(files_, "/data/ca", now_));
    ASSERT_TRUE(files_.remove("/data/ca/next.key"));
    EXPECT_EQ(use_authority(files_, "/data/ca").error().kind(), ErrorKind::not_found);
    EXPECT_EQ(stored("ca.crt"), first);
}

TEST_F(AuthorityRoll, StaysAsItWasSaidToBeAfterAPowerCut) {
    for (std::uint64_t seed = 1; seed <= 20; ++seed) {
        SeededRandom random(seed);
        test::PowerCutFiles disk;
        ASSERT_TRUE(disk.create_directories("/data/ca"));
        ASSERT_TRUE(disk.sync_directory("/data"));
        ASSERT_TRUE(CertificateAuthority::open(disk, "/data/ca", {"localhost"}, now_));
        ASSERT_TRUE(add_authority(disk, "/data/ca", now_));
        ASSERT_TRUE(use_authority(disk, "/data/ca"));
        disk.cut(random);
        EXPECT_EQ(roll_step(disk, "/data/ca"), RollStep::used);
        EXPECT_FALSE(disk.exists("/data/ca/next.crt"));
        EXPECT_FALSE(disk.exists("/data/ca/next.key"));
        ASSERT_TRUE(drop_authority(disk, "/data/ca"));
        disk.cut(random);
        EXPECT_EQ(roll_step(disk, "/data/ca"), RollStep::none) << "what was dropped is back";
    }
}

TEST_F(AuthorityRoll, NeedsAnAuthorityToBeginWith) {
    EXPECT_EQ(add_authority(files_, "/data/ca", now_).error().kind(), ErrorKind::not_found);
    EXPECT_EQ(other_authorities(files_, "/data/ca").value(), "");
}

}  // namespace
}  // namespace muster::collector
