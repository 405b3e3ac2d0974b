#include "collector/api/event_store.hpp"
#include "tests/collector/api_fixture.hpp"

#include <gmock/gmock.h>

#include <random>
#include <sstream>

namespace muster::collector::test {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

struct Told {
    std::string id;
    std::string kind;
    std::string data;
};

/// Whole events of a stream's text: what no empty line ends is not there.
std::vector<Told> events_in(const std::string& text) {
    std::vector<Told> all;
    Told now;
    const std::string whole = text.substr(0, text.rfind("\n\n") + 2);
    if (text.find("\n\n") == std::string::npos) {
        return all;
    }
    std::istringstream lines(whole);
    std::string line;
    while (std::getline(lines, line)) {
        if (line.empty()) {
            if (!now.kind.empty()) {
                all.push_back(now);
            }
            now = {};
        } else if (line.starts_with("id: ")) {
            now.id = line.substr(4);
        } else if (line.starts_with("event: ")) {
            now.kind = line.substr(7);
        } else if (line.starts_with("data: ")) {
            now.data = line.substr(6);
        }
    }
    return all;
}

std::vector<std::string> ids_of(const std::vector<Told>& events) {
    std::vector<std::string> ids;
    for (const Told& event : events) {
        ids.push_back(event.id);
    }
    return ids;
}

class ApiEvents : public ApiTest {
  protected:
    /// As the brain writes it.
    void event(
        std::int64_t lsn,
        std::int64_t ordinal,
        const std::string& kind,
        const std::string& change,
        std::int64_t incident = 0,
        std::uint8_t ci = 0
    ) {
        Result<Statement> row = state_.database().prepare(
            "INSERT INTO event (lsn, ordinal, wall, kind, change, incident, ci, actor, text)"
            " VALUES (?1, ?2, ?1, ?3, ?4, NULLIF(?5, 0), ?6, 'anna', '')"
        );
        ASSERT_TRUE(row) << row.error().text();
        const std::string bytes = id_bytes(ci);
        row->bind(0, lsn)
            .bind(1, ordinal)
            .bind_text(2, kind)
            .bind_text(3, change)
            .bind(4, incident);
        if (ci == 0) {
            row->bind_null(5);
        } else {
            row->bind_blob(5, bytes);
        }
        const auto inserted = row->run();
        ASSERT_TRUE(inserted) << inserted.error().text();
    }

    wire::HttpCall stream_call(const std::string& path, const std::string& after = "") const {
        wire::HttpCall get;
        get.url = url(path);
        get.trust.ca_pem = authority_.certificate_pem;
        get.headers["Authorization"] = "Bearer good";
        if (!after.empty()) {
            get.headers["Last-Event-ID"] = after;
        }
        return get;
    }

