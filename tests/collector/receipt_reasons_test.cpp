// The page that lists why pages are withheld.
#include "base/files.hpp"
#include "collector/brain/incidents/causes.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace muster::collector {
namespace {

using testing::HasSubstr;

TEST(ReceiptReasons, AreAllDocumented) {
    RealFiles files;
    const auto page = read_file(files, MUSTER_SOURCE_DIR "/docs/vantage.md", 1 << 20);
    ASSERT_TRUE(page) << page.error().text();
    for (int i = static_cast<int>(Withholding::path); i <= static_cast<int>(Withholding::window);
         ++i) {
        const std::string reason(to_string(static_cast<Withholding>(i)));
        EXPECT_THAT(*page, HasSubstr("`" + reason + "`"));
    }
}

}  // namespace
}  // namespace muster::collector
