// Owns: what a webhook looks like: headers, signature, which answers mean delivered. Leaves to notifier: sending it.
#pragma once

#include "base/secret.hpp"
#include "base/time.hpp"
#include "collector/notify/delivery_answer.hpp"
#include "collector/notify/outbox_row.hpp"
#include "config/watch.hpp"
#include "wire/http_client.hpp"

#include <string>
#include <string_view>

namespace muster::collector {

/// "t=<unix seconds>,v1=<hex HMAC-SHA256(key, t + "." + body)>": the receiver checks it and refuses old times.
std::string webhook_signature(std::string_view key, WallTime at, std::string_view body);

/// POST of `row.payload` (application/cloudevents+json) with Muster-Signature and Idempotency-Key, which is the
/// installation and the message: receivers may listen to several collectors.
wire::HttpCall webhook_call(
    const config::Channel& channel,
    std::string ca_pem,
    const OutboxRow& row,
    const std::string& installation,
    const Secret& key,
    WallTime at
);

/// 2xx is delivered; everything else is tried again.
DeliveryAnswer webhook_answer(const Result<wire::HttpAnswer>& answer);

}  // namespace muster::collector
