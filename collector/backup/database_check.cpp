#include "collector/backup/database_check.hpp"

#include "base/database.hpp"
#include "collector/backup/file_copies.hpp"

#include <set>
#include <string_view>
#include <utility>

namespace muster::collector {

namespace {

/// A log that could not be emptied, on a full disk, holds the newest.
Result<Database> open_quiet(const std::string& path) {
    const bool has_log = file_bytes(path + "-wal") > 0;
    return Database::open(path, {.mode = has_log ? DatabaseMode::reader : DatabaseMode::frozen});
}

/// One number of a file; 0 where it is null or there is no row.
Result<std::int64_t> number_in(Database& database, std::string_view sql) {
    auto statement = database.prepare(sql);
    auto row = statement ? statement->step() : failure(statement.error());
    if (!row) {
        return failure(row.error());
    }
    return *row ? statement->integer(0) : 0;
}

/// 0 too where a kill in the middle of its making, or a damaged log, has left a file without its tables: nothing is in it.
Result<Lsn> position_in(const std::string& path, std::string_view sql) {
    auto database = open_quiet(path);
    auto number = database ? number_in(*database, "SELECT count(*) FROM sqlite_schema")
                           : failure(database.error());
    if (number && *number > 0) {
        number = number_in(*database, sql);
    }
    return number ? Result<Lsn>(static_cast<Lsn>(*number)) : failure(number.error(), path);
}

/// A name of the schema as SQL.
std::string quoted(std::string_view name) {
    std::string sql = "\"";
    for (const char one : name) {
        sql += one == '"' ? "\"\"" : std::string(1, one);
    }
    return sql + "\"";
}

/// "NULL value in incident.state": SQLite 3.40 says so of sound rows in some tables without rowid, and once a row.
constexpr std::string_view null_value = "NULL value in ";

Status has_no_null(Database& database, const std::string& table, const std::string& column) {
    const auto count = number_in(
        database, "SELECT count(*) FROM " + quoted(table) + " WHERE " + quoted(column) + " IS NULL"
    );
    if (!count) {
        return failure(count.error());
    }
    return *count == 0
               ? Status{}
               : failure(ErrorKind::corrupt, std::string(null_value) + table + "." + column);
}

/// What it says of nulls is looked at again, everything else is believed.
Status quick_check(Database& database) {
    auto statement = database.prepare("PRAGMA quick_check(1000000000)");
    auto row = statement ? statement->step() : failure(statement.error());
    std::set<std::pair<std::string, std::string>> doubted;
    for (; row && *row; row = statement->step()) {
        const std::string said(statement->text(0));
        const std::size_t dot = said.rfind('.');
        if (said.starts_with(null_value) && dot != std::string::npos) {
            doubted.emplace(
                said.substr(null_value.size(), dot - null_value.size()), said.substr(dot + 1)
            );
        } else if (said != "ok") {
            return failure(ErrorKind::corrupt, "quick_check says: " + said);
        }
    }
    if (!row) {
        return failure(row.error());
    }
    for (const auto& [table, column] : doubted) {
        if (auto sound = has_no_null(database, table, column); !sound) {
            return sound;
        }
    }
    return {};
}

Result<std::map<std::string, std::int64_t>> count_rows(Database& database) {
    std::map<std::string, std::int64_t> rows;
    auto tables = database.prepare(
        "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE "
        "'\\'"
    );
    if (!tables) {
        return failure(tables.error());
    }
    auto row = tables->step();
    for (; row && *row; row = tables->step()) {
        const std::string name(tables->text(0));
        const auto count = number_in(database, "SELECT count(*) FROM " + quoted(name));
        if (!count) {
            return failure(count.error());
        }
        rows[name] = *count;
    }
    return row ? Result<std::map<std::string, std::int64_t>>(std::move(rows))
               : failure(row.error());
}

}  // namespace

Result<std::map<std::string, std::int64_t>> check_database(
    const std::string& path, const std::stop_token& stop
) {
    auto database = open_quiet(path);
    if (!database) {
        return failure(database.error());
    }
    database->stop_with(stop);
    if (const Status whole = quick_check(*database); !whole) {
        return failure(whole.error(), path);
    }
    auto rows = count_rows(*database);
    return rows ? std::move(rows) : failure(rows.error(), path);
}

Status check_store(const std::string& path, StoreDepth depth, const std::stop_token& stop) {
    auto database = Database::open(path, {.mode = DatabaseMode::writer});
    if (!database) {
        return failure(database.error(), path);
    }
    if (stop.stop_requested()) {
        return failure(ErrorKind::timeout, "there was no time to look", path);
    }
    database->stop_with(stop);
    const Status sound = depth == StoreDepth::whole
                             ? quick_check(*database)
                             : Status(number_in(*database, "SELECT count(*) FROM sqlite_schema")
                                          .transform([](std::int64_t) {}));
    return sound ? sound : failure(sound.error(), path);
}

Result<Lsn> last_entry_of(const std::string& segment) {
    return position_in(segment, "SELECT max(lsn) FROM entry");
}

Result<StatePosition> position_of(const std::string& state) {
    const auto folded = position_in(state, "SELECT folded FROM fold");
    const auto snapshot = position_in(state, "SELECT snapshot FROM fold");
    if (!folded || !snapshot) {
        return failure(folded ? snapshot.error() : folded.error());
    }
    return StatePosition{.folded = *folded, .snapshot = *snapshot};
}

Result<Lsn> sealed_of(const std::string& catalog) {
    return position_in(catalog, "SELECT last_lsn FROM position");
}

}  // namespace muster::collector
