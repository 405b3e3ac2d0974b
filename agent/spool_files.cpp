#include "agent/spool_files.hpp"

#include "base/bytes.hpp"
#include "base/log.hpp"

#include <algorithm>
#include <charconv>

namespace muster::agent {

namespace {

constexpr std::string_view suffix = ".seg";
constexpr std::size_t digits = 20;

/// Segments end at segment_bytes, or hold all that was unsynced when one was given up.
constexpr std::uint64_t most_segment_bytes = 64u << 20;
constexpr std::size_t page_bytes = 4096;

}  // namespace

std::string segment_name(std::uint64_t first_seq) {
    const std::string number = std::to_string(first_seq);
    return std::string(digits - number.size(), '0') + number + std::string(suffix);
}

std::optional<std::uint64_t> first_seq_of(std::string_view name) {
    if (name.size() != digits + suffix.size() || !name.ends_with(suffix)) {
        return std::nullopt;
    }
    std::uint64_t number = 0;
    const char* const end_of_digits = name.data() + digits;
    const auto [end, problem] = std::from_chars(name.data(), end_of_digits, number);
    return problem == std::errc{} && end == end_of_digits ? std::optional(number) : std::nullopt;
}

std::optional<SpoolId> spool_id_of(std::string_view name) {
    const auto raw = from_hex(name);
    if (!raw) {
        return std::nullopt;
    }
    const auto id = Uuid::from_bytes(*raw);
    return id ? std::optional(SpoolId(*id)) : std::nullopt;
}

Result<std::unique_ptr<File>> create_file(
    Files& files, const std::string& dir, const std::string& path
) {
    auto file = files.open(path, OpenMode::create_new);
    if (!file && file.error().kind() == ErrorKind::not_found) {
        static_cast<void>(files.create_directories(dir));
        file = files.open(path, OpenMode::create_new);
    }
    return file;
}

Result<std::string> read_spoilt_file(Files& files, const std::string& path) {
    auto file = files.open(path, OpenMode::read);
    if (!file && file.error().kind() == ErrorKind::not_found) {
        return std::string();
    }
    if (!file) {
        return failure(file.error());
    }
    const auto size = (*file)->size();
    if (!size) {
        return failure(size.error());
    }
    const std::uint64_t wanted = std::min(*size, most_segment_bytes);
    auto whole = (*file)->read(0, wanted);
    if (whole) {
        return whole;
    }
    log(LogLevel::error, "spool.unreadable", {{"path", path}, {"why", whole.error().text()}});
    std::string content;
    while (content.size() < wanted) {
        auto page = (*file)->read(content.size(), page_bytes);
        if (page && page->empty()) {
            break;
        }
        content += page ? *page : std::string(std::min(page_bytes, wanted - content.size()), '\0');
    }
    return content;
}

}  // namespace muster::agent
