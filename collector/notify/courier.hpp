// Owns: one attempt at one message, over a channel of any type, with its secrets and deadline. Leaves to notifier: when; to
// webhook, mail and smtp_adapter: how.
#pragma once

#include "base/clock.hpp"
#include "base/files.hpp"
#include "base/task.hpp"
#include "collector/notify/delivery_answer.hpp"
#include "collector/notify/outbox_row.hpp"
#include "config/channel.hpp"

#include <string>
#include <vector>

namespace muster::collector {

/// Outlives every attempt.
struct Courier {
    asio::io_context* loop = nullptr;
    const Clock* clock = nullptr;
    Files* files = nullptr;
    std::string data_dir;  ///< no secret is read below it
    std::string installation;
    std::string helo = "localhost";  ///< our name to mail servers
    Duration webhook_timeout = std::chrono::seconds(10);
    Duration mail_timeout = std::chrono::seconds(30);
};

/// `recipients`: of a mail, those that do not have it yet. Secrets are read each time, so that one that was exchanged
/// takes effect without a restart.
Task<DeliveryAnswer> deliver(
    const Courier* courier,
    config::Channel channel,
    OutboxRow row,
    std::vector<std::string> recipients
);

/// The payload of a test message: CloudEvents, type net.muster.test.
std::string test_payload(
    const std::string& installation, const std::string& id, const std::string& channel, WallTime at
);

}  // namespace muster::collector
