// Owns: messages over the socket pair between the agent and a worker: length u32 (little-endian), then that many bytes.
#pragma once

#include "base/task.hpp"

#include <boost/asio/io_context.hpp>

#include <cstdint>
#include <memory>
#include <string>

namespace muster::probes {

/// One end. Belongs to its loop's thread.
class WorkerChannel {
  public:
    /// Takes over a connected stream socket. `largest`: bytes a received message may have.
    WorkerChannel(asio::io_context& loop, int descriptor, std::uint32_t largest = 4u << 20);
    ~WorkerChannel();
    WorkerChannel(const WorkerChannel&) = delete;
    WorkerChannel& operator=(const WorkerChannel&) = delete;

    /// Queues a message. Beyond 64 MiB of unsent messages the channel closes: the peer has stopped reading.
    void send(const std::string& message);
    /// The next message; `closed` at the end, `corrupt` where the peer announces more than `largest`. One receive at a time.
    Task<Result<std::string>> receive();
    void close();

  private:
    struct Impl;
    std::shared_ptr<Impl> impl_;  // shared with the write in flight
};

}  // namespace muster::probes
