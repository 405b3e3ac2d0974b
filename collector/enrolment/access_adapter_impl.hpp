// Owns: what the adapter's parts share: the store with its thread, and work on it. Leaves to people_adapter.cpp: who signs in; to
// agents_adapter.cpp: who connects.
#pragma once

#include "collector/enrolment/access_adapter.hpp"
#include "collector/enrolment/refusal_tally.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>

namespace muster::collector {

/// Passwords being checked or hashed at once; each takes some 100 ms and 32 MiB.
inline constexpr std::size_t most_hashing = 2;

/// The body of a coroutine on another thread.
template <class T>
Task<T> run_there(std::function<T()> work) {
    co_return work();
}

/// One of the passwords that are checked or wait, also when the caller goes away. Belongs to the loop's thread.
class HashSlot {
  public:
    /// The count lives as long as its owner.
    HashSlot(std::shared_ptr<void> owner, std::size_t& count)
        : owner_(std::move(owner)), count_(&count) {
        ++*count_;
    }

    HashSlot(const HashSlot&) = delete;
    HashSlot& operator=(const HashSlot&) = delete;

    ~HashSlot() { --*count_; }

  private:
    std::shared_ptr<void> owner_;  // shared with the adapter and its running operations
    std::size_t* count_;
};

struct AccessAdapter::Impl : std::enable_shared_from_this<AccessAdapter::Impl> {
    Impl(AccessContext outside, AccessStore rows)
        : context(outside),
          store(std::move(rows)),
          thread(1),
          hashing(most_hashing),
          copies([this] { asio::post(thread, [this] { copy_step(); }); }) {}

    AccessContext context;
    AccessStore store;  // the thread alone, once it has work
    asio::thread_pool thread;
    asio::thread_pool hashing;
    std::size_t hashes = 0;  // running and waiting
    bool has_administrator = false;
    std::set<std::string> regulars;  // "name address" that have signed in since the start
    RefusalTally sign_ins_refused;
    RefusalTally agents_refused;
    std::map<AgentId, EnrolledAgent> agents;
    std::multimap<AgentId, std::function<void()>> unshown;  // ends the waiting of `show`
    std::map<AgentId, MonoTime> renewed;                    // when each asked last
    bool is_stopped = false;
    CopyDesk copies;

    /// A piece of a copy, then what waits for the thread, then the next.
    void copy_step();

    /// Runs `work` on the store's thread and comes back to the caller's loop.
    template <class T>
    Task<Result<T>> perform(std::function<Result<T>()> work) {
        if (is_stopped) {
            co_return failure(ErrorKind::closed, "the collector is stopping");
        }
        Task<Result<T>> there = run_there<Result<T>>(std::move(work));
        co_return co_await asio::co_spawn(thread, std::move(there), asio::use_awaitable);
    }

    /// Runs `work` on one of the threads for passwords; nothing when more than `waiting` wait.
    template <class T>
    Task<std::optional<T>> hash(std::function<T()> work, std::size_t waiting) {
        if (is_stopped || hashes >= most_hashing + waiting) {
            co_return std::nullopt;
        }
        const HashSlot slot(shared_from_this(), hashes);
        Task<T> there = run_there<T>(std::move(work));
        T found = co_await asio::co_spawn(hashing, std::move(there), asio::use_awaitable);
        co_return found;
    }

    Task<Status> perform_work(AccessWork work);

    // people_adapter.cpp
    Task<Result<Actor>> check_bearer(Secret bearer, std::string address);
    Task<Result<Actor>> check_session(Secret cookie);
    Task<Result<std::string>> checked(std::shared_ptr<SignIn> who);
    Task<Result<OpenedSession>> sign_in(SignIn who);
    Task<Status> confirm(SignIn who);
    Task<Result<std::string>> hash_password(Secret password);
    void tell_refused(const std::string& name, const std::string& peer);

    // agents_adapter.cpp
    Task<Result<EnrolAnswer>> enrol(EnrolRequest request);
    Task<Result<RecoverAnswer>> recover(RecoverRequest request);
    Task<Status> revoke_agent(AgentId agent, Actor actor);
    Task<Result<std::string>> renew(wire::Peer peer, std::string request_pem);
    void adopt(EnrolledAgent& agent, const std::string& peer);
    void announce(const EnrolledAgent& agent);
    void mark_announced(AgentId agent);
    Task<void> show(EnrolledAgent agent);
    void tell_agent_refused(
        const std::string& who, const std::string& action, const Error& why, const std::string& peer
    );
};

}  // namespace muster::collector
