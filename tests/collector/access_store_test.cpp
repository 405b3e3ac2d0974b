#include "collector/enrolment/access_store.hpp"

#include "base/clock.hpp"
#include "collector/backup/lasting.hpp"
#include "collector/enrolment/tokens.hpp"
#include "tests/support/temp_dir.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace muster::collector {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

class Access : public ::testing::Test {
  protected:
    Access()
        : now_(SystemClock().wall()),
          store_(opened()),
          authority_(*CertificateAuthority::open(files_, dir_ / "ca", {"localhost"}, now_)),
          request_pem_(wire::make_request("agent")->request_pem) {}

    AccessStore opened() {
        auto store = AccessStore::open(dir_ / "access.db");
        EXPECT_TRUE(store) << store.error().text();
        return std::move(*store);
    }

    static Actor admin() {
        Actor actor;
        actor.name = "admin";
        return actor;
    }

    Secret token(JoinTokenRequest request = {}) {
        auto made = store_.create_join_token(request, admin(), authority_.pin(), random_, now_);
        EXPECT_TRUE(made) << made.error().text();
        return std::move(made->token);
    }

    Result<AccessStore::Enrolled> enrol(const Secret& token, std::string name = {}) {
        EnrolRequest request;
        request.token = token.clone();
        request.request_pem = request_pem_;
        request.hostname = "host.example";
        request.version = "1.0";
        request.name = std::move(name);
        request.peer = peer_;
        return store_.enrol(request, authority_, 24h, random_, now_);
    }

    std::int64_t count(const std::string& sql) {
        auto reader = Database::open(dir_ / "access.db", {.mode = DatabaseMode::reader});
        auto statement = reader->prepare(sql);
        EXPECT_TRUE(*statement->step());
        return statement->integer(0);
    }

    test::TempDir dir_;
    RealFiles files_;
    SystemRandom random_;
    WallTime now_;
    AccessStore store_;
    CertificateAuthority authority_;
    std::string request_pem_;
    std::string peer_ = "192.0.2.1:5";
};

TEST_F(Access, AJoinTokenEnrolsOneAgent) {
    const Secret join = token({.ttl = 1h, .max_uses = 1, .site = "HQ", .name = {}});
    const auto enrolled = enrol(join);
    ASSERT_TRUE(enrolled) << enrolled.error().text();
    EXPECT_EQ(enrolled->agent.name, "host.example");
    EXPECT_EQ(enrolled->agent.site, "HQ");
    const auto facts = wire::read_certificate(enrolled->certificate_pem);
    ASSERT_TRUE(facts);
    EXPECT_EQ(facts->agent, enrolled->agent.id);
    EXPECT_EQ(facts->serial, enrolled->agent.serial);
    const auto again = enrol(join);
    ASSERT_FALSE(again);
    EXPECT_EQ(again.error().kind(), ErrorKind::refused);
    EXPECT_EQ(again.error().what(), "join token already used");
    EXPECT_EQ(store_.agents()->size(), 1U);
}

TEST_F(Access, ATokenForSeveralIsUsedAsOftenAndNoMore) {
    const Secret join = token({.ttl = 1h, .max_uses = 3, .site = {}, .name = {}});
    int succeeded = 0;
    for (int i = 0; i < 5; ++i) {
        succeeded += enrol(join) ? 1 : 0;
    }
    EXPECT_EQ(succeeded, 3);
    const auto agents = *store_.agents();
    EXPECT_EQ(agents.size(), 3U);
    EXPECT_EQ(count("SELECT COUNT(*) FROM agent WHERE name = 'host.example-2'"), 1);
}

TEST_F(Access, AnExpiredOrAlteredTokenIsRefused) {
    const Secret join = token({.ttl = 1min, .max_uses = 1, .site = {}, .name = {}});
    std::string altered(join.reveal());
    altered[25] = altered[25] == 'A' ? 'B' : 'A';
    EXPECT_EQ(enrol(Secret(altered)).error().what(), "join token unknown");
    EXPECT_THAT(enrol(Secret("hello")).error().what(), HasSubstr("not a join token"));
    now_ += 61s;
    EXPECT_THAT(enrol(join).error().what(), HasSubstr("expired"));
    EXPECT_TRUE(store_.agents()->empty());
}

TEST_F(Access, AnEnrolmentThatFailsGivesTheUseBack) {
    const Secret join = token();
    request_pem_ = "not a request";
    EXPECT_FALSE(enrol(join));
    request_pem_ = wire::make_request("agent")->request_pem;
    EXPECT_TRUE(enrol(join));
}

