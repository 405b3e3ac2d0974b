// Owns: what the brain remembers: plain data that decides alone, saved by snapshot.cpp. Leaves to
// the stages: what it means.
#pragma once

#include "base/time.hpp"
#include "base/uuid.hpp"
#include "cmdb/identification.hpp"
#include "cmdb/shipped_model.hpp"
#include "collector/brain/assignment_list.hpp"
#include "collector/brain/declared_targets.hpp"
#include "collector/brain/dirty_pages.hpp"
#include "collector/brain/incidents/causes.hpp"
#include "collector/brain/relation_index.hpp"
#include "collector/brain/telling/channel_state.hpp"
#include "collector/brain/windows/window_state.hpp"
#include "collector/command.hpp"
#include "collector/journal/entry.hpp"
#include "config/watch.hpp"

#include <boost/unordered/unordered_flat_map.hpp>

#include <cstdint>
#include <deque>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace muster::collector {

/// Positions in the arrays below. `nothing` is none of them.
using Slot = std::uint32_t;  ///< of a probe
using CiIndex = std::uint32_t;
using AgentIndex = std::uint32_t;
using SpecIndex = std::uint32_t;
using NameIndex = std::uint32_t;
inline constexpr std::uint32_t nothing = std::numeric_limits<std::uint32_t>::max();

/// No result yet, beside wire::ResultState.
inline constexpr std::uint8_t no_state = 7;

/// What a result touches: one per probe, 16 bytes, in an array.
struct HotProbe {
    static constexpr std::uint8_t proven = 1;    ///< has answered at least once
    static constexpr std::uint8_t exceeded = 2;  ///< so many failures in a row as its rule says
    static constexpr std::uint8_t settled =
        4;  ///< a further result of the same state changes nothing but `latest_ms`
    static constexpr std::uint8_t told = 8;         ///< the receipt "unproven" was written
    static constexpr std::uint8_t measured = 16;    ///< its rule has limits on metrics
    static constexpr std::uint8_t remembered = 32;  ///< State::limits has a LimitMemory of it
    static constexpr std::uint8_t limited = 64;     ///< a limit is exceeded: availability or metric

    std::int64_t latest_ms =
        std::numeric_limits<std::int64_t>::min();  ///< agent's monotonic time of the newest result
    std::uint32_t boot = 0;                        ///< Agent::Boot::id of it, 0: none
    std::uint8_t state = no_state;                 ///< raw, as reported
    std::uint8_t flags = settled;
    std::uint16_t run = 0;  ///< failures in a row; while exceeded: successes in a row
};

static_assert(sizeof(HotProbe) == 16);

/// What a probe is. A free slot has a nil id.
struct ColdProbe {
    ProbeId id;
    CiIndex ci = nothing;
    AgentIndex agent = nothing;
    SpecIndex spec = nothing;
    NameIndex name = nothing;
    NameIndex origin = nothing;
    NameIndex host = nothing;
    std::uint32_t row = 0;     ///< key of its row in the table probe, never used twice
    std::uint32_t proven = 0;  ///< first answer, in seconds since 1970; 0: none yet
};

/// What probes have in common: measuring, judging, who may measure.
struct Spec {
    std::shared_ptr<const ProbeSpec> probe;  // shared with assignment lists in other threads; const
    config::Rule rule;
    config::Urgency urgency = config::Urgency::medium;
    config::Vantage from;
};

/// Only for probes that are not simply well: the current trouble.
struct Trouble {
    WallTime first_failed{};   ///< of the current run of failures; 0: none
    WallTime exceeded_at{};    ///< 0: not exceeded
    WallTime interval_from{};  ///< key of the open row of probe_interval
    Lsn interval_lsn = 0;      ///< 0: none is open
    std::uint32_t interval_ordinal = 0;
    std::string reason;
    std::string expected;
    std::string seen;
};

/// Only for probes whose limits have something to remember: empty while all is well.
struct LimitMemory {
    /// Time in which it is known to have failed, in event time.
    struct Span {
        WallTime from{};
        WallTime to{};
    };

