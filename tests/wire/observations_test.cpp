#include "wire/observations.hpp"

#include "base/random.hpp"
#include "wire/observations.pb.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace muster::wire {
namespace {

using testing::HasSubstr;

Observations small() {
    Observations seen;
    seen.run = "2f1c";
    seen.full = true;
    seen.items.push_back(
        {.object = "host",
         .ci_class = "server",
         .keys =
             {{"smbios", "uuid", "4c4c4544-0051-3010-8052-b4c04f564e31"}, {"", "serial", "7Q0R"}},
         .attributes = {{"memory_bytes", "8589934592"}, {"name", "café"}, {"note", ""}},
         .observed = wall_from_ns(1'700'000'000'000'000'001)}
    );
    seen.items.push_back(
        {.object = "interface/eth0", .ci_class = "interface", .keys = {}, .attributes = {}}
    );
    seen.relations.push_back({.from = 0, .to = 1, .type = "contains"});
    seen.relations.push_back({.from = 1, .to = 0, .type = "contained_by"});
    seen.lacking = {"serial: permission denied", ""};
    return seen;
}

std::string why(std::string_view payload, const ObservationLimits& limits = {}) {
    const auto decoded = decode_observations(payload, limits);
    return decoded ? "it was taken" : decoded.error().text();
}

TEST(Observations, ComeBackAsTheyWere) {
    const auto back = decode_observations(encode_observations(small()));
    ASSERT_TRUE(back) << back.error().text();
    EXPECT_EQ(*back, small());
    EXPECT_EQ(decode_observations("").value(), Observations{});
}

TEST(Observations, AreReadByTheGeneratedCodec) {
    proto::Observations message;
    ASSERT_TRUE(message.ParseFromString(encode_observations(small())));
    EXPECT_EQ(message.run(), "2f1c");
    EXPECT_TRUE(message.full());
    ASSERT_EQ(message.items_size(), 2);
    EXPECT_EQ(message.items(0).attributes().at("name"), "café");
    EXPECT_EQ(message.items(0).keys(1).value(), "7Q0R");
    EXPECT_EQ(message.items(0).observed_ns(), 1'700'000'000'000'000'001);
    EXPECT_EQ(message.relations(0).to(), 1U);
    EXPECT_EQ(message.lacking_size(), 2);
    EXPECT_EQ(decode_observations(message.SerializeAsString()).value(), small());
}

TEST(Observations, LeaveOutWhatANewerPeerAdds) {
    const std::string bytes = encode_observations(small());
    // Field 15 as number, bytes, 32 and 64 bits.
    const std::string unknown("\x78\x05\x7a\x02hi\x7d\1\2\3\4\x79\1\2\3\4\5\6\7\x08", 20);
    EXPECT_EQ(decode_observations(bytes + unknown).value(), small());
}

TEST(Observations, AreBounded) {
    Observations seen = small();
    const auto with = [](auto member, std::size_t value) {
        ObservationLimits limits;
        limits.*member = value;
        return limits;
    };
    using L = ObservationLimits;
    const std::string bytes = encode_observations(seen);
    EXPECT_THAT(why(bytes, with(&L::items, 1)), HasSubstr("more than 1 items"));
    EXPECT_THAT(why(bytes, with(&L::keys_an_item, 1)), HasSubstr("more than 1 keys"));
    EXPECT_THAT(why(bytes, with(&L::attributes_an_item, 2)), HasSubstr("more than 2 attributes"));
    EXPECT_THAT(why(bytes, with(&L::facts, 4)), HasSubstr("more than 4 keys and attributes"));
    EXPECT_THAT(why(bytes, with(&L::relations, 1)), HasSubstr("more than 1 relations"));
    EXPECT_THAT(why(bytes, with(&L::lacking, 1)), HasSubstr("more than 1 facts"));
    EXPECT_THAT(why(bytes, with(&L::text_bytes, 20)), HasSubstr("longer than 20 bytes"));
    EXPECT_EQ(why(bytes, with(&L::facts, 5)), "it was taken");
}

TEST(Observations, ThatContradictThemselvesAreRefused) {
    const auto changed = [](auto change) {
        Observations seen = small();
        change(seen);
        return why(encode_observations(seen));
    };
    EXPECT_THAT(changed([](auto& s) { s.items[1].object = ""; }), HasSubstr("has no name"));
    EXPECT_THAT(changed([](auto& s) { s.items[1].ci_class = ""; }), HasSubstr("has no class"));
    EXPECT_THAT(
        changed([](auto& s) { s.items[1].object = "host"; }),
        HasSubstr("two items are named \"host\"")
    );
    EXPECT_THAT(
        changed([](auto& s) { s.items[0].keys[0].value = ""; }), HasSubstr("no kind or no value")
    );
    EXPECT_THAT(
        changed([](auto& s) { s.items[0].attributes[""] = "x"; }),
        HasSubstr("attribute has no name")
    );
    EXPECT_THAT(
        changed([](auto& s) { s.relations[0].to = 2; }), HasSubstr("an item that is not there")
    );
    EXPECT_THAT(changed([](auto& s) { s.relations[0].type = ""; }), HasSubstr("has no type"));
}

TEST(Observations, TextsAreMadePrintableAndUnreadableKeysStayDifferent) {
    Observations seen = small();
    seen.items[0].attributes["name"] = "bell\a and \xff";
    seen.items[0].keys[0].value = "a\xfe";
    seen.items[0].keys[1].value = "a\xff";
    const auto back = decode_observations(encode_observations(seen));
    ASSERT_TRUE(back);
    EXPECT_EQ(back->items[0].attributes.at("name"), "bell\uFFFD and \uFFFD");
    EXPECT_EQ(back->items[0].keys[0].value, R"(a\xfe)");
    EXPECT_EQ(back->items[0].keys[1].value, R"(a\xff)");
}

TEST(Observations, ThatAreCutOffOrGarbledAreRefusedOrReadWithoutHarm) {
    const std::string whole = encode_observations(small());
    for (std::size_t length = 0; length < whole.size(); ++length) {
        static_cast<void>(decode_observations(whole.substr(0, length)));
    }
    SeededRandom random(7);
    for (int round = 0; round < 20'000; ++round) {
        std::string bytes = whole;
        bytes[random.below(bytes.size())] ^= static_cast<char>(1U << random.below(8));
        if (const auto decoded = decode_observations(bytes)) {
            EXPECT_EQ(decode_observations(encode_observations(*decoded)).value(), *decoded);
        }
    }
    EXPECT_THAT(why(whole.substr(0, whole.size() - 1)), HasSubstr("cut off"));
}

}  // namespace
}  // namespace muster::wire
