#include "collector/backup/lasting.hpp"

#include <algorithm>
#include <charconv>
#include <optional>
#include <ranges>
#include <utility>

namespace muster::collector {

namespace {

constexpr std::size_t largest = 256U << 20U;

std::optional<LastingFact> parse(std::string_view line) {
    const std::size_t time_ends = line.find(' ');
    const std::size_t word_ends = line.find(' ', time_ends + 1);
    if (time_ends == std::string_view::npos || word_ends == std::string_view::npos) {
        return std::nullopt;
    }
    const auto at = parse_rfc3339(line.substr(0, time_ends));
    if (!at) {
        return std::nullopt;
    }
    return LastingFact{
        .at = *at,
        .what = std::string(line.substr(time_ends + 1, word_ends - time_ends - 1)),
        .which = std::string(line.substr(word_ends + 1))
    };
}

}  // namespace

Result<Lasting> Lasting::open(Files& files, const std::string& path) {
    auto file = files.open(path, OpenMode::append);
    if (!file) {
        return failure(file.error());
    }
    const auto size = (*file)->size();
    const auto last = size && *size > 0 ? (*file)->read(*size - 1, 1) : Result<std::string>("\n");
    if (!size || !last) {
        return failure(size ? last.error() : size.error());
    }
    if (*last != "\n") {
        if (auto ended = (*file)->append("\n"); !ended) {
            return failure(ended.error());
        }
    }
    return Lasting(std::move(*file));
}

Status Lasting::note(WallTime now, std::string_view what, std::string_view which) {
    std::string line = format_rfc3339(now) + " " + std::string(what) + " " + std::string(which);
    std::ranges::replace(line, '\n', ' ');
    const std::lock_guard lock(*mutex_);
    // On a full disk a half may have been written: what follows is no part of it.
    const Status written = file_->append((is_cut_ ? "\n" : "") + line + "\n");
    is_cut_ = !written;
    return written ? file_->sync() : written;
}

Result<std::vector<LastingFact>> read_lasting(Files& files, const std::string& path) {
    std::vector<LastingFact> facts;
    if (!files.exists(path)) {
        return facts;
    }
    const auto text = read_file(files, path, largest);
    if (!text) {
        return failure(text.error());
    }
    std::string_view rest = *text;
    for (std::size_t end = rest.find('\n'); end != std::string_view::npos; end = rest.find('\n')) {
        if (auto fact = parse(rest.substr(0, end))) {
            facts.push_back(std::move(*fact));
        }
        rest.remove_prefix(end + 1);
    }
    return facts;
}

std::vector<LastingFact> noted_since(
    std::vector<LastingFact> facts, std::string_view backup, WallTime made
) {
    const auto mark =
        std::ranges::find_if(std::views::reverse(facts), [backup](const LastingFact& fact) {
            return fact.what == backup_mark && fact.which == backup;
        });
    if (mark != facts.rend()) {
        facts.erase(facts.begin(), mark.base());
        return facts;
    }
    std::erase_if(facts, [made](const LastingFact& fact) {
        return fact.at < made && !fact.what.ends_with(".revoked");
    });
    return facts;
}

std::uint64_t greatest(const std::vector<LastingFact>& facts, std::string_view what) {
    std::uint64_t found = 0;
    for (const LastingFact& fact : facts) {
        std::uint64_t number = 0;
        const char* end = fact.which.data() + fact.which.size();
        if (fact.what == what && std::from_chars(fact.which.data(), end, number).ptr == end) {
            found = std::max(found, number);
        }
    }
    return found;
}

}  // namespace muster::collector
