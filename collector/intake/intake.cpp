#include "collector/intake/intake.hpp"

#include "base/bytes.hpp"
#include "base/log.hpp"
#include "collector/intake/secret_files.hpp"

#include <algorithm>
#include <utility>

namespace muster::collector {

namespace {

constexpr std::size_t longest_text = 256;

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

proto::BatchEntry::Item batch_item(
    AgentId agent, SpoolId spool, std::uint64_t seq, wire::Record record, std::size_t count
) {
    proto::BatchEntry::Item item;
    item.set_agent_id(std::string(agent.raw()));
    item.set_spool_id(std::string(spool.raw()));
    item.set_seq(seq);
    item.set_kind(static_cast<std::uint32_t>(record.kind));
    item.set_count(static_cast<std::uint32_t>(count));
    item.set_wall_ns(to_ns(record.wall));
    item.set_mono_ns(to_ns(record.mono));
    item.set_raw_size(record.raw_size);
    item.set_payload(std::move(record.payload));
    return item;
}

void log_applied(const std::string& agent, const wire::server_action::Applied& applied) {
    if (applied.problems.empty()) {
        log(LogLevel::info, "assignment.applied", {{"agent", agent}, {"epoch", applied.epoch}});
        return;
    }
    log(LogLevel::warning,
        "assignment.problems",
        {{"agent", agent},
         {"epoch", applied.epoch},
         {"problems", applied.problems.size()},
         {"first", applied.problems.front()}});
}

std::string secrets_now(
    Files& files, const std::string& data_dir, const IssuedAssignments& current
) {
    return current.items ? SecretFiles(files, data_dir).fingerprint(current.items->secret_paths())
                         : std::string();
}

AgentFigures said_by(AgentId agent, const wire::proto::Heartbeat& heartbeat) {
    // Numbers of somebody else's: none of them is believed to fit another.
    constexpr std::uint64_t longest_ms = 1'000'000'000'000;
    const std::uint64_t confirmed = std::min(heartbeat.acked(), heartbeat.spooled());
    return {
        .agent = agent,
        .waiting_results = heartbeat.spooled() - confirmed,
        .oldest = std::chrono::milliseconds(std::min(heartbeat.oldest_unsent_ms(), longest_ms)),
        .lost_records = heartbeat.gaps(),
        .skipped_runs = heartbeat.skipped(),
        .resident_bytes = heartbeat.rss_bytes(),
        .open_files = heartbeat.open_files()
    };
}

}  // namespace

std::vector<AgentFigures> Intake::agents_said() const {
    std::vector<AgentFigures> all;
    for (const auto& [id, session] : sessions_) {
        if (session.said) {
            all.push_back(*session.said);
        }
    }
    return all;
}

Intake::Intake(
    IntakeOptions options, const std::vector<AgentCursor>& cursors, Files& files, MonoTime now
)
    : options_(options),
      files_(&files),
      staging_(options.staging),
      next_alive_(now + options.alive_every),
      next_scan_(next_alive_) {
    for (const AgentCursor& cursor : cursors) {
        agent(cursor.agent).streams[cursor.spool] = {
            .committed = cursor.committed_seq, .staged = cursor.committed_seq
        };
    }
}

std::pair<SessionId, Intake::Actions> Intake::open_session(
    AgentId id, std::string address, MonoTime now
) {
    Actions out;
    Agent& owner = agent(id);
    if (owner.session) {
        const SessionId older = *owner.session;
        const std::string why = "replaced by a newer connection from " + address;
        end_session(older, why, false);
        out.emplace_back(intake_action::Close{.session = older, .why = why});
    }
    const SessionId session = next_session_++;
    wire::LinkServer server(options_.link, now);
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
    owner.session = session;
    return {session, std::move(out)};
}

Intake::Actions Intake::on_frame(
    SessionId session, MonoTime now, WallTime wall, wire::proto::Frame frame
) {
    Actions out;
    const auto found = sessions_.find(session);
    if (found == sessions_.end()) {
        return out;
    }
    if (found->second.is_greeted && !frame.has_batch()) {
        heard_.insert(found->second.agent);
    }
    auto actions = found->second.server.on_frame(now, wall, std::move(frame));
    perform(session, std::move(actions), wall, out);
    return out;
}

void Intake::perform(SessionId id, wire::LinkServer::Actions actions, WallTime wall, Actions& out) {
    for (wire::ServerAction& action : actions) {
        const auto found = sessions_.find(id);
        if (found == sessions_.end()) {
            return;
        }
        Session& session = found->second;
        if (auto* send = std::get_if<wire::server_action::Send>(&action)) {
            out.emplace_back(intake_action::Send{.session = id, .frame = std::move(send->frame)});
        } else if (auto* append = std::get_if<wire::server_action::Append>(&action)) {
            on_records(session, std::move(*append), out);
        } else if (const auto* greeted = std::get_if<wire::server_action::Greeted>(&action)) {
            on_hello(id, greeted->hello, wall, out);
        } else if (const auto* applied = std::get_if<wire::server_action::Applied>(&action)) {
            on_applied(session, *applied);
        } else if (const auto* heard = std::get_if<wire::server_action::Heard>(&action)) {
            session.said = said_by(session.agent, heard->heartbeat);
        } else if (auto* renew = std::get_if<wire::server_action::Renew>(&action)) {
            out.emplace_back(
                intake_action::Renew{.session = id, .request_pem = std::move(renew->request_pem)}
            );
        } else if (const auto* close = std::get_if<wire::server_action::Close>(&action)) {
            end_session(id, close->why, close->orderly);
            out.emplace_back(intake_action::Close{.session = id, .why = close->why});
        }
    }
}

void Intake::on_hello(SessionId id, const wire::proto::Hello& hello, WallTime wall, Actions& out) {
    Session& session = sessions_.at(id);
    Agent& owner = agent(session.agent);
    std::vector<wire::StreamCursor> cursors;
    for (const auto& stream : hello.streams()) {
        // The link has checked that these are 16 bytes.
        const SpoolId spool(Uuid::from_bytes(stream.spool_id()).value_or(Uuid{}));
        const auto known = owner.streams.find(spool);
        cursors.push_back(
            {.spool = spool,
             .committed_seq = known == owner.streams.end() ? 0 : known->second.committed}
        );
    }
    staging_.add(
        EntryKind::agent_connected, connected_body(session.agent, session.address, hello, cursors)
    );
    session.is_greeted = true;
    session.secrets = owner.secrets;
    log(LogLevel::info,
        "link.connected",
        {{"agent", session.agent.text()},
         {"peer", session.address},
         {"version", printable(hello.version(), longest_text)}});
    const std::uint32_t epoch = owner.current.epoch;
    perform(id, session.server.welcome(wall, cursors, epoch), wall, out);
    // What it runs it may run with secrets that are no more.
    const std::string secrets = secrets_now(*files_, options_.data_dir, owner.current);
    const bool has_others = !secrets.empty() && secrets != owner.secrets;
    if (hello.assignment_epoch() != epoch || has_others) {
        out.emplace_back(intake_action::Assign{.session = id});
    }
}

/// Of sets sent one after the other only the last tells what the agent has.
void Intake::on_applied(Session& session, const wire::server_action::Applied& applied) {
    log_applied(session.agent.text(), applied);
    if (session.unconfirmed > 0 && --session.unconfirmed == 0) {
        agent(session.agent).secrets = session.secrets;
    }
}

Intake::Actions Intake::reread_secrets() {
    Actions out;
    SecretFiles secrets(*files_, options_.data_dir);
    for (const auto& [id, session] : sessions_) {
        const IssuedAssignments& current = agent(session.agent).current;
        if (!session.is_greeted || !current.items) {
            continue;
        }
        if (secrets.fingerprint(current.items->secret_paths()) != session.secrets) {
            log(LogLevel::notice, "assignment.secrets_changed", {{"agent", session.agent.text()}});
            out.emplace_back(intake_action::Assign{.session = id});
        }
    }
    return out;
}

void Intake::on_records(Session& session, wire::server_action::Append append, Actions& out) {
    Stream& stream = agent(session.agent).streams[append.spool];
    const std::uint64_t last = append.first_seq + append.records.size() - 1;
    std::uint64_t seq = append.first_seq;
    for (wire::Record& record : append.records) {
        // What an earlier connection brought is on its way to the journal already.
        if (seq == stream.staged + 1) {
            stream.staged = seq;
            stage(session, append.spool, seq, std::move(record));
        }
        ++seq;
    }
    if (last <= stream.committed) {
        const SessionId id = *agent(session.agent).session;
        perform(id, session.server.committed(append.spool, stream.committed), {}, out);
    }
}

void Intake::stage(Session& session, SpoolId spool, std::uint64_t seq, wire::Record record) {
    DecodedBatch decoded{
        .agent = session.agent,
        .spool = spool,
        .seq = seq,
        .wall = record.wall,
        .mono = record.mono,
        .results = {}
    };
    Status good = wire::open_payload(record, raw_);
    if (good) {
        good = decode_payload(record.kind, raw_, decoded);
    }
    if (good) {
        good = decoded.observations ? check_own(*decoded.observations, session.agent)
                                    : agent(session.agent).epochs.check(decoded.results);
    }
    if (!good) {
        set_aside(session, spool, seq, std::move(record.payload), good.error().text());
        return;
    }
    const std::size_t count =
        decoded.observations ? decoded.observations->items.size() : decoded.results.size();
    const bool urgent = record.drop_class == wire::DropClass::state;
    staging_.add_record(
        batch_item(session.agent, spool, seq, std::move(record), count), std::move(decoded), urgent
    );
}

void Intake::set_aside(
    Session& session, SpoolId spool, std::uint64_t seq, std::string payload, std::string why
) {
    ++quarantined_;
    if (!session.has_complained) {
        session.has_complained = true;
        log(LogLevel::warning,
            "intake.quarantined",
            {{"agent", session.agent.text()}, {"seq", seq}, {"why", why}});
    }
    staging_.add_quarantined(
        {.agent = session.agent,
         .spool = spool,
         .seq = seq,
         .why = std::move(why),
         .payload = std::move(payload)}
    );
}

void Intake::end_session(SessionId id, const std::string& why, bool orderly) {
    const auto found = sessions_.find(id);
    if (found == sessions_.end()) {
        return;
    }
    const Session& session = found->second;
    if (session.is_greeted) {
        staging_.add(EntryKind::agent_disconnected, disconnected_body(session.agent, why, orderly));
    }
    log(LogLevel::info,
        "link.closed",
        {{"agent", session.agent.text()}, {"peer", session.address}, {"why", why}});
    Agent& owner = agent(session.agent);
    if (owner.session == id) {
        owner.session.reset();
    }
    sessions_.erase(found);
}

Intake::Actions Intake::on_closed(SessionId session, const std::string& why) {
    end_session(session, why, false);
    return {};
}

Intake::Actions Intake::on_time(MonoTime now) {
    Actions out;
    if (now < next_scan_) {
        return out;
    }
    if (now >= next_alive_) {
        if (!heard_.empty()) {
            proto::AgentAlive alive;
            for (const AgentId& id : heard_) {
                alive.add_agent_ids(std::string(id.raw()));
            }
            staging_.add(EntryKind::agent_alive, alive.SerializeAsString());
            heard_.clear();
        }
        next_alive_ = now + options_.alive_every;
    }
    std::vector<SessionId> due;
    next_scan_ = next_alive_;
    for (const auto& [id, session] : sessions_) {
        if (session.server.next_wake() <= now) {
            due.push_back(id);
        } else {
            next_scan_ = std::min(next_scan_, session.server.next_wake());
        }
    }
    for (const SessionId id : due) {
        perform(id, sessions_.at(id).server.on_time(now), {}, out);
    }
    return out;
}

Intake::Actions Intake::on_appended(
    std::uint64_t group, const Result<std::vector<AgentCursor>>& rejected
) {
    Actions out;
    const std::vector<CursorUpdate> cursors = staging_.answered(group);
    if (!rejected) {
        close_unstored("nothing can be stored: " + rejected.error().text(), out);
        return out;
    }
    for (const CursorUpdate& update : cursors) {
        Agent& owner = agent(update.agent);
        Stream& stream = owner.streams[update.spool];
        const auto refused = std::ranges::find_if(*rejected, [&update](const AgentCursor& one) {
            return one.agent == update.agent && one.spool == update.spool;
        });
        if (refused != rejected->end()) {
            stream.committed = refused->committed_seq;
            continue;
        }
        stream.committed = std::max(stream.committed, update.last_seq);
        // A group before this one may have failed, which took back what was staged behind it.
        stream.staged = std::max(stream.staged, stream.committed);
        if (owner.session) {
            Session& session = sessions_.at(*owner.session);
            auto actions = session.server.committed(update.spool, stream.committed);
            perform(*owner.session, std::move(actions), {}, out);
        }
    }
    if (!rejected->empty()) {
        close_unstored("the journal stands elsewhere than thought; connect again", out);
    }
    return out;
}

/// Agents hold what was not acknowledged: after connecting again they send it from where the journal stands.
void Intake::close_unstored(const std::string& why, Actions& out) {
    staging_.drop_records();
    for (auto& [id, owner] : agents_) {
        bool lost = false;
        for (auto& [spool, stream] : owner.streams) {
            lost = lost || stream.staged != stream.committed;
            stream.staged = stream.committed;
        }
        if (lost && owner.session) {
            const SessionId session = *owner.session;
            perform(session, sessions_.at(session).server.close(why, false), {}, out);
        }
    }
}

Intake::Actions Intake::on_issued(IssuedAssignments issued) {
    Actions out;
    Agent& owner = agent(issued.agent);
    for (const auto& [epoch, count] : issued.earlier) {
        owner.epochs.issued(epoch, count);
    }
    owner.epochs.issued(issued.epoch, issued.dense_count);
    owner.current = std::move(issued);
    if (owner.session && sessions_.at(*owner.session).is_greeted) {
        out.emplace_back(intake_action::Assign{.session = *owner.session});
    }
    return out;
}

Intake::Actions Intake::certificate(SessionId id, const Result<std::string>& certificate_pem) {
    Actions out;
    if (const auto found = sessions_.find(id); found != sessions_.end()) {
        perform(id, found->second.server.certificate(certificate_pem), {}, out);
    }
    return out;
}

std::vector<wire::proto::Frame> Intake::assignments(SessionId id) {
    std::vector<wire::proto::Frame> frames;
    const auto found = sessions_.find(id);
    if (found == sessions_.end()) {
        return frames;
    }
    const IssuedAssignments& current = agent(found->second.agent).current;
    std::vector<wire::proto::Assignment> items;
    SecretFiles secrets(*files_, options_.data_dir);
    if (current.items) {
        items.reserve(current.items->size());
        for (AssignmentItem item : *current.items) {
            secrets.fill_in(item);
            items.push_back(std::move(item.assignment));
        }
        found->second.secrets = secrets.fingerprint(current.items->secret_paths());
    }
    ++found->second.unconfirmed;
    log(LogLevel::info,
        "assignment.sent",
        {{"agent", found->second.agent.text()}, {"epoch", current.epoch}, {"probes", items.size()}}
    );
    Actions out;
    perform(id, found->second.server.assign(current.epoch, std::move(items)), {}, out);
    for (IntakeAction& action : out) {
        if (auto* send = std::get_if<intake_action::Send>(&action)) {
            frames.push_back(std::move(send->frame));
        }
    }
    return frames;
}

Intake::Actions Intake::revoke(AgentId id) {
    Actions out;
    const Agent& owner = agent(id);
    if (owner.session) {
        const SessionId session = *owner.session;
        auto actions = sessions_.at(session).server.close("this agent has been revoked", true);
        perform(session, std::move(actions), {}, out);
    }
    return out;
}

void Intake::set_credit(std::uint64_t bytes) {
    if (bytes == options_.link.credit_bytes) {
        return;
    }
    options_.link.credit_bytes = bytes;
    for (auto& [id, session] : sessions_) {
        session.server.set_credit(bytes);
    }
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

MonoTime Intake::next_wake() const {
    return std::min(next_scan_, staging_.due());
}

}  // namespace muster::collector
