#include "agent/spool_files.hpp"

#include "base/bytes.hpp"
#include "base/log.hpp"

#include <algorithm>
#include <charconv>
#include <filesystem>

namespace muster::agent {

namespace {

constexpr std::string_view suffix = ".seg";
constexpr std::size_t digits = 20;
constexpr std::size_t folder_digits = 6;

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

std::string SpoolFolder::name() const {
    const std::string text = std::to_string(number);
    const std::size_t lacking = folder_digits - std::min(folder_digits, text.size());
    return std::string(lacking, '0') + text + "-" + to_hex(id.raw());
}

std::optional<SpoolFolder> spool_folder_of(std::string_view name) {
    SpoolFolder folder;
    const auto [dash, problem] =
        std::from_chars(name.data(), name.data() + name.size(), folder.number);
    const auto number_length = static_cast<std::size_t>(dash - name.data());
    if (problem != std::errc{} || number_length >= name.size() || *dash != '-') {
        return std::nullopt;
    }
    const auto raw = from_hex(name.substr(number_length + 1));
    if (!raw) {
        return std::nullopt;
    }
    const auto id = Uuid::from_bytes(*raw);
    if (!id) {
        return std::nullopt;
    }
    folder.id = SpoolId(*id);
    return folder.name() == name ? std::optional(folder) : std::nullopt;
}

Status sync_folders_above(Files& files, const std::string& dir) {
    const std::filesystem::path above = std::filesystem::path(dir).parent_path();
    auto synced = files.sync_directory(above.string());
    return synced ? files.sync_directory(above.parent_path().string()) : synced;
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
