// Owns: messages between threads where the receiver blocks (brain, history, journal). Loops receive by asio::post.
#pragma once

#include "base/time.hpp"

#include <condition_variable>
#include <deque>
#include <mutex>
#include <utility>
#include <vector>

namespace muster {

/// Many writers, one reader. The bound is the sender's business: `size()` tells how much waits.
template <class Message>
class Mailbox {
  public:
    void post(Message message) {
        {
            std::lock_guard lock(mutex_);
            waiting_.push_back(std::move(message));
        }
        ready_.notify_one();
    }

    /// Everything that waits, in order; waits up to `patience` for the first.
    std::deque<Message> take_all(Duration patience) {
        std::unique_lock lock(mutex_);
        ready_.wait_for(lock, patience, [this] { return !waiting_.empty(); });
        return std::exchange(waiting_, {});
    }

    std::size_t size() const {
        std::lock_guard lock(mutex_);
        return waiting_.size();
    }

  private:
    mutable std::mutex mutex_;
    std::condition_variable ready_;
    std::deque<Message> waiting_;
};

}  // namespace muster
