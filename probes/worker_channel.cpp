#include "probes/worker_channel.hpp"

#include "base/bytes.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

#include <array>
#include <deque>
#include <utility>

namespace muster::probes {

namespace {

constexpr auto quietly = asio::as_tuple(asio::use_awaitable);
constexpr std::size_t queue_bytes = 64u << 20;

}  // namespace

struct WorkerChannel::Impl : std::enable_shared_from_this<Impl> {
    Impl(asio::io_context& loop, std::uint32_t limit) : socket(loop), largest(limit) {}

    void write();

    asio::local::stream_protocol::socket socket;
    std::uint32_t largest;
    std::deque<std::string> queue;
    std::size_t queued = 0;
    bool writing = false;
};

void WorkerChannel::Impl::write() {
    if (writing || queue.empty()) {
        return;
    }
    writing = true;
    auto written = [self =
                        shared_from_this()](const boost::system::error_code& problem, std::size_t) {
        self->writing = false;
        if (problem) {
            return;  // the reading side notices the end
        }
        self->queued -= self->queue.front().size();
        self->queue.pop_front();
        self->write();
    };
    asio::async_write(socket, asio::buffer(queue.front()), std::move(written));
}

WorkerChannel::WorkerChannel(asio::io_context& loop, int descriptor, std::uint32_t largest)
    : impl_(std::make_shared<Impl>(loop, largest)) {
    boost::system::error_code problem;
    impl_->socket.assign(asio::local::stream_protocol(), descriptor, problem);
}

WorkerChannel::~WorkerChannel() {
    close();
}

void WorkerChannel::send(const std::string& message) {
    if (!impl_->socket.is_open()) {
        return;
    }
    std::string frame;
    frame.reserve(message.size() + 4);
    put_u32(frame, static_cast<std::uint32_t>(message.size()));
    frame += message;
    impl_->queued += frame.size();
    impl_->queue.push_back(std::move(frame));
    if (impl_->queued > queue_bytes) {
        close();
        return;
    }
    impl_->write();
}

Task<Result<std::string>> WorkerChannel::receive() {
    const auto impl = impl_;
    std::array<char, 4> head{};
    const auto head_buffer = asio::buffer(head);
    const auto [no_head, head_bytes] =
        co_await asio::async_read(impl->socket, head_buffer, quietly);
    if (no_head) {
        co_return failure(ErrorKind::closed, "the other end has closed");
    }
    const std::uint32_t size = load_u32(head.data());
    if (size > impl->largest) {
        co_return failure(ErrorKind::corrupt, "a message announces too many bytes");
    }
    std::string message(size, '\0');
    const auto body_buffer = asio::buffer(message);
    const auto [no_body, body_bytes] =
        co_await asio::async_read(impl->socket, body_buffer, quietly);
    if (no_body) {
        co_return failure(ErrorKind::closed, "the other end has closed");
    }
    co_return message;
}

void WorkerChannel::close() {
    boost::system::error_code ignored;
    impl_->socket.close(ignored);
}

}  // namespace muster::probes
