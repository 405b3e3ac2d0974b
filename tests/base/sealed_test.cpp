#include "base/sealed.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace muster {
namespace {

using testing::HasSubstr;
using testing::Not;

TEST(Sealed, OpensUnderItsKeyAndLabelAlone) {
    const Secret key = make_sealing_key();
    ASSERT_TRUE(is_sealing_key(key));
    const std::string sealed = seal(key, "community of 7", "public");
    EXPECT_THAT(sealed, Not(HasSubstr("public")));
    const auto opened = open_sealed(key, "community of 7", sealed);
    ASSERT_TRUE(opened) << opened.error().text();
    EXPECT_EQ(opened->reveal(), "public");
    EXPECT_EQ(open_sealed(key, "community of 8", sealed).error().kind(), ErrorKind::corrupt);
    EXPECT_FALSE(open_sealed(make_sealing_key(), "community of 7", sealed));
    EXPECT_NE(seal(key, "community of 7", "public"), sealed) << "a nonce of its own";
}

TEST(Sealed, DoesNotOpenWhereAnyBitIsAnother) {
    const Secret key = make_sealing_key();
    const std::string sealed = seal(key, "", "");
    EXPECT_EQ(open_sealed(key, "", sealed)->reveal(), "") << "nothing is something to seal too";
    for (std::size_t bit = 0; bit < sealed.size() * 8; ++bit) {
        std::string altered = sealed;
        altered[bit / 8] = static_cast<char>(altered[bit / 8] ^ (1 << (bit % 8)));
        ASSERT_FALSE(open_sealed(key, "", altered)) << bit;
    }
    for (std::size_t size = 0; size < sealed.size(); ++size) {
        ASSERT_FALSE(open_sealed(key, "", sealed.substr(0, size))) << size;
    }
}

}  // namespace
}  // namespace muster
