// Owns: every statement the brain writes to state.db. Leaves to the stages: what is written; to
// snapshot: the pages.
#pragma once

#include "base/database.hpp"
#include "cmdb/attributes.hpp"
#include "collector/brain/receipt_counts.hpp"
#include "collector/brain/state.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace muster::collector {

/// off: rows are there already (refolding up to `folded`); every writing member does nothing.
enum class Writing { off, on };

struct FoldPosition {
    Lsn folded = 0;
    Lsn snapshot = 0;
    Elapsed elapsed{};
};

/// state.db, written by one thread. Rows go into a transaction that the first one opens. The first
/// error is kept and answered by `status()`; after it nothing more is written.
class StateStore {
  public:
    /// Empty path: in memory.
    static Result<StateStore> open(const std::string& path);
    StateStore(StateStore&&) noexcept;
    StateStore& operator=(StateStore&&) noexcept;
    ~StateStore();

    void set_writing(Writing writing);
    Status status() const;
    /// Rows were written since the last commit.
    bool has_rows() const;

    void insert_ci(const CiState& ci, WallTime created, Lsn lsn);
    void update_ci(const CiState& ci);
    void update_ci_state(const CiState& ci, WallTime since);
    void put_statement(const cmdb::Statement& statement, CiId ci, Lsn lsn);
    void remove_statement(std::string_view source, std::string_view object, Lsn lsn);
    /// Its row says which CI it is of now.
    void move_statement(std::string_view source, std::string_view object, CiId ci);
    /// `state`: trusted, supporting, shared.
    void put_key(const cmdb::Key& key, CiId ci, std::string_view state);
    void remove_keys(CiId ci);
    void insert_attribute(CiId ci, const cmdb::AttributeInterval& interval, Lsn lsn);
    /// What is believed of the CI's values from now on: other beliefs about the same time are superseded.
    void put_attributes(CiId ci, const std::vector<cmdb::AttributeInterval>& timeline, Lsn lsn);

    struct RelationRow {
        std::string_view source;
        std::string_view object;
        std::string_view type;
        std::string_view target;  ///< object of the same source
    };

    void insert_relation(const RelationRow& row, CiId from, CiId to, WallTime valid_from, Lsn lsn);
    void end_relation(const RelationRow& row, WallTime valid_to, Lsn lsn);
    /// Relations of the statement, in both directions, are the other CI's now.
    void move_relations(std::string_view source, std::string_view object, CiId ci, Lsn lsn);

    struct LedgerRow {
        Lsn lsn;
        std::uint32_t ordinal;
        WallTime wall;
        std::string_view kind;
        CiId ci;
        CiId other;  ///< nil: none
        std::string_view actor;
        std::string_view reason;
    };

    void insert_ledger(const LedgerRow& row);
    /// What the CI was kept apart from is judged anew.
    void remove_duplicates(CiId ci);
    void put_duplicate(CiId ci, CiId other, std::string_view reason, WallTime since);
    void update_agent_ci(const Agent& agent, CiId ci);

    void insert_agent(const Agent& agent, CiId ci, WallTime enrolled);
    void update_agent(const Agent& agent, WallTime state_since);
    void update_agent_epoch(const Agent& agent);
    void insert_unobserved(AgentId agent, WallTime from, std::string_view reason, Lsn lsn);
    void close_unobserved(AgentId agent, WallTime from, WallTime to);
    void delete_unobserved(AgentId agent, WallTime from);

    struct GapRow {
        AgentId agent;
        Lsn lsn;
        std::uint32_t ordinal;
        WallTime wall;
        SpoolId spool;
        std::uint64_t seq;
        std::uint32_t span;
        std::uint32_t results;
        wire::Gap gap;
    };

    void insert_gap(const GapRow& row);
    /// Time in which results were lost; one row with the one before where they touch.
    /// Nothing of before the agent was enrolled: what one says it lost then, nobody had asked it for.
    void insert_lost(AgentId agent, WallTime from, WallTime to, Lsn lsn);
    /// Keeps the newest `most` gaps of the agent, and as many times in which results were lost.
    void trim_gaps(AgentId agent, std::uint64_t most);

    void insert_probe(const State& state, Slot probe, WallTime since);
    void update_probe_definition(const State& state, Slot probe);
    void remove_probe(const ColdProbe& probe, Lsn lsn);
    /// state, reason, expected, seen, exceeded_since.
    void update_probe_state(
        const ColdProbe& probe, std::string_view state, WallTime since, const Trouble* trouble
    );
    /// What was seen last, in words.
    void update_probe_seen(const ColdProbe& probe, const Trouble& trouble);
    void update_probe_exceeded(const ColdProbe& probe, WallTime exceeded_since);
    void update_probe_proven(const ColdProbe& probe, WallTime at);
    void insert_interval(ProbeId probe, std::string_view state, const Trouble& trouble);
    void close_interval(ProbeId probe, const Trouble& trouble, WallTime to);

