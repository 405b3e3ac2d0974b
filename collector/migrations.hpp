// Owns: the names of the embedded schema migrations. Leaves to <folder>/migrations/*.sql: their text.
#pragma once

#include "base/database.hpp"

#include <span>

namespace muster::collector {

/// state.db
std::span<const Migration> brain_migrations();
/// journal/<first_lsn>.db
std::span<const Migration> journal_migrations();
/// access.db
std::span<const Migration> enrolment_migrations();
/// history/catalog.db
std::span<const Migration> history_migrations();

}  // namespace muster::collector
