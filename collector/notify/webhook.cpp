#include "collector/notify/webhook.hpp"

#include "base/bytes.hpp"
#include "base/crypto.hpp"

#include <charconv>
#include <utility>

namespace muster::collector {

namespace {

constexpr std::size_t answer_limit = 64u << 10;
constexpr std::int64_t longest_wait_s = 24 * 60 * 60;

Duration retry_after_of(const wire::HttpAnswer& answer) {
    const auto header = answer.headers.find("retry-after");
    if (header == answer.headers.end()) {
        return Duration{0};
    }
    std::int64_t seconds = 0;
    const std::string& text = header->second;
    const auto [end, wrong] = std::from_chars(text.data(), text.data() + text.size(), seconds);
    const bool usable = wrong == std::errc{} && seconds > 0 && seconds <= longest_wait_s;
    return usable ? Duration(std::chrono::seconds(seconds)) : Duration{0};
}

}  // namespace

std::string webhook_signature(std::string_view key, WallTime at, std::string_view body) {
    const auto unix_time = std::chrono::floor<std::chrono::seconds>(at).time_since_epoch().count();
    const std::string time = std::to_string(unix_time);
    std::string signed_text = time + ".";
    signed_text += body;
    return "t=" + time + ",v1=" + to_hex(hmac_sha256(key, signed_text));
}

wire::HttpCall webhook_call(
    const config::Channel& channel,
    std::string ca_pem,
    const OutboxRow& row,
    const std::string& installation,
    const Secret& key,
    WallTime at
) {
    wire::HttpCall call;
    call.method = "POST";
    call.url = channel.url;
    call.headers["Content-Type"] = "application/cloudevents+json; charset=utf-8";
    call.headers["Idempotency-Key"] = installation + "/" + row.id;
    call.headers["Muster-Signature"] = webhook_signature(key.reveal(), at, row.payload);
    call.body = row.payload;
    call.trust.ca_pem = std::move(ca_pem);
    call.trust.remedy = "give its authority's certificate as ca_file of the channel";
    call.body_limit = answer_limit;
    return call;
}

DeliveryAnswer webhook_answer(const Result<wire::HttpAnswer>& answer) {
    DeliveryAnswer result;
    if (!answer) {
        result.detail = printable(answer.error().text(), 256);
        return result;
    }
    result.status = answer->status;
    result.delivered = answer->status >= 200 && answer->status < 300;
    result.detail = "HTTP " + std::to_string(answer->status);
    if (!result.delivered) {
        result.retry_after = retry_after_of(*answer);
    }
    return result;
}

}  // namespace muster::collector
