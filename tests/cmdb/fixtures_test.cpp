// Each of these machines was taken for another, or for two, by some other product.
#include "cmdb/attributes.hpp"
#include "cmdb/identification.hpp"
#include "cmdb/observed.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <numeric>
#include <set>

namespace muster::cmdb {
namespace {

using testing::HasSubstr;
using wire::ObservedItem;
using wire::ObservedKey;

const Model& model() {
    static const Model shipped = *Model::parse(shipped_classes());
    return shipped;
}

WallTime hour(int count) {
    return wall_from_ns(1'700'000'000'000'000'000LL + count * 3'600'000'000'000LL);
}

/// What one source sees at one time.
struct Look {
    std::string source;
    int at = 0;
    std::vector<ObservedItem> items = {};
    std::vector<wire::ObservedRelation> relations = {};
    std::string site = "HQ";
};

ObservedItem host(
    std::vector<ObservedKey> keys, std::map<std::string, std::string> attributes = {}
) {
    return {"host", "server", std::move(keys), std::move(attributes), {}};
}

ObservedKey machine(const std::string& agent) {
    return {"agent", "machine_key", agent};
}

ObservedKey serial(const std::string& number) {
    return {"vendor", "serial", number};
}

ObservedKey uuid(const std::string& text) {
    return {"smbios", "uuid", text};
}

class Fixtures : public testing::Test {
  protected:
    IdentityChange look(Look seen) {
        wire::Observations run;
        run.items = std::move(seen.items);
        run.relations = std::move(seen.relations);
        for (ObservedItem& item : run.items) {
            item.observed = hour(seen.at);
        }
        const Observer observer{seen.source, seen.site, {}, WallTime{}, hour(10'000)};
        IdentityChange last;
        for (Statement& each : statements_of(model(), observer, run)) {
            const Statement* former = store_.find(each.source, each.object);
            last = store_.submit(continued(
                former == nullptr ? Statement{} : *former,
                std::move(each),
                Saying::looks,
                hour(seen.at)
            ));
        }
        return last;
    }

    /// The source looks and does not see it.
    void miss(const std::string& source, const std::string& object, int at) {
        Statement now = *store_.find(source, object);
        now.missing = hour(at);
        store_.submit(std::move(now));
    }

    CiId ci(const std::string& source, const std::string& object = "host") const {
        return store_.ci_of(source, object);
    }

    bool is_shared(const std::string& source, const std::string& kind) const {
        const Statement& statement = *store_.find(source, "host");
        const auto key = std::ranges::find(statement.keys, kind, &Key::kind);
        return key != statement.keys.end() && store_.why_shared(statement, *key).has_value();
    }

    Identification store_;
};

constexpr const char* a_uuid = "4c4c4544-0051-3510-8052-b4c04f4e3732";

TEST_F(Fixtures, ClonedMachinesWithOneMachineIdAreTwo) {
    look({"agent/a", 1, {host({machine("a")}, {{"machine_id", "5f3c"}})}});
    look({"agent/b", 1, {host({machine("b")}, {{"machine_id", "5f3c"}})}});
    EXPECT_NE(ci("agent/a"), ci("agent/b"));
}

TEST_F(Fixtures, ClonedMachinesWithOneUuidAreTwoAndTheUuidDecidesNothingAnyMore) {
    look({"agent/a", 1, {host({machine("a"), uuid(a_uuid)})}});
    const auto change = look({"agent/b", 1, {host({machine("b"), uuid(a_uuid)})}});
    EXPECT_NE(ci("agent/a"), ci("agent/b"));
    EXPECT_TRUE(is_shared("agent/a", "uuid"));
    ASSERT_EQ(change.apart.size(), 1U);
    EXPECT_THAT(
        change.apart.begin()->second, HasSubstr("smbios/uuid/44454c4c-5100-1035-8052-b4c04f4e3732")
    );
    EXPECT_THAT(change.apart.begin()->second, HasSubstr("agent/machine_key is a and b"));
    look({"import", 2, {host({uuid(a_uuid)})}});
    EXPECT_NE(ci("import"), ci("agent/a")) << "nobody knows which of both it is";
    EXPECT_NE(ci("import"), ci("agent/b"));
}

TEST_F(Fixtures, AContainerThatReportsTheSerialOfItsHostIsNotItsHost) {
    look({"agent/host", 1, {host({machine("host"), serial("Dell 7QX3B12")})}});
    look({"agent/container", 2, {host({machine("container"), serial("Dell 7QX3B12")})}});
    EXPECT_NE(ci("agent/host"), ci("agent/container"));
    EXPECT_TRUE(is_shared("agent/host", "serial"));
}

TEST_F(Fixtures, AMachineInstalledAnewIsTheSameMachineOnceItsFormerAgentIsGone) {
    look({"agent/old", 1, {host({machine("old"), serial("Dell 7QX3B12")})}});
    const CiId first = ci("agent/old");
    look({"agent/new", 5, {host({machine("new"), serial("Dell 7QX3B12")})}});
    EXPECT_NE(ci("agent/new"), first);
    miss("agent/old", "host", 6);
    EXPECT_EQ(ci("agent/new"), first);
    EXPECT_EQ(ci("agent/old"), first);
}

TEST_F(Fixtures, AUuidWithSwappedBytesIsTheSameUuid) {
    look({"agent/a", 1, {host({machine("a"), uuid(a_uuid)})}});
    look({"import", 2, {host({uuid("44454c4c-5100-1035-8052-b4c04f4e3732")})}});
    EXPECT_EQ(ci("agent/a"), ci("import"));
}

TEST_F(Fixtures, PlaceholdersJoinNothing) {
    look({"agent/a", 1, {host({machine("a"), serial("ACME To be filled by O.E.M.")})}});
    look({"import", 1, {host({serial("ACME To be filled by O.E.M.")})}});
    EXPECT_NE(ci("agent/a"), ci("import"));
    EXPECT_EQ(store_.find("import", "host")->keys.size(), 0U);
}

Look with_card(const std::string& source, int at, bool has_card) {
    Look seen{source, at, {host({machine(source)})}};
    if (has_card) {
        seen.items.push_back(
            {"interface/eth1",
             "interface",
             {{"parent", "mac", "00:1a:2b:3c:4d:5e"}},
             {{"name", "eth1"}, {"mac", "00:1a:2b:3c:4d:5e"}},
             {}}
        );
        seen.relations.push_back({0, 1, "contains"});
    }
    return seen;
}

TEST_F(Fixtures, ANetworkCardThatMovesJoinsNoMachines) {
    look(with_card("a", 1, true));
    look(with_card("b", 1, false));
    look(with_card("a", 2, false));
    look(with_card("b", 2, true));
    EXPECT_NE(ci("a"), ci("b"));
    EXPECT_NE(ci("a", "interface/eth1"), ci("b", "interface/eth1"));
}

TEST_F(Fixtures, AnInterfaceIsTheSameForTwoSourcesOfOneMachine) {
    look(with_card("a", 1, true));
    Look other = with_card("import", 2, true);
    other.items[0].keys = {serial("Dell 7QX3B12")};
    look(other);
    EXPECT_NE(ci("a", "interface/eth1"), ci("import", "interface/eth1"));
    Look again = with_card("a", 3, true);
    again.items[0].keys.push_back(serial("Dell 7QX3B12"));
    look(again);
    EXPECT_EQ(ci("a"), ci("import"));
    EXPECT_EQ(ci("a", "interface/eth1"), ci("import", "interface/eth1"))
        << "it follows its machine";
}

TEST_F(Fixtures, AChassisReplacedUnderTheSameNameIsTheMachineOfItsAgent) {
    look({"agent/a", 1, {host({machine("a"), serial("Dell OLD")}, {{"hostname", "web4"}})}});
    const CiId first = ci("agent/a");
    look({"agent/a", 2, {host({machine("a"), serial("Dell NEW")}, {{"hostname", "web4"}})}});
    EXPECT_EQ(ci("agent/a"), first);
    look({"import", 3, {host({serial("Dell OLD")}, {{"hostname", "web4"}})}});
    EXPECT_NE(ci("import"), first) << "the old chassis stands in the store room";
}

ObservedItem address(const std::string& text) {
    return {"address/" + text, "ip_address", {}, {{"name", text}, {"address", text}}, {}};
}

TEST_F(Fixtures, AnAddressThatIsLentAnewJoinsNoMachines) {
    look({"agent/a", 1, {host({machine("a")}), address("10.0.0.5")}, {{0, 1, "has_address"}}});
    look({"agent/a", 2, {host({machine("a")}), address("10.0.0.6")}, {{0, 1, "has_address"}}});
    look({"agent/b", 3, {host({machine("b")}), address("10.0.0.5")}, {{0, 1, "has_address"}}});
    EXPECT_NE(ci("agent/a"), ci("agent/b"));
    EXPECT_EQ(ci("agent/a", "address/10.0.0.5"), ci("agent/b", "address/10.0.0.5"));
    EXPECT_TRUE(store_.find("agent/a", "host")->relations[0].to == "address/10.0.0.6")
        << "the relation went with the address";
    EXPECT_EQ(value_of(*store_.find("agent/b", "host"), "address"), "10.0.0.5");
}

TEST_F(Fixtures, OneAddressAtTwoSitesIsTwo) {
    look({"agent/a", 1, {host({machine("a")}), address("192.168.1.9")}, {}, "HQ"});
    look({"agent/b", 1, {host({machine("b")}), address("192.168.1.9")}, {}, "Branch"});
    EXPECT_NE(ci("agent/a", "address/192.168.1.9"), ci("agent/b", "address/192.168.1.9"));
}

TEST_F(Fixtures, AMachineOfTwoAddressesIsOneUnderEither) {
    look(
        {"agent/a",
         1,
         {host({machine("a"), serial("Dell 7QX3B12")}), address("10.0.0.5"), address("10.9.0.5")},
         {{0, 1, "has_address"}, {0, 2, "has_address"}}}
    );
    for (const char* text : {"10.0.0.5", "10.9.0.5"}) {
        const std::string source = std::string("api/sweep of ") + text;
        look(
            {source,
             2,
             {host({serial("Dell 7QX3B12")}, {{"name", text}}), address(text)},
             {{0, 1, "has_address"}}}
        );
        const std::string object = std::string("address/") + text;
        EXPECT_EQ(ci(source), ci("agent/a")) << "it is no machine more for being seen at " << text;
        EXPECT_EQ(ci(source, object), ci("agent/a", object));
    }
    EXPECT_NE(ci("agent/a", "address/10.0.0.5"), ci("agent/a", "address/10.9.0.5"));
}

ObservedItem guest(const std::string& instance, const std::string& name) {
    return {
        "vm/" + instance,
        "virtual_machine",
        {{"hypervisor", "instance_uuid", instance}},
        {{"name", name}},
        {}
    };
}

TEST_F(Fixtures, ARenamedGuestKeepsItsNameWhenAStaleListOfTheHypervisorComesLate) {
    constexpr const char* one = "502e71fa-1a2b-3c4d-5e6f-000000000001";
    constexpr const char* other = "502e71fa-1a2b-3c4d-5e6f-000000000002";
    look({"api/vcenter", 1, {guest(one, "web4")}});
    const CiId first = ci("api/vcenter", guest(one, "").object);
    look({"api/vcenter", 5, {guest(one, "web4-old"), guest(other, "web4")}});
    look({"api/vcenter", 3, {guest(one, "web4")}});
    EXPECT_EQ(ci("api/vcenter", guest(one, "").object), first);
    EXPECT_NE(ci("api/vcenter", guest(other, "").object), first)
        << "the new one is not the former for having its name";
    EXPECT_EQ(value_of(*store_.find("api/vcenter", guest(one, "").object), "name"), "web4-old");
    EXPECT_EQ(value_of(*store_.find("api/vcenter", guest(other, "").object), "name"), "web4");
}

TEST_F(Fixtures, AnAssetNumberTypedInAsSerialIsKeptApartWithItsReason) {
    look({"agent/a", 1, {host({machine("a"), serial("Dell 7QX3B12"), uuid(a_uuid)})}});
    const auto change = look({"import", 2, {host({serial("ASSET-00017"), uuid(a_uuid)})}});
    EXPECT_NE(ci("agent/a"), ci("import"));
    ASSERT_EQ(change.apart.size(), 1U);
    EXPECT_THAT(
        change.apart.begin()->second, HasSubstr("vendor/serial is asset-00017 and dell 7qx3b12")
    );
    store_.say({{"agent/a", "host"}, {"import", "host"}, true});
    EXPECT_EQ(ci("agent/a"), ci("import")) << "a person outranks every key";
}

TEST_F(Fixtures, OneHostNameAtTwoSitesIsTwoMachines) {
    look({"agent/a", 1, {host({machine("a")}, {{"hostname", "gw"}})}, {}, "HQ"});
    look({"agent/b", 1, {host({machine("b")}, {{"hostname", "gw"}})}, {}, "Branch"});
    EXPECT_NE(ci("agent/a"), ci("agent/b"));
}

TEST_F(Fixtures, TwoSourcesThatFindOneMachineAtOnceMakeOneWhoeverIsFirst) {
    const Look agent{"agent/a", 1, {host({machine("a"), serial("Dell 7QX3B12")})}};
    const Look import{"import", 1, {host({serial("DELL Inc. 7qx3b12")})}};
    look(agent);
    look(import);
    const CiId one = ci("agent/a");
    EXPECT_EQ(ci("import"), one);
    store_ = Identification();
    look(import);
    look(agent);
    EXPECT_EQ(ci("import"), one);
    EXPECT_EQ(ci("agent/a"), one);
}

TEST_F(Fixtures, AMergeIsUndoneWithoutALoss) {
    look(with_card("a", 1, true));
    look(with_card("b", 2, true));
    const CiId first = ci("a");
    const CiId second = ci("b");
    const CiId second_card = ci("b", "interface/eth1");
    const Word word{{"a", "host"}, {"b", "host"}, true};
    store_.say(word);
    EXPECT_EQ(ci("b"), first);
    EXPECT_EQ(ci("a", "interface/eth1"), ci("b", "interface/eth1")) << "parts follow";
    store_.unsay(word);
    EXPECT_EQ(ci("a"), first);
    EXPECT_EQ(ci("b"), second);
    EXPECT_EQ(ci("b", "interface/eth1"), second_card);
}

TEST_F(Fixtures, WhatAPersonCallsTwoStaysTwo) {
    look({"agent/a", 1, {host({machine("a"), serial("Dell 7QX3B12")})}});
    look({"import", 2, {host({serial("Dell 7QX3B12")})}});
    ASSERT_EQ(ci("agent/a"), ci("import"));
    store_.say({{"agent/a", "host"}, {"import", "host"}, false});
    EXPECT_NE(ci("agent/a"), ci("import"));
    look({"import", 3, {host({serial("Dell 7QX3B12"), uuid(a_uuid)})}});
    EXPECT_NE(ci("agent/a"), ci("import")) << "it is remembered";
}

/// Everything of a store that must not depend on the order: which belong together, and every value in its time.
std::map<ObjectName, std::vector<AttributeInterval>> picture(const Identification& store) {
    std::map<ObjectName, std::vector<AttributeInterval>> out;
    for (const auto& each : store.save()) {
        const auto members = store.all_members(each.ci);
        std::vector<AttributeInterval> values = timeline(members);
        values.push_back({each.ci.text(), "", "", {}, {}});
        out[{each.statement.source, each.statement.object}] = std::move(values);
    }
    return out;
}

TEST_F(Fixtures, TheOrderInWhichSourcesAreHeardChangesNothing) {
    // Agents and files are heard in their own order; how they interleave does not matter.
    const std::vector<std::vector<Look>> sources = {
        {{"agent/a",
          1,
          {host({machine("a"), serial("Dell 1")}, {{"hostname", "x"}, {"model", "R1"}})}},
         {"agent/a",
          4,
          {host({machine("a"), serial("Dell 1")}, {{"hostname", "y"}, {"model", "R1"}})}}},
        {{"import", 2, {host({serial("Dell 1"), uuid(a_uuid)}, {{"model", "R2"}, {"rack", "7"}})}},
         {"import", 5, {host({serial("Dell 1"), uuid(a_uuid)}, {{"model", "R3"}, {"rack", "7"}})}}},
        {{"sweep", 3, {host({uuid(a_uuid)}, {{"hostname", "z"}})}}},
        {{"agent/b", 1, {host({machine("b"), serial("Dell 2")}, {{"hostname", "b"}})}},
         {"agent/b", 6, {host({machine("b"), serial("Dell 1")}, {{"hostname", "b"}})}}},
    };
    std::vector<std::size_t> order;
    for (std::size_t at = 0; at < sources.size(); ++at) {
        order.insert(order.end(), sources[at].size(), at);
    }
    std::optional<std::map<ObjectName, std::vector<AttributeInterval>>> expected;
    std::size_t orders = 0;
    do {
        store_ = Identification();
        std::vector<std::size_t> next(sources.size());
        for (const std::size_t source : order) {
            look(sources[source][next[source]++]);
        }
        const auto found = picture(store_);
        if (!expected) {
            expected = found;
        }
        ASSERT_EQ(found, *expected);
        ++orders;
    } while (std::ranges::next_permutation(order).found);
    EXPECT_EQ(orders, 630U) << "7! / (2! 2! 1! 2!)";
}

TEST_F(Fixtures, TheOrderInWhichTheWordsOfOneToolAreHeardChangesNothing) {
    const std::vector<Look> said = {
        {"api/import", 1, {host({serial("Dell 1")}, {{"hostname", "x"}, {"model", "R1"}})}},
        {"api/import", 2, {host({serial("Dell 1")}, {{"hostname", "y"}, {"model", "R1"}})}},
        {"api/import", 3, {host({serial("Dell 1")}, {{"hostname", "y"}, {"rack", "7"}})}},
        {"api/import", 4, {host({serial("Dell 1")}, {{"hostname", "z"}, {"model", "R2"}})}},
        {"api/import",
         5,
         {host({serial("Dell 1"), uuid(a_uuid)}, {{"hostname", "x"}, {"rack", "8"}})}},
        {"agent/a", 3, {host({machine("a"), serial("Dell 1")}, {{"hostname", "z"}})}},
    };
    std::vector<std::size_t> order(said.size());
    std::iota(order.begin(), order.end(), 0U);
    std::optional<std::vector<AttributeInterval>> expected;
    do {
        store_ = Identification();
        for (const std::size_t at : order) {
            look(said[at]);
        }
        ASSERT_EQ(ci("api/import"), ci("agent/a"));
        EXPECT_EQ(store_.find("api/import", "host")->keys.size(), 2U) << "those of the newest word";
        const auto found = timeline(store_.all_members(ci("agent/a")));
        if (!expected) {
            expected = found;
            EXPECT_EQ(std::ranges::count(found, "hostname", &AttributeInterval::name), 5);
        }
        ASSERT_EQ(found, *expected) << testing::PrintToString(order);
    } while (std::ranges::next_permutation(order).found);
}

std::vector<std::string> names_over_time(const Statement& statement) {
    std::vector<std::string> out;
    for (const AttributeInterval& each : timeline(std::vector{&statement})) {
        if (each.name == "hostname") {
            out.push_back(
                each.value + " " + std::to_string((each.from - hour(0)) / std::chrono::hours(1))
            );
        }
    }
    return out;
}

TEST_F(Fixtures, WhatIsHeardLateTakesItsPlaceInThePast) {
    const auto say = [&](int at, const std::string& name) {
        look({"api/import", at, {host({serial("Dell 1")}, {{"hostname", name}})}});
        return names_over_time(*store_.find("api/import", "host"));
    };
    say(1, "a");
    say(5, "a");
    EXPECT_THAT(say(3, "b"), testing::ElementsAre("a 1", "b 3", "a 5"))
        << "it has been a since, as was said at 5";
    EXPECT_THAT(say(4, "b"), testing::ElementsAre("a 1", "b 3", "a 5"));
    EXPECT_THAT(say(2, "b"), testing::ElementsAre("a 1", "b 2", "a 5"));
    EXPECT_THAT(say(7, "c"), testing::ElementsAre("a 1", "b 2", "a 5", "c 7"));
    EXPECT_THAT(say(0, "z"), testing::ElementsAre("a 1", "b 2", "a 5", "c 7"))
        << "what was before four values is forgotten";
    EXPECT_THAT(say(6, "d"), testing::ElementsAre("b 2", "a 5", "d 6", "c 7"));
}

TEST_F(Fixtures, OfTwoValuesAtOneMomentTheSameCountsWhicheverIsHeardFirst) {
    for (const auto& [first, second] : {std::pair{"a", "b"}, {"b", "a"}}) {
        store_ = Identification();
        look({"api/import", 1, {host({serial("Dell 1")}, {{"hostname", first}})}});
        look({"api/import", 1, {host({serial("Dell 1")}, {{"hostname", second}})}});
        EXPECT_THAT(
            names_over_time(*store_.find("api/import", "host")), testing::ElementsAre("b 1")
        );
    }
}

TEST_F(Fixtures, AnAgentIsBelievedInTheOrderInWhichItSaysThings) {
    look({"agent/a", 5, {host({machine("a")}, {{"hostname", "before"}})}});
    look({"agent/a", 3, {host({machine("a")}, {{"hostname", "after"}})}});
    EXPECT_EQ(value_of(*store_.find("agent/a", "host"), "hostname"), "after")
        << "its clock was set back";
}

TEST_F(Fixtures, AValueThatIsNotSeenIsNotOverwritten) {
    look({"agent/a", 1, {host({machine("a")}, {{"serial", "7QX3B12"}, {"model", "R1"}})}});
    look({"agent/a", 2, {host({machine("a")}, {{"serial", ""}, {"hostname", "web4"}})}});
    const Statement& said = *store_.find("agent/a", "host");
    EXPECT_EQ(value_of(said, "serial"), "7QX3B12");
    EXPECT_EQ(value_of(said, "model"), "R1");
    EXPECT_EQ(value_of(said, "hostname"), "web4");
}

TEST_F(Fixtures, RemembersSomeOfThePastOfAValueForWhatIsHeardLate) {
    for (int at = 1; at <= 8; ++at) {
        look({"agent/a", at, {host({machine("a")}, {{"hostname", "h" + std::to_string(at)}})}});
    }
    const auto members = store_.all_members(ci("agent/a"));
    std::vector<std::string> values;
    for (const AttributeInterval& each : timeline(members)) {
        if (each.name == "hostname") {
            values.push_back(each.value);
        }
    }
    EXPECT_THAT(values, testing::ElementsAre("h5", "h6", "h7", "h8"));
}

TEST_F(Fixtures, LoadsPartsAndWordsAsTheyWereSaved) {
    look(with_card("a", 1, true));
    look(with_card("b", 2, true));
    store_.say({{"a", "host"}, {"b", "host"}, true});
    Identification loaded = Identification::load(store_.save(), store_.words());
    EXPECT_EQ(picture(loaded), picture(store_));
    const Word word = store_.words().front();
    store_.unsay(word);
    loaded.unsay(word);
    EXPECT_EQ(picture(loaded), picture(store_));
}

TEST_F(Fixtures, TriesOutOnACopyWithoutTouchingAnything) {
    look(with_card("a", 1, true));
    look(with_card("b", 2, true));
    const auto before = picture(store_);
    const CiId cis[] = {ci("a"), ci("b")};
    Identification copy = store_.excerpt({}, cis);
    copy.say({{"a", "host"}, {"b", "host"}, true});
    EXPECT_EQ(copy.ci_of("a", "interface/eth1"), copy.ci_of("b", "interface/eth1"));
    EXPECT_EQ(picture(store_), before);
}

}  // namespace
}  // namespace muster::cmdb
