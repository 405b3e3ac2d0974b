#include "collector/journal/journal.hpp"

#include "base/bytes.hpp"
#include "base/expect.hpp"
#include "base/failpoint.hpp"
#include "base/files.hpp"
#include "base/log.hpp"
#include "collector/backup/file_copies.hpp"
#include "collector/journal/segment_store.hpp"
#include "collector/journal/segments.hpp"

#include <algorithm>
#include <optional>
#include <utility>

namespace muster::collector {

namespace {

std::string moment_bytes(JournalMoment moment) {
    std::string bytes;
    put_u64(bytes, static_cast<std::uint64_t>(to_ns(moment.elapsed)));
    put_u64(bytes, static_cast<std::uint64_t>(to_ns(moment.wall)));
    return bytes;
}

JournalMoment moment_from(std::string_view bytes) {
    if (bytes.size() != 16) {
        return {};
    }
    return {
        .elapsed = elapsed_from_ns(static_cast<std::int64_t>(load_u64(bytes.data()))),
        .wall = wall_from_ns(static_cast<std::int64_t>(load_u64(bytes.data() + 8)))
    };
}

/// A reader that was in the way when the segment was sealed has kept part of it in the WAL: then a link is not enough.
Status place_sealed(const std::string& directory, Lsn first, const std::string& folder) {
    const std::string from = directory + "/" + segment_name(first);
    const std::string to = folder + "/" + segment_name(first);
    if (file_bytes(from + "-wal") == 0) {
        const auto placed = link_or_copy(from, to);
        return placed ? Status{} : Status{failure(placed.error())};
    }
    auto reader = Database::open(from, {.mode = DatabaseMode::reader});
    auto copy = reader ? DatabaseCopy::begin(*reader, to) : failure(reader.error());
    if (!copy) {
        return failure(copy.error());
    }
    Result<bool> more = true;
    while (more && *more) {
        more = copy->step(file_bytes(from));
    }
    return more ? Status{} : Status{failure(more.error())};
}

void drop_spool(BatchGroup& batch, const CursorUpdate& update) {
    const auto of_spool = [&update](const auto& one) {
        return one.agent == update.agent && one.spool == update.spool;
    };
    proto::BatchEntry kept;
    for (std::size_t i = 0; i < batch.decoded.size(); ++i) {
        if (!of_spool(batch.decoded[i])) {
            kept.add_items()->Swap(batch.entry.mutable_items(static_cast<int>(i)));
        }
    }
    batch.entry.Swap(&kept);
    std::erase_if(batch.decoded, of_spool);
    std::erase_if(batch.quarantined, of_spool);
}

}  // namespace

struct Journal::Impl {
    JournalOptions options;
    std::optional<SegmentStore> segment;
    Lsn next = 1;
    JournalMoment last;
    std::optional<Elapsed> segment_began;
    std::string config_hash;
    std::optional<Error> broken;  // nothing can be appended any more

