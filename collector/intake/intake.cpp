#include "collector/intake/intake.hpp"

#include "base/bytes.hpp"
#include "base/log.hpp"
#include "collector/intake/secret_files.hpp"
#include "wire/fingerprint.hpp"

#include <algorithm>
#include <utility>

namespace muster::collector {

namespace {

proto::BatchEntry::Item batch_item(
    const CursorUpdate& step, wire::Record record, std::size_t count, Duration ahead
) {
    proto::BatchEntry::Item item;
    item.set_agent_id(std::string(step.agent.raw()));
    item.set_spool_id(std::string(step.spool.raw()));
    item.set_seq(step.first_seq);
    item.set_span(record.span == 1 ? 0 : record.span);
    item.set_possible_duplicate(record.possible_duplicate);
    item.set_kind(static_cast<std::uint32_t>(record.kind));
    item.set_count(static_cast<std::uint32_t>(count));
    item.set_wall_ns(to_ns(record.wall));
    item.set_mono_ns(to_ns(record.mono));
    item.set_raw_size(record.raw_size);
    item.set_ahead_ns(ahead.count());
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

/// A record is made after its results. One that says more of the time to come than clocks may be wrong is not to be believed.
Status check_times(const wire::ResultBatch& results) {
    const auto latest = std::ranges::max_element(results.time_ms);
    if (latest != results.time_ms.end() &&
        std::chrono::milliseconds(*latest) > AgentClock::most_ahead) {
        return failure(
            ErrorKind::invalid,
            "a result of " + format_duration(std::chrono::milliseconds(*latest)) +
                " after the record that holds it was made"
        );
    }
    return {};
}

AgentFigures said_by(AgentId agent, const wire::proto::Heartbeat& heartbeat) {
    // Numbers of somebody else's: none of them is believed to fit another.
    constexpr std::uint64_t longest_ms = 1'000'000'000'000;
    const std::uint64_t confirmed = std::min(heartbeat.acked(), heartbeat.spooled());
    return {
        .agent = agent,
        .waiting_results = heartbeat.spooled() - confirmed,
        .oldest = std::chrono::milliseconds(std::min(heartbeat.oldest_unsent_ms(), longest_ms)),
        .lost_results = heartbeat.gaps(),
        .is_spool_in_memory = heartbeat.spool_in_memory(),
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
            const Agent& owner = agents_.at(session.agent);
            all.push_back(*session.said);
            all.back().quarantined_records = owner.quarantined;
            all.back().held_back = owner.held_back;
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
      next_scan_(next_alive_),
      now_(now),
      full_credit_(options.link.credit_bytes),
      told_credit_(full_credit_) {
    for (const AgentCursor& cursor : cursors) {
        agent(cursor.agent).streams[cursor.spool] = {
            .committed = cursor.committed_seq,
            .staged = cursor.committed_seq,
            .fingerprint = cursor.fingerprint,
            .results = cursor.results,
            .used = cursor.used,
            .is_stored = true
        };
        uses_ = std::max(uses_, cursor.used);
    }
}

Intake::Actions Intake::on_frame(
    SessionId session, MonoTime now, WallTime wall, wire::proto::Frame frame
) {
    Actions out;
    note_calendar(now, wall);
    now_ = now;
    wall_ = wall;
    const auto found = sessions_.find(session);
    if (found == sessions_.end()) {
        return out;
    }
    if (found->second.is_greeted) {
        agent(found->second.agent).heard = now;
        if (!frame.has_batch()) {
            heard_.insert(found->second.agent);
        }
    }
    charge(agent(found->second.agent), frame);
    auto actions = found->second.server.on_frame(now, wall, std::move(frame));
    const auto is_violation = [](const wire::ServerAction& action) {
        const auto* close = std::get_if<wire::server_action::Close>(&action);
        return close != nullptr && !close->orderly;
    };
    counts_.violations += std::ranges::any_of(actions, is_violation) ? 1 : 0;
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
            hear_clock(session, heard->heartbeat.wall_ns(), heard->heartbeat.mono_ns(), wall);
            session.said->clock_ahead = agent(session.agent).clock.ahead_at_last_sign();
        } else if (auto* renew = std::get_if<wire::server_action::Renew>(&action)) {
            out.emplace_back(
                intake_action::Renew{.session = id, .request_pem = std::move(renew->request_pem)}
            );
        } else if (std::holds_alternative<wire::server_action::Lives>(action)) {
            const Agent& owner = agent(session.agent);
            if (owner.session == id && owner.newcomer && sessions_.at(*owner.newcomer).hello) {
                const wire::proto::Hello hello = *sessions_.at(*owner.newcomer).hello;
                refuse_copy(*owner.newcomer, hello, session.address, out);
            }
        } else if (const auto* close = std::get_if<wire::server_action::Close>(&action)) {
            end_session(id, close->why, close->orderly);
            out.emplace_back(intake_action::Close{.session = id, .why = close->why});
        }
    }
}

/// Of sets sent one after the other only the last tells what the agent has. What nobody sent is not worth a line.
void Intake::on_applied(Session& session, const wire::server_action::Applied& applied) {
    if (session.unconfirmed == 0) {
        return;
    }
    log_applied(session.agent.text(), applied);
    if (--session.unconfirmed == 0) {
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
    Agent& owner = agent(session.agent);
    const auto known = owner.streams.find(append.spool);
    if (known == owner.streams.end()) {
        auto closing = session.server.close(
            "a spool that was forgotten, because this agent began more than " +
                std::to_string(cursors_kept) + " others meanwhile; connect again",
            false
        );
        perform(*owner.session, std::move(closing), {}, out);
        return;
    }
    Stream& stream = known->second;
    std::uint64_t seq = append.first_seq;
    for (wire::Record& record : append.records) {
        CursorUpdate step{
            .agent = session.agent,
            .spool = append.spool,
            .first_seq = seq,
            .last_seq = seq + record.span - 1,
            .fingerprint = wire::fingerprint(record),
            .results = record.count,
            .begins = !stream.is_stored && seq == stream.committed + 1
        };
        if (step.begins) {
            step.results += stream.results;
        }
        seq = step.last_seq + 1;
        if (step.first_seq <= stream.staged && step.last_seq > stream.staged) {
            end_straddled(session, step, stream.staged, out);
            return;
        }
        // What an earlier connection brought is on its way to the journal already.
        if (step.first_seq == stream.staged + 1) {
            stream.staged = step.last_seq;
            stage(session, step, std::move(record));
        }
    }
    if (seq - 1 <= stream.committed) {
        perform(*owner.session, session.server.committed(stream.cursor(append.spool)), {}, out);
    }
}

/// The agent lost records while an earlier connection had brought some of them: part of this gap is on its way to the journal.
/// Once that is stored the agent is told so, and both go on behind it. Without this everything after it would be skipped.
void Intake::end_straddled(
    Session& session, const CursorUpdate& step, std::uint64_t staged, Actions& out
) {
    const SessionId id = *agent(session.agent).session;
    auto closing = session.server.close(
        "records " + std::to_string(step.first_seq) + " to " + std::to_string(step.last_seq) +
            " begin among records up to " + std::to_string(staged) +
            " that an earlier connection brought and that are being stored; connect again",
        false
    );
    perform(id, std::move(closing), {}, out);
}

void Intake::stage(Session& session, const CursorUpdate& step, wire::Record record) {
    DecodedBatch decoded{
        .agent = step.agent,
        .spool = step.spool,
        .seq = step.first_seq,
        .wall = record.wall,
        .mono = record.mono,
        .results = {},
        .lost = record.kind == wire::RecordKind::gap ? record.count : 0,
        .span = record.span,
        .possible_duplicate = record.possible_duplicate
    };
    Status good = wire::open_payload(record, raw_);
    if (good) {
        good = decode_payload(record.kind, raw_, decoded);
    }
    if (good && !decoded.gap) {
        good = decoded.observations ? check_own(*decoded.observations, session.agent)
                                    : agent(session.agent).epochs.check(decoded.results);
    }
    if (good && !decoded.gap && !decoded.observations) {
        good = check_times(decoded.results);
    }
    const AgentClock& clock = agent(session.agent).clock;
    const Duration ahead = clock.ahead(record, decoded.results.boot, wall_);
    const bool is_from_future = clock.is_from_future(record, decoded.results.boot, wall_);
    correct_times(decoded, ahead);
    if (!good) {
        set_aside(session, step, std::move(record.payload), good.error().text());
        return;
    }
    const std::size_t count = decoded.gap            ? decoded.lost
                              : decoded.observations ? decoded.observations->items.size()
                                                     : decoded.results.size();
    counts_.from_future += is_from_future && !decoded.gap ? count : 0;
    counts_.possible_duplicates += record.possible_duplicate && !decoded.gap ? count : 0;
    const bool urgent = record.drop_class == wire::DropClass::state;
    staging_.add_record(
        batch_item(step, std::move(record), count, ahead), std::move(decoded), step, urgent
    );
}

void Intake::set_aside(
    Session& session, const CursorUpdate& step, std::string payload, std::string why
) {
    ++counts_.quarantined;
    ++session.quarantined;
    ++agent(session.agent).quarantined;
    if (!session.has_complained) {
        session.has_complained = true;
        log(LogLevel::warning,
            "intake.quarantined",
            {{"agent", session.agent.text()}, {"seq", step.first_seq}, {"why", why}});
    }
    staging_.add_quarantined(
        {.agent = step.agent,
         .spool = step.spool,
         .seq = step.first_seq,
         .why = std::move(why),
         .payload = std::move(payload)},
        step
    );
}

Intake::Actions Intake::on_time(MonoTime now) {
    Actions out;
    now_ = now;
    if (now < next_scan_) {
        return out;
    }
    if (now >= next_alive_) {
        if (!heard_.empty()) {
            proto::AgentAlive alive;
            for (const AgentId& id : heard_) {
                alive.add_agent_ids(std::string(id.raw()));
            }
            staging_.add(EntryKind::agent_alive, alive.SerializeAsString(), {});
            heard_.clear();
        }
        next_alive_ = now + options_.alive_every;
    }
    std::vector<SessionId> due;
    next_scan_ = next_alive_;
    for (const auto& [id, session] : sessions_) {
        const MonoTime wake = std::min(session.server.next_wake(), session.decided_at);
        if (wake <= now) {
            due.push_back(id);
        } else {
            next_scan_ = std::min(next_scan_, wake);
        }
    }
    for (const SessionId id : due) {
        const auto found = sessions_.find(id);
        if (found == sessions_.end()) {
            continue;  // replaced by one that was due as well
        }
        if (found->second.decided_at <= now) {
            found->second.decided_at = MonoTime::max();
            admit_newcomer(found->second.agent, wall_, out);
        } else {
            perform(id, found->second.server.on_time(now), wall_, out);
        }
    }
    return out;
}

Intake::Actions Intake::on_appended(
    std::uint64_t group, const Result<std::vector<AgentCursor>>& rejected
) {
    Actions out;
    if (!rejected) {
        staging_.failed(group);
        close_unstored("nothing can be stored: " + rejected.error().text(), out);
        return out;
    }
    for (const CursorUpdate& update : staging_.stored(group)) {
        Agent& owner = agent(update.agent);
        Stream& stream = owner.streams[update.spool];
        const auto refused = std::ranges::find_if(*rejected, [&update](const AgentCursor& one) {
            return one.agent == update.agent && one.spool == update.spool;
        });
        if (refused != rejected->end()) {
            stream.committed = refused->committed_seq;
            stream.fingerprint = refused->fingerprint;
            stream.results = refused->results;
            stream.is_stored = refused->committed_seq > 0;
            continue;
        }
        const bool is_new = !std::exchange(stream.is_stored, true);
        stream.used = ++uses_;
        if (update.last_seq > stream.committed) {
            stream.committed = update.last_seq;
            stream.fingerprint = update.fingerprint;
            stream.results = (update.begins ? 0 : stream.results) + update.results;
        }
        // A group before this one may have failed, which took back what was staged behind it.
        stream.staged = std::max(stream.staged, stream.committed);
        if (owner.session) {
            Session& session = sessions_.at(*owner.session);
            auto actions = session.server.committed(stream.cursor(update.spool));
            perform(*owner.session, std::move(actions), {}, out);
        }
        if (is_new) {
            forget_streams(owner);
        }
    }
    if (!rejected->empty()) {
        close_unstored("the journal stands elsewhere than thought; connect again", out);
    }
    return out;
}

/// As the journal does. Where they differ the journal is right, and says so when records come.
void Intake::forget_streams(Agent& owner) {
    while (owner.streams.size() > cursors_kept) {
        auto oldest = owner.streams.end();
        for (auto at = owner.streams.begin(); at != owner.streams.end(); ++at) {
            const bool is_at_rest =
                at->second.is_stored && at->second.staged == at->second.committed;
            if (is_at_rest &&
                (oldest == owner.streams.end() || at->second.used < oldest->second.used)) {
                oldest = at;
            }
        }
        if (oldest == owner.streams.end()) {
            return;
        }
        owner.streams.erase(oldest);
    }
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

MonoTime Intake::next_wake() const {
    return std::min(next_scan_, staging_.due());
}

}  // namespace muster::collector
