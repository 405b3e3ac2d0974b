#include "agent/process_stats.hpp"

#include "base/uuid.hpp"

#include <charconv>
#include <fstream>
#include <iterator>
#include <unistd.h>

namespace muster::agent {

namespace {

/// Files below /proc have no size: read until they end.
std::string read_proc(const std::string& path) {
    std::ifstream in(path);
    return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

}  // namespace

ProcessStats read_process_stats(Files& files) {
    ProcessStats stats;
    // "13921 2301 1810 251 0 3316 0": size resident shared …, in pages
    const std::string statm = read_proc("/proc/self/statm");
    if (const std::size_t space = statm.find(' '); space != std::string::npos) {
        std::uint64_t pages = 0;
        std::from_chars(statm.data() + space + 1, statm.data() + statm.size(), pages);
        stats.rss_bytes = pages * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
    }
    if (const auto descriptors = files.list("/proc/self/fd");
        descriptors && !descriptors->empty()) {
        stats.open_files =
            static_cast<std::uint32_t>(descriptors->size() - 1);  // less the listing's own
    }
    return stats;
}

std::string read_boot_id() {
    // "0c2b6a1e-9d3e-4f5a-8b7c-1d2e3f4a5b6c\n"
    std::string text = read_proc("/proc/sys/kernel/random/boot_id");
    while (text.ends_with('\n')) {
        text.pop_back();
    }
    const auto id = Uuid::parse(text);
    const Uuid boot = id.value_or(Uuid{});
    return std::string(boot.raw());
}

}  // namespace muster::agent
