#include "collector/journal/journal_thread.hpp"

#include "base/log.hpp"
#include "base/mailbox.hpp"
#include "base/thread_name.hpp"

#include <boost/asio/post.hpp>

#include <algorithm>
#include <atomic>
#include <iterator>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

namespace muster::collector {

namespace {

/// More entries in one transaction would keep those behind them waiting.
constexpr std::size_t entries_per_commit = 4096;

struct Request {
    std::vector<Pending> pending;
    JournalThread::Done done;
    bool last = false;
};

/// Where a request's entries are in the transaction they share.
struct Share {
    std::size_t first = 0;
    std::size_t count = 0;
    JournalThread::Done done;
};

AppendAnswer answer_to(const Share& share, const Appended& appended) {
    AppendAnswer answer;
    const auto begin = appended.lsns.begin() + static_cast<std::ptrdiff_t>(share.first);
    answer.lsns.assign(begin, begin + static_cast<std::ptrdiff_t>(share.count));
    for (std::size_t i = 0; i < appended.rejected.size(); ++i) {
        const std::size_t in = appended.rejected_in[i];
        if (in >= share.first && in < share.first + share.count) {
            answer.rejected.push_back(appended.rejected[i]);
        }
    }
    return answer;
}

}  // namespace

struct JournalThread::Impl {
    Impl(
        JournalWriter journal,
        const Clock& now,
        asio::io_context& owner,
        std::vector<FoldFeed*> folds,
        std::function<void(Error)> on_failure
    )
        : writer(std::move(journal)),
          clock(&now),
          loop(&owner),
          feeds(std::move(folds)),
          failed(std::move(on_failure)),
          copies([this] { mailbox.post({}); }) {}

    JournalWriter writer;
    const Clock* clock;
    asio::io_context* loop;
    std::vector<FoldFeed*> feeds;
    std::function<void(Error)> failed;
    Mailbox<Request> mailbox;
    std::atomic<bool> stopped = false;
    std::atomic<Retain> retain = Retain::to_limits;
    std::string complaint;  // of upkeep, said last
    CopyDesk copies;
    mutable std::mutex figures_mutex;
    JournalFigures figures;
    std::thread thread;

