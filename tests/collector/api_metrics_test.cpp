#include "collector/api/exposition.hpp"
#include "collector/figures/collector_figures.hpp"
#include "tests/collector/api_fixture.hpp"

#include <gmock/gmock.h>

#include <cctype>
#include <fstream>
#include <regex>
#include <set>
#include <sstream>

namespace muster::collector::test {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

/// One sample of an exposition, and where its family stands.
struct Sample {
    std::string name;
    std::map<std::string, std::string> labels;
    double value = 0;
};

/// Reads the text format 0.0.4 as strictly as its specification is written; collects what is wrong.
class StrictReader {
  public:
    explicit StrictReader(const std::string& text) {
        if (!text.empty() && text.back() != '\n') {
            fault("the last line has no end");
        }
        std::istringstream lines(text);
        std::string line;
        while (std::getline(lines, line)) {
            line_ = line;
            read_line(line);
        }
    }

    std::vector<std::string> faults;
    std::map<std::string, std::string> types;
    std::vector<Sample> samples;

    double value(const std::string& name, const std::map<std::string, std::string>& labels) const {
        for (const Sample& sample : samples) {
            if (sample.name == name && sample.labels == labels) {
                return sample.value;
            }
        }
        ADD_FAILURE() << "there is no sample " << name;
        return -1;
    }

  private:
    void fault(const std::string& what) { faults.push_back(what + ": " + line_); }

    void read_line(const std::string& line) {
        static const std::regex help(R"(# HELP ([a-zA-Z_:][a-zA-Z0-9_:]*) (.+))");
        static const std::regex type(
            R"(# TYPE ([a-zA-Z_:][a-zA-Z0-9_:]*) (counter|gauge|histogram))"
        );
        std::smatch match;
        if (std::regex_match(line, match, help)) {
            if (!helped_.insert(match[1]).second) {
                fault("HELP twice");
            }
            family_ = match[1];
        } else if (std::regex_match(line, match, type)) {
            if (match[1] != family_ || !types.emplace(match[1], match[2]).second) {
                fault("TYPE without its HELP before it, or twice");
            }
        } else if (line.empty() || line.front() == '#') {
            fault("neither HELP, TYPE nor a sample");
        } else {
            read_sample(line);
        }
    }

    void read_sample(const std::string& line) {
        Sample sample;
        std::size_t at = 0;
        while (at < line.size() && (std::isalnum(static_cast<unsigned char>(line[at])) != 0 ||
                                    line[at] == '_' || line[at] == ':')) {
            ++at;
        }
        sample.name = line.substr(0, at);
        if (at < line.size() && line[at] == '{') {
            at = read_labels(line, at + 1, sample);
        }
        static const std::regex number(
            R"( ([0-9]+|[0-9]*\.[0-9]+(e[+-]?[0-9]+)?|[0-9]+e[+-]?[0-9]+|NaN))"
        );
        std::smatch match;
        const std::string rest = line.substr(std::min(at, line.size()));
        if (!std::regex_match(rest, match, number)) {
            fault("no value, or more than one");
            return;
        }
        sample.value = std::stod(match[1]);
        check_family(sample);
        if (!seen_.insert(line.substr(0, at)).second) {
            fault("the same series twice");
        }
        samples.push_back(std::move(sample));
    }

    /// Gives the place after the closing brace.
    std::size_t read_labels(const std::string& line, std::size_t at, Sample& sample) {
        static const std::regex name(R"(^([a-zA-Z_][a-zA-Z0-9_]*)=")");
        for (;;) {
            std::smatch match;
            const std::string rest = line.substr(at);
            if (!std::regex_search(rest, match, name)) {
                fault("no label where one was to come");
                return line.size();
            }
            at += static_cast<std::size_t>(match.length());
            std::string value;
            for (; at < line.size() && line[at] != '"'; ++at) {
                if (line[at] == '\\') {
                    ++at;
                    if (at >= line.size() ||
                        std::string("\\\"n").find(line[at]) == std::string::npos) {
                        fault("an escape that is none");
                        return line.size();
                    }
                    value += line[at] == 'n' ? '\n' : line[at];
                } else {
                    value += line[at];
                }
            }
            if (!sample.labels.emplace(match[1], value).second) {
                fault("a label twice");
            }
            ++at;
            if (at < line.size() && line[at] == '}') {
                return at + 1;
            }
            if (at >= line.size() || line[at] != ',') {
                fault("labels do not end");
                return line.size();
            }
            ++at;
        }
    }

