// Owns: the thread that writes the spool: group commit, and messages to and from the loop.
// Leaves to spool.hpp: what is written; to delivery.hpp: what is sent.
#pragma once

#include "agent/spool.hpp"
#include "base/clock.hpp"
#include "base/mailbox.hpp"
#include "base/task.hpp"

#include <boost/asio/io_context.hpp>

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <thread>
#include <variant>
#include <vector>

namespace muster::agent {

struct SpoolThreadOptions {
    Duration flush =
        std::chrono::milliseconds(200);      ///< longest wait for a sync that others can join
    std::uint64_t flush_bytes = 256u << 10;  ///< unsynced bytes that are synced at once
    std::uint64_t queue_bytes =
        16u << 20;  ///< handed over and not yet written; beyond, `append` refuses
    Duration retry = std::chrono::seconds(1);  ///< after a failed sync
    Duration trim_every = std::chrono::seconds(1);
    Duration save_acked_every = std::chrono::seconds(30);
};

/// What the loop knows of the spool.
struct SpoolReport {
    wire::SpoolPosition position;
    SpoolCounters counters;
    std::uint64_t disk_bytes = 0;
    WallTime oldest_unacked{};
};

/// Called on the loop's thread, never after SpoolThread is destroyed.
struct SpoolEvents {
    std::function<void(SpoolReport)> reported;  ///< after each change of the position
    /// The answer to one `fetch`.
    std::function<void(std::vector<wire::SequencedRecord>)> records;
};

/// Made, used and destroyed on the loop's thread. A record is synced within `flush`; at once where
/// it holds a change of state or nothing was synced for that long.
class SpoolThread {
  public:
    SpoolThread(
        asio::io_context& loop,
        const Clock& clock,
        Spool spool,
        SpoolThreadOptions options,
        SpoolEvents events
    );
    /// Syncs, saves and joins the thread.
    ~SpoolThread();
    SpoolThread(const SpoolThread&) = delete;
    SpoolThread& operator=(const SpoolThread&) = delete;

    /// `full` when too much waits already: the record is not taken.
    Status append(wire::Record record);
    void fetch(std::uint64_t from_seq, std::size_t bytes);
    void ack(std::uint64_t seq);
    void set_limits(const SpoolLimits& limits);

    /// As of the last report.
    const SpoolReport& report() const { return report_; }

    /// Records appended and not yet acknowledged, those still on their way to the thread included.
    std::uint64_t unacked_records() const;
    /// Everything appended is durable, by the last report.
    bool all_synced() const;

  private:
    struct Append {
        wire::Record record;
    };

    struct Fetch {
        std::uint64_t from_seq;
        std::size_t bytes;
    };

    struct Ack {
        std::uint64_t seq;
    };

    struct Stop {};

    using Message = std::variant<Append, Fetch, Ack, SpoolLimits, Stop>;

    /// Owned by the loop's side and by handlers on their way to it; cut off by the destructor.
    struct Gate {
        SpoolThread* owner;
    };

    void run();
    void handle(Message& message);
    void settle();
    void maintain(MonoTime now);
    Duration patience(MonoTime now) const;
    void tell();

    asio::io_context& loop_;
    const Clock& clock_;
    SpoolThreadOptions options_;
    SpoolEvents events_;
    std::shared_ptr<Gate> gate_;  // see Gate
    SpoolReport report_;
    std::uint64_t handed_over_ = 0;  // records taken from `append`
    std::uint64_t first_seq_ = 1;    // of the first record handed over
    std::atomic<std::uint64_t> queued_bytes_ = 0;
    Mailbox<Message> mailbox_;

    // Of the thread alone:
    Spool spool_;
    bool stopping_ = false;
    bool urgent_ = false;
    MonoTime last_sync_{};
    MonoTime not_before_{};
    MonoTime last_trim_{};
    MonoTime last_save_{};
    bool sync_failed_ = false;
    bool refusing_ = false;
    std::uint64_t told_refused_ = 0;
    wire::SpoolPosition told_;

    std::jthread thread_;  // last: starts when everything above is there
};

}  // namespace muster::agent
