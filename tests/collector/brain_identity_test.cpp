#include "brain_world.hpp"

#include <boost/json.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

namespace muster::collector::brain_test {
namespace {

using testing::AnyOf;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

/// What people and other tools say.
class BrainIdentity : public testing::Test {
  protected:
    BrainIdentity() {
        world_.start();
        agent_ = &world_.enrol("a", "HQ");
        agent_->address = "10.0.0.4:40000";
        world_.connect(*agent_);
        world_.observe(*agent_, machine("web4", "10.0.0.4"));
        world_.pass(std::chrono::seconds(1));
    }

    /// The id as text of the CI of that name that stands.
    std::string id(const std::string& name, const std::string& ci_class = "server") {
        for (const auto& row : world_.rows("ci")) {
            if (row[1] == ci_class && row[2] == name && row[11] == "-") {
                std::string text = row[0].substr(1);
                for (const std::size_t at : {20U, 16U, 12U, 8U}) {
                    text.insert(at, "-");
                }
                return text;
            }
        }
        return "no such CI";
    }

    boost::json::object ask(const std::string& name, const std::string& body, int status = 200) {
        const Verdict verdict = world_.command(name, body);
        EXPECT_EQ(verdict.status, status) << verdict.body;
        return boost::json::parse(verdict.body).as_object();
    }

    std::string value(const std::string& name, const std::string& attribute) {
        for (const auto& ci : world_.rows("ci")) {
            for (const auto& row : world_.rows("ci_attribute")) {
                if (ci[2] == name && row[0] == ci[0] && row[1] == attribute && row[5] == "-" &&
                    row[7] == "-") {
                    return row[2];
                }
            }
        }
        return "";
    }

    /// Results of the one probe called "p", one every second.
    void say(wire::ResultState state, int times) {
        for (int i = 0; i < times; ++i) {
            const auto probe = std::ranges::find_if(agent_->dense, [](const auto& each) {
                return each.first.ends_with("/p");
            });
            ASSERT_NE(probe, agent_->dense.end());
            world_.advance(std::chrono::seconds(1));
            world_.deliver(*agent_, {{probe->first, state, {}, state == ok ? "" : "no reply"}});
        }
    }

    /// Rows of probes of that origin that are there.
    std::vector<BrainWorld::Row> probes_of(const std::string& origin) {
        auto rows = world_.rows("probe");
        std::erase_if(rows, [&](const auto& row) { return row[5] != origin || row[17] != "-"; });
        return rows;
    }

    /// "t1" fails and is open, then turns out to be web4.
    void merge_in_the_middle_of_an_outage(const std::string& yaml, const std::string& origin) {
        world_.load_config(yaml);
        say(ok, 2);
        say(critical, 3);
        world_.pass(std::chrono::seconds(6));
        ASSERT_EQ(world_.incidents("new"), 1U);
        ASSERT_EQ(probes_of(origin).size(), 1U);
        const auto before = probes_of(origin)[0];
        ask("ci.merge", R"({"id":")" + id("web4") + R"(","other":")" + id("t1") + R"("})");
        ASSERT_EQ(probes_of(origin).size(), 1U);
        const auto after = probes_of(origin)[0];
        EXPECT_EQ(after[0], before[0]) << "the same probe";
        EXPECT_NE(after[1], before[1]) << "of the CI that is left";
        EXPECT_EQ(after[11], "critical") << "which is proven";
        EXPECT_EQ(world_.column("incident", 3), std::vector<std::string>{after[1]});
        say(critical, 5);
        world_.pass(std::chrono::seconds(10));
        EXPECT_EQ(world_.incidents("new"), 1U);
        say(ok, 3);
        EXPECT_EQ(world_.rows("incident").size(), 1U);
        EXPECT_EQ(world_.incidents("resolved"), 1U);
        EXPECT_THAT(
            world_.column("incident_timeline", 6), Not(Contains(HasSubstr("no longer probed")))
        );
    }

