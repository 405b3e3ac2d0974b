// Owns: which agents there are, and their way in and out. Leaves to the stores: the rows; to the brain: what it makes of them.
#include "base/bytes.hpp"
#include "base/log.hpp"
#include "collector/enrolment/access_adapter_impl.hpp"
#include "collector/enrolment/tokens.hpp"
#include "wire/refusal.hpp"

#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>

#include <algorithm>

namespace muster::collector {

namespace {

/// Between two renewals of an agent; shorter where certificates live shortly.
constexpr Duration renewal_pause = std::chrono::minutes(1);
/// For the brain to know of an agent whose enrolment or end is done.
constexpr Duration show_patience = std::chrono::seconds(2);

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

}  // namespace

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
    unshown.emplace(agent.id, [timer] { timer->cancel(); });
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
        context.cut_link(agent);  // first: from now on nothing of it is taken
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

void AccessAdapter::shown(AgentId agent) {
    const auto [first, last] = impl_->unshown.equal_range(agent);
    std::for_each(first, last, [](auto& waiting) { waiting.second(); });
    impl_->unshown.erase(first, last);
}

Status AccessAdapter::may_connect(const wire::Peer& peer) {
    const auto found = impl_->agents.find(peer.agent);
    if (found == impl_->agents.end()) {
        return failure(ErrorKind::refused, "this agent is not enrolled here");
    }
    if (!found->second.is_active) {
        return failure(ErrorKind::refused, std::string(wire::revoked_reason));
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

}  // namespace muster::collector
