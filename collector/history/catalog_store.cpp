#include "collector/history/catalog_store.hpp"

#include "base/bytes.hpp"
#include "base/compression.hpp"
#include "base/log.hpp"
#include "collector/migrations.hpp"

#include <utility>

namespace muster::collector {

namespace {

constexpr std::int64_t cache_bytes = 32 << 20;

std::int64_t stored(std::uint64_t number) {
    return static_cast<std::int64_t>(number);
}

std::string pack_series(const std::vector<SeriesId>& series) {
    std::string raw;
    raw.reserve(series.size() * sizeof(SeriesId));
    SeriesId before = 0;
    for (const SeriesId id : series) {
        put_u32(raw, id - before);
        before = id;
    }
    return zstd_compress(raw);
}

Result<std::vector<SeriesId>> unpack_series(std::string_view packed, std::size_t count) {
    std::string raw;
    if (Status opened = zstd_decompress(packed, count * sizeof(SeriesId), raw); !opened) {
        return failure(opened.error(), "table assignment");
    }
    std::vector<SeriesId> series(count);
    SeriesId id = 0;
    for (std::size_t at = 0; at < count; ++at) {
        id += load_u32(raw.data() + at * sizeof(SeriesId));
        series[at] = id;
    }
    return series;
}

}  // namespace

Result<CatalogStore> CatalogStore::open(const std::string& path, DatabaseMode mode) {
    const DatabaseOptions options{
        .mode = mode, .durability = Durability::full, .cache_bytes = cache_bytes
    };
    auto database = Database::open(path, options);
    if (!database) {
        return failure(database.error(), path);
    }
    if (Status migrated = database->migrate(history_migrations()); !migrated) {
        return failure(migrated.error(), path);
    }
    return CatalogStore(std::move(*database));
}

Result<Lsn> CatalogStore::position() {
    auto select = database_.prepare("SELECT last_lsn FROM position");
    if (!select) {
        return failure(select.error());
    }
    const auto row = select->step();
    if (!row) {
        return failure(row.error());
    }
    if (!*row) {
        return failure(ErrorKind::corrupt, "the catalog of history has no position");
    }
    return static_cast<Lsn>(select->integer(0));
}

Result<std::vector<BlockRow>> CatalogStore::blocks() {
    auto select = database_.prepare(
        "SELECT name, level, first_lsn, last_lsn, from_ms, to_ms, first_series, last_series, "
        "samples, bytes, kind, wall_ms "
        "FROM block ORDER BY first_lsn"
    );
    if (!select) {
        return failure(select.error());
    }
    std::vector<BlockRow> blocks;
    auto row = select->step();
    for (; row && *row; row = select->step()) {
        const auto kind = parse_history_kind(select->text(10));
        if (!kind) {
            return failure(kind.error(), "table block");
        }
        blocks.push_back({
            .name = std::string(select->text(0)),
            .kind = *kind,
            .level = static_cast<std::uint32_t>(select->integer(1)),
            .first_lsn = static_cast<Lsn>(select->integer(2)),
            .last_lsn = static_cast<Lsn>(select->integer(3)),
            .wall_ms = select->integer(11),
            .extent =
                {
                    .from_ms = select->integer(4),
                    .to_ms = select->integer(5),
                    .first_series = static_cast<SeriesId>(select->integer(6)),
                    .last_series = static_cast<SeriesId>(select->integer(7)),
                    .samples = static_cast<std::uint64_t>(select->integer(8)),
                    .bytes = static_cast<std::uint64_t>(select->integer(9)),
                },
        });
    }
    if (!row) {
        return failure(row.error());
    }
    return blocks;
}

Result<SeriesMap> CatalogStore::assignments() {
    auto select =
        database_.prepare("SELECT agent, epoch, count, series FROM assignment ORDER BY agent, epoch"
        );
    if (!select) {
        return failure(select.error());
    }
    SeriesMap map;
    auto row = select->step();
    for (; row && *row; row = select->step()) {
        const auto agent = Uuid::from_bytes(select->blob(0));
        if (!agent) {
            return failure(agent.error(), "table assignment");
        }
        auto series = unpack_series(select->blob(3), static_cast<std::size_t>(select->integer(2)));
        if (!series) {
            return failure(series.error());
        }
        map.add(
            AgentId{*agent},
            static_cast<std::uint32_t>(select->integer(1)),
            std::make_shared<const DenseSeries>(std::move(*series))
        );
    }
    if (!row) {
        return failure(row.error());
    }
    return map;
}

Result<SeriesId> CatalogStore::series_of(ProbeId probe) {
    auto select = database_.prepare("SELECT id FROM series WHERE probe = ?");
    if (!select) {
        return failure(select.error());
    }
    const auto row = select->bind_blob(0, probe.raw()).step();
    if (!row) {
        return failure(row.error());
    }
    return *row ? static_cast<SeriesId>(select->integer(0)) : no_series;
}

Result<std::vector<SeriesId>> CatalogStore::find_or_add(const std::vector<ProbeId>& probes) {
    auto select = database_.prepare("SELECT id FROM series WHERE probe = ?");
    auto insert = database_.prepare("INSERT INTO series (probe) VALUES (?)");
    if (!select || !insert) {
        return failure(select ? insert.error() : select.error());
    }
    std::vector<SeriesId> series;
    series.reserve(probes.size());
    for (const ProbeId& probe : probes) {
        if (probe.is_nil()) {
            series.push_back(no_series);
            continue;
        }
        const auto found = select->bind_blob(0, probe.raw()).step();
        if (!found) {
            return failure(found.error());
        }
        if (*found) {
            series.push_back(static_cast<SeriesId>(select->integer(0)));
            select->reset();
            continue;
        }
        if (const auto added = insert->bind_blob(0, probe.raw()).run(); !added) {
            return failure(added.error());
        }
        series.push_back(static_cast<SeriesId>(database_.last_insert_id()));
    }
    return series;
}

Status CatalogStore::finish(Transaction& transaction) {
    is_certain_ = false;
    if (Status committed = transaction.commit(); !committed) {
        return committed;
    }
    is_certain_ = true;
    // It is stored: what is not moved into the file now is moved after the next one.
    if (const Status moved = database_.checkpoint(); !moved) {
        log(LogLevel::warning, "history.not_checkpointed", {{"why", moved.error().text()}});
    }
    return {};
}

Status CatalogStore::settle() {
    if (is_certain_) {
        return {};
    }
    auto transaction = Transaction::begin(database_);
    if (!transaction) {
        return failure(transaction.error());
    }
    auto update = database_.prepare("UPDATE position SET last_lsn = last_lsn");
    const auto done = update ? update->run() : failure(update.error());
    return done ? finish(*transaction) : failure(done.error());
}

Result<std::vector<SeriesId>> CatalogStore::assign(
    AgentId agent, std::uint32_t epoch, const std::vector<ProbeId>& probes, std::uint32_t oldest
) {
    auto transaction = Transaction::begin(database_);
    if (!transaction) {
        return failure(transaction.error());
    }
    auto series = find_or_add(probes);
    if (!series) {
        return series;
    }
    auto forget = database_.prepare("DELETE FROM assignment WHERE agent = ? AND epoch < ?");
    auto keep = database_.prepare(
        "INSERT INTO assignment (agent, epoch, count, series) VALUES (?, ?, ?, ?) "
        "ON CONFLICT (agent, epoch) DO UPDATE SET count = excluded.count, series = excluded.series"
    );
    if (!forget || !keep) {
        return failure(forget ? keep.error() : forget.error());
    }
    const auto forgotten = forget->bind_blob(0, agent.raw()).bind(1, stored(oldest)).run();
    if (!forgotten) {
        return failure(forgotten.error());
    }
    const std::string packed = pack_series(*series);
    keep->bind_blob(0, agent.raw()).bind(1, stored(epoch)).bind(2, stored(series->size()));
    if (const auto kept = keep->bind_blob(3, packed).run(); !kept) {
        return failure(kept.error());
    }
    if (Status finished = finish(*transaction); !finished) {
        return failure(finished.error());
    }
    return series;
}

Status CatalogStore::insert(const BlockRow& row) {
    auto insert = database_.prepare(
        "INSERT INTO block (name, level, first_lsn, last_lsn, from_ms, to_ms, first_series, "
        "last_series, samples, bytes, kind, wall_ms) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
    );
    if (!insert) {
        return failure(insert.error());
    }
    insert->bind_text(0, row.name)
        .bind(1, stored(row.level))
        .bind(2, stored(row.first_lsn))
        .bind(3, stored(row.last_lsn))
        .bind(4, row.extent.from_ms)
        .bind(5, row.extent.to_ms)
        .bind(6, stored(row.extent.first_series))
        .bind(7, stored(row.extent.last_series))
        .bind(8, stored(row.extent.samples))
        .bind(9, stored(row.extent.bytes))
        .bind_text(10, to_string(row.kind))
        .bind(11, row.wall_ms);
    if (const auto inserted = insert->run(); !inserted) {
        return failure(inserted.error());
    }
    return {};
}

Status CatalogStore::sealed(Lsn position, const BlockRow* added) {
    auto transaction = Transaction::begin(database_);
    if (!transaction) {
        return failure(transaction.error());
    }
    if (added != nullptr) {
        if (Status inserted = insert(*added); !inserted) {
            return inserted;
        }
    }
    auto update = database_.prepare("UPDATE position SET last_lsn = ?");
    if (!update) {
        return failure(update.error());
    }
    if (const auto updated = update->bind(0, stored(position)).run(); !updated) {
        return failure(updated.error());
    }
    return finish(*transaction);
}

Status CatalogStore::erase(std::span<const BlockRow> rows) {
    auto erase = database_.prepare("DELETE FROM block WHERE name = ?");
    if (!erase) {
        return failure(erase.error());
    }
    for (const BlockRow& row : rows) {
        if (const auto erased = erase->bind_text(0, row.name).run(); !erased) {
            return failure(erased.error());
        }
    }
    return {};
}

Status CatalogStore::replaced(std::span<const BlockRow> removed, std::span<const BlockRow> added) {
    auto transaction = Transaction::begin(database_);
    if (!transaction) {
        return failure(transaction.error());
    }
    if (Status erased = erase(removed); !erased) {
        return erased;
    }
    for (const BlockRow& row : added) {
        if (Status inserted = insert(row); !inserted) {
            return inserted;
        }
    }
    return finish(*transaction);
}

Status CatalogStore::dropped(std::span<const BlockRow> removed, const Thinned& thinned) {
    auto transaction = Transaction::begin(database_);
    if (!transaction) {
        return failure(transaction.error());
    }
    if (Status erased = erase(removed); !erased) {
        return erased;
    }
    auto keep = database_.prepare(
        "INSERT INTO thinned (kind, until_ms) VALUES (?, ?) "
        "ON CONFLICT (kind) DO UPDATE SET until_ms = excluded.until_ms"
    );
    if (!keep) {
        return failure(keep.error());
    }
    for (const HistoryKind kind : history_kinds) {
        if (const std::optional<std::int64_t>& until = thinned[number(kind)]) {
            const auto kept = keep->bind_text(0, to_string(kind)).bind(1, *until).run();
            if (!kept) {
                return failure(kept.error());
            }
        }
    }
    return finish(*transaction);
}

Result<Thinned> CatalogStore::thinned() {
    auto select = database_.prepare("SELECT kind, until_ms FROM thinned");
    if (!select) {
        return failure(select.error());
    }
    Thinned thinned;
    auto row = select->step();
    for (; row && *row; row = select->step()) {
        const auto kind = parse_history_kind(select->text(0));
        if (!kind) {
            return failure(kind.error(), "table thinned");
        }
        thinned[number(*kind)] = select->integer(1);
    }
    if (!row) {
        return failure(row.error());
    }
    return thinned;
}

}  // namespace muster::collector
