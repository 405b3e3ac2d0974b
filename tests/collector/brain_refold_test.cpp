#include "base/database.hpp"
#include "brain_network.hpp"
#include "brain_script.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <memory>
#include <tuple>
#include <unistd.h>

namespace muster::collector::brain_test {
namespace {

/// Everything a brain says and is, at the end of a journal.
struct Ending {
    std::string tables;
    std::string memory;
    std::vector<std::pair<Lsn, std::string>> answers;
    std::vector<std::string> appends;
    bool operator==(const Ending&) const = default;
};

class Refold : public testing::Test {
  protected:
    void SetUp() override {
        // Hundreds of databases are opened and closed: in memory where there is such a place.
        const std::filesystem::path memory = "/dev/shm";
        folder_ =
            (std::filesystem::exists(memory) ? memory : std::filesystem::temp_directory_path()) /
            ("muster-refold-" + std::to_string(::getpid()));
        std::filesystem::create_directories(folder_);
    }

    void TearDown() override { std::filesystem::remove_all(folder_); }

    std::string fresh() {
        for (const auto& file : std::filesystem::directory_iterator(folder_)) {
            std::filesystem::remove(file.path());
        }
        return (folder_ / "state.db").string();
    }

    static std::unique_ptr<Brain> open(const std::string& path) {
        auto brain = Brain::open(options_at(path));
        if (!brain) {
            ADD_FAILURE() << brain.error().text();
            std::abort();
        }
        return std::make_unique<Brain>(std::move(*brain));
    }

    /// Folds up to `last`, committing after each; keeps what is answered.
    static void fold_to(
        Brain& brain, const std::vector<Entry>& journal, Lsn last, Ending* ending = nullptr
    ) {
        for (Lsn next = brain.next_lsn(); next <= last; ++next) {
            const Status folded = brain.fold(journal[next - 1]);
            ASSERT_TRUE(folded) << folded.error().text();
            auto effects = brain.commit();
            ASSERT_TRUE(effects) << effects.error().text();
            if (ending != nullptr) {
                keep(*effects, *ending);
            }
        }
    }

    static void keep(Effects& effects, Ending& ending) {
        for (const auto& answer : effects.answers) {
            ending.answers.emplace_back(answer.lsn, answer.verdict.body + answer.verdict.etag);
        }
        for (const auto& append : effects.append) {
            ending.appends.push_back(append.body);
        }
    }

    static Ending end(Brain& brain, Ending ending = {}) {
        ending.tables = *brain.digest();
        ending.memory = brain.memory_digest();
        return ending;
    }

