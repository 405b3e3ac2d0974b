// Classes and kinds of relations that a configuration declares beside the shipped ones.
#include "cmdb/shipped_model.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace muster::cmdb {
namespace {

using testing::HasSubstr;
using testing::StrEq;

constexpr const char* kiosk_yaml = R"(classes:
  - name: kiosk
    parent: endpoint
    criticality: high
    patience: 3d
    attributes:
      - {name: asset_tag, label: {en: Asset tag, zh: 资产标签}}
      - {name: opened_on, type: date}
    identification:
      - {namespace: shop, kind: asset_tag, rank: 2, of: [asset_tag]}
  - name: info_kiosk
    parent: kiosk
  - name: server
    extend: true
    criticality: high
    attributes:
      - {name: rack_unit, type: integer}
relation_types:
  - name: serves
    label: {en: serves, zh: 服务于}
    reverse: {name: served_by}
    pairs: [{from: kiosk, to: building}]
    impact: {travels: from_to}
  - name: runs_on
    extend: true
    pairs: [{from: kiosk, to: kiosk}]
)";

std::string problems_of(std::vector<config::ConfigText> files) {
    config::Issues issues;
    declared_model(files, issues);
    return issues.empty() ? "" : issues.error().text();
}

std::string problems_of(const std::string& text) {
    return problems_of({{"it.yaml", text}});
}

TEST(DeclaredModel, AddsClassesBesideTheShippedOnes) {
    config::Issues issues;
    const Model model =
        declared_model(std::vector<config::ConfigText>{{"kiosk.yaml", kiosk_yaml}}, issues);
    ASSERT_TRUE(issues.empty()) << issues.error().text();
    EXPECT_TRUE(model.is_a("info_kiosk", "endpoint"));
    EXPECT_TRUE(model.is_a("info_kiosk", "configuration_item"));
    EXPECT_EQ(model.criticality("info_kiosk"), "high");
    EXPECT_EQ(model.patience("info_kiosk"), std::chrono::hours(72));
    EXPECT_EQ(model.find("info_kiosk")->label, (Label{"Info kiosk", "Info kiosk"}));
    EXPECT_EQ(model.identification("info_kiosk").front().kind, "declared_name");
    const auto attributes = model.attributes("info_kiosk");
    EXPECT_NE(std::ranges::find(attributes, "asset_tag", &AttributeSpec::name), attributes.end());
    EXPECT_TRUE(model.may_relate("serves", "info_kiosk", "building"));
    const config::Vocabulary words = ci_vocabulary(model);
    EXPECT_NE(std::ranges::find(words.fields, "asset_tag"), words.fields.end());
    EXPECT_NE(std::ranges::find(words.classes, "kiosk"), words.classes.end());
}

TEST(DeclaredModel, AddsToShippedClassesAndLeavesTheRestOfThem) {
    config::Issues issues;
    const Model model =
        declared_model(std::vector<config::ConfigText>{{"kiosk.yaml", kiosk_yaml}}, issues);
    EXPECT_EQ(model.criticality("server"), "high");
    EXPECT_EQ(model.find("server")->label.zh, "服务器");
    EXPECT_EQ(model.attributes("server").back().name, "rack_unit");
    EXPECT_TRUE(model.is_a("server", "hardware"));
    EXPECT_TRUE(model.may_relate("runs_on", "kiosk", "kiosk"));
    EXPECT_TRUE(model.may_relate("runs_on", "operating_system", "server"));
    EXPECT_EQ(shipped_model().find("kiosk"), nullptr);
    EXPECT_EQ(shipped_model().criticality("server"), "medium");
}

