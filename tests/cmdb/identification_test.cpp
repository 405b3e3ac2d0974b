#include "cmdb/identification.hpp"

#include "base/random.hpp"
#include "cmdb/attributes.hpp"
#include "cmdb/components.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>

namespace muster::cmdb {
namespace {

using Kind = IdentityChange::Verdict::Kind;
using testing::ElementsAre;
using testing::HasSubstr;

Key serial(std::string value) {
    return {"vendor", "serial", std::move(value), 2};
}

Key mac(std::string value) {
    return {"bridge", "mac", std::move(value), 3, KeyTrust::trusted, KeyValues::many};
}

Key hostname(std::string value) {
    return {"dns", "name", std::move(value), 9, KeyTrust::supporting};
}

Statement says(std::string source, std::string object, std::vector<Key> keys, int day) {
    return {
        .source = std::move(source),
        .object = std::move(object),
        .ci_class = "server",
        .keys = std::move(keys),
        .attributes = {},
        .observed = wall_from_ns(day * 86'400'000'000'000LL),
    };
}

std::vector<Kind> kinds(const IdentityChange& change) {
    std::vector<Kind> out;
    for (const auto& row : change.ledger) {
        out.push_back(row.kind);
    }
    return out;
}

TEST(Identification, GivesAStatementWithoutCompanyItsOwnCi) {
    Identification store;
    const auto change = store.submit(says("sweep", "a", {serial("S1")}, 1));
    EXPECT_THAT(kinds(change), ElementsAre(Kind::created));
    EXPECT_THAT(change.touched, ElementsAre(store.ci_of("sweep", "a")));
}

TEST(Identification, JoinsStatementsThatShareATrustedKey) {
    Identification store;
    store.submit(says("sweep", "a", {serial("S1")}, 2));
    const CiId first = store.ci_of("sweep", "a");
    const auto change = store.submit(says("import", "7", {serial("S1")}, 1));
    EXPECT_EQ(store.ci_of("sweep", "a"), store.ci_of("import", "7"));
    EXPECT_NE(store.ci_of("sweep", "a"), first) << "the oldest statement gives the id";
    EXPECT_THAT(kinds(change), ElementsAre(Kind::joined));
    EXPECT_EQ(change.ledger[0].other, first);
}

TEST(Identification, TellsAPersonsWordFromATrustedKey) {
    Identification store;
    store.submit(says("sweep", "a", {serial("S1")}, 1));
    store.submit(says("sweep", "b", {serial("S2")}, 2));
    const auto by_key = store.submit(says("sweep", "c", {serial("S1")}, 0));
    ASSERT_THAT(kinds(by_key), ElementsAre(Kind::joined));
    EXPECT_EQ(by_key.ledger[0].reason, "a trusted key connects them");
    const Word word{{"sweep", "a"}, {"sweep", "b"}, true};
    const auto by_word = store.say(word);
    ASSERT_THAT(kinds(by_word), ElementsAre(Kind::joined));
    EXPECT_EQ(by_word.ledger[0].reason, "a person says that they are one");
    const auto taken_back = store.unsay(word);
    ASSERT_THAT(kinds(taken_back), ElementsAre(Kind::split));
    EXPECT_EQ(taken_back.ledger[0].reason, "nothing connects them any more");
}

TEST(Identification, DoesNotJoinBySupportingKeys) {
    Identification store;
    store.submit(says("sweep", "a", {serial("S1"), hostname("web4")}, 1));
    store.submit(says("sweep", "b", {hostname("web4")}, 2));
    EXPECT_NE(store.ci_of("sweep", "a"), store.ci_of("sweep", "b"));
}

TEST(Identification, SplitsWhenTheKeyThatJoinedIsGone) {
    Identification store;
    store.submit(says("sweep", "a", {serial("S1")}, 1));
    store.submit(says("sweep", "b", {serial("S1")}, 2));
    const CiId both = store.ci_of("sweep", "a");
    const auto change = store.submit(says("sweep", "b", {serial("S2")}, 2));
    EXPECT_EQ(store.ci_of("sweep", "a"), both);
    EXPECT_NE(store.ci_of("sweep", "b"), both);
    EXPECT_THAT(kinds(change), testing::Contains(Kind::split));
}

TEST(Identification, CutsTheWeakestLinkOfAContradiction) {
    // A card moved: two chassis with their own serials report the same MAC address.
    Identification store;
    store.submit(says("sweep", "a", {serial("S1"), mac("m")}, 1));
    const auto change = store.submit(says("sweep", "b", {serial("S2"), mac("m")}, 2));
    EXPECT_NE(store.ci_of("sweep", "a"), store.ci_of("sweep", "b"));
    ASSERT_THAT(kinds(change), ElementsAre(Kind::created, Kind::kept_apart));
    EXPECT_THAT(change.ledger[1].reason, HasSubstr("S1 and S2"));
}

TEST(Identification, RetiresACiThatNobodyNamesAndTakesItBack) {
    Identification store;
    store.submit(says("configuration", "web", {serial("S1")}, 1));
    const CiId ci = store.ci_of("configuration", "web");
    EXPECT_THAT(kinds(store.remove("configuration", "web")), ElementsAre(Kind::retired));
    EXPECT_TRUE(store.is_retired(ci));
    EXPECT_TRUE(store.remove("configuration", "web").touched.empty());
    EXPECT_THAT(
        kinds(store.submit(says("configuration", "web", {serial("S1")}, 5))),
        ElementsAre(Kind::returned)
    );
    EXPECT_EQ(store.ci_of("configuration", "web"), ci);
    EXPECT_FALSE(store.is_retired(ci));
}

TEST(Identification, LoadsWhatItSaved) {
    Identification store;
    store.submit(says("sweep", "a", {serial("S1"), mac("m")}, 1));
    store.submit(says("sweep", "b", {mac("m")}, 2));
    store.submit(says("sweep", "c", {serial("S2"), mac("m")}, 3));
    store.remove("sweep", "b");
    Identification loaded = Identification::load(store.save());
    for (const char* object : {"a", "b", "c"}) {
        EXPECT_EQ(loaded.ci_of("sweep", object), store.ci_of("sweep", object));
    }
    const auto a = store.submit(says("sweep", "d", {serial("S2")}, 0));
    const auto b = loaded.submit(says("sweep", "d", {serial("S2")}, 0));
    EXPECT_EQ(a.touched, b.touched);
    EXPECT_EQ(kinds(a), kinds(b));
}

/// Statements of a random world with few keys, so that they meet and contradict each other.
std::vector<Statement> random_statements(SeededRandom& random) {
    std::vector<Statement> out;
    const auto count = 2 + random.below(7);
    for (std::uint64_t i = 0; i < count; ++i) {
        std::vector<Key> keys;
        if (random.below(2) == 0) {
            keys.push_back(serial("S" + std::to_string(random.below(3))));
        }
        if (random.below(2) == 0) {
            keys.push_back(mac("m" + std::to_string(random.below(3))));
        }
        if (random.below(3) == 0) {
            keys.push_back({"agent", "machine_key", "k" + std::to_string(random.below(2)), 1});
        }
        out.push_back(says("s", std::to_string(i), keys, static_cast<int>(random.below(3))));
    }
    return out;
}

std::map<std::string, CiId> partition_of(const std::vector<Statement>& statements) {
    Identification store;
    for (const Statement& each : statements) {
        store.submit(each);
    }
    std::map<std::string, CiId> out;
    for (const Statement& each : statements) {
        out[each.object] = store.ci_of(each.source, each.object);
    }
    return out;
}

TEST(Identification, DoesNotDependOnTheOrderOfArrival) {
    for (std::uint64_t seed = 0; seed < 300; ++seed) {
        SeededRandom random(seed);
        std::vector<Statement> statements = random_statements(random);
        const auto expected = partition_of(statements);
        for (int shuffle = 0; shuffle < 10; ++shuffle) {
            for (std::size_t i = statements.size(); i > 1; --i) {
                std::swap(statements[i - 1], statements[random.below(i)]);
            }
            ASSERT_EQ(partition_of(statements), expected) << "seed " << seed;
        }
    }
}

TEST(Identification, NeverPutsTwoSerialsIntoOneCi) {
    for (std::uint64_t seed = 0; seed < 300; ++seed) {
        SeededRandom random(seed);
        const auto statements = random_statements(random);
        const auto partition = partition_of(statements);
        std::map<CiId, std::set<std::string>> serials;
        for (const Statement& each : statements) {
            for (const Key& key : each.keys) {
                if (key.kind == "serial") {
                    serials[partition.at(each.object)].insert(key.value);
                }
            }
        }
        for (const auto& [ci, values] : serials) {
            ASSERT_EQ(values.size(), 1U) << "seed " << seed;
        }
    }
}

TEST(Projection, PrefersTheStrongerSourceThenTheNewerStatement) {
    const auto model = Model::parse(shipped_classes());
    ASSERT_TRUE(model);
    Statement found = says("sweep", "a", {}, 9);
    found.attributes = {{"name", "found", found.observed}, {"serial", "S1", found.observed}};
    Statement declared = says("configuration", "a", {}, 1);
    declared.attributes = {
        {"name", "declared", declared.observed}, {"site", "", declared.observed}
    };
    Statement other = says("sweep", "b", {}, 10);
    other.attributes = {{"serial", "S2", other.observed}};
    const Statement* statements[] = {&found, &declared, &other};
    const Projection seen = project(*model, statements);
    EXPECT_EQ(seen.attributes.at("name").value, "declared");
    EXPECT_EQ(seen.attributes.at("serial").value, "S2");
    EXPECT_FALSE(seen.attributes.contains("site")) << "an empty value never wins";
    EXPECT_EQ(seen.ci_class, "server");
}

/// All that `source` names: how many CIs they are.
std::size_t count_of_cis(const Identification& store, std::string_view source) {
    std::set<CiId> out;
    for (const std::string& object : store.objects(source)) {
        out.insert(store.ci_of(source, object));
    }
    return out.size();
}

TEST(Identification, TakesAKeyThatMoreHaveThanAreEverOneThingForNothing) {
    Identification store;
    constexpr std::size_t count = 5'000;
    for (std::size_t at = 0; at < count; ++at) {
        const auto change = store.submit(says("agent/a", std::to_string(at), {serial("none")}, 1));
        EXPECT_LE(change.touched.size(), 2 * (most_holders + 1)) << "one does not touch all";
    }
    EXPECT_EQ(count_of_cis(store, "agent/a"), count);
    EXPECT_EQ(store.holders(serial("none")).size(), count);
    const Statement& one = *store.find("agent/a", "7");
    EXPECT_EQ(store.why_shared(one, serial("none")), "more than 64 things have it");
    EXPECT_EQ(store.why_shared(one, serial("other")), std::nullopt);
}

TEST(Identification, LetsAKeyConnectAgainWhenFewerHaveIt) {
    Identification store;
    for (std::size_t at = 0; at < most_holders; ++at) {
        store.submit(says("agent/a", std::to_string(at), {serial("S1")}, 1));
    }
    EXPECT_EQ(count_of_cis(store, "agent/a"), 1);
    store.submit(says("agent/a", "one more", {serial("S1")}, 1));
    EXPECT_EQ(count_of_cis(store, "agent/a"), most_holders + 1);
    store.submit(says("agent/a", "one more", {serial("S2")}, 1));
    EXPECT_EQ(count_of_cis(store, "agent/a"), 2);
    EXPECT_EQ(store.why_shared(*store.find("agent/a", "7"), serial("S1")), std::nullopt);
}

TEST(Identification, JudgesACrowdedKeyTheSameInEveryOrder) {
    std::vector<Statement> all;
    for (int at = 0; at < 70; ++at) {
        std::vector<Key> keys{serial("S1")};
        if (at % 10 == 0) {
            keys.push_back(mac("m"));  // seven of them are one, whatever the serial says
        }
        all.push_back(says("agent/a", std::to_string(at), std::move(keys), 1 + at));
    }
    std::set<std::map<std::string, CiId>> outcomes;
    for (const std::size_t turn : {0U, 13U, 69U}) {
        std::ranges::rotate(all, all.begin() + static_cast<std::ptrdiff_t>(turn));
        Identification store;
        std::map<std::string, CiId> outcome;
        for (const Statement& each : all) {
            store.submit(each);
        }
        for (const Statement& each : all) {
            outcome[each.object] = store.ci_of(each.source, each.object);
        }
        EXPECT_EQ(count_of_cis(store, "agent/a"), 64);
        outcomes.insert(std::move(outcome));
        std::vector<Identification::Saved> saved = store.save();
        EXPECT_TRUE(Identification::load(std::move(saved)).submit(all[3]).moved.empty());
    }
    EXPECT_EQ(outcomes.size(), 1);
}

TEST(Identification, AnExcerptJudgesACrowdedKeyAsTheWholeDoes) {
    Identification store;
    for (std::size_t at = 0; at <= most_holders; ++at) {
        store.submit(says("agent/a", std::to_string(at), {serial("S1")}, 1));
    }
    const std::vector<Statement> fewer{says("agent/a", "3", {serial("S2")}, 1)};
    Identification part = store.excerpt(fewer, {});
    EXPECT_EQ(part.submit(fewer[0]).moved.size(), store.submit(fewer[0]).moved.size());
    EXPECT_EQ(count_of_cis(store, "agent/a"), 2);
    for (std::size_t at = 0; at < 10; ++at) {
        store.submit(says("agent/b", std::to_string(at), {serial("S1")}, 2));
    }
    const std::vector<Statement> more{says("agent/b", "new", {serial("S1")}, 3)};
    part = store.excerpt(more, {});
    EXPECT_EQ(part.size(), 0) << "what decides nothing is not copied";
    part.submit(more[0]);
    EXPECT_TRUE(part.why_shared(more[0], serial("S1")).has_value());
}

}  // namespace
}  // namespace muster::cmdb