    void insert_incident(const State& state, const Incident& incident, std::string_view why);
    void update_incident(const Incident& incident);
    /// What fails now, and since when: beside what `update_incident` says.
    void describe_incident(const State& state, const Incident& incident, std::string_view why);
    /// `since`: 0 when it flaps no more.
    void update_flapping(std::uint64_t incident, WallTime since, std::uint32_t transitions);

    struct LinkRow {
        std::uint64_t incident;
        std::string_view type;
        std::uint64_t other;
        std::string_view actor;
        WallTime wall;
        Lsn lsn;
    };

    /// Nothing where it is there already.
    void insert_link(const LinkRow& row);
    void insert_window(const Window& window, CiId ci);
    /// state, to, ended, ended_by, version.
    void update_window(const Window& window);

    struct WindowMemberRow {
        std::uint64_t window;
        CiId ci;
        WallTime from;
        Lsn lsn;
        std::uint32_t ordinal;
    };

    void insert_window_ci(const WindowMemberRow& row);
    /// The open one of that CI.
    void end_window_ci(std::uint64_t window, CiId ci, WallTime to);

    struct TimelineRow {
        std::uint64_t incident;
        Lsn lsn;
        std::uint32_t ordinal;
        WallTime wall;
        std::string_view kind;
        std::string_view actor;
        std::string_view text;
        std::string_view data;
    };

    void insert_timeline(const TimelineRow& row);

    /// The entry that the next rows come from: their events stand at its position, numbered as they are written.
    void begin_entry(Lsn lsn);

    /// One line of the stream of events. Lines of timelines and the states of CIs and agents make theirs by themselves.
    struct EventRow {
        WallTime wall;
        std::string_view kind;
        std::string_view change;
        std::uint64_t incident = 0;  ///< 0: none
        CiId ci = {};                ///< nil: none
        AgentId agent = {};          ///< nil: none
        std::string_view actor = {};
        std::string_view text = {};
    };

    void insert_event(const EventRow& row);
    /// Whether events were committed since this was last asked.
    bool take_events();
    /// Receipts committed since this was last asked.
    ReceiptCounts take_receipts();

    struct OutboxRow {
        std::string_view id;
        std::uint64_t incident;
        std::string_view transition;
        std::string_view channel;
        WallTime created;
        std::string_view payload;
        Lsn lsn;
        std::uint32_t ordinal;
    };

    void insert_outbox(const OutboxRow& row);
    void update_outbox(
        std::string_view id,
        std::string_view state,
        std::uint32_t attempts,
        std::string_view last_error,
        WallTime sent
    );
    void insert_verdict(const KeptVerdict& verdict, Lsn lsn);
    void delete_verdict(std::string_view actor, std::string_view key);

    struct ReceiptRow {
        Lsn lsn;
        std::uint32_t ordinal;
        WallTime wall;
        CiId ci;        ///< nil: none
        ProbeId probe;  ///< nil: none
        std::string_view reason;
        std::string_view data;
    };

    void insert_receipt(const ReceiptRow& row);
    void put_channel(const ChannelStates& telling, const ChannelState& channel);
    void delete_channel(std::string_view name);

    struct SymptomRow {
        std::uint64_t incident;
        Lsn lsn;
        std::uint32_t ordinal;
        CiId ci;
        std::string_view name;
        std::string_view text;
        WallTime since;
    };

    void insert_symptom(const SymptomRow& row);
    /// The open one of that CI.
    void end_symptom(std::uint64_t incident, CiId ci, WallTime until);

    Result<FoldPosition> position();
    /// Ends the transaction, with the position.
    Status commit(Lsn folded, Elapsed elapsed);
    Status checkpoint();
    /// `folder`/state.db becomes a copy of what is committed when the copy is whole.
    Result<DatabaseCopy> begin_copy(const std::string& folder);
    std::uint64_t wal_bytes() const;

    // Snapshot pages; only between begin_snapshot and end_snapshot, which is one transaction.
    Status begin_snapshot();
    void put_page(std::string_view section, std::int64_t page, std::string_view data);
    /// Deletes the pages of a section from `pages` on.
    void cut_pages(std::string_view section, std::int64_t pages);
    Status end_snapshot(Lsn snapshot, Elapsed elapsed);
    /// In order of page. The view is valid during the call.
    Status read_pages(
        std::string_view section, const std::function<Status(std::int64_t, std::string_view)>& take
    );
    /// All tables but `fold` and `snapshot_page`, in order of their keys, one line a row.
    Result<std::string> dump();

  private:
    Status end_transaction();
    struct Impl;
    explicit StateStore(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

}  // namespace muster::collector
