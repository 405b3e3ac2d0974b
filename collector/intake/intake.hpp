// Owns: the collector's side of all links as a value: sessions, authority, decoding once, cursors, group commits.
// Leaves to link_service.hpp: sockets and timers; to staging.hpp: when a group is due; to the journal: storing.
#pragma once

#include "base/files.hpp"
#include "collector/brain/brain.hpp"
#include "collector/figures/collector_figures.hpp"
#include "collector/intake/agent_clock.hpp"
#include "collector/intake/authority.hpp"
#include "collector/intake/staging.hpp"
#include "wire/finished_stream.hpp"
#include "wire/link_server.hpp"

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <variant>
#include <vector>

namespace muster::collector {

struct IntakeOptions {
    wire::LinkServerOptions link;
    StagingOptions staging;
    std::string data_dir;                             ///< no secret is read below it
    Duration alive_every = std::chrono::seconds(10);  ///< between agent.alive entries
    /// An agent that is there answers a challenge within this; then whoever came with its certificate is a copy.
    Duration answer_within = std::chrono::seconds(5);
    /// A copy that was refused stays refused while its agent was heard within this; then it may be that machine, moved.
    Duration copy_refused_for = std::chrono::minutes(5);
    /// Staged payloads and what was unpacked from them, beyond which nothing more should be read; and as much again is shared out to
    /// those that are here, as what they may send before it is read.
    std::size_t most_memory = 128U << 20U;
    /// Of one agent, beyond which nothing more is read from it. An agent within its credit stays below.
    std::size_t agent_memory = 32U << 20U;
    /// Bytes, unpacked, that one agent may bring in a second; after two seconds' worth at once it is read no faster.
    std::uint64_t agent_rate = 32U << 20U;
};

/// What was taken since the start and is not as it should be.
struct IntakeCounts {
    std::uint64_t quarantined = 0;  ///< records set aside
    std::uint64_t possible_duplicates =
        0;  ///< results that may be stored twice, as their agents said
    std::uint64_t from_future =
        0;  ///< results stored as of when they came: their time was too far ahead
    std::uint64_t violations = 0;  ///< links ended because of what came over them
};

/// One connection of an agent, from accept to close.
using SessionId = std::uint64_t;

namespace intake_action {
struct Send {
    SessionId session;
    wire::proto::Frame frame;
};

/// The session is over; what was sent before is still to be written.
struct Close {
    SessionId session;
    std::string why;
};

/// Call `assignments()` when there is room to send them.
struct Assign {
    SessionId session;
};

/// The agent asks for its next certificate: answer with `certificate()`, once.
struct Renew {
    SessionId session;
    std::string request_pem;
};
}  // namespace intake_action

using IntakeAction = std::
    variant<intake_action::Send, intake_action::Close, intake_action::Assign, intake_action::Renew>;

/// Sans-io; belongs to the network loop's thread. After each call the owner performs the actions and asks `take_group`.
class Intake {
  public:
    using Actions = std::vector<IntakeAction>;

    /// `cursors`: how far the journal has stored each spool. `files` outlives this: secrets are read when they are sent.
    Intake(
        IntakeOptions options, const std::vector<AgentCursor>& cursors, Files& files, MonoTime now
    );

    /// A connection whose certificate is good and whose agent is active. An older session of the agent ends once this one has
    /// said Hello, unless that was another process and the older one lives: then this one is a copy, and is refused.
    std::pair<SessionId, Actions> open_session(AgentId agent, std::string address, MonoTime now);
    Actions on_frame(SessionId session, MonoTime now, WallTime wall, wire::proto::Frame frame);
    /// The connection broke.
    Actions on_closed(SessionId session, const std::string& why);
    Actions on_time(MonoTime now);

    /// The journal's answer to a group.
    Actions on_appended(std::uint64_t group, const Result<std::vector<AgentCursor>>& rejected);
    /// The brain has folded an assignment, or says at start what is in force.
    Actions on_issued(IssuedAssignments issued);
    /// Secret files may have changed: for each agent that is here and would be sent others than before, Assign.
    Actions reread_secrets();
    /// The certificate made for a session, or why there is none.
    Actions certificate(SessionId session, const Result<std::string>& certificate_pem);
    /// The agent's certificate counts no more.
    Actions revoke(AgentId agent);
    /// The most that is told to agents with the next answer: 0 while the folds are far behind. The more there are, the less each gets.
    void set_credit(std::uint64_t bytes);
    /// What may be read of one connection and wait.
    std::size_t read_ahead() const;
    /// Orderly end of all sessions.
    Actions stop(const std::string& reason);

    std::optional<Staging::Group> take_group(MonoTime now) { return staging_.take(now); }

    /// The complete set of the session's agent, secrets filled in, as frames; empty when the session is gone.
    std::vector<wire::proto::Frame> assignments(SessionId session);
    /// When on_time or take_group wants to be called next.
    MonoTime next_wake() const;

    /// For how long nothing more is to be read from this session, for a start: zero when there is room for it. Its agent has
    /// brought more than its share, or all together have.
    Duration hold_back(SessionId session, MonoTime now);

