// What an agent has seen of its machine arrives in the collector's journal, once, with the helper's part and without.
#include "collector/journal/journal_reader.hpp"
#include "tests/support/eventually.hpp"
#include "tests/support/site.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <unistd.h>

namespace muster::test {
namespace {

using namespace std::chrono_literals;
using testing::Contains;
using testing::HasSubstr;

class InventoryOfAnAgent : public ::testing::Test {
  protected:
    void SetUp() override {
        site_.configure("targets: []\n");
        ASSERT_NO_FATAL_FAILURE(site_.start_collector());
        ASSERT_NO_FATAL_FAILURE(site_.start_agent());
    }

    /// All observations in the journal, in order; the collector may run.
    std::vector<collector::DecodedBatch> journalled() {
        std::vector<collector::DecodedBatch> found;
        auto reader = collector::JournalReader::open(site_.data_dir() + "/journal");
        EXPECT_TRUE(reader) << reader.error().text();
        for (collector::Lsn next = 1; reader;) {
            const auto entries = reader->read(next, 256, 1U << 20U);
            EXPECT_TRUE(entries) << entries.error().text();
            if (!entries || entries->empty()) {
                break;
            }
            next += entries->size();
            for (const collector::Entry& entry : *entries) {
                for (const collector::DecodedBatch& batch :
                     entry.batches ? *entry.batches : std::vector<collector::DecodedBatch>{}) {
                    if (batch.observations) {
                        found.push_back(batch);
                    }
                }
            }
        }
        return found;
    }

