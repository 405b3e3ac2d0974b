// Owns: the spools of one agent: the one that grows, and older ones that are drained beside it, so that what is new need not wait for
// what has piled up in an outage. Leaves to spool.hpp: each of them; to wire/link_client.hpp: when a new one is wanted, and who goes
// first.
#pragma once

#include "agent/finished_streams.hpp"
#include "agent/spool.hpp"
#include "agent/spool_files.hpp"

#include <cstddef>
#include <memory>
#include <set>
#include <string>
#include <vector>

namespace muster::agent {

/// Used by one thread. All limits are of all spools together; at a limit older spools give way first, less important records
/// before more important ones.
class SpoolSet {
  public:
    /// Opens what is below `dir`; the newest goes on growing, or a first one begins. A folder that makes no sense is set aside under
    /// another name, and a gap says so. Never fails: where the disk takes nothing records are kept in memory for now, and what
    /// cannot be read is tried again from time to time.
    static SpoolSet open(
        Files& files,
        std::string dir,
        Random& random,
        SpoolOptions options,
        MonoTime now,
        WallTime wall
    );

    /// As Spool::append, to the one that grows.
    Status append(wire::Record record);

    void refuse(const Refused& refused) { growing_->spool.refuse(refused); }

    /// As Spool::sync, of the one that grows.
    Status sync() { return growing_->spool.sync(); }

    /// So, of all of them, what was refused included.
    Status sync_all();

    std::uint64_t unsynced_bytes() const { return growing_->spool.unsynced_bytes(); }

    /// As Spool::trust_memory.
    void trust_memory();
    /// What is appended from now on goes into a new spool, unless there are as many as a link serves. False: there are.
    bool renew();

    /// First the one that grows, then the others, the oldest first.
    std::vector<wire::SpoolPosition> positions() const;
    /// Streams that were drained and are no more, or have another name, the oldest first: told to a collector, which may have gone
    /// back to a backup. None of them is among the positions.
    std::vector<wire::FinishedStream> finished() const;
    /// Of the spool that the link knows by this name; nothing where it is gone.
    Spool* find(SpoolId name);
    /// As Spool::rename, of the spool of this name, where it is not gone; what it held before is remembered (`finished`).
    Status rename(SpoolId name, SpoolId to, std::uint64_t from_seq);

    void set_limits(const SpoolLimits& limits);
    /// Once a second or so: retention, limits, what failed before, what is drained.
    void trim(MonoTime now, WallTime wall);
    /// As Spool::save_acked.
    Status save_acked();

    SpoolCounters counters() const;
    std::uint64_t waiting_results() const;
    std::uint64_t disk_bytes() const;
    bool is_in_memory() const;

  private:
    struct Member {
        SpoolFolder folder;
        Spool spool;
    };

    SpoolSet(Files& files, std::string dir, Random& random, SpoolOptions options);

    void open_found(MonoTime now, WallTime wall);
    void open_one(const SpoolFolder& folder, MonoTime now, WallTime wall);
    void set_aside(WallTime wall);
    void begin();
    bool others_give_way(wire::DropClass at_least);
    Status sync_ended();
    void share_limits();
    void note_finished(const SpoolFolder& folder, const wire::FinishedStream& stream);
    bool save_finished();
    void remove_gone();
    void remove(const Member& member);

    std::string path_of(const SpoolFolder& folder) const { return dir_ + "/" + folder.name(); }

    Files* files_;
    std::string dir_;
    Random* random_;
    SpoolOptions options_;
    SpoolLimits limits_;                            // of all together
    std::vector<std::unique_ptr<Member>> members_;  // by folder number
    Member* growing_ = nullptr;                     // one of them
    FinishedStreams finished_;
    bool is_list_failing_ = false;  // it cannot be written, and the log says so
    bool is_incomplete_ = false;    // something could not be opened
    MonoTime look_again_{};
    std::vector<SpoolFolder> senseless_;  // to be set aside
    std::set<SpoolId> told_;              // of these, in a gap
    SpoolCounters gone_;                  // of spools that are no more
};

}  // namespace muster::agent
