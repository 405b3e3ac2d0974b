// Owns: a brain with a journal beside it, for tests: entries are made by hand, what the brain asks
// for is appended.
#pragma once

#include "collector/brain/brain.hpp"
#include "collector/journal/entries.pb.h"

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace muster::collector::brain_test {

inline constexpr auto ok = wire::ResultState::ok;
inline constexpr auto warning = wire::ResultState::warning;
inline constexpr auto critical = wire::ResultState::critical;
inline constexpr auto unknown = wire::ResultState::unknown;

/// A probe type "icmp" without options, with the metrics rtt_avg (ms, 3 decimals) and loss (%, 1 decimal).
BrainOptions options_at(std::string state_path = {});

/// One result: which probe of the agent, its state, how long before now it was measured.
struct Said {
    std::string probe;  ///< "ci/probe name"
    wire::ResultState state = wire::ResultState::ok;
    Duration ago{};
    std::string seen = {};
    std::vector<std::int64_t> values = {
    };  ///< of the metrics rtt_avg, in microseconds, and loss, in thousandths
    std::string reason = "timeout";  ///< of what was seen
};

/// An agent as the journal knows it.
struct TestAgent {
    AgentId id;
    SpoolId spool;
    std::string name;
    std::string address = "127.0.0.1:40000";  ///< where its link comes from
    std::uint64_t boot = 1;
    std::uint64_t seq = 0;        ///< produced
    std::uint64_t committed = 0;  ///< delivered
    std::uint32_t epoch = 0;
    std::map<std::string, std::uint32_t>
        dense;                          ///< "ci/probe name" → dense id of the current epoch
    std::vector<DecodedBatch> spooled;  ///< produced while it could not deliver
};

class BrainWorld {
  public:
    explicit BrainWorld(BrainOptions options = options_at());

    // Time. Journal time and calendar go together; agents' monotonic time is the calendar's.
    void advance(Duration by);

    WallTime now() const { return wall_; }

    /// As the configuration says from the next `load_config` on.
    Duration silent_after = std::chrono::seconds(30);
    Duration silent_incident_after = std::chrono::minutes(5);

    // Entries. Each is folded and committed; appended are also the entries the brain asks for.
    Effects append(EntryKind kind, std::string body = {});
    void load_config(const std::string& yaml);
    void start();
    /// Ticks of a second.
    void pass(Duration time);
    TestAgent& enrol(const std::string& name, const std::string& site = {});
    void connect(TestAgent& agent);
    void disconnect(TestAgent& agent, bool orderly = false);
    void alive(const TestAgent& agent);
    /// A record with these results, delivered at once.
    void deliver(TestAgent& agent, std::vector<Said> results);
    /// A gap record of so many records and results, delivered at once.
    void lose(TestAgent& agent, const wire::Gap& gap, std::uint32_t span, std::uint32_t results);
    /// A record that waits in the agent's spool.
    void spool(TestAgent& agent, std::vector<Said> results);
    /// What the agent sees of its machine, now, with its own keys; a record that waits in its spool.
    void spool_observations(TestAgent& agent, wire::Observations seen);
    /// The same, delivered at once.
    void observe(TestAgent& agent, wire::Observations seen);
    /// The spool's records, one entry each.
    void drain(TestAgent& agent);
    Verdict command(
        const std::string& name,
        const std::string& body,
        const std::string& key = {},
        const std::string& if_match = {}
    );
    void confirm(const std::string& outbox_id, int status = 200);

    // What came of it.
    struct Row : std::vector<std::string> {};

    /// Rows of a table, columns in the order of the schema, null as "-".
    std::vector<Row> rows(std::string_view table) const;
    /// One column of all rows.
    std::vector<std::string> column(std::string_view table, std::size_t index) const;
    std::string probe_state(const std::string& name);
    std::string ci_state(const std::string& name);
    /// "CLASS NAME", and " (retired)", " (merged)" or " (missing)", of every CI; sorted.
    std::vector<std::string> cis() const;
    /// "FROM TYPE TO" by names, of the relations believed to hold now; sorted.
    std::vector<std::string> relations() const;
    std::size_t incidents(std::string_view state) const;

    Brain& brain() { return *brain_; }

    const std::vector<Entry>& journal() const { return journal_; }

    /// Messages that were asked to be sent, in order of their making.
    std::vector<std::string> outbox() const;

    /// Why nobody would be told, as said last.
    const std::string& nobody_told() const { return nobody_told_; }

  private:
    /// Lines of all tables, each begins with its table's name.
    using Tables = std::vector<std::string>;

    Tables tables() const;
    static std::vector<Row> rows_of(const Tables& all, std::string_view table);
    Effects fold(Entry entry);
    DecodedBatch record(TestAgent& agent, std::vector<Said> results);
    void learn(TestAgent& agent, const IssuedAssignments& issued);

    std::unique_ptr<Brain> brain_;
    std::vector<Entry> journal_;
    std::map<AgentId, std::unique_ptr<TestAgent>> agents_;
    std::string nobody_told_ = "never said";
    WallTime wall_;
    Elapsed elapsed_{};
};

/// Columns of `incident` used in tests.
inline constexpr std::size_t incident_kind = 1;
inline constexpr std::size_t incident_title = 6;
inline constexpr std::size_t incident_state = 8;
inline constexpr std::size_t incident_seen = 12;
inline constexpr std::size_t incident_late = 17;
inline constexpr std::size_t incident_resolved_by = 21;
inline constexpr std::size_t incident_flapping_since = 25;
inline constexpr std::size_t incident_transitions = 26;
/// Columns of `incident_timeline` and `receipt`.
inline constexpr std::size_t timeline_kind = 4;
inline constexpr std::size_t receipt_reason = 5;

/// A machine as an agent sees it: host NAME with an OS, interface eth0 with its address, sshd and its port.
wire::Observations machine(const std::string& name, const std::string& address);

/// "targets:" with `count` hosts t1 … of one probe p each: 3 failures, 2 successes, hold 5 s.
std::string simple_targets(int count, int probes_each = 1, const std::string& more = {});

}  // namespace muster::collector::brain_test