    std::vector<std::string> ledger() { return world_.column("ci_ledger", 3); }

    BrainWorld world_;
    TestAgent* agent_ = nullptr;
};

TEST_F(BrainIdentity, APersonMakesACi) {
    ask("ci.create", R"({"class":"server","attributes":{"name":"shelf1","site":"HQ"}})", 201);
    EXPECT_THAT(world_.cis(), Contains("server shelf1"));
    EXPECT_EQ(value("shelf1", "site"), "HQ");
    ask("ci.create", R"({"class":"server","attributes":{"name":"shelf1","site":"HQ"}})", 409);
    ask("ci.create", R"({"class":"hardware","attributes":{"name":"x"}})", 400);
    ask("ci.create", R"({"class":"server","attributes":{"name":"x","colour":"red"}})", 400);
    ask("ci.create", R"({"class":"server","attributes":{"name":"x","criticality":"very"}})", 400);
    ask("ci.create", R"({"class":"server","attributes":{}})", 400);
}

TEST_F(BrainIdentity, WhatAPersonMadeIsKnownAgainWhenItIsFound) {
    ask("ci.create",
        R"({"class":"server","attributes":{"name":"shelf1","manufacturer":"Dell","serial":"7QX3B12"}})",
        201);
    auto seen = machine("web4", "10.0.0.4");
    seen.items[0].keys = {{"vendor", "serial", "Dell Inc. 7QX3B12"}};
    world_.observe(*agent_, seen);
    EXPECT_EQ(value("shelf1", "hostname"), "web4");
    EXPECT_THAT(world_.cis(), Not(Contains("server web4")));
}

TEST_F(BrainIdentity, APinnedValueOutranksWhatIsFoundUntilItIsLetGo) {
    ask("ci.edit",
        R"({"id":")" + id("web4") + R"(","set":{"hostname":"www","criticality":"high"}})");
    EXPECT_EQ(value("web4", "hostname"), "www");
    world_.observe(*agent_, machine("web4", "10.0.0.4"));
    EXPECT_EQ(value("web4", "hostname"), "www");
    EXPECT_THAT(world_.cis(), Contains("server web4")) << "it is still one";
    ask("ci.edit", R"({"id":")" + id("web4") + R"(","unset":["hostname"]})");
    EXPECT_EQ(value("web4", "hostname"), "web4");
    EXPECT_EQ(value("web4", "criticality"), "high");
}

TEST_F(BrainIdentity, ADryRunTellsAndChangesNothing) {
    const auto before = *world_.brain().digest();
    const auto body =
        ask("ci.edit", R"({"dry_run":true,"id":")" + id("web4") + R"(","set":{"hostname":"www"}})");
    EXPECT_EQ(body.at("attributes").at(0).at("attribute"), "hostname");
    EXPECT_EQ(body.at("attributes").at(0).at("from"), "web4");
    EXPECT_EQ(body.at("attributes").at(0).at("to"), "www");
    ask("ci.create", R"({"dry_run":true,"class":"server","attributes":{"name":"x"}})", 200);
    EXPECT_EQ(*world_.brain().digest(), before);
}

TEST_F(BrainIdentity, AMergeIsUndoneAndGivesEverythingBack) {
    ask("ci.create", R"({"class":"server","attributes":{"name":"shelf1"}})", 201);
    const std::string shelf = id("shelf1");
    const std::string web = id("web4");
    const auto body = ask("ci.merge", R"({"id":")" + web + R"(","other":")" + shelf + R"("})");
    EXPECT_EQ(body.at("ci").as_string(), web) << "the older one gives the id";
    EXPECT_THAT(world_.cis(), Contains("server shelf1 (merged)"));
    EXPECT_EQ(value("shelf1", "hostname"), "web4") << "a person's name for it counts";
    EXPECT_THAT(ledger(), Contains("merge"));
    const auto reasons = [this] { return world_.column("ci_ledger", 7); };
    EXPECT_THAT(reasons(), Contains("a person says that they are one"));
    EXPECT_THAT(reasons(), Not(Contains("a trusted key connects them")));
    ask("ci.merge", R"({"id":")" + web + R"(","other":")" + shelf + R"("})", 404);
    ask("ci.unmerge", R"({"id":")" + web + R"("})");
    EXPECT_EQ(id("web4"), web);
    EXPECT_EQ(id("shelf1"), shelf);
    EXPECT_EQ(value("shelf1", "hostname"), "");
    EXPECT_THAT(reasons(), Contains("nothing connects them any more"));
    EXPECT_THAT(world_.relations(), Contains("web4 contains eth0"));
    ask("ci.unmerge", R"({"id":")" + web + R"("})", 409);
}

TEST_F(BrainIdentity, ATargetMergedWhileItIsDownIsOneIncidentThatGoesOn) {
    merge_in_the_middle_of_an_outage(simple_targets(1), "target t1");
}

TEST_F(BrainIdentity, WhatAPolicyProbesIsMergedWhileItIsDownAndIsOneIncidentThatGoesOn) {
    merge_in_the_middle_of_an_outage(
        "targets:\n  - {name: t1, class: server, address: 127.0.0.1, labels: {role: shop}, probes: "
        "[{type: icmp, name: q, interval: 1s, timeout: 500ms}]}\n"
        "policies:\n  - name: shops\n    match: \"label.role = shop\"\n    breach: {failures: 3}\n"
        "    recover: {successes: 2}\n    hold: 5s\n"
        "    probes: [{type: icmp, name: p, interval: 1s, timeout: 500ms}]\n",
        "policy shops"
    );
}

TEST_F(BrainIdentity, TwoThatAreDownAndTurnOutToBeOneKeepOneIncident) {
    world_.load_config(simple_targets(2));
    const auto both = [&](wire::ResultState state, int times) {
        for (int i = 0; i < times; ++i) {
            world_.advance(std::chrono::seconds(1));
            std::vector<Said> results;
            for (const auto& [probe, dense] : agent_->dense) {
                results.push_back({probe, state, {}, state == ok ? "" : "no reply"});
            }
            world_.deliver(*agent_, std::move(results));
        }
    };
    both(ok, 2);
    both(critical, 3);
    world_.pass(std::chrono::seconds(6));
    ASSERT_EQ(world_.incidents("new"), 2U);
    const std::string t1 = id("t1");
    ask("ci.merge", R"({"id":")" + t1 + R"(","other":")" + id("t2") + R"("})");
    EXPECT_EQ(world_.incidents("new"), 1U);
    EXPECT_EQ(world_.incidents("resolved"), 1U);
    both(critical, 3);
    world_.pass(std::chrono::seconds(10));
    EXPECT_EQ(world_.incidents("new"), 1U);
    ask("ci.unmerge", R"({"id":")" + t1 + R"("})");
    both(critical, 3);
    world_.pass(std::chrono::seconds(10));
    EXPECT_EQ(world_.incidents("new"), 2U) << "each has its own again";
    both(ok, 3);
    EXPECT_EQ(world_.incidents("new"), 0U);
}

TEST_F(BrainIdentity, AWindowGoesOnForTheCiThatItsOwnWasMergedInto) {
    world_.load_config(simple_targets(1));
    say(ok, 2);
    const std::string merged = id("t1");
    const std::string window =
        R"({"ci":")" + merged + R"(","for_ns":600000000000,"reason":"upgrade"})";
    ask("window.create", window, 201);
    ask("ci.merge", R"({"id":")" + id("web4") + R"(","other":")" + merged + R"("})");
    say(critical, 3);
    world_.pass(std::chrono::seconds(20));
    EXPECT_THAT(world_.rows("incident"), IsEmpty());
    EXPECT_GT(ask("window.create", window, 201).at("members").to_number<int>(), 0)
        << "its former id names what it is now";
}

TEST_F(BrainIdentity, ThingsOfUnlikeClassesAreNotMerged) {
    const std::string address = id("10.0.0.4", "ip_address");
    ask("ci.merge", R"({"id":")" + id("web4") + R"(","other":")" + address + R"("})", 409);
}

TEST_F(BrainIdentity, ASplitTakesAStatementOutAndIsRemembered) {
    ask("observations.submit",
        R"({"completeness":"partial","items":[{"object":"7","class":"server","keys":[{"kind":"serial","value":"Dell 7QX3B12"}],"attributes":{"model":"R740"}}]})"
    );
    auto seen = machine("web4", "10.0.0.4");
    seen.items[0].keys = {{"vendor", "serial", "Dell 7QX3B12"}};
    world_.observe(*agent_, seen);
    ASSERT_EQ(value("web4", "model"), "R740");
    ask("ci.split",
        R"({"id":")" + id("web4") + R"(","statements":[{"source":"api/admin","object":"7"}]})");
    EXPECT_EQ(value("web4", "model"), "");
    world_.observe(*agent_, seen);
    EXPECT_EQ(value("web4", "model"), "");
    EXPECT_THAT(world_.rows("ci_duplicate"), IsEmpty()) << "a person has decided";
    ask("ci.split", R"({"id":")" + id("web4") + R"(","statements":[]})", 400);
}

TEST_F(BrainIdentity, ARetiredCiIsNeitherListedNorWatched) {
    world_.load_config(
        "policies:\n  - name: p\n    match: \"class = server\"\n    probes: [{type: icmp, name: "
        "ping, interval: 1s, timeout: 500ms}]\n"
    );
    const auto probes = [&] {
        const auto rows = world_.rows("probe");
        return std::ranges::count_if(rows, [](const auto& row) {
            return row[5] == "policy p" && row[17] == "-";
        });
    };
    ASSERT_EQ(probes(), 1);
    ask("ci.retire", R"({"id":")" + id("web4") + R"("})");
    EXPECT_THAT(world_.cis(), Contains("server web4 (retired)"));
    EXPECT_EQ(probes(), 0);
    world_.observe(*agent_, machine("web4", "10.0.0.4"));
    EXPECT_THAT(world_.cis(), Contains("server web4 (retired)")) << "a person said so";
}

TEST_F(BrainIdentity, ATargetThatAPersonRetiredIsNotProbedAgainWhenTheFileIsReadAgain) {
    world_.load_config(simple_targets(2));
    ASSERT_EQ(probes_of("target t1").size(), 1U);
    ask("ci.retire", R"({"id":")" + id("t1") + R"("})");
    EXPECT_THAT(probes_of("target t1"), IsEmpty());
    world_.load_config(simple_targets(2));
    EXPECT_THAT(probes_of("target t1"), IsEmpty());
    EXPECT_EQ(probes_of("target t2").size(), 1U);
}

TEST_F(BrainIdentity, ReclassifiesByAPersonsWord) {
    ask("ci.reclassify", R"({"id":")" + id("web4") + R"(","class":"virtual_machine"})");
    EXPECT_THAT(world_.cis(), Contains("virtual_machine web4"));
    ask("ci.reclassify",
        R"({"id":")" + id("web4", "virtual_machine") + R"(","class":"hardware"})",
        400);
}

TEST_F(BrainIdentity, ToolsTellWhatTheySeeAndHearWhatItDid) {
    const std::string body =
        R"({"completeness":"full","site":"HQ","items":[
            {"class":"server","keys":[{"kind":"serial","value":"ACME S9"}],"attributes":{"name":"db1"}},
            {"class":"interface","attributes":{"name":"eth0"},"object":"db1/eth0"}],
            "relations":[{"from":0,"to":1,"type":"contains"}]})";
    auto answer = ask("observations.submit", body);
    EXPECT_EQ(answer.at("source"), "api/admin");
    EXPECT_EQ(answer.at("items").at(0).at("effect"), "created");
    EXPECT_THAT(world_.relations(), Contains("db1 contains eth0"));
    answer = ask("observations.submit", body);
    EXPECT_EQ(answer.at("items").at(0).at("effect"), "unchanged");
    answer = ask("observations.submit", R"({"completeness":"full","site":"HQ","items":[]})");
    EXPECT_EQ(answer.at("missing").as_array().size(), 2U);
    EXPECT_THAT(world_.cis(), Contains("server db1 (missing)"));
}

