// Owns: orders to copy a store in use, worked off in small steps by the thread that owns the store. Leaves to the store: how one
// begins and ends; to backup_maker.hpp: what is ordered.
#pragma once

#include "base/database.hpp"
#include "base/result.hpp"

#include <atomic>
#include <deque>
#include <functional>
#include <future>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>

namespace muster::collector {

/// Where to. Each store knows the names of its own files.
struct CopyPlace {
    std::string folder;  ///< copies of databases go here
    std::string
        links;  ///< and links to files that do not change here: a folder of the store's own file system
    std::string backup = {};  ///< the name of what this becomes part of
};

/// How a store is copied. Called on the store's own thread, between its transactions.
struct CopyRules {
    std::function<Result<DatabaseCopy>(const CopyPlace& to)> begin;
    /// In the same turn in which the copy of the database became whole; may be empty.
    std::function<Status(const CopyPlace& to)> finish = {};
};

class CopyDesk {
  public:
    /// `wake` makes the owner call `work` soon; it is called from any thread.
    explicit CopyDesk(std::function<void()> wake);

    /// Any thread but the owner's: waits until the copy is whole. `closed` when the store stops, or `stop` is asked for, before.
    Status copy(const CopyPlace& to, const std::stop_token& stop);
    /// The owner's thread, as often as it can: some milliseconds of copying. True: there is more to do.
    bool work(const CopyRules& rules);
    /// The owner's thread: the store is closed for now, and what is being copied from it ends with `why`.
    void interrupt(const Error& why);
    /// The owner's thread, at its end: what is ordered is not made.
    void close();

  private:
    struct Order {
        CopyPlace to;
        std::promise<Status> done;
        std::atomic<bool> is_abandoned = false;
    };

    std::shared_ptr<Order> next();

    std::function<void()> wake_;
    std::mutex mutex_;
    bool is_closed_ = false;                      // under the mutex
    std::deque<std::shared_ptr<Order>> waiting_;  // under the mutex; shared with who waits for it
    std::shared_ptr<Order> current_;              // shared with who waits for it
    std::optional<DatabaseCopy> copy_;
};

}  // namespace muster::collector
