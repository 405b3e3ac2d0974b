// Owns: the rows of the audit and how they hang together: each carries the hash of the one before.
// Leaves to the other stores: what is worth a row, in the same transaction as the change.
#pragma once

#include "base/database.hpp"
#include "collector/backup/lasting.hpp"
#include "collector/enrolment/access_types.hpp"

#include <string>
#include <vector>

namespace muster::collector {

/// Part of access.db; uses the connection of the AccessStore that owns it, on its thread.
class AuditStore {
  public:
    /// `database` outlives this.
    explicit AuditStore(Database& database) : database_(&database) {}

    /// From now on what a restore must not undo is noted there too, before it is committed here. `lasting` outlives this.
    void keep_lasting(Lasting& lasting) { lasting_ = &lasting; }

    /// Adds one row. Part of the caller's transaction.
    Status add(
        WallTime now,
        const std::string& actor,
        const std::string& action,
        const std::string& target,
        const std::string& peer
    );
    /// Gives rows from before the chain their hashes, in order. Needs no transaction of its own.
    Status seal();
    /// Newest first.
    Result<std::vector<AuditRow>> list(const AuditFilter& filter);
    /// Reads every row: some hundred thousand a second.
    Result<AuditVerdict> verify();

  private:
    Status note_lasting(const AuditRow& row);

    Database* database_;          // not owned
    Lasting* lasting_ = nullptr;  // not owned; null: there is none
};

}  // namespace muster::collector
