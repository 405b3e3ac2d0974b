#include "base/log.hpp"
#include "wire/bind_failure.hpp"
#include "wire/connection.hpp"
#include "wire/descriptors.hpp"
#include "wire/handshake.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ip/v6_only.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <charconv>
#include <deque>
#include <list>
#include <string>
#include <utility>

namespace muster::wire {

namespace {

using asio::ip::tcp;
using boost::system::error_code;

constexpr auto quietly = asio::as_tuple(asio::use_awaitable);
constexpr auto handshake_within = std::chrono::seconds(10);
constexpr std::size_t most_handshakes = 512;
/// Where so many are under way, the oldest of them gives way once it has had this long: who connects and says nothing must not
/// keep agents out.
constexpr auto handshake_patience = std::chrono::seconds(2);
constexpr auto pause_after_failure = std::chrono::milliseconds(100);
constexpr std::uint32_t most_refusal_lines = 60;
constexpr auto refusal_window = std::chrono::minutes(1);

/// An IPv4 peer of a listener for both families is shown as what it is.
std::string text_of(const tcp::endpoint& endpoint) {
    asio::ip::address address = endpoint.address();
    if (address.is_v6() && address.to_v6().is_v4_mapped()) {
        address = asio::ip::make_address_v4(asio::ip::v4_mapped, address.to_v6());
    }
    return peer_text(address.to_string(), endpoint.port());
}

/// "[::]:8444", "127.0.0.1:0"
Result<tcp::endpoint> parse_endpoint(const std::string& text) {
    const std::size_t colon = text.rfind(':');
    std::string host = text.substr(0, colon == std::string::npos ? 0 : colon);
    if (host.size() > 2 && host.front() == '[' && host.back() == ']') {
        host = host.substr(1, host.size() - 2);
    }
    std::uint16_t port = 0;
    const char* const begin = text.data() + (colon == std::string::npos ? text.size() : colon + 1);
    const char* const end = text.data() + text.size();
    const auto [stop, wrong_port] = std::from_chars(begin, end, port);
    error_code wrong_host;
    const asio::ip::address address = asio::ip::make_address(host, wrong_host);
    if (wrong_host || wrong_port != std::errc{} || stop != end) {
        return failure(
            ErrorKind::invalid,
            "expected ADDRESS:PORT, for example \"[::]:8444\" or \"127.0.0.1:8444\"",
            text
        );
    }
    return tcp::endpoint(address, port);
}

error_code listen_on(tcp::acceptor& acceptor, const tcp::endpoint& endpoint) {
    error_code problem;
    acceptor.open(endpoint.protocol(), problem);
    if (problem) {
        return problem;
    }
    error_code ignored;
    acceptor.set_option(tcp::acceptor::reuse_address(true), ignored);
    if (endpoint.address().is_v6()) {
        acceptor.set_option(asio::ip::v6_only(false), ignored);
    }
    acceptor.bind(endpoint, problem);
    if (!problem) {
        acceptor.listen(tcp::acceptor::max_listen_connections, problem);
    }
    return problem;
}

/// A handshake under way.
struct Arrival {
    std::chrono::steady_clock::time_point since;
    asio::cancellation_signal give_way;
    bool is_given_up = false;
};

/// Shared by the LinkListener and by its coroutines, which end after it is gone.
class Door {
  public:
    Door(asio::io_context& on, TlsContext tls)
        : loop(on), acceptor(on), ready_timer(on), room_timer(on), context(std::move(tls)) {
        ready_timer.expires_at(std::chrono::steady_clock::time_point::max());
    }

    asio::io_context& loop;
    tcp::acceptor acceptor;
    asio::steady_timer ready_timer;  // never fires; cancelled when a connection is ready
    asio::steady_timer room_timer;   // cancelled when a place is free
    TlsContext context;
    std::deque<std::unique_ptr<Connection>> ready;
    std::list<std::shared_ptr<Arrival>> arrivals;  // shared with their coroutines; the oldest first
    bool is_closed = false;

    bool is_crowded() const { return arrivals.size() + ready.size() >= most_handshakes; }

    /// False: none has had its time yet.
    bool turn_oldest_away() {
        const auto now = std::chrono::steady_clock::now();
        if (arrivals.empty() || now - arrivals.front()->since < handshake_patience) {
            return false;
        }
        const std::shared_ptr<Arrival> oldest = arrivals.front();
        arrivals.pop_front();
        oldest->is_given_up = true;
        oldest->give_way.emit(asio::cancellation_type::terminal);
        return true;
    }

    /// Until there is a place, or the oldest handshake has had its time.
    auto room() {
        room_timer.expires_at(
            arrivals.empty() ? std::chrono::steady_clock::time_point::max()
                             : arrivals.front()->since + handshake_patience
        );
        return room_timer.async_wait(quietly);
    }

    void close() {
        is_closed = true;
        error_code ignored;
        acceptor.close(ignored);
        ready.clear();
        ready_timer.cancel();
        room_timer.cancel();
    }

    /// Anybody can fill a log by knocking: after a minute's worth of lines only their number is kept.
    void log_refusal(const std::string& peer, const Error& why) {
        const auto now = std::chrono::steady_clock::now();
        if (now - window_began_ > refusal_window) {
            if (in_window_ > most_refusal_lines) {
                log(LogLevel::warning,
                    "link.refused_more",
                    {{"count", in_window_ - most_refusal_lines}});
            }
            window_began_ = now;
            in_window_ = 0;
        }
        if (++in_window_ <= most_refusal_lines) {
            log(LogLevel::warning, "link.refused", {{"peer", peer}, {"why", why.what()}});
        }
    }

