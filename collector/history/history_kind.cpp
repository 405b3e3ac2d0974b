#include "collector/history/history_kind.hpp"

#include <string>

namespace muster::collector {

std::string_view to_string(HistoryKind kind) {
    constexpr ByKind<std::string_view> texts{"raw", "five_minutes", "hourly"};
    return texts[number(kind)];
}

Result<HistoryKind> parse_history_kind(std::string_view text) {
    for (const HistoryKind kind : history_kinds) {
        if (to_string(kind) == text) {
            return kind;
        }
    }
    return failure(ErrorKind::corrupt, "unknown kind of block \"" + std::string(text) + "\"");
}

}  // namespace muster::collector
