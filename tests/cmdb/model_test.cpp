#include "cmdb/model.hpp"

#include "config/yaml.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace muster::cmdb {
namespace {

using testing::HasSubstr;

std::string problem_of(const std::string& text) {
    const auto parsed = Model::parse(std::vector<config::ConfigText>{{"it.yaml", text}});
    return parsed ? "" : parsed.error().text();
}

TEST(Model, ReadsTheShippedClasses) {
    const auto model = Model::parse(shipped_classes());
    ASSERT_TRUE(model) << model.error().text();
    EXPECT_TRUE(model->is_a("server", "hardware"));
    EXPECT_TRUE(model->is_a("server", "configuration_item"));
    EXPECT_FALSE(model->is_a("hardware", "server"));
    EXPECT_EQ(model->depth("network_device"), 2U);
    for (const std::string& name : model->names()) {
        EXPECT_FALSE(model->find(name)->label.en.empty()) << name;
        EXPECT_FALSE(model->find(name)->label.zh.empty()) << name;
    }
}

TEST(Model, InheritsAttributesAndKeys) {
    const auto model = Model::parse(shipped_classes());
    ASSERT_TRUE(model);
    const auto attributes = model->attributes("server");
    EXPECT_EQ(attributes.front().name, "name");
    EXPECT_NE(std::ranges::find(attributes, "hostname", &AttributeSpec::name), attributes.end());
    EXPECT_EQ(attributes.back().name, "smbios_uuid");
    const auto keys = model->identification("server");
    EXPECT_EQ(keys.front().kind, "machine_key");
    EXPECT_TRUE(std::ranges::is_sorted(keys, {}, &KeyRule::rank));
}

TEST(Model, TakesUnknownClassesForThemselvesOnly) {
    const auto model = Model::parse(shipped_classes());
    ASSERT_TRUE(model);
    EXPECT_TRUE(model->is_a("teapot", "teapot"));
    EXPECT_FALSE(model->is_a("teapot", "configuration_item"));
}

TEST(Model, InheritsCriticalityPatienceAndPrecedence) {
    const auto model = Model::parse(shipped_classes());
    ASSERT_TRUE(model);
    EXPECT_EQ(model->criticality("router"), "high");
    EXPECT_EQ(model->criticality("switch"), "medium");
    EXPECT_EQ(model->criticality("database"), "high");
    EXPECT_EQ(model->criticality("web_server"), "medium") << "as every software instance";
    EXPECT_EQ(model->criticality("endpoint"), "low");
    EXPECT_EQ(model->criticality("teapot"), "medium");
    EXPECT_EQ(model->patience("server"), std::chrono::hours(24 * 7));
    EXPECT_EQ(model->patience("web_server"), std::chrono::hours(24));
    EXPECT_LT(model->precedence("server"), model->precedence("agent"));
    EXPECT_EQ(model->icon("web_server"), "globe");
    EXPECT_TRUE(model->is_dependent("interface"));
    EXPECT_FALSE(model->is_dependent("server"));
}

TEST(Model, KnowsWhichClassesARelationMayJoin) {
    const auto model = Model::parse(shipped_classes());
    ASSERT_TRUE(model);
    EXPECT_TRUE(model->may_relate("runs_on", "operating_system", "server"));
    EXPECT_TRUE(model->may_relate("runs_on", "database", "virtual_machine"));
    EXPECT_FALSE(model->may_relate("runs_on", "server", "operating_system"));
    EXPECT_FALSE(model->may_relate("teaches", "server", "server"));
    const RelationType* runs_on = model->relation("runs_on");
    ASSERT_NE(runs_on, nullptr);
    EXPECT_EQ(runs_on->reverse_name, "runs");
    EXPECT_EQ(runs_on->travels, RelationType::Travels::to_from);
    for (const std::string& name : model->relation_names()) {
        EXPECT_FALSE(model->relation(name)->label.zh.empty()) << name;
        EXPECT_FALSE(model->relation(name)->reverse.en.empty()) << name;
    }
}

TEST(Model, TakesSeveralClassesFromOneFile) {
    const auto model = Model::parse(std::vector<config::ConfigText>{
        {"it.yaml",
         "classes:\n"
         "  - {name: a, label: {en: A, zh: A}, criticality: high}\n"
         "  - {name: b, parent: a}\n"
         "relation_types:\n"
         "  - {name: eats, label: {zh: 吃}, reverse: {name: eaten_by, zh: 被吃}, pairs: [{from: a, "
         "to: b}]}\n"}
    });
    ASSERT_TRUE(model) << model.error().text();
    EXPECT_EQ(model->criticality("b"), "high");
    EXPECT_TRUE(model->may_relate("eats", "b", "b"));
    EXPECT_EQ(model->relation("eats")->reverse.en, "eaten by");
}

TEST(Model, SaysWhereAClassFileIsWrong) {
    EXPECT_THAT(
        problem_of("classes:\n  - name: a\n    colour: red\n"),
        HasSubstr("it.yaml:3:5: unknown key \"colour\"")
    );
    EXPECT_THAT(
        problem_of("classes:\n  - {name: a, criticality: huge}\n"),
        HasSubstr("it.yaml:2:28: criticality: \"huge\", expected one of high, medium, low")
    );
    EXPECT_THAT(problem_of("clases: []\n"), HasSubstr("did you mean \"classes\"?"));
}

/// Every class, attribute and kind of relation of ours is called something in both languages.
void expect_both_languages(const config::YamlNode& node, const std::string& file) {
    for (std::size_t at = 0; at < node.items.size(); ++at) {
        const bool is_label = node.kind == config::YamlKind::map &&
                              (node.keys[at].name == "label" || node.keys[at].name == "reverse");
        if (is_label) {
            EXPECT_NE(node.items[at].find("en"), nullptr) << file << ":" << node.items[at].at.line;
            EXPECT_NE(node.items[at].find("zh"), nullptr) << file << ":" << node.items[at].at.line;
        }
        expect_both_languages(node.items[at], file);
    }
    if (node.find("name") != nullptr && node.find("en") == nullptr) {
        EXPECT_NE(node.find("label"), nullptr) << file << ":" << node.at.line;
    }
}

TEST(Model, CallsWhatIsShippedInEnglishAndChinese) {
    for (const config::ConfigText& text : shipped_classes()) {
        config::Issues issues;
        const auto root = config::parse_yaml(text.name, text.text, issues);
        ASSERT_TRUE(root) << issues.error().text();
        expect_both_languages(*root, text.name);
    }
}

}  // namespace
}  // namespace muster::cmdb
