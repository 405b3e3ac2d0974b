// Owns: the sessions half of Intake: who comes, who goes, and which of two with one certificate is the agent.
#include "base/bytes.hpp"
#include "base/log.hpp"
#include "collector/intake/intake.hpp"
#include "collector/intake/secret_files.hpp"
#include "wire/refusal.hpp"

#include <algorithm>
#include <deque>
#include <iterator>
#include <utility>

namespace muster::collector {

namespace {

constexpr std::size_t longest_text = 256;
constexpr std::size_t nonces_remembered = 8;
/// Of what a calendar is wrong by, and by what it changes: less a network may take.
constexpr Duration least_told = std::chrono::seconds(2);

std::string connected_body(
    AgentId agent,
    const std::string& address,
    const wire::proto::Hello& hello,
    const std::vector<wire::StreamCursor>& cursors
) {
    proto::AgentConnected body;
    body.set_agent_id(std::string(agent.raw()));
    body.set_address(address);
    body.set_version(printable(hello.version(), longest_text));
    body.set_assignment_epoch(hello.assignment_epoch());
    body.set_boot_id(hello.boot_id());
    body.set_instance_nonce(hello.instance_nonce());
    for (int i = 0; i < hello.streams_size(); ++i) {
        auto& stream = *body.add_backlog();
        stream.set_spool_id(hello.streams(i).spool_id());
        stream.set_next_seq(hello.streams(i).next_seq());
        stream.set_committed_seq(cursors[static_cast<std::size_t>(i)].committed_seq);
    }
    return body.SerializeAsString();
}

std::string disconnected_body(AgentId agent, const std::string& why, bool orderly) {
    proto::AgentDisconnected body;
    body.set_agent_id(std::string(agent.raw()));
    body.set_reason(printable(why, longest_text));
    body.set_orderly(orderly);
    return body.SerializeAsString();
}

std::string copied_body(
    AgentId agent, const std::string& address, const std::string& hostname, const std::string& other
) {
    proto::AgentCopied body;
    body.set_agent_id(std::string(agent.raw()));
    body.set_address(address);
    body.set_hostname(printable(hostname, longest_text));
    body.set_other_address(other);
    return body.SerializeAsString();
}

/// `nonce` becomes the newest.
void remember(std::deque<std::string>& nonces, const std::string& nonce) {
    std::erase(nonces, nonce);
    if (nonces.size() >= nonces_remembered) {
        nonces.pop_front();
    }
    nonces.push_back(nonce);
}

std::string secrets_now(
    Files& files, const std::string& data_dir, const IssuedAssignments& current
) {
    return current.items ? SecretFiles(files, data_dir).fingerprint(current.items->secret_paths())
                         : std::string();
}

}  // namespace

std::pair<SessionId, Intake::Actions> Intake::open_session(
    AgentId id, std::string address, MonoTime now
) {
    Actions out;
    now_ = now;
    Agent& owner = agent(id);
    if (owner.newcomer) {
        replace(*owner.newcomer, address, out);
    }
    const SessionId session = next_session_++;
    wire::LinkServer server(options_.link, now);
    server.set_credit(credit());
    next_scan_ = std::min(next_scan_, server.next_wake());
    sessions_.emplace(
        session,
        Session{
            .agent = id,
            .address = std::move(address),
            .server = std::move(server),
            .is_greeted = false,
            .has_complained = false
        }
    );
    owner.newcomer = session;
    share_credit();
    return {session, std::move(out)};
}

void Intake::replace(SessionId older, const std::string& address, Actions& out) {
    const std::string why = "replaced by a newer connection from " + address;
    end_session(older, why, false);
    out.emplace_back(intake_action::Close{.session = older, .why = why});
}

/// A process that comes back by itself replaces its older connection at once. Another one may be the agent started anew, while
/// nobody has told us that the old one is gone; or a copy of the machine, which must not get a word in.
void Intake::on_hello(SessionId id, const wire::proto::Hello& hello, WallTime wall, Actions& out) {
    Session& session = sessions_.at(id);
    Agent& owner = agent(session.agent);
    session.hello_came = wall;
    if (is_refused(owner, hello.instance_nonce())) {
        refuse_copy(id, hello, owner.address, out);
        return;
    }
    const bool is_same = !owner.nonces.empty() && owner.nonces.back() == hello.instance_nonce();
    if (!owner.session || is_same) {
        greet(id, hello, wall, out);
        return;
    }
    session.hello = hello;
    session.decided_at = now_ + options_.answer_within;
    next_scan_ = std::min(next_scan_, session.decided_at);
    auto asked = sessions_.at(*owner.session).server.challenge(next_challenge_++);
    perform(*owner.session, std::move(asked), wall, out);
}

/// The older session has not answered, or is gone.
void Intake::admit_newcomer(AgentId id, WallTime wall, Actions& out) {
    const Agent& owner = agent(id);
    if (!owner.newcomer || !sessions_.at(*owner.newcomer).hello) {
        return;
    }
    const SessionId newcomer = *owner.newcomer;
    const wire::proto::Hello hello = *std::exchange(sessions_.at(newcomer).hello, std::nullopt);
    greet(newcomer, hello, wall, out);
}

void Intake::tell_of_copy(
    const Session& session, const wire::proto::Hello& hello, const std::string& other
) {
    log(LogLevel::error,
        "link.copy",
        {{"agent", session.agent.text()}, {"peer", session.address}, {"other", other}});
    staging_.add(
        EntryKind::agent_copied,
        copied_body(session.agent, session.address, hello.hostname(), other),
        session.agent
    );
}

/// Or a copy, which calls again all the time, would be the agent at the first break of the agent's connection.
bool Intake::is_refused(const Agent& owner, const std::string& nonce) const {
    return std::ranges::find(owner.refused, nonce) != owner.refused.end() &&
           now_ - owner.heard < options_.copy_refused_for;
}

void Intake::refuse_copy(
    SessionId id, const wire::proto::Hello& hello, const std::string& other, Actions& out
) {
    Session& session = sessions_.at(id);
    Agent& owner = agent(session.agent);
    session.hello.reset();
    remember(owner.refused, hello.instance_nonce());
    log(LogLevel::error,
        "link.copy_refused",
        {{"agent", session.agent.text()}, {"peer", session.address}, {"lives_at", other}});
    staging_.add(
        EntryKind::agent_copied,
        copied_body(session.agent, session.address, hello.hostname(), other),
        session.agent
    );
    const std::string within = format_duration(options_.copy_refused_for);
    auto refused = session.server.close(
        "an agent with this certificate " +
            (owner.session ? "is connected from " + other
                           : "was connected from " + other + " less than " + within + " ago") +
            ": this machine is a copy of that one; enrol it under a name of its own" +
            (owner.session ? "" : ", or stop the other one for " + within),
        true
    );
    perform(id, std::move(refused), wall_, out);
}

void Intake::greet(SessionId id, const wire::proto::Hello& hello, WallTime wall, Actions& out) {
    Session& session = sessions_.at(id);
    Agent& owner = agent(session.agent);
    if (owner.session && *owner.session != id) {
        replace(*owner.session, session.address, out);
    }
    const auto former = std::ranges::find(owner.nonces, hello.instance_nonce());
    if (former != owner.nonces.end() && std::next(former) != owner.nonces.end()) {
        // It was another one in between, and has lived all the time: there are two of them, which take turns.
        tell_of_copy(session, hello, "elsewhere in between");
    }
    remember(owner.nonces, hello.instance_nonce());
    std::erase(owner.refused, hello.instance_nonce());
    owner.address = session.address;
    owner.heard = now_;
    owner.session = id;
    owner.newcomer.reset();
    owner.clock.begin(hello.boot_id());
    hear_clock(session, hello.wall_ns(), hello.mono_ns(), session.hello_came);
    std::vector<wire::StreamCursor> cursors;
    for (const auto& stream : hello.streams()) {
        // The link has checked that these are 16 bytes.
        const SpoolId spool(Uuid::from_bytes(stream.spool_id()).value_or(Uuid{}));
        const auto [place, is_new] = owner.streams.try_emplace(spool);
        Stream& known = place->second;
        if (!known.is_stored && known.staged == known.committed) {
            known.committed = std::max<std::uint64_t>(1, stream.begins_at()) - 1;
            known.staged = known.committed;
            known.results = stream.results_at_begin();
        }
        cursors.push_back(known.cursor(spool));
    }
    staging_.add(
        EntryKind::agent_connected,
        connected_body(session.agent, session.address, hello, cursors),
        session.agent
    );
    session.is_greeted = true;
    session.secrets = owner.secrets;
    log(LogLevel::info,
        "link.connected",
        {{"agent", session.agent.text()},
         {"peer", session.address},
         {"version", printable(hello.version(), longest_text)}});
    tell_lost(id, hello, out);
    if (!sessions_.contains(id)) {
        return;
    }
    const std::uint32_t epoch = owner.current.epoch;
    perform(id, session.server.welcome(wall, cursors, epoch), wall, out);
    // What it runs it may run with secrets that are no more.
    const std::string secrets = secrets_now(*files_, options_.data_dir, owner.current);
    const bool has_others = !secrets.empty() && secrets != owner.secrets;
    if (hello.assignment_epoch() != epoch || has_others) {
        out.emplace_back(intake_action::Assign{.session = id});
    }
}

/// A calendar that is wrong is told once, and again when it is another one or right.
void Intake::hear_clock(
    const Session& session, std::int64_t wall_ns, std::int64_t mono_ns, WallTime ours
) {
    Agent& owner = agent(session.agent);
    owner.clock.heard(wall_from_ns(wall_ns), mono_from_ns(mono_ns), ours);
    const Duration ahead = owner.clock.ahead_at_last_sign();
    if (std::chrono::abs(ahead - owner.told_ahead) <= least_told) {
        return;
    }
    owner.told_ahead = ahead;
    const bool is_right = ahead == Duration{};
    log(is_right ? LogLevel::notice : LogLevel::warning,
        is_right ? "agent.clock_right_again" : "agent.clock_wrong",
        {{"agent", session.agent.text()},
         {"peer", session.address},
         {"ahead_s", std::chrono::duration_cast<std::chrono::seconds>(ahead).count()}});
}

/// Else what is heard next would be compared with what was noted by another calendar.
void Intake::note_calendar(MonoTime now, WallTime wall) {
    const Duration offset = wall.time_since_epoch() - now.time_since_epoch();
    const Duration by = offset - std::exchange(calendar_, offset).value_or(offset);
    if (std::chrono::abs(by) > least_told) {
        for (auto& [id, owner] : agents_) {
            owner.clock.ours_stepped(by);
        }
    }
}

void Intake::end_session(SessionId id, const std::string& why, bool orderly) {
    const auto found = sessions_.find(id);
    if (found == sessions_.end()) {
        return;
    }
    const Session& session = found->second;
    if (session.is_greeted) {
        staging_.add(
            EntryKind::agent_disconnected,
            disconnected_body(session.agent, why, orderly),
            session.agent
        );
    }
    log(LogLevel::info,
        "link.closed",
        {{"agent", session.agent.text()}, {"peer", session.address}, {"why", why}});
    if (session.quarantined > 1) {
        log(LogLevel::warning,
            "intake.quarantined_more",
            {{"agent", session.agent.text()}, {"records", session.quarantined}});
    }
    Agent& owner = agent(session.agent);
    if (owner.newcomer == id) {
        owner.newcomer.reset();
    }
    if (owner.session == id) {
        owner.session.reset();
        std::erase_if(owner.streams, [](const auto& each) {
            return !each.second.is_stored && each.second.staged == each.second.committed;
        });
    }
    sessions_.erase(found);
    share_credit();
}

Intake::Actions Intake::on_closed(SessionId id, const std::string& why) {
    Actions out;
    if (const auto found = sessions_.find(id); found != sessions_.end()) {
        const AgentId agent = found->second.agent;
        end_session(id, why, false);
        admit_newcomer(agent, wall_, out);
    }
    return out;
}

Intake::Actions Intake::revoke(AgentId id) {
    Actions out;
    const Agent& owner = agent(id);
    for (const std::optional<SessionId> session : {owner.newcomer, owner.session}) {
        if (session && sessions_.contains(*session)) {
            auto actions =
                sessions_.at(*session).server.close(std::string(wire::revoked_reason), true);
            perform(*session, std::move(actions), {}, out);
        }
    }
    return out;
}

Intake::Actions Intake::stop(const std::string& reason) {
    Actions out;
    std::vector<SessionId> all;
    all.reserve(sessions_.size());
    for (const auto& [id, session] : sessions_) {
        all.push_back(id);
    }
    for (const SessionId id : all) {
        perform(id, sessions_.at(id).server.close(reason, false), {}, out);
    }
    return out;
}

}  // namespace muster::collector
