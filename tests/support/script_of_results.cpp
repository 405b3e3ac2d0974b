#include "tests/support/script_of_results.hpp"

namespace muster::test {
namespace {

std::uint64_t mix(std::uint64_t value) {
    value += 0x9e3779b97f4a7c15ULL;
    value = (value ^ (value >> 30U)) * 0xbf58476d1ce4e5b9ULL;
    value = (value ^ (value >> 27U)) * 0x94d049bb133111ebULL;
    return value ^ (value >> 31U);
}

}  // namespace

bool ScriptOfResults::is_down(std::uint32_t probe, std::uint64_t seq) const {
    if (seq <= quiet) {
        return false;
    }
    const std::uint64_t phase = mix(seed * 1000 + probe) % (cycle / 4);
    const std::uint64_t within = (seq - quiet + cycle - phase) % cycle;
    return seq > quiet + phase && within < down;
}

std::int64_t ScriptOfResults::value(std::uint32_t probe, std::uint64_t seq) const {
    return static_cast<std::int64_t>(1000 * (probe + 1) + mix(seed ^ (seq * 64 + probe)) % 500);
}

std::vector<ScriptOfResults::Fault> ScriptOfResults::faults(
    std::uint64_t last, std::uint64_t needed, std::uint64_t after
) const {
    std::vector<Fault> result;
    for (std::uint32_t probe = 0; probe < probes; ++probe) {
        std::uint64_t first = 0;
        for (std::uint64_t seq = 1; seq <= last; ++seq) {
            const bool down_now = is_down(probe, seq);
            if (down_now && first == 0) {
                first = seq;
            }
            if (down_now && seq - first + 1 == needed) {
                result.push_back({probe, first, first + down + after <= last});
            }
            if (!down_now) {
                first = 0;
            }
        }
    }
    return result;
}

std::uint64_t ScriptOfResults::calm_from(std::uint64_t seq, std::uint64_t calm) const {
    for (std::uint64_t run = 0;; ++seq) {
        bool any = false;
        for (std::uint32_t probe = 0; probe < probes; ++probe) {
            any = any || is_down(probe, seq);
        }
        run = any ? 0 : run + 1;
        if (run > calm) {
            return seq;
        }
    }
}

}  // namespace muster::test
