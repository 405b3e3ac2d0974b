#include "base/clock.hpp"
#include "base/crypto.hpp"
#include "collector/enrolment/access_store.hpp"
#include "collector/migrations.hpp"
#include "tests/support/temp_dir.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace muster::collector {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

class People : public ::testing::Test {
  protected:
    People() : store_(opened()) { actor_.name = "admin"; }

    AccessStore opened() {
        auto store = AccessStore::open(dir_ / "access.db");
        EXPECT_TRUE(store) << store.error().text();
        return std::move(*store);
    }

    /// The hash is no real one: checking passwords is the adapter's.
    User user(
        const std::string& name, const std::string& role, std::vector<std::string> sites = {}
    ) {
        User wanted;
        wanted.name = name;
        wanted.role = role;
        wanted.sites = std::move(sites);
        auto made = store_.users().create(wanted, "hash of " + name, actor_, now_);
        EXPECT_TRUE(made) << made.error().text();
        return *made;
    }

    Secret session(const std::string& name) {
        SignIn who;
        who.name = name;
        who.peer = "192.0.2.1:7";
        auto opened = store_.sessions().open(who, "hash of " + name, random_, now_);
        EXPECT_TRUE(opened) << opened.error().text();
        return std::move(opened->cookie);
    }

    CreatedApiToken token(ApiTokenRequest wanted) {
        wanted.expires = now_ + 24h;
        auto made = store_.tokens().create(wanted, actor_, random_, now_);
        EXPECT_TRUE(made) << made.error().text();
        return std::move(*made);
    }

    Result<Actor> bearer(const Secret& token, const std::string& address = "192.0.2.1") {
        return store_.tokens().check_bearer(token, address, now_);
    }

    std::vector<std::string> actions() {
        std::vector<std::string> found;
        const auto rows = store_.audit().list({});
        EXPECT_TRUE(rows);
        for (const AuditRow& row : *rows) {
            found.push_back(row.action);
        }
        return found;
    }

    void tamper(std::string_view sql) {
        auto database = Database::open(dir_ / "access.db", {.mode = DatabaseMode::writer});
        ASSERT_TRUE(database) << database.error().text();
        ASSERT_TRUE(database->execute(sql));
    }

    test::TempDir dir_;
    SystemRandom random_;
    WallTime now_ = SystemClock().wall();
    Actor actor_;
    AccessStore store_;
};

TEST_F(People, AreMadeOnceWhateverTheCaseOfTheName) {
    const User anna = user("Anna", "operator", {"HQ"});
    EXPECT_EQ(anna.created_by, "admin");
    User again;
    again.name = "anna";
    again.role = "viewer";
    EXPECT_EQ(store_.users().create(again, "h", actor_, now_).error().kind(), ErrorKind::conflict);
    again.name = "two words";
    EXPECT_EQ(store_.users().create(again, "h", actor_, now_).error().kind(), ErrorKind::invalid);
    EXPECT_EQ((*store_.users().find("ANNA"))->sites, std::vector<std::string>{"HQ"});
}

TEST_F(People, MayWhatTheirRoleAndSitesSay) {
    user("anna", "operator", {"HQ"});
    const auto actor = store_.sessions().check(session("anna"), now_);
    ASSERT_TRUE(actor) << actor.error().text();
    EXPECT_EQ(actor->name, "anna");
    EXPECT_EQ(actor->granted, Permission::operate);
    EXPECT_TRUE(actor->scope.allows("HQ"));
    EXPECT_FALSE(actor->scope.allows("Depot"));
}

TEST_F(People, AreSignedOutWhenIdleOrAfterAWeek) {
    user("anna", "viewer");
    const Secret idle = session("anna");
    EXPECT_TRUE(store_.sessions().check(idle, now_ + 11h));
    EXPECT_TRUE(store_.sessions().check(idle, now_ + 22h)) << "use keeps it";
    EXPECT_FALSE(store_.sessions().check(idle, now_ + 34h));
    // T-18: the calendar was set.
    EXPECT_TRUE(store_.sessions().check(session("anna"), now_ - 1h));
    const Secret of_the_future = session("anna");
    EXPECT_FALSE(store_.sessions().check(of_the_future, now_ - 24h * 3650)) << "not for ten years";
    const Secret busy = session("anna");
    for (int hours = 0; hours < 7 * 24; hours += 10) {
        EXPECT_TRUE(store_.sessions().check(busy, now_ + std::chrono::hours(hours)));
    }
    EXPECT_FALSE(store_.sessions().check(busy, now_ + 24h * 7));
}

