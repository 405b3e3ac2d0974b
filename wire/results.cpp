#include "wire/results.hpp"

#include "base/bytes.hpp"
#include "base/expect.hpp"
#include "wire/varint.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace muster::wire {

namespace {

// Fields of proto::ResultColumns and proto::Note. A test holds this codec against the generated one.
namespace field {
constexpr std::uint32_t epoch = 1;
constexpr std::uint32_t boot = 2;
constexpr std::uint32_t probe_delta = 3;
constexpr std::uint32_t time_delta_ms = 4;
constexpr std::uint32_t state_runs = 5;
constexpr std::uint32_t value_runs = 6;
constexpr std::uint32_t value = 7;
constexpr std::uint32_t notes = 8;

constexpr std::uint32_t note_index = 1;
constexpr std::uint32_t note_reason = 2;
constexpr std::uint32_t note_expected = 3;
constexpr std::uint32_t note_seen = 4;
}  // namespace field

// Wire types (protobuf encoding guide, "Message Structure").
constexpr std::uint32_t type_varint = 0;
constexpr std::uint32_t type_fixed64 = 1;
constexpr std::uint32_t type_bytes = 2;
constexpr std::uint32_t type_fixed32 = 5;

constexpr std::uint32_t state_bits = 2;
constexpr std::uint32_t state_mask = 3;
constexpr std::size_t note_text_limit = ResultLimits{}.text_bytes;

constexpr std::uint32_t tag(std::uint32_t number, std::uint32_t type) {
    return number << 3 | type;
}

Failure corrupt(std::string what) {
    return failure(ErrorKind::corrupt, std::move(what), "results");
}

// --- writing ---

/// Appends a packed column: `get(i)` is the varint of element i.
template <class Get>
void put_column(std::string& out, std::uint32_t number, std::size_t count, Get get) {
    if (count == 0) {
        return;
    }
    std::size_t size = 0;
    for (std::size_t i = 0; i < count; ++i) {
        size += varint_size(get(i));
    }
    append_varint(out, tag(number, type_bytes));
    append_varint(out, size);
    const std::size_t begin = out.size();
    out.resize(begin + size);
    char* at = out.data() + begin;
    for (std::size_t i = 0; i < count; ++i) {
        at = put_varint(at, get(i));
    }
}

void put_text(std::string& out, std::uint32_t number, std::string_view text) {
    if (!text.empty()) {
        append_varint(out, tag(number, type_bytes));
        append_varint(out, text.size());
        out.append(text);
    }
}

/// Device text may be anything; what is sent is always valid and short, so that a note never costs its batch.
void put_note(std::string& out, const ResultNote& note) {
    std::string body;
    if (note.index != 0) {
        append_varint(body, tag(field::note_index, type_varint));
        append_varint(body, note.index);
    }
    put_text(body, field::note_reason, printable(note.reason, note_text_limit));
    put_text(body, field::note_expected, printable(note.expected, note_text_limit));
    put_text(body, field::note_seen, printable(note.seen, note_text_limit));
    append_varint(out, tag(field::notes, type_bytes));
    append_varint(out, body.size());
    out.append(body);
}

std::vector<std::uint32_t> runs_of_states(const std::vector<std::uint8_t>& states) {
    std::vector<std::uint32_t> runs;
    for (std::size_t begin = 0; begin < states.size();) {
        std::size_t end = begin + 1;
        while (end < states.size() && states[end] == states[begin]) {
            ++end;
        }
        const auto length = static_cast<std::uint32_t>(end - begin);
        runs.push_back(length << state_bits | states[begin]);
        begin = end;
    }
    return runs;
}

void put_value_runs(std::string& out, const ResultBatch& batch) {
    const auto number = [&batch](std::size_t i) {
        const ValueRun& run = batch.value_runs[i / 2];
        return i % 2 == 0 ? run.results : run.values;
    };
    put_column(out, field::value_runs, 2 * batch.value_runs.size(), number);
}

// --- reading ---

/// Everything found so far. Columns may come in pieces and in any order; they are checked against each other at the end.
struct Reading {
    std::string_view payload;
    ResultBatch& out;
    const ResultLimits& limits;
    std::vector<std::uint32_t> runs;         // as sent: length << 2 | state
    std::vector<std::uint32_t> value_pairs;  // as sent: results, values

