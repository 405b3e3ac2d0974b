#include "collector/brain/state_store.hpp"

#include "base/expect.hpp"
#include "collector/brain/state_store_impl.hpp"
#include "collector/migrations.hpp"

#include <array>
#include <utility>

namespace muster::collector {

StateStore::StateStore(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

StateStore::StateStore(StateStore&&) noexcept = default;
StateStore& StateStore::operator=(StateStore&&) noexcept = default;
StateStore::~StateStore() = default;

Result<StateStore> StateStore::open(const std::string& path) {
    DatabaseOptions options;
    options.mode = path.empty() ? DatabaseMode::memory : DatabaseMode::writer;
    // The journal is synced before the brain sees an entry: what a power cut takes from here is
    // folded again.
    options.durability = Durability::normal;
    options.cache_bytes = 256 << 20;  // a ceiling: a small site has a small file
    auto database = Database::open(path.empty() ? ":memory:" : path, options);
    if (!database) {
        return failure(database.error(), "state.db");
    }
    // Debian's SQLite overwrites freed pages with zeros; there is no secret in here to hide.
    if (const Status set = database->execute("PRAGMA secure_delete=OFF"); !set) {
        return failure(set.error(), "state.db");
    }
    if (const Status migrated = database->migrate(brain_migrations()); !migrated) {
        return failure(migrated.error(), "state.db");
    }
    return StateStore(std::make_unique<Impl>(std::move(*database)));
}

void StateStore::set_writing(Writing writing) {
    impl_->writing = writing;
}

Status StateStore::status() const {
    const std::optional<Error>& problem = impl_->problem;
    return problem ? Status(failure(*problem)) : Status{};
}

bool StateStore::has_rows() const {
    return impl_->rows;
}

bool StateStore::take_events() {
    return std::exchange(impl_->events_committed, false);
}

ReceiptCounts StateStore::take_receipts() {
    return std::exchange(impl_->receipts_committed, {});
}

Result<FoldPosition> StateStore::position() {
    const auto statement = impl_->prepared(StateQuery::read_position);
    if (!statement) {
        return failure(statement.error());
    }
    const auto row = (*statement)->step();
    if (!row || !*row) {
        return row ? failure(ErrorKind::corrupt, "the table fold is empty", "state.db")
                   : failure(row.error(), "state.db");
    }
    FoldPosition out;
    out.folded = static_cast<Lsn>((*statement)->integer(0));
    out.snapshot = static_cast<Lsn>((*statement)->integer(1));
    out.elapsed = elapsed_from_ns((*statement)->integer(2));
    (*statement)->reset();
    return out;
}

Status StateStore::commit(Lsn folded, Elapsed elapsed) {
    impl_->run(StateQuery::write_folded, folded, to_ns(elapsed));
    return end_transaction();
}

Status StateStore::end_transaction() {
    if (impl_->problem) {
        return status();
    }
    if (impl_->rows) {
        impl_->rows = false;
        if (const Status done = impl_->database.commit(); !done) {
            impl_->keep(done.error());
        }
        impl_->events_committed =
            std::exchange(impl_->events_written, false) || impl_->events_committed;
        for (const auto& [reason, count] : std::exchange(impl_->receipts_written, {})) {
            impl_->receipts_committed[reason] += count;
        }
    }
    return status();
}

Result<DatabaseCopy> StateStore::begin_copy(const std::string& folder) {
    return DatabaseCopy::begin(impl_->database, folder + "/state.db");
}

Status StateStore::checkpoint() {
    return impl_->database.checkpoint();
}

std::uint64_t StateStore::wal_bytes() const {
    return impl_->database.wal_bytes();
}

Status StateStore::begin_snapshot() {
    expect(!impl_->rows, "a snapshot begins after a commit");
    return status();
}

void StateStore::put_page(std::string_view section, std::int64_t page, std::string_view data) {
    impl_->run(StateQuery::put_page, section, page, Blob{data});
}

void StateStore::cut_pages(std::string_view section, std::int64_t pages) {
    impl_->run(StateQuery::cut_pages, section, pages);
}

Status StateStore::end_snapshot(Lsn snapshot, Elapsed elapsed) {
    impl_->run(StateQuery::write_snapshot, snapshot, to_ns(elapsed));
    return end_transaction();
}

Status StateStore::read_pages(
    std::string_view section, const std::function<Status(std::int64_t, std::string_view)>& take
) {
    const auto statement = impl_->prepared(StateQuery::read_pages);
    if (!statement) {
        return failure(statement.error());
    }
    (*statement)->bind_text(0, section);
    for (;;) {
        const auto row = (*statement)->step();
        if (!row) {
            return failure(row.error(), "state.db");
        }
        if (!*row) {
            return {};
        }
        if (const Status taken = take((*statement)->integer(0), (*statement)->blob(1)); !taken) {
            (*statement)->reset();
            return taken;
        }
    }
}

namespace {

/// Tables with the keys that order them. Fixed text: no name comes from outside.
constexpr std::array<std::string_view, 24> dump_queries{
    "ci|SELECT * FROM ci ORDER BY id",
    "ci_statement|SELECT * FROM ci_statement ORDER BY source, object",
    "ci_key|SELECT * FROM ci_key ORDER BY namespace, kind, value, ci",
    "ci_attribute|SELECT * FROM ci_attribute ORDER BY ci, name, recorded_lsn, valid_from",
    "ci_relation|SELECT * FROM ci_relation ORDER BY source, object, type, target, recorded_lsn, "
    "valid_from",
    "ci_ledger|SELECT * FROM ci_ledger ORDER BY lsn, ordinal",
    "ci_duplicate|SELECT * FROM ci_duplicate ORDER BY ci, other",
    "agent|SELECT * FROM agent ORDER BY id",
    "agent_unobserved|SELECT * FROM agent_unobserved ORDER BY agent, from_wall",
    "agent_gap|SELECT * FROM agent_gap ORDER BY agent, lsn, ordinal",
    "probe|SELECT * FROM probe ORDER BY id",
    "probe_interval|SELECT * FROM probe_interval ORDER BY probe, from_wall, lsn, ordinal",
    "incident|SELECT * FROM incident ORDER BY number",
    "incident_timeline|SELECT * FROM incident_timeline ORDER BY incident, lsn, ordinal",
    "incident_link|SELECT * FROM incident_link ORDER BY incident, type, other",
    "maintenance_window|SELECT * FROM maintenance_window ORDER BY number",
    "maintenance_window_ci|SELECT * FROM maintenance_window_ci ORDER BY window, ci, from_wall, "
    "lsn, ordinal",
    "incident_symptom|SELECT * FROM incident_symptom ORDER BY incident, lsn, ordinal",
    "outbox|SELECT * FROM outbox ORDER BY id",
    "verdict|SELECT * FROM verdict ORDER BY actor, idempotency_key",
    "receipt|SELECT * FROM receipt ORDER BY lsn, ordinal",
    "channel|SELECT * FROM channel ORDER BY name",
    "event|SELECT * FROM event ORDER BY row",
    "columns|SELECT name, sql FROM sqlite_schema ORDER BY name",
};

}  // namespace

Result<std::string> StateStore::dump() {
    std::string out;
    for (const std::string_view named : dump_queries) {
        const std::size_t bar = named.find('|');
        auto statement = impl_->database.prepare(named.substr(bar + 1));
        if (!statement) {
            return failure(statement.error(), "state.db");
        }
        for (auto row = statement->step();; row = statement->step()) {
            if (!row) {
                return failure(row.error(), "state.db");
            }
            if (!*row) {
                break;
            }
            out += named.substr(0, bar);
            for (int column = 0; column < statement->columns(); ++column) {
                out += '\t';
                out += statement->is_null(column) ? "-" : dump_text(statement->blob(column));
            }
            out += '\n';
        }
    }
    return out;
}

}  // namespace muster::collector
