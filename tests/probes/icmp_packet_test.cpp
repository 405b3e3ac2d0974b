#include "probes/icmp_packet.hpp"

#include <gtest/gtest.h>

namespace muster::probes {
namespace {

std::string reply_to(std::string request, Family family) {
    request[0] = static_cast<char>(family == Family::ip4 ? 0 : 129);
    return request;
}

const Echo echo{.id = 0x1234, .sequence = 7, .nonce = 0x0102030405060708};

TEST(IcmpPacket, ComesBackAsItWent) {
    for (const Family family : {Family::ip4, Family::ip6}) {
        const auto back = decode_echo_reply(
            family, Header::absent, reply_to(encode_echo_request(family, echo, 56), family)
        );
        ASSERT_TRUE(back.has_value());
        EXPECT_EQ(back->id, echo.id);
        EXPECT_EQ(back->sequence, echo.sequence);
        EXPECT_EQ(back->nonce, echo.nonce);
    }
}

TEST(IcmpPacket, HasTheSizeAskedForAndAChecksum) {
    const std::string bytes = encode_echo_request(Family::ip4, echo, 57);
    EXPECT_EQ(bytes.size(), 8u + 57u);
    std::uint32_t sum = 0;
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        const auto byte = static_cast<std::uint8_t>(bytes[i]);
        sum += i % 2 == 0 ? static_cast<std::uint32_t>(byte) << 8 : byte;
    }
    EXPECT_EQ((sum & 0xffff) + (sum >> 16), 0xffffu)
        << "RFC 1071: the sum over everything is all ones";
}

TEST(IcmpPacket, SkipsTheHeaderOfRawSockets) {
    std::string raw = "\x46" + std::string(23, '\0');  // 24 bytes: one option word
    raw += reply_to(encode_echo_request(Family::ip4, echo, 16), Family::ip4);
    EXPECT_EQ(decode_echo_reply(Family::ip4, Header::present, raw)->nonce, echo.nonce);
}

TEST(IcmpPacket, TakesNothingElseForAReply) {
    const std::string request = encode_echo_request(Family::ip4, echo, 56);
    EXPECT_FALSE(decode_echo_reply(Family::ip4, Header::absent, request));
    const std::string reply = reply_to(request, Family::ip4);
    EXPECT_FALSE(decode_echo_reply(Family::ip6, Header::absent, reply));
    for (std::size_t cut = 0; cut < 16; ++cut) {
        EXPECT_FALSE(decode_echo_reply(Family::ip4, Header::absent, reply.substr(0, cut)));
        EXPECT_FALSE(decode_echo_reply(Family::ip4, Header::present, reply.substr(0, cut)));
    }
    EXPECT_FALSE(decode_echo_reply(Family::ip4, Header::present, "\x4f" + reply))
        << "a header longer than all of it";
}

TEST(IcmpPacket, FindsTheRequestARouterQuotes) {
    const std::string request = encode_echo_request(Family::ip6, echo, 56);
    EXPECT_EQ(decode_quoted_request(Family::ip6, request)->nonce, echo.nonce);
    const auto short_quote = decode_quoted_request(Family::ip6, request.substr(0, 8));
    EXPECT_EQ(short_quote->sequence, echo.sequence);
    EXPECT_EQ(short_quote->nonce, 0u);
    EXPECT_FALSE(decode_quoted_request(Family::ip6, request.substr(0, 7)));
}

}  // namespace
}  // namespace muster::probes
