#include "config/template.hpp"

#include <array>
#include <map>

namespace muster::config {
namespace {

constexpr std::array<std::string_view, 3> names{"site", "title", "who"};

std::string rendered(const std::string& text, const std::map<std::string, std::string>& values) {
    const auto made = Template::parse(text, names);
    EXPECT_TRUE(made);
    return made->render([&](std::string_view name) {
        const auto found = values.find(std::string(name));
        return found == values.end() ? std::string() : found->second;
    });
}

std::string flaw(const std::string& text) {
    const auto made = Template::parse(text, names);
    return made ? "accepted"
                : std::to_string(made.error().line) + ":" + std::to_string(made.error().column) +
                      ": " + made.error().what;
}

TEST(Template, PutsValuesInPlace) {
    EXPECT_EQ(
        rendered("{{title}} at {{ site }}.", {{"title", "down"}, {"site", "HQ"}}), "down at HQ."
    );
    EXPECT_EQ(rendered("a {brace} stays", {}), "a {brace} stays");
}

TEST(Template, LeavesOutLinesOfWhichNothingIsKnown) {
    const std::string text = "{{title}}\nSite: {{site}}\n\nBy {{who}} at {{site}}\n--\n";
    EXPECT_EQ(rendered(text, {{"title", "down"}}), "down\n\n--\n");
    EXPECT_EQ(rendered(text, {{"title", "t"}, {"who", "ann"}}), "t\n\nBy ann at \n--\n");
}

TEST(Template, NeverReadsAValueAsATemplate) {
    EXPECT_EQ(rendered("{{title}}", {{"title", "{{who}}"}, {"who", "ann"}}), "{{who}}");
}

TEST(Template, SaysWhereItIsWrong) {
    EXPECT_EQ(
        flaw("ok\n告警 {{titel}}"),
        "2:4: unknown placeholder \"titel\", expected one of: site, title, who"
    );
    EXPECT_EQ(flaw("a {{title"), "1:3: \"{{\" is not closed, expected \"}}\" on its line");
    EXPECT_EQ(flaw("{{title\n}}"), "1:1: \"{{\" is not closed, expected \"}}\" on its line");
    EXPECT_EQ(flaw("{{title}} }} "), "1:11: \"}}\" closes nothing, expected \"{{\" before");
    EXPECT_EQ(flaw("{{}}").substr(0, 27), "1:1: unknown placeholder \"\"");
    EXPECT_NE(flaw(std::string(1 << 15, 'x')), "accepted");
}

}  // namespace
}  // namespace muster::config