TEST_F(People, LoseTheirSessionsWithPasswordRoleAndAccount) {
    user("root", "administrator");
    user("anna", "operator");
    const auto ends = [&](const std::string& what, const std::function<bool()>& change) {
        const Secret cookie = session("anna");
        ASSERT_TRUE(store_.sessions().check(cookie, now_)) << what;
        ASSERT_TRUE(change()) << what;
        EXPECT_FALSE(store_.sessions().check(cookie, now_)) << what;
    };
    UserChange demoted;
    demoted.role = "viewer";
    ends("role", [&] {
        return store_.users().change("anna", demoted, {}, actor_, now_).has_value();
    });
    ends("password", [&] {
        return store_.users().set_password("anna", "hash of anna", actor_, now_).has_value();
    });
    UserChange disabled;
    disabled.disabled = true;
    ends("disabled", [&] {
        return store_.users().change("anna", disabled, {}, actor_, now_).has_value();
    });
    SignIn who;
    who.name = "anna";
    EXPECT_EQ(
        store_.sessions().open(who, "hash of anna", random_, now_).error().kind(),
        ErrorKind::refused
    );
}

TEST_F(People, KeepTheLastAdministrator) {
    user("root", "administrator");
    UserChange demoted;
    demoted.role = "viewer";
    EXPECT_EQ(
        store_.users().change("root", demoted, {}, actor_, now_).error().kind(), ErrorKind::conflict
    );
    EXPECT_EQ(store_.users().remove("root", {}, actor_, now_).error().kind(), ErrorKind::conflict);
    EXPECT_TRUE(*store_.users().has_administrator());
    user("second", "administrator");
    EXPECT_TRUE(store_.users().remove("root", {}, actor_, now_));
}

TEST_F(People, AreChangedAsTheyWereSeen) {
    const User anna = user("anna", "viewer");
    UserChange zone;
    zone.time_zone = "Europe/Berlin";
    const auto changed = store_.users().change("anna", zone, anna.version, actor_, now_);
    ASSERT_TRUE(changed);
    EXPECT_EQ(changed->time_zone, "Europe/Berlin");
    EXPECT_EQ(changed->version, anna.version + 1);
    EXPECT_EQ(
        store_.users().change("anna", zone, anna.version, actor_, now_).error().kind(),
        ErrorKind::conflict
    );
}

TEST_F(People, HaveSoManySessionsAndNoMore) {
    user("anna", "viewer");
    const Secret first = session("anna");
    for (std::int64_t i = 0; i < most_sessions; ++i) {
        now_ += 1s;
        session("anna");
    }
    EXPECT_FALSE(store_.sessions().check(first, now_));
}

TEST_F(People, GiveTokensThatMayNoMoreThanTheyDo) {
    user("anna", "operator", {"HQ", "Depot"});
    const auto mine = token(
        {.name = "laptop",
         .owner = "anna",
         .role = "administrator",
         .sites = {"HQ", "Mars"},
         .expires = {}}
    );
    const auto actor = bearer(mine.token);
    ASSERT_TRUE(actor) << actor.error().text();
    EXPECT_EQ(actor->name, "anna");
    EXPECT_EQ(actor->granted, Permission::operate);
    EXPECT_EQ(actor->scope, ReadScope::of_sites({"HQ"}));
    UserChange disabled;
    disabled.disabled = true;
    ASSERT_TRUE(store_.users().change("anna", disabled, {}, actor_, now_));
    EXPECT_FALSE(bearer(mine.token));
    disabled.disabled = false;
    ASSERT_TRUE(store_.users().change("anna", disabled, {}, actor_, now_));
    EXPECT_TRUE(bearer(mine.token));
    ASSERT_TRUE(store_.users().remove("anna", {}, actor_, now_));
    EXPECT_FALSE(bearer(mine.token));
}

TEST_F(People, GiveTokensToProgramsWhichEnd) {
    const auto made =
        token({.name = "grafana", .owner = "", .role = "viewer", .sites = {}, .expires = {}});
    const auto actor = bearer(made.token);
    ASSERT_TRUE(actor);
    EXPECT_EQ(actor->name, "token grafana");
    EXPECT_EQ(actor->granted, Permission::view);
    EXPECT_TRUE(actor->scope.is_everything());
    EXPECT_EQ((*store_.tokens().find(made.row.id))->last_used, now_);
    now_ += 24h;
    EXPECT_THAT(bearer(made.token).error().what(), HasSubstr("expired"));
    now_ -= 24h;
    ASSERT_TRUE(store_.tokens().revoke(made.row.id, actor_, now_));
    EXPECT_THAT(bearer(made.token).error().what(), HasSubstr("revoked"));
    EXPECT_EQ(
        store_.tokens().revoke(made.row.id, actor_, now_).error().kind(), ErrorKind::not_found
    );
}

