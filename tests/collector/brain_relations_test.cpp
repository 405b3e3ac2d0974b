#include "brain_world.hpp"

#include <boost/json.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

namespace muster::collector::brain_test {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

/// What people state of how things are related. web4 is seen by its agent; web1 and db1 were made by hand.
class BrainRelations : public testing::Test {
  protected:
    BrainRelations() {
        world_.start();
        agent_ = &world_.enrol("a", "HQ");
        agent_->address = "10.0.0.4:40000";
        world_.connect(*agent_);
        world_.observe(*agent_, machine("web4", "10.0.0.4"));
        for (const char* name : {"web1", "db1"}) {
            ask("ci.create",
                std::string(R"({"class":"server","attributes":{"site":"HQ","name":")") + name +
                    R"("}})",
                201);
        }
        world_.pass(std::chrono::seconds(1));
    }

    /// The id as text of the CI of that name that stands.
    std::string id(const std::string& name) {
        for (const auto& row : world_.rows("ci")) {
            if (row[2] == name && row[1] != "operating_system" && row[11] == "-") {
                std::string text = row[0].substr(1);
                for (const std::size_t at : {20U, 16U, 12U, 8U}) {
                    text.insert(at, "-");
                }
                return text;
            }
        }
        return "no such CI";
    }

    std::string relation(
        const std::string& from,
        const std::string& type,
        const std::string& to,
        const std::string& more = ""
    ) {
        return R"({"from":")" + id(from) + R"(","type":")" + type + R"(","to":")" + id(to) + '"' +
               more + "}";
    }

    boost::json::object ask(const std::string& name, const std::string& body, int status) {
        const Verdict verdict = world_.command(name, body);
        EXPECT_EQ(verdict.status, status) << verdict.body;
        return boost::json::parse(verdict.body).as_object();
    }

    std::string flaw(const std::string& body) {
        const auto refusal = ask("relation.create", body, 422);
        return std::string(refusal.at("errors").at(0).at("pointer").as_string()) + " " +
               std::string(refusal.at("errors").at(0).at("detail").as_string());
    }

    /// Rows of relations of that kind that are believed.
    std::vector<BrainWorld::Row> rows_of(const std::string& type) {
        auto rows = world_.rows("ci_relation");
        std::erase_if(rows, [&](const auto& row) { return row[2] != type || row[9] != "-"; });
        return rows;
    }

    BrainWorld world_;
    TestAgent* agent_ = nullptr;
};

TEST_F(BrainRelations, HoldFromWhenTheyAreStatedUntilTheyAreWithdrawn) {
    const auto stated = ask("relation.create", relation("web1", "depends_on", "db1"), 201);
    EXPECT_EQ(stated.at("relation").as_string(), "depends_on:" + id("web1") + ":" + id("db1"));
    EXPECT_THAT(world_.relations(), Contains("web1 depends_on db1"));
    const auto rows = world_.rows("ci_relation");
    ask("relation.create", relation("web1", "depends_on", "db1"), 200);
    EXPECT_EQ(world_.rows("ci_relation"), rows) << "stated twice is stated once";
    world_.pass(std::chrono::seconds(60));
    ask("relation.delete", relation("web1", "depends_on", "db1"), 200);
    EXPECT_THAT(world_.relations(), Not(Contains("web1 depends_on db1")));
    const auto ended = rows_of("depends_on");
    ASSERT_EQ(ended.size(), 1U);
    EXPECT_EQ(std::stoll(ended[0][7]) - std::stoll(ended[0][6]), 60'000'000'000)
        << "how long it held is known";
    ask("relation.delete", relation("web1", "depends_on", "db1"), 404);
    ask("relation.create", relation("web1", "depends_on", "db1"), 201);
    EXPECT_THAT(world_.relations(), Contains("web1 depends_on db1"));
}

TEST_F(BrainRelations, AreOnlyTriedWhenThatIsAsked) {
    const auto before = *world_.brain().digest();
    ask("relation.create", relation("web1", "depends_on", "db1", R"(,"dry_run":true)"), 200);
    EXPECT_EQ(*world_.brain().digest(), before);
}

TEST_F(BrainRelations, StandInTheHistoryOfBothWithWhoStatedThem) {
    ask("relation.create",
        relation("web1", "depends_on", "db1", R"(,"reason":"asked the developers")"),
        201);
    ask("relation.delete", relation("web1", "depends_on", "db1"), 200);
    std::vector<std::string> told;
    for (const auto& row : world_.rows("ci_ledger")) {
        if (row[3].ends_with("relate")) {
            told.push_back(row[3] + " by " + row[6] + ", " + row[7]);
        }
    }
    EXPECT_THAT(
        told,
        ElementsAre(
            "relate by admin, depends_on: asked the developers", "unrelate by admin, depends_on"
        )
    );
}

TEST_F(BrainRelations, AreRefusedWithThoseThatMayBe) {
    EXPECT_THAT(
        flaw(relation("web1", "likes", "db1")),
        HasSubstr("/type there is no kind of relation \"likes\", expected one of those between a "
                  "server and a server: connects_to, contains, depends_on")
    );
    EXPECT_THAT(
        flaw(relation("web1", "used_by", "db1")),
        HasSubstr("state that \"db1\" depends_on \"web1\"")
    );
    EXPECT_THAT(
        flaw(relation("web1", "located_in", "db1")),
        HasSubstr("a server does not stand to a server as \"located_in\", expected one of: ")
    );
    EXPECT_THAT(
        flaw(relation("HQ", "located_in", "db1")), HasSubstr("(the other way round it may)")
    );
    EXPECT_THAT(flaw(relation("web1", "depends_on", "web1")), HasSubstr("/to both ends are one"));
    ask("relation.create",
        R"({"from":")" + id("web1") +
            R"(","type":"depends_on","to":"00000000-0000-0000-0000-000000000009"})",
        404);
}

