#include "tests/sim/sim_record.hpp"

#include "base/database.hpp"
#include "collector/journal/journal_reader.hpp"
#include "probes/probe_type.hpp"
#include "tests/sim/must.hpp"

#include <utility>

namespace muster::test {

collector::Pending pending(collector::EntryKind kind, std::string body) {
    collector::Pending result;
    result.kind = kind;
    result.body = std::move(body);
    return result;
}

collector::Pending delivered(const std::string& outbox_id) {
    collector::proto::DeliveryResult result;
    result.set_outbox_id(outbox_id);
    result.set_delivered(true);
    result.set_attempt(1);
    result.set_status(204);
    return pending(collector::EntryKind::delivery_result, result.SerializeAsString());
}

Result<std::vector<std::string>> try_column_of(const std::string& path, const std::string& sql) {
    auto database = Database::open(path, {.mode = DatabaseMode::reader});
    auto statement = database ? database->prepare(sql) : failure(database.error());
    if (!statement) {
        return failure(statement.error());
    }
    std::vector<std::string> rows;
    auto row = statement->step();
    for (; row && *row; row = statement->step()) {
        rows.emplace_back(statement->text(0));
    }
    return row ? Result<std::vector<std::string>>(std::move(rows)) : failure(row.error());
}

std::vector<std::string> column_of(const std::string& path, const std::string& sql) {
    return must(try_column_of(path, sql), "state");
}

collector::Brain refolded_brain(const std::string& journal, const std::string& state_path) {
    collector::BrainOptions options;
    options.state_path = state_path;
    options.probe_types = probes::probe_schemas();
    auto shadow = must(collector::Brain::open(options), "shadow");
    auto reader = must(collector::JournalReader::open(journal), "reader");
    while (true) {
        const auto entries = must(reader.read(shadow.next_lsn(), 256, 1U << 20U), "read");
        if (entries.empty()) {
            return shadow;
        }
        for (const collector::Entry& entry : entries) {
            must(shadow.fold(entry), "fold");
        }
        (void)must(shadow.commit(), "commit");
        must(shadow.snapshot_now(), "snapshot");
    }
}

}  // namespace muster::test
