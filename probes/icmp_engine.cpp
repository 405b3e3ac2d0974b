#include "probes/icmp_engine.hpp"

#include "probes/icmp_packet.hpp"
#include "probes/icmp_socket.hpp"
#include "probes/waiter.hpp"

#include <boost/asio/ip/icmp.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>

#include <algorithm>
#include <cerrno>
#include <unordered_map>
#include <utility>

namespace muster::probes {

namespace {

using Steady = std::chrono::steady_clock;

constexpr int messages_a_turn = 1024;
constexpr int send_attempts = 4;

/// One run in flight; lives in the frame of `ping`.
struct Ping {
    explicit Ping(asio::io_context& loop) : waiter(loop) {}

    Waiter waiter;
    PingReport report;
    std::vector<std::uint64_t> nonces;
    std::size_t open = 0;     ///< requests without a reply or a refusal
    std::size_t planned = 0;  ///< requests still to send
};

struct InFlight {
    Ping* ping;
    std::size_t index;
    Steady::time_point sent;
    std::uint16_t sequence;
};

}  // namespace

struct IcmpEngine::Impl {
    /// The socket of a family and the descriptor the loop waits on; the descriptor does not own the socket's number.
    struct Port {
        Port(asio::io_context& loop, IcmpSocket opened)
            : socket(std::move(opened)), descriptor(loop, socket.descriptor()) {}

        ~Port() { descriptor.release(); }

        Port(const Port&) = delete;
        Port& operator=(const Port&) = delete;

        IcmpSocket socket;
        asio::posix::stream_descriptor descriptor;
        std::unordered_map<std::uint16_t, std::uint64_t> by_sequence;
        std::uint16_t next_sequence = 0;
        bool waiting = false;
    };

    Impl(asio::io_context& on, Random& from)
        : loop(on), random(from), id(static_cast<std::uint16_t>(from.below(0x10000))) {}

    Result<Port*> port(Family family);
    void listen(Family family);
    void receive(Family family);
    void accept(Family family, const IcmpMessage& message);
    void refuse(Family family, const QueuedError& refusal);
    void send(Family family, Ping& ping, const PingPlan& plan, const asio::ip::icmp::endpoint& to);
    void forget(Family family, const Ping& ping);