    const char* readable() const { return payload.data() + payload.size(); }
};

Status read_column(
    Reading& reading, std::string_view piece, std::size_t limit, std::vector<std::uint32_t>& column
) {
    const std::size_t count = count_varints(piece);
    if (count > limit - std::min(limit, column.size())) {
        return corrupt("a column is longer than " + std::to_string(limit));
    }
    const std::size_t begin = column.size();
    column.resize(begin + count);
    if (!read_varints(piece, reading.readable(), count, column.data() + begin)) {
        return corrupt("a number in a column is cut off or too large");
    }
    return {};
}

/// Zigzag is undone later, together with the sum.
Status read_times(Reading& reading, std::string_view piece) {
    std::vector<std::int32_t>& column = reading.out.time_ms;
    const std::size_t count = count_varints(piece);
    if (count >
        reading.limits.results - std::min<std::size_t>(reading.limits.results, column.size())) {
        return corrupt("more times than results are allowed");
    }
    const std::size_t begin = column.size();
    column.resize(begin + count);
    // Signed and unsigned of one type may alias ([basic.lval]).
    auto* const to = reinterpret_cast<std::uint32_t*>(column.data() + begin);
    if (!read_varints(piece, reading.readable(), count, to)) {
        return corrupt("a time is cut off or too large");
    }
    return {};
}

Status read_values(Reading& reading, std::string_view piece) {
    std::vector<std::int64_t>& column = reading.out.values;
    const std::size_t limit =
        std::size_t{reading.limits.results} * reading.limits.values_per_result;
    const std::size_t count = count_varints(piece);
    if (count > limit - std::min(limit, column.size())) {
        return corrupt("more values than results are allowed to have");
    }
    const std::size_t begin = column.size();
    column.resize(begin + count);
    if (!read_signed_varints(piece, reading.readable(), count, column.data() + begin)) {
        return corrupt("a value is cut off or too large");
    }
    return {};
}

bool skip(ByteReader& reader, std::uint32_t type) {
    std::uint64_t number = 0;
    std::string_view bytes;
    switch (type) {
        case type_varint:
            return reader.varint(number);
        case type_fixed64:
            return reader.fixed(8, bytes);
        case type_bytes:
            return reader.bytes(bytes);
        case type_fixed32:
            return reader.fixed(4, bytes);
        default:
            return false;
    }
}

/// Field number and wire type of what comes next; field numbers have at most 29 bits.
bool read_tag(ByteReader& reader, std::uint32_t& read) {
    std::uint64_t number = 0;
    if (!reader.varint(number) || number > 0xffff'ffffU || number >> 3 == 0) {
        return false;
    }
    read = static_cast<std::uint32_t>(number);
    return true;
}

Status read_note_text(std::string_view bytes, const ResultLimits& limits, std::string& text) {
    if (bytes.size() > limits.text_bytes) {
        return corrupt("a note is longer than " + std::to_string(limits.text_bytes) + " bytes");
    }
    text = printable(bytes, limits.text_bytes);
    return {};
}

Status read_note(Reading& reading, std::string_view bytes) {
    if (reading.out.notes.size() >= reading.limits.notes) {
        return corrupt("more notes than allowed");
    }
    ResultNote note;
    ByteReader reader(bytes);
    while (!reader.empty()) {
        std::uint32_t next = 0;
        if (!read_tag(reader, next)) {
            return corrupt("a note is cut off");
        }
        std::string* text = next == tag(field::note_reason, type_bytes)     ? &note.reason
                            : next == tag(field::note_expected, type_bytes) ? &note.expected
                            : next == tag(field::note_seen, type_bytes)     ? &note.seen
                                                                            : nullptr;
        std::string_view value;
        std::uint64_t number = 0;
        if (text != nullptr) {
            if (!reader.bytes(value)) {
                return corrupt("a note is cut off");
            }
            if (Status read = read_note_text(value, reading.limits, *text); !read) {
                return read;
            }
        } else if (next == tag(field::note_index, type_varint)) {
            if (!reader.varint(number) || number > 0xffff'ffffU) {
                return corrupt("a note's index is cut off or too large");
            }
            note.index = static_cast<std::uint32_t>(number);
        } else if (!skip(reader, next & 7U)) {
            return corrupt("a note is cut off");
        }
    }
    reading.out.notes.push_back(std::move(note));
    return {};
}

Status read_piece(Reading& reading, std::uint32_t number, std::string_view piece) {
    const ResultLimits& limits = reading.limits;
    switch (number) {
        case field::probe_delta:
            return read_column(reading, piece, limits.results, reading.out.probe);
        case field::time_delta_ms:
            return read_times(reading, piece);
        case field::state_runs:
            return read_column(reading, piece, limits.results, reading.runs);
        case field::value_runs:
            return read_column(
                reading, piece, 2 * std::size_t{limits.results}, reading.value_pairs
            );
        case field::value:
            return read_values(reading, piece);
        default:
            return {};
    }
}

bool is_column(std::uint32_t number) {
    return number >= field::probe_delta && number <= field::value;
}

Status read_fields(Reading& reading) {
    ByteReader reader(reading.payload);
    while (!reader.empty()) {
        std::uint32_t next = 0;
        if (!read_tag(reader, next)) {
            return corrupt("a field's tag is cut off");
        }
        const std::uint32_t number = next >> 3;
        const std::uint32_t type = next & 7U;
        std::string_view bytes;
        std::uint64_t value = 0;
        Status read;
        bool whole = true;
        if (is_column(number) && type == type_bytes) {
            whole = reader.bytes(bytes);
            read = whole ? read_piece(reading, number, bytes) : read;
        } else if (is_column(number) && type == type_varint) {
            // A repeated number may also be sent one by one (protobuf encoding guide, "Packed").
            const std::size_t before = reader.left();
            whole = reader.varint(value);
            const char* const begin = reading.readable() - before;
            read = whole ? read_piece(reading, number, {begin, before - reader.left()}) : read;
        } else if (next == tag(field::notes, type_bytes)) {
            whole = reader.bytes(bytes);
            read = whole ? read_note(reading, bytes) : read;
        } else if (next == tag(field::epoch, type_varint)) {
            whole = reader.varint(value) && value <= 0xffff'ffffU;
            reading.out.epoch = static_cast<std::uint32_t>(value);
        } else if (next == tag(field::boot, type_fixed64)) {
            whole = reader.fixed(8, bytes);
            reading.out.boot = whole ? load_u64(bytes.data()) : 0;
        } else {
            whole = skip(reader, type);
        }
        if (!whole) {
            return corrupt("field " + std::to_string(number) + " is cut off or malformed");
        }
        if (!read) {
            return read;
        }
    }
    return {};
}

/// Differences to dense ids and times, in place, checking the order as it goes.
Status sum_up(ResultBatch& out) {
    std::uint64_t probe = 0;
    std::int64_t time = 0;
    // Set where a time does not fit, or goes back within one probe: looked at once, after the loop.
    std::uint64_t wrong = 0;
    for (std::size_t i = 0; i < out.size(); ++i) {
        const std::uint32_t step = out.probe[i];
        const std::int32_t later = unzigzag(static_cast<std::uint32_t>(out.time_ms[i]));
        const bool same_probe = (i != 0) & (step == 0);
        probe += step;
        time += later;
        wrong |= static_cast<std::uint64_t>(same_probe & (later < 0));
        wrong |= static_cast<std::uint64_t>(time != static_cast<std::int32_t>(time));
        out.probe[i] = static_cast<std::uint32_t>(probe);
        out.time_ms[i] = static_cast<std::int32_t>(time);
    }
    if (wrong != 0) {
        return corrupt("times of a probe are out of order or out of range");
    }
    if (probe > 0xffff'ffffU) {
        return corrupt("a probe number is out of range");
    }
    return {};
}

Status expand_states(const Reading& reading) {
    ResultBatch& out = reading.out;
    out.state.resize(out.size());
    std::size_t at = 0;
    for (const std::uint32_t run : reading.runs) {
        const std::size_t length = run >> state_bits;
        if (length == 0 || length > out.size() - at) {
            return corrupt("states do not match the number of results");
        }
        std::fill_n(
            out.state.begin() + static_cast<std::ptrdiff_t>(at),
            length,
            static_cast<std::uint8_t>(run & state_mask)
        );
        at += length;
    }
    return at == out.size() ? Status{} : corrupt("states do not match the number of results");
}

Status pair_value_runs(const Reading& reading) {
    ResultBatch& out = reading.out;
    if (reading.value_pairs.size() % 2 != 0) {
        return corrupt("value runs come in pairs");
    }
    std::size_t results = 0;
    std::size_t values = 0;
    for (std::size_t i = 0; i < reading.value_pairs.size(); i += 2) {
        const ValueRun run{reading.value_pairs[i], reading.value_pairs[i + 1]};
        if (run.results == 0 || run.values > reading.limits.values_per_result) {
            return corrupt("a value run is empty or has too many values");
        }
        results += run.results;
        values += std::size_t{run.results} * run.values;
        if (results > out.size()) {
            return corrupt("value runs do not match the number of results");
        }
        out.value_runs.push_back(run);
    }
    if (values != out.values.size() || (results != out.size() && !out.value_runs.empty())) {
        return corrupt("value runs do not match the number of values");
    }
    return {};
}

Status check_notes(const ResultBatch& out) {
    std::uint64_t least = 0;
    for (const ResultNote& note : out.notes) {
        if (note.index < least || note.index >= out.size()) {
            return corrupt("a note points outside the batch or is out of order");
        }
        least = std::uint64_t{note.index} + 1;
    }
    return {};
}

}  // namespace

