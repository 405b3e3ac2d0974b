#include "collector/notify/notifier.hpp"

#include "base/failpoint.hpp"
#include "base/log.hpp"
#include "collector/journal/entries.pb.h"
#include "collector/notify/outbox_store.hpp"
#include "collector/notify/webhook.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <map>
#include <utility>

namespace muster::collector {

namespace {

constexpr auto quietly = asio::as_tuple(asio::use_awaitable);
constexpr Duration after_unreadable = std::chrono::seconds(1);
constexpr std::size_t largest_ca = 1u << 20;

bool same(const config::Channel& a, const config::Channel& b) {
    return a.name == b.name && a.type == b.type && a.url == b.url &&
           a.secret_file == b.secret_file && a.ca_file == b.ca_file;
}

/// One channel's coroutine and what wakes it.
struct Sender {
    Sender(asio::io_context& loop, config::Channel what, ChannelQueue from)
        : channel(std::move(what)), queue(std::move(from)), wake(loop), task(loop) {}

    config::Channel channel;
    ChannelQueue queue;
    asio::steady_timer wake;  // cancelled by poke()
    bool poked = false;
    bool told_failing = false;
    TaskGroup task;
};

}  // namespace

struct Notifier::Impl {
    Impl(asio::io_context& on, NotifierContext with, NotifierOptions how)
        : loop(on), context(std::move(with)), options(how) {}

    asio::io_context& loop;
    NotifierContext context;
    NotifierOptions options;
    // Shared by this list and the sender's own coroutine, which may still end after a reload dropped it.
    std::map<std::string, std::shared_ptr<Sender>> senders;

