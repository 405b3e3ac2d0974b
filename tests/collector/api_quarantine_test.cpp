#include "base/bytes.hpp"
#include "collector/journal/journal.hpp"
#include "collector/journal/quarantine.hpp"
#include "tests/collector/api_fixture.hpp"

#include <gmock/gmock.h>

#include <string>
#include <vector>

namespace muster::collector::test {
namespace {

using namespace std::chrono_literals;

class QuarantineApi : public ApiTest {
  protected:
    QuarantineApi() {
        state_.agent(7, "edge");
        // Each append begins a segment.
        JournalOptions options;
        options.directory = dir_ / "journal";
        options.segment_bytes = 1;
        auto journal = Journal::open(options);
        EXPECT_TRUE(journal) << journal.error().text();
        set_aside(*journal, 7, 1, "an epoch never issued", "first");
        set_aside(*journal, 8, 1, "garbage", std::string("\0\xff", 2));
        set_aside(*journal, 7, 2, "probe 10 is not among the 10", "third, and longer");
    }

    void set_aside(
        Journal& journal,
        std::uint8_t agent,
        std::uint64_t seq,
        const std::string& why,
        const std::string& payload
    ) {
        Pending bad;
        bad.kind = EntryKind::batch;
        const AgentId whose(*Uuid::from_bytes(id_bytes(agent)));
        const SpoolId spool(*Uuid::from_bytes(id_bytes(100)));
        bad.batch.cursors.push_back(
            {.agent = whose, .spool = spool, .first_seq = seq, .last_seq = seq}
        );
        bad.batch.quarantined.push_back(
            {.agent = whose, .spool = spool, .seq = seq, .why = why, .payload = payload}
        );
        Pending tick;
        tick.kind = EntryKind::tick;
        std::vector<Pending> together;
        together.push_back(std::move(bad));
        together.push_back(std::move(tick));
        at_ += 1s;
        const JournalMoment moment{Elapsed(at_), wall_from_ns(0) + at_};
        EXPECT_TRUE(journal.append(std::move(together), moment));
        EXPECT_TRUE(journal.maintain(moment.elapsed));
    }

    /// `member` of each item of a list.
    std::vector<std::string> listed(const std::string& target, const std::string& member) {
        std::vector<std::string> found;
        const auto body = body_of(get("/api/v1/quarantine" + target));
        for (const boost::json::value& item : body.at("items").as_array()) {
            found.emplace_back(item.at(member).as_string());
        }
        return found;
    }

    Duration at_ = 1000s;
};

TEST_F(QuarantineApi, ListsWhatWasSetAsideInAllSegmentsTheNewestFirst) {
    EXPECT_THAT(
        listed("", "why"),
        testing::ElementsAre("probe 10 is not among the 10", "garbage", "an epoch never issued")
    );
    const auto body = body_of(get("/api/v1/quarantine?q=why%20~%20%22%2Aepoch%2A%22"));
    ASSERT_EQ(body.at("items").as_array().size(), 1U) << body;
    const boost::json::value& item = body.at("items").at(0);
    EXPECT_EQ(item.at("agent").at("name"), "edge");
    EXPECT_EQ(item.at("agent").at("id").as_string(), id_text(7));
    EXPECT_EQ(item.at("spool").as_string(), id_text(100));
    EXPECT_EQ(item.at("seq"), 1);
    EXPECT_EQ(item.at("bytes"), 5);
    EXPECT_EQ(item.at("at"), "1970-01-01T00:16:41.000Z");
    EXPECT_THAT(listed("?q=agent%3Dedge&sort=at", "why"), testing::SizeIs(2));
    EXPECT_EQ(
        body_of(get("/api/v1/quarantine?sort=bytes&limit=1"))
            .at("items")
            .at(0)
            .at("agent")
            .at("name"),
        boost::json::value()
    ) << "of an agent that the record does not know";
}

TEST_F(QuarantineApi, GivesABytesOfOneAsTheyCame) {
    const std::vector<std::string> ids = listed("", "id");
    ASSERT_EQ(ids.size(), 3U);
    const auto garbage = body_of(get("/api/v1/quarantine/" + ids[1]));
    EXPECT_EQ(garbage.at("why"), "garbage");
    const auto payload = from_base64url(std::string(garbage.at("payload").as_string()));
    ASSERT_TRUE(payload);
    EXPECT_EQ(*payload, std::string("\0\xff", 2));
    for (const char* nowhere : {"1-99", "77-1", "1", "1-", "-1", "1-1-1", "1-01", "x"}) {
        EXPECT_EQ(get(std::string("/api/v1/quarantine/") + nowhere).status, 404) << nowhere;
    }
}

TEST_F(QuarantineApi, IsForAdministratorsOfAllSites) {
    around_.granted = Permission::edit;
    EXPECT_EQ(get("/api/v1/quarantine").status, 403);
    EXPECT_EQ(get("/api/v1/quarantine/1-1").status, 403);
    around_.granted = Permission::administer;
    around_.scope = ReadScope::of_sites({"HQ"});
    EXPECT_EQ(get("/api/v1/quarantine").status, 403);
}

}  // namespace
}  // namespace muster::collector::test
