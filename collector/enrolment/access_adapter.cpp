#include "collector/enrolment/access_adapter.hpp"

#include "base/bytes.hpp"
#include "base/crypto.hpp"
#include "base/log.hpp"
#include "collector/enrolment/refusal_tally.hpp"
#include "collector/enrolment/tokens.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>

namespace muster::collector {

namespace {

/// The body of a coroutine on the store's thread.
template <class T>
Task<Result<T>> run_there(std::function<Result<T>()> work) {
    co_return work();
}

/// Passwords being checked or hashed at once, and those that wait; each takes some 100 ms and 32 MiB.
constexpr std::size_t most_hashing = 2;
constexpr std::size_t most_waiting = 16;
/// Of those that wait, from addresses that have not signed in to the account: they do not keep the owner waiting.
constexpr std::size_t strangers_waiting = 4;
constexpr std::size_t most_regulars = 4096;
/// Between two renewals of an agent; shorter where certificates live shortly.
constexpr Duration renewal_pause = std::chrono::minutes(1);

/// For the brain to know of an agent whose enrolment or end is done.
constexpr Duration show_patience = std::chrono::seconds(2);

/// The body of a coroutine on a thread for passwords.
template <class T>
Task<T> hash_there(std::function<T()> work) {
    co_return work();
}

Error too_busy() {
    return {ErrorKind::full, "too many passwords are being checked; try again in a second"};
}

Error wrong_password() {
    return {ErrorKind::refused, "name or password is wrong, or the account is disabled"};
}

Pending revoked_entry(const EnrolledAgent& agent) {
    proto::AgentDisconnected body;  // agent_id is field 1 in every body about one agent
    body.set_agent_id(std::string(agent.id.raw()));
    Pending entry;
    entry.kind = EntryKind::agent_revoked;
    entry.body = body.SerializeAsString();
    return entry;
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

}  // namespace

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
    std::multimap<AgentId, std::shared_ptr<asio::steady_timer>> unshown;  // whose `show` waits
    std::map<AgentId, MonoTime> renewed;                                  // when each asked last
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
        Task<Result<T>> there = run_there<T>(std::move(work));
        co_return co_await asio::co_spawn(thread, std::move(there), asio::use_awaitable);
    }

    /// Runs `work` on one of the threads for passwords; nothing when more than `waiting` wait.
    template <class T>
    Task<std::optional<T>> hash(std::function<T()> work, std::size_t waiting) {
        if (is_stopped || hashes >= most_hashing + waiting) {
            co_return std::nullopt;
        }
        const HashSlot slot(shared_from_this(), hashes);
        Task<T> there = hash_there<T>(std::move(work));
        T found = co_await asio::co_spawn(hashing, std::move(there), asio::use_awaitable);
        co_return found;
    }

