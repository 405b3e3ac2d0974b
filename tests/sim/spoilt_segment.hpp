// Owns: damage that carries a checksum that fits: what a spool that skipped its checksums would make of any damage.
#pragma once

#include "base/random.hpp"
#include "tests/support/power_cut_files.hpp"

namespace muster::test {

/// One bit of one record's payload, in any segment below "/state/spool". False: there is no record.
bool spoil_with_checksum(PowerCutFiles& disk, Random& random);

}  // namespace muster::test
