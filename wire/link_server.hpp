// Owns: the collector's half of one link as a value. Leaves to collector/intake: authority, decoding, the journal.
#pragma once

#include "base/result.hpp"
#include "base/time.hpp"
#include "base/uuid.hpp"
#include "wire/link.pb.h"
#include "wire/record.hpp"

#include <map>
#include <string>
#include <variant>
#include <vector>

namespace muster::wire {

struct LinkServerOptions {
    Duration heartbeat = std::chrono::seconds(10);  ///< told to the agent
    Duration hello_within = std::chrono::seconds(10);
    Duration silent_after = std::chrono::seconds(30);  ///< no frame for this long: close
    std::uint64_t credit_bytes = 4u << 20;
    std::string authorities_pem = {};  ///< whom agents are to trust: told with each Welcome
};

namespace server_action {
struct Send {
    proto::Frame frame;
};

/// A good Hello: the owner answers with `welcome()`.
struct Greeted {
    proto::Hello hello;
};

/// In sequence: to be checked and appended. After the durable commit the owner calls `committed()`.
struct Append {
    SpoolId spool;
    std::uint64_t
        first_seq;  ///< of the first record; each next one follows the span of the one before
    std::vector<Record> records;
};

struct Heard {
    proto::Heartbeat heartbeat;
};

struct Applied {
    std::uint32_t epoch;
    std::vector<std::string> problems;
};

/// The agent asks for its next certificate. The owner answers with `certificate()`, once.
struct Renew {
    std::string request_pem;
};

/// The answer to `challenge`: it lives.
struct Lives {};

struct Close {
    std::string why;
    bool orderly;
};  ///< orderly: the peer said goodbye
}  // namespace server_action

using ServerAction = std::variant<
    server_action::Send,
    server_action::Greeted,
    server_action::Append,
    server_action::Heard,
    server_action::Applied,
    server_action::Renew,
    server_action::Lives,
    server_action::Close>;

/// What the collector knows of a spool: the last committed seq, the mark of the record that ends with it, and how many
/// results came up to there.
struct StreamCursor {
    SpoolId spool;
    std::uint64_t committed_seq = 0;
    std::uint64_t fingerprint = 0;
    std::uint64_t results = 0;
};

/// Hello first and once; records contiguous per spool: a batch that begins beyond the expected seq is answered by Nack,
/// one that begins before it is a duplicate: the known part is cut off and acknowledged again.
class LinkServer {
  public:
    LinkServer(LinkServerOptions options, MonoTime now);

    using Actions = std::vector<ServerAction>;
    Actions on_frame(MonoTime now, WallTime wall, proto::Frame frame);
    /// Answers Greeted. `cursors` are those of the agent's spools named in the Hello.
    Actions welcome(
        WallTime wall, const std::vector<StreamCursor>& cursors, std::uint32_t assignment_epoch
    );
    /// The journal has committed up to there; also for what an earlier connection of the agent brought.
    Actions committed(const StreamCursor& cursor);
    /// Sent in parts that fit a frame. Secrets must be filled in.
    Actions assign(std::uint32_t epoch, std::vector<proto::Assignment> items);
    /// Answers Renew: a certificate, or in words why there is none.
    Actions certificate(const Result<std::string>& certificate_pem) const;
    /// Whether there is still somebody at the other end: Lives, or nothing.
    Actions challenge(std::uint64_t number);
    /// Told with the next Ack or Welcome. 0: the agent waits a second or more, then tries one batch.
    void set_credit(std::uint64_t bytes);
    /// Goodbye (the collector stops) or Refusal (the agent may not be here).
    Actions close(std::string reason, bool refused);
    Actions on_time(MonoTime now);
    MonoTime next_wake() const;

  private:
    enum class State { awaiting_hello, awaiting_welcome, live, closed };

    struct Stream {
        std::uint64_t staged = 0;       // last seq handed to the owner
        std::uint64_t committed = 0;    // last seq known to be durable
        std::uint64_t results = 0;      // up to there
        std::uint64_t fingerprint = 0;  // as of the Welcome
        bool is_going_back =
            false;  // a Nack is out: what comes beyond it was sent before it arrived
    };

    void end(std::string why, Actions& out);
    void acknowledge(SpoolId spool, const Stream& stream, Actions& out) const;
    void on_hello(proto::Hello hello, Actions& out);
    void on_batch(proto::Batch batch, Actions& out);
    void on_heartbeat(WallTime wall, const proto::Heartbeat& heartbeat, Actions& out);
    void on_live_frame(WallTime wall, proto::Frame frame, Actions& out);

    LinkServerOptions options_;
    State state_ = State::awaiting_hello;
    MonoTime last_heard_;
    std::map<SpoolId, Stream> streams_;
    std::uint64_t challenge_ = 0;  // not yet answered; 0: none
};

}  // namespace muster::wire
