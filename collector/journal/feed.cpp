#include "collector/journal/feed.hpp"

#include "collector/journal/pending.hpp"

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <utility>

namespace muster::collector {

namespace {

struct Waiting {
    Entry entry;
    std::size_t bytes = 0;
};

}  // namespace

struct FoldFeed::Impl {
    Impl(JournalReader from, Lsn first, Lsn last, FeedOptions bounds)
        : reader(std::move(from)), options(bounds), next(first), committed(last), kept(first) {}

    JournalReader reader;  // the fold's thread alone
    FeedOptions options;

    mutable std::mutex mutex;
    std::condition_variable ready;
    std::deque<Waiting> waiting;  // rising, possibly with holes: those entries are in the files
    std::size_t bytes = 0;
    Lsn next;
    Lsn committed;
    Lsn kept;
    bool woken = false;
    Elapsed newest_at{};  // of `committed`
    Elapsed taken_at{};   // of the entry before `next`; both as far as they came by in this run

    std::vector<Entry> take_from_memory();
    void drop_taken();
};

FoldFeed::FoldFeed(JournalReader reader, Lsn next, Lsn committed, FeedOptions options)
    : impl_(std::make_unique<Impl>(std::move(reader), next, committed, options)) {}

FoldFeed::~FoldFeed() = default;

void FoldFeed::post(const std::vector<Entry>& entries) {
    if (entries.empty()) {
        return;
    }
    std::vector<Waiting> measured;
    measured.reserve(entries.size());
    for (const Entry& entry : entries) {
        measured.push_back({.entry = entry, .bytes = memory_bytes(entry)});
    }
    {
        const std::lock_guard lock(impl_->mutex);
        impl_->committed = entries.back().lsn;
        impl_->newest_at = entries.back().elapsed;
        for (Waiting& one : measured) {
            if (impl_->bytes + one.bytes > impl_->options.memory_bytes && !impl_->waiting.empty()) {
                break;
            }
            impl_->bytes += one.bytes;
            impl_->waiting.push_back(std::move(one));
        }
    }
    impl_->ready.notify_one();
}

/// Entries read from the files while they also waited in memory.
void FoldFeed::Impl::drop_taken() {
    while (!waiting.empty() && waiting.front().entry.lsn < next) {
        bytes -= waiting.front().bytes;
        waiting.pop_front();
    }
}

std::vector<Entry> FoldFeed::Impl::take_from_memory() {
    std::vector<Entry> taken;
    std::size_t taken_bytes = 0;
    while (!waiting.empty() && waiting.front().entry.lsn == next &&
           (taken.empty() || taken_bytes < options.take_bytes)) {
        taken_bytes += waiting.front().bytes;
        taken_at = waiting.front().entry.elapsed;
        bytes -= waiting.front().bytes;
        taken.push_back(std::move(waiting.front().entry));
        waiting.pop_front();
        ++next;
    }
    return taken;
}

Result<std::vector<Entry>> FoldFeed::take(Duration patience) {
    Impl& feed = *impl_;
    Lsn from = 0;
    std::size_t most = 0;
    {
        std::unique_lock lock(feed.mutex);
        feed.ready.wait_for(lock, patience, [&feed] {
            return feed.woken || feed.next <= feed.committed;
        });
        feed.woken = false;
        feed.drop_taken();
        if (auto taken = feed.take_from_memory(); !taken.empty()) {
            return taken;
        }
        if (feed.next > feed.committed) {
            return std::vector<Entry>{};
        }
        const Lsn until =
            feed.waiting.empty() ? feed.committed + 1 : feed.waiting.front().entry.lsn;
        from = feed.next;
        most = std::min<std::size_t>(feed.options.read_entries, until - from);
    }
    auto read = feed.reader.read(from, most, feed.options.read_bytes);
    if (!read) {
        return failure(read.error());
    }
    if (read->empty()) {
        return failure(
            ErrorKind::corrupt, "entry " + std::to_string(from) + " is missing", "journal"
        );
    }
    const std::lock_guard lock(feed.mutex);
    feed.next = read->back().lsn + 1;
    feed.taken_at = read->back().elapsed;
    return read;
}

void FoldFeed::rewind(Lsn next) {
    const std::lock_guard lock(impl_->mutex);
    impl_->next = next;
}

void FoldFeed::wake() {
    {
        const std::lock_guard lock(impl_->mutex);
        impl_->woken = true;
    }
    impl_->ready.notify_one();
}

void FoldFeed::keep_from(Lsn from) {
    const std::lock_guard lock(impl_->mutex);
    impl_->kept = from;
}

void FoldFeed::pause(Duration patience) {
    std::unique_lock lock(impl_->mutex);
    impl_->ready.wait_for(lock, patience, [this] { return impl_->woken; });
    impl_->woken = false;
}

Lsn FoldFeed::kept_from() const {
    const std::lock_guard lock(impl_->mutex);
    return impl_->kept;
}

Lsn FoldFeed::next() const {
    const std::lock_guard lock(impl_->mutex);
    return impl_->next;
}

FoldFeed::Lag FoldFeed::lag() const {
    const std::lock_guard lock(impl_->mutex);
    const Lsn behind = impl_->committed + 1 - impl_->next;
    const bool is_known = impl_->taken_at != Elapsed{} && impl_->newest_at > impl_->taken_at;
    return {
        .entries = behind,
        .bytes = impl_->bytes,
        .late = behind > 0 && is_known ? Duration(impl_->newest_at - impl_->taken_at) : Duration{}
    };
}

}  // namespace muster::collector
