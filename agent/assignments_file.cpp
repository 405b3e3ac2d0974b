#include "agent/assignments_file.hpp"

#include <utility>

namespace muster::agent {

namespace {

constexpr std::size_t most_bytes = 16u << 20;

}  // namespace

Status save_assignments(
    Files& files,
    const std::string& path,
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
        for (auto& [name, value] : *copy.mutable_secrets()) {
            value.clear();  // the name stays: it says that the probe cannot run without
        }
    }
    const std::string bytes = kept.SerializeAsString();
    if (bytes.size() > most_bytes) {
        static_cast<void>(files.remove(path));  // the refusal below is what matters
        return failure(ErrorKind::full, "too many assignments to keep over a restart", path);
    }
    return write_file_atomically(files, path, bytes);
}

Result<AssignmentTable> load_assignments(Files& files, const std::string& path) {
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
    std::vector<wire::proto::Assignment> items(
        std::make_move_iterator(kept.mutable_items()->begin()),
        std::make_move_iterator(kept.mutable_items()->end())
    );
    AssignmentTable table = read_assignments(kept.epoch(), std::move(items));
    std::erase_if(table.probes, [&table](const ScheduledProbe& probe) {
        if (probe.secrets.empty()) {
            return false;
        }
        table.problems.push_back("probe " + std::to_string(probe.dense) + " waits for its secrets");
        return true;
    });
    return table;
}

}  // namespace muster::agent