    std::filesystem::path folder_;
};

std::vector<Entry> random_journal(std::uint64_t seed, int seconds) {
    BrainWorld world;
    RandomScript script(world, seed, Turmoil::everything);
    script.tell_also(
        "  - {name: night, url: \"https://127.0.0.1:1/\", secret: {file: /s}, dead_after: 20s, "
        "rate: {messages: 2, per: 30s}, match: \"priority = 3 or kind = channel_dead\"}\n"
    );
    script.let_people_work();
    script.set_up(2, 4, 2);
    script.run(seconds);
    return world.journal();
}

/// The kills of a journal are shared out: a seed, and which fourth of its entries.
class RefoldAfterKills
    : public Refold,
      public testing::WithParamInterface<std::tuple<std::uint64_t, std::uint64_t>> {};

INSTANTIATE_TEST_SUITE_P(
    Seeds,
    RefoldAfterKills,
    testing::Combine(testing::Values<std::uint64_t>(3, 4), testing::Range<std::uint64_t>(0, 4))
);

TEST_P(RefoldAfterKills, AKillAtEveryEntryChangesNothing) {
    const auto [seed, part] = GetParam();
    const std::vector<Entry> journal = random_journal(seed, 70);
    const auto undisturbed = open({});
    Ending all;
    fold_to(*undisturbed, journal, journal.size(), &all);
    const Ending expected = end(*undisturbed, all);
    SeededRandom random(seed);
    for (Lsn killed_at = 1; killed_at < journal.size(); ++killed_at) {
        if (killed_at % 4 != part) {
            continue;
        }
        const std::string path = fresh();
        const Lsn saved_at = random.below(killed_at + 1);
        Ending answered;
        {
            const auto brain = open(path);
            fold_to(*brain, journal, saved_at, &answered);
            if (saved_at > 0) {
                ASSERT_TRUE(brain->snapshot_now());
            }
            fold_to(*brain, journal, killed_at, &answered);
            // Further entries are folded, but the process dies before they are committed.
            for (Lsn more = killed_at + 1; more <= std::min<Lsn>(killed_at + 3, journal.size());
                 ++more) {
                ASSERT_TRUE(brain->fold(journal[more - 1]));
            }
        }
        const auto brain = open(path);
        ASSERT_EQ(brain->next_lsn(), saved_at + 1);
        ASSERT_LE(brain->folded(), killed_at);
        fold_to(*brain, journal, journal.size(), &answered);
        const Ending found = end(*brain, answered);
        ASSERT_EQ(found.tables, expected.tables)
            << "saved at " << saved_at << ", killed at " << killed_at;
        ASSERT_EQ(found.memory, expected.memory)
            << "saved at " << saved_at << ", killed at " << killed_at;
        for (const auto& answer : expected.answers) {
            ASSERT_THAT(found.answers, testing::Contains(answer));
        }
        for (const auto& append : expected.appends) {
            ASSERT_THAT(found.appends, testing::Contains(append));
        }
    }
}

TEST_F(Refold, WhatIsSlowAndFailsGoesOnAsItWasAfterAKillAtAnyEntry) {
    using std::chrono::seconds;
    Network net(
        {{"a", {"10.1.0.1", ""}}},
        "targets:\n  - {name: t1, class: server, address: 10.9.0.1, hold: 5s, probes: [{type: "
        "icmp, "
        "name: p, interval: 1s, timeout: 500ms}], breach: {any: [{failures: 3}, {metric: rtt_avg, "
        "above: 200, for: 2}]}}\n",
        {{"t1", "10.9.0.1"}}
    );
    net.rtt_ms["t1"] = 300;
    net.run(seconds(10));
    const Lsn slow = net.world.journal().size();
    ASSERT_EQ(
        net.world
            .command("window.create", R"({"match":"name = t1","for_ns":12000000000,"reason":"x"})")
            .status,
        201
    );
    net.dead.insert("10.9.0.1");
    net.run(seconds(25));
    const std::vector<Entry>& journal = net.world.journal();
    ASSERT_THAT(net.open_kinds(), testing::ElementsAre("fault"));
    const auto undisturbed = open({});
    fold_to(*undisturbed, journal, journal.size());
    const Ending expected = end(*undisturbed);
    for (Lsn killed_at = slow; killed_at < journal.size(); ++killed_at) {
        const std::string path = fresh();
        {
            const auto brain = open(path);
            fold_to(*brain, journal, killed_at);
            ASSERT_TRUE(brain->snapshot_now());
        }
        const auto brain = open(path);
        fold_to(*brain, journal, journal.size());
        const Ending found = end(*brain);
        ASSERT_EQ(found.tables, expected.tables) << "killed at " << killed_at;
        ASSERT_EQ(found.memory, expected.memory) << "killed at " << killed_at;
    }
}

TEST_F(Refold, ManySnapshotsOfOnlyWhatChangedAreAsGoodAsOne) {
    for (const std::uint64_t seed : {11U, 12U}) {
        SCOPED_TRACE(seed);
        const std::vector<Entry> journal = random_journal(seed, 200);
        const auto undisturbed = open({});
        fold_to(*undisturbed, journal, journal.size());
        const Ending expected = end(*undisturbed);
        const std::string path = fresh();
        SeededRandom random(seed);
        auto brain = open(path);
        while (brain->next_lsn() <= journal.size()) {
            fold_to(
                *brain, journal, std::min<Lsn>(journal.size(), brain->next_lsn() + random.below(9))
            );
            if (random.below(2) == 0) {
                ASSERT_TRUE(brain->snapshot_now());
            }
            if (random.below(4) == 0) {
                brain.reset();
                brain = open(path);
            }
        }
        const Ending found = end(*brain);
        EXPECT_EQ(found.tables, expected.tables);
        EXPECT_EQ(found.memory, expected.memory);
    }
}

TEST_F(Refold, WhatExplainsWhatIsTheSameAfterEveryKill) {
    for (const std::uint64_t seed : {41U, 42U, 43U}) {
        SCOPED_TRACE(seed);
        Network net = large_network();
        live_through_night(net, seed);
        const std::vector<Entry>& journal = net.world.journal();
        const Ending expected = end(net.world.brain());
        SeededRandom random(seed);
        const std::string path = fresh();
        auto brain = open(path);
        while (brain->next_lsn() <= journal.size()) {
            fold_to(
                *brain,
                journal,
                std::min<Lsn>(journal.size(), brain->next_lsn() + random.below(200))
            );
            if (random.below(2) == 0) {
                ASSERT_TRUE(brain->snapshot_now());
            }
            brain.reset();
            brain = open(path);
        }
        const Ending found = end(*brain);
        EXPECT_EQ(found.tables, expected.tables);
        EXPECT_EQ(found.memory, expected.memory);
    }
}

/// Four hosts judged by every kind of condition, with random values, failures, interruptions and changes of their thresholds.
std::vector<Entry> limited_journal(std::uint64_t seed) {
    const auto yaml = [](const std::string& above) {
        return "targets:\n  - name: t{n}\n    each: 1..4\n    class: server\n    address: "
               "127.0.0.{n}\n"
               "    hold: 1s\n    recover: {successes: 1}\n    flapping: {transitions: 3, over: "
               "2m}\n"
               "    probes: [{type: icmp, name: p, interval: 10s, timeout: 1s}]\n    breach:\n     "
               " any:\n"
               "        - {failures: 4}\n        - {availability: \"< 80%\", over: 3m, "
               "min_samples: 3}\n"
               "        - {metric: rtt_avg, above: " +
               above +
               ", clear: 100, for: 2}\n"
               "thresholds:\n  - {name: one, pin: t1, breach: {any: [{metric: loss, above: 5, for: "
               "2}]}}\n";
    };
    BrainWorld world;
    SeededRandom random(seed);
    world.start();
    TestAgent& agent = world.enrol("a1");
    world.load_config(yaml("200"));
    world.connect(agent);
    for (int round = 0; round < 200; ++round) {
        world.advance(std::chrono::seconds(10));
        std::vector<Said> results;
        for (const char* probe : {"t1/p", "t2/p", "t3/p", "t4/p"}) {
            const bool fails = random.below(4) == 0;
            const auto rtt = static_cast<std::int64_t>(random.below(300'000));
            const auto loss = static_cast<std::int64_t>(random.below(100));
            results.push_back({probe, fails ? critical : ok, {}, "", {rtt, loss}});
        }
        world.deliver(agent, std::move(results));
        if (random.below(40) == 0) {
            world.disconnect(agent);
            world.pass(std::chrono::seconds(random.below(90)));
            world.connect(agent);
        }
        if (random.below(40) == 0) {
            world.load_config(yaml(random.below(2) == 0 ? "150" : "250"));
        }
    }
    world.pass(std::chrono::minutes(4));
    return world.journal();
}

TEST_F(Refold, WhatConditionsRememberIsTheSameAfterEveryKill) {
    for (const std::uint64_t seed : {51U, 52U}) {
        SCOPED_TRACE(seed);
        const std::vector<Entry> journal = limited_journal(seed);
        const auto undisturbed = open({});
        fold_to(*undisturbed, journal, journal.size());
        const Ending expected = end(*undisturbed);
        EXPECT_THAT(expected.tables, testing::HasSubstr("\tflapping\t"));
        SeededRandom random(seed);
        const std::string path = fresh();
        auto brain = open(path);
        while (brain->next_lsn() <= journal.size()) {
            fold_to(
                *brain, journal, std::min<Lsn>(journal.size(), brain->next_lsn() + random.below(6))
            );
            if (random.below(2) == 0) {
                ASSERT_TRUE(brain->snapshot_now());
            }
            brain.reset();
            brain = open(path);
        }
        const Ending found = end(*brain);
        EXPECT_EQ(found.tables, expected.tables);
        EXPECT_EQ(found.memory, expected.memory);
    }
}

TEST_F(Refold, OneCommitOverManyEntriesGivesTheSameTables) {
    const std::vector<Entry> journal = random_journal(21, 120);
    const auto undisturbed = open({});
    fold_to(*undisturbed, journal, journal.size());
    const auto at_once = open(fresh());
    for (const Entry& entry : journal) {
        ASSERT_TRUE(at_once->fold(entry));
    }
    ASSERT_TRUE(at_once->commit());
    EXPECT_EQ(*at_once->digest(), *undisturbed->digest());
}

TEST_F(Refold, ASnapshotOfAnUnknownVersionIsRefusedWithAReason) {
    const std::string path = fresh();
    {
        const auto brain = open(path);
        fold_to(*brain, random_journal(31, 5), 8);
        ASSERT_TRUE(brain->snapshot_now());
    }
    {
        auto database = Database::open(path, {.mode = DatabaseMode::writer});
        ASSERT_TRUE(database);
        ASSERT_TRUE(database->execute(
            "UPDATE snapshot_page SET data = x'ff000000' WHERE section = 'position'"
        ));
    }
    const auto refused = Brain::open(options_at(path));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().kind(), ErrorKind::corrupt);
    EXPECT_THAT(refused.error().text(), testing::HasSubstr("restore a backup"));
}

}  // namespace
}  // namespace muster::collector::brain_test
