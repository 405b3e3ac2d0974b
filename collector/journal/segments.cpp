#include "collector/journal/segments.hpp"

#include "base/files.hpp"

#include <algorithm>
#include <charconv>
#include <filesystem>

namespace muster::collector {

namespace {

constexpr std::size_t digits = 20;
constexpr std::string_view ending = ".db";

}  // namespace

std::string segment_name(Lsn first) {
    const std::string number = std::to_string(first);
    return std::string(digits - number.size(), '0') + number + std::string(ending);
}

Lsn parse_segment_name(std::string_view name) {
    if (name.size() != digits + ending.size() || !name.ends_with(ending)) {
        return 0;
    }
    Lsn first = 0;
    const char* end = name.data() + digits;
    const auto parsed = std::from_chars(name.data(), end, first);
    return parsed.ec == std::errc{} && parsed.ptr == end ? first : 0;
}

Result<std::vector<Lsn>> list_segments(const std::string& directory) {
    RealFiles files;
    auto names = files.list(directory);
    if (!names) {
        return failure(names.error());
    }
    std::vector<Lsn> found;
    for (const std::string& name : *names) {
        if (const Lsn first = parse_segment_name(name); first != 0) {
            found.push_back(first);
        }
    }
    std::ranges::sort(found);
    return found;
}

Status remove_segment(const std::string& directory, Lsn first) {
    RealFiles files;
    const std::string path = directory + "/" + segment_name(first);
    // The log goes last: a database without its log is worse than a log without its database.
    for (const char* suffix : {"", "-wal", "-shm"}) {
        if (auto removed = files.remove(path + suffix); !removed) {
            return removed;
        }
    }
    return files.sync_directory(directory);
}

std::uint64_t segment_bytes(const std::string& directory, Lsn first) {
    std::uint64_t bytes = 0;
    for (const char* suffix : {"", "-wal"}) {
        std::error_code problem;
        const auto size =
            std::filesystem::file_size(directory + "/" + segment_name(first) + suffix, problem);
        bytes += problem ? 0 : size;
    }
    return bytes;
}

}  // namespace muster::collector
