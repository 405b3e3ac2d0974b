// Owns: reading state.db beside the brain: read-only connections, each on a thread of its own. Leaves to the stores: what is asked.
#pragma once

#include "base/database.hpp"
#include "base/task.hpp"
#include "cmdb/model.hpp"

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace muster::collector {

/// A query with a name: the text is a constant, values are bound. A test prepares each of them against the schema.
struct NamedQuery {
    std::string_view name;
    std::string_view sql;
};

/// One read-only connection and its prepared statements; belongs to the thread that runs the work.
class StateConnection {
  public:
    struct Impl;
    explicit StateConnection(std::unique_ptr<Impl> impl);
    StateConnection(StateConnection&&) noexcept;
    ~StateConnection();

    /// Prepared once and reset; `timeout` where there is no time left for it. Valid until the same query is asked for again. The query's text must live for ever.
    Result<Statement*> prepared(const NamedQuery& query);
    /// A read transaction: from here to `end` every query sees the same state. Beyond `longest` queries fail with `timeout`.
    Status begin(Duration longest);
    void end();

    /// The classes that ran when this piece of work was asked for.
    const cmdb::Model& model() const;
    void use(std::shared_ptr<const cmdb::Model> model);

  private:
    std::unique_ptr<Impl> impl_;
};

/// Runs work on one of a few reader threads and comes back to the caller's loop. Each piece of work sees one
/// consistent state (a read transaction). Belongs to the loop's thread and outlives every coroutine that asks it; the
/// destructor waits for running work, and comes before that of the loop.
class StateReader {
  public:
    struct Impl;
    /// `readers` connections. At most 256 pieces of work wait; further ones are answered `unavailable`. Work that reads for longer
    /// than `longest` is cut short with `timeout`.
    static Result<StateReader> open(
        const std::string& path, int readers, Duration longest = std::chrono::seconds(5)
    );
    StateReader(StateReader&&) noexcept;
    ~StateReader();

    /// The classes that work sees from now on; without it, the shipped ones.
    void use(std::shared_ptr<const cmdb::Model> model);

    template <class T>
    Task<Result<T>> query(std::function<Result<T>(StateConnection&)> work);

    Task<Status> perform(std::function<Status(StateConnection&)> work);

  private:
    explicit StateReader(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

template <class T>
Task<Result<T>> StateReader::query(std::function<Result<T>(StateConnection&)> work) {
    // Shared by this coroutine and the work, which goes on when the coroutine is destroyed.
    const auto found = std::make_shared<std::optional<Result<T>>>();
    std::function<Status(StateConnection&)> keep = [found,
                                                    work = std::move(work)](StateConnection& c) {
        found->emplace(work(c));
        return Status{};
    };
    const Status done = co_await perform(std::move(keep));
    if (!done) {
        co_return failure(done.error());
    }
    co_return std::move(**found);
}

}  // namespace muster::collector