    struct Metric {
        std::string metric;
        config::Side side = config::Side::above;
        std::uint16_t run = 0;  ///< beyond its limit in a row; while exceeded: clear in a row
        bool exceeded = false;
        WallTime since{};  ///< first of the run
    };

    WallTime last{};  ///< of the newest result
    bool last_failed = false;
    bool availability_exceeded = false;
    std::vector<Span> down;  ///< rising, within the window
    std::vector<Metric> metrics;
};

/// A CI's share of the brain: what is told of it, and the count of its probes by condition.
struct CiState {
    CiId id;
    std::string ci_class;
    std::string name;
    std::string address;
    std::string site;
    std::string service;
    std::string key;  ///< object of its oldest statement: part of its probes' ids
    std::string source;
    cmdb::Attributes others;     ///< current values of all other attributes, labels too
    AgentIndex agent = nothing;  ///< for the CI of an agent
    bool retired = false;
    WallTime ended{};    ///< when it was retired; 0: it is not
    WallTime missing{};  ///< since when no source that names it sees it; 0: it is seen
    CiId merged_into;    ///< whose its statements are now; nil: its own
    std::string state;   ///< as stored
    std::uint32_t probes = 0;
    std::uint32_t proven = 0;
    std::uint32_t troubled = 0;  ///< state is not ok, among the proven
    std::uint32_t exceeded = 0;
    std::uint32_t limited = 0;  ///< of those exceeded: answering, and beyond a limit only
};

/// CIs of one page, the unit of saving.
inline constexpr std::size_t ci_page_items = 1024;

enum class AgentState : std::uint8_t {
    enrolled,
    connected,
    disconnected,
    stopped,
    silent,
    revoked
};
std::string_view to_string(AgentState state);

struct Agent {
    /// A boot of its machine. Ids are never used twice; the vector is in order of time.
    struct Boot {
        std::uint64_t boot = 0;
        std::uint32_t id = 0;
    };

    struct Epoch {
        std::uint32_t epoch = 0;
        std::vector<Slot> slots;  ///< by dense id; `nothing` where the probe is gone
    };

    /// Records up to `until` of this spool were produced before the agent said Hello.
    struct Backlog {
        SpoolId spool;
        std::uint64_t until = 0;
    };

    AgentId id;
    ProbeId
        watch;  ///< the probe of its host from outside, should there be one; not saved: follows from `id`
    std::string name;
    std::string site;
    std::string hostname;
    std::string version;
    std::string address;
    CiIndex ci = nothing;
    AgentState state = AgentState::enrolled;
    bool linked = false;
    bool awaited = false;  ///< not heard since the collector started
    Elapsed heard{};       ///< last, or the start of the grace after a collector start
    WallTime heard_wall{};
    std::vector<Backlog> backlog;
    // The open interval in which its probes are unobserved.
    std::string gap_reason;  ///< empty: none
    WallTime gap_from{};
    WallTime gap_first_record{};  ///< oldest base time of what it delivered since; 0: nothing yet
    WallTime observed_from{};     ///< end of its last interval of not being observed; 0: none was
    std::uint64_t silence_timer = 0;
    std::uint64_t hello_boot = 0;  ///< as announced by its last Hello
    std::vector<Boot> boots;
    std::uint32_t wanted_epoch =
        0;  ///< to be issued; equal to `issued_epoch` when nothing is to do
    std::uint32_t issued_epoch = 0;
    std::uint32_t running_epoch = 0;  ///< as it said last
    std::vector<Slot> wanted;         ///< the set of `wanted_epoch`, by dense id
    std::vector<Epoch> epochs;        ///< rising; the last is `issued_epoch`
};

/// A CI with at least one probe over its threshold, from the first until the last has recovered. Pending, held or withheld
/// with an incident: that is a degradation, and whether it is a fault by now is not decided yet, or explained otherwise.
struct Fault {
    enum class Phase : std::uint8_t { pending, held, open, put_aside, withheld };

