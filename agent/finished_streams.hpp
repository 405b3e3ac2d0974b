// Owns: the list of streams that were drained and deleted, on disk beside the spools, so that a collector that goes back to a backup
// can be told what it lacks. Leaves to spool_set.hpp: when a stream is finished; to collector/intake: whether it is lacking.
#pragma once

#include "base/files.hpp"
#include "base/uuid.hpp"
#include "wire/finished_stream.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace muster::agent {

/// A line of the list.
struct FinishedLine {
    wire::FinishedStream stream;
    std::uint64_t folder = 0;  ///< number of the spool that held it
    std::uint64_t growing =
        0;  ///< number of the spool that grew when it was noted: those with higher ones began later

    bool operator==(const FinishedLine&) const = default;
};

/// Each line with a checksum of its own, which begins with that of `agent`: the collectors that know an agent by this name are
/// those that may be asked for its results.
std::string encode_finished(AgentId agent, const std::vector<FinishedLine>& lines);

struct FinishedFound {
    std::vector<FinishedLine> lines;
    std::size_t damaged = 0;  ///< lines that are not to be read
    AgentId agent;            ///< whose list it is, by its first line; nil: that cannot be read
};

FinishedFound decode_finished(AgentId agent, std::string_view text);

/// The oldest first, wire::most_finished at most: then an old one is counted among the earlier ones of a later one that began when
/// the old one had been confirmed already. So a collector that has the later one had the old one, and one that lacks the later
/// one is told of both; which are counted so gets coarser with age.
class FinishedStreams {
  public:
    /// The list in `path`. One of another agent, and lines that are damaged, are left out, and the log says so. Where the disk does
    /// not give it, it is tried again before it is written.
    FinishedStreams(Files& files, std::string path, AgentId agent);

    /// Takes the place of a line of the same stream.
    void note(FinishedLine line);
    /// Durable when it succeeds; called again it writes only what is new.
    Status save();

    const std::vector<FinishedLine>& lines() const { return lines_; }

  private:
    Status load();
    void make_room();

    Files* files_;
    std::string path_;
    AgentId agent_;
    std::vector<FinishedLine> lines_;
    bool is_loaded_ = false;
    bool is_saved_ = true;
};

}  // namespace muster::agent
