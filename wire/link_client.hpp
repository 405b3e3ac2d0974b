// Owns: the agent's half of the link as a value: events in, actions out; no socket, no clock, no file.
// Leaves to agent/uplink: performing the actions; to agent/spool: records.
#pragma once

#include "base/random.hpp"
#include "base/time.hpp"
#include "base/uuid.hpp"
#include "wire/assignment_parts.hpp"
#include "wire/finished_stream.hpp"
#include "wire/link.pb.h"
#include "wire/out_stream.hpp"
#include "wire/send_window.hpp"

#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace muster::wire {

struct LinkClientOptions {
    Duration heartbeat = std::chrono::seconds(10);  ///< until Welcome says otherwise
    Duration answer_within =
        std::chrono::seconds(30);  ///< no Welcome for this long: close and reconnect
    Duration backoff_least = std::chrono::seconds(1);
    Duration backoff_most = std::chrono::seconds(60);
    std::uint32_t batches_in_flight = 8;
    std::size_t batch_bytes = 512u << 10;  ///< payload of one Batch frame, at least one record
    std::size_t assignments = 1'000'000;   ///< accepted in one epoch
    /// Records older than this are caught up with beside what is new, in a spool of its own.
    Duration renew_after = std::chrono::seconds(60);
};

/// What every Hello says about this process.
struct AgentFacts {
    std::string instance_nonce;  ///< 16 bytes
    std::string boot_id;         ///< 16 bytes
    std::string config_hash;
    std::string version;
    std::string hostname;
    std::string authorities = {};  ///< SHA-256 of those it trusts, as PEM; may be empty
};

namespace link_action {
struct Connect {};  ///< open a connection now

struct Send {
    proto::Frame frame;
};

/// Ask the spool; answer each one, once, with on_records.
struct Fetch {
    SpoolId spool;
    std::uint64_t from_seq;
    std::size_t bytes;
};

/// The collector has committed up to here.
struct Acked {
    SpoolId spool;
    std::uint64_t seq;
    std::uint64_t
        fingerprint;  ///< of the record that ends there, as it was sent; 0: as the spool has it
};

/// The collector was restored and has lost what it had acknowledged behind `seq`: nothing behind it may be deleted.
struct Rewound {
    SpoolId spool;
    std::uint64_t seq;
};

/// The spool is a copy of what it was before, and the collector has seen more: it goes on under another id from `from_seq` on,
/// with what may have been stored before marked as such. The link is called again when the owner tells the new positions.
struct Rekey {
    SpoolId spool;
    std::uint64_t from_seq;
};

/// What is appended from now on goes into a new spool, which is told with on_spools: the one that grows lies far behind.
struct Renew {};

struct Apply {
    std::uint32_t epoch;
    std::vector<proto::Assignment> items;
};  ///< a complete set of assignments

struct Close {
    std::string why;
    bool is_refusal = false;  ///< the collector does not want this agent, or not this certificate
    bool is_silence = false;  ///< nothing came for too long
};

/// The answer to `request_certificate`: a certificate, or in words why there is none.
struct Certificate {
    std::string certificate_pem;
    std::string problem;
};

/// Whom the collector wants to be known by from now on, in PEM: to be kept, where it is not what is kept already.
struct Authorities {
    std::string pem;
};

struct Connected {};  ///< Welcome received: for the log
}  // namespace link_action

using LinkAction = std::variant<
    link_action::Connect,
    link_action::Send,
    link_action::Fetch,
    link_action::Acked,
    link_action::Rewound,
    link_action::Rekey,
    link_action::Renew,
    link_action::Apply,
    link_action::Close,
    link_action::Certificate,
    link_action::Authorities,
    link_action::Connected>;

/// States: waiting (back-off) → connecting → (renewing: a new spool is awaited) → greeting (Hello sent) → live → (closed) waiting … →
/// stopped.
/// Full-jitter back-off between `backoff_least` and `backoff_most`, doubled after each refused or failed try, reset by Welcome.
class LinkClient {
  public:
    LinkClient(
        LinkClientOptions options,
        AgentFacts facts,
        std::vector<SpoolPosition> spools,
        Random& random,
        MonoTime now
    );

