#include "tests/sim/sim_seeds.hpp"

#include <cstdlib>
#include <filesystem>
#include <sstream>
#include <system_error>

namespace muster::test {
namespace {

constexpr const char* one_seed = "MUSTER_SIM_SEED";
constexpr const char* many_seeds = "MUSTER_SIM_SEEDS";

}  // namespace

bool is_traced() {
    return std::getenv(one_seed) != nullptr;
}

SeedRange seeds_of(SeedRange usual, std::uint64_t shard, std::uint64_t shards) {
    if (const char* one = std::getenv(one_seed)) {
        return {std::stoull(one), shard == 0 ? 1U : 0U};
    }
    if (const char* many = std::getenv(many_seeds)) {
        std::istringstream(many) >> usual.first >> usual.count;
    }
    const std::uint64_t from = usual.count * shard / shards;
    const std::uint64_t to = usual.count * (shard + 1) / shards;
    return {usual.first + from, to - from};
}

std::string replay_command(const std::string& test, std::uint64_t seed) {
    std::error_code ignored;
    const auto program = std::filesystem::read_symlink("/proc/self/exe", ignored);
    return std::string(one_seed) + "=" + std::to_string(seed) + " " + program.string() +
           " --gtest_filter='*" + test + "*'";
}

}  // namespace muster::test
