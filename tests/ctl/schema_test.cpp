// docs/schema/*.json: written from the tables that the readers use, and tried with another program's validator.
#include "config/schema.hpp"

#include "cmdb/shipped_model.hpp"
#include "config/json_schema.hpp"
#include "config/programs.hpp"
#include "probes/probe_type.hpp"
#include "tests/ctl/run_muster.hpp"
#include "tests/support/process.hpp"
#include "tests/support/temp_dir.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <sstream>
#include <string>
#include <vector>

namespace muster::ctl {
namespace {

using muster::test::read_text;
using muster::test::write_text;
using testing::HasSubstr;

const std::string source = MUSTER_SOURCE_DIR;

std::string path_of(std::string_view name) {
    return source + "/docs/schema/" + std::string(name) + ".json";
}

/// What the validator says of each file: "valid", or its fault.
std::vector<std::string> verdicts(std::string_view schema, const std::vector<std::string>& paths) {
    std::vector<std::string> command{
        "/usr/bin/python3", source + "/script/check_schema.py", path_of(schema)
    };
    command.insert(command.end(), paths.begin(), paths.end());
    std::istringstream lines(muster::test::run_command(std::move(command)).output);
    std::vector<std::string> said;
    for (std::string line; std::getline(lines, line);) {
        const std::string prefix = said.size() < paths.size() ? paths[said.size()] + ": " : "";
        EXPECT_TRUE(line.starts_with(prefix)) << line;
        said.push_back(line.substr(std::min(prefix.size(), line.size())));
    }
    EXPECT_EQ(said.size(), paths.size());
    said.resize(paths.size());
    return said;
}

/// What our own reader says of the same text.
std::string reading(std::string_view schema, const std::string& file) {
    RealFiles files;
    if (schema == "agent") {
        const auto read = config::load_agent_config(files, file);
        return read ? "valid" : read.error().text();
    }
    if (schema == "collector") {
        const auto read = config::load_collector_config(
            files, file, probes::probe_schemas(), cmdb::declared_vocabulary
        );
        return read ? "valid" : read.error().text();
    }
    const std::vector<config::ConfigText> text{{file, read_text(file)}};
    const auto read = config::parse_watch(text, probes::probe_schemas());
    return read ? "valid" : read.error().text();
}

class Schema : public testing::Test {
  protected:
    std::string file(const std::string& text) {
        const std::string path = dir / ("file" + std::to_string(++count) + ".yaml");
        write_text(path, text);
        return path;
    }

    std::vector<std::string> files(const std::vector<std::string>& texts) {
        std::vector<std::string> paths;
        for (const std::string& text : texts) {
            paths.push_back(file(text));
        }
        return paths;
    }

    static void expect_valid(std::string_view schema, const std::vector<std::string>& paths) {
        const std::vector<std::string> said = verdicts(schema, paths);
        for (std::size_t i = 0; i < paths.size(); ++i) {
            EXPECT_EQ(said[i], "valid") << read_text(paths[i]);
            EXPECT_EQ(reading(schema, paths[i]), "valid") << read_text(paths[i]);
        }
    }

    void expect_refused(std::string_view schema, const std::vector<std::string>& texts) {
        const std::vector<std::string> paths = files(texts);
        const std::vector<std::string> said = verdicts(schema, paths);
        for (std::size_t i = 0; i < paths.size(); ++i) {
            EXPECT_NE(said[i], "valid") << texts[i];
            EXPECT_NE(reading(schema, paths[i]), "valid") << texts[i];
        }
    }