    static Task<void> run(std::shared_ptr<Impl> self, std::shared_ptr<Sender> sender);
    static Task<void> load(Impl* self, Sender* sender, OutboxPosition after);
    static Task<void> send(Impl* self, Sender* sender, OutboxRow row);
    static Task<void> wait(Sender* sender, Duration at_most);
    Result<wire::HttpCall> prepare(const config::Channel& channel, const OutboxRow& row) const;
    void report(const OutboxRow& row, const DeliveryAnswer& answer, std::uint32_t attempt) const;
    static void tell(Sender* sender, const OutboxRow& row, const DeliveryAnswer& answer);
};

Task<void> Notifier::Impl::run(std::shared_ptr<Impl> self, std::shared_ptr<Sender> sender) {
    for (;;) {
        const MonoTime now = self->context.clock->mono();
        const NotifyAction action = sender->queue.next(now);
        switch (action.kind) {
            case NotifyAction::Kind::load:
                co_await load(self.get(), sender.get(), action.after);
                break;
            case NotifyAction::Kind::send:
                co_await send(self.get(), sender.get(), *action.row);
                break;
            case NotifyAction::Kind::wait: {
                const Duration patience = action.until ? *action.until - now : Duration::max();
                co_await wait(sender.get(), patience);
                break;
            }
        }
    }
}

Task<void> Notifier::Impl::load(Impl* self, Sender* sender, OutboxPosition after) {
    using Rows = std::vector<OutboxRow>;
    sender->poked = false;  // what is written from here on may be missed by this look
    std::function<Result<Rows>(StateConnection&)> work = [name = sender->channel.name,
                                                          after](StateConnection& connection) {
        return read_waiting(connection, name, after, ChannelQueue::page);
    };
    Result<Rows> rows = co_await self->context.state->query<Rows>(std::move(work));
    if (!rows) {
        log(LogLevel::error,
            "notify.unreadable",
            {{"channel", sender->channel.name}, {"why", rows.error().text()}});
        co_await sleep_for(after_unreadable);
        co_return;
    }
    sender->queue.loaded(std::move(*rows));
    if (sender->poked) {
        sender->queue.poke();
    }
}

Result<wire::HttpCall> Notifier::Impl::prepare(const config::Channel& channel, const OutboxRow& row)
    const {
    // Read each time: a key that was exchanged takes effect without a restart.
    const Result<Secret> key = read_secret_file(*context.files, channel.secret_file);
    if (!key) {
        return failure(key.error(), "channel " + channel.name);
    }
    std::string ca_pem;
    if (!channel.ca_file.empty()) {
        Result<std::string> read = read_file(*context.files, channel.ca_file, largest_ca);
        if (!read) {
            return failure(read.error(), "channel " + channel.name);
        }
        ca_pem = std::move(*read);
    }
    return webhook_call(
        channel, std::move(ca_pem), row, context.installation, *key, context.clock->wall()
    );
}

Task<void> Notifier::Impl::send(Impl* self, Sender* sender, OutboxRow row) {
    Result<wire::HttpCall> call = self->prepare(sender->channel, row);
    Result<wire::HttpAnswer> answer = failure(ErrorKind::internal, "not sent");
    if (call) {
        const Deadline deadline = Deadline::in(self->options.timeout);
        Task<Result<wire::HttpAnswer>> calling =
            wire::http_call(self->loop, std::move(*call), deadline);
        answer = co_await std::move(calling);
        failpoint("notify.after_send");
    } else {
        answer = failure(call.error());
    }
    const auto stopped = co_await asio::this_coro::cancellation_state;
    if (stopped.cancelled() != asio::cancellation_type::none) {
        co_return;  // whether it arrived nobody knows: it is sent again, under the same key
    }
    const DeliveryAnswer result = webhook_answer(answer);
    tell(sender, row, result);
    // The store counts what it has folded; ours of this run come on top where it lags.
    const std::uint32_t attempt = std::max(row.attempts, sender->queue.attempts()) + 1;
    if (result.delivered) {
        sender->queue.delivered();
    } else {
        const MonoTime now = self->context.clock->mono();
        sender->queue.failed(now, *self->context.random, result.retry_after);
    }
    self->report(row, result, attempt);
}

/// Every failure is an entry already; the log gets the first of a row and the end of it.
void Notifier::Impl::tell(Sender* sender, const OutboxRow& row, const DeliveryAnswer& answer) {
    if (!answer.delivered && !sender->told_failing) {
        log(LogLevel::warning,
            "notify.failing",
            {{"channel", sender->channel.name}, {"message", row.id}, {"why", answer.detail}});
    }
    if (answer.delivered && sender->told_failing) {
        log(LogLevel::notice,
            "notify.recovered",
            {{"channel", sender->channel.name}, {"message", row.id}});
    }
    sender->told_failing = !answer.delivered;
}

void Notifier::Impl::report(
    const OutboxRow& row, const DeliveryAnswer& answer, std::uint32_t attempt
) const {
    proto::DeliveryResult entry;
    entry.set_outbox_id(row.id);
    entry.set_delivered(answer.delivered);
    entry.set_attempt(attempt);
    entry.set_status(answer.status);
    entry.set_detail(answer.detail);
    context.append(EntryKind::delivery_result, entry.SerializeAsString());
}

Task<void> Notifier::Impl::wait(Sender* sender, Duration at_most) {
    if (sender->poked) {
        sender->poked = false;
        sender->queue.poke();
        co_return;
    }
    sender->wake.expires_at(Deadline::in(at_most).at());
    co_await sender->wake.async_wait(quietly);
    if (sender->poked) {
        sender->poked = false;
        sender->queue.poke();
    }
}

Notifier::Notifier(asio::io_context& loop, NotifierContext context, NotifierOptions options)
    : impl_(std::make_shared<Impl>(loop, std::move(context), options)) {}

Notifier::~Notifier() {
    stop();
}

void Notifier::configure(std::vector<config::Channel> channels) {
    std::map<std::string, std::shared_ptr<Sender>> kept;
    for (config::Channel& channel : channels) {
        const auto old = impl_->senders.find(channel.name);
        if (old != impl_->senders.end() && same(old->second->channel, channel)) {
            kept.insert(impl_->senders.extract(old));
            continue;
        }
        const std::string name = channel.name;
        const bool changed = old != impl_->senders.end();
        const OutboxPosition done = changed ? old->second->queue.position() : OutboxPosition{};
        auto sender = std::make_shared<Sender>(
            impl_->loop, std::move(channel), ChannelQueue(impl_->options.back_off, done)
        );
        sender->task.start("notify " + name, Impl::run(impl_, sender));
        kept.emplace(name, std::move(sender));
    }
    for (const auto& [name, dropped] : impl_->senders) {
        dropped->task.stop();
    }
    impl_->senders = std::move(kept);
}

void Notifier::poke() {
    for (const auto& [name, sender] : impl_->senders) {
        sender->poked = true;
        sender->wake.cancel();
    }
}

void Notifier::stop() {
    for (const auto& [name, sender] : impl_->senders) {
        sender->task.stop();
    }
}

Task<void> Notifier::drained() {
    const std::shared_ptr<Impl> kept = impl_;
    for (const auto& [name, sender] : kept->senders) {
        co_await sender->task.drained();
    }
}

}  // namespace muster::collector
