// Owns: one spool on its way through a link: what the collector has of it, whether both speak of the same past, what goes next.
// Leaves to link_client.hpp: credit, pauses, whose turn it is.
#pragma once

#include "base/result.hpp"
#include "base/time.hpp"
#include "base/uuid.hpp"
#include "wire/link.pb.h"
#include "wire/record.hpp"

#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace muster::wire {

/// Where a spool stands; the agent passes it with each event that changed it.
struct SpoolPosition {
    SpoolId spool;
    std::uint64_t first_unacked = 1;
    std::uint64_t synced = 0;  ///< last seq on disk: nothing beyond it is sent
    std::uint64_t next_seq = 1;
    std::uint64_t begins_at =
        1;  ///< first seq of the spool; more where it goes on from another one
    std::uint64_t first_kept = 1;        ///< oldest record still there, acknowledged ones included
    std::uint64_t results_at_begin = 0;  ///< results before begins_at, where that is still known
    std::uint64_t acked_fingerprint =
        0;                   ///< of the record that ends with first_unacked - 1; 0: not known
    WallTime waits_since{};  ///< when the oldest record not acknowledged was made; 0: none is

    bool operator==(const SpoolPosition&) const = default;
};

struct SequencedRecord {
    std::uint64_t seq = 0;
    Record record;
    std::uint64_t results_before = 0;  ///< in its stream, whatever names that had

    std::uint64_t last_seq() const { return seq + record.span - 1; }
};

/// A value without clock or socket. What is sent is in order and without holes: records that are no longer there are told as
/// a gap.
class OutStream {
  public:
    explicit OutStream(const SpoolPosition& position) : at_(position) {}

    const SpoolPosition& position() const { return at_; }

    void set_position(const SpoolPosition& position) { at_ = position; }

    /// What is to be done after a Welcome.
    enum class Course {
        go_on,   ///< `next_fetch` says what is wanted
        rewind,  ///< the same, and the collector has lost what it had acknowledged: keep everything behind `committed()`
        rekey    ///< collector and spool do not have the same past: go on under another id
    };

    Course welcomed(const proto::StreamAnswer& answer);
    /// Records to be had from the spool, beginning with the one that holds this seq; 0: nothing to send.
    std::uint64_t next_fetch() const;

    /// What the spool gave, from next_fetch() on, at least the record asked for. Frames to send, in order, as long as
    /// `may_send(bytes)`; the rest is fetched again.
    struct Frames {
        std::vector<proto::Frame> frames;
        Course course = Course::go_on;  ///< rekey: the first record is not what the collector has
        bool is_short = false;          ///< credit ended before the records did
        std::string problem;  ///< the spool did not give what was asked for; nothing is sent
    };

    using MaySend = std::function<bool(std::size_t bytes)>;
    Frames take(
        std::vector<SequencedRecord> records, std::size_t batch_bytes, const MaySend& may_send
    );

    /// Everything up to `seq` is stored, `results` results: perhaps more than was sent on this connection, since the one before
    /// may have brought it. False when it is more than there is.
    bool acknowledged(std::uint64_t seq, std::uint64_t results);
    /// The collector asks for `seq` again: the batch that holds it, and all behind it, count as not sent. False when it was not
    /// sent, or is stored.
    bool go_back(std::uint64_t seq);
    /// The connection is gone.
    void lost_connection();

    std::uint64_t committed() const { return committed_; }

    /// On this connection.
    std::uint64_t last_sent() const { return next_send_ - 1; }

    struct News {
        std::uint64_t seq;
        std::uint64_t fingerprint;  ///< of the record that ends there, where that is known; 0: not
    };

    /// How far the spool has to be told that it is stored; nothing when it knows, or when that is doubtful.
    std::optional<News> news();

    std::size_t batches_in_flight() const { return in_flight_.size(); }

    std::uint32_t nacks = 0;  ///< in a row, without an acknowledgement between

    std::size_t bytes_in_flight() const { return bytes_in_flight_; }

  private:
    struct Flight {
        std::uint64_t first_seq;
        std::uint64_t last_seq;
        std::uint64_t results_before;
        std::size_t bytes;
        std::uint64_t fingerprint;  // of the last record, as it was sent
    };

    enum class Past { same, other, unproven };

    Past past_of(const SequencedRecord& record) const;
    Status make_whole(std::vector<SequencedRecord>& records);
    std::optional<proto::Frame> next_frame(
        std::vector<SequencedRecord>& records,
        std::size_t& from,
        std::size_t batch_bytes,
        const MaySend& may_send
    );

    SpoolPosition at_;
    std::uint64_t committed_ = 0;
    std::uint64_t committed_results_ = 0;      // up to there
    std::uint64_t told_ = 0;                   // as news
    std::uint64_t committed_fingerprint_ = 0;  // as sent; 0: not known
    std::uint64_t fingerprint_ =
        0;  // what the collector has as the record that ends with compared_; 0: nothing is to be compared
    std::uint64_t compared_ = 0;
    bool is_unproven_ =
        false;  // a gap stands in its place: whether one stands for all that is not acknowledged decides
    std::uint64_t altered_ = 0;  // first seq of a record that goes otherwise than the spool has it
    std::uint64_t next_send_ = 1;  // first seq not yet sent on this connection
    std::uint64_t results_ = 0;    // results before it
    std::deque<Flight> in_flight_;
    std::size_t bytes_in_flight_ = 0;
};

}  // namespace muster::wire