std::string_view to_string(ResultState state) {
    constexpr std::array<std::string_view, 4> names = {"ok", "warning", "critical", "unknown"};
    const auto number = static_cast<std::size_t>(state);
    expect(number < names.size(), "result states are 0 to 3");
    return names.at(number);
}

void ResultBatch::clear() {
    epoch = 0;
    boot = 0;
    probe.clear();
    time_ms.clear();
    state.clear();
    value_runs.clear();
    values.clear();
    notes.clear();
}

std::string encode_results(const ResultBatch& batch) {
    const std::size_t count = batch.size();
    expect(batch.time_ms.size() == count && batch.state.size() == count, "columns of one length");
    std::string out;
    out.reserve(32 + count * 3 + batch.values.size() * 3);
    append_varint(out, tag(field::epoch, type_varint));
    append_varint(out, batch.epoch);
    append_varint(out, tag(field::boot, type_fixed64));
    put_u64(out, batch.boot);
    const auto probe_step = [&batch](std::size_t i) {
        return i == 0 ? batch.probe[0] : batch.probe[i] - batch.probe[i - 1];
    };
    put_column(out, field::probe_delta, count, probe_step);
    const auto time_step = [&batch](std::size_t i) {
        const std::uint32_t before = i == 0 ? 0 : static_cast<std::uint32_t>(batch.time_ms[i - 1]);
        // Unsigned, because the difference of two offsets may leave 32 bits; the reader's range check finds that.
        const std::uint32_t step = static_cast<std::uint32_t>(batch.time_ms[i]) - before;
        return zigzag(static_cast<std::int32_t>(step));
    };
    put_column(out, field::time_delta_ms, count, time_step);
    const std::vector<std::uint32_t> runs = runs_of_states(batch.state);
    put_column(out, field::state_runs, runs.size(), [&runs](std::size_t i) { return runs[i]; });
    put_value_runs(out, batch);
    const auto value = [&batch](std::size_t i) { return zigzag(batch.values[i]); };
    put_column(out, field::value, batch.values.size(), value);
    for (const ResultNote& note : batch.notes) {
        put_note(out, note);
    }
    return out;
}

Status decode_results(std::string_view payload, ResultBatch& out, const ResultLimits& limits) {
    out.clear();
    Reading reading{payload, out, limits, {}, {}};
    if (Status read = read_fields(reading); !read) {
        return read;
    }
    if (out.time_ms.size() != out.size()) {
        return corrupt("as many times as results are needed");
    }
    if (Status summed = sum_up(out); !summed) {
        return summed;
    }
    if (Status states = expand_states(reading); !states) {
        return states;
    }
    if (Status runs = pair_value_runs(reading); !runs) {
        return runs;
    }
    return check_notes(out);
}

}  // namespace muster::wire
