#include "ctl/event_reader.hpp"

#include <gtest/gtest.h>

namespace muster::ctl {
namespace {

constexpr std::string_view stream =
    "retry: 2000\n\n"
    ": a comment\n"
    "id: 1.0\nevent: incident\ndata: {\"a\":1}\n\n"
    "id: 2.0\n\n"
    "event: ci\r\ndata: one\r\ndata:two\r\nid: 3.0\r\n\r\n"
    "id: 4.0\nevent: never ended\ndata: x\n";

std::vector<ServerEvent> read(std::string_view text, std::size_t piece) {
    EventReader reader;
    std::vector<ServerEvent> all;
    for (std::size_t at = 0; at < text.size(); at += piece) {
        for (ServerEvent& event : reader.take(text.substr(at, piece))) {
            all.push_back(std::move(event));
        }
    }
    return all;
}

TEST(EventReader, ReadsTheSameHoweverTheBytesAreCut) {
    for (std::size_t piece = 1; piece <= stream.size(); ++piece) {
        const auto events = read(stream, piece);
        ASSERT_EQ(events.size(), 3U) << piece;
        EXPECT_EQ(events[0].id, "1.0");
        EXPECT_EQ(events[0].kind, "incident");
        EXPECT_EQ(events[0].data, "{\"a\":1}");
        EXPECT_EQ(events[1].id, "2.0");
        EXPECT_EQ(events[1].data, "") << "only the id moved";
        EXPECT_EQ(events[2].id, "3.0");
        EXPECT_EQ(events[2].kind, "ci");
        EXPECT_EQ(events[2].data, "one\ntwo");
    }
}

}  // namespace
}  // namespace muster::ctl