    asio::io_context& loop;
    Random& random;
    std::uint16_t id;
    std::shared_ptr<Port>
        ports[2];  // shared with the pending wait, which may complete after the engine is gone
    std::unordered_map<std::uint64_t, InFlight> in_flight;
    IcmpCounters counters;
};

namespace {

constexpr std::size_t slot(Family family) {
    return family == Family::ip4 ? 0 : 1;
}

}  // namespace

Result<IcmpEngine::Impl::Port*> IcmpEngine::Impl::port(Family family) {
    auto& port = ports[slot(family)];
    if (!port) {
        auto opened = IcmpSocket::open(family);
        if (!opened) {
            return failure(opened.error());
        }
        port = std::make_shared<Port>(loop, std::move(*opened));
    }
    return port.get();
}

void IcmpEngine::Impl::listen(Family family) {
    const auto port = ports[slot(family)];
    if (port->waiting || in_flight.empty()) {
        return;
    }
    port->waiting = true;
    auto ready = [this, port, family](const boost::system::error_code& problem) {
        port->waiting = false;
        if (port.use_count() == 1) {
            return;  // the engine, whose `this` is, has gone
        }
        if (!problem) {
            receive(family);
        } else if (problem == asio::error::operation_aborted) {
            listen(family);  // cancelled when nothing was in flight; something may be by now
        }
    };
    port->descriptor.async_wait(asio::posix::stream_descriptor::wait_read, std::move(ready));
}

void IcmpEngine::Impl::receive(Family family) {
    const auto port = ports[slot(family)];
    for (int i = 0; i < messages_a_turn; ++i) {
        const auto refusal = port->socket.receive_refusal();
        if (!refusal) {
            break;
        }
        refuse(family, *refusal);
    }
    for (int i = 0; i < messages_a_turn; ++i) {
        const auto message = port->socket.receive();
        if (!message) {
            break;
        }
        accept(family, *message);
    }
    listen(family);
}

void IcmpEngine::Impl::accept(Family family, const IcmpMessage& message) {
    const Header header = ports[slot(family)]->socket.header();
    const auto echo = decode_echo_reply(family, header, message.bytes);
    const auto found = echo ? in_flight.find(echo->nonce) : in_flight.end();
    if (found == in_flight.end()) {
        ++counters.foreign;
        return;
    }
    ++counters.received;
    const InFlight flight = found->second;
    const Duration total = Steady::now() - flight.sent;
    // The calendar may step between stamp and reading; then the stamp says nothing.
    const bool plausible = message.waited >= Duration{0} && message.waited < total;
    flight.ping->report.round_trips[flight.index] = plausible ? total - message.waited : total;
    ports[slot(family)]->by_sequence.erase(flight.sequence);
    in_flight.erase(found);
    --flight.ping->open;
    if (flight.ping->open == 0 && flight.ping->planned == 0) {
        flight.ping->waiter.wake();
    }
}

void IcmpEngine::Impl::refuse(Family family, const QueuedError& refusal) {
    const auto quoted = decode_quoted_request(family, refusal.quoted);
    if (!quoted) {
        return;
    }
    const auto port = ports[slot(family)];
    std::uint64_t nonce = quoted->nonce;
    if (nonce == 0) {
        const auto found = port->by_sequence.find(quoted->sequence);
        nonce = found == port->by_sequence.end() ? 0 : found->second;
    }
    const auto found = in_flight.find(nonce);
    if (found == in_flight.end()) {
        return;
    }
    // A refusal may be forged or pass: the reply is still waited for.
    std::string why = describe_unreachable(refusal.number);
    if (!refusal.offender.empty()) {
        why += ", says " + refusal.offender;
    }
    found->second.ping->report.refusal = std::move(why);
}

void IcmpEngine::Impl::send(
    Family family, Ping& ping, const PingPlan& plan, const asio::ip::icmp::endpoint& to
) {
    const auto port = ports[slot(family)];
    Echo echo{.id = id, .sequence = port->next_sequence++, .nonce = 0};
    while (echo.nonce == 0 || in_flight.contains(echo.nonce)) {
        echo.nonce = random.next_u64();
    }
    --ping.planned;
    const std::size_t index = ping.report.round_trips.size();
    ping.report.round_trips.emplace_back();
    const std::string bytes = encode_echo_request(family, echo, plan.size);
    const InFlight flight{
        .ping = &ping, .index = index, .sent = Steady::now(), .sequence = echo.sequence
    };
    int problem = 0;
    for (int attempt = 0; attempt < send_attempts; ++attempt) {
        problem = port->socket.send(bytes, to.data(), static_cast<unsigned int>(to.size()));
        if (problem == 0) {
            break;
        }
        // The socket may be reporting what befell an earlier request, of another target.
        while (const auto refusal = port->socket.receive_refusal()) {
            refuse(family, *refusal);
        }
    }
    if (problem != 0) {
        ping.report.refusal = describe_unreachable(problem);
        return;
    }
    ++counters.sent;
    ++ping.open;
    in_flight.emplace(echo.nonce, flight);
    port->by_sequence[echo.sequence] = echo.nonce;
    ping.nonces.push_back(echo.nonce);
    listen(family);
}

void IcmpEngine::Impl::forget(Family family, const Ping& ping) {
    const auto port = ports[slot(family)];
    for (const std::uint64_t nonce : ping.nonces) {
        const auto found = in_flight.find(nonce);
        if (found == in_flight.end()) {
            continue;
        }
        const auto sequence = port->by_sequence.find(found->second.sequence);
        if (sequence != port->by_sequence.end() && sequence->second == nonce) {
            port->by_sequence.erase(sequence);
        }
        in_flight.erase(found);
    }
    if (in_flight.empty()) {
        // A pending wait would keep the loop running for nothing.
        for (const auto& each : ports) {
            if (each) {
                each->descriptor.cancel();
            }
        }
    }
}

IcmpEngine::IcmpEngine(asio::io_context& loop, Random& random)
    : impl_(std::make_unique<Impl>(loop, random)) {}

IcmpEngine::~IcmpEngine() {
    for (auto& port : impl_->ports) {
        if (port) {
            port->descriptor.cancel();
            port.reset();
        }
    }
}

Status IcmpEngine::open() {
    (void)impl_->port(Family::ip6);  // a machine without IPv6 is no error
    const auto port = impl_->port(Family::ip4);
    if (!port) {
        return failure(port.error());
    }
    return {};
}

Task<Result<PingReport>> IcmpEngine::ping(PingPlan plan, Deadline deadline) {
    boost::system::error_code bad_address;
    const auto address = asio::ip::make_address(plan.address, bad_address);
    if (bad_address) {
        co_return failure(ErrorKind::invalid, "not an IP address", plan.address);
    }
    const Family family = address.is_v4() ? Family::ip4 : Family::ip6;
    const auto port = impl_->port(family);
    if (!port) {
        co_return failure(port.error());
    }
    const asio::ip::icmp::endpoint to(address, 0);
    Ping ping(impl_->loop);
    ping.planned = plan.count;
    auto next = Steady::now();
    WaitEnd end = WaitEnd::timed_out;
    while (ping.planned > 0 && end != WaitEnd::cancelled && deadline.left() > Duration{0}) {
        impl_->send(family, ping, plan, to);
        if (ping.planned == 0) {
            break;
        }
        next += plan.spacing;
        const Deadline pause(std::min(next, deadline.at()));
        end = co_await ping.waiter.wait(pause);
    }
    while (ping.open > 0 && end != WaitEnd::cancelled && deadline.left() > Duration{0}) {
        end = co_await ping.waiter.wait(deadline);
    }
    impl_->forget(family, ping);
    if (end == WaitEnd::cancelled) {
        co_return failure(ErrorKind::closed, "stopped");
    }
    co_return std::move(ping.report);
}

IcmpCounters IcmpEngine::counters() const {
    return impl_->counters;
}

}  // namespace muster::probes
