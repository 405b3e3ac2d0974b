#include "collector/notify/notifier.hpp"

#include "base/log.hpp"
#include "collector/journal/entries.pb.h"
#include "collector/notify/courier.hpp"
#include "collector/notify/outbox_store.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <iterator>
#include <map>
#include <utility>

namespace muster::collector {

namespace {

constexpr auto quietly = asio::as_tuple(asio::use_awaitable);
constexpr Duration after_unreadable = std::chrono::seconds(1);

bool same(const config::MailSettings& a, const config::MailSettings& b) {
    return a.server == b.server && a.tls == b.tls && a.user == b.user &&
           a.password_file == b.password_file && a.from == b.from && a.to == b.to &&
           a.language == b.language && a.zone == b.zone && a.subject.text() == b.subject.text() &&
           a.body.text() == b.body.text();
}

/// As far as sending goes: routing is the brain's.
bool same(const config::Channel& a, const config::Channel& b) {
    return a.name == b.name && a.type == b.type && a.url == b.url &&
           a.secret_file == b.secret_file && a.ca_file == b.ca_file && a.rate == b.rate &&
           same(a.mail, b.mail);
}

/// Who of a mail's recipients has it already, while others were put off. Lost at a restart: then all get it again.
struct PartlyDelivered {
    std::string id;
    std::vector<std::string> to;
};

/// One channel's coroutine and what wakes it.
struct Sender {
    Sender(asio::io_context& loop, config::Channel what, ChannelQueue from)
        : channel(std::move(what)), queue(std::move(from)), wake(loop), task(loop) {}

    config::Channel channel;
    ChannelQueue queue;
    asio::steady_timer wake;  // cancelled by poke()
    bool poked = false;
    bool told_failing = false;
    PartlyDelivered partly;
    TaskGroup task;

    /// The recipients that do not have the message yet.
    std::vector<std::string> missing(const std::string& id) const {
        std::vector<std::string> left = channel.mail.to;
        if (partly.id == id) {
            std::erase_if(left, [this](const std::string& each) {
                return std::ranges::find(partly.to, each) != partly.to.end();
            });
        }
        return left;
    }
};

}  // namespace

struct Notifier::Impl {
    Impl(asio::io_context& on, NotifierContext with, NotifierOptions how)
        : loop(on), context(std::move(with)), options(how) {
        courier.loop = &on;
        courier.clock = context.clock;
        courier.files = context.files;
        courier.data_dir = context.data_dir;
        courier.installation = context.installation;
        courier.helo = context.helo;
        courier.webhook_timeout = options.timeout;
        courier.mail_timeout = options.mail_timeout;
    }

    asio::io_context& loop;
    NotifierContext context;
    NotifierOptions options;
    Courier courier;
    // Shared by this list and the sender's own coroutine, which may still end after a reload dropped it.
    std::map<std::string, std::shared_ptr<Sender>> senders;

    static Task<void> run(std::shared_ptr<Impl> self, std::shared_ptr<Sender> sender);
    static Task<void> load(Impl* self, Sender* sender, OutboxPosition after);
    static Task<void> send(Impl* self, Sender* sender, OutboxRow row);
    static Task<void> wait(Sender* sender, Duration at_most);
    static Task<DeliveryAnswer> test(std::shared_ptr<Impl> self, std::shared_ptr<Sender> sender);
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

Task<void> Notifier::Impl::send(Impl* self, Sender* sender, OutboxRow row) {
    sender->queue.attempting(self->context.clock->mono());
    Task<DeliveryAnswer> delivering =
        deliver(&self->courier, sender->channel, row, sender->missing(row.id));
    const DeliveryAnswer result = co_await std::move(delivering);
    const auto stopped = co_await asio::this_coro::cancellation_state;
    if (stopped.cancelled() != asio::cancellation_type::none) {
        co_return;  // whether it arrived nobody knows: it is sent again, under the same key
    }
    if (!result.delivered_to.empty()) {
        if (sender->partly.id != row.id) {
            sender->partly = {row.id, {}};
        }
        std::ranges::copy(result.delivered_to, std::back_inserter(sender->partly.to));
    }
    sender->queue.attempted(self->context.clock->mono());
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
    entry.set_refused(answer.refused);
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
        ChannelQueue queue(impl_->options.back_off, done, channel.rate);
        auto sender = std::make_shared<Sender>(impl_->loop, std::move(channel), std::move(queue));
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

Task<DeliveryAnswer> Notifier::Impl::test(
    std::shared_ptr<Impl> self, std::shared_ptr<Sender> sender
) {
    const WallTime now = self->context.clock->wall();
    OutboxRow row;
    row.id = "test/" + std::to_string(to_ns(now)) + "/" + sender->channel.name;
    row.payload = test_payload(self->context.installation, row.id, sender->channel.name, now);
    sender->queue.attempting(self->context.clock->mono());
    Task<DeliveryAnswer> delivering =
        deliver(&self->courier, sender->channel, std::move(row), sender->channel.mail.to);
    DeliveryAnswer answer = co_await std::move(delivering);
    sender->queue.attempted(self->context.clock->mono());
    if (answer.delivered) {
        sender->queue.working();
        sender->wake.cancel();
    }
    co_return answer;
}

Task<std::optional<DeliveryAnswer>> Notifier::test(std::string channel) {
    const auto found = impl_->senders.find(channel);
    if (found == impl_->senders.end()) {
        co_return std::nullopt;
    }
    Task<DeliveryAnswer> testing = Impl::test(impl_, found->second);
    DeliveryAnswer answer = co_await std::move(testing);
    co_return std::optional<DeliveryAnswer>(std::move(answer));
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
