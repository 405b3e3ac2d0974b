// Owns: the seam for randomness.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace muster {

/// A source of random bytes. SystemRandom is safe from any thread and fit for keys; SeededRandom is neither.
class Random {
  public:
    virtual ~Random() = default;
    virtual void fill(std::span<std::byte> out) = 0;

    /// Uniform in [0, bound); bound 0 gives 0.
    std::uint64_t below(std::uint64_t bound);
    std::uint64_t next_u64();
};

/// The kernel's generator (libsodium's randombytes).
class SystemRandom final : public Random {
  public:
    void fill(std::span<std::byte> out) override;
};

/// SplitMix64 from a seed: the same seed gives the same run.
class SeededRandom final : public Random {
  public:
    explicit SeededRandom(std::uint64_t seed) : state_(seed) {}

    void fill(std::span<std::byte> out) override;

  private:
    std::uint64_t state_;
};

}  // namespace muster