TEST_F(Access, NamesAreUniqueAndBindTheToken) {
    ASSERT_TRUE(enrol(token(), "edge-1"));
    EXPECT_EQ(enrol(token(), "edge-1").error().kind(), ErrorKind::conflict);
    EXPECT_EQ(enrol(token(), "two words").error().kind(), ErrorKind::invalid);
    const Secret named = token({.ttl = 1h, .max_uses = 1, .site = {}, .name = "edge-2"});
    EXPECT_THAT(enrol(named, "edge-3").error().what(), HasSubstr("edge-2"));
    EXPECT_EQ(enrol(named)->agent.name, "edge-2");
}

TEST_F(Access, ATokenForATakenNameEnrolsThatAgentAnew) {
    const auto first = enrol(token({.ttl = 1h, .max_uses = 1, .site = "north", .name = "edge-1"}));
    ASSERT_TRUE(first);
    const Secret again = token({.ttl = 1h, .max_uses = 1, .site = {}, .name = "edge-1"});
    const auto second = enrol(again);
    ASSERT_TRUE(second) << second.error().text();
    EXPECT_EQ(second->agent.id, first->agent.id);
    EXPECT_EQ(second->agent.site, "north");
    EXPECT_NE(second->agent.serial, first->agent.serial);
    ASSERT_EQ(store_.agents()->size(), 1U);
    EXPECT_EQ(store_.agents()->front().serial, second->agent.serial);
}

TEST_F(Access, TheNameOfARevokedAgentIsNotGivenAgain) {
    const auto agent = enrol(token(), "edge-1");
    ASSERT_TRUE(agent);
    const JoinTokenRequest for_it{.ttl = 1h, .max_uses = 1, .site = {}, .name = "edge-1"};
    const Secret early = token(for_it);
    ASSERT_TRUE(store_.revoke(agent->agent.id, {}, now_));
    for (const auto& late : {enrol(early), enrol(token(), "edge-1")}) {
        EXPECT_THAT(late.error().what(), HasSubstr("has been revoked, and its name is not given"));
    }
    const auto made = store_.create_join_token(for_it, {}, "pin", random_, now_);
    ASSERT_FALSE(made);
    EXPECT_THAT(made.error().what(), HasSubstr("has been revoked, and its name is not given"));
}

TEST_F(Access, ATokenForOneNameIsUsedOnce) {
    const JoinTokenRequest twice{.ttl = 1h, .max_uses = 2, .site = {}, .name = "edge-1"};
    const auto made = store_.create_join_token(twice, {}, "pin", random_, now_);
    EXPECT_EQ(made.error().kind(), ErrorKind::invalid);
}

TEST_F(Access, SecretsAreNotStored) {
    const Secret join = token();
    const std::string secret(join.reveal().substr(21, 43));
    for (const char* file : {"access.db", "access.db-wal"}) {
        EXPECT_EQ(test::read_text(dir_ / file).find(secret), std::string::npos);
    }
    EXPECT_TRUE(enrol(join));
}

TEST_F(Access, TheAdministratorsTokenIsMadeOnce) {
    const std::string path = dir_ / "admin.token";
    ASSERT_TRUE(store_.tokens().ensure_administrator(files_, path, random_, now_));
    const std::string first = test::read_text(path);
    ASSERT_TRUE(store_.tokens().ensure_administrator(files_, path, random_, now_));
    EXPECT_EQ(test::read_text(path), first);
    const auto secret = read_secret_file(files_, path);
    const auto actor = store_.tokens().check_bearer(*secret, "192.0.2.1", now_);
    ASSERT_TRUE(actor) << actor.error().text();
    EXPECT_EQ(actor->name, "admin");
    EXPECT_EQ(actor->granted, Permission::administer);
    EXPECT_FALSE(store_.tokens().check_bearer(make_api_token(random_).token, "192.0.2.1", now_));
    EXPECT_FALSE(store_.tokens().check_bearer(Secret("it1.x.y"), "192.0.2.1", now_));
}

TEST_F(Access, AStartCutShortAfterTheTokenFileKeepsThatToken) {
    const std::string path = dir_ / "admin.token";
    const MadeToken made = make_api_token(random_);
    test::write_text(path, std::string(made.token.reveal()) + "\n");
    ASSERT_TRUE(store_.tokens().ensure_administrator(files_, path, random_, now_));
    EXPECT_TRUE(store_.tokens().check_bearer(made.token, "192.0.2.1", now_));
}

