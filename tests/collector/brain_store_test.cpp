#include "base/database.hpp"
#include "collector/brain/state_sql.hpp"
#include "collector/migrations.hpp"

#include <gtest/gtest.h>

namespace muster::collector {
namespace {

TEST(BrainStore, EveryStatementFitsTheSchema) {
    auto database = Database::open(":memory:", {.mode = DatabaseMode::memory});
    ASSERT_TRUE(database) << database.error().text();
    ASSERT_TRUE(database->migrate(brain_migrations()));
    for (const std::string_view sql : state_sql) {
        ASSERT_FALSE(sql.empty()) << "StateQuery and state_sql have the same length";
        const auto statement = database->prepare(sql);
        EXPECT_TRUE(statement) << sql << ": " << statement.error().text();
    }
}

}  // namespace
}  // namespace muster::collector
