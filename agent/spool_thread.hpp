// Owns: the thread that writes the spools, and messages to and from the loop.
// Leaves to spool_upkeep.hpp: when something is written; to delivery.hpp: what is sent.
#pragma once

#include "agent/spool_upkeep.hpp"
#include "base/clock.hpp"
#include "base/mailbox.hpp"
#include "base/task.hpp"

#include <boost/asio/io_context.hpp>

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <thread>
#include <variant>
#include <vector>

namespace muster::agent {

struct SpoolThreadOptions {
    SpoolUpkeepOptions upkeep;
    std::uint64_t queue_bytes =
        16u << 20;  ///< handed over and not yet written; beyond, `append` refuses
};

/// What the loop knows of the spools.
struct SpoolReport {
    std::vector<wire::SpoolPosition>
        positions;  ///< first the one that grows, then the oldest first
    std::vector<wire::FinishedStream> finished;  ///< SpoolSet::finished
    SpoolCounters counters;
    std::uint64_t waiting_results = 0;  ///< neither acknowledged nor in gap records
    std::uint64_t disk_bytes = 0;
    bool is_in_memory = false;        ///< the disk takes nothing for now
    std::uint64_t taken_records = 0;  ///< of those handed over: spooled, or refused by the spool
    std::uint64_t queue_refused_results = 0;  ///< refused before that, and known to the spool
};

/// Called on the loop's thread, never after SpoolThread is destroyed.
struct SpoolEvents {
    std::function<void(SpoolReport)> reported;  ///< after each change of the position
    /// The answer to one `fetch`.
    std::function<void(SpoolId spool, std::vector<wire::SequencedRecord>)> records;
};

/// Made, used and destroyed on the loop's thread.
class SpoolThread {
  public:
    SpoolThread(
        asio::io_context& loop,
        const Clock& clock,
        SpoolSet spools,
        SpoolThreadOptions options,
        SpoolEvents events
    );
    /// Syncs, saves and joins the thread.
    ~SpoolThread();
    SpoolThread(const SpoolThread&) = delete;
    SpoolThread& operator=(const SpoolThread&) = delete;

    /// `full` when too much waits already: the record is not taken, and told by a gap record later.
    Status append(wire::Record record);
    void fetch(SpoolId spool, std::uint64_t from_seq, std::size_t bytes);
    void ack(SpoolId spool, std::uint64_t seq, std::uint64_t fingerprint = 0);
    void set_limits(const SpoolLimits& limits);
    void rewind(SpoolId spool, std::uint64_t seq);
    /// The stream goes on under another name (Spool::rename); seen in the next report where it succeeds.
    void rename(SpoolId spool, SpoolId name, std::uint64_t from_seq);
    /// What is appended from now on goes into a new spool (SpoolSet::renew); seen in the next report.
    void renew();

    /// Results handed over, whatever became of them.
    std::uint64_t produced_results() const;

    /// As of the last report.
    const SpoolReport& report() const { return report_; }

    /// Sequence numbers not yet acknowledged, records still on their way to the thread included.
    std::uint64_t unacked_records() const;
    /// Everything appended is durable, by the last report.
    bool all_synced() const;

  private:
    struct Append {
        wire::Record record;
    };

    struct Fetch {
        SpoolId spool;
        std::uint64_t from_seq;
        std::size_t bytes;
    };

    struct Ack {
        SpoolId spool;
        std::uint64_t seq;
        std::uint64_t fingerprint;
    };

    struct Rewind {
        SpoolId spool;
        std::uint64_t seq;
    };

    struct Rename {
        SpoolId spool;
        SpoolId name;
        std::uint64_t from_seq;
    };

    struct Renew {};

    struct Stop {};

    using Message =
        std::variant<Append, Fetch, Ack, Rewind, Rename, Renew, Refused, SpoolLimits, Stop>;

    /// Owned by the loop's side and by handlers on their way to it; cut off by the destructor.
    struct Gate {
        SpoolThread* owner;
    };

    void run();
    void handle(Message& message);
    void take(Append& append);
    void answer(const Fetch& fetch);
    void pass_refused();
    void tell();

    asio::io_context& loop_;
    const Clock& clock_;
    SpoolThreadOptions options_;
    SpoolEvents events_;
    std::shared_ptr<Gate> gate_;  // see Gate
    SpoolReport report_;
    std::uint64_t handed_over_ = 0;  // records taken from `append`
    Refused refused_;                // by the queue, and not yet passed on
    std::uint64_t queue_refused_results_ = 0;
    std::atomic<std::uint64_t> queued_bytes_ = 0;
    Mailbox<Message> mailbox_;

    // Of the thread alone:
    SpoolUpkeep upkeep_;
    bool stopping_ = false;
    std::uint64_t taken_records_ = 0;
    std::uint64_t passed_refused_ = 0;
    SpoolReport told_;

    std::jthread thread_;  // last: starts when everything above is there
};

}  // namespace muster::agent
