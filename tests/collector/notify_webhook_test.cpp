#include "collector/notify/webhook.hpp"

#include <gtest/gtest.h>

namespace muster::collector {
namespace {

using namespace std::chrono_literals;

TEST(Webhook, IsSignedOverTimeAndBody) {
    // echo -n '1795000000.{"a":1}' | openssl dgst -sha256 -hmac key
    EXPECT_EQ(
        webhook_signature("key", wall_from_ns(1'795'000'000'999'000'000), R"({"a":1})"),
        "t=1795000000,v1=1bd16f4bb96630234f5d9db1391a58d04079ea2aaf515271f43b4b91dcdfe987"
    );
}

TEST(Webhook, CarriesThePayloadByteForByte) {
    const config::Channel channel{"ops", "webhook", "https://hooks.example.net/a", "", ""};
    const OutboxRow row{"INC-1/opened/ops", "{\"a\": \"ü\"}", {1, 0}, 0};
    const wire::HttpCall call =
        webhook_call(channel, "pem", row, "a1b2", Secret("key"), WallTime{});
    EXPECT_EQ(call.method, "POST");
    EXPECT_EQ(call.url, channel.url);
    EXPECT_EQ(call.body, row.payload);
    EXPECT_EQ(call.headers.at("Idempotency-Key"), "a1b2/INC-1/opened/ops");
    EXPECT_TRUE(call.headers.at("Content-Type").starts_with("application/cloudevents+json"));
    EXPECT_EQ(
        call.headers.at("Muster-Signature"), webhook_signature("key", WallTime{}, row.payload)
    );
    EXPECT_EQ(call.trust.ca_pem, "pem");
}

TEST(Webhook, IsDeliveredWhenTheReceiverSaysTwoHundredAndSomething) {
    for (const int status : {200, 202, 204}) {
        EXPECT_TRUE(webhook_answer(wire::HttpAnswer{status, {}, ""}).delivered) << status;
    }
    for (const int status : {100, 302, 400, 404, 410, 429, 500, 503}) {
        EXPECT_FALSE(webhook_answer(wire::HttpAnswer{status, {}, ""}).delivered) << status;
    }
    const DeliveryAnswer none = webhook_answer(failure(ErrorKind::unavailable, "nobody\nthere"));
    EXPECT_FALSE(none.delivered);
    EXPECT_EQ(none.status, 0);
    EXPECT_EQ(none.detail.find('\n'), std::string::npos);
}

TEST(Webhook, ReadsHowLongTheReceiverWantsUsToWait) {
    const auto wait = [](const std::string& header) {
        return webhook_answer(wire::HttpAnswer{503, {{"retry-after", header}}, ""}).retry_after;
    };
    EXPECT_EQ(wait("30"), Duration(30s));
    for (const char* other : {"", "-1", "soon", "999999999999", "Sun, 22 Nov 2026 10:00:00 GMT"}) {
        EXPECT_EQ(wait(other), Duration(0)) << other;
    }
}

}  // namespace
}  // namespace muster::collector