TEST_F(Access, ARevokedAdministratorsTokenIsFollowedByAnother) {
    const std::string path = dir_ / "admin.token";
    ASSERT_TRUE(store_.tokens().ensure_administrator(files_, path, random_, now_));
    const auto first = read_secret_file(files_, path);
    const auto actor = store_.tokens().check_bearer(*first, "192.0.2.1", now_);
    ASSERT_TRUE(actor);
    ASSERT_TRUE(store_.tokens().revoke(actor->token, *actor, now_));
    ASSERT_TRUE(store_.tokens().ensure_administrator(files_, path, random_, now_));
    EXPECT_FALSE(store_.tokens().check_bearer(*first, "192.0.2.1", now_));
    EXPECT_TRUE(store_.tokens().check_bearer(*read_secret_file(files_, path), "192.0.2.1", now_));
}

TEST_F(Access, EveryChangeIsInTheAudit) {
    const auto enrolled = enrol(token());
    ASSERT_TRUE(enrolled);
    ASSERT_TRUE(store_.revoke(enrolled->agent.id, admin(), now_));
    EXPECT_FALSE(store_.agents()->front().is_active);
    EXPECT_EQ(
        store_.revoke(enrolled->agent.id, admin(), now_).error().kind(), ErrorKind::not_found
    );
    EXPECT_EQ(count("SELECT COUNT(*) FROM audit"), 3);
}

TEST_F(Access, AnAgentIsToldToTheJournalUntilItIsThere) {
    const auto enrolled = enrol(token());
    ASSERT_TRUE(enrolled);
    EXPECT_EQ(store_.unannounced()->size(), 1U);
    ASSERT_TRUE(store_.mark_announced(enrolled->agent.id));
    EXPECT_TRUE(store_.unannounced()->empty());
}

TEST_F(Access, JoinTokensAreListedWithoutTheirSecrets) {
    enrol(token({.ttl = 1h, .max_uses = 2, .site = "HQ", .name = {}})).value();
    const auto all = *store_.join_tokens();
    ASSERT_EQ(all.size(), 1U);
    EXPECT_EQ(all[0].uses, 1U);
    EXPECT_EQ(all[0].max_uses, 2U);
    EXPECT_EQ(all[0].site, "HQ");
    EXPECT_EQ(all[0].created_by, "admin");
}

TEST_F(Access, AnAgentHasTwoCertificatesUntilItUsesTheNext) {
    const EnrolledAgent agent = enrol(token())->agent;
    const std::string request = wire::make_request("agent")->request_pem;
    const auto next = store_.renew(agent, request, "192.0.2.1:6", authority_, 24h, now_ + 16h);
    ASSERT_TRUE(next) << next.error().text();
    EXPECT_NE(next->serial, agent.serial);
    EXPECT_EQ(wire::read_certificate(next->certificate_pem)->agent, agent.id);
    const EnrolledAgent both = store_.agents()->front();
    EXPECT_EQ(both.serial, agent.serial);
    EXPECT_EQ(both.next_serial, next->serial);
    ASSERT_TRUE(store_.adopt(both, "192.0.2.1:7", now_ + 16h));
    ASSERT_TRUE(store_.adopt(both, "192.0.2.1:8", now_ + 17h)) << "known already";
    const EnrolledAgent after = store_.agents()->front();
    EXPECT_EQ(after.serial, next->serial);
    EXPECT_EQ(after.next_serial, "");
    EXPECT_EQ(count("SELECT COUNT(*) FROM audit WHERE action = 'agent.certificate_issued'"), 1);
    EXPECT_EQ(count("SELECT COUNT(*) FROM audit WHERE action = 'agent.certificate_replaced'"), 1);
}

TEST_F(Access, ACertificateThatCountsNoMoreRenewsNothing) {
    const EnrolledAgent agent = enrol(token())->agent;
    const std::string request = wire::make_request("agent")->request_pem;
    const auto renew = [&] {
        return store_.renew(agent, request, "192.0.2.1:6", authority_, 24h, now_);
    };
    const auto again = enrol(token({.ttl = 1h, .max_uses = 1, .site = {}, .name = agent.name}));
    ASSERT_TRUE(again) << again.error().text();
    EXPECT_EQ(renew().error().kind(), ErrorKind::refused) << "enrolled anew since";
    ASSERT_TRUE(store_.renew(again->agent, request, "192.0.2.1:6", authority_, 24h, now_));
    ASSERT_TRUE(enrol(token({.ttl = 1h, .max_uses = 1, .site = {}, .name = agent.name})));
    EXPECT_EQ(store_.agents()->front().next_serial, "") << "an enrolment ends what was promised";
    ASSERT_TRUE(store_.revoke(agent.id, admin(), now_));
    const EnrolledAgent revoked = store_.agents()->front();
    EXPECT_EQ(
        store_.renew(revoked, request, "192.0.2.1:6", authority_, 24h, now_).error().kind(),
        ErrorKind::refused
    );
}

