#include "collector/command_gate.hpp"

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <map>
#include <optional>
#include <utility>

namespace muster::collector {

namespace {

struct Waiter {
    explicit Waiter(asio::io_context& loop) : timer(loop) {}

    asio::steady_timer timer;
    Lsn lsn = 0;
    std::optional<Result<Verdict>> result;

    void finish(Result<Verdict> verdict) {
        result.emplace(std::move(verdict));
        timer.cancel();
    }
};

Pending entry_of(Command command) {
    proto::CommandEntry body;
    body.set_name(std::move(command.name));
    body.set_actor(std::move(command.actor));
    body.set_request_id(std::move(command.request_id));
    body.set_idempotency_key(std::move(command.idempotency_key));
    body.set_if_match(std::move(command.if_match));
    body.set_body(std::move(command.body));
    Pending entry;
    entry.kind = EntryKind::command;
    entry.body = body.SerializeAsString();
    return entry;
}

}  // namespace

struct CommandGate::Impl : std::enable_shared_from_this<CommandGate::Impl> {
    Impl(asio::io_context& own, JournalThread& thread, Duration longest)
        : loop(&own), journal(&thread), patience(longest) {}

    asio::io_context* loop;
    JournalThread* journal;
    Duration patience;
    std::map<Lsn, std::shared_ptr<Waiter>> waiting;  // shared with the coroutine that waits

    void append(Command command, std::shared_ptr<Waiter> waiter);
};

CommandGate::CommandGate(asio::io_context& loop, JournalThread& journal, Duration patience)
    : impl_(std::make_shared<Impl>(loop, journal, patience)) {}

CommandGate::~CommandGate() = default;

void CommandGate::Impl::append(Command command, std::shared_ptr<Waiter> waiter) {
    std::vector<Pending> entries;
    entries.push_back(entry_of(std::move(command)));
    const std::weak_ptr<Impl> self = weak_from_this();
    journal->append(
        std::move(entries),
        [self, waiter = std::move(waiter)](Result<AppendAnswer> answer) {
            const auto impl = self.lock();
            if (!impl) {
                return;
            }
            if (!answer) {
                waiter->finish(failure(answer.error()));
                return;
            }
            waiter->lsn = answer->lsns.front();
            impl->waiting.emplace(waiter->lsn, waiter);
        }
    );
}

Task<Result<Verdict>> CommandGate::submit(Command command) {
    const std::shared_ptr<Impl> impl = impl_;
    const auto waiter = std::make_shared<Waiter>(*impl->loop);
    waiter->timer.expires_after(impl->patience);
    impl->append(std::move(command), waiter);
    boost::system::error_code ended;
    co_await waiter->timer.async_wait(asio::redirect_error(asio::use_awaitable, ended));
    impl->waiting.erase(waiter->lsn);
    if (!waiter->result) {
        co_return failure(
            ErrorKind::timeout,
            "no verdict within " + format_duration(impl->patience) +
                "; the command may still take effect: ask again with the same idempotency key"
        );
    }
    co_return std::move(*waiter->result);
}

void CommandGate::answered(std::vector<Effects::Answer> answers) {
    for (Effects::Answer& answer : answers) {
        const auto found = impl_->waiting.find(answer.lsn);
        if (found != impl_->waiting.end()) {
            found->second->finish(std::move(answer.verdict));
        }
    }
}

}  // namespace muster::collector