    Site site_;
};

TEST_F(InventoryOfAnAgent, ReachesTheJournalOnce) {
    ASSERT_TRUE(eventually(30s, [&] { return !journalled().empty(); })) << site_.agent_log();
    const auto found = journalled();
    ASSERT_EQ(found.size(), 1U);
    const wire::Observations& seen = *found[0].observations;
    const wire::ObservedItem& host = seen.items.at(0);
    EXPECT_EQ(host.object, "host");
    const wire::ObservedKey machine{"agent", "machine_key", found[0].agent.text()};
    EXPECT_THAT(host.keys, Contains(machine));
    EXPECT_EQ(host.attributes.count("memory_bytes"), 1U);
    const std::string place = "endpoint/tcp/[::]:" + std::to_string(site_.people_port());
    const std::string other = "endpoint/tcp/127.0.0.1:" + std::to_string(site_.people_port());
    EXPECT_TRUE(std::ranges::any_of(seen.items, [&](const wire::ObservedItem& item) {
        return item.object == place || item.object == other;
    })) << "the collector's own port";
    EXPECT_THAT(site_.agent_log(), HasSubstr("inventory.lacking"));
    EXPECT_EQ(site_.stop_agent(), 0);
    EXPECT_EQ(site_.stop_collector(), 0);
    EXPECT_THAT(site_.collector_log(), testing::Not(HasSubstr("intake.quarantined")));
}

TEST_F(InventoryOfAnAgent, IsSentAgainByTheNextProcessAndKeptWhileTheCollectorIsAway) {
    ASSERT_TRUE(eventually(30s, [&] { return journalled().size() == 1; }));
    EXPECT_EQ(site_.stop_agent(), 0);
    EXPECT_EQ(site_.stop_collector(), 0);
    ASSERT_NO_FATAL_FAILURE(site_.resume_agent());
    ASSERT_TRUE(eventually(30s, [&] {
        const std::string log = site_.agent_log();
        const std::size_t first = log.find("inventory.sent");
        return log.find("inventory.sent", first + 1) != std::string::npos;
    }));
    ASSERT_NO_FATAL_FAILURE(site_.start_collector());
    ASSERT_TRUE(eventually(30s, [&] { return journalled().size() == 2; }));
    const auto found = journalled();
    EXPECT_NE(found[0].observations->run, found[1].observations->run);
    EXPECT_EQ(found[0].agent, found[1].agent);
}

TEST_F(InventoryOfAnAgent, HasTheHelpersPartWhenItsSocketIsThere) {
    ASSERT_TRUE(eventually(30s, [&] { return journalled().size() == 1; }));
    EXPECT_EQ(site_.stop_agent(), 0);
    const std::string socket = site_.dir() / "helper.sock";
    const Process activator = Process::start(
        {"systemd-socket-activate",
         "--accept",
         "--inetd",
         "--listen=" + socket,
         program("muster-inventory")},
        {{}, site_.dir() / "activator.log"}
    );
    ASSERT_TRUE(eventually(10s, [&] { return ::access(socket.c_str(), F_OK) == 0; }));
    const std::string config = site_.dir() / "agent1.yaml";
    write_text(config, read_text(config) + "inventory: {every: 1s, helper: " + socket + "}\n");
    ASSERT_NO_FATAL_FAILURE(site_.resume_agent());
    ASSERT_TRUE(eventually(30s, [&] { return journalled().size() == 2; })) << site_.agent_log();
    const auto found = journalled();
    const wire::Observations& seen = *found[1].observations;
    EXPECT_TRUE(seen.full);
    for (const std::string& fact : seen.lacking) {
        EXPECT_THAT(fact, testing::Not(HasSubstr("what needs rights")));
    }
    // Only the helper may look into the collector's process: the agent has given its capabilities away.
    const auto service = std::ranges::find_if(seen.items, [](const wire::ObservedItem& item) {
        const auto executable = item.attributes.find("executable");
        return executable != item.attributes.end() &&
               executable->second == program("muster-collector");
    });
    ASSERT_NE(service, seen.items.end()) << site_.agent_log();
    const auto at = static_cast<std::uint32_t>(service - seen.items.begin());
    EXPECT_TRUE(std::ranges::any_of(seen.relations, [&](const wire::ObservedRelation& relation) {
        return relation.from == at && relation.type == "provides";
    }));
}

TEST_F(InventoryOfAnAgent, BecomesConfigurationItemsWithRelations) {
    const auto named = [&](const std::string& ci_class) {
        std::vector<std::string> names;
        const auto found = site_.get("/cis?limit=500&class=" + ci_class).body;
        for (const boost::json::value& ci : found.at("items").as_array()) {
            names.push_back(text_of(ci, "name"));
        }
        return names;
    };
    ASSERT_TRUE(eventually(30s, [&] { return named("server").size() == 1; })) << site_.agent_log();
    EXPECT_EQ(named("operating_system").size(), 1U);
    EXPECT_THAT(named("interface"), testing::Not(testing::IsEmpty()));
    EXPECT_THAT(named("agent"), testing::ElementsAre("agent1"));
    const std::string host = named("server").front();
    const CommandResult shown = site_.muster({"ci", "show", host});
    EXPECT_EQ(shown.exit_code, 0) << shown.output;
    EXPECT_THAT(shown.output, HasSubstr("server"));
    EXPECT_THAT(shown.output, HasSubstr("memory_bytes"));
    EXPECT_THAT(shown.output, HasSubstr("contains"));
    EXPECT_THAT(shown.output, HasSubstr("runs      agent1"));
    const CommandResult found = site_.muster({"find", named("interface").front()});
    EXPECT_EQ(found.exit_code, 0) << found.output;
    EXPECT_THAT(found.output, HasSubstr("server " + host));
    const CommandResult past = site_.muster({"ci", "history", host});
    EXPECT_THAT(past.output, HasSubstr("  new  "));
    const CommandResult nothing = site_.muster({"find", "00:11:22:33:44:55"});
    EXPECT_EQ(nothing.exit_code, 1);
}

TEST_F(InventoryOfAnAgent, IsCorrectedByAPersonAndTheCorrectionTakenBack) {
    const auto servers = [&] {
        return site_.get("/cis?class=server").body.at("items").as_array().size();
    };
    ASSERT_TRUE(eventually(30s, [&] { return servers() == 1; })) << site_.agent_log();
    const std::string host = text_of(site_.get("/cis?class=server").body.at("items").at(0), "name");
    ASSERT_EQ(site_.muster({"ci", "create", "server", "shelf1", "--set", "site=HQ"}).exit_code, 0);
    EXPECT_EQ(servers(), 2U);
    const CommandResult tried = site_.muster({"ci", "merge", host, "shelf1", "--dry-run"});
    EXPECT_EQ(tried.exit_code, 0) << tried.output;
    EXPECT_THAT(tried.output, HasSubstr("joined"));
    EXPECT_EQ(servers(), 2U);
    const CommandResult merged = site_.muster({"ci", "merge", host, "shelf1"});
    EXPECT_EQ(merged.exit_code, 0) << merged.output;
    EXPECT_EQ(servers(), 1U);
    const CommandResult back = site_.muster({"ci", "unmerge", "shelf1"});
    EXPECT_EQ(back.exit_code, 0) << back.output;
    EXPECT_EQ(servers(), 2U);
    EXPECT_EQ(site_.muster({"ci", "show", host}).exit_code, 0);
}

TEST_F(InventoryOfAnAgent, IsPrintedByItsCommand) {
    const CommandResult table =
        run_command({program("muster-agent"), "inventory", "--data-dir", site_.agent_dir()});
    EXPECT_EQ(table.exit_code, 0);
    EXPECT_THAT(table.output, HasSubstr("host  (server)\n"));
    EXPECT_THAT(table.output, HasSubstr("key agent/machine_key "));
    EXPECT_THAT(table.output, HasSubstr("lacking: what needs rights: /run/muster-inventory.sock"));
    const CommandResult json =
        run_command({program("muster-agent"), "inventory", "--root", "/nowhere", "--format", "json"}
        );
    EXPECT_THAT(json.output, HasSubstr(R"({"full":true,"items":[{"object":"host")"));
}

}  // namespace
}  // namespace muster::test
