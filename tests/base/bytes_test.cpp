#include "base/bytes.hpp"

#include "base/random.hpp"

#include <gtest/gtest.h>

namespace muster {
namespace {

TEST(Hex, GoesBothWays) {
    EXPECT_EQ(to_hex(std::string_view("\x00\xff\x10", 3)), "00ff10");
    EXPECT_EQ(from_hex("00fF10"), std::string("\x00\xff\x10", 3));
    EXPECT_FALSE(from_hex("0"));
    EXPECT_FALSE(from_hex("0g"));
}

TEST(Base64url, MatchesTheVectorsOfRfc4648) {
    EXPECT_EQ(to_base64url(""), "");
    EXPECT_EQ(to_base64url("f"), "Zg");
    EXPECT_EQ(to_base64url("foobar"), "Zm9vYmFy");
    EXPECT_EQ(to_base64url("\xfb\xff"), "-_8");
    EXPECT_EQ(from_base64url("Zm9vYg"), "foob");
    EXPECT_EQ(from_base64url(""), "");
}

TEST(Base64url, RefusesOtherAlphabetsAndPadding) {
    for (const auto* text : {"Zg==", "+/8", "Z", "Zm9v YmFy", "Zh"}) {
        EXPECT_FALSE(from_base64url(text)) << text;
    }
}

TEST(Numbers, AreLittleEndian) {
    std::string out;
    put_u32(out, 0x01020304U);
    put_u64(out, 0x0102030405060708U);
    EXPECT_EQ(to_hex(out), "040302010807060504030201");
    EXPECT_EQ(load_u32(out.data()), 0x01020304U);
    EXPECT_EQ(load_u64(out.data() + 4), 0x0102030405060708U);
}

TEST(Crc32c, MatchesTheVectorsOfRfc3720) {
    std::string rising;
    for (int i = 0; i < 32; ++i) {
        rising += static_cast<char>(i);
    }
    for (const auto compute : {crc32c, crc32c_by_table}) {
        EXPECT_EQ(compute("", 0), 0U);
        EXPECT_EQ(compute("123456789", 0), 0xE3069283U);
        EXPECT_EQ(compute(std::string(32, '\0'), 0), 0x8A9136AAU);
        EXPECT_EQ(compute(std::string(32, '\xff'), 0), 0x62A8AB43U);
        EXPECT_EQ(compute(rising, 0), 0x46DD794EU);
    }
}

TEST(Crc32c, ChainsAndAgreesWithTheTable) {
    SeededRandom random(7);
    std::string bytes(1000, '\0');
    random.fill(std::as_writable_bytes(std::span(bytes)));
    const std::string_view all = bytes;
    for (std::size_t cut : {0U, 1U, 7U, 8U, 9U, 500U, 1000U}) {
        EXPECT_EQ(crc32c(all.substr(cut), crc32c(all.substr(0, cut))), crc32c(all));
        EXPECT_EQ(crc32c(all.substr(cut)), crc32c_by_table(all.substr(cut)));
    }
}

TEST(Printable, LeavesReadableTextAlone) {
    EXPECT_EQ(printable("eth0 up"), "eth0 up");
    EXPECT_EQ(printable("Zürich 東京 🚦"), "Zürich 東京 🚦");
}

TEST(Printable, ReplacesWhatControlsATerminal) {
    EXPECT_EQ(printable("a\x1b[31mb"), "a\uFFFD[31mb");
    EXPECT_EQ(printable("one\r\n\ttwo"), "one   two") << "in one line";
    EXPECT_EQ(printable("\u202Egpj.exe"), "\uFFFDgpj.exe");
    EXPECT_EQ(printable("a\u0085b\u2028c\u2066"), "a\uFFFDb\uFFFDc\uFFFD");
    EXPECT_EQ(printable(std::string_view("a\0b", 3)), "a\uFFFDb");
}

TEST(Printable, ReplacesWhatIsNotUtf8) {
    EXPECT_EQ(printable("\xff"), "\uFFFD");
    EXPECT_EQ(printable("\xc3"), "\uFFFD");
    EXPECT_EQ(printable("\xc0\xaf"), "\uFFFD\uFFFD") << "overlong";
    EXPECT_EQ(printable("\xed\xa0\x80"), "\uFFFD\uFFFD\uFFFD") << "surrogate";
    EXPECT_EQ(printable("\xf4\x90\x80\x80").substr(0, 3), "\uFFFD") << "beyond U+10FFFF";
}

TEST(Printable, CutsBetweenCharacters) {
    EXPECT_EQ(printable("abcdef", 3), "abc");
    EXPECT_EQ(printable("aüü", 4), "aü");
    EXPECT_EQ(printable("\x1b\x1b", 5), "\uFFFD");
}

}  // namespace
}  // namespace muster
