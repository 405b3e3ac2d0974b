#include "collector/backup/backup_thread.hpp"

#include "base/log.hpp"
#include "base/mailbox.hpp"
#include "base/thread_name.hpp"

#include <algorithm>
#include <mutex>
#include <ranges>
#include <thread>
#include <utility>

namespace muster::collector {

namespace {

using namespace std::chrono_literals;

/// After the first start ever, when there is hardly anything to lose, and after a failure.
constexpr Duration first_after = 10min;
constexpr Duration again_after = 10min;
/// The calendar may step: it is looked at so often.
constexpr Duration look_every = 1min;

struct Nudge {};

}  // namespace

struct BackupThread::Impl {
    Impl(Files& disk, const Clock& now, BackupOptions given, BackupSources from)
        : files(&disk),
          clock(&now),
          options(std::move(given)),
          sources(std::move(from)),
          opened(now.wall()) {}

    Files* files;
    const Clock* clock;
    BackupOptions options;
    BackupSources sources;
    WallTime opened;
    Mailbox<Nudge> nudges;
    mutable std::mutex mutex;
    std::vector<BackupRow> good;       // under the mutex, in the order of making
    std::optional<BackupRow> attempt;  // under the mutex: goes on, or failed last
    BackupFigures counted;             // under the mutex
    std::string trouble;               // under the mutex: until one is good
    std::jthread thread;               // last: ends before what it uses

    void run(const std::stop_token& stop);
    WallTime due(WallTime now) const;
    bool is_asked() const;
    void make(const std::stop_token& stop);
    void failed(const Error& why);
    Status reread();
};

BackupThread::BackupThread(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

BackupThread::BackupThread(BackupThread&&) noexcept = default;
BackupThread& BackupThread::operator=(BackupThread&&) noexcept = default;

BackupThread::~BackupThread() {
    if (impl_) {
        stop();
    }
}

Result<BackupThread> BackupThread::open(
    Files& files, const Clock& clock, BackupOptions options, BackupSources sources
) {
    auto impl = std::make_unique<Impl>(files, clock, std::move(options), std::move(sources));
    // A folder that cannot be read is no reason not to start: it is a backup that fails, and is told as one.
    Status ready = sweep_backups(files, impl->options.plan.folder);
    if (ready) {
        ready = impl->reread();
    }
    if (!ready) {
        impl->failed(ready.error());
    }
    return BackupThread(std::move(impl));
}

void BackupThread::start() {
    impl_->thread =
        std::jthread([impl = impl_.get()](const std::stop_token& stop) { impl->run(stop); });
}

void BackupThread::stop() {
    impl_->thread.request_stop();
    impl_->nudges.post({});
    if (impl_->thread.joinable()) {
        impl_->thread.join();
    }
}

Result<BackupRow> BackupThread::request() {
    BackupRow row;
    {
        const std::lock_guard lock(impl_->mutex);
        std::optional<BackupRow>& attempt = impl_->attempt;
        if (attempt && attempt->state == BackupRow::State::making) {
            return failure(ErrorKind::conflict, "a backup is being made", attempt->name);
        }
        const WallTime now = impl_->clock->wall();
        row = {.name = backup_name(now), .made = now, .manifest = {}};
        attempt = row;
    }
    impl_->nudges.post({});
    return row;
}

std::vector<BackupRow> BackupThread::list() const {
    const std::lock_guard lock(impl_->mutex);
    std::vector<BackupRow> rows = impl_->good;
    if (impl_->attempt) {
        rows.push_back(*impl_->attempt);
    }
    return rows;
}

std::string BackupThread::trouble() const {
    const std::lock_guard lock(impl_->mutex);
    return impl_->trouble;
}

BackupFigures BackupThread::figures() const {
    const std::lock_guard lock(impl_->mutex);
    BackupFigures now = impl_->counted;
    now.kept = impl_->good.size();
    if (!impl_->good.empty()) {
        now.last_success = impl_->good.back().made;
        now.last_bytes = impl_->good.back().manifest.bytes();
    }
    return now;
}

Status BackupThread::Impl::reread() {
    auto found = backups_in(*files, options.plan.folder);
    if (!found) {
        return failure(found.error());
    }
    const std::lock_guard lock(mutex);
    good.clear();
    for (Backup& backup : *found) {
        const WallTime made = backup.manifest.made;
        good.push_back(
            {.name = std::move(backup.name),
             .state = BackupRow::State::good,
             .made = made,
             .manifest = std::move(backup.manifest)}
        );
    }
    return {};
}

bool BackupThread::Impl::is_asked() const {
    const std::lock_guard lock(mutex);
    return attempt && attempt->state == BackupRow::State::making;
}

/// When the next is made unless somebody asks before. What was made in the future was made while the calendar was wrong.
WallTime BackupThread::Impl::due(WallTime now) const {
    const std::lock_guard lock(mutex);
    WallTime next = opened + std::min(options.every, first_after);
    const auto newest = std::ranges::find_if(
        std::views::reverse(good), [now](const BackupRow& each) { return each.made <= now; }
    );
    if (newest != good.rend()) {
        next = newest->made + options.every;
    }
    if (attempt && attempt->made <= now) {
        next = std::max(next, attempt->made + std::min(options.every, again_after));
    }
    return next;
}

void BackupThread::Impl::failed(const Error& why) {
    log(LogLevel::error, "backup.failed", {{"folder", options.plan.folder}, {"why", why.text()}});
    const std::lock_guard lock(mutex);
    ++counted.failed;
    if (!attempt) {
        attempt = BackupRow{.name = backup_name(opened), .made = opened, .manifest = {}};
    }
    attempt->state = BackupRow::State::failed;
    attempt->why = why.text();
    trouble = "the last backup failed: " + attempt->why;
}

void BackupThread::Impl::make(const std::stop_token& stop) {
    WallTime begun{};
    {
        const std::lock_guard lock(mutex);
        begun = attempt->made;
    }
    const MonoTime since = clock->mono();
    const auto made = make_backup(*files, options.plan, sources, begun, stop);
    if (!made) {
        if (!stop.stop_requested()) {
            failed(made.error());
        }
        return;
    }
    log(LogLevel::info,
        "backup.made",
        {{"folder", options.plan.folder + "/" + made->name},
         {"bytes", made->manifest.bytes()},
         {"last", made->manifest.last},
         {"took_ms", to_ms(clock->mono() - since)}});
    // What is good is good whatever becomes of the older ones.
    Status kept = prune_backups(*files, options.plan.folder, options.keep);
    if (kept) {
        kept = reread();
    }
    {
        const std::lock_guard lock(mutex);
        ++counted.made;
        counted.last_took = clock->mono() - since;
        attempt.reset();
        trouble.clear();
    }
    if (!kept) {
        failed(kept.error());
    }
}

void BackupThread::Impl::run(const std::stop_token& stop) {
    name_thread("backup");
    while (!stop.stop_requested()) {
        const WallTime now = clock->wall();
        {
            const std::lock_guard lock(mutex);
            opened = std::min(opened, now);  // the calendar may have been wrong
        }
        if (!is_asked() && options.every > Duration::zero() && due(now) <= now) {
            const std::lock_guard lock(mutex);
            attempt = BackupRow{.name = backup_name(now), .made = now, .manifest = {}};
        }
        if (is_asked()) {
            make(stop);
            continue;
        }
        Duration patience = look_every;
        if (options.every > Duration::zero()) {
            patience = std::clamp<Duration>(due(now) - now, Duration::zero(), look_every);
        }
        nudges.take_all(patience);
    }
}

}  // namespace muster::collector
