// Owns: who asks over the API: tokens, sessions, passwords. Leaves to the stores: the rows.
#include "base/crypto.hpp"
#include "base/log.hpp"
#include "collector/enrolment/access_adapter_impl.hpp"

#include <boost/asio/post.hpp>

namespace muster::collector {

namespace {

/// Passwords that wait beside those being checked.
constexpr std::size_t most_waiting = 16;
/// Of those that wait, from addresses that have not signed in to the account: they do not keep the owner waiting.
constexpr std::size_t strangers_waiting = 4;
constexpr std::size_t most_regulars = 4096;

Error too_busy() {
    return {ErrorKind::full, "too many passwords are being checked; try again in a second"};
}

Error wrong_password() {
    return {ErrorKind::refused, "name or password is wrong, or the account is disabled"};
}

}  // namespace

Task<Result<Actor>> AccessAdapter::Impl::check_bearer(Secret bearer, std::string address) {
    const auto impl = shared_from_this();
    const auto shared = std::make_shared<Secret>(std::move(bearer));  // std::function copies
    std::function<Result<Actor>()> work = [impl, shared, address = std::move(address)] {
        return impl->store.tokens().check_bearer(*shared, address, impl->context.clock->wall());
    };
    co_return co_await perform<Actor>(std::move(work));
}

Task<Result<Actor>> AccessAdapter::Impl::check_session(Secret cookie) {
    const auto impl = shared_from_this();
    const auto shared = std::make_shared<Secret>(std::move(cookie));  // std::function copies
    std::function<Result<Actor>()> work = [impl, shared] {
        return impl->store.sessions().check(*shared, impl->context.clock->wall());
    };
    co_return co_await perform<Actor>(std::move(work));
}

void AccessAdapter::Impl::tell_refused(const std::string& name, const std::string& peer) {
    const std::optional<std::uint64_t> untold = sign_ins_refused.admit(context.clock->mono());
    if (!untold) {
        return;
    }
    log(LogLevel::notice, "session.refused", {{"peer", peer}});
    const auto impl = shared_from_this();
    const auto who = std::make_shared<SignIn>();  // std::function copies
    who->name = name;
    who->peer = peer;
    asio::post(thread, [impl, who, more = *untold] {
        const WallTime at = impl->context.clock->wall();
        if (const auto kept = impl->store.sessions().refused(*who, more, at); !kept) {
            log(LogLevel::warning, "access.not_audited", {{"why", kept.error().text()}});
        }
    });
}

/// The hash that the password fits. Takes as long for a user that is not there.
Task<Result<std::string>> AccessAdapter::Impl::checked(std::shared_ptr<SignIn> who) {
    const auto impl = shared_from_this();
    using Stored = std::optional<std::string>;
    std::function<Result<Stored>()> find = [impl, who] {
        return impl->store.users().password_hash(who->name);
    };
    const Result<Stored> stored = co_await perform<Stored>(std::move(find));
    if (!stored) {
        co_return failure(stored.error());
    }
    const std::string hash = stored->value_or(nobodys_password_hash());
    const std::string regular = who->name + " " + who->peer.substr(0, who->peer.rfind(':'));
    const std::size_t waiting = regulars.contains(regular) ? most_waiting : strangers_waiting;
    std::function<bool()> compare = [who, hash] {
        return verify_password(hash, who->password.reveal());
    };
    const std::optional<bool> fits = co_await this->hash<bool>(std::move(compare), waiting);
    if (!fits) {
        co_return failure(too_busy());
    }
    if (!*fits || !stored->has_value()) {
        // What is no user's name may be a password in the wrong field.
        tell_refused(stored->has_value() ? who->name : "(no such user)", who->peer);
        co_return failure(wrong_password());
    }
    if (regulars.size() >= most_regulars) {
        regulars.clear();
    }
    regulars.insert(regular);
    co_return hash;
}

Task<Result<OpenedSession>> AccessAdapter::Impl::sign_in(SignIn who) {
    const auto impl = shared_from_this();
    const auto shared = std::make_shared<SignIn>(std::move(who));  // std::function copies
    const Result<std::string> hash = co_await checked(shared);
    if (!hash) {
        co_return failure(hash.error());
    }
    std::function<Result<OpenedSession>()> open = [impl, shared, hash = *hash] {
        const AccessContext& outside = impl->context;
        return impl->store.sessions().open(*shared, hash, *outside.random, outside.clock->wall());
    };
    Result<OpenedSession> opened = co_await perform<OpenedSession>(std::move(open));
    if (!opened && opened.error().kind() == ErrorKind::refused) {
        tell_refused(shared->name, shared->peer);
    }
    co_return opened;
}

Task<Status> AccessAdapter::Impl::confirm(SignIn who) {
    const Result<std::string> hash = co_await checked(std::make_shared<SignIn>(std::move(who)));
    co_return hash ? Status{} : Status{failure(hash.error())};
}

Task<Result<std::string>> AccessAdapter::Impl::hash_password(Secret password) {
    const auto shared = std::make_shared<Secret>(std::move(password));  // std::function copies
    std::function<Result<std::string>()> work = [shared] {
        return muster::hash_password(shared->reveal());
    };
    std::optional<Result<std::string>> made =
        co_await hash<Result<std::string>>(std::move(work), most_waiting);
    if (!made) {
        co_return failure(too_busy());
    }
    co_return std::move(*made);
}

}  // namespace muster::collector
