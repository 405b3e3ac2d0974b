// What the brain does once its record was put back from a backup.
#include "brain_world.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace muster::collector::brain_test {
namespace {

using namespace std::chrono_literals;
using ::testing::Contains;
using ::testing::Each;
using ::testing::HasSubstr;

constexpr std::size_t outbox_state = 6;
constexpr std::size_t outbox_error = 8;
constexpr std::size_t timeline_text = 6;
constexpr std::size_t receipt_reason = 5;
constexpr const char* channel =
    "channels:\n  - {name: ops, url: \"https://127.0.0.1:1/x\", secret: {file: /s}, rate: "
    "{messages: 1, "
    "per: 1h}}\ntargets:\n";

std::string target(const std::string& name) {
    return "  - {name: " + name + ", address: 192.0.2." + name.substr(1) +
           ", breach: {failures: 3}, recover: {successes: 2}, hold: 1s, probes: [{type: icmp, "
           "name: "
           "p, interval: 1s, timeout: 500ms}]}\n";
}

class Restoring : public ::testing::Test {
  protected:
    Restoring() {
        world_.start();
        agent_ = &world_.enrol("a1");
        world_.load_config(channel + target("t1") + target("t2") + target("t3"));
        world_.connect(*agent_);
        measure(ok, 2);
    }

    void measure(wire::ResultState state, int times) {
        for (int i = 0; i < times; ++i) {
            world_.advance(1s);
            world_.deliver(*agent_, {{"t1/p", state}, {"t2/p", state}, {"t3/p", ok}});
            world_.append(EntryKind::tick);
        }
    }

    void restore(std::uint64_t incidents) {
        proto::CollectorRestored body;
        body.set_from_lsn(1);
        body.set_backup("20261201T033049.123Z");
        body.set_incidents(incidents);
        world_.append(EntryKind::collector_restored, body.SerializeAsString());
        world_.start();
        world_.connect(*agent_);
    }

    BrainWorld world_;
    TestAgent* agent_ = nullptr;
};

TEST_F(Restoring, NobodyIsToldLateOfWhatTheBackupHadToTell) {
    measure(critical, 8);
    ASSERT_EQ(world_.incidents("new"), 2U);
    ASSERT_EQ(world_.outbox().size(), 1U) << "the other waits for the digest";
    restore(0);
    EXPECT_THAT(world_.column("outbox", outbox_state), Each("given_up"));
    EXPECT_THAT(world_.column("outbox", outbox_error), Each("unsent, restored"));
    EXPECT_THAT(
        world_.column("incident_timeline", timeline_text),
        Contains(HasSubstr("whether ops was told is not known"))
    );
    EXPECT_THAT(world_.column("receipt", receipt_reason), Contains("restored"));
    for (int i = 0; i < 90 * 6; ++i) {
        world_.advance(10s);
        world_.alive(*agent_);
    }
    EXPECT_EQ(world_.outbox().size(), 1U) << "nor by a digest";
    measure(ok, 8);
    EXPECT_EQ(world_.outbox().size(), 2U) << "but that it is over is told";
}

TEST_F(Restoring, NumbersThatMayHaveBeenGivenAreNotGivenAgain) {
    const auto number = [this] {
        const Verdict verdict =
            world_.command("incident.create", R"({"title":"x","kind":"reported"})");
        EXPECT_EQ(verdict.status, 201) << verdict.body;
        return world_.column("incident", 0).back();
    };
    EXPECT_EQ(number(), "1");
    restore(130);
    EXPECT_EQ(number(), "131");
    restore(100);
    EXPECT_EQ(number(), "132");
}

TEST_F(Restoring, AssignmentsGetAnEpochThatNoSpoolHolds) {
    const std::uint32_t before = agent_->epoch;
    restore(0);
    EXPECT_GE(agent_->epoch, before + 1000U);
    measure(critical, 8);
    EXPECT_EQ(world_.incidents("new"), 2U) << "and results under it count";
}

}  // namespace
}  // namespace muster::collector::brain_test
