#include "tests/support/ledger.hpp"

#include <charconv>
#include <numeric>
#include <utility>

namespace muster::test {

namespace {

constexpr std::int64_t first_wall_ns = 1'790'000'000'000'000'000;

}  // namespace

wire::Record Ledger::make(std::uint32_t count, wire::DropClass drop_class, std::size_t bytes) {
    std::string payload = std::to_string(made_.size()) + ":";
    payload.resize(std::max(payload.size(), bytes), 'x');
    const auto age = static_cast<std::int64_t>(made_.size());
    made_.push_back({.results_before = made_results_, .count = count});
    made_results_ += count;
    wire::Record record;
    record.kind = wire::RecordKind::results;
    record.drop_class = drop_class;
    record.count = count;
    record.wall = wall_from_ns(first_wall_ns + age);
    record.mono = MonoTime(std::chrono::hours(1)) + Duration(age);
    record.raw_size = static_cast<std::uint32_t>(payload.size());
    record.payload = std::move(payload);
    return record;
}

void Ledger::crash(std::uint64_t results_in_stream) {
    if (results_in_stream < promised_results_) {
        complain(
            "the stream holds " + std::to_string(results_in_stream) + " results after a crash; " +
            std::to_string(promised_results_) + " were promised"
        );
    }
    if (results_in_stream < settled_results_) {
        complain("the stream holds less than was sent");
    }
    while (!made_.empty() && made_.back().results_before >= results_in_stream) {
        made_results_ = made_.back().results_before;
        made_.pop_back();
    }
    if (made_results_ != results_in_stream) {
        complain(
            "the stream ends with " + std::to_string(results_in_stream) +
            " results, inside a record; " + std::to_string(made_results_) + " were made"
        );
    }
    promised_results_ = made_results_;
}

void Ledger::take(const std::vector<wire::SequencedRecord>& records) {
    for (const wire::SequencedRecord& record : records) {
        const std::uint64_t end = record.seq + record.record.span;
        if (end <= next_seq_) {
            continue;
        }
        if (record.seq != next_seq_) {
            complain(
                "seq " + std::to_string(record.seq) + " came where " + std::to_string(next_seq_) +
                " was due"
            );
        }
        next_seq_ = end;
        if (record.record.kind == wire::RecordKind::results) {
            take_results(record);
            continue;
        }
        const auto gap = wire::read_gap(record.record);
        if (!gap) {
            complain("a gap that cannot be read");
            continue;
        }
        ++gap_records_;
        gaps_.at(static_cast<std::size_t>(gap->reason)) += record.record.count;
        settled_results_ += record.record.count;
    }
}

void Ledger::take_results(const wire::SequencedRecord& record) {
    const std::string& payload = record.record.payload;
    std::size_t made_as = 0;
    const char* const end = payload.data() + payload.size();
    const auto [colon, failed] = std::from_chars(payload.data(), end, made_as);
    if (failed != std::errc{} || colon == end || *colon != ':' || made_as >= made_.size()) {
        complain("a record that nobody made: " + payload.substr(0, 40));
        return;
    }
    Made& made = made_[made_as];
    if (made.is_delivered) {
        complain("record " + std::to_string(made_as) + " was delivered twice");
    }
    if (made.count != record.record.count) {
        complain("record " + std::to_string(made_as) + " has another count");
    }
    if (made.results_before != settled_results_) {
        complain(
            "record " + std::to_string(made_as) + " came after " +
            std::to_string(settled_results_) + " results in place of " +
            std::to_string(made.results_before)
        );
    }
    made.is_delivered = true;
    settled_results_ += record.record.count;
    delivered_results_ += record.record.count;
}

std::uint64_t Ledger::gap_results() const {
    return std::accumulate(gaps_.begin(), gaps_.end(), std::uint64_t{0});
}

std::string Ledger::problem() const {
    if (problem_.empty() && settled_results_ != made_results_) {
        return std::to_string(made_results_) + " results were made, " +
               std::to_string(delivered_results_) + " delivered, " + std::to_string(gap_results()) +
               " are in gaps";
    }
    return problem_;
}

void Ledger::complain(std::string what) {
    if (problem_.empty()) {
        problem_ = std::move(what);
    }
}

}  // namespace muster::test