// T-45: the tokens of a thief, of a guesser, and of somebody elsewhere.
TEST_F(Access, T45ATokenIsNotUsedUpByThoseWhoGuessItsSecret) {
    const Secret join = token();
    const std::string id(join.reveal().substr(0, 21));  // "jt1.<id>."
    constexpr int tries = 10'000;
    for (int i = 0; i < tries; ++i) {
        const std::string guess(make_join_token(random_, authority_.pin()).token.reveal());
        const auto refused = enrol(Secret(id + guess.substr(21)));
        ASSERT_FALSE(refused);
        ASSERT_EQ(refused.error().kind(), ErrorKind::refused);
    }
    EXPECT_EQ(store_.join_tokens()->front().uses, 0U);
    EXPECT_TRUE(store_.agents()->empty());
    EXPECT_TRUE(enrol(join)) << "the one who has it";
}

TEST_F(Access, ATokenForANetworkIsOfNoUseElsewhere) {
    const Secret join = token({.site = {}, .name = {}, .sources = {"10.0.0.0/8", "2001:db8::/32"}});
    EXPECT_EQ(store_.join_tokens()->front().sources.size(), 2U);
    const auto elsewhere = enrol(join);
    ASSERT_FALSE(elsewhere);
    EXPECT_EQ(elsewhere.error().kind(), ErrorKind::refused);
    EXPECT_THAT(elsewhere.error().what(), HasSubstr("not be used from where you are"));
    EXPECT_EQ(store_.join_tokens()->front().uses, 0U) << "it was not used up";
    peer_ = "[2001:db8::9]:5";
    EXPECT_TRUE(enrol(join));
    const auto wrong = store_.create_join_token(
        {.site = {}, .name = {}, .sources = {"10.1.0.0/8"}}, admin(), "pin", random_, now_
    );
    EXPECT_EQ(wrong.error().kind(), ErrorKind::invalid);
}

TEST_F(Access, ATokenForAPatternTakesTheNamesThatFitIt) {
    const Secret join = token({.max_uses = 5, .site = {}, .name = "edge-*"});
    EXPECT_EQ(enrol(join, "edge-1")->agent.name, "edge-1");
    EXPECT_THAT(enrol(join, "core-1").error().what(), HasSubstr("agents named \"edge-*\""));
    EXPECT_THAT(enrol(join).error().what(), HasSubstr("not for \"host.example\""))
        << "the name of the host does not fit";
    EXPECT_EQ(enrol(join, "edge-1").error().kind(), ErrorKind::conflict)
        << "a pattern takes nobody's name over";
    EXPECT_EQ(enrol(token({.site = {}, .name = "host.*"}))->agent.name, "host.example");
    EXPECT_EQ(enrol(token({.site = {}, .name = "host.*"}))->agent.name, "host.example-2");
    EXPECT_THAT(
        enrol(token({.site = {}, .name = "*.example"})).error().what(),
        HasSubstr("not for \"host.example-2\"")
    );
}

class Recovering : public Access {
  protected:
    Recovering() {
        const auto own = wire::make_request("agent").value();
        request_pem_ = own.request_pem;
        const auto enrolled = enrol(token()).value();
        agent_ = enrolled.agent;
        old_ = {.key_pem = own.key_pem, .certificate_pem = enrolled.certificate_pem};
    }

    /// Asks with the key of `old` for a certificate for a new key, which is `new_key_` then.
    Result<AccessStore::Recovered> recover(const wire::KeyAndCertificate& old, WallTime at) {
        const auto request = wire::make_request("agent").value();
        new_key_ = request.key_pem;
        const auto proof = wire::prove_recovery(old, request.request_pem).value();
        return store_.recover({.proof = proof, .peer = "192.0.2.1:6"}, authority_, 24h, at);
    }

    EnrolledAgent agent_;
    wire::KeyAndCertificate old_;
    std::string new_key_;
};

