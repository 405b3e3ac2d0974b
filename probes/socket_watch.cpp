#include "probes/socket_watch.hpp"

#include <boost/asio/posix/stream_descriptor.hpp>

#include <unordered_map>
#include <utility>

namespace muster::probes {

namespace {

/// Owned by the table and by its pending waits; the descriptor is the library's.
struct Watched {
    explicit Watched(asio::io_context& loop) : descriptor(loop) {}

    ~Watched() { release(); }

    Watched(const Watched&) = delete;
    Watched& operator=(const Watched&) = delete;

    void release() {
        if (descriptor.is_open()) {
            descriptor.release();
        }
    }

    bool wants(Readiness readiness) const {
        const Interest only =
            readiness == Readiness::readable ? Interest::reading : Interest::writing;
        return descriptor.is_open() && (interest == Interest::both || interest == only);
    }

    bool& pending(Readiness readiness) {
        return readiness == Readiness::readable ? reading : writing;
    }

    asio::posix::stream_descriptor descriptor;
    Interest interest = Interest::both;
    bool reading = false;
    bool writing = false;
};

}  // namespace

struct SocketWatch::Impl : std::enable_shared_from_this<Impl> {
    Impl(asio::io_context& on, Ready call) : loop(on), ready(std::move(call)) {}

    void arm(const std::shared_ptr<Watched>& watched, Readiness readiness);

    asio::io_context& loop;
    Ready ready;
    std::unordered_map<int, std::shared_ptr<Watched>> table;
};

void SocketWatch::Impl::arm(const std::shared_ptr<Watched>& watched, Readiness readiness) {
    if (!watched->wants(readiness) || watched->pending(readiness)) {
        return;
    }
    watched->pending(readiness) = true;
    auto done =
        [self = shared_from_this(), watched, readiness](const boost::system::error_code& problem) {
            watched->pending(readiness) = false;
            if (problem || !watched->wants(readiness)) {
                return;
            }
            const auto call = self->ready;
            if (call) {
                call(watched->descriptor.native_handle(), readiness);
            }
            self->arm(watched, readiness);
        };
    const auto kind = readiness == Readiness::readable ? asio::posix::stream_descriptor::wait_read
                                                       : asio::posix::stream_descriptor::wait_write;
    watched->descriptor.async_wait(kind, std::move(done));
}

SocketWatch::SocketWatch(asio::io_context& loop, Ready ready)
    : impl_(std::make_shared<Impl>(loop, std::move(ready))) {}

SocketWatch::~SocketWatch() {
    impl_->ready = nullptr;
    for (auto& [number, watched] : impl_->table) {
        watched->release();
    }
    impl_->table.clear();
}

void SocketWatch::watch(int descriptor, Interest interest) {
    auto& watched = impl_->table[descriptor];
    if (!watched) {
        watched = std::make_shared<Watched>(impl_->loop);
        boost::system::error_code problem;
        watched->descriptor.assign(descriptor, problem);
        if (problem) {
            impl_->table.erase(descriptor);
            return;
        }
    }
    watched->interest = interest;
    const auto kept = watched;
    impl_->arm(kept, Readiness::readable);
    impl_->arm(kept, Readiness::writable);
}

void SocketWatch::forget(int descriptor) {
    const auto found = impl_->table.find(descriptor);
    if (found != impl_->table.end()) {
        found->second->release();
        impl_->table.erase(found);
    }
}

}  // namespace muster::probes
