#include "base/failpoint.hpp"

#include <gtest/gtest.h>

#include <csignal>
#include <cstdlib>

namespace muster {
namespace {

/// Runs in the child of a death test: the variable is read once per process.
void pass_three_times(const char* armed) {
    ::setenv("MUSTER_FAILPOINT", armed, 1);
    failpoint("other");
    for (int pass = 1; pass <= 3; ++pass) {
        failpoint("journal.after_sync");
        ::dprintf(2, "survived %d\n", pass);
    }
    std::_Exit(0);
}

TEST(FailpointDeathTest, KillsAtTheNamedPass) {
    EXPECT_EXIT(pass_three_times("journal.after_sync"), testing::KilledBySignal(SIGKILL), "^$");
    EXPECT_EXIT(
        pass_three_times("journal.after_sync:3"), testing::KilledBySignal(SIGKILL), "survived 2\n$"
    );
    EXPECT_EXIT(pass_three_times("journal.after_sync:4"), testing::ExitedWithCode(0), "survived 3");
    EXPECT_EXIT(pass_three_times("elsewhere"), testing::ExitedWithCode(0), "survived 3");
}

}  // namespace
}  // namespace muster
