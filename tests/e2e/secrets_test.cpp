// Secrets lie in files of the collector's machine: a changed one is taken on reload by agents that are connected, a missing one
// is told to whoever put it there, and none leaves.
#include "base/clock.hpp"
#include "tests/support/eventually.hpp"
#include "tests/support/peers.hpp"
#include "tests/support/site.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <optional>

namespace muster::test {
namespace {

using namespace std::chrono_literals;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

constexpr int interval_ms = 200;
constexpr std::uint16_t snmp_port = 16161;

std::size_t count_of(const std::string& text, const std::string& words) {
    std::size_t count = 0;
    for (std::size_t at = 0; (at = text.find(words, at)) != std::string::npos; at += words.size()) {
        ++count;
    }
    return count;
}

class Secrets : public ::testing::Test {
  protected:
    std::string secret(const std::string& name) const { return site_.dir() / (name + ".secret"); }

    void start() {
        device_.emplace(start_snmpd(site_.dir(), "127.5.0.1", snmp_port));
        site_.configure(watch());
        ASSERT_NO_FATAL_FAILURE(site_.start_collector());
        ASSERT_NO_FATAL_FAILURE(site_.start_agent());
    }

    std::string watch() const {
        const std::string snmp = "{type: snmp, port: " + std::to_string(snmp_port) +
                                 ", interval: 300ms, timeout: 250ms, retries: 0, ";
        return "targets:\n  - name: v2\n    address: 127.5.0.1\n    probes: [" + snmp +
               "community: {file: " + secret("community") +
               "}}]\n  - name: v3\n    address: "
               "127.5.0.1\n    probes: [" +
               snmp + "version: \"3\", user: roll, auth_password: {file: " + secret("auth") +
               "}, priv_password: {file: " + secret("priv") +
               "}}]\n  - {name: open, address: 127.5.0.2, probes: [{type: icmp, count: 1, "
               "interval: " +
               std::to_string(interval_ms) + "ms, timeout: 150ms}]}\n";
    }

    boost::json::value probe(const std::string& name) {
        return site_.get("/probes/" + site_.probe_id(name)).body;
    }

    bool is_ok(const std::string& name) { return site_.probe_states()[name] == "ok"; }

    /// Measured, and not well.
    bool has_failed(const std::string& name) {
        const boost::json::value seen = probe(name);
        return !text_of(seen, "reason").empty() && text_of(seen, "reason") != "configuration";
    }

    std::vector<std::int64_t> times_of(const std::string& name) {
        const ApiAnswer answer =
            site_.get("/probes/" + site_.probe_id(name) + "/results?from=-10m");
        std::vector<std::int64_t> out;
        for (const auto& point : answer.body.at("points").as_array()) {
            out.push_back(
                to_ms(parse_rfc3339(std::string(point.at("at").as_string()))->time_since_epoch())
            );
        }
        return out;
    }