    std::size_t sessions() const { return sessions_.size(); }

    const IntakeCounts& counts() const { return counts_; }

    /// What agents with a session said with their last heartbeat, in no order.
    std::vector<AgentFigures> agents_said() const;

  private:
    struct Stream {
        std::uint64_t committed = 0;
        std::uint64_t staged = 0;
        std::uint64_t fingerprint = 0;  // of the record that ends with `committed`
        std::uint64_t results = 0;      // up to there
        std::uint64_t used = 0;         // the higher, the later it moved
        bool is_stored = false;         // the journal knows the spool

        wire::StreamCursor cursor(SpoolId spool) const {
            return {spool, committed, fingerprint, results};
        }
    };

    struct Agent {
        std::map<SpoolId, Stream> streams;
        IssuedEpochs epochs;
        IssuedAssignments current;
        AgentClock clock;
        Duration told_ahead{};              // its calendar, as the log has it
        std::string secrets;                // the fingerprint of those it is known to have
        std::optional<SessionId> session;   // which is greeted
        std::optional<SessionId> newcomer;  // which is not, yet
        std::deque<std::string> nonces;     // of the processes it was lately, the newest last
        std::deque<std::string> refused;    // of copies, the newest last
        std::string address;                // it was greeted at last
        MonoTime heard{};                   // last
        MonoTime paid_until{};              // what it brought is worth this much of its rate
        Duration held_back{};               // since the start
        std::uint64_t quarantined = 0;      // likewise
    };

    struct Session {
        AgentId agent;
        std::string address;
        wire::LinkServer server;
        bool is_greeted = false;
        bool has_complained = false;  // of a record set aside: once a session
        std::uint64_t quarantined = 0;
        bool is_told_held_back = false;
        std::optional<wire::proto::Hello> hello =
            std::nullopt;                       // waits: does the older session live?
        WallTime hello_came{};                  // by our calendar
        MonoTime decided_at = MonoTime::max();  // then at the latest
        std::optional<AgentFigures> said = std::nullopt;
        std::string secrets = {};       // the fingerprint of those sent last
        std::uint32_t unconfirmed = 0;  // sets sent that it has not said to have applied
    };

    void perform(SessionId id, wire::LinkServer::Actions actions, WallTime wall, Actions& out);
    void on_hello(SessionId id, const wire::proto::Hello& hello, WallTime wall, Actions& out);
    void greet(SessionId id, const wire::proto::Hello& hello, WallTime wall, Actions& out);
    void tell_lost(SessionId id, const wire::proto::Hello& hello, Actions& out);
    bool stage_lost(Session& session, const wire::FinishedStream& finished, Actions& out);
    void hear_clock(
        const Session& session, std::int64_t wall_ns, std::int64_t mono_ns, WallTime ours
    );
    void note_calendar(MonoTime now, WallTime wall);
    void replace(SessionId older, const std::string& address, Actions& out);
    void refuse_copy(
        SessionId id, const wire::proto::Hello& hello, const std::string& other, Actions& out
    );
    bool is_refused(const Agent& owner, const std::string& nonce) const;
    void tell_of_copy(
        const Session& session, const wire::proto::Hello& hello, const std::string& other
    );
    void admit_newcomer(AgentId agent, WallTime wall, Actions& out);
    void on_applied(Session& session, const wire::server_action::Applied& applied);
    void on_records(Session& session, wire::server_action::Append append, Actions& out);
    void end_straddled(
        Session& session, const CursorUpdate& step, std::uint64_t staged, Actions& out
    );
    void tell_held_back(Session& session, std::string_view why) const;
    void charge(Agent& owner, const wire::proto::Frame& frame);
    void stage(Session& session, const CursorUpdate& step, wire::Record record);
    void set_aside(
        Session& session, const CursorUpdate& step, std::string payload, std::string why
    );
    void forget_streams(Agent& owner);
    void end_session(SessionId id, const std::string& why, bool orderly);
    void close_unstored(const std::string& why, Actions& out);
    std::uint64_t credit() const;
    void share_credit();

    Agent& agent(AgentId id) { return agents_[id]; }

    IntakeOptions options_;
    Files* files_;
    Staging staging_;
    std::unordered_map<AgentId, Agent> agents_;
    std::unordered_map<SessionId, Session> sessions_;
    SessionId next_session_ = 1;
    std::set<AgentId> heard_;  // since the last agent.alive, without an entry of their own
    MonoTime next_alive_;
    MonoTime next_scan_;
    MonoTime now_;  // as told last
    WallTime wall_{};
    std::optional<Duration> calendar_;  // ours, ahead of the monotonic clock
    std::uint64_t next_challenge_ = 1;
    std::uint64_t uses_ = 0;     // of streams, so far
    std::uint64_t full_credit_;  // of one, while the folds keep up and there are few
    std::uint64_t told_credit_;
    std::string raw_;  // memory reused by decompression
    IntakeCounts counts_;
};

}  // namespace muster::collector
