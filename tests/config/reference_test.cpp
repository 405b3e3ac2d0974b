#include "base/files.hpp"
#include "config/programs.hpp"
#include "config/schema.hpp"

namespace muster::config {
namespace {

std::string reference() {
    RealFiles files;
    const auto text = read_file(files, MUSTER_SOURCE_DIR "/docs/configuration.md", 1 << 20);
    EXPECT_TRUE(text) << text.error().text();
    return text ? *text : std::string();
}

TEST(ConfigurationReference, HasEveryKeyWithItsKindDefaultAndRange) {
    const std::string document = reference();
    for (const Section& section : schema_sections()) {
        std::string table = "<!-- keys: " + std::string(section.title) +
                            " -->\n| key | expected | default | |\n|---|---|---|---|\n";
        for (const KeySpec& key : section.keys) {
            table += reference_row(key) + "\n";
        }
        table += "\n";
        EXPECT_NE(document.find(table), std::string::npos)
            << "docs/configuration.md should have this table:\n"
            << table;
    }
}

TEST(ConfigurationReference, ShowsExamplesThatAreValid) {
    const std::string document = reference();
    constexpr ParamSpec snmp[] = {
        {.name = "community", .kind = ParamKind::secret, .default_text = {}},
        {.name = "oids", .kind = ParamKind::oid_list, .default_text = {}},
    };
    constexpr ParamSpec http[] = {
        {.name = "url", .kind = ParamKind::url, .default_text = {}, .required = true},
        {.name = "expect.status", .kind = ParamKind::integer_list, .default_text = {}},
        {.name = "expect.body", .kind = ParamKind::regex, .default_text = {}},
    };
    constexpr ParamSpec icmp[] = {{.name = "count", .kind = ParamKind::integer, .default_text = "3"}
    };
    const ProbeSchema types[] = {{"icmp", icmp}, {"snmp", snmp}, {"http", http}};
    int examples = 0;
    for (std::size_t at = document.find("```yaml\n# collector"); at != std::string::npos;
         at = document.find("```yaml\n# collector", at + 1)) {
        const std::size_t start = at + 8;
        const std::vector<ConfigText> text{
            {"example", document.substr(start, document.find("```", start) - start)}
        };
        const auto watch = parse_watch(text, types);
        EXPECT_TRUE(watch) << watch.error().text() << "\n" << text[0].text;
        ++examples;
    }
    EXPECT_GE(examples, 2);
}

}  // namespace
}  // namespace muster::config
