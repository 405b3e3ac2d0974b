#include "collector/history/history.hpp"

#include "base/expect.hpp"
#include "base/failpoint.hpp"
#include "base/log.hpp"
#include "collector/backup/file_copies.hpp"
#include "collector/history/age_calendar.hpp"
#include "collector/history/block_set.hpp"
#include "collector/history/catalog_store.hpp"
#include "collector/history/roll_up.hpp"
#include "collector/history/tail.hpp"
#include "collector/journal/entries.pb.h"

#include <algorithm>
#include <optional>
#include <utility>

namespace muster::collector {

namespace {

constexpr std::uint64_t merge_piece = 500'000;
/// Results this long before the window tell what held when it began.
constexpr std::int64_t lookback_ms = 10 * 60 * 1000;
constexpr std::int64_t ns_a_ms = 1'000'000;

std::int64_t floor_ms(WallTime time) {
    return to_ns(time) / ns_a_ms - (to_ns(time) % ns_a_ms < 0 ? 1 : 0);
}

std::int64_t ceil_ms(WallTime time) {
    return to_ns(time) / ns_a_ms + (to_ns(time) % ns_a_ms > 0 ? 1 : 0);
}

struct Issued {
    AgentId agent;
    std::uint32_t epoch = 0;
    std::vector<ProbeId> probes;
};

/// Ids that are no ids stand for no probe.
Result<Issued> parse_issued(const std::string& body) {
    proto::AssignmentIssued message;
    if (!message.ParseFromString(body)) {
        return failure(ErrorKind::corrupt, "assignment.issued cannot be read");
    }
    const auto agent = Uuid::from_bytes(message.agent_id());
    if (!agent) {
        return failure(agent.error(), "assignment.issued");
    }
    Issued issued{.agent = AgentId{*agent}, .epoch = message.epoch(), .probes = {}};
    issued.probes.reserve(static_cast<std::size_t>(message.probe_ids_size()));
    for (const std::string& raw : message.probe_ids()) {
        issued.probes.emplace_back(Uuid::from_bytes(raw).value_or(Uuid{}));
    }
    return issued;
}

BlockSetOptions bounds_of(const HistoryOptions& options) {
    BlockSetOptions bounds{
        .rules =
            {.fan_in = options.fan_in,
             .month_fan_in = options.month_fan_in,
             .merged_samples = options.merged_samples},
        .limits = {.age_ms = {}, .keep_bytes = options.keep_bytes}
    };
    std::ranges::transform(options.keep_for, bounds.limits.age_ms.begin(), to_ms);
    return bounds;
}

/// Only roll-ups are kept of a part of the window: its begin, its end and its step become whole buckets of theirs.
HistoryWindow widened(HistoryWindow window, std::int64_t bucket_ms) {
    window.from_ms = floor_to(window.from_ms, bucket_ms);
    window.to_ms = ceil_to(window.to_ms, bucket_ms);
    window.step_ms = std::max(bucket_ms, ceil_to(window.step_ms, bucket_ms));
    return window;
}

}  // namespace

struct History::Impl {
    Impl(
        Files& own_files, std::string own_directory, HistoryOptions own_options, CatalogStore opened
    )
        : files(&own_files),
          directory(std::move(own_directory)),
          options(std::move(own_options)),
          catalog(std::move(opened)) {}

    Files* files;
    std::string directory;
    HistoryOptions options;
    CatalogStore catalog;
    std::optional<BlockSet> blocks;  // refers to the catalog beside it
    SeriesMap map;
    Tail tail;
    Lsn sealed = 0;   // the last entry in blocks
    Lsn folded = 0;   // the last entry taken
    WallTime wall{};  // of that
    AgeCalendar age;
    std::optional<Elapsed> since;  // of the first entry after `sealed`
    HistoryStats counted;

