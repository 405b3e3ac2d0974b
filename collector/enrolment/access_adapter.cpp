#include "collector/enrolment/access_adapter.hpp"

#include "base/log.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <functional>
#include <map>
#include <utility>

namespace muster::collector {

namespace {

/// The body of a coroutine on the store's thread.
template <class T>
Task<Result<T>> run_there(std::function<Result<T>()> work) {
    co_return work();
}

Pending enrolled_entry(const EnrolledAgent& agent) {
    proto::AgentEnrolled body;
    body.set_agent_id(std::string(agent.id.raw()));
    body.set_name(agent.name);
    body.set_site(agent.site);
    body.set_hostname(agent.hostname);
    Pending entry;
    entry.kind = EntryKind::agent_enrolled;
    entry.body = body.SerializeAsString();
    return entry;
}

}  // namespace

struct AccessAdapter::Impl : std::enable_shared_from_this<AccessAdapter::Impl> {
    Impl(AccessContext outside, AccessStore rows)
        : context(outside), store(std::move(rows)), thread(1) {}

    AccessContext context;
    AccessStore store;  // the thread alone, once it has work
    asio::thread_pool thread;
    std::map<AgentId, EnrolledAgent> agents;
    bool is_stopped = false;

    /// Runs `work` on the store's thread and comes back to the caller's loop.
    template <class T>
    Task<Result<T>> perform(std::function<Result<T>()> work) {
        if (is_stopped) {
            co_return failure(ErrorKind::closed, "the collector is stopping");
        }
        Task<Result<T>> there = run_there<T>(std::move(work));
        co_return co_await asio::co_spawn(thread, std::move(there), asio::use_awaitable);
    }

    void announce(const EnrolledAgent& agent);
    void mark_announced(AgentId agent);
    Task<Result<Actor>> check_bearer(Secret bearer);
    Task<Result<CreatedJoinToken>> create_join_token(JoinTokenRequest request, Actor actor);
    Task<Result<std::vector<JoinToken>>> join_tokens();
    Task<Result<EnrolAnswer>> enrol(EnrolRequest request);
};

AccessAdapter::AccessAdapter(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}

AccessAdapter::AccessAdapter(AccessAdapter&&) noexcept = default;

AccessAdapter::~AccessAdapter() {
    if (impl_) {
        stop();
    }
}

Result<AccessAdapter> AccessAdapter::open(AccessContext context, AccessStore store) {
    auto all = store.agents();
    auto missing = store.unannounced();
    if (!all || !missing) {
        return failure(!all ? all.error() : missing.error());
    }
    auto impl = std::make_shared<Impl>(context, std::move(store));
    for (EnrolledAgent& agent : *all) {
        const AgentId id = agent.id;
        impl->agents.emplace(id, std::move(agent));
    }
    for (const EnrolledAgent& agent : *missing) {
        impl->announce(agent);
    }
    return AccessAdapter(std::move(impl));
}

/// The brain takes the same agent twice for one.
void AccessAdapter::Impl::announce(const EnrolledAgent& agent) {
    const std::weak_ptr<Impl> self = weak_from_this();
    context.journal->append(enrolled_entry(agent), [self, id = agent.id] {
        if (const auto impl = self.lock()) {
            impl->mark_announced(id);
        }
    });
}

void AccessAdapter::Impl::mark_announced(AgentId agent) {
    const auto impl = shared_from_this();
    asio::post(thread, [impl, agent] {
        if (const auto marked = impl->store.mark_announced(agent); !marked) {
            log(LogLevel::warning, "access.not_marked", {{"why", marked.error().text()}});
        }
    });
}

Task<Result<Actor>> AccessAdapter::Impl::check_bearer(Secret bearer) {
    const auto impl = shared_from_this();
    const auto shared = std::make_shared<Secret>(std::move(bearer));  // std::function copies
    std::function<Result<Actor>()> work = [impl, shared] {
        return impl->store.check_bearer(*shared, impl->context.clock->wall());
    };
    co_return co_await perform<Actor>(std::move(work));
}

Task<Result<CreatedJoinToken>> AccessAdapter::Impl::create_join_token(
    JoinTokenRequest request, Actor actor
) {
    const auto impl = shared_from_this();
    std::function<Result<CreatedJoinToken>()> work = [impl, request, actor] {
        const AccessContext& context = impl->context;
        return impl->store.create_join_token(
            request, actor, context.authority->pin(), *context.random, context.clock->wall()
        );
    };
    co_return co_await perform<CreatedJoinToken>(std::move(work));
}

Task<Result<std::vector<JoinToken>>> AccessAdapter::Impl::join_tokens() {
    const auto impl = shared_from_this();
    std::function<Result<std::vector<JoinToken>>()> work = [impl] {
        return impl->store.join_tokens();
    };
    co_return co_await perform<std::vector<JoinToken>>(std::move(work));
}

Task<Result<EnrolAnswer>> AccessAdapter::Impl::enrol(EnrolRequest request) {
    const auto impl = shared_from_this();
    const std::string peer = request.peer;
    const auto shared = std::make_shared<EnrolRequest>(std::move(request));  // std::function copies
    std::function<Result<AccessStore::Enrolled>()> work = [impl, shared] {
        const AccessContext& context = impl->context;
        return impl->store.enrol(
            *shared,
            *context.authority,
            context.certificate_valid,
            *context.random,
            context.clock->wall()
        );
    };
    auto enrolled = co_await perform<AccessStore::Enrolled>(std::move(work));
    if (!enrolled) {
        log(LogLevel::warning, "enrol.refused", {{"peer", peer}, {"why", enrolled.error().what()}});
        co_return failure(enrolled.error());
    }
    const EnrolledAgent& agent = enrolled->agent;
    agents.insert_or_assign(agent.id, agent);
    announce(agent);
    log(LogLevel::notice,
        "agent.enrolled",
        {{"agent", agent.id.text()}, {"name", agent.name}, {"peer", peer}});
    co_return EnrolAnswer{
        .agent = agent.id,
        .name = agent.name,
        .site = agent.site,
        .certificate_pem = std::move(enrolled->certificate_pem),
        .ca_pem = context.authority->ca_pem(),
        .link = {}
    };
}

AccessOperations AccessAdapter::operations() {
    const auto impl = impl_;
    return {
        .check_bearer = [impl](Secret bearer) { return impl->check_bearer(std::move(bearer)); },
        .create_join_token =
            [impl](JoinTokenRequest request, Actor actor) {
                return impl->create_join_token(std::move(request), std::move(actor));
            },
        .join_tokens = [impl] { return impl->join_tokens(); },
        .enrol = [impl](EnrolRequest request) { return impl->enrol(std::move(request)); }
    };
}

Status AccessAdapter::may_connect(const wire::Peer& peer) const {
    const auto found = impl_->agents.find(peer.agent);
    if (found == impl_->agents.end()) {
        return failure(ErrorKind::refused, "this agent is not enrolled here");
    }
    if (!found->second.is_active) {
        return failure(ErrorKind::refused, "this agent has been revoked");
    }
    if (found->second.serial != peer.serial) {
        return failure(ErrorKind::refused, "this certificate has been replaced by a newer one");
    }
    return {};
}

void AccessAdapter::stop() {
    impl_->is_stopped = true;
    impl_->thread.join();
}

}  // namespace muster::collector
