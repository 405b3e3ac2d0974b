#include "collector/enrolment/access_adapter.hpp"

#include "collector/enrolment/access_adapter_impl.hpp"

#include <boost/asio/post.hpp>

#include <functional>
#include <utility>

namespace muster::collector {

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
    const auto administered = store.users().has_administrator();
    if (!all || !missing) {
        return failure(!all ? all.error() : missing.error());
    }
    if (!administered) {
        return failure(administered.error());
    }
    auto impl = std::make_shared<Impl>(context, std::move(store));
    impl->has_administrator = *administered;
    for (EnrolledAgent& agent : *all) {
        const AgentId id = agent.id;
        impl->agents.emplace(id, std::move(agent));
    }
    for (const EnrolledAgent& agent : *missing) {
        impl->announce(agent);
    }
    return AccessAdapter(std::move(impl));
}

Task<Status> AccessAdapter::Impl::perform_work(AccessWork work) {
    const auto impl = shared_from_this();
    std::function<Result<bool>()> there = [impl, work = std::move(work)]() -> Result<bool> {
        const AccessContext& outside = impl->context;
        AccessDesk desk{impl->store, *outside.random, *outside.authority, outside.clock->wall()};
        if (auto done = work(desk); !done) {
            return failure(done.error());
        }
        return impl->store.users().has_administrator();
    };
    const Result<bool> administered = co_await perform<bool>(std::move(there));
    if (!administered) {
        co_return failure(administered.error());
    }
    has_administrator = *administered;
    co_return Status{};
}

AccessOperations AccessAdapter::operations() {
    const auto impl = impl_;
    return {
        .check_bearer = [impl](
                            Secret bearer, std::string address
                        ) { return impl->check_bearer(std::move(bearer), std::move(address)); },
        .check_session = [impl](Secret cookie) { return impl->check_session(std::move(cookie)); },
        .sign_in = [impl](SignIn who) { return impl->sign_in(std::move(who)); },
        .confirm = [impl](SignIn who) { return impl->confirm(std::move(who)); },
        .hash_password = [impl](Secret password
                         ) { return impl->hash_password(std::move(password)); },
        .perform = [impl](AccessWork work) { return impl->perform_work(std::move(work)); },
        .has_administrator = [impl] { return impl->has_administrator; },
        .enrol = [impl](EnrolRequest request) { return impl->enrol(std::move(request)); },
        .recover = [impl](RecoverRequest request) { return impl->recover(std::move(request)); },
        .revoke_agent = [impl](
                            AgentId agent, Actor actor
                        ) { return impl->revoke_agent(agent, std::move(actor)); }
    };
}

void AccessAdapter::Impl::copy_step() {
    const CopyRules rules{
        .begin = [this](const CopyPlace& to) { return store.begin_copy(to.folder); },
        .finish = [this](const CopyPlace& to
                  ) { return store.note_copied(to.backup, context.clock->wall()); }
    };
    if (copies.work(rules)) {
        asio::post(thread, [this] { copy_step(); });
    }
}

Status AccessAdapter::copy(const CopyPlace& to, const std::stop_token& stop) {
    return impl_->copies.copy(to, stop);
}

void AccessAdapter::stop() {
    impl_->is_stopped = true;
    impl_->hashing.join();
    impl_->thread.join();
    impl_->copies.close();
    impl_->unshown.clear();
}

}  // namespace muster::collector
