// A maintenance window as a person makes it: what fails inside opens nothing and says why; what people do with what is left.
#include "tests/support/eventually.hpp"
#include "tests/support/own_network.hpp"
#include "tests/support/site.hpp"
#include "tests/support/temp_dir.hpp"
#include "tests/support/webhook_listener.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace muster::test {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::Not;

/// Two hosts that answer, watched by one agent.
class MaintenanceWindow : public ::testing::Test {
  protected:
    void SetUp() override {
        std::string why;
        ASSERT_TRUE(enter_own_network(why)) << why;
        hook_.emplace();
        write_text(site_.dir() / "hmac", "hook key");
        site_.configure(
            "channels:\n  - {name: ops, type: webhook, url: \"" + hook_->url() +
            "\", secret: {file: " + (site_.dir() / "hmac") + "}}\ntargets:\n" + target("web4") +
            target("db1")
        );
        ASSERT_NO_FATAL_FAILURE(site_.start_collector());
        ASSERT_NO_FATAL_FAILURE(site_.start_agent());
        ASSERT_TRUE(eventually(20s, [&] {
            auto states = site_.probe_states();
            return states["web4 icmp"] == "ok" && states["db1 icmp"] == "ok";
        }));
    }

    /// Endpoints: no machine that would bring the other along.
    static std::string target(const std::string& name) {
        return "  - name: " + name + "\n    address: 127.0.0.9\n    hold: 250ms\n" +
               "    probes:\n      - {type: icmp, count: 1, interval: 250ms, timeout: 200ms}\n";
    }

    /// What the command line says; it must succeed.
    std::string said(std::vector<std::string> arguments) {
        const CommandResult result = site_.muster(std::move(arguments));
        EXPECT_EQ(result.exit_code, 0) << result.output;
        return result.output;
    }

    Site site_;
    std::optional<WebhookListener> hook_;
};

TEST_F(MaintenanceWindow, OpensNothingForWhatFailsInsideAndSaysWhy) {
    EXPECT_THAT(
        said({"window", "start", "web4", "--for", "2h", "--reason", "new firmware"}),
        HasSubstr("WIN-1 active: web4 until")
    );
    EXPECT_THAT(said({"window", "list"}), HasSubstr("new firmware"));
    EXPECT_THAT(said({"window", "show", "WIN-1"}), HasSubstr("web4"));
    set_pings_v4(Pings::ignored);
    EXPECT_TRUE(eventually(20s, [&] { return site_.open_incidents() == 1; }));
    EXPECT_TRUE(eventually(10s, [&] {
        return said({"receipts"}).find("maintenance window") != std::string::npos;
    }));
    EXPECT_THAT(said({"incident", "list"}), HasSubstr("db1"));
    EXPECT_THAT(said({"incident", "list"}), Not(HasSubstr("web4")));
    const std::string why = said({"why", "web4"});
    EXPECT_THAT(why, HasSubstr("inside WIN-1 (new firmware) until"));
    EXPECT_THAT(why, HasSubstr("without WIN-1 it would have paged"));

    // The window is over before its time: what did not come back is an incident.
    EXPECT_THAT(said({"window", "cancel", "1"}), HasSubstr("WIN-1 cancelled"));
    EXPECT_TRUE(eventually(20s, [&] { return site_.open_incidents() == 2; }));

    // What is left is worked on, one by one and all at once.
    EXPECT_THAT(said({"incident", "take", "1"}), HasSubstr("INC-1 taken"));
    EXPECT_THAT(
        said({"incident", "pending", "1", "--reason", "supplier", "a new cable"}),
        HasSubstr("INC-1 waiting")
    );
    EXPECT_THAT(said({"incident", "show", "1"}), HasSubstr("supplier since"));
    EXPECT_THAT(
        said({"incident", "create", "mail is slow", "--kind", "request", "--urgency", "low"}),
        HasSubstr("INC-3 opened, priority 4")
    );
    EXPECT_THAT(
        said({"incident", "link", "INC-2", "caused_by", "INC-1"}), HasSubstr("INC-2 linked")
    );
    EXPECT_THAT(said({"incident", "show", "2"}), HasSubstr("INC-1 (pending)"));
    const std::string query = "kind = fault and open = true";
    const std::string password = site_.dir() / "password";
    muster::test::write_text(password, "correct horse battery\n");
    said({"user", "create", "anna", "--role", "operator", "--password-file", password});
    EXPECT_THAT(
        said({"incident", "assign", "--all", query, "anna"}),
        HasSubstr("2 incidents match; with --yes they are assigned")
    );
    EXPECT_THAT(said({"incident", "list"}), Not(HasSubstr("anna")));
    EXPECT_THAT(
        said({"incident", "assign", "--all", query, "--yes", "anna"}),
        HasSubstr("2 of 2 incidents assigned")
    );
    EXPECT_THAT(said({"incident", "list", "--filter", "assignee = anna"}), HasSubstr("web4"));
    const CommandResult refused = site_.muster({"incident", "resume", "INC-2"});
    EXPECT_EQ(refused.exit_code, 1);
    EXPECT_THAT(refused.output, HasSubstr("possible now: acknowledge, assign, take, pending"));

    set_pings_v4(Pings::answered);
    EXPECT_TRUE(eventually(20s, [&] { return site_.open_incidents() == 1; })) << "the request";
}

}  // namespace
}  // namespace muster::test
