// Owns: when which probe runs, as a value: no thread, no timer, no clock. Leaves to agent.hpp:
// running what is due; to assignments.hpp: where the table of probes comes from.
#pragma once

#include "base/time.hpp"
#include "base/uuid.hpp"
#include "config/param_spec.hpp"

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <queue>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

namespace muster::agent {

/// One probe of the assignment epoch, checked.
struct ScheduledProbe {
    std::uint32_t dense = 0;  ///< position in the epoch
    ProbeId id;
    std::string type;
    std::string host;  ///< what is probed; empty: taken from the option `url`
    std::string lane;  ///< runs of one lane never overlap: the host probed, wherever it is named
    Duration interval = std::chrono::seconds(60);
    Duration timeout = std::chrono::seconds(5);
    config::Params params;
    std::vector<std::pair<std::string, std::string>> secrets;
    std::string withheld;  ///< why it is not run, but told as unknown; empty: it is run
};

struct SchedulerOptions {
    /// A new probe runs for the first time within this (or within its interval, where that is
    /// shorter).
    Duration first_within = std::chrono::seconds(10);
    std::size_t most_running = 2048;  ///< runs at one time; what is due beyond waits
};

/// A run to be started now. `number` names it until `finished`.
struct Run {
    std::uint64_t number = 0;
    std::shared_ptr<const ScheduledProbe>
        probe;  // shared by the table and by runs that outlive an epoch
};

/// Each probe has its own phase: hash of its id over the interval, so that a thousand probes of one
/// interval spread evenly and a restart or a new epoch changes nothing. A run still going on (or
/// still waiting for its lane) when the next is due is not doubled: the next is skipped and
/// counted. One run at a time per lane; others wait in order. Times are monotonic.
class Scheduler {
  public:
    explicit Scheduler(SchedulerOptions options = {});

    /// Replaces the table. Probes known before with the same interval keep their phase; runs in
    /// flight of those that are gone end without a result (`finished` gives nothing).
    void assign(std::uint32_t epoch, std::vector<ScheduledProbe> probes, MonoTime now);

    /// When `take_due` wants to be called; MonoTime::max() when nothing will ever be due without
    /// `finished` or `assign`.
    MonoTime next_due() const;
    /// What to start now. O(log n) a run.
    std::vector<Run> take_due(MonoTime now);
    /// The run has ended: the dense id of its probe in the current epoch, nothing where the probe
    /// is gone.
    std::optional<std::uint32_t> finished(std::uint64_t number);

    std::uint32_t epoch() const { return epoch_; }

    /// Runs not started since the one before still ran or waited; since the start.
    std::uint64_t skipped() const { return skipped_; }

    std::size_t running() const { return running_.size(); }

    std::size_t probes() const { return entries_.size(); }

  private:
    struct Entry {
        std::shared_ptr<const ScheduledProbe> probe;  // shared with runs in flight
        std::uint64_t phase = 0;
        std::uint32_t lane = 0;
        bool first = true;
        bool waiting = false;
        bool running = false;
    };

    struct Lane {
        bool busy = false;
        std::deque<std::uint32_t> waiting;  // entries, in order of falling due
    };

    struct InFlight {
        ProbeId id;
        std::string lane;
        std::uint32_t lane_index = 0;
        std::optional<std::uint32_t> entry;
    };

    struct Due {
        MonoTime at;
        std::uint32_t entry;

        bool operator>(const Due& other) const {
            return at != other.at ? at > other.at : entry > other.entry;
        }
    };

    using DueQueue = std::priority_queue<Due, std::vector<Due>, std::greater<>>;

    std::uint32_t lane_index(const std::string& lane);
    void place(Entry entry, MonoTime due);
    void adopt_running();
    void fall_due(const Due& due, MonoTime now);
    Run start(std::uint32_t index);

    SchedulerOptions options_;
    std::uint32_t epoch_ = 0;
    std::vector<Entry> entries_;
    DueQueue due_;  // every entry once
    std::vector<Lane> lanes_;
    std::unordered_map<std::string, std::uint32_t> lane_indexes_;
    std::deque<std::uint32_t> ready_;  // due, lane reserved, not yet handed out
    std::unordered_map<std::uint64_t, InFlight> running_;
    std::uint64_t next_number_ = 1;
    std::uint64_t skipped_ = 0;
};

}  // namespace muster::agent
