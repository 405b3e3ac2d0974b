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
    EXPECT_EQ(attributes.back().name, "hostname");
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
}

}  // namespace
}  // namespace muster::cmdb
