#include "agent/spool_mark.hpp"

#include "base/bytes.hpp"
#include "base/log.hpp"

#include <array>
#include <charconv>
#include <string_view>
#include <utility>

namespace muster::agent {

namespace {

using Field = std::pair<std::string_view, std::uint64_t SpoolMark::*>;

constexpr std::string_view first_line = "muster-spool 2\n";
constexpr std::array<Field, 12> fields{{
    {"begins_at", &SpoolMark::begins_at},
    {"results_at_begin", &SpoolMark::results_at_begin},
    {"duplicates_before", &SpoolMark::duplicates_before},
    {"acked", &SpoolMark::acked},
    {"acked_results", &SpoolMark::acked_results},
    {"fingerprint", &SpoolMark::fingerprint},
    {"sent", &SpoolMark::sent},
    {"synced", &SpoolMark::synced},
    {"synced_results", &SpoolMark::synced_results},
    {"last_segment", &SpoolMark::last_segment},
    {"first_wall", &SpoolMark::first_wall},
    {"last_wall", &SpoolMark::last_wall},
}};
/// So many were there from the first release on; what came later may be missing.
constexpr std::size_t fields_of_old = 10;

std::string checksum_line(std::string_view text) {
    std::string raw;
    put_u32(raw, crc32c(text));
    return "crc " + to_hex(raw) + "\n";
}

/// The value of "name value\n" at the beginning of `text`, which moves behind it.
std::optional<std::string_view> take_line(std::string_view& text, std::string_view name) {
    if (!text.starts_with(name) || text.substr(name.size(), 1) != " ") {
        return std::nullopt;
    }
    const std::size_t end = text.find('\n');
    if (end == std::string_view::npos) {
        return std::nullopt;
    }
    const std::string_view value = text.substr(name.size() + 1, end - name.size() - 1);
    text.remove_prefix(end + 1);
    return value;
}

bool makes_sense(const SpoolMark& mark) {
    return mark.begins_at > 0 && mark.begins_at <= mark.acked + 1 && mark.acked <= mark.synced &&
           mark.results_at_begin <= mark.acked_results &&
           mark.acked_results <= mark.synced_results && mark.last_segment <= mark.synced + 1;
}

}  // namespace

std::string encode_mark(const SpoolMark& mark) {
    std::string text(first_line);
    text += "spool " + to_hex(mark.spool.raw()) + "\n";
    for (const auto& [name, field] : fields) {
        text += std::string(name) + " " + std::to_string(mark.*field) + "\n";
    }
    return text + checksum_line(text);
}

std::optional<SpoolMark> decode_mark(std::string_view text) {
    const std::size_t checked = text.rfind("crc ");
    if (!text.starts_with(first_line) || checked == std::string_view::npos ||
        text.substr(checked) != checksum_line(text.substr(0, checked))) {
        return std::nullopt;
    }
    text.remove_prefix(first_line.size());
    const auto name = take_line(text, "spool");
    const auto raw = name ? from_hex(*name) : failure(ErrorKind::corrupt, "no name");
    const auto id = raw ? Uuid::from_bytes(*raw) : failure(ErrorKind::corrupt, "no name");
    if (!id) {
        return std::nullopt;
    }
    SpoolMark mark;
    mark.spool = SpoolId(*id);
    for (std::size_t at = 0; at < fields.size(); ++at) {
        const auto& [key, field] = fields.at(at);
        const auto value = take_line(text, key);
        if (!value && at >= fields_of_old) {
            break;
        }
        if (!value) {
            return std::nullopt;
        }
        const char* const end = value->data() + value->size();
        if (std::from_chars(value->data(), end, mark.*field).ptr != end) {
            return std::nullopt;
        }
    }
    return makes_sense(mark) ? std::optional(mark) : std::nullopt;
}

std::optional<SpoolMark> read_mark(Files& files, const std::string& spool_dir) {
    const std::string path = spool_dir + "/acked";
    if (!files.exists(path)) {
        return std::nullopt;
    }
    const auto text = read_file(files, path, 4096);
    auto mark = text ? decode_mark(*text) : std::nullopt;
    if (!mark) {
        log(LogLevel::error,
            "spool.mark_damaged",
            {{"path", path}, {"effect", "what the collector has already is sent again"}});
    }
    return mark;
}

Status write_mark(Files& files, const std::string& spool_dir, const SpoolMark& mark) {
    return write_file_atomically(files, spool_dir + "/acked", encode_mark(mark));
}

}  // namespace muster::agent
