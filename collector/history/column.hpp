// Owns: how whole numbers become few bytes: groups of a series, bit-packed beside their rule. Leaves to block_codec.hpp: which.
#pragma once

#include "base/result.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace muster::collector {

/// Unsigned, 7 bits a byte, low bits first, the high bit says "more".
void put_varint(std::string& out, std::uint64_t value);
/// Small magnitudes become small numbers: 0, -1, 1, -2, … → 0, 1, 2, 3, …
std::uint64_t zigzag(std::int64_t value);
std::int64_t unzigzag(std::uint64_t value);

/// Reads varints from untrusted bytes. After an error every read gives 0 and `good()` is false.
class VarintReader {
  public:
    explicit VarintReader(std::string_view bytes) : at_(bytes.data()), end_(at_ + bytes.size()) {}

    std::uint64_t next() {
        if (at_ != end_ && static_cast<unsigned char>(*at_) < 0x80U) [[likely]] {
            return static_cast<unsigned char>(*at_++);
        }
        return next_long();
    }

    /// One byte as it is; 0 and not good at the end.
    std::uint64_t code() {
        if (at_ == end_) {
            good_ = false;
            return 0;
        }
        return static_cast<unsigned char>(*at_++);
    }

    /// What was not read yet.
    std::string_view rest() const { return {at_, static_cast<std::size_t>(end_ - at_)}; }

    bool good() const { return good_; }

    /// Everything was read, and rightly.
    bool finished() const { return good_ && at_ == end_; }

  private:
    std::uint64_t next_long();

    const char* at_;
    const char* end_;
    bool good_ = true;
};

/// What the numbers are, which decides what is tried first. times: nearly even steps. values: noise about a level, or counters.
enum class ColumnKind { times, values };

/// Writes one column: series after series. A group of at most 128 numbers is written under the rule that needs the
/// fewest bits a number: the distance from the smallest; from a straight line; or the steps, from the smallest step.
///
///   head of a group: rule byte | varints of the rule     (compresses well: neighbours are alike)
///   bits of a group: count × width                       (does not)
///
/// Rule byte: rule × 65 + width (0 … 64); 254: some are absent, a bitmap goes first in the bits, then a group of the rest;
/// 255: all are absent.
class ColumnWriter {
  public:
    explicit ColumnWriter(ColumnKind kind) : kind_(kind) {}

    /// The next series; wire::absent_value is "absent" (never for times).
    void add(std::span<const std::int64_t> numbers);
    /// varint(size of the heads) | heads | bits. The writer is empty again.
    std::string take();

  private:
    struct Rule;

    void add_group(const std::int64_t* numbers, std::size_t count);
    void add_present(const std::int64_t* numbers, std::size_t count);
    Rule choose(const std::int64_t* numbers, std::size_t count) const;
    template <class Next>
    void pack(std::size_t count, unsigned width, Next next);

    ColumnKind kind_;
    std::uint64_t level_ = 0;  // where the next group probably starts
    std::uint64_t slope_ = 0;  // its probable step
    std::string heads_;
    std::string bits_;
    std::size_t bits_used_ = 0;  // whole bytes of bits_ that are final
    std::uint64_t pending_ = 0;  // fewer than 8 bits not yet in them
    unsigned pending_bits_ = 0;
};

/// Reads what ColumnWriter::take gave, from untrusted bytes. `bytes` outlives the reader.
class ColumnReader {
  public:
    static Result<ColumnReader> open(std::string_view bytes);

    /// The next series into `numbers`, which has as many elements as were added. `corrupt` when the bytes say otherwise.
    Status read(std::span<std::int64_t> numbers);

  private:
    ColumnReader(std::string_view heads, std::string_view bits) : heads_(heads), bits_(bits) {}

    bool read_group(std::int64_t* numbers, std::size_t count);
    bool read_present(unsigned code, std::int64_t* numbers, std::size_t count);
    bool has_bits(std::size_t count, unsigned width) const;
    std::uint64_t bits(unsigned width);
    std::uint64_t short_bits(unsigned width);

    VarintReader heads_;
    std::string_view bits_;
    std::size_t bit_ = 0;
    std::uint64_t level_ = 0;
    std::uint64_t slope_ = 0;
};

}  // namespace muster::collector
