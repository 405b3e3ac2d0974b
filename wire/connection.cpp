#include "wire/connection.hpp"

#include "base/expect.hpp"
#include "wire/frame_reader.hpp"
#include "wire/frames.hpp"
#include "wire/handshake.hpp"
#include "wire/socket_tuning.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/connect.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

#include <algorithm>
#include <cstring>
#include <deque>
#include <optional>
#include <utility>
#include <vector>

namespace muster::wire {

namespace {

using asio::ip::tcp;
using boost::system::error_code;
using TlsStream = asio::ssl::stream<tcp::socket>;
using SteadyTime = std::chrono::steady_clock::time_point;

constexpr auto quietly = asio::as_tuple(asio::use_awaitable);
constexpr std::size_t most_unsent = 64U << 20;
constexpr std::size_t usual_read_ahead = 4U << 20;
constexpr std::size_t written_at_once = 64U << 10;
constexpr std::size_t waste_bytes = 16U << 10;
constexpr std::size_t kept_buffer = 1U << 20;
constexpr auto farewell = std::chrono::seconds(1);
constexpr const char* another_collector =
    "an agent trusts the collector it enrolled with alone: see `collector` in agent.yaml, or enrol "
    "anew with a token of this one";

/// Waits on a timer that others cancel to wake it. False: the coroutine itself was cancelled.
Task<bool> woken(asio::steady_timer* timer, SteadyTime until) {
    const auto before = co_await asio::this_coro::cancellation_state;
    if (before.cancelled() != asio::cancellation_type::none) {
        co_return false;
    }
    const bool throws = co_await asio::this_coro::throw_if_cancelled();
    co_await asio::this_coro::throw_if_cancelled(false);
    timer->expires_at(until);
    co_await timer->async_wait(quietly);
    const auto after = co_await asio::this_coro::cancellation_state;
    co_await asio::this_coro::throw_if_cancelled(throws);
    co_return after.cancelled() == asio::cancellation_type::none;
}

/// The socket with its buffers. Shared by the Connection and by what runs for it on the loop: the reading coroutine, the
/// write handler and the farewell timer, which end after the Connection is gone.
class Link : public std::enable_shared_from_this<Link> {
  public:
    /// `context` is only read; the stream keeps a reference to it.
    Link(tcp::socket socket, ssl_ctx_st* context)
        : stream(std::move(socket), SSL_new(context)),
          received_(executor()),
          drained_(executor()),
          room_(executor()),
          patience_(executor()) {}

    TlsStream stream;
    Peer peer;
    FrameReader reader{max_frame_bytes_before_hello};
    std::size_t read_ahead = usual_read_ahead;  // at least 1

    asio::any_io_executor executor() { return stream.get_executor(); }

    ssl_st* session() { return stream.native_handle(); }

    tcp::socket& socket() { return stream.next_layer(); }

    /// After the handshake, once.
    void begin() { asio::co_spawn(executor(), read(shared_from_this()), asio::detached); }

    Task<Result<proto::Frame>> receive(Deadline deadline);
    Status send(const proto::Frame& frame);
    Task<Status> flush(Deadline deadline);
    void close();
    /// Closes the socket at once: whatever waits on it ends.
    void abort();
    /// Gives the other side a moment to read the last words (an alert, a refusal): closing with unread input resets them away.
    void linger();

    std::size_t unsent() const {
        return pending_.size() + (is_writing_ ? writing_.size() - written_ : 0);
    }

    /// Calls abort() at the deadline, unless stopped: handshakes.
    void guard(SteadyTime until);

    void unguard() { patience_.cancel(); }

  private:
    static Task<void> read(std::shared_ptr<Link> link);
    void take_frames();
    void fail(const Error& error);
    void write_more();
    void half_close();

    asio::steady_timer received_;  // cancelled when a frame or the end came
    asio::steady_timer drained_;   // cancelled when the queue is written
    asio::steady_timer room_;      // cancelled when frames were taken
    asio::steady_timer patience_;

