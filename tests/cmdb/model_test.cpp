#include "cmdb/model.hpp"

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
         "- {name: a, label: {en: A, zh: A}, criticality: high}\n"
         "- {name: b, parent: a, label: {en: B, zh: B}}\n"
         "- {relation: eats, label: {en: eats, zh: 吃}, reverse: {name: eaten_by, en: eaten by, "
         "zh: "
         "被吃}, pairs: [{from: a, to: b}]}\n"}
    });
    ASSERT_TRUE(model) << model.error().text();
    EXPECT_EQ(model->criticality("b"), "high");
    EXPECT_TRUE(model->may_relate("eats", "b", "b"));
}

TEST(Model, SaysWhereAClassFileIsWrong) {
    EXPECT_THAT(
        problem_of("name: a\nlabel: {en: A, zh: A}\ncolour: red\n"),
        HasSubstr("it.yaml:3:1: unknown key")
    );
    EXPECT_THAT(
        problem_of("name: a\nparent: b\nlabel: {en: A, zh: A}\n"), HasSubstr("\"b\" does not exist")
    );
    EXPECT_THAT(
        problem_of("name: a\nparent: a\nlabel: {en: A, zh: A}\n"), HasSubstr("inherits from itself")
    );
    EXPECT_THAT(problem_of("name: a\n"), HasSubstr("\"label\" is missing"));
    EXPECT_THAT(
        problem_of("name: a\nlabel: {en: A, zh: A}\ncriticality: huge\n"),
        HasSubstr("it.yaml:3:14: \"huge\" where one of high, medium, low was expected")
    );
    EXPECT_THAT(
        problem_of("- {name: a, label: {en: A, zh: A}}\n- {name: a, label: {en: A, zh: A}}\n"),
        HasSubstr("it.yaml:2:10: class \"a\" is defined twice")
    );
    EXPECT_THAT(
        problem_of("relation: r\nlabel: {en: r, zh: r}\nreverse: {name: q, en: q, zh: q}\n"
                   "pairs:\n  - {from: ghost, to: ghost}\n"),
        HasSubstr("it.yaml:5:5: class \"ghost\" does not exist")
    );
}

}  // namespace
}  // namespace muster::cmdb
