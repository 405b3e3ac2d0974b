#include "collector/journal/entry.hpp"

#include <array>
#include <utility>

namespace muster::collector {

namespace {

constexpr auto names = std::to_array<std::pair<EntryKind, std::string_view>>({
    {EntryKind::batch, "batch"},
    {EntryKind::agent_enrolled, "agent.enrolled"},
    {EntryKind::agent_connected, "agent.connected"},
    {EntryKind::agent_disconnected, "agent.disconnected"},
    {EntryKind::agent_alive, "agent.alive"},
    {EntryKind::agent_revoked, "agent.revoked"},
    {EntryKind::collector_started, "collector.started"},
    {EntryKind::collector_stopping, "collector.stopping"},
    {EntryKind::clock_stepped, "clock.stepped"},
    {EntryKind::config_loaded, "config.loaded"},
    {EntryKind::assignment_issued, "assignment.issued"},
    {EntryKind::command, "command"},
    {EntryKind::delivery_result, "delivery.result"},
    {EntryKind::tick, "tick"},
    {EntryKind::agent_copied, "agent.copied"},
    {EntryKind::collector_restored, "collector.restored"},
    {EntryKind::collector_storage, "collector.storage"},
});

}  // namespace

std::string_view to_string(EntryKind kind) {
    for (const auto& [known, name] : names) {
        if (known == kind) {
            return name;
        }
    }
    return "unknown";
}

Result<EntryKind> parse_entry_kind(std::string_view text) {
    for (const auto& [kind, name] : names) {
        if (name == text) {
            return kind;
        }
    }
    return failure(
        ErrorKind::invalid,
        "\"" + std::string(text) +
            "\" is no kind of journal entry known to this release; "
            "a newer release may have written it"
    );
}

}  // namespace muster::collector