    std::deque<FrameReader::Taken> ready_;
    std::size_t ready_bytes_ = 0;

    std::string pending_;
    std::string writing_;
    std::size_t written_ = 0;  // of these
    bool is_writing_ = false;
    bool is_closing_ = false;
    bool is_read_out_ = false;     // the reading coroutine has ended
    std::optional<Error> failed_;  // why nothing more comes or goes
};

Task<Result<proto::Frame>> Link::receive(Deadline deadline) {
    const auto self = shared_from_this();
    while (ready_.empty()) {
        if (failed_) {
            co_return failure(*failed_);
        }
        if (deadline.left() == Duration::zero()) {
            co_return failure(ErrorKind::timeout, "no frame before the deadline", peer.address);
        }
        const bool goes_on = co_await woken(&received_, deadline.at());
        if (!goes_on) {
            co_return failure(ErrorKind::closed, "stopped", peer.address);
        }
    }
    proto::Frame frame = std::move(ready_.front().frame);
    ready_bytes_ -= ready_.front().bytes;
    ready_.pop_front();
    room_.cancel();
    co_return frame;
}

Task<void> Link::read(std::shared_ptr<Link> link) {
    for (;;) {
        while (link->ready_bytes_ >= link->read_ahead && !link->failed_) {
            co_await woken(&link->room_, SteadyTime::max());
        }
        const std::span<char> space = link->reader.space();
        const auto buffer = asio::buffer(space.data(), space.size());
        const auto [problem, count] = co_await link->stream.async_read_some(buffer, quietly);
        if (problem) {
            link->fail(explain_tls(link->session(), problem));
            break;
        }
        // After a failure, or while closing, reading goes on only to let the other side finish.
        if (!link->failed_) {
            link->reader.add(count);
            link->take_frames();
        }
    }
    link->is_read_out_ = true;
    if (link->is_closing_) {
        link->abort();
    }
}

void Link::take_frames() {
    bool has_new = false;
    for (;;) {
        Result<std::optional<FrameReader::Taken>> taken = reader.next();
        if (!taken) {
            fail(taken.error());
            return;
        }
        std::optional<FrameReader::Taken>& next = *taken;
        if (!next) {
            break;
        }
        ready_bytes_ += next->bytes;
        ready_.push_back(std::move(*next));
        has_new = true;
    }
    if (has_new) {
        received_.cancel();
    }
}

void Link::fail(const Error& error) {
    if (!failed_) {
        failed_ = error.in(peer.address);
    }
    received_.cancel();
    drained_.cancel();
    room_.cancel();
}

Status Link::send(const proto::Frame& frame) {
    if (failed_) {
        return failure(*failed_);
    }
    if (unsent() > most_unsent) {
        return failure(
            ErrorKind::full, "the other side does not read what it is sent", peer.address
        );
    }
    if (Status appended = append_frame(frame, pending_); !appended) {
        return failure(appended.error(), peer.address);
    }
    if (!is_writing_) {
        is_writing_ = true;
        writing_.clear();
        written_ = 0;
        // Later, so that all that is sent in this turn of the loop goes in one write.
        asio::post(executor(), [self = shared_from_this()] { self->write_more(); });
    }
    return {};
}

void Link::write_more() {
    writing_.clear();
    written_ = 0;
    if (writing_.capacity() > kept_buffer) {
        writing_.shrink_to_fit();
    }
    if (pending_.empty() || !socket().is_open()) {
        is_writing_ = false;
        drained_.cancel();
        if (is_closing_) {
            half_close();
        }
        return;
    }
    writing_.swap(pending_);
    auto more = [self = shared_from_this()](const error_code& problem, std::size_t count) {
        self->written_ = count;
        return problem ? 0 : written_at_once;
    };
    auto written = [self = shared_from_this()](const error_code& problem, std::size_t) {
        if (problem) {
            self->pending_.clear();
            self->fail(explain_tls(self->session(), problem));
        }
        self->write_more();
    };
    asio::async_write(stream, asio::buffer(writing_), std::move(more), std::move(written));
}

Task<Status> Link::flush(Deadline deadline) {
    const auto self = shared_from_this();
    while (is_writing_) {
        if (failed_) {
            co_return failure(*failed_);
        }
        if (deadline.left() == Duration::zero()) {
            co_return failure(ErrorKind::timeout, "not everything was written", peer.address);
        }
        const bool goes_on = co_await woken(&drained_, deadline.at());
        if (!goes_on) {
            co_return failure(ErrorKind::closed, "stopped", peer.address);
        }
    }
    co_return Status{};
}

void Link::close() {
    if (is_closing_) {
        return;
    }
    is_closing_ = true;
    ready_.clear();
    ready_bytes_ = 0;
    fail(Error(ErrorKind::closed, "closed by us"));
    guard(std::chrono::steady_clock::now() + farewell);
    if (!is_writing_) {
        half_close();
    }
}

void Link::half_close() {
    error_code ignored;
    socket().shutdown(tcp::socket::shutdown_send, ignored);
    if (is_read_out_) {
        abort();
    }
}

void Link::abort() {
    error_code ignored;
    socket().close(ignored);
    patience_.cancel();
}

void Link::linger() {
    if (!is_closing_) {
        is_closing_ = true;
        failed_.emplace(ErrorKind::closed, "closed by us");
        guard(std::chrono::steady_clock::now() + farewell);
        half_close();
        auto drain = [](std::shared_ptr<Link> link) -> Task<void> {
            std::string waste(waste_bytes, '\0');
            error_code problem;
            while (!problem) {
                const auto space = asio::buffer(waste);
                const auto [end, count] = co_await link->socket().async_read_some(space, quietly);
                problem = end;
            }
            link->abort();
        };
        asio::co_spawn(executor(), drain(shared_from_this()), asio::detached);
    }
}

void Link::guard(SteadyTime until) {
    patience_.expires_at(until);
    patience_.async_wait([self = shared_from_this()](const error_code& cancelled) {
        if (!cancelled) {
            self->abort();
        }
    });
}

}  // namespace

std::string peer_text(const std::string& address, std::uint16_t port) {
    const bool is_v6 = address.find(':') != std::string::npos;
    return (is_v6 ? "[" + address + "]:" : address + ":") + std::to_string(port);
}

struct Connection::Impl {
    explicit Impl(std::shared_ptr<Link> of) : link(std::move(of)) {}

