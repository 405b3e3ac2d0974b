#include "probes/resolver.hpp"

#include "probes/waiter.hpp"

#include <boost/asio/ip/address.hpp>
#include <boost/asio/post.hpp>

#include <array>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <netdb.h>
#include <optional>
#include <sys/socket.h>
#include <thread>
#include <unordered_map>
#include <utility>

namespace muster::probes {

namespace {

using Steady = std::chrono::steady_clock;
using Addresses = std::vector<std::string>;
using Lookup = std::function<Result<Addresses>(const std::string&)>;

Result<Addresses> system_lookup(const std::string& host) {
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    addrinfo* list = nullptr;
    const int problem = getaddrinfo(host.c_str(), nullptr, &hints, &list);
    if (problem != 0) {
        const bool absent = problem == EAI_NONAME || problem == EAI_NODATA;
        return failure(
            absent ? ErrorKind::not_found : ErrorKind::unavailable,
            absent ? "the name does not exist" : gai_strerror(problem),
            host
        );
    }
    const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> owner(list, &freeaddrinfo);
    Addresses addresses;
    for (const addrinfo* entry = list; entry != nullptr; entry = entry->ai_next) {
        std::array<char, NI_MAXHOST> text{};
        const int bad = getnameinfo(
            entry->ai_addr, entry->ai_addrlen, text.data(), text.size(), nullptr, 0, NI_NUMERICHOST
        );
        if (bad == 0) {
            addresses.emplace_back(text.data());
        }
    }
    if (addresses.empty()) {
        return failure(ErrorKind::not_found, "the name has no address", host);
    }
    return addresses;
}

struct Answer {
    std::string host;
    Result<Addresses> addresses;
    Duration took;
};

/// Between the loop and the threads; owned by both, since a hanging lookup outlives the resolver.
struct Shared {
    std::mutex mutex;
    std::condition_variable ready;
    std::deque<std::string> questions;
    std::function<void(Answer)> deliver;  ///< posts to the loop; empty once the resolver is gone
    bool stopped = false;
};

void work(const std::shared_ptr<Shared>& shared, const Lookup& lookup) {
    for (;;) {
        std::string host;
        {
            std::unique_lock lock(shared->mutex);
            shared->ready.wait(lock, [&] { return shared->stopped || !shared->questions.empty(); });
            if (shared->stopped) {
                return;
            }
            host = std::move(shared->questions.front());
            shared->questions.pop_front();
        }
        const auto begun = Steady::now();
        auto addresses = lookup(host);
        Answer answer{std::move(host), std::move(addresses), Steady::now() - begun};
        const std::lock_guard lock(shared->mutex);
        if (shared->deliver) {
            shared->deliver(std::move(answer));
        }
    }
}

}  // namespace

struct Resolver::Impl {
    struct Known {
        Addresses addresses;
        Steady::time_point at;
    };

    /// A question being asked; the waiters live in the frames of `resolve`.
    struct Asked {
        std::vector<Waiter*> waiters;
        std::optional<Error> problem;
        Duration took{};
    };

    explicit Impl(asio::io_context& on, ResolverOptions with) : loop(on), options(std::move(with)) {
        if (!options.lookup) {
            options.lookup = system_lookup;
        }
    }

    void ask(const std::string& host);
    void take(Answer answer);
    void remember(const std::string& host, Addresses addresses);

    asio::io_context& loop;
    ResolverOptions options;
    // Owned by this and by the threads, which may hang in a lookup when the resolver goes.
    std::shared_ptr<Shared> shared = std::make_shared<Shared>();
    std::uint32_t threads = 0;
    std::unordered_map<std::string, Known> known;
    // Owned by this and by every coroutine that waits for the answer.
    std::unordered_map<std::string, std::shared_ptr<Asked>> asked;
};

void Resolver::Impl::ask(const std::string& host) {
    {
        const std::lock_guard lock(shared->mutex);
        shared->questions.push_back(host);
    }
    shared->ready.notify_one();
    if (threads < options.threads) {
        ++threads;
        std::thread(work, shared, options.lookup).detach();
    }
}

void Resolver::Impl::remember(const std::string& host, Addresses addresses) {
    if (known.size() >= options.names && !known.contains(host)) {
        auto oldest = known.begin();
        for (auto each = known.begin(); each != known.end(); ++each) {
            if (each->second.at < oldest->second.at) {
                oldest = each;
            }
        }
        known.erase(oldest);
    }
    known[host] = Known{.addresses = std::move(addresses), .at = Steady::now()};
}

void Resolver::Impl::take(Answer answer) {
    const auto found = asked.find(answer.host);
    const auto question = found == asked.end() ? nullptr : found->second;
    if (answer.addresses) {
        remember(answer.host, std::move(*answer.addresses));
    }
    if (question == nullptr) {
        return;
    }
    asked.erase(found);
    if (!answer.addresses) {
        question->problem = answer.addresses.error();
    }
    question->took = answer.took;
    for (Waiter* waiter : question->waiters) {
        waiter->wake();
    }
}

Resolver::Resolver(asio::io_context& loop, ResolverOptions options)
    : impl_(std::make_unique<Impl>(loop, std::move(options))) {
    Impl* impl = impl_.get();
    // Called with the lock held; what it posts looks again whether the resolver is still there.
    impl->shared->deliver =
        [impl, shared = std::weak_ptr<Shared>(impl->shared), &loop](Answer answer) {
            asio::post(loop, [impl, shared, answer = std::move(answer)]() mutable {
                const auto alive = shared.lock();
                if (alive == nullptr || alive->stopped) {
                    return;
                }
                impl->take(std::move(answer));
            });
        };
}

Resolver::~Resolver() {
    {
        const std::lock_guard lock(impl_->shared->mutex);
        impl_->shared->stopped = true;
        impl_->shared->deliver = nullptr;
    }
    impl_->shared->ready.notify_all();
}

Task<Result<Resolved>> Resolver::resolve(std::string host, Deadline deadline) {
    boost::system::error_code not_literal;
    asio::ip::make_address(host, not_literal);
    if (!not_literal) {
        co_return Resolved{.addresses = {host}, .took = {}, .freshness = Freshness::literal};
    }
    const auto known = impl_->known.find(host);
    const bool stale_known = known != impl_->known.end();
    if (stale_known && Steady::now() - known->second.at < impl_->options.keep) {
        co_return Resolved{
            .addresses = known->second.addresses, .took = {}, .freshness = Freshness::remembered
        };
    }

    auto& entry = impl_->asked[host];
    if (!entry) {
        entry = std::make_shared<Impl::Asked>();
        impl_->ask(host);
    }
    const auto question = entry;
    Waiter waiter(impl_->loop);
    question->waiters.push_back(&waiter);
    const Deadline patience = stale_known ? Deadline::in(deadline.left() / 4) : deadline;
    const WaitEnd end = co_await waiter.wait(patience);
    std::erase(question->waiters, &waiter);
    if (end == WaitEnd::cancelled) {
        co_return failure(ErrorKind::closed, "stopped", host);
    }
    const auto answer = impl_->known.find(host);
    const bool failed = end == WaitEnd::timed_out || question->problem.has_value();
    if (answer != impl_->known.end()) {
        co_return Resolved{
            .addresses = answer->second.addresses,
            .took = failed ? Duration{} : question->took,
            .freshness = failed ? Freshness::stale : Freshness::fresh,
        };
    }
    const std::optional<Error>& problem = question->problem;
    if (problem) {
        co_return failure(*problem);
    }
    co_return failure(ErrorKind::timeout, "the name service does not answer", host);
}

}  // namespace muster::probes
