#include "cmdb/keys.hpp"

#include <gtest/gtest.h>

namespace muster::cmdb {
namespace {

const Model& model() {
    static const Model shipped = *Model::parse(shipped_classes());
    return shipped;
}

std::optional<Key> server_key(
    std::string_view space, std::string_view kind, std::string_view value
) {
    return canonical_key(model(), "server", space, kind, value);
}

TEST(Keys, AreNeverWhatMakersLeaveWhereANumberShouldBe) {
    for (const char* filler :
         {"",
          " ",
          "0",
          "0000000000",
          "unknown",
          "To be filled by O.E.M.",
          "Default string",
          "Not Specified",
          "System Serial Number",
          "Dell Inc. To be filled by O.E.M.",
          "ACME 0"}) {
        EXPECT_FALSE(server_key("vendor", "serial", filler)) << filler;
    }
    for (const char* uuid :
         {"00000000-0000-0000-0000-000000000000",
          "FFFFFFFF-FFFF-FFFF-FFFF-FFFFFFFFFFFF",
          "03000200-0400-0500-0006-000700080009",
          "00020003-0004-0005-0006-000700080009",
          "not a uuid"}) {
        EXPECT_FALSE(server_key("smbios", "uuid", uuid)) << uuid;
    }
}

TEST(Keys, KnowAUuidInBothByteOrders) {
    const auto told = server_key("smbios", "uuid", "4C4C4544-0051-3510-8052-B4C04F4E3732");
    const auto swapped = server_key("smbios", "uuid", "44454c4c-5100-1035-8052-b4c04f4e3732");
    ASSERT_TRUE(told && swapped);
    EXPECT_EQ(*told, *swapped);
    EXPECT_EQ(told->rank, 3U);
    EXPECT_EQ(told->trust, KeyTrust::trusted);
}

TEST(Keys, KnowASerialNumberHoweverItsMakerIsWritten) {
    const auto one = server_key("vendor", "serial", "Dell Inc. 7QX3B12");
    const auto other = server_key("vendor", "serial", "  DELL   7qx3b12 ");
    ASSERT_TRUE(one && other);
    EXPECT_EQ(one->value, "dell 7qx3b12");
    EXPECT_EQ(*one, *other);
}

TEST(Keys, KnowAMacAddressInEveryNotation) {
    EXPECT_EQ(canonical_mac("00-1A-2B-3C-4D-5E"), "00:1a:2b:3c:4d:5e");
    EXPECT_EQ(canonical_mac("001a.2b3c.4d5e"), "00:1a:2b:3c:4d:5e");
    EXPECT_EQ(canonical_mac("00:1a:2b"), "");
    EXPECT_EQ(canonical_mac("a host"), "");
}

TEST(Keys, AreNeverTheVirtualAddressOfSeveralRouters) {
    for (const char* mac :
         {"00:00:5e:00:01:0a",
          "00:00:5e:00:02:0a",
          "00:00:0c:07:ac:01",
          "00:00:0c:9f:f0:01",
          "00:07:b4:00:01:02",
          "00:00:00:00:00:00",
          "ff:ff:ff:ff:ff:ff"}) {
        EXPECT_FALSE(canonical_key(model(), "interface", "parent", "mac", mac)) << mac;
    }
}

TEST(Keys, OfMadeUpMacAddressesSupportAndNeverDecide) {
    const auto real = canonical_key(model(), "interface", "parent", "mac", "00:1a:2b:3c:4d:5e");
    const auto made_up = canonical_key(model(), "interface", "parent", "mac", "02:42:ac:11:00:02");
    ASSERT_TRUE(real && made_up);
    EXPECT_EQ(real->trust, KeyTrust::trusted);
    EXPECT_EQ(made_up->trust, KeyTrust::supporting);
}

TEST(Keys, ThatAClassDoesNotKnowSupportOnly) {
    const auto key = server_key("dns", "hostname", "WEB4.example.net.");
    ASSERT_TRUE(key);
    EXPECT_EQ(key->value, "web4.example.net");
    EXPECT_EQ(key->trust, KeyTrust::supporting);
}

TEST(Keys, KnowAnAddressInEveryNotation) {
    EXPECT_EQ(canonical_address("2001:DB8:0:0::1"), "2001:db8::1");
    EXPECT_EQ(canonical_address("::ffff:192.0.2.1"), "192.0.2.1");
    EXPECT_EQ(canonical_address("192.0.2.256"), "");
}

}  // namespace
}  // namespace muster::cmdb