    muster::test::TempDir dir;
    int count = 0;
};

TEST_F(Schema, IsPublishedAsItIsPrinted) {
    for (const config::SchemaFile& each : config::schema_files()) {
        const std::string schema = config::json_schema(each, probes::probe_schemas());
        if (std::getenv("MUSTER_WRITE_DOCS") != nullptr) {
            std::filesystem::create_directories(source + "/docs/schema");
            write_text(path_of(each.name), schema);
        }
        EXPECT_EQ(read_text(path_of(each.name)), schema)
            << "run MUSTER_WRITE_DOCS=1 tests_ctl --gtest_filter='Schema*'";
        Muster muster;
        EXPECT_EQ(muster.run({"config", "schema", std::string(each.name)}).out, schema);
    }
}

TEST_F(Schema, AcceptsEveryExampleThatIsShipped) {
    const std::filesystem::path examples = source + "/config/examples";
    expect_valid("collector", {(examples / "collector.yaml").string()});
    expect_valid("agent", {(examples / "agent.yaml").string()});
    std::vector<std::string> shipped;
    for (const auto& each : std::filesystem::directory_iterator(examples / "conf.d")) {
        if (each.path().extension() == ".yaml") {
            shipped.push_back(each.path().string());
        }
    }
    EXPECT_GE(shipped.size(), 1U);
    expect_valid("watch", shipped);
}

TEST_F(Schema, AcceptsEveryExampleOfTheDocumentation) {
    std::vector<std::string> of_agent;
    std::vector<std::string> of_collector;
    for (const char* page :
         {"/README.md",
          "/docs/configuration.md",
          "/docs/channels.md",
          "/docs/policies.md",
          "/docs/cmdb.md"}) {
        const std::string text = read_text(source + page);
        for (std::size_t at = text.find("```yaml\n"); at != std::string::npos;
             at = text.find("```yaml\n", at + 1)) {
            const std::size_t start = at + 8;
            const std::string example = text.substr(start, text.find("```", start) - start);
            const bool is_agents = example.starts_with("# agent.yaml\n");
            (is_agents ? of_agent : of_collector).push_back(file(example));
        }
    }
    EXPECT_GE(of_agent.size(), 1U);
    EXPECT_GE(of_collector.size(), 6U);
    expect_valid("agent", of_agent);
    expect_valid("collector", of_collector);
}

TEST_F(Schema, AcceptsWhatTheReaderAcceptsInUnusualForms) {
    expect_valid(
        "collector",
        files({
            "",
            "targets:\n",
            "listen:\n",
            "targets: [{name: 5, address: h, probes: [{type: tcp, port: 22}]}]",
            "targets: [{name: \"a{n}\", each: 1..3, address: h, probes: [{type: tcp, port: "
            "\"{n}\"}]}]",
            "targets: [{name: a, probes: [{type: http, url: \"http://h/\", expect: {status: 200, "
            "body: ok}}, {type: http, url: \"http://h/\", expect: {status: [200, 301]}}]}]",
            "targets: [{name: a, address: h, probes: [{type: icmp, ip: 4, interval: 1m30s}]}]",
            "targets: [{name: a, address: h, labels: {since: 2026-11-30}, probes: [{type: "
            "icmp}]}]",
            "policies: [{name: p, match: class = server, probes: [{type: icmp}], breach: {any: "
            "[{failures: 3}, {availability: \"< 90%\", over: 15m, min_samples: 10}]}}]",
            "policies: [{name: p, match: class = server, probes: [{type: icmp}], breach: {any: "
            "[{metric: rtt_avg, above: 200, clear: 150.5, for: 3}]}}]",
            "thresholds: [{name: t, pin: web1, probe: {type: icmp}, breach: {any: [{metric: loss, "
            "above: 5}]}, recover: {successes: 3}}]",
            "classes: [{name: kiosk, parent: endpoint, patience: 3d, attributes: [{name: tag, "
            "values: [1, b]}], identification: [{namespace: shop, kind: tag, rank: 2, of: "
            "[tag]}]}, "
            "{name: server, extend: true, criticality: high}]",
            "relation_types: [{name: serves, reverse: {name: served_by}, pairs: [{from: server, "
            "to: building}], impact: {travels: from_to}}]",
        })
    );
}

TEST_F(Schema, RefusesWhatTheReaderRefuses) {
    expect_refused(
        "collector",
        {
            "listn: {people: \"[::]:8443\"}",
            "listen: {people: 8443}",
            "listen: [people]",
            "listen: {peple: \"[::]:8443\"}",
            "data_dir: muster",
            "names: muster.example.net",
            "journal: {keep: 20}",
            "journal: {keep: 20GB}",
            "link: {silent_after: 30}",
            "link: {silent_after: half a minute}",
            "targets: {name: a}",
            "targets: [{address: h, probes: [{type: icmp}]}]",
            "targets: [{name: a, address: h, probes: [{type: gopher}]}]",
            "targets: [{name: a, address: h, probes: [{interval: 1m}]}]",
            "targets: [{name: a, address: h, probes: [{type: icmp, port: 22}]}]",
            "targets: [{name: a, address: h, probes: [{type: icmp, count: 100}]}]",
            "targets: [{name: a, address: h, probes: [{type: tcp}]}]",
            "targets: [{name: a, address: h, probes: [{type: tcp, port: 65536}]}]",
            "targets: [{name: a, address: h, probes: [{type: tcp, port: ssh}]}]",
            "targets: [{name: a, address: h, probes: [{type: snmp, community: public}]}]",
            "targets: [{name: a, address: h, probes: [{type: snmp, version: 1}]}]",
            "targets: [{name: a, probes: [{type: http, url: \"ftp://h/\"}]}]",
            "targets: [{name: a, probes: [{type: http, url: \"http://h/\", expect: {stats: 1}}]}]",
            "targets: [{name: a, address: h, urgency: urgent, probes: [{type: icmp}]}]",
            "targets: [{name: a, address: h, from: {any: 17}, probes: [{type: icmp}]}]",
            "targets: [{name: a, address: h, breach: {failures: 0}, probes: [{type: icmp}]}]",
            "targets: [{name: a, address: h, each: ten, probes: [{type: icmp}]}]",
            "policies: [{name: p, probes: [{type: icmp}]}]",
            "channels: [{name: ops, url: \"https://h/\", secret: hook key}]",
            "channels: [{name: ops, type: pager}]",
            "host_watch: {port: 0}",
            "host_watch: {enabled: yes please}",
            "storm: {incidents: 1}",
            "policies: [{name: p, match: class = server, probes: [{type: icmp}], breach: {any: "
            "[{availability: \"< 90%\", over: 15}]}}]",
            "policies: [{name: p, match: class = server, probes: [{type: icmp}], breach: {any: "
            "[{metric: rtt_avg, above: two hundred}]}}]",
            "thresholds: [{name: t, pin: web1, probe: icmp, breach: {failures: 3}}]",
            "thresholds: [{pin: web1, breach: {failures: 3}}]",
            "classes: [{parent: endpoint}]",
            "classes: [{name: kiosk, criticality: huge}]",
            "classes: [{name: kiosk, attributes: [{name: tag, type: colour}]}]",
            "classes: [{name: kiosk, identification: [{namespace: shop, kind: tag}]}]",
            "relation_types: [{name: serves, reverse: {name: served_by}}]",
        }
    );
    expect_refused(
        "agent",
        {
            "collector: muster.example.net",
            "workers: 0",
            "workers: \"2\"",
            "spool: {max_bytes: 1}",
            "labels: [poller]",
            "targets: []",
        }
    );
    const std::string of_process = "data_dir: /var/lib/muster\n";
    EXPECT_NE(verdicts("watch", {file(of_process)}).front(), "valid");
    EXPECT_FALSE(config::check_watch_keys({"conf.d/a.yaml", of_process}));
}

TEST_F(Schema, KnowsEveryKeyThatTheReferenceDescribesAndNoOther) {
    const std::string reference = read_text(source + "/docs/configuration.md");
    constexpr std::string_view mark = "<!-- keys: ";
    std::size_t tables = 0;
    for (std::size_t at = reference.find(mark); at != std::string::npos;
         at = reference.find(mark, at + 1)) {
        const std::size_t start = at + mark.size();
        const std::string title = reference.substr(start, reference.find(" -->", start) - start);
        const auto sections = config::schema_sections();
        const auto known = std::ranges::find(sections, title, &config::Section::title);
        ASSERT_NE(known, sections.end()) << title << " is described and does not exist";
        // The rows of this table, up to the first line that is none.
        std::vector<std::string> described;
        std::size_t line = reference.find("\n| `", start);
        while (line != std::string::npos && reference.compare(line, 4, "\n| `") == 0) {
            const std::size_t name = line + 4;
            described.push_back(reference.substr(name, reference.find('`', name) - name));
            line = reference.find('\n', name);
        }
        std::vector<std::string> keys;
        for (const config::KeySpec& key : known->keys) {
            keys.emplace_back(key.name);
        }
        EXPECT_EQ(described, keys) << title;
        ++tables;
    }
    EXPECT_EQ(tables, config::schema_sections().size());
}

}  // namespace
}  // namespace muster::ctl
