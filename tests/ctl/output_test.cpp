#include "ctl/output.hpp"

#include "ctl/plugin_output.hpp"
#include "ctl/probe_options.hpp"

#include <cstdlib>
#include <ctime>

namespace muster::ctl {
namespace {

std::string ago(std::string_view then, std::string_view now) {
    ::setenv("TZ", "UTC", 1);
    ::tzset();
    return human_time(*parse_rfc3339(then), *parse_rfc3339(now));
}

TEST(HumanTime, GrowsCoarserWithDistance) {
    EXPECT_EQ(ago("2026-11-22T09:26:00Z", "2026-11-22T09:26:00Z"), "now");
    EXPECT_EQ(ago("2026-11-22T09:25:18Z", "2026-11-22T09:26:00Z"), "42s ago");
    EXPECT_EQ(ago("2026-11-22T09:12:00Z", "2026-11-22T09:26:00Z"), "14m ago");
    EXPECT_EQ(ago("2026-11-22T07:20:00Z", "2026-11-22T09:26:00Z"), "2h ago");
    EXPECT_EQ(ago("2026-11-22T02:14:00Z", "2026-11-22T09:26:00Z"), "02:14 UTC");
    EXPECT_EQ(ago("2026-11-21T09:00:00Z", "2026-11-22T09:26:00Z"), "yesterday 09:00 UTC");
    EXPECT_EQ(ago("2026-11-20T09:00:00Z", "2026-11-22T09:26:00Z"), "2026-11-20 09:00 UTC");
    EXPECT_EQ(ago("2026-11-23T09:00:00Z", "2026-11-22T09:26:00Z"), "2026-11-23 09:00 UTC");
}

TEST(Table, AlignsWideCharacters) {
    EXPECT_EQ(display_width("核心交换机"), 10u);
    EXPECT_EQ(
        render_table(
            {{"NAME", "STATE"}, {{{"核心"}, {"up"}}, {{"core-1"}, {"down"}}}}, Colours::off
        ),
        "NAME    STATE\n核心    up\ncore-1  down\n"
    );
}

TEST(Table, ColoursStatesOnlyWhenAsked) {
    const Table table{{"S"}, {{{"down", Tone::bad}}}};
    EXPECT_EQ(render_table(table, Colours::off), "S\ndown\n");
    EXPECT_NE(render_table(table, Colours::on).find("\x1b[31mdown\x1b[0m"), std::string::npos);
}

TEST(Csv, QuotesAndDisarms) {
    EXPECT_EQ(
        render_csv({{"A", "B"}, {{{"x,\"y\""}, {"-1+1"}}, {{"two\nlines"}, {""}}}}),
        "A,B\r\n\"x,\"\"y\"\"\",'-1+1\r\n\"two\nlines\",\r\n"
    );
}

TEST(Json, IsIndentedAndKeepsOrder) {
    const json::value value{{"b", 1}, {"a", {0.12, true, nullptr}}, {"e", json::object{}}};
    EXPECT_EQ(
        render_json(value),
        "{\n  \"b\": 1,\n  \"a\": [\n    0.12,\n    true,\n    null\n  ],\n  \"e\": {}\n}\n"
    );
}

constexpr config::ParamSpec params[] = {
    {.name = "expect.status",
     .kind = config::ParamKind::integer_list,
     .default_text = {},
     .least = 100,
     .most = 599},
    {.name = "headers", .kind = config::ParamKind::text_map, .default_text = {}},
    {.name = "community", .kind = config::ParamKind::secret, .default_text = {}},
};
constexpr probes::MetricSpec metrics[] = {
    {"rtt", "ms", 3, ""}, {"loss", "%", 1, ""}, {"status", "count", 0, ""}, {"size", "bytes", 0, ""}
};
const probes::ProbeType type{
    .name = "web",
    .summary = "",
    .params = params,
    .metrics = metrics,
    .runs_in = probes::RunsIn::worker,
    .run = nullptr
};

TEST(PluginOutput, IsOneLineWithPerformanceData) {
    probes::Outcome outcome;
    outcome.state = wire::ResultState::ok;
    outcome.values = {41, wire::absent_value, 200, 17};
    EXPECT_EQ(
        plugin_line(type, outcome),
        "WEB OK - rtt 0.041 ms, status 200, size 17 bytes | rtt=0.041ms status=200 size=17B"
    );
    outcome.state = wire::ResultState::critical;
    outcome.expected = "status 200";
    outcome.seen = "HTTP 503 | rm -rf\n";
    outcome.values = {};
    const std::string line = plugin_line(type, outcome);
    EXPECT_EQ(line.find('|'), std::string::npos);
    EXPECT_EQ(line.find('\n'), std::string::npos);
    EXPECT_TRUE(line.starts_with("WEB CRITICAL - HTTP 503 / rm -rf")) << line;
    EXPECT_EQ(plugin_exit_code(wire::ResultState::warning), 1);
    EXPECT_EQ(plugin_exit_code(wire::ResultState::unknown), 3);
}

TEST(PluginOutput, WritesDecimalsOfNegativeValues) {
    EXPECT_EQ(metric_text(metrics[0], -5), "-0.005");
    EXPECT_EQ(metric_text(metrics[0], -1005), "-1.005");
    EXPECT_EQ(metric_text(metrics[3], -7), "-7");
}

TEST(ProbeOptions, AreNamedAfterTheTypesOptions) {
    EXPECT_EQ(option_name(params[0]), "--expect-status");
    EXPECT_EQ(option_name(params[2]), "--community-file");
}

TEST(ProbeOptions, TakeThePortOfTheTarget) {
    static constexpr config::ParamSpec with_port[] = {
        {.name = "port",
         .kind = config::ParamKind::integer,
         .default_text = {},
         .least = 1,
         .most = 65535}
    };
    const probes::ProbeType knock{
        .name = "knock",
        .summary = "",
        .params = with_port,
        .metrics = {},
        .runs_in = probes::RunsIn::worker,
        .run = nullptr
    };
    const auto taken = [&](const std::string& target) {
        config::Params params;
        const Result<std::string> host = take_target(knock, target, params);
        return host ? *host + " " + params["port"] : host.error().text();
    };
    EXPECT_EQ(taken("host1"), "host1 ");
    EXPECT_EQ(taken("host1:81"), "host1 81");
    EXPECT_EQ(taken("2001:db8::1"), "2001:db8::1 ") << "which may be an address";
    EXPECT_EQ(taken("[2001:db8::1]"), "2001:db8::1 ");
    EXPECT_EQ(taken("[2001:db8::1]:81"), "2001:db8::1 81");
    EXPECT_EQ(taken("host1:"), "host1: ");
    EXPECT_EQ(taken("host1:http"), "host1:http ") << "no number, so it is looked up as it stands";
}

TEST(ProbeOptions, TakeListsMapsAndSecretFiles) {
    GivenOptions given;
    CLI::App app;
    add_probe_options(app, type, given);
    std::vector<std::string> arguments{
        "--expect-status",
        "200,301",
        "--expect-status",
        "404",
        "--headers",
        "Accept: text/plain",
        "--headers",
        "X-A:b:c",
        "--community-file",
        "/run/key"
    };
    std::reverse(arguments.begin(), arguments.end());
    app.parse(arguments);
    const auto read = probe_params(type, given);
    ASSERT_TRUE(read) << read.error().text();
    EXPECT_EQ(read->at("expect.status"), "200\n301\n404");
    EXPECT_EQ(read->at("headers"), "Accept\ttext/plain\nX-A\tb:c");
    EXPECT_EQ(given.secret_files.at("community"), "/run/key");
}

TEST(ProbeOptions, SayWhichOptionIsWrong) {
    GivenOptions given;
    given.values["expect.status"] = {"99"};
    EXPECT_EQ(
        probe_params(type, given).error().text(),
        "--expect-status: expected a whole number, 100 to 599"
    );
    given.values = {{"headers", {"Accept"}}};
    EXPECT_EQ(
        probe_params(type, given).error().text(), "--headers: \"Accept\", expected \"Name: value\""
    );
}

}  // namespace
}  // namespace muster::ctl