    void run();
    Result<Appended> store(std::vector<Pending> pending);
    bool commit(std::deque<Request>& requests);
    void tick();
    bool copy();
    void maintain();
    void publish(const Appended& appended);
    void answer(Done done, Result<AppendAnswer> result);
    void give_up(const Error& why);
    Lsn needed();
};

JournalThread::JournalThread(
    JournalWriter writer,
    const Clock& clock,
    asio::io_context& loop,
    std::vector<FoldFeed*> feeds,
    std::function<void(Error)> failed
)
    : impl_(std::make_unique<Impl>(
          std::move(writer), clock, loop, std::move(feeds), std::move(failed)
      )) {
    impl_->figures.last = impl_->writer.journal().next_lsn() - 1;
    impl_->thread = std::thread([impl = impl_.get()] { impl->run(); });
}

JournalThread::~JournalThread() {
    stop();
}

void JournalThread::append(std::vector<Pending> pending, Done done) {
    if (impl_->stopped) {
        impl_->answer(std::move(done), failure(ErrorKind::closed, "the collector is stopping"));
        return;
    }
    impl_->mailbox.post({.pending = std::move(pending), .done = std::move(done), .last = false});
}

JournalFigures JournalThread::figures() const {
    const std::lock_guard lock(impl_->figures_mutex);
    return impl_->figures;
}

void JournalThread::stop() {
    if (!impl_->stopped.exchange(true)) {
        impl_->mailbox.post({.pending = {}, .done = {}, .last = true});
    }
    if (impl_->thread.joinable()) {
        impl_->thread.join();
    }
}

void JournalThread::Impl::answer(Done done, Result<AppendAnswer> result) {
    if (done) {
        asio::post(*loop, [done = std::move(done), result = std::move(result)]() mutable {
            done(std::move(result));
        });
    }
}

void JournalThread::Impl::give_up(const Error& why) {
    log(LogLevel::error, "journal.failed", {{"why", why.text()}});
    asio::post(*loop, [failed = failed, why] { failed(why); });
}

Lsn JournalThread::Impl::needed() {
    Lsn first = writer.journal().next_lsn();
    for (const FoldFeed* feed : feeds) {
        first = std::min(first, feed->kept_from());
    }
    return first;
}

void JournalThread::Impl::publish(const Appended& appended) {
    if (!appended.entries.empty()) {
        const std::lock_guard lock(figures_mutex);
        figures.last = appended.entries.back().lsn;
    }
    for (FoldFeed* feed : feeds) {
        feed->post(appended.entries);
    }
}

/// One durable transaction, counted.
Result<Appended> JournalThread::Impl::store(std::vector<Pending> pending) {
    const MonoTime begin = clock->mono();
    auto appended = writer.append(std::move(pending));
    const std::lock_guard lock(figures_mutex);
    figures.appends.observe(clock->mono() - begin);
    figures.failed += appended ? 0U : 1U;
    return appended;
}

/// False when the last request has been served.
bool JournalThread::Impl::commit(std::deque<Request>& requests) {
    std::vector<Pending> together;
    std::vector<Share> shares;
    bool last = false;
    while (!requests.empty() && together.size() < entries_per_commit) {
        Request& request = requests.front();
        shares.push_back(
            {.first = together.size(),
             .count = request.pending.size(),
             .done = std::move(request.done)}
        );
        std::ranges::move(request.pending, std::back_inserter(together));
        last = last || request.last;
        requests.pop_front();
    }
    if (!together.empty()) {
        auto appended = store(std::move(together));
        if (!appended) {
            for (Share& share : shares) {
                answer(std::move(share.done), failure(appended.error()));
            }
            if (appended.error().kind() != ErrorKind::full) {
                give_up(appended.error());
            } else {
                log(LogLevel::error, "journal.full", {{"why", appended.error().text()}});
            }
            return !last;
        }
        // Answers first: what a fold makes of these entries must not overtake them on the loop.
        for (Share& share : shares) {
            AppendAnswer mine = answer_to(share, *appended);
            answer(std::move(share.done), std::move(mine));
        }
        publish(*appended);
    }
    return !last;
}

void JournalThread::Impl::tick() {
    auto appended = writer.tick_if_due();
    if (appended) {
        publish(*appended);
    } else if (appended.error().kind() != ErrorKind::full) {
        give_up(appended.error());
    }
}

/// True: there is more to copy.
bool JournalThread::Impl::copy() {
    const CopyRules rules{
        .begin = [this](const CopyPlace& to) { return writer.journal().begin_copy(to.folder); },
        .finish = [this](const CopyPlace& to) { return writer.journal().link_sealed(to.links); }
    };
    return copies.work(rules);
}

void JournalThread::retain(Retain how) {
    if (impl_->retain.exchange(how) != how) {
        impl_->mailbox.post({});
    }
}

/// What fails is tried again after the next commit, and told once.
void JournalThread::Impl::maintain() {
    const Status kept = writer.maintain(needed(), retain);
    std::string why = kept ? std::string() : kept.error().text();
    if (!kept && why != complaint) {
        log(LogLevel::warning, "journal.maintenance_failed", {{"why", why}});
    }
    complaint = std::move(why);
}

Status JournalThread::copy(const CopyPlace& to, const std::stop_token& stop) {
    return impl_->copies.copy(to, stop);
}

void JournalThread::Impl::run() {
    name_thread("journal");
    bool going = true;
    bool is_copying = false;
    while (going) {
        const Duration patience =
            is_copying ? Duration::zero()
                       : std::max<Duration>(writer.next_tick() - clock->mono(), Duration::zero());
        auto requests = mailbox.take_all(patience);
        do {
            going = commit(requests) && going;
        } while (!requests.empty());
        if (going) {
            tick();
        }
        is_copying = copy();
        if (is_copying) {
            continue;  // what is being copied is neither sealed nor dropped
        }
        maintain();
    }
    copies.close();
}

}  // namespace muster::collector
