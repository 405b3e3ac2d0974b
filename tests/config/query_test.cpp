#include "config/query.hpp"

#include "config/query_parser.hpp"

#include <gmock/gmock.h>

#include <map>

namespace muster::config {
namespace {

std::optional<std::string> field(std::string_view name) {
    static const std::map<std::string, std::string, std::less<>> router{
        {"class", "network_device"},
        {"name", "core-1"},
        {"site", "HQ"},
        {"label.role", "spare part"},
    };
    const auto found = router.find(name);
    return found == router.end() ? std::nullopt : std::optional(found->second);
}

bool matches(std::string_view text) {
    const auto query = Query::parse(text);
    EXPECT_TRUE(query) << text << ": " << query.error().text();
    return query && query->matches(field);
}

std::string wrong(std::string_view text) {
    const auto query = Query::parse(text);
    return query ? "accepted" : query.error().text();
}

TEST(Query, ComparesFields) {
    EXPECT_TRUE(matches("class = network_device"));
    EXPECT_FALSE(matches("class = server"));
    EXPECT_TRUE(matches("class != server"));
    EXPECT_TRUE(matches("label.role = \"spare part\""));
    EXPECT_TRUE(matches("site in (DC, HQ)"));
    EXPECT_FALSE(matches("site in (DC)"));
    EXPECT_TRUE(matches("name ~ core*"));
    EXPECT_TRUE(matches("name~\"core-[0-9]\""));
    EXPECT_FALSE(matches("name ~ ore"));
}

TEST(Query, ComparesNumbers) {
    const auto with = [](std::string_view text, const std::string& cpus) {
        const auto query = Query::parse(text);
        EXPECT_TRUE(query) << text;
        return query && query->matches([&](std::string_view) { return std::optional(cpus); });
    };
    EXPECT_TRUE(with("cpus > 4", "5"));
    EXPECT_FALSE(with("cpus > 4", "4"));
    EXPECT_TRUE(with("cpus >= 4", "4"));
    EXPECT_TRUE(with("cpus<10", "9"));  // as numbers, not as text
    EXPECT_TRUE(with("cpus <= 0.5", "0.5"));
    EXPECT_FALSE(with("cpus < 10", "many"));
    EXPECT_FALSE(with("cpus > 10", "many"));
    EXPECT_EQ(wrong("cpus > many"), "column 8: \"many\", expected a number such as 4 or 0.5");
    EXPECT_EQ(wrong("cpus >"), "column 7: the end, expected a number such as 4 or 0.5");
    EXPECT_THAT(wrong("cpus > inf"), testing::HasSubstr("expected a number"));
}

TEST(Query, KnowsWhichFieldsAndClassesThereAre) {
    const Vocabulary words{
        .fields = {"class", "name", "site"}, .prefixes = {"label."}, .classes = {"server", "router"}
    };
    const auto checked = [&](std::string_view text) {
        const auto query = Query::parse(text);
        const Status known = query ? query->check(words) : Status(failure(query.error()));
        return known ? std::string("accepted") : std::string(known.error().what());
    };
    EXPECT_EQ(checked("class = server and not (label.anything = x)"), "accepted");
    EXPECT_EQ(
        checked("site = HQ or nmae = a"),
        "column 14: there is no field \"nmae\"; did you mean \"name\"?"
    );
    EXPECT_EQ(
        checked("class in (server, ruoter)"),
        "column 19: there is no class \"ruoter\"; did you mean \"router\"?"
    );
    EXPECT_EQ(checked("class ~ r*"), "accepted");
    EXPECT_THAT(checked("label. = x"), testing::HasSubstr("column 1"));
}

TEST(Query, TakesAnAbsentFieldForDifferentFromEverything) {
    EXPECT_FALSE(matches("owner = me"));
    EXPECT_TRUE(matches("owner != me"));
    EXPECT_FALSE(matches("owner ~ *"));
    EXPECT_FALSE(matches("owner in (me, you)"));
}

TEST(Query, BindsNotBeforeAndBeforeOr) {
    EXPECT_TRUE(matches("site = HQ or site = DC and name = nobody"));
    EXPECT_FALSE(matches("(site = HQ or site = DC) and name = nobody"));
    EXPECT_TRUE(matches("not site = DC and site = HQ"));
    EXPECT_FALSE(matches("not (site = HQ)"));
    EXPECT_TRUE(matches("not not site = HQ"));
}

TEST(Query, AsksForClassesByInheritance) {
    const auto query = Query::parse("class = hardware and site = HQ");
    ASSERT_TRUE(query);
    const auto is_a = [](std::string_view ci_class, std::string_view wanted) {
        return ci_class == wanted || (ci_class == "network_device" && wanted == "hardware");
    };
    EXPECT_TRUE(query->matches(field, is_a));
    EXPECT_FALSE(query->matches(field));
}

TEST(Query, MatchesNothingWhenEmpty) {
    EXPECT_FALSE(Query().matches(field));
}

TEST(Query, NamesTheColumnOfAnError) {
    EXPECT_EQ(wrong(""), "column 1: an empty query, expected a comparison such as class = server");
    EXPECT_EQ(wrong("class"), "column 6: the end, expected =, !=, ~, <, <=, >, >= or in");
    EXPECT_EQ(wrong("class = a b"), "column 11: \"b\", expected \"and\", \"or\" or the end");
    EXPECT_EQ(wrong("(class = a"), "column 11: the end, expected \")\"");
    EXPECT_EQ(wrong("site in (a"), "column 11: the end, expected \",\" or \")\"");
    EXPECT_EQ(
        wrong("größe = 1"),
        "column 1: \"größe\", expected a field such as class, name or label.role"
    );
    EXPECT_NE(wrong("a = \"open"), "accepted");
    EXPECT_NE(wrong("a = and"), "accepted");
    EXPECT_NE(wrong("a ! b"), "accepted");
}

TEST(Query, BoundsLengthAndDepth) {
    EXPECT_NE(wrong("a = " + std::string(5000, 'b')), "accepted");
    EXPECT_EQ(
        wrong(std::string(40, '(') + "a = b" + std::string(40, ')')),
        "column 33: nested deeper than 32 levels"
    );
    std::string wide = "a = b";
    for (int i = 0; i < 300; ++i) {
        wide += " or a = b";
    }
    EXPECT_EQ(wrong(wide), "accepted");
}

TEST(Wildcard, TakesTheWholeText) {
    EXPECT_TRUE(wildcard_matches("*", ""));
    EXPECT_TRUE(wildcard_matches("a*b*c", "a-b-b-c"));
    EXPECT_FALSE(wildcard_matches("a*b*c", "a-c-b"));
    EXPECT_TRUE(wildcard_matches("sw-??", "sw-01"));
    EXPECT_TRUE(wildcard_matches("[!a-c]x", "dx"));
    EXPECT_FALSE(wildcard_matches("[!a-c]x", "bx"));
    EXPECT_TRUE(wildcard_matches("[", "["));
    EXPECT_FALSE(wildcard_matches(std::string(30, '*') + "b", std::string(4000, 'a')));
}

}  // namespace
}  // namespace muster::config
