// Owns: what waits for the next group commit, and when that is due. Leaves to the journal thread: committing.
#pragma once

#include "base/time.hpp"
#include "collector/journal/pending.hpp"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <unordered_map>
#include <utility>
#include <vector>

namespace muster::collector {

struct StagingOptions {
    /// Groups are at least this far apart while somebody waits: for a change of state, an agent's coming or going, or
    /// with a stream of records that fills its window. After a quiet time the first goes at once.
    Duration linger = std::chrono::milliseconds(20);
    /// Groups of routine results are this far apart, so that a thousand small agents share commits: a commit costs as
    /// much as 40 small batches.
    Duration gather = std::chrono::milliseconds(200);
    std::uint64_t stream_records = 4;  ///< of one stream in a group: its agent waits for the answer
    std::size_t group_bytes = 4U << 20U;  ///< payload that makes a group due at once
    std::size_t in_flight = 2;            ///< groups handed out and not yet answered
    Duration after_failure =
        std::chrono::seconds(1);  ///< groups are this far apart while none is stored
};

/// Entries and records in the order they came. Sans-io: told the time, asked when it wants to be asked again.
class Staging {
  public:
    explicit Staging(StagingOptions options) : options_(options) {}

    /// An entry about an agent's coming and going is not given up when it cannot be stored, as long as no newer one of that kind
    /// follows; nil: the entry is about no one agent, and only of now.
    void add(EntryKind kind, std::string body, AgentId about);
    /// `item` belongs to `decoded`; `step` is what it moves the spool's cursor by: where the one staged last ends, it begins.
    /// `urgent`: it tells of a change.
    void add_record(
        proto::BatchEntry::Item item, DecodedBatch decoded, const CursorUpdate& step, bool urgent
    );
    void add_quarantined(QuarantinedRecord record, const CursorUpdate& step);

    struct Group {
        std::uint64_t id = 0;
        std::vector<Pending> pending;
    };

    /// The next group if it is due; with MonoTime::max() whatever waits.
    std::optional<Group> take(MonoTime now);
    /// When `take` wants to be called; max when there is nothing to do or too much in flight.
    MonoTime due() const;

    /// The cursor updates of a group that was stored.
    std::vector<CursorUpdate> stored(std::uint64_t id);
    /// The group was not stored: what it said of agents' coming and going waits for the next, which is due a second later.
    void failed(std::uint64_t id);
    /// Forgets all staged records, keeps the entries beside them: what came before them was not stored.
    void drop_records();

    /// Memory that waits or is in flight: payloads and what was unpacked from them.
    std::size_t memory() const { return staged_memory_ + in_flight_memory_; }

    /// Likewise, of one agent.
    std::size_t memory_of(AgentId agent) const;

  private:
    using MemoryOf = std::unordered_map<AgentId, std::size_t>;

    struct Said {
        EntryKind kind{};
        std::string body;
        AgentId about;
    };

    struct InFlight {
        std::uint64_t id = 0;
        std::size_t memory = 0;
        std::vector<Said> said;
        std::vector<CursorUpdate> cursors;
        MemoryOf memory_of;
    };

    bool is_outdated(const Said& said) const;
    InFlight end_flight(std::uint64_t id);
    BatchGroup& open_batch();
    void advance(const CursorUpdate& step);
    void count(AgentId agent, std::size_t payload, std::size_t unpacked);

    StagingOptions options_;
    std::vector<Said> said_;  // of agents, since the last group
    std::vector<Pending> pending_;
    bool batch_is_open_ = false;  // the last of pending_ is a batch that takes more
    bool is_urgent_ = false;      // somebody waits for what is pending
    using Stream = std::pair<AgentId, SpoolId>;

    struct StreamHash {
        std::size_t operator()(const Stream& stream) const;
    };

    std::unordered_map<Stream, std::size_t, StreamHash> cursor_of_;  // in the open batch
    std::size_t staged_bytes_ = 0;  // of payload: what the journal will write
    std::size_t staged_memory_ = 0;
    MemoryOf staged_of_;
    std::size_t in_flight_memory_ = 0;
    std::deque<InFlight> in_flight_;
    std::uint64_t next_id_ = 1;
    std::optional<MonoTime> last_taken_;
    bool has_failed_ = false;  // the group that was answered last
};

}  // namespace muster::collector
