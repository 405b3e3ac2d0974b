#include "collector/fold_order.hpp"

#include <string>

namespace muster::collector {

Status check_order(const char* fold, Lsn folded, Lsn journal_first, Lsn journal_end) {
    if (folded + 1 < journal_first) {
        return failure(
            ErrorKind::corrupt,
            std::string(fold) + " ends at entry " + std::to_string(folded) +
                ", but the journal begins at " + std::to_string(journal_first) + "; put " + fold +
                " back from a backup"
        );
    }
    if (folded <= journal_end) {
        return {};
    }
    return failure(
        ErrorKind::corrupt,
        std::string(fold) + " has folded entry " + std::to_string(folded) +
            ", but the journal ends at " + std::to_string(journal_end) +
            "; put the journal's files back, or restore both together"
    );
}

}  // namespace muster::collector
