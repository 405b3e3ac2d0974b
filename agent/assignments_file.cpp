#include "agent/assignments_file.hpp"

#include "base/sealed.hpp"

#include <set>
#include <utility>

namespace muster::agent {

namespace {

constexpr std::size_t most_bytes = 16u << 20;

/// A secret put under another probe or option does not open.
std::string label_of(const wire::proto::Assignment& item, const std::string& option) {
    return item.probe_id() + "\n" + option;
}

/// The name stays where the secret is not kept: it says that the probe cannot run without.
void seal_all(wire::proto::Assignment& item, const Secret& key) {
    for (auto& [option, value] : *item.mutable_secrets()) {
        value = key.empty() ? "" : seal(key, label_of(item, option), value);
    }
}

/// Whether every secret of the item is there again.
bool open_all(wire::proto::Assignment& item, const Secret& key) {
    for (auto& [option, value] : *item.mutable_secrets()) {
        if (key.empty() || value.empty()) {
            return false;
        }
        const Result<Secret> opened = open_sealed(key, label_of(item, option), value);
        if (!opened) {
            return false;
        }
        value = opened->reveal();
    }
    return true;
}

}  // namespace

Status save_assignments(
    Files& files,
    const std::string& path,
    const Secret& sealing_key,
    std::uint32_t epoch,
    const std::vector<wire::proto::Assignment>& items
) {
    if (path.empty()) {
        return {};
    }
    wire::proto::Assignments kept;
    kept.set_epoch(epoch);
    kept.set_parts(1);
    for (const wire::proto::Assignment& item : items) {
        wire::proto::Assignment& copy = *kept.add_items();
        copy = item;
        seal_all(copy, sealing_key);
    }
    const std::string bytes = kept.SerializeAsString();
    if (bytes.size() > most_bytes) {
        static_cast<void>(files.remove(path));  // the refusal below is what matters
        return failure(ErrorKind::full, "too many assignments to keep over a restart", path);
    }
    return write_file_atomically(files, path, bytes);
}

Result<AssignmentTable> load_assignments(
    Files& files, const std::string& path, const Secret& sealing_key
) {
    if (path.empty() || !files.exists(path)) {
        return AssignmentTable{};
    }
    const auto bytes = read_file(files, path, most_bytes);
    if (!bytes) {
        return failure(bytes.error());
    }
    wire::proto::Assignments kept;
    if (!kept.ParseFromString(*bytes)) {
        return failure(ErrorKind::corrupt, "the kept assignments cannot be read", path);
    }
    std::set<std::uint32_t> waiting;
    std::vector<wire::proto::Assignment> items;
    for (wire::proto::Assignment& item : *kept.mutable_items()) {
        if (!open_all(item, sealing_key)) {
            waiting.insert(item.dense());
        }
        items.push_back(std::move(item));
    }
    AssignmentTable table = read_assignments(kept.epoch(), std::move(items));
    std::erase_if(table.probes, [&table, &waiting](const ScheduledProbe& probe) {
        if (!waiting.contains(probe.dense)) {
            return false;
        }
        table.problems.push_back("probe " + std::to_string(probe.dense) + " waits for its secrets");
        return true;
    });
    return table;
}

}  // namespace muster::agent
