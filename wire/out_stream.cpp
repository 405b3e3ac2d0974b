#include "wire/out_stream.hpp"

#include "base/expect.hpp"
#include "wire/fingerprint.hpp"
#include "wire/frames.hpp"
#include "wire/gap.hpp"

#include <algorithm>
#include <limits>
#include <utility>

namespace muster::wire {

namespace {

std::uint32_t clamped(std::uint64_t number) {
    return static_cast<std::uint32_t>(
        std::min<std::uint64_t>(number, std::numeric_limits<std::uint32_t>::max())
    );
}

/// A record that no frame can carry would stop everything behind it: its place is kept, its loss is told.
Record fitted(Record record) {
    if (record.payload.size() <= max_record_payload) {
        return record;
    }
    const Gap gap{
        .reason = GapReason::too_large,
        .drop_class = record.drop_class,
        .from = record.wall,
        .to = record.wall
    };
    return make_gap(gap, record.span, record.count);
}

}  // namespace

OutStream::Course OutStream::welcomed(const proto::StreamAnswer& answer) {
    lost_connection();
    committed_ = std::max(answer.committed_seq(), at_.begins_at - 1);
    next_send_ = committed_ + 1;
    told_ = std::min(told_, committed_);
    results_ = answer.results();
    committed_results_ = results_;
    fingerprint_ = 0;
    committed_fingerprint_ = 0;
    const bool is_comparable = answer.fingerprint() != 0 && committed_ >= at_.begins_at;
    // What is there and not synced may have been synced and sent before a disk failed; more than that is of another past.
    if (committed_ >= at_.next_seq || (committed_ > at_.synced && !is_comparable)) {
        return Course::rekey;
    }
    const bool is_last_acked = committed_ + 1 == at_.first_unacked;
    if (is_comparable && is_last_acked && at_.acked_fingerprint != 0) {
        return answer.fingerprint() == at_.acked_fingerprint ? Course::go_on : Course::rekey;
    }
    if (is_comparable && committed_ >= at_.first_kept) {
        fingerprint_ = answer.fingerprint();
        compared_ = committed_;
        is_unproven_ = false;
    }
    return committed_ + 1 < at_.first_unacked ? Course::rewind : Course::go_on;
}

std::uint64_t OutStream::next_fetch() const {
    if (fingerprint_ != 0) {
        const std::uint64_t from = is_unproven_ ? at_.first_unacked : compared_;
        return compared_ <= at_.synced ? from : 0;
    }
    return next_send_ <= at_.synced ? next_send_ : 0;
}

/// Where the agent's disk lost records that the collector has, a gap stands in their place. It proves nothing: a machine that was set
/// back and then lost the end of its spool has such a gap as well, and before it records that the collector has not. So all that
/// is not acknowledged has to be lost. What was given up for want of room or for its age had never been sent.
OutStream::Past OutStream::past_of(const SequencedRecord& record) const {
    if (record.last_seq() == compared_ && fingerprint(record.record) == fingerprint_) {
        return Past::same;
    }
    const auto gap = record.record.kind == RecordKind::gap ? read_gap(record.record)
                                                           : failure(ErrorKind::invalid, "no gap");
    const bool is_loss = gap &&
                         (gap->reason == GapReason::damaged || gap->reason == GapReason::missing) &&
                         record.seq <= compared_ && record.last_seq() >= compared_;
    if (!is_loss) {
        return Past::other;
    }
    return record.seq <= at_.first_unacked ? Past::same : Past::unproven;
}

/// From next_send_ on without holes: what is not there any more is told as a gap.
Status OutStream::make_whole(std::vector<SequencedRecord>& records) {
    std::erase_if(records, [this](const SequencedRecord& each) {
        return each.last_seq() < next_send_ || each.last_seq() > at_.synced;
    });
    if (records.empty()) {
        return {};
    }
    SequencedRecord& first = records.front();
    const std::uint64_t before = first.results_before;
    if (first.record.kind == RecordKind::gap && first.seq <= next_send_) {
        const std::uint64_t after = before + first.record.count;
        first.record.span = clamped(first.last_seq() + 1 - next_send_);
        first.record.count = clamped(after - std::min(after, results_));
        first.seq = altered_ = next_send_;
    } else if (first.seq < next_send_) {
        return failure(ErrorKind::internal, "the spool gave a record from the middle of another");
    } else if (first.seq > next_send_) {
        const Gap gap{
            .reason = GapReason::restored,
            .drop_class = DropClass::state,
            .from = {},
            .to = first.record.wall
        };
        SequencedRecord lost{
            .seq = next_send_,
            .record = make_gap(
                gap, clamped(first.seq - next_send_), clamped(before - std::min(before, results_))
            ),
            .results_before = results_
        };
        records.insert(records.begin(), std::move(lost));
    }
    return {};
}

OutStream::Frames OutStream::take(
    std::vector<SequencedRecord> records, std::size_t batch_bytes, const MaySend& may_send
) {
    Frames out;
    if (records.empty()) {
        return out;
    }
    if (fingerprint_ != 0) {
        const Past past = past_of(records.front());
        if (past == Past::unproven && !std::exchange(is_unproven_, true)) {
            return out;  // once more, from the first that is not acknowledged on
        }
        if (past != Past::same) {
            out.course = Course::rekey;
            return out;
        }
        fingerprint_ = 0;
    }
    if (const Status whole = make_whole(records); !whole) {
        out.problem = whole.error().text();
        return out;
    }
    for (std::size_t from = 0; from < records.size();) {
        auto frame = next_frame(records, from, batch_bytes, may_send);
        if (!frame) {
            out.is_short = true;
            break;
        }
        out.frames.push_back(std::move(*frame));
    }
    return out;
}

/// As many records as fit a batch, at least one. Nothing when it may not be sent.
std::optional<proto::Frame> OutStream::next_frame(
    std::vector<SequencedRecord>& records,
    std::size_t& from,
    std::size_t batch_bytes,
    const MaySend& may_send
) {
    std::size_t bytes = 0;
    std::uint64_t raw_bytes = 0;
    std::size_t end = from;
    for (; end < records.size(); ++end) {
        const Record& next = records[end].record;
        const std::size_t size = framed_bytes(next);
        const bool fits = bytes + size <= batch_bytes && raw_bytes + next.raw_size <= max_raw_bytes;
        if (end != from && !fits) {
            break;
        }
        bytes += size;
        raw_bytes += next.raw_size;
        // Its fingerprint cannot be told from the spool: it ends the batch, so that it is known when that is acknowledged.
        if (records[end].seq == altered_ || next.payload.size() > max_record_payload) {
            ++end;
            break;
        }
    }
    if (!may_send(bytes)) {
        return std::nullopt;
    }
    Flight flight{
        .first_seq = next_send_,
        .last_seq = 0,
        .results_before = results_,
        .bytes = bytes,
        .fingerprint = 0
    };
    proto::Frame frame;
    proto::Batch& batch = *frame.mutable_batch();
    batch.set_spool_id(std::string(at_.spool.raw()));
    batch.set_first_seq(next_send_);
    for (; from < end; ++from) {
        SequencedRecord& each = records[from];
        expect(each.seq == next_send_, "the spool gives records in order");
        next_send_ = each.last_seq() + 1;
        results_ += each.record.count;
        Record record = fitted(std::move(each.record));
        flight.fingerprint = from + 1 == end ? fingerprint(record) : 0;
        *batch.add_records() = to_proto(std::move(record));
    }
    flight.last_seq = next_send_ - 1;
    in_flight_.push_back(flight);
    bytes_in_flight_ += bytes;
    return frame;
}

bool OutStream::acknowledged(std::uint64_t seq, std::uint64_t results) {
    if (seq >= at_.next_seq) {
        return false;
    }
    if (seq > committed_) {
        committed_ = seq;
        committed_results_ = results;
        committed_fingerprint_ = 0;
        nacks = 0;
    }
    while (!in_flight_.empty() && in_flight_.front().last_seq <= seq) {
        if (in_flight_.front().last_seq == seq) {
            committed_fingerprint_ = in_flight_.front().fingerprint;
        }
        bytes_in_flight_ -= in_flight_.front().bytes;
        in_flight_.pop_front();
    }
    if (seq >= next_send_) {
        next_send_ = seq + 1;
        results_ = results;
    }
    return true;
}

std::optional<OutStream::News> OutStream::news() {
    if (fingerprint_ != 0 || committed_ <= told_ || committed_ < at_.first_unacked) {
        return std::nullopt;
    }
    told_ = committed_;
    return News{.seq = told_, .fingerprint = committed_fingerprint_};
}

bool OutStream::go_back(std::uint64_t seq) {
    const auto from = std::ranges::find_if(in_flight_, [seq](const Flight& each) {
        return each.first_seq <= seq && seq <= each.last_seq;
    });
    if (from == in_flight_.end()) {
        return seq == next_send_;
    }
    // Of a batch that was made up otherwise when its first records came through, these may be confirmed, and gone by now.
    const bool is_begun = from->first_seq <= committed_;
    next_send_ = is_begun ? committed_ + 1 : from->first_seq;
    results_ = is_begun ? committed_results_ : from->results_before;
    for (auto each = from; each != in_flight_.end(); ++each) {
        bytes_in_flight_ -= each->bytes;
    }
    in_flight_.erase(from, in_flight_.end());
    return true;
}

void OutStream::lost_connection() {
    in_flight_.clear();
    bytes_in_flight_ = 0;
    nacks = 0;
    fingerprint_ = 0;
}

}  // namespace muster::wire