TEST_F(BrainIdentity, WhatAToolSawEarlierOverwritesNothingNewer) {
    const auto seen = [&](const std::string& at, const std::string& rack) {
        const std::string observed = at.empty() ? "" : ",\"observed_at\":\"" + at + "\"";
        return ask(
            "observations.submit",
            R"({"completeness":"full","site":"HQ","items":[{"class":"server","keys":[{"kind":"serial","value":"ACME S9"}],)"
            R"("attributes":{"name":"db1","rack":")" +
                rack + "\"}" + observed + "}]}"
        );
    };
    seen("", "7");
    world_.pass(std::chrono::seconds(1));
    EXPECT_EQ(seen("", "7").at("items").at(0).at("effect"), "unchanged");
    const auto late = seen("2020-01-02T00:00:00Z", "6");
    EXPECT_EQ(late.at("items").at(0).at("effect"), "updated") << "its past is";
    EXPECT_EQ(value("db1", "rack"), "7");
    EXPECT_THAT(world_.column("ci_attribute", 2), Contains("6")) << "and it is known when it was";
    ask("observations.submit",
        R"({"completeness":"full","site":"HQ","items":[{"class":"server","object":"other",)"
        R"("attributes":{"name":"db2"},"observed_at":"2020-01-01T00:00:00Z"}]})");
    EXPECT_THAT(world_.cis(), Contains("server db1")) << "it was seen after that look";
    for (const char* rack : {"5", "4", "3"}) {
        seen(std::string("2020-01-01T00:00:0") + rack + "Z", rack);
    }
    EXPECT_THAT(ledger(), Contains("outdated"));
    EXPECT_EQ(value("db1", "rack"), "7");
}

