// Owns: the bytes of a saved state: little-endian numbers and counted strings. Leaves to snapshot:
// what is in them.
#pragma once

#include "base/bytes.hpp"
#include "base/time.hpp"
#include "base/uuid.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace muster::collector {

/// Writes values one after the other.
class Packer {
  public:
    void u8(std::uint8_t value) { out_ += static_cast<char>(value); }

    void u32(std::uint32_t value) { put_u32(out_, value); }

    void u64(std::uint64_t value) { put_u64(out_, value); }

    void count(std::size_t value) { u64(value); }

    void time(WallTime value) { u64(static_cast<std::uint64_t>(to_ns(value))); }

    void time(Elapsed value) { u64(static_cast<std::uint64_t>(to_ns(value))); }

    void duration(Duration value) { u64(static_cast<std::uint64_t>(value.count())); }

    void text(std::string_view value) {
        count(value.size());
        out_ += value;
    }

    template <class Tag>
    void id(const Id<Tag>& value) {
        out_ += value.raw();
    }

    template <class Enum>
    void choice(Enum value) {
        u8(static_cast<std::uint8_t>(value));
    }

    std::string take() { return std::move(out_); }

    std::string& bytes() { return out_; }

  private:
    std::string out_;
};

/// Reads what Packer wrote. Reading beyond the end gives zeros and makes `good()` false: check it
/// once, at the end.
class Unpacker {
  public:
    explicit Unpacker(std::string_view bytes) : left_(bytes) {}

    std::uint8_t u8() {
        const std::string_view raw = take(1);
        return raw.empty() ? std::uint8_t{0} : static_cast<std::uint8_t>(raw[0]);
    }

    std::uint32_t u32() {
        const std::string_view raw = take(4);
        return raw.empty() ? 0 : load_u32(raw.data());
    }

    std::uint64_t u64() {
        const std::string_view raw = take(8);
        return raw.empty() ? 0 : load_u64(raw.data());
    }

    /// Of things that take at least `least` bytes each: a corrupt count never allocates more than
    /// the bytes could hold.
    std::size_t count(std::size_t least = 1) {
        const std::uint64_t value = u64();
        if (value > left_.size() / least) {
            good_ = false;
            return 0;
        }
        return static_cast<std::size_t>(value);
    }

    WallTime wall() { return wall_from_ns(static_cast<std::int64_t>(u64())); }

    Elapsed elapsed() { return elapsed_from_ns(static_cast<std::int64_t>(u64())); }

    Duration duration() { return Duration{static_cast<std::int64_t>(u64())}; }

    std::string text() { return std::string(take(count())); }

    template <class SomeId>
    SomeId id() {
        const auto uuid = Uuid::from_bytes(take(16));
        return uuid ? SomeId{*uuid} : SomeId{};
    }

    template <class Enum>
    Enum choice(Enum last) {
        const std::uint8_t value = u8();
        good_ = good_ && value <= static_cast<std::uint8_t>(last);
        return good_ ? static_cast<Enum>(value) : last;
    }

    std::string_view take(std::size_t bytes) {
        if (!good_ || bytes > left_.size()) {
            good_ = false;
            return {};
        }
        const std::string_view out = left_.substr(0, bytes);
        left_.remove_prefix(bytes);
        return out;
    }

    bool good() const { return good_; }

    bool done() const { return good_ && left_.empty(); }

  private:
    std::string_view left_;
    bool good_ = true;
};

}  // namespace muster::collector
