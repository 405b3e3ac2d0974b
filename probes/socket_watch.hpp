// Owns: waiting on sockets that belong to a C library, for reading and writing. Leaves to the library: the sockets.
#pragma once

#include "base/task.hpp"

#include <boost/asio/io_context.hpp>

#include <functional>
#include <memory>

namespace muster::probes {

enum class Readiness { readable, writable };
enum class Interest { reading, writing, both };

/// Calls back while a watched socket is ready, again and again until it is forgotten. Belongs to its loop's thread; may be destroyed
/// from within the call.
class SocketWatch {
  public:
    using Ready = std::function<void(int descriptor, Readiness readiness)>;

    SocketWatch(asio::io_context& loop, Ready ready);
    ~SocketWatch();
    SocketWatch(const SocketWatch&) = delete;
    SocketWatch& operator=(const SocketWatch&) = delete;

    /// Starts watching, or changes what for.
    void watch(int descriptor, Interest interest);
    /// Before the library closes it.
    void forget(int descriptor);

  private:
    struct Impl;
    std::shared_ptr<Impl> impl_;  // shared with pending waits
};

}  // namespace muster::probes