    /// The text of a stream until the server ends it, or until `cut` bytes have come.
    std::string stream(
        const std::string& path, const std::string& after = "", std::size_t cut = SIZE_MAX
    ) {
        std::string text;
        wire::HttpCall get = stream_call(path, after);
        get.on_body = [&](std::string_view piece) {
            text += piece;
            return text.size() < cut;
        };
        const auto answer = call(std::move(get));
        EXPECT_TRUE(answer) << answer.error().text();
        EXPECT_EQ(answer ? answer->status : 0, 200);
        return text.substr(0, cut);
    }
};

TEST_F(ApiEvents, AreToldWithWhatTheyAreAbout) {
    state_.ci(1, "intranet");
    state_.incident(7, 1);
    event(12, 0, "incident", "opened", 7);
    listen();
    const auto told = events_in(stream("/api/v1/events?from=1970-01-01T00:00:00Z&follow=0"));
    ASSERT_EQ(told.size(), 1U);
    EXPECT_EQ(told[0].id, "12.0");
    EXPECT_EQ(told[0].kind, "incident");
    const auto data = boost::json::parse(told[0].data);
    EXPECT_EQ(data.at("id"), "12.0");
    EXPECT_EQ(data.at("kind"), "incident");
    EXPECT_EQ(data.at("change"), "opened");
    EXPECT_EQ(data.at("actor"), "anna");
    EXPECT_EQ(data.at("incident").at("id"), "INC-7");
    EXPECT_EQ(data.at("incident").at("title"), "intranet is down");
    EXPECT_EQ(data.at("ci").at("name"), "intranet");
    EXPECT_TRUE(data.at("agent").is_null());
}

TEST_F(ApiEvents, MissNothingAndRepeatNothingHoweverOftenTheStreamIsCut) {
    state_.ci(1, "intranet");
    state_.incident(1, 1);
    listen();
    std::mt19937 chance(20261130);  // NOLINT: the same cuts in every run
    std::vector<std::string> written;
    std::vector<std::string> read;
    std::string after = "0.0";
    std::int64_t lsn = 1;
    for (int round = 0; round < 60; ++round) {
        for (auto i = chance() % 12; i > 0; --i) {
            const auto ordinal = static_cast<std::int64_t>(chance() % 3);
            for (std::int64_t at = 0; at <= ordinal; ++at) {
                event(lsn, at, "incident", "comment", 1);
                written.push_back(std::to_string(lsn) + "." + std::to_string(at));
            }
            lsn += 1 + static_cast<std::int64_t>(chance() % 5);
        }
        api_->events().wake();
        const std::size_t cut = 1 + chance() % 4000;
        for (const Told& told : events_in(stream("/api/v1/events?follow=0", after, cut))) {
            read.push_back(told.id);
            after = told.id;
        }
    }
    for (const Told& told : events_in(stream("/api/v1/events?follow=0", after))) {
        read.push_back(told.id);
    }
    EXPECT_GT(written.size(), 200U);
    EXPECT_EQ(read, written);
}

TEST_F(ApiEvents, ComeWhenTheyAreCommitted) {
    listen();
    std::string text;
    wire::HttpCall get = stream_call("/api/v1/events");
    get.on_body = [&](std::string_view piece) {
        const bool is_first = text.empty();
        text += piece;
        if (is_first) {
            event(5, 0, "configuration", "loaded");
            api_->events().wake();
        }
        return text.find("loaded") == std::string::npos;
    };
    ASSERT_TRUE(call(std::move(get)));
    const auto told = events_in(text);
    ASSERT_EQ(told.size(), 2U);
    EXPECT_EQ(told[0].kind, "start");
    EXPECT_EQ(told[0].id, "0.0");
    EXPECT_EQ(told[1].kind, "configuration");
    EXPECT_THAT(text, testing::StartsWith("retry: 2000\n\n"));
}

TEST_F(ApiEvents, OfOtherSitesAreNotToldButPassed) {
    state_.ci(1, "here", "up", "HQ");
    state_.ci(2, "elsewhere", "up", "Depot");
    state_.incident(1, 1);
    state_.incident(2, 2);
    event(1, 0, "incident", "opened", 1);
    event(2, 0, "incident", "opened", 2);
    event(3, 0, "ci", "down", 0, 2);
    event(4, 0, "configuration", "loaded");
    around_.scope = ReadScope::of_sites({"HQ"});
    listen();
    const std::string text = stream("/api/v1/events?follow=0", "0.0");
    EXPECT_THAT(ids_of(events_in(text)), ElementsAre("1.0", "4.0"));
    EXPECT_EQ(text.find("elsewhere"), std::string::npos);
    EXPECT_THAT(ids_of(events_in(stream("/api/v1/events?follow=0", "1.0"))), ElementsAre("4.0"));
}

TEST_F(ApiEvents, OfAWindowAreToldToThoseWhoSeeIt) {
    ASSERT_TRUE(state_.database().execute(
        "INSERT INTO maintenance_window (number, scope, match, ci, sites, state, from_wall, "
        "to_wall, "
        "reason, created, created_by, ended, ended_by, version) VALUES"
        " (1, 'x', '', NULL, '[\"HQ\"]', 'active', 1, 9, 'upgrade', 1, 'anna', NULL, '', 1),"
        " (2, 'x', '', NULL, '[\"Depot\"]', 'active', 1, 9, 'move', 1, 'anna', NULL, '', 2),"
        " (3, 'x', '', NULL, NULL, 'active', 1, 9, 'all', 1, 'anna', NULL, '', 3);"
        "INSERT INTO event (lsn, ordinal, wall, kind, change, actor, text) VALUES"
        " (1, 0, 1, 'window', 'active', 'anna', '1'), (2, 0, 1, 'window', 'active', 'anna', '2'),"
        " (3, 0, 1, 'window', 'active', 'anna', '3')"
    ));
    listen();
    const auto all = events_in(stream("/api/v1/events?follow=0", "0.0"));
    ASSERT_EQ(all.size(), 3U);
    const auto first = boost::json::parse(all[0].data);
    EXPECT_EQ(first.at("window").at("id"), "WIN-1");
    EXPECT_EQ(first.at("window").at("reason"), "upgrade");
    EXPECT_EQ(first.at("text"), "");
    around_.scope = ReadScope::of_sites({"HQ"});
    EXPECT_THAT(ids_of(events_in(stream("/api/v1/events?follow=0", "0.0"))), ElementsAre("1.0"))
        << "of one for all sites, those see it whose CIs it covers";
}

TEST_F(ApiEvents, TellAFollowerThatHasMissedSomeToLoadAgain) {
    for (std::int64_t lsn = 1; lsn <= 5; ++lsn) {
        event(lsn, 0, "configuration", "loaded");
    }
    ASSERT_TRUE(state_.database().execute("DELETE FROM event WHERE lsn <= 3"));
    listen();
    const auto told = events_in(stream("/api/v1/events?follow=0", "1.0"));
    ASSERT_EQ(told.size(), 1U);
    EXPECT_EQ(told[0].kind, "reset");
    EXPECT_EQ(told[0].id, "5.0");
    EXPECT_THAT(ids_of(events_in(stream("/api/v1/events?follow=0", "4.0"))), ElementsAre("5.0"));
    const auto ahead = events_in(stream("/api/v1/events?follow=0", "99.0"));
    ASSERT_EQ(ahead.size(), 1U);
    EXPECT_EQ(ahead[0].kind, "reset");
}

TEST_F(ApiEvents, KeepTheNewestAlone) {
    ASSERT_TRUE(state_.database().execute(
        "INSERT INTO event (row, lsn, ordinal, wall, kind, change, actor, text) VALUES"
        " (1, 1, 0, 1, 'configuration', 'loaded', '', ''),"
        " (2000, 2000, 0, 1, 'configuration', 'loaded', '', ''),"
        " (101999, 101999, 0, 1, 'configuration', 'loaded', '', '')"
    ));
    event(102'000, 0, "configuration", "loaded");
    listen();
    EXPECT_THAT(
        ids_of(events_in(stream("/api/v1/events?follow=0", "101998.0"))), ElementsAre("102000.0")
    ) << "a position before all that is kept may have missed some";
    EXPECT_THAT(
        ids_of(events_in(stream("/api/v1/events?follow=0&from=1970-01-01T00:00:00Z"))),
        ElementsAre("102000.0")
    );
}

TEST_F(ApiEvents, RefuseAPositionThatIsNone) {
    for (const char* id :
         {"x", "1", "1.", ".1", "-1.0", "1.0.0", "1.0 ", "01.0", "99999999999999999999.0"}) {
        HttpRequest request;
        request.method = "GET";
        request.path = "/api/v1/events";
        request.headers["authorization"] = "Bearer good";
        request.headers["last-event-id"] = id;
        const HttpResponse response = ask(std::move(request));
        EXPECT_EQ(response.status, 400) << id;
        EXPECT_THAT(response.body, HasSubstr("Last-Event-ID"));
    }
    EXPECT_EQ(get("/api/v1/events?from=yesterday").status, 400);
    EXPECT_EQ(get("/api/v1/events?follow=maybe").status, 400);
}

TEST_F(ApiEvents, EndWithTheTokenTheyWereAskedWith) {
    listen();
    std::size_t pieces = 0;
    wire::HttpCall get = stream_call("/api/v1/events");
    get.on_body = [&](std::string_view) {
        ++pieces;
        around_.granted = Permission::nobody;
        clock_.advance(6s);
        api_->events().wake();
        return true;
    };
    const auto answer = call(std::move(get));
    ASSERT_TRUE(answer) << "the server ends it: " << answer.error().text();
    EXPECT_GE(pieces, 1u);
}

TEST_F(ApiEvents, AreFollowedByABoundedNumber) {
    std::vector<HttpResponse> followers;
    for (std::size_t i = 0; i < most_followers; ++i) {
        followers.push_back(get("/api/v1/events"));
        EXPECT_EQ(followers.back().status, 200);
    }
    const HttpResponse refused = get("/api/v1/events");
    EXPECT_EQ(refused.status, 503);
    EXPECT_THAT(refused.headers, testing::Contains(testing::Key("Retry-After")));
    followers.pop_back();
    EXPECT_EQ(get("/api/v1/events").status, 200);
}

TEST_F(ApiEvents, LetTheListenerStop) {
    listen();
    bool is_stopped = false;
    wire::HttpCall get = stream_call("/api/v1/events");
    get.on_body = [&](std::string_view) {
        if (!is_stopped) {
            is_stopped = true;
            server_->stop();
        }
        return true;
    };
    const auto answer = call(std::move(get));
    EXPECT_TRUE(is_stopped);
    stop_listening();
    EXPECT_EQ(api_->events().followers(), 0U);
}

}  // namespace
}  // namespace muster::collector::test