TEST_F(Recovering, GivesTheNextCertificateOnceThePresentOneHasEnded) {
    const auto early = recover(old_, now_ + 23h);
    EXPECT_THAT(early.error().what(), HasSubstr("renewed over the link"));
    const auto recovered = recover(old_, now_ + 25h);
    ASSERT_TRUE(recovered) << recovered.error().text();
    const EnrolledAgent known = store_.agents()->front();
    EXPECT_EQ(known.serial, agent_.serial) << "until the agent has used the other";
    EXPECT_EQ(known.next_serial, recovered->certificate.serial);
    EXPECT_EQ(recovered->agent.next_serial, known.next_serial);
    const auto facts = wire::read_certificate(recovered->certificate.certificate_pem).value();
    EXPECT_EQ(facts.agent, agent_.id);
    EXPECT_EQ(count("SELECT COUNT(*) FROM audit WHERE action = 'agent.certificate_recovered'"), 1);
    // The answer was lost: it asks again with what it has.
    EXPECT_TRUE(recover(old_, now_ + 26h));
}

TEST_F(Recovering, TakesTheNextCertificateThatWasPromisedForThePresentOne) {
    const auto first = recover(old_, now_ + 25h);
    ASSERT_TRUE(first);
    const wire::KeyAndCertificate next{
        .key_pem = new_key_, .certificate_pem = first->certificate.certificate_pem
    };
    const auto second = recover(next, now_ + 72h);
    ASSERT_TRUE(second) << second.error().text();
    EXPECT_EQ(store_.agents()->front().serial, first->certificate.serial);
    EXPECT_EQ(store_.agents()->front().next_serial, second->certificate.serial);
    EXPECT_THAT(recover(old_, now_ + 73h).error().what(), HasSubstr("replaced by a newer one"));
}

TEST_F(Recovering, WithTheNextCertificateIsRememberedOverARestore) {
    auto lasting = Lasting::open(files_, dir_ / "lasting").value();
    store_.keep_lasting(lasting);
    const auto first = recover(old_, now_ + 25h);
    ASSERT_TRUE(first);
    const wire::KeyAndCertificate next{
        .key_pem = new_key_, .certificate_pem = first->certificate.certificate_pem
    };
    ASSERT_TRUE(recover(next, now_ + 72h));
    const auto facts = read_lasting(files_, dir_ / "lasting").value();
    ASSERT_EQ(facts.size(), 1U);
    EXPECT_EQ(facts.front().what, "agent.certificate");
    EXPECT_EQ(
        facts.front().which,
        agent_.id.text() + " " + first->certificate.serial + " " + authority_.pin()
    );
    EXPECT_EQ(count("SELECT COUNT(*) FROM audit WHERE action = 'agent.certificate_replaced'"), 1);
}

TEST_F(Recovering, IsForThreeTimesAMonth) {
    for (int i = 0; i < most_recoveries; ++i) {
        ASSERT_TRUE(recover(old_, now_ + 25h + i * 24h));
    }
    const auto fourth = recover(old_, now_ + 20 * 24h);
    ASSERT_FALSE(fourth);
    EXPECT_EQ(fourth.error().kind(), ErrorKind::refused);
    EXPECT_THAT(fourth.error().what(), HasSubstr("3 times within 30 days"));
    EXPECT_TRUE(recover(old_, now_ + 25h + recovery_window)) << "the first is a month ago";
}

TEST_F(Recovering, IsNeverForARevokedAgentNorForAStranger) {
    ASSERT_TRUE(store_.revoke(agent_.id, admin(), now_));
    EXPECT_THAT(recover(old_, now_ + 25h).error().what(), HasSubstr("revoked"));
    const auto stranger = wire::make_request("agent").value();
    const auto issued = wire::issue_agent(
        authority_.authority(), stranger.request_pem, AgentId{Uuid::named("x")}, now_, 24h
    );
    const wire::KeyAndCertificate unknown{
        .key_pem = stranger.key_pem, .certificate_pem = issued->certificate_pem
    };
    EXPECT_THAT(recover(unknown, now_ + 25h).error().what(), HasSubstr("not enrolled here"));
    EXPECT_EQ(count("SELECT COUNT(*) FROM agent_recovery"), 0);
}

class ServerCertificate : public ::testing::Test {
  protected:
    Result<CertificateAuthority::Refreshed> refresh(WallTime at) {
        return authority.refresh(files, {"localhost"}, at);
    }

