#include "collector/history/column.hpp"

#include "base/expect.hpp"
#include "wire/results.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>

namespace muster::collector {

namespace {

constexpr std::size_t group_size = 128;
constexpr unsigned widths = 65;
constexpr unsigned some_absent = 254;
constexpr unsigned all_absent = 255;
constexpr unsigned rule_level = 0;
constexpr unsigned rule_line = 1;
constexpr unsigned rule_steps = 2;
/// So many fit beside the bits of an unfinished byte.
constexpr unsigned most_at_once = 56;
/// Beyond so many bits a time the schedule is not even, and the other rules are tried.
constexpr unsigned even_enough = 6;

unsigned width_of(std::uint64_t range) {
    return static_cast<unsigned>(std::bit_width(range));
}

// All arithmetic wraps: any 64-bit numbers are written and read back, only not always in few bits.
std::uint64_t plain(std::int64_t number) {
    return static_cast<std::uint64_t>(number);
}

std::int64_t whole(std::uint64_t number) {
    return static_cast<std::int64_t>(number);
}

std::uint64_t zigzag_difference(std::uint64_t to, std::uint64_t from) {
    return zigzag(whole(to - from));
}

struct Extent {
    std::int64_t least;
    std::int64_t most;

    unsigned width() const { return width_of(plain(most) - plain(least)); }
};

Extent extent_of_levels(const std::int64_t* numbers, std::size_t count) {
    Extent extent{numbers[0], numbers[0]};
    for (std::size_t i = 1; i < count; ++i) {
        extent.least = std::min(extent.least, numbers[i]);
        extent.most = std::max(extent.most, numbers[i]);
    }
    return extent;
}

/// Of numbers[i] − numbers[0] − i × slope, from i = 1 on.
Extent extent_about_line(const std::int64_t* numbers, std::size_t count, std::uint64_t slope) {
    std::uint64_t line = plain(numbers[0]) + slope;
    const std::int64_t first = whole(plain(numbers[1]) - line);
    Extent extent{first, first};
    for (std::size_t i = 2; i < count; ++i) {
        line += slope;
        const std::int64_t distance = whole(plain(numbers[i]) - line);
        extent.least = std::min(extent.least, distance);
        extent.most = std::max(extent.most, distance);
    }
    return extent;
}

Extent extent_of_steps(const std::int64_t* numbers, std::size_t count) {
    const std::int64_t first = whole(plain(numbers[1]) - plain(numbers[0]));
    Extent extent{first, first};
    for (std::size_t i = 2; i < count; ++i) {
        const std::int64_t step = whole(plain(numbers[i]) - plain(numbers[i - 1]));
        extent.least = std::min(extent.least, step);
        extent.most = std::max(extent.most, step);
    }
    return extent;
}

/// The mean step, rounded; whatever it is, decoding needs only the number itself.
std::uint64_t mean_step(const std::int64_t* numbers, std::size_t count) {
    const std::int64_t span = whole(plain(numbers[count - 1]) - plain(numbers[0]));
    const auto steps = static_cast<std::int64_t>(count - 1);
    const std::int64_t half = span < 0 ? -(steps / 2) : steps / 2;
    return plain(span / steps + (span % steps + half) / steps);
}

Failure damaged() {
    return failure(ErrorKind::corrupt, "a column of the block cannot be read");
}

}  // namespace

void put_varint(std::string& out, std::uint64_t value) {
    while (value >= 0x80U) {
        out.push_back(static_cast<char>(value | 0x80U));
        value >>= 7U;
    }
    out.push_back(static_cast<char>(value));
}

std::uint64_t zigzag(std::int64_t value) {
    return (plain(value) << 1U) ^ plain(value >> 63U);
}

std::int64_t unzigzag(std::uint64_t value) {
    return whole((value >> 1U) ^ (0 - (value & 1U)));
}

std::uint64_t VarintReader::next_long() {
    std::uint64_t value = 0;
    for (unsigned shift = 0; at_ != end_ && shift < 64; shift += 7) {
        const auto byte = static_cast<unsigned char>(*at_++);
        value |= static_cast<std::uint64_t>(byte & 0x7FU) << shift;
        if (byte < 0x80U) {
            return value;
        }
    }
    good_ = false;
    at_ = end_;
    return 0;
}

struct ColumnWriter::Rule {
    unsigned rule = rule_level;
    unsigned width = 0;
    std::int64_t least = 0;
    std::uint64_t slope = 0;
};

ColumnWriter::Rule ColumnWriter::choose(const std::int64_t* numbers, std::size_t count) const {
    Rule best;
    if (count == 1) {
        best.least = numbers[0];
        return best;
    }
    const auto offer = [&best](unsigned rule, Extent extent, std::uint64_t slope) {
        if (extent.width() < best.width) {
            best = {.rule = rule, .width = extent.width(), .least = extent.least, .slope = slope};
        }
    };
    best.width = widths;
    if (kind_ == ColumnKind::times) {
        const std::uint64_t slope = mean_step(numbers, count);
        offer(rule_line, extent_about_line(numbers, count, slope), slope);
        if (best.width <= even_enough) {
            return best;
        }
    }
    offer(rule_level, extent_of_levels(numbers, count), 0);
    if (best.width > 0) {
        offer(rule_steps, extent_of_steps(numbers, count), 0);
    }
    return best;
}

template <class Next>
void ColumnWriter::pack(std::size_t count, unsigned width, Next next) {
    if (width == 0) {
        return;
    }
    // Locals: as members they would be loaded and stored again for every number.
    char* out = bits_.data() + bits_used_;
    std::uint64_t pending = pending_;
    unsigned used = pending_bits_;
    const auto put = [&](std::uint64_t value, unsigned bits) {
        pending |= value << used;
        std::memcpy(out, &pending, sizeof pending);
        used += bits;
        out += used / 8;
        pending >>= used / 8 * 8;
        used %= 8;
    };
    for (std::size_t i = 0; i < count; ++i) {
        const std::uint64_t value = next(i);
        if (width <= most_at_once) {
            put(value, width);
        } else {
            put(value & 0xFFFFFFFFU, 32);
            put(value >> 32U, width - 32);
        }
    }
    bits_used_ = static_cast<std::size_t>(out - bits_.data());
    pending_ = pending;
    pending_bits_ = used;
}

void ColumnWriter::add(std::span<const std::int64_t> numbers) {
    for (std::size_t at = 0; at < numbers.size(); at += group_size) {
        add_group(numbers.data() + at, std::min(group_size, numbers.size() - at));
    }
}

void ColumnWriter::add_group(const std::int64_t* numbers, std::size_t count) {
    // Room for the widest group and its bitmap; what is not used is cut off at the end.
    const std::size_t room = bits_used_ + group_size * 8 + group_size / 8 + 2 * sizeof pending_;
    if (bits_.size() < room) {
        bits_.resize(room * 2);
    }
    const auto absent =
        kind_ == ColumnKind::times ? 0 : std::count(numbers, numbers + count, wire::absent_value);
    if (absent == 0) {
        add_present(numbers, count);
        return;
    }
    if (static_cast<std::size_t>(absent) == count) {
        heads_.push_back(static_cast<char>(all_absent));
        return;
    }
    heads_.push_back(static_cast<char>(some_absent));
    pack(count, 1, [&](std::size_t i) { return numbers[i] != wire::absent_value ? 1U : 0U; });
    std::array<std::int64_t, group_size> present{};
    const auto end =
        std::remove_copy(numbers, numbers + count, present.begin(), wire::absent_value);
    add_present(present.data(), static_cast<std::size_t>(end - present.begin()));
}

void ColumnWriter::add_present(const std::int64_t* numbers, std::size_t count) {
    const Rule rule = choose(numbers, count);
    const std::uint64_t least = plain(rule.least);
    heads_.push_back(static_cast<char>(rule.rule * widths + rule.width));
    if (rule.rule == rule_level) {
        put_varint(heads_, zigzag_difference(least, level_));
        level_ = least;
        pack(count, rule.width, [=](std::size_t i) { return plain(numbers[i]) - least; });
        return;
    }
    put_varint(heads_, zigzag_difference(plain(numbers[0]), level_));
    level_ = plain(numbers[0]);
    if (rule.rule == rule_line) {
        put_varint(heads_, zigzag_difference(rule.slope, slope_));
        slope_ = rule.slope;
        put_varint(heads_, zigzag(rule.least));
        std::uint64_t line = level_ + least;
        pack(count - 1, rule.width, [=](std::size_t i) mutable {
            line += rule.slope;
            return plain(numbers[i + 1]) - line;
        });
    } else {
        put_varint(heads_, zigzag(rule.least));
        pack(count - 1, rule.width, [=](std::size_t i) {
            return plain(numbers[i + 1]) - plain(numbers[i]) - least;
        });
    }
}

std::string ColumnWriter::take() {
    std::string out;
    put_varint(out, heads_.size());
    out += heads_;
    out.append(bits_.data(), bits_used_ + (pending_bits_ > 0 ? 1 : 0));
    heads_.clear();
    bits_used_ = pending_bits_ = 0;
    pending_ = level_ = slope_ = 0;
    return out;
}

Result<ColumnReader> ColumnReader::open(std::string_view bytes) {
    VarintReader sizes(bytes);
    const std::uint64_t heads = sizes.next();
    const std::string_view rest = sizes.rest();
    if (!sizes.good() || heads > rest.size()) {
        return damaged();
    }
    return ColumnReader(rest.substr(0, heads), rest.substr(heads));
}

bool ColumnReader::has_bits(std::size_t count, unsigned width) const {
    return count * width <= bits_.size() * 8 - bit_;
}

std::uint64_t ColumnReader::short_bits(unsigned width) {
    std::uint64_t loaded = 0;
    const std::size_t byte = bit_ / 8;
    std::memcpy(&loaded, bits_.data() + byte, std::min(sizeof loaded, bits_.size() - byte));
    loaded >>= bit_ % 8;
    bit_ += width;
    return loaded & ((std::uint64_t{1} << width) - 1);
}

std::uint64_t ColumnReader::bits(unsigned width) {
    if (width > most_at_once) {
        const std::uint64_t low = short_bits(32);
        return low | short_bits(width - 32) << 32U;
    }
    return short_bits(width);
}

bool ColumnReader::read_present(unsigned code, std::int64_t* numbers, std::size_t count) {
    const unsigned rule = code / widths;
    const unsigned width = code % widths;
    const std::size_t packed = rule == rule_level ? count : count - 1;
    if (rule > rule_steps || !has_bits(packed, width)) {
        return false;
    }
    level_ += plain(unzigzag(heads_.next()));
    if (rule == rule_level) {
        for (std::size_t i = 0; i < count; ++i) {
            numbers[i] = whole(level_ + bits(width));
        }
        return heads_.good();
    }
    numbers[0] = whole(level_);
    if (rule == rule_line) {
        slope_ += plain(unzigzag(heads_.next()));
        std::uint64_t line = level_ + plain(unzigzag(heads_.next()));
        for (std::size_t i = 1; i < count; ++i) {
            line += slope_;
            numbers[i] = whole(line + bits(width));
        }
    } else {
        const std::uint64_t least = plain(unzigzag(heads_.next()));
        for (std::size_t i = 1; i < count; ++i) {
            numbers[i] = whole(plain(numbers[i - 1]) + least + bits(width));
        }
    }
    return heads_.good();
}

bool ColumnReader::read_group(std::int64_t* numbers, std::size_t count) {
    const std::uint64_t code = heads_.code();
    if (code == all_absent) {
        std::fill_n(numbers, count, wire::absent_value);
        return heads_.good();
    }
    if (code != some_absent) {
        return heads_.good() && read_present(static_cast<unsigned>(code), numbers, count);
    }
    if (!has_bits(count, 1)) {
        return false;
    }
    std::array<bool, group_size> is_there{};
    std::size_t kept = 0;
    for (std::size_t i = 0; i < count; ++i) {
        is_there[i] = bits(1) != 0;
        kept += is_there[i] ? 1 : 0;
    }
    std::array<std::int64_t, group_size> present{};
    const std::uint64_t inner = heads_.code();
    if (kept == 0 || !heads_.good() ||
        !read_present(static_cast<unsigned>(inner), present.data(), kept)) {
        return false;
    }
    std::size_t next = 0;
    for (std::size_t i = 0; i < count; ++i) {
        numbers[i] = is_there[i] ? present[next++] : wire::absent_value;
    }
    return true;
}

Status ColumnReader::read(std::span<std::int64_t> numbers) {
    for (std::size_t at = 0; at < numbers.size(); at += group_size) {
        if (!read_group(numbers.data() + at, std::min(group_size, numbers.size() - at))) {
            return damaged();
        }
    }
    return {};
}

}  // namespace muster::collector
