// Every operation of docs/openapi.yaml on a real collector with an agent, an incident, users and tokens.
#include "tests/support/eventually.hpp"
#include "tests/support/site.hpp"
#include "tests/support/webhook_listener.hpp"

#include <boost/json.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace muster::test {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

class OpenApi : public ::testing::Test {
  protected:
    void SetUp() override {
        write_text(site_.dir() / "hmac", "hook key");
        site_.configure(
            "channels:\n  - {name: ops, url: \"" + hook_.url() +
            "\", secret: {file: " + site_.dir().path() +
            "/hmac}}\n"
            "policies:\n"
            "  - name: endpoints answer\n"
            "    match: \"class = application_endpoint\"\n"
            "    probes: [{type: icmp, interval: 1s, timeout: 500ms}]\n"
            "targets:\n"
            "  - name: intranet\n"
            "    class: application_endpoint\n"
            "    address: 127.0.0.1\n"
            "    probes:\n"
            "      - {type: http, url: \"" +
            web_.url() + "\", interval: 200ms, timeout: 150ms}\n"
        );
        site_.start_collector();
        site_.start_agent("a1");
        site_.enrol_agent("a2");
        ASSERT_TRUE(eventually(30s, [this] {
            return site_.probe_states()["intranet http"] == "ok";
        })) << site_.collector_log();
        web_.refuse_next(1'000'000);
        ASSERT_TRUE(eventually(30s, [this] { return site_.open_incidents() == 1; }))
            << site_.collector_log();
    }

    std::string facts() {
        boost::json::object facts{
            {"ci", "intranet"},
            {"agent", "a1"},
            {"doomed_agent", "a2"},
            {"channel", "ops"},
            {"policy", "endpoints answer"},
            {"incident", text_of(site_.incidents().at(0), "id")}
        };
        facts["probe"] = site_.probe_id("intranet http");
        return boost::json::serialize(facts);
    }

    WebhookListener hook_;
    WebhookListener web_;
    Site site_;
};

TEST_F(OpenApi, DescribesEveryAnswerOfEveryOperation) {
    write_text(site_.dir() / "ca.pem", site_.ca_pem());
    write_text(site_.dir() / "facts.json", facts());
    const CommandResult walked = run_command(
        {"python3",
         std::string(MUSTER_SOURCE_DIR) + "/tests/programs/openapi_operations.py",
         std::string(MUSTER_SOURCE_DIR) + "/docs/openapi.yaml",
         site_.url(),
         site_.dir() / "ca.pem",
         site_.data_dir() + "/admin.token",
         site_.dir() / "facts.json"},
        120s
    );
    EXPECT_EQ(walked.exit_code, 0) << walked.output << site_.collector_log();
    EXPECT_THAT(walked.output, HasSubstr("operations called"));
}

TEST_F(OpenApi, EventsAreReadOnTheCommandLineToo) {
    const std::string incident = text_of(site_.incidents().at(0), "id");
    const CommandResult told = site_.muster({"events"});
    EXPECT_EQ(told.exit_code, 0) << told.output;
    EXPECT_THAT(told.output, HasSubstr("opened"));
    EXPECT_THAT(told.output, HasSubstr(incident));
    const CommandResult lines = site_.muster({"events", "--output", "json"});
    const auto first = boost::json::parse(lines.output.substr(0, lines.output.find('\n')));
    const CommandResult later =
        site_.muster({"events", "--output", "json", "--after", text_of(first, "id")});
    // What came between the two stands behind it.
    EXPECT_THAT(
        later.output, testing::StartsWith(lines.output.substr(lines.output.find('\n') + 1))
    );
}

TEST_F(OpenApi, EventsAreToldOnTheCommandLineAsTheyCome) {
    const std::string out = site_.dir() / "events";
    Process follower = Process::start(
        {program("muster"),
         "--server",
         site_.url(),
         "--ca-file",
         site_.data_dir() + "/ca/ca.crt",
         "--token-file",
         site_.data_dir() + "/admin.token",
         "events",
         "--follow",
         "--from",
         "-1h",
         "--output",
         "json"},
        {.environment = {}, .output_path = out}
    );
    ASSERT_TRUE(eventually(10s, [&] { return read_text(out).find("opened") != std::string::npos; }))
        << read_text(out);
    const std::string incident = text_of(site_.incidents().at(0), "id");
    ASSERT_EQ(site_.post("/incidents/" + incident + "/acknowledge", "{}").status, 200);
    EXPECT_TRUE(eventually(10s, [&] {
        return read_text(out).find("acknowledged") != std::string::npos;
    })) << read_text(out);
    site_.stop_collector();
    site_.start_collector();
    ASSERT_EQ(
        site_.post("/incidents/" + incident + "/comments", R"({"text":"later"})").status, 200
    );
    EXPECT_TRUE(eventually(20s, [&] { return read_text(out).find("later") != std::string::npos; }))
        << read_text(out);
    const std::string all = read_text(out);
    EXPECT_EQ(all.find(R"("change":"acknowledged")"), all.rfind(R"("change":"acknowledged")"))
        << "told once";
    EXPECT_TRUE(follower.running());
}

TEST_F(OpenApi, ARevokedAgentIsCutOffAndStaysOut) {
    const CommandResult revoked = site_.muster({"agent", "revoke", "a1"});
    ASSERT_EQ(revoked.exit_code, 0) << revoked.output;
    EXPECT_TRUE(eventually(10s, [this] {
        return text_of(site_.get("/agents/a1").body, "state") == "revoked";
    }));
    EXPECT_TRUE(eventually(10s, [this] {
        return site_.collector_log().find("link.refused") != std::string::npos;
    })) << site_.collector_log();
    EXPECT_EQ(site_.muster({"agent", "revoke", "a1"}).exit_code, 1);
    EXPECT_THAT(site_.muster({"audit", "list"}).output, HasSubstr("agent.revoked"));
}

}  // namespace
}  // namespace muster::test
