#include "collector/brain_thread.hpp"

#include "base/log.hpp"
#include "base/thread_name.hpp"

#include <boost/asio/post.hpp>

#include <atomic>
#include <optional>
#include <thread>
#include <utility>

namespace muster::collector {

namespace {

constexpr Duration patience = std::chrono::milliseconds(500);

}  // namespace

struct BrainThread::Impl {
    Impl(Brain folding, FoldFeed& entries, Lsn until, asio::io_context& owner, Callbacks tell)
        : brain(std::in_place, std::move(folding)),
          feed(&entries),
          catch_up_to(until),
          loop(&owner),
          callbacks(std::move(tell)),
          copies([this] { feed->wake(); }) {}

    std::optional<Brain> brain;  // none while the disk is full
    FoldFeed* feed;
    Lsn catch_up_to;
    asio::io_context* loop;
    Callbacks callbacks;
    bool is_caught_up = false;
    bool is_copying = false;
    CopyDesk copies;
    std::atomic<bool> is_stopping = false;
    std::thread thread;

    void run();
    Status step();
    Status work();
    Status reopen();
    void copy();
    void release(Effects effects);
};

BrainThread::BrainThread(
    Brain brain, FoldFeed& feed, Lsn catch_up_to, asio::io_context& loop, Callbacks callbacks
)
    : impl_(std::make_unique<Impl>(std::move(brain), feed, catch_up_to, loop, std::move(callbacks))
      ) {
    impl_->thread = std::thread([impl = impl_.get()] { impl->run(); });
}

BrainThread::~BrainThread() {
    stop();
}

void BrainThread::stop() {
    impl_->is_stopping = true;
    impl_->feed->wake();
    if (impl_->thread.joinable()) {
        impl_->thread.join();
    }
}

void BrainThread::Impl::release(Effects effects) {
    if (effects.answers.empty() && effects.append.empty() && effects.issued.empty() &&
        !effects.outbox_changed && !effects.events && !effects.nobody_told &&
        effects.receipts.empty()) {
        return;
    }
    asio::post(*loop, [tell = callbacks.effects, effects = std::move(effects)]() mutable {
        tell(std::move(effects));
    });
}

/// What was folded and not committed is lost with a transaction that found the disk full: the brain begins anew where it had
/// committed, once there is room.
Status BrainThread::Impl::step() {
    const Status done = brain ? work() : reopen();
    if (done || done.error().kind() != ErrorKind::full || !callbacks.reopen) {
        return done;
    }
    if (brain) {
        log(LogLevel::error, "brain.stuck", {{"why", done.error().text()}});
        copies.interrupt(done.error());
        is_copying = false;
        brain.reset();
    }
    feed->pause(patience);
    return {};
}

Status BrainThread::Impl::reopen() {
    auto anew = callbacks.reopen();
    if (!anew) {
        return failure(anew.error());
    }
    feed->rewind(anew->next_lsn());
    brain.emplace(std::move(*anew));
    log(LogLevel::notice, "brain.resumed", {});
    return {};
}

Status BrainThread::Impl::work() {
    auto entries = feed->take(is_copying ? Duration::zero() : patience);
    if (!entries) {
        return failure(entries.error());
    }
    for (const Entry& entry : *entries) {
        if (auto folded = brain->fold(entry); !folded) {
            return folded;
        }
    }
    auto effects = brain->commit();
    if (!effects) {
        return failure(effects.error());
    }
    release(std::move(*effects));
    if (auto saved = brain->snapshot_if_due(); !saved) {
        return saved;
    }
    feed->keep_from(brain->kept_from());
    copy();
    if (!is_caught_up && feed->next() > catch_up_to) {
        is_caught_up = true;
        asio::post(*loop, callbacks.caught_up);
    }
    return {};
}

void BrainThread::Impl::copy() {
    const CopyRules rules{.begin = [this](const CopyPlace& to) {
        return brain->begin_copy(to.folder);
    }};
    is_copying = copies.work(rules);
}

Status BrainThread::copy(const CopyPlace& to, const std::stop_token& stop) {
    return impl_->copies.copy(to, stop);
}

void BrainThread::Impl::run() {
    name_thread("brain");
    Status good;
    while (good && !(is_stopping && (!brain || feed->lag().entries == 0))) {
        good = step();
    }
    copies.close();
    if (good && brain) {
        good = brain->snapshot_now();
    }
    if (!good) {
        log(LogLevel::error, "brain.failed", {{"why", good.error().text()}});
        asio::post(*loop, [tell = callbacks.failed, why = good.error()] { tell(why); });
    }
}

}  // namespace muster::collector
