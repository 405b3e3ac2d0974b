#include "brain_world.hpp"
#include "collector/brain/incidents/storage.hpp"

#include <gtest/gtest.h>

namespace muster::collector::brain_test {
namespace {

std::string storage(bool is_full) {
    proto::CollectorStorage body;
    body.set_is_full(is_full);
    body.set_free_bytes(is_full ? 12U << 20U : 900U << 20U);
    body.set_reserve_bytes(64U << 20U);
    body.set_path("/var/lib/muster");
    return body.SerializeAsString();
}

TEST(BrainStorage, AFullDiskIsOneIncidentUntilThereIsRoom) {
    BrainWorld world;
    world.start();
    world.append(EntryKind::collector_storage, storage(false));
    EXPECT_TRUE(world.rows("incident").empty());
    world.append(EntryKind::collector_storage, storage(true));
    world.append(EntryKind::collector_storage, storage(true));
    ASSERT_EQ(world.rows("incident").size(), 1U);
    EXPECT_EQ(world.column("incident", incident_kind)[0], "storage_full");
    EXPECT_EQ(world.column("incident", incident_seen)[0], "12 MiB free where /var/lib/muster is");
    EXPECT_TRUE(world.brain().has_open(storage_full_key));
    world.append(EntryKind::collector_storage, storage(false));
    EXPECT_EQ(world.incidents("resolved"), 1U);
    EXPECT_FALSE(world.brain().has_open(storage_full_key));
    world.append(EntryKind::collector_storage, storage(true));
    EXPECT_TRUE(world.brain().has_open(storage_full_key)) << "full again soon is the same one";
    EXPECT_EQ(world.rows("incident").size(), 1U);
}

}  // namespace
}  // namespace muster::collector::brain_test