TEST_F(BrainIdentity, RefusesObservationsThatClaimWhatIsProvedOtherwise) {
    for (const char* item :
         {R"({"class":"server","keys":[{"namespace":"agent","kind":"machine_key","value":"x"}]})",
          R"({"class":"nonsense","attributes":{"name":"x"}})",
          R"({"class":"server"})",
          R"({"class":"server","attributes":{"name":7}})"}) {
        const auto before = world_.cis();
        ask("observations.submit",
            std::string(R"({"completeness":"partial","items":[)") + item + "]}",
            400);
        EXPECT_EQ(world_.cis(), before) << item;
    }
    ask("observations.submit", R"({"items":[]})", 400);
}

TEST_F(BrainIdentity, WhoSeesSomeSitesChangesNothingOfOthers) {
    const auto submit = [&](const std::string& sites, const std::string& items, int status) {
        ask("observations.submit",
            R"({"completeness":"partial","site":"HQ","sites":[)" + sites + R"(],"items":[)" +
                items + "]}",
            status);
    };
    ask("ci.create",
        R"({"class":"server","attributes":{"name":"far","site":"Branch","manufacturer":"Dell","serial":"7QX3B12"}})",
        201);
    const auto before = *world_.brain().digest();
    const std::string own = R"({"class":"server","object":"1","attributes":{"name":"mine"}})";
    submit(
        R"("HQ")",
        R"({"class":"server","object":"1","attributes":{"name":"theirs","site":"Branch"}})",
        403
    );
    submit(
        R"("HQ")",
        own +
            R"(,{"class":"server","object":"2","keys":[{"kind":"serial","value":"Dell 7QX3B12"}]})",
        403
    );
    submit("", own, 403);
    const std::string both = R"({"id":")" + id("web4") + R"(","other":")" + id("far") + R"(")";
    ask("ci.merge", both + R"(,"sites":["HQ"]})", 403);
    ask("ci.not_same", both + R"(,"sites":["HQ"]})", 403);
    ask("ci.edit",
        R"({"dry_run":true,"sites":["HQ"],"id":")" + id("far") + R"(","set":{"model":"x"}})",
        403);
    ask("ci.create",
        R"({"dry_run":true,"sites":["HQ"],"class":"server","attributes":{"name":"n","site":"HQ","manufacturer":"Dell","serial":"7QX3B12"}})",
        403);
    EXPECT_EQ(*world_.brain().digest(), before) << "nothing was applied";
    submit(R"("HQ")", own, 200);
    ask("ci.edit", R"({"sites":["HQ"],"id":")" + id("web4") + R"(","set":{"model":"x"}})");
    ask("ci.merge", both + R"(,"sites":["HQ","Branch"]})");
    ask("ci.unmerge", R"({"sites":["HQ"],"id":")" + id("far") + R"("})", 403);
}