    struct Member {
        Slot probe = nothing;
        ProbeId id;
        WallTime first_failed{};
        WallTime exceeded_at{};
        WallTime recovered_at{};  ///< 0: still exceeded
        std::string reason;
        std::string expected;
        std::string seen;
    };

    Phase phase = Phase::pending;
    std::uint64_t timer = 0;
    std::uint64_t incident = 0;
    std::vector<Member> members;  ///< in order of exceeding

    std::size_t active() const;

    /// People know of it, and hear when it is over.
    bool has_incident() const { return incident != 0 && phase != Phase::put_aside; }
};

/// How often a CI exceeded and recovered of late.
struct Flap {
    std::vector<WallTime> transitions;  ///< rising, at most as many as its rule asks for
    std::uint32_t count = 0;            ///< while flapping: all since it began
    WallTime since{};                   ///< flapping since; 0: it is not
    std::uint64_t incident = 0;         ///< that is kept open meanwhile
    Duration over{};                    ///< calm for so long, it is over
    std::uint64_t timer = 0;            ///< 0: none is armed
};

struct Incident {
    std::uint64_t number = 0;
    std::string kind;
    std::string key;
    CiIndex ci = nothing;
    AgentIndex agent = nothing;
    ProbeId probe;
    std::string probe_type;
    std::string probe_name;
    std::string host;
    std::string title;
    std::string state;
    std::string urgency;
    std::string expected;
    std::string seen;
    std::string reason;
    std::uint32_t priority = 3;
    WallTime started{};
    WallTime detected{};
    WallTime opened{};
    WallTime acknowledged{};
    std::string acknowledged_by;
    WallTime resolved{};
    std::string resolved_by;
    std::string resolution;
    Elapsed settled{};  ///< when it was resolved, in journal time
    bool detected_late = false;
    std::uint32_t round = 1;  ///< 1 + how often it was reopened
    Lsn version = 0;
    std::vector<std::string> told;  ///< channels that were told of it
    std::string site;
    std::string place;    ///< "HQ, rack R12, port Gi1/0/3": as far as known
    std::string service;  ///< of its CI, when it opened
    std::vector<CiIndex>
        touched;               ///< until it has opened: what fails with it, for its first message
    std::string impact;        ///< "high", "medium", "low"
    std::string impact_basis;  ///< why, in words
    std::string team;          ///< who owns it
    std::string assignee;      ///< who works on it
    std::string pending_reason;
    std::string pending_text;
    WallTime pending_since{};  ///< 0: it is not pending
    WallTime closed{};         ///< or cancelled
    std::string closed_by;
    std::string reporter;  ///< of what people report
    std::string description;
    std::uint64_t previous = 0;  ///< the one before it about the same; 0: none is known
    std::set<std::pair<std::string, std::uint64_t>> links;  ///< (type, number) it was linked to
    std::uint64_t reason_timer = 0;  ///< until then its reason stays as it is; 0: it may change

    /// Resolved, closed or cancelled.
    bool is_over() const;
};

/// Due times of everything that happens by itself.
struct Timer {
    enum class Kind : std::uint8_t {
        hold,
        silence,
        silent_incident,
        reopen,
        close,
        forget_verdict,
        host_watch,
        isolation,
        site_cut,
        storm,
        goodbye,
        channel,
        window,
        flapping,
        missing,
        reason,
        copied
    };
    static constexpr Kind last_kind = Kind::copied;

    Elapsed due{};
    std::uint64_t id = 0;
    Kind kind = Kind::hold;
    std::uint64_t subject = 0;  ///< CI, agent or incident number

    bool operator<(const Timer& other) const {
        return due != other.due ? due < other.due : id < other.id;
    }
};

/// A message that no channel has confirmed yet.
struct Outgoing {
    std::uint64_t incident = 0;
    Elapsed created{};
    std::uint32_t attempts = 0;
    std::string channel = {};
    std::vector<std::uint64_t> merged = {};  ///< of a digest: the incidents it speaks of, rising
};

