// Owns: the oracle of delivery for one agent, whatever happens to it: what it made and made durable, against what the journal holds
// in the end. Leaves to support/ledger.hpp: the same for one spool that is only ever crashed.
#pragma once

#include "collector/journal/entries.pb.h"
#include "collector/journal/pending.hpp"
#include "wire/gap.hpp"
#include "wire/record.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

namespace muster::test {

/// One spool of an agent as it stands: its stream's name now and where that begins, the next number and the results before that.
struct SpoolStand {
    SpoolId name;
    std::uint64_t begins_at = 1;
    std::uint64_t results_at_begin = 0;
    std::uint64_t next_seq = 1;
    std::uint64_t results = 0;
    bool is_synced = false;  ///< all of it
};

/// What may have become of results that were durable; whatever else is found is a complaint.
struct Excuses {
    /// Bits were flipped: where the last records of a spool are damaged nobody knows any more how many results they held, so a
    /// stream's numbers must still be right and its count of results need not.
    bool may_be_damaged = false;
    /// The collector was set back to a backup, and the agent did not keep everything that it had confirmed since.
    bool may_be_restored = false;
    bool may_be_full = false;  ///< the spool's limits are tight
    /// The machine was set back and then lost power: where the tail of its disk is torn a gap of unknown size stands for numbers
    /// that the collector has from before, with another count of results.
    bool may_miscount = false;

    bool must_count() const { return !may_be_damaged && !may_miscount; }
};

/// A record is known by its payload and its times. A spool has a folder for its whole life and a new name each time its past is not
/// the collector's; each name is one stream in the journal.
class DeliveryBook {
  public:
    /// What the machine's disk held at a moment, for a machine that is set back.
    struct Image;

    /// A record was taken by the spool of this name under this number.
    void made(
        SpoolId name, std::uint64_t seq, std::uint64_t results_before, const wire::Record& record
    );

    /// A record of so many results was not taken.
    void refused(std::uint32_t results) { refused_ += results; }

    /// How the spools stand now: what is synced is promised from here on.
    void stands(const std::vector<SpoolStand>& spools);
    /// The stream is about to go on under a new name; `stands` says from where.
    void renamed(SpoolId name, SpoolId to);
    /// The agent was started anew and found this. What was made and not promised may be gone; the rest must be there.
    void reopened(const std::vector<SpoolStand>& spools, const Excuses& excuses);

    Image image() const;
    /// Disk and machine are what they were: what came after counts no more, but may have been delivered.
    void set_back(const Image& image);

    /// Reads what the journal holds of the agent, in its order, and where its cursors stand. `stands` has the agent's spools last.
    void settle(
        const std::vector<collector::proto::BatchEntry::Item>& items,
        const std::vector<collector::AgentCursor>& cursors,
        const Excuses& excuses
    );

    /// The first thing that does not add up; empty when all does.
    const std::string& problem() const { return problem_; }

    std::uint64_t made_records() const { return made_.size(); }

    std::uint64_t delivered_records() const { return delivered_; }

    std::uint64_t gap_results() const;

    std::uint64_t gap_results(wire::GapReason reason) const {
        return gaps_[static_cast<std::size_t>(reason)];
    }

    /// By the agent, in all its lives.
    std::uint64_t refused_results() const { return refused_; }

    /// Gaps for what a restored collector lacks of streams that the agent had no more, or under another name.
    std::uint64_t finished_gaps() const { return finished_gaps_; }

  private:
    struct Made {
        std::size_t folder = 0;
        std::uint64_t seq = 0;
        std::uint64_t results_before = 0;
        std::uint32_t count = 0;
        std::uint32_t raw_size = 0;
        bool is_promised = false;
        bool is_gone =
            false;  // with a crash before it was synced, or with what came after an image
        bool is_delivered = false;
        bool is_delivered_plainly = false;  // not as a possible duplicate
    };

    struct GapSpan {
        std::uint64_t from = 0;
        std::uint64_t to = 0;
        wire::GapReason reason = wire::GapReason::full;
    };

    struct Folder {
        std::vector<std::size_t> records;  // that are on its disk or were, in order
        std::uint64_t next_seq = 1;
        std::uint64_t results = 0;
        SpoolId name;
        bool is_there = true;
        bool is_exact = true;       // false: what it held at its end is not known
        std::vector<GapSpan> gaps;  // of all its streams
    };

    struct Stream {
        std::size_t folder = 0;
        std::uint64_t begins_at = 1;
        std::uint64_t results_at_begin = 0;
    };

    /// While the journal is read.
    struct Walk {
        std::uint64_t next_seq = 1;
        std::uint64_t results = 0;
    };

    std::size_t folder_of(SpoolId name);
    void lose_from(Folder& folder, const SpoolStand& found, const Excuses& excuses);
    void take(const collector::proto::BatchEntry::Item& item, const Excuses& excuses);
    void take_gap(const collector::proto::BatchEntry::Item& item, Folder& folder, Walk& walk);
    void check_cursors(const std::vector<collector::AgentCursor>& cursors);
    void check_ends(const Excuses& excuses);
    void check_promises(const Excuses& excuses);
    void complain(std::string what);

    std::vector<Made> made_;
    std::unordered_map<std::string, std::size_t> by_content_;
    std::vector<Folder> folders_;
    std::map<SpoolId, Stream> streams_;
    std::map<SpoolId, Walk> walks_;
    std::array<std::uint64_t, 8> gaps_{};
    std::uint64_t delivered_ = 0;
    std::uint64_t refused_ = 0;
    std::uint64_t finished_gaps_ = 0;
    std::string problem_;
};

struct DeliveryBook::Image {
    std::vector<Folder> folders;
    std::vector<bool> promised;  // by record
};

}  // namespace muster::test