TEST_F(BrainIdentity, AFullLookOfOneSiteMissesNothingOfAnother) {
    ask("observations.submit",
        R"({"completeness":"full","site":"Branch","items":[{"class":"server","object":"1","attributes":{"name":"far"}}]})"
    );
    const std::string nothing = R"({"completeness":"full","site":"HQ","items":[],"sites":)";
    ask("observations.submit", nothing + R"(["HQ"]})", 403);
    EXPECT_THAT(world_.cis(), Contains("server far"));
    ask("observations.submit", nothing + R"(["HQ","Branch"]})");
    EXPECT_THAT(world_.cis(), Contains("server far (missing)"));
}

TEST_F(BrainIdentity, RefusesTextsAndSplitsThatAreTooLong) {
    const std::string text(4097, 'x');
    for (const std::string& item :
         {R"({"class":"server","object":")" + text + R"("})",
          R"({"class":"server","object":"1","keys":[{"kind":"serial","value":")" + text + R"("}]})",
          R"({"class":"server","object":"1","keys":[{"namespace":")" + text +
              R"(","kind":"serial","value":"1"}]})"}) {
        const auto answer =
            ask("observations.submit", R"({"completeness":"partial","items":[)" + item + "]}", 400);
        EXPECT_THAT(std::string(answer.at("detail").as_string()), HasSubstr("items/0: "));
    }
    std::string items;
    for (int at = 0; at < 64; ++at) {
        items += (at == 0 ? "" : ",") + std::string(R"({"class":"server","object":")") +
                 std::to_string(at) +
                 R"(","keys":[{"kind":"serial","value":"ACME S9"}],"attributes":{"name":"many"}})";
    }
    ask("observations.submit", R"({"completeness":"full","items":[)" + items + "]}");
    ask("observations.submit",
        R"({"completeness":"full","items":[)" + items + R"(,{"class":"server","object":"7"}]})",
        400);
    const auto half = [](int count) {
        std::string out;
        for (int at = 0; at < count; ++at) {
            out += (at == 0 ? "" : ",") + std::string(R"({"source":"api/admin","object":")") +
                   std::to_string(at) + R"("})";
        }
        return out;
    };
    const std::string body = R"({"id":")" + id("many") + R"(","statements":[)";
    const auto answer = ask("ci.split", body + half(32) + "]}", 400);
    EXPECT_THAT(std::string(answer.at("detail").as_string()), HasSubstr("32 of 64 are too many"));
    ask("ci.split", body + half(2) + "]}");
    EXPECT_EQ(std::ranges::count(world_.cis(), "server many"), 2);
}

}  // namespace
}  // namespace muster::collector::brain_test
