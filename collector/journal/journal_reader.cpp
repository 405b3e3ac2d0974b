#include "collector/journal/journal_reader.hpp"

#include "base/database.hpp"
#include "collector/journal/segment_store.hpp"
#include "collector/journal/segments.hpp"

#include <algorithm>
#include <optional>
#include <ranges>
#include <utility>

namespace muster::collector {

namespace {

struct OpenSegment {
    Lsn first = 0;
    Database database;
    Statement entries;
};

Result<OpenSegment> open_for_reading(const std::string& directory, Lsn first) {
    auto database =
        Database::open(directory + "/" + segment_name(first), {.mode = DatabaseMode::reader});
    if (!database) {
        return failure(database.error());
    }
    auto entries = prepare_read_entries(*database);
    if (!entries) {
        return failure(entries.error());
    }
    return OpenSegment{
        .first = first, .database = std::move(*database), .entries = std::move(*entries)
    };
}

}  // namespace

struct JournalReader::Impl {
    std::string directory;
    std::optional<OpenSegment> current;

    Status use(Lsn first);
    Result<Lsn> segment_of(Lsn from) const;
    Result<Lsn> segment_after(Lsn first) const;
};

JournalReader::JournalReader(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

JournalReader::JournalReader(JournalReader&&) noexcept = default;
JournalReader& JournalReader::operator=(JournalReader&&) noexcept = default;
JournalReader::~JournalReader() = default;

Result<JournalReader> JournalReader::open(std::string directory) {
    auto impl = std::make_unique<Impl>();
    impl->directory = std::move(directory);
    return JournalReader(std::move(impl));
}

Status JournalReader::Impl::use(Lsn first) {
    if (current && current->first == first) {
        return {};
    }
    current.reset();
    auto opened = open_for_reading(directory, first);
    if (!opened) {
        return failure(opened.error(), "journal");
    }
    current = std::move(*opened);
    return {};
}

/// The segment that would hold `from`.
Result<Lsn> JournalReader::Impl::segment_of(Lsn from) const {
    auto segments = list_segments(directory);
    if (!segments) {
        return failure(segments.error(), "journal");
    }
    const auto after = std::ranges::upper_bound(*segments, from);
    if (after == segments->begin()) {
        return failure(
            ErrorKind::not_found,
            "entry " + std::to_string(from) + " has been dropped; raise journal.keep",
            "journal"
        );
    }
    return *std::prev(after);
}

/// The segment that follows; 0 where there is none yet.
Result<Lsn> JournalReader::Impl::segment_after(Lsn first) const {
    auto segments = list_segments(directory);
    if (!segments) {
        return failure(segments.error(), "journal");
    }
    const auto after = std::ranges::upper_bound(*segments, first);
    return after == segments->end() ? Lsn{0} : *after;
}

Result<std::vector<Entry>> JournalReader::read(
    Lsn from, std::size_t max_entries, std::size_t max_bytes
) {
    std::vector<Entry> found;
    if (!impl_->current || impl_->current->first > from) {
        auto first = impl_->segment_of(from);
        auto used = first ? impl_->use(*first) : failure(first.error());
        if (!used) {
            return failure(used.error());
        }
    }
    while (true) {
        auto read = read_entries(impl_->current->entries, from, max_entries, max_bytes, found);
        if (!read) {
            return failure(read.error(), "journal");
        }
        if (!found.empty()) {
            break;
        }
        auto following = impl_->segment_after(impl_->current->first);
        if (!following) {
            return failure(following.error());
        }
        if (*following == 0 || *following > from) {
            return found;
        }
        if (auto used = impl_->use(*following); !used) {
            return failure(used.error());
        }
    }
    if (found.front().lsn != from) {
        return failure(
            ErrorKind::corrupt, "entry " + std::to_string(from) + " is missing", "journal"
        );
    }
    return found;
}

Result<Lsn> JournalReader::last() {
    auto segments = list_segments(impl_->directory);
    if (!segments) {
        return failure(segments.error(), "journal");
    }
    for (const Lsn first : *segments | std::views::reverse) {
        if (auto used = impl_->use(first); !used) {
            return failure(used.error());
        }
        auto bounds = read_bounds(impl_->current->database);
        if (!bounds) {
            return failure(bounds.error(), "journal");
        }
        if (*bounds) {
            return (*bounds)->last;
        }
        return first - 1;
    }
    return Lsn{0};
}

}  // namespace muster::collector
