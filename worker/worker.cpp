#include "worker/worker.hpp"

#include "base/log.hpp"
#include "probes/http_run.hpp"
#include "probes/params.hpp"
#include "probes/snmp_engine.hpp"
#include "probes/tcp_run.hpp"
#include "probes/worker_channel.hpp"
#include "probes/worker_messages.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>

#include <exception>
#include <sys/resource.h>
#include <unordered_map>
#include <utility>
#include <variant>

namespace muster::worker {

using probes::AnswerMessage;
using probes::CancelMessage;
using probes::RunMessage;

struct Worker::Impl {
    Impl(asio::io_context& on, int descriptor) : loop(on), channel(on, descriptor) {}

    void start(RunMessage message);
    void cancel(const CancelMessage& message);
    Task<AnswerMessage> run(RunMessage message);

    asio::io_context& loop;
    probes::WorkerChannel channel;
    std::unique_ptr<probes::SnmpEngine> snmp;
    std::unique_ptr<probes::HttpEngine> http;
    std::unordered_map<std::uint64_t, std::unique_ptr<asio::cancellation_signal>> running;
};

namespace {

/// Peak, not current: /proc is behind the sandbox.
std::uint64_t peak_resident_bytes() {
    rusage usage{};
    if (getrusage(RUSAGE_SELF, &usage) != 0) {
        return 0;
    }
    return static_cast<std::uint64_t>(usage.ru_maxrss) * 1024;
}

}  // namespace

Task<AnswerMessage> Worker::Impl::run(RunMessage message) {
    AnswerMessage answer;
    answer.id = message.id;
    const Deadline deadline = Deadline::in(message.left);
    const probes::ProbeType* type = probes::find_probe_type(message.type);
    if (type == nullptr || message.request.addresses.empty()) {
        answer.outcome.reason = "worker";
        answer.outcome.seen = "a run this worker does not know";
    } else if (type->name == "snmp") {
        answer.outcome = co_await snmp->run(std::move(message.request), deadline);
    } else if (type->name == "http") {
        auto http_answer = co_await http->run(std::move(message.request), deadline);
        answer.outcome = std::move(http_answer.outcome);
        answer.redirect = std::move(http_answer.redirect);
    } else if (type->name == "tcp") {
        answer.outcome = co_await probes::run_tcp(std::move(message.request), deadline);
    } else {
        answer.outcome.reason = "worker";
        answer.outcome.seen = "this type does not run in a worker";
    }
    co_return answer;
}

void Worker::Impl::start(RunMessage message) {
    const std::uint64_t id = message.id;
    auto& signal = running[id];
    signal = std::make_unique<asio::cancellation_signal>();
    auto ended = [this, id](const std::exception_ptr& problem, AnswerMessage answer) {
        running.erase(id);
        if (problem) {
            // An engine threw: our bug. The run is answered by the end of this process, which the agent counts.
            log(LogLevel::error, "worker.run_failed");
            channel.close();
            return;
        }
        answer.resident_bytes = peak_resident_bytes();
        channel.send(probes::encode_answer(answer));
    };
    asio::co_spawn(
        loop,
        run(std::move(message)),
        asio::bind_cancellation_slot(signal->slot(), std::move(ended))
    );
}

void Worker::Impl::cancel(const CancelMessage& message) {
    const auto found = running.find(message.id);
    if (found != running.end()) {
        found->second->emit(asio::cancellation_type::terminal | asio::cancellation_type::total);
    }
}

Worker::Worker(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

Worker::~Worker() = default;

Result<std::unique_ptr<Worker>> Worker::open(
    asio::io_context& loop, const Clock& clock, int channel
) {
    auto impl = std::make_unique<Impl>(loop, channel);
    auto snmp = probes::SnmpEngine::open(loop);
    if (!snmp) {
        return failure(snmp.error());
    }
    impl->snmp = std::move(*snmp);
    auto http = probes::HttpEngine::open(loop, clock);
    if (!http) {
        return failure(http.error());
    }
    impl->http = std::move(*http);
    return std::unique_ptr<Worker>(new Worker(std::move(impl)));
}

Task<void> Worker::serve() {
    Impl* impl = impl_.get();
    impl->channel.send(probes::encode_ready());
    for (;;) {
        auto bytes = co_await impl->channel.receive();
        if (!bytes) {
            co_return;
        }
        auto message = probes::decode_to_worker(*bytes);
        if (!message) {
            log(LogLevel::error, "worker.message_refused", {{"why", message.error().text()}});
            co_return;
        }
        if (auto* start = std::get_if<RunMessage>(&*message)) {
            impl->start(std::move(*start));
        } else if (const auto* cancel = std::get_if<CancelMessage>(&*message)) {
            impl->cancel(*cancel);
        }
    }
}

}  // namespace muster::worker