    ~Impl() { link->close(); }

    Impl(const Impl&) = delete;
    Impl& operator=(const Impl&) = delete;

    std::shared_ptr<Link> link;  // the other owners are its handlers on the loop
};

Connection::Connection(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

Connection::~Connection() = default;

Task<Result<proto::Frame>> Connection::receive(Deadline deadline) {
    return impl_->link->receive(deadline);
}

Status Connection::send(const proto::Frame& frame) {
    return impl_->link->send(frame);
}

void Connection::read_ahead(std::size_t bytes) {
    impl_->link->read_ahead = std::max<std::size_t>(1, bytes);
}

std::size_t Connection::unsent() const {
    return impl_->link->unsent();
}

Task<Status> Connection::flush(Deadline deadline) {
    return impl_->link->flush(deadline);
}

void Connection::close() {
    impl_->link->close();
}

const Peer& Connection::peer() const {
    return impl_->link->peer;
}

void Connection::allow_large_frames() {
    impl_->link->reader.accept_up_to(max_frame_bytes);
}

namespace {

std::unique_ptr<Connection> open_connection(std::shared_ptr<Link> link) {
    link->begin();
    return std::make_unique<Connection>(std::make_unique<Connection::Impl>(std::move(link)));
}

}  // namespace

namespace {

Task<Result<std::unique_ptr<Connection>>> connect(
    asio::io_context* loop,
    std::string address,
    std::uint16_t port,
    std::string host,
    TlsIdentity identity,
    Deadline deadline,
    Packets packets
) {
    error_code problem;
    const asio::ip::address ip = asio::ip::make_address(address, problem);
    if (problem) {
        co_return failure(ErrorKind::invalid, "not an IP address", address);
    }
    const tcp::endpoint endpoint(ip, port);
    Result<TlsContext> made = make_client_context(identity);
    if (!made) {
        co_return failure(made.error());
    }
    const auto link = std::make_shared<Link>(tcp::socket(*loop), made->get());
    link->peer.address = peer_text(address, port);
    link->reader.accept_up_to(max_frame_bytes);
    if (Status named = expect_host(link->session(), host); !named) {
        co_return failure(named.error());
    }
    if (packets == Packets::small) {
        error_code unopened;  // then connecting says so
        link->socket().open(endpoint.protocol(), unopened);
        keep_packets_small(link->socket().native_handle());
    }
    link->guard(deadline.at());
    const auto [unreachable] = co_await link->socket().async_connect(endpoint, quietly);
    if (unreachable) {
        link->unguard();
        const bool is_late = deadline.left() == Duration::zero();
        const std::string why = is_late ? "no answer before the deadline" : unreachable.message();
        co_return failure(ErrorKind::unavailable, "cannot connect: " + why, link->peer.address);
    }
    tune(link->socket().native_handle());
    const auto [rejected] =
        co_await link->stream.async_handshake(asio::ssl::stream_base::client, quietly);
    link->unguard();
    if (rejected && deadline.left() == Duration::zero()) {
        co_return failure(
            ErrorKind::timeout, "the handshake was not over before the deadline", link->peer.address
        );
    }
    if (rejected) {
        const Error why = explain_tls(link->session(), rejected).in(link->peer.address);
        link->linger();
        co_return failure(with_remedy(link->session(), why, another_collector));
    }
    if (Status checked = check_peer(link->session()); !checked) {
        link->abort();
        co_return failure(
            with_remedy(link->session(), checked.error(), another_collector), link->peer.address
        );
    }
    co_return open_connection(link);
}

}  // namespace

Task<Result<std::unique_ptr<Connection>>> connect_link(
    asio::io_context& loop,
    std::string address,
    std::uint16_t port,
    std::string host,
    TlsIdentity identity,
    Deadline deadline,
    Packets packets
) {
    return connect(
        &loop, std::move(address), port, std::move(host), std::move(identity), deadline, packets
    );
}

Task<Result<std::unique_ptr<Connection>>> accept_link(
    asio::io_context* loop,
    int socket,
    std::string address,
    ssl_ctx_st* context,
    Deadline deadline,
    PeerCheck check
) {
    tcp::socket accepted(*loop);
    error_code problem;
    accepted.assign(tcp::v6(), socket, problem);
    expect(!problem, "an accepted socket can be watched");
    tune(accepted.native_handle());
    const auto link = std::make_shared<Link>(std::move(accepted), context);
    link->peer.address = std::move(address);
    link->guard(deadline.at());
    const auto [rejected] =
        co_await link->stream.async_handshake(asio::ssl::stream_base::server, quietly);
    link->unguard();
    if (rejected && deadline.left() == Duration::zero()) {
        co_return failure(ErrorKind::timeout, "the handshake took too long");
    }
    if (rejected) {
        const Error why = explain_tls(link->session(), rejected);
        link->linger();
        co_return failure(why);
    }
    Result<PeerCertificate> agent = check(link->session());
    if (!agent) {
        link->linger();
        co_return failure(agent.error());
    }
    link->peer.agent = agent->agent;
    link->peer.serial = std::move(agent->serial);
    co_return open_connection(link);
}

}  // namespace muster::wire