struct KeptVerdict {
    std::string actor;
    std::string key;
    Elapsed given{};
    Verdict verdict;
};

/// Strings that many probes name, each once.
class Names {
  public:
    NameIndex add(std::string_view text);
    const std::string& operator[](NameIndex at) const;

    std::size_t size() const { return texts_.size(); }

    void clear();

  private:
    std::deque<std::string> texts_;  // stable addresses for the views in index_
    boost::unordered_flat_map<std::string_view, NameIndex> index_;
};

/// Everything. Written by the stages of one fold on one thread.
struct State {
    // Position: of the last folded entry.
    Lsn lsn = 0;
    Elapsed elapsed{};
    WallTime wall{};
    WallTime started_wall{};   ///< of the last collector.started
    std::string installation;  ///< likewise

    // Configuration.
    std::string config_hash;
    Duration silent_after = std::chrono::seconds(30);
    Duration silent_incident_after = std::chrono::minutes(5);
    std::vector<config::Policy> policies;
    std::vector<config::Threshold> thresholds;
    DeclaredTargets targets;

    // CMDB.
    cmdb::Model model = cmdb::shipped_model();  ///< with what the configuration declares
    cmdb::Identification identity;
    RelationIndex related;  ///< of `identity`; not saved, made again on loading
    std::vector<CiState> cis;
    boost::unordered_flat_map<CiId, CiIndex, UuidHash> ci_by_id;
    std::map<std::uint32_t, std::uint64_t> missing;  ///< number of a statement → timer that ends it

    // Probes.
    std::vector<HotProbe> hot;
    std::vector<ColdProbe> cold;
    std::vector<Slot> free_slots;
    std::uint32_t last_row = 0;
    boost::unordered_flat_map<ProbeId, Slot, UuidHash> slot_by_id;
    boost::unordered_flat_map<Slot, Trouble> troubles;
    boost::unordered_flat_map<Slot, LimitMemory> limits;
    std::vector<Spec> specs;
    Names names;
    boost::unordered_flat_map<std::uint64_t, SpecIndex>
        spec_index;  ///< by hash; not saved, made again on loading

    // Agents.
    std::vector<Agent> agents;  ///< in order of enrolment
    boost::unordered_flat_map<AgentId, AgentIndex, UuidHash> agent_by_id;
    std::uint32_t last_boot = 0;

    // Incidents.
    std::map<CiIndex, Fault> faults;
    std::map<CiIndex, Flap> flaps;
    std::map<std::uint64_t, Incident> incidents;  ///< all that are not closed
    std::map<std::string, std::uint64_t> open_by_key;
    std::map<std::string, std::uint64_t> last_by_key;  ///< of those in memory; follows from them
    std::uint64_t next_incident = 1;
    config::IncidentRules incident_rules;
    Causes causes;
    Windows windows;

    // Telling.
    ChannelStates telling;
    std::map<std::string, Outgoing> outgoing;
    std::map<std::pair<std::string, std::string>, KeptVerdict> verdicts;  ///< by (actor, key)

    std::set<Timer> timers;
    std::uint64_t last_timer = 0;
    std::uint64_t results = 0;  ///< folded since the beginning

    /// Not saved: the version of the snapshot this was read from; 0: none was. A section decodes what that version had.
    std::uint32_t loaded_version = 0;

    /// Not saved: some agent waits for an epoch to be issued; asked for again in every run.
    bool assignments_wanted = true;

    // Not saved: which pages differ from the last snapshot.
    DirtyPages hot_pages;
    DirtyPages cold_pages;
    DirtyPages epoch_pages;
    DirtyPages ci_pages;
    DirtyPages cmdb_pages;  ///< page 0: the statements
    DirtyPages plan_pages;  ///< page 0: specs and names

    /// A timer is never taken back: whoever it wakes compares its id with the one it waits for.
    std::uint64_t arm(Elapsed due, Timer::Kind kind, std::uint64_t subject);
};

}  // namespace muster::collector
