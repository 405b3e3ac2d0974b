// Owns: sending what waits in the outbox, channel beside channel. Leaves to channel_queue: when; to courier: the attempt; to
// the brain: what is told and what an answer means.
#pragma once

#include "base/clock.hpp"
#include "base/files.hpp"
#include "base/random.hpp"
#include "base/task.hpp"
#include "collector/api/state_reader.hpp"
#include "collector/journal/entry.hpp"
#include "collector/notify/channel_queue.hpp"
#include "collector/notify/delivery_answer.hpp"
#include "config/watch.hpp"

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace muster::collector {

/// All of it outlives the notifier.
struct NotifierContext {
    StateReader* state = nullptr;
    const Clock* clock = nullptr;
    Random* random = nullptr;
    Files* files = nullptr;
    std::string data_dir;  ///< no secret is read below it
    std::string installation;
    std::string helo = "localhost";  ///< our name to mail servers
    /// Appends to the journal: EntryKind::delivery_result with a serialised proto::DeliveryResult, one for each attempt.
    std::function<void(EntryKind kind, std::string body)> append;
};

struct NotifierOptions {
    BackOff back_off;
    Duration timeout = std::chrono::seconds(10);       ///< for one call of a webhook
    Duration mail_timeout = std::chrono::seconds(30);  ///< for one mail
};

/// Start it when the brain has caught up with the journal: before, the outbox still shows messages whose delivery the
/// brain has yet to fold. Sending is at least once over a crash, once otherwise; receivers go by Idempotency-Key.
/// Belongs to the loop's thread.
class Notifier {
  public:
    struct Impl;
    Notifier(asio::io_context& loop, NotifierContext context, NotifierOptions options);
    ~Notifier();
    Notifier(const Notifier&) = delete;
    Notifier& operator=(const Notifier&) = delete;

    /// Starts sending for these channels; those left out stop and keep their messages. Called again at a reload.
    void configure(std::vector<config::Channel> channels);
    /// The outbox may hold new rows (Effects::outbox_changed).
    void poke();
    /// Sends a test message now, beside the queue, and gives what the receiver said; nothing where there is no such channel.
    /// Nothing is appended to the journal.
    Task<std::optional<DeliveryAnswer>> test(std::string channel);
    void stop();
    /// Waits until nothing is being sent.
    Task<void> drained();

  private:
    std::shared_ptr<Impl> impl_;  // shared with the coroutines of its channels
};

}  // namespace muster::collector