    void announce(const EnrolledAgent& agent);
    Task<void> show(EnrolledAgent agent);
    void mark_announced(AgentId agent);
    void tell_refused(const std::string& name, const std::string& peer);
    void tell_agent_refused(
        const std::string& who, const std::string& action, const Error& why, const std::string& peer
    );
    Task<Result<Actor>> check_bearer(Secret bearer, std::string address);
    Task<Result<Actor>> check_session(Secret cookie);
    Task<Result<std::string>> checked(std::shared_ptr<SignIn> who);
    Task<Result<OpenedSession>> sign_in(SignIn who);
    Task<Status> confirm(SignIn who);
    Task<Result<std::string>> hash_password(Secret password);
    Task<Status> perform_work(AccessWork work);
    Task<Result<EnrolAnswer>> enrol(EnrolRequest request);
    Task<Result<RecoverAnswer>> recover(RecoverRequest request);
    Task<Status> revoke_agent(AgentId agent, Actor actor);
    void adopt(EnrolledAgent& agent, const std::string& peer);
    Task<Result<std::string>> renew(wire::Peer peer, std::string request_pem);
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

/// The brain takes the same agent twice for one.
void AccessAdapter::Impl::announce(const EnrolledAgent& agent) {
    const std::weak_ptr<Impl> self = weak_from_this();
    Pending entry = agent.is_active ? enrolled_entry(agent) : revoked_entry(agent);
    context.journal->append(std::move(entry), [self, id = agent.id] {
        if (const auto impl = self.lock()) {
            impl->mark_announced(id);
        }
    });
}

/// Announces the agent, and waits until whoever asks next sees it. Not for long: it holds in any case.
Task<void> AccessAdapter::Impl::show(EnrolledAgent agent) {
    const auto timer = std::make_shared<asio::steady_timer>(*context.loop, show_patience);
    unshown.emplace(agent.id, timer);
    announce(agent);
    boost::system::error_code ended;
    co_await timer->async_wait(asio::redirect_error(asio::use_awaitable, ended));
}

void AccessAdapter::Impl::mark_announced(AgentId agent) {
    const auto impl = shared_from_this();
    asio::post(thread, [impl, agent] {
        if (const auto marked = impl->store.mark_announced(agent); !marked) {
            log(LogLevel::warning, "access.not_marked", {{"why", marked.error().text()}});
        }
    });
}

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

/// `who`: "join token 3f2c…", "agent 6f1c…", as far as it was said.
void AccessAdapter::Impl::tell_agent_refused(
    const std::string& who, const std::string& action, const Error& why, const std::string& peer
) {
    const std::optional<std::uint64_t> untold = agents_refused.admit(context.clock->mono());
    if (!untold) {
        return;
    }
    log(LogLevel::warning, action, {{"who", who}, {"peer", peer}, {"why", why.what()}});
    Actor actor;
    actor.name = who;
    actor.peer = peer;
    std::string target = why.what();
    if (*untold > 0) {
        target += " (and " + std::to_string(*untold) + " more refused agents)";
    }
    const auto impl = shared_from_this();
    asio::post(thread, [impl, actor, action, target] {
        const WallTime at = impl->context.clock->wall();
        if (const auto kept = impl->store.note(at, actor, action, target); !kept) {
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
        const auto token = parse_join_token(shared->token);
        const std::string who = token ? "join token " + token->id : "";
        tell_agent_refused(who, "enrol.refused", enrolled.error(), peer);
        co_return failure(enrolled.error());
    }
    const EnrolledAgent& agent = enrolled->agent;
    agents.insert_or_assign(agent.id, agent);
    log(LogLevel::notice,
        "agent.enrolled",
        {{"agent", agent.id.text()}, {"name", agent.name}, {"peer", peer}});
    Task<void> showing = show(agent);
    co_await std::move(showing);
    co_return EnrolAnswer{
        .agent = agent.id,
        .name = agent.name,
        .site = agent.site,
        .certificate_pem = std::move(enrolled->certificate_pem),
        .ca_pem = context.authority->ca_pem()
    };
}

Task<Result<RecoverAnswer>> AccessAdapter::Impl::recover(RecoverRequest request) {
    const auto impl = shared_from_this();
    const auto shared = std::make_shared<RecoverRequest>(std::move(request));
    std::function<Result<AccessStore::Recovered>()> work = [impl, shared] {
        const AccessContext& outside = impl->context;
        return impl->store.recover(
            *shared, *outside.authority, outside.certificate_valid, outside.clock->wall()
        );
    };
    auto recovered = co_await perform<AccessStore::Recovered>(std::move(work));
    if (!recovered) {
        // Not proved: it is only what the certificate that was shown says.
        const auto shown = wire::read_certificate(shared->proof.certificate_pem);
        const std::string who = shown ? "agent " + shown->agent.text() : "";
        tell_agent_refused(who, "recover.refused", recovered.error(), shared->peer);
        co_return failure(recovered.error());
    }
    const EnrolledAgent& agent = recovered->agent;
    // It may have been revoked since.
    if (const auto known = agents.find(agent.id); known != agents.end()) {
        known->second.serial = agent.serial;
        known->second.next_serial = agent.next_serial;
    }
    log(LogLevel::notice,
        "certificate.recovered",
        {{"agent", agent.id.text()}, {"name", agent.name}, {"peer", shared->peer}});
    co_return RecoverAnswer{
        .agent = agent.id,
        .name = agent.name,
        .certificate_pem = std::move(recovered->certificate.certificate_pem),
        .ca_pem = context.authority->ca_pem()
    };
}

Task<Status> AccessAdapter::Impl::revoke_agent(AgentId agent, Actor actor) {
    const auto impl = shared_from_this();
    std::function<Result<bool>()> work = [impl, agent, actor]() -> Result<bool> {
        const Status done = impl->store.revoke(agent, actor, impl->context.clock->wall());
        return done ? Result<bool>(true) : failure(done.error());
    };
    const Result<bool> revoked = co_await perform<bool>(std::move(work));
    if (!revoked) {
        co_return failure(revoked.error());
    }
    if (const auto known = agents.find(agent); known != agents.end()) {
        known->second.is_active = false;
        log(LogLevel::notice,
            "agent.revoked",
            {{"agent", agent.text()}, {"name", known->second.name}, {"by", actor.name}});
        Task<void> showing = show(known->second);
        co_await std::move(showing);
    }
    co_return Status{};
}

/// Both certificates of a crash in between are known at the next start, and the next use of the newer one tells again.
void AccessAdapter::Impl::adopt(EnrolledAgent& agent, const std::string& peer) {
    const auto impl = shared_from_this();
    asio::post(thread, [impl, agent, peer] {
        const WallTime at = impl->context.clock->wall();
        if (const auto adopted = impl->store.adopt(agent, peer, at); !adopted) {
            log(LogLevel::warning, "access.not_adopted", {{"why", adopted.error().text()}});
        }
    });
    agent.serial = std::exchange(agent.next_serial, {});
    log(LogLevel::notice, "certificate.replaced", {{"agent", agent.id.text()}, {"peer", peer}});
}

Task<Result<std::string>> AccessAdapter::Impl::renew(wire::Peer peer, std::string request_pem) {
    const auto found = agents.find(peer.agent);
    if (found == agents.end() || !found->second.is_active || found->second.serial != peer.serial) {
        co_return failure(ErrorKind::refused, "this certificate does not count any more");
    }
    const MonoTime now = context.clock->mono();
    const auto [last, is_first] = renewed.try_emplace(peer.agent, now);
    const Duration pause = std::min<Duration>(renewal_pause, context.certificate_valid / 100);
    if (!is_first && now - last->second < pause) {
        co_return failure(
            ErrorKind::refused, "asked again too soon; wait " + format_duration(pause)
        );
    }
    last->second = now;
    const auto impl = shared_from_this();
    std::function<Result<wire::IssuedCertificate>()> work =
        [impl, agent = found->second, request_pem = std::move(request_pem), from = peer.address] {
            const AccessContext& outside = impl->context;
            return impl->store.renew(
                agent,
                request_pem,
                from,
                *outside.authority,
                outside.certificate_valid,
                outside.clock->wall()
            );
        };
    const auto issued = co_await perform<wire::IssuedCertificate>(std::move(work));
    if (!issued) {
        log(LogLevel::warning,
            "certificate.refused",
            {{"agent", peer.agent.text()}, {"why", issued.error().what()}});
        co_return failure(issued.error());
    }
    agents.at(peer.agent).next_serial = issued->serial;
    log(LogLevel::info,
        "certificate.promised",
        {{"agent", peer.agent.text()}, {"until", format_rfc3339(issued->not_after)}});
    co_return issued->certificate_pem;
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

void AccessAdapter::shown(AgentId agent) {
    const auto [first, last] = impl_->unshown.equal_range(agent);
    std::for_each(first, last, [](auto& waiting) { waiting.second->cancel(); });
    impl_->unshown.erase(first, last);
}

Status AccessAdapter::may_connect(const wire::Peer& peer) {
    const auto found = impl_->agents.find(peer.agent);
    if (found == impl_->agents.end()) {
        return failure(ErrorKind::refused, "this agent is not enrolled here");
    }
    if (!found->second.is_active) {
        return failure(ErrorKind::refused, "this agent has been revoked");
    }
    if (!peer.serial.empty() && found->second.next_serial == peer.serial) {
        impl_->adopt(found->second, peer.address);
    }
    if (found->second.serial != peer.serial) {
        return failure(ErrorKind::refused, "this certificate has been replaced by a newer one");
    }
    return {};
}

Task<Result<std::string>> AccessAdapter::renew(wire::Peer peer, std::string request_pem) {
    return impl_->renew(std::move(peer), std::move(request_pem));
}

void AccessAdapter::trusts(AgentId agent, const std::string& authorities) {
    const auto known = impl_->agents.find(agent);
    std::string text = to_hex(authorities);
    if (known == impl_->agents.end() || known->second.authorities == text) {
        return;
    }
    known->second.authorities = text;
    asio::post(impl_->thread, [impl = impl_, agent, text = std::move(text)] {
        if (const auto noted = impl->store.note_trust(agent, text); !noted) {
            log(LogLevel::warning, "access.not_noted", {{"why", noted.error().text()}});
        }
    });
}

void AccessAdapter::Impl::copy_step() {
    const CopyRules rules{.begin = [this](const CopyPlace& to) {
        return store.begin_copy(to.folder);
    }};
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