    void check_family(const Sample& sample) {
        const auto known = types.find(family_);
        const bool histogram = known != types.end() && known->second == "histogram";
        const bool fits = histogram ? sample.name == family_ + "_bucket" ||
                                          sample.name == family_ + "_sum" ||
                                          sample.name == family_ + "_count"
                                    : sample.name == family_;
        if (!fits) {
            fault("a sample outside its family");
        }
        if (known != types.end() && known->second == "counter" && !family_.ends_with("_total")) {
            fault("a counter whose name does not end in _total");
        }
        if (known != types.end() && known->second != "counter" && family_.ends_with("_total")) {
            fault("_total in the name of what is no counter");
        }
    }

    std::string line_;
    std::string family_;
    std::set<std::string> helped_;
    std::set<std::string> seen_;
};

CollectorFigures some_figures() {
    CollectorFigures now;
    now.version = "0.1.0";
    now.started = wall_from_ns(1'795'000'000'000'000'000);
    now.is_ready = true;
    now.journal.last = 42;
    now.journal.bytes = 8192;
    now.journal.appends.observe(std::chrono::microseconds(700));
    now.journal.appends.observe(std::chrono::seconds(20));
    now.brain = {
        .folded = 40, .behind = 2, .late = std::chrono::milliseconds(1500), .waiting_bytes = 9
    };
    now.history.results = 123'456;
    now.sessions = 1;
    now.agents.push_back(
        {.agent = AgentId{*Uuid::from_bytes(id_bytes(7))},
         .waiting_results = 3,
         .oldest = std::chrono::milliseconds(2500)}
    );
    now.heartbeat = {
        .sent = 5, .failed = 1, .skipped = 2, .last_sent = wall_from_ns(1'500'000'000)
    };
    now.process.resident_bytes = 1'000'000;
    now.receipts = {{"storm", 12}, {"host down", 3}};
    return now;
}

class ApiMetrics : public ApiTest {
  protected:
    ApiMetrics() {
        context_.figures = [] { return some_figures(); };
    }
};

TEST_F(ApiMetrics, AreAnExpositionThatPrometheusReads) {
    state_.agent(7, "agent \"7\"\\\n\x1b[2J");
    state_.ci(1, "intranet", "down");
    state_.probe(1, 1, 7, "http", "critical");
    state_.incident(1, 1);
    state_.message(1, 1, "ops");
    get("/api/v1/incidents");
    get("/nowhere");
    const HttpResponse response = get("/metrics");
    ASSERT_EQ(response.status, 200) << response.body;
    EXPECT_EQ(response.content_type, "text/plain; version=0.0.4; charset=utf-8");
    const StrictReader read(response.body);
    EXPECT_THAT(read.faults, IsEmpty());
    EXPECT_EQ(read.value("muster_build_info", {{"version", "0.1.0"}}), 1);
    EXPECT_EQ(read.value("muster_journal_entries_total", {}), 42);
    EXPECT_EQ(read.value("muster_journal_append_duration_seconds_bucket", {{"le", "0.001"}}), 1);
    EXPECT_EQ(read.value("muster_journal_append_duration_seconds_bucket", {{"le", "+Inf"}}), 2);
    EXPECT_EQ(read.value("muster_journal_append_duration_seconds_count", {}), 2);
    EXPECT_EQ(read.value("muster_fold_lag_seconds", {{"fold", "brain"}}), 1.5);
    EXPECT_EQ(read.value("muster_fold_position_entries", {{"fold", "brain"}}), 40);
    EXPECT_EQ(read.value("muster_agents", {{"state", "connected"}}), 1);
    EXPECT_EQ(read.value("muster_probes", {{"state", "critical"}}), 1);
    EXPECT_EQ(read.value("muster_cis", {{"state", "down"}}), 1);
    EXPECT_EQ(read.value("muster_incidents_open", {{"kind", "fault"}, {"priority", "2"}}), 1);
    EXPECT_EQ(read.value("muster_outbox_messages", {{"channel", "ops"}, {"state", "waiting"}}), 1);
    EXPECT_EQ(read.value("muster_heartbeat_last_success_timestamp_seconds", {}), 1.5);
    EXPECT_EQ(
        read.value(
            "muster_http_requests_total",
            {{"route", "/api/v1/incidents"}, {"method", "GET"}, {"status", "200"}}
        ),
        1
    );
    EXPECT_EQ(
        read.value(
            "muster_http_requests_total", {{"route", "none"}, {"method", "GET"}, {"status", "404"}}
        ),
        1
    );
    EXPECT_EQ(read.value("process_resident_memory_bytes", {}), 1'000'000);
}

TEST_F(ApiMetrics, MakeNamesOfAgentsHarmless) {
    state_.agent(7, "a\"b\\c\x1b]0;x\x07");
    const StrictReader read(get("/metrics").body);
    EXPECT_THAT(read.faults, IsEmpty());
    std::set<std::string> names;
    for (const Sample& sample : read.samples) {
        if (sample.labels.contains("agent")) {
            names.insert(sample.labels.at("agent"));
        }
    }
    ASSERT_EQ(names.size(), 1U);
    EXPECT_THAT(*names.begin(), testing::StartsWith("a\"b\\c"));
    EXPECT_EQ(names.begin()->find('\x1b'), std::string::npos);
}

TEST_F(ApiMetrics, CountWhatNobodyWatchesAsUnobserved) {
    state_.agent(7, "a");
    state_.ci(1, "intranet");
    state_.probe(1, 1, 7, "http", "ok");
    state_.probe(2, 1, 7, "icmp", "unproven");
    state_.unobserved(7, 10);
    const StrictReader read(get("/metrics").body);
    EXPECT_EQ(read.value("muster_probes", {{"state", "unobserved"}}), 1);
    EXPECT_EQ(read.value("muster_probes", {{"state", "unproven"}}), 1);
}

TEST_F(ApiMetrics, CountWindowsDuplicatesAndReceipts) {
    state_.ci(1, "a");
    state_.ci(2, "b");
    for (const char* sql :
         {"INSERT INTO ci_duplicate VALUES (x'00000000000000000000000000000001', "
          "x'00000000000000000000000000000002', 'vendor/serial is 1 and 2', 1)",
          "INSERT INTO maintenance_window VALUES (1, 'a', '', NULL, NULL, 'active', 1, 9, 'x', 1, "
          "'me', NULL, '', 1)",
          "INSERT INTO maintenance_window VALUES (2, 'a', '', NULL, NULL, 'planned', 1, 9, 'x', 1, "
          "'me', NULL, '', 1)",
          "INSERT INTO maintenance_window VALUES (3, 'a', '', NULL, NULL, 'ended', 1, 9, 'x', 1, "
          "'me', NULL, '', 1)",
          "INSERT INTO maintenance_window_ci VALUES (1, x'00000000000000000000000000000001', 1, "
          "NULL, 1, 0)",
          "INSERT INTO maintenance_window_ci VALUES (1, x'00000000000000000000000000000002', 1, 2, "
          "1, 1)"}) {
        const Status done = state_.database().execute(sql);
        ASSERT_TRUE(done) << done.error().text();
    }
    const StrictReader read(get("/metrics").body);
    EXPECT_THAT(read.faults, IsEmpty());
    EXPECT_EQ(read.value("muster_ci_duplicates", {}), 1);
    EXPECT_EQ(read.value("muster_windows", {{"state", "active"}}), 1);
    EXPECT_EQ(read.value("muster_windows", {{"state", "planned"}}), 1);
    EXPECT_EQ(read.value("muster_window_cis", {}), 1);
    EXPECT_EQ(read.value("muster_receipts_total", {{"reason", "storm"}}), 12);
    EXPECT_EQ(read.value("muster_receipts_total", {{"reason", "host down"}}), 3);
}

TEST_F(ApiMetrics, AreForViewersAndTokensOfTheirOwnRoleAlone) {
    EXPECT_EQ(get("/metrics", "").status, 401);
    around_.granted = Permission::measure;
    EXPECT_EQ(get("/metrics").status, 200);
    EXPECT_EQ(get("/api/v1/incidents").status, 403);
    EXPECT_EQ(get("/api/v1/session").status, 403);
    around_.granted = Permission::view;
    EXPECT_EQ(get("/metrics").status, 200);
    around_.scope = ReadScope::of_sites({"HQ"});
    EXPECT_EQ(get("/metrics").status, 403);
}

/// Every name in a row `| `name` | type | labels | what |`, with its type.
std::map<std::string, std::string> documented_metrics() {
    std::ifstream file(std::string(MUSTER_SOURCE_DIR) + "/docs/metrics.md");
    std::ostringstream text;
    text << file.rdbuf();
    const std::string all = text.str();
    const std::regex row(R"(\| `(\w+)` \| (\w+) \| ([\w` ]*) ?\| ([^\n]*) \|)");
    std::map<std::string, std::string> found;
    for (auto at = std::sregex_iterator(all.begin(), all.end(), row); at != std::sregex_iterator();
         ++at) {
        std::string labels = std::regex_replace((*at)[3].str(), std::regex("`"), "");
        labels.erase(labels.find_last_not_of(' ') + 1);
        found[(*at)[1]] = (*at)[2].str() + " {" + labels + "} " + (*at)[4].str();
    }
    return found;
}

TEST_F(ApiMetrics, StandInTheDocumentation) {
    std::map<std::string, std::string> built;
    for (const MetricSpec& spec : metric_table()) {
        const std::string_view type = spec.type == MetricType::counter ? "counter"
                                      : spec.type == MetricType::gauge ? "gauge"
                                                                       : "histogram";
        built[std::string(spec.name)] =
            std::string(type) + " {" + std::string(spec.labels) + "} " + std::string(spec.help);
    }
    EXPECT_EQ(documented_metrics(), built)
        << "docs/metrics.md lists other metrics than collector/api/metric_table.cpp";
}

TEST(ProcessFigures, AreReadFromTheKernelsFiles) {
    const muster::test::TempDir dir;
    RealFiles files;
    ASSERT_TRUE(files.create_directories(dir / "fd"));
    for (const char* name : {"0", "1", "7"}) {
        ASSERT_TRUE(write_file_atomically(files, (dir / "fd") + "/" + name, ""));
    }
    ASSERT_TRUE(write_file_atomically(
        files,
        dir / "stat",
        "42 (muster) x) S 1 2 3 4 5 6 7 8 9 10 250 150 0 0 20 0 9 0 77 123456 1000 "
        "18446744073709551615\n"
    ));
    ASSERT_TRUE(write_file_atomically(
        files,
        dir / "limits",
        "Limit  Soft  Hard\nMax open files            1024                 524288               "
        "files\n"
    ));
    const ProcessFigures read = read_process_figures(files, dir.path());
    EXPECT_EQ(read.cpu_seconds, 4.0);
    EXPECT_EQ(read.threads, 9U);
    EXPECT_EQ(read.resident_bytes, 1000U * 4096U);
    EXPECT_EQ(read.open_files, 3U);
    EXPECT_EQ(read.most_files, 1024U);
}

TEST(ProcessFigures, AreZeroWhereTheKernelDoesNotSay) {
    RealFiles files;
    const ProcessFigures read = read_process_figures(files, "/nowhere");
    EXPECT_EQ(read.cpu_seconds, 0.0);
    EXPECT_EQ(read.open_files, 0U);
    EXPECT_EQ(read.most_files, 0U);
}

}  // namespace
}  // namespace muster::collector::test