TEST_F(BrainRelations, ThatOthersSeeGoOnWhateverPeopleTakeBack) {
    ASSERT_THAT(world_.relations(), Contains("web4 contains eth0"));
    const auto refused = ask("relation.delete", relation("web4", "contains", "eth0"), 409);
    EXPECT_THAT(std::string(refused.at("detail").as_string()), HasSubstr("agent/"));
    ask("relation.create", relation("web4", "contains", "eth0"), 201);
    ask("relation.delete", relation("web4", "contains", "eth0"), 200);
    EXPECT_THAT(world_.relations(), Contains("web4 contains eth0"));
}

TEST_F(BrainRelations, JoinOnlyWhatTheCallerMayChange) {
    ask("ci.create", R"({"class":"server","attributes":{"name":"far","site":"Branch"}})", 201);
    const auto before = *world_.brain().digest();
    ask("relation.create", relation("web1", "depends_on", "far", R"(,"sites":["HQ"])"), 403);
    ask("relation.create", relation("far", "depends_on", "web1", R"(,"sites":["HQ"])"), 403);
    EXPECT_EQ(*world_.brain().digest(), before) << "nothing was applied";
    ask("relation.create", relation("web1", "depends_on", "far"), 201);
    ask("relation.delete", relation("web1", "depends_on", "far", R"(,"sites":["HQ"])"), 403);
    EXPECT_THAT(world_.relations(), Contains("web1 depends_on far"));
    ask("relation.create", relation("web1", "depends_on", "db1", R"(,"sites":["HQ"])"), 201);
}

TEST_F(BrainRelations, FollowWhatAnEndIsMergedInto) {
    ask("ci.create", R"({"class":"server","attributes":{"name":"db0","site":"HQ"}})", 201);
    ask("relation.create", relation("web1", "depends_on", "db0"), 201);
    const std::string older = id("db1");
    ask("ci.merge", R"({"id":")" + id("db1") + R"(","other":")" + id("db0") + R"("})", 200);
    // One CI: the id of the older, the name that was said last.
    const auto ended = ask("relation.delete", relation("web1", "depends_on", "db0"), 200);
    EXPECT_EQ(ended.at("relation").as_string(), "depends_on:" + id("web1") + ":" + older);
    EXPECT_THAT(world_.relations(), Not(Contains(HasSubstr("web1 depends_on"))));
}

TEST_F(BrainRelations, AndOtherRemarksKeepNothingInBeing) {
    const std::string seen =
        R"({"completeness":"full","site":"HQ","items":[{"class":"server","object":"1","attributes":{"name":"db9"}}]})";
    const std::string nothing = R"({"completeness":"full","site":"HQ","items":[]})";
    ask("observations.submit", seen, 200);
    ask("relation.create", relation("web1", "depends_on", "db9"), 201);
    ask("ci.edit", R"({"id":")" + id("db9") + R"(","set":{"criticality":"high"}})", 200);
    ask("observations.submit", nothing, 200);
    EXPECT_THAT(world_.cis(), Contains("server db9 (missing)"));
    world_.advance(std::chrono::hours(24 * 8));
    world_.append(EntryKind::tick);
    EXPECT_THAT(world_.cis(), Contains("server db9 (retired)"));
    ask("observations.submit", seen, 200);
    EXPECT_THAT(world_.cis(), Contains("server db9")) << "it is back as itself";
    EXPECT_THAT(world_.relations(), Contains("web1 depends_on db9")) << "with what was said of it";
}

}  // namespace
}  // namespace muster::collector::brain_test
