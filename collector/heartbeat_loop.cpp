#include "collector/heartbeat_loop.hpp"

#include "base/log.hpp"
#include "wire/http_client.hpp"

#include <algorithm>
#include <utility>

namespace muster::collector {

namespace {

constexpr Duration longest_call = std::chrono::seconds(10);
constexpr std::size_t answer_limit = 64U << 10U;
constexpr std::size_t largest_ca = 1U << 20U;

}  // namespace

struct HeartbeatLoop::Impl {
    Impl(asio::io_context& on, HeartbeatOptions how, Files& around, std::function<bool()> asked)
        : loop(on), options(std::move(how)), files(around), is_well(std::move(asked)), task(on) {}

    asio::io_context& loop;
    HeartbeatOptions options;
    Files& files;
    std::function<bool()> is_well;
    HeartbeatCounts counts;
    bool told_failing = false;
    TaskGroup task;

    static Task<void> run(std::shared_ptr<Impl> self);
    static Task<Status> beat(Impl* self);
    void tell(const Status& done);
};

Task<Status> HeartbeatLoop::Impl::beat(Impl* self) {
    wire::HttpCall call;
    call.url = self->options.url;
    call.trust.remedy = "give its authority's certificate as heartbeat.ca_file";
    call.body_limit = answer_limit;
    if (!self->options.ca_file.empty()) {
        Result<std::string> ca_pem = read_file(self->files, self->options.ca_file, largest_ca);
        if (!ca_pem) {
            co_return failure(ca_pem.error());
        }
        call.trust.ca_pem = std::move(*ca_pem);
    }
    const Deadline deadline = Deadline::in(std::min(self->options.every, longest_call));
    Task<Result<wire::HttpAnswer>> calling = wire::http_call(self->loop, std::move(call), deadline);
    const Result<wire::HttpAnswer> answer = co_await std::move(calling);
    if (!answer) {
        co_return failure(answer.error());
    }
    if (answer->status < 200 || answer->status >= 300) {
        co_return failure(
            ErrorKind::refused, "the answer was HTTP " + std::to_string(answer->status)
        );
    }
    co_return Status{};
}

void HeartbeatLoop::Impl::tell(const Status& done) {
    counts.sent += done ? 1U : 0U;
    counts.failed += done ? 0U : 1U;
    if (done && options.clock != nullptr) {
        counts.last_sent = options.clock->wall();
    }
    if (!done && !told_failing) {
        // The URL's path is often its only secret.
        log(LogLevel::warning, "heartbeat.failing", {{"why", done.error().text()}});
    }
    if (done && told_failing) {
        log(LogLevel::notice, "heartbeat.recovered", {});
    }
    told_failing = !done;
}

Task<void> HeartbeatLoop::Impl::run(std::shared_ptr<Impl> self) {
    do {
        if (!self->is_well()) {
            self->counts.skipped += 1;
            continue;
        }
        const Status done = co_await beat(self.get());
        self->tell(done);
    } while (co_await sleep_for(self->options.every));
}

HeartbeatLoop::HeartbeatLoop(
    asio::io_context& loop, HeartbeatOptions options, Files& files, std::function<bool()> is_well
)
    : impl_(std::make_shared<Impl>(loop, std::move(options), files, std::move(is_well))) {}

HeartbeatLoop::~HeartbeatLoop() {
    stop();
}

void HeartbeatLoop::start() {
    if (!impl_->options.url.empty()) {
        impl_->task.start("heartbeat", Impl::run(impl_));
    }
}

void HeartbeatLoop::stop() {
    impl_->task.stop();
}

HeartbeatCounts HeartbeatLoop::counts() const {
    return impl_->counts;
}

}  // namespace muster::collector