TEST_F(People, LeaveATraceWhenATokenComesFromElsewhere) {
    const auto made =
        token({.name = "grafana", .owner = "", .role = "viewer", .sites = {}, .expires = {}});
    for (int i = 0; i < 100; ++i) {
        ASSERT_TRUE(bearer(made.token, "192.0.2." + std::to_string(i % 50)));
        ASSERT_TRUE(bearer(made.token, "192.0.2.1"));
    }
    const auto rows = *store_.audit().list(
        {.actor = {},
         .action = "api_token.new_address",
         .from = {},
         .to = {},
         .before = 0,
         .limit = 1000}
    );
    EXPECT_EQ(std::ssize(rows), most_token_addresses) << "bounded";
    EXPECT_EQ(rows.back().peer, "192.0.2.0");
}

TEST_F(People, StandInTheAuditWithEveryChange) {
    user("root", "administrator");
    user("anna", "viewer");
    session("anna");
    SignIn who;
    who.name = "anna";
    who.peer = "192.0.2.9:1";
    ASSERT_TRUE(store_.sessions().refused(who, 3, now_));
    EXPECT_THAT(
        actions(),
        ::testing::ElementsAre("session.refused", "session.opened", "user.created", "user.created")
    );
    const auto refused = store_.audit().list({})->front();
    EXPECT_THAT(refused.target, HasSubstr("anna (and 3 more"));
    const auto mine = *store_.audit().list(
        {.actor = "anna", .action = {}, .from = {}, .to = {}, .before = 0, .limit = 10}
    );
    EXPECT_EQ(mine.size(), 1U);
}

TEST_F(People, ShowWhichRowOfTheAuditWasTamperedWith) {
    for (int i = 0; i < 5; ++i) {
        user("user" + std::to_string(i), "viewer");
    }
    const auto whole = *store_.audit().verify();
    EXPECT_FALSE(whole.broken);
    EXPECT_EQ(whole.rows, 5);
    EXPECT_EQ(whole.head.size(), 32U);

    const struct {
        std::string_view sql;
        std::int64_t row;
        std::string_view why;
    } cases[] = {
        {"UPDATE audit SET actor = 'nobody' WHERE id = 3", 3, "not what was written"},
        {"UPDATE audit SET actor = 'admin' WHERE id = 3; UPDATE audit SET at = at + 1 WHERE id = 2",
         2,
         "not what was written"},
        {"UPDATE audit SET at = at - 1 WHERE id = 2; DELETE FROM audit WHERE id = 4", 5, "missing"},
    };

    for (const auto& one : cases) {
        {
            AccessStore closed = std::move(store_);
        }
        tamper(one.sql);
        store_ = opened();
        const auto verdict = *store_.audit().verify();
        ASSERT_TRUE(verdict.broken) << one.sql;
        EXPECT_EQ(verdict.broken->id, one.row) << one.sql;
        EXPECT_THAT(verdict.why, HasSubstr(one.why)) << one.sql;
    }
}

TEST(AccessMigration, KeepsTokensAndSealsTheAuditOfTheVersionBefore) {
    const test::TempDir dir;
    {
        auto database = Database::open(dir / "access.db", {.mode = DatabaseMode::writer});
        ASSERT_TRUE(database);
        ASSERT_TRUE(database->migrate(enrolment_migrations().first(1)));
        ASSERT_TRUE(database->execute(
            "INSERT INTO api_token(id, hash, name, permission, created) "
            "VALUES('a', x'00', 'admin', 'administer', 1);"
            "INSERT INTO audit(at, actor, action, target, peer) VALUES(1, 'a', 'b', 'c', 'd'), "
            "(2, 'a', 'b', 'c', 'd')"
        ));
    }
    auto store = AccessStore::open(dir / "access.db");
    ASSERT_TRUE(store) << store.error().text();
    const auto token = *store->tokens().find("a");
    ASSERT_TRUE(token);
    EXPECT_EQ(token->role, "administrator");
    const auto verdict = *store->audit().verify();
    EXPECT_FALSE(verdict.broken) << verdict.why;
    EXPECT_EQ(verdict.rows, 2);
}

TEST(Passwords, AreCheckedAgainstAHashThatNamesItsCost) {
    const auto hash = hash_password("correct horse");
    ASSERT_TRUE(hash);
    EXPECT_THAT(*hash, ::testing::StartsWith("$argon2id$v=19$m=32768,t=3,p=1$"));
    EXPECT_TRUE(verify_password(*hash, "correct horse"));
    EXPECT_FALSE(verify_password(*hash, "correct hors"));
    EXPECT_NE(*hash, *hash_password("correct horse")) << "a salt of its own";
    EXPECT_FALSE(verify_password(nobodys_password_hash(), ""));
    EXPECT_EQ(hash->size(), nobodys_password_hash().size());
}

}  // namespace
}  // namespace muster::collector
