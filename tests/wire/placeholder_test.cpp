#include "wire/placeholder.hpp"

#include <gtest/gtest.h>

namespace muster::wire {
namespace {

TEST(Placeholder, IsWhatMakersLeaveWhereAValueShouldBe) {
    for (const char* text :
         {"",
          " ",
          "0",
          "0000000000",
          "FFFFFFFF",
          "xxxxxxxx",
          "x",
          "-",
          "................",
          "None",
          "unknown",
          "Default string",
          "Not Specified",
          " To Be Filled By O.E.M. ",
          "System Serial Number",
          "0123456789",
          "N/A"}) {
        EXPECT_TRUE(is_placeholder(text)) << text;
    }
}

TEST(Placeholder, IsNoShortNumberOrName) {
    for (const char* text :
         {"7Q0R8M2", "VMware-56 4d 01", "1", "AA1", "Dell Inc.", "222", "8888", "f"}) {
        EXPECT_FALSE(is_placeholder(text)) << text;
    }
}

}  // namespace
}  // namespace muster::wire
