#include "base/bytes.hpp"
#include "base/compression.hpp"
#include "base/crypto.hpp"
#include "base/memory_files.hpp"
#include "base/random.hpp"
#include "base/secret.hpp"
#include "base/uuid.hpp"

#include <gtest/gtest.h>

#include <type_traits>
#include <unordered_set>

namespace muster {
namespace {

TEST(Uuid, RandomOnesCarryVersionAndVariant) {
    SystemRandom random;
    const Uuid id = Uuid::random(random);
    EXPECT_EQ(id.text()[14], '4');
    EXPECT_NE(std::string_view("89ab").find(id.text()[19]), std::string_view::npos);
    EXPECT_NE(id, Uuid::random(random));
    EXPECT_FALSE(id.is_nil());
}

TEST(Uuid, EqualTextGivesEqualIds) {
    EXPECT_EQ(Uuid::named("router-1"), Uuid::named("router-1"));
    EXPECT_NE(Uuid::named("router-1"), Uuid::named("router-2"));
    EXPECT_EQ(Uuid::named("").text(), "e3b0c442-98fc-8c14-9afb-f4c8996fb924")
        << "stored ids depend on it";
}

TEST(Uuid, TextAndBytesReadBack) {
    const Uuid id = Uuid::named("x");
    EXPECT_EQ(Uuid::parse(id.text()), id);
    EXPECT_EQ(Uuid::from_bytes(id.raw()), id);
    EXPECT_EQ(Uuid::parse("E3B0C442-98FC-8C14-9AFB-F4C8996FB924"), Uuid::named(""));
}

TEST(Uuid, RefusesOtherShapes) {
    for (const auto* text :
         {"",
          "e3b0c44298fc8c149afbf4c8996fb924",
          "e3b0c442-98fc-8c14-9afb-f4c8996fb92",
          "e3b0c442-98fc-8c14-9afb-f4c8996fb92g",
          "e3b0c442_98fc-8c14-9afb-f4c8996fb924",
          "{e3b0c442-98fc-8c14-9afb-f4c8996fb92}"}) {
        EXPECT_FALSE(Uuid::parse(text)) << text;
    }
    EXPECT_EQ(Uuid::from_bytes("short").error().kind(), ErrorKind::corrupt);
}

TEST(Id, KindsDoNotMix) {
    static_assert(!std::is_convertible_v<AgentId, ProbeId>);
    static_assert(!std::is_constructible_v<AgentId, ProbeId>);
    static_assert(!std::is_convertible_v<Uuid, AgentId>);
    const AgentId id(Uuid::named("a"));
    const std::unordered_set<AgentId> agents{id, id, AgentId{}};
    EXPECT_EQ(agents.size(), 2U);
}

TEST(SeededRandom, GivesTheSameRunForTheSameSeed) {
    SeededRandom one(1);
    SeededRandom same(1);
    SeededRandom other(2);
    EXPECT_EQ(one.next_u64(), 0x910A2DEC89025CC1U) << "the published sequence of SplitMix64";
    EXPECT_EQ(same.next_u64(), 0x910A2DEC89025CC1U);
    EXPECT_NE(other.next_u64(), 0x910A2DEC89025CC1U);
}

TEST(Random, BelowStaysBelowAndReachesAll) {
    SeededRandom random(3);
    std::array<int, 5> seen{};
    for (int i = 0; i < 1000; ++i) {
        const std::uint64_t value = random.below(5);
        ASSERT_LT(value, 5U);
        ++seen[value];
    }
    for (const int count : seen) {
        EXPECT_GT(count, 140);
    }
    EXPECT_EQ(random.below(0), 0U);
    EXPECT_EQ(random.below(1), 0U);
}

TEST(Crypto, MatchesPublishedVectors) {
    // FIPS 180-4 "abc"; RFC 4231 §4.3
    EXPECT_EQ(
        to_hex(sha256("abc")), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    );
    EXPECT_EQ(
        to_hex(hmac_sha256("Jefe", "what do ya want for nothing?")),
        "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
    );
    EXPECT_TRUE(equal_in_constant_time("same", "same"));
    EXPECT_FALSE(equal_in_constant_time("same", "sane"));
    EXPECT_FALSE(equal_in_constant_time("same", "same+"));
    EXPECT_TRUE(equal_in_constant_time("", ""));
}

TEST(Secret, MovesAndLeavesNothingBehind) {
    static_assert(!std::is_copy_constructible_v<Secret>);
    Secret first(std::string("hunter2"));
    Secret second = std::move(first);
    EXPECT_EQ(second.reveal(), "hunter2");
    EXPECT_TRUE(first.empty());  // NOLINT(bugprone-use-after-move): this is what is tested
    EXPECT_EQ(second.clone().reveal(), "hunter2");
    second = Secret(std::string(100, 'x'));
    EXPECT_EQ(second.reveal().size(), 100U);
}

TEST(Secret, FilesLoseOneNewlineAndMayNotBeEmpty) {
    MemoryFiles files;
    ASSERT_TRUE(write_file_atomically(files, "token", "hunter2\n"));
    ASSERT_TRUE(write_file_atomically(files, "empty", "\n"));
    ASSERT_TRUE(write_file_atomically(files, "huge", std::string((64 << 10) + 1, 'x')));
    EXPECT_EQ(read_secret_file(files, "token")->reveal(), "hunter2");
    EXPECT_EQ(read_secret_file(files, "empty").error().kind(), ErrorKind::invalid);
    EXPECT_EQ(read_secret_file(files, "huge").error().kind(), ErrorKind::full);
    EXPECT_EQ(read_secret_file(files, "none").error().kind(), ErrorKind::not_found);
}

TEST(Zstd, GoesBothWays) {
    std::string out = "reused";
    for (const std::string& text : {std::string(), std::string("x"), std::string(100'000, 'a')}) {
        const std::string frame = zstd_compress(text);
        EXPECT_TRUE(zstd_decompress(frame, text.size(), out));
        EXPECT_EQ(out, text);
    }
    EXPECT_LT(zstd_compress(std::string(100'000, 'a'), 3).size(), 100U);
}

TEST(Zstd, RefusesFramesOfAnotherSize) {
    const std::string bomb = zstd_compress(std::string(50'000'000, 'a'));
    std::string out;
    EXPECT_EQ(zstd_decompress(bomb, 1000, out).error().kind(), ErrorKind::corrupt);
    EXPECT_LT(out.capacity(), 2000U) << "nothing was allocated for it";
    EXPECT_FALSE(zstd_decompress(bomb, 50'000'001, out));
}

TEST(Zstd, RefusesDamage) {
    const std::string text = "some text that is worth something";
    const std::string frame = zstd_compress(text);
    std::string out;
    EXPECT_FALSE(zstd_decompress("", text.size(), out));
    EXPECT_FALSE(zstd_decompress("not zstd at all", text.size(), out));
    EXPECT_FALSE(zstd_decompress(frame.substr(0, frame.size() - 3), text.size(), out));
    EXPECT_FALSE(zstd_decompress(frame + "x", text.size(), out));
    EXPECT_FALSE(zstd_decompress(frame + frame, text.size(), out));
    EXPECT_TRUE(out.empty());
}

}  // namespace
}  // namespace muster