    Site site_;
    std::optional<Process> device_;
};

TEST_F(Secrets, ThatChangeAreTakenOnReloadByConnectedAgents) {
    write_text(secret("community"), "canary-before\n");
    write_text(secret("auth"), "canary-auth-before\n");
    write_text(secret("priv"), "confidential-1\n");
    ASSERT_NO_FATAL_FAILURE(start());
    ASSERT_TRUE(eventually(20s, [&] {
        return is_ok("open icmp") && has_failed("v2 snmp") && has_failed("v3 snmp");
    })) << boost::json::value(site_.get("/probes").body);

    write_text(secret("community"), "public\n");
    write_text(secret("auth"), "authentic-1\n");
    site_.collector().signal(SIGHUP);
    EXPECT_TRUE(eventually(10s, [&] { return is_ok("v2 snmp") && is_ok("v3 snmp"); }))
        << probe("v2 snmp") << probe("v3 snmp");

    EXPECT_EQ(count_of(site_.collector_log(), "link.connected"), 1u)
        << "over the link that is there";
    EXPECT_EQ(count_of(site_.collector_log(), "assignment.secrets_changed"), 1u);
    const std::size_t now = times_of("open icmp").size();
    ASSERT_TRUE(eventually(15s, [&] { return times_of("open icmp").size() > now + 5; }));
    const std::vector<std::int64_t> times = times_of("open icmp");
    for (std::size_t at = 1; at < times.size(); ++at) {
        EXPECT_GT(times[at] - times[at - 1], interval_ms / 3)
            << "a probe without a secret ran twice";
    }
    const std::size_t sent = count_of(site_.collector_log(), "assignment.sent");
    site_.collector().signal(SIGHUP);
    write_text(secret("priv"), "confidential-2\n");
    site_.collector().signal(SIGHUP);
    ASSERT_TRUE(eventually(10s, [&] { return has_failed("v3 snmp") && !is_ok("v3 snmp"); }));
    EXPECT_TRUE(is_ok("v2 snmp"));
    EXPECT_EQ(count_of(site_.collector_log(), "assignment.sent"), sent + 1)
        << "nothing is sent where nothing has changed";
    for (const std::string& log : {site_.collector_log(), site_.agent_log()}) {
        EXPECT_THAT(log, AllOf(Not(HasSubstr("canary")), Not(HasSubstr("confidential-2"))));
    }
}

TEST_F(Secrets, ThatChangeWhileAnAgentIsAwayAreThereWhenItComesBack) {
    write_text(secret("community"), "other\n");
    write_text(secret("auth"), "authentic-1\n");
    write_text(secret("priv"), "confidential-1\n");
    ASSERT_NO_FATAL_FAILURE(start());
    ASSERT_TRUE(eventually(20s, [&] { return has_failed("v2 snmp") && is_ok("v3 snmp"); }));
    ASSERT_EQ(site_.stop_collector(), 0);
    write_text(secret("community"), "public\n");
    ASSERT_NO_FATAL_FAILURE(site_.start_collector());
    EXPECT_TRUE(eventually(15s, [&] { return is_ok("v2 snmp"); })) << probe("v2 snmp");
}

TEST_F(Secrets, ThatCannotBeReadAreToldWhereThePersonIsAndWaitedFor) {
    write_text(secret("auth"), "authentic-1\n");
    write_text(secret("priv"), "\n");
    ASSERT_NO_FATAL_FAILURE(start());
    ASSERT_TRUE(eventually(20s, [&] {
        return text_of(probe("v2 snmp"), "reason") == "configuration" &&
               text_of(probe("v3 snmp"), "reason") == "configuration";
    })) << probe("v2 snmp");
    EXPECT_EQ(text_of(probe("v2 snmp"), "state"), "unproven");
    EXPECT_THAT(
        text_of(probe("v2 snmp"), "seen"),
        AllOf(
            HasSubstr("the collector cannot read the secret `community`: "),
            HasSubstr(secret("community")),
            HasSubstr("No such file")
        )
    );
    EXPECT_THAT(text_of(probe("v3 snmp"), "seen"), HasSubstr("`priv_password`: "))
        << "never asked for with less than was meant";

    const std::string yaml = site_.dir() / "collector.yaml";
    const CommandResult checked =
        run_command({program("muster-collector"), "--config", yaml, "--check"});
    EXPECT_EQ(checked.exit_code, 0) << "it may come later: " << checked.output;
    EXPECT_THAT(
        checked.output,
        AllOf(
            HasSubstr("collector.yaml:"),
            HasSubstr(": warning: the secret cannot be read: " + secret("community") + ": "),
            HasSubstr("systemctl reload muster-collector")
        )
    );
    EXPECT_THAT(
        site_.collector_log(),
        AllOf(HasSubstr("config.secret_unread"), HasSubstr(secret("community")))
    );

    write_text(secret("community"), "public\n");
    write_text(secret("priv"), "confidential-1\n");
    site_.collector().signal(SIGHUP);
    EXPECT_TRUE(eventually(10s, [&] { return is_ok("v2 snmp") && is_ok("v3 snmp"); }))
        << probe("v2 snmp") << probe("v3 snmp");
    std::filesystem::remove(secret("community"));
    site_.collector().signal(SIGHUP);
    EXPECT_TRUE(eventually(10s, [&] { return site_.probe_states()["v2 snmp"] == "unknown"; }))
        << "neither up nor down: " << probe("v2 snmp");
    EXPECT_EQ(site_.open_incidents(), 0u);
}

// After a power cut at a site that is cut off: what was assigned last goes on, with its secrets, which stand nowhere in clear.
TEST_F(Secrets, AreKeptSealedSoThatACutOffSiteGoesOnAfterAPowerCut) {
    write_text(secret("community"), "public\n");
    write_text(secret("auth"), "authentic-1\n");
    write_text(secret("priv"), "confidential-1\n");
    ASSERT_NO_FATAL_FAILURE(start());
    ASSERT_TRUE(eventually(20s, [&] { return is_ok("v2 snmp") && is_ok("v3 snmp"); }));
    site_.collector().kill_now();
    site_.agent().kill_now();
    for (const auto& file : std::filesystem::recursive_directory_iterator(site_.agent_dir())) {
        if (file.is_regular_file()) {
            EXPECT_THAT(
                read_text(file.path()),
                AllOf(Not(HasSubstr("authentic-1")), Not(HasSubstr("confidential-1")))
            ) << file.path();
        }
    }
    const std::int64_t cut_off = to_ms(SystemClock().wall().time_since_epoch());
    site_.resume_agent();
    ASSERT_TRUE(eventually(10s, [&] {
        return site_.agent_log().find("waiting_for_secrets=0") != std::string::npos;
    })) << site_.agent_log();
    // Records of a dozen intervals are on disk.
    std::string before;
    int changes = 0;
    ASSERT_TRUE(eventually(20s, [&] {
        std::string now;
        for (const auto& file :
             std::filesystem::recursive_directory_iterator(site_.agent_dir() + "/spool")) {
            now += file.is_regular_file() ? read_text(file.path()) : "";
        }
        changes += now == before ? 0 : 1;
        before = std::move(now);
        return changes > 12;
    }));
    const std::int64_t back = to_ms(SystemClock().wall().time_since_epoch());
    ASSERT_NO_FATAL_FAILURE(site_.start_collector());
    for (const std::string name : {"v2 snmp", "v3 snmp"}) {
        EXPECT_TRUE(eventually(20s, [&] {
            const std::vector<std::int64_t> times = times_of(name);
            return std::ranges::count_if(times, [&](std::int64_t at) {
                       return at > cut_off && at < back;
                   }) >= 3;
        })) << name;
        EXPECT_TRUE(eventually(10s, [&] { return is_ok(name); })) << probe(name);
    }
}

TEST_F(Secrets, ThatAreMissingAreToldByApply) {
    site_.configure("");
    ASSERT_NO_FATAL_FAILURE(site_.start_collector());
    std::filesystem::create_directories(site_.dir() / "watch");
    const std::string path = site_.dir() / "watch/switch.yaml";
    write_text(
        path,
        "targets:\n  - name: v2\n    address: 127.5.0.1\n    probes:\n      - {type: snmp, "
        "community: {file: " +
            secret("community") + "}}\n"
    );
    for (const std::string more : {"--dry-run", "--prune"}) {
        const CommandResult applied = site_.muster({"apply", "-f", path, more});
        EXPECT_EQ(applied.exit_code, 0) << applied.output;
        EXPECT_THAT(
            applied.output,
            HasSubstr(
                path + ":5:33: warning: the secret cannot be read: " + secret("community") + ": "
            )
        );
        EXPECT_THAT(applied.output, HasSubstr("created"));
    }
    write_text(secret("community"), "public\n");
    const CommandResult again = site_.muster({"apply", "-f", path});
    EXPECT_EQ(again.exit_code, 0) << again.output;
    EXPECT_THAT(again.output, Not(HasSubstr("warning")));
}

}  // namespace
}  // namespace muster::test