    Status take(const Entry& entry);
    Status assign(const Entry& entry);
    Result<std::optional<BlockRow>> write_block();
    Status seal();
    void summarise(SeriesFound& found, const HistoryWindow& window, HistorySeries& answer) const;
};

Result<History> History::open(Files& files, const std::string& directory, HistoryOptions options) {
    if (Status made = files.create_directories(directory); !made) {
        return failure(made.error(), "history");
    }
    auto catalog = CatalogStore::open(directory + "/catalog.db", options.catalog);
    if (!catalog) {
        return failure(catalog.error(), "history");
    }
    auto impl = std::make_unique<Impl>(files, directory, std::move(options), std::move(*catalog));
    const auto position = impl->catalog.position();
    if (!position) {
        return failure(position.error(), "history");
    }
    impl->sealed = impl->folded = *position;
    auto map = impl->catalog.assignments();
    if (!map) {
        return failure(map.error(), "history");
    }
    impl->map = std::move(*map);
    auto blocks = BlockSet::open(files, impl->catalog, directory, bounds_of(impl->options));
    if (!blocks) {
        return failure(blocks.error(), "history");
    }
    impl->blocks.emplace(std::move(*blocks));
    impl->age = AgeCalendar(impl->blocks->last_wall());
    return History(std::move(impl));
}

History::History(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

History::History(History&&) noexcept = default;
History& History::operator=(History&&) noexcept = default;
History::~History() = default;

Lsn History::next_lsn() const {
    return impl_->sealed + 1;
}

Status History::skip_to(Lsn first) {
    Impl& own = *impl_;
    if (first <= own.folded + 1) {
        return {};
    }
    expect(own.tail.empty(), "history skips only before it folds");
    log(LogLevel::warning,
        "history.skipped",
        {{"from_lsn", own.folded + 1}, {"to_lsn", first}, {"why", "the journal has dropped them"}});
    if (Status kept = own.catalog.sealed(first - 1, nullptr); !kept) {
        return failure(kept.error(), "history");
    }
    own.sealed = own.folded = first - 1;
    return {};
}

Status History::fold(const Entry& entry) {
    Impl& own = *impl_;
    expect(entry.lsn == own.folded + 1, "history folds every entry once and in order");
    const bool is_full = own.tail.samples() + Tail::samples_of(entry) > own.options.tail_samples ||
                         own.tail.bytes() + Tail::bytes_of(entry) > own.options.tail_bytes;
    if (Status done = is_full && !own.tail.empty() ? own.seal() : seal_if_due(entry.elapsed);
        !done) {
        return done;
    }
    return own.take(entry);
}

Status History::Impl::take(const Entry& entry) {
    if (entry.kind == EntryKind::assignment_issued) {
        if (Status assigned = assign(entry); !assigned) {
            return assigned;
        }
    } else if (entry.kind == EntryKind::batch) {
        tail.add(entry, map);
        counted.samples += Tail::samples_of(entry);
    }
    folded = entry.lsn;
    wall = entry.wall;
    age.follow(entry.elapsed, entry.wall);
    since = since.value_or(entry.elapsed);
    return {};
}

Status History::Impl::assign(const Entry& entry) {
    auto issued = parse_issued(entry.body);
    if (!issued) {
        // Its results cannot be told apart; everything else goes on.
        log(LogLevel::error,
            "history.entry_unreadable",
            {{"lsn", entry.lsn}, {"why", issued.error().text()}});
        return {};
    }
    auto series = catalog.assign(
        issued->agent, issued->epoch, issued->probes, map.oldest_kept(issued->agent)
    );
    if (!series) {
        return failure(series.error(), "history");
    }
    map.add(issued->agent, issued->epoch, std::make_shared<const DenseSeries>(std::move(*series)));
    return {};
}

Status History::seal_if_due(Elapsed now) {
    if (!impl_->since || now - *impl_->since < impl_->options.seal_every) {
        return {};
    }
    return impl_->seal();
}

Status History::seal() {
    return impl_->seal();
}

/// Nothing when the tail holds no result of a known probe.
Result<std::optional<BlockRow>> History::Impl::write_block() {
    BlockRow row{
        .name = BlockSet::name(HistoryKind::raw, 0, sealed + 1, folded),
        .first_lsn = sealed + 1,
        .last_lsn = folded,
        .wall_ms = floor_ms(wall),
        .extent = {}
    };
    const std::string path = blocks->path(row.name);
    if (Status settled = catalog.settle(); !settled) {
        return failure(settled.error());
    }
    if (Status removed = files->remove(path); !removed) {
        return failure(removed.error());
    }
    auto writer = BlockWriter::create(*files, path);
    if (!writer) {
        return failure(writer.error());
    }
    const auto add = [&writer](const Chunk& chunk) { return writer->add(chunk); };
    if (Status written = tail.transpose(add); !written) {
        return failure(written.error());
    }
    const auto extent = writer->finish();
    if (!extent) {
        return failure(extent.error());
    }
    if (extent->samples == 0) {
        if (Status removed = files->remove(path); !removed) {
            return failure(removed.error());
        }
        return std::nullopt;
    }
    if (Status synced = files->sync_directory(directory); !synced) {
        return failure(synced.error());
    }
    row.extent = *extent;
    return row;
}

Status History::Impl::seal() {
    if (folded == sealed) {
        return {};
    }
    std::optional<BlockRow> row;
    if (!tail.empty()) {
        auto written = write_block();
        if (!written) {
            return failure(written.error(), "history");
        }
        row = std::move(*written);
        failpoint("history.after_block");
    }
    if (Status kept = catalog.sealed(folded, row ? &*row : nullptr); !kept) {
        return failure(kept.error(), "history");
    }
    sealed = folded;
    since.reset();
    tail.clear();
    if (row) {
        ++counted.sealed;
        blocks->add(std::move(*row));
    }
    return blocks->retain(floor_ms(age.shows()));
}

Result<DatabaseCopy> History::begin_copy(const std::string& folder) {
    return impl_->catalog.begin_copy(folder);
}

Status History::link_blocks(const std::string& folder) const {
    for (const std::string& name : impl_->blocks->whole_files()) {
        const auto placed = link_or_copy(impl_->blocks->path(name), folder + "/" + name);
        if (!placed && placed.error().kind() != ErrorKind::not_found) {
            return failure(placed.error(), "history");
        }
    }
    return {};
}

Status History::thin(std::uint64_t bytes) {
    return impl_->blocks->thin(bytes);
}

Result<bool> History::merge_if_due() {
    return impl_->blocks->merge(merge_piece);
}

void History::Impl::summarise(
    SeriesFound& found, const HistoryWindow& window, HistorySeries& answer
) const {
    std::ranges::stable_sort(found.samples, {}, &HistorySample::time_ms);
    if (window.step_ms == 0) {
        list_samples(found.samples, window, options.query_points, answer);
        return;
    }
    if (found.stretches.empty()) {
        summarise_samples(found.samples, window, answer);
        return;
    }
    roll_up(found.samples, window.step_ms, found.stretches);
    std::ranges::stable_sort(found.stretches, {}, [](const HistoryStretch& one) {
        return one.watched.first_ms;
    });
    summarise_stretches(found.stretches, window, answer);
}

Result<HistorySeries> History::query(const HistoryQuery& query) {
    Impl& own = *impl_;
    HistoryWindow window{
        .from_ms = floor_ms(query.from), .to_ms = ceil_ms(query.to), .step_ms = to_ms(query.step)
    };
    if (query.step < Duration::zero() ||
        query.step % std::chrono::milliseconds(1) != Duration::zero()) {
        return failure(ErrorKind::invalid, "step must be whole milliseconds");
    }
    HistorySeries answer{.step = query.step, .points = {}};
    if (window.from_ms >= window.to_ms) {
        return answer;
    }
    const HistorySources sources = own.blocks->sources(window.from_ms, window.to_ms);
    if (const std::int64_t bucket_ms = sources.resolution_ms(); bucket_ms > 1) {
        window = widened(window, bucket_ms);
        answer.step = std::chrono::milliseconds(window.step_ms);
    }
    const auto most = static_cast<std::int64_t>(own.options.query_points);
    if (window.step_ms > 0 && (window.to_ms - window.from_ms) / window.step_ms >= most) {
        return failure(
            ErrorKind::invalid,
            "that would be more than " + std::to_string(most) +
                " points; ask for a longer step or a shorter time"
        );
    }
    const auto series = own.catalog.series_of(query.probe);
    if (!series) {
        return failure(series.error(), "history");
    }
    if (*series == no_series) {
        return answer;
    }
    const std::int64_t before =
        window.step_ms == 0 ? 0 : std::max(lookback_ms, sources.resolution_ms());
    const SeriesWanted wanted{
        .series = *series,
        .metric = query.metric,
        .from_ms = window.from_ms - before,
        .to_ms = window.to_ms,
    };
    SeriesFound found;
    own.blocks->read(wanted, sources, found);
    append_samples(own.tail.series(*series), wanted, found.samples);
    answer.unreadable_blocks = found.unreadable;
    own.summarise(found, window, answer);
    return answer;
}

HistoryStats History::stats() const {
    HistoryStats stats = impl_->counted;
    stats.strangers = impl_->tail.strangers();
    stats.tail_samples = impl_->tail.samples();
    for (const HistoryKind kind : history_kinds) {
        stats.kinds[number(kind)] = impl_->blocks->totals(kind);
    }
    const BlockTotals& raw = stats.kinds[number(HistoryKind::raw)];
    stats.blocks = raw.blocks;
    stats.block_samples = raw.samples;
    stats.block_bytes = raw.bytes;
    stats.merges = impl_->blocks->merges();
    stats.damaged = impl_->blocks->damaged();
    return stats;
}

}  // namespace muster::collector
