#include "agent/result_batcher.hpp"

#include "base/bytes.hpp"
#include "base/expect.hpp"

#include <algorithm>
#include <bit>
#include <functional>
#include <utility>

namespace muster::agent {

namespace {

constexpr std::uint8_t no_state = 0xff;
constexpr std::size_t most_values = 64;        // ResultLimits::values_per_result
constexpr std::size_t most_note_bytes = 1024;  // ResultLimits::text_bytes

/// Probe, time, state run and value run of one result, at their longest.
constexpr std::size_t row_bytes = 5 + 5 + 5 + 10;

/// Bytes of a zigzag varint (protobuf sint64).
std::size_t varint_bytes(std::int64_t value) {
    const auto raw = static_cast<std::uint64_t>(value);
    const std::uint64_t zigzag = (raw << 1U) ^ (value < 0 ? ~std::uint64_t{0} : 0);
    return (static_cast<std::size_t>(std::bit_width(zigzag | 1U)) + 6) / 7;
}

/// An absent tail says no more than its absence.
std::size_t values_worth_sending(const std::vector<std::int64_t>& values) {
    std::size_t count = std::min(values.size(), most_values);
    while (count > 0 && values[count - 1] == wire::absent_value) {
        --count;
    }
    return count;
}

void mix(std::size_t& hash, std::string_view text) {
    hash = hash * 31 + std::hash<std::string_view>{}(text);
}

/// Equal for what differs in numbers only: "no answer within 998 ms" and "… 1.2 ms".
std::size_t words_hash(const probes::Outcome& outcome) {
    std::string words = outcome.seen;
    std::erase_if(words, [](char each) { return (each >= '0' && each <= '9') || each == '.'; });
    std::size_t hash = 0;
    mix(hash, outcome.reason);
    mix(hash, outcome.expected);
    mix(hash, words);
    return hash;
}

}  // namespace

ResultBatcher::ResultBatcher(BatcherOptions options, std::string_view boot_id)
    : options_(options), boot_(load_u64(boot_id.data())) {
    expect(boot_id.size() >= sizeof(boot_), "a boot id has 16 bytes");
}

void ResultBatcher::assign(std::uint32_t epoch, std::span<const ProbeId> ids) {
    close();
    std::unordered_map<ProbeId, std::uint8_t> known;
    known.reserve(ids_.size());
    for (std::size_t dense = 0; dense < ids_.size(); ++dense) {
        known.emplace(ids_[dense], last_state_[dense]);
    }
    std::unordered_map<ProbeId, Told> told;
    for (const auto& [dense, said] : told_) {
        told.emplace(ids_[dense], said);
    }
    told_.clear();
    epoch_ = epoch;
    ids_.assign(ids.begin(), ids.end());
    last_state_.assign(ids.size(), no_state);
    for (std::size_t dense = 0; dense < ids.size(); ++dense) {
        if (const auto found = known.find(ids[dense]); found != known.end()) {
            last_state_[dense] = found->second;
        }
        if (const auto found = told.find(ids[dense]); found != told.end()) {
            told_.emplace(static_cast<std::uint32_t>(dense), found->second);
        }
    }
}

bool ResultBatcher::changes(std::uint32_t dense, wire::ResultState state) {
    const auto number = static_cast<std::uint8_t>(state);
    return std::exchange(last_state_[dense], number) != number;
}

bool ResultBatcher::is_news(
    std::uint32_t dense, const probes::Outcome& outcome, MonoTime now, bool differs
) {
    if (outcome.state == wire::ResultState::ok) {
        if (differs) {
            told_.erase(dense);
        }
        return false;
    }
    const std::size_t words = words_hash(outcome);
    Told& told = told_[dense];
    // What fails in another way each time costs a note now and then, not one a result.
    if (!differs && (told.words == words || now - told.at < options_.note_pace)) {
        return false;
    }
    told = {words, now};
    return true;
}

void ResultBatcher::add(
    std::uint32_t dense, WallTime wall, MonoTime mono, probes::Outcome outcome
) {
    expect(dense < ids_.size(), "a result belongs to a probe of the epoch");
    ++produced_;
    const bool first = last_state_[dense] == no_state;
    const bool differs = changes(dense, outcome.state);
    const bool is_told = is_news(dense, outcome, mono, differs);
    const auto count = values_worth_sending(outcome.values);
    Pending row{
        .dense = dense,
        .state = static_cast<std::uint8_t>(outcome.state),
        .values = static_cast<std::uint8_t>(count),
        .first_value = static_cast<std::uint32_t>(values_.size()),
        .note = 0,
        .wall = wall,
        .mono = mono,
    };
    bytes_ += row_bytes;
    for (std::size_t at = 0; at < count; ++at) {
        values_.push_back(outcome.values[at]);
        bytes_ += varint_bytes(outcome.values[at]);
    }
    if (is_told || (differs && !first)) {
        wire::ResultNote note{
            .index = 0,
            .reason = printable(outcome.reason, most_note_bytes),
            .expected = printable(outcome.expected, most_note_bytes),
            .seen = printable(outcome.seen, most_note_bytes),
        };
        bytes_ += 32 + note.reason.size() + note.expected.size() + note.seen.size();
        notes_.push_back(std::move(note));
        row.note = static_cast<std::uint32_t>(notes_.size());
        changed_ = changed_ || (differs && !first);
    }
    pending_.push_back(row);
    if (pending_.size() >= options_.most_results || bytes_ >= options_.most_bytes) {
        close();
    }
}

MonoTime ResultBatcher::next_due() const {
    if (!closed_.empty()) {
        return MonoTime::min();
    }
    if (pending_.empty()) {
        return MonoTime::max();
    }
    return last_taken_ + (changed_ ? options_.change_pace : options_.flush);
}

std::optional<wire::Record> ResultBatcher::take(MonoTime now) {
    return next_due() <= now ? take_all(now) : std::nullopt;
}

std::optional<wire::Record> ResultBatcher::take_all(MonoTime now) {
    if (closed_.empty()) {
        close();
    }
    if (closed_.empty()) {
        return std::nullopt;
    }
    wire::Record record = std::move(closed_.front());
    closed_.pop_front();
    last_taken_ = now;
    return record;
}

void ResultBatcher::close() {
    if (pending_.empty()) {
        return;
    }
    closed_.push_back(encode());
    pending_.clear();
    values_.clear();
    notes_.clear();
    bytes_ = 0;
    changed_ = false;
}

wire::Record ResultBatcher::encode() {
    const WallTime wall = pending_.front().wall;
    const MonoTime mono = pending_.front().mono;
    std::ranges::sort(pending_, [](const Pending& a, const Pending& b) {
        return a.dense != b.dense ? a.dense < b.dense : a.mono < b.mono;
    });
    columns_.clear();
    columns_.epoch = epoch_;
    columns_.boot = boot_;
    for (const Pending& row : pending_) {
        // Offsets are differences of the monotonic clock: a step of the calendar in between does
        // not reorder results.
        columns_.time_ms.push_back(static_cast<std::int32_t>(to_ms(row.mono - mono)));
        columns_.probe.push_back(row.dense);
        columns_.state.push_back(row.state);
        if (!columns_.value_runs.empty() && columns_.value_runs.back().values == row.values) {
            ++columns_.value_runs.back().results;
        } else {
            columns_.value_runs.push_back({1, row.values});
        }
        const auto from = values_.begin() + row.first_value;
        columns_.values.insert(columns_.values.end(), from, from + row.values);
        if (row.note != 0) {
            wire::ResultNote& note = columns_.notes.emplace_back(std::move(notes_[row.note - 1]));
            note.index = static_cast<std::uint32_t>(columns_.probe.size() - 1);
        }
    }
    const wire::DropClass drop_class = changed_ ? wire::DropClass::state : wire::DropClass::results;
    return wire::make_record(
        wire::RecordKind::results,
        drop_class,
        static_cast<std::uint32_t>(pending_.size()),
        wall,
        mono,
        wire::encode_results(columns_)
    );
}

}  // namespace muster::agent
