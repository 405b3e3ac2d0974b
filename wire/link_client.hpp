// Owns: the agent's half of the link as a value: events in, actions out; no socket, no clock, no file.
// Leaves to agent/uplink: performing the actions; to agent/spool: records.
#pragma once

#include "base/random.hpp"
#include "base/time.hpp"
#include "base/uuid.hpp"
#include "wire/assignment_parts.hpp"
#include "wire/link.pb.h"
#include "wire/record.hpp"

#include <deque>
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
};

/// Where the spool stands; the agent passes it with each event that changed it.
struct SpoolPosition {
    SpoolId spool;
    std::uint64_t first_unacked = 1;
    std::uint64_t synced = 0;  ///< last seq on disk: nothing beyond it is sent
    std::uint64_t next_seq = 1;
};

/// What every Hello says about this process.
struct AgentFacts {
    std::string instance_nonce;  ///< 16 bytes
    std::string boot_id;         ///< 16 bytes
    std::string config_hash;
    std::string version;
    std::string hostname;
};

struct SequencedRecord {
    std::uint64_t seq = 0;
    Record record;
};

namespace link_action {
struct Connect {};  ///< open a connection now

struct Send {
    proto::Frame frame;
};

struct Fetch {
    std::uint64_t from_seq;
    std::size_t bytes;
};  ///< ask the spool; answer each one, once, with on_records

struct Acked {
    std::uint64_t seq;
};  ///< the collector has committed up to here

struct Apply {
    std::uint32_t epoch;
    std::vector<proto::Assignment> items;
};  ///< a complete set of assignments

struct Close {
    std::string why;
    bool is_refusal = false;  ///< the collector does not want this agent, or not this certificate
};

/// The answer to `request_certificate`: a certificate, or in words why there is none.
struct Certificate {
    std::string certificate_pem;
    std::string problem;
};

struct Connected {};  ///< Welcome received: for the log
}  // namespace link_action

using LinkAction = std::variant<
    link_action::Connect,
    link_action::Send,
    link_action::Fetch,
    link_action::Acked,
    link_action::Apply,
    link_action::Close,
    link_action::Certificate,
    link_action::Connected>;

/// States: waiting (back-off) → connecting → greeting (Hello sent) → live → (closed) waiting … → stopped.
/// Full-jitter back-off between `backoff_least` and `backoff_most`, doubled after each refused or failed try, reset by Welcome.
class LinkClient {
  public:
    LinkClient(
        LinkClientOptions options,
        AgentFacts facts,
        SpoolPosition spool,
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
    /// The spool synced, appended or trimmed. Records up to `synced` that the collector lacks are fetched.
    Actions on_spool(MonoTime now, SpoolPosition position);
    /// The answer to Fetch, from its from_seq on; empty when nothing is there. Records without the one asked for end the
    /// connection: the collector would refuse them. A record too large for a frame is sent as a gap of the same count.
    Actions on_records(MonoTime now, std::vector<SequencedRecord> records);
    /// The scheduler has taken the epoch; reported to the collector.
    Actions on_applied(std::uint32_t epoch, std::vector<std::string> problems);
    /// Asks for the agent's next certificate; nothing where the link is not live. The answer may never come.
    Actions request_certificate(std::string request_pem);
    /// Lets go of the connection there is, or of waiting for one, and calls anew at once.
    Actions call_anew(MonoTime now, std::string why);
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
    enum class State { waiting, connecting, greeting, live, stopped };

    struct Flight {
        std::uint64_t last_seq;
        std::size_t bytes;
    };

    void wait_again(MonoTime now);
    void drop(MonoTime now, std::string why, Actions& out);
    void on_refusal(MonoTime now, const proto::Refusal& refusal, Actions& out);
    void fill(Actions& out);
    void pause(MonoTime now, Duration asked);
    bool may_send(std::size_t bytes) const;
    bool send_records(std::vector<SequencedRecord> records, Actions& out);
    void acknowledge(MonoTime now, std::uint64_t committed, Actions& out);
    void beat(MonoTime now, WallTime wall, Actions& out);
    proto::Hello hello(MonoTime now, WallTime wall) const;
    bool is_ours(const std::string& spool_id) const;

    void on_welcome(MonoTime now, WallTime wall, const proto::Welcome& welcome, Actions& out);
    void on_ack(MonoTime now, const proto::Ack& ack, Actions& out);
    void on_nack(MonoTime now, const proto::Nack& nack, Actions& out);
    void on_reply(MonoTime now, WallTime wall, const proto::HeartbeatReply& reply);
    void on_assignments(MonoTime now, proto::Assignments assignments, Actions& out);
    void on_live_frame(MonoTime now, WallTime wall, proto::Frame frame, Actions& out);

    LinkClientOptions options_;
    AgentFacts facts_;
    SpoolPosition spool_;
    Random* random_;
    proto::Heartbeat counters_;
    State state_ = State::waiting;

    MonoTime next_try_;
    std::uint32_t failed_tries_ = 0;
    MonoTime last_heard_;
    Duration heartbeat_;
    Duration heard_within_;  // live: without a frame for this long the connection is dead
    MonoTime next_heartbeat_;
    std::optional<Duration> clock_offset_;

    std::uint64_t acked_ = 0;      // committed by the collector, as far as we know
    std::uint64_t next_send_ = 1;  // first seq not yet sent on this connection
    std::deque<Flight> in_flight_;
    std::size_t in_flight_bytes_ = 0;
    std::uint64_t credit_ = 0;
    std::optional<MonoTime> resume_at_;  // nothing is sent before: the collector asked for a pause
    bool is_short_of_credit_ =
        false;                   // what the spool gave did not fit: wait for an acknowledgement
    std::uint32_t nacks_ = 0;    // in a row, without an acknowledgement between
    std::uint32_t fetches_ = 0;  // not yet answered; only the answer to the last one counts
    std::uint64_t fetched_from_ = 0;

    AssignmentParts parts_;
    std::uint32_t applied_epoch_ = 0;
};

}  // namespace muster::wire