  private:
    std::chrono::steady_clock::time_point window_began_;
    std::uint32_t in_window_ = 0;
};

Task<void> greet(
    std::shared_ptr<Door> door, std::shared_ptr<Arrival> arrival, int socket, std::string peer
) {
    Task<Result<std::unique_ptr<Connection>>> handshake =
        accept_link(&door->loop, socket, peer, door->context.get(), Deadline::in(handshake_within));
    Result<std::unique_ptr<Connection>> connection = co_await std::move(handshake);
    std::erase(door->arrivals, arrival);
    door->room_timer.cancel();
    if (door->is_closed) {
        co_return;
    }
    if (!connection) {
        const Error crowded(
            ErrorKind::timeout,
            "too slow a handshake while " + std::to_string(most_handshakes) +
                " others were under way"
        );
        door->log_refusal(peer, arrival->is_given_up ? crowded : connection.error());
        co_return;
    }
    door->ready.push_back(std::move(*connection));
    door->ready_timer.cancel();
}

Task<void> admit(std::shared_ptr<Door> door) {
    bool has_told = false;
    while (!door->is_closed) {
        if (door->is_crowded() && !door->turn_oldest_away()) {
            co_await door->room();
            continue;
        }
        tcp::endpoint from;
        auto [problem, socket] = co_await door->acceptor.async_accept(from, quietly);
        if (door->is_closed) {
            break;
        }
        if (problem) {
            // Out of descriptors, mostly: trying at once again would only burn the processor.
            if (!std::exchange(has_told, true)) {
                log(LogLevel::error, "link.accept_failed", {{"why", problem.message()}});
            }
            asio::steady_timer pause(door->loop, pause_after_failure);
            co_await pause.async_wait(quietly);
            continue;
        }
        const bool may_stay =
            leaves_reserve(socket.native_handle()) ||
            (leaves_half_reserve(socket.native_handle()) && door->turn_oldest_away());
        if (!may_stay) {
            if (!std::exchange(has_told, true)) {
                log(LogLevel::error,
                    "link.accept_failed",
                    {{"why", "too many open files: connections beyond are closed at once"},
                     {"remedy", "raise LimitNOFILE= of the unit"}});
            }
            continue;
        }
        has_told = false;
        auto arrival = std::make_shared<Arrival>();
        arrival->since = std::chrono::steady_clock::now();
        door->arrivals.push_back(arrival);
        const int descriptor = socket.release();
        asio::co_spawn(
            door->loop,
            greet(door, arrival, descriptor, text_of(from)),
            asio::bind_cancellation_slot(arrival->give_way.slot(), asio::detached)
        );
    }
}

}  // namespace

struct LinkListener::Impl {
    explicit Impl(std::shared_ptr<Door> of) : door(std::move(of)) {}

    ~Impl() { door->close(); }

    Impl(const Impl&) = delete;
    Impl& operator=(const Impl&) = delete;

    std::shared_ptr<Door> door;  // the other owners are its coroutines on the loop
};

LinkListener::LinkListener(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

LinkListener::LinkListener(LinkListener&&) noexcept = default;

LinkListener::~LinkListener() = default;

Result<LinkListener> LinkListener::open(
    asio::io_context& loop, const std::string& endpoint, const TlsIdentity& identity
) {
    const Result<tcp::endpoint> where = parse_endpoint(endpoint);
    if (!where) {
        return failure(where.error());
    }
    Result<TlsContext> context = make_server_context(identity, ClientCertificates::required);
    if (!context) {
        return failure(context.error());
    }
    auto door = std::make_shared<Door>(loop, std::move(*context));
    error_code problem = listen_on(door->acceptor, *where);
    const bool is_any_v6 = where->address().is_v6() && where->address().is_unspecified();
    if (problem == asio::error::address_family_not_supported && is_any_v6) {
        // A kernel without IPv6: all addresses are those of IPv4.
        problem = listen_on(door->acceptor, tcp::endpoint(tcp::v4(), where->port()));
    }
    if (problem) {
        return explain_bind(
            where->address().to_string(), where->port(), problem.value(), "listen.agents"
        );
    }
    asio::co_spawn(loop, admit(door), asio::detached);
    return LinkListener(std::make_unique<Impl>(std::move(door)));
}

std::uint16_t LinkListener::port() const {
    error_code ignored;
    return impl_->door->acceptor.local_endpoint(ignored).port();
}

Task<Result<std::unique_ptr<Connection>>> LinkListener::accept() {
    const auto door = impl_->door;
    while (door->ready.empty()) {
        if (door->is_closed) {
            co_return failure(ErrorKind::closed, "no longer listening");
        }
        const bool throws = co_await asio::this_coro::throw_if_cancelled();
        co_await asio::this_coro::throw_if_cancelled(false);
        co_await door->ready_timer.async_wait(quietly);
        const auto state = co_await asio::this_coro::cancellation_state;
        co_await asio::this_coro::throw_if_cancelled(throws);
        if (state.cancelled() != asio::cancellation_type::none) {
            co_return failure(ErrorKind::closed, "stopped");
        }
    }
    std::unique_ptr<Connection> connection = std::move(door->ready.front());
    door->ready.pop_front();
    door->room_timer.cancel();
    co_return connection;
}

Status LinkListener::use(const TlsIdentity& identity) {
    Result<TlsContext> context = make_server_context(identity, ClientCertificates::required);
    if (!context) {
        return failure(context.error());
    }
    impl_->door->context = std::move(*context);
    return {};
}

void LinkListener::close() {
    impl_->door->close();
}

}  // namespace muster::wire