    using Actions = std::vector<LinkAction>;
    /// Timers: due reconnects, heartbeats, silence of the peer.
    Actions on_time(MonoTime now, WallTime wall);
    Actions on_connected(MonoTime now, WallTime wall);
    /// The connection ended, or could not be made. After our own Close it may be called or not.
    Actions on_closed(MonoTime now);
    Actions on_frame(MonoTime now, WallTime wall, proto::Frame frame);
    /// Something was synced, appended or trimmed. First the spool that grows, then older ones, the oldest first: they are
    /// drained beside it. Records up to `synced` that the collector lacks are fetched. With a spool it was not told of before
    /// the link is called anew.
    Actions on_spools(MonoTime now, const std::vector<SpoolPosition>& positions);
    /// The answer to Fetch, from its from_seq on; empty when nothing is there. What is missing in front is told as a gap, as is
    /// a record too large for a frame.
    Actions on_records(MonoTime now, SpoolId spool, std::vector<SequencedRecord> records);
    /// The scheduler has taken the epoch; reported to the collector.
    Actions on_applied(std::uint32_t epoch, std::vector<std::string> problems);
    /// Asks for the agent's next certificate; nothing where the link is not live. The answer may never come.
    Actions request_certificate(std::string request_pem);
    /// Lets go of the connection there is, or of waiting for one, and calls anew at once.
    Actions call_anew(MonoTime now, std::string why);

    /// Told with the next Hello.
    void trusts(std::string authorities) { facts_.authorities = std::move(authorities); }

    /// Told with the next Hello: streams that are among no spools any more, the oldest first, `most_finished` at most.
    void finished(std::vector<FinishedStream> streams) { finished_ = std::move(streams); }

    /// From the next Hello and the next wait on.
    void reconfigure(Duration backoff_least, Duration backoff_most, std::string config_hash);
    /// Orderly end: Goodbye, then Close. Nothing is sent afterwards.
    Actions stop(std::string reason);

    /// Counters of the next heartbeat, kept by the owner.
    proto::Heartbeat& counters() { return counters_; }

    /// When on_time wants to be called next.
    MonoTime next_wake() const;
    bool is_live() const;
    /// Server wall time minus ours at the last heartbeat reply, half the round trip taken off (delivery: clock offset).
    std::optional<Duration> clock_offset() const;

  private:
    enum class State { waiting, connecting, renewing, greeting, live, stopped };

    void wait_again(MonoTime now);
    void drop(MonoTime now, std::string why, Actions& out);
    void drop_silent(MonoTime now, std::string why, Actions& out);
    void greet(MonoTime now, WallTime wall, Actions& out);
    bool lies_behind(WallTime wall) const;
    void on_refusal(MonoTime now, const proto::Refusal& refusal, Actions& out);
    void fill(Actions& out);
    bool is_fetch_awaited();
    bool is_any_gone_lacking(const std::vector<SpoolPosition>& positions) const;
    void pause(MonoTime now, Duration asked);
    std::uint64_t room() const;
    bool may_send(std::size_t bytes) const;
    OutStream* stream_of(const std::string& raw_spool_id);
    OutStream* next_stream();
    static void tell_committed(OutStream& stream, Actions& out);
    void take_course(MonoTime now, OutStream& stream, OutStream::Course course, Actions& out);
    void beat(MonoTime now, WallTime wall, Actions& out);
    proto::Hello hello(MonoTime now, WallTime wall) const;

    void on_welcome(MonoTime now, WallTime wall, const proto::Welcome& welcome, Actions& out);
    void on_ack(MonoTime now, const proto::Ack& ack, Actions& out);
    void on_nack(MonoTime now, const proto::Nack& nack, Actions& out);
    void on_reply(MonoTime now, WallTime wall, const proto::HeartbeatReply& reply);
    void on_assignments(MonoTime now, proto::Assignments assignments, Actions& out);
    void on_live_frame(MonoTime now, WallTime wall, proto::Frame frame, Actions& out);

    LinkClientOptions options_;
    AgentFacts facts_;
    std::vector<OutStream> streams_;  // first the one that grows, then the oldest first
    std::vector<FinishedStream> finished_;
    Random* random_;
    proto::Heartbeat counters_;
    State state_ = State::waiting;

    MonoTime next_try_;
    std::uint32_t failed_tries_ = 0;
    MonoTime last_heard_;
    MonoTime greet_at_;  // renewing: with whatever spools there are
    Duration heartbeat_;
    Duration heard_within_;  // live: without a frame for this long the connection is dead
    MonoTime next_heartbeat_;
    std::optional<Duration> clock_offset_;

    std::uint64_t credit_ = 0;
    SendWindow window_;
    std::optional<MonoTime> resume_at_;  // nothing is sent before: the collector asked for a pause
    bool is_short_of_credit_ =
        false;                   // what the spool gave did not fit: wait for an acknowledgement
    std::uint32_t fetches_ = 0;  // not yet answered; only the answer to the last one counts
    SpoolId fetched_spool_;
    std::uint64_t fetched_from_ = 0;
    std::uint32_t turn_ = 0;  // counts fetches: now and then an old spool goes first

    AssignmentParts parts_;
    std::uint32_t applied_epoch_ = 0;
};

}  // namespace muster::wire
