#include "tests/collector/api_fixture.hpp"

#include <gmock/gmock.h>

namespace muster::collector::test {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

/// INC-1 about web4 opened 100 hours after the epoch, at position 20 of the journal; eth0 is part of web4.
class ApiChanges : public ApiTest {
  protected:
    ApiChanges() {
        state_.ci(1, "web4");
        state_.ci(2, "eth0");
        state_.ci(3, "far", "up", "Branch");
        state_.ci(4, "other");
        state_.incident(1, 1);
        state_.timeline(1, 20, "opened");
        execute("UPDATE incident SET opened = " + hours(100));
        relation(1, 2, "contains", "1", "NULL", "3, NULL");
    }

    void execute(const std::string& sql) {
        const Status done = state_.database().execute(sql);
        ASSERT_TRUE(done) << done.error().text();
    }

    static std::string hours(int count) { return std::to_string(count) + "0000000000" + "*360"; }

    static std::string id(int number) {
        return "x'0000000000000000000000000000000" + std::to_string(number) + "'";
    }

    void attribute(
        int ci,
        const std::string& name,
        const std::string& value,
        const std::string& from,
        const std::string& to,
        const std::string& positions
    ) {
        execute(
            "INSERT INTO ci_attribute VALUES (" + id(ci) + ", '" + name + "', '" + value +
            "', 'agent a', " + from + ", " + to + ", " + positions + ")"
        );
    }

    void relation(
        int from_ci,
        int to_ci,
        const std::string& type,
        const std::string& from,
        const std::string& to,
        const std::string& positions
    ) {
        const std::string target = std::to_string(to_ci);
        execute(
            "INSERT INTO ci_relation VALUES ('agent a', '" + std::to_string(from_ci) + "', '" +
            type + "', '" + target + "', " + id(from_ci) + ", " + id(to_ci) + ", " + from + ", " +
            to + ", " + positions + ")"
        );
    }

    /// Becomes `after` at that hour, as known from `position` on.
    void change(int ci, const std::string& name, int hour, int position) {
        const std::string known = std::to_string(position);
        attribute(ci, name, "old", "1", "NULL", "3, " + known);
        attribute(ci, name, "old", "1", hours(hour), known + ", NULL");
        attribute(ci, name, "new", hours(hour), "NULL", known + ", NULL");
    }

    std::vector<std::string> changes() {
        const HttpResponse response = get("/api/v1/incidents/1");
        EXPECT_EQ(response.status, 200) << response.body;
        const boost::json::value body = body_of(response);
        std::vector<std::string> out;
        for (const boost::json::value& each : body.at("changes").as_array()) {
            const auto text = [&](const char* member) {
                const boost::json::value& value = each.at(member);
                return value.is_null() ? std::string("-") : std::string(value.as_string());
            };
            out.push_back(
                std::string(each.at("ci").at("name").as_string()) + " " + text("name") + ": " +
                text("before") + " → " + text("after")
            );
        }
        return out;
    }
};

TEST_F(ApiChanges, AreThoseOfTheItemAndItsNeighboursWithinADayNewestFirst) {
    change(1, "hostname", 90, 7);
    change(2, "mac", 95, 8);
    change(1, "os", 50, 5);
    change(4, "hostname", 95, 8);
    EXPECT_THAT(changes(), ElementsAre("eth0 mac: old → new", "web4 hostname: old → new"));
}

TEST_F(ApiChanges, AreWhatWasKnownWhenTheIncidentOpened) {
    change(1, "hostname", 90, 7);
    change(1, "serial", 91, 21);
    execute("UPDATE ci_attribute SET superseded_lsn = 30 WHERE value = 'new' AND name = 'hostname'"
    );
    relation(1, 4, "depends_on", hours(92), "NULL", "22, NULL");
    EXPECT_THAT(changes(), ElementsAre("web4 hostname: old → new"));
}

TEST_F(ApiChanges, TellOfValuesThatAreGone) {
    attribute(1, "slot", "7", "1", hours(99), "9, NULL");
    EXPECT_THAT(changes(), ElementsAre("web4 slot: 7 → -"));
}

TEST_F(ApiChanges, TellOfRelationsThatBeganAndEnded) {
    relation(1, 3, "depends_on", "1", hours(80), "9, NULL");
    relation(4, 1, "depends_on", hours(85), "NULL", "10, NULL");
    EXPECT_THAT(changes(), ElementsAre("web4 depends_on: - → other", "web4 depends_on: far → -"));
    around_.scope = ReadScope::of_sites({"HQ"});
    EXPECT_THAT(changes(), ElementsAre("web4 depends_on: - → other")) << "far is elsewhere";
}

TEST_F(ApiChanges, OfANewItemAreItsCreationAndNotAllItCameWith) {
    execute("UPDATE ci SET created = " + hours(99) + " WHERE name = 'other'");
    execute(
        "INSERT INTO ci_ledger VALUES (11, 0, " + hours(99) + ", 'created', " + id(4) +
        ", NULL, '', 'first statement of it')"
    );
    attribute(4, "serial", "S1", hours(99), "NULL", "11, NULL");
    relation(1, 4, "contains", hours(99), "NULL", "11, NULL");
    EXPECT_THAT(changes(), ElementsAre("other created: - → -", "web4 contains: - → other"));
}

TEST_F(ApiChanges, AreAtMostTwenty) {
    for (int i = 0; i < 30; ++i) {
        change(1, "a" + std::to_string(i), 80, 7);
    }
    EXPECT_THAT(changes(), SizeIs(20));
}

TEST_F(ApiChanges, AreNoneOfAnIncidentAboutNoItem) {
    change(1, "hostname", 90, 7);
    execute("UPDATE incident SET ci = NULL");
    EXPECT_THAT(changes(), IsEmpty());
}

}  // namespace
}  // namespace muster::collector::test
