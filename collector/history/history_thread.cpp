#include "collector/history/history_thread.hpp"

#include "base/log.hpp"
#include "base/mailbox.hpp"
#include "base/thread_name.hpp"

#include <boost/asio/any_completion_handler.hpp>
#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <atomic>
#include <deque>
#include <mutex>
#include <thread>
#include <utility>

namespace muster::collector {

namespace {

constexpr Duration patience = std::chrono::milliseconds(500);
constexpr std::size_t most_waiting = 64;

using Answer = Result<HistorySeries>;

struct Question {
    HistoryQuery query;
    asio::any_completion_handler<void(Answer)> done;
    asio::any_io_executor loop;  // keeps the loop running until it has the answer
};

void give(Question question, Answer answer) {
    auto deliver = [done = std::move(question.done), answer = std::move(answer)]() mutable {
        std::move(done)(std::move(answer));
    };
    asio::post(question.loop, std::move(deliver));
}

Answer closed() {
    return failure(ErrorKind::closed, "history is stopping");
}

}  // namespace

struct HistoryThread::Impl {
    Impl(History own, FoldFeed& entries, asio::io_context& owner, std::function<void(Error)> tell)
        : history(std::move(own)),
          feed(&entries),
          loop(&owner),
          failed(std::move(tell)),
          copies([this] { feed->wake(); }) {}

    History history;
    FoldFeed* feed;
    asio::io_context* loop;
    std::function<void(Error)> failed;
    Mailbox<Question> questions;
    std::deque<Entry> held;  // taken from the feed, not folded: the store is full
    bool is_stuck = false;
    bool is_merging = false;
    bool is_copying = false;
    CopyDesk copies;
    bool is_unreadable = false;              // the journal, because the disk is full
    std::atomic<std::uint64_t> to_thin = 0;  // bytes
    std::atomic<bool> is_stopping = false;
    mutable std::mutex mutex;
    HistoryStats stats;  // under the mutex
    std::thread thread;

    void run();
    Status take();
    void fold();
    void merge();
    void copy();
    void thin();
    void publish();
    void answer(Duration longest);
};

HistoryThread::HistoryThread(
    History history, FoldFeed& feed, asio::io_context& loop, std::function<void(Error)> failed
)
    : impl_(std::make_unique<Impl>(std::move(history), feed, loop, std::move(failed))) {
    impl_->thread = std::thread([impl = impl_.get()] { impl->run(); });
}

HistoryThread::~HistoryThread() {
    stop();
}

void HistoryThread::stop() {
    impl_->is_stopping = true;
    impl_->feed->wake();
    if (impl_->thread.joinable()) {
        impl_->thread.join();
    }
    for (Question& question : impl_->questions.take_all(Duration::zero())) {
        give(std::move(question), closed());
    }
}

HistoryStats HistoryThread::stats() const {
    const std::lock_guard lock(impl_->mutex);
    return impl_->stats;
}

Task<Answer> HistoryThread::query(HistoryQuery query) {
    if (impl_->is_stopping) {
        co_return closed();
    }
    if (impl_->questions.size() >= most_waiting) {
        co_return failure(ErrorKind::unavailable, "too many questions wait for history; try again");
    }
    const auto executor = co_await asio::this_coro::executor;
    auto start = [impl = impl_.get(), query, executor](auto handler) {
        Question question{
            .query = query,
            .done = std::move(handler),
            .loop = asio::prefer(executor, asio::execution::outstanding_work.tracked),
        };
        impl->questions.post(std::move(question));
        impl->feed->wake();
    };
    Answer answer = co_await asio::async_initiate<decltype(asio::use_awaitable), void(Answer)>(
        std::move(start), asio::use_awaitable
    );
    co_return answer;
}

void HistoryThread::Impl::answer(Duration longest) {
    for (Question& question : questions.take_all(longest)) {
        Answer found = history.query(question.query);
        give(std::move(question), std::move(found));
    }
}

void HistoryThread::Impl::fold() {
    while (!held.empty()) {
        const Status folded = history.fold(held.front());
        if (!folded && !is_stuck) {
            log(LogLevel::error, "history.stuck", {{"why", folded.error().text()}});
        } else if (folded && is_stuck) {
            log(LogLevel::notice, "history.resumed");
        }
        is_stuck = !folded;
        if (is_stuck) {
            return;
        }
        held.pop_front();
    }
}

Status HistoryThread::Impl::take() {
    auto entries = feed->take(is_merging || is_copying ? Duration::zero() : patience);
    if (!entries && entries.error().kind() == ErrorKind::full) {
        if (!std::exchange(is_unreadable, true)) {
            log(LogLevel::error, "history.stuck", {{"why", entries.error().text()}});
        }
        feed->pause(patience);
        return {};
    }
    if (!entries) {
        return failure(entries.error());
    }
    is_unreadable = false;
    for (Entry& entry : *entries) {
        held.push_back(std::move(entry));
    }
    return {};
}

void HistoryThread::Impl::merge() {
    const auto more = history.merge_if_due();
    is_merging = more && *more;
    if (!more) {
        log(LogLevel::error, "history.merge_failed", {{"why", more.error().text()}});
    }
}

void HistoryThread::thin(std::uint64_t bytes) {
    impl_->to_thin = bytes;
    impl_->feed->wake();
}

void HistoryThread::Impl::thin() {
    const std::uint64_t bytes = to_thin.exchange(0);
    if (bytes == 0) {
        return;
    }
    const std::uint64_t before = history.stats().block_bytes;
    if (const Status thinned = history.thin(bytes); !thinned) {
        log(LogLevel::error, "history.not_thinned", {{"why", thinned.error().text()}});
    }
    const std::uint64_t after = history.stats().block_bytes;
    if (after < before) {
        log(LogLevel::notice, "history.thinned", {{"bytes", before - after}});
    }
}

void HistoryThread::Impl::copy() {
    const CopyRules rules{
        .begin = [this](const CopyPlace& to) { return history.begin_copy(to.folder); },
        .finish = [this](const CopyPlace& to) { return history.link_blocks(to.links); }
    };
    is_copying = copies.work(rules);
}

Status HistoryThread::copy(const CopyPlace& to, const std::stop_token& stop) {
    return impl_->copies.copy(to, stop);
}

void HistoryThread::Impl::publish() {
    const std::lock_guard lock(mutex);
    stats = history.stats();
}

void HistoryThread::Impl::run() {
    name_thread("history");
    Status good;
    while (good && !is_stopping) {
        if (is_stuck) {
            // Nothing is taken from the feed meanwhile: the journal keeps it.
            answer(patience);
        } else {
            good = take();
        }
        fold();
        publish();  // first: who has an answer finds it counted
        answer(Duration::zero());
        thin();
        merge();
        copy();
        feed->keep_from(history.next_lsn());
    }
    copies.close();
    if (!good) {
        log(LogLevel::error, "history.failed", {{"why", good.error().text()}});
        asio::post(*loop, [tell = failed, why = good.error()] { tell(why); });
    }
}

}  // namespace muster::collector