TEST(DeclaredModel, NamesEveryClassOfACircle) {
    EXPECT_THAT(
        problems_of("classes:\n  - {name: a, parent: b}\n  - {name: b, parent: a}\n"),
        StrEq("it.yaml:2:23: class \"a\" inherits from itself: a → b → a")
    );
    EXPECT_THAT(
        problems_of("classes:\n  - {name: a, parent: a}\n  - {name: below, parent: a}\n"),
        StrEq("it.yaml:2:23: class \"a\" inherits from itself: a → a")
    );
    EXPECT_THAT(
        problems_of(
            {{"one.yaml", "classes: [{name: a, parent: b}]"},
             {"two.yaml", "classes: [{name: b, parent: c}, {name: c, parent: a}]"}}
        ),
        StrEq("one.yaml:1:29: class \"a\" inherits from itself: a → b → c → a")
    );
}

TEST(DeclaredModel, TellsWhereADeclarationDoesNotFit) {
    struct Row {
        const char* yaml;
        const char* words;
    };

    for (const Row& row : std::vector<Row>{
             {"classes: [{name: a, parent: sevrer}]",
              "it.yaml:1:29: parent: there is no class \"sevrer\"; did you mean \"server\"?"},
             {"classes: [{name: server}]",
              "it.yaml:1:18: class \"server\" is one that Muster ships; with \"extend: true\""},
             {"classes: [{name: kiosk, extend: true}]",
              "it.yaml:1:18: extend: Muster ships no class \"kiosk\""},
             {"classes: [{name: server, extend: true, parent: site}]",
              "it.yaml:1:18: class \"server\" is extended: its \"parent\""},
             {"classes: [{name: a}, {name: a}]",
              "it.yaml:1:29: class \"a\" is declared twice; the other one is at it.yaml:1:18"},
             {"classes: [{name: A}]", "it.yaml:1:18: name: \"A\", expected small letters"},
             {"classes: [{name: a, parent: server, attributes: [{name: cpu_count}]}]",
              "it.yaml:1:50: attribute \"cpu_count\" is text in class \"a\" and integer in class "
              "\"server\""},
             {"classes: [{name: hardware, extend: true, attributes: [{name: cpu_count}]}]",
              "it.yaml:1:55: attribute \"cpu_count\" is integer in class \"server\" and text"},
             {"classes: [{name: server, extend: true, attributes: [{name: memory_bytes}]}]",
              "it.yaml:1:53: attribute \"memory_bytes\" of class \"server\" is shipped as integer "
              "in bytes"},
             {"classes: [{name: a, attributes: [{name: x}, {name: x}]}]",
              "it.yaml:1:45: attribute \"x\" is declared twice"},
             {"classes: [{name: a, attributes: [{name: state}]}]",
              "it.yaml:1:34: attribute \"state\" has a name that queries use otherwise"},
             {"classes: [{name: a, identification: [{namespace: n, kind: k, rank: 1, of: "
              "[adress]}]}]",
              "it.yaml:1:38: of: class \"a\" has no attribute \"adress\"; did you mean "
              "\"address\"?"},
             {"relation_types: [{name: r, reverse: {name: q}, pairs: [{from: ghost, to: server}]}]",
              "it.yaml:1:56: there is no class \"ghost\""},
             {"relation_types: [{name: r, pairs: [{from: server, to: server}]}]",
              "it.yaml:1:25: relation \"r\" has no \"reverse\""},
             {"relation_types: [{name: runs_on, reverse: {name: q}, pairs: []}]",
              "it.yaml:1:25: relation \"runs_on\" is one that Muster ships"}
         }) {
        EXPECT_THAT(problems_of(std::string(row.yaml)), HasSubstr(row.words)) << row.yaml;
    }
}

TEST(DeclaredModel, KnowsTheNamesOfWhatIsWrong) {
    config::Issues issues;
    const Model model = declared_model(
        std::vector<config::ConfigText>{
            {"it.yaml", "classes: [{name: a, parent: b}, {name: b, parent: a}]"}
        },
        issues
    );
    EXPECT_FALSE(issues.empty());
    EXPECT_NE(model.find("b"), nullptr) << "a policy about b is not wrong as well";
    EXPECT_FALSE(model.is_a("a", "configuration_item")) << "and there is an end to asking";
}

}  // namespace
}  // namespace muster::cmdb
