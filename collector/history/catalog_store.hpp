// Owns: the SQL of history/catalog.db: which blocks count, which series there are, how far history is. Leaves to history.hpp: when.
#pragma once

#include "base/database.hpp"
#include "collector/history/block_file.hpp"
#include "collector/history/history_kind.hpp"
#include "collector/history/series_map.hpp"
#include "collector/journal/entry.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace muster::collector {

/// One finished block.
struct BlockRow {
    std::string name;  ///< of the file
    HistoryKind kind = HistoryKind::raw;
    std::uint32_t level = 0;
    Lsn first_lsn = 0;
    Lsn last_lsn = 0;
    std::int64_t wall_ms = 0;  ///< when the collector wrote down the newest of its entries
    BlockExtent extent;
};

/// Up to when, in milliseconds since 1970, not all samples of a kind are there any more; nothing: all that ever were.
using Thinned = ByKind<std::optional<std::int64_t>>;

/// One writing connection, one thread. Commits are durable: files are removed and journal entries dropped because of them.
class CatalogStore {
  public:
    static Result<CatalogStore> open(const std::string& path, DatabaseMode mode);

    /// A copy of the catalog in `folder`.
    Result<DatabaseCopy> begin_copy(const std::string& folder) {
        return DatabaseCopy::begin(database_, folder + "/catalog.db");
    }

    /// The last entry whose results are in blocks; 0: none.
    Result<Lsn> position();
    /// By rising first_lsn.
    Result<std::vector<BlockRow>> blocks();
    Result<SeriesMap> assignments();

    /// The series of each probe, new ones for those never seen; no_series for a nil id. Kept as (agent, epoch)'s table;
    /// epochs of the agent below `oldest` are forgotten.
    Result<std::vector<SeriesId>> assign(
        AgentId agent, std::uint32_t epoch, const std::vector<ProbeId>& probes, std::uint32_t oldest
    );
    /// no_series when the probe was never assigned.
    Result<SeriesId> series_of(ProbeId probe);

    /// Results up to `position` are in blocks; `added` (null: there were none) is the last of them.
    Status sealed(Lsn position, const BlockRow* added);
    /// `removed` no longer count, `added` stand for them.
    Status replaced(std::span<const BlockRow> removed, std::span<const BlockRow> added);
    /// `removed` no longer count; `thinned` replaces what was said before.
    Status dropped(std::span<const BlockRow> removed, const Thinned& thinned);
    Result<Thinned> thinned();
    /// After a commit that failed: it is certain that it will not be there at the next start. Before files are removed that it may list.
    Status settle();

  private:
    explicit CatalogStore(Database database) : database_(std::move(database)) {}

    Status insert(const BlockRow& row);
    Status erase(std::span<const BlockRow> rows);
    Result<std::vector<SeriesId>> find_or_add(const std::vector<ProbeId>& probes);
    Status finish(Transaction& transaction);

    Database database_;
    bool is_certain_ = true;  // false: the last commit failed
};

}  // namespace muster::collector
