// What deciding costs, counted in statements that are looked at: one run, however hostile, costs about its length.
#include "cmdb/identification.hpp"

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace muster::cmdb {
namespace {

Key many(const std::string& value) {
    return {
        .space = "link",
        .kind = "mac",
        .value = value,
        .rank = 3,
        .trust = KeyTrust::trusted,
        .values = KeyValues::many
    };
}

/// Item `at` of a chain: it shares one key with the item before it and another with the one behind it.
Statement link_of_chain(std::size_t at, const std::string& generation) {
    Statement said;
    said.source = "agent/hostile";
    said.object = "item " + std::to_string(at);
    said.ci_class = "server";
    said.observed = WallTime{} + std::chrono::seconds(1);
    said.keys = {many(generation + std::to_string(at)), many(generation + std::to_string(at + 1))};
    return said;
}

std::size_t count_of_cis(const Identification& store, std::size_t count) {
    std::set<CiId> out;
    for (std::size_t at = 0; at < count; ++at) {
        out.insert(store.ci_of("agent/hostile", "item " + std::to_string(at)));
    }
    return out.size();
}

class IdentificationWork : public testing::TestWithParam<std::size_t> {
  protected:
    /// One run of the whole chain; gives the number of looks.
    std::uint64_t run(const std::string& generation) {
        const std::uint64_t before = store.looks();
        for (std::size_t at = 0; at < GetParam(); ++at) {
            store.hear(link_of_chain(at, generation));
        }
        store.settle();
        return store.looks() - before;
    }

    Identification store;
};

constexpr std::uint64_t looks_for_each = 20;

TEST_P(IdentificationWork, IsAsLongAsTheRunWhateverItConnects) {
    EXPECT_LE(run("a"), looks_for_each * GetParam()) << "all of it is new";
    EXPECT_EQ(count_of_cis(store, GetParam()), 1U);
    EXPECT_LE(run("b"), looks_for_each * GetParam()) << "every key is another";
    EXPECT_EQ(count_of_cis(store, GetParam()), 1U);
    EXPECT_LE(run("b"), looks_for_each) << "said again, nothing is decided";
}

TEST_P(IdentificationWork, IsAsLongAsTheRunWhenEverythingIsGone) {
    run("a");
    const std::uint64_t before = store.looks();
    for (std::size_t at = 0; at < GetParam(); ++at) {
        Statement missing = link_of_chain(at, "a");
        missing.missing = WallTime{} + std::chrono::seconds(9);
        store.hear(std::move(missing));
    }
    store.settle();
    EXPECT_LE(store.looks() - before, looks_for_each * GetParam());
    // Each by itself, as its patience ends.
    for (std::size_t at = 0; at < GetParam(); ++at) {
        store.remove("agent/hostile", "item " + std::to_string(at));
    }
    EXPECT_LE(store.looks() - before, 2 * looks_for_each * GetParam());
    EXPECT_TRUE(store.is_retired(store.ci_of("agent/hostile", "item 0")));
}

INSTANTIATE_TEST_SUITE_P(Chains, IdentificationWork, testing::Values(500, 5'000));

TEST(IdentificationRun, DecidesAsIfEachHadBeenSaidByItself) {
    Identification together;
    Identification apart;
    for (const std::string generation : {"a", "b"}) {
        for (std::size_t at = 0; at < 100; ++at) {
            // Every tenth keeps its keys: the chain falls into pieces and grows together again.
            const std::string which = at % 10 == 0 ? "a" : generation;
            together.hear(link_of_chain(at, which));
            apart.submit(link_of_chain(at, which));
        }
        const IdentityChange change = together.settle();
        EXPECT_FALSE(change.touched.empty());
        for (std::size_t at = 0; at < 100; ++at) {
            const std::string object = "item " + std::to_string(at);
            EXPECT_EQ(together.ci_of("agent/hostile", object), apart.ci_of("agent/hostile", object))
                << generation << object;
        }
    }
    EXPECT_GT(count_of_cis(together, 100), 1U);
}

}  // namespace
}  // namespace muster::cmdb
