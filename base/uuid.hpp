// Owns: 128-bit identifiers and strong ids made of them.
#pragma once

#include "base/random.hpp"
#include "base/result.hpp"

#include <array>
#include <compare>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace muster {

struct Uuid {
    std::array<std::uint8_t, 16> bytes{};

    auto operator<=>(const Uuid&) const = default;

    bool is_nil() const { return *this == Uuid{}; }

    /// A random UUID, version 4 (RFC 9562 §5.4).
    static Uuid random(Random& random);
    /// A UUID computed from text, version 8 over SHA-256 (RFC 9562 §5.8): equal text, equal id, on every machine.
    static Uuid named(std::string_view text);
    /// From exactly 16 bytes; anything else is `corrupt`.
    static Result<Uuid> from_bytes(std::string_view raw);
    /// From "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx", either case.
    static Result<Uuid> parse(std::string_view text);

    std::string text() const;

    /// The 16 raw bytes, as they are stored and sent.
    std::string_view raw() const {
        return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
    }
};

/// A Uuid that cannot be mistaken for another kind of id. Explicit both ways.
template <class Tag>
class Id {
  public:
    constexpr Id() = default;

    constexpr explicit Id(Uuid value) : value_(value) {}

    constexpr const Uuid& uuid() const { return value_; }

    std::string text() const { return value_.text(); }

    std::string_view raw() const { return value_.raw(); }

    bool is_nil() const { return value_.is_nil(); }

    auto operator<=>(const Id&) const = default;

  private:
    Uuid value_{};
};

using AgentId = Id<struct AgentTag>;
using SpoolId = Id<struct SpoolTag>;
using ProbeId = Id<struct ProbeTag>;
using CiId = Id<struct CiTag>;

struct UuidHash {
    std::size_t operator()(const Uuid& id) const;

    template <class Tag>
    std::size_t operator()(const Id<Tag>& id) const {
        return (*this)(id.uuid());
    }
};

}  // namespace muster

template <class Tag>
struct std::hash<muster::Id<Tag>> {
    std::size_t operator()(const muster::Id<Tag>& id) const { return muster::UuidHash{}(id); }
};
