#include "base/random.hpp"

#include "base/sodium.hpp"

#include <sodium.h>

#include <algorithm>
#include <array>

namespace muster {

std::uint64_t Random::next_u64() {
    std::array<std::byte, 8> bytes{};
    fill(bytes);
    std::uint64_t value = 0;
    for (std::size_t i = bytes.size(); i-- > 0;) {
        value = (value << 8U) | std::to_integer<std::uint64_t>(bytes[i]);
    }
    return value;
}

std::uint64_t Random::below(std::uint64_t bound) {
    if (bound == 0) {
        return 0;
    }
    // Values below 2^64 mod bound would make small results likelier: draw again.
    const std::uint64_t biased = (0 - bound) % bound;
    std::uint64_t value = next_u64();
    while (value < biased) {
        value = next_u64();
    }
    return value % bound;
}

void SystemRandom::fill(std::span<std::byte> out) {
    start_sodium();
    randombytes_buf(out.data(), out.size());
}

void SeededRandom::fill(std::span<std::byte> out) {
    while (!out.empty()) {
        // SplitMix64 (Steele, Lea, Flood: "Fast splittable pseudorandom number generators", 2014)
        state_ += 0x9E3779B97F4A7C15U;
        std::uint64_t word = state_;
        word = (word ^ (word >> 30U)) * 0xBF58476D1CE4E5B9U;
        word = (word ^ (word >> 27U)) * 0x94D049BB133111EBU;
        word ^= word >> 31U;
        const std::size_t take = std::min<std::size_t>(out.size(), 8);
        for (std::size_t i = 0; i < take; ++i) {
            out[i] = static_cast<std::byte>(word >> (8 * i));
        }
        out = out.subspan(take);
    }
}

}  // namespace muster