    void replace(const wire::KeyAndCertificate& pair) {
        test::write_text(dir / "ca/server.key", pair.key_pem);
        test::write_text(dir / "ca/server.crt", pair.certificate_pem);
    }

    std::string problem_with(const wire::KeyAndCertificate& pair) {
        replace(pair);
        const auto refused = refresh(now);
        return refused ? "taken" : refused.error().text();
    }

    using Refreshed = CertificateAuthority::Refreshed;
    test::TempDir dir;
    RealFiles files;
    WallTime now = SystemClock().wall();
    CertificateAuthority authority =
        CertificateAuthority::open(files, dir / "ca", {"localhost"}, now).value();
};

TEST_F(ServerCertificate, IsRenewedWhileTheCollectorRuns) {
    const std::string first = authority.server_chain_pem();
    EXPECT_EQ(*refresh(now + 24h * 200), Refreshed::unchanged);
    EXPECT_EQ(*refresh(now + 24h * 270), Refreshed::made);
    EXPECT_NE(authority.server_chain_pem(), first);
    EXPECT_EQ(*refresh(now + 24h * 270), Refreshed::unchanged);
    const auto again =
        CertificateAuthority::open(files, dir / "ca", {"localhost"}, now + 24h * 270);
    EXPECT_EQ(again->server_chain_pem(), authority.server_chain_pem()) << "the one on disk";
}

TEST_F(ServerCertificate, T18MadeWhileTheCalendarWasWrongIsMadeAnew) {
    const WallTime wrong = now + 24h * 365;
    EXPECT_EQ(*refresh(wrong), Refreshed::made);
    EXPECT_EQ(*refresh(now), Refreshed::made);
    const auto facts = wire::read_certificate(authority.server_chain_pem());
    ASSERT_TRUE(facts);
    EXPECT_LE(facts->not_before, now);
    EXPECT_EQ(*refresh(now), Refreshed::unchanged);
}

TEST_F(ServerCertificate, IsTakenFromFilesThatSomebodyChanged) {
    const auto other =
        wire::issue_server(authority.authority(), {"localhost", "other.test"}, now, 24h * 30);
    replace(*other);
    EXPECT_EQ(*refresh(now), Refreshed::taken);
    EXPECT_EQ(authority.server_key_pem(), other->key_pem);
    EXPECT_EQ(*refresh(now), Refreshed::unchanged);
}

TEST_F(ServerCertificate, StaysWhatItWasWhereTheFilesAreWrong) {
    const std::string before = authority.server_chain_pem();
    const auto foreign = wire::make_authority("Other", now).value();
    const auto good = wire::issue_server(authority.authority(), {"localhost"}, now, 24h).value();
    EXPECT_THAT(
        problem_with(*wire::issue_server(foreign, {"localhost"}, now, 24h)),
        HasSubstr("signed by another authority")
    );
    EXPECT_THAT(
        problem_with(*wire::issue_server(authority.authority(), {"localhost"}, now - 48h, 24h)),
        HasSubstr("which is not now")
    );
    EXPECT_THAT(
        problem_with({.key_pem = foreign.key_pem, .certificate_pem = good.certificate_pem}),
        HasSubstr("do not belong together")
    );
    EXPECT_THAT(
        problem_with({.key_pem = good.key_pem, .certificate_pem = "half a fi"}),
        HasSubstr("server.crt")
    );
    EXPECT_EQ(authority.server_chain_pem(), before);
}

TEST(Authority, IsMadeOnceAndTheServerCertificateFollowsTheNames) {
    const test::TempDir dir;
    RealFiles files;
    const WallTime now = SystemClock().wall();
    const auto open = [&](std::vector<std::string> names, WallTime at) {
        auto opened = CertificateAuthority::open(files, dir / "ca", std::move(names), at);
        EXPECT_TRUE(opened) << opened.error().text();
        return std::move(*opened);
    };
    const auto first = open({"localhost"}, now);
    const auto same = open({"localhost"}, now + 24h);
    EXPECT_EQ(same.server_chain_pem(), first.server_chain_pem());
    const auto more = open({"localhost", "muster.example"}, now);
    EXPECT_EQ(more.ca_pem(), first.ca_pem());
    EXPECT_NE(more.server_chain_pem(), first.server_chain_pem());
    EXPECT_NE(open({"localhost"}, now + 24h * 300).server_chain_pem(), more.server_chain_pem());
    EXPECT_EQ(more.pin(), first.pin());
    EXPECT_EQ(more.pin().size(), 64U);
}

}  // namespace
}  // namespace muster::collector