    Status load_position();
    Result<bool> is_stale(const std::vector<Lsn>& segments);
    Status write_segment(const std::vector<AgentCursor>& cursors);
    Status create_segment(const std::vector<AgentCursor>& cursors);
    Status store_batch(Pending& pending, JournalMoment now, Appended& done);
    Status store(Pending& pending, JournalMoment now, Appended& done);
    Status store_all(std::vector<Pending>& pending, JournalMoment now, Appended& done);
    Result<bool> may_drop(Lsn first, Elapsed now) const;
};

Journal::Journal(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

Journal::Journal(Journal&&) noexcept = default;
Journal& Journal::operator=(Journal&&) noexcept = default;
Journal::~Journal() = default;

Status Journal::Impl::load_position() {
    auto stored_moment = segment->meta("last_moment");
    auto stored_hash = segment->meta("config_hash");
    auto bounds = read_bounds(segment->database());
    if (!stored_moment || !stored_hash || !bounds) {
        return failure(
            !stored_moment ? stored_moment.error()
            : !stored_hash ? stored_hash.error()
                           : bounds.error()
        );
    }
    config_hash = *stored_hash;
    if (!*bounds) {
        next = segment->first();
        last = moment_from(*stored_moment);
        return {};
    }
    next = (*bounds)->last + 1;
    last = (*bounds)->last_moment;
    segment_began = (*bounds)->began;
    return {};
}

/// Whether the newest segment, which is open, was given up: whoever began it met an error, and the one before went on. `segments`
/// rise and end with it.
Result<bool> Journal::Impl::is_stale(const std::vector<Lsn>& segments) {
    auto bounds = read_bounds(segment->database());
    if (!bounds || *bounds || segments.size() < 2) {
        return bounds ? Result<bool>(false) : failure(bounds.error());
    }
    const std::string before = options.directory + "/" + segment_name(segments.end()[-2]);
    auto reader = Database::open(before, {.mode = DatabaseMode::reader});
    bounds = reader ? read_bounds(*reader) : failure(reader.error());
    return bounds ? Result<bool>(*bounds && (*bounds)->last >= segment->first())
                  : failure(bounds.error());
}

/// What is left of a segment that could not be begun would count as the newest.
Status Journal::Impl::create_segment(const std::vector<AgentCursor>& cursors) {
    Status written = write_segment(cursors);
    if (!written) {
        if (const Status removed = remove_segment(options.directory, next); !removed) {
            broken = removed.error();
        }
    }
    return written;
}

/// Opens the segment of `next` and carries over what must not stay behind, in its first transaction.
Status Journal::Impl::write_segment(const std::vector<AgentCursor>& cursors) {
    auto opened = SegmentStore::open(options.directory, next, options.durability);
    if (!opened) {
        return failure(opened.error());
    }
    auto transaction = Transaction::begin(opened->database());
    if (!transaction) {
        return failure(transaction.error());
    }
    for (const AgentCursor& cursor : cursors) {
        if (auto done = opened->set_cursor(cursor); !done) {
            return done;
        }
    }
    const std::string moment = moment_bytes(last);
    for (const auto& [name, value] :
         {std::pair<std::string_view, std::string_view>{"last_moment", moment},
          {"config_hash", config_hash},
          {"complete", "1"}}) {
        if (auto done = opened->set_meta(name, value); !done) {
            return done;
        }
    }
    if (auto committed = transaction->commit(); !committed) {
        return committed;
    }
    RealFiles files;
    if (auto synced = files.sync_directory(options.directory); !synced) {
        return synced;
    }
    segment = std::move(*opened);
    segment_began.reset();
    return {};
}

Result<Journal> Journal::open(JournalOptions options) {
    RealFiles files;
    if (auto made = files.create_directories(options.directory); !made) {
        return failure(made.error());
    }
    auto segments = list_segments(options.directory);
    if (!segments) {
        return failure(segments.error());
    }
    auto impl = std::make_unique<Impl>();
    impl->options = std::move(options);
    while (!segments->empty() && !impl->segment) {
        const Lsn first = segments->back();
        const std::string& directory = impl->options.directory;
        auto opened = SegmentStore::open(directory, first, impl->options.durability);
        auto complete = opened ? opened->meta("complete") : failure(opened.error());
        if (!complete) {
            return failure(complete.error(), "journal");
        }
        if (!complete->empty()) {
            impl->segment = std::move(*opened);
            const auto stale = impl->is_stale(*segments);
            if (!stale) {
                return failure(stale.error(), "journal");
            }
            if (!*stale) {
                break;
            }
            impl->segment.reset();
        }
        // The process died while it began this segment: nothing is in it, the one before goes on.
        opened = failure(ErrorKind::closed, "not needed");
        if (auto removed = remove_segment(directory, first); !removed) {
            return failure(removed.error(), "journal");
        }
        segments->pop_back();
    }
    Status ready = impl->segment ? impl->load_position() : impl->create_segment({});
    if (!ready) {
        return failure(ready.error(), "journal");
    }
    return Journal(std::move(impl));
}

Status Journal::Impl::store_batch(Pending& pending, JournalMoment now, Appended& done) {
    BatchGroup& batch = pending.batch;
    for (const CursorUpdate& update : batch.cursors) {
        auto fits = segment->advance(update, next + done.entries.size());
        if (!fits) {
            return failure(fits.error());
        }
        if (*fits) {
            continue;
        }
        auto stands = segment->cursor(update.agent, update.spool);
        if (!stands) {
            return failure(stands.error());
        }
        done.rejected.push_back(*stands);
        done.rejected_in.push_back(done.lsns.size());
        drop_spool(batch, update);
    }
    for (const QuarantinedRecord& record : batch.quarantined) {
        if (auto stored = segment->quarantine(record, now.wall); !stored) {
            return stored;
        }
    }
    if (!batch.quarantined.empty()) {
        if (auto trimmed = segment->trim_quarantine(options.quarantine); !trimmed) {
            return trimmed;
        }
    }
    if (!batch.entry.SerializeToString(&pending.body)) {
        return failure(ErrorKind::internal, "a batch entry cannot be serialised");
    }
    return {};
}

Status Journal::Impl::store(Pending& pending, JournalMoment now, Appended& done) {
    Entry entry;
    entry.lsn = next + done.entries.size();
    entry.kind = pending.kind;
    entry.elapsed = now.elapsed;
    entry.wall = now.wall;
    if (pending.kind == EntryKind::batch) {
        if (auto stored = store_batch(pending, now, done); !stored) {
            return stored;
        }
        if (pending.batch.decoded.empty()) {
            done.lsns.push_back(0);
            return {};
        }
        entry.batches =
            std::make_shared<const std::vector<DecodedBatch>>(std::move(pending.batch.decoded));
    }
    if (auto inserted = segment->insert(entry, pending.body); !inserted) {
        return inserted;
    }
    if (pending.kind != EntryKind::batch) {
        entry.body = std::move(pending.body);
    }
    done.lsns.push_back(entry.lsn);
    done.entries.push_back(std::move(entry));
    return {};
}

Status Journal::Impl::store_all(std::vector<Pending>& pending, JournalMoment now, Appended& done) {
    for (Pending& one : pending) {
        if (!one.config_hash.empty()) {
            if (auto noted = segment->set_meta("config_hash", one.config_hash); !noted) {
                return noted;
            }
        }
        if (auto stored = store(one, now, done); !stored) {
            return stored;
        }
    }
    return {};
}

Result<Appended> Journal::append(std::vector<Pending> pending, JournalMoment now) {
    expect(now.elapsed >= impl_->last.elapsed, "journal time goes back");
    if (impl_->broken) {
        return failure(*impl_->broken, "journal");
    }
    Appended done;
    done.lsns.reserve(pending.size());
    auto transaction = Transaction::begin(impl_->segment->database());
    if (!transaction) {
        return failure(transaction.error(), "journal");
    }
    if (auto stored = impl_->store_all(pending, now, done); !stored) {
        return failure(stored.error(), "journal");
    }
    failpoint("journal.before_commit");
    if (auto committed = transaction->commit(); !committed) {
        return failure(committed.error(), "journal");
    }
    failpoint("journal.after_commit");
    if (!done.entries.empty()) {
        impl_->next += done.entries.size();
        impl_->last = now;
        impl_->segment_began = impl_->segment_began.value_or(now.elapsed);
    }
    for (Pending& one : pending) {
        if (!one.config_hash.empty()) {
            impl_->config_hash = std::move(one.config_hash);
        }
    }
    return done;
}

Lsn Journal::next_lsn() const {
    return impl_->next;
}

JournalMoment Journal::last_moment() const {
    return impl_->last;
}

std::string Journal::config_hash() const {
    return impl_->config_hash;
}

Result<std::vector<AgentCursor>> Journal::cursors() {
    auto found = impl_->segment->cursors();
    if (!found) {
        return failure(found.error(), "journal");
    }
    return found;
}

Status Journal::maintain(Elapsed now) {
    SegmentStore& current = *impl_->segment;
    const JournalOptions& options = impl_->options;
    if (current.database().wal_bytes() > options.checkpoint_bytes) {
        if (auto done = current.database().checkpoint(); !done) {
            return failure(done.error(), "journal");
        }
    }
    if (!impl_->segment_began) {
        return {};
    }
    const bool old = now - *impl_->segment_began >= options.segment_age;
    if (!old && segment_bytes(options.directory, current.first()) < options.segment_bytes) {
        return {};
    }
    auto carried = cursors();
    if (!carried) {
        return failure(carried.error());
    }
    if (auto done = current.database().empty_wal(); !done) {
        return failure(done.error(), "journal");
    }
    const Lsn sealed = current.first();
    if (auto made = impl_->create_segment(*carried); !made) {
        return failure(made.error(), "journal");
    }
    log(LogLevel::info, "journal.segment_sealed", {{"first", sealed}, {"last", impl_->next - 1}});
    return {};
}

/// Whether the last entry of a sealed segment is old enough.
Result<bool> Journal::Impl::may_drop(Lsn first, Elapsed now) const {
    const std::string path = options.directory + "/" + segment_name(first);
    auto reader = Database::open(path, {.mode = DatabaseMode::reader});
    auto bounds = reader ? read_bounds(*reader) : failure(reader.error());
    if (!bounds) {
        return failure(bounds.error());
    }
    return !*bounds || now - (*bounds)->last_moment.elapsed >= options.keep_at_least;
}

Result<DatabaseCopy> Journal::begin_copy(const std::string& folder) {
    SegmentStore& current = *impl_->segment;
    return DatabaseCopy::begin(current.database(), folder + "/" + segment_name(current.first()));
}

Status Journal::link_sealed(const std::string& folder) const {
    const std::string& directory = impl_->options.directory;
    const auto segments = list_segments(directory);
    if (!segments) {
        return failure(segments.error(), "journal");
    }
    for (const Lsn first : *segments) {
        if (first == impl_->segment->first()) {
            continue;
        }
        if (auto placed = place_sealed(directory, first, folder); !placed) {
            return failure(placed.error(), "journal");
        }
    }
    return {};
}

Result<int> Journal::retain(Elapsed now, Lsn needed, Retain how) {
    const JournalOptions& options = impl_->options;
    const std::uint64_t keep_bytes = how == Retain::least ? 0 : options.keep_bytes;
    auto segments = list_segments(options.directory);
    if (!segments) {
        return failure(segments.error(), "journal");
    }
    std::uint64_t total = 0;
    for (const Lsn first : *segments) {
        total += segment_bytes(options.directory, first);
    }
    int dropped = 0;
    for (std::size_t i = 0; i + 1 < segments->size() && total > keep_bytes; ++i) {
        const Lsn first = (*segments)[i];
        auto old = impl_->may_drop(first, now);
        if (!old) {
            return failure(old.error(), "journal");
        }
        if (!*old || (*segments)[i + 1] > needed) {
            break;
        }
        total -= segment_bytes(options.directory, first);
        if (auto removed = remove_segment(options.directory, first); !removed) {
            return failure(removed.error(), "journal");
        }
        ++dropped;
    }
    return dropped;
}

}  // namespace muster::collector
