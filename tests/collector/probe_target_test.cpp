#include "collector/brain/probe_target.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <string>

namespace muster::collector {
namespace {

using namespace std::chrono_literals;

std::string target(const std::string& host, const config::Params& params) {
    ProbeSpec probe;
    probe.type = "tcp";
    probe.encoded = encode_spec("tcp", 10s, 2s, params);
    return probe_target(probe, host);
}

TEST(ProbeTarget, IsTheHostAndThePortWhereThereIsOne) {
    EXPECT_EQ(target("192.0.2.7", {}), "192.0.2.7");
    EXPECT_EQ(target("192.0.2.7", {{"port", ""}}), "192.0.2.7");
    EXPECT_EQ(target("mail.example.net", {{"port", "25"}}), "mail.example.net:25");
    EXPECT_EQ(target("2001:db8::7", {{"port", "25"}}), "[2001:db8::7]:25");
}

TEST(ProbeTarget, IsTheUrlWithoutWhatMayBeSecretInIt) {
    EXPECT_EQ(
        target("192.0.2.7", {{"url", "http://127.0.0.1:8088/health"}}),
        "http://127.0.0.1:8088/health"
    );
    EXPECT_EQ(
        target("shop", {{"url", "https://anna:pass@shop.example.net/a@b?token=x#y"}}),
        "https://shop.example.net/a@b"
    );
    EXPECT_EQ(target("shop", {{"url", "https://p@ss@shop?token=x"}}), "https://shop");
}

}  // namespace
}  // namespace muster::collector
