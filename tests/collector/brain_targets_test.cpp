// Probes that targets declare are planned where those of policies are: thresholds count for them whenever their CI changes.
#include "base/database.hpp"
#include "brain_world.hpp"

#include <boost/json.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <unistd.h>

namespace muster::collector::brain_test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

const std::string watch = R"(targets:
  - {name: web, class: server, address: 10.0.0.5, breach: {failures: 3}, probes: [{type: icmp, name: p}]}
thresholds:
  - name: important
    match: class = virtual_machine and criticality = high and owner_team = ops and site = HQ
    breach: {any: [{metric: rtt_avg, above: 200}]}
  - name: patient
    match: customer_tier = gold
    breach: {any: [{metric: loss, above: 5}]}
)";

class BrainTargets : public testing::Test {
  protected:
    BrainTargets() {
        world_.start();
        world_.connect(world_.enrol("a", "HQ"));
        world_.load_config(watch);
    }

    std::string id() {
        for (const auto& row : world_.rows("ci")) {
            if (row[2] == "web") {
                std::string text = row[0].substr(1);
                for (const std::size_t at : {20U, 16U, 12U, 8U}) {
                    text.insert(at, "-");
                }
                return text;
            }
        }
        return "no such CI";
    }

    void ask(const std::string& name, const std::string& more) {
        const Verdict verdict = world_.command(name, R"({"id":")" + id() + "\"" + more + "}");
        EXPECT_EQ(verdict.status, 200) << verdict.body;
    }

    /// The rules of its probes that are there.
    std::vector<std::string> rules() {
        std::vector<std::string> out;
        for (const auto& row : world_.rows("probe")) {
            if (row[5] == "target web" && row[17] == "-") {
                out.push_back(row[10]);
            }
        }
        return out;
    }

    BrainWorld world_;
};

TEST_F(BrainTargets, AreJudgedByTheThresholdsThatMatchTheirCiNow) {
    ASSERT_EQ(rules().size(), 1U);
    const std::string declared = rules().front();
    EXPECT_EQ(declared.find("loss"), std::string::npos) << declared;
    ask("ci.edit", R"(,"set":{"customer_tier":"gold"})");
    EXPECT_THAT(rules(), ElementsAre(HasSubstr("loss")));
    ask("ci.edit", R"(,"unset":["customer_tier"])");
    EXPECT_THAT(rules(), ElementsAre(declared));
}

TEST_F(BrainTargets, AreJudgedByTheirClassOfNow) {
    ask("ci.edit", R"(,"set":{"criticality":"high","owner_team":"ops","site":"HQ"})");
    EXPECT_EQ(rules().front().find("rtt_avg"), std::string::npos);
    ask("ci.reclassify", R"(,"class":"virtual_machine")");
    EXPECT_THAT(rules(), ElementsAre(HasSubstr("rtt_avg")));
}

TEST_F(BrainTargets, ComeBackWithTheirProbesWhenTheirCiDoes) {
    ask("ci.retire", "");
    EXPECT_THAT(rules(), IsEmpty());
    ask("ci.edit", R"(,"set":{"lifecycle":"in_service"})");
    EXPECT_EQ(rules().size(), 1U);
}

TEST_F(BrainTargets, FollowFromTheirProbesInAStateThatIsOlder) {
    const std::filesystem::path folder =
        std::filesystem::temp_directory_path() / ("muster-older-" + std::to_string(::getpid()));
    std::filesystem::create_directories(folder);
    const std::string path = (folder / "state.db").string();
    const auto fold_all = [&](Brain& brain) {
        for (Lsn next = brain.next_lsn(); next <= world_.journal().size(); ++next) {
            ASSERT_TRUE(brain.fold(world_.journal()[next - 1]));
            ASSERT_TRUE(brain.commit());
        }
    };
    {
        auto brain = Brain::open(options_at(path));
        ASSERT_TRUE(brain);
        fold_all(*brain);
        ASSERT_TRUE(brain->snapshot_now());
    }
    {
        // As version 3 had it: the number stands first in the section "position", and there is no section of targets.
        auto database = Database::open(path, {});
        ASSERT_TRUE(database);
        ASSERT_TRUE(database->execute("DELETE FROM snapshot_page WHERE section = 'targets'"));
        ASSERT_TRUE(database->execute(
            "UPDATE snapshot_page SET data = CAST(x'03000000' || substr(data, 5) AS BLOB) "
            "WHERE section = 'position' AND page = 0"
        ));
    }
    ask("ci.edit", R"(,"set":{"customer_tier":"gold"})");
    auto again = Brain::open(options_at(path));
    ASSERT_TRUE(again) << again.error().text();
    fold_all(*again);
    EXPECT_EQ(*again->digest(), *world_.brain().digest()) << "the probe goes on, judged anew";
    std::filesystem::remove_all(folder);
}

TEST_F(BrainTargets, AreSavedWithTheRest) {
    const std::filesystem::path folder =
        std::filesystem::temp_directory_path() / ("muster-targets-" + std::to_string(::getpid()));
    std::filesystem::create_directories(folder);
    const std::string path = (folder / "state.db").string();
    const auto fold_all = [&](Brain& brain) {
        for (Lsn next = brain.next_lsn(); next <= world_.journal().size(); ++next) {
            ASSERT_TRUE(brain.fold(world_.journal()[next - 1]));
            ASSERT_TRUE(brain.commit());
        }
    };
    {
        auto brain = Brain::open(options_at(path));
        ASSERT_TRUE(brain);
        fold_all(*brain);
        ASSERT_TRUE(brain->snapshot_now());
    }
    ask("ci.edit", R"(,"set":{"customer_tier":"gold"})");
    auto again = Brain::open(options_at(path));
    ASSERT_TRUE(again) << again.error().text();
    fold_all(*again);
    EXPECT_EQ(again->memory_digest(), world_.brain().memory_digest());
    std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace muster::collector::brain_test
